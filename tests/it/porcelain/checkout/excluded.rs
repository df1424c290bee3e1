//! A full checkout leaves alone what the snapshot was told to leave out, whatever is excluded now.

use std::fs;
use std::path::PathBuf;

use crate::env::{LoopFs, need_root};
use crate::job::{Job, id, ino};

/// The excludes of the source.
fn exclude(job: &Job, lines: &str) {
    fs::write(job.src().join(".emu/excludes"), lines).unwrap();
}

/// Checks out the first snapshot.
fn back(job: &Job) -> crate::env::Output {
    job.emu.inside("src").run(&["checkout", "TAIL"])
}

fn record(job: &Job, number: usize) -> PathBuf {
    job.sink().join(".emu/excluded").join(id(&job.nodes()[number - 1]))
}

#[test]
fn a_path_that_the_snapshot_was_told_to_leave_out_is_neither_removed_nor_replaced() {
    let job = Job::new("file keep \"k\"\ndir home/me\nfile home/me/letter \"dear\"\nfile d/x.o \"o\"");
    exclude(&job, "/home/\n*.o\n");
    job.push(&[]).succeeds();
    exclude(&job, "");
    job.edit("file extra \"e\"").push(&[]).succeeds();
    // What was created below an excluded directory later is as safe, and so is what was changed since.
    job.edit("file home/me/new \"n\"\nfile d/x.o \"changed\"\nfile d/y.o \"y\"");
    let said = back(&job).succeeds();
    assert_eq!(said.stderr, "", "{said}");
    let there = |path: &str| fs::read_to_string(job.src().join(path)).ok();
    assert_eq!(there("home/me/letter").as_deref(), Some("dear"));
    assert_eq!(there("home/me/new").as_deref(), Some("n"));
    assert_eq!(there("d/x.o").as_deref(), Some("changed"));
    assert_eq!(there("d/y.o").as_deref(), Some("y"));
    assert_eq!(there("extra"), None, "what the snapshot knew to be missing is removed");
}

#[test]
fn patterns_of_the_command_line_belong_to_the_snapshot() {
    let job = Job::new("file keep \"k\"\nfile a.tmp \"a\"\nfile b.bak \"b\"");
    fs::write(job.emu.path("list"), "*.bak\n").unwrap();
    let list = job.emu.path("list");
    job.push(&["--exclude", "*.tmp", "--exclude-from", list.to_str().unwrap()]).succeeds();
    job.edit("file keep \"changed\"").push(&[]).succeeds();
    back(&job).succeeds();
    assert!(job.src().join("a.tmp").exists() && job.src().join("b.bak").exists());
    assert_eq!(fs::read_to_string(job.src().join("keep")).unwrap(), "k");
}

#[test]
fn what_stood_beside_a_mark_is_left_alone_without_the_mark_and_the_setting() {
    let job = Job::new(
        "file keep \"k\"\ndir d\nfile d/.nobackup \"\"\nfile d/x \"x\"\ndir d/deep\nfile d/deep/y \"y\"",
    );
    job.push(&[]).succeeds();
    job.config("").edit("remove d/.nobackup\nfile keep \"changed\"").push(&[]).succeeds();
    back(&job).succeeds();
    for path in ["d/x", "d/deep/y", "d/.nobackup"] {
        assert!(job.src().join(path).exists(), "{path}");
    }
    assert_eq!(fs::read_to_string(job.src().join("keep")).unwrap(), "k");
}

#[test]
fn a_mark_by_the_settings_of_then_protects_a_directory_that_came_later() {
    let job = Job::pushed("file keep \"k\"");
    job.config("").edit("dir d\nfile d/.nobackup \"\"\nfile d/x \"x\"").push(&[]).succeeds();
    job.emu.inside("src").run(&["checkout", "TAIL"]);
    assert!(job.src().join("d/x").exists() && job.src().join("d/.nobackup").exists());
}

#[test]
fn what_was_on_another_file_system_is_left_alone_when_that_is_no_longer_mounted() {
    if !need_root() {
        return;
    }
    let job = Job::new("file keep \"k\"\ndir mnt");
    let disk = LoopFs::tmpfs(&job.src().join("mnt"), 1);
    job.push(&[]).succeeds();
    drop(disk);
    job.edit("file mnt/x \"x\"\ndir mnt/d\nfile mnt/d/y \"y\"\nfile keep \"changed\"").push(&[]).succeeds();
    back(&job).succeeds();
    assert!(job.src().join("mnt/x").exists() && job.src().join("mnt/d/y").exists());
    assert_eq!(fs::read_to_string(job.src().join("keep")).unwrap(), "k");
}

#[test]
fn a_snapshot_without_recorded_rules_is_checked_out_with_one_warning() {
    let job = Job::new("file keep \"k\"\nfile a.o \"o\"");
    exclude(&job, "*.o\n");
    let line = "emu-hash-tree src | grep -v '\"exclusions\"' | emu-link-snapshot --sink ./sink --source src | \
                emu-commit-snapshot --sink ./sink";
    job.emu.shell(line).succeeds();
    assert!(job.node().get("excluded").is_none() && !record(&job, 1).exists());
    exclude(&job, "");
    job.edit("file keep \"changed\"").push(&[]).succeeds();
    let said = back(&job).succeeds();
    assert_eq!(said.stderr.matches("has no record of what it was told to leave out").count(), 1, "{said}");
    assert!(!job.src().join("a.o").exists());
    let said = job.emu.inside("src").run(&["ls", "--excluded", "TAIL"]).exits(1);
    assert!(said.stderr.contains("that was not recorded"), "{said}");
    assert!(job.emu.inside("src").ok(&["show", "TAIL"]).contains("\nexcluded: not recorded\n"));
}

