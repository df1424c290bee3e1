//! Two trees side by side in manifest order: what one has and the other has not, what differs,
//! and what has moved.

use crate::error::Result;
use crate::interrupt;
use crate::tree::{Digest, Entry, Kind, Listing, ManifestReader, path};
use std::cmp::Ordering;
use std::collections::HashMap;
use std::io::BufRead;

/// Yields the directories of a tree in manifest order.
pub type Listings<'a> = Box<dyn FnMut() -> Result<Option<Listing>> + 'a>;

/// One of the two trees.
pub struct Tree<'a> {
    /// The root's own entry.
    pub root: Entry,
    /// All that is below it.
    pub listings: Listings<'a>,
    /// What could not be read, with all that is below: it is unknown, not gone.
    pub unknown: Vec<Box<[u8]>>,
}

/// What happened to a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum How {
    /// Only the second tree has it.
    Added,
    /// Only the first tree has it.
    Removed,
    /// Content, target or device number differ.
    Content,
    /// Content is the same; mode, owner, time, extended attributes, or whether it is a later name
    /// of a group differ.
    Attributes,
    /// It is something else now.
    Kind,
    /// It had another path, which is gone.
    Moved,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The path in the second tree, or in the first one if the second has none.
    pub path: Box<[u8]>,
    /// What happened.
    pub how: How,
    /// The entry of the first tree.
    pub before: Option<Entry>,
    /// The entry of the second tree.
    pub after: Option<Entry>,
    /// With [`How::Moved`]: its path in the first tree.
    pub from: Option<Box<[u8]>>,
}

impl<'a, R: BufRead + 'a> From<ManifestReader<R>> for Tree<'a> {
    fn from(mut manifest: ManifestReader<R>) -> Tree<'a> {
        let root = manifest.root().clone();
        Tree { root, listings: Box::new(move || manifest.next_listing()), unknown: Vec::new() }
    }
}

impl How {
    /// The word in `change` records.
    pub fn word(self) -> &'static str {
        match self {
            How::Added => "added",
            How::Removed => "removed",
            How::Content => "content",
            How::Attributes => "attributes",
            How::Kind => "kind",
            How::Moved => "moved",
        }
    }

    /// The letter in lists: git's where git has one, else restic's.
    pub fn letter(self) -> char {
        match self {
            How::Added => 'A',
            How::Removed => 'D',
            How::Content => 'M',
            How::Attributes => 'U',
            How::Kind => 'T',
            How::Moved => 'R',
        }
    }
}

impl Change {
    /// What it is about: the entry as it is, or as it was.
    pub fn entry(&self) -> Option<&Entry> {
        self.after.as_ref().or(self.before.as_ref())
    }

    /// Whether nothing but the time of a directory differs, which follows from other changes.
    pub fn is_dir_time(&self) -> bool {
        let (How::Attributes, Some(before), Some(after)) = (self.how, &self.before, &self.after) else {
            return false;
        };
        after.kind == Kind::Dir && before.same_attributes(&Entry { mtime: before.mtime, ..after.clone() })
    }
}

/// The differences from `before` to `after`, in manifest order; `paths`: only at and below these,
/// if there are any. Memory: the differences.
///
/// # Errors
/// A tree cannot be read, or a signal came.
pub fn diff(before: Tree<'_>, after: Tree<'_>, paths: &[Box<[u8]>]) -> Result<Vec<Change>> {
    let unknown = [&*before.unknown, &*after.unknown];
    let mut found = Found { paths, unknown, changes: Vec::new() };
    found.pair(b"", before.root, after.root);
    let (mut next_before, mut next_after) = (before.listings, after.listings);
    let (mut old, mut new) = (next_before()?, next_after()?);
    loop {
        interrupt::check()?;
        let order = match (&old, &new) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(old), Some(new)) => path::compare_dirs(&old.dir, &new.dir),
        };
        let empty = |dir: &[u8]| Listing { dir: dir.into(), entries: Vec::new() };
        let (left, right) = match order {
            Ordering::Less => (old.take(), None),
            Ordering::Greater => (None, new.take()),
            Ordering::Equal => (old.take(), new.take()),
        };
        if left.is_some() {
            old = next_before()?;
        }
        if right.is_some() {
            new = next_after()?;
        }
        if let Some(dir) = left.as_ref().or(right.as_ref()).map(|listing| listing.dir.clone()) {
            found.directory(left.unwrap_or_else(|| empty(&dir)), right.unwrap_or_else(|| empty(&dir)));
        }
    }
    Ok(find_moves(found.changes))
}

/// Differences as they are met.
struct Found<'a> {
    paths: &'a [Box<[u8]>],
    /// In the first tree, and in the second.
    unknown: [&'a [Box<[u8]>]; 2],
    changes: Vec<Change>,
}

