//! A tree that staging did not begin empty, directory by directory: what has no place in the new
//! tree goes, so that what stands under a name is of its kind. Which files may stay is decided
//! one by one when they are placed.

use super::lane::{Lane, attributes};
use super::plan::Target;
use super::stage::Batch;
use crate::fs::{self, Attributes, Cursor, Dir, Errno};
use crate::tree::path;
use std::sync::Arc;

/// A directory of at most so many bytes is small enough whatever it holds.
const SMALL: u64 = 16 * 1024;

/// Makes a directory of the old tree ready for the entries that are planned in it.
///
/// # Errors
/// The system's.
pub(super) fn fit(lane: &Lane, tree: &mut Cursor, at: usize, batch: &Batch) -> Result<Arc<Dir>, Errno> {
    let dir = reach(tree, &batch.path)?;
    let too_large = clear(lane, &dir, at, batch)?;
    let Some((above, name)) = path::split(&batch.path).filter(|_| too_large) else { return Ok(dir) };
    tree.forget(&batch.path);
    let above = tree.at(above)?;
    renew(lane, &above, name, &dir)?;
    tree.at(&batch.path)
}

/// Takes away what has no place in the directory. `true`: it is much larger than its names need.
fn clear(lane: &Lane, dir: &Dir, at: usize, batch: &Batch) -> Result<bool, Errno> {
    let own = batch.sides().get(at).and_then(|side| side.own.as_ref());
    if let Some(own) = own {
        fs::fit_dir(dir, &attributes(own, lane.set_owner), lane.grain)?;
    }
    // Its mode is set when all below it stands.
    let stat = dir.stat_self()?;
    if stat.mode & 0o700 != 0o700 {
        fs::open_up(dir)?;
    }
    fs::drop_default_acl(dir)?;
    let plans: Vec<_> = batch.plans.iter().filter_map(|plans| plans[at].as_ref()).collect();
    for item in dir.list()? {
        let found = plans.binary_search_by(|plan| plan.entry.name.cmp(&item.name)).ok();
        let stays = found.is_some_and(|found| (plans[found].target == Target::Dir) == item.is_dir);
        if !stays {
            set_aside(lane, dir, &item.name, item.is_dir)?;
        }
    }
    // Directories of ext4 never shrink: an entry takes 8 bytes and its name, rounded up.
    let needed: u64 = plans.iter().map(|plan| 12 + plan.entry.name.len() as u64).sum();
    // Making it anew changes the one above, whose times are set in the end only if that is placed.
    Ok(own.is_none() && stat.size > SMALL.max(4 * needed))
}

/// Makes a directory anew in place of one that is far too large. The directories in it move over;
/// files are linked again.
fn renew(lane: &Lane, parent: &Dir, name: &[u8], old: &Dir) -> Result<(), Errno> {
    let Some(aside) = &lane.aside else { return Ok(()) };
    let stat = old.stat_self()?;
    let xattrs = fs::read_xattrs(old, b"")?;
    let (owner, set_owner) = ((stat.uid, stat.gid), lane.set_owner);
    let want = Attributes { mode: stat.mode, owner, set_owner, mtime: stat.mtime, xattrs: &xattrs };
    aside.take(parent, name)?;
    parent.make_dir(name, 0o700)?;
    let new = parent.open_dir(name)?;
    fs::prepare_dir(&new, &want, lane.grain)?;
    for item in old.list()?.iter().filter(|item| item.is_dir) {
        match old.rename_new(&item.name, &new, &item.name) {
            Err(Errno::ACCESS) => {
                old.set_dir_mode(&item.name, 0o700)?;
                old.rename_new(&item.name, &new, &item.name)?;
            }
            moved => moved?,
        }
    }
    Ok(())
}

fn set_aside(lane: &Lane, dir: &Dir, name: &[u8], is_dir: bool) -> Result<(), Errno> {
    let Some(aside) = &lane.aside else { return Err(Errno::EXIST) };
    if is_dir {
        return aside.take(dir, name);
    }
    match dir.remove_file(name) {
        // A file system that does not tell kinds in its listings.
        Err(Errno::ISDIR | Errno::PERM) => aside.take(dir, name),
        result => result,
    }
}

/// The directory of the old tree at `dir`, whatever its mode: where nothing changed above, nobody
/// has opened it yet.
fn reach(tree: &mut Cursor, dir: &[u8]) -> Result<Arc<Dir>, Errno> {
    match (tree.at(dir), path::split(dir)) {
        (Err(Errno::ACCESS), Some((above, name))) => {
            open(&*tree.at(above)?, name)?;
            tree.at(dir)
        }
        (result, _) => result,
    }
}

/// Opens a directory of the old tree, whatever its mode.
pub(super) fn open(parent: &Dir, name: &[u8]) -> Result<Dir, Errno> {
    match parent.open_dir(name) {
        Err(Errno::ACCESS) => {
            parent.set_dir_mode(name, 0o700)?;
            parent.open_dir(name)
        }
        result => result,
    }
}
