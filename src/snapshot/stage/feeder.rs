//! The caller's side of a stage: opens each directory in both trees of each lane, makes the
//! directories inside it, and hands out tasks.

use super::{Batch, Chunk, Piece, Sides, Stage, Task, Window};
use crate::fs::{self, Cursor, Dir, Errno};
use crate::progress::Counters;
use crate::snapshot::lane::{Lane, attributes, sink_error};
use crate::snapshot::old;
use crate::snapshot::place::Side;
use crate::snapshot::plan::{Planned, Target};
use crate::snapshot::unchanged;
use crate::tree::{Entry, Kind, path};
use std::sync::Arc;
use std::sync::mpsc::Sender;

/// Entries of a directory that a worker takes at a time, unless all are kept: the system makes the
/// names in one directory one after the other anyhow.
const CHUNK: usize = 256;
/// What weighs as much as a descriptor that a chunk may hold.
const CHUNK_WEIGHT: usize = 8;
/// Entries that weigh as much as a directory without work.
const ENTRIES_WEIGHED: usize = 16;
/// A task of this weight is handed out.
const TASK: usize = 64;
/// A file of so many bytes that is to be read ends a task: whatever follows goes to another worker.
const LARGE: u64 = 1 << 20;

/// Prepares directories and hands out tasks.
pub(super) struct Feeder<'a> {
    stage: &'a Stage<'a>,
    tasks: Sender<Task<Piece>>,
    window: &'a Window,
    /// The task that is being filled.
    task: Task<Piece>,
    /// In the parent's tree and in the staged one, for each lane.
    cursors: Vec<(Option<Cursor>, Option<Cursor>)>,
    /// Directories that must still come, the next one last: each saved directory has its turn,
    /// be it empty, vanished, or a mount point that was not entered.
    expected: Vec<Box<[u8]>>,
}

