//! `emu-cat-node`.

use crate::env::Emu;
use crate::made::{Made, Special};

#[test]
fn a_node_is_printed_as_it_is_stored() {
    let emu = Emu::new();
    let sink = Made::new(&emu, "disk");
    let first = sink.add(1, Special { message: Some("Gr\u{fc}\u{df}e"), ..Special::default() });
    sink.add(2, Special::default());
    let stored = std::fs::read_to_string(sink.path.join(".emu/nodes").join(&first)).unwrap();
    let path = sink.path.to_str().unwrap();
    let said = emu.program("emu-cat-node", &[&format!("{path}:HEAD~")]).succeeds();
    assert_eq!(said.stdout, stored);
    assert_eq!(emu.program("emu-cat-node", &[path]).succeeds().records().len(), 2);
    assert_eq!(
        emu.pipe("emu-cat-node", &["--sink", path, "-"], b"HEAD\nTAIL\n").succeeds().records().len(),
        2
    );
}

#[test]
fn a_node_that_was_altered_is_not_printed() {
    let emu = Emu::new();
    let sink = Made::new(&emu, "disk");
    let id = sink.add(1, Special::default());
    let node = sink.path.join(".emu/nodes").join(&id);
    let altered = std::fs::read_to_string(&node).unwrap().replace("\"ada\"", "\"eve\"");
    std::fs::write(&node, altered).unwrap();
    let said = emu.program("emu-cat-node", &[&format!("{}:{id}", sink.path.display())]).exits(10);
    assert_eq!(said.records().len(), 1);
    assert!(said.stderr.contains("its node was altered"), "{said}");
}
