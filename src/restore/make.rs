//! Making one entry: under a temporary name, complete with its attributes, and then put in place.

use super::apply::{Applier, Damaged, End, name_of};
use super::change::{Change, How};
use super::content::{Origin, Stored};
use super::place::{Kept, Placed, discard, put};
use crate::fs::{self, Attributes, Cursor, Dir, Errno, Stat};
use crate::progress::{Counters, Event};
use crate::quote::quoted;
use crate::tree::{Entry, Held, Kind, path};
use std::os::fd::AsFd as _;
use std::sync::Arc;

const CHANGED: &str = "it was changed meanwhile, and is left";
const TAKEN: &str = "something else came to stand there meanwhile, and is left";

impl Applier<'_> {
    fn temporary(&mut self) -> Vec<u8> {
        self.made += 1;
        format!("{}{}", self.prefix, self.made).into_bytes()
    }

    pub(super) fn carry_out(
        &mut self,
        origin: &mut Origin,
        dir: &Dir,
        inherits: bool,
        change: &Change,
    ) -> fs::Result<End> {
        let Some(entry) = change.entry.as_deref() else { return Ok(End::Done) };
        if change.how == How::Attributes
            && let Some(end) = self.correct(dir, change, entry)?
        {
            return Ok(end);
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
            _ => {
                let temporary = self.temporary();
                match fs::create_unopened(dir, &temporary, entry) {
                    Err(errno) if entry.kind.is_special() && fs::is_unable(errno) => {
                        self.note_unable(&change.path, entry);
                        return Ok(End::Unable);
                    }
                    created => created?,
                }
                self.dress_and_put(dir, &temporary, change, entry, inherits)
            }
        }
    }

    /// What new entries and corrected ones are to show.
    pub(super) fn wanted<'e>(&self, entry: &'e Entry) -> Attributes<'e> {
        Attributes {
            mode: self.powers.mode(entry),
            owner: self.powers.owner(entry).unwrap_or((entry.uid, entry.gid)),
            set_owner: self.powers.owner(entry).is_some(),
            mtime: entry.mtime,
            xattrs: &entry.xattrs,
        }
    }

    /// Counts an entry whose owner or extended attributes are not the recorded ones. `held` names
    /// attributes that could not be set, and those that could not be removed.
    pub(super) fn note(&mut self, whole: &[u8], entry: &Entry, held: &Held) {
        let settable = self.powers.settable(entry);
        let differs = held.uid.is_some() && settable.user || held.gid.is_some() && settable.group;
        if self.powers.sets_owner() && (!settable.user || !settable.group && held.gid.is_some()) {
            self.done.foreign += 1;
        } else if differs {
            self.done.owners += 1;
            if self.done.owners == 1 {
                self.observer.warn(format!("cannot set the owner of {}; it is the first", quoted(whole)));
            }
        }
        if !held.xattrs.is_empty() {
            self.done.xattrs += 1;
            if self.done.xattrs == 1 {
                let name = held.xattrs.first().map(quoted).unwrap_or_default();
                self.observer.warn(format!(
                    "cannot restore the attribute {name} of {}; it is the first",
                    quoted(whole)
                ));
            }
        }
    }

    /// Counts a FIFO, a socket or a device that cannot be created here.
    fn note_unable(&mut self, whole: &[u8], entry: &Entry) {
        self.done.special += 1;
        let (path, kind) = (quoted(whole), entry.kind.word());
        self.observer.event(Event::Detail(format!("{path} is a {kind} that cannot be created here")));
    }

    /// Corrects attributes in place. `None`: it cannot be opened, and is made anew.
    fn correct(&mut self, dir: &Dir, change: &Change, entry: &Entry) -> fs::Result<Option<End>> {
        let name = name_of(&change.path);
        if entry.kind == Kind::Dir {
            self.settle.push((change.path.clone(), Box::new(entry.clone())));
            return Ok(Some(End::Done));
        }
        if entry.kind != Kind::File {
            let (mut held, _) = fs::apply_to_unopened(dir, name, entry.kind, &self.wanted(entry))?;
            held.xattrs.extend(fs::trim_xattrs_at(dir, name, &entry.xattrs)?);
            self.note(&change.path, entry, &held);
            return Ok(Some(End::Done));
        }
        let file = match dir.open_file(name) {
            Err(Errno::ACCESS) => return Ok(None),
            result => result?,
        };
        let now = Stat::of(file.as_fd())?;
        if change.was.as_deref().is_none_or(|was| !now.same_stamps(was)) {
            return Ok(Some(End::Trouble(CHANGED.into())));
        }
        let mut held = fs::apply_to_file(file.as_fd(), &self.wanted(entry))?;
        held.xattrs.extend(fs::trim_xattrs(file.as_fd(), &entry.xattrs)?);
        self.note(&change.path, entry, &held);
        Ok(Some(End::Done))
    }

    /// Makes a further name of an inode that stands. `None`: it does not, or has names enough.
    pub(super) fn link(&mut self, dir: &Dir, change: &Change) -> fs::Result<Option<End>> {
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
            Err(errno) if super::apply::is_fatal(errno) => Err(errno),
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
            Placed::Changed => End::Trouble(TAKEN.into()),
            Placed::Stranded => {
                End::Trouble(format!("what stood there is now {} beside it", quoted(temporary)))
            }
        })
    }

    fn directory(&mut self, dir: &Dir, inherits: bool, change: &Change, entry: &Entry) -> fs::Result<End> {
        let name = name_of(&change.path);
        let temporary = if change.how == How::Create { name.to_vec() } else { self.temporary() };
        match dir.make_dir(&temporary, 0o700) {
            Err(Errno::EXIST) => {
                return Ok(End::Trouble(TAKEN.into()));
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
        inherits: bool,
    ) -> fs::Result<End> {
        let trimmed = match inherits && entry.kind.is_special() {
            true => fs::trim_xattrs_at(dir, temporary, &entry.xattrs).map(drop),
            false => Ok(()),
        };
        let wanted = self.wanted(entry);
        match trimmed.and_then(|()| fs::apply_to_unopened(dir, temporary, entry.kind, &wanted)) {
            Ok((held, _)) => self.note(&change.path, entry, &held),
            Err(errno) => {
                discard(dir, temporary);
                return Err(errno);
            }
        }
        self.put(dir, temporary, change)
    }

    pub(super) fn file(
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
            self.note(&change.path, entry, &held);
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
            self.done.unattested += u64::from(entry.unattested);
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
}
