//! `emu push --from`: the content of a copy that was made at one moment.

use std::fs;

use crate::env::{LoopFs, need_loop};
use crate::job::Job;

#[test]
fn a_snapshot_of_the_subvolume_is_what_is_saved() {
    if !need_loop("btrfs") {
        return;
    }
    let job = Job::new("file placeholder \"x\"");
    let disk = LoopFs::new(&job.emu.path("disk"), "btrfs", 200);
    let at = |below: &str| disk.path(below);
    job.emu.shell("cd disk && btrfs -q subvolume create home").succeeds();
    job.emu.tree("disk/home", "file a \"at the moment\"\ndir d\nfile d/b size=50000 seed=1");
    job.ok(&["init", "disk/home"]);
    let home = at("home");
    let home = home.to_str().unwrap();
    job.ok(&["-S", home, "sink", "add", "out", "out"]);
    job.ok(&["-S", home, "sink", "add", "in", &format!("{home}/in")]);
    job.emu
        .shell("sleep 3; cd disk && touch home/late && btrfs -q subvolume snapshot -r home moment")
        .succeeds();
    fs::write(at("home/a"), "later").unwrap();
    fs::write(at("home/new"), "later").unwrap();
    let moment = at("moment");
    let moment = moment.to_str().unwrap();
    job.ok(&["-S", home, "push", "--from", moment]);
    for sink in ["out", "disk/home/in"] {
        let latest = job.emu.path(sink).join("latest");
        assert_eq!(fs::read_to_string(latest.join("a")).unwrap(), "at the moment");
        assert!(!latest.join("new").exists() && !latest.join(".emu").exists() && !latest.join("in").exists());
    }
    // The source itself has changed since, and is saved by a push without the option.
    let said = job.ok(&["-S", home, "push", "out"]);
    assert!(said.contains("2 copied"), "{said}");
    // The latest change in the copy, and nothing else, is too near to its making to be trusted.
    let entries = job.emu.program("emu-ls-tree", &["./out:HEAD~"]).succeeds().records();
    assert!(entries.iter().all(|entry| entry["path"] != "d/b" || entry.get("racy").is_none()), "{entries:?}");
}

#[test]
fn what_is_no_copy_of_the_source_is_refused() {
    let job = Job::pushed("file a \"a\"");
    job.emu.tree("other", "file a \"a\"");
    for wrong in ["other", "nowhere"] {
        let said = job.push(&["--from", wrong]).exits(10);
        assert!(said.stderr.contains("it is no copy of the source"), "{said}");
    }
    job.ok(&["init", "other"]);
    job.push(&["--from", "other"]).exits(10);
    assert_eq!(job.nodes().len(), 1);
}
