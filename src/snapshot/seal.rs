//! Last part of staging, in manifest order: later names of hard-link groups, the manifest, the
//! journal, and the attributes of directories once all below them stands.

mod records;
mod split;

pub use records::{KeepIndex, Parent, Writes, manifest_file};

use records::{Records, is_intact};
use split::{clear, split};

use super::journal::Journal;
use super::lane::{Lane, Staged, sink_error};
use super::place::Done;
use super::stage::Placed;
use super::survival::Fresh;
use super::unchanged::Side;
use crate::error::Result;
use crate::fs::{self, Cursor, Errno};
use crate::sink::index::Block;
use crate::sink::node::Counts;
use crate::tree::{Entry, Framing, Kind, Listing, Owners, Unread, path};
use std::collections::HashMap;
use std::io::Write;

/// Where a manifest goes.
pub type Output = Box<dyn Write + Send>;

/// Seals one lane's tree.
pub struct Sealer {
    records: Records,
    /// Records such as `unread` go between the entries (plumbing), not only into the node.
    aside: bool,
    journal: Option<Journal>,
    staged: Option<Cursor>,
    root: Entry,
    entries: Vec<Entry>,
    /// Directories among `entries` that show already what they have to show.
    settled: Vec<Box<[u8]>>,
    /// Directories on the way to the current one, whose attributes are still to be set.
    open: Vec<(Box<[u8]>, Entry)>,
    /// Directories whose own listing is still to come; the flag says whether they are settled.
    coming: HashMap<Box<[u8]>, (Entry, bool)>,
    /// Hard-link groups by their first names.
    groups: HashMap<Box<[u8]>, Group>,
    /// Groups whose first name could not be saved: the name that took its place.
    promoted: HashMap<Box<[u8]>, Box<[u8]>>,
    /// What was counted.
    pub counts: Counts,
    /// What could not be saved.
    pub unread: Vec<Unread>,
    fresh: Fresh,
}

/// A hard-link group of which a name was saved.
struct Group {
    /// The first name.
    entry: Entry,
    /// How many more names may come.
    left: u32,
    /// Whether the parent snapshot lacks its content.
    is_fresh: bool,
}

/// Saves an entry from the source; for a name whose group has lost its first name.
pub type Save<'a> = dyn FnMut(Entry) -> Option<Done> + 'a;

impl Sealer {
    /// Begins a manifest whose root is `root`.
    ///
    /// # Errors
    /// The output fails.
    pub fn new(
        writes: Writes,
        owners: &Owners,
        root: Entry,
        parent: Option<Parent>,
        lane: &Lane,
    ) -> Result<Sealer> {
        let Writes { manifest, framing, journal, index, keep_index } = writes;
        let records = Records::new((manifest, framing), (index, keep_index), owners, &root, parent)?;
        let counts = Counts { dirs: 1, ..Counts::default() };
        Ok(Sealer {
            records,
            aside: framing == Framing::Plain,
            journal,
            staged: lane.staged_cursor(),
            open: Vec::new(),
            coming: HashMap::from([(Box::default(), (root.clone(), false))]),
            root,
            entries: Vec::new(),
            settled: Vec::new(),
            groups: HashMap::new(),
            promoted: HashMap::new(),
            counts,
            unread: Vec::new(),
            fresh: Fresh::default(),
        })
    }

    /// Takes up the next chunk. `save` saves an entry anew.
    ///
    /// # Errors
    /// The sink or the output fails.
    pub fn take(
        &mut self,
        chunk: &Placed,
        done: Vec<Done>,
        side: Option<&Side>,
        lane: &Lane,
        save: &mut Save<'_>,
    ) -> Result<()> {
        for unread in &chunk.unread {
            self.note_unread(unread.clone())?;
        }
        for done in done {
            let done = self.promote(chunk, done, save);
            self.settle(chunk, done, lane)?;
        }
        if chunk.last {
            self.close_listing(&chunk.path, side, lane)?;
        }
        Ok(())
    }

    /// Takes up a directory in which there was nothing to do.
    ///
    /// # Errors
    /// The sink or the output fails.
    pub fn same(&mut self, dir: &[u8], side: &Side, lane: &Lane) -> Result<()> {
        self.leave_for(dir, lane)?;
        if let Some((own, false)) = self.coming.remove(dir) {
            self.open.push((dir.into(), own));
        }
        self.count_kept(side);
        let Some((number, block)) = side.number.zip(side.block()) else { return Ok(()) };
        self.records.take_over(number, block)
    }

