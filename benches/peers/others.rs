//! The jobs that read a sink or take from it: verify, checkout, removal, the list.

use std::path::Path;

use crate::place::{Place, settle};
use crate::pushes::GROWING;
use crate::rivals;
use crate::rounds::{Contestant, Role, Target};
use crate::run::{self, Result, command, joined};

/// Snapshots of which `remove` removes the oldest.
const KEPT: u32 = 3;
/// Snapshots that `log` lists.
const LISTED: u32 = 1000;

/// Every file of ten snapshots that share everything is read and hashed once.
pub fn verify<'a>(place: &'a Place, dir: &Path) -> Result<Vec<Contestant<'a>>> {
    place.configure(&place.source, &GROWING)?;
    let sink = dir.join("sink");
    place.pushes(&place.source, &sink, 10)?;
    let tree = place.tree(&sink)?;
    let hashing = |hash: &str| {
        let script = format!("find \"$0\" -type f -print0 | xargs -0 -P2 -n 512 {hash}");
        let tree = tree.clone();
        move |_| Ok(vec![command("sh", [Path::new("-c"), Path::new(&script), &tree])])
    };
    let verify = move |_| {
        let mut verify = place.emu("verify", &place.source);
        verify.arg(&sink);
        Ok(vec![verify])
    };
    let mut all = vec![Contestant::new("emu verify", Role::Emu, verify).target(Target::FloorAtMost(1.2))];
    // openssl uses the processor's SHA instructions; sha256sum may not, and is no floor then.
    let plain = if run::found("openssl").is_some() {
        let openssl = hashing("openssl dgst -sha256");
        all.push(Contestant::new("openssl dgst -sha256, -P2", Role::Floor, openssl));
        Role::Peer
    } else {
        Role::Floor
    };
    all.push(Contestant::new("sha256sum, -P2", plain, hashing("sha256sum")));
    Ok(all)
}

/// The source is as HEAD has it.
pub fn checkout_nothing<'a>(place: &'a Place, dir: &Path) -> Result<Vec<Contestant<'a>>> {
    place.configure(&place.source, &GROWING)?;
    place.pushes(&place.source, &dir.join("sink"), 2)?;
    let checkout = |_| {
        let mut checkout = place.emu("checkout", &place.source);
        checkout.arg("HEAD");
        Ok(vec![checkout])
    };
    Ok(vec![
        Contestant::new("emu checkout HEAD", Role::Emu, checkout).target(Target::FloorAtMost(1.5)),
        Contestant::new("floor scan", Role::Floor, |_| Ok(vec![place.floor("scan", &[&place.source])])),
    ])
}

/// A whole snapshot is written to a new directory.
pub fn checkout_all<'a>(place: &'a Place, dir: &Path) -> Result<Vec<Contestant<'a>>> {
    place.configure(&place.source, &GROWING)?;
    let sink = dir.join("sink");
    place.pushes(&place.source, &sink, 2)?;
    let (tree, synced) = (place.tree(&sink)?, place.tree(&sink)?);
    let (new, gone) = (dir.join("new"), dir.join("new"));
    let checkout = move |_| {
        let mut checkout = place.emu("checkout", &place.source);
        checkout.arg(joined(&sink, ":HEAD")).arg("--to").arg(&new);
        Ok(vec![checkout])
    };
    let (copy, copied) = (dir.join("cp"), dir.join("cp"));
    let floor = move |_| Ok(vec![command("cp", [Path::new("-a"), &tree, &copy])]);
    let mut all = vec![
        Contestant::new("emu checkout --to", Role::Emu, checkout)
            .target(Target::FloorAtMost(1.15))
            .after(move |_| run::remove(&gone)),
        Contestant::new("cp -a", Role::Floor, floor).after(move |_| run::remove(&copied)),
    ];
    all.extend(rivals::rsync_all(place, move || Ok(synced.clone()), dir.join("rsync")));
    Ok(all)
}

/// One snapshot goes whose files are all in others as well.
pub fn remove<'a>(place: &'a Place, dir: &Path) -> Result<Vec<Contestant<'a>>> {
    place.configure(&place.source, &GROWING)?;
    let sink = dir.join("sink");
    place.pushes(&place.source, &sink, KEPT)?;
    // A rotation asked for by the sink's path has the sink's own settings.
    place.write_keys(&sink.join(".emu/config"), &["spare = false"])?;
    let from = sink.clone();
    let copy = move |to: &Path| place.runner.run(command("cp", ["-al"]).arg(place.tree(&from)?).arg(to));
    let copy_again = copy.clone();
    let (filled, rotated, counted) = (sink.clone(), sink.clone(), sink);
    let (floor, floor_copy) = (dir.join("floor"), dir.join("floor"));
    let rotate = move |_| Ok(vec![rotate(place, &rotated)]);
    let mut all = vec![
        Contestant::new("emu rotate", Role::Emu, rotate)
            .before(move |_| place.pushes(&place.source, &filled, 1))
            .after(move |_| place.expect_snapshots(&counted, KEPT as usize)),
        Contestant::new("floor unlink", Role::Floor, move |_| Ok(vec![place.floor("unlink", &[&floor])]))
            .before(move |_| copy(&floor_copy)),
    ];
    if let Some(rm) = place.peer("rm") {
        let (gone, gone_copy) = (dir.join("rm"), dir.join("rm"));
        let contestant =
            Contestant::new("rm -rf", Role::Peer, move |_| Ok(vec![command(rm, [Path::new("-rf"), &gone])]));
        all.push(contestant.target(Target::EmuFasterBy(1.0)).before(move |_| copy_again(&gone_copy)));
    }
    Ok(all)
}

/// The rotation that removes all but so many as `remove` keeps.
pub fn rotate(place: &Place, sink: &Path) -> std::process::Command {
    let mut rotate = place.emu("rotate", &place.source);
    rotate.arg(sink).args(["--keep-last", &KEPT.to_string()]);
    rotate
}

/// The list of a thousand snapshots.
pub fn log<'a>(place: &'a Place, dir: &Path) -> Result<Vec<Contestant<'a>>> {
    let (source, sink) = (dir.join("source"), dir.join("sink"));
    run::make_dir(&source)?;
    for name in ["one", "two", "three"] {
        run::write(&source.join(name), name)?;
    }
    place.configure(&source, &["keep-last = -1", "spare = false"])?;
    settle();
    place.pushes(&source, &sink, LISTED)?;
    place.expect_snapshots(&sink, LISTED as usize)?;
    let log = move |_| Ok(vec![command(env!("CARGO_BIN_EXE_emu"), [Path::new("log"), &sink])]);
    let log = Contestant::new("emu log of 1,000", Role::Emu, log).target(Target::SecondsAtMost(0.030));
    Ok(vec![log.entries(u64::from(LISTED))])
}
