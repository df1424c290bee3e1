//! Deciding, entry by entry, what a checkout has to do; nothing is changed here.
//!
//! Memory: one directory, the inodes with several names, and what the caller keeps of the steps.

use super::change::{Change, How, Step, Trouble};
use super::group::{Groups, Membership};
use super::judge::{Powers, Seen};
use crate::error::errno_text;
use crate::fs::{Dir, Errno, Stat};
use crate::tree::{Entry, Kind, Listing, path};
use std::collections::HashSet;

/// What a decision asks for.
pub(super) enum Verdict {
    /// It stays as it is.
    Same,
    /// Its attributes differ.
    Attributes,
    /// It gives way.
    Replace,
}

/// Decides, and remembers what later decisions need.
pub(super) struct Planner {
    pub(super) powers: Powers,
    pub(super) buffer: Vec<u8>,
    pub(super) groups: Groups,
    /// Directories that nothing is done in.
    barred: HashSet<Box<[u8]>>,
    /// What cannot be done, known before anything is changed.
    pub(super) troubles: Vec<Trouble>,
    /// Whether FIFOs, sockets and devices are restored; otherwise those that stand are left alone.
    special: bool,
    /// Whether content may be read.
    reads: bool,
    /// Whether some would have had to be.
    pub(super) is_undecided: bool,
    lineage: Lineage,
}

impl Planner {
    /// With `reads`, content is read where stamps prove nothing.
    pub(super) fn new(powers: Powers, reads: bool, special: bool) -> Planner {
        Planner {
            powers,
            buffer: Vec::new(),
            groups: Groups::default(),
            barred: HashSet::new(),
            troubles: Vec::new(),
            special,
            reads,
            is_undecided: false,
            lineage: Lineage::default(),
        }
    }

    /// Leaves a directory and all below it alone.
    pub(super) fn bar(&mut self, dir: &[u8]) {
        self.barred.insert(dir.into());
    }

    /// Whether a directory is left alone.
    pub(super) fn is_barred(&self, dir: &[u8]) -> bool {
        is_below_any(&self.barred, dir)
    }

    /// Whether something of this kind is neither created nor changed.
    pub(super) fn leaves(&self, kind: Kind) -> bool {
        kind.is_special() && !self.special
    }

    /// Notes something that cannot be done.
    pub(super) fn trouble(&mut self, path: &[u8], text: impl Into<String>) {
        self.troubles.push(Trouble { path: path.into(), errno: 0, text: text.into() });
    }

    /// Notes what a system call refused.
    pub(super) fn refused(&mut self, path: &[u8], errno: Errno) {
        let text = errno_text(errno);
        self.troubles.push(Trouble { path: path.into(), errno: errno.raw_os_error(), text });
    }

    /// The record of the directory whose listing begins; to be called for each listing in order.
    pub(super) fn enter(&mut self, listing: &Listing) -> Option<Box<Entry>> {
        self.lineage.enter(listing)
    }

    /// What is to happen to something that stands where the record wants it, by content alone.
    pub(super) fn compare(&mut self, seen: &mut Seen<'_>, entry: &Entry) -> Verdict {
        if !self.reads && seen.is_unread(entry) {
            self.is_undecided = true;
            return Verdict::Same;
        }
        if !seen.is(entry, &mut self.buffer) {
            return Verdict::Replace;
        }
        match seen.shows(entry, &self.powers) {
            Ok(true) => Verdict::Same,
            // Correcting an inode with further names would reach them all; some may be history.
            Ok(false) if entry.kind != Kind::Dir && seen.stat.nlink > 1 => Verdict::Replace,
            Ok(false) => Verdict::Attributes,
            Err(_) => Verdict::Attributes,
        }
    }

