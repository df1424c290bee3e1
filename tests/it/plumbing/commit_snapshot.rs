//! `emu-commit-snapshot`: what is published, and what can no longer be.

use std::fs;

use fs2::FileExt;
use serde_json::Value;

use crate::env::Output;
use crate::job::{Job, id, listing, one_error};

fn staged(job: &Job) -> String {
    let line = "emu-hash-tree src | emu-link-snapshot --sink ./sink --source src";
    job.emu.shell(line).succeeds().stdout
}

fn commit(job: &Job, record: &str, more: &[&str]) -> Output {
    job.emu.pipe("emu-commit-snapshot", &[&["--sink", "./sink"], more].concat(), record.as_bytes())
}

fn stagings(job: &Job) -> usize {
    fs::read_dir(job.sink().join(".emu/staging")).unwrap().count()
}

fn with(record: &str, field: &str, value: &str) -> String {
    let mut record: Value = serde_json::from_str(record).unwrap();
    record[field] = value.into();
    record.to_string()
}

#[test]
fn a_staged_tree_is_published_once() {
    let job = Job::new("file a \"1\"\nfile d/b \"2\"");
    let record = staged(&job);
    let printed = commit(&job, &record, &["-m", "first"]).succeeds().records().remove(0);
    assert_eq!((&printed["type"], &printed["head"]), (&"snapshot".into(), &true.into()));
    assert_eq!((&printed["id"], &printed["message"]), (&job.node()["id"], &"first".into()));
    job.same();
    assert_eq!(stagings(&job), 0);
    assert!(job.sink().join("latest/d/b").exists());
    one_error(&commit(&job, &record, &[]).exits(10));
    assert_eq!(job.nodes().len(), 1);
}

#[test]
fn a_head_that_moved_ends_the_staging() {
    let job = Job::pushed("file a \"1\"");
    let record = staged(&job);
    job.push(&[]).succeeds();
    let said = commit(&job, &record, &[]).exits(1);
    one_error(&said);
    assert!(said.stderr.contains("hint: run the pipeline again"), "{said}");
    assert_eq!((stagings(&job), job.nodes().len()), (0, 2));
}

#[test]
fn a_locked_sink_ends_the_staging() {
    let job = Job::pushed("file a \"1\"");
    let record = staged(&job);
    let lock = fs::File::options().read(true).write(true).open(job.sink().join(".emu/LOCK")).unwrap();
    lock.try_lock_exclusive().unwrap();
    one_error(&commit(&job, &record, &[]).exits(11));
    assert_eq!((stagings(&job), job.nodes().len()), (0, 1));
}

#[test]
fn the_parent_can_be_demanded() {
    let job = Job::pushed("file a \"1\"");
    job.push(&[]).succeeds();
    let record = staged(&job);
    let parent = id(&job.nodes()[0]).to_owned();
    one_error(&commit(&job, &record, &["--parent", &parent]).exits(1));
    assert_eq!(job.nodes().len(), 2);
    let record = staged(&job);
    commit(&job, &record, &["--parent", "HEAD"]).succeeds();
    assert_eq!(job.nodes().len(), 3);
}

#[test]
fn what_is_no_staged_record_is_refused() {
    let job = Job::pushed("file a \"1\"");
    let record = staged(&job);
    let before = listing(&job.sink());
    let long = format!("{{\"type\":\"staged\",\"txid\":\"{}\"}}", "x".repeat(20 << 20));
    for (text, status) in [
        ("", 1),
        ("\n", 1),
        ("garbage\n", 2),
        ("{}\n", 2),
        ("\0\u{ff}\n", 2),
        ("{\"type\":\"staged\"}\n", 2),
        (&record[..record.len() / 2], 2),
        (&long, 2),
        (&with(&record, "type", "snapshot"), 2),
        (&with(&record, "sink", "11111111-1111-4111-8111-111111111111"), 2),
        (&with(&record, "txid", "../../nodes"), 2),
        (&with(&record, "txid", ".."), 2),
        (&with(&record, "txid", ""), 2),
        (&with(&record, "txid", "none"), 10),
        (&with(&record, "manifest", &"0".repeat(64)), 1),
        (&with(&record, "manifest", "0"), 2),
    ] {
        let said = commit(&job, text, &[]);
        let shown: String = text.chars().take(80).collect();
        assert_eq!(said.status, status, "{shown}: {said}");
        assert!(one_error(&said).len() < 1000, "{shown}");
        assert_eq!(listing(&job.sink()), before, "{shown}");
    }
    commit(&job, &record, &[]).succeeds();
}

#[test]
fn an_empty_input_has_a_hint() {
    let job = Job::pushed("file a \"1\"");
    assert!(commit(&job, "", &[]).exits(1).stderr.contains("hint: "));
}

#[test]
fn a_damaged_staging_is_not_published() {
    let job = Job::pushed("file a \"1\"");
    let record = staged(&job);
    let txid = serde_json::from_str::<Value>(&record).unwrap()["txid"].as_str().unwrap().to_owned();
    let manifest = job.sink().join(".emu/staging").join(txid).join("manifest");
    let mut bytes = fs::read(&manifest).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&manifest, bytes).unwrap();
    one_error(&commit(&job, &record, &[]).exits(1));
    assert_eq!(job.nodes().len(), 1);
}

#[test]
fn the_staging_of_a_running_push_is_not_published() {
    let job = Job::pushed("file a \"1\"");
    let record = staged(&job);
    let txid = serde_json::from_str::<Value>(&record).unwrap()["txid"].as_str().unwrap().to_owned();
    let lock = job.sink().join(".emu/staging").join(txid).join("LOCK");
    let lock = fs::File::options().read(true).write(true).open(lock).unwrap();
    lock.try_lock_exclusive().unwrap();
    one_error(&commit(&job, &record, &[]).exits(1));
    assert_eq!((stagings(&job), job.nodes().len()), (1, 1));
}

#[test]
fn a_snapshot_without_some_entries_exits_three() {
    let job = Job::new("file a \"1\"\nfile p 0000 \"x\"");
    let line = "emu-hash-tree src | emu-link-snapshot --sink ./sink --source src | emu-commit-snapshot --sink ./sink";
    let mut command = job.emu.blind().command("bash", &["-c", line]);
    command.current_dir(job.emu.root());
    let said = job.emu.session().collect(command, line.into(), b"").exits(3);
    assert_eq!(said.records()[0]["counts"]["unread"], 1, "{said}");
    assert_eq!(job.node()["unread"][0]["path"], "p");
}
