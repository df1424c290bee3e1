//! Third stage: plans become trees, on several threads, and come out in manifest order.
//!
//! The caller's thread makes directories and hands out chunks of a directory's entries; workers
//! place them; one more thread takes the results up in order and seals them.

use super::lane::{Lane, attributes, sink_error};
use super::place::{Done, Place, Side};
use super::plan::{Planned, Target};
use super::seal::Sealer;
use crate::error::Result;
use crate::fs::{self, Cursor, Dir, Errno};
use crate::interrupt;
use crate::progress::{Counters, Observer};
use crate::tree::{Kind, Time, Unread, path};
use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// Entries that a worker takes at a time.
const CHUNK: usize = 256;
/// Chunks that may be under way or wait for an earlier one.
const WINDOW: u64 = 48;

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
    last: bool,
}

/// A chunk after its entries were placed.
pub struct Placed {
    number: u64,
    /// Path of the directory.
    pub path: Arc<[u8]>,
    /// For each entry, what became of it in each lane.
    pub done: Vec<Vec<Option<Done>>>,
    /// What could not be looked at.
    pub unread: Vec<Unread>,
    /// No more entries of this directory follow.
    pub last: bool,
}

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
        let (results, placed) = channel::<Placed>();
        let queue = Mutex::new(queue);
        let window = Window::default();
        std::thread::scope(|scope| {
            for _ in 0..self.threads.max(1) {
                let results = results.clone();
                let queue = &queue;
                scope.spawn(move || self.work(queue, &results));
            }
            drop(results);
            let window = &window;
            scope.spawn(move || self.seal(&placed, sealers, window));
            let mut feeder = Feeder::new(self, tasks, window);
            while let Some(batch) = next()? {
                interrupt::check()?;
                feeder.batch(batch);
                if !self.lanes.iter().any(Lane::is_running) {
                    break;
                }
            }
            Ok(())
        })
        // Workers that were interrupted left entries out: nothing of it may be published.
        .and_then(|()| interrupt::check())
    }

    fn work(&self, queue: &Mutex<Receiver<Chunk>>, results: &Sender<Placed>) {
        let mut buffer = Vec::new();
        loop {
            let chunk = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(chunk) = chunk else { return };
            let place = Place {
                at: &chunk.path,
                source: chunk.source.as_deref(),
                sinks: &chunk.sides,
                lanes: self.lanes,
                racy_limit: self.racy_limit,
                observer: self.observer,
            };
            let count = chunk.plans.len();
            let go_on = |_: &Vec<_>| interrupt::check().is_ok();
            let plans = chunk.plans.into_iter().take_while(go_on);
            let done = plans.map(|plans| place.entry(plans, &mut buffer)).collect();
            Counters::add(&self.observer.counters().entries, count as u64);
            let Chunk { number, path, unread, last, .. } = chunk;
            if results.send(Placed { number, path, done, unread, last }).is_err() {
                return;
            }
        }
    }

    /// Takes results up in the order in which their chunks were handed out.
    fn seal(&self, placed: &Receiver<Placed>, sealers: &mut [Sealer], window: &Window) {
        let mut early = BTreeMap::new();
        let mut expected = 0;
        for chunk in placed {
            early.insert(chunk.number, chunk);
            while let Some(mut chunk) = early.remove(&expected) {
                expected += 1;
                for (lane, sealer) in sealers.iter_mut().enumerate() {
                    if !self.lanes[lane].is_running() {
                        continue;
                    }
                    let done = chunk.done.iter_mut().filter_map(|done| done[lane].take()).collect();
                    if let Err(error) = sealer.take(&chunk, done, &self.lanes[lane]) {
                        self.lanes[lane].fail(error);
                    }
                }
                window.leave();
            }
        }
    }
}

/// Prepares directories and hands out chunks.
struct Feeder<'a> {
    stage: &'a Stage<'a>,
    tasks: Sender<Chunk>,
    window: &'a Window,
    number: u64,
    cursors: Vec<(Option<Cursor>, Option<Cursor>)>,
}

impl<'a> Feeder<'a> {
    fn new(stage: &'a Stage<'a>, tasks: Sender<Chunk>, window: &'a Window) -> Feeder<'a> {
        let cursors = stage.lanes.iter().map(|lane| (lane.base_cursor(), lane.staged_cursor())).collect();
        Feeder { stage, tasks, window, number: 0, cursors }
    }

    fn batch(&mut self, mut batch: Batch) {
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
        let (base, staged) = &mut self.cursors[lane];
        let side = &self.stage.lanes[lane];
        let Some(staged) = staged.as_mut().filter(|_| side.is_running()) else { return (None, None) };
        let staged = match staged.at(&batch.path) {
            Ok(dir) => dir,
            Err(errno) => {
                side.fail(sink_error(&side.label, errno, &batch.path));
                return (None, None);
            }
        };
        for plan in batch.plans.iter_mut().filter_map(|plans| plans[lane].as_mut()) {
            if plan.target != Target::Dir {
                continue;
            }
            if let Err(errno) = make_dir(side, &staged, plan) {
                side.fail(sink_error(&side.label, errno, &path::join(&batch.path, &plan.entry.name)));
            }
        }
        // What cannot be opened in the base is copied: the link then finds no file there.
        let base = base.as_mut().and_then(|base| base.at(&batch.path).ok());
        (base, Some(staged))
    }
}

/// Makes a directory of the new tree, still open to its owner alone.
fn make_dir(lane: &Lane, parent: &Dir, plan: &mut Planned) -> Result<(), Errno> {
    debug_assert_eq!(plan.entry.kind, Kind::Dir);
    parent.make_dir(&plan.entry.name, 0o700)?;
    let dir = parent.open_dir(&plan.entry.name)?;
    let held = fs::prepare_dir(&dir, &attributes(&plan.entry, lane.set_owner), lane.grain)?;
    plan.entry.held = held.some();
    Ok(())
}
