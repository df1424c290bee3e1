//! Hooks around a push and a checkout.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::env::{give, need_root};
use crate::job::{Job, listing};

/// A source with hooks that write down when they ran, with what, and what they were told.
fn hooked(names: &[&str]) -> Job {
    let job = Job::new("file a \"a\"");
    for name in names {
        hook(&job, name, "echo \"$(basename $0) $EMU_RESULT $(cat)\" >> ../log; echo chatter");
    }
    job
}

fn hook(job: &Job, name: &str, script: &str) {
    let path = job.src().join(".emu/hooks").join(name);
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn log(job: &Job) -> Vec<String> {
    let text = fs::read_to_string(job.emu.path("log")).unwrap_or_default();
    let _ = fs::remove_file(job.emu.path("log"));
    text.lines().map(str::to_owned).collect()
}

const ALL: &[&str] = &["pre-push", "post-push", "push-failed", "pre-checkout", "post-checkout"];

#[test]
fn hooks_run_in_the_source_and_are_told_how_it_ended() {
    let job = hooked(ALL);
    let said = job.emu.run(&["-S", "src", "push", "--json"]).succeeds();
    assert!(said.records().iter().all(|record| record["type"].is_string()), "chatter is not on stdout");
    assert!(said.stderr.contains("chatter"));
    let ran = log(&job);
    assert_eq!(ran[0], "pre-push  ");
    assert!(ran[1].starts_with("post-push 0 {\"type\":\"summary\",\"command\":\"push\""), "{ran:?}");
    assert_eq!(ran.len(), 2);
    job.edit("file p 0000 \"x\"");
    job.push_blind(&[]).exits(3);
    assert!(log(&job)[1].starts_with("post-push 3 "));
    job.edit("remove p");
    job.ok(&["-S", "src", "checkout", "HEAD"]);
    let ran = log(&job);
    assert_eq!(ran[0], "pre-checkout  ");
    assert!(ran[1].starts_with("post-checkout 0 {\"type\":\"summary\",\"command\":\"checkout\""), "{ran:?}");
}

#[test]
fn a_push_that_fails_runs_the_hook_for_that() {
    let job = hooked(ALL);
    fs::rename(job.sink(), job.emu.path("away")).unwrap();
    job.push(&[]).exits(10);
    let ran = log(&job);
    assert!(ran[1].starts_with("push-failed 10 {\"type\":\"summary\""), "{ran:?}");
}

#[test]
fn a_hook_before_the_work_can_forbid_it() {
    let job = hooked(&["push-failed", "post-checkout"]);
    job.push(&[]).succeeds();
    hook(&job, "pre-push", "exit 7");
    hook(&job, "pre-checkout", "exit 8");
    let before = listing(&job.sink());
    let said = job.push(&[]).exits(1);
    assert!(said.stderr.contains("pre-push' failed: it ended with exit status 7"), "{said}");
    assert!(log(&job)[0].starts_with("push-failed 1 "));
    job.edit("file a \"other\"");
    job.emu.inside("src").fails(&["checkout", "--force", "HEAD"], 1);
    assert_eq!(fs::read_to_string(job.src().join("a")).unwrap(), "other");
    assert_eq!(listing(&job.sink()), before);
    assert!(log(&job).is_empty());
    // And the way around it.
    job.push(&["--no-hooks"]).succeeds();
    job.ok(&["-S", "src", "checkout", "--no-hooks", "--force", "HEAD~"]);
    assert!(log(&job).is_empty());
}

#[test]
fn a_hook_may_mount_the_disk_that_the_push_goes_to() {
    let job = hooked(&[]);
    fs::rename(job.sink(), job.emu.path("unplugged")).unwrap();
    hook(&job, "pre-push", "mv ../unplugged ../sink");
    hook(&job, "post-push", "mv ../sink ../unplugged");
    job.push(&[]).succeeds();
    assert_eq!(fs::read_dir(job.emu.path("unplugged/.emu/nodes")).unwrap().count(), 1);
}

#[test]
fn a_hook_that_fails_afterwards_is_told_and_the_snapshot_stays() {
    let job = hooked(&[]);
    hook(&job, "post-push", "kill -9 $$");
    let said = job.push(&[]).exits(3);
    assert!(said.stderr.contains("it was ended by a signal"), "{said}");
    assert_eq!(job.nodes().len(), 1);
    hook(&job, "post-push", "exec 0<&-; exit 0");
    job.push(&[]).succeeds();
}

#[test]
fn samples_dry_runs_and_files_that_are_not_executable_run_nothing() {
    let job = hooked(ALL);
    assert!(job.src().join(".emu/hooks/push-failed.sample").exists());
    job.push(&["--dry-run"]).succeeds();
    assert!(log(&job).is_empty());
    for name in ALL {
        let path = job.src().join(".emu/hooks").join(name);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    }
    job.push(&[]).succeeds();
    job.ok(&["-S", "src", "checkout", "HEAD", "--dry-run"]);
    job.ok(&["-S", "src", "checkout", "HEAD", "--to", "copy"]);
    assert!(log(&job).is_empty());
}

#[test]
fn samples_are_sound_shell() {
    let job = Job::new("file a \"a\"");
    let said =
        job.emu.shell("for s in src/.emu/hooks/*.sample; do sh -n $s || exit 1; done; ls src/.emu/hooks");
    assert_eq!(said.succeeds().stdout.lines().count(), 5);
}

#[test]
fn root_runs_no_hook_of_somebody_else() {
    if !need_root() {
        return;
    }
    let job = hooked(ALL);
    job.push(&[]).succeeds();
    log(&job);
    give(&job.src(), 1234);
    let before = listing(&job.sink());
    let to = job.sink();
    let to = to.to_str().unwrap();
    let said = job.emu.inside("src").fails(&["push", "--to", to], 10);
    assert!(said.contains("emu config --system add safe.directory"), "{said}");
    job.emu.inside("src").fails(&["checkout", &format!("{to}:HEAD")], 10);
    assert_eq!(listing(&job.sink()), before);
    assert!(log(&job).is_empty());
    job.emu.inside("src").run(&["push", "--no-hooks", "--to", to]).succeeds();
    let safe = job.src().to_str().unwrap().to_owned();
    job.ok(&["config", "--user", "add", "safe.directory", &safe]);
    job.emu.inside("src").run(&["push"]).succeeds();
    assert_eq!(log(&job).len(), 2);
}