    /// Takes up a directory in which everything was linked; `dirs` are the directories in it.
    ///
    /// # Errors
    /// The sink or the output fails.
    pub fn kept(&mut self, dir: &[u8], side: &Side, dirs: Vec<Entry>, lane: &Lane) -> Result<()> {
        self.leave_for(dir, lane)?;
        self.open.extend(self.coming.remove(dir).map(|(own, _)| (dir.into(), own)));
        self.count_kept(side);
        match side.number.zip(side.block()).filter(|_| dirs.iter().all(|own| own.held.is_none())) {
            Some((number, block)) => self.records.take_over(number, block)?,
            None => {
                let mut entries = side.entries()?;
                let mut left = dirs.iter().peekable();
                for entry in &mut entries {
                    if let Some(own) = left.next_if(|own| own.name == entry.name) {
                        *entry = own.clone();
                    }
                }
                self.records.write(&Listing { dir: dir.into(), entries })?;
            }
        }
        self.coming.extend(dirs.into_iter().map(|entry| (path::join(dir, &entry.name), (entry, false))));
        Ok(())
    }

    fn count_kept(&mut self, side: &Side) {
        for record in side.block().into_iter().flat_map(Block::records) {
            match record.kind() {
                Some(Kind::Dir) => self.counts.dirs += 1,
                kind => {
                    self.counts.files += u64::from(kind == Some(Kind::File));
                    self.counts.linked += 1;
                }
            }
        }
    }

    /// Saves a later name of a group from the source if the first name could not be saved; the names
    /// that follow are linked to this one.
    fn promote(&mut self, chunk: &Placed, done: Done, save: &mut Save<'_>) -> Done {
        let Done::Later(entry, first) = done else { return done };
        let first = self.promoted.get(&first).cloned().unwrap_or(first);
        if self.groups.contains_key(&first) {
            return Done::Later(entry, first);
        }
        let whole = path::join(&chunk.path, &entry.name);
        let saved = save(Entry { links: None, ..entry }).unwrap_or(Done::Vanished);
        if !matches!(saved, Done::Vanished | Done::Unread(_)) {
            self.promoted.insert(first, whole);
        }
        saved
    }

    fn settle(&mut self, chunk: &Placed, done: Done, lane: &Lane) -> Result<()> {
        let mut is_fresh = matches!(done, Done::Copied { known: false, .. });
        let entry = match done {
            Done::Vanished => return Ok(()),
            Done::Unread(unread) => return self.note_unread(unread),
            Done::Made(entry) => Entry { made: lane.made().filter(|_| !entry.is_absent()), ..entry },
            Done::Dir(entry, settled) => {
                self.settled.extend(settled.then(|| entry.name.clone()));
                Entry { made: None, ..entry }
            }
            Done::Linked(entry) => {
                self.counts.linked += 1;
                entry
            }
            Done::Moved(entry) => {
                self.counts.moved += 1;
                entry
            }
            Done::Copied { entry, known, shared } => {
                self.counts.copied += 1;
                self.counts.bytes += entry.size;
                self.counts.shared += u64::from(shared);
                self.counts.shared_bytes += if shared { entry.size } else { 0 };
                self.counts.reattributed += u64::from(known);
                self.counts.torn += u64::from(entry.torn);
                if let Some(journal) = &mut self.journal {
                    journal.note(&path::join(&chunk.path, &entry.name), &entry)?;
                }
                Entry { made: lane.made(), ..entry }
            }
            Done::Later(entry, first) => {
                is_fresh = self.groups.get(&first).is_none_or(|group| group.is_fresh);
                self.later_name(chunk, entry, first, lane)?
            }
        };
        let mut entry = entry;
        if self.staged.is_none() {
            // What a sink's inode shows instead, and who created it, is nothing that a source has.
            (entry.held, entry.made) = (None, None);
        }
        self.counts.files += u64::from(entry.kind == Kind::File);
        self.counts.dirs += u64::from(entry.kind == Kind::Dir);
        if is_fresh && entry.kind == Kind::File {
            self.fresh.files += 1;
            self.fresh.bytes += if entry.links.is_none() { entry.size } else { 0 };
        }
        if entry.may_be_grouped() && entry.links.is_none() {
            let group = Group { entry: entry.clone(), left: entry.nlink - 1, is_fresh };
            self.groups.insert(path::join(&chunk.path, &entry.name), group);
        }
        self.entries.push(entry);
        Ok(())
    }

