//! Last part of staging, in manifest order: later names of hard-link groups, the manifest, the
//! journal, and the attributes of directories once all below them stands.

use super::copy;
use super::journal::Journal;
use super::lane::{Lane, Staged, attributes, sink_error};
use super::place::Done;
use super::stage::Placed;
use crate::error::{Doing as _, Result};
use crate::fs::{self, Cursor, Dir, Errno};
use crate::sink::node::Counts;
use crate::tree::{Entry, Framing, Held, Kind, Listing, ManifestWriter, Owners, Unread, path};
use rustix::fd::AsFd;
use std::collections::HashMap;
use std::io::Write;

/// Where a manifest goes.
pub type Output = Box<dyn Write + Send>;

/// Seals one lane's tree.
pub struct Sealer {
    writer: ManifestWriter<Output>,
    /// `unread` records go between the entries (plumbing), not only into the node.
    aside: bool,
    journal: Option<Journal>,
    staged: Option<Cursor>,
    root: Entry,
    entries: Vec<Entry>,
    /// Directories on the way to the current one, whose attributes are still to be set.
    open: Vec<(Box<[u8]>, Entry)>,
    /// Directories listed, whose own listing is still to come.
    coming: HashMap<Box<[u8]>, Entry>,
    /// First names of groups, and how many more names may come.
    groups: HashMap<Box<[u8]>, (Entry, u32)>,
    /// What was counted.
    pub counts: Counts,
    /// What could not be saved.
    pub unread: Vec<Unread>,
}

impl Sealer {
    /// Begins a manifest whose root is `root`.
    ///
    /// # Errors
    /// The output fails.
    pub fn new(
        out: Output,
        framing: Framing,
        owners: &Owners,
        root: Entry,
        journal: Option<Journal>,
        lane: &Lane,
    ) -> Result<Sealer> {
        let writer = ManifestWriter::new(out, framing, owners, &root)?;
        let counts = Counts { dirs: 1, ..Counts::default() };
        Ok(Sealer {
            writer,
            aside: framing == Framing::Plain,
            journal,
            staged: lane.staged_cursor(),
            open: Vec::new(),
            coming: HashMap::from([(Box::default(), root.clone())]),
            root,
            entries: Vec::new(),
            groups: HashMap::new(),
            counts,
            unread: Vec::new(),
        })
    }

    /// Takes up the next chunk.
    ///
    /// # Errors
    /// The sink or the output fails.
    pub fn take(&mut self, chunk: &Placed, done: Vec<Done>, lane: &Lane) -> Result<()> {
        for unread in &chunk.unread {
            self.note_unread(unread.clone())?;
        }
        for done in done {
            self.settle(chunk, done, lane)?;
        }
        if chunk.last {
            self.close_listing(&chunk.path, lane)?;
        }
        Ok(())
    }

    fn settle(&mut self, chunk: &Placed, done: Done, lane: &Lane) -> Result<()> {
        let entry = match done {
            Done::Vanished => return Ok(()),
            Done::Unread(unread) => return self.note_unread(unread),
            Done::Made(entry) => entry,
            Done::Linked(entry) => {
                self.counts.linked += 1;
                entry
            }
            Done::Copied { entry, sink_ino, known } => {
                self.counts.copied += 1;
                self.counts.bytes += entry.size;
                self.counts.reattributed += u64::from(known);
                self.counts.torn += u64::from(entry.torn);
                if let Some(journal) = &mut self.journal {
                    journal.note(&path::join(&chunk.path, &entry.name), &entry, sink_ino)?;
                }
                entry
            }
            Done::Later(entry, first) => match self.later_name(chunk, entry, first, lane)? {
                Some(entry) => entry,
                None => return Ok(()),
            },
        };
        let mut entry = entry;
        if self.staged.is_none() {
            // What a sink's inode shows instead is nothing that a source has.
            entry.held = None;
        }
        self.counts.files += u64::from(entry.kind == Kind::File);
        self.counts.dirs += u64::from(entry.kind == Kind::Dir);
        if entry.may_be_grouped() && entry.links.is_none() {
            self.groups.insert(path::join(&chunk.path, &entry.name), (entry.clone(), entry.nlink - 1));
        }
        self.entries.push(entry);
        Ok(())
    }

