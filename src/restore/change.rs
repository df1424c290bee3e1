//! What a checkout is about to do, as values: printed for a dry run, applied otherwise.

use crate::fs::Stat;
use crate::tree::Entry;

/// What happens to one path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Nothing stands there yet.
    Create,
    /// Something else stands there, and gives way.
    Replace,
    /// Only attributes are corrected, on the inode that stands there.
    Attributes,
    /// The snapshot has nothing there.
    Remove,
}

impl How {
    /// The word in plans and records.
    pub fn word(self) -> &'static str {
        match self {
            How::Create => "create",
            How::Replace => "replace",
            How::Attributes => "attributes",
            How::Remove => "remove",
        }
    }
}

/// One path and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Path below the target's root; empty for the root itself.
    pub path: Box<[u8]>,
    /// What happens.
    pub how: How,
    /// What it becomes; `None` if it is removed.
    pub entry: Option<Box<Entry>>,
    /// What stood there when this was decided; anything else is not touched.
    pub was: Option<Box<Stat>>,
    /// The path that it shares an inode with, which stands by then.
    pub link_to: Option<Box<[u8]>>,
}

/// The changes inside one directory. Steps come in manifest order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Path of the directory.
    pub dir: Box<[u8]>,
    /// The directory's own record, if it is to show its attributes again after the changes.
    pub own: Option<Box<Entry>>,
    /// What goes, before anything comes.
    pub removals: Vec<Change>,
    /// What comes or changes.
    pub changes: Vec<Change>,
}

impl Step {
    pub(super) fn new(dir: &[u8]) -> Step {
        Step { dir: dir.into(), own: None, removals: Vec::new(), changes: Vec::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.removals.is_empty() && self.changes.is_empty()
    }
}

/// Something that was asked for and not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Path below the target's root.
    pub path: Box<[u8]>,
    /// The system's error number, or 0.
    pub errno: i32,
    /// Why, for people.
    pub text: String,
}
