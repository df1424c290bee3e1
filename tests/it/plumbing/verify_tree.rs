//! `emu-verify-tree`: findings as records, the revisions from the line or from standard input.

use crate::job::{Job, id};
use crate::tree::build;

fn pushed_twice() -> Job {
    let job = Job::pushed("dir . 0755 mtime=9\nfile a 0644 \"text\" mtime=5\nfile b 0600 \"more\" mtime=6");
    job.push(&[]).succeeds();
    job
}

#[test]
fn sound_snapshots_print_nothing() {
    let job = pushed_twice();
    for revs in [&["HEAD"][..], &["HEAD", "HEAD~"], &["TAIL..HEAD"], &["--quick", "HEAD"]] {
        let said = job.emu.program("emu-verify-tree", &[&["--sink", "./sink"], revs].concat()).succeeds();
        assert_eq!((said.stdout.as_str(), said.stderr.as_str()), ("", ""));
    }
    job.emu.ok(&["verify-tree", "./sink"]);
}

#[test]
fn findings_are_records_and_exit_4() {
    let job = pushed_twice();
    build(&job.newest(), "file a 0644 \"texd\" mtime=5");
    let ids: Vec<String> = job.nodes().iter().map(|node| id(node).to_owned()).collect();
    let said = job.emu.program("emu-verify-tree", &["./sink:HEAD"]).exits(4);
    let records = said.records();
    assert_eq!(records.len(), 1, "{said}");
    assert_eq!((&records[0]["type"], &records[0]["what"]), (&"finding".into(), &"content".into()));
    assert_eq!((&records[0]["path"], &records[0]["shared"]), (&"a".into(), &serde_json::json!([])));
    // One run, although on two lines: each names the other.
    let lines = format!("{}\n{}\n", ids[0], ids[1]);
    let said = job.emu.pipe("emu-verify-tree", &["--sink", "./sink", "-"], lines.as_bytes()).exits(4);
    let records = said.records();
    assert_eq!(records.len(), 2, "{said}");
    assert_eq!(records[0]["shared"], serde_json::json!([records[1]["id"]]));
    job.emu.program("emu-verify-tree", &["--quick", "./sink:HEAD"]).succeeds();
}

#[test]
fn an_unknown_snapshot_is_exit_10_before_anything_is_read() {
    let job = pushed_twice();
    build(&job.newest(), "attr a 0600");
    let said = job.emu.program("emu-verify-tree", &["./sink:HEAD", "./sink:ffffffff"]).exits(10);
    assert_eq!(said.records().last().unwrap()["type"], "error", "{said}");
    assert!(said.records().iter().all(|record| record["type"] != "finding"), "{said}");
    job.emu.program("emu-verify-tree", &[]).exits(2);
}