impl Found<'_> {
    fn directory(&mut self, old: Listing, new: Listing) {
        let dir = new.dir;
        let wanted = |path: &[u8]| path::is_within(&dir, path) || path::is_within(path, &dir);
        if !self.paths.is_empty() && !self.paths.iter().any(|path| wanted(path)) {
            return;
        }
        let (mut old, mut new) = (old.entries.into_iter().peekable(), new.entries.into_iter().peekable());
        loop {
            let order = match (old.peek(), new.peek()) {
                (None, None) => return,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(old), Some(new)) => old.name.cmp(&new.name),
            };
            let before = old.next_if(|_| order != Ordering::Greater);
            let after = new.next_if(|_| order != Ordering::Less);
            match (before, after) {
                (Some(before), Some(after)) => self.pair(&path::join(&dir, &after.name), before, after),
                (Some(before), None) => {
                    let whole = path::join(&dir, &before.name);
                    if !self.is_unknown(1, &whole) {
                        self.push(&whole, How::Removed, Some(before), None);
                    }
                }
                (None, Some(after)) => {
                    let whole = path::join(&dir, &after.name);
                    if !self.is_unknown(0, &whole) {
                        self.push(&whole, How::Added, None, Some(after));
                    }
                }
                (None, None) => {}
            }
        }
    }

    /// Whether a tree may have this all the same: it could not be read there.
    fn is_unknown(&self, tree: usize, whole: &[u8]) -> bool {
        self.unknown[tree].iter().any(|unknown| path::is_within(whole, unknown))
    }

    fn pair(&mut self, whole: &[u8], before: Entry, after: Entry) {
        let how = if before.kind != after.kind {
            How::Kind
        } else if !before.same_content(&after) {
            How::Content
        } else if !before.same_attributes(&after) || before.links.is_some() != after.links.is_some() {
            How::Attributes
        } else {
            return;
        };
        self.push(whole, how, Some(before), Some(after));
    }

    fn push(&mut self, whole: &[u8], how: How, before: Option<Entry>, after: Option<Entry>) {
        if self.paths.is_empty() || self.paths.iter().any(|path| path::is_within(whole, path)) {
            self.changes.push(Change { path: whole.into(), how, before, after, from: None });
        }
    }
}

/// What identifies something that has another path now: content for files, which a name and an
/// inode number are not; the inode for the rest.
#[derive(PartialEq, Eq, Hash)]
enum Mark {
    Content(Digest),
    Inode(Kind, u64),
}

fn mark(entry: &Entry) -> Option<Mark> {
    match entry.kind {
        // All empty files are equal.
        Kind::File if entry.size > 0 => entry.sha256.map(Mark::Content),
        kind if kind != Kind::File && entry.ino != 0 => Some(Mark::Inode(entry.kind, entry.ino)),
        _ => None,
    }
}

/// Inode numbers come back as soon as they are free; times do not, and a link has its target.
fn is_same_inode(old: &Entry, new: &Entry) -> bool {
    old.ino == new.ino && old.same_content(new) && (old.kind == Kind::Symlink || old.mtime == new.mtime)
}

/// Joins what was removed under one path and added under another. A file of equal content is the
/// same one if its inode is, or its time.
fn find_moves(mut changes: Vec<Change>) -> Vec<Change> {
    let mut gone: HashMap<Mark, Vec<usize>> = HashMap::new();
    for (at, change) in changes.iter().enumerate().filter(|(_, change)| change.how == How::Removed) {
        if let Some(mark) = change.before.as_ref().and_then(mark) {
            gone.entry(mark).or_default().push(at);
        }
    }
    let mut joined = vec![false; changes.len()];
    for at in 0..changes.len() {
        if changes[at].how != How::Added {
            continue;
        }
        let Some(after) = &changes[at].after else { continue };
        let Some(candidates) = mark(after).and_then(|mark| gone.get_mut(&mark)) else { continue };
        let is = |test: &dyn Fn(&Entry) -> bool, at: &usize| changes[*at].before.as_ref().is_some_and(test);
        let same_inode = candidates.iter().position(|at| is(&|old| is_same_inode(old, after), at));
        let same_time = || {
            candidates.iter().position(|at| is(&|old| old.kind == Kind::File && old.mtime == after.mtime, at))
        };
        let Some(found) = same_inode.or_else(same_time) else { continue };
        let from = candidates.remove(found);
        joined[from] = true;
        let (path, before) = (changes[from].path.clone(), changes[from].before.clone());
        let change = &mut changes[at];
        (change.how, change.from, change.before) = (How::Moved, Some(path), before);
    }
    let mut joined = joined.into_iter();
    changes.retain(|_| !joined.next().unwrap_or(false));
    changes
}

#[cfg(test)]
#[path = "diff_tests.rs"]
mod tests;
