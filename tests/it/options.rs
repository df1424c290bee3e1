//! Options that many commands have, each with each of them: `--sink`, `--wait`, and the policy on the
//! command line.

use std::fs::{self, File};
use std::path::Path;
use std::time::Duration;

use fs2::FileExt;

use crate::env::Output;
use crate::job::Job;

/// One source with two sinks that hold different snapshots: origin has "one", then "two", usb only "two".
fn two_sinks() -> Job {
    let job = Job::pushed("file a \"one\"");
    job.edit("file a \"two\"");
    job.ok(&["-S", "src", "sink", "add", "usb", "usb"]);
    job.push(&[]).succeeds();
    job
}

#[test]
fn the_sink_of_revisions_can_be_said_once() {
    let job = two_sinks();
    let src = job.emu.inside("src");
    let usb = fs::read_dir(job.emu.path("usb/.emu/nodes")).unwrap().next().unwrap().unwrap().file_name();
    let usb = &usb.to_str().unwrap()[..12];
    assert_eq!(src.ok(&["cat", "--sink", "usb", "TAIL:a"]), "two");
    assert_eq!(src.ok(&["cat", "--sink", "origin", "TAIL:a"]), "one");
    assert!(src.ok(&["show", "--sink", "usb", "HEAD"]).contains(usb));
    assert_eq!(src.ok(&["find", "--sink", "usb", "a"]).lines().count(), 1);
    assert_eq!(src.ok(&["find", "--sink", "origin", "a"]).lines().count(), 2);
    assert!(src.ok(&["diff", "--sink", "origin", "TAIL"]).contains("content"));
    assert_eq!(src.ok(&["diff", "--sink", "usb", "TAIL"]), "");
    assert!(src.ok(&["pin", "--sink", "usb", "HEAD"]).starts_with(&format!("{usb} of usb: pinned")));
    assert!(src.ok(&["unpin", "--sink", "usb", "HEAD"]).starts_with(&format!("{usb} of usb: ")));
}

/// Runs a command while somebody holds a lock: without a wait it gives up at once and changes nothing,
/// with one it goes on when the lock is free.
#[track_caller]
fn waits(lock: &Path, run: impl Fn(&[&str]) -> Output) {
    let file = held(lock);
    let said = run(&[]).exits(11);
    assert!(said.stderr.contains("is locked"), "{said}");
    goes_on(file, run);
}

fn held(lock: &Path) -> File {
    let file = File::options().read(true).write(true).create(true).truncate(false).open(lock).unwrap();
    file.lock_exclusive().unwrap();
    file
}

#[track_caller]
fn goes_on(file: File, run: impl Fn(&[&str]) -> Output) {
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(300));
            FileExt::unlock(&file).unwrap();
        });
        let said = run(&["--wait", "60"]);
        assert!(matches!(said.status, 0 | 3), "{said}");
    });
}

#[test]
fn commands_wait_for_the_lock_of_the_source() {
    let job = two_sinks();
    let lock = job.src().join(".emu/LOCK");
    let src = || job.emu.inside("src");
    waits(&lock, |more| src().run(&[&["checkout", "origin:HEAD"], more].concat()));
    waits(&lock, |more| src().run(&[&["sink", "add", "new", "../new"], more].concat()));
    fs::rename(job.emu.path("new"), job.emu.path("moved")).unwrap();
    waits(&lock, |more| src().run(&[&["sink", "move", "new", "../moved"], more].concat()));
    waits(&lock, |more| src().run(&[&["sink", "set", "new", "--optional"], more].concat()));
    waits(&lock, |more| src().run(&[&["sink", "rm", "new"], more].concat()));
    waits(&lock, |more| src().run(&[&["sink", "clean"], more].concat()));
}

#[test]
fn commands_wait_for_the_lock_of_a_sink() {
    let job = two_sinks();
    let lock = job.sink().join(".emu/LOCK");
    let sink = job.sink();
    let sink = sink.to_str().unwrap();
    let src = || job.emu.inside("src");
    waits(&lock, |more| src().run(&[&["pin", "origin:HEAD"], more].concat()));
    waits(&lock, |more| src().run(&[&["rotate", "origin"], more].concat()));
    waits(&lock, |more| src().run(&[&["verify", "--repair", "origin"], more].concat()));
    let manifest = job.emu.program("emu-hash-tree", &["src"]).succeeds();
    let link = |more: &[&str]| {
        let args = [&["--sink", sink, "--source", "src"], more].concat();
        job.emu.pipe("emu-link-snapshot", &args, &manifest.bytes)
    };
    waits(&lock, link);
    let staged = link(&[]).succeeds();
    // Without a wait it gives up what was staged.
    goes_on(held(&lock), |more| {
        job.emu.pipe("emu-commit-snapshot", &[&["--sink", sink], more].concat(), &staged.bytes)
    });
    waits(&lock, |more| job.emu.program("emu-rotate", &[&["--sink", sink], more].concat()));
    waits(&lock, |more| src().run(&[&["prune", "origin:TAIL"], more].concat()));
}

#[test]
fn a_policy_on_the_command_line_is_the_whole_policy() {
    let job = Job::new("file a \"a\"");
    job.config("[rotate]\nkeep-last = -1\n");
    for month in 1..=4 {
        job.emu.at(&format!("2026-{month:02}-10T12:00:00Z"));
        job.push(&[]).succeeds();
    }
    let sink = job.sink();
    let sink = sink.to_str().unwrap();
    let kept = |program: &str, options: &[&str]| {
        let plan = match program {
            "emu" => job.emu.run(&[&["rotate", sink, "--json", "-n"], options].concat()),
            _ => job.emu.program(program, &[&["--sink", sink, "-n"], options].concat()),
        };
        let records = plan.succeeds().records();
        assert_eq!(records.len(), 4);
        records.iter().filter(|record| record["action"] == "keep").count()
    };
    for program in ["emu", "emu-rotate"] {
        for (options, expected) in [
            (&["--keep-monthly", "2"][..], 2),
            (&["--keep-hourly", "3"], 3),
            (&["--keep-daily", "1"], 1),
            (&["--keep-weekly", "2"], 2),
            (&["--keep-yearly", "1"], 1),
            (&["--keep-within", "2m"], 2),
            (&["--keep-last", "3", "--min-free", "1%", "--min-keep", "2"], 3),
        ] {
            assert_eq!(kept(program, options), expected, "{program} {options:?}");
        }
    }
}

#[test]
fn the_pipeline_is_allowed_what_a_push_is() {
    let job = Job::pushed("file a \"a\"\nfile b \"b\"\nfile c \"c\"\nfile d \"d\"");
    job.emu.shell("rm src/a src/b src/c").succeeds();
    let sink = job.sink();
    let sink = sink.to_str().unwrap();
    let make = |options: &[&str]| {
        let manifest = job.emu.program("emu-hash-tree", &["src"]).succeeds();
        let args = [&["--sink", sink, "--source", "src"], options].concat();
        let staged = job.emu.pipe("emu-link-snapshot", &args, &manifest.bytes).succeeds();
        job.emu.pipe("emu-commit-snapshot", &["--sink", sink], &staged.bytes);
        job.node()
    };
    assert_eq!(make(&[])["shrunk"], true);
    assert!(make(&["--allow-shrunk", "--allow-moved", "--no-owner"]).get("shrunk").is_none());
}

#[test]
fn without_a_pager_the_answer_is_the_same() {
    let job = Job::pushed("file a \"a\"");
    assert_eq!(job.ok(&["-S", "src", "--no-pager", "ls", "HEAD"]), job.ok(&["-S", "src", "ls", "HEAD"]));
}
