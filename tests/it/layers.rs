//! The rules of the house that no lint can hold, checked on the sources themselves.
//!
//! `rust` reads a source file apart, `uses` finds what it refers to. Each rule is one test; an
//! exception stands in a table beside its rule, with its reason. Tests are free of most rules:
//! `#[cfg(test)]` items and files named `tests.rs` are left out.

mod modules;
mod rust;
mod sizes;
mod stems;
mod uses;
mod words;

use std::path::Path;

use rust::Source;

/// Where the package stands.
fn home() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The Rust files below a directory of the package, in order of their paths; none if it is missing.
fn sources(directory: &str) -> Vec<Source> {
    if !home().join(directory).exists() {
        return Vec::new();
    }
    let walk = walkdir::WalkDir::new(home().join(directory)).sort_by_file_name();
    let files = walk.into_iter().map(|entry| entry.unwrap().into_path());
    let rust = files.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let relative = |path: &Path| path.strip_prefix(home()).unwrap().to_str().unwrap().to_owned();
    rust.map(|path| Source::new(&relative(&path), &std::fs::read_to_string(&path).unwrap())).collect()
}

/// What ships: everything below src but test modules in files of their own.
fn shipped() -> Vec<Source> {
    let is_test = |source: &Source| source.path.ends_with("tests.rs") || source.path.contains("/tests/");
    sources("src").into_iter().filter(|source| !is_test(source)).collect()
}

/// Fails with all that was found, a line each.
#[track_caller]
fn none(rule: &str, found: impl IntoIterator<Item = String>) {
    let found: Vec<String> = found.into_iter().collect();
    assert!(found.is_empty(), "{rule}:\n  {}", found.join("\n  "));
}
