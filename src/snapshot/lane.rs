//! A lane: one sink's side of a push while its tree is being staged. Lanes fail alone.

use crate::error::{Doing as _, Error, Result};
use crate::fs::{self, Attributes, Cursor, Dir, Errno, Removal};
use crate::progress::Observer;
use crate::quote::quoted;
use crate::sink::index::Create;
use crate::sink::node::ManifestRef;
use crate::sink::{Avoided, Index, Intent, Lock, Sink, SinkLock, Stage, Wait, layout, uuid};
use crate::tree::{Entry, Kind, Made, Sealed};
use std::fs::File;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::journal::{self, Journal, Proofs};
use super::survival::Fresh;
use super::unchanged::Known;

/// What staging begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Base {
    /// An empty tree.
    Nothing,
    /// The staging of this name, which a push left when it was cut off.
    CutOff(String),
    /// The parked tree of this snapshot.
    Spare(String),
}

/// The directory in which a tree grows.
#[derive(Debug)]
pub struct Staging {
    /// Its name under `staging/`.
    pub txid: String,
    dir: Dir,
    tree: Arc<Dir>,
    /// Whether the tree was not made empty.
    reused: bool,
    /// Held while it is filled, so that nobody takes it for cut off.
    _lock: Lock,
}

impl Staging {
    /// Makes a staging, whose tree is compared with `parent`. A base that cannot be had is none.
    ///
    /// # Errors
    /// The sink cannot be written.
    pub fn begin(sink: &Sink, _: &SinkLock, parent: Option<&str>, base: &Base) -> Result<Staging> {
        let cannot = || format!("cannot begin a snapshot in {}", sink.inside(layout::STAGING));
        let stagings = sink.dir(layout::STAGING)?;
        let txid = match base {
            Base::CutOff(txid) => txid.clone(),
            _ => uuid()?,
        };
        let dir = stagings.ensure_dir(txid.as_bytes(), 0o700).doing(cannot)?;
        drop_inherited_acl(&dir).doing(cannot)?;
        let lock = Lock::take(&dir, layout::LOCK, "a staging", "emu push", Wait::default())?;
        Intent::open(&txid, parent.map(str::to_owned)).write(sink, &dir)?;
        let reused = match base {
            Base::Nothing => false,
            Base::CutOff(_) => clear_unfinished(&dir).doing(cannot)?,
            Base::Spare(id) => take_spare(sink, id, &dir)?,
        };
        if !reused {
            dir.make_dir(layout::TREE, 0o700).doing(cannot)?;
        }
        let tree = Arc::new(dir.open_dir(layout::TREE).doing(cannot)?);
        Ok(Staging { txid, dir, tree, reused, _lock: lock })
    }

    /// Whether the tree was not made empty.
    pub fn is_reused(&self) -> bool {
        self.reused
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
        Journal::open(&self.dir)
    }

