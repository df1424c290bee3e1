//! What snapshots hold, and what each holds alone: an estimate from manifests, in which neighbours
//! have nearly everything in common.
//!
//! Two entries are taken for one inode of the sink if content and attributes are equal and the path
//! or the source's inode is: that is what a push links. Files are counted in blocks of 4 KiB; every
//! snapshot has directories of its own. What the file system compresses, or what sparse files leave out, is
//! not known here.

use super::frames;
use crate::error::Result;
use crate::sink::{Damaged, Node, Sink, layout};
use crate::tree::{Entry, Kind, Listing, path};
use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

/// Bytes of a block, and the most that a small directory takes.
const BLOCK: u64 = 4096;

/// What snapshots hold, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// Of each snapshot, what removing it alone would free; `None` if its manifest is damaged.
    pub alone: Vec<Option<u64>>,
    /// What removing all that were asked about would free; `None` if a manifest of theirs is damaged.
    pub together: Option<u64>,
    /// What all snapshots hold, what they share counted once.
    pub all: u64,
    /// Snapshots of which it is not known what they hold. Where there are any, they may share what
    /// others seem to hold alone: the numbers are then at most what becomes free, and at least what
    /// all hold.
    pub left_out: Vec<Damaged>,
}

/// A file in a directory: keyed hashes of what it is under this path and on this inode of the source.
struct Item {
    at_path: u64,
    on_inode: u64,
    bytes: u64,
}

/// Measures all snapshots of a sink; `asked` says which of them are asked about.
///
/// # Errors
/// A signal came, or the sink cannot be read.
pub fn usage(sink: &Sink, nodes: &[&Node], asked: &[bool], threads: usize) -> Result<Usage> {
    let keys = RandomState::new();
    let look = |items: &mut Vec<Item>, listing: &Listing| {
        let files = listing.entries.iter().filter(|entry| entry.kind == Kind::File && entry.size > 0);
        items.extend(files.map(|entry| item(&keys, &listing.dir, entry)));
    };
    let snapshots = frames::look(sink, nodes, threads, &look)?;
    // Which snapshots have each part; most have most of them.
    let mut parts: HashMap<*const Vec<Item>, (Arc<Vec<Item>>, Holders)> = HashMap::new();
    let (mut is_known, mut left_out) = (vec![true; nodes.len()], Vec::new());
    for (at, held) in snapshots.into_iter().enumerate() {
        let held = held.unwrap_or_else(|damaged| {
            is_known[at] = false;
            left_out.push(damaged);
            Vec::new()
        });
        for part in held {
            let (_, holders) = parts.entry(Arc::as_ptr(&part)).or_insert((part, Holders::default()));
            holders.add(at, asked.get(at) == Some(&true));
        }
    }
    let mut inodes = Inodes::default();
    for (items, holders) in parts.values() {
        items.iter().for_each(|item| inodes.add(item, *holders));
    }
    let dir = sink.dir(layout::PINS)?.stat_self().map_or(0, |stat| (stat.blocks * 512).min(BLOCK));
    let mut alone: Vec<u64> = nodes.iter().map(|node| node.counts.dirs.max(1) * dir).collect();
    let mut all = alone.iter().sum();
    let mut together = alone.iter().zip(asked).filter(|(_, asked)| **asked).map(|(dirs, _)| dirs).sum();
    for (bytes, holders) in inodes.roots() {
        all += bytes;
        if let Holders::One(at, _) = holders {
            alone[at] += bytes;
        }
        together += if holders.are_asked() { bytes } else { 0 };
    }
    let are_known = asked.iter().zip(&is_known).all(|(asked, known)| *known || !asked);
    let alone = alone.into_iter().zip(is_known).map(|(bytes, known)| known.then_some(bytes)).collect();
    Ok(Usage { alone, together: are_known.then_some(together), all, left_out })
}

