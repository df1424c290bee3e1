//! Directories: those that are missing are made, the others put right in place, which is the one
//! change that a listed tree ever sees (a directory belongs to one snapshot alone).

use super::copies::{attributes, stored_xattrs};
use crate::error::errno_text;
use crate::fs::{self, Cursor, Dir, Errno};
use crate::tree::{Entry, path};
use std::sync::Arc;

/// What the kernel sets by itself.
const LABEL: &[u8] = b"security.selinux";

/// A directory that is wrong, or in which something is.
pub(super) struct Folder {
    path: Box<[u8]>,
    entry: Entry,
    is_missing: bool,
    is_wrong: bool,
}

impl Folder {
    pub(super) fn new(path: &[u8], entry: &Entry, is_missing: bool, is_wrong: bool) -> Folder {
        Folder { path: path.into(), entry: entry.clone(), is_missing, is_wrong }
    }

    pub(super) fn path(&self) -> &[u8] {
        &self.path
    }

    /// Whether it is not only the place of something wrong.
    pub(super) fn is_wrong(&self) -> bool {
        self.is_wrong
    }

    /// Makes it if it is missing, and lets its owner work in it.
    ///
    /// # Errors
    /// Why that cannot be done, in a few words.
    pub(super) fn begin(&self, tree: &mut Cursor) -> Result<(), String> {
        if self.is_missing {
            let (parent, name) = path::split(&self.path).ok_or("the tree is missing")?;
            tree.at(parent).and_then(|parent| parent.make_dir(name, 0o700)).map_err(errno_text)?;
        }
        let dir = tree.at(&self.path).map_err(errno_text)?;
        let stat = dir.stat_self().map_err(errno_text)?;
        // What has to be renamed into a closed directory needs it open, but for root.
        if stat.mode & 0o700 == 0o700 || rustix::process::geteuid().is_root() {
            return Ok(());
        }
        fs::open_up(&dir).map_err(errno_text)
    }

    /// Gives it what its record says, and makes it durable.
    ///
    /// # Errors
    /// Why it does not show that, in a few words.
    pub(super) fn finish(&self, tree: &mut Cursor, grain: u64) -> Result<(), String> {
        let dir = tree.at(&self.path).map_err(errno_text)?;
        self.dress(&dir, grain).map_err(errno_text)?;
        let stat = dir.stat_self().map_err(errno_text)?;
        if stat.shows(&self.entry.shown(), grain) { Ok(()) } else { Err("its owner cannot be set".into()) }
    }

    fn dress(&self, dir: &Arc<Dir>, grain: u64) -> fs::Result<()> {
        if self.is_wrong {
            let mut xattrs = stored_xattrs(&self.entry);
            if let Some(label) = fs::read_xattrs(dir, b"")?.remove(LABEL) {
                xattrs.entry(LABEL.into()).or_insert(label);
            }
            let (held, _) = fs::fit_dir(dir, &attributes(&self.entry, &xattrs), grain)?;
            if !held.xattrs.is_empty() {
                return Err(Errno::PERM);
            }
        }
        fs::finish_dir(dir, &self.entry, true)?;
        dir.sync()
    }
}
