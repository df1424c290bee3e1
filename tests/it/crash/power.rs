//! Power cuts: the file system of the sink forgets all that is not on stable storage.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::at_random::{Chance, many};
use super::scene::{Scene, assert_calm, reported};
use crate::env::{Emu, LoopFs, need_loop};

/// The power goes while the push runs; what it said is all that is left of it.
fn cut_push(scene: &Scene, disk: &LoopFs, delay: Duration) -> String {
    let mut command = scene.emu.command("emu", &["-S", "src", "push"]);
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(delay);
    // Before the process ends, or it would have closed its files in order.
    let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin";
    let mut shutdown = Command::new("xfs_io");
    shutdown.env("PATH", path).args(["-x", "-c", "shutdown"]).arg(disk.root());
    assert!(shutdown.status().unwrap().success());
    let done = child.wait_with_output().unwrap();
    disk.unplug();
    disk.plug();
    String::from_utf8_lossy(&done.stdout).into_owned()
}

fn five_cuts(kind: &str, seed: u64) {
    if !need_loop(kind) {
        return;
    }
    let emu = Emu::new();
    let disk = LoopFs::new(&emu.path("disk"), kind, 400);
    let sink = disk.path("sink");
    let scene = Scene::at(emu, &sink, &many(800, 0), "[rotate]\nkeep-last = 3\n");
    // Unmounted before the scene removes the directory around it.
    let disk = disk;
    scene.push();
    let begin = Instant::now();
    scene.edit(&many(800, 1));
    scene.push();
    let usual = u64::try_from(begin.elapsed().as_millis()).unwrap();
    let mut chance = Chance(seed);
    for round in 2..7 {
        scene.edit(&many(800, round));
        let before = scene.stamps();
        let delay = chance.below(usual);
        let said = cut_push(&scene, &disk, Duration::from_millis(delay));
        let after = scene.stamps();
        let at = format!("{kind}, after {delay} ms");
        if let Some(id) = reported(&said) {
            assert!(after.keys().any(|known| known.starts_with(&id)), "{at}: {id} was reported");
        }
        let saved = after.keys().any(|id| !before.contains_key(id));
        for (id, seen) in &before {
            assert!(after.get(id).map_or(saved, |now| now == seen), "{at}: {id} is not what it was");
        }
        scene.verify();
        let next = scene.push();
        assert_calm(&next);
        scene.assert_saved();
        // What was reported lives through a cut right after it.
        disk.power_cut();
        scene.assert_saved();
        scene.verify();
    }
    // The last cut brought back what was being deleted.
    assert_calm(&scene.push());
    scene.assert_tidy();
}

#[test]
fn power_cuts_on_ext4_lose_nothing_that_is_listed() {
    five_cuts("ext4", 4);
}

#[test]
fn power_cuts_on_xfs_lose_nothing_that_is_listed() {
    five_cuts("xfs", 5);
}
