//! Entries that need no second look: a snapshot before had the very same records, and the
//! directory shows that their names stand on the very same inodes, which were sound.
//!
//! Attributes, content and target belong to the inode. What is left to be checked of such a name
//! is that it is there, and that no other path of the snapshot has its inode.

use super::What;
use super::check::Checker;
use crate::fs::{Dir, FsKind, Item};
use crate::progress::Counters;
use crate::tree::{Entry, Kind, Part, path};
use std::sync::atomic::Ordering;

/// Whether an inode is all that there is to know of an entry. Directories differ from snapshot
/// to snapshot; groups are compared with their first name.
fn is_plain(entry: &Entry) -> bool {
    entry.kind != Kind::Dir && entry.links.is_none() && entry.nlink <= 1
}

/// Whether at most `but` entries will have to be looked at.
pub(super) fn is_known(part: &Part, but: usize) -> bool {
    part.words.iter().filter(|word| word.load(Ordering::Relaxed) == 0).take(but + 1).count() <= but
}

/// Device and mount of a tree on a file system where readdir(3) tells the inode numbers of
/// stat(2), mount points apart.
pub(super) fn place_of(tree: &Dir) -> Option<(u64, u64)> {
    let kind = FsKind::of(tree);
    if !matches!(kind, FsKind::Ext | FsKind::Xfs | FsKind::Btrfs | FsKind::Tmpfs) {
        return None;
    }
    place_in(tree)
}

/// Device and mount of a directory; `None` where the kernel does not tell the mount.
fn place_in(dir: &Dir) -> Option<(u64, u64)> {
    let stat = dir.stat_self().ok()?;
    (stat.mount != 0).then_some((stat.dev, stat.mount))
}

impl Checker<'_> {
    /// An entry was found sound on this inode.
    pub(super) fn learn(&self, part: &Part, at: usize, (dev, ino): (u64, u64)) {
        if self.run.place.is_some_and(|(device, _)| device == dev) && is_plain(&part.listing.entries[at]) {
            part.words[at].store(ino, Ordering::Relaxed);
        }
    }

    /// The inodes of the entries that are known, of a directory that has these `items`; 0 for
    /// the others, and empty if none is.
    pub(super) fn known(&self, part: &Part, dir: &Dir, items: &[Item]) -> Vec<u64> {
        if self.run.place.is_none() || part.words.iter().all(|word| word.load(Ordering::Relaxed) == 0) {
            return Vec::new();
        }
        if place_in(dir) != self.run.place {
            return Vec::new();
        }
        let mut items = items.iter().peekable();
        let both = part.listing.entries.iter().zip(&part.words);
        let known = both.map(|(entry, word)| {
            while items.next_if(|item| item.name < entry.name).is_some() {}
            let ino = word.load(Ordering::Relaxed);
            let is_there = items.peek().is_some_and(|item| item.name == entry.name && item.ino == ino);
            if is_there { ino } else { 0 }
        });
        known.collect()
    }

    /// Passes over entries that are known, each with its place in the part and its inode.
    pub(super) fn pass(&mut self, part: &Part, sound: &mut Vec<(usize, u64)>, place: u64) {
        let Some((device, _)) = self.run.place.filter(|_| !sound.is_empty()) else { return };
        let count = sound.len() as u64;
        Counters::add(&self.run.observer.counters().entries, count);
        self.outcome.entries += count;
        for at in self.run.seen.again(device, sound, self.run.number) {
            let path = path::join(&part.listing.dir, &part.listing.entries[at].name);
            self.shared(path, place + at as u64);
        }
        sound.clear();
    }

    /// A name has the inode of another that it should not share.
    pub(super) fn shared(&mut self, path: Box<[u8]>, place: u64) {
        let (expected, found) = ("an inode of its own", "the inode of another path");
        self.push(path, place, What::Links, expected, found, None);
    }
}
