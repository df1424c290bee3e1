//! Keeps the sink's list of damaged entries in step with what a run finds, snapshot by snapshot.
//!
//! A run adds what it found, and removes only what it checked and found sound: the content of a file
//! only if it read it. A repair removes what it mended.

use super::outlet::Note;
use super::{Finding, Reading, What};
use crate::error::{Doing as _, Result, errno_text};
use crate::fs::{Cursor, Errno};
use crate::sink::{DamageList, DamagedEntry, Node, Sink, layout};
use crate::tree::{Digest, Kind, path};
use std::collections::HashSet;
use std::sync::Arc;

/// A snapshot that was checked.
pub(super) struct Checking<'a> {
    pub(super) sink: &'a Sink,
    pub(super) node: &'a Node,
    pub(super) reading: Reading,
    /// No signal came before all entries were checked.
    pub(super) ended: bool,
}

impl Checking<'_> {
    /// Takes up what was found in the snapshot. Returns whether the list was too short for it.
    ///
    /// # Errors
    /// The list cannot be written.
    pub(super) fn remember(&self, notes: &[Note]) -> Result<bool> {
        let id = &self.node.id;
        if notes.iter().all(|note| note.path.is_none()) && !self.sink.has_damage() {
            return Ok(false);
        }
        let mut tree = self.sink.open_tree(id).ok().map(|tree| Cursor::new(Arc::new(tree), false));
        let found: Vec<DamagedEntry> =
            notes.iter().filter_map(|note| self.entry(note, tree.as_mut())).collect();
        let damaged: HashSet<&[u8]> = notes.iter().filter_map(|note| note.path.as_deref()).collect();
        let closed: Vec<&[u8]> = notes
            .iter()
            .filter(|note| note.what == What::Unreadable)
            .filter_map(|note| note.path.as_deref())
            .collect();
        let all = self.ended && notes.iter().all(|note| note.path.is_some());
        let is_sound = |entry: &DamagedEntry| {
            all && entry.id == *id
                && self.covers(entry)
                && !damaged.contains(&*entry.path)
                && !closed.iter().any(|closed| path::is_within(&entry.path, closed))
        };
        self.sink.update_damage(|list| {
            let sound: Vec<DamagedEntry> =
                list.entries.iter().filter(|entry| is_sound(entry)).cloned().collect();
            for entry in sound {
                let now = tree.as_mut().and_then(|tree| self.inode(tree, &entry.path));
                if entry.inode.is_none() || now == entry.inode {
                    list.entries.retain(|other| !is_same_damage(other, &entry));
                } else {
                    // Other snapshots may still have the damaged inode.
                    forget_path(list, &entry);
                }
            }
            for entry in found {
                let is_it = |other: &DamagedEntry| {
                    (&other.id, &other.path, &other.what) == (&entry.id, &entry.path, &entry.what)
                };
                list.entries.retain(|other| !is_it(other));
                list.entries.push(entry);
            }
        })
    }

    /// Whether the run checked what was wrong with an entry.
    fn covers(&self, entry: &DamagedEntry) -> bool {
        let needs_all = [What::Unreadable, What::Xattrs].map(What::word).contains(&&*entry.what);
        match (self.reading, &entry.sha256) {
            (Reading::All, _) => true,
            (reading, Some(digest)) => reading.takes(digest),
            (_, None) => !needs_all,
        }
    }

    /// What is listed for a finding. Directories are not linked, so their damage is not listed.
    fn entry(&self, note: &Note, tree: Option<&mut Cursor>) -> Option<DamagedEntry> {
        // What this user may not read is not damaged.
        let refused = [Errno::ACCESS, Errno::PERM].map(errno_text);
        let path = note.path.as_deref().filter(|path| !path.is_empty())?;
        let (dir, name) = path::split(path)?;
        if note.what == What::Extra || (note.what == What::Unreadable && refused.contains(&note.found)) {
            return None;
        }
        let at = tree.and_then(|tree| tree.at(dir).ok());
        let stat = at.as_ref().and_then(|at| at.stat(name).ok());
        if stat.is_some_and(|stat| stat.kind == Kind::Dir) || note.expected == Kind::Dir.word() {
            return None;
        }
        Some(DamagedEntry {
            id: self.node.id.clone(),
            path: path.into(),
            what: note.what.word().to_owned(),
            sha256: Digest::parse(&note.expected).filter(|_| note.what == What::Content),
            inode: at.and_then(|at| self.sink.stable_inode(&at, name)),
        })
    }

    fn inode(&self, tree: &mut Cursor, path: &[u8]) -> Option<crate::fs::Inode> {
        let (dir, name) = path::split(path)?;
        self.sink.stable_inode(&*tree.at(dir).ok()?, name)
    }
}

/// Whether two entries are about the same damage of the same inode, or are the same entry.
fn is_same_damage(one: &DamagedEntry, other: &DamagedEntry) -> bool {
    let same_inode = one.inode.is_some() && one.inode == other.inode;
    (same_inode && (&one.what, one.sha256) == (&other.what, other.sha256)) || one == other
}

fn forget_path(list: &mut DamageList, entry: &DamagedEntry) {
    for other in list.entries.iter_mut().filter(|other| *other == entry) {
        (other.id, other.path) = (String::new(), Box::default());
    }
}

/// Drops what is listed of snapshots other than these, if they are all snapshots of the sink: a complete
/// run over them has looked at every inode that is left. `more`: whether the list was too short in this run.
///
/// # Errors
/// The list cannot be written.
pub(super) fn forget_others(sink: &Sink, nodes: &[&Node], more: bool) -> Result<()> {
    let is_run = |id: &[u8]| nodes.iter().any(|node| node.id.as_bytes() == id);
    let all = sink.dir(layout::NODES)?.list().doing(|| "cannot list the snapshots of the sink")?;
    if !sink.has_damage() || !all.iter().all(|item| is_run(&item.name)) {
        return Ok(());
    }
    sink.update_damage(|list| {
        list.entries.retain(|entry| is_run(entry.id.as_bytes()));
        list.more = more;
    })
    .map(drop)
}

/// Drops what a repair has mended: the paths of these findings.
///
/// # Errors
/// The list cannot be written.
pub fn forget_mended<'a>(sink: &Sink, mended: impl Iterator<Item = &'a Finding>) -> Result<()> {
    let mended: HashSet<(&str, &[u8])> =
        mended.filter_map(|finding| Some((&*finding.id, finding.path.as_deref()?))).collect();
    if mended.is_empty() {
        return Ok(());
    }
    let is_left = |entry: &DamagedEntry| !mended.contains(&(&*entry.id, &*entry.path));
    sink.update_damage(|list| list.entries.retain(is_left)).map(drop)
}