    /// The change for a file of a group whose inode stands elsewhere, if that settles it.
    pub(super) fn by_group(
        &mut self,
        whole: &[u8],
        entry: &Entry,
        found: Option<&Stat>,
    ) -> Option<Option<Change>> {
        match self.groups.membership(whole, entry, found) {
            Membership::Alone => None,
            Membership::Linked => Some(None),
            Membership::LinkTo(first) => {
                let how = if found.is_some() { How::Replace } else { How::Create };
                Some(Some(Change { link_to: Some(first), ..change(whole, how, Some(entry), found) }))
            }
        }
    }

    /// Turns a verdict into a change, and remembers what the entry's group has to know.
    pub(super) fn conclude(
        &mut self,
        whole: &[u8],
        entry: &Entry,
        found: &Stat,
        verdict: Verdict,
    ) -> Option<Change> {
        let grouped = entry.kind != Kind::Dir;
        let verdict =
            if grouped && self.groups.is_taken(whole, entry, found) { Verdict::Replace } else { verdict };
        let how = match verdict {
            Verdict::Same => None,
            Verdict::Attributes => Some(How::Attributes),
            Verdict::Replace => Some(How::Replace),
        };
        if grouped {
            let kept = (how != Some(How::Replace)).then_some(found);
            self.groups.settle(whole, entry, kept);
        }
        how.map(|how| change(whole, how, Some(entry), Some(found)))
    }

    /// The change for something that is not there.
    pub(super) fn create(&mut self, whole: &[u8], entry: &Entry) -> Change {
        if entry.kind != Kind::Dir {
            self.groups.settle(whole, entry, None);
        }
        change(whole, How::Create, Some(entry), None)
    }

    /// The root's own attributes, which no listing has.
    pub(super) fn root(&mut self, root: &Dir, entry: &Entry) -> Option<Change> {
        let stat = root.stat_self().ok()?;
        let mut seen = Seen::new(root, b"", stat);
        let same = seen.shows(entry, &self.powers).unwrap_or(false);
        (!same).then(|| change(b"", How::Attributes, Some(entry), Some(&stat)))
    }
}

/// Whether a path or any directory above it is among these.
pub(super) fn is_below_any(set: &HashSet<Box<[u8]>>, whole: &[u8]) -> bool {
    if set.is_empty() {
        return false;
    }
    let above = whole.iter().enumerate().filter(|(_, b)| **b == b'/').map(|(at, _)| &whole[..at]);
    set.contains(whole) || above.into_iter().any(|dir| set.contains(dir))
}

pub(super) fn change(whole: &[u8], how: How, entry: Option<&Entry>, was: Option<&Stat>) -> Change {
    Change {
        path: whole.into(),
        how,
        entry: entry.map(|entry| Box::new(entry.clone())),
        was: was.map(|stat| Box::new(*stat)),
        link_to: None,
    }
}

/// A step is passed on with the directory's own record if anything in it changes.
pub(super) fn complete(mut step: Step, own: Option<Box<Entry>>) -> Option<Step> {
    let settles = step.changes.iter().chain(&step.removals).any(|change| change.how != How::Attributes);
    step.own = own.filter(|_| settles);
    (!step.is_empty()).then_some(step)
}

/// The records of the directories on the way to the current one.
#[derive(Default)]
struct Lineage {
    levels: Vec<(Box<[u8]>, std::vec::IntoIter<Entry>)>,
}

impl Lineage {
    fn enter(&mut self, listing: &Listing) -> Option<Box<Entry>> {
        let own = path::split(&listing.dir).and_then(|(parent, name)| {
            while self.levels.last().is_some_and(|(dir, _)| **dir != *parent) {
                self.levels.pop();
            }
            self.levels.last_mut()?.1.find(|entry| *entry.name == *name)
        });
        let dirs: Vec<Entry> = listing.entries.iter().filter(|e| e.kind == Kind::Dir).cloned().collect();
        if !dirs.is_empty() {
            self.levels.push((listing.dir.clone(), dirs.into_iter()));
        }
        own.map(Box::new)
    }
}
