//! Man pages and completions come from the command table; the committed ones must be current.
//!
//! `EMU_BLESS=1 cargo test --test it generated` writes them anew. No page carries a date or
//! anything else that differs between two runs. Pages of section 5 are written by hand; here
//! it is only checked that they leave out no record type and no configuration key.

mod agree;
mod page;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use emu::cmd::complete::{Shell, script};
use page::pages;

/// Every `type` of a JSON record.
const RECORD_TYPES: &[&str] = &[
    "manifest",
    "entry",
    "tree",
    "unread",
    "exclusions",
    "snapshot",
    "staged",
    "rotation",
    "removed",
    "change",
    "found",
    "status",
    "usage",
    "leftover",
    "setting",
    "excluded",
    "finding",
    "rev",
    "summary",
    "installed",
    "error",
];

/// What stands below a sink's and a source's `.emu`.
const FORMAT_WORDS: &[&str] = &[
    "source",
    "config",
    "excludes",
    "hooks",
    "sinks",
    "replaced",
    "LOCK",
    "sink",
    "HEAD",
    "trees",
    "manifests",
    "nodes",
    "excluded",
    "pins",
    "verified",
    "removed",
    "index",
    "gone",
    "staging",
    "spare",
    "trash",
    "latest",
    "emu-tree-1",
];

/// Every configuration key.
const CONFIG_KEYS: &[&str] = &[
    "core.default-sink",
    "push.compare",
    "push.metadata-change",
    "push.one-file-system",
    "push.exclude-caches",
    "push.exclude-if-present",
    "push.exclude-larger-than",
    "push.torn",
    "push.unread-ok",
    "push.churn-limit",
    "push.special",
    "rotate.keep-last",
    "rotate.keep-hourly",
    "rotate.keep-daily",
    "rotate.keep-weekly",
    "rotate.keep-monthly",
    "rotate.keep-yearly",
    "rotate.keep-within",
    "rotate.min-free",
    "rotate.min-keep",
    "rotate.spare",
    "rotate.spare-rest",
];

#[test]
fn man_pages_are_rendered_from_the_command_table() {
    compare("man", &pages());
}

#[test]
fn completions_are_rendered_from_the_command_table() {
    let shells = [(Shell::Bash, "emu.bash"), (Shell::Zsh, "_emu"), (Shell::Fish, "emu.fish")];
    compare("completions", &shells.map(|(shell, file)| (file.to_owned(), script(shell))).into());
}

#[test]
fn rendering_twice_gives_the_same_pages() {
    assert_eq!(pages(), pages());
}

#[test]
fn the_page_on_formats_names_every_file() {
    mentions("man/emu-format.5", FORMAT_WORDS);
}

#[test]
fn the_page_on_json_names_every_record_type() {
    mentions("man/emu-json.5", RECORD_TYPES);
}

#[test]
fn the_page_on_configuration_names_every_key() {
    mentions("man/emu-config.5", CONFIG_KEYS);
}

/// Whether this run writes the files. The program has the old ones until it is built again.
fn blesses() -> bool {
    std::env::var("EMU_BLESS").is_ok_and(|value| value == "1")
}

fn home() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Compares with the committed files of one directory, or writes them.
fn compare(directory: &str, files: &BTreeMap<String, String>) {
    let mut stale = Vec::new();
    for (name, text) in files {
        let path: PathBuf = home().join(directory).join(name);
        if std::fs::read_to_string(&path).ok().as_ref() == Some(text) {
            continue;
        }
        if blesses() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
        } else {
            stale.push(format!("{directory}/{name}"));
        }
    }
    assert!(
        stale.is_empty(),
        "not current: {stale:?}\nEMU_BLESS=1 cargo test --test it generated writes them"
    );
}

/// Each word must stand on the page on its own, in roff's spelling or in plain.
fn mentions(page: &str, words: &[&str]) {
    let text = std::fs::read_to_string(home().join(page)).unwrap_or_else(|error| panic!("{page}: {error}"));
    let text = text.replace("\\-", "-").replace("\\&", "").replace("\\f", " \\f");
    // Font changes are spelt "\fB": cut off those three characters.
    let text: String =
        text.split("\\f").enumerate().map(|(n, part)| if n == 0 { part } else { &part[1..] }).collect();
    let in_word = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    let stands_alone = |word: &str| {
        text.match_indices(word)
            .any(|(at, _)| !text[..at].ends_with(in_word) && !text[at + word.len()..].starts_with(in_word))
    };
    let missing: Vec<_> = words.iter().filter(|word| !stands_alone(word)).collect();
    assert!(missing.is_empty(), "{page} does not mention {missing:?}");
}
