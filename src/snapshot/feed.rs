//! Between the stages: directories of the source, compared for every sink, become batches.

use super::compare::{Comparer, Subject};
use super::lane::Lane;
use super::moves::Moves;
use super::plan::Planned;
use super::scan::{self, Scan, SourceDir};
use super::stage::Batch;
use super::unchanged::{Side, Verdict};
use crate::error::{Error, Result};
use crate::fs::{Dir, Errno};
use crate::sink::{ExcludedPaths, Index};
use crate::tree::{Entry, Follower, Kind, Listing, Time, path};
use std::sync::Arc;

/// Yields the listings of a parent snapshot.
pub type Listings = Box<dyn FnMut() -> Result<Option<Listing>> + Send>;

/// Paths and entries that the source no longer has.
pub type Gone = Vec<(Box<[u8]>, Entry)>;

/// The parent snapshot's records.
pub enum Previous {
    /// There is no parent.
    Nothing,
    /// Its manifest, read beside the scan.
    Manifest(Follower<Listings>),
    /// Its index, and the number of the first directory that the scan has not come to.
    Index(Arc<Index>, u32),
}

impl Previous {
    /// The records of an index.
    pub fn index(index: &Arc<Index>) -> Previous {
        Previous::Index(Arc::clone(index), 0)
    }
}

/// The listings of an index, one after the other.
pub fn listings_of(index: Arc<Index>) -> Listings {
    let mut numbers = 0..index.directories();
    Box::new(move || numbers.next().map(|number| index.listing(number)).transpose())
}

/// One sink's side of the comparison.
pub struct Against {
    comparer: Comparer,
    previous: Previous,
    moves: Option<Moves>,
    /// Entries of the parent that the source no longer has, if they are to be collected.
    gone: Option<Gone>,
    /// The directory that could not be listed last: what the parent has below it is unknown, not gone.
    failed: Option<Box<[u8]>>,
}

impl Against {
    /// Compares with the records of a parent, or with nothing.
    pub fn new(comparer: Comparer, previous: Previous) -> Against {
        Against { comparer, previous, moves: None, gone: None, failed: None }
    }

    /// Collects what is gone from the source, for a plan that is printed.
    #[must_use]
    pub fn collecting_gone(mut self) -> Against {
        self.gone = Some(Vec::new());
        self
    }

    /// Looks for what has moved, too.
    #[must_use]
    pub fn finding_moves(self, moves: Option<Moves>) -> Against {
        Against { moves, ..self }
    }

    /// What was seen on the way.
    pub fn seen(&self) -> super::compare::Seen {
        self.comparer.seen
    }