    /// A later name of a group: linked to the first name in the same tree.
    fn later_name(&mut self, chunk: &Placed, entry: Entry, first: Box<[u8]>, lane: &Lane) -> Result<Entry> {
        let whole = path::join(&chunk.path, &entry.name);
        let failed = |errno| sink_error(&lane.label, errno, &whole);
        let to = match &mut self.staged {
            Some(staged) => Some(staged.at(&chunk.path).map_err(failed)?),
            None => None,
        };
        let group = self.groups.get_mut(&first).ok_or_else(|| failed(Errno::NOENT))?;
        let mut named = Entry { name: entry.name, links: Some(first.clone()), ..group.entry.clone() };
        group.left = group.left.saturating_sub(1);
        if group.left == 0 {
            self.groups.remove(&first);
        }
        let Some((to, staged)) = to.zip(self.staged.as_mut()) else { return Ok(named) };
        if named.is_absent() {
            if lane.reused {
                clear(&to, &named.name).map_err(failed)?;
            }
            return Ok(named);
        }
        if lane.reused {
            match to.stat(&named.name) {
                Ok(stat) if stat.ino == named.sink_ino => {
                    self.counts.linked += 1;
                    return Ok(named);
                }
                Ok(_) => to.remove_file(&named.name).map_err(failed)?,
                Err(Errno::NOENT) => {}
                Err(errno) => return Err(failed(errno)),
            }
        }
        let (from, name) = path::split(&first).unwrap_or((b"", b""));
        let from = staged.at(from).map_err(failed)?;
        match from.link(name, &to, &named.name) {
            Ok(()) => self.counts.linked += 1,
            Err(Errno::MLINK | Errno::PERM | Errno::XDEV | Errno::ACCESS | Errno::NOTSUP) => {
                split(&from, name, &to, &mut named, lane).map_err(failed)?;
                self.counts.copied += 1;
                self.counts.bytes += named.size;
            }
            Err(errno) => return Err(failed(errno)),
        }
        Ok(named)
    }

    /// Puts a record between the entries, where plumbing reads the manifest.
    ///
    /// # Errors
    /// The output fails.
    pub fn aside(&mut self, record: &impl serde::Serialize) -> Result<()> {
        if self.aside { self.records.aside(record) } else { Ok(()) }
    }

    fn note_unread(&mut self, unread: Unread) -> Result<()> {
        self.counts.unread += 1;
        self.aside(&unread)?;
        self.unread.push(unread);
        Ok(())
    }

    fn close_listing(&mut self, dir: &[u8], side: Option<&Side>, lane: &Lane) -> Result<()> {
        let own = self.coming.remove(dir).map(|(own, _)| own).or_else(|| side?.own.clone());
        self.leave_for(dir, lane)?;
        self.open.extend(own.map(|own| (dir.into(), own)));
        let listing = Listing { dir: dir.into(), entries: std::mem::take(&mut self.entries) };
        let known = side.and_then(|side| side.number.zip(side.block()));
        match known.filter(|(_, block)| is_intact(block, &listing.entries)) {
            Some((number, block)) => self.records.take_over(number, block)?,
            None => self.records.write(&listing)?,
        }
        let settled = std::mem::take(&mut self.settled);
        for entry in listing.entries.into_iter().filter(|entry| entry.kind == Kind::Dir) {
            let is_settled = settled.contains(&entry.name);
            self.coming.insert(path::join(dir, &entry.name), (entry, is_settled));
        }
        Ok(())
    }

    /// Finishes the directories that the next one does not lie in.
    fn leave_for(&mut self, dir: &[u8], lane: &Lane) -> Result<()> {
        while self.open.last().is_some_and(|(open, _)| !path::is_within(dir, open)) {
            self.leave(lane)?;
        }
        Ok(())
    }

    /// Sets the attributes of the deepest open directory: all below it stands.
    fn leave(&mut self, lane: &Lane) -> Result<()> {
        if let Some((dir, own)) = self.open.pop() {
            self.finish_dir(&dir, &own, lane)?;
        }
        Ok(())
    }

    fn finish_dir(&mut self, dir: &[u8], own: &Entry, lane: &Lane) -> Result<()> {
        let Some(staged) = &mut self.staged else { return Ok(()) };
        let failed = |errno| sink_error(&lane.label, errno, dir);
        let handle = staged.at(dir).map_err(failed)?;
        // The root keeps the mode of a staging until it has been renamed into place.
        fs::finish_dir(&handle, own, !dir.is_empty()).map_err(failed)?;
        if lane.sync_each {
            handle.sync().map_err(failed)?;
        }
        Ok(())
    }

    /// Ends the tree: the last directories, the manifest's last record, the index.
    ///
    /// # Errors
    /// The sink or the output fails.
    pub fn finish(mut self, lane: &Lane) -> Result<(Staged, Counts, Vec<Unread>)> {
        while !self.open.is_empty() {
            self.leave(lane)?;
        }
        if let Some(journal) = &mut self.journal {
            journal.flush()?;
        }
        self.counts.damaged = lane.damaged.load(std::sync::atomic::Ordering::Relaxed);
        let sealed = self.records.finish()?;
        Ok((Staged { root: self.root, sealed, fresh: self.fresh }, self.counts, self.unread))
    }
}
