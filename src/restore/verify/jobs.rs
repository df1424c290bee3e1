//! One snapshot on several threads: the manifest is read in order here and cut into jobs of
//! some entries of one directory; workers take them as they come, those of small directories
//! several at once.

use super::check::{Checker, Outcome};
use super::frames::{Cache, Frames, Packed};
use super::groups::Groups;
use super::known;
use super::outlet::Note;
use super::seen::Seen;
use super::{Options, What};
use crate::error::{Kind, Result};
use crate::fs::Dir;
use crate::interrupt;
use crate::progress::Observer;
use crate::sink::{Node, Sink};
use crate::tree::{Entry, Kind as EntryKind, Part, TreeRecord, path};
use std::ops::Range;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

/// A worker takes so many entries at once,
const ENTRIES: usize = 256;
/// or so many bytes.
const BYTES: u64 = 16 << 20;
/// Entries that are known cost so little that this many count as one.
const KNOWN: usize = 8;

/// A part of the work.
pub(super) enum Job {
    /// The root itself.
    Root(Box<Entry>),
    /// Some entries of a directory; those at its beginning list it, too.
    Entries {
        /// All entries of the directory.
        part: Arc<Part>,
        /// Which of them.
        range: Range<usize>,
        /// The place in the manifest of the directory's first entry.
        place: u64,
    },
    /// A directory of which the manifest has no entry.
    Empty {
        /// Its path.
        dir: Box<[u8]>,
        /// The place in the manifest that it would have.
        place: u64,
    },
    /// A piece of the manifest.
    Parse(Packed),
}

/// A snapshot being verified.
#[derive(Clone, Copy)]
pub(super) struct Run<'a> {
    pub(super) sink: &'a Sink,
    pub(super) node: &'a Node,
    pub(super) options: Options,
    pub(super) seen: &'a Seen,
    /// The snapshot's number in the run.
    pub(super) number: u32,
    pub(super) observer: &'a dyn Observer,
    /// Device and mount of the tree, if inode numbers can be had from its directories.
    pub(super) place: Option<(u64, u64)>,
}

/// What a worker takes at once.
type Batch = Vec<Job>;

/// Hands jobs to the workers. Sending fails only if all of them have panicked, which is told when
/// they are joined.
struct Outbox {
    workers: SyncSender<Batch>,
    batch: Batch,
    entries: usize,
    bytes: u64,
}

impl Outbox {
    fn new(workers: SyncSender<Batch>) -> Outbox {
        Outbox { workers, batch: Batch::new(), entries: 0, bytes: 0 }
    }

    /// Sends a job together with others, so that a batch is worth waking a worker for.
    fn add(&mut self, job: Job, Weight { entries, bytes }: Weight) {
        self.batch.push(job);
        self.entries += entries;
        self.bytes = self.bytes.saturating_add(bytes);
        if self.entries >= ENTRIES || self.bytes >= BYTES {
            self.flush();
        }
    }

    /// Sends what is left; the workers end when they are done.
    fn end(mut self) {
        self.flush();
    }

    fn flush(&mut self) {
        (self.entries, self.bytes) = (0, 0);
        drop(self.workers.send(std::mem::take(&mut self.batch)));
    }
}

/// What a job costs.
#[derive(Clone, Copy)]
struct Weight {
    entries: usize,
    /// To be read.
    bytes: u64,
}

/// Of a job that is about one entry, or a directory without any.
const ONE: Weight = Weight { entries: 1, bytes: 0 };

/// A finding about the snapshot as a whole.
fn whole(what: What, expected: impl Into<String>, found: impl Into<String>) -> Note {
    let (expected, found) = (expected.into(), found.into());
    Note { place: (0, false), path: None, what, expected, found, inode: None }
}

