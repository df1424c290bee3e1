//! Carrying a plan out: what goes goes first, then what comes, in manifest order; attributes of
//! directories last, deepest first. What cannot be done is noted, and the rest goes on.

use super::change::{Change, How, Step, Trouble};
use super::content::{Origin, Stored};
use super::judge::Powers;
use super::place::{Kept, Placed, discard, put};
use super::plan::is_below_any;
use crate::error::{Doing as _, Error, Result, errno_text};
use crate::fs::{self, Attributes, Cursor, Dir, Errno, Stat};
use crate::interrupt;
use crate::progress::{Counters, Observer};
use crate::quote::quoted;
use crate::tree::{Entry, Held, Kind, path};
use std::collections::{HashMap, HashSet};
use std::os::fd::AsFd as _;
use std::sync::Arc;

/// What is done with a file whose content is not what its record says, when no other copy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    /// Entries whose owner or group could not be set.
    pub owners: u64,
    /// Entries some of whose extended attributes could not be set.
    pub xattrs: u64,
    /// What was not done.
    pub troubles: Vec<Trouble>,
}

/// A file of which the snapshot's own copy is damaged.
pub(super) struct Missing {
    pub(super) change: Change,
    why: String,
    tried: HashSet<(u64, u64)>,
}

/// How one change ended.
enum End {
    Done,
    /// The content is not what the record says.
    Damaged(String, Option<(u64, u64)>),
    Trouble(String),
}

/// Carries steps out.
pub(super) struct Applier<'a> {
    root: Arc<Dir>,
    here: Cursor,
    powers: Powers,
    kept: Option<&'a Dir>,
    prefix: String,
    made: u64,
    /// Where the inode of a group stands, by the path that was to have it.
    placed: HashMap<Box<[u8]>, Box<[u8]>>,
    /// Paths that do not hold what they should, and directories that nothing can be done in.
    failed: HashSet<Box<[u8]>>,
    /// Directories whose attributes are set in the end.
    settle: Vec<(Box<[u8]>, Box<Entry>)>,
    /// Directories that were made writable, and their modes.
    opened: Vec<(Box<[u8]>, u16)>,
    pub(super) missing: Vec<Missing>,
    pub(super) done: Done,
    observer: &'a dyn Observer,
}

/// Nothing more can be done on this file system.
fn is_fatal(errno: Errno) -> bool {
    matches!(
        errno,
        Errno::NOSPC | Errno::DQUOT | Errno::ROFS | Errno::IO | Errno::NODEV | Errno::MFILE | Errno::NFILE
    )
}

