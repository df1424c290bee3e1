//! A lane: one sink's side of a push while its tree is being staged. Lanes fail alone.

use crate::error::{Doing as _, Error, Result};
use crate::fs::{self, Attributes, Cursor, Dir, Errno, Removal};
use crate::quote::quoted;
use crate::sink::{Intent, Lock, Sink, SinkLock, Stage, Wait, layout, uuid};
use crate::tree::{Entry, Sealed};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::journal::Journal;

/// The directory in which a tree grows.
#[derive(Debug)]
pub struct Staging {
    /// Its name under `staging/`.
    pub txid: String,
    dir: Dir,
    tree: Arc<Dir>,
    /// Held while it is filled, so that nobody takes it for cut off.
    _lock: Lock,
}

impl Staging {
    /// Makes an empty staging, whose tree was compared with `parent`.
    ///
    /// # Errors
    /// The sink cannot be written.
    pub fn create(sink: &Sink, _: &SinkLock, parent: Option<&str>) -> Result<Staging> {
        let cannot = || format!("cannot begin a snapshot in {}", sink.inside(layout::STAGING));
        let txid = uuid()?;
        let stagings = sink.dir(layout::STAGING)?;
        stagings.make_dir(txid.as_bytes(), 0o700).doing(cannot)?;
        let dir = stagings.open_dir(txid.as_bytes()).doing(cannot)?;
        drop_inherited_acl(&dir).doing(cannot)?;
        let lock = Lock::take(&dir, layout::LOCK, "a staging", "emu push", Wait::default())?;
        Intent::open(&txid, parent.map(str::to_owned)).write(sink, &dir)?;
        dir.make_dir(layout::TREE, 0o700).doing(cannot)?;
        let tree = Arc::new(dir.open_dir(layout::TREE).doing(cannot)?);
        Ok(Staging { txid, dir, tree, _lock: lock })
    }

    /// The staging's own directory.
    pub fn dir(&self) -> &Dir {
        &self.dir
    }

    /// The root of the tree that is being staged.
    pub fn tree(&self) -> &Arc<Dir> {
        &self.tree
    }

    /// Begins the journal.
    ///
    /// # Errors
    /// The file cannot be made.
    pub fn journal(&self) -> Result<Journal> {
        Journal::create(&self.dir)
    }

    /// Says that the tree is complete and waits for `emu-commit-snapshot`.
    ///
    /// # Errors
    /// The system's.
    pub fn mark_staged(&self, sink: &Sink, intent: Intent) -> Result<()> {
        Intent { stage: Stage::Staged, ..intent }.write(sink, &self.dir)
    }

    /// Lets go of the staging, which stays; returns its name.
    pub fn release(self) -> String {
        self.txid
    }

    /// Removes the staging and all in it.
    ///
    /// # Errors
    /// The system's; what is left is removed by the next push.
    pub fn discard(self, sink: &Sink) -> Result<Removal> {
        discard(sink, &self.txid)
    }
}

/// Removes a staging by name.
///
/// # Errors
/// The system's.
pub fn discard(sink: &Sink, txid: &str) -> Result<Removal> {
    let stagings = sink.dir(layout::STAGING)?;
    fs::remove_tree(&stagings, txid.as_bytes(), fs::usual_threads())
        .doing(|| format!("cannot remove a staging in {}", sink.inside(layout::STAGING)))
}

/// New entries must not inherit an ACL that the sink's directory happens to have.
fn drop_inherited_acl(dir: &Dir) -> fs::Result<()> {
    for name in [c"system.posix_acl_default", c"system.posix_acl_access"] {
        match rustix::fs::fremovexattr(dir.fd(), name) {
            Ok(())
            | Err(
                Errno::NODATA | Errno::NOTSUP | Errno::NOSYS | Errno::PERM | Errno::ACCESS | Errno::INVAL,
            ) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

/// What one sink needs while its tree is staged.
pub struct Lane {
    /// The sink's name for messages.
    pub label: String,
    /// Tree that unchanged entries are linked from, if there is one.
    pub base: Option<Arc<Dir>>,
    /// Tree that is being made; `None` where only hashes are wanted.
    pub staged: Option<Arc<Dir>>,
    /// Grain of the sink's times in nanoseconds.
    pub grain: u64,
    /// How many names an inode of the sink can have.
    pub max_links: u32,
    /// Whether owners are set.
    pub set_owner: bool,
    /// Whether each file is synced by itself, because the file system cannot be synced whole.
    pub sync_each: bool,
    /// Files of HEAD that are not what its manifest says.
    pub damaged: AtomicU64,
    stopped: AtomicBool,
    failure: Mutex<Option<Error>>,
}

impl Lane {
    /// A lane that only hashes.
    pub fn hashing() -> Lane {
        Lane {
            label: String::new(),
            base: None,
            staged: None,
            grain: 1,
            max_links: u32::MAX,
            set_owner: false,
            sync_each: false,
            damaged: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
            failure: Mutex::new(None),
        }
    }

    /// A lane that stages into a sink.
    pub fn staging(sink: &Sink, staging: &Staging, base: Option<Dir>, set_owner: bool) -> Lane {
        Lane {
            label: sink.path.to_string_lossy().into_owned(),
            base: base.map(Arc::new),
            staged: Some(Arc::clone(staging.tree())),
            grain: sink.info.abilities.grain,
            max_links: sink.info.abilities.max_links,
            set_owner,
            sync_each: !fs::FsKind::of(sink.root()).syncs_whole(),
            ..Lane::hashing()
        }
    }

    /// Whether the lane still works.
    pub fn is_running(&self) -> bool {
        !self.stopped.load(Ordering::Acquire)
    }

    /// Ends the lane with its first error; later ones follow from it.
    pub fn fail(&self, error: Error) {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.get_or_insert(error);
        self.stopped.store(true, Ordering::Release);
    }

    /// The error that ended the lane.
    pub fn take_failure(&self) -> Option<Error> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// A place in the base, for reaching its files.
    pub fn base_cursor(&self) -> Option<Cursor> {
        self.base.as_ref().map(|base| Cursor::new(Arc::clone(base), false))
    }

    /// A place in the staged tree; its directories can be synced.
    pub fn staged_cursor(&self) -> Option<Cursor> {
        self.staged.as_ref().map(|staged| Cursor::new(Arc::clone(staged), true))
    }
}

/// What a staged tree is.
#[derive(Debug, Clone)]
pub struct Staged {
    /// The root's own entry.
    pub root: Entry,
    /// What its manifest is known by.
    pub sealed: Sealed,
}

/// What an entry's new inode is to show.
pub fn attributes(entry: &Entry, set_owner: bool) -> Attributes<'_> {
    Attributes {
        mode: entry.mode,
        owner: (entry.uid, entry.gid),
        set_owner,
        mtime: entry.mtime,
        xattrs: &entry.xattrs,
    }
}

/// A failure on the sink's side, which ends its lane.
pub fn sink_error(label: &str, errno: Errno, whole: &[u8]) -> Error {
    let error = Error::os(errno, format!("cannot save {} in {}", quoted(whole), quoted(label)));
    match errno {
        Errno::NOSPC | Errno::DQUOT => {
            error.hint("`emu rotate` removes what the policy does not keep; nothing was removed now")
        }
        Errno::ROFS => error.hint("the sink's file system is read-only; is its disk damaged?"),
        _ => error,
    }
}
