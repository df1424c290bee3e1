//! Third stage: plans become trees, on several threads, and come out in manifest order.
//!
//! The caller's thread makes directories and hands out chunks of a directory's entries; workers
//! place them; one more thread takes the results up in order and seals them.

use super::lane::{Lane, attributes, sink_error};
use super::old;
use super::place::{Done, Place, Side};
use super::plan::{Planned, Target};
use super::seal::Sealer;
use super::unchanged::{self, Look};
use crate::error::Result;
use crate::fs::{self, Cursor, Dir, Errno};
use crate::interrupt;
use crate::progress::{Counters, Observer};
use crate::tree::{Kind, Time, Unread, path};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// Entries that a worker takes at a time.
const CHUNK: usize = 256;
/// Chunks that may be under way or wait for an earlier one.
const WINDOW: u64 = 48;

/// Directories without work that are handed over together.
const PASSED: usize = 16;

/// A directory of the source with the plans for its entries.
pub struct Batch {
    /// Path of the directory.
    pub path: Box<[u8]>,
    /// The directory in the source.
    pub source: Option<Arc<Dir>>,
    /// For each entry, one plan a lane.
    pub plans: Vec<Vec<Option<Planned>>>,
    /// What could not be looked at here.
    pub unread: Vec<Unread>,
    /// What could be said of it at once.
    pub look: Option<Arc<Look>>,
    /// The directories in it that are saved.
    pub dirs: Vec<Box<[u8]>>,
}

impl Batch {
    /// An empty directory.
    fn empty(path: Box<[u8]>) -> Batch {
        Batch { path, source: None, plans: Vec::new(), unread: Vec::new(), look: None, dirs: Vec::new() }
    }

    /// What could be said of it at once, for each lane.
    pub fn sides(&self) -> &[unchanged::Side] {
        self.look.as_ref().map_or(&[], |look| &look.sides)
    }

    /// Whether no lane has anything to do here.
    pub fn is_same(&self) -> bool {
        self.look.as_ref().is_some_and(|look| look.is_same())
    }
}

/// A directory's sides, one for each lane.
type Sides = Arc<[Side]>;

struct Chunk {
    number: u64,
    path: Arc<[u8]>,
    source: Option<Arc<Dir>>,
    sides: Sides,
    plans: Vec<Vec<Option<Planned>>>,
    unread: Vec<Unread>,
    look: Option<Arc<Look>>,
    last: bool,
}

/// A chunk after its entries were placed.
pub struct Placed {
    /// Path of the directory.
    pub path: Arc<[u8]>,
    /// For each entry, what became of it in each lane.
    pub done: Vec<Vec<Option<Done>>>,
    /// What could not be looked at.
    pub unread: Vec<Unread>,
    /// What could be said of the directory at once.
    pub look: Option<Arc<Look>>,
    /// No more entries of this directory follow.
    pub last: bool,
}

/// What the sealing thread takes up, in the order of the numbers beside it.
enum Outcome {
    /// Directories in which there was nothing to do.
    Same(Vec<Passed>),
    /// A part of a directory whose entries were placed.
    Placed(Placed),
}

/// A directory in which no lane has anything to do.
type Passed = (Box<[u8]>, Arc<Look>);

/// What all threads of a stage share.
pub struct Stage<'a> {
    /// The sinks' sides.
    pub lanes: &'a [Lane],
    /// Stamps later than this prove nothing.
    pub racy_limit: Time,
    /// Worker threads.
    pub threads: usize,
    /// Takes warnings and counts.
    pub observer: &'a dyn Observer,
}

/// Counts chunks under way, so that results do not pile up behind a slow one.
#[derive(Default)]
struct Window {
    open: Mutex<u64>,
    changed: Condvar,
}

impl Window {
    fn enter(&self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        while *open >= WINDOW {
            open = self.changed.wait(open).unwrap_or_else(PoisonError::into_inner);
        }
        *open += 1;
    }

    fn leave(&self) {
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.changed.notify_one();
    }
}

