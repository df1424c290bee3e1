//! Verify: is every listed snapshot still what was saved? Each entry of its manifest is held
//! against its tree: existence, kind, attributes, extended attributes, targets, sizes, contents,
//! the sharing of inodes, and names that no record knows.
//!
//! The flow: `frames` has the manifest parsed and brings its directories in order, `jobs` hands
//! them to workers, `check` looks at one entry after the other, `known` passes over those that
//! a snapshot before had with the same records and inodes, `seen` remembers what is known of each inode,
//! `outlet` holds findings back until it is known which other snapshots share the damage.
//!
//! `remember` lists damaged entries in the sink, so that no push links them.
//!
//! Promises: an inode is read once in a run, however many snapshots link it. Nothing is changed
//! but the note in `verified` and the list in `damaged`, and a sink that cannot be written is no failure.

mod check;
mod content;
mod frames;
mod groups;
mod jobs;
mod known;
mod note;
mod outlet;
mod portion;
mod remember;
mod seen;
mod xattrs;

pub use note::note;
pub use portion::Portion;
pub use remember::forget_mended;
pub use seen::Seen;

use crate::error::{Kind, Result};
use crate::fs::Errno;
use crate::interrupt;
use crate::progress::Observer;
use crate::sink::{Damaged, Node, ReadLock, Sink, layout};
use crate::tree::Digest;
use frames::Cache;
use jobs::Run;
use outlet::Outlet;
use std::collections::HashSet;

/// How to verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Whose content is read.
    pub reading: Reading,
    /// Whether the result is noted in the sink.
    pub noted: bool,
    /// Threads that check and read, beside the one that reads the manifest.
    pub threads: usize,
}

/// Whose content is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Nobody's, and no extended attribute is looked at.
    Nothing,
    /// That of these; all else is checked of everything.
    Some(Portion),
    /// Everybody's.
    All,
}

impl Reading {
    /// Whether a content is read.
    fn takes(self, digest: &Digest) -> bool {
        match self {
            Reading::Nothing => false,
            Reading::Some(portion) => portion.holds(digest),
            Reading::All => true,
        }
    }
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum What {
    /// The tree has no such name.
    Missing,
    /// Something of another kind, or another device, stands there.
    Kind,
    /// The permission bits differ.
    Mode,
    /// Owner or group differ.
    Owner,
    /// The time of the last change differs.
    Mtime,
    /// The number of bytes differs.
    Size,
    /// The bytes differ.
    Content,
    /// The symbolic link leads elsewhere.
    Target,
    /// Extended attributes differ.
    Xattrs,
    /// Paths share an inode that should not, or do not although they should.
    Links,
    /// The tree has a name that no record knows.
    Extra,
    /// The manifest is missing, damaged, or does not fit the node.
    Manifest,
    /// The exclusions of the snapshot are missing or damaged.
    Excluded,
    /// The snapshot's record is missing or damaged, or the record is all that is left.
    Node,
    /// The system failed to read it.
    Unreadable,
    /// This user may not read it. That is no damage.
    Unchecked,
}

impl What {
    /// The word in records.
    pub fn word(self) -> &'static str {
        match self {
            What::Missing => "missing",
            What::Kind => "kind",
            What::Mode => "mode",
            What::Owner => "owner",
            What::Mtime => "mtime",
            What::Size => "size",
            What::Content => "content",
            What::Target => "target",
            What::Xattrs => "xattrs",
            What::Links => "links",
            What::Extra => "extra",
            What::Manifest => "manifest",
            What::Excluded => "excluded",
            What::Node => "node",
            What::Unreadable => "unreadable",
            What::Unchecked => "unchecked",
        }
    }

    /// What it means that an entry could not be read.
    fn unread(errno: Errno) -> What {
        if matches!(errno, Errno::ACCESS | Errno::PERM) { What::Unchecked } else { What::Unreadable }
    }
}

/// One thing that is not as it was saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The snapshot.
    pub id: String,
    /// The path in its tree; `None` where the snapshot as a whole is meant.
    pub path: Option<Box<[u8]>>,
    /// What is wrong.
    pub what: What,
    /// What the manifest says.
    pub expected: String,
    /// What was found.
    pub found: String,
    /// Ids of the other snapshots of this run that have the same inode, at whatever path.
    pub shared: Vec<String>,
}

/// The result for one snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The snapshot.
    pub id: String,
    /// When it was saved, UTC.
    pub time: String,
    /// Entries looked at.
    pub entries: u64,
    /// Bytes read; what a snapshot shares with one that came before it is not read again.
    pub bytes: u64,
    /// How many findings it has; what could not be checked is none.
    pub findings: u64,
    /// Entries that could not be checked, because this user may not read them.
    pub unchecked: u64,
    /// Entries that nobody attests, so that only their attributes and sizes could be looked at.
    pub unattested: u64,
    /// A repair found something that was not as it was saved, and could only record it.
    pub differs: bool,
    /// Whether none of them is about its manifest.
    pub sound: bool,
}

/// What a run tells while it goes on. The findings of a snapshot come before its result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// Something is wrong.
    Finding(Finding),
    /// A snapshot is done.
    Snapshot(Checked),
}

