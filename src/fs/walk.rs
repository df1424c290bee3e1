//! Listing a source on several threads and yet delivering it in manifest order.
//!
//! A directory is one task. Workers take the pending directory that comes first in the order
//! and look ahead only so far; the consumer does the directory that it waits for itself if
//! nobody has begun it, so that nothing can wait in a circle.

use super::{Dir, Errno, Item, Result, Stat};
use crate::tree::{Kind, path};
use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// Directories and entries that may wait for the consumer.
const AHEAD_DIRS: usize = 128;
const AHEAD_ENTRIES: usize = 32 * 1024;
/// Below this depth a directory is reached anew from the root instead of by a held parent.
const HELD_DEPTH: usize = 128;

/// Decides whether the entry at a path stays out (`true`); the flag says whether it is a directory.
pub(super) type Excluded = dyn Fn(&[u8], bool) -> bool + Send + Sync;

/// Finds, among the names in a directory in order, the mark that leaves out all others.
pub(super) type Marked = dyn Fn(&Dir, &[Item]) -> Option<usize> + Send + Sync;

/// Looks at a directory as soon as it is listed, on the thread that listed it. What it returns is
/// handed to the visits of the directories below, and to the consumer. The first argument is what
/// the visit of the parent returned.
pub type Visit<T> = dyn Fn(Option<&T>, &Scanned) -> T + Send + Sync;

/// What is left out of a walk.
pub struct Rules {
    /// Entries to leave out by path, if there are any.
    pub excluded: Option<Box<Excluded>>,
    /// Finds the mark of a directory of which nothing else is to be listed; not asked for the root.
    pub marked: Option<Box<Marked>>,
    /// Bytes above which a regular file is left out.
    pub larger_than: Option<u64>,
    /// Directories to leave out wherever they are met, by device and inode number.
    pub skip: HashSet<(u64, u64)>,
    /// Whether directories on other mounts are listed but not entered.
    pub one_file_system: bool,
    /// Whether FIFOs, sockets and devices are listed.
    pub special: bool,
}

impl Rules {
    /// Rules that leave nothing out.
    pub fn everything(one_file_system: bool) -> Rules {
        let skip = HashSet::new();
        Rules { excluded: None, marked: None, larger_than: None, skip, one_file_system, special: true }
    }
}

/// An entry and what statx(2) showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The name.
    pub name: Box<[u8]>,
    /// Its stamps.
    pub stat: Stat,
    /// A directory that the walk goes into.
    pub enter: bool,
    /// A directory on another mount than the one that holds it.
    pub border: bool,
}

/// A directory, listed.
pub struct Scanned {
    /// Path below the root.
    pub path: Box<[u8]>,
    /// The directory itself; `None` if it could not be opened.
    pub dir: Option<Arc<Dir>>,
    /// Its entries in the order of their names.
    pub entries: Vec<Found>,
    /// Names of entries that the rules leave out.
    pub excluded: Vec<Box<[u8]>>,
    /// Only the mark is listed; what else is there is left out.
    pub marked: bool,
    /// Entries that could not be looked at.
    pub unread: Vec<(Box<[u8]>, Errno)>,
    /// Why the directory could not be listed.
    pub error: Option<Errno>,
}

#[derive(PartialEq, Eq)]
struct Key(Box<[u8]>);

