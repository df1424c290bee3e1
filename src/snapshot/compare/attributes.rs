//! Attributes that differ, where the inode is kept nevertheless.

use crate::tree::{Entry, Held};

/// What HEAD's inode shows instead of the entry's attributes; `None` if that cannot be declared
/// because it has an extended attribute that the entry has not.
pub(super) fn shared_inode(entry: &Entry, prev: &Entry) -> Option<Box<Held>> {
    let shown = prev.shown();
    let stored = |name: &[u8]| {
        prev.xattrs.contains_key(name)
            && !prev.held.as_deref().is_some_and(|held| held.xattrs.iter().any(|lacking| **lacking == *name))
    };
    let lacking =
        entry.xattrs.iter().filter(|(name, value)| prev.xattrs.get(*name) != Some(*value) || !stored(name));
    Held {
        mode: (shown.mode != entry.mode).then_some(shown.mode),
        uid: (shown.uid != entry.uid).then_some(shown.uid),
        gid: (shown.gid != entry.gid).then_some(shown.gid),
        mtime: (shown.mtime != entry.mtime).then_some(shown.mtime),
        xattrs: lacking.map(|(name, _)| name.clone()).collect(),
        split: false,
        absent: false,
    }
    .some()
}
