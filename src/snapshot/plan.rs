//! What a push is going to do with each entry: values that can be printed and tested.

use crate::tree::{Digest, Entry, Held, Kind};

/// What becomes of an entry in the new tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The inode that HEAD's tree has under this path, or under `from`.
    Keep,
    /// That inode, if the source's content still has this hash; otherwise a copy.
    Check(Digest),
    /// A new inode, made from the source.
    New,
    /// Another name of the file that stands at this earlier path.
    SameAs(Box<[u8]>),
    /// A directory.
    Dir,
}

/// An entry and its target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// What the source shows; a hash or a symbolic link's target may still be missing.
    pub entry: Entry,
    /// What becomes of it.
    pub target: Target,
    /// Whether `entry.xattrs` has been read.
    pub xattrs_known: bool,
    /// The content's hash in HEAD under this path.
    pub prior: Option<Digest>,
    /// What HEAD's inode shows instead of the entry's attributes: `held`, if it is kept.
    pub share: Option<Box<Held>>,
    /// The inode that HEAD's tree has under this path; 0 if that is not known.
    pub sink_ino: u64,
    /// Path of that inode in HEAD's tree, where it is another one.
    pub from: Option<Box<[u8]>>,
    /// Whether a directory of the tree that staging began with shows all that it has to show.
    pub settled: bool,
    /// Why it is not simply kept, for people.
    pub reason: Reason,
}

impl Planned {
    /// The plan for an entry of which the record in HEAD's index still holds.
    pub fn kept(entry: Entry) -> Planned {
        Planned {
            target: if entry.kind == Kind::Dir { Target::Dir } else { Target::Keep },
            xattrs_known: true,
            prior: entry.sha256,
            share: None,
            sink_ino: entry.sink_ino,
            from: None,
            settled: false,
            reason: Reason::Unchanged,
            entry,
        }
    }

    /// A directory whose extended attributes cannot be read.
    pub fn bare_dir(entry: &Entry) -> Planned {
        Planned {
            entry: entry.clone(),
            target: Target::Dir,
            xattrs_known: true,
            prior: None,
            share: None,
            sink_ino: 0,
            from: None,
            settled: false,
            reason: Reason::Doubtful,
        }
    }
}

/// An entry of HEAD that seems to stand under another path now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Its path in HEAD.
    pub from: Box<[u8]>,
    /// Its record there.
    pub old: Entry,
}

/// Why an entry is not kept unseen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Nothing differs.
    Unchanged,
    /// HEAD has no such entry, or one of another kind.
    Added,
    /// HEAD has it under another path.
    Moved,
    /// Size or time of content differ.
    Modified,
    /// Mode, owner, or extended attributes differ, or can be held only now.
    Attributes,
    /// Inode or ctime differ, or the stamps prove nothing.
    Doubtful,
}

impl Reason {
    /// The word in `change` records.
    pub fn word(self) -> &'static str {
        match self {
            Reason::Unchanged => "unchanged",
            Reason::Added => "added",
            Reason::Moved => "moved",
            Reason::Modified => "modified",
            Reason::Attributes => "attributes",
            Reason::Doubtful => "doubtful",
        }
    }
}
