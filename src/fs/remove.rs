//! Removing a whole unlisted tree, however deep, whatever modes its directories have.

use super::{Dir, Errno, Item, Result};
use std::sync::Arc;

/// What a removal freed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Removal {
    /// Entries removed.
    pub entries: u64,
    /// Bytes that had no other name, by blocks.
    pub bytes: u64,
}

/// Deeper than this, a directory is first moved up beside the tree, so that few stay open.
const MAX_DEPTH: usize = 100;

struct Level {
    dir: Arc<Dir>,
    name: Box<[u8]>,
    items: std::vec::IntoIter<Item>,
}

/// Removes `name` in `parent` and all below it. Names that vanish meanwhile are no error.
///
/// Modes are changed of directories only, never of files, whose inodes other snapshots share.
///
/// # Errors
/// The system's; what is left can be removed later.
pub fn remove_tree(parent: &Dir, name: &[u8]) -> Result<Removal> {
    let mut freed = Removal::default();
    let mut queue: Vec<Box<[u8]>> = vec![name.into()];
    let mut moved = 0_u64;
    while let Some(name) = queue.pop() {
        let mut levels = match enter(parent, &name)? {
            Some(level) => vec![level],
            None => continue,
        };
        while let Some(level) = levels.last_mut() {
            let Some(item) = level.items.next() else {
                leave(parent, &mut levels, &mut freed)?;
                continue;
            };
            let dir = Arc::clone(&level.dir);
            let stat = match dir.stat_if_there(&item.name)? {
                Some(stat) => stat,
                None => continue,
            };
            if stat.kind != crate::tree::Kind::Dir {
                remove_name(&dir, &item.name)?;
                freed.entries += 1;
                freed.bytes += if stat.nlink == 1 { stat.blocks * 512 } else { 0 };
            } else if levels.len() < MAX_DEPTH {
                levels.extend(enter(&dir, &item.name)?);
            } else {
                moved += 1;
                let aside: Box<[u8]> = [&*name, format!(".{moved}").as_bytes()].concat().into();
                make_accessible(&dir, &item.name)?;
                match dir.rename(&item.name, parent, &aside) {
                    Err(Errno::ACCESS) => {
                        allow_changes(&dir)?;
                        dir.rename(&item.name, parent, &aside)?;
                    }
                    result => result?,
                }
                queue.push(aside);
            }
        }
    }
    Ok(freed)
}

fn enter(parent: &Dir, name: &[u8]) -> Result<Option<Level>> {
    let dir = match parent.open_dir(name) {
        Err(Errno::ACCESS) => {
            make_accessible(parent, name)?;
            parent.open_dir(name)?
        }
        Err(Errno::NOENT) => return Ok(None),
        Err(Errno::NOTDIR | Errno::LOOP) => {
            remove_name(parent, name)?;
            return Ok(None);
        }
        result => result?,
    };
    let items = match dir.list() {
        Err(Errno::ACCESS) => {
            make_accessible(parent, name)?;
            dir.list()?
        }
        result => result?,
    };
    Ok(Some(Level { dir: Arc::new(dir), name: name.into(), items: items.into_iter() }))
}

fn leave(parent: &Dir, levels: &mut Vec<Level>, freed: &mut Removal) -> Result<()> {
    let Some(level) = levels.pop() else { return Ok(()) };
    let above = levels.last().map_or(parent, |level| &level.dir);
    let result = match above.remove_dir(&level.name) {
        Err(Errno::ACCESS) => {
            allow_changes(above)?;
            above.remove_dir(&level.name)
        }
        result => result,
    };
    freed.entries += 1;
    match result {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(errno) => Err(errno),
    }
}

fn remove_name(dir: &Dir, name: &[u8]) -> Result<()> {
    match dir.remove_file(name) {
        Err(Errno::ACCESS) => {
            allow_changes(dir)?;
            dir.remove_file(name)
        }
        Err(Errno::NOENT) => Ok(()),
        result => result,
    }
}

fn make_accessible(parent: &Dir, name: &[u8]) -> Result<()> {
    parent.set_dir_mode(name, 0o700)
}

/// A held directory without write permission: given it, by its own descriptor.
fn allow_changes(dir: &Dir) -> Result<()> {
    rustix::fs::fchmod(dir.fd(), rustix::fs::Mode::from_raw_mode(0o700))
}
