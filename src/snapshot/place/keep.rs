//! What need not be made: the parent's inode, if it is what it should be, and what a push that
//! was cut off has finished; and what must not stay of an old tree.

use super::{Done, Place, stamps};
use crate::error::Result;
use crate::fs::{self, Dir, Errno, Stat};
use crate::interrupt;
use crate::sink::index::{Block, Record};
use crate::snapshot::lane::Lane;
use crate::snapshot::plan::{Planned, Reason};
use crate::snapshot::unchanged::{self, Look, Side};
use crate::tree::{Digest, Entry, Held, Kind, path};
use rustix::fd::{AsFd, OwnedFd};
use std::sync::Arc;

impl Place<'_> {
    /// What a cut-off push has finished of a file that is to be made: the same source, the same
    /// inode, and if the machine was started since, the same bytes.
    pub(super) fn proven(&self, lane: usize, plan: &Planned, buffer: &mut Vec<u8>) -> Option<Entry> {
        let proofs = self.lanes[lane].proofs.as_ref()?;
        let staged = self.sinks[lane].1.as_deref()?;
        let planned = &plan.entry;
        if planned.kind != Kind::File || planned.racy {
            return None;
        }
        let (entry, this_boot) = proofs.of(&path::join(self.at, &planned.name))?;
        let sound = !entry.racy && !entry.torn && entry.links.is_none() && stamps(&entry) == stamps(planned);
        let stat = staged.stat(&planned.name).ok().filter(|stat| sound && stat.ino == entry.sink_ino)?;
        if !self.shows(lane, &entry, entry.held.as_deref(), &stat) {
            return None;
        }
        if !this_boot {
            let file = staged.open_file(&planned.name).ok()?;
            let read = fs::hash_content(&file, stat.size, false, buffer).ok()?;
            (Some(read.sha256) == entry.sha256 && read.bytes == stat.size).then_some(())?;
        }
        Some(Entry { nlink: planned.nlink, ..entry })
    }

    /// A new inode that shares the bytes of the parent's, for a file of which only attributes seem
    /// to have changed; whether the source still has these bytes is to be seen. `None`: nothing
    /// was made.
    pub(super) fn renew(&self, lane: usize, plan: &Planned) -> fs::Result<Option<(Digest, OwnedFd)>> {
        let (Some(known), (Some(from), Some(to))) = (plan.prior, &self.sinks[lane]) else { return Ok(None) };
        let (name, shares) = (&*plan.entry.name, &self.lanes[lane].shares);
        let fits = plan.reason == Reason::Attributes && fs::is_shareable(plan.entry.size, shares);
        let Some(old) = fits.then(|| from.open_file(name).ok()).flatten() else { return Ok(None) };
        let stat = Stat::of(old.as_fd())?;
        if !self.shows(lane, &plan.entry, plan.share.as_deref(), &stat) {
            return Ok(None);
        }
        if self.is_damaged(lane, plan, (from, name), &stat) {
            self.note_damage(lane, name);
            return Ok(None);
        }
        let file = self.make(lane, to, name, || to.create_file(name))?;
        if fs::share_content(&old, &file, plan.entry.size, shares)? {
            return Ok(Some((known, file)));
        }
        self.withdraw(lane, name)?;
        Ok(None)
    }

    fn shows(&self, lane: usize, entry: &Entry, held: Option<&Held>, stat: &Stat) -> bool {
        stat.is_like(entry) && stat.shows(&entry.shown_under(held), self.lanes[lane].grain)
    }

    /// Whether verify found damage in the parent's inode, which stands under a name of a directory.
    fn is_damaged(&self, lane: usize, plan: &Planned, (dir, name): (&Dir, &[u8]), stat: &Stat) -> bool {
        self.lanes[lane].avoided.has(dir, name, stat.ino, || self.old_path(plan))
    }

    /// The path that an entry has in the parent snapshot.
    pub(super) fn old_path(&self, plan: &Planned) -> Box<[u8]> {
        plan.from.clone().unwrap_or_else(|| path::join(self.at, &plan.entry.name))
    }

    /// Brings the parent's inode under its name: it stands there already, or is linked. The
    /// inode, or `None`: it must be copied.
    pub(super) fn keep(&self, lane: usize, plan: &Planned) -> Result<Option<u64>> {
        let name = &*plan.entry.name;
        if let Some(to) = self.sinks[lane].1.as_ref().filter(|_| self.lanes[lane].reused) {
            match to.stat(name) {
                Ok(stat)
                    if stat.ino == plan.sink_ino
                        && self.shows(lane, &plan.entry, plan.share.as_deref(), &stat)
                        && !self.is_damaged(lane, plan, (to, name), &stat) =>
                {
                    return Ok(Some(stat.ino));
                }
                Ok(_) => to.remove_file(name).map_err(|errno| self.sink_error(lane, errno, name))?,
                Err(Errno::NOENT) => {}
                Err(errno) => return Err(self.sink_error(lane, errno, name)),
            }
        }
        self.link(lane, plan)
    }

    /// Links all that the records of a directory have but for the directories, in every lane, into
    /// trees that were made empty. `None`: nothing else was necessary. Otherwise what became of
    /// each entry; `dirs` has the directories of each lane.
    pub fn keep_all(
        &self,
        look: &Look,
        dirs: &[Vec<Entry>],
        buffer: &mut Vec<u8>,
    ) -> Option<Vec<Vec<Option<Done>>>> {
        let left: Vec<Vec<bool>> =
            look.sides.iter().enumerate().map(|(lane, side)| self.link_all(lane, side)).collect();
        if !left.iter().flatten().any(|left| *left) {
            return None;
        }
        let entries_of = |(lane, side): (usize, &Side)| {
            let entries = side.entries().map_err(|error| self.lanes[lane].fail(error));
            entries.unwrap_or_default().into_iter()
        };
        let mut entries: Vec<_> = look.sides.iter().enumerate().map(entries_of).collect();
        let count = look.sides.first().map_or(0, Side::len);
        let place = |at: usize| {
            let mut entries: Vec<Option<Entry>> = entries.iter_mut().map(Iterator::next).collect();
            let is_left = |lane: usize| left[lane].get(at).copied().unwrap_or(false);
            let plan = |(lane, entry): (usize, &mut Option<Entry>)| {
                entry.take_if(|_| is_left(lane)).map(Planned::kept)
            };
            let mut done = self.entry(entries.iter_mut().enumerate().map(plan).collect(), buffer);
            for (lane, entry) in entries.into_iter().enumerate() {
                let Some(entry) = entry else { continue };
                done[lane] = Some(match dirs[lane].binary_search_by(|own| own.name.cmp(&entry.name)) {
                    Ok(own) => Done::Dir(dirs[lane][own].clone(), false),
                    Err(_) => Done::Linked(entry),
                });
            }
            done
        };
        Some((0..count).take_while(|_| interrupt::check().is_ok()).map(place).collect())
    }

    /// Links what the records of a directory have; `true` for what is no directory and could not be
    /// linked.
    fn link_all(&self, lane: usize, side: &Side) -> Vec<bool> {
        let Lane { grain, max_links, .. } = self.lanes[lane];
        let (from, to) = &self.sinks[lane];
        let link = |record: Record<'_>| {
            if record.kind() == Some(Kind::Dir) {
                return true;
            }
            let (Some(from), Some(to)) = (from, to) else { return false };
            let stat = from.stat(record.name);
            let is_damaged = |stat: &Stat| {
                let whole = || path::join(self.at, record.name);
                self.lanes[lane].avoided.has(from, record.name, stat.ino, whole)
            };
            let fits = |stat: Stat| {
                unchanged::shows(&record, &stat, grain) && stat.nlink < max_links && !is_damaged(&stat)
            };
            stat.is_ok_and(fits) && from.link(record.name, to, record.name).is_ok()
        };
        let records = side.block().into_iter().flat_map(Block::records);
        let go_on = |_: &Record<'_>| self.lanes[lane].is_running() && interrupt::check().is_ok();
        records.take_while(go_on).map(|record| !link(record)).collect()
    }

    /// Links the parent's inode, if it shows what it should.
    fn link(&self, lane: usize, plan: &Planned) -> Result<Option<u64>> {
        let name = &*plan.entry.name;
        let Some(to) = &self.sinks[lane].1 else { return Ok(Some(0)) };
        let Some((from, old_name)) = self.from(lane, plan) else {
            self.note_damage(lane, name);
            return Ok(None);
        };
        let entry = &plan.entry;
        let (names, ino) = match from.stat(&old_name) {
            Ok(stat)
                if self.shows(lane, &plan.entry, plan.share.as_deref(), &stat)
                    && !self.is_damaged(lane, plan, (&from, &old_name), &stat) =>
            {
                (stat.nlink, stat.ino)
            }
            // Gone or unreadable: whatever is wrong with this inode, the file is saved anew.
            _ => {
                self.note_damage(lane, name);
                return Ok(None);
            }
        };
        // The whole group has to fit on the inode that it starts on.
        if names.saturating_add(entry.nlink.max(1)) > self.lanes[lane].max_links {
            return Ok(None);
        }
        match from.link(&old_name, to, name) {
            Ok(()) => Ok(Some(ino)),
            Err(Errno::IO | Errno::UCLEAN) => {
                self.note_damage(lane, name);
                Ok(None)
            }
            // Whatever keeps a link from being made, a copy is as good; a full disk is not that.
            Err(Errno::PERM | Errno::XDEV | Errno::MLINK | Errno::ACCESS | Errno::NOTSUP | Errno::NOSYS) => {
                Ok(None)
            }
            Err(errno) => Err(self.sink_error(lane, errno, name)),
        }
    }

    /// What could not be saved must not stand in the new tree as it stood in an old one.
    pub(super) fn clear_unsaved(&self, name: &[u8], done: &[Option<Done>]) {
        for (lane, done) in done.iter().enumerate() {
            if matches!(done, Some(Done::Vanished | Done::Unread(_))) {
                self.clear(lane, name).unwrap_or_else(|error| self.lanes[lane].fail(error));
            }
        }
    }

    /// Removes what an old tree has under a name.
    pub(super) fn clear(&self, lane: usize, name: &[u8]) -> Result<()> {
        if !self.lanes[lane].reused {
            return Ok(());
        }
        match self.withdraw(lane, name) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(self.sink_error(lane, errno, name)),
        }
    }

    /// Where the parent's tree has the inode.
    fn from(&self, lane: usize, plan: &Planned) -> Option<(Arc<Dir>, Box<[u8]>)> {
        let Some((dir, name)) = plan.from.as_deref().and_then(path::split) else {
            return Some((self.sinks[lane].0.clone()?, plan.entry.name.clone()));
        };
        let mut elsewhere = self.elsewhere.borrow_mut();
        Some((elsewhere[lane].as_mut()?.at(dir).ok()?, name.into()))
    }
}

/// What became of an entry that keeps the inode of an earlier snapshot.
pub(super) fn kept(plan: Planned, sink_ino: u64) -> Done {
    let mut entry = plan.entry;
    entry.sink_ino = sink_ino;
    entry.sha256 = entry.sha256.or(plan.prior);
    entry.held = plan.share;
    if plan.from.is_some() { Done::Moved(entry) } else { Done::Linked(entry) }
}
