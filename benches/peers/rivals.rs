//! How the other backup programs are called.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::place::Place;
use crate::rounds::{Contestant, Role, Target};
use crate::run::{self, Result, command, joined};

/// Programs that save into a repository of their own.
pub const STORES: [&str; 3] = ["conserve", "restic", "borg"];

/// Makes an empty repository.
fn begin(place: &Place, name: &str, repository: &Path) -> Option<Command> {
    let mut begin = command(place.peer(name)?, [""; 0]);
    match name {
        "restic" => begin.arg("-r").arg(repository).arg("init"),
        "borg" => begin.args(["init", "-e", "none"]).arg(repository),
        _ => begin.arg("init").arg(repository),
    };
    Some(begin)
}

/// Saves the source into a repository.
fn save(place: &Place, name: &str, repository: &Path, archive: &str) -> Option<Command> {
    let mut save = command(place.peer(name)?, [""; 0]);
    match name {
        "restic" => save.arg("-q").arg("-r").arg(repository).arg("backup"),
        "borg" => save.arg("create").arg(joined(repository, &format!("::{archive}"))),
        _ => save.arg("backup").arg(repository),
    };
    save.arg(&place.source);
    Some(save)
}

/// The stores that are installed, saving a source that they saved before.
pub fn saving_again<'a>(place: &'a Place, dir: &Path) -> Vec<Contestant<'a>> {
    let contestant = |name: &'static str| {
        place.peer(name)?;
        let repository = dir.join(name);
        let first = repository.clone();
        let again =
            move |turn: u32| Ok(save(place, name, &repository, &turn.to_string()).into_iter().collect());
        Some(Contestant::new(name, Role::Peer, again).before(move |turn| {
            let first = [begin(place, name, &first), save(place, name, &first, "first")];
            let first = first.into_iter().flatten().filter(|_| turn == 0);
            first.into_iter().try_for_each(|mut command| place.runner.run(&mut command))
        }))
    };
    STORES.into_iter().filter_map(contestant).collect()
}

/// The stores that are installed, each saving into an empty repository and with no cache.
pub fn saving_first<'a>(place: &'a Place, dir: &Path) -> Vec<Contestant<'a>> {
    let contestant = |name: &'static str| {
        place.peer(name)?;
        let (empty, filled, gone) = (dir.join(name), dir.join(name), dir.join(name));
        let commands = move |_| Ok(save(place, name, &filled, "first").into_iter().collect());
        let first = Contestant::new(name, Role::Peer, commands).before(move |_| {
            for cache in ["restic", ".cache", ".config"] {
                run::remove(&place.runner.home().join(cache))?;
            }
            begin(place, name, &empty).map_or(Ok(()), |mut begin| place.runner.run(&mut begin))
        });
        Some(first.after(move |_| run::remove(&gone)))
    };
    STORES.into_iter().filter_map(contestant).collect()
}

/// rsync of a whole tree to a place where there is nothing, removed after each turn.
pub fn rsync_all<'a>(
    place: &'a Place,
    from: impl Fn() -> Result<PathBuf> + 'a,
    to: PathBuf,
) -> Option<Contestant<'a>> {
    let rsync = place.peer("rsync")?;
    let gone = to.clone();
    let commands = move |_| {
        Ok(vec![command(rsync, [joined(Path::new("-aHAX"), ""), joined(&from()?, "/"), to.clone().into()])])
    };
    Some(Contestant::new("rsync -aHAX", Role::Peer, commands).after(move |_| run::remove(&gone)))
}

/// rsync against the tree before, into a tree named by its number.
fn rsync_linking(rsync: &Path, source: &Path, dir: &Path, number: u32) -> Command {
    let mut linking = command(rsync, ["-aH", "--delete"]);
    if let Some(before) = number.checked_sub(1) {
        let mut option = std::ffi::OsString::from("--link-dest=");
        option.push(dir.join(before.to_string()));
        linking.arg(option);
    }
    linking.arg(joined(source, "/")).arg(dir.join(number.to_string()));
    linking
}

/// rsync --link-dest into a directory with two trees; with `retire` the oldest goes after each turn.
pub fn rsync_trees<'a>(place: &'a Place, dir: &Path, retire: bool) -> Option<Contestant<'a>> {
    let rsync = place.peer("rsync")?;
    let (dir, first) = (dir.join("rsync"), dir.join("rsync"));
    let commands = move |turn: u32| {
        let mut commands = vec![rsync_linking(rsync, &place.source, &dir, turn + 2)];
        if retire {
            commands.push(command("rm", [Path::new("-rf"), &dir.join(turn.to_string())]));
        }
        Ok(commands)
    };
    let (name, faster) =
        if retire { ("rsync --link-dest, rm -rf", 30.0) } else { ("rsync --link-dest", 6.0) };
    let contestant = Contestant::new(name, Role::Peer, commands).target(Target::EmuFasterBy(faster));
    Some(contestant.before(move |turn| {
        if turn > 0 {
            return Ok(());
        }
        run::make_dir(&first)?;
        (0..2)
            .try_for_each(|number| place.runner.run(&mut rsync_linking(rsync, &place.source, &first, number)))
    }))
}

/// rsnapshot with two snapshots that retires one each time.
pub fn rsnapshot<'a>(place: &'a Place, dir: &Path) -> Option<Contestant<'a>> {
    let (program, rsync) = (place.peer("rsnapshot")?, place.peer("rsync")?);
    let config = dir.join("rsnapshot.conf");
    let keys = [
        ("config_version", "1.2".to_owned()),
        ("snapshot_root", format!("{}/", dir.join("rsnapshot").display())),
        ("cmd_rm", "/bin/rm".to_owned()),
        ("cmd_rsync", rsync.display().to_string()),
        ("link_dest", "1".to_owned()),
        ("lockfile", dir.join("rsnapshot.pid").display().to_string()),
        ("retain", "alpha\t2".to_owned()),
        ("backup", format!("{}/\tsource/", place.source.display())),
    ];
    let text: String = keys.iter().map(|(key, value)| format!("{key}\t{value}\n")).collect();
    let written = config.clone();
    let rotate = move || command(program, [Path::new("-c"), &config, Path::new("alpha")]);
    let first = rotate.clone();
    let contestant = Contestant::new("rsnapshot", Role::Peer, move |_| Ok(vec![rotate()]));
    Some(contestant.before(move |turn| {
        if turn > 0 {
            return Ok(());
        }
        run::write(&written, &text)?;
        (0..3).try_for_each(|_| place.runner.run(&mut first()))
    }))
}
