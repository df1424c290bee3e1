//! The plan of a checkout that removes nothing: single paths of the source, or a directory
//! elsewhere. The manifest leads; what it does not name is not looked at.

use super::change::{Change, How, Step};
use super::chosen::{Chosen, Relation};
use super::judge::Seen;
use super::owners::OwnerMap;
use super::plan::{Planner, Verdict, change, complete};
use super::target::Unfinished;
use crate::error::Result;
use crate::fs::{Cursor, Dir, Errno, Stat};
use crate::interrupt;
use crate::progress::{Counters, Observer};
use crate::sink::{StoredManifest, layout};
use crate::tree::{Entry, Kind, Listing, path};
use std::collections::HashSet;
use std::sync::Arc;

/// What becomes of a file that stands where one of the snapshot is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Overwrite {
    /// It gives way, unless its content is proven to be the snapshot's.
    Always,
    /// It gives way if size or mtime differ.
    IfChanged,
    /// It gives way if the snapshot's is newer.
    IfNewer,
    /// It stays.
    Never,
}

/// Where the selected entries go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Into {
    /// The source itself, or what becomes one; what is replaced is kept.
    Source(Overwrite),
    /// Another directory.
    Elsewhere(Overwrite),
}

impl Into {
    fn is_source(self) -> bool {
        matches!(self, Into::Source(_))
    }

    fn overwrite(self) -> Overwrite {
        match self {
            Into::Source(overwrite) | Into::Elsewhere(overwrite) => overwrite,
        }
    }
}

/// A checkout of selected entries being planned.
pub(super) struct Selected<'a> {
    pub(super) planner: &'a mut Planner,
    pub(super) chosen: Chosen,
    pub(super) into: Into,
    /// Directories that belong to sinks, by device and inode.
    pub(super) skip: &'a HashSet<(u64, u64)>,
    /// The clone that is gone on with.
    pub(super) before: Option<&'a Unfinished>,
    /// Entries that were left because something stands there already.
    pub(super) left: u64,
}