impl Run<'_> {
    /// Verifies the snapshot. Returns what was found, by the time of a signal if one came.
    ///
    /// # Errors
    /// Interrupted.
    pub(super) fn check(mut self, cache: &mut Cache) -> (Outcome, Result<()>) {
        let tree = match self.sink.open_tree(&self.node.id) {
            Ok(tree) => Arc::new(tree),
            Err(error) => {
                let mut outcome = Outcome::default();
                outcome.notes.push(whole(What::Missing, "a tree", error.to_string()));
                return (outcome, Ok(()));
            }
        };
        self.place = cache.same_device(known::place_of(&tree));
        let groups = Groups::default();
        let threads = self.options.threads.max(1);
        let (send, receive) = sync_channel(threads * 2);
        let mut outcome = Outcome::default();
        let fed = std::thread::scope(|scope| {
            // Theirs alone: if they all panic, nobody waits for them.
            let receive = Arc::new(Mutex::new(receive));
            let start = |_| {
                let (tree, groups, receive) = (Arc::clone(&tree), &groups, Arc::clone(&receive));
                scope.spawn(move || self.work(tree, groups, &receive))
            };
            let workers: Vec<_> = (0..threads).map(start).collect();
            drop(receive);
            let mut outbox = Outbox::new(send);
            let fed = self.feed(&mut outbox, cache);
            outbox.end();
            for worker in workers {
                match worker.join() {
                    Ok(part) => outcome.merge(part),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            fed
        });
        match fed {
            // Told below.
            Err(error) if matches!(error.kind(), Kind::Interrupted(_)) => {}
            Err(error) => outcome.notes.push(whole(What::Manifest, "a sound manifest", error.to_string())),
            Ok(note) => outcome.notes.extend(note),
        }
        if let Err(error) = self.sink.excluded(self.node) {
            let expected = "a record of what was left out";
            outcome.notes.push(whole(What::Excluded, expected, error.to_string()));
        }
        Checker::new(self, tree, &groups).settle(&mut outcome);
        outcome.notes.sort_by_key(|note| note.place);
        (outcome, interrupt::check())
    }

    fn work(self, tree: Arc<Dir>, groups: &Groups, batches: &Mutex<Receiver<Batch>>) -> Outcome {
        let mut checker = Checker::new(self, tree, groups);
        loop {
            let next = batches.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(batch) = next else { return checker.finish() };
            for job in batch {
                // Emptied to the end, so that whoever sends is not kept waiting.
                if interrupt::check().is_ok() {
                    checker.job(job);
                }
            }
        }
    }

    /// Reads the manifest to its end. Returns what in it does not fit the node.
    fn feed(self, outbox: &mut Outbox, cache: &mut Cache) -> Result<Option<Note>> {
        let mut frames = Frames::open(self.sink, self.node, cache)?;
        // Not together with others: the next directory waits for it.
        let workers = outbox.workers.clone();
        let parse = |packed| drop(workers.send(vec![Job::Parse(packed)]));
        outbox.add(Job::Root(Box::new(frames.manifest().root().clone())), ONE);
        let mut place = 1;
        let mut ahead: Vec<Box<[u8]>> = vec![Box::default()];
        while let Some(part) = frames.next(&parse)? {
            interrupt::check()?;
            let listing = &part.listing;
            // Directories that were passed on the way have no entries.
            while let Some(dir) = ahead.pop().filter(|dir| *dir != listing.dir) {
                outbox.add(Job::Empty { dir, place }, ONE);
            }
            let dirs = listing.entries.iter().rev().filter(|entry| entry.kind == EntryKind::Dir);
            ahead.extend(dirs.map(|entry| path::join(&listing.dir, &entry.name)));
            for (range, weight) in cut(&part) {
                outbox.add(Job::Entries { part: Arc::clone(&part), range, place }, weight);
            }
            place += listing.entries.len() as u64;
        }
        for dir in ahead.into_iter().rev() {
            outbox.add(Job::Empty { dir, place }, ONE);
        }
        let want = &self.node.manifest;
        let want = TreeRecord { entries: want.entries, bytes: want.bytes, tree: self.node.tree };
        let text = |is: TreeRecord| format!("{} entries, {} bytes, tree {}", is.entries, is.bytes, is.tree);
        let unfit = frames.manifest().sealed().filter(|found| *found != want);
        Ok(unfit.map(|found| whole(What::Manifest, text(want), text(found))))
    }
}

/// Cuts a directory into jobs. What is known needs all names of the directory and little time.
fn cut(part: &Part) -> Vec<(Range<usize>, Weight)> {
    let entries = &part.listing.entries;
    if known::is_known(part, ENTRIES / KNOWN) {
        return vec![(0..entries.len(), Weight { entries: 1 + entries.len() / KNOWN, bytes: 0 })];
    }
    let mut jobs = Vec::new();
    let (mut start, mut bytes) = (0, 0_u64);
    for (at, entry) in entries.iter().enumerate() {
        bytes = bytes.saturating_add(entry.size);
        let end = at + 1;
        if end - start >= ENTRIES || bytes >= BYTES || end == entries.len() {
            jobs.push((start..end, Weight { entries: 1 + end - start, bytes }));
            (start, bytes) = (end, 0);
        }
    }
    jobs
}
