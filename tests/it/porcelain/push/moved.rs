//! What has another path now, and is found again instead of being copied.

use crate::env::{Emu, LoopFs, need_loop, need_root, need_tool};
use crate::job::{Job, ino};

const TREE: &str = r#"
    dir . 0755 mtime=1700000000
    dir a 0755 mtime=1700000000
    file a/one "the first text" mtime=1700000001
    file a/deep/two "the second text" 0600 mtime=1700000002
    symlink a/link -> one mtime=1700000004
    file b/three "the third text" mtime=1700000003
"#;

fn settled() -> Job {
    let job = Job::new(TREE);
    job.settle().push(&[]).succeeds();
    job
}

#[track_caller]
fn counts(job: &Job) -> (u64, u64) {
    let node = job.node();
    let count = |name: &str| node["counts"][name].as_u64().unwrap();
    (count("moved"), count("copied"))
}

#[track_caller]
fn is_moved(job: &Job, from: &str, to: &str) {
    assert_eq!(ino(&job.tree(1).join(from)), ino(&job.newest().join(to)), "{from} is {to}");
}

#[test]
fn all_below_a_renamed_directory_is_linked_unseen() {
    let job = settled();
    job.edit("move a -> z").push(&[]).succeeds();
    job.same();
    assert_eq!(counts(&job), (3, 0));
    is_moved(&job, "a/one", "z/one");
    is_moved(&job, "a/deep/two", "z/deep/two");
    is_moved(&job, "a/link", "z/link");
    assert_eq!(job.ok(&["verify", "-q", "./sink"]), "");
    // The next push knows it under its new path.
    job.push(&[]).succeeds();
    assert_eq!(counts(&job), (0, 0));
}

#[test]
fn a_renamed_file_is_hashed_and_linked() {
    for to in ["a/0ne", "a/zone", "b/one", "0/one", "one"] {
        let job = settled();
        job.edit(&format!("move a/one -> {to}")).push(&[]).succeeds();
        job.same();
        assert_eq!(counts(&job), (1, 0), "{to}");
        is_moved(&job, "a/one", to);
        assert_eq!(job.entries()[to]["sha256"], job_hash("the first text"));
    }
}

fn job_hash(text: &str) -> String {
    emu::tree::Digest::of(text.as_bytes()).to_string()
}

#[test]
fn a_file_that_was_edited_under_its_new_name_is_copied() {
    let job = settled();
    job.edit("move a/one -> c\nfile c \"the FIRST text\" mtime=1700000001").push(&[]).succeeds();
    job.same();
    assert_eq!(counts(&job), (0, 1));
    assert_eq!(std::fs::read(job.tree(1).join("a/one")).unwrap(), b"the first text");
}

#[test]
fn a_file_that_has_another_mode_under_its_new_name_is_copied() {
    let job = settled();
    job.edit("move a/one -> c\nattr c 0640 mtime=1700000001").push(&[]).succeeds();
    job.same();
    assert_eq!(counts(&job), (0, 1));
}

#[test]
fn an_inode_is_not_given_to_two_files_of_which_one_took_the_others_name() {
    for (old, new) in [("a/one", "c"), ("b/three", "a/0")] {
        let job = settled();
        let text = std::fs::read_to_string(job.src().join(old)).unwrap();
        let mtime = if old == "a/one" { 1_700_000_001 } else { 1_700_000_003 };
        job.edit(&format!("move {old} -> {new}\nfile {old} \"{text}\" mtime={mtime}"));
        job.push(&[]).succeeds();
        job.same();
        assert_ne!(ino(&job.newest().join(old)), ino(&job.newest().join(new)));
        assert_eq!(job.ok(&["verify", "-q", "./sink"]), "");
    }
}

#[test]
fn directories_that_exchange_their_names_are_as_in_the_source() {
    let job = settled();
    job.edit("move a -> t\nmove b -> a\nmove t -> b").push(&[]).succeeds();
    job.same();
    assert_eq!(job.ok(&["verify", "-q", "./sink"]), "");
    job.settle().push(&[]).succeeds();
    job.same();
}

#[test]
fn what_was_moved_and_removed_again_is_no_more() {
    let job = settled();
    job.edit("move a -> z\nremove z/deep").push(&[]).succeeds();
    job.same();
    assert_eq!(counts(&job), (2, 0));
}

#[test]
fn what_moves_over_a_spare_is_linked_as_well() {
    let job = settled();
    job.config("[rotate]\nkeep-last = 2\nspare-rest = 0\n");
    job.ok(&["-S", "src", "rotate"]);
    for _ in 0..3 {
        job.push(&[]).succeeds();
    }
    let before = ino(&job.newest().join("a/one"));
    job.edit("move a -> b/a").push(&[]).succeeds();
    job.same();
    assert_eq!(ino(&job.newest().join("b/a/one")), before);
    assert_eq!(counts(&job), (3, 0));
    for _ in 0..2 {
        job.push(&[]).succeeds();
        job.same();
        assert_eq!(ino(&job.newest().join("b/a/one")), before);
    }
    assert_eq!(job.ok(&["verify", "-q", "./sink"]), "");
}

/// Subvolumes number their inodes alike, and snapshots of them keep every stamp.
#[test]
fn one_inode_is_not_given_to_files_of_several_subvolumes() {
    if !(need_root() && need_loop("btrfs") && need_tool("btrfs")) {
        return;
    }
    let emu = Emu::new();
    let _disk = LoopFs::new(&emu.path("disk"), "btrfs", 256);
    let make = "cd disk && mkdir src && btrfs -q subvolume create src/one && echo text > src/one/f && touch -d @1700000000 src/one/f";
    emu.shell(make).succeeds();
    emu.ok(&["init", "disk/src"]);
    emu.ok(&["-S", "disk/src", "sink", "add", "./sink"]);
    let wait = || std::thread::sleep(std::time::Duration::from_millis(2300));
    wait();
    emu.run(&["-S", "disk/src", "push"]).succeeds();
    emu.shell(
        "cd disk/src && for n in two three; do btrfs -q subvolume snapshot one $n; done && btrfs -q subvolume delete one",
    )
    .succeeds();
    wait();
    emu.run(&["-S", "disk/src", "push"]).succeeds();
    let newest = emu.path("sink/latest");
    assert_ne!(ino(&newest.join("two/f")), ino(&newest.join("three/f")));
    assert_eq!(std::fs::read(newest.join("three/f")).unwrap(), b"text\n");
    assert_eq!(emu.ok(&["verify", "-q", "./sink"]), "");
}
