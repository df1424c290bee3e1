//! `emu-diff-tree`.

use std::fs;

use crate::env::Output;
use crate::job::Job;

fn changes(said: Output) -> Vec<String> {
    let records = said.succeeds().records();
    let word =
        |record: &serde_json::Value, field: &str| record[field].as_str().unwrap_or_default().to_owned();
    records.iter().map(|record| format!("{} {}", word(record, "how"), word(record, "path"))).collect()
}

fn job() -> Job {
    let job = Job::pushed("file a \"alpha\" mtime=1700000000\nfile d/x \"x\" mtime=1700000000");
    job.edit("file a \"other\"\nremove d/x");
    job.push(&[]).succeeds();
    job
}

#[test]
fn every_way_to_name_a_tree_leads_to_it() {
    let job = job();
    let sink = job.sink();
    let rev = |rev: &str| format!("{}:{rev}", sink.display());
    let diff = |a: &str, b: &str| changes(job.emu.program("emu-diff-tree", &[a, b]));
    // The time of a directory is a difference here.
    let expected = ["content a", "attributes d", "removed d/x"];
    assert_eq!(diff(&rev("HEAD~"), &rev("HEAD")), expected);
    assert_eq!(diff(&rev("HEAD~"), "dir:src"), expected);
    assert!(diff(&rev("HEAD"), "dir:src").is_empty());
    let stored = sink.join(".emu/manifests").join(job.node()["id"].as_str().unwrap());
    assert_eq!(diff(&rev("HEAD~"), &format!("file:{}", stored.display())), expected);
    let lines = job.emu.program("emu-hash-tree", &["src"]).succeeds().bytes;
    fs::write(job.emu.path("lines"), &lines).unwrap();
    assert!(diff("file:lines", &rev("HEAD")).is_empty());
    assert_eq!(
        changes(job.emu.pipe("emu-diff-tree", &["--sink", sink.to_str().unwrap(), "HEAD~", "-"], &lines)),
        expected
    );
    assert_eq!(
        changes(job.emu.pipe("emu-diff-tree", &["-", "dir:src"], &fs::read(&stored).unwrap())),
        [""; 0]
    );
}

#[test]
fn what_is_no_tree_is_refused() {
    let job = job();
    let said =
        |args: &[&str], status| job.emu.pipe("emu-diff-tree", args, b"no manifest\n").exits(status).stderr;
    assert!(said(&["-", "-"], 2).contains("standard input with itself"));
    assert!(said(&["-", "dir:src"], 2).starts_with("error: cannot read standard input"));
    assert!(said(&["file:src/a", "dir:src"], 2).starts_with("error: cannot read 'src/a'"));
    assert!(said(&["file:none", "dir:src"], 1).starts_with("error: cannot open 'none'"));
    assert!(said(&["dir:none", "dir:src"], 1).starts_with("error: "));
    assert!(said(&["./none:HEAD", "dir:src"], 10).starts_with("error: "));
}
