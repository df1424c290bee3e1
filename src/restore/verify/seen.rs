//! What a run knows of the inodes that it has met: the hash of their content, which snapshot
//! had them last, and which snapshots have the damaged ones.

use crate::fs::Errno;
use crate::tree::Digest;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Device and inode number.
pub(super) type Key = (u64, u64);

/// A fingerprint of extended attributes that equals none.
pub(super) const UNKNOWN: u32 = 1;

/// 48 bytes with the inode number before it.
#[derive(Clone, Copy)]
struct Inode {
    digest: [u8; 32],
    /// Of the extended attributes; 0 as long as nothing of the inode was read.
    fingerprint: u32,
    /// The last snapshot that had a name on it which belongs to no group before it.
    snapshot: u32,
}

const NEW: Inode = Inode { digest: [0; 32], fingerprint: 0, snapshot: 0 };

/// Inode numbers are the file system's own: mixing their bits is enough.
#[derive(Default)]
struct ByNumber(u64);

impl Hasher for ByNumber {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u64(&mut self, number: u64) {
        // 2^64 divided by the golden ratio.
        let mixed = (self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 32);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

type Inodes = HashMap<u64, Inode, BuildHasherDefault<ByNumber>>;

#[derive(Default)]
struct Known {
    ids: Vec<String>,
    devices: Vec<(u64, Inodes)>,
    reading: HashSet<Key>,
    failed: HashMap<Key, Errno>,
    damaged: HashMap<Key, Vec<u32>>,
}

/// Who reads an inode's content, and what came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// Nobody has read it: the caller does, and reports to [`Seen::learn`] or [`Seen::fail`].
    Yours,
    /// Another thread is at it; the answer is there when all threads have ended.
    Underway,
    /// The hash, and the fingerprint of the extended attributes.
    Is(Digest, u32),
    /// It could not be read.
    Failed(Errno),
}

/// The inodes of a run. Memory: 48 bytes for that of each file and symbolic link.
#[derive(Default)]
pub struct Seen(Mutex<Known>);

impl Known {
    fn inode(&mut self, (dev, ino): Key) -> &mut Inode {
        let at = match self.devices.iter().position(|(known, _)| *known == dev) {
            Some(at) => at,
            None => {
                self.devices.push((dev, Inodes::default()));
                self.devices.len() - 1
            }
        };
        self.devices[at].1.entry(ino).or_insert(NEW)
    }

