//! What a sink's inode really shows, where it cannot show what the entry says.

use super::{Entry, Time};

/// Differences between an entry and the inode that stands for it; empty when there are none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Held {
    /// The mode that the inode shows.
    pub mode: Option<u16>,
    /// The owner that the inode shows.
    pub uid: Option<u32>,
    /// The group that the inode shows.
    pub gid: Option<u32>,
    /// The mtime that the inode shows.
    pub mtime: Option<Time>,
    /// Names of the extended attributes that are not stored.
    pub xattrs: Vec<Box<[u8]>>,
    /// This name stands on an inode of its own, although it belongs to a group.
    pub split: bool,
    /// The sink has no inode for this entry: neither the user nor the file system could create one.
    pub absent: bool,
}

/// What a correct inode in the sink shows: held over entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// Permission bits.
    pub mode: u16,
    /// Numeric owner.
    pub uid: u32,
    /// Numeric group.
    pub gid: u32,
    /// Time of last change of the content, before the sink's grain is applied.
    pub mtime: Time,
}

impl Held {
    /// `Some` if anything differs.
    pub fn some(self) -> Option<Box<Held>> {
        (self != Held::default()).then(|| Box::new(self))
    }
}

impl Entry {
    /// What the sink's inode must show for this entry.
    pub fn shown(&self) -> Shown {
        self.shown_under(self.held.as_deref())
    }

    /// What an inode shows that has this instead of the entry's attributes.
    pub fn shown_under(&self, held: Option<&Held>) -> Shown {
        Shown {
            mode: held.and_then(|h| h.mode).unwrap_or(self.mode),
            uid: held.and_then(|h| h.uid).unwrap_or(self.uid),
            gid: held.and_then(|h| h.gid).unwrap_or(self.gid),
            mtime: held.and_then(|h| h.mtime).unwrap_or(self.mtime),
        }
    }
}
