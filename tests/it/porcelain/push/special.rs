//! Trees that are not plain: names, modes, attributes, holes, times, depth and breadth.

use std::fs;
use std::os::unix::fs::MetadataExt;

use crate::env::{Emu, give, need_root, need_tool};
use crate::job::{self, Job};
use crate::tree::{assert_same, build};

#[test]
fn every_kind_of_name_and_attribute_is_saved() {
    let job = Job::pushed(
        r#"
        dir . 0750 mtime=1700000000
        symlink Latest\n -> nowhere/\xff mtime=-5.5
        dir a 0700
        file a/x 0444 "line\nand \"quotes\" \\ \xff" mtime=-1.5
        dir b\sc 1777
        link b\sc/later = a/x
        dir closed 0555
        file closed/in 0400 "x" xattr user.k=v\s1
        dir shut 0000
        file holes 0644 size=1000000 seed=9 hole=8192+901120
        file \xff\x1b 4755 "name" mtime=9223372036
        file far 0644 "" mtime=4102444800.999999999
        dir d xattr user.dir=1 mtime=7
        "#,
    );
    job.same();
    let stat = fs::metadata(job.newest().join("holes")).unwrap();
    assert!(stat.blocks() * 512 < 300_000, "{} blocks", stat.blocks());
    job.push(&[]).succeeds();
    job.same();
    assert_eq!(job.ok(&["verify", "-q", "./sink"]), "");
    build(&job.src(), "attr closed 0700\nattr shut 0700");
}

#[test]
fn an_ordinary_user_saves_what_it_may_read() {
    if !(need_root() && need_tool("setpriv")) {
        return;
    }
    let emu = Emu::new();
    let src = emu.tree(
        "src",
        "dir . 0755\ndir closed 0555\nfile closed/in 0400 \"x\"\ndir closed/deep 0500\nfile closed/deep/f 0444 \"\"\nfile s 2755 \"\"",
    );
    give(&src, 1234);
    fs::create_dir(emu.path("disk")).unwrap();
    give(&emu.path("disk"), 1234);
    let user = emu.as_user(1234);
    user.ok(&["push", "-S", "src", "--to", "./disk/sink"]);
    let sink = emu.path("disk/sink");
    let newest = || job::tree_of(&sink, job::nodes(&sink).last().unwrap());
    assert_same(&src, &newest());
    user.ok(&["push", "-S", "src"]);
    assert_same(&src, &newest());
    assert_eq!(user.ok(&["verify", "-q", "./disk/sink"]), "");
    build(&src, "dir .. 0755\nattr . 0555");
    user.ok(&["push", "-S", "src"]);
    assert_same(&src, &newest());
    let policy = ["--keep-last", "1"];
    user.ok(&[&["rotate", "./disk/sink"][..], &policy].concat());
    assert_eq!(job::nodes(&sink).len(), 1);
    assert_eq!(fs::read_dir(sink.join(".emu/trash")).unwrap().count(), 1, "all but its LOCK is gone");
}

#[test]
fn a_closed_directory_of_an_ordinary_user_is_named() {
    if !(need_root() && need_tool("setpriv")) {
        return;
    }
    let emu = Emu::new();
    let many: String = (0..300).map(|n| format!("file d/{n} \"\"\n")).collect();
    let src = emu.tree("src", &format!("{many}dir d/shut 0000\nfile d/secret 0000 \"x\""));
    fs::create_dir(emu.path("disk")).unwrap();
    give(&src, 1234);
    give(&emu.path("disk"), 1234);
    let said = emu.as_user(1234).run(&["push", "-S", "src", "--to", "./disk/sink"]).exits(3);
    for name in ["'d/shut'", "'d/secret'"] {
        assert!(said.stderr.contains(name) && said.stderr.contains("ermission denied"), "{said}");
    }
    let node = job::nodes(&emu.path("disk/sink")).remove(0);
    assert_eq!(node["counts"]["unread"], 2);
    assert!(node.get("partial").is_none());
    emu.as_user(1234).run(&["push", "-S", "src", "--ignore-errors"]).succeeds();
}

