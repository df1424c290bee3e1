//! One entry into the new trees: linked if the sink's inode is what it should be, otherwise made
//! anew from the source. Runs on every worker.

mod create;
mod keep;

use keep::kept;

use super::copy::{self, Destination, NotRead, Read};
use super::lane::{Lane, attributes, sink_error};
use super::plan::{Planned, Target};
use super::scan;
use crate::error::{Error, Result};
use crate::fs::{self, Cursor, Dir, Errno};
use crate::progress::{Counters, Observer};
use crate::quote::quoted;
use crate::tree::{Digest, Entry, Kind, Time, Unread, path};
use rustix::fd::{AsFd, OwnedFd};
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// What became of an entry in one lane.
#[derive(Debug)]
pub enum Done {
    /// Stands as an earlier snapshot's inode.
    Linked(Entry),
    /// Stands as an earlier snapshot's inode, which had another path there.
    Moved(Entry),
    /// Stands as a new inode; content was read.
    Copied {
        /// As read.
        entry: Entry,
        /// HEAD had this very content under this path.
        known: bool,
        /// It shares its bytes with another file.
        shared: bool,
    },
    /// A new symbolic link, FIFO, socket or device, or a record alone where the sink cannot have one.
    Made(Entry),
    /// A directory; the flag says whether it shows already what it has to show in the end.
    Dir(Entry, bool),
    /// To be linked to an earlier path of the same tree, once that stands.
    Later(Entry, Box<[u8]>),
    /// Could not be saved.
    Unread(Unread),
    /// Gone before it could be read.
    Vanished,
}

/// A directory in the parent's and in the staged tree of one lane.
pub type Side = (Option<Arc<Dir>>, Option<Arc<Dir>>);

/// An entry of a lane whose content must have this hash to be kept; the file, if it stands anew.
type Checked = (usize, Planned, Digest, Option<OwnedFd>);

/// A directory as a worker sees it: where things come from and where they go.
pub struct Place<'a> {
    /// Path of the directory.
    pub at: &'a [u8],
    /// The directory in the source.
    pub source: Option<&'a Dir>,
    /// For each lane: the directory in the parent's and in the staged tree.
    pub sinks: &'a [Side],
    /// The lanes.
    pub lanes: &'a [Lane],
    /// For each lane: a place in the parent's tree, for what has moved.
    pub elsewhere: &'a RefCell<Vec<Option<Cursor>>>,
    /// Stamps later than this prove nothing.
    pub racy_limit: Time,
    /// Takes warnings.
    pub observer: &'a dyn Observer,
}

