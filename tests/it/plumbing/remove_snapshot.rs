//! `emu-remove-snapshot`.

use std::fs;

use crate::env::Emu;
use crate::job::listing;
use crate::made::{Made, Special};

fn three(emu: &Emu) -> (Made, Vec<String>) {
    let sink = Made::new(emu, "disk");
    let ids = (1..=3).map(|seq| sink.add(seq, Special::default())).collect();
    (sink, ids)
}

#[test]
fn ids_and_records_are_removed_with_a_record_each() {
    let emu = Emu::new();
    let (sink, ids) = three(&emu);
    let path = sink.path.to_str().unwrap();
    let input = format!("{}\n\n{{\"type\":\"rev\",\"id\":\"{}\"}}\n{}\n", ids[0], ids[1], ids[0]);
    let said = emu.pipe("emu-remove-snapshot", &["--sink", path], input.as_bytes()).succeeds();
    let mut removed: Vec<String> =
        said.records().iter().map(|record| record["id"].as_str().unwrap().to_owned()).collect();
    removed.sort();
    assert_eq!(removed, ids[..2]);
    assert!(said.stderr.is_empty(), "{said}");
    assert_eq!(fs::read_dir(sink.path.join(".emu/nodes")).unwrap().count(), 1);
}

#[test]
fn a_dry_run_prints_what_would_go_and_changes_nothing() {
    let emu = Emu::new();
    let (sink, ids) = three(&emu);
    let before = listing(&sink.path);
    let args = ["--sink", sink.path.to_str().unwrap(), "--dry-run"];
    let records = emu.pipe("emu-remove-snapshot", &args, ids[1].as_bytes()).succeeds().records();
    assert_eq!((&records[0]["id"], &records[0]["action"]), (&ids[1].as_str().into(), &"remove".into()));
    assert_eq!(listing(&sink.path), before);
}

#[test]
fn the_whole_list_is_checked_before_anything_goes() {
    let emu = Emu::new();
    let (sink, ids) = three(&emu);
    let path = sink.path.to_str().unwrap();
    let before = listing(&sink.path);
    let run = |input: String, status: i32| {
        let said = emu.pipe("emu-remove-snapshot", &["--sink", path], input.as_bytes()).exits(status);
        assert_eq!(said.records().last().unwrap()["type"], "error");
        assert_eq!(listing(&sink.path), before);
        said.stdout
    };
    assert!(run(format!("{}\n{}\n", ids[0], ids[2]), 1).contains("is HEAD"));
    assert!(run(format!("{}\n{}\n", ids[0], "0".repeat(40)), 10).contains("no snapshot"));
    assert!(run(format!("{}\nHEAD~\n", ids[0]), 2).contains("no whole id"));
    assert!(run(format!("{}\n{{\"type\":\"error\"}}\n", ids[0]), 2).contains("no whole id"));
    assert!(run(ids.join("\n"), 1).contains("no snapshot at all"));
    // Nothing was asked for.
    assert!(emu.pipe("emu-remove-snapshot", &["--sink", path], b"").succeeds().stdout.is_empty());
    let forced = ["--sink", path, "--force", "--wait", "1"];
    emu.pipe("emu-remove-snapshot", &forced, ids[2].as_bytes()).succeeds();
    assert_eq!(fs::read_to_string(sink.path.join(".emu/HEAD")).unwrap().trim(), ids[1]);
}

#[test]
fn of_what_a_rotation_would_do_only_the_removals_count() {
    let emu = Emu::new();
    let (sink, ids) = three(&emu);
    let path = sink.path.to_str().unwrap();
    let plan = emu.program("emu-rotate", &["--sink", path, "--keep-last", "1", "-n"]).succeeds();
    assert_eq!(plan.records().len(), 3);
    emu.pipe("emu-remove-snapshot", &["--sink", path], &plan.bytes).succeeds();
    let left: Vec<_> =
        fs::read_dir(sink.path.join(".emu/nodes")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, [ids[2].as_str()]);
}
