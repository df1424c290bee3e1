//! `emu init`.

use crate::env::{Emu, assert_shows};
use crate::tree::{Show, print_with};

#[test]
fn a_directory_becomes_a_source() {
    let emu = Emu::new();
    emu.tree("src", "file a \"text\"");
    assert_shows(&emu.run(&["init", "src"]), "$ emu init src\nsource 'ROOT/src': id <uuid1>");
    // A second time changes nothing.
    assert_shows(&emu.inside("src").run(&["init"]), "$ emu init\nsource 'ROOT/src': id <uuid1>");
    for name in ["source", "config", "excludes", "hooks", "sinks"] {
        assert!(emu.path("src/.emu").join(name).exists(), "{name}");
    }
}

#[test]
fn records_say_whether_the_source_is_new() {
    let emu = Emu::new();
    emu.tree("src", "");
    let new = || emu.run(&["init", "--json", "src"]).succeeds().records()[0]["new"].clone();
    assert_eq!([new(), new()], [true, false]);
}

#[test]
fn what_is_missing_is_made_again_and_the_id_comes_back_from_a_sink() {
    let emu = Emu::new();
    emu.tree("src", "");
    let id = || emu.run(&["init", "--json", "src"]).succeeds().records()[0]["id"].clone();
    let first = id();
    emu.inside("src").ok(&["sink", "add", "../sink"]);
    std::fs::write(emu.path("src/.emu/source"), "garbage").unwrap();
    std::fs::remove_file(emu.path("src/.emu/excludes")).unwrap();
    std::fs::write(emu.path("src/.emu/config"), "[push]\ncompare = \"mtime\"\n").unwrap();
    assert_eq!(id(), first);
    assert!(emu.path("src/.emu/excludes").exists());
    let config = std::fs::read_to_string(emu.path("src/.emu/config")).unwrap();
    assert_eq!(config, "[push]\ncompare = \"mtime\"\n");
}

#[test]
fn a_template_is_copied_without_what_is_the_sources_own() {
    let emu = Emu::new();
    emu.tree("src", "");
    emu.tree(
        "template",
        r#"
        file config "[push]\ntorn = \"error\"\n"
        file source "not this"
        dir sinks
        file sinks/other "nor this"
        dir hooks
        file hooks/pre-push 0755 "\#!/bin/sh\n"
        file hooks/readme 0644 "text"
        "#
        .replace("\\#", "#")
        .as_str(),
    );
    emu.ok(&["init", "--template-dir", "template", "src"]);
    let mode = |name: &str| {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::metadata(emu.path("src/.emu").join(name)).unwrap().permissions().mode() & 0o777
    };
    assert_eq!((mode("hooks/pre-push"), mode("hooks/readme")), (0o700, 0o600));
    let read = |name: &str| std::fs::read_to_string(emu.path("src/.emu").join(name)).unwrap();
    assert_eq!(read("config"), "[push]\ntorn = \"error\"\n");
    assert_ne!(read("source"), "not this");
    assert!(!emu.path("src/.emu/sinks/other").exists());
    // Again, after an edit: nothing is overwritten.
    std::fs::write(emu.path("src/.emu/config"), "").unwrap();
    emu.ok(&["init", "--template-dir", "template", "src"]);
    assert_eq!(read("config"), "");
}

#[test]
fn a_directory_that_cannot_be_a_source_is_left_as_it_was() {
    let emu = Emu::new();
    emu.tree("src", "");
    emu.ok(&["init", "src"]);
    emu.inside("src").ok(&["sink", "add", "../sink"]);
    emu.tree("sink/inner", "");
    let before = print_with(&emu.path("sink/inner"), Show::default());
    let said = emu.fails(&["init", "sink/inner"], 1);
    assert!(said.starts_with("error: cannot make a source of ") && said.contains("it lies in the sink"));
    assert_eq!(print_with(&emu.path("sink/inner"), Show::default()), before);
    assert!(emu.fails(&["init", "missing"], 10).contains("there is no such directory"));
    let said = emu.fails(&["init", "--template-dir", "missing", "src"], 1);
    assert!(said.starts_with("error: cannot open the template 'missing'"));
}