fn name_of(whole: &[u8]) -> &[u8] {
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
    fn refused(&mut self, whole: &[u8], errno: Errno) -> Result<()> {
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
                Ok(Some(now)) if now.same_stamps(was) || was.nlink > 1 && now.ino == was.ino && now.mtime == was.mtime => {
                    dir.remove_file(name)
                }
                Ok(Some(_)) => {
                    self.trouble(&change.path, 0, "it was changed meanwhile, and is left".into());
                    continue;
                }
                Err(errno) => Err(errno),
            };
            match removed {
                Ok(()) => self.done.removed += 1,
                // Excluded files stand in it, or something new.
                Err(Errno::NOTEMPTY | Errno::EXIST) => self.observer.event(crate::progress::Event::Detail(
                    format!("{} is not empty, and is left", quoted(&change.path)),
                )),
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
            Ok(End::Trouble(text)) => self.trouble(&change.path, 0, text),
            Ok(End::Damaged(why, inode)) => {
                self.failed.insert(change.path.clone());
                self.missing.push(Missing { change, why, tried: inode.into_iter().collect() });
            }
            Err(errno) => self.refused(&change.path, errno)?,
        }
        Ok(())
    }

    fn count(&mut self, change: &Change) {
        match change.how {
            How::Create => self.done.created += 1,
            How::Replace => self.done.replaced += 1,
            How::Attributes => self.done.attributes += 1,
            How::Remove => self.done.removed += 1,
        }
    }

    /// The directory of a step, open and writable by this user; `None` if it cannot be had.
    fn reach(&mut self, whole: &[u8]) -> Result<Option<Arc<Dir>>> {
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

    fn temporary(&mut self) -> Vec<u8> {
        self.made += 1;
        format!("{}{}", self.prefix, self.made).into_bytes()
    }

    fn carry_out(
        &mut self,
        origin: &mut Origin,
        dir: &Dir,
        inherits: bool,
        change: &Change,
    ) -> fs::Result<End> {
        let Some(entry) = change.entry.as_deref() else { return Ok(End::Done) };
        if change.how == How::Attributes {
            if let Some(end) = self.correct(dir, change, entry)? {
                return Ok(end);
            }
        }
        if let Some(end) = self.link(dir, change)? {
            return Ok(end);
        }
        match entry.kind {
            Kind::Dir => self.directory(dir, inherits, change, entry),
            Kind::File => match origin.find(&change.path) {
                Ok(stored) => self.file(origin, &stored, dir, inherits, change, Damaged::Skip),
                Err(why) => Ok(End::Damaged(why, None)),
            },
            Kind::Symlink => {
                let temporary = self.temporary();
                dir.make_symlink(entry.target.as_deref().unwrap_or_default(), &temporary)?;
                self.dress_and_put(dir, &temporary, change, entry)
            }
            Kind::Fifo => {
                let temporary = self.temporary();
                fs::make_fifo(dir, &temporary, entry.mode)?;
                self.dress_and_put(dir, &temporary, change, entry)
            }
            Kind::Socket | Kind::Char | Kind::Block => {
                Ok(End::Trouble(format!("a {} is not restored", entry.kind.word())))
            }
        }
    }

    /// What new entries and corrected ones are to show.
    fn wanted<'e>(&self, entry: &'e Entry) -> Attributes<'e> {
        Attributes {
            mode: entry.mode,
            owner: (entry.uid, entry.gid),
            set_owner: self.powers.sets_owner(),
            mtime: entry.mtime,
            xattrs: &entry.xattrs,
        }
    }

    /// Counts what could not be set.
    fn note(&mut self, whole: &[u8], held: &Held) {
        let foreign = self.powers.sets_owner() && (held.uid.is_some() || held.gid.is_some());
        if foreign {
            self.done.owners += 1;
            if self.done.owners == 1 {
                self.observer.warn(format!("cannot set the owner of {}; it is the first", quoted(whole)));
            }
        }
        if !held.xattrs.is_empty() {
            self.done.xattrs += 1;
            if self.done.xattrs == 1 {
                let name = held.xattrs.first().map(quoted).unwrap_or_default();
                self.observer
                    .warn(format!("cannot set the attribute {name} of {}; it is the first", quoted(whole)));
            }
        }
    }

    /// Corrects attributes in place. `None`: it cannot be opened, and is made anew.
    fn correct(&mut self, dir: &Dir, change: &Change, entry: &Entry) -> fs::Result<Option<End>> {
        let name = name_of(&change.path);
        if entry.kind == Kind::Dir {
            self.settle.push((change.path.clone(), Box::new(entry.clone())));
            return Ok(Some(End::Done));
        }
        if entry.kind != Kind::File {
            let held = fs::apply_to_symlink(dir, name, &self.wanted(entry))?;
            self.note(&change.path, &held);
            return Ok(Some(End::Done));
        }
        let file = match dir.open_file(name) {
            Err(Errno::ACCESS) => return Ok(None),
            result => result?,
        };
        let now = Stat::of(file.as_fd())?;
        if change.was.as_deref().is_none_or(|was| !now.same_stamps(was)) {
            return Ok(Some(End::Trouble("it was changed meanwhile, and is left".into())));
        }
        let held = fs::apply_to_file(file.as_fd(), &self.wanted(entry))?;
        fs::trim_xattrs(file.as_fd(), &entry.xattrs)?;
        self.note(&change.path, &held);
        Ok(Some(End::Done))
    }

    /// Makes a further name of an inode that stands. `None`: it does not, or has names enough.
    fn link(&mut self, dir: &Dir, change: &Change) -> fs::Result<Option<End>> {
        let Some(first) = &change.link_to else { return Ok(None) };
        let stands = match self.placed.get(first) {
            Some(stands) => stands.clone(),
            None if self.failed.contains(first) => return Ok(None),
            None => first.clone(),
        };
        let temporary = self.temporary();
        let parent = path::split(&stands).map_or(&b""[..], |(dir, _)| dir);
        // A cursor of its own: the changes go on in the directory where they are.
        let from = Cursor::new(Arc::clone(&self.root), false).at(parent);
        match from.and_then(|from| from.link(name_of(&stands), dir, &temporary)) {
            Ok(()) => self.put(dir, &temporary, change).map(Some),
            Err(errno) if is_fatal(errno) => Err(errno),
            Err(_) => Ok(None),
        }
    }

    fn put(&mut self, dir: &Dir, temporary: &[u8], change: &Change) -> fs::Result<End> {
        let kept = self.kept.map(|dir| Kept { dir });
        if change.how == How::Replace {
            self.here.forget(&change.path);
        }
        Ok(match put(dir, temporary, &change.path, change.was.as_deref(), kept.as_ref())? {
            Placed::Done => End::Done,
            Placed::Changed => End::Trouble("something else came to stand there meanwhile, and is left".into()),
            Placed::Stranded => {
                End::Trouble(format!("what stood there is now {} beside it", quoted(temporary)))
            }
        })
    }

    fn directory(
        &mut self,
        dir: &Dir,
        inherits: bool,
        change: &Change,
        entry: &Entry,
    ) -> fs::Result<End> {
        let name = name_of(&change.path);
        let temporary = if change.how == How::Create { name.to_vec() } else { self.temporary() };
        match dir.make_dir(&temporary, 0o700) {
            Err(Errno::EXIST) => {
                return Ok(End::Trouble("something else came to stand there meanwhile, and is left".into()));
            }
            result => result?,
        }
        if inherits {
            fs::trim_xattrs(dir.open_dir(&temporary)?.fd(), &entry.xattrs)?;
        }
        self.settle.push((change.path.clone(), Box::new(entry.clone())));
        if change.how == How::Create { Ok(End::Done) } else { self.put(dir, &temporary, change) }
    }

    fn dress_and_put(
        &mut self,
        dir: &Dir,
        temporary: &[u8],
        change: &Change,
        entry: &Entry,
    ) -> fs::Result<End> {
        match fs::apply_to_symlink(dir, temporary, &self.wanted(entry)) {
            Ok(held) => self.note(&change.path, &held),
            Err(errno) => {
                discard(dir, temporary);
                return Err(errno);
            }
        }
        self.put(dir, temporary, change)
    }

    fn file(
        &mut self,
        origin: &mut Origin,
        stored: &Stored,
        dir: &Dir,
        inherits: bool,
        change: &Change,
        damaged: Damaged,
    ) -> fs::Result<End> {
        let Some(entry) = change.entry.as_deref() else { return Ok(End::Done) };
        let temporary = self.temporary();
        let file = dir.create_file(&temporary)?;
        let filled = origin.copy(stored, entry, file).and_then(|(file, why)| {
            if let (Some(why), Damaged::Skip) = (why, damaged) {
                return Ok(Some(why));
            }
            if inherits {
                fs::trim_xattrs(file.as_fd(), &entry.xattrs)?;
            }
            let held = fs::apply_to_file(file.as_fd(), &self.wanted(entry))?;
            self.note(&change.path, &held);
            Ok(None)
        });
        match filled {
            Ok(None) => {}
            Ok(Some(why)) => {
                discard(dir, &temporary);
                return Ok(End::Damaged(why, Some(stored.inode())));
            }
            Err(errno) => {
                discard(dir, &temporary);
                return Err(errno);
            }
        }
        let end = self.put(dir, &temporary, change)?;
        if matches!(end, End::Done) {
            self.done.files += 1;
            self.done.bytes += entry.size;
            let counters = self.observer.counters();
            Counters::add(&counters.files, 1);
            Counters::add(&counters.bytes, entry.size);
            // Later names of a group whose inode was to stand elsewhere find it here.
            if let Some(first) = &change.link_to {
                self.placed.insert(first.clone(), change.path.clone());
            }
        }
        Ok(end)
    }

    /// Tries another snapshot's copies for the damaged files that it `claims` to have.
    ///
    /// # Errors
    /// Nothing more can be done on this file system, or a signal came.
    pub(super) fn rescue(
        &mut self,
        origin: &mut Origin,
        claims: &HashSet<Box<[u8]>>,
        damaged: Damaged,
    ) -> Result<()> {
        for mut missing in std::mem::take(&mut self.missing) {
            interrupt::check()?;
            let whole = missing.change.path.clone();
            if !claims.contains(&whole) {
                self.missing.push(missing);
                continue;
            }
            let parent = path::split(&whole).map_or(&b""[..], |(dir, _)| dir);
            let Some(dir) = self.reach(parent)? else { continue };
            match self.retry(origin, &dir, &mut missing, damaged) {
                Ok(Some(End::Done)) => {
                    self.failed.remove(&whole);
                    self.count(&missing.change);
                    if damaged == Damaged::Skip {
                        self.done.rescued += 1;
                    }
                }
                Ok(Some(End::Trouble(text))) => self.trouble(&whole, 0, text),
                Ok(_) => self.missing.push(missing),
                Err(errno) => self.refused(&whole, errno)?,
            }
        }
        Ok(())
    }

    fn retry(
        &mut self,
        origin: &mut Origin,
        dir: &Dir,
        missing: &mut Missing,
        damaged: Damaged,
    ) -> fs::Result<Option<End>> {
        if let Some(end) = self.link(dir, &missing.change)? {
            return Ok(Some(end));
        }
        let Ok(stored) = origin.find(&missing.change.path) else { return Ok(None) };
        if damaged == Damaged::Skip && !missing.tried.insert(stored.inode()) {
            return Ok(None);
        }
        let inherits = fs::has_default_acl(dir);
        self.file(origin, &stored, dir, inherits, &missing.change, damaged).map(Some)
    }

    /// Names the files of which no sound copy was found.
    pub(super) fn give_up(&mut self, kept: bool) {
        for missing in std::mem::take(&mut self.missing) {
            let text = if kept { format!("{}; written all the same", missing.why) } else { missing.why };
            self.trouble(&missing.change.path, 0, text);
        }
    }

    /// Sets the attributes of directories, deepest first, and makes everything durable.
    ///
    /// # Errors
    /// The system's: what was written may be lost in a power cut.
    pub(super) fn finish(&mut self) -> Result<()> {
        for (whole, mode) in std::mem::take(&mut self.opened) {
            let restored = self.here.at(&whole).and_then(|dir| fs::set_own_mode(&dir, mode));
            if let Err(errno) = restored {
                if errno != Errno::NOENT {
                    self.refused(&whole, errno)?;
                }
            }
        }
        for (whole, entry) in std::mem::take(&mut self.settle).into_iter().rev() {
            if self.failed.contains(&whole) {
                continue;
            }
            let wanted = self.wanted(&entry);
            let set = self.here.at(&whole).and_then(|dir| {
                let held = fs::apply_to_dir(&dir, &wanted)?;
                fs::trim_xattrs(dir.fd(), &entry.xattrs)?;
                Ok(held)
            });
            match set {
                Ok(held) => self.note(&whole, &held),
                Err(errno) => self.refused(&whole, errno)?,
            }
        }
        self.observer.event(crate::progress::Event::Phase("syncing"));
        fs::sync_fs(self.root.fd()).doing(|| "cannot make the restored files durable")
    }
}
