//! `emu-ls-tree`.

use crate::env::{Emu, Output};
use crate::made::{Made, Special};

fn paths(said: Output) -> Vec<String> {
    let records = said.succeeds().records();
    assert!(records.iter().all(|record| record["type"] == "entry"));
    records.iter().map(|record| record["path"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn entries_stand_in_the_order_of_the_manifest() {
    let emu = Emu::new();
    let sink = Made::new(&emu, "disk");
    sink.add(1, Special::default());
    let path = sink.path.to_str().unwrap();
    let list = |args: &[&str]| emu.program("emu-ls-tree", &[&[path], args].concat());
    assert_eq!(paths(list(&[])), ["", "a", "d", "d/l", "d/x"]);
    assert_eq!(paths(list(&["d"])), ["d", "d/l", "d/x"]);
    assert_eq!(paths(list(&["./d/x", "a/"])), ["a", "d/x"]);
    assert_eq!(paths(emu.pipe("emu-ls-tree", &["--sink", path, "-"], b"HEAD\nHEAD\n")).len(), 10);
}

#[test]
fn a_path_that_is_not_there_is_named() {
    let emu = Emu::new();
    let sink = Made::new(&emu, "disk");
    sink.add(1, Special::default());
    let path = sink.path.to_str().unwrap();
    let said = emu.program("emu-ls-tree", &[path, "a", "none"]).exits(1);
    assert!(said.stderr.starts_with("error: no 'none' in snapshot "), "{said}");
    assert_eq!(said.records().len(), 2);
    assert!(emu.program("emu-ls-tree", &[path, "../x"]).exits(2).stderr.contains("cannot look up"));
}

#[test]
fn nothing_is_printed_of_a_damaged_manifest() {
    let emu = Emu::new();
    let sink = Made::new(&emu, "disk");
    let id = sink.add(1, Special::default());
    let path = sink.path.to_str().unwrap();
    let manifest = sink.path.join(".emu/manifests").join(&id);
    let mut bytes = std::fs::read(&manifest).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&manifest, bytes).unwrap();
    let said = emu.program("emu-ls-tree", &[path]).exits(1);
    assert_eq!(said.records().len(), 1);
    assert!(said.stderr.contains("its manifest is damaged\nhint: its files are in "), "{said}");
    std::fs::remove_file(&manifest).unwrap();
    assert!(emu.program("emu-ls-tree", &[path]).exits(1).stderr.contains("its manifest is missing"));
}
