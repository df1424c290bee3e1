//! Findings on their way out. One about an inode waits until the snapshots still to come have
//! said whether they share it; everything behind it waits too, so that the order stays.

use super::seen::{Key, Seen};
use super::{Checked, Finding, Report, Reporter, What};
use crate::error::Result;

/// So many may wait; a sink with more damage than this names fewer sharers.
const WAITING: usize = 100_000;

/// A finding of which the sharers are not known yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Note {
    /// Place in the manifest; what has no entry comes after the last of its directory.
    pub(super) place: (u64, bool),
    /// The path; `None` for the snapshot as a whole.
    pub(super) path: Option<Box<[u8]>>,
    /// What is wrong.
    pub(super) what: What,
    /// What the manifest says.
    pub(super) expected: String,
    /// What was found.
    pub(super) found: String,
    /// The inode, if what is wrong is wrong wherever it is linked.
    pub(super) inode: Option<Key>,
}

struct Waiting {
    report: Report,
    inode: Option<(Key, u32)>,
}

/// Where a run's findings and results go.
pub(super) struct Outlet<'a, 'b> {
    seen: &'a Seen,
    report: &'a mut Reporter<'b>,
    waiting: Vec<Waiting>,
}

impl<'a, 'b> Outlet<'a, 'b> {
    /// Tells `report`; sharers come from `seen`.
    pub(super) fn new(seen: &'a Seen, report: &'a mut Reporter<'b>) -> Outlet<'a, 'b> {
        Outlet { seen, report, waiting: Vec::new() }
    }

    /// A snapshot whose record is damaged.
    pub(super) fn node(&mut self, id: &str, why: &str) {
        let finding = Finding {
            id: id.to_owned(),
            path: None,
            what: What::Node,
            expected: "a whole snapshot".to_owned(),
            found: why.to_owned(),
            shared: Vec::new(),
        };
        self.waiting.push(Waiting { report: Report::Finding(finding), inode: None });
    }

    /// The findings of a snapshot.
    pub(super) fn notes(&mut self, id: &str, number: u32, notes: Vec<Note>) {
        for note in notes {
            let Note { path, what, expected, found, inode, .. } = note;
            let finding = Finding { id: id.to_owned(), path, what, expected, found, shared: Vec::new() };
            let inode = inode.map(|key| (key, number));
            self.waiting.push(Waiting { report: Report::Finding(finding), inode });
        }
    }

    /// The result of a snapshot.
    pub(super) fn done(&mut self, checked: Checked) {
        self.waiting.push(Waiting { report: Report::Snapshot(checked), inode: None });
    }

    /// Lets out what need not wait; with `all` everything.
    pub(super) fn settle(&mut self, all: bool) -> Result<()> {
        let ready = all || self.waiting.len() > WAITING;
        let until = self.waiting.iter().position(|one| one.inode.is_some() && !ready);
        for mut one in self.waiting.drain(..until.unwrap_or(self.waiting.len())) {
            if let (Report::Finding(finding), Some((key, number))) = (&mut one.report, one.inode) {
                finding.shared = self.seen.sharers(key, number);
            }
            (self.report)(one.report)?;
        }
        Ok(())
    }
}
