//! One entry of a tree, as the source showed it.

use super::{Digest, Held, Time};
use std::collections::BTreeMap;

/// Names and values of extended attributes; ACLs are among them as `system.posix_acl_*`.
pub type Xattrs = BTreeMap<Box<[u8]>, Box<[u8]>>;

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Dir,
    /// A symbolic link.
    Symlink,
    /// A named pipe.
    Fifo,
    /// A socket.
    Socket,
    /// A character device.
    Char,
    /// A block device.
    Block,
}

impl Kind {
    /// The word in records.
    pub fn word(self) -> &'static str {
        match self {
            Kind::File => "file",
            Kind::Dir => "dir",
            Kind::Symlink => "symlink",
            Kind::Fifo => "fifo",
            Kind::Socket => "socket",
            Kind::Char => "char",
            Kind::Block => "block",
        }
    }

    /// Whether it is a FIFO, a socket or a device: it has no bytes, and is never opened.
    pub fn is_special(self) -> bool {
        matches!(self, Kind::Fifo | Kind::Socket) || self.is_device()
    }

    /// Whether it is a character or block device.
    pub fn is_device(self) -> bool {
        matches!(self, Kind::Char | Kind::Block)
    }
}

/// The snapshot that created an inode, and the path that the inode had in it: no other inode of the sink
/// has both.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Made {
    /// Place of that snapshot in the history of its sink.
    pub seq: u64,
    /// The inode's (first) path in that snapshot, if the entry has another one.
    pub path: Option<Box<[u8]>>,
}

/// An entry without its parent directory.
///
/// `mode` has the twelve permission bits; `mtime`, `ctime`, `ino` and `nlink` are the source's
/// stamps; `size` is in bytes and 0 for all but regular files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Last component of the path; empty for the root.
    pub name: Box<[u8]>,
    /// What it is.
    pub kind: Kind,
    /// Permission bits, 0 to 0o7777.
    pub mode: u16,
    /// Numeric owner.
    pub uid: u32,
    /// Numeric group.
    pub gid: u32,
    /// Time of the last change of the content.
    pub mtime: Time,
    /// Bytes of a regular file.
    pub size: u64,
    /// Hash of a regular file's content; `None` only before it has been read, and where nobody
    /// attests what it was.
    pub sha256: Option<Digest>,
    /// Target of a symbolic link.
    pub target: Option<Box<[u8]>>,
    /// Major and minor number of a device.
    pub rdev: Option<(u32, u32)>,
    /// Inode number in the source.
    pub ino: u64,
    /// Time of the last change of the inode in the source.
    pub ctime: Time,
    /// How many names the source's inode had, of whatever tree; 0 where it was not looked at.
    pub nlink: u32,
    /// Recorded within two seconds of its last change: equal stamps prove nothing.
    pub racy: bool,
    /// The file changed while it was read, each time.
    pub torn: bool,
    /// Recorded by a repair from what stood in the sink: nobody attests that it was saved so.
    pub unattested: bool,
    /// Extended attributes.
    pub xattrs: Xattrs,
    /// First path of the group of hard links that this later name belongs to.
    pub links: Option<Box<[u8]>>,
    /// What the sink's inode shows instead.
    pub held: Option<Box<Held>>,
    /// Which snapshot created the sink's inode; `None` for directories, and where that is not known.
    pub made: Option<Made>,
    /// The inode in the sink's tree, where that is known; 0 elsewhere. No part of the record.
    pub sink_ino: u64,
}

/// A directory and all its entries in the order of their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// Path of the directory; empty for the root.
    pub dir: Box<[u8]>,
    /// Its entries, strictly ascending by name.
    pub entries: Vec<Entry>,
}

impl Entry {
    /// Whether mode, owner, group, mtime, and extended attributes are those of `other`.
    pub fn same_attributes(&self, other: &Entry) -> bool {
        self.mode == other.mode
            && self.uid == other.uid
            && self.gid == other.gid
            && self.mtime == other.mtime
            && self.xattrs == other.xattrs
    }

    /// Whether kind and content are those of `other`. Unread content equals nothing.
    pub fn same_content(&self, other: &Entry) -> bool {
        self.kind == other.kind
            && match self.kind {
                Kind::File => self.size == other.size && self.sha256.is_some() && self.sha256 == other.sha256,
                Kind::Symlink => self.target == other.target,
                Kind::Char | Kind::Block => self.rdev == other.rdev,
                Kind::Dir | Kind::Fifo | Kind::Socket => true,
            }
    }

    /// The snapshot that created the inode of the entry at `whole`, and the path that it had there.
    pub fn origin<'a>(&'a self, whole: &'a [u8]) -> Option<(u64, &'a [u8])> {
        let Made { seq, path } = self.made.as_ref()?;
        let is_split = self.held.as_deref().is_some_and(|held| held.split);
        let own = self.links.as_deref().filter(|_| !is_split).unwrap_or(whole);
        Some((*seq, path.as_deref().unwrap_or(own)))
    }

    /// What an entry at `whole` says that has the inode which this record, at `old`, is about.
    pub fn made_for(&self, old: &[u8], whole: &[u8]) -> Option<Made> {
        let (seq, path) = self.origin(old)?;
        Some(Made { seq, path: (path != whole).then(|| path.into()) })
    }

    /// Whether this can be one of several names of an inode.
    pub fn may_be_grouped(&self) -> bool {
        self.kind != Kind::Dir && (self.nlink > 1 || self.links.is_some())
    }

    /// Whether the sink has no inode for this entry and only the record holds it.
    pub fn is_absent(&self) -> bool {
        self.held.as_deref().is_some_and(|held| held.absent)
    }
}
