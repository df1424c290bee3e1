//! A directory in the index beside the one that a walk of the source visits.

use super::{Block, Index, Record};
use crate::fs::{Found, Scanned};
use crate::tree::{Kind, path};

/// The records of a directory, and the numbers of the directories among them.
#[derive(Debug)]
pub struct IndexedDir {
    /// The records.
    pub block: Block,
    /// Places of the directories among the records, and their numbers in the index.
    below: Vec<(usize, u32)>,
}

impl Index {
    /// The directory with this number, if it is the one at `path`; `None` also if its block cannot
    /// be read: the manifest has it then.
    pub fn dir(&self, number: u32, path: &[u8]) -> Option<IndexedDir> {
        let block = self.block(number).ok().filter(|block| block.path() == path)?;
        let (mut below, mut next) = (Vec::new(), number + 1);
        for (at, record) in block.records().enumerate() {
            if record.kind() == Some(Kind::Dir) {
                below.push((at, next));
                next += 1 + self.below(next);
            }
        }
        Some(IndexedDir { block, below })
    }
}

impl Index {
    /// Whether there is a file at `path`, or anything below it; `None` if a block cannot be read.
    pub fn holds(&self, path: &[u8]) -> Option<bool> {
        let (mut number, mut at): (u32, Box<[u8]>) = (0, Box::default());
        for name in path::components(path) {
            let whole = path::join(&at, name);
            let dir = self.dir(number, &at)?;
            match dir.find(&whole) {
                Some((below, _)) => (number, at) = (below, whole),
                None => {
                    return Some(*whole == *path && dir.block.records().any(|record| record.name == name));
                }
            }
        }
        Some(!self.dir(number, &at)?.block.is_empty())
    }
}

impl IndexedDir {
    /// Whether there is a directory among the records.
    pub fn has_dirs(&self) -> bool {
        !self.below.is_empty()
    }

    /// The names of the directories among the records.
    pub fn dir_names(&self) -> impl Iterator<Item = &[u8]> {
        self.below.iter().filter_map(|(at, _)| Some(self.block.record(*at)?.name))
    }

    /// Number and record of the directory at a path whose last name is among the records.
    pub fn find(&self, whole: &[u8]) -> Option<(u32, Record<'_>)> {
        let (_, name) = path::split(whole)?;
        let name_of = |(at, _): &(usize, u32)| self.block.record(*at).map(|record| record.name);
        let found = self.below.binary_search_by(|below| name_of(below).cmp(&Some(name))).ok()?;
        let (place, number) = self.below[found];
        Some((number, self.block.record(place)?))
    }

    /// Whether the source shows just these records, so that nothing in the directory is other than
    /// it was recorded: an equal ctime says that neither content nor extended attributes changed.
    pub fn is_shown(&self, scanned: &Scanned) -> bool {
        scanned.error.is_none()
            && scanned.unread.is_empty()
            && self.block.len() == scanned.entries.len()
            && self.block.records().zip(&scanned.entries).all(|(record, found)| record.is_shown(found))
    }
}

impl Record<'_> {
    /// Whether the source shows just this. A record that is racy, torn, held or of a group proves
    /// nothing by itself, nor does a file of several names.
    fn is_shown(&self, found: &Found) -> bool {
        let stat = &found.stat;
        let comparable = match stat.kind {
            Kind::Dir => !found.border,
            _ => stat.nlink <= 1,
        };
        comparable
            && *self.name == *found.name
            && self.is_plain()
            && self.is_like(stat)
            && (stat.kind == Kind::Symlink || self.mode() == stat.mode)
            && self.owner() == (stat.uid, stat.gid)
            && self.ino() == stat.ino
            && self.mtime() == stat.mtime
            && self.ctime() == stat.ctime
    }
}
