//! Work for several threads, each with tasks of its own: who has none gets some of another's.

use super::Errno;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

struct State<T> {
    given: Vec<T>,
    workers: usize,
    waiting: usize,
    failure: Option<Errno>,
}

/// Where tasks change hands.
///
/// Each worker takes its own tasks from the back, so that it goes depth first; what it gives away
/// comes from the front, where the tasks wait that it would come to last.
pub(super) struct Pool<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
    /// Somebody waits for whom nothing was given yet.
    wanted: AtomicBool,
    stopped: AtomicBool,
}

impl<T> Pool<T> {
    /// A pool with one worker, the caller, that has all the work.
    pub(super) fn new() -> Pool<T> {
        let state = State { given: Vec::new(), workers: 1, waiting: 0, failure: None };
        Pool {
            state: Mutex::new(state),
            changed: Condvar::new(),
            wanted: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_wanted(&self, state: &State<T>) {
        self.wanted.store(state.waiting > state.given.len(), Ordering::Relaxed);
    }

    /// Counts one more worker; before it begins, by one that has work.
    pub(super) fn enlist(&self) {
        self.lock().workers += 1;
    }

    /// Takes back an [`Pool::enlist`] whose worker never began.
    pub(super) fn dismiss(&self) {
        self.lock().workers -= 1;
    }

    /// Gives tasks to those that wait, one for each, and keeps at least `keep`.
    pub(super) fn share(&self, own: &mut VecDeque<T>, keep: usize) {
        if own.len() <= keep || !self.wanted.load(Ordering::Relaxed) {
            return;
        }
        let mut state = self.lock();
        while own.len() > keep && state.waiting > state.given.len() {
            state.given.extend(own.pop_front());
            self.changed.notify_one();
        }
        self.note_wanted(&state);
    }

    /// Waits for a task. `None`: no worker has one any more, or one has failed.
    pub(super) fn take(&self) -> Option<T> {
        let mut state = self.lock();
        state.waiting += 1;
        loop {
            if self.has_stopped() {
                return None;
            }
            if let Some(task) = state.given.pop() {
                state.waiting -= 1;
                self.note_wanted(&state);
                return Some(task);
            }
            if state.waiting == state.workers {
                self.stop();
                return None;
            }
            self.note_wanted(&state);
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Ends the work of all. The first failure is the one that counts.
    pub(super) fn fail(&self, errno: Errno) {
        let mut state = self.lock();
        state.failure.get_or_insert(errno);
        self.stop();
    }

    /// The lock must be held, or one who is about to wait would miss it.
    fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
        self.changed.notify_all();
    }

    /// Whether there is nothing to do any more.
    pub(super) fn has_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// The first failure, once all workers have ended.
    pub(super) fn failure(self) -> Option<Errno> {
        self.state.into_inner().unwrap_or_else(PoisonError::into_inner).failure
    }
}
