//! Between scan and compare, on the threads of the scan: what can be said of a directory at once.
//! If all its records in the index are what the source shows, nothing has to be decided; if the
//! tree that staging began with shows the very inodes besides, nothing has to be done.

use super::scan;
use crate::error::{Error, Result};
use crate::fs::{self, Dir, Scanned, Stat};
use crate::sink::Index;
use crate::sink::index::{Block, Record};
use crate::tree::{Entry, Kind, Time};
use std::sync::Arc;

/// What is known of a directory in one lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Every record is as it was, and the tree that is being made holds just that already.
    Same,
    /// Every record is as it was.
    Kept,
    /// Something differs, or has to be looked at.
    Changed,
}

/// One lane's side of a directory.
#[derive(Debug)]
pub struct Side {
    /// What is known of it.
    pub verdict: Verdict,
    /// The directory's number in the index of the parent snapshot.
    pub number: Option<u32>,
    /// Its records there.
    pub block: Option<Block>,
    /// The directory's own entry, if its parent is [`Verdict::Same`], so that nobody has looked at
    /// its attributes but by a stat.
    pub own: Option<Entry>,
    /// Places of the directories among the records, and their numbers.
    below: Vec<(usize, u32)>,
    /// The directory in the tree that is being made.
    staged: Option<Arc<Dir>>,
}

/// What the visit of a directory brought, a side for each lane.
#[derive(Debug)]
pub struct Look {
    /// The lanes' sides.
    pub sides: Vec<Side>,
}

/// What a lane is looked at for.
pub struct Known {
    /// The records of the parent snapshot.
    pub index: Option<Arc<Index>>,
    /// The root of the tree that is being made, if it was not made empty.
    pub reused: Option<Arc<Dir>>,
    /// Grain of the sink's times in nanoseconds.
    pub grain: u64,
}

/// Deeper directories are not held open.
const HELD_DEPTH: usize = 100;

impl Look {
    /// Looks at a directory for every lane. Stamps later than `limit` prove nothing.
    pub fn at(lanes: &[Known], limit: Time, above: Option<&Look>, scanned: &Scanned) -> Look {
        let clean = scanned.error.is_none()
            && scanned.unread.is_empty()
            && scanned.entries.iter().all(|found| !found.border && is_plain(&found.stat, limit));
        let side =
            |(at, known): (usize, &Known)| known.side(above.map(|above| &above.sides[at]), scanned, clean);
        let mut sides: Vec<Side> = lanes.iter().enumerate().map(side).collect();
        // Where one lane has something to do, all take part: what turns out to be unreadable is
        // noted by all of them.
        if !sides.iter().all(|side| side.verdict == Verdict::Same) {
            for side in sides.iter_mut().filter(|side| side.verdict == Verdict::Same) {
                side.verdict = Verdict::Kept;
            }
        }
        // Only for what lies below: a look may wait long for its turn, and each would hold a descriptor.
        for side in sides.iter_mut().filter(|side| side.below.is_empty()) {
            side.staged = None;
        }
        Look { sides }
    }

    /// Whether no lane has anything to do here.
    pub fn is_same(&self) -> bool {
        self.sides.iter().all(|side| side.verdict == Verdict::Same)
    }
}

/// Whether equal stamps prove everything of this entry.
fn is_plain(stat: &Stat, limit: Time) -> bool {
    match stat.kind {
        Kind::Dir => stat.mtime.max(stat.ctime) <= limit,
        Kind::File | Kind::Symlink => stat.nlink <= 1 && stat.mtime.max(stat.ctime) <= limit,
        _ => false,
    }
}

impl Known {
    fn side(&self, above: Option<&Side>, scanned: &Scanned, clean: bool) -> Side {
        let (number, place) = match above {
            None => (Some(0), None),
            Some(above) => above.find(&scanned.path).unzip(),
        };
        let mut side = Side {
            verdict: Verdict::Changed,
            number,
            block: None,
            own: None,
            below: Vec::new(),
            staged: self.open(above, scanned),
        };
        let (Some(index), Some(number)) = (&self.index, number) else { return side };
        // What cannot be read here is read again, and reported, when the directory's turn comes.
        let Ok(block) = index.block(number) else { return side };
        if block.path() != &*scanned.path {
            return side;
        }
        let mut next = number + 1;
        for (at, record) in block.records().enumerate() {
            if record.kind() == Some(Kind::Dir) {
                side.below.push((at, next));
                next += 1 + index.below(next);
            }
        }
        if let (Some(above), Some(place)) = (above, place)
            && above.verdict == Verdict::Same
        {
            side.own = above.block.as_ref().and_then(|block| block.record(place)?.entry());
        }
        if clean && is_recorded(&block, scanned) {
            let same = self.is_staged(&side, &block);
            side.verdict = if same { Verdict::Same } else { Verdict::Kept };
        }
        side.block = Some(block);
        side
    }

