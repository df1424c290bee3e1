//! What a file refers to inside the package: `use crate::…`, paths that stand in the code, and
//! `super::` where it leads into another module.

use super::rust::Source;

/// Each reference: where it stands, and its path from the top (`["sink", "layout", "NODES"]`).
pub(super) fn references(source: &Source) -> Vec<(usize, Vec<String>)> {
    let mut found = Vec::new();
    // The programs see the library by its name.
    let from_top = if source.path.starts_with("src/bin/") { "emu::" } else { "crate::" };
    for at in source.find(from_top) {
        expand(&source.code[at + from_top.len()..], Vec::new(), &mut |path| found.push((at, path)));
    }
    for at in source.find("super::").into_iter().filter(|at| !source.code[..*at].ends_with("super::")) {
        let mut base = module(&source.path);
        let mut rest = &source.code[at..];
        while let Some(after) = rest.strip_prefix("super::") {
            base.pop();
            rest = after;
        }
        expand(rest, base, &mut |path| found.push((at, path)));
    }
    found
}

/// The path of the module that a file holds (`src/sink/lock.rs`: `["sink", "lock"]`).
pub(super) fn module(path: &str) -> Vec<String> {
    let path = path.strip_prefix("src/").unwrap_or(path);
    let path = path.strip_suffix(".rs").unwrap_or(path);
    let path = path.strip_suffix("/mod").unwrap_or(path);
    path.split('/').map(str::to_owned).collect()
}

/// Calls `found` with each path that the tree at the start of `code` names; returns what follows.
fn expand<'a>(code: &'a str, base: Vec<String>, found: &mut impl FnMut(Vec<String>)) -> &'a str {
    let code = code.trim_start();
    if let Some(mut rest) = code.strip_prefix('{') {
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
            if rest.is_empty() {
                return rest;
            }
            if let Some(after) = rest.strip_prefix('}') {
                return after;
            }
            let before = rest.len();
            rest = expand(rest, base.clone(), found);
            // `x as y`
            rest = &rest[rest.find([',', '}']).unwrap_or(rest.len())..];
            assert!(rest.len() < before, "cannot read a use tree at: {}", &code[..code.len().min(80)]);
        }
    }
    let end = code.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(code.len());
    let mut path = base;
    match &code[..end] {
        "" if code.starts_with('*') => {
            found(path);
            return &code[1..];
        }
        "" | "self" => {}
        name => path.push(name.to_owned()),
    }
    match code[end..].strip_prefix("::") {
        Some(rest) if !rest.starts_with('<') => expand(rest, path, found),
        _ => {
            found(path);
            &code[end..]
        }
    }
}

#[test]
fn references_are_found_in_every_spelling() {
    let text = "use crate::{error::{Error, Result as R}, fs::{self, Dir}};\nuse super::stage::Plan;\n\
                fn f() { crate::clock::now(); super::super::ui::say::<u8>(); super::push() }\n";
    let source = Source::new("src/snapshot/compare.rs", text);
    let found: Vec<String> = references(&source).into_iter().map(|(_, path)| path.join("::")).collect();
    let expected =
        "error::Error error::Result fs fs::Dir clock::now snapshot::stage::Plan ui::say snapshot::push";
    assert_eq!(found.join(" "), expected);
}