    /// What is gone, collected so far.
    pub fn take_gone(&mut self) -> Gone {
        self.gone.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Reads the rest of the parent, where somebody wants to know of it.
    ///
    /// # Errors
    /// Its records cannot be read.
    pub fn drain(&mut self) -> Result<()> {
        let Against { previous, gone: Some(gone), failed, .. } = self else { return Ok(()) };
        let passed = |listing| pass(gone, failed.as_deref(), listing);
        match previous {
            Previous::Nothing => Ok(()),
            Previous::Manifest(follower) => follower.drain(passed),
            Previous::Index(index, next) => read_up_to(index, next, index.directories(), passed),
        }
    }

    /// An entry of the parent that the source does not show.
    fn note_gone(&mut self, at: &[u8], number: Option<u32>, entry: Entry) {
        if let (Some(moves), Some(number)) = (&mut self.moves, number) {
            moves.note_gone(number, &entry.name);
        }
        if let Some(gone) = &mut self.gone {
            gone.push((path::join(at, &entry.name), entry));
        }
    }

    /// What becomes of an entry whose counterpart in the parent is this.
    fn decide(
        &mut self,
        batch: &Batch,
        number: Option<u32>,
        subject: &mut Subject,
        dir: &Dir,
        counterpart: Option<Entry>,
    ) -> Result<Planned, Errno> {
        let taken =
            |moves: &Moves, entry: &Entry| number.is_some_and(|number| moves.is_claimed(number, &entry.name));
        let counterpart =
            counterpart.filter(|entry| !self.moves.as_ref().is_some_and(|moves| taken(moves, entry)));
        let planned = self.comparer.decide(&batch.path, subject, dir, counterpart.as_ref())?;
        match self.moves.as_mut().and_then(|moves| moves.find(&planned, number)) {
            Some(moved) => self.comparer.moved(&batch.path, planned, subject, dir, moved),
            None => Ok(planned),
        }
    }

    /// The scan has come to a directory of which no record changed.
    fn pass_by(&mut self, side: &Side) -> Result<()> {
        self.comparer.seen.paired += side.files();
        if !self.come_to(side.number)? {
            return Err(Error::failed("cannot tell what has moved")
                .because(format!("{} was moved while it was read", crate::quote::quoted(side.path())))
                .hint("push again"));
        }
        Ok(())
    }

    /// What the index has before the directory with this number is not in the source. `false`:
    /// something of this directory was found elsewhere.
    fn come_to(&mut self, number: Option<u32>) -> Result<bool> {
        let Against { previous: Previous::Index(index, next), gone, failed, moves, .. } = self else {
            return Ok(true);
        };
        let Some(number) = number else { return Ok(true) };
        if let Some(gone) = gone {
            read_up_to(index, next, number, |listing| pass(gone, failed.as_deref(), listing))?;
        }
        *next = number + 1;
        Ok(moves.as_mut().is_none_or(|moves| moves.meet(number)))
    }

    /// The parent's entries of `dir`; `cannot_list`: the source's are unknown, not gone.
    fn listing_of(&mut self, dir: &[u8], side: &Side, cannot_list: bool) -> Result<Vec<Entry>> {
        self.come_to(side.number)?;
        let Against { previous, gone, failed, .. } = self;
        let passed = |listing| {
            if let Some(gone) = gone {
                pass(gone, failed.as_deref(), listing);
            }
        };
        let listing = match previous {
            Previous::Nothing => None,
            Previous::Manifest(follower) => follower.listing_of(dir, passed)?,
            Previous::Index(index, _) => side
                .number
                .map(|number| index.listing(number))
                .transpose()?
                .filter(|found| *found.dir == *dir),
        };
        let entries = listing.map(|listing| listing.entries).unwrap_or_default();
        if cannot_list {
            *failed = Some(dir.into());
        }
        Ok(entries)
    }
}

/// Hands over the listings of an index from `next` up to a directory.
fn read_up_to(index: &Index, next: &mut u32, end: u32, mut passed: impl FnMut(Listing)) -> Result<()> {
    for number in *next..end {
        passed(index.listing(number)?);
    }
    *next = end.max(*next);
    Ok(())
}

/// A directory of the parent that the source does not show.
fn pass(gone: &mut Gone, failed: Option<&[u8]>, Listing { dir, entries }: Listing) {
    if failed.is_none_or(|failed| !path::is_within(&dir, failed)) {
        gone.extend(entries.into_iter().map(|entry| (path::join(&dir, &entry.name), entry)));
    }
}

/// The parent's entries of a directory, as one lane has them.
enum Counterparts {
    None,
    Kept(std::vec::IntoIter<Entry>),
    Some(Box<std::iter::Peekable<std::vec::IntoIter<Entry>>>),
}

/// What the scan met that a node tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Met {
    /// Directories on other mounts.
    pub mounts: Vec<Box<[u8]>>,
    /// Paths that the rules left out, without those below them.
    pub excluded: ExcludedPaths,
    /// The root, or directories right below it, that could not be listed.
    pub top_level_failed: Vec<Box<[u8]>>,
    /// Entries of the source, the root left out.
    pub entries: u64,
}

/// Feeds a stage from a scan.
pub struct Feed {
    scan: Scan,
    /// One for each lane.
    pub sides: Vec<Against>,
    racy_limit: Time,
    /// What was met so far.
    pub met: Met,
}

impl Feed {
    /// Feeds from `scan`, compared with each of `sides`.
    pub fn new(scan: Scan, sides: Vec<Against>, racy_limit: Time) -> Feed {
        Feed { scan, sides, racy_limit, met: Met::default() }
    }