impl Selected<'_> {
    fn relation(&self, whole: &[u8]) -> Relation {
        self.chosen.relation(whole)
    }

    /// Hands the steps over in manifest order. `target` is `None` while the directory is missing.
    ///
    /// # Errors
    /// The manifest is damaged, `each` failed, or a signal came.
    pub(super) fn run(
        &mut self,
        target: Option<&Arc<Dir>>,
        manifest: &mut StoredManifest,
        each: &mut dyn FnMut(Step) -> Result<()>,
        observer: &dyn Observer,
    ) -> Result<()> {
        let mut here = target.map(|root| Cursor::new(Arc::clone(root), true));
        let owners = OwnerMap::new(manifest.owners(), self.planner.powers.ownership);
        let mut root = Box::new(manifest.root().clone());
        owners.translate(&mut root);
        let mut root_change = match (target, self.relation(b"")) {
            (Some(target), Relation::Selected) if self.into.overwrite() != Overwrite::Never => {
                self.planner.root(target, &root)
            }
            _ => None,
        };
        let mount = target.and_then(|root| root.stat_self().ok());
        let mut first = true;
        loop {
            interrupt::check()?;
            let listing = manifest.next_listing()?;
            if listing.is_none() && !first {
                return Ok(());
            }
            let at_end = listing.is_none();
            let mut listing = listing.unwrap_or(Listing { dir: Box::default(), entries: Vec::new() });
            owners.translate_all(&mut listing);
            let mut own = self.planner.enter(&listing);
            if listing.dir.is_empty() {
                own = Some(root.clone());
            }
            let own = own.filter(|_| self.settles(&listing.dir));
            Counters::add(&observer.counters().entries, listing.entries.len() as u64);
            let mut step = self.directory(here.as_mut(), mount.as_ref(), listing);
            step.changes.extend(root_change.take());
            if let Some(step) = complete(step, own) {
                each(step)?;
            }
            if at_end {
                return Ok(());
            }
            first = false;
        }
    }

    /// Whether a directory that existed shows its recorded attributes again after the changes.
    fn settles(&self, dir: &[u8]) -> bool {
        self.into.overwrite() != Overwrite::Never && self.relation(dir) == Relation::Selected
    }

    fn directory(&mut self, here: Option<&mut Cursor>, mount: Option<&Stat>, listing: Listing) -> Step {
        let mut step = Step::new(&listing.dir);
        let wanted = match self.relation(&listing.dir) {
            Relation::Outside => return step,
            _ if self.planner.is_barred(&listing.dir) => return step,
            Relation::Selected => listing.entries,
            Relation::Above => {
                let asked =
                    |e: &Entry| self.relation(&path::join(&listing.dir, &e.name)) != Relation::Outside;
                listing.entries.into_iter().filter(asked).collect()
            }
        };
        let dir = match here.map(|here| here.at(&listing.dir)) {
            None | Some(Err(Errno::NOENT)) => None,
            Some(Ok(dir)) => Some(dir),
            Some(Err(errno)) => {
                self.planner.refused(&listing.dir, errno);
                self.planner.bar(&listing.dir);
                return step;
            }
        };
        let names = match &dir {
            None => HashSet::new(),
            Some(dir) => match self.look_around(dir, mount) {
                Ok(names) => names,
                Err(why) => {
                    self.planner.trouble(&listing.dir, why);
                    self.planner.bar(&listing.dir);
                    return step;
                }
            },
        };
        step.removals = self.leftovers(dir.as_deref(), &step.dir, &names);
        for entry in wanted {
            let whole = path::join(&listing.dir, &entry.name);
            let own = self.into.is_source() && *whole == *layout::EMU;
            if own || self.planner.leaves(entry.kind) || self.planner.is_barred(&whole) {
                self.planner.bar(&whole);
                continue;
            }
            let there = dir.as_ref().filter(|_| names.contains(&entry.name));
            let stat = match there.map(|dir| dir.stat_if_there(&entry.name)).transpose() {
                Ok(stat) => stat.flatten(),
                Err(errno) => {
                    self.planner.refused(&whole, errno);
                    self.planner.bar(&whole);
                    continue;
                }
            };
            let change = match (there, stat) {
                (Some(dir), Some(stat)) => self.meet(dir, &whole, &entry, stat),
                _ => {
                    let settled = self.planner.by_group(&whole, &entry, None);
                    settled.unwrap_or_else(|| Some(self.planner.create(&whole, &entry)))
                }
            };
            step.changes.extend(change);
        }
        step
    }

    /// The names in a directory of the target, unless it is none that may be changed.
    fn look_around(
        &self,
        dir: &Dir,
        mount: Option<&Stat>,
    ) -> std::result::Result<HashSet<Box<[u8]>>, String> {
        let stat = dir.stat_self().map_err(crate::error::errno_text)?;
        if self.skip.contains(&(stat.dev, stat.ino)) || super::target::is_sink(dir) {
            return Err("it is a sink".into());
        }
        let elsewhere = |root: &Stat| {
            if root.mount != 0 && stat.mount != 0 { root.mount != stat.mount } else { root.dev != stat.dev }
        };
        if self.into.is_source() && mount.is_some_and(elsewhere) {
            return Err("another file system is mounted there".into());
        }
        let items = dir.list().map_err(crate::error::errno_text)?;
        Ok(items.into_iter().map(|item| item.name).collect())
    }

    /// The temporary files that a clone before left.
    fn leftovers(&self, dir: Option<&Dir>, whole: &[u8], names: &HashSet<Box<[u8]>>) -> Vec<Change> {
        let (Some(before), Some(dir)) = (self.before, dir) else { return Vec::new() };
        let left = names.iter().filter(|name| name.starts_with(before.temporary.as_bytes()));
        let found = left.filter_map(|name| Some((name, dir.stat(name).ok()?)));
        found.map(|(name, stat)| change(&path::join(whole, name), How::Remove, None, Some(&stat))).collect()
    }

    /// Something stands there already.
    fn meet(&mut self, dir: &Dir, whole: &[u8], entry: &Entry, stat: Stat) -> Option<Change> {
        let both_dirs = stat.kind == Kind::Dir && entry.kind == Kind::Dir;
        if both_dirs && self.relation(whole) == Relation::Above {
            return None;
        }
        let mut seen = Seen::new(dir, &entry.name, stat);
        seen.learn(entry);
        let overwrite = self.into.overwrite();
        let in_the_way = (stat.kind == Kind::Dir) != (entry.kind == Kind::Dir);
        let stays = match overwrite {
            Overwrite::Never => true,
            Overwrite::IfNewer => entry.mtime <= stat.mtime,
            Overwrite::Always | Overwrite::IfChanged => false,
        };
        if in_the_way && !self.into.is_source() && (stays || stat.kind == Kind::Dir) {
            let what = if stat.kind == Kind::Dir { "a directory" } else { "something that is none" };
            self.planner.trouble(whole, format!("{what} stands there"));
            self.planner.bar(whole);
            return None;
        }
        if stays {
            self.left += u64::from(!both_dirs);
            if in_the_way {
                self.planner.bar(whole);
            }
            return None;
        }
        let alike = (stat.kind, stat.mtime) == (entry.kind, entry.mtime)
            && (stat.kind != Kind::File || stat.size == entry.size);
        if overwrite == Overwrite::IfChanged && alike && entry.kind == Kind::File {
            seen.assume(entry);
        }
        // A power cut leaves sizes and times of files whose bytes are lost.
        let trusted = self.before.is_some_and(Unfinished::is_of_this_boot);
        if trusted && entry.kind == Kind::File && (stat.size, stat.mtime) == (entry.size, entry.mtime) {
            seen.assume(entry);
        }
        if let Some(settled) = self.planner.by_group(whole, entry, Some(&stat)) {
            return settled;
        }
        let verdict = if stat.kind == Kind::Dir && entry.kind != Kind::Dir {
            Verdict::Replace
        } else {
            self.planner.compare(&mut seen, entry)
        };
        self.planner.conclude(whole, entry, &stat, verdict)
    }
}

/// The first of `paths` that the snapshot does not have.
///
/// # Errors
/// The manifest is damaged.
pub(super) fn first_missing<'a>(
    manifest: &mut StoredManifest,
    paths: &'a [Box<[u8]>],
) -> Result<Option<&'a [u8]>> {
    let mut missing: Vec<&[u8]> = paths.iter().map(|path| &**path).filter(|path| !path.is_empty()).collect();
    while let Some(listing) = manifest.next_listing()? {
        missing.retain(|wanted| match path::split(wanted) {
            Some((dir, name)) if *dir == *listing.dir => !listing.entries.iter().any(|e| *e.name == *name),
            _ => true,
        });
    }
    Ok(missing.first().copied())
}
