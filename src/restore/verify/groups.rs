//! Groups of hard links inside one snapshot: later names share the inode of the first.

use super::seen::Key;
use crate::tree::Digest;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// The inodes of the first names of a snapshot's groups. Memory: 32 bytes for each inode
/// that had several names.
#[derive(Default)]
pub(super) struct Groups(Mutex<HashMap<[u8; 16], Key>>);

fn short(path: &[u8]) -> [u8; 16] {
    let mut out = [0; 16];
    out.copy_from_slice(&Digest::of(path).0[..16]);
    out
}

impl Groups {
    /// Remembers the inode of a name that may be a group's first.
    pub(super) fn first(&self, path: &[u8], key: Key) {
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        map.insert(short(path), key);
    }

    /// The inode of a group's first name; `None` while no thread has come to it.
    pub(super) fn of(&self, first: &[u8]) -> Option<Key> {
        let map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        map.get(&short(first)).copied()
    }
}
