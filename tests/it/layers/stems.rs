//! One stem everywhere: from the name of a command to its code, its page, its test and back.

use std::collections::BTreeSet;

use emu::cmd::{self, Class};

use super::{home, none};

/// Every file that the command table asks for.
fn expected() -> BTreeSet<String> {
    let mut files = BTreeSet::new();
    for entry in cmd::TABLE {
        let stem = entry.name.replace('-', "_");
        let folder = match entry.class {
            Class::Porcelain => "porcelain",
            Class::Plumbing => "plumbing",
        };
        files.insert(format!("src/cmd/{folder}/{stem}.rs"));
        files.insert(format!("tests/it/{folder}/{stem}.rs"));
        files.insert(format!("man/emu-{}.1", entry.name));
        if entry.class == Class::Plumbing {
            files.insert(format!("src/bin/emu-{}.rs", entry.name));
        }
    }
    files
}

/// Every file that stands where such files stand.
fn present() -> BTreeSet<String> {
    let folders = [
        ("src/cmd/porcelain", ".rs"),
        ("src/cmd/plumbing", ".rs"),
        ("tests/it/porcelain", ".rs"),
        ("tests/it/plumbing", ".rs"),
        ("man", ".1"),
        ("src/bin", ".rs"),
    ];
    let mut files = BTreeSet::new();
    for (folder, ending) in folders {
        let Ok(entries) = std::fs::read_dir(home().join(folder)) else { continue };
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        // The folders' own modules and the suite's own program and page belong to no command.
        let of_commands = names.filter(|name| !matches!(name.as_str(), "mod.rs" | "emu.rs" | "emu.1"));
        files
            .extend(of_commands.filter(|name| name.ends_with(ending)).map(|name| format!("{folder}/{name}")));
    }
    files
}

#[test]
fn every_command_has_code_page_and_test_under_its_name() {
    none("missing", expected().difference(&present()).cloned());
}

#[test]
fn no_code_page_or_test_is_without_a_command() {
    none("no command in the table has this name", present().difference(&expected()).cloned());
}
