//! Decides which entries of a source are left out.
//!
//! Entries are left out by patterns in the syntax of gitignore(5), relative to the source's root, by a mark in
//! their directory, or by size. A checkout and a diff also leave out what an earlier snapshot was told to
//! leave out.

use super::{Source, pattern};
use crate::config::Config;
use crate::error::{Doing as _, Result};
use crate::fs::{self, Dir, Item};
use crate::quote::quoted;
use crate::sink::node::PathField;
use crate::sink::{ExcludeRules, Excluded, Node, PatternOrigin, PatternText, layout};
use crate::tree::{Kind, path as paths};
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::collections::HashSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// A byte-order mark, which some editors put at the start of a text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The file that marks a cache, and how it begins (bford.info/cachedir).
const CACHE: (&[u8], &[u8]) = (b"CACHEDIR.TAG", b"Signature: 8a477f597d28d172789f06886806bc55");

/// A text of patterns, a line each, and what messages call it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patterns {
    /// What kind of place it is from.
    pub from: PatternOrigin,
    /// Where it is from: a file's path, or an option.
    pub origin: String,
    /// The text.
    pub text: Vec<u8>,
}

/// Why something is not saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The file or option that says so.
    pub origin: String,
    /// The line in it, from 1.
    pub line: usize,
    /// The line itself.
    pub pattern: String,
}

impl Rule {
    fn is_comment(&self) -> bool {
        self.pattern.starts_with('#')
    }
}

/// Patterns and marks, ready to match.
#[derive(Debug, Clone)]
pub struct Excludes {
    matcher: Gitignore,
    rules: Vec<Rule>,
    /// The rules as a snapshot records them.
    recorded: ExcludeRules,
    /// The exclusions of an earlier snapshot, which apply too.
    earlier: Option<Box<Earlier>>,
    /// Lines that are no patterns, with their reason; the others apply.
    pub bad: Vec<String>,
    /// Patterns that can never match, with the reason.
    ineffective: Vec<String>,
}

impl Excludes {
    /// No patterns and no marks.
    pub fn none() -> Excludes {
        Excludes {
            matcher: Gitignore::empty(),
            rules: Vec::new(),
            recorded: ExcludeRules::default(),
            earlier: None,
            bad: Vec::new(),
            ineffective: Vec::new(),
        }
    }

    /// Reads patterns; those that come later win.
    pub fn parse(texts: &[Patterns]) -> Excludes {
        let mut excludes = Excludes::none();
        let mut builder = GitignoreBuilder::new("");
        builder.allow_unclosed_class(false);
        for Patterns { from, origin, text } in texts {
            let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
            let mut valid = Vec::new();
            for (number, line) in text.split(|&b| b == b'\n').enumerate() {
                let number = number + 1;
                match excludes.add(&mut builder, origin, number, line) {
                    Ok(line) => valid.push(line),
                    Err(reason) => {
                        valid.push("");
                        excludes.bad.push(format!("{origin} line {number}: {reason}; the other lines apply"));
                    }
                }
            }
            excludes.recorded.patterns.push(PatternText { from: *from, text: valid.join("\n") });
        }
        match builder.build() {
            Ok(matcher) => excludes.matcher = matcher,
            Err(_) => {
                excludes.recorded.patterns.clear();
                excludes.bad.push("the patterns together are too large; none applies".to_owned());
            }
        }
        excludes
    }