impl<'a> Feeder<'a> {
    /// Begins at the root.
    pub(super) fn new(stage: &'a Stage<'a>, tasks: Sender<Task<Piece>>, window: &'a Window) -> Feeder<'a> {
        let cursors = stage.lanes.iter().map(|lane| (lane.parent_cursor(), lane.staged_cursor())).collect();
        let task = Task { number: 0, weight: 0, pieces: Vec::new() };
        Feeder { stage, tasks, window, task, cursors, expected: vec![Box::default()] }
    }

    /// Takes up the next directory.
    pub(super) fn batch(&mut self, batch: Batch) {
        while let Some(expected) = self.expected.pop().filter(|expected| *expected != batch.path) {
            self.place(Batch::empty(expected));
        }
        let below = batch.dirs.iter().rev().map(|name| path::join(&batch.path, name));
        self.expected.extend(below);
        match batch.look {
            Some(look) if look.is_same() => {
                let entries = look.sides.first().map_or(0, unchanged::Side::len);
                Counters::add(&self.stage.observer.counters().entries, entries as u64);
                let weight = look.sides.len() + entries / ENTRIES_WEIGHED;
                self.hand_out(Piece::Same((batch.path, look)), weight);
            }
            _ if batch.kept => self.keep(batch),
            _ => self.place(batch),
        }
    }

    /// After the last batch.
    pub(super) fn finish(&mut self) {
        while let Some(expected) = self.expected.pop() {
            self.place(Batch::empty(expected));
        }
        self.flush();
    }

    fn hand_out(&mut self, piece: Piece, weight: usize) {
        self.task.pieces.push(piece);
        self.task.weight += weight;
        if self.task.weight >= TASK {
            self.flush();
        }
    }

    /// Descriptors that a chunk holds: of the source, and of two directories a lane.
    fn chunk_weight(&self) -> usize {
        CHUNK_WEIGHT * (1 + self.cursors.len())
    }

    /// Hands out the task that is being filled.
    fn flush(&mut self) {
        let next = Task { number: self.task.number + 1, weight: 0, pieces: Vec::new() };
        let task = std::mem::replace(&mut self.task, next);
        self.window.enter(task.weight);
        let _ = self.tasks.send(task);
    }

    /// A directory that is linked as it is.
    fn keep(&mut self, mut batch: Batch) {
        let sides: Sides = (0..self.cursors.len()).map(|lane| self.sides(lane, &mut batch)).collect();
        let made = |(at, side): (usize, &unchanged::Side)| {
            let lane = &self.stage.lanes[at];
            let mut dirs = side.dirs().unwrap_or_else(|error| {
                lane.fail(error);
                Vec::new()
            });
            if let Some(staged) = &sides[at].1 {
                for entry in &mut dirs {
                    if let Err(errno) = make_dir(lane, staged, entry) {
                        lane.fail(sink_error(&lane.label, errno, &path::join(&batch.path, &entry.name)));
                    }
                }
            }
            dirs
        };
        let dirs: Vec<Vec<Entry>> = batch.sides().iter().enumerate().map(made).collect();
        let entries = batch.sides().first().map_or(0, unchanged::Side::len);
        let Batch { path, source, unread, look, .. } = batch;
        let chunk = Chunk { path: path.into(), source, sides, plans: Vec::new(), unread, look, last: true };
        // There are no plans to be held.
        let weight = self.chunk_weight() + (entries / ENTRIES_WEIGHED).min(TASK);
        self.hand_out(Piece::Kept(chunk, dirs), weight);
    }

    fn place(&mut self, mut batch: Batch) {
        let sides: Sides = (0..self.cursors.len()).map(|lane| self.sides(lane, &mut batch)).collect();
        let path: Arc<[u8]> = batch.path.into();
        let mut plans = batch.plans.into_iter().peekable();
        let mut unread = batch.unread;
        loop {
            let part: Vec<_> = plans.by_ref().take(CHUNK).collect();
            let last = plans.peek().is_none();
            let weight = self.chunk_weight() + part.len() / ENTRIES_WEIGHED;
            let long = part.iter().flatten().flatten().any(is_long);
            let chunk = Chunk {
                path: Arc::clone(&path),
                source: batch.source.clone(),
                sides: Arc::clone(&sides),
                plans: part,
                unread: std::mem::take(&mut unread),
                look: batch.look.clone(),
                last,
            };
            self.hand_out(Piece::Chunk(chunk), weight);
            if long {
                self.flush();
            }
            if last {
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
            match make_dir(side, &staged, &mut plan.entry) {
                Ok(settled) => plan.settled = settled,
                Err(errno) => fail(errno, &path::join(&batch.path, &plan.entry.name)),
            }
        }
        // What cannot be opened in the parent is copied: the link then finds no file there.
        let parent = parent.as_mut().and_then(|parent| parent.at(&batch.path).ok());
        (parent, Some(staged))
    }
}

/// Whether an entry takes long: others shall not wait for the same worker.
fn is_long(plan: &Planned) -> bool {
    matches!(plan.target, Target::New | Target::Check(_)) && plan.entry.size >= LARGE
}

/// Makes a directory of the new tree, still open to its owner alone, or takes over an old one; the
/// flag says whether that shows all already that it has to show in the end.
fn make_dir(lane: &Lane, parent: &Dir, entry: &mut Entry) -> Result<bool, Errno> {
    debug_assert_eq!(entry.kind, Kind::Dir);
    let want = attributes(entry, lane.set_owner);
    let (held, settled) = match parent.make_dir(&entry.name, 0o700) {
        Err(Errno::EXIST) if lane.reused => fs::fit_dir(&old::open(parent, &entry.name)?, &want, lane.grain)?,
        made => {
            made?;
            (fs::prepare_dir(&parent.open_dir(&entry.name)?, &want, lane.grain)?, false)
        }
    };
    entry.held = held.some();
    Ok(settled)
}