    fn note_damage(&mut self, key: Key, snapshot: u32) {
        let snapshots = self.damaged.entry(key).or_default();
        if snapshots.last() != Some(&snapshot) {
            snapshots.push(snapshot);
        }
    }
}

impl Seen {
    /// A run that has met nothing yet.
    pub fn new() -> Seen {
        Seen::default()
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a snapshot; returns its number in the run, from 1.
    pub(super) fn begin(&self, id: &str) -> u32 {
        let mut known = self.lock();
        known.ids.push(id.to_owned());
        u32::try_from(known.ids.len()).unwrap_or(u32::MAX)
    }

    /// A snapshot has a name on this inode.
    pub(super) fn touch(&self, key: Key, snapshot: u32) {
        let mut known = self.lock();
        if known.damaged.contains_key(&key) {
            known.note_damage(key, snapshot);
        }
    }

    /// A snapshot has a name on this inode which should be the only one but for later members of
    /// its group. Returns whether it is.
    pub(super) fn own(&self, key: Key, snapshot: u32) -> bool {
        let mut known = self.lock();
        let inode = known.inode(key);
        let last = std::mem::replace(&mut inode.snapshot, snapshot);
        last != snapshot
    }

    /// [`Seen::touch`] and [`Seen::own`] for many inodes of one device, each with a number of the
    /// caller's. Returns the numbers of those that another path has.
    pub(super) fn again(&self, dev: u64, inodes: &[(usize, u64)], snapshot: u32) -> Vec<usize> {
        let mut known = self.lock();
        let mut others = Vec::new();
        for (number, ino) in inodes {
            if !known.damaged.is_empty() && known.damaged.contains_key(&(dev, *ino)) {
                known.note_damage((dev, *ino), snapshot);
            }
            let inode = known.inode((dev, *ino));
            if std::mem::replace(&mut inode.snapshot, snapshot) == snapshot {
                others.push(*number);
            }
        }
        others
    }

    /// Asks for the content of an inode.
    pub(super) fn content(&self, key: Key) -> Content {
        let mut known = self.lock();
        let inode = *known.inode(key);
        if inode.fingerprint != 0 {
            return Content::Is(Digest(inode.digest), inode.fingerprint);
        }
        match known.failed.get(&key).copied() {
            Some(errno) => Content::Failed(errno),
            None if known.reading.insert(key) => Content::Yours,
            None => Content::Underway,
        }
    }

    /// The content of an inode was read.
    pub(super) fn learn(&self, key: Key, digest: Digest, fingerprint: u32) {
        let mut known = self.lock();
        let inode = known.inode(key);
        (inode.digest, inode.fingerprint) = (digest.0, fingerprint);
        known.reading.remove(&key);
    }

    /// The content of an inode cannot be read.
    pub(super) fn fail(&self, key: Key, errno: Errno) {
        let mut known = self.lock();
        known.failed.insert(key, errno);
        known.reading.remove(&key);
    }

    /// Something is wrong with an inode in a snapshot.
    pub(super) fn damage(&self, key: Key, snapshot: u32) {
        self.lock().note_damage(key, snapshot);
    }

    /// The snapshots but one that have this damaged inode, in the order of the work.
    pub(super) fn sharers(&self, key: Key, but: u32) -> Vec<String> {
        let known = self.lock();
        let numbers = known.damaged.get(&key).map(Vec::as_slice).unwrap_or_default();
        let id = |number: &u32| known.ids.get(*number as usize - 1).cloned();
        numbers.iter().filter(|number| **number != but).filter_map(id).collect()
    }
}

impl std::fmt::Debug for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let inodes: usize = self.lock().devices.iter().map(|(_, inodes)| inodes.len()).sum();
        write!(f, "Seen({inodes} inodes)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = (1, 2);

    #[test]
    fn an_inode_is_known_by_forty_eight_bytes() {
        assert_eq!(std::mem::size_of::<(u64, Inode)>(), 48);
    }

    #[test]
    fn content_is_given_to_one_reader_and_remembered() {
        let seen = Seen::new();
        assert_eq!(seen.content(KEY), Content::Yours);
        assert_eq!(seen.content(KEY), Content::Underway);
        seen.learn(KEY, Digest::of(b"x"), 7);
        assert_eq!(seen.content(KEY), Content::Is(Digest::of(b"x"), 7));
        assert_eq!(seen.content((2, 2)), Content::Yours);
        seen.fail((2, 2), Errno::IO);
        assert_eq!(seen.content((2, 2)), Content::Failed(Errno::IO));
    }

    #[test]
    fn an_inode_belongs_to_one_path_of_each_snapshot() {
        let seen = Seen::new();
        let (first, second) = (seen.begin("a"), seen.begin("b"));
        assert!(seen.own(KEY, first));
        assert!(!seen.own(KEY, first));
        assert!(seen.own(KEY, second));
    }

    #[test]
    fn many_inodes_at_once_are_owned_and_share_damage_like_one() {
        let seen = Seen::new();
        let (first, second) = (seen.begin("a"), seen.begin("b"));
        seen.damage(KEY, first);
        assert!(seen.again(1, &[(10, 2), (11, 3)], second).is_empty());
        assert_eq!(seen.again(1, &[(12, 3), (13, 4), (14, 4)], second), [12, 14]);
        assert!(!seen.own(KEY, second) && seen.own((2, 2), second));
        assert_eq!(seen.sharers(KEY, first), ["b"]);
    }

    #[test]
    fn later_snapshots_on_a_damaged_inode_are_sharers() {
        let seen = Seen::new();
        let numbers = ["a", "b", "c"].map(|id| seen.begin(id));
        seen.touch(KEY, numbers[0]);
        seen.damage(KEY, numbers[1]);
        seen.touch(KEY, numbers[2]);
        seen.touch(KEY, numbers[2]);
        assert_eq!(seen.sharers(KEY, numbers[1]), ["c"]);
        assert_eq!(seen.sharers(KEY, numbers[2]), ["b"]);
        assert!(seen.sharers((9, 9), numbers[2]).is_empty());
    }
}