/// Takes what a run tells; a failure ends the run.
pub type Reporter<'a> = dyn FnMut(Report) -> Result<()> + 'a;

/// All of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Snapshots verified.
    pub snapshots: u64,
    /// Entries looked at.
    pub entries: u64,
    /// Bytes read.
    pub bytes: u64,
    /// How many findings there are; what could not be checked is none.
    pub findings: u64,
    /// Entries that could not be checked, because this user may not read them.
    pub unchecked: u64,
    /// Entries that nobody attests.
    pub unattested: u64,
}

impl Summary {
    /// Adds the result of another sink.
    pub fn add(&mut self, other: Summary) {
        self.snapshots += other.snapshots;
        self.entries += other.entries;
        self.bytes += other.bytes;
        self.findings += other.findings;
        self.unchecked += other.unchecked;
        self.unattested += other.unattested;
    }
}

/// Verifies snapshots of one sink, and names those whose records are `damaged`.
///
/// Findings name the sharers of an inode among the snapshots that are still to come, so the
/// order given is that of the work: newest first. `seen` outlives a sink, so that sinks that
/// share inodes are read once as well.
///
/// # Errors
/// Interrupted, or the reporter failed; damage is no error but a finding. What is known by then
/// has been reported.
pub fn verify(
    sink: &Sink,
    snapshots: &[&Node],
    damaged: &[Damaged],
    options: Options,
    seen: &Seen,
    report: &mut Reporter<'_>,
    observer: &dyn Observer,
) -> Result<Summary> {
    let mut outlet = Outlet::new(seen, report);
    let mut summary = Summary::default();
    let mut cache = Cache::default();
    let mut memory = Memory { complete: options.reading == Reading::All, more: false };
    let mut run = || -> Result<()> {
        for damage in damaged {
            outlet.node(&damage.id, &damage.why);
            summary.findings += 1;
        }
        for (at, node) in snapshots.iter().enumerate() {
            interrupt::check()?;
            cache.begin(at + 1 < snapshots.len());
            let run = Run { sink, node, options, seen, number: 0, observer, place: None };
            if let Some(checked) = one(run, &mut cache, &mut outlet, &mut memory)? {
                summary.snapshots += 1;
                summary.entries += checked.entries;
                summary.bytes += checked.bytes;
                summary.findings += checked.findings;
                summary.unchecked += checked.unchecked;
                summary.unattested += checked.unattested;
                outlet.done(checked);
            }
            outlet.settle(at + 1 == snapshots.len())?;
        }
        if options.noted && memory.complete {
            warn_of(remember::forget_others(sink, snapshots, memory.more), observer);
        }
        Ok(())
    };
    let ended = run();
    let told = outlet.settle(true);
    // First what ended the work, then that nobody reads the answer.
    ended.and(told).map(|()| summary)
}

/// What a run knows about the list of damaged entries.
struct Memory {
    /// All entries of all snapshots so far were checked.
    complete: bool,
    /// The list was too short for what was found.
    more: bool,
}

fn warn_of(result: Result<()>, observer: &dyn Observer) {
    if let Err(error) = result {
        observer.warn(error.to_string());
    }
}

/// Verifies one snapshot; `None` if it was removed meanwhile.
fn one(
    mut run: Run<'_>,
    cache: &mut Cache,
    outlet: &mut Outlet<'_, '_>,
    memory: &mut Memory,
) -> Result<Option<Checked>> {
    let Run { sink, node, observer, .. } = run;
    let _lock = match ReadLock::take(&sink.dir(layout::NODES)?, &node.id) {
        Ok(lock) => lock,
        Err(error) if error.kind() == Kind::NotFound => {
            observer.warn(format!("snapshot {} was removed meanwhile and is left out", node.short()));
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    run.number = run.seen.begin(&node.id);
    let (outcome, ended) = run.check(cache);
    let unchecked: Vec<_> = outcome.notes.iter().filter(|note| note.what == What::Unchecked).collect();
    // The content and the attributes of one entry are two notes.
    let paths: HashSet<_> = unchecked.iter().map(|note| note.path.as_deref()).collect();
    let checked = Checked {
        id: node.id.clone(),
        time: node.time.clone(),
        entries: outcome.entries,
        bytes: outcome.bytes,
        findings: (outcome.notes.len() - unchecked.len()) as u64,
        unchecked: paths.len() as u64 + outcome.hidden,
        unattested: node.recovered.as_ref().map_or(0, |recovered| recovered.unattested),
        differs: node.recovered.as_ref().is_some_and(|recovered| recovered.differs),
        sound: outcome.notes.iter().all(|note| note.what != What::Manifest),
    };
    let reading = run.options.reading;
    memory.complete &= outcome.notes.iter().all(|note| note.path.is_some());
    if run.options.noted {
        let checking = remember::Checking { sink, node, reading, ended: ended.is_ok() };
        let remembered = checking.remember(&outcome.notes).map(|too_short| memory.more |= too_short);
        warn_of(remembered, observer);
    }
    outlet.notes(&node.id, run.number, outcome.notes);
    ended?;
    if run.options.noted {
        warn_of(note(sink, &checked, reading), observer);
    }
    Ok(Some(checked))
}