impl Ord for Key {
    fn cmp(&self, other: &Key) -> std::cmp::Ordering {
        path::compare_dirs(&self.0, &other.0)
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Key) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// What a directory that is still to be listed needs of its parent.
struct Above<T> {
    /// The parent, unless the directory lies too deep for holding it.
    dir: Option<Arc<Dir>>,
    visited: Option<Arc<T>>,
}

/// A directory that was listed and visited.
type Listed<T> = (Scanned, Arc<T>);

struct State<T> {
    pending: BTreeMap<Key, Above<T>>,
    done: BTreeMap<Key, Listed<T>>,
    ahead: usize,
    stop: bool,
    /// Workers that wait for something to do.
    idle: usize,
    /// The directory that the consumer waits for.
    wanted: Option<Key>,
}

struct Shared<T> {
    root: Arc<Dir>,
    mount: (u64, u64),
    rules: Rules,
    visit: Box<Visit<T>>,
    state: Mutex<State<T>>,
    work: Condvar,
    ready: Condvar,
}

/// A walk under way; an iterator over directories in manifest order.
pub struct Walk<T> {
    shared: Arc<Shared<T>>,
    next: Vec<Box<[u8]>>,
    workers: Vec<JoinHandle<()>>,
}

impl<T: Send + Sync + 'static> Walk<T> {
    /// Walks the tree below `root` with `threads` workers beside the consumer.
    ///
    /// # Errors
    /// The root cannot be looked at.
    pub fn start(root: Arc<Dir>, rules: Rules, threads: usize, visit: Box<Visit<T>>) -> Result<Walk<T>> {
        let stat = root.stat_self()?;
        let above = Above { dir: None, visited: None };
        let state = State {
            pending: BTreeMap::from([(Key(Box::default()), above)]),
            done: BTreeMap::new(),
            ahead: 0,
            stop: false,
            idle: 0,
            wanted: None,
        };
        let shared = Arc::new(Shared {
            root,
            mount: (stat.dev, stat.mount),
            rules,
            visit,
            state: Mutex::new(state),
            work: Condvar::new(),
            ready: Condvar::new(),
        });
        let work = || {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || shared.work())
        };
        let workers = (0..threads).map(|_| work()).collect();
        Ok(Walk { shared, next: vec![Box::default()], workers })
    }
}

impl<T> Iterator for Walk<T> {
    type Item = Listed<T>;

    fn next(&mut self) -> Option<Listed<T>> {
        let wanted = Key(self.next.pop()?);
        let mut state = self.shared.lock();
        let listed = loop {
            let was_full = state.is_full();
            if let Some(listed) = state.done.remove(&wanted) {
                state.ahead -= listed.0.entries.len();
                if was_full && state.idle > 0 {
                    self.shared.work.notify_all();
                }
                break listed;
            }
            if let Some(above) = state.pending.remove(&wanted) {
                drop(state);
                let listed = self.shared.scan(&wanted.0, above);
                state = self.shared.lock();
                self.shared.enqueue_below(&mut state, &listed);
                break listed;
            }
            state.wanted = Some(Key(wanted.0.clone()));
            state = self.shared.ready.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.wanted = None;
        };
        drop(state);
        let below = listed.0.entries.iter().rev().filter(|found| found.enter);
        self.next.extend(below.map(|found| path::join(&listed.0.path, &found.name)));
        Some(listed)
    }
}

impl<T> Drop for Walk<T> {
    fn drop(&mut self) {
        self.shared.lock().stop = true;
        self.shared.work.notify_all();
        for worker in self.workers.drain(..) {
            let _ = worker.join();
        }
    }
}

