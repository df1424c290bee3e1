//! What is not saved: patterns in the syntax of gitignore(5), relative to the source's root.

use super::Source;
use crate::error::{Doing as _, Result};
use crate::fs;
use crate::sink::layout;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// Patterns, ready to match.
#[derive(Debug)]
pub struct Excludes {
    matcher: Gitignore,
    /// Lines that are no patterns, with their reason; the others apply.
    pub bad: Vec<String>,
}

impl Excludes {
    /// No patterns.
    pub fn none() -> Excludes {
        Excludes { matcher: Gitignore::empty(), bad: Vec::new() }
    }

    /// Reads patterns from a text; `origin` names it in messages.
    pub fn parse(origin: &str, text: &[u8]) -> Excludes {
        let mut builder = GitignoreBuilder::new("");
        builder.allow_unclosed_class(false);
        let mut bad = Vec::new();
        for (number, line) in text.split(|&b| b == b'\n').enumerate() {
            let reason = match std::str::from_utf8(line) {
                Ok(line) => {
                    builder.add_line(None, line.trim_end_matches('\r')).err().map(|_| "no valid pattern")
                }
                Err(_) => Some("not UTF-8"),
            };
            if let Some(reason) = reason {
                bad.push(format!("{origin} line {}: {reason}; the other lines apply", number + 1));
            }
        }
        match builder.build() {
            Ok(matcher) => Excludes { matcher, bad },
            Err(_) => Excludes {
                bad: [bad, vec![format!("{origin}: the patterns together are too large; none applies")]]
                    .concat(),
                matcher: Gitignore::empty(),
            },
        }
    }

    /// The patterns of a source.
    ///
    /// # Errors
    /// The file is there and cannot be read.
    pub fn of(source: &Source) -> Result<Excludes> {
        let path = crate::quote::quoted_path(&source.path.join(".emu/excludes"));
        match fs::read_limited(source.emu(), layout::EXCLUDES, 1 << 22) {
            Err(fs::Errno::NOENT) => Ok(Excludes::none()),
            result => Ok(Excludes::parse(&path, &result.doing(|| format!("cannot read {path}"))?)),
        }
    }

    /// Whether nothing stays out.
    pub fn is_empty(&self) -> bool {
        self.matcher.is_empty()
    }

    /// Whether the entry at `path` stays out. A directory that stays out takes all below along.
    pub fn excludes(&self, path: &[u8], is_dir: bool) -> bool {
        self.matcher.matched(Path::new(OsStr::from_bytes(path)), is_dir).is_ignore()
    }

    /// Whether the entry or any directory above it stays out.
    pub fn covers(&self, path: &[u8], is_dir: bool) -> bool {
        let above = path.iter().enumerate().filter(|(_, b)| **b == b'/').map(|(at, _)| &path[..at]);
        above.clone().any(|dir| self.excludes(dir, true)) || self.excludes(path, is_dir)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_git_says() {
        let excludes = Excludes::parse("x", b"*.o\n/cache/\n!keep.o\ndoc/*.txt\n# comment\n\n");
        assert!(excludes.bad.is_empty());
        assert!(excludes.excludes(b"a/b.o", false) && !excludes.excludes(b"a/keep.o", false));
        assert!(excludes.excludes(b"cache", true) && !excludes.excludes(b"cache", false));
        assert!(!excludes.excludes(b"a/cache", true));
        assert!(excludes.excludes(b"doc/a.txt", false) && !excludes.excludes(b"doc/b/a.txt", false));
        assert!(excludes.excludes(b"\xff.o", false));
        assert!(excludes.covers(b"cache/deep/file", false));
    }

    #[test]
    fn a_bad_pattern_is_reported_and_the_others_apply() {
        let excludes = Excludes::parse("'excludes'", b"*.o\n[a\n*.tmp\n\xff\n");
        assert_eq!(excludes.bad.len(), 2, "{:?}", excludes.bad);
        assert!(excludes.bad[0].contains("line 2"));
        assert!(excludes.excludes(b"x.o", false) && excludes.excludes(b"x.tmp", false));
    }
}
