//! Carrying a plan out: what goes goes first, then what comes, in manifest order; attributes of
//! directories last, deepest first. What cannot be done is noted, and the rest goes on.

use super::change::{Change, How, Step, Trouble};
use super::content::Origin;
use super::judge::Powers;
use super::place::is_judged;
use super::plan::is_below_any;
use super::rescue::Missing;
use crate::error::{Doing as _, Error, Result, errno_text};
use crate::fs::{self, Cursor, Dir, Errno};
use crate::interrupt;
use crate::progress::{Event, Observer};
use crate::quote::quoted;
use crate::tree::{Entry, Kind, path};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// What is done with a file whose content is not what its record says, when no other copy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Damaged {
    /// Nothing is written for it.
    Skip,
    /// It is written as it is.
    Keep,
}

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Done {
    /// Entries made where nothing stood.
    pub created: u64,
    /// Entries that took the place of others.
    pub replaced: u64,
    /// Entries whose attributes alone were corrected.
    pub attributes: u64,
    /// Entries removed.
    pub removed: u64,
    /// Regular files copied.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files whose copy in this snapshot is damaged and came from another one.
    pub rescued: u64,
    /// Files of which no sound copy was found, and that are not written.
    pub lost: u64,
    /// Files whose content nobody attests, written as they stood in the sink.
    pub unattested: u64,
    /// Entries whose owner or group could not be set, although this user has the privilege.
    pub owners: u64,
    /// Entries whose owner or group was not set, because this user lacks the privilege.
    pub foreign: u64,
    /// Entries some of whose extended attributes could not be set or removed.
    pub xattrs: u64,
    /// FIFOs, sockets and devices that this user or this file system cannot create.
    pub special: u64,
    /// What was not done.
    pub troubles: Vec<Trouble>,
}

/// How one change ended.
pub(super) enum End {
    Done,
    /// The content is not what the record says.
    Damaged(String, Option<(u64, u64)>),
    /// It cannot be created here, which was noted.
    Unable,
    Trouble(String),
}

/// Carries steps out.
pub(super) struct Applier<'a> {
    pub(super) root: Arc<Dir>,
    pub(super) here: Cursor,
    pub(super) powers: Powers,
    pub(super) kept: Option<&'a Dir>,
    pub(super) prefix: String,
    pub(super) made: u64,
    /// Where the inode of a group stands, by the path that was to have it.
    pub(super) placed: HashMap<Box<[u8]>, Box<[u8]>>,
    /// Paths that do not hold what they should, and directories that nothing can be done in.
    pub(super) failed: HashSet<Box<[u8]>>,
    /// Directories whose attributes are set in the end.
    pub(super) settle: Vec<(Box<[u8]>, Box<Entry>)>,
    /// Directories that were made writable, and their modes.
    opened: Vec<(Box<[u8]>, u16)>,
    pub(super) missing: Vec<Missing>,
    pub(super) done: Done,
    pub(super) observer: &'a dyn Observer,
}

/// Nothing more can be done on this file system.
pub(super) fn is_fatal(errno: Errno) -> bool {
    matches!(
        errno,
        Errno::NOSPC | Errno::DQUOT | Errno::ROFS | Errno::IO | Errno::NODEV | Errno::MFILE | Errno::NFILE
    )
}

pub(super) fn name_of(whole: &[u8]) -> &[u8] {
    path::split(whole).map_or(b"", |(_, name)| name)
}

