//! Repair: what a verify found is put right, as far as good bytes are to be had.
//!
//! The flow: `manifests` puts back those that stand elsewhere, `records` makes the others and lost nodes
//! anew (`rebuild`, `lineage`), which all else goes by. Then `survey` holds the findings of each snapshot against its manifest, `copies` looks for
//! files whose bytes have the recorded hash (other paths and snapshots of the sink, its other
//! sinks, the source), and that is the plan. Applied, `inode` makes new inodes and renames them over
//! the bad ones, and `folder` puts directories right.
//!
//! Promises: nothing is ever written into an inode that a snapshot holds, and no name is in the
//! way of anybody: a new inode is made in a staging of its own, its bytes are hashed while they are
//! copied, and only when it shows all that its record says, and is durable, is it renamed over the
//! path. So at any cut each path has the old inode or the new one, and a second run goes on. Only
//! directories are changed in place. Nothing that no record knows is removed, and no sound record is
//! changed: what is damaged is never made right by believing it, and what was recorded anew is marked.

mod copies;
mod exclusions;
mod folder;
mod inode;
mod lineage;
mod manifests;
mod nodes;
mod rebuild;
mod records;
mod survey;
mod translate;

pub use exclusions::lost_exclusions;
pub use manifests::lost_manifests;
pub use records::lost_records;

use super::checkout::Others;
use super::verify::{Finding, What};
use crate::error::{Result, errno_text};
use crate::fs::{Cursor, Dir};
use crate::interrupt;
use crate::progress::{Event, Observer};
use crate::sink::{Catalog, Node, Sink, SinkLock};
use crate::source::Source;
use crate::tree::{Entry, path};
use copies::{Copies, Good};
use folder::Folder;
use inode::Placer;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

/// What is to be repaired, and where good copies may be.
pub struct Request<'a> {
    /// The sink.
    pub sink: &'a Sink,
    /// What it holds.
    pub catalog: &'a Catalog,
    /// The source's other sinks, opened when they are needed.
    pub others: &'a Others<'a>,
    /// The source, if it is at hand.
    pub source: Option<&'a Source>,
    /// Manifests and nodes that are put back, or can be.
    pub records: &'a [Restored],
    /// What a verify of all snapshots of the sink found: an inode is replaced wherever it is bad.
    pub findings: &'a [Finding],
}

/// A manifest or a node that is lost, and what became of it, or would.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The snapshot that it is of.
    pub id: String,
    /// Which of the two, as a finding has it.
    pub what: What,
    /// What was wrong with it, for people.
    pub why: String,
    /// What became of it.
    pub outcome: Outcome,
}

/// What is not certain of a record that was made anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Anew {
    /// Whether a hash proves it to be what was written, or that of the same push in another sink does.
    pub proven: bool,
    /// Entries that nobody attests.
    pub unattested: u64,
    /// Something is known not to be as it was saved.
    pub differs: bool,
    /// Its place in the history is a guess.
    pub guessed: bool,
}

impl Anew {
    /// Whether all is as it was saved.
    pub fn is_whole(self) -> bool {
        self == Anew { proven: true, unattested: 0, differs: false, guessed: false }
    }
}

/// What becomes of a finding.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It is recorded anew from the tree.
    Anew(Anew),
    /// It is put right by its record alone.
    ByRecord,
    /// It is put right with the bytes of the file at this path.
    From(PathBuf),
    /// It stays as it is, for this reason.
    Left(String),
}

impl Outcome {
    /// Whether all is as it was saved again.
    pub fn is_whole(&self) -> bool {
        match self {
            Outcome::Left(_) => false,
            Outcome::Anew(anew) => anew.is_whole(),
            Outcome::ByRecord | Outcome::From(_) => true,
        }
    }
}

/// A non-directory that gets a new inode.
struct Work {
    path: Box<[u8]>,
    entry: Entry,
    /// The inode that stands there, if one does.
    old: Option<(u64, u64)>,
    from: From,
}

/// What a new inode is made from.
enum From {
    /// Nothing but its record.
    Record,
    /// The inode of the group's first name.
    First(Box<[u8]>),
    /// The bytes of a file that has them.
    Bytes(Good),
    /// Bytes that are not found yet.
    Wanted,
}

/// What there is to do in one snapshot.
struct Part<'a> {
    node: &'a Node,
    works: Vec<Work>,
    folders: Vec<Folder>,
}

