//! Files and functions stay small enough to be read at once. Blank lines, comments and tests do
//! not count.

use std::collections::BTreeMap;

use super::rust::count;
use super::{none, shipped};

const FILE: usize = 300;
const FUNCTION: usize = 60;

/// (file, lines). This list may only shrink.
const LONG_FILES: &[(&str, usize)] = &[];

/// (file::function, lines). This list may only shrink.
const LONG_FUNCTIONS: &[(&str, usize)] = &[];

#[test]
fn files_are_short() {
    let sizes = shipped().into_iter().map(|source| (source.path, count(&source.code)));
    check("a file has at most 300 lines of code", FILE, sizes, LONG_FILES);
}

#[test]
fn functions_are_short() {
    let mut sizes = Vec::new();
    for source in shipped() {
        let functions = source.functions();
        sizes.extend(functions.iter().map(|f| (format!("{}::{}", source.path, f.name), count(f.code))));
    }
    check("a function has at most 60 lines of code", FUNCTION, sizes, LONG_FUNCTIONS);
}

/// Nothing is longer than the limit but for the exceptions, and each of those is as long as it says.
fn check(
    rule: &str,
    limit: usize,
    sizes: impl IntoIterator<Item = (String, usize)>,
    exceptions: &[(&str, usize)],
) {
    let mut longest: BTreeMap<String, usize> = BTreeMap::new();
    for (name, size) in sizes {
        let known = longest.entry(name).or_default();
        *known = size.max(*known);
    }
    let excepted: BTreeMap<&str, usize> = exceptions.iter().copied().collect();
    let mut found = Vec::new();
    for (name, size) in &longest {
        match excepted.get(name.as_str()) {
            None if *size > limit => found.push(format!("{name}: {size}")),
            Some(_) if *size <= limit => found.push(format!("{name}: needs no exception any more")),
            Some(stated) if *size != *stated => {
                found.push(format!("{name}: {size}, the exception says {stated}"))
            }
            _ => {}
        }
    }
    let gone = excepted.keys().filter(|name| !longest.contains_key(**name));
    found.extend(gone.map(|name| format!("{name}: excepted, but there is no such thing")));
    none(rule, found);
}
