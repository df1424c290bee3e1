//! Computes from manifests what snapshots hold, and what each holds alone.
//!
//! A record names the snapshot that created its inode and the path that the inode had there. Two records
//! with the same name of an inode are the same inode, and all others are not: hard links and moved files
//! are counted once, a copy is counted for itself. Files are counted in blocks of 4 KiB; every snapshot has
//! directories of its own. Holes and compression are not known here, so the numbers are at most what
//! becomes free where files have holes, are compressed, or share blocks.

use super::frames;
use crate::error::{Doing as _, Result};
use crate::fs::{Errno, FsKind};
use crate::sink::{Damaged, Node, Sink, layout};
use crate::tree::{Kind, Listing, path};
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
    /// Something else may hold some of what is counted: the file system lets files share blocks, there is a
    /// spare or an interrupted push, or a record does not name its inode. The numbers are then at most what
    /// becomes free.
    pub may_share: bool,
    /// Snapshots of which it is not known what they hold. Where there are any, they may share what
    /// others seem to hold alone: the numbers are then at most what becomes free, and at least what
    /// all hold.
    pub left_out: Vec<Damaged>,
}

impl Usage {
    /// Whether the numbers are what becomes free, not only at most that.
    pub fn is_exact(&self) -> bool {
        self.left_out.is_empty() && !self.may_share
    }
}

/// A file: a keyed hash that tells its inode from all others, and the bytes that it takes up.
struct Item {
    inode: u64,
    bytes: u64,
}

/// The files of a part of a manifest.
#[derive(Default)]
struct Items {
    known: Vec<Item>,
    /// A record does not say which snapshot created its inode, so that it is taken for an inode of its own.
    is_vague: bool,
}

/// Measures all snapshots of a sink; `asked` says which of them are asked about.
///
/// # Errors
/// A signal came, or the sink cannot be read.
pub fn usage(sink: &Sink, nodes: &[&Node], asked: &[bool], threads: usize) -> Result<Usage> {
    let keys = RandomState::new();
    let look = |items: &mut Items, listing: &Listing| {
        for entry in listing.entries.iter().filter(|entry| entry.kind == Kind::File && entry.size > 0) {
            let whole = path::join(&listing.dir, &entry.name);
            let origin = entry.origin(&whole);
            items.is_vague |= origin.is_none();
            let inode =
                origin.map_or_else(|| keys.hash_one((&whole, entry.ino)), |origin| keys.hash_one(origin));
            items.known.push(Item { inode, bytes: entry.size.div_ceil(BLOCK) * BLOCK });
        }
    };
    let snapshots = frames::look(sink, nodes, threads, &look)?;
    // Which snapshots have each part; most have most of them.
    let mut parts: HashMap<*const Items, (Arc<Items>, Holders)> = HashMap::new();
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
    let mut inodes: HashMap<u64, (u64, Holders)> = HashMap::new();
    for (items, holders) in parts.values() {
        for item in &items.known {
            let (_, held) = inodes.entry(item.inode).or_insert((item.bytes, Holders::None));
            *held = held.with(*holders);
        }
    }
    let dir = sink.dir(layout::PINS)?.stat_self().map_or(0, |stat| (stat.blocks * 512).min(BLOCK));
    let is_vague = parts.values().any(|(items, _)| items.is_vague);
    let may_share =
        is_vague || has_bases(sink)? || matches!(FsKind::of(sink.root()), FsKind::Btrfs | FsKind::Xfs);
    let mut alone: Vec<u64> = nodes.iter().map(|node| node.counts.dirs.max(1) * dir).collect();
    let mut all = alone.iter().sum();
    let mut together = alone.iter().zip(asked).filter(|(_, asked)| **asked).map(|(dirs, _)| dirs).sum();
    for (bytes, holders) in inodes.into_values() {
        all += bytes;
        if let Holders::One(at, _) = holders {
            alone[at] += bytes;
        }
        together += if holders.are_asked() { bytes } else { 0 };
    }
    let are_known = asked.iter().zip(&is_known).all(|(asked, known)| *known || !asked);
    let alone = alone.into_iter().zip(is_known).map(|(bytes, known)| known.then_some(bytes)).collect();
    Ok(Usage { alone, together: are_known.then_some(together), all, may_share, left_out })
}

/// Whether there are trees that are no snapshots and may hold the same inodes.
fn has_bases(sink: &Sink) -> Result<bool> {
    for name in [layout::SPARE, layout::STAGING] {
        match sink.emu().open_dir(name).and_then(|dir| dir.list()) {
            Ok(items) if items.is_empty() => {}
            Err(Errno::NOENT) => {}
            Ok(_) => return Ok(true),
            Err(errno) => return Err(errno).doing(|| format!("cannot list {}", sink.inside(name))),
        }
    }
    Ok(false)
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
}
