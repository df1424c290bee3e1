//! The jobs that save: nothing changed, nothing saved yet, everything moved.

use std::path::Path;
use std::process::Command;

use crate::place::{Place, settle};
use crate::rivals;
use crate::rounds::{Contestant, Role, Target};
use crate::run::{self, Result, command};

/// Keys for a sink that keeps every snapshot and builds each anew.
pub const GROWING: [&str; 2] = ["keep-last = 1000", "spare = false"];
/// Keys for a sink that retires one snapshot with each push.
pub const RETIRING: [&str; 2] = ["keep-last = 2", "spare-rest = \"0\""];
/// Pushes until a sink that retires does with each push what it will do ever after.
const STEADY: u32 = 5;

/// The source is unchanged, and the sink retires a snapshot with each push.
pub fn unchanged_spare<'a>(place: &'a Place, dir: &Path) -> Result<Vec<Contestant<'a>>> {
    place.configure(&place.source, &RETIRING)?;
    let sink = dir.join("sink");
    place.pushes(&place.source, &sink, STEADY)?;
    place.expect_snapshots(&sink, 2)?;
    let scanned = sink.clone();
    let floor = move |_| Ok(vec![place.floor("scan", &[&place.source, &place.tree(&scanned)?])]);
    // The spare is among what others push out of memory.
    let inside = sink.join(".emu");
    let warm = move || place.warm(vec![place.floor("scan", &[&place.source, &inside])]);
    let warm_again = warm.clone();
    let mut all = vec![
        Contestant::new("emu push", Role::Emu, push(place, &sink))
            .target(Target::FloorAtMost(1.6))
            .before(move |_| warm()),
        Contestant::new("floor scan of both trees", Role::Floor, floor).before(move |_| warm_again()),
    ];
    all.extend(rivals::rsync_trees(place, dir, true));
    all.extend(rivals::rsnapshot(place, dir));
    all.extend(rivals::saving_again(place, dir).into_iter().map(|contestant| match contestant.name {
        "conserve" => contestant.target(Target::EmuFasterBy(1.0)),
        _ => contestant,
    }));
    Ok(all)
}

/// The source is unchanged, and the sink keeps everything.
pub fn unchanged_growing<'a>(place: &'a Place, dir: &Path) -> Result<Vec<Contestant<'a>>> {
    place.configure(&place.source, &GROWING)?;
    let sink = dir.join("sink");
    place.pushes(&place.source, &sink, 2)?;
    // The floor needs a tree with every name of the source, and emu does not save its own directory.
    let before = dir.join("before");
    place.runner.run(command("cp", ["-al"]).arg(place.tree(&sink)?).arg(&before))?;
    place.runner.run(command("cp", ["-a"]).arg(place.source.join(".emu")).arg(&before))?;
    // Nothing is removed meanwhile: for minutes after that, making a directory is slower.
    let (new, linked) = (dir.join("floor"), before.clone());
    run::make_dir(&new)?;
    let floor = move |turn: u32| {
        Ok(vec![place.floor("link", &[&place.source, &linked, &new.join(turn.to_string())])])
    };
    let warm = move |sink: &Path| place.warm(vec![place.floor("scan", &[&place.source, &place.tree(sink)?])]);
    let (warmed, warmed_again) = (sink.clone(), sink.clone());
    let mut all = vec![
        Contestant::new("emu push", Role::Emu, push(place, &sink))
            .target(Target::FloorAtMost(1.3))
            .before(move |_| warm(&warmed)),
        Contestant::new("floor link", Role::Floor, floor).before(move |_| warm(&warmed_again)),
    ];
    all.extend(rivals::rsync_trees(place, dir, false));
    if let Some(cp) = place.peer("cp") {
        let new = dir.join("cp");
        run::make_dir(&new)?;
        let copy =
            move |turn: u32| Ok(vec![command(cp, [Path::new("-al"), &before, &new.join(turn.to_string())])]);
        all.push(Contestant::new("cp -al", Role::Peer, copy));
    }
    Ok(all)
}

/// The sink is new.
pub fn first_push<'a>(place: &'a Place, dir: &Path) -> Result<Vec<Contestant<'a>>> {
    let (sink, copied) = (dir.join("sink"), dir.join("cp"));
    let (gone, copy) = (sink.clone(), copied.clone());
    let floor = move |_| Ok(vec![command("cp", [Path::new("-a"), &place.source, &copy])]);
    let mut all = vec![
        Contestant::new("emu push", Role::Emu, push(place, &sink))
            .target(Target::FloorAtMost(1.15))
            .before(|_| place.configure(&place.source, &GROWING))
            .after(move |_| run::remove(&gone)),
        Contestant::new("cp -a", Role::Floor, floor).after(move |_| run::remove(&copied)),
    ];
    all.extend(rivals::rsync_all(place, || Ok(place.source.clone()), dir.join("rsync")));
    all.extend(rivals::saving_first(place, dir));
    Ok(all)
}

/// All that is in the source was renamed into a new directory, or back. The floor is a push with
/// nothing changed into the same sink.
pub fn moved_directory<'a>(place: &'a Place, dir: &Path) -> Result<Vec<Contestant<'a>>> {
    place.configure(&place.source, &GROWING)?;
    let sink = dir.join("sink");
    place.pushes(&place.source, &sink, 2)?;
    let moved = Contestant::new("emu push, everything moved", Role::Emu, push(place, &sink));
    Ok(vec![
        moved.target(Target::FloorAtMost(1.5)).before(|_| place.move_all().map(|()| settle())),
        Contestant::new("emu push, nothing changed", Role::Floor, push(place, &sink)),
    ])
}

fn push<'a>(place: &'a Place, sink: &Path) -> impl Fn(u32) -> Result<Vec<Command>> + use<'a> {
    let sink = sink.to_owned();
    move |_| Ok(vec![place.push(&place.source, &sink)])
}
