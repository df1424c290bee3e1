//! `emu clone`: the source on a new machine.

mod cut;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::env::need_tool;
use crate::job::{Job, listing};

const TREE: &str =
    "dir d 0750\nfile d/a 0640 \"text\"\nlink d/b = d/a\nsymlink s -> d/a\nfile big size=70000 seed=3";

#[test]
fn a_clone_has_files_settings_and_the_sink_and_the_sink_does_not_notice() {
    let job = Job::new(TREE);
    job.config("[rotate]\nkeep-last = 9\n");
    fs::write(job.src().join(".emu/excludes"), "*.o\n").unwrap();
    let hook = job.src().join(".emu/hooks/pre-push");
    fs::write(&hook, "#!/bin/sh\necho ran\n").unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    job.push(&[]).succeeds();
    let before = listing(&job.sink());
    let said = job.emu.run(&["clone", "./sink", "copy"]).succeeds();
    assert!(said.stderr.contains("hooks are disabled") && said.stderr.contains("emu sink adopt origin"));
    assert_eq!(listing(&job.sink()), before);
    if need_tool("rsync") {
        let same = job.emu.shell("rsync -aHAXni --delete --exclude /.emu src/ copy/").succeeds();
        assert_eq!(same.stdout, "");
    }
    let copy = job.emu.path("copy/.emu");
    assert_eq!(fs::read_to_string(copy.join("config")).unwrap(), "[rotate]\nkeep-last = 9\n");
    assert_eq!(fs::read_to_string(copy.join("excludes")).unwrap(), "*.o\n");
    assert_eq!(fs::metadata(copy.join("hooks/pre-push")).unwrap().permissions().mode() & 0o111, 0);
    let identity = |path: &std::path::Path| {
        let text = fs::read_to_string(path.join("source")).unwrap();
        serde_json::from_str::<serde_json::Value>(&text).unwrap()["id"].clone()
    };
    assert_eq!(identity(&copy), identity(&job.src().join(".emu")));
    // It works as a source: a checkout finds nothing to do, and a push goes on.
    assert!(job.emu.inside("copy").ok(&["checkout", "HEAD"]).contains("nothing to change"));
    job.emu.inside("copy").ok(&["sink", "adopt"]);
    let said = job.emu.inside("copy").ok(&["push", "--allow-moved"]);
    assert!(said.contains("0 copied"), "{said}");
}

#[test]
fn an_older_revision_can_be_cloned() {
    let job = Job::pushed("file a \"old\"");
    job.edit("file a \"new!\"").push(&[]).succeeds();
    let records =
        job.emu.run(&["clone", "./sink:HEAD~", "copy", "--no-owner", "--json"]).succeeds().records();
    let types: Vec<_> = records.iter().map(|record| record["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["source", "summary"]);
    assert_eq!(fs::read_to_string(job.emu.path("copy/a")).unwrap(), "old");
}

#[test]
fn a_dry_run_makes_nothing() {
    let job = Job::pushed(TREE);
    let before = listing(job.emu.root());
    let said = job.emu.ok(&["clone", "--dry-run", "./sink", "copy"]);
    assert!(said.starts_with("would check out ") && said.contains("and make it a source"), "{said}");
    assert_eq!(listing(job.emu.root()), before);
}

#[test]
fn what_is_there_already_is_not_cloned_over() {
    let job = Job::pushed(TREE);
    job.emu.tree("full", "file mine \"mine\"");
    let before = listing(&job.emu.path("full"));
    assert!(job.emu.fails(&["clone", "./sink", "full"], 1).contains("not empty"));
    assert_eq!(listing(&job.emu.path("full")), before);
    // Nor into a source, or what stands beside the note of a checkout.
    let note = r#"{"v":1,"snapshot":"x","sink":"y","since":"","temporary":".emu-0123456789abcdef-"}"#;
    fs::create_dir(job.emu.path("full/.emu")).unwrap();
    fs::write(job.emu.path("full/.emu/checkout"), note).unwrap();
    assert!(job.emu.fails(&["clone", "./sink", "full"], 1).contains("not empty"));
    let before = listing(&job.src());
    assert!(job.emu.fails(&["clone", "./sink", "src"], 1).contains("not empty"));
    assert_eq!(listing(&job.src()), before);
    job.emu.fails(&["clone", "./nowhere", "copy"], 10);
    job.emu.fails(&["clone", "./sink:none", "copy", "--wait", "1"], 10);
    assert!(!job.emu.path("copy").exists());
}

#[test]
fn what_cannot_be_restored_is_named() {
    let job = Job::pushed(TREE);
    let file = job.newest().join("big");
    fs::write(&file, "damaged").unwrap();
    let said = job.emu.run(&["clone", "./sink", "copy"]).exits(3);
    assert!(said.stderr.contains("'big' is not restored"), "{said}");
    assert!(job.emu.path("copy/d/a").exists() && job.emu.path("copy/.emu/sinks/origin").exists());
}

#[test]
fn a_push_from_a_clone_on_the_same_machine_is_refused_until_it_adopts_the_sink() {
    let job = Job::pushed(TREE);
    job.ok(&["clone", "./sink", "copy"]);
    let before = listing(&job.sink());
    let said = job.emu.inside("copy").fails(&["push"], 10);
    assert!(said.contains("emu sink adopt origin"), "{said}");
    assert_eq!(listing(&job.sink()), before);
    job.push(&[]).succeeds();
    job.emu.inside("copy").ok(&["sink", "adopt", "origin"]);
    job.emu.inside("copy").run(&["push"]).succeeds();
}

#[test]
fn what_the_source_no_longer_had_does_not_come_back() {
    let job = Job::new(TREE);
    job.config("[core]\ndefault-sink = \"usb\"\n");
    fs::write(job.src().join(".emu/hooks/old"), "x").unwrap();
    job.push(&[]).succeeds();
    fs::remove_file(job.src().join(".emu/hooks/old")).unwrap();
    fs::write(job.src().join(".emu/excludes"), "none\n").unwrap();
    job.push(&[]).succeeds();
    fs::remove_file(job.src().join(".emu/excludes")).unwrap();
    job.push(&[]).succeeds();
    let said = job.emu.run(&["clone", "./sink", "copy"]).succeeds();
    assert!(said.stderr.contains("emu sink adopt usb"), "{said}");
    assert!(!job.emu.path("copy/.emu/hooks/old").exists());
    assert!(!fs::read_to_string(job.emu.path("copy/.emu/excludes")).unwrap().contains("none"));
    assert!(job.emu.inside("copy").ok(&["log", "-s", "HEAD"]).contains("HEAD"));
}
