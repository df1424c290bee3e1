//! `emu help`, and what is said to those who need it.

use crate::env::{Emu, assert_shows};

#[test]
fn every_command_has_help() {
    let emu = Emu::new();
    let all = emu.ok(&["help"]);
    for entry in emu::cmd::TABLE {
        assert!(all.contains(entry.name), "{}", entry.name);
        let long = emu.ok(&["help", entry.name]);
        assert!(long.contains(&format!("Usage: emu {}", entry.name)), "{long}");
        let short = emu.ok(&[entry.name, "-h"]);
        assert!(short.starts_with(entry.summary), "{}: {short}", entry.name);
    }
}

#[test]
fn emu_alone_says_what_there_is_and_fails() {
    let emu = Emu::new();
    let said = emu.run(&[]).exits(2);
    assert!(said.stdout.is_empty() && said.stderr.contains("Commands:"), "{said}");
}

#[test]
fn words_of_other_tools_get_a_hint() {
    let emu = Emu::new();
    for word in ["backup", "restore", "snapshots", "forget", "check", "fsck", "gc"] {
        let said = emu.fails(&[word], 2);
        assert!(said.starts_with(&format!("error: there is no command '{word}'\nhint: ")), "{said}");
    }
}

#[test]
fn a_slip_of_the_fingers_gets_the_nearest_command() {
    let emu = Emu::new();
    assert_shows(
        &emu.run(&["lgo"]),
        "
        $ emu lgo
        [stderr]
        error: there is no command 'lgo'
        hint: did you mean `emu log`?
        [exit 2]
        ",
    );
    assert!(emu.fails(&["frobnicate"], 2).contains("hint: `emu help` lists the commands"));
    assert!(emu.fails(&["../sh"], 2).contains("there is no command"));
}

#[test]
fn a_command_that_is_none_of_ours_is_a_program_of_path() {
    let emu = Emu::new();
    emu.tree("bin", "file emu-greet 0755 \"#!/bin/sh\\necho \\\"$1 from $PWD $EMU_SOURCE\\\"; exit 7\\n\"");
    let path = format!("{}:/usr/bin:/bin", emu.path("bin").display());
    let said = emu.session().env("PATH", &path).run(&["-C", "bin", "-S", "x", "greet", "--hi"]).exits(7);
    assert_eq!(said.stdout, format!("--hi from {} x\n", emu.path("bin").display()));
}

#[test]
fn usage_errors_are_in_the_words_of_the_house() {
    let emu = Emu::new();
    assert_shows(
        &emu.run(&["log", "--frob"]),
        "
        $ emu log --frob
        [stderr]
        error: unknown option '--frob'
        hint: see `emu log --help`
        [exit 2]
        ",
    );
    let said = emu.program("emu-rev-parse", &[]).exits(2);
    assert_eq!(said.records()[0]["class"], "usage");
    assert!(emu.fails(&["-C", "missing", "log"], 10).starts_with("error: cannot change to 'missing'"));
}
