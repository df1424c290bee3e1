//! A manifest made anew from one that recorded the same tree: that of the same push in another sink, or
//! the snapshot's own, which no node proves any more. Its entries are taken over whether the tree has
//! them or not, so that a verify finds what the tree has lost.

use super::copies::stored_xattrs;
use super::rebuild::{Rebuilt, count};
use crate::error::{Doing as _, Result};
use crate::fs::{self, Cursor, Dir, Errno, Stat};
use crate::interrupt;
use crate::quote::quoted;
use crate::sink::node::Counts;
use crate::sink::{Sink, StoredManifest};
use crate::tree::{Entry, Framing, Held, Listing, ManifestWriter, Time, path};
use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;

/// What is believed of the manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Belief {
    /// All of it: another sink's node proves it. What this sink cannot hold, the tree shows.
    Whole,
    /// What its own tree hash covers; of owners, times and extended attributes what the tree shows.
    Hashed,
}

struct Translation<'a> {
    sink: &'a Sink,
    tree: Cursor,
    belief: Belief,
    /// First names of groups, and their inodes in the tree.
    firsts: HashMap<Box<[u8]>, (Entry, Option<u64>)>,
    /// Attributes were not as they were recorded.
    differs: bool,
}

/// Writes the manifest of the tree `id` of `sink`. Memory: a directory, and the first names of groups.
///
/// # Errors
/// `from` is damaged, something in the tree cannot be looked at, the output fails; interrupted.
pub(super) fn translate(
    sink: &Sink,
    id: &str,
    mut from: StoredManifest,
    belief: Belief,
    out: impl Write,
) -> Result<Rebuilt> {
    let tree = Arc::new(sink.open_tree(id)?);
    let mut translation = Translation {
        sink,
        tree: Cursor::new(Arc::clone(&tree), false),
        belief,
        firsts: HashMap::new(),
        differs: false,
    };
    let cannot = || format!("cannot look at {}", crate::quote::quoted_path(&sink.tree_path(id)));
    let stat = tree.stat_self().doing(cannot)?;
    let root = translation.entry(&tree, b"", from.root(), Some(stat)).doing(cannot)?;
    let mut counts = Counts { dirs: 1, ..Counts::default() };
    let mut unattested = u64::from(root.unattested);
    let owners = from.owners().clone();
    let mut writer = ManifestWriter::new(out, Framing::Zstd, &owners, &root, None)?;
    while let Some(listing) = from.next_listing()? {
        interrupt::check()?;
        let listing = translation.listing(&listing)?;
        count(&mut counts, &listing);
        unattested += listing.entries.iter().filter(|entry| entry.unattested).count() as u64;
        writer.listing(&listing)?;
    }
    Ok(Rebuilt { sealed: writer.finish()?.sealed, counts, unattested, differs: translation.differs })
}