fn item(keys: &RandomState, dir: &[u8], entry: &Entry) -> Item {
    let Entry { mode, uid, gid, mtime, sha256, xattrs, .. } = entry;
    let content = (sha256.map(|digest| digest.0), mode, uid, gid, mtime.sec, mtime.nanos, xattrs);
    Item {
        at_path: keys.hash_one((path::join(dir, &entry.name), &content)),
        on_inode: keys.hash_one((entry.ino, &content)),
        bytes: entry.size.div_ceil(BLOCK) * BLOCK,
    }
}

/// Which snapshots have something; the flag is whether all of them are asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Holders {
    #[default]
    None,
    One(usize, bool),
    Many(bool),
}

impl Holders {
    fn add(&mut self, snapshot: usize, asked: bool) {
        *self = self.with(Holders::One(snapshot, asked));
    }

    fn are_asked(self) -> bool {
        matches!(self, Holders::One(_, true) | Holders::Many(true))
    }

    fn with(self, other: Holders) -> Holders {
        match (self, other) {
            (Holders::None, one) | (one, Holders::None) => one,
            (Holders::One(a, asked), Holders::One(b, _)) if a == b => Holders::One(a, asked),
            (a, b) => Holders::Many(a.are_asked() && b.are_asked()),
        }
    }
}

/// The inodes that entries were found to be: sets that are joined where a key is in both.
#[derive(Default)]
struct Inodes {
    of_key: HashMap<u64, u32>,
    above: Vec<u32>,
    held: Vec<(u64, Holders)>,
}

impl Inodes {
    fn add(&mut self, item: &Item, holders: Holders) {
        let known = [item.at_path, item.on_inode].map(|key| self.of_key.get(&key).copied());
        let root = match known {
            [Some(a), Some(b)] => self.join(a, b),
            [Some(one), None] | [None, Some(one)] => self.root(one),
            [None, None] => {
                let new = u32::try_from(self.above.len()).unwrap_or(u32::MAX);
                self.above.push(new);
                self.held.push((item.bytes, Holders::None));
                new
            }
        };
        self.of_key.insert(item.at_path, root);
        self.of_key.insert(item.on_inode, root);
        let held = &mut self.held[root as usize].1;
        *held = held.with(holders);
    }

    fn root(&mut self, mut at: u32) -> u32 {
        while self.above[at as usize] != at {
            self.above[at as usize] = self.above[self.above[at as usize] as usize];
            at = self.above[at as usize];
        }
        at
    }

    fn join(&mut self, a: u32, b: u32) -> u32 {
        let (a, b) = (self.root(a), self.root(b));
        if a != b {
            self.above[b as usize] = a;
            let holders = self.held[b as usize].1;
            let held = &mut self.held[a as usize].1;
            *held = held.with(holders);
        }
        a
    }

    /// Bytes and holders of each inode.
    fn roots(&self) -> impl Iterator<Item = (u64, Holders)> {
        let is_root = |(at, above): &(usize, &u32)| **above as usize == *at;
        self.above.iter().enumerate().filter(is_root).map(|(at, _)| self.held[at])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holders_know_one_snapshot_and_whether_all_are_asked_about() {
        let one = Holders::One(1, true);
        assert_eq!(Holders::None.with(one), one);
        assert_eq!(one.with(one), one);
        assert_eq!(one.with(Holders::One(2, true)), Holders::Many(true));
        assert_eq!(Holders::Many(true).with(Holders::One(3, false)), Holders::Many(false));
        assert!(!Holders::Many(false).are_asked() && !Holders::None.are_asked());
    }

    #[test]
    fn what_shares_a_path_or_an_inode_is_one_file() {
        let item = |at_path, on_inode| Item { at_path, on_inode, bytes: 7 };
        let mut inodes = Inodes::default();
        inodes.add(&item(1, 10), Holders::One(0, false));
        inodes.add(&item(2, 20), Holders::One(1, false));
        assert_eq!(inodes.roots().count(), 2);
        // The path of one and the inode of the other: all three are the same.
        inodes.add(&item(1, 20), Holders::One(2, false));
        assert_eq!(inodes.roots().collect::<Vec<_>>(), [(7, Holders::Many(false))]);
    }
}
