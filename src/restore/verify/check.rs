//! One worker: entries of a manifest against what the tree shows.

use super::What;
use super::groups::Groups;
use super::jobs::{Job, Run};
use super::outlet::Note;
use super::seen::{Content, Key};
use crate::error::errno_text;
use crate::fs::{Cursor, Dir, Errno, Item, Stat};
use crate::interrupt;
use crate::progress::Counters;
use crate::tree::{Digest, Entry, Kind, Part, path};
use std::ops::Range;
use std::sync::Arc;

/// What workers found.
#[derive(Default)]
pub(super) struct Outcome {
    /// Entries looked at.
    pub(super) entries: u64,
    /// Bytes read.
    pub(super) bytes: u64,
    /// What is wrong, or could not be checked.
    pub(super) notes: Vec<Note>,
    /// Entries below directories that this user may not read.
    pub(super) hidden: u64,
    /// Questions that another thread had the answer to.
    pub(super) open: Vec<Open>,
}

impl Outcome {
    /// Takes up what another worker found.
    pub(super) fn merge(&mut self, mut other: Outcome) {
        self.entries += other.entries;
        self.bytes += other.bytes;
        self.hidden += other.hidden;
        self.notes.append(&mut other.notes);
        self.open.append(&mut other.open);
    }
}

/// What can be answered only when all threads have ended.
pub(super) enum Open {
    Content { at: At, expected: Digest },
    Group { at: At, first: Box<[u8]> },
}

/// An entry on the way through its checks.
#[derive(Clone)]
pub(super) struct At {
    pub(super) path: Box<[u8]>,
    pub(super) place: u64,
    pub(super) key: Key,
}

/// Holds entries against the tree.
pub(super) struct Checker<'a> {
    pub(super) run: Run<'a>,
    tree: Arc<Dir>,
    cursor: Cursor,
    pub(super) groups: &'a Groups,
    /// Attributes that only root can read.
    pub(super) is_root: bool,
    pub(super) buffer: Vec<u8>,
    pub(super) outcome: Outcome,
}