impl Translation<'_> {
    fn listing(&mut self, listing: &Listing) -> Result<Listing> {
        let dir = self.tree.at(&listing.dir);
        let mut entries = Vec::with_capacity(listing.entries.len());
        for entry in &listing.entries {
            let whole = path::join(&listing.dir, &entry.name);
            let own = Some(entry.made.clone()).filter(|_| self.belief == Belief::Hashed);
            // Another sink's history says nothing about the inodes of this one.
            let entry = &Entry { made: own.flatten(), ..entry.clone() };
            let translated = match &dir {
                Ok(dir) => standing(dir, entry).and_then(|stat| self.entry(dir, &whole, entry, stat)),
                Err(errno) if is_absent(*errno) => self.absent(&whole, entry),
                Err(errno) => Err(*errno),
            };
            entries.push(translated.doing(|| format!("cannot look at {} in the tree", quoted(&whole)))?);
        }
        Ok(Listing { dir: listing.dir.clone(), entries })
    }

    fn entry(&mut self, dir: &Dir, whole: &[u8], entry: &Entry, stat: Option<Stat>) -> fs::Result<Entry> {
        let Some(stat) = stat else { return self.absent(whole, entry) };
        if let Some(first) = &entry.links
            && let Some((first, ino)) = self.firsts.get(first)
        {
            let is_split = *ino != Some(stat.ino) && self.may_be_split(entry);
            return Ok(later_name(first, entry, is_split));
        }
        let translated = match self.belief {
            Belief::Whole => Entry { held: self.held(dir, entry, &stat)?.some(), ..entry.clone() },
            Belief::Hashed => self.as_shown(dir, entry, &stat)?,
        };
        self.note_first(whole, &translated, Some(stat.ino));
        Ok(translated)
    }

    /// An entry that the tree has not.
    fn absent(&mut self, whole: &[u8], entry: &Entry) -> fs::Result<Entry> {
        if let Some(first) = &entry.links
            && let Some((first, _)) = self.firsts.get(first)
        {
            return Ok(later_name(first, entry, false));
        }
        // What the other sink could not have either may be missing.
        let held = Held { absent: entry.is_absent(), ..Held::default() };
        let translated = Entry { held: held.some(), ..entry.clone() };
        self.note_first(whole, &translated, None);
        Ok(translated)
    }

    fn note_first(&mut self, whole: &[u8], entry: &Entry, ino: Option<u64>) {
        if entry.nlink > 1 {
            self.firsts.insert(whole.into(), (entry.clone(), ino));
        }
    }

    fn may_be_split(&self, entry: &Entry) -> bool {
        !self.sink.info.abilities.links || entry.held.as_ref().is_some_and(|held| held.split)
    }

    /// What the tree shows instead, as far as this sink cannot show it, or the other one could not.
    fn held(&self, dir: &Dir, entry: &Entry, stat: &Stat) -> fs::Result<Held> {
        let abilities = &self.sink.info.abilities;
        let other = entry.held.as_deref().cloned().unwrap_or_default();
        let lacks = |shows: bool, known: bool| shows && (!abilities.owner || known);
        let mode = entry.kind != crate::tree::Kind::Symlink && stat.mode != entry.mode;
        let mut held = Held {
            mode: lacks(mode, other.mode == Some(stat.mode)).then_some(stat.mode),
            uid: lacks(stat.uid != entry.uid, other.uid == Some(stat.uid)).then_some(stat.uid),
            gid: lacks(stat.gid != entry.gid, other.gid == Some(stat.gid)).then_some(stat.gid),
            ..Held::default()
        };
        if !entry.xattrs.is_empty() {
            let stored = fs::read_xattrs(dir, &entry.name)?;
            let missing = entry.xattrs.keys().filter(|name| !stored.contains_key(*name));
            let is_held = missing.filter(|name| !abilities.xattrs || other.xattrs.contains(name));
            held.xattrs = is_held.cloned().collect();
        }
        Ok(held)
    }

    /// The entry with the attributes that the tree shows, where those are others than recorded.
    fn as_shown(&mut self, dir: &Dir, entry: &Entry, stat: &Stat) -> fs::Result<Entry> {
        let xattrs = fs::read_xattrs(dir, &entry.name)?;
        let grain = self.sink.info.abilities.grain;
        if !entry.is_absent() && stat.shows(&entry.shown(), grain) && stored_xattrs(entry) == xattrs {
            return Ok(entry.clone());
        }
        self.differs = true;
        let Stat { uid, gid, mtime, .. } = *stat;
        let ctime = Time { sec: 0, nanos: 0 };
        Ok(Entry { uid, gid, mtime, xattrs, ino: 0, ctime, racy: true, held: None, ..entry.clone() })
    }
}

/// Another name of a file, with all that the first one says.
fn later_name(first: &Entry, entry: &Entry, is_split: bool) -> Entry {
    let held = Held { split: is_split, ..first.held.as_deref().cloned().unwrap_or_default() };
    Entry { name: entry.name.clone(), links: entry.links.clone(), held: held.some(), ..first.clone() }
}

fn is_absent(errno: Errno) -> bool {
    matches!(errno, Errno::NOENT | Errno::NOTDIR | Errno::LOOP)
}

/// What stands under the name of an entry, if it is of its kind.
fn standing(dir: &Dir, entry: &Entry) -> fs::Result<Option<Stat>> {
    match dir.stat(&entry.name) {
        Ok(stat) => Ok(Some(stat).filter(|stat| stat.kind == entry.kind)),
        Err(errno) if is_absent(errno) => Ok(None),
        Err(errno) => Err(errno),
    }
}
