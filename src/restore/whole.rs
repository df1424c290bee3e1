//! The plan of a full checkout: the snapshot's records beside a walk of the source. What the
//! snapshot lacks goes, and the guard says what no snapshot holds.

use super::change::{How, Step};
use super::guard::Guard;
use super::judge::Seen;
use super::known::Look;
use super::owners::OwnerMap;
use super::plan::{Planner, Verdict, change, complete, is_below_any};
use crate::error::{Error, Result, errno_text};
use crate::fs::{Dir, Found, Scanned, Walk};
use crate::interrupt;
use crate::progress::{Counters, Observer};
use crate::sink::{Index, StoredManifest, layout};
use crate::source::Excludes;
use crate::tree::{Entry, Kind, Listing, path};
use std::cmp::Ordering;
use std::collections::HashSet;
use std::sync::Arc;

/// A full checkout being planned.
pub(super) struct Whole<'a> {
    pub(super) planner: &'a mut Planner,
    pub(super) guard: &'a mut Guard,
    pub(super) excludes: &'a Excludes,
    /// Directories of the walk that are not the source's: sinks and `.emu`, by device and inode.
    pub(super) skip: &'a HashSet<(u64, u64)>,
    /// Entries of the snapshot that are excluded now.
    pub(super) excluded: u64,
    /// Whether a directory was passed over because it is just what the index says.
    pub(super) skips: bool,
    /// Directories of the snapshot that do not stand in the source, without those below them.
    pub(super) gone: HashSet<Box<[u8]>>,
    /// Entries met,
    pub(super) met: u64,
    /// and those that progress knows of, maybe from a plan before this one.
    pub(super) told: &'a mut u64,
    pub(super) observer: &'a dyn Observer,
}

/// The records of the snapshot.
pub(super) struct Records<'a> {
    pub(super) manifest: &'a mut StoredManifest,
    /// The same, sooner read but not proven, where it is to be read instead.
    pub(super) index: Option<Arc<Index>>,
    /// This machine's numbers of the owners.
    pub(super) owners: OwnerMap,
}

/// The listings of the snapshot, read no further than they are asked for.
struct Wanted<'a> {
    records: Records<'a>,
    /// The next directory in the index.
    next: u32,
    ahead: Option<Listing>,
    ended: bool,
}

impl Wanted<'_> {
    /// The next listing, if it does not come after that of `dir`; `None`: whichever it is.
    fn until(&mut self, dir: Option<&[u8]>) -> Result<Option<Listing>> {
        if self.ahead.is_none() && !self.ended {
            self.ahead = self.read()?;
            self.ended = self.ahead.is_none();
        }
        let comes = |ahead: &mut Listing| dir.is_none_or(|dir| path::compare_dirs(&ahead.dir, dir).is_le());
        Ok(self.ahead.take_if(comes))
    }

    /// The next directory that has entries.
    fn read(&mut self) -> Result<Option<Listing>> {
        let Some(index) = &self.records.index else {
            let mut listing = self.records.manifest.next_listing()?;
            listing.iter_mut().for_each(|listing| self.records.owners.translate_all(listing));
            return Ok(listing);
        };
        while self.next < index.directories() {
            self.next += 1;
            let listing = index.listing(self.next - 1)?;
            if !listing.entries.is_empty() {
                return Ok(Some(listing));
            }
        }
        Ok(None)
    }
}

