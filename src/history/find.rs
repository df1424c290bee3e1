//! Names across snapshots: what stands under a path that fits, in how many versions, and which
//! snapshots have each.

use super::frames;
use crate::error::{Error, Result};
use crate::sink::{Damaged, Node, Sink};
use crate::tree::{Entry, Kind, Listing, path};
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// A pattern as excludes have them: without a slash it fits a name at any depth, otherwise the path
/// from the root.
pub struct Pattern {
    matcher: Gitignore,
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// [`crate::error::Kind::Usage`] if it is none.
    pub fn new(text: &str, ignore_case: bool) -> Result<Pattern> {
        let cannot = || Error::usage(format!("cannot read the pattern {}", crate::quote::quoted(text)));
        let mut builder = GitignoreBuilder::new("");
        builder.allow_unclosed_class(false);
        let added = builder.case_insensitive(ignore_case).and_then(|builder| {
            // A line of excludes can be a comment or a negation; here it is a name.
            let plain = if text.starts_with(['#', '!']) { format!("\\{text}") } else { text.to_owned() };
            builder.add_line(None, &plain)
        });
        added.map_err(|error| cannot().because(error.to_string()))?;
        let matcher = builder.build().map_err(|error| cannot().because(error.to_string()))?;
        if matcher.is_empty() {
            return Err(cannot().because("nothing fits it"));
        }
        Ok(Pattern { matcher })
    }

    fn fits(&self, whole: &[u8], kind: Kind) -> bool {
        self.matcher.matched(Path::new(OsStr::from_bytes(whole)), kind == Kind::Dir).is_ignore()
    }
}

/// One version of what stands under a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// What it is.
    pub entry: Entry,
    /// Places in the list of snapshots of those that have it, ascending.
    pub snapshots: Vec<usize>,
}

/// Paths and their versions, of each the one that came first before the others.
pub type Versions = BTreeMap<Box<[u8]>, Vec<Version>>;

/// What fits in these snapshots, and those that are left out because their manifests are damaged. A
/// version is the same if content and attributes are; of a directory, which changes with what is in it,
/// without its time.
///
/// # Errors
/// A signal came, or the sink cannot be read.
pub fn find(
    sink: &Sink,
    nodes: &[&Node],
    pattern: &Pattern,
    threads: usize,
) -> Result<(Versions, Vec<Damaged>)> {
    let look = |found: &mut Vec<(Box<[u8]>, Entry)>, listing: &Listing| {
        for entry in &listing.entries {
            let whole = path::join(&listing.dir, &entry.name);
            if pattern.fits(&whole, entry.kind) {
                found.push((whole, entry.clone()));
            }
        }
    };
    let (mut versions, mut left_out) = (Versions::new(), Vec::new());
    for (at, parts) in frames::look(sink, nodes, threads, &look)?.into_iter().enumerate() {
        let parts = match parts {
            Ok(parts) => parts,
            Err(damaged) => {
                left_out.push(damaged);
                continue;
            }
        };
        for (whole, entry) in parts.iter().flat_map(|part| part.iter()) {
            let known = versions.entry(whole.clone()).or_default();
            match known.iter_mut().find(|version| is_same(&version.entry, entry)) {
                Some(version) => version.snapshots.push(at),
                None => known.push(Version { entry: entry.clone(), snapshots: vec![at] }),
            }
        }
    }
    Ok((versions, left_out))
}

fn is_same(a: &Entry, b: &Entry) -> bool {
    let timeless = |entry: &Entry| Entry { mtime: crate::tree::Time::default(), ..entry.clone() };
    a.same_content(b)
        && match a.kind {
            Kind::Dir => timeless(a).same_attributes(&timeless(b)),
            _ => a.same_attributes(b),
        }
}

#[cfg(test)]
mod tests {
    use super::Pattern;
    use crate::tree::Kind;

    fn fits(pattern: &str, path: &str) -> bool {
        Pattern::new(pattern, false).unwrap().fits(path.as_bytes(), Kind::File)
    }

    #[test]
    fn a_pattern_fits_as_in_excludes() {
        assert!(fits("*.txt", "a/b/notes.txt") && !fits("*.txt", "a/notes.text"));
        assert!(fits("/a", "a") && !fits("/a", "b/a"));
        assert!(fits("a/*.c", "a/x.c") && !fits("a/*.c", "b/a/x.c"));
        assert!(fits("**/x", "a/b/x"));
        assert!(!fits("dir/", "dir"), "a file is no directory");
        // What is below a directory that fits does not fit by itself.
        assert!(!fits("a", "a/b"));
        assert!(fits("#x#", "d/#x#") && fits("!important", "!important"));
        assert!(Pattern::new("NOTES", true).unwrap().fits(b"notes", Kind::File));
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for bad in ["", "  ", "[a"] {
            assert!(Pattern::new(bad, false).is_err(), "{bad:?}");
        }
    }
}