impl Stage<'_> {
    /// Stages what `next` yields, in manifest order, into all lanes. `sealers` has one for each.
    ///
    /// # Errors
    /// The feed failed, or the user interrupted. A lane's own failure stays in the lane.
    pub fn run(&self, mut next: impl FnMut() -> Result<Option<Batch>>, sealers: &mut [Sealer]) -> Result<()> {
        let (tasks, queue) = channel::<Chunk>();
        let (results, outcomes) = channel();
        let queue = Mutex::new(queue);
        let window = Window::default();
        std::thread::scope(|scope| {
            for _ in 0..self.threads.max(1) {
                let results = results.clone();
                let queue = &queue;
                scope.spawn(move || self.work(queue, &results));
            }
            let window = &window;
            scope.spawn(move || self.seal(&outcomes, sealers, window));
            let mut feeder = Feeder::new(self, tasks, results, window);
            while let Some(batch) = next()? {
                interrupt::check()?;
                feeder.batch(batch);
                if !self.lanes.iter().any(Lane::is_running) {
                    break;
                }
            }
            feeder.finish();
            Ok(())
        })
        // Workers that were interrupted left entries out: nothing of it may be published.
        .and_then(|()| interrupt::check())
    }

    fn work(&self, queue: &Mutex<Receiver<Chunk>>, results: &Sender<Numbered>) {
        let mut buffer = Vec::new();
        let elsewhere = RefCell::new(self.lanes.iter().map(Lane::parent_cursor).collect());
        loop {
            let chunk = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(chunk) = chunk else { return };
            let place = Place {
                at: &chunk.path,
                source: chunk.source.as_deref(),
                sinks: &chunk.sides,
                lanes: self.lanes,
                elsewhere: &elsewhere,
                racy_limit: self.racy_limit,
                observer: self.observer,
            };
            let count = chunk.plans.len();
            let go_on = |_: &Vec<_>| interrupt::check().is_ok();
            let plans = chunk.plans.into_iter().take_while(go_on);
            let done = plans.map(|plans| place.entry(plans, &mut buffer)).collect();
            Counters::add(&self.observer.counters().entries, count as u64);
            let Chunk { number, path, unread, look, last, .. } = chunk;
            let placed = Placed { path, done, unread, look, last };
            if results.send((number, Outcome::Placed(placed))).is_err() {
                return;
            }
        }
    }

    /// Takes results up in the order in which their chunks were handed out.
    fn seal(&self, outcomes: &Receiver<Numbered>, sealers: &mut [Sealer], window: &Window) {
        let mut early = BTreeMap::new();
        let mut expected = 0;
        for (number, outcome) in outcomes {
            early.insert(number, outcome);
            while let Some(mut outcome) = early.remove(&expected) {
                expected += 1;
                for (lane, sealer) in sealers.iter_mut().enumerate() {
                    if !self.lanes[lane].is_running() {
                        continue;
                    }
                    if let Err(error) = self.seal_one(lane, sealer, &mut outcome) {
                        self.lanes[lane].fail(error);
                    }
                }
                window.leave();
            }
        }
    }

    fn seal_one(&self, lane: usize, sealer: &mut Sealer, outcome: &mut Outcome) -> Result<()> {
        match outcome {
            Outcome::Same(passed) => passed
                .iter()
                .try_for_each(|(dir, look)| sealer.same(dir, &look.sides[lane], &self.lanes[lane])),
            Outcome::Placed(placed) => {
                let done = placed.done.iter_mut().filter_map(|done| done[lane].take()).collect();
                let side = placed.look.as_ref().map(|look| &look.sides[lane]);
                sealer.take(placed, done, side, &self.lanes[lane])
            }
        }
    }
}

/// A result with its place in the order.
type Numbered = (u64, Outcome);

/// Prepares directories and hands out chunks.
struct Feeder<'a> {
    stage: &'a Stage<'a>,
    tasks: Sender<Chunk>,
    results: Sender<Numbered>,
    window: &'a Window,
    number: u64,
    /// In the parent's tree and in the staged one, for each lane.
    cursors: Vec<(Option<Cursor>, Option<Cursor>)>,
    /// Directories that must still come, the next one last: each saved directory has its turn,
    /// be it empty, vanished, or a mount point that was not entered.
    expected: Vec<Box<[u8]>>,
    passed: Vec<Passed>,
}

