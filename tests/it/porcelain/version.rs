//! `emu version`.

use crate::env::{Emu, assert_shows};

#[test]
fn the_version_is_told_in_three_ways() {
    let emu = Emu::new();
    assert_shows(&emu.run(&["version"]), "$ emu version\nemu 1.0.0");
    assert_shows(&emu.run(&["--version"]), "$ emu --version\nemu 1.0.0");
    let record = &emu.run(&["version", "--json"]).succeeds().records()[0];
    assert_eq!((&record["type"], &record["version"]), (&"version".into(), &"1.0.0".into()));
}