impl Whole<'_> {
    /// Hands the steps over in manifest order. The records are read only if some directory is not
    /// just what the index says.
    ///
    /// # Errors
    /// The manifest is damaged, the index cannot be read, `each` failed, or a signal came.
    pub(super) fn run(
        &mut self,
        root: &Arc<Dir>,
        records: Records<'_>,
        walk: Walk<Look>,
        each: &mut dyn FnMut(Step) -> Result<()>,
    ) -> Result<()> {
        let mut root_entry = Box::new(records.manifest.root().clone());
        records.owners.translate(&mut root_entry);
        let mut root_change = self.planner.root(root, &root_entry);
        let mut wanted = Wanted { records, next: 0, ahead: None, ended: false };
        let mut differs = false;
        for (scanned, look) in walk {
            interrupt::check()?;
            self.count(scanned.entries.len() as u64);
            let is_root = scanned.path.is_empty();
            let mut own = None;
            let mut step = if look.same {
                self.skips = true;
                Step::new(&scanned.path)
            } else {
                differs = true;
                let listing = self.listing_of(root, &scanned.path, &mut wanted, each)?;
                own = listing.as_ref().and_then(|listing| self.planner.enter(listing));
                self.directory(root, listing, Some(scanned))
            };
            if is_root {
                own = Some(root_entry.clone());
                step.changes.extend(root_change.take());
            }
            if let Some(step) = complete(step, own) {
                each(step)?;
            }
            if self.planner.is_undecided {
                return Err(Error::failed("content has to be read"));
            }
        }
        // If all is the same then all of the snapshot was met.
        while differs && self.needs_unmet() {
            let Some(listing) = wanted.until(None)? else { break };
            self.unmet(root, listing, each)?;
        }
        Ok(())
    }

    /// Goes on in the records to a directory of the walk.
    fn listing_of(
        &mut self,
        root: &Arc<Dir>,
        dir: &[u8],
        wanted: &mut Wanted<'_>,
        each: &mut dyn FnMut(Step) -> Result<()>,
    ) -> Result<Option<Listing>> {
        while let Some(listing) = wanted.until(Some(dir))? {
            if *listing.dir == *dir {
                return Ok(Some(listing));
            }
            self.unmet(root, listing, each)?;
        }
        Ok(None)
    }

    /// Tells progress of entries, unless a plan before this one did.
    fn count(&mut self, entries: u64) {
        self.met += entries;
        Counters::add(&self.observer.counters().entries, self.met.saturating_sub(*self.told));
        *self.told = self.met.max(*self.told);
    }

    /// Whether a listing that was not met can matter: it has to be below what is gone if some
    /// directories were passed over as they are.
    fn needs_unmet(&self) -> bool {
        !self.skips || !self.gone.is_empty()
    }

    /// A listing of the snapshot that belongs to no directory of the walk, or to one that is just
    /// what it should be.
    fn unmet(
        &mut self,
        root: &Arc<Dir>,
        listing: Listing,
        each: &mut dyn FnMut(Step) -> Result<()>,
    ) -> Result<()> {
        interrupt::check()?;
        let own = self.planner.enter(&listing);
        if self.skips && !is_below_any(&self.gone, &listing.dir) {
            return Ok(());
        }
        match complete(self.directory(root, Some(listing), None), own) {
            Some(step) => each(step),
            None => Ok(()),
        }
    }

    /// Remembers that a directory of the snapshot does not stand in the source.
    fn note_gone(&mut self, whole: &[u8]) {
        if !is_below_any(&self.gone, whole) {
            self.gone.insert(whole.into());
        }
    }

    fn directory(&mut self, root: &Arc<Dir>, listing: Option<Listing>, scanned: Option<Scanned>) -> Step {
        let dir: Box<[u8]> = match (&listing, &scanned) {
            (Some(listing), _) => listing.dir.clone(),
            (None, Some(scanned)) => scanned.path.clone(),
            (None, None) => Box::default(),
        };
        let mut step = Step::new(&dir);
        if self.planner.is_barred(&dir) {
            return step;
        }
        let mut found = Vec::new();
        let mut held = Arc::clone(root);
        let marked = scanned.as_ref().is_some_and(|scanned| scanned.marked);
        if let Some(scanned) = scanned {
            if let Some(errno) = scanned.error {
                self.planner.refused(&dir, errno);
                self.planner.bar(&dir);
                return step;
            }
            for (name, errno) in scanned.unread {
                let whole = path::join(&dir, &name);
                self.planner.refused(&whole, errno);
                self.planner.bar(&whole);
            }
            held = scanned.dir.unwrap_or(held);
            found = scanned.entries;
        }
        if let Err(error) = self.guard.enter(&dir) {
            self.observer.warn(format!("{error}; what it holds counts as not saved"));
        }
        let wanted = listing.map(|listing| listing.entries).unwrap_or_default();
        let mut wanted = wanted.into_iter().peekable();
        let mut found = found.into_iter().peekable();
        loop {
            let order = match (wanted.peek(), found.peek()) {
                (None, None) => return step,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(entry), Some(found)) => entry.name.cmp(&found.name),
            };
            let entry = if order == Ordering::Greater { None } else { wanted.next() };
            let there = if order == Ordering::Less { None } else { found.next() };
            match (entry, there) {
                // What stands beside a mark was not listed, and is left alone.
                (Some(entry), None) if marked => {
                    self.excluded += 1;
                    self.planner.bar(&path::join(&step.dir, &entry.name));
                }
                (None, Some(_)) if marked => {}
                (Some(entry), None) => self.missing(&entry, &mut step),
                (None, Some(there)) => self.extra(&held, &there, &mut step),
                (Some(entry), Some(there)) => self.both(&held, &entry, &there, &mut step),
                (None, None) => {}
            }
        }
    }

    /// The snapshot has it, the walk does not show it.
    fn missing(&mut self, entry: &Entry, step: &mut Step) {
        let whole = path::join(&step.dir, &entry.name);
        let is_dir = entry.kind == Kind::Dir;
        let own = step.dir.is_empty() && *entry.name == *layout::EMU;
        if own || self.planner.is_barred(&whole) {
            self.planner.bar(&whole);
            return;
        }
        if self.planner.leaves(entry.kind) || self.excludes.excludes(&whole, is_dir) {
            self.excluded += 1;
            self.planner.bar(&whole);
            return;
        }
        if is_dir {
            self.note_gone(&whole);
        }
        let settled = self.planner.by_group(&whole, entry, None);
        step.changes.extend(settled.unwrap_or_else(|| Some(self.planner.create(&whole, entry))));
    }

    /// The snapshot lacks it.
    fn extra(&mut self, held: &Dir, there: &Found, step: &mut Step) {
        let whole = path::join(&step.dir, &there.name);
        let stat = &there.stat;
        if self.skip.contains(&(stat.dev, stat.ino)) || self.guard.is_leftover(&there.name) {
            if self.guard.is_leftover(&there.name) {
                step.removals.push(change(&whole, How::Remove, None, Some(stat)));
            }
            return;
        }
        if stat.kind == Kind::Dir {
            if there.enter {
                step.removals.push(change(&whole, How::Remove, None, Some(stat)));
            }
            return;
        }
        if stat.kind == Kind::File && self.excludes.was_ever_too_large(stat.size) {
            return;
        }
        let mut seen = Seen::new(held, &there.name, *stat);
        // FIFOs, sockets and devices hold no bytes. Unless a snapshot knows them, programs use them.
        let is_foreign = stat.kind.is_special() && !self.guard.knows(&there.name);
        if is_foreign || self.planner.leaves(stat.kind) {
            return;
        }
        self.guard.check(&whole, &mut seen, None, &mut self.planner.buffer);
        step.removals.push(change(&whole, How::Remove, None, Some(stat)));
    }

    fn both(&mut self, held: &Dir, entry: &Entry, there: &Found, step: &mut Step) {
        let whole = path::join(&step.dir, &entry.name);
        let stat = &there.stat;
        if self.planner.leaves(entry.kind) {
            self.excluded += 1;
            self.planner.bar(&whole);
            return;
        }
        if stat.kind == Kind::Dir && !there.enter {
            // Another file system: neither entered nor changed.
            if entry.kind != Kind::Dir {
                self.planner.trouble(&whole, "another file system is mounted there");
            }
            self.planner.bar(&whole);
            return;
        }
        if entry.kind == Kind::Dir && stat.kind != Kind::Dir {
            self.note_gone(&whole);
        }
        let mut seen = Seen::new(held, &there.name, *stat);
        seen.learn(entry);
        self.guard.teach(&mut seen, &there.name);
        let settled = self.planner.by_group(&whole, entry, Some(stat));
        let change = match settled {
            Some(settled) => settled,
            None => {
                let verdict = match (stat.kind, entry.kind) {
                    (Kind::Dir, kind) if kind != Kind::Dir => Verdict::Replace,
                    _ => self.planner.compare(&mut seen, entry),
                };
                self.planner.conclude(&whole, entry, stat, verdict)
            }
        };
        let Some(mut change) = change else { return };
        if stat.kind == Kind::Dir && entry.kind != Kind::Dir {
            // All below goes first, each by a decision of its own.
            step.removals.push(super::plan::change(&whole, How::Remove, None, Some(stat)));
            change.how = How::Create;
            change.was = None;
        } else if stat.kind != Kind::Dir {
            self.guard.check(&whole, &mut seen, Some(entry), &mut self.planner.buffer);
        }
        step.changes.push(change);
    }
}

/// Why a walk of the source could not begin.
pub(super) fn cannot_walk(errno: crate::fs::Errno) -> Error {
    Error::failed("cannot read the source").because(errno_text(errno))
}
