//! Bugs that were found, each test named for what went wrong.

use std::fs;

use crate::env::{Emu, LoopFs, give, need_root, need_tool};
use crate::job::{self, Job, ino};

#[test]
fn a_directory_that_its_owner_may_not_enter_could_never_be_removed() {
    if !need_root() {
        return;
    }
    let emu = Emu::new();
    let src = emu.tree("src", "file a \"x\"\nfile b \"\"\ndir shut 0000\ndir listed 0444\ndir written 0200");
    give(&src, 1234);
    fs::create_dir(emu.path("disk")).unwrap();
    give(&emu.path("disk"), 1234);
    let user = emu.as_user(1234);
    user.run(&["push", "-S", "src", "--to", "./disk/sink"]).exits(3);
    user.run(&["push", "-S", "src"]).exits(3);
    user.run(&["rotate", "./disk/sink", "--keep-last", "1"]).succeeds();
    assert_eq!(job::nodes(&emu.path("disk/sink")).len(), 1);
    let left: Vec<_> =
        fs::read_dir(emu.path("disk/sink/.emu/trash")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["LOCK"]);
}

#[test]
fn a_sink_that_lags_behind_lost_extended_attributes() {
    if !need_tool("setfattr") {
        return;
    }
    let job = Job::pushed("file f 0644 \"content\" xattr user.k=value");
    job.settle().push(&[]).succeeds();
    job.ok(&["-S", "src", "sink", "add", "late", "./late"]);
    job.edit("attr f 0600");
    job.push(&[]).succeeds();
    for sink in ["sink", "late"] {
        let said = job.emu.shell(&format!("getfattr --only-values -n user.k {sink}/latest/f")).succeeds();
        assert_eq!(said.stdout.trim(), "value", "{sink}");
    }
    job.ok(&["verify", "./late"]);
}

#[test]
fn a_group_that_no_longer_fits_on_its_inode_was_torn_apart() {
    let job = Job::pushed("file a 0644 \"content\"\nlink b = a");
    let record = job.sink().join(".emu/sink");
    let text = fs::read_to_string(&record).unwrap();
    let mut info: serde_json::Value = serde_json::from_str(&text).unwrap();
    info["abilities"]["max_links"] = 3.into();
    fs::write(&record, info.to_string()).unwrap();
    job.settle().push(&[]).succeeds();
    job.push(&[]).succeeds();
    job.same();
    assert!(!job.shared("a", 2, 3), "a third pair of names does not fit");
    assert_eq!(ino(&job.newest().join("a")), ino(&job.newest().join("b")));
    job.ok(&["verify", "./sink"]);
}

#[test]
fn an_unreadable_directory_counted_as_one_entry() {
    if !need_root() {
        return;
    }
    let emu = Emu::new();
    let files: String = (0..150).map(|n| format!("file d/e/{n} \"\"\nfile f/{n} \"\"\n")).collect();
    let src = emu.tree("src", &files);
    give(&src, 1234);
    fs::create_dir(emu.path("disk")).unwrap();
    give(&emu.path("disk"), 1234);
    let user = emu.as_user(1234);
    user.ok(&["push", "-S", "src", "--to", "./disk/sink"]);
    emu.shell("chmod 0000 src/d/e").succeeds();
    let said = user.run(&["push", "-S", "src"]).exits(3);
    assert!(said.stdout.contains("partial"), "{said}");
}

#[test]
fn a_second_commit_of_the_same_record_could_unlink_what_is_listed() {
    let job = Job::pushed("file a \"x\"");
    let sink = job.sink();
    let sink = sink.to_str().unwrap();
    let manifest = job.emu.program("emu-hash-tree", &["src"]);
    let staged = job.emu.pipe("emu-link-snapshot", &["--sink", sink, "--source", "src"], &manifest.bytes);
    let commit = || job.emu.pipe("emu-commit-snapshot", &["--sink", sink], &staged.bytes);
    commit().succeeds();
    assert_eq!(commit().status, 10);
    assert_eq!(job.nodes().len(), 2);
    job.ok(&["verify", sink]);
}

#[test]
fn a_typo_in_the_sinks_config_hid_a_snapshot_that_was_made() {
    let job = Job::pushed("file a \"x\"");
    fs::write(job.sink().join(".emu/config"), "[rotate]\nkeep-dayly = 3\n").unwrap();
    let said = job.push(&[]).exits(3);
    assert!(said.stdout.contains("snapshot ") && said.stderr.contains("rotation failed"), "{said}");
    assert_eq!(job.nodes().len(), 2);
}

#[test]
fn an_empty_source_was_forgiven_where_the_sink_is_optional() {
    let emu = Emu::new();
    emu.tree("src", "file a \"x\"");
    emu.ok(&["init", "src"]);
    emu.ok(&["-S", "src", "sink", "add", "--optional", "usb", "./sink"]);
    emu.ok(&["-S", "src", "push"]);
    fs::remove_file(emu.path("src/a")).unwrap();
    assert!(emu.fails(&["-S", "src", "push", "-q"], 10).contains("is empty"));
    fs::write(emu.path("src/a"), "x").unwrap();
    fs::rename(emu.path("sink"), emu.path("away")).unwrap();
    emu.ok(&["-S", "src", "push", "-q"]);
}

#[test]
fn a_source_on_another_kind_of_file_system_was_taken_for_the_same() {
    if !need_root() {
        return;
    }
    let job = Job::pushed("file a \"x\"");
    let disk = LoopFs::tmpfs(&job.emu.path("disk"), 8);
    job.emu.shell("cp -a src disk/src").succeeds();
    let said = job.emu.fails(&["-S", "disk/src", "push"], 10);
    assert!(said.contains("--allow-moved"), "{said}");
    assert_eq!(job.nodes().len(), 1);
    job.emu.ok(&["-S", "disk/src", "push", "--allow-moved"]);
    drop(disk);
}

#[test]
fn a_push_to_a_strangers_sink_left_a_source_behind() {
    let job = Job::pushed("file a \"x\"");
    job.emu.tree("other", "file b \"y\"");
    job.emu.fails(&["-S", "other", "push", "--to", "./sink"], 10);
    assert!(!job.emu.path("other/.emu").exists());
}

/// A directory shown at another place by bindfs, until the value is dropped.
struct Bound(std::path::PathBuf);

impl Bound {
    fn new(emu: &Emu, from: &str, to: &str) -> Bound {
        emu.shell(&format!("mkdir -p {from} {to} && bindfs {from} {to}")).succeeds();
        Bound(emu.path(to))
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg(&self.0).output();
    }
}

#[test]
fn a_file_system_that_ignores_a_time_set_alone_lost_every_time() {
    if !(need_root() && need_tool("bindfs")) {
        return;
    }
    let job = Job::new(
        "dir d 0750 mtime=1600000000\nfile d/f \"x\" mtime=1600000001\nsymlink l -> d/f mtime=1600000002",
    );
    let bound = Bound::new(&job.emu, "real", "shown");
    job.ok(&["-S", "src", "sink", "add", "fuse", "./shown/sink"]);
    job.settle();
    for copied in [1, 0] {
        job.push(&["fuse"]).succeeds();
        let node = job::nodes(&job.emu.path("shown/sink")).pop().unwrap();
        assert_eq!((&node["counts"]["copied"], &node["counts"]["damaged"]), (&copied.into(), &0.into()));
    }
    job.ok(&["verify", "./shown/sink"]);
    let sink = job.emu.path("shown/sink");
    crate::tree::assert_same(&job.src(), &job::tree_of(&sink, &job::nodes(&sink).pop().unwrap()));
    drop(bound);
}