impl<'a> Feeder<'a> {
    fn new(
        stage: &'a Stage<'a>,
        tasks: Sender<Chunk>,
        results: Sender<Numbered>,
        window: &'a Window,
    ) -> Feeder<'a> {
        let cursors = stage.lanes.iter().map(|lane| (lane.parent_cursor(), lane.staged_cursor())).collect();
        let expected = vec![Box::default()];
        Feeder { stage, tasks, results, window, number: 0, cursors, expected, passed: Vec::new() }
    }

    fn batch(&mut self, batch: Batch) {
        while let Some(expected) = self.expected.pop().filter(|expected| *expected != batch.path) {
            self.place(Batch::empty(expected));
        }
        let below = batch.dirs.iter().rev().map(|name| path::join(&batch.path, name));
        self.expected.extend(below);
        match batch.look {
            Some(look) if look.is_same() => {
                let entries: usize =
                    look.sides.iter().filter_map(|side| Some(side.block.as_ref()?.len())).sum();
                Counters::add(&self.stage.observer.counters().entries, entries as u64);
                self.passed.push((batch.path, look));
                if self.passed.len() >= PASSED {
                    self.flush();
                }
            }
            _ => self.place(batch),
        }
    }

    /// After the last batch.
    fn finish(&mut self) {
        while let Some(expected) = self.expected.pop() {
            self.place(Batch::empty(expected));
        }
        self.flush();
    }

    /// Hands over the directories in which there is nothing to do.
    fn flush(&mut self) {
        if !self.passed.is_empty() {
            let passed = std::mem::take(&mut self.passed);
            self.window.enter();
            let _ = self.results.send((self.number, Outcome::Same(passed)));
            self.number += 1;
        }
    }

    fn place(&mut self, mut batch: Batch) {
        self.flush();
        let sides: Sides = (0..self.cursors.len()).map(|lane| self.sides(lane, &mut batch)).collect();
        let path: Arc<[u8]> = batch.path.into();
        let mut plans = batch.plans.into_iter().peekable();
        let mut unread = batch.unread;
        loop {
            let part: Vec<_> = plans.by_ref().take(CHUNK).collect();
            let last = plans.peek().is_none();
            self.window.enter();
            let chunk = Chunk {
                number: self.number,
                path: Arc::clone(&path),
                source: batch.source.clone(),
                sides: Arc::clone(&sides),
                plans: part,
                unread: std::mem::take(&mut unread),
                look: batch.look.clone(),
                last,
            };
            self.number += 1;
            if self.tasks.send(chunk).is_err() || last {
                return;
            }
        }
    }

    /// Opens the directory on both sides of a lane and makes the directories inside it.
    fn sides(&mut self, lane: usize, batch: &mut Batch) -> Side {
        let (parent, staged) = &mut self.cursors[lane];
        let side = &self.stage.lanes[lane];
        let Some(staged) = staged.as_mut().filter(|_| side.is_running()) else { return (None, None) };
        let fail = |errno, whole: &[u8]| side.fail(sink_error(&side.label, errno, whole));
        let fitted = match side.reused {
            true => old::fit(side, staged, lane, batch),
            false => staged.at(&batch.path),
        };
        let staged = match fitted {
            Ok(dir) => dir,
            Err(errno) => {
                fail(errno, &batch.path);
                return (None, None);
            }
        };
        for plan in batch.plans.iter_mut().filter_map(|plans| plans[lane].as_mut()) {
            if plan.target != Target::Dir {
                continue;
            }
            if let Err(errno) = make_dir(side, &staged, plan) {
                fail(errno, &path::join(&batch.path, &plan.entry.name));
            }
        }
        // What cannot be opened in the parent is copied: the link then finds no file there.
        let parent = parent.as_mut().and_then(|parent| parent.at(&batch.path).ok());
        (parent, Some(staged))
    }
}

/// Makes a directory of the new tree, still open to its owner alone, or takes over an old one.
fn make_dir(lane: &Lane, parent: &Dir, plan: &mut Planned) -> Result<(), Errno> {
    debug_assert_eq!(plan.entry.kind, Kind::Dir);
    let want = attributes(&plan.entry, lane.set_owner);
    let held = match parent.make_dir(&plan.entry.name, 0o700) {
        Err(Errno::EXIST) if lane.reused => {
            let (held, settled) = fs::fit_dir(&old::open(parent, &plan.entry.name)?, &want, lane.grain)?;
            plan.settled = settled;
            held
        }
        made => {
            made?;
            fs::prepare_dir(&parent.open_dir(&plan.entry.name)?, &want, lane.grain)?
        }
    };
    plan.entry.held = held.some();
    Ok(())
}