    /// The next directory with its plans; `None` at the end of the source.
    ///
    /// # Errors
    /// No descriptor is left for reading the source. What fails in one lane ends that lane.
    pub fn next(&mut self, lanes: &[Lane]) -> Result<Option<Batch>> {
        let Some(source) = self.scan.next() else { return Ok(None) };
        let SourceDir { path, dir, found, unread, failed, excluded, borders, look, exhausted } = source;
        if let Some(errno) = exhausted {
            return Err(
                Error::os(errno, "cannot walk the source").hint("raise the limit of open files (ulimit -n)")
            );
        }
        if failed && path::components(&path).count() <= 1 {
            self.met.top_level_failed.push(path.clone());
        }
        self.met.mounts.extend(borders);
        excluded.into_iter().for_each(|path| self.met.excluded.add(path));
        self.met.entries += (found.len() + unread.len() - usize::from(failed)) as u64;
        let kept = look.is_kept() && lanes.iter().all(Lane::begins_empty);
        let mut batch = Batch { source: dir, unread, look: Some(look), kept, ..Batch::empty(path) };
        let mut previous = self.counterparts(&batch, failed, lanes);
        if batch.kept || batch.is_same() {
            batch.dirs = batch.sides().first().map(Side::directories).unwrap_or_default();
            return Ok(Some(batch));
        }
        let Some(dir) = batch.source.clone() else { return Ok(Some(batch)) };
        batch.plans.reserve_exact(found.len());
        for found in found {
            let entry = scan::entry_of(&found.name, &found.stat, self.racy_limit);
            let mut subject = Subject::new(entry, found.stat.dev);
            match self.plans(&batch, &mut subject, &dir, lanes, &mut previous) {
                Ok(plans) => {
                    if found.stat.kind == Kind::Dir {
                        batch.dirs.push(found.name);
                    }
                    batch.plans.push(plans);
                }
                Err(errno) => {
                    if errno != Errno::NOENT {
                        batch.unread.push(scan::unread(path::join(&batch.path, &found.name), errno));
                    }
                    // What is below a directory comes later: it stands, without its attributes.
                    if found.enter {
                        batch.dirs.push(found.name);
                        batch
                            .plans
                            .push(lanes.iter().map(|_| Some(Planned::bare_dir(&subject.entry))).collect());
                    }
                }
            }
        }
        for ((side, rest), look) in self.sides.iter_mut().zip(previous).zip(batch.sides()) {
            // What could not be listed is unknown, not gone.
            if let Counterparts::Some(rest) = rest
                && !failed
            {
                rest.for_each(|entry| side.note_gone(&batch.path, look.number, entry));
            }
        }
        Ok(Some(batch))
    }

    /// What each lane's parent has in a directory.
    fn counterparts(&mut self, batch: &Batch, failed: bool, lanes: &[Lane]) -> Vec<Counterparts> {
        let mut previous: Vec<Counterparts> = Vec::with_capacity(lanes.len());
        for ((side, lane), look) in self.sides.iter_mut().zip(lanes).zip(batch.sides()) {
            let counterparts = match look.verdict {
                _ if !lane.is_running() => Ok(Counterparts::None),
                Verdict::Kept if !batch.kept => {
                    side.pass_by(look).and_then(|()| Ok(Counterparts::Kept(look.entries()?.into_iter())))
                }
                Verdict::Same | Verdict::Kept => side.pass_by(look).map(|()| Counterparts::None),
                Verdict::Changed => side
                    .listing_of(&batch.path, look, failed)
                    .map(|entries| Counterparts::Some(Box::new(entries.into_iter().peekable()))),
            };
            previous.push(counterparts.unwrap_or_else(|error| {
                lane.fail(error);
                Counterparts::None
            }));
        }
        previous
    }

    fn plans(
        &mut self,
        batch: &Batch,
        subject: &mut Subject,
        dir: &Dir,
        lanes: &[Lane],
        previous: &mut [Counterparts],
    ) -> Result<Vec<Option<Planned>>, Errno> {
        let mut plans = Vec::with_capacity(lanes.len());
        // Every lane comes past the entry, even if one of them cannot read it.
        let mut failed = None;
        let sides = self.sides.iter_mut().zip(batch.sides());
        for (((side, look), lane), previous) in sides.zip(lanes).zip(previous) {
            let plan = match previous {
                _ if !lane.is_running() => None,
                Counterparts::None => Some(side.decide(batch, look.number, subject, dir, None)),
                Counterparts::Kept(entries) => entries
                    .find(|entry| entry.name == subject.entry.name)
                    .map(|entry| Ok(Planned::kept(entry))),
                Counterparts::Some(previous) => {
                    let mut counterpart = None;
                    while let Some(entry) = previous.next_if(|entry| entry.name <= subject.entry.name) {
                        if entry.name == subject.entry.name {
                            counterpart = Some(entry);
                        } else {
                            side.note_gone(&batch.path, look.number, entry);
                        }
                    }
                    Some(side.decide(batch, look.number, subject, dir, counterpart))
                }
            };
            match plan.transpose() {
                Ok(plan) => plans.push(plan),
                Err(errno) => failed = Some(errno),
            }
        }
        if let Some(errno) = failed {
            return Err(errno);
        }
        Ok(plans)
    }
}