impl<T> State<T> {
    fn is_full(&self) -> bool {
        self.done.len() >= AHEAD_DIRS || self.ahead >= AHEAD_ENTRIES
    }
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        let mut state = self.lock();
        while !state.stop {
            let task = if state.is_full() { None } else { state.pending.pop_first() };
            let Some((key, above)) = task else {
                state.idle += 1;
                state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
                state.idle -= 1;
                continue;
            };
            drop(state);
            let listed = self.scan(&key.0, above);
            state = self.lock();
            self.enqueue_below(&mut state, &listed);
            state.ahead += listed.0.entries.len();
            if state.wanted.as_ref() == Some(&key) {
                self.ready.notify_one();
            }
            state.done.insert(key, listed);
        }
    }

    fn enqueue_below(&self, state: &mut State<T>, (scanned, visited): &Listed<T>) {
        let depth = path::components(&scanned.path).count();
        let parent = scanned.dir.as_ref().filter(|_| depth < HELD_DEPTH);
        let before = state.pending.len();
        for found in scanned.entries.iter().filter(|found| found.enter) {
            let above = Above { dir: parent.cloned(), visited: Some(Arc::clone(visited)) };
            state.pending.insert(Key(path::join(&scanned.path, &found.name)), above);
        }
        if state.pending.len() > before && state.idle > 0 {
            self.work.notify_all();
        }
    }

    fn open(&self, whole: &[u8], parent: Option<Arc<Dir>>) -> Result<Arc<Dir>> {
        match (path::split(whole), parent) {
            (None, _) => Ok(Arc::clone(&self.root)),
            (Some((_, name)), Some(parent)) => parent.open_dir(name).map(Arc::new),
            (Some(_), None) => {
                let mut at = Arc::clone(&self.root);
                for name in path::components(whole) {
                    at = Arc::new(at.open_dir(name)?);
                }
                Ok(at)
            }
        }
    }

    fn scan(&self, whole: &[u8], above: Above<T>) -> Listed<T> {
        let scanned = self.list(whole, above.dir);
        let visited = (self.visit)(above.visited.as_deref(), &scanned);
        (scanned, Arc::new(visited))
    }

    fn list(&self, whole: &[u8], parent: Option<Arc<Dir>>) -> Scanned {
        let mut scanned = Scanned {
            path: whole.into(),
            dir: None,
            entries: Vec::new(),
            excluded: Vec::new(),
            marked: false,
            unread: Vec::new(),
            error: None,
        };
        let dir = match self.open(whole, parent) {
            Ok(dir) => dir,
            Err(errno) => {
                scanned.error = Some(errno);
                return scanned;
            }
        };
        // The root is listed through a descriptor of its own: this one is shared.
        let listed = if whole.is_empty() { dir.list() } else { dir.list_once() };
        let own = if self.rules.one_file_system {
            Ok(self.mount)
        } else {
            dir.stat_self().map(|s| (s.dev, s.mount))
        };
        match listed.and_then(|items| own.map(|own| (items, own))) {
            Ok((mut items, own)) => {
                let marked = self.rules.marked.as_deref().filter(|_| !whole.is_empty());
                if let Some(at) = marked.and_then(|marked| marked(&dir, &items)) {
                    let mark = items.remove(at);
                    scanned.excluded = items.into_iter().map(|item| item.name).collect();
                    items = vec![mark];
                    scanned.marked = true;
                }
                scanned.entries.reserve_exact(items.len());
                for item in items {
                    self.look_at(&dir, own, item.name, &mut scanned);
                }
            }
            Err(errno) => scanned.error = Some(errno),
        }
        scanned.dir = Some(dir);
        scanned
    }

    fn look_at(&self, dir: &Dir, own: (u64, u64), name: Box<[u8]>, scanned: &mut Scanned) {
        match dir.stat(&name) {
            Ok(stat) => {
                let is_dir = stat.kind == Kind::Dir;
                let skipped = is_dir && self.rules.skip.contains(&(stat.dev, stat.ino));
                if skipped {
                    return;
                }
                let is_excluded = |excluded: &Excluded| excluded(&path::join(&scanned.path, &name), is_dir);
                if stat.kind.is_special() && !self.rules.special {
                    return;
                }
                let is_large = |limit| stat.kind == Kind::File && stat.size > limit;
                if self.rules.excluded.as_deref().is_some_and(is_excluded)
                    || self.rules.larger_than.is_some_and(is_large)
                {
                    scanned.excluded.push(name);
                    return;
                }
                let border = is_dir && is_elsewhere(own, &stat);
                let enter = is_dir && !(border && self.rules.one_file_system);
                scanned.entries.push(Found { name, stat, enter, border });
            }
            // Vanished since it was listed.
            Err(Errno::NOENT) => {}
            Err(errno) => scanned.unread.push((name, errno)),
        }
    }
}

/// Another mount: by its id where the kernel tells it (bind mounts share the device number,
/// btrfs subvolumes do not), else by the device number.
fn is_elsewhere((dev, mount): (u64, u64), stat: &Stat) -> bool {
    if mount != 0 && stat.mount != 0 { stat.mount != mount } else { stat.dev != dev }
}
