//! `emu-rotate`: the same verdicts as `emu rotate`, as records.

use serde::Deserialize;

use crate::job::{Job, id, listing};

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
enum Record {
    Rotation { id: String, action: String, reasons: Vec<String> },
    Removed { id: String, freed: u64 },
}

fn saved() -> Job {
    let job = Job::new("file same \"same\"");
    for seed in 1..=3 {
        job.edit(&format!("file own size=50000 seed={seed}")).push(&[]).succeeds();
    }
    job
}

fn records(text: &str) -> Vec<Record> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn each_snapshot_has_a_verdict_and_each_removal_its_bytes() {
    let job = saved();
    let ids: Vec<String> = job.nodes().iter().map(|node| id(node).to_owned()).collect();
    let said = job.emu.program("emu-rotate", &["--sink", "./sink", "--keep-last", "2"]).succeeds();
    assert_eq!(said.stderr, "");
    let mut actions = Vec::new();
    let mut removed = Vec::new();
    for record in records(&said.stdout) {
        match record {
            Record::Rotation { id, action, reasons } => {
                assert!(!reasons.is_empty());
                actions.push((id, action));
            }
            Record::Removed { id, freed } => {
                assert!(freed >= 50_000, "{freed}");
                removed.push(id);
            }
        }
    }
    let expected = [(2, "keep"), (1, "keep"), (0, "remove")];
    assert_eq!(actions, expected.map(|(place, action)| (ids[place].clone(), action.to_owned())));
    assert_eq!(removed, [ids[0].clone()]);
    assert_eq!(job.nodes().len(), 2);
}

#[test]
fn a_dry_run_prints_the_verdicts_of_the_porcelain() {
    let job = saved();
    let before = listing(&job.sink());
    let options = ["--dry-run", "--keep-last", "1"];
    let plumbing = job.emu.program("emu-rotate", &[&["--sink", "./sink"][..], &options].concat());
    let porcelain = job.emu.run(&[&["rotate", "./sink", "--json"][..], &options].concat()).succeeds();
    assert_eq!(plumbing.succeeds().stdout, porcelain.stdout);
    assert_eq!(records(&porcelain.stdout).len(), 3);
    assert_eq!(listing(&job.sink()), before);
}

#[test]
fn it_needs_a_sink_and_a_policy() {
    let job = saved();
    job.emu.program("emu-rotate", &[]).exits(2);
    job.emu.program("emu-rotate", &["--sink", "./none"]).exits(10);
    job.emu.program("emu-rotate", &["--sink", "./sink", "--keep-last", "0"]).exits(2);
    assert_eq!(job.nodes().len(), 3);
}