    fn add<'t>(
        &mut self,
        builder: &mut GitignoreBuilder,
        origin: &str,
        line: usize,
        text: &'t [u8],
    ) -> std::result::Result<&'t str, &'static str> {
        let text = std::str::from_utf8(text).map_err(|_| "not UTF-8")?.trim_end_matches('\r');
        builder.add_line(None, text).map_err(|_| "no valid pattern")?;
        self.rules.push(Rule { origin: origin.to_owned(), line, pattern: text.to_owned() });
        Ok(text)
    }

    /// What a source and its configuration leave out, and `more` after that.
    ///
    /// # Errors
    /// The source's patterns are there and cannot be read.
    pub fn of(source: &Source, config: &Config, more: &[Patterns]) -> Result<Excludes> {
        let path = crate::quote::quoted_path(&source.path.join(".emu/excludes"));
        let mut texts = Vec::new();
        match fs::read_limited(source.emu(), layout::EXCLUDES, 1 << 22) {
            Err(fs::Errno::NOENT) => {}
            result => {
                let text = result.doing(|| format!("cannot read {path}"))?;
                texts.push(Patterns { from: PatternOrigin::Excludes, origin: path, text });
            }
        }
        texts.extend_from_slice(more);
        let mut excludes = Excludes::parse(&texts);
        excludes.recorded.if_present = config.exclude_if_present();
        excludes.recorded.caches = config.exclude_caches();
        excludes.recorded.larger_than = config.exclude_larger_than();
        excludes.recorded.one_file_system = config.one_file_system();
        excludes.ineffective = excludes.find_ineffective(source);
        Ok(excludes)
    }

    /// The rules as a snapshot records them.
    pub fn recorded(&self) -> &ExcludeRules {
        &self.recorded
    }

    /// Adds the exclusions of the snapshot with this node.
    #[must_use]
    pub fn and_earlier(self, node: &Node, excluded: &Excluded) -> Excludes {
        Excludes { earlier: Some(Box::new(Earlier::new(node, excluded))), ..self }
    }

    /// Warnings about patterns: first the invalid ones, then those that can never match.
    pub fn warnings(&self) -> impl Iterator<Item = &String> {
        self.bad.iter().chain(&self.ineffective)
    }

    fn find_ineffective(&self, source: &Source) -> Vec<String> {
        let has = |below: &Path| {
            let open = |dir: fs::Dir, name: &OsStr| dir.open_dir(name.as_bytes());
            source.root().duplicate().and_then(|root| below.iter().try_fold(root, open)).is_ok()
        };
        let why = |rule: &Rule| {
            pattern::mistake(&rule.pattern, &source.path, has)
                .map(|why| format!("matches nothing, because {why}"))
                .or_else(|| self.below_excluded(rule).map(|why| format!("has no effect, because {why}")))
        };
        let told = |rule: &Rule| {
            let Rule { origin, line, pattern } = rule;
            Some(format!("{origin} line {line}: {} {}", quoted(pattern.trim_end()), why(rule)?))
        };
        self.rules.iter().filter(|rule| !rule.is_comment()).filter_map(told).collect()
    }

    /// Explains why a negated pattern has no effect, if an earlier rule excludes a directory above its paths.
    fn below_excluded(&self, rule: &Rule) -> Option<String> {
        let parents = pattern::named_parents(&rule.pattern);
        let parents = parents.iter().filter(|_| pattern::is_negated(&rule.pattern));
        let (dir, by) =
            parents.into_iter().find_map(|dir| Some((dir, self.explain(dir.as_bytes(), true)?)))?;
        let file = if by.origin == rule.origin { String::new() } else { format!("{} ", by.origin) };
        Some(format!(
            "{file}line {} ({}) excludes the directory {} with all below it; to include a part of it again, \
             exclude '/{}/*' instead of the directory",
            by.line,
            quoted(by.pattern.trim_end()),
            quoted(dir),
            crate::quote::escaped(dir.as_bytes())
        ))
    }

    /// Whether no pattern leaves anything out.
    pub fn has_no_patterns(&self) -> bool {
        self.matcher.is_empty() && self.earlier.is_none()
    }

    /// Whether some directories are left out for what is in them.
    pub fn has_marks(&self) -> bool {
        self.recorded.caches || self.recorded.if_present.is_some()
    }

    /// Whether [`Excludes::has_marks`], now or in the rules of the earlier snapshot.
    pub fn ever_had_marks(&self) -> bool {
        self.has_marks() || self.earlier.as_ref().is_some_and(|earlier| earlier.rules.has_marks())
    }

    /// The bytes that a regular file may have; larger ones stay out.
    pub fn larger_than(&self) -> Option<u64> {
        self.recorded.larger_than
    }

    /// Whether a regular file of this size stays out, now or by the rules of the earlier snapshot.
    pub fn was_ever_too_large(&self, size: u64) -> bool {
        let limits =
            [self.larger_than(), self.earlier.as_ref().and_then(|earlier| earlier.rules.larger_than())];
        limits.into_iter().flatten().any(|limit| size > limit)
    }

    /// Whether the entry at `path` stays out. A directory that stays out takes all below along.
    pub fn excludes(&self, path: &[u8], is_dir: bool) -> bool {
        let matched = self.matcher.matched(Path::new(OsStr::from_bytes(path)), is_dir).is_ignore();
        matched || self.earlier.as_ref().is_some_and(|earlier| earlier.excludes(path, is_dir))
    }

    /// The place of the mark among the names in a directory, in order, if it has one: nothing else in
    /// the directory is saved.
    pub fn mark_in(&self, dir: &Dir, names: &[Item]) -> Option<usize> {
        let find = |name: &[u8]| names.binary_search_by(|item| (*item.name).cmp(name)).ok();
        let is_file = || dir.stat(CACHE.0).is_ok_and(|stat| stat.kind == Kind::File);
        let cache = || find(CACHE.0).filter(|_| is_file() && fs::begins_with(dir, CACHE.0, CACHE.1));
        let marked = self.recorded.if_present.as_ref().and_then(|name| find(name.as_bytes()));
        marked.or_else(|| if self.recorded.caches { cache() } else { None })
    }

    /// The place of the mark by [`Excludes::mark_in`], now or by the rules of the earlier snapshot.
    pub fn mark_ever_in(&self, dir: &Dir, names: &[Item]) -> Option<usize> {
        let earlier = || self.earlier.as_ref()?.rules.mark_in(dir, names);
        self.mark_in(dir, names).or_else(earlier)
    }

    /// The rule by which the entry, or the directory above it that comes first, stays out by a pattern.
    pub fn explain(&self, path: &[u8], is_dir: bool) -> Option<&Rule> {
        let above = path.iter().enumerate().filter(|(_, b)| **b == b'/').map(|(at, _)| (&path[..at], true));
        above.chain([(path, is_dir)]).find_map(|(path, is_dir)| {
            let matched = self.matcher.matched(Path::new(OsStr::from_bytes(path)), is_dir);
            let ignore::Match::Ignore(glob) = matched else { return None };
            self.rules.iter().rev().find(|rule| rule.pattern.trim_end() == glob.original().trim_end())
        })
    }
}