impl<'a> Applier<'a> {
    /// Prepares changes below `root`. `kept`: where replaced entries go instead of away.
    pub(super) fn new(
        root: Arc<Dir>,
        powers: Powers,
        kept: Option<&'a Dir>,
        prefix: String,
        observer: &'a dyn Observer,
    ) -> Applier<'a> {
        Applier {
            here: Cursor::new(Arc::clone(&root), true),
            root,
            powers,
            kept,
            prefix,
            made: 0,
            placed: HashMap::new(),
            failed: HashSet::new(),
            settle: Vec::new(),
            opened: Vec::new(),
            missing: Vec::new(),
            done: Done::default(),
            observer,
        }
    }

    /// Notes something that is not done, and tells the observer.
    pub(super) fn trouble(&mut self, whole: &[u8], errno: i32, text: String) {
        self.observer.warn(format!("cannot restore {}: {text}", quoted(whole)));
        self.failed.insert(whole.into());
        self.done.troubles.push(Trouble { path: whole.into(), errno, text });
    }

    /// Ends the work, or notes the failure and goes on.
    pub(super) fn refused(&mut self, whole: &[u8], errno: Errno) -> Result<()> {
        if is_fatal(errno) {
            return Err(Error::os(errno, format!("cannot restore {}", quoted(whole)))
                .hint("what was restored so far stands; run the command again to go on"));
        }
        self.trouble(whole, errno.raw_os_error(), errno_text(errno));
        Ok(())
    }

    /// Removes what goes, in a step's reverse order; steps come in reverse order too.
    ///
    /// # Errors
    /// Nothing more can be done on this file system, or a signal came.
    pub(super) fn remove(&mut self, step: &Step) -> Result<()> {
        interrupt::check()?;
        if step.removals.is_empty() {
            return Ok(());
        }
        let Some(dir) = self.reach(&step.dir)? else { return Ok(()) };
        for change in step.removals.iter().rev() {
            let Some(was) = &change.was else { continue };
            let name = name_of(&change.path);
            let removed = match dir.stat_if_there(name) {
                Ok(None) => continue,
                Ok(Some(_)) if was.kind == Kind::Dir => {
                    self.here.forget(&change.path);
                    dir.remove_dir(name)
                }
                Ok(Some(now)) if is_judged(&now, was, false) => dir.remove_file(name),
                Ok(Some(_)) => {
                    self.trouble(&change.path, 0, "it was changed meanwhile, and is left".into());
                    continue;
                }
                Err(errno) => Err(errno),
            };
            match removed {
                Ok(()) => self.done.removed += 1,
                // Excluded files stand in it, or something new.
                Err(Errno::NOTEMPTY | Errno::EXIST) => self
                    .observer
                    .event(Event::Detail(format!("{} is not empty, and is left", quoted(&change.path)))),
                Err(errno) => self.refused(&change.path, errno)?,
            }
        }
        Ok(())
    }

    /// Makes and changes what comes.
    ///
    /// # Errors
    /// Nothing more can be done on this file system, or a signal came.
    pub(super) fn apply(&mut self, origin: &mut Origin, step: Step) -> Result<()> {
        if let Some(own) = step.own {
            self.settle.push((step.dir.clone(), own));
        }
        if step.changes.is_empty() || is_below_any(&self.failed, &step.dir) {
            return Ok(());
        }
        let Some(dir) = self.reach(&step.dir)? else { return Ok(()) };
        let inherits = fs::has_default_acl(&dir);
        for change in step.changes {
            interrupt::check()?;
            self.one(origin, &dir, inherits, change)?;
        }
        Ok(())
    }

    fn one(&mut self, origin: &mut Origin, dir: &Dir, inherits: bool, change: Change) -> Result<()> {
        if is_below_any(&self.failed, &change.path) {
            return Ok(());
        }
        match self.carry_out(origin, dir, inherits, &change) {
            Ok(End::Done) => self.count(&change),
            Ok(End::Unable) => drop(self.failed.insert(change.path.clone())),
            Ok(End::Trouble(text)) => self.trouble(&change.path, 0, text),
            Ok(End::Damaged(why, inode)) => {
                self.failed.insert(change.path.clone());
                self.missing.push(Missing { change, why, tried: inode.into_iter().collect() });
            }
            Err(errno) => self.refused(&change.path, errno)?,
        }
        Ok(())
    }

    pub(super) fn count(&mut self, change: &Change) {
        match change.how {
            How::Create => self.done.created += 1,
            How::Replace => self.done.replaced += 1,
            How::Attributes => self.done.attributes += 1,
            How::Remove => self.done.removed += 1,
        }
    }

    /// The directory of a step, open and writable by this user; `None` if it cannot be had.
    pub(super) fn reach(&mut self, whole: &[u8]) -> Result<Option<Arc<Dir>>> {
        let opened = self.here.at(whole).and_then(|dir| {
            if !self.powers.is_root() {
                let mode = dir.stat_self()?.mode;
                if mode & 0o300 != 0o300 {
                    fs::set_own_mode(&dir, mode | 0o700)?;
                    self.opened.push((whole.into(), mode));
                }
            }
            Ok(dir)
        });
        match opened {
            Ok(dir) => Ok(Some(dir)),
            Err(errno) => self.refused(whole, errno).map(|()| None),
        }
    }

    /// Sets the attributes of directories, deepest first, and makes everything durable.
    ///
    /// # Errors
    /// The system's: what was written may be lost in a power cut.
    pub(super) fn finish(&mut self) -> Result<()> {
        let mut settled = HashSet::new();
        for (whole, entry) in std::mem::take(&mut self.settle).into_iter().rev() {
            // A new directory is noted when it is created and again when it is filled.
            if self.failed.contains(&whole) || !settled.insert(whole.clone()) {
                continue;
            }
            self.opened.retain(|(opened, _)| *opened != whole);
            let wanted = self.wanted(&entry);
            let set = self.here.at(&whole).and_then(|dir| {
                let mut held = fs::apply_to_file(dir.fd(), &wanted)?;
                held.xattrs.extend(fs::trim_xattrs(dir.fd(), &entry.xattrs)?);
                Ok(held)
            });
            match set {
                Ok(held) => self.note(&whole, &entry, &held),
                Err(errno) => self.refused(&whole, errno)?,
            }
        }
        for (whole, mode) in std::mem::take(&mut self.opened).into_iter().rev() {
            match self.here.at(&whole).and_then(|dir| fs::set_own_mode(&dir, mode)) {
                Ok(()) | Err(Errno::NOENT) => {}
                Err(errno) => self.refused(&whole, errno)?,
            }
        }
        self.observer.event(Event::Phase("syncing"));
        fs::sync_fs(self.root.fd()).doing(|| "cannot make the restored files durable")
    }
}
