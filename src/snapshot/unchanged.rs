//! Between scan and compare, on the threads of the scan: what can be said of a directory at once.
//! If all its records in the index are what the source shows, nothing has to be decided; if the
//! tree that staging began with shows the very inodes besides, nothing has to be done.

use crate::error::{Error, Result};
use crate::fs::{self, Dir, Scanned, Stat};
use crate::sink::index::{Block, IndexedDir, Record};
use crate::sink::{Avoided, Index};
use crate::tree::{Entry, Kind, Time, path};
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
    indexed: Option<IndexedDir>,
    /// The directory's own entry, if its parent is [`Verdict::Same`], so that nobody has looked at
    /// its attributes but by a stat.
    pub own: Option<Entry>,
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
    /// What must not stay in that tree, because verify found it damaged.
    pub avoided: Arc<Avoided>,
}

/// Deeper directories are not held open.
const HELD_DEPTH: usize = 100;

impl Look {
    /// Looks at a directory for every lane. Stamps later than `limit` prove nothing.
    pub fn at(lanes: &[Known], limit: Time, above: Option<&Look>, scanned: &Scanned) -> Look {
        let settled = scanned.entries.iter().all(|found| found.stat.mtime.max(found.stat.ctime) <= limit);
        let side =
            |(at, known): (usize, &Known)| known.side(above.map(|above| &above.sides[at]), scanned, settled);
        let mut sides: Vec<Side> = lanes.iter().enumerate().map(side).collect();
        // Where one lane has something to do, all take part: what turns out to be unreadable is
        // noted by all of them.
        if !sides.iter().all(|side| side.verdict == Verdict::Same) {
            for side in sides.iter_mut().filter(|side| side.verdict == Verdict::Same) {
                side.verdict = Verdict::Kept;
            }
        }
        // Only for what lies below: a look may wait long for its turn, and each would hold a descriptor.
        for side in sides.iter_mut().filter(|side| !side.has_dirs()) {
            side.staged = None;
        }
        Look { sides }
    }

    /// Whether every record is as it was, in all lanes.
    pub fn is_kept(&self) -> bool {
        self.sides.iter().all(|side| side.verdict != Verdict::Changed)
    }

    /// Whether no lane has anything to do here.
    pub fn is_same(&self) -> bool {
        self.sides.iter().all(|side| side.verdict == Verdict::Same)
    }
}

impl Known {
    fn side(&self, above: Option<&Side>, scanned: &Scanned, settled: bool) -> Side {
        let (number, record) = match above {
            None => (Some(0), None),
            Some(above) => above.indexed.as_ref().and_then(|dir| dir.find(&scanned.path)).unzip(),
        };
        let mut side = Side {
            verdict: Verdict::Changed,
            number,
            indexed: None,
            own: record
                .filter(|_| above.is_some_and(|above| above.verdict == Verdict::Same))
                .and_then(|record| record.entry()),
            staged: self.open(above, scanned),
        };
        // What cannot be read here is read again, and reported, when the directory's turn comes.
        let indexed =
            self.index.as_ref().zip(number).and_then(|(index, number)| index.dir(number, &scanned.path));
        let Some(indexed) = indexed else { return Side { own: None, ..side } };
        if settled && indexed.is_shown(scanned) {
            let same = self.is_staged(&side, &indexed.block);
            side.verdict = if same { Verdict::Same } else { Verdict::Kept };
        }
        side.indexed = Some(indexed);
        side
    }

    /// The directory in the tree that is being made, if that was not made empty.
    fn open(&self, above: Option<&Side>, scanned: &Scanned) -> Option<Arc<Dir>> {
        let root = self.reused.as_ref()?;
        let Some((_, name)) = path::split(&scanned.path) else { return Some(Arc::clone(root)) };
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
        let is_sound = |name: &[u8], stat: &Stat| {
            stat.kind == Kind::Dir
                || !self.avoided.has(dir, name, stat.ino, || path::join(block.path(), name))
        };
        items.len() == block.len()
            && block.records().zip(&items).all(|(record, item)| {
                *record.name == *item.name
                    && dir
                        .stat(&item.name)
                        .is_ok_and(|stat| shows(&record, &stat, self.grain) && is_sound(record.name, &stat))
            })
            && side.own.as_ref().is_none_or(|own| fs::has_xattrs(dir, &own.xattrs))
    }
}

/// Whether a stat in the sink, whose times have this grain, is that of the record's inode.
pub fn shows(record: &Record<'_>, stat: &Stat, grain: u64) -> bool {
    record.is_like(stat)
        && (stat.kind == Kind::Dir || stat.ino == record.sink_ino())
        && (stat.kind == Kind::Symlink || stat.mode == record.mode())
        && (stat.uid, stat.gid) == record.owner()
        && stat.mtime == record.mtime().floor_to(grain)
}

impl Side {
    /// Its records in the index of the parent snapshot.
    pub fn block(&self) -> Option<&Block> {
        self.indexed.as_ref().map(|dir| &dir.block)
    }

    /// Number of records.
    pub fn len(&self) -> usize {
        self.block().map_or(0, Block::len)
    }

    /// The directories in it as entries, in the order of their names.
    ///
    /// # Errors
    /// A record is damaged.
    pub fn dirs(&self) -> Result<Vec<Entry>> {
        self.entries_of(|record| record.kind() == Some(Kind::Dir))
    }

    /// The names of the directories in it.
    pub fn directories(&self) -> Vec<Box<[u8]>> {
        self.indexed.iter().flat_map(IndexedDir::dir_names).map(Into::into).collect()
    }

    /// Path of the directory, as the records have it.
    pub fn path(&self) -> &[u8] {
        self.block().map_or(b"", Block::path)
    }

    /// How many files the records have.
    pub fn files(&self) -> u64 {
        let records = self.block().into_iter().flat_map(Block::records);
        records.filter(|record| record.kind() == Some(Kind::File)).count() as u64
    }

    /// The records as entries.
    ///
    /// # Errors
    /// One is damaged.
    pub fn entries(&self) -> Result<Vec<Entry>> {
        self.entries_of(|_| true)
    }

    fn entries_of(&self, wanted: impl Fn(&Record<'_>) -> bool) -> Result<Vec<Entry>> {
        let records = self.block().into_iter().flat_map(Block::records).filter(wanted);
        let entries: Option<Vec<Entry>> = records.map(|record| record.entry()).collect();
        entries.ok_or_else(|| Error::failed("cannot read the index of the sink").because("it is damaged"))
    }

    fn has_dirs(&self) -> bool {
        self.indexed.as_ref().is_some_and(IndexedDir::has_dirs)
    }
}