/// The exclusions of a snapshot, ready to match.
#[derive(Debug, Clone)]
struct Earlier {
    rules: Excludes,
    /// The paths that its push met and left out.
    paths: HashSet<Box<[u8]>>,
    /// Directories that its push did not enter, because they are on other file systems or could not be read,
    /// and files that could not be read.
    unknown: HashSet<Box<[u8]>>,
}

impl Earlier {
    fn new(node: &Node, excluded: &Excluded) -> Earlier {
        let mounts = if excluded.rules.one_file_system { node.mounts.as_slice() } else { &[] };
        let text = |text: &PatternText| Patterns {
            from: text.from,
            origin: String::new(),
            text: text.text.clone().into_bytes(),
        };
        let texts: Vec<Patterns> = excluded.rules.patterns.iter().map(text).collect();
        let rules = Excludes { recorded: excluded.rules.clone(), ..Excludes::parse(&texts) };
        let unread = node.unread.iter().filter_map(|unread| unread.path.bytes());
        let unknown = mounts.iter().filter_map(PathField::bytes).chain(unread).collect();
        Earlier { rules, paths: excluded.paths.iter().filter_map(PathField::bytes).collect(), unknown }
    }

    fn excludes(&self, path: &[u8], is_dir: bool) -> bool {
        let parent = || paths::split(path).is_some_and(|(parent, _)| self.unknown.contains(parent));
        let is_unread = !is_dir && self.unknown.contains(path);
        self.paths.contains(path) || is_unread || parent() || self.rules.excludes(path, is_dir)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &[u8]) -> Excludes {
        let from = PatternOrigin::Excludes;
        Excludes::parse(&[Patterns { from, origin: "'x'".to_owned(), text: text.to_vec() }])
    }

    #[test]
    fn patterns_match_as_git_says() {
        let excludes = parse(b"*.o\n/cache/\n!keep.o\ndoc/*.txt\n# comment\n\n");
        assert!(excludes.bad.is_empty());
        assert!(excludes.excludes(b"a/b.o", false) && !excludes.excludes(b"a/keep.o", false));
        assert!(excludes.excludes(b"cache", true) && !excludes.excludes(b"cache", false));
        assert!(!excludes.excludes(b"a/cache", true));
        assert!(excludes.excludes(b"doc/a.txt", false) && !excludes.excludes(b"doc/b/a.txt", false));
        assert!(excludes.excludes(b"\xff.o", false));
    }

    #[test]
    fn a_bad_pattern_is_reported_and_the_others_apply() {
        let excludes = parse(b"*.o\n[a\n*.tmp\n\xff\n");
        assert_eq!(excludes.bad.len(), 2, "{:?}", excludes.bad);
        assert!(excludes.bad[0].contains("line 2"));
        assert!(excludes.excludes(b"x.o", false) && excludes.excludes(b"x.tmp", false));
    }

    #[test]
    fn the_line_that_leaves_something_out_is_told() {
        let excludes = parse(b"*.o\n/cache/\n!keep.o\n");
        let line = |path: &[u8]| excludes.explain(path, false).map(|rule| rule.line);
        assert_eq!(line(b"a/b.o"), Some(1));
        assert_eq!(line(b"a/keep.o"), None);
        assert_eq!(line(b"cache/deep/file"), Some(2));
        assert_eq!(line(b"other"), None);
    }

    #[test]
    fn later_patterns_win() {
        let texts = [("a", "*.o\n"), ("b", "!x.o\n")];
        let texts = texts.map(|(origin, text)| Patterns {
            from: PatternOrigin::Exclude,
            origin: origin.into(),
            text: text.into(),
        });
        let excludes = Excludes::parse(&texts);
        assert!(excludes.excludes(b"y.o", false) && !excludes.excludes(b"x.o", false));
    }
}