impl<'a> Checker<'a> {
    /// A worker for one snapshot, whose tree is `tree`.
    pub(super) fn new(run: Run<'a>, tree: Arc<Dir>, groups: &'a Groups) -> Checker<'a> {
        Checker {
            run,
            cursor: Cursor::new(Arc::clone(&tree), true),
            tree,
            groups,
            is_root: rustix::process::geteuid().is_root(),
            buffer: Vec::new(),
            outcome: Outcome::default(),
        }
    }

    /// What this worker found.
    pub(super) fn finish(self) -> Outcome {
        self.outcome
    }

    /// Does one job.
    pub(super) fn job(&mut self, job: Job) {
        match job {
            Job::Root(root) => self.root(&root),
            Job::Empty { dir, place } => match self.cursor.at(&dir) {
                Ok(at) => drop(self.extras(&at, &dir, &[], place - 1)),
                Err(errno) => self.closed(&dir, errno, place),
            },
            Job::Entries { part, range, place } => self.entries(&part, range, place),
            Job::Parse(packed) => packed.parse(),
        }
    }

    fn entries(&mut self, part: &Part, range: Range<usize>, place: u64) {
        let listing = &*part.listing;
        let begin = range.start == 0;
        let some = listing.entries[range.clone()].iter().zip(range.clone());
        let dir = match self.cursor.at(&listing.dir) {
            Ok(dir) => dir,
            // Something else stands there, which its own entry tells; what was below is gone.
            Err(errno) if is_absent(errno) => {
                for (entry, at) in some {
                    self.count();
                    self.missing(path::join(&listing.dir, &entry.name), entry, place + at as u64);
                }
                return;
            }
            Err(errno) => {
                if What::unread(errno) == What::Unchecked {
                    self.outcome.hidden += range.len() as u64;
                }
                if begin {
                    self.closed(&listing.dir, errno, place);
                }
                return;
            }
        };
        let mut known = Vec::new();
        if begin {
            let last = place + listing.entries.len() as u64 - 1;
            let items = self.extras(&dir, &listing.dir, &listing.entries, last);
            if range.len() == listing.entries.len() {
                known = self.known(part, &dir, &items);
            }
        }
        let mut sound = Vec::new();
        for (entry, at) in some {
            if let Some(ino) = known.get(at).filter(|ino| **ino != 0) {
                sound.push((at, *ino));
                continue;
            }
            if interrupt::check().is_err() {
                return;
            }
            if entry.kind != Kind::Dir {
                // In order: of two names on one inode it is the later that should not be.
                self.pass(part, &mut sound, place);
            }
            let before = (self.outcome.notes.len(), self.outcome.open.len());
            let path = path::join(&listing.dir, &entry.name);
            let inode = self.entry(&dir, path, entry, place + at as u64);
            if (self.outcome.notes.len(), self.outcome.open.len()) == before {
                inode.into_iter().for_each(|key| self.learn(part, at, key));
            }
        }
        self.pass(part, &mut sound, place);
    }

    /// Answers what had to wait for other threads; all have ended.
    pub(super) fn settle(mut self, outcome: &mut Outcome) {
        for open in std::mem::take(&mut outcome.open) {
            match open {
                Open::Content { at, expected } => match self.run.seen.content(at.key) {
                    Content::Is(found, _) => self.compare_content(&at, expected, found),
                    Content::Failed(errno) => self.unreadable(&at, errno),
                    Content::Yours | Content::Underway => {}
                },
                Open::Group { at, first } => {
                    if let Some(key) = self.groups.of(&first) {
                        self.compare_group(&at, &first, key);
                    }
                }
            }
        }
        outcome.merge(self.outcome);
    }

    pub(super) fn note(&mut self, at: &At, what: What, expected: impl ToString, found: impl ToString) {
        self.run.seen.damage(at.key, self.run.number);
        self.push(at.path.clone(), at.place, what, expected, found, Some(at.key));
    }

    pub(super) fn push(
        &mut self,
        path: Box<[u8]>,
        place: u64,
        what: What,
        expected: impl ToString,
        found: impl ToString,
        inode: Option<Key>,
    ) {
        let (expected, found) = (expected.to_string(), found.to_string());
        let late = what == What::Extra;
        self.outcome.notes.push(Note {
            place: (place, late),
            path: Some(path),
            what,
            expected,
            found,
            inode,
        });
    }

    fn missing(&mut self, path: Box<[u8]>, entry: &Entry, place: u64) {
        if entry.is_absent() {
            return;
        }
        self.push(path, place, What::Missing, entry.kind.word(), "nothing", None);
    }

    /// A directory that cannot be opened. One that is not there was named by its own entry.
    fn closed(&mut self, dir: &[u8], errno: Errno, place: u64) {
        let what = What::unread(errno);
        // Of directories below one that this user may not read, the uppermost is named.
        let is_inside = what == What::Unchecked
            && path::split(dir).is_some_and(|(above, _)| self.cursor.at(above).is_err());
        if !is_absent(errno) && !is_inside {
            self.push(dir.into(), place, what, "a directory", errno_text(errno), None);
        }
    }

    pub(super) fn unreadable(&mut self, at: &At, errno: Errno) {
        self.unread(at, "a file that can be read", errno);
    }

    /// Notes what could not be read of an entry.
    pub(super) fn unread(&mut self, at: &At, expected: &str, errno: Errno) {
        match What::unread(errno) {
            What::Unchecked => {
                self.push(at.path.clone(), at.place, What::Unchecked, expected, errno_text(errno), None);
            }
            what => self.note(at, what, expected, errno_text(errno)),
        }
    }

    /// Names in a directory that no record knows. Returns all names.
    fn extras(&mut self, at: &Dir, dir: &[u8], known: &[Entry], place: u64) -> Vec<Item> {
        let items = at.list_once().unwrap_or_else(|errno| {
            self.closed(dir, errno, place);
            Vec::new()
        });
        let mut ahead = known.iter().peekable();
        for item in &items {
            while ahead.next_if(|entry| entry.name < item.name).is_some() {}
            if ahead.peek().is_none_or(|entry| entry.name != item.name) {
                let kind = at.stat(&item.name).map_or("unknown", |stat| stat.kind.word());
                self.push(path::join(dir, &item.name), place, What::Extra, "nothing", kind, None);
            }
        }
        items
    }

    fn count(&mut self) {
        Counters::add(&self.run.observer.counters().entries, 1);
        self.outcome.entries += 1;
    }

    fn root(&mut self, root: &Entry) {
        self.count();
        match self.tree.stat_self() {
            Ok(stat) => {
                let at = At { path: Box::default(), place: 0, key: (stat.dev, stat.ino) };
                self.attributes(&at, root, &stat);
                let tree = Arc::clone(&self.tree);
                self.xattrs(&at, root, &tree, b"");
            }
            Err(errno) => {
                self.push(Box::default(), 0, What::unread(errno), "a directory", errno_text(errno), None);
            }
        }
    }

    /// Returns the inode that stands there, if it is of the right kind.
    fn entry(&mut self, dir: &Dir, path: Box<[u8]>, entry: &Entry, place: u64) -> Option<Key> {
        self.count();
        let stat = match dir.stat(&entry.name) {
            Ok(stat) if entry.is_absent() => {
                self.push(path, place, What::Extra, "nothing", stat.kind.word(), None);
                return None;
            }
            Ok(stat) => stat,
            Err(Errno::NOENT) => {
                self.missing(path, entry, place);
                return None;
            }
            Err(errno) => {
                self.push(path, place, What::unread(errno), entry.kind.word(), errno_text(errno), None);
                return None;
            }
        };
        if stat.kind != entry.kind {
            self.push(path, place, What::Kind, entry.kind.word(), stat.kind.word(), None);
            return None;
        }
        let at = At { path, place, key: (stat.dev, stat.ino) };
        if entry.kind != Kind::Dir {
            self.run.seen.touch(at.key, self.run.number);
        }
        self.attributes(&at, entry, &stat);
        match entry.kind {
            Kind::File => {
                self.file(&at, dir, entry, &stat);
                return Some(at.key);
            }
            Kind::Dir => {}
            Kind::Symlink => {
                self.sharing(&at, entry);
                self.target(&at, dir, entry);
            }
            Kind::Fifo | Kind::Socket | Kind::Char | Kind::Block => {
                self.sharing(&at, entry);
                if !stat.is_like(entry) {
                    let text = |rdev: (u32, u32)| format!("{} {}:{}", entry.kind.word(), rdev.0, rdev.1);
                    self.note(&at, What::Kind, entry.rdev.map(text).unwrap_or_default(), text(stat.rdev));
                }
            }
        }
        self.xattrs(&at, entry, dir, &entry.name);
        Some(at.key)
    }

    fn attributes(&mut self, at: &At, entry: &Entry, stat: &Stat) {
        let grain = self.run.sink.info.abilities.grain;
        let shown = entry.shown();
        if stat.shows(&shown, grain) {
            return;
        }
        if stat.kind != Kind::Symlink && stat.mode != shown.mode {
            self.note(at, What::Mode, format!("{:04o}", shown.mode), format!("{:04o}", stat.mode));
        }
        if (stat.uid, stat.gid) != (shown.uid, shown.gid) {
            let text = |uid, gid| format!("{uid}:{gid}");
            self.note(at, What::Owner, text(shown.uid, shown.gid), text(stat.uid, stat.gid));
        }
        if stat.mtime != shown.mtime.floor_to(grain) {
            self.note(at, What::Mtime, shown.mtime.floor_to(grain), stat.mtime);
        }
    }
}

/// Whether a directory is not there, or something else is in its place.
fn is_absent(errno: Errno) -> bool {
    matches!(errno, Errno::NOENT | Errno::NOTDIR | Errno::LOOP)
}