/// Outcomes by snapshot and path.
#[derive(Default)]
struct Outcomes {
    known: HashMap<String, HashMap<Box<[u8]>, Outcome>>,
    /// Sound directories that lost their times to a repair, by snapshot.
    spoiled: HashMap<String, u64>,
}

impl Outcomes {
    fn set(&mut self, id: &str, path: &[u8], outcome: Outcome) {
        self.known.entry(id.to_owned()).or_default().insert(path.into(), outcome);
    }

    fn left(&mut self, id: &str, path: &[u8], why: impl Into<String>) {
        self.set(id, path, Outcome::Left(why.into()));
    }

    fn is_left(&self, id: &str, path: &[u8]) -> bool {
        matches!(self.get(id, path), Some(Outcome::Left(_)))
    }

    fn get(&self, id: &str, path: &[u8]) -> Option<&Outcome> {
        self.known.get(id).and_then(|paths| paths.get(path))
    }
}

/// What will be done about each finding; after [`Plan::apply`], what was.
pub struct Plan<'a> {
    parts: Vec<Part<'a>>,
    outcomes: Outcomes,
    copies: Copies<'a>,
    records: &'a [Restored],
}

/// Finds out what can be put right. Reads, and writes nothing.
///
/// # Errors
/// Interrupted.
pub fn plan<'a>(request: &Request<'a>, observer: &dyn Observer) -> Result<Plan<'a>> {
    observer.event(Event::Phase("looking for good copies"));
    let mut outcomes = Outcomes::default();
    let mut parts = Vec::new();
    for snapshot in request.catalog.snapshots.iter().rev() {
        interrupt::check()?;
        let node = &snapshot.node;
        let findings: Vec<&Finding> =
            request.findings.iter().filter(|f| f.id == node.id && f.path.is_some()).collect();
        if !findings.is_empty() {
            parts.push(survey::survey(request.sink, node, &findings, &mut outcomes));
        }
    }
    let wanted = parts.iter().flat_map(|part| &part.works).filter(|work| matches!(work.from, From::Wanted));
    let mut copies = Copies::new(request, wanted.filter_map(|work| work.entry.sha256).collect());
    for part in &mut parts {
        find_bytes(part, &mut copies, &mut outcomes)?;
    }
    // What could not be read for a signal is not without a good copy.
    interrupt::check()?;
    Ok(Plan { parts, outcomes, copies, records: request.records })
}

/// Finds a good copy for each file; those without one stay as they are, and so do the later names
/// of their groups.
fn find_bytes(part: &mut Part<'_>, copies: &mut Copies<'_>, outcomes: &mut Outcomes) -> Result<()> {
    let id = &part.node.id;
    for mut work in std::mem::take(&mut part.works) {
        interrupt::check()?;
        let outcome = match &work.from {
            From::Wanted => match copies.find(part.node, &work.path, &work.entry) {
                Some(good) => {
                    let outcome = Outcome::From(good.shown.clone());
                    work.from = From::Bytes(good);
                    outcome
                }
                None => Outcome::Left("there is no good copy".into()),
            },
            From::First(first) if outcomes.is_left(id, first) => {
                Outcome::Left("the first of its hard links is not repaired".into())
            }
            From::First(first) => outcomes.get(id, first).cloned().unwrap_or(Outcome::ByRecord),
            From::Record | From::Bytes(_) => Outcome::ByRecord,
        };
        let is_left = matches!(outcome, Outcome::Left(_));
        outcomes.set(id, &work.path, outcome);
        if !is_left {
            part.works.push(work);
        }
    }
    Ok(())
}