    /// A later name of a group: linked to the first name in the same tree.
    fn later_name(
        &mut self,
        chunk: &Placed,
        entry: Entry,
        first: Box<[u8]>,
        lane: &Lane,
    ) -> Result<Option<Entry>> {
        let whole = path::join(&chunk.path, &entry.name);
        let Some((head, left)) = self.groups.get_mut(&first) else {
            let text = "its first name could not be saved".to_owned();
            self.note_unread(Unread { path: whole, errno: 0, text })?;
            return Ok(None);
        };
        let mut named = Entry { name: entry.name, links: Some(first.clone()), ..head.clone() };
        *left = left.saturating_sub(1);
        if *left == 0 {
            self.groups.remove(&first);
        }
        let Some(staged) = &mut self.staged else { return Ok(Some(named)) };
        let failed = |errno| sink_error(&lane.label, errno, &whole);
        let (from, name) = path::split(&first).unwrap_or((b"", b""));
        let from = staged.at(from).map_err(failed)?;
        let to = staged.at(&chunk.path).map_err(failed)?;
        match from.link(name, &to, &named.name) {
            Ok(()) => self.counts.linked += 1,
            Err(Errno::MLINK | Errno::PERM | Errno::XDEV | Errno::ACCESS | Errno::NOTSUP) => {
                split(&from, name, &to, &mut named, lane).map_err(failed)?;
                self.counts.copied += 1;
                self.counts.bytes += named.size;
            }
            Err(errno) => return Err(failed(errno)),
        }
        Ok(Some(named))
    }

    fn note_unread(&mut self, unread: Unread) -> Result<()> {
        self.counts.unread += 1;
        if self.aside {
            self.writer.aside(&unread)?;
        }
        self.unread.push(unread);
        Ok(())
    }

    fn close_listing(&mut self, dir: &[u8], lane: &Lane) -> Result<()> {
        let own = self.coming.remove(dir);
        while self.open.last().is_some_and(|(open, _)| !path::is_within(dir, open)) {
            self.leave(lane)?;
        }
        if let Some(own) = own {
            self.open.push((dir.into(), own));
        }
        let listing = Listing { dir: dir.into(), entries: std::mem::take(&mut self.entries) };
        self.writer.listing(&listing)?;
        for entry in listing.entries.into_iter().filter(|entry| entry.kind == Kind::Dir) {
            self.coming.insert(path::join(dir, &entry.name), entry);
        }
        Ok(())
    }

    /// Sets the attributes of the deepest open directory: all below it stands.
    fn leave(&mut self, lane: &Lane) -> Result<()> {
        if let Some((dir, own)) = self.open.pop() {
            self.finish_dir(&dir, &own, lane)?;
        }
        // Directories that were not entered (other mounts) are finished with their parent.
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

    /// Ends the tree: the last directories, the manifest's last record.
    ///
    /// # Errors
    /// The sink or the output fails.
    pub fn finish(mut self, lane: &Lane) -> Result<(Output, Staged, Counts, Vec<Unread>)> {
        let mut rest: Vec<(Box<[u8]>, Entry)> = std::mem::take(&mut self.coming).into_iter().collect();
        rest.sort_by_key(|(dir, _)| std::cmp::Reverse(dir.len()));
        for (dir, own) in rest {
            self.finish_dir(&dir, &own, lane)?;
        }
        while !self.open.is_empty() {
            self.leave(lane)?;
        }
        if let Some(journal) = &mut self.journal {
            journal.flush()?;
        }
        self.counts.damaged = lane.damaged.load(std::sync::atomic::Ordering::Relaxed);
        let (out, sealed) = self.writer.finish()?;
        Ok((out, Staged { root: self.root, sealed }, self.counts, self.unread))
    }
}

/// A name that cannot share its group's inode gets one of its own, with the same bytes.
fn split(from: &Dir, first: &[u8], to: &Dir, named: &mut Entry, lane: &Lane) -> fs::Result<()> {
    if named.kind == Kind::Symlink {
        to.make_symlink(named.target.as_deref().unwrap_or_default(), &named.name)?;
        let held = fs::apply_to_symlink(to, &named.name, &attributes(named, lane.set_owner))?;
        named.held = Held { split: true, ..held }.some();
        return Ok(());
    }
    let mut destination = [(to.create_file(&named.name)?, Ok(()))];
    let read = copy::read_file(from, first, &mut destination, false, &mut Vec::new());
    let [(file, outcome)] = destination;
    outcome?;
    match read {
        Ok(read) if Some(read.sha256) == named.sha256 => {}
        Err(copy::NotRead::Failed(errno)) => return Err(errno),
        _ => return Err(Errno::IO),
    }
    let (held, _) = fs::apply_and_stat(file.as_fd(), &attributes(named, lane.set_owner))?;
    if lane.sync_each {
        rustix::fs::fsync(&file)?;
    }
    named.held = Held { split: true, ..held }.some();
    Ok(())
}

/// Opens the file that a staging's manifest goes to.
///
/// # Errors
/// The file cannot be made.
pub fn manifest_file(staging: &Dir) -> Result<Output> {
    let file = staging.create_file(crate::sink::layout::MANIFEST).doing(|| "cannot begin a manifest")?;
    Ok(Box::new(std::io::BufWriter::with_capacity(256 * 1024, std::fs::File::from(file))))
}