impl Place<'_> {
    /// Brings one entry into all lanes. `planned` has one plan for each; those of lanes that have
    /// ended are ignored.
    pub fn entry(&self, planned: Vec<Option<Planned>>, buffer: &mut Vec<u8>) -> Vec<Option<Done>> {
        let mut done: Vec<Option<Done>> = planned.iter().map(|_| None).collect();
        let mut copying: Vec<(usize, Planned)> = Vec::new();
        let mut checking: Vec<Checked> = Vec::new();
        for (lane, plan) in planned.into_iter().enumerate() {
            let Some(plan) = plan.filter(|_| self.lanes[lane].is_running()) else { continue };
            match &plan.target {
                Target::Dir => done[lane] = Some(Done::Dir(plan.entry, plan.settled)),
                Target::SameAs(first) => done[lane] = Some(Done::Later(plan.entry.clone(), first.clone())),
                // The parent has no inode. Maybe this push can create one.
                Target::Keep if plan.share.as_ref().is_some_and(|held| held.absent) => {
                    copying.push((lane, plan));
                }
                Target::Keep => match self.keep(lane, &plan) {
                    Ok(Some(ino)) => done[lane] = Some(kept(plan, ino)),
                    Ok(None) => copying.push((lane, plan)),
                    Err(error) => self.lanes[lane].fail(error),
                },
                Target::Check(known) => {
                    let known = *known;
                    checking.push((lane, plan, known, None));
                }
                Target::New => match self.proven(lane, &plan, buffer) {
                    Some(entry) => {
                        let known = plan.prior.is_some() && plan.prior == entry.sha256;
                        done[lane] = Some(Done::Copied { entry, known, shared: false });
                    }
                    None => match self.renew(lane, &plan) {
                        Ok(Some((known, file))) => checking.push((lane, plan, known, Some(file))),
                        Ok(None) => copying.push((lane, plan)),
                        Err(errno) => self.lanes[lane].fail(self.sink_error(lane, errno, &plan.entry.name)),
                    },
                },
            }
        }
        let name = copying.first().map(|(_, plan)| &plan.entry.name);
        let name = name.or(checking.first().map(|(_, plan, ..)| &plan.entry.name)).cloned();
        if let Some(name) = name {
            self.read(copying, checking, &mut done, buffer);
            self.clear_unsaved(&name, &done);
        }
        done
    }

    /// An inode of the parent that is not what its manifest says, or is gone.
    fn note_damage(&self, lane: usize, name: &[u8]) {
        self.lanes[lane].damaged.fetch_add(1, Ordering::Relaxed);
        self.observer.warn(format!(
            "{} in the parent snapshot of {} is not what was saved; it is saved anew",
            quoted(path::join(self.at, name)),
            self.lanes[lane].label
        ));
    }

    fn sink_error(&self, lane: usize, errno: Errno, name: &[u8]) -> Error {
        sink_error(&self.lanes[lane].label, errno, &path::join(self.at, name))
    }

    /// One read for all lanes that copy; it yields the hash for those that may keep. Lanes that
    /// must copy after all read again.
    fn read(
        &self,
        copying: Vec<(usize, Planned)>,
        checking: Vec<Checked>,
        done: &mut [Option<Done>],
        buffer: &mut Vec<u8>,
    ) {
        let mut copying = copying;
        let mut again = Vec::new();
        let sample = copying.first().map(|(_, plan)| plan).or(checking.first().map(|(_, plan, ..)| plan));
        let Some(sample) = sample.cloned() else { return };
        if sample.entry.kind != Kind::File {
            return self.without_bytes(copying, done);
        }
        let read = self.copy(&mut copying, &sample, done, buffer);
        for (lane, mut plan, known, file) in checking {
            let name = plan.entry.name.clone();
            let fits = |read: &Read| read.sha256 == known && !read.torn && read.stat.size == plan.entry.size;
            let fits = read.as_ref().is_ok_and(fits);
            if file.is_some()
                && !fits
                && let Err(errno) = self.withdraw(lane, &name)
            {
                self.lanes[lane].fail(self.sink_error(lane, errno, &name));
                continue;
            }
            match (&read, file) {
                (Ok(read), Some(file)) if fits => {
                    self.settle(lane, &name, self.finish(lane, plan, read, (file, true)), done);
                }
                (Ok(_), None) if fits => {
                    plan.entry.sha256 = Some(known);
                    match self.keep(lane, &plan) {
                        Ok(Some(ino)) => done[lane] = Some(kept(plan, ino)),
                        Ok(None) => again.push((lane, plan)),
                        Err(error) => self.lanes[lane].fail(error),
                    }
                }
                (Ok(_), _) => again.push((lane, plan)),
                (Err(why), _) => done[lane] = Some(self.not_read(*why, &name)),
            }
        }
        if let Some((_, sample)) = again.first().cloned() {
            let _ = self.copy(&mut again, &sample, done, buffer);
        }
    }

    fn not_read(&self, why: NotRead, name: &[u8]) -> Done {
        match why {
            NotRead::Vanished => Done::Vanished,
            NotRead::Failed(errno) => Done::Unread(scan::unread(path::join(self.at, name), errno)),
        }
    }

    /// Reads the file once and writes it in each lane of `copying`.
    fn copy(
        &self,
        copying: &mut Vec<(usize, Planned)>,
        sample: &Planned,
        done: &mut [Option<Done>],
        buffer: &mut Vec<u8>,
    ) -> Result<Read, NotRead> {
        let name = &*sample.entry.name;
        let with_xattrs = !sample.xattrs_known || copying.iter().any(|(_, plan)| !plan.xattrs_known);
        let mut files: Vec<Destination<'_>> = Vec::new();
        let mut writers = Vec::new();
        let mut hashers = Vec::new();
        for (lane, plan) in copying.drain(..) {
            match self.sinks[lane].1.as_ref().map(|to| self.make(lane, to, name, || to.create_file(name))) {
                None => hashers.push((lane, plan)),
                Some(Ok(file)) => {
                    files.push(Destination::new(file, &self.lanes[lane].shares));
                    writers.push((lane, plan));
                }
                Some(Err(errno)) if is_unfit(errno) => {
                    done[lane] = Some(Done::Unread(scan::unread(path::join(self.at, name), errno)));
                }
                Some(Err(errno)) => self.lanes[lane].fail(self.sink_error(lane, errno, name)),
            }
        }
        let read = match self.source {
            Some(source) => copy::read_file(source, name, &mut files, with_xattrs, buffer),
            None => Err(NotRead::Vanished),
        };
        if let Ok(read) = &read {
            let counters = self.observer.counters();
            Counters::add(&counters.files, 1);
            Counters::add(&counters.bytes, read.stat.size);
        }
        for (lane, plan) in hashers {
            done[lane] = Some(match &read {
                Ok(read) => {
                    let known = plan.prior == Some(read.sha256);
                    Done::Copied { entry: self.as_read(&plan, read), known, shared: false }
                }
                Err(why) => self.not_read(*why, name),
            });
        }
        for ((lane, plan), file) in writers.into_iter().zip(files) {
            let finished = match &read {
                Ok(read) => file.finished().and_then(|file| self.finish(lane, plan, read, file)),
                Err(why) => self.withdraw(lane, name).map(|()| self.not_read(*why, name)),
            };
            self.settle(lane, name, finished, done);
        }
        read
    }

    /// What became of a file that was begun.
    fn settle(&self, lane: usize, name: &[u8], finished: fs::Result<Done>, done: &mut [Option<Done>]) {
        match finished {
            Ok(outcome) => done[lane] = Some(outcome),
            Err(errno) if is_unfit(errno) && self.withdraw(lane, name).is_ok() => {
                done[lane] = Some(Done::Unread(scan::unread(path::join(self.at, name), errno)));
            }
            Err(errno) => self.lanes[lane].fail(self.sink_error(lane, errno, name)),
        }
    }

    /// Makes something new under a name, in place of what an old tree has there.
    fn make<T>(&self, lane: usize, to: &Dir, name: &[u8], make: impl Fn() -> fs::Result<T>) -> fs::Result<T> {
        match make() {
            Err(Errno::EXIST) if self.lanes[lane].reused => {
                to.remove_file(name)?;
                make()
            }
            result => result,
        }
    }

    /// Takes back a file that was begun and whose content cannot be had.
    fn withdraw(&self, lane: usize, name: &[u8]) -> fs::Result<()> {
        self.sinks[lane].1.as_ref().map_or(Ok(()), |to| to.remove_file(name))
    }

    fn finish(
        &self,
        lane: usize,
        plan: Planned,
        read: &Read,
        (file, shared): (OwnedFd, bool),
    ) -> fs::Result<Done> {
        let lane = &self.lanes[lane];
        let entry = self.as_read(&plan, read);
        let known = plan.prior == Some(read.sha256);
        if known && !lane.avoided.is_empty() && lane.avoided.names(&self.old_path(&plan), plan.sink_ino) {
            lane.repairable.fetch_add(1, Ordering::Relaxed);
        }
        let (held, now) = fs::apply_and_stat(file.as_fd(), &attributes(&entry, lane.set_owner))?;
        if lane.sync_each {
            rustix::fs::fsync(&file)?;
        }
        let entry = Entry { held: held.some(), sink_ino: now.ino, ..entry };
        Ok(Done::Copied { entry, known, shared })
    }

    /// The entry as of the reading, whose stamps may have moved since the scan.
    fn as_read(&self, plan: &Planned, read: &Read) -> Entry {
        let planned = &plan.entry;
        let mut entry = scan::entry_of(&planned.name, &read.stat, self.racy_limit);
        // A hash that was announced on stdin and is no longer true: saved as it is now.
        let outdated = planned.sha256.is_some_and(|announced| announced != read.sha256);
        // Names that went meanwhile were names when the scan met them.
        entry.nlink = entry.nlink.max(planned.nlink);
        entry.torn = read.torn || outdated;
        entry.racy |= read.moved || entry.torn || (planned.racy && stamps(&entry) == stamps(planned));
        entry.xattrs = read.xattrs.clone().unwrap_or_else(|| planned.xattrs.clone());
        entry.sha256 = Some(read.sha256);
        if entry.torn {
            let name = quoted(path::join(self.at, &entry.name));
            self.observer.warn(format!("{name} changed while it was read; it is saved as it was read last"));
        }
        entry
    }
}

/// The sink's file system cannot hold this one entry: its name or its size.
fn is_unfit(errno: Errno) -> bool {
    matches!(errno, Errno::NAMETOOLONG | Errno::ILSEQ | Errno::INVAL | Errno::FBIG)
}

fn stamps(entry: &Entry) -> (u64, u64, Time, Time) {
    (entry.ino, entry.size, entry.mtime, entry.ctime)
}
