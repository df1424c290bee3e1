//! Removing a whole unlisted tree, however deep, whatever modes its directories have, on several
//! threads.
//!
//! A directory is one task: it is listed, its directories become tasks, all else in it is
//! unlinked. It goes itself once nothing is left below it, by whoever removed the last of that.
//!
//! A directory stays open while anything below it is left. Each worker goes depth first, so what
//! it has open is one way down from the root; that way has [`MAX_DEPTH`] directories at most,
//! because deeper ones are first moved up beside the tree. So a removal holds that many descriptors
//! for each of its threads (and one more at times), however large or deep the tree is.

mod pool;

use super::{Dir, Errno, Item, Result};
use crate::tree::Kind;
use pool::Pool;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What a removal freed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Removal {
    /// Entries removed.
    pub entries: u64,
    /// Bytes that had no other name, by blocks, directories included.
    pub bytes: u64,
}

/// As deep below the tree's root a directory may stand while it is emptied.
const MAX_DEPTH: usize = 64;
/// More threads than these only wait for each other in the file system.
const MAX_THREADS: usize = 8;
/// Entries met before other threads are worth their start.
const FEW_ENTRIES: u64 = 256;
/// So many files take long enough that even the last task is better given away meanwhile.
const MANY_FILES: usize = 64;
/// Inodes with the same remainder are looked at and unlinked by one thread at a time.
const INODE_LOCKS: u64 = 256;

/// A directory that is being emptied.
struct Node {
    above: Option<Arc<Node>>,
    name: Box<[u8]>,
    dir: Dir,
    /// Bytes of the directory itself.
    own: u64,
    depth: usize,
    /// Directories in it that are left, and one for its own files.
    left: AtomicUsize,
}

/// A directory to be emptied; one without a directory above stands beside the tree, or is its root.
struct Task {
    above: Option<Arc<Node>>,
    name: Box<[u8]>,
}

/// What all threads of a removal share.
struct Tree<'a> {
    parent: &'a Dir,
    name: &'a [u8],
    moved: AtomicU64,
    inodes: Vec<Mutex<()>>,
    entries: AtomicU64,
    bytes: AtomicU64,
    pool: Pool<Task>,
}

struct Worker<'a> {
    tree: &'a Tree<'a>,
    own: VecDeque<Task>,
    met: u64,
    freed: Removal,
}

/// As many threads as there are processors to keep busy with a file system: 8 at most.
pub fn usual_threads() -> usize {
    std::thread::available_parallelism().map_or(2, |n| n.get().min(MAX_THREADS))
}

/// Removes `name` in `parent` and all below it, on up to `threads` threads (the caller's is one;
/// 8 at most), which end before this returns. Names that vanish meanwhile are no error.
///
/// Modes are changed of directories only, never of files, whose inodes other snapshots share.
///
/// The freed bytes are exact: of several names in the tree the last one counts, whichever threads
/// remove them. (Where a file system gives another inode number in a listing than in statx(2),
/// two of them may miss each other, and count too little; never too much.)
///
/// # Errors
/// The system's, the first one if several threads fail; what is left can be removed later.
pub fn remove_tree(parent: &Dir, name: &[u8], threads: usize) -> Result<Removal> {
    let tree = Tree {
        parent,
        name,
        moved: AtomicU64::new(0),
        inodes: (0..INODE_LOCKS).map(|_| Mutex::new(())).collect(),
        entries: AtomicU64::new(0),
        bytes: AtomicU64::new(0),
        pool: Pool::new(),
    };
    let mut missing = threads.clamp(1, MAX_THREADS) - 1;
    std::thread::scope(|scope| {
        let help = || Worker::new(&tree).work(|_| ());
        let mut first = Worker::new(&tree);
        first.own.push_back(Task { above: None, name: name.into() });
        first.work(|first| {
            while missing > 0 && first.met > FEW_ENTRIES && !first.own.is_empty() {
                missing -= 1;
                tree.pool.enlist();
                if std::thread::Builder::new().spawn_scoped(scope, help).is_err() {
                    tree.pool.dismiss();
                    missing = 0;
                }
            }
        });
    });
    let freed = Removal { entries: tree.entries.into_inner(), bytes: tree.bytes.into_inner() };
    tree.pool.failure().map_or(Ok(freed), Err)
}

