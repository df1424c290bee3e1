//! Puts back missing or damaged exclusions of snapshots.
//!
//! The node has their digest. If another snapshot, of this sink or of another one, has the same exclusions,
//! the file is copied from there.

use super::inode::Placer;
use super::{Outcome, Restored};
use crate::error::{Doing as _, Result};
use crate::interrupt;
use crate::restore::checkout::Others;
use crate::restore::verify::What;
use crate::sink::{Catalog, Node, Sink, SinkLock, layout};
use std::os::fd::OwnedFd;
use std::path::PathBuf;

/// Finds exclusions that are missing or damaged; with the sink's lock, puts back those that another snapshot
/// has.
///
/// # Errors
/// Interrupted; the sink cannot be written.
pub fn lost_exclusions(
    sink: &Sink,
    catalog: &Catalog,
    others: &Others<'_>,
    lock: Option<&SinkLock>,
) -> Result<Vec<Restored>> {
    let mut restored = Vec::new();
    for node in catalog.snapshots.iter().map(|snapshot| &snapshot.node) {
        interrupt::check()?;
        let Err(error) = sink.excluded(node) else { continue };
        let sinks: Vec<_> = [(sink, catalog)].into_iter().chain(others()).collect();
        let found = match find(&sinks, node) {
            Some((path, file)) if put_back(sink, node, &file, lock)? => Some(path),
            _ => None,
        };
        let outcome = match found {
            Some(path) => Outcome::From(path),
            None => Outcome::Left("no other snapshot has the same record".to_owned()),
        };
        let (id, why) = (node.id.clone(), error.to_string());
        restored.push(Restored { id, what: What::Excluded, why, outcome });
    }
    Ok(restored)
}

/// Finds an undamaged file with the digest that the node has.
fn find(sinks: &[(&Sink, &Catalog)], wanted: &Node) -> Option<(PathBuf, OwnedFd)> {
    sinks.iter().find_map(|(sink, catalog)| {
        let nodes = catalog.snapshots.iter().rev().map(|snapshot| &snapshot.node);
        let is_it = |node: &&Node| node.excluded == wanted.excluded && sink.excluded(node).is_ok();
        let node = nodes.into_iter().find(is_it)?;
        let file = sink.emu().open_dir(layout::EXCLUDED).and_then(|dir| dir.open_file(node.id.as_bytes()));
        let folder = String::from_utf8_lossy(layout::EXCLUDED).into_owned();
        Some((sink.path.join(".emu").join(folder).join(&node.id), file.ok()?))
    })
}

/// Copies the file; `false` if the copy does not have the digest. Without a lock nothing is done.
fn put_back(sink: &Sink, node: &Node, file: &OwnedFd, lock: Option<&SinkLock>) -> Result<bool> {
    let (Some(lock), Some(known)) = (lock, node.excluded) else { return Ok(true) };
    let cannot = || format!("cannot put back what {} was told to leave out", node.short());
    let dir = sink.emu().ensure_dir(layout::EXCLUDED, 0o700).doing(cannot)?;
    let mut placer = Placer::begin(sink, lock)?;
    let copied = placer.copy(file, known.sha256, &dir, node.id.as_bytes());
    placer.end()?;
    let is_good = copied.doing(cannot)?;
    sink.make_durable(&dir)?;
    Ok(is_good)
}