    /// The directory in the tree that is being made, if that was not made empty.
    fn open(&self, above: Option<&Side>, scanned: &Scanned) -> Option<Arc<Dir>> {
        let root = self.reused.as_ref()?;
        let Some((_, name)) = crate::tree::path::split(&scanned.path) else { return Some(Arc::clone(root)) };
        let deep = scanned.path.iter().filter(|&&b| b == b'/').count() >= HELD_DEPTH;
        let parent = above?.staged.as_ref().filter(|_| !deep)?;
        parent.open_dir(name).ok().map(Arc::new)
    }

    /// Whether the tree that is being made shows all these records, and nothing else.
    fn is_staged(&self, side: &Side, block: &Block) -> bool {
        let Some(dir) = &side.staged else { return false };
        // The root's descriptor is shared.
        let listed = if block.path().is_empty() { dir.list() } else { dir.list_once() };
        let Ok(items) = listed else { return false };
        items.len() == block.len()
            && block.records().zip(&items).all(|(record, item)| {
                *record.name == *item.name
                    && dir.stat(&item.name).is_ok_and(|stat| self.shows(&record, &stat))
            })
            && side.own.as_ref().is_none_or(|own| fs::has_xattrs(dir, &own.xattrs))
    }

    /// Whether a stat in the sink is that of the entry's inode.
    fn shows(&self, record: &Record<'_>, stat: &Stat) -> bool {
        let kind = record.kind();
        kind == Some(stat.kind)
            && (stat.kind == Kind::Dir || stat.ino == record.sink_ino())
            && (stat.kind != Kind::File || stat.size == record.size())
            && (stat.kind == Kind::Symlink || stat.mode == record.mode())
            && (stat.uid, stat.gid) == record.owner()
            && stat.mtime == record.mtime().floor_to(self.grain)
    }
}

impl Side {
    /// The names of the directories in it.
    pub fn directories(&self) -> Vec<Box<[u8]>> {
        let name = |(at, _): &(usize, u32)| Some(self.block.as_ref()?.record(*at)?.name.into());
        self.below.iter().filter_map(name).collect()
    }

    /// Path of the directory, as the records have it.
    pub fn path(&self) -> &[u8] {
        self.block.as_ref().map_or(b"", Block::path)
    }

    /// How many files the records have.
    pub fn files(&self) -> u64 {
        let records = self.block.iter().flat_map(Block::records);
        records.filter(|record| record.kind() == Some(Kind::File)).count() as u64
    }

    /// The records as entries.
    ///
    /// # Errors
    /// One is damaged.
    pub fn entries(&self) -> Result<Vec<Entry>> {
        let entries = self.block.iter().flat_map(Block::records).map(|record| record.entry());
        let entries: Option<Vec<Entry>> = entries.collect();
        entries.ok_or_else(|| Error::failed("cannot read the index of the sink").because("it is damaged"))
    }

    /// Number and place of a directory below.
    fn find(&self, path: &[u8]) -> Option<(u32, usize)> {
        let (_, name) = crate::tree::path::split(path)?;
        let block = self.block.as_ref()?;
        let name_of = |(at, _): &(usize, u32)| block.record(*at).map(|record| record.name);
        let found = self.below.binary_search_by(|below| name_of(below).cmp(&Some(name))).ok()?;
        let (place, number) = self.below[found];
        Some((number, place))
    }
}

/// Whether the records are just what the source shows.
fn is_recorded(block: &Block, scanned: &Scanned) -> bool {
    block.len() == scanned.entries.len()
        && block.records().zip(&scanned.entries).all(|(record, found)| {
            let stat = &found.stat;
            *record.name == *found.name
                && record.is_plain()
                && record.kind() == Some(stat.kind)
                && record.mode() == scan::mode_of(stat)
                && record.owner() == (stat.uid, stat.gid)
                && record.size() == scan::size_of(stat)
                && record.ino() == stat.ino
                && record.mtime() == stat.mtime
                && record.ctime() == stat.ctime
        })
}
