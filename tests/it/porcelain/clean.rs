//! `emu clean`: what is no snapshot goes, and nothing else does.

use std::fs;
use std::os::unix::fs::symlink;

use crate::env::need_tool;
use crate::job::{Job, listing, strict_listing};

/// Two snapshots, a spare, a push that was cut off, trash, and two names that lead nowhere.
fn littered() -> Job {
    let job = Job::new("file a size=30000 seed=1");
    job.config("[rotate]\nkeep-last = 2\n");
    for seed in 1..=3 {
        job.edit(&format!("file a size=30000 seed={seed}")).push(&[]).succeeds();
    }
    let emu = job.sink().join(".emu");
    fs::create_dir_all(emu.join("staging/0123456789abcdef/tree")).unwrap();
    fs::write(emu.join("staging/0123456789abcdef/tree/half"), [7; 9000]).unwrap();
    fs::create_dir_all(emu.join("trash/old/d")).unwrap();
    fs::write(emu.join("trash/old/d/file"), [7; 5000]).unwrap();
    let nowhere = format!(".emu/trees/{}", "0".repeat(40));
    symlink(&nowhere, job.sink().join("2020-01-01-000000")).unwrap();
    symlink(&nowhere, job.sink().join(".emu-latest")).unwrap();
    // Whatever else somebody put there is theirs.
    fs::write(job.sink().join("README"), "mine").unwrap();
    symlink("/nowhere", job.sink().join("mine")).unwrap();
    job
}

#[test]
fn a_dry_run_says_what_would_go_and_changes_nothing() {
    let job = littered();
    let before = strict_listing(&job.sink());
    let said = job.emu.inside("src").ok(&["clean", "--dry-run"]);
    for what in [
        "would remove push 0123456789ab that was cut off (",
        "would remove spare ",
        "would remove tree old in the trash (",
        "would remove name '2020-01-01-000000' that leads nowhere",
        "would remove name '.emu-latest' that leads nowhere",
    ] {
        assert!(said.contains(what), "{what}: {said}");
    }
    assert_eq!(said.lines().count(), 5, "{said}");
    assert_eq!(strict_listing(&job.sink()), before);
}

#[test]
fn leftovers_go_and_snapshots_stay() {
    let job = littered();
    let trees = || listing(&job.sink().join(".emu/trees"));
    let before = trees();
    let records = job.emu.run(&["-S", "src", "clean", "--json", "--wait", "1"]).succeeds().records();
    let mut kinds: Vec<_> = records.iter().map(|record| record["what"].as_str().unwrap()).collect();
    kinds.sort_unstable();
    // The push that was cut off before it began goes when the sink is made whole.
    assert_eq!(kinds, ["name", "name", "spare", "trash"]);
    assert_eq!(trees(), before);
    for empty in ["staging", "spare"] {
        assert_eq!(fs::read_dir(job.sink().join(".emu").join(empty)).unwrap().count(), 0, "{empty}");
    }
    assert!(job.sink().join("README").exists() && fs::read_link(job.sink().join("mine")).is_ok());
    let said = job.emu.inside("src").run(&["clean"]).succeeds();
    assert!(said.stdout.is_empty() && said.stderr.contains("nothing to remove"), "{said}");
    job.ok(&["-S", "src", "verify"]);
}

#[test]
fn a_push_that_was_cut_off_halfway_goes_and_the_next_begins_anew() {
    if cfg!(not(debug_assertions)) {
        return;
    }
    let job = Job::pushed("file a \"a\"");
    job.edit("file b size=3000 seed=1\nfile c \"c\"");
    let said = job.emu.inside("src").env("EMU_TEST_FAULT", "kill:15").run(&["push"]);
    assert_ne!(said.status, 0);
    let staging = || fs::read_dir(job.sink().join(".emu/staging")).unwrap().count();
    assert_eq!(staging(), 1);
    let said = job.emu.inside("src").ok(&["clean"]);
    assert!(said.contains("that was cut off"), "{said}");
    assert_eq!(staging(), 0);
    job.push(&[]).succeeds();
    job.same();
}

#[test]
fn what_plumbing_staged_waits_a_day() {
    let job = Job::pushed("file a \"a\"");
    let sink = job.sink();
    let sink = sink.to_str().unwrap();
    let manifest = job.emu.program("emu-hash-tree", &["src"]).succeeds();
    job.emu.pipe("emu-link-snapshot", &["--sink", sink, "--source", "src"], &manifest.bytes).succeeds();
    let staging = || fs::read_dir(job.sink().join(".emu/staging")).unwrap().count();
    let now = jiff::Timestamp::now();
    job.emu.at(&now.to_string()).step(1).ok(&["-S", "src", "clean"]);
    assert_eq!(staging(), 1);
    let tomorrow = now.checked_add(jiff::SignedDuration::from_hours(25)).unwrap();
    job.emu.at(&tomorrow.to_string()).ok(&["-S", "src", "clean"]);
    assert_eq!(staging(), 0);
}

#[test]
fn what_checkouts_replaced_goes_only_when_asked_for() {
    let job = Job::pushed("file a \"saved\"");
    job.edit("file a \"not saved\"");
    job.emu.inside("src").ok(&["checkout", "HEAD", "--", "a"]);
    let replaced = || fs::read_dir(job.src().join(".emu/replaced")).unwrap().count();
    job.ok(&["-S", "src", "clean"]);
    assert_eq!(replaced(), 1);
    assert!(job.ok(&["-S", "src", "clean", "-r", "-n"]).contains("would remove what was replaced at"));
    assert_eq!(replaced(), 1);
    assert!(job.ok(&["-S", "src", "clean", "--replaced", "origin"]).contains("removed what was replaced at"));
    assert_eq!(replaced(), 0);
    assert_eq!(fs::read_to_string(job.src().join("a")).unwrap(), "saved");
}

#[test]
fn a_sink_that_is_locked_or_absent_is_an_error() {
    let job = littered();
    job.emu.inside("src").fails(&["clean", "./nowhere"], 10);
    if need_tool("flock") {
        let emu = job.emu.command("emu", &[]).get_program().to_owned();
        let mut command = std::process::Command::new("flock");
        command.args([job.sink().join(".emu/LOCK").as_os_str(), emu.as_os_str()]);
        command.arg("clean").current_dir(job.src()).env("HOME", job.emu.path("home"));
        job.emu.session().collect(command, "flock … emu clean".into(), b"").exits(11);
    }
    assert!(job.sink().join(".emu-latest").is_symlink());
}

#[test]
fn a_staging_that_says_nothing_readable_is_listed_unless_it_has_a_node() {
    let job = Job::pushed("file a \"a\"");
    let stagings = job.sink().join(".emu/staging");
    for txid in ["garbage", "garbage-with-node"] {
        fs::create_dir(stagings.join(txid)).unwrap();
        fs::write(stagings.join(txid).join("intent"), "\0\0\0").unwrap();
    }
    fs::write(stagings.join("garbage-with-node/node"), "{}").unwrap();
    let said = job.ok(&["-S", "src", "clean", "--dry-run"]);
    assert!(said.contains("garbage") && !said.contains("garbage-with-node"), "{said}");
    let said = job.emu.run(&["-S", "src", "clean"]).succeeds();
    assert!(said.stderr.contains("is left as it is"), "{said}");
    assert!(!stagings.join("garbage").exists() && stagings.join("garbage-with-node").exists());
}
