//! Words that occur only where they belong.

use super::{none, shipped, sources};

/// Names inside `.emu`.
const LAYOUT: &[&str] = &["trees", "nodes", "manifests", "staging", "removed", "spare", "trash", "pins"];

/// (file or folder, word): where such a word is not a name on disk.
const NOT_LAYOUT: &[(&str, &str)] = &[
    // The type of a record.
    ("src/record/", "removed"),
    // Keys of the configuration, and a kind of change, as people read them.
    ("src/config", "spare"),
    ("src/ui/", "removed"),
    // A kind of change.
    ("src/history/", "removed"),
    // A count in a summary, and a kind of change.
    ("src/cmd/", "removed"),
    // Kinds of leftovers in records.
    ("src/snapshot/clean", "staging"),
    ("src/snapshot/clean", "spare"),
    ("src/snapshot/clean", "trash"),
    // What is counted.
    ("src/cmd/", "spare"),
];

#[test]
fn only_ui_prints() {
    let mut found = Vec::new();
    let quiet =
        |path: &str| !path.starts_with("src/ui/") && path != "src/ui.rs" && path != "src/cmd/dispatch.rs";
    for source in shipped().iter().filter(|source| quiet(&source.path)) {
        for word in ["print!", "println!", "eprint!", "eprintln!", "stdout()", "stderr()"] {
            found.extend(source.find(word).into_iter().map(|at| format!("{} {word}", source.place(at))));
        }
    }
    none("only ui prints", found);
}

#[test]
fn only_layout_knows_the_names_inside_a_sink() {
    let mut found = Vec::new();
    for source in shipped().iter().filter(|source| source.path != "src/sink/layout.rs") {
        for (at, text) in &source.strings {
            let means_else =
                NOT_LAYOUT.iter().any(|(path, word)| source.path.starts_with(path) && word == text);
            if LAYOUT.contains(&text.as_str()) && !means_else {
                found.push(format!("{} \"{text}\"", source.place(*at)));
            }
        }
    }
    none("names inside .emu stand in src/sink/layout.rs", found);
}

#[test]
fn a_dry_run_is_a_plan_that_is_not_applied() {
    let mut found = Vec::new();
    let below = |path: &str| !path.starts_with("src/cmd/") && !path.starts_with("src/bin/");
    for source in shipped().iter().filter(|source| below(&source.path)) {
        let is_flag = |at: &usize| {
            let after = source.code[at + "dry_run".len()..].trim_start().strip_prefix(':');
            after.is_some_and(|after| after.trim_start().starts_with("bool"))
        };
        found.extend(source.find("dry_run").into_iter().filter(is_flag).map(|at| source.place(at)));
    }
    none("no `dry_run: bool` below cmd", found);
}

#[test]
fn every_expect_says_because() {
    let mut found = Vec::new();
    for source in shipped() {
        let expected = |at: usize| source.code[..at].trim_end().ends_with(".expect(");
        let unproven =
            source.strings.iter().filter(|(at, text)| expected(*at) && !text.starts_with("because"));
        found.extend(unproven.map(|(at, text)| format!("{} \"{text}\"", source.place(*at))));
    }
    none("expect(\"because …\") states a local proof", found);
}

#[test]
fn nothing_is_left_for_later() {
    // Put together, so that this file does not find itself.
    let words =
        [["to", "do!("], ["unimple", "mented!("], ["#[ign", "ore"], ["TO", "DO"], ["FIX", "ME"], ["XX", "X"]];
    let mut found = Vec::new();
    for source in [sources("src"), sources("tests"), sources("benches")].concat() {
        for word in words.map(|parts| parts.concat()) {
            let lines = source.text.lines().enumerate().filter(|(_, line)| line.contains(&word));
            found.extend(
                lines.map(|(number, line)| format!("{}:{} {}", source.path, number + 1, line.trim())),
            );
        }
    }
    none("nothing is left for later", found);
}