#[test]
fn a_record_that_is_damaged_or_missing_is_reported_and_not_believed() {
    let job = Job::new("file keep \"k\"\nfile a.o \"o\"");
    exclude(&job, "*.o\n");
    job.push(&[]).succeeds();
    job.edit("file keep \"changed\"").push(&[]).succeeds();
    let path = record(&job, 1);
    let text = fs::read_to_string(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let inside = job.emu.inside("src");
    assert!(inside.run(&["checkout", "--dry-run", "TAIL"]).exits(1).stderr.contains("is missing"));
    fs::write(&path, text.replace("*.o", "*.p")).unwrap();
    let said = inside.run(&["checkout", "TAIL"]).exits(1);
    assert!(said.stderr.contains("is damaged") && said.stderr.contains("removes nothing"), "{said}");
    assert!(inside.run(&["ls", "--excluded", "TAIL"]).exits(1).stderr.contains("is damaged"));
    assert!(inside.run(&["show", "TAIL"]).succeeds().stderr.contains("is damaged"));
    assert!(inside.run(&["diff", "TAIL"]).succeeds().stderr.contains("is damaged"));
    fs::write(&path, text).unwrap();
    assert_eq!(inside.ok(&["ls", "--excluded", "TAIL"]), "a.o\n");
}

#[test]
fn equal_records_are_one_inode_and_a_removal_removes_its_own() {
    let job = Job::new("file keep \"k\"\nfile a.o \"o\"");
    exclude(&job, "*.o\n");
    job.push(&[]).succeeds();
    job.push(&[]).succeeds();
    job.edit("file b.o \"o\"").push(&[]).succeeds();
    let inos: Vec<u64> = (1..=3).map(|number| ino(&record(&job, number))).collect();
    assert!(inos[0] == inos[1] && inos[1] != inos[2], "{inos:?}");
    // A damaged record is never linked.
    let (first, third) = (record(&job, 1), record(&job, 3));
    fs::remove_file(&third).unwrap();
    fs::write(&third, "{}\n").unwrap();
    job.push(&[]).succeeds();
    assert_ne!(ino(&record(&job, 4)), ino(&third));
    assert_eq!(job.emu.inside("src").ok(&["ls", "--excluded"]), "a.o\nb.o\n");
    job.ok(&["prune", "-S", "src", "origin:TAIL"]);
    assert!(!first.exists() && record(&job, 1).exists());
    assert_eq!(fs::read_dir(job.sink().join(".emu/excluded")).unwrap().count(), 3);
}

#[test]
fn a_difference_to_the_source_does_not_name_what_the_snapshot_was_told_to_leave_out() {
    let job = Job::new("file keep \"k\"\ndir home\nfile home/x \"x\"");
    exclude(&job, "/home/\n");
    job.push(&[]).succeeds();
    exclude(&job, "");
    job.edit("file new \"n\"");
    assert_eq!(job.emu.inside("src").ok(&["diff"]), "added      new\n");
    // A push will save it, which is what status tells.
    assert!(job.emu.inside("src").ok(&["status"]).contains("3 added"));
}

#[test]
fn verify_finds_a_bad_record_and_repairs_it_from_a_snapshot_with_the_same_one() {
    let job = Job::new("file keep \"k\"\nfile a.o \"o\"");
    exclude(&job, "*.o\n");
    job.push(&[]).succeeds();
    job.edit("file keep \"changed\"").push(&[]).succeeds();
    let path = record(&job, 1);
    fs::remove_file(&path).unwrap();
    let inside = job.emu.inside("src");
    let said = inside.run(&["verify"]).exits(4);
    assert!(said.stdout.contains("excluded: expected a record of what was left out, but"), "{said}");
    let planned = inside.run(&["verify", "--repair", "--dry-run"]);
    assert!(planned.stdout.contains("can be repaired") && !path.exists(), "{planned}");
    inside.run(&["verify", "--repair"]);
    inside.run(&["verify"]).succeeds();
    assert_eq!(inside.ok(&["ls", "--excluded", "TAIL"]), "a.o\n");
    // Without another one it stays missing, and that is said.
    fs::remove_file(record(&job, 1)).unwrap();
    fs::remove_file(record(&job, 2)).unwrap();
    let said = inside.run(&["verify", "--repair"]).exits(3);
    assert!(said.stdout.contains("no other snapshot has the same record"), "{said}");
}

#[test]
fn a_checkout_removes_nothing_that_the_snapshot_could_not_read() {
    if !crate::env::need_root() {
        return;
    }
    let emu = crate::env::Emu::new();
    emu.tree("src", "file top/priv/x \"x\"\nfile top/priv/d/y \"y\"\nfile q/unread \"u\"\nfile a \"a\"");
    std::fs::create_dir(emu.path("sink")).unwrap();
    crate::env::give(&emu.path("src"), 1234);
    crate::env::give(&emu.path("sink"), 1234);
    let user = emu.as_user(1234);
    emu.shell("chmod 000 src/top/priv src/q/unread").succeeds();
    user.run(&["push", "-S", "src", "--to", "./sink"]).exits(3);
    emu.shell("chmod 755 src/top/priv src/q/unread").succeeds();
    user.run(&["push", "-S", "src"]).succeeds();
    user.inside("src").run(&["checkout", "HEAD~"]).succeeds();
    for path in ["top/priv/x", "top/priv/d/y", "q/unread", "a"] {
        assert!(emu.path("src").join(path).exists(), "{path}");
    }
}
