//! `emu diff`.

use std::fs;

use crate::env::{Emu, assert_shows, need_root};
use crate::job::{Job, push};

const TREE: &str = "file a \"alpha\" mtime=1700000000\nfile b \"beta\" mtime=1700000000\n\
                    file c \"gamma\" mtime=1700000000\nfile d/x \"a file of its own\" mtime=1700000000\n\
                    file k \"kind\" mtime=1700000000\nsymlink s -> a";
const EDIT: &str = "remove a\nfile b \"other\" mtime=1700000009\nattr c 0600\nmove d/x -> e/y\n\
                    remove k\nsymlink k -> a\nfile new \"12345678\"";

/// Two snapshots with every kind of change between them.
fn job() -> Job {
    let job = Job::pushed(TREE);
    job.edit(EDIT);
    job.push(&[]).succeeds();
    job
}

#[test]
fn each_kind_of_difference_has_a_word() {
    assert_shows(
        &job().emu.inside("src").run(&["diff", "HEAD~", "HEAD"]),
        "
        $ emu diff HEAD~ HEAD
        removed    a
        content    b
        attributes c
        added      e
        kind       k
        added      new
        moved      d/x -> e/y
        ",
    );
}

#[test]
fn letters_numbers_and_nuls() {
    let job = job();
    let src = job.emu.inside("src");
    let lines = src.ok(&["diff", "HEAD~", "HEAD", "--name-status"]);
    assert_eq!(lines, "D\ta\nM\tb\nU\tc\nA\te\nT\tk\nA\tnew\nR\td/x -> e/y\n");
    let raw = src.ok(&["diff", "HEAD~", "HEAD", "-z"]);
    assert_eq!(raw, "D\0a\0M\0b\0U\0c\0A\0e\0T\0k\0A\0new\0R\0d/x\0e/y\0");
    assert_shows(
        &src.run(&["diff", "HEAD~", "HEAD", "--stat"]),
        "
        $ emu diff HEAD~ HEAD --stat
        added       2 entries  8 B
        removed     1 entry    5 B
        content     1 entry    5 B
        attributes  1 entry    0 B
        kind        1 entry    0 B
        moved       1 entry    0 B
        ",
    );
    assert!(src.run(&["diff", "--stat", "-z"]).exits(2).stderr.starts_with("error: "));
}

#[test]
fn the_source_is_the_second_tree_unless_there_are_two() {
    let job = job();
    let src = job.emu.inside("src");
    assert_eq!(src.ok(&["diff"]), "");
    job.edit("file b \"beta\" mtime=1700000000\nfile d/below/z \"z\"");
    assert_eq!(src.ok(&["diff"]), "content    b\nadded      d/below\nadded      d/below/z\n");
    // Back at what it was two snapshots ago: stamps differ, and content is read.
    let said = src.ok(&["diff", "HEAD~"]);
    assert!(!said.contains(" b\n") && said.contains("removed    a\n"), "{said}");
}

#[test]
fn paths_are_relative_to_the_current_directory() {
    let job = job();
    job.edit("file e/z \"z\"\nfile z \"z\"");
    let below = job.emu.inside("src/e");
    assert_eq!(below.ok(&["diff", "--", "z"]), "added      e/z\n");
    assert_eq!(
        below.ok(&["diff", "HEAD~", "HEAD", "--", "../b", "."]),
        "content    b\nadded      e\nadded      e/y\n"
    );
    assert!(below.run(&["diff", "--", "../../other"]).exits(2).stderr.starts_with("error: "));
}

#[test]
fn the_status_tells_whether_anything_differs_if_asked() {
    let job = job();
    let src = job.emu.inside("src");
    src.run(&["diff", "--exit-code"]).succeeds();
    // That of a directory follows from the change, and is none by itself.
    job.edit("attr e mtime=1700000005");
    assert_eq!(src.run(&["diff", "--exit-code"]).succeeds().stdout, "");
    assert_eq!(src.run(&["diff", "-v"]).succeeds().stdout, "attributes e\n");
    job.edit("attr c 0644");
    src.run(&["diff"]).succeeds();
    src.run(&["diff", "--exit-code"]).exits(4);
    src.run(&["diff", "--exit-code", "-q"]).exits(4);
    src.run(&["diff", "none"]).exits(10);
}

#[test]
fn records_have_the_entries_before_and_after() {
    let job = job();
    let records = job.emu.inside("src").run(&["diff", "--json", "HEAD~", "HEAD"]).succeeds().records();
    let of = |path: &str| records.iter().find(|record| record["path"] == path).unwrap();
    let moved = of("e/y");
    assert_eq!(
        (&moved["how"], &moved["from"], &moved["kind"]),
        (&"moved".into(), &"d/x".into(), &"file".into())
    );
    assert_eq!((&moved["before"]["path"], &moved["after"]["path"]), (&"d/x".into(), &"e/y".into()));
    assert!(of("a").get("after").is_none() && of("new").get("before").is_none());
    let summary = records.last().unwrap();
    assert_eq!(
        (&summary["type"], &summary["command"], &summary["added"]),
        (&"summary".into(), &"diff".into(), &2.into())
    );
}

#[test]
fn what_cannot_be_read_is_named_and_not_taken_for_removed() {
    if !need_root() {
        return;
    }
    let emu = Emu::new();
    emu.tree("src", "file d/x \"x\"\nfile e \"e\"");
    emu.shell("chown -R 1234:1234 src && mkdir disk && chown 1234:1234 disk").succeeds();
    let user = emu.as_user(1234);
    user.ok(&["push", "-S", "src", "--to", "./disk/sink"]);
    emu.shell("chmod 0 src/d").succeeds();
    let said = user.run(&["-S", "src", "diff"]).exits(3);
    assert!(said.stderr.contains("cannot read 'd'"), "{said}");
    assert!(!said.stdout.contains("removed"), "{said}");
    push(&user, &[]).exits(3);
}

#[test]
fn two_snapshots_by_path_need_no_source() {
    let job = job();
    let revs = ["HEAD~", "HEAD"].map(|rev| format!("{}:{rev}", job.sink().display()));
    fs::remove_dir_all(job.src()).unwrap();
    let said = job.emu.inside("home").run(&["diff", &revs[0], &revs[1], "--", "d", "e"]).succeeds();
    assert_eq!(said.stdout, "added      e\nmoved      d/x -> e/y\n");
    job.emu.inside("home").run(&["diff", &revs[0]]).exits(10);
}

#[test]
fn a_damaged_manifest_is_no_difference() {
    let job = job();
    let id = job.node()["id"].as_str().unwrap().to_owned();
    fs::write(job.sink().join(".emu/manifests").join(id), "x").unwrap();
    let said = job.emu.inside("src").run(&["diff", "HEAD~", "HEAD"]).exits(1);
    assert!(said.stdout.is_empty() && said.stderr.contains("its manifest is damaged"), "{said}");
}

#[test]
fn a_range_is_its_two_ends() {
    let job = crate::job::Job::pushed("file a \"one\"");
    job.edit("file a \"other\"").push(&[]).succeeds();
    let src = job.emu.inside("src");
    let expected = src.ok(&["diff", "HEAD~", "HEAD"]);
    assert!(expected.contains("content"));
    for range in ["HEAD~..HEAD", "HEAD~..", "origin:HEAD~..HEAD", "origin:HEAD~..origin:HEAD", "TAIL.."] {
        assert_eq!(src.ok(&["diff", range]), expected, "{range}");
    }
    src.run(&["diff", "--exit-code", "HEAD~..HEAD"]).exits(4);
}