#[test]
fn access_control_lists_are_saved() {
    if !(need_tool("setfacl") && need_tool("getfacl")) {
        return;
    }
    let job = Job::new("dir . 0755\ndir d 0750\nfile d/f 0640 \"x\"\nfile plain \"y\"");
    job.emu.shell("setfacl -m u:1:rw,g:2:r src/d/f && setfacl -d -m u:3:rwx src/d").succeeds();
    job.push(&[]).succeeds();
    job.same();
    job.settle().push(&[]).succeeds();
    assert!(job.shared("d/f", 1, 2));
    job.emu.shell("setfacl -m u:1:r src/d/f").succeeds();
    job.push(&[]).succeeds();
    job.same();
    assert!(!job.shared("d/f", 2, 3));
}

#[test]
fn a_sink_with_a_default_list_does_not_colour_the_snapshot() {
    if !need_tool("setfacl") {
        return;
    }
    let job = Job::new("dir . 0755\ndir d 0700\nfile d/f 0600 \"x\"\nsymlink s -> d");
    job.emu.shell("find sink -type d -exec setfacl -d -m u:3:rwx {} +").succeeds();
    job.push(&[]).succeeds();
    job.same();
}

#[test]
fn a_tree_deeper_than_a_path_can_say_is_saved() {
    let job = Job::new("file top \"x\"");
    let script = "n=$(printf 'd%.0s' {1..200}); cd src; for i in {1..40}; do mkdir $n && cd -P ./$n || exit 1; done; echo deep > f";
    job.emu.shell(script).succeeds();
    job.push(&[]).succeeds();
    job.settle().push(&[]).succeeds();
    let digest = |root: &std::path::Path| {
        let line = "n=$(printf 'd%.0s' {1..200}); for i in {1..40}; do cd -P ./$n || exit 1; done; cat f; stat -c %i f";
        let mut command = job.emu.command("bash", &["-c", line]);
        command.current_dir(root);
        job.emu.session().collect(command, "deep".into(), b"").succeeds().stdout
    };
    assert!(digest(&job.tree(2)).starts_with("deep\n"));
    assert_eq!(digest(&job.tree(1)), digest(&job.tree(2)));
    assert_eq!(job.ok(&["verify", "-q", "./sink"]), "");
    job.emu.shell("emu rotate ./sink --keep-last 1").succeeds();
    job.emu.shell("rm -rf src sink").succeeds();
}

#[test]
fn a_directory_with_twenty_thousand_names_is_saved() {
    let job = Job::new("file first \"x\"");
    job.emu
        .shell("mkdir src/many && cd src/many && seq -f 'name %05g' 20000 | tr '\\n' '\\0' | xargs -0 touch")
        .succeeds();
    job.push(&[]).succeeds();
    job.push(&[]).succeeds();
    assert_eq!(job.node()["manifest"]["entries"], 20_003);
    assert_eq!(fs::read_dir(job.newest().join("many")).unwrap().count(), 20_000);
    assert!(job.shared("many/name 12345", 1, 2));
}

#[test]
fn owners_are_recorded_but_not_set_on_request() {
    if !need_root() {
        return;
    }
    let job = Job::new("file a 4755 \"x\" uid=1234 gid=1235\nfile b \"y\"");
    job.push(&["--no-owner"]).succeeds();
    let stat = fs::metadata(job.newest().join("a")).unwrap();
    assert_eq!((stat.uid(), stat.gid()), (0, 0));
    let entry = job.entries()["a"].clone();
    assert_eq!((&entry["uid"], &entry["gid"]), (&1234.into(), &1235.into()));
    assert_eq!(entry["held"]["uid"], 0);
    assert_eq!(job.ok(&["verify", "-q", "./sink"]), "");
    job.settle().push(&["--no-owner"]).succeeds();
    assert!(job.shared("a", 1, 2));
    job.push(&[]).succeeds();
    job.same();
    assert!(job.shared("b", 1, 3));
}
