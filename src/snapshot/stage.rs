//! Third stage: plans become trees, on several threads, and come out in manifest order.
//!
//! The caller's thread makes directories and hands out tasks, small directories or parts of large
//! ones; workers place their entries; one more thread takes the results up in order and seals them.

mod feeder;

use super::lane::Lane;
use super::place::{Done, Place, Side};
use super::plan::{Planned, Target};
use super::seal::Sealer;
use super::unchanged::{self, Look};
use crate::error::Result;
use crate::fs::{Cursor, Dir};
use crate::interrupt;
use crate::progress::{Counters, Observer};
use crate::tree::{Entry, Time, Unread};
use feeder::Feeder;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// What may be under way or wait for an earlier task.
const WINDOW: usize = 1024;

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
    /// There are no plans, because all records hold and the trees that are made were made empty:
    /// everything is linked.
    pub kept: bool,
}

impl Batch {
    /// A directory of which nothing is known yet.
    pub fn empty(path: Box<[u8]>) -> Batch {
        Batch {
            path,
            source: None,
            plans: Vec::new(),
            unread: Vec::new(),
            look: None,
            dirs: Vec::new(),
            kept: false,
        }
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

/// What a worker takes at a time: small directories together, so that handing them over costs
/// little. Results are taken up in the order of the numbers.
struct Task<T> {
    number: u64,
    weight: usize,
    pieces: Vec<T>,
}

/// A directory or a part of one.
enum Piece {
    /// There is nothing to do in it.
    Same(Passed),
    /// Its entries have to be placed.
    Chunk(Chunk),
    /// All that is not a directory has to be linked; the directories, for each lane.
    Kept(Chunk, Vec<Vec<Entry>>),
}

/// A piece that was worked on.
enum Outcome {
    Same(Passed),
    Placed(Placed),
    /// Everything was linked.
    Kept(Passed, Vec<Vec<Entry>>),
}

/// A directory of which every record is as it was.
type Passed = (Box<[u8]>, Arc<Look>);

struct Chunk {
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
    /// The directory in the source and in the lanes, if later names of hard-link groups are in it.
    dirs: Option<(Arc<Dir>, Sides)>,
    /// For each entry, what became of it in each lane.
    pub done: Vec<Vec<Option<Done>>>,
    /// What could not be looked at.
    pub unread: Vec<Unread>,
    /// What could be said of the directory at once.
    pub look: Option<Arc<Look>>,
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

/// Weighs what is under way, so that results do not pile up behind a slow one.
#[derive(Default)]
struct Window {
    open: Mutex<usize>,
    changed: Condvar,
}

impl Window {
    fn enter(&self, weight: usize) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        while *open > 0 && *open + weight > WINDOW {
            open = self.changed.wait(open).unwrap_or_else(PoisonError::into_inner);
        }
        *open += weight;
    }

    fn leave(&self, weight: usize) {
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) -= weight;
        self.changed.notify_one();
    }
}

impl Stage<'_> {
    /// Stages what `next` yields, in manifest order, into all lanes. `sealers` has one for each.
    ///
    /// # Errors
    /// The feed failed, or the user interrupted. A lane's own failure stays in the lane.
    pub fn run(&self, mut next: impl FnMut() -> Result<Option<Batch>>, sealers: &mut [Sealer]) -> Result<()> {
        let (tasks, queue) = channel::<Task<Piece>>();
        let (results, outcomes) = channel();
        let queue = Mutex::new(queue);
        let window = Window::default();
        std::thread::scope(|scope| {
            for _ in 0..self.threads.max(1) {
                let (queue, results) = (&queue, results.clone());
                scope.spawn(move || self.work(queue, &results));
            }
            drop(results);
            let window = &window;
            scope.spawn(move || self.seal(&outcomes, sealers, window));
            let mut feeder = Feeder::new(self, tasks, window);
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

    fn work(&self, queue: &Mutex<Receiver<Task<Piece>>>, results: &Sender<Task<Outcome>>) {
        let mut buffer = Vec::new();
        let elsewhere = RefCell::new(self.lanes.iter().map(Lane::parent_cursor).collect());
        loop {
            let task = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(Task { number, weight, pieces }) = task else { return };
            let pieces = pieces.into_iter().map(|piece| match piece {
                Piece::Same(passed) => Outcome::Same(passed),
                Piece::Chunk(chunk) => Outcome::Placed(self.place(chunk, &elsewhere, &mut buffer)),
                Piece::Kept(chunk, dirs) => self.keep(chunk, dirs, &elsewhere, &mut buffer),
            });
            let done = Task { number, weight, pieces: pieces.collect() };
            if results.send(done).is_err() {
                return;
            }
        }
    }

    fn place(&self, mut chunk: Chunk, elsewhere: &Elsewhere, buffer: &mut Vec<u8>) -> Placed {
        let plans = std::mem::take(&mut chunk.plans);
        let place = self.place_of(&chunk, elsewhere);
        let count = plans.len();
        let is_later = |plan: &Planned| matches!(plan.target, Target::SameAs(_));
        let has_later = plans.iter().flatten().flatten().any(is_later);
        let go_on = |_: &Vec<_>| interrupt::check().is_ok();
        let plans = plans.into_iter().take_while(go_on);
        let done = plans.map(|plans| place.entry(plans, buffer)).collect();
        Counters::add(&self.observer.counters().entries, count as u64);
        let Chunk { path, source, sides, unread, look, last, .. } = chunk;
        Placed { path, dirs: source.filter(|_| has_later).zip(Some(sides)), done, unread, look, last }
    }

    fn keep(
        &self,
        chunk: Chunk,
        dirs: Vec<Vec<Entry>>,
        elsewhere: &Elsewhere,
        buffer: &mut Vec<u8>,
    ) -> Outcome {
        let Chunk { path, look: Some(look), .. } = &chunk else {
            return Outcome::Placed(self.place(chunk, elsewhere, buffer));
        };
        let done = self.place_of(&chunk, elsewhere).keep_all(look, &dirs, buffer);
        let entries = look.sides.first().map_or(0, unchanged::Side::len);
        Counters::add(&self.observer.counters().entries, entries as u64);
        match done {
            None => Outcome::Kept((path[..].into(), Arc::clone(look)), dirs),
            Some(done) => {
                let Chunk { path, unread, look, last, .. } = chunk;
                Outcome::Placed(Placed { path, dirs: None, done, unread, look, last })
            }
        }
    }

    fn place_of<'c>(&'c self, chunk: &'c Chunk, elsewhere: &'c Elsewhere) -> Place<'c> {
        Place {
            at: &chunk.path,
            source: chunk.source.as_deref(),
            sinks: &chunk.sides,
            lanes: self.lanes,
            elsewhere,
            racy_limit: self.racy_limit,
            observer: self.observer,
        }
    }

    /// Takes results up in the order in which their tasks were handed out.
    fn seal(&self, results: &Receiver<Task<Outcome>>, sealers: &mut [Sealer], window: &Window) {
        let mut early = BTreeMap::new();
        let mut expected = 0;
        for task in results {
            early.insert(task.number, task);
            while let Some(task) = early.remove(&expected) {
                expected += 1;
                for mut outcome in task.pieces {
                    self.seal_one(sealers, &mut outcome);
                }
                window.leave(task.weight);
            }
        }
    }

    fn seal_one(&self, sealers: &mut [Sealer], outcome: &mut Outcome) {
        for (at, sealer) in sealers.iter_mut().enumerate() {
            let lane = &self.lanes[at];
            if !lane.is_running() {
                continue;
            }
            let sealed = match outcome {
                Outcome::Same((dir, look)) => sealer.same(dir, &look.sides[at], lane),
                Outcome::Kept((dir, look), dirs) => {
                    sealer.kept(dir, &look.sides[at], std::mem::take(&mut dirs[at]), lane)
                }
                Outcome::Placed(placed) => {
                    let done = placed.done.iter_mut().filter_map(|done| done[at].take()).collect();
                    let side = placed.look.as_ref().map(|look| &look.sides[at]);
                    sealer.take(placed, done, side, lane, &mut |entry| self.save(placed, at, entry))
                }
            };
            if let Err(error) = sealed {
                lane.fail(error);
            }
        }
    }
}

impl Stage<'_> {
    /// Saves an entry of a placed directory from the source, in one lane.
    fn save(&self, placed: &Placed, lane: usize, entry: Entry) -> Option<Done> {
        let (source, sides) = placed.dirs.as_ref()?;
        let place = Place {
            at: &placed.path,
            source: Some(source.as_ref()),
            sinks: &sides[lane..=lane],
            lanes: &self.lanes[lane..=lane],
            elsewhere: &RefCell::new(vec![None]),
            racy_limit: self.racy_limit,
            observer: self.observer,
        };
        let planned =
            Planned { target: Target::New, xattrs_known: false, prior: None, ..Planned::kept(entry) };
        place.entry(vec![Some(planned)], &mut Vec::new()).pop().flatten()
    }
}

/// Places in the parents' trees that a worker goes to for what was moved.
type Elsewhere = RefCell<Vec<Option<Cursor>>>;
