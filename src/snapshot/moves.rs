//! Between compare and stage: what seems new may be an entry of the parent under another path.
//!
//! An inode with one name that the parent had elsewhere has moved, if its old path is gone. With
//! equal size, mtime and ctime (all below a renamed directory) nothing has to be read; with equal
//! size alone (a renamed file) the content is hashed first. Never by inode, size and mtime alone:
//! freed inode numbers come back within the second, and fixed mtimes are common.

use super::plan::{Moved, Planned, Reason, Target};
use crate::fs::{Cursor, Errno};
use crate::sink::Index;
use crate::sink::index::Block;
use crate::tree::{Entry, Kind, Time, path};
use std::collections::HashSet;
use std::sync::Arc;

/// A directory's number in the index, and a name in it.
type Old = (u32, Box<[u8]>);

/// Finds the parent's entries by their inode. Memory: 8 bytes for each entry of the parent, once
/// a push has something new that is older than the parent; and what is gone and what has moved.
pub struct Moves {
    index: Arc<Index>,
    source: Cursor,
    /// When the parent was made.
    since: Time,
    /// Lower half of the inode number, number of the directory; sorted.
    by_inode: Option<Vec<(u32, u32)>>,
    /// The block that was read last, and the place in it behind what was found last: most often
    /// the next one stands there.
    last: Option<(u32, Block, usize)>,
    /// A bit for each directory of the parent that the source has.
    met: Vec<u64>,
    /// Directories of the parent with a lower number were met by now, or are gone.
    next: u32,
    /// A directory ahead that was not in the source any more when it was looked for last. If the
    /// scan meets it all the same, `meet` says what was needed there.
    missing: Option<u32>,
    gone: HashSet<Old>,
    claimed: HashSet<Old>,
    claimed_in: HashSet<u32>,
}

impl Moves {
    /// Looks for what has moved since the parent was made, in the source that `source` begins at.
    pub fn new(index: Arc<Index>, source: Cursor, since: Time) -> Moves {
        let met = vec![0; index.directories() as usize / 64 + 1];
        Moves {
            index,
            source,
            since,
            by_inode: None,
            last: None,
            met,
            next: 0,
            missing: None,
            gone: HashSet::new(),
            claimed: HashSet::new(),
            claimed_in: HashSet::new(),
        }
    }

    /// The scan has come to a directory of the parent. `false`: something that seemed to have moved
    /// out of it is needed there.
    pub fn meet(&mut self, number: u32) -> bool {
        self.met[number as usize / 64] |= 1 << (number % 64);
        self.next = number + 1;
        self.missing.take_if(|missing| *missing == number);
        !self.claimed_in.contains(&number)
    }

    /// The source does not have this entry any more.
    pub fn note_gone(&mut self, number: u32, name: &[u8]) {
        self.gone.insert((number, name.into()));
    }

    /// Whether an entry of the parent was found again elsewhere, so that its inode is taken.
    pub fn is_claimed(&self, number: u32, name: &[u8]) -> bool {
        self.claimed_in.contains(&number) && self.claimed.contains(&(number, name.into()))
    }

    /// The parent's entry that an entry which is new under its path seems to be. `current`: the
    /// number of the directory that is being compared.
    pub fn find(&mut self, planned: &Planned, current: Option<u32>) -> Option<Moved> {
        let entry = &planned.entry;
        let movable = entry.kind != Kind::Dir && entry.nlink <= 1;
        // Whatever was changed since is new, or cannot be told from what is.
        let old_enough = entry.mtime <= self.since;
        if !movable || !old_enough || planned.target != Target::New || planned.reason != Reason::Added {
            return None;
        }
        let (number, old, dir) = self.look_up(entry)?;
        if !self.is_gone((number, &dir, &old.name), current, &entry.name) {
            return None;
        }
        self.claimed_in.insert(number);
        self.claimed.insert((number, old.name.clone()));
        Some(Moved { from: path::join(&dir, &old.name), old })
    }

    /// The parent's entry with this inode and size.
    fn look_up(&mut self, entry: &Entry) -> Option<(u32, Entry, Box<[u8]>)> {
        let index = &self.index;
        let sorted = self.by_inode.get_or_insert_with(|| sort(index));
        let key = low(entry.ino);
        let start = sorted.partition_point(|(ino, _)| *ino < key);
        let numbers: Vec<u32> =
            sorted[start..].iter().take_while(|(ino, _)| *ino == key).map(|(_, number)| *number).collect();
        for number in numbers {
            if self.last.as_ref().is_none_or(|(known, ..)| *known != number) {
                self.last = Some((number, self.index.block(number).ok()?, 0));
            }
            let (_, block, next) = self.last.as_ref()?;
            let fits = |record: &crate::sink::index::Record<'_>| {
                record.ino() == entry.ino
                    && record.kind() == Some(entry.kind)
                    && record.size() == entry.size
                    && record.is_plain()
            };
            // What was found elsewhere by now is no longer to be had.
            let free = |record: &crate::sink::index::Record<'_>| !self.is_claimed(number, record.name);
            let places = (*next..block.len()).chain(0..*next);
            let mut records = places.filter_map(|at| Some((at, block.record(at)?)));
            let Some((at, record)) = records.find(|(_, record)| fits(record) && free(record)) else {
                continue;
            };
            let Some(old) = record.entry() else { continue };
            let dir = block.path().into();
            self.last.as_mut()?.2 = at + 1;
            return Some((number, old, dir));
        }
        None
    }

    /// Whether the source has nothing under an old path any more. `name`: of the entry that is
    /// being compared, in the directory `current`.
    fn is_gone(
        &mut self,
        (number, dir, old): (u32, &[u8], &[u8]),
        current: Option<u32>,
        name: &[u8],
    ) -> bool {
        let met = self.met[number as usize / 64] & (1 << (number % 64)) != 0;
        let passed = if Some(number) == current { old < name } else { number < self.next };
        if passed {
            return !met || self.gone.contains(&(number, old.into()));
        }
        if self.missing == Some(number) {
            return true;
        }
        let is_missing = |errno: Errno| matches!(errno, Errno::NOENT | Errno::NOTDIR | Errno::LOOP);
        match self.source.at(dir) {
            Ok(dir) => dir.stat(old).is_err_and(is_missing),
            Err(errno) => {
                self.missing = is_missing(errno).then_some(number);
                self.missing.is_some()
            }
        }
    }
}

fn sort(index: &Index) -> Vec<(u32, u32)> {
    let mut sorted = Vec::new();
    // What cannot be read is not found again, and copied.
    for (number, block) in
        (0..index.directories()).filter_map(|number| Some((number, index.block(number).ok()?)))
    {
        let plain = block.records().filter(|record| record.kind() != Some(Kind::Dir) && record.is_plain());
        sorted.extend(plain.map(|record| (low(record.ino()), number)));
    }
    sorted.sort_unstable();
    sorted
}

#[expect(clippy::cast_possible_truncation, reason = "half of the number is enough to sort by")]
fn low(ino: u64) -> u32 {
    ino as u32
}