    /// Makes the index of the new tree, once it is needed.
    ///
    /// # Errors
    /// No descriptor is left.
    pub fn index_file(&self) -> Result<Create> {
        let dir = self.dir.duplicate().doing(|| "cannot begin an index")?;
        Ok(Box::new(move || Ok(dir.create_file(layout::INDEX).map(File::from)?)))
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

/// Removes a staging by name. What was set aside in it goes to the trash, which is emptied later.
///
/// # Errors
/// The system's.
pub fn discard(sink: &Sink, txid: &str) -> Result<Removal> {
    let cannot = || format!("cannot remove a staging in {}", sink.inside(layout::STAGING));
    let stagings = sink.dir(layout::STAGING)?;
    if let Ok(staging) = stagings.open_dir(txid.as_bytes()) {
        match staging.rename_new(layout::ASIDE, &sink.dir(layout::TRASH)?, txid.as_bytes()) {
            Ok(()) | Err(Errno::NOENT | Errno::EXIST) => {}
            Err(errno) => return Err(errno).doing(cannot),
        }
    }
    fs::remove_tree(&stagings, txid.as_bytes(), fs::usual_threads()).doing(cannot)
}

/// Whether something that a cut-off push left can be proven.
pub fn has_proofs(sink: &Sink, txid: &str) -> bool {
    let staging = sink.dir(layout::STAGING).ok().and_then(|dir| dir.open_dir(txid.as_bytes()).ok());
    staging.is_some_and(|staging| journal::has_proofs(&staging))
}

/// Forgets what a cut-off push wrote beside its tree; whether there is a tree.
fn clear_unfinished(staging: &Dir) -> fs::Result<bool> {
    for name in [layout::MANIFEST, layout::EXCLUDED, layout::INDEX, layout::NODE] {
        match staging.remove_file(name) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(staging.stat_if_there(layout::TREE)?.is_some_and(|stat| stat.kind == Kind::Dir))
}

/// Moves a spare into the staging, durably before its first change. `false`: it is gone.
fn take_spare(sink: &Sink, id: &str, staging: &Dir) -> Result<bool> {
    let cannot = || format!("cannot begin with the spare {id} in {}", sink.inside(layout::SPARE));
    let spares = sink.dir(layout::SPARE)?;
    match spares.rename_new(id.as_bytes(), staging, layout::TREE) {
        Err(Errno::NOENT) => return Ok(false),
        result => result.doing(cannot)?,
    }
    sink.make_durable(&spares)?;
    sink.make_durable(staging)?;
    Ok(true)
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

/// Takes directories that have no place in the new tree: removing them would take long.
pub struct Aside {
    staging: Dir,
    count: AtomicU64,
}

impl Aside {
    fn new(staging: &Dir) -> fs::Result<Aside> {
        // A push that was cut off may have left some.
        let before = staging.open_dir(layout::ASIDE).and_then(|aside| aside.list());
        let count = AtomicU64::new(before.map_or(0, |items| items.len() as u64));
        Ok(Aside { staging: staging.duplicate()?, count })
    }

    /// Moves a directory out of `parent`.
    ///
    /// # Errors
    /// The system's.
    pub fn take(&self, parent: &Dir, name: &[u8]) -> fs::Result<()> {
        let aside = self.staging.ensure_dir(layout::ASIDE, 0o700)?;
        let number = self.count.fetch_add(1, Ordering::Relaxed).to_string();
        match parent.rename_new(name, &aside, number.as_bytes()) {
            // A directory without write permission cannot be moved by its owner.
            Err(Errno::ACCESS) => {
                parent.set_dir_mode(name, 0o700)?;
                parent.rename_new(name, &aside, number.as_bytes())
            }
            result => result,
        }
    }
}

/// What one sink needs while its tree is staged.
pub struct Lane {
    /// The sink's name for messages.
    pub label: String,
    /// Id of the parent snapshot, if there is one.
    pub parent_id: Option<String>,
    /// The parent snapshot's tree, which unchanged entries are linked from, if there is one.
    pub parent: Option<Arc<Dir>>,
    /// The parent snapshot's records, if they are known with the inodes of its tree.
    pub index: Option<Arc<Index>>,
    /// Tree that is being made; `None` where only hashes are wanted.
    pub staged: Option<Arc<Dir>>,
    /// Whether that was not made empty: what stands in it has to be looked at.
    pub reused: bool,
    /// Files in it that a cut-off push is known to have finished.
    pub proofs: Option<Proofs>,
    /// Where directories go that have no place in the new tree.
    pub aside: Option<Aside>,
    /// Grain of the sink's times in nanoseconds.
    pub grain: u64,
    /// How many names an inode of the sink can have.
    pub max_links: u32,
    /// The place in history of the snapshot that is being made; 0 where only hashes are wanted.
    pub seq: u64,
    /// Whether owners are set.
    pub set_owner: bool,
    /// Whether each file is synced by itself, because the file system cannot be synced whole.
    pub sync_each: bool,
    /// Whether its file system may let two files share their bytes: until it says that it cannot.
    pub shares: AtomicBool,
    /// Files of HEAD that are not what its manifest says.
    pub damaged: AtomicU64,
    /// Files of HEAD that verify found damaged, and whose recorded content the source still has.
    pub repairable: AtomicU64,
    /// What must not be taken from HEAD, because verify found it damaged.
    pub avoided: Arc<Avoided>,
    stopped: AtomicBool,
    failure: Mutex<Option<Error>>,
}

impl Lane {
    /// A lane that only hashes.
    pub fn hashing() -> Lane {
        Lane {
            label: String::new(),
            parent_id: None,
            parent: None,
            index: None,
            staged: None,
            reused: false,
            proofs: None,
            aside: None,
            grain: 1,
            max_links: u32::MAX,
            seq: 0,
            set_owner: false,
            sync_each: false,
            shares: AtomicBool::new(true),
            damaged: AtomicU64::new(0),
            repairable: AtomicU64::new(0),
            avoided: Arc::new(Avoided::default()),
            stopped: AtomicBool::new(false),
            failure: Mutex::new(None),
        }
    }

    /// A lane that stages into a sink.
    pub fn staging(
        sink: &Sink,
        staging: &Staging,
        parent: Option<(String, Dir, Arc<Index>)>,
        set_owner: bool,
    ) -> Result<Lane> {
        let (parent_id, parent, index) = match parent {
            Some((id, tree, index)) => (Some(id), Some(tree), Some(index)),
            None => (None, None, None),
        };
        let aside = || Aside::new(&staging.dir);
        Ok(Lane {
            label: sink.path.to_string_lossy().into_owned(),
            parent_id,
            parent: parent.map(Arc::new),
            index,
            staged: Some(Arc::clone(staging.tree())),
            reused: staging.reused,
            proofs: if staging.reused { Proofs::read(&staging.dir) } else { None },
            aside: staging.reused.then(aside).transpose().doing(|| "cannot begin a snapshot")?,
            grain: sink.info.abilities.grain,
            max_links: sink.info.abilities.max_links,
            set_owner,
            sync_each: !fs::FsKind::of(sink.root()).syncs_whole(),
            ..Lane::hashing()
        })
    }

    /// Whether a tree is made from nothing, beside that of the parent.
    pub fn begins_empty(&self) -> bool {
        !self.reused && self.parent.is_some() && self.staged.is_some()
    }

    /// What the record of an inode says that this snapshot creates.
    pub fn made(&self) -> Option<Made> {
        (self.seq != 0).then_some(Made { seq: self.seq, path: None })
    }

    /// What the scan looks at for this lane.
    pub fn known(&self) -> Known {
        let reused = self.staged.as_ref().filter(|_| self.reused).cloned();
        Known { index: self.index.clone(), reused, grain: self.grain, avoided: Arc::clone(&self.avoided) }
    }

    /// Says that older snapshots can be repaired from the source, if they can.
    pub fn remark_repairable(&self, observer: &dyn Observer) {
        let (count, them) = match self.repairable.load(Ordering::Relaxed) {
            0 => return,
            1 => ("1 damaged file".to_owned(), "it"),
            count => (format!("{count} damaged files"), "them"),
        };
        observer.warn(format!(
            "the source still has the recorded content of {count} of {}; `emu verify --repair` repairs {them} in the older snapshots",
            self.label
        ));
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

    /// A place in the parent's tree, for reaching its files.
    pub fn parent_cursor(&self) -> Option<Cursor> {
        self.parent.as_ref().map(|parent| Cursor::new(Arc::clone(parent), false))
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
    /// Files whose content the parent snapshot does not have.
    pub fresh: Fresh,
}

impl Staged {
    /// What a node says of the manifest.
    pub fn manifest_ref(&self) -> ManifestRef {
        let Sealed { tree, sha256 } = self.sealed;
        ManifestRef { sha256, bytes: tree.bytes, entries: tree.entries }
    }
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
