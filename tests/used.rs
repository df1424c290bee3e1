//! No command and no option without a test: runs after `it`, whose tests note each command line that
//! they run, and fails for what none of them used.

#![allow(
    clippy::disallowed_methods,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    dead_code,
    missing_docs,
    unreachable_pub
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use clap::Command;
use clap::parser::ValueSource;
use emu::cmd::{self, Class};

/// Commands that change something and have no dry run, and why.
const WITHOUT_DRY_RUN: &[(&str, &str)] = &[
    ("emu init", "it makes one directory, and overwrites nothing"),
    ("emu-link-snapshot", "the dry run of a pipeline is emu-hash-tree, or emu push --dry-run"),
    ("emu-commit-snapshot", "the dry run of a pipeline is emu-hash-tree, or emu push --dry-run"),
];

/// Commands that only read.
const READERS: &[&str] = &[
    "emu sink list",
    "emu status",
    "emu log",
    "emu show",
    "emu diff",
    "emu ls",
    "emu cat",
    "emu find",
    "emu du",
    "emu path",
    "emu help",
    "emu version",
    "emu completions",
    "emu config list",
    "emu config get",
    "emu-hash-tree",
    "emu-rev-parse",
    "emu-cat-node",
    "emu-ls-tree",
    "emu-diff-tree",
    "emu-check-exclude",
    "emu-verify-tree",
];

/// A command as it is typed, and one of its options; the empty option is the command itself.
type Use = (String, String);

fn command_lines() -> Option<Vec<Vec<String>>> {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("command-lines");
    let text = std::fs::read_to_string(path).ok()?;
    Some(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

/// Every command line there is, by its first word. To build one takes long.
fn programs() -> BTreeMap<String, Command> {
    let plumbing = cmd::TABLE.iter().filter(|entry| entry.class == Class::Plumbing);
    let named = |entry: &cmd::Entry| {
        let name = format!("emu-{}", entry.name);
        (name.clone(), cmd::command(entry).name(name))
    };
    let mut programs: BTreeMap<String, Command> = plumbing.map(named).collect();
    programs.insert("emu".to_owned(), cmd::program());
    programs
}

/// Everything that can be typed: each command and program with its long options.
fn wanted(programs: &BTreeMap<String, Command>) -> BTreeSet<Use> {
    let mut wanted = BTreeSet::new();
    for entry in cmd::TABLE.iter().filter(|entry| entry.class == Class::Porcelain) {
        let command = programs["emu"].find_subcommand(entry.name).unwrap();
        collect(&format!("emu {}", entry.name), command, &programs["emu"], &mut wanted);
    }
    for (name, command) in programs.iter().filter(|(name, _)| *name != "emu") {
        collect(name, command, &programs["emu"], &mut wanted);
    }
    wanted
}

fn collect(name: &str, command: &Command, emu: &Command, wanted: &mut BTreeSet<Use>) {
    wanted.insert((name.to_owned(), String::new()));
    for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
        let Some(long) = arg.get_long().filter(|long| !matches!(*long, "help" | "version")) else { continue };
        let name = if arg.is_global_set() && is_common(long, emu) { "every command" } else { name };
        wanted.insert((name.to_owned(), long.to_owned()));
    }
    for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
        collect(&format!("{name} {}", below.get_name()), below, emu, wanted);
    }
}

/// Whether all commands have this option.
fn is_common(long: &str, emu: &Command) -> bool {
    emu.get_arguments().any(|arg| arg.get_long() == Some(long))
}

/// What a command line uses.
fn uses(words: &[String], programs: &mut BTreeMap<String, Command>) -> Vec<Use> {
    let parsed = programs.get_mut(&words[0]).unwrap().try_get_matches_from_mut(words);
    let Ok(mut matches) = parsed else { return Vec::new() };
    let (mut name, mut definition) = (words[0].clone(), &programs[&words[0]]);
    let mut uses = Vec::new();
    loop {
        for arg in definition.get_arguments() {
            let (Some(long), id) = (arg.get_long(), arg.get_id().as_str()) else { continue };
            let there = matches.try_contains_id(id).is_ok();
            if there && matches.value_source(id) == Some(ValueSource::CommandLine) {
                let name = if is_common(long, &programs["emu"]) { "every command" } else { &name };
                uses.push((name.to_owned(), long.to_owned()));
            }
        }
        uses.push((name.clone(), String::new()));
        let Some((below, own)) = matches.remove_subcommand() else { return uses };
        let Some(found) = definition.find_subcommand(&below) else { return uses };
        // `emu hash-tree` is the program under its other name.
        let plumbing = name == "emu"
            && !cmd::TABLE.iter().any(|entry| entry.name == below && entry.class == Class::Porcelain);
        name = if plumbing { format!("emu-{below}") } else { format!("{name} {below}") };
        (definition, matches) = (found, own);
    }
}

#[test]
fn every_command_and_option_is_used_by_a_test() {
    let Some(lines) = command_lines() else {
        eprintln!("skipped: the tests of `it` did not run before");
        return;
    };
    let mut programs = programs();
    // Before they parse anything, which gives the options of a command to those below it.
    let wanted = wanted(&programs);
    let used: BTreeSet<Use> = lines.iter().flat_map(|words| uses(words, &mut programs)).collect();
    let unused: Vec<String> =
        wanted.difference(&used).map(|(name, option)| format!("{name} --{option}")).collect();
    assert!(
        unused.is_empty(),
        "no test used these (a partial run of `it` uses little):\n{}",
        unused.join("\n")
    );
}

#[test]
fn every_command_that_changes_something_has_a_dry_run() {
    let all = wanted(&programs());
    let commands: BTreeSet<&String> = all.iter().map(|(name, _)| name).collect();
    // A command with subcommands does what they do.
    let is_group = |name: &str| commands.iter().any(|other| other.starts_with(&format!("{name} ")));
    let dry = |name: &str| {
        all.contains(&(name.to_owned(), "dry-run".to_owned()))
            || name
                .rsplit_once(' ')
                .is_some_and(|(above, _)| all.contains(&(above.to_owned(), "dry-run".to_owned())))
    };
    let lacking = commands.iter().filter(|name| **name != "every command").filter(|name| {
        let excused =
            READERS.contains(&name.as_str()) || WITHOUT_DRY_RUN.iter().any(|(other, _)| other == *name);
        !excused && !is_group(name) && !dry(name)
    });
    let lacking: Vec<_> = lacking.collect();
    assert!(lacking.is_empty(), "without a dry run: {lacking:?}");
}