impl<'a> Worker<'a> {
    fn new(tree: &'a Tree<'a>) -> Worker<'a> {
        Worker { tree, own: VecDeque::new(), met: 0, freed: Removal::default() }
    }

    /// Works until nothing is left. `listed` is called after each directory that was listed.
    fn work(mut self, mut listed: impl FnMut(&Self)) {
        while !self.tree.pool.has_stopped() {
            let Some(task) = self.own.pop_back().or_else(|| self.tree.pool.take()) else { break };
            if let Err(errno) = self.empty(task, &mut listed) {
                self.tree.pool.fail(errno);
            }
        }
        self.tree.entries.fetch_add(self.freed.entries, Ordering::Relaxed);
        self.tree.bytes.fetch_add(self.freed.bytes, Ordering::Relaxed);
    }

    fn empty(&mut self, task: Task, listed: &mut impl FnMut(&Self)) -> Result<()> {
        let Some((dir, items)) = enter(self.tree.dir_of(task.above.as_ref()), &task.name)? else {
            return self.finish(task.above);
        };
        self.met += items.len() as u64;
        let depth = task.above.as_ref().map_or(1, |above| above.depth + 1);
        let left = AtomicUsize::new(1);
        let own = dir.stat_self().map_or(0, |stat| stat.blocks * 512);
        let node = Arc::new(Node { above: task.above, name: task.name, dir, own, depth, left });
        let (dirs, files): (Vec<Item>, Vec<Item>) = items.into_iter().partition(|item| item.is_dir);
        for item in dirs.into_iter().rev() {
            self.descend(&node, item.name)?;
        }
        listed(self);
        let mut files = files.into_iter();
        while !self.tree.pool.has_stopped() {
            self.tree.pool.share(&mut self.own, usize::from(files.len() < MANY_FILES));
            match files.next() {
                Some(item) => self.remove(&node, item)?,
                None => return self.finish(Some(node)),
            }
        }
        Ok(())
    }

    /// A directory in `node` becomes a task, beside the tree if it stands too deep.
    fn descend(&mut self, node: &Arc<Node>, name: Box<[u8]>) -> Result<()> {
        if node.depth < MAX_DEPTH {
            node.left.fetch_add(1, Ordering::Relaxed);
            self.own.push_back(Task { above: Some(Arc::clone(node)), name });
        } else if let Some(name) = self.tree.move_aside(&node.dir, &name)? {
            // To come last: until then all that is open now has been closed.
            self.own.push_front(Task { above: None, name });
        }
        Ok(())
    }

    /// Removes what is probably no directory; a listing need not tell.
    fn remove(&mut self, node: &Arc<Node>, item: Item) -> Result<()> {
        // Who sees two names of an inode must have removed one before the other is looked at.
        let lock = self.tree.inodes.get((item.ino % INODE_LOCKS) as usize);
        let alone = lock.map(|lock| lock.lock().unwrap_or_else(PoisonError::into_inner));
        let Some(stat) = insist(&node.dir, || node.dir.stat_if_there(&item.name))? else { return Ok(()) };
        if stat.kind == Kind::Dir {
            drop(alone);
            return self.descend(node, item.name);
        }
        if remove_name(&node.dir, &item.name)? {
            self.freed.entries += 1;
            self.freed.bytes += if stat.nlink == 1 { stat.blocks * 512 } else { 0 };
        }
        Ok(())
    }

    /// One thing less is left in a directory; the last one takes the directory with it.
    fn finish(&mut self, mut ended: Option<Arc<Node>>) -> Result<()> {
        while let Some(node) = ended.filter(|node| node.left.fetch_sub(1, Ordering::AcqRel) == 1) {
            let above = self.tree.dir_of(node.above.as_ref());
            match insist(above, || above.remove_dir(&node.name)) {
                Ok(()) => {
                    self.freed.entries += 1;
                    self.freed.bytes += node.own;
                }
                Err(Errno::NOENT) => {}
                Err(errno) => return Err(errno),
            }
            ended = node.above.clone();
        }
        Ok(())
    }
}

impl Tree<'_> {
    fn dir_of<'n>(&'n self, node: Option<&'n Arc<Node>>) -> &'n Dir {
        node.map_or(self.parent, |node| &node.dir)
    }

    /// Moves a directory up beside the tree; `None` if there is none any more.
    fn move_aside(&self, dir: &Dir, name: &[u8]) -> Result<Option<Box<[u8]>>> {
        match make_accessible(dir, name) {
            Err(Errno::NOENT) => return Ok(None),
            Err(Errno::NOTDIR | Errno::LOOP) => return remove_name(dir, name).map(|_| None),
            result => result?,
        }
        loop {
            let number = self.moved.fetch_add(1, Ordering::Relaxed) + 1;
            let aside: Box<[u8]> = [self.name, format!(".{number}").as_bytes()].concat().into();
            match insist(dir, || dir.rename_new(name, self.parent, &aside)) {
                Ok(()) => return Ok(Some(aside)),
                Err(Errno::NOENT) => return Ok(None),
                // Left by a removal that was cut off.
                Err(Errno::EXIST) => {}
                Err(errno) => return Err(errno),
            }
        }
    }
}

/// Opens and lists a directory. `None`: it is gone, or was none and is removed.
fn enter(above: &Dir, name: &[u8]) -> Result<Option<(Dir, Vec<Item>)>> {
    let dir = match above.open_dir(name) {
        Err(Errno::ACCESS) => make_accessible(above, name).and_then(|()| above.open_dir(name)),
        result => result,
    };
    match dir {
        Ok(dir) => {
            let items = match insist(&dir, || dir.list_once()) {
                // Removed by somebody else since it was opened.
                Err(Errno::NOENT) => Vec::new(),
                result => result?,
            };
            Ok(Some((dir, items)))
        }
        Err(Errno::NOENT) => Ok(None),
        Err(Errno::NOTDIR | Errno::LOOP) => remove_name(above, name).map(|_| None),
        Err(errno) => Err(errno),
    }
}

/// Whether there was anything to remove.
fn remove_name(dir: &Dir, name: &[u8]) -> Result<bool> {
    match insist(dir, || dir.remove_file(name)) {
        Ok(()) => Ok(true),
        Err(Errno::NOENT) => Ok(false),
        Err(errno) => Err(errno),
    }
}

fn make_accessible(above: &Dir, name: &[u8]) -> Result<()> {
    insist(above, || above.set_dir_mode(name, 0o700))
}

/// A call in a held directory; if a permission is missing, once more with all of them, given by
/// the directory's own descriptor.
fn insist<T>(dir: &Dir, call: impl Fn() -> Result<T>) -> Result<T> {
    match call() {
        Err(Errno::ACCESS) => {
            rustix::fs::fchmod(dir.fd(), rustix::fs::Mode::from_raw_mode(0o700))?;
            call()
        }
        result => result,
    }
}

#[cfg(test)]
#[path = "remove_tests.rs"]
mod tests;
