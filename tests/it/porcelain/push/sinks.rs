//! Several sinks from one scan; each fails alone.

use std::fs;

use fs2::FileExt;
use serde_json::Value;

use crate::env::{Emu, LoopFs, Output, need_root};
use crate::job::{Job, nodes, tree_of};
use crate::tree::assert_same;

/// A source with the sinks `origin`, `b` and `c`.
fn three(tree: &str) -> Job {
    let job = Job::new(tree);
    for name in ["b", "c"] {
        job.ok(&["-S", "src", "sink", "add", name, &format!("./{name}")]);
    }
    job
}

fn count(job: &Job, sink: &str) -> usize {
    nodes(&job.emu.path(sink)).len()
}

fn counts(job: &Job) -> [usize; 3] {
    ["sink", "b", "c"].map(|sink| count(job, sink))
}

/// Holds the lock of a sink as another program would.
fn locked(job: &Job, sink: &str) -> fs::File {
    let lock = job.emu.path(sink).join(".emu/LOCK");
    let lock = fs::File::options().create(true).truncate(false).write(true).open(lock).unwrap();
    lock.try_lock_exclusive().unwrap();
    lock
}

fn errors(said: &Output) -> usize {
    said.stderr.lines().filter(|line| line.starts_with("error: ")).count()
}

#[test]
fn all_sinks_get_the_same_tree_from_one_push() {
    let job = three("file a \"x\"\nlink d/b = a\nfile big size=3000000 seed=2\nsymlink s -> a");
    job.push(&[]).succeeds();
    job.push(&["b"]).succeeds();
    job.edit("file a \"longer\"").push(&[]).succeeds();
    assert_eq!(counts(&job), [2, 3, 2]);
    let last = |sink: &str| nodes(&job.emu.path(sink)).pop().unwrap();
    let newest: Vec<Value> = ["sink", "b", "c"].map(last).to_vec();
    for (sink, node) in ["sink", "b", "c"].iter().zip(&newest) {
        assert_same(&job.src(), &tree_of(&job.emu.path(sink), node));
        assert_eq!((&node["tree"], &node["push"]), (&newest[0]["tree"], &newest[0]["push"]));
    }
}

#[test]
fn an_absent_sink_does_not_stop_the_others() {
    let job = three("file a \"x\"");
    job.push(&[]).succeeds();
    fs::rename(job.emu.path("b"), job.emu.path("away")).unwrap();
    let said = job.push(&[]);
    assert_eq!((said.status, errors(&said)), (10, 1), "{said}");
    fs::rename(job.emu.path("away"), job.emu.path("b")).unwrap();
    assert_eq!(counts(&job), [2, 1, 2]);
}

#[test]
fn an_optional_sink_may_be_absent() {
    let job = Job::new("file a \"x\"");
    job.ok(&["-S", "src", "sink", "add", "usb", "./usb"]);
    let path = job.src().join(".emu/sinks/usb");
    let mut sink: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    sink["optional"] = true.into();
    fs::write(&path, sink.to_string()).unwrap();
    fs::rename(job.emu.path("usb"), job.emu.path("away")).unwrap();
    let said = job.push(&[]).succeeds();
    assert!(said.stderr.contains("usb") && errors(&said) == 0, "{said}");
    job.push(&["usb"]).exits(10);
    fs::rename(job.emu.path("away"), job.emu.path("usb")).unwrap();
    job.push(&[]).succeeds();
    assert_eq!(count(&job, "usb"), 1);
}

#[test]
fn a_locked_sink_does_not_stop_the_others() {
    let job = three("file a \"x\"");
    let _lock = locked(&job, "b");
    let said = job.push(&[]);
    assert_eq!((said.status, errors(&said)), (11, 1), "{said}");
    assert_eq!(counts(&job), [1, 0, 1]);
}

#[test]
fn a_full_sink_does_not_stop_the_others_and_loses_nothing() {
    if !need_root() {
        return;
    }
    let job = Job::new("file a \"x\"");
    let disk = LoopFs::tmpfs(&job.emu.path("disk"), 2);
    job.ok(&["-S", "src", "sink", "add", "full", "disk/full"]);
    job.push(&[]).succeeds();
    job.edit("file big size=5000000 seed=3");
    let said = job.push(&[]);
    assert_eq!((said.status, errors(&said)), (1, 1), "{said}");
    assert!(said.stderr.contains("o space left") && said.stderr.contains("emu rotate"), "{said}");
    assert_eq!((count(&job, "sink"), count(&job, "disk/full")), (2, 1));
    assert_eq!(fs::read_dir(disk.path("full/.emu/staging")).unwrap().count(), 0);
    job.same();
    job.edit("remove big").push(&[]).exits(3);
    assert_eq!(count(&job, "disk/full"), 2);
}

#[test]
fn of_several_failures_the_first_in_rank_is_the_exit_status() {
    let job = three("file a \"x\"");
    let _lock = locked(&job, "b");
    fs::rename(job.emu.path("c"), job.emu.path("away")).unwrap();
    let said = job.push(&[]);
    assert_eq!((said.status, errors(&said)), (10, 2), "{said}");
    assert_eq!(count(&job, "sink"), 1);
}

#[test]
fn a_plain_directory_becomes_source_and_sink() {
    let emu = Emu::new();
    emu.tree("src", "file a \"x\"");
    let said = emu.run(&["push", "--source", "src", "--to", "new"]).succeeds();
    assert!(said.stderr.contains("is a source now") && said.stderr.contains("'origin'"), "{said}");
    assert!(emu.path("new/latest/a").exists());
    emu.ok(&["-C", "src", "push"]);
    emu.ok(&["-C", "src", "push", "--to", "../new"]);
    assert_eq!(nodes(&emu.path("new")).len(), 3);
}

#[test]
fn another_spelling_of_the_path_does_not_make_a_known_sink_anew() {
    let job = Job::pushed("file a \"x\"");
    fs::rename(job.sink(), job.emu.path("away")).unwrap();
    job.emu.inside("src").run(&["push", "--to", "../sink"]).exits(10);
    assert!(!job.sink().exists());
    job.emu.run(&["push", "-S", "src", "--to", "./src/../sink"]).exits(10);
    assert!(!job.sink().exists());
}

#[test]
fn the_path_of_a_known_sink_is_never_made_anew() {
    let job = Job::pushed("file a \"x\"");
    fs::rename(job.sink(), job.emu.path("away")).unwrap();
    job.push(&["--to", "./sink"]).exits(10);
    assert!(!job.sink().exists());
    fs::create_dir(job.sink()).unwrap();
    job.push(&["--to", "./sink"]).exits(10);
    job.push(&[]).exits(10);
    assert_eq!(fs::read_dir(job.sink()).unwrap().count(), 0);
}

#[test]
fn sinks_are_reported_in_the_order_in_which_they_were_added() {
    let job = Job::new("file a \"a\"");
    let names: Vec<String> = (0..6).map(|number| format!("s{number}")).collect();
    names.iter().for_each(|name| drop(job.ok(&["-S", "src", "sink", "add", name, name])));
    std::fs::remove_dir_all(job.emu.path("s3")).unwrap();
    let said = job.push(&[]).exits(10).stdout;
    let order: Vec<&str> = said.lines().filter_map(|line| line.split(':').next()).collect();
    assert_eq!(order, ["origin", "s0", "s1", "s2", "s4", "s5"]);
}