impl Plan<'_> {
    /// Whether there is nothing that can be put right.
    pub fn is_empty(&self) -> bool {
        self.parts.iter().all(|part| part.works.is_empty() && !part.folders.iter().any(Folder::is_wrong))
    }

    /// What becomes of a finding, which was among those of the request.
    pub fn outcome(&self, finding: &Finding) -> Outcome {
        if let Some(path) = finding.path.as_deref() {
            let known = self.outcomes.get(&finding.id, path).cloned();
            return known.unwrap_or_else(|| Outcome::Left("the snapshot is not there".into()));
        }
        let is_it = |record: &&Restored| record.id == finding.id && record.what == finding.what;
        let known = self.records.iter().find(is_it).map(|record| record.outcome.clone());
        known.unwrap_or_else(|| Outcome::Left("a tree that is lost is not made anew".into()))
    }

    /// How many directories of a snapshot were sound and are not any more: something was renamed into
    /// them, and their times could not be set.
    pub fn spoiled(&self, id: &str) -> u64 {
        self.outcomes.spoiled.get(id).copied().unwrap_or(0)
    }

    /// Nothing is put right, for this reason.
    pub fn give_up(&mut self, why: &str) {
        for part in &self.parts {
            let works = part.works.iter().map(|work| &*work.path);
            let folders = part.folders.iter().filter(|folder| folder.is_wrong()).map(Folder::path);
            works.chain(folders).for_each(|path| self.outcomes.left(&part.node.id, path, why));
        }
    }

    /// Puts right what can be. What fails stays as it is, and its outcome says why.
    ///
    /// The caller has given up all unlisted trees before: they may hold an inode that is replaced
    /// here, and would bring it back.
    ///
    /// # Errors
    /// Nothing can be written in the sink, or a signal came: what was begun is finished.
    pub fn apply(&mut self, sink: &Sink, lock: &SinkLock, observer: &dyn Observer) -> Result<()> {
        observer.event(Event::Phase("repairing"));
        let mut placer = match begin(sink, lock) {
            Ok(placer) => placer,
            Err(error) => {
                self.give_up(&error.to_string());
                return Err(error);
            }
        };
        for part in &self.parts {
            let mut repair = Repair {
                part,
                outcomes: &mut self.outcomes,
                copies: &mut self.copies,
                placer: &mut placer,
                observer,
            };
            repair.run(sink);
        }
        placer.end()?;
        interrupt::check()
    }
}

fn begin(sink: &Sink, lock: &SinkLock) -> Result<Placer> {
    // It knows the inodes that HEAD had.
    sink.drop_index()?;
    sink.make_durable(sink.emu())?;
    Placer::begin(sink, lock)
}

/// One snapshot being repaired.
struct Repair<'a, 'b> {
    part: &'a Part<'b>,
    outcomes: &'a mut Outcomes,
    copies: &'a mut Copies<'b>,
    placer: &'a mut Placer,
    observer: &'a dyn Observer,
}

impl Repair<'_, '_> {
    fn run(&mut self, sink: &Sink) {
        let id = &self.part.node.id;
        let mut tree = match sink.open_tree(id) {
            Ok(tree) => Cursor::new(Arc::new(tree), true),
            Err(error) => {
                let all = self.part.works.iter().map(|work| &*work.path);
                let all = all.chain(self.part.folders.iter().map(Folder::path));
                return all.for_each(|path| self.outcomes.left(id, path, error.to_string()));
            }
        };
        let open: Vec<&Folder> =
            self.part.folders.iter().filter(|folder| self.begin(&mut tree, folder)).collect();
        for work in &self.part.works {
            let done = if interrupt::check().is_ok() {
                self.place(&mut tree, work)
            } else {
                Err("a signal came before".into())
            };
            if let Err(why) = done {
                self.outcomes.left(id, &work.path, why);
            }
        }
        // Deepest first: a directory may be closed to whoever repairs it in the end.
        for folder in open.into_iter().rev() {
            if let Err(why) = folder.finish(&mut tree, sink.info.abilities.grain) {
                if folder.is_wrong() {
                    self.outcomes.left(id, folder.path(), why);
                } else {
                    let path = crate::quote::quoted(folder.path());
                    self.observer.warn(format!("cannot give {path} of {id} its time again: {why}"));
                    *self.outcomes.spoiled.entry(id.clone()).or_default() += 1;
                }
            }
        }
    }

    fn begin(&mut self, tree: &mut Cursor, folder: &Folder) -> bool {
        let begun = folder.begin(tree);
        if let Err(why) = &begun {
            self.outcomes.left(&self.part.node.id, folder.path(), why.clone());
        }
        begun.is_ok()
    }

    fn place(&mut self, tree: &mut Cursor, work: &Work) -> std::result::Result<(), String> {
        let (parent, name) = path::split(&work.path).unwrap_or((b"", &work.path));
        let dir: Arc<Dir> = tree.at(parent).map_err(errno_text)?;
        let From::First(first) = &work.from else {
            return self.placer.place(&self.part.node.id, &dir, name, work, self.copies);
        };
        if self.outcomes.is_left(&self.part.node.id, first) {
            return Err("the first of its hard links is not repaired".into());
        }
        let (parent, first) = path::split(first).unwrap_or((b"", first));
        let from = tree.at(parent).map_err(errno_text)?;
        self.placer.link(&from, first, &dir, name).map_err(errno_text)
    }
}
