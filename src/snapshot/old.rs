//! A tree that staging did not begin empty, directory by directory: what has no place in the new
//! tree goes, so that what stands under a name is of its kind. Which files may stay is decided
//! one by one when they are placed.

use super::lane::{Lane, attributes};
use super::plan::Target;
use super::stage::Batch;
use crate::fs::{self, Cursor, Dir, Errno};
use crate::tree::path;
use std::sync::Arc;

/// Makes a directory of the old tree ready for the entries that are planned in it.
pub(super) fn fit(lane: &Lane, dir: &Dir, at: usize, batch: &Batch) -> Result<(), Errno> {
    if let Some(own) = batch.sides().get(at).and_then(|side| side.own.as_ref()) {
        fs::fit_dir(dir, &attributes(own, lane.set_owner), lane.grain)?;
    }
    // Its mode is set when all below it stands.
    if dir.stat_self()?.mode & 0o700 != 0o700 {
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
pub(super) fn reach(tree: &mut Cursor, dir: &[u8]) -> Result<Arc<Dir>, Errno> {
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
