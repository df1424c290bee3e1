//! Between the stages: directories of the source, compared for every sink, become batches.

use super::compare::{Comparer, Subject};
use super::lane::Lane;
use super::plan::Planned;
use super::scan::{self, Scan, SourceDir};
use super::stage::Batch;
use crate::error::Result;
use crate::fs::{Dir, Errno};
use crate::tree::{Entry, Follower, Listing, Time, path};

/// Yields the listings of a parent snapshot.
pub type Listings = Box<dyn FnMut() -> Result<Option<Listing>> + Send>;

/// Paths and entries that the source no longer has.
pub type Gone = Vec<(Box<[u8]>, Entry)>;

/// One sink's side of the comparison.
pub struct Against {
    comparer: Comparer,
    previous: Option<Follower<Listings>>,
    /// Entries of the parent that the source no longer has, if they are to be collected.
    gone: Option<Gone>,
    /// The directory that could not be listed last: what the parent has below it is missing.
    failed: Option<Box<[u8]>>,
    /// Entries of the parent below directories that could not be listed.
    pub missing: u64,
}

impl Against {
    /// Compares with the listings of a parent, or with nothing.
    pub fn new(comparer: Comparer, previous: Option<Listings>) -> Against {
        Against { comparer, previous: previous.map(Follower::new), gone: None, failed: None, missing: 0 }
    }

    /// Collects what is gone from the source, for a plan that is printed.
    #[must_use]
    pub fn collecting_gone(mut self) -> Against {
        self.gone = Some(Vec::new());
        self
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
    /// Its manifest cannot be read.
    pub fn drain(&mut self) -> Result<()> {
        let Against { previous, gone, failed, missing, .. } = self;
        match previous {
            Some(previous) if gone.is_some() || failed.is_some() => {
                previous.drain(|listing| pass(gone, failed.as_deref(), missing, listing))
            }
            _ => Ok(()),
        }
    }

    /// The parent's entries of `dir`; `cannot_list`: the source's are unknown, not gone.
    fn listing_of(&mut self, dir: &[u8], cannot_list: bool) -> Result<Vec<Entry>> {
        let Against { previous, gone, failed, missing, .. } = self;
        let Some(previous) = previous else { return Ok(Vec::new()) };
        let listing = previous.listing_of(dir, |listing| pass(gone, failed.as_deref(), missing, listing))?;
        let entries = listing.map(|listing| listing.entries).unwrap_or_default();
        if cannot_list {
            *missing += entries.len() as u64;
            *failed = Some(dir.into());
        }
        Ok(entries)
    }
}

/// A directory of the parent that the source does not show.
fn pass(gone: &mut Option<Gone>, failed: Option<&[u8]>, missing: &mut u64, listing: Listing) {
    if failed.is_some_and(|failed| path::is_within(&listing.dir, failed)) {
        *missing += listing.entries.len() as u64;
    }
    if let Some(gone) = gone {
        note_gone(gone, listing);
    }
}

fn note_gone(gone: &mut Gone, listing: Listing) {
    let Listing { dir, entries } = listing;
    gone.extend(entries.into_iter().map(|entry| (path::join(&dir, &entry.name), entry)));
}

/// What the scan met that a node tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Met {
    /// Directories on other mounts.
    pub mounts: Vec<Box<[u8]>>,
    /// The root or a directory right below it could not be listed.
    pub top_level_failed: bool,
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
    /// There is none: what fails in one lane ends that lane.
    pub fn next(&mut self, lanes: &[Lane]) -> Result<Option<Batch>> {
        let Some(source) = self.scan.next() else { return Ok(None) };
        let SourceDir { path, dir, found, unread, failed, borders } = source;
        self.met.top_level_failed |= failed && path::components(&path).count() <= 1;
        self.met.mounts.extend(borders);
        self.met.entries += (found.len() + unread.len() - usize::from(failed)) as u64;
        let mut batch = Batch { path, source: dir, plans: Vec::with_capacity(found.len()), unread };
        let mut previous: Vec<_> = Vec::with_capacity(lanes.len());
        for (side, lane) in self.sides.iter_mut().zip(lanes) {
            let listing =
                if lane.is_running() { side.listing_of(&batch.path, failed) } else { Ok(Vec::new()) };
            let entries = listing.unwrap_or_else(|error| {
                lane.fail(error);
                Vec::new()
            });
            previous.push(entries.into_iter().peekable());
        }
        let Some(dir) = batch.source.clone() else { return Ok(Some(batch)) };
        for found in found {
            let entry = scan::entry_of(&found.name, &found.stat, self.racy_limit);
            let mut subject = Subject::new(entry, found.stat.dev);
            match self.plans(&batch.path, &mut subject, &dir, lanes, &mut previous) {
                Ok(plans) => batch.plans.push(plans),
                Err(errno) => {
                    if errno != Errno::NOENT {
                        batch.unread.push(scan::unread(path::join(&batch.path, &found.name), errno));
                    }
                    // What is below a directory comes later: it stands, without its attributes.
                    if found.enter {
                        batch
                            .plans
                            .push(lanes.iter().map(|_| Some(Planned::bare_dir(&subject.entry))).collect());
                    }
                }
            }
        }
        for (side, rest) in self.sides.iter_mut().zip(previous) {
            if let Some(gone) = &mut side.gone {
                gone.extend(rest.map(|entry| (path::join(&batch.path, &entry.name), entry)));
            }
        }
        Ok(Some(batch))
    }

    fn plans(
        &mut self,
        at: &[u8],
        subject: &mut Subject,
        dir: &Dir,
        lanes: &[Lane],
        previous: &mut [std::iter::Peekable<std::vec::IntoIter<Entry>>],
    ) -> Result<Vec<Option<Planned>>, Errno> {
        let mut plans = Vec::with_capacity(lanes.len());
        for ((side, lane), previous) in self.sides.iter_mut().zip(lanes).zip(previous) {
            let mut counterpart = None;
            while let Some(entry) = previous.next_if(|entry| entry.name <= subject.entry.name) {
                if entry.name == subject.entry.name {
                    counterpart = Some(entry);
                } else if let Some(gone) = &mut side.gone {
                    gone.push((path::join(at, &entry.name), entry));
                }
            }
            let plan = match lane.is_running() {
                true => Some(side.comparer.decide(at, subject, dir, counterpart.as_ref())?),
                false => None,
            };
            plans.push(plan);
        }
        Ok(plans)
    }
}
