//! Lost manifests of which the very same bytes stand elsewhere: as that of another snapshot without a
//! change between, or as what the same push wrote in another sink. The node names its manifest by its
//! hash, and nothing has to be said anew.

use super::inode::Placer;
use super::{Outcome, Restored};
use crate::error::{Doing as _, Result};
use crate::interrupt;
use crate::restore::checkout::Others;
use crate::restore::verify::What;
use crate::sink::{Catalog, Node, Sink, SinkLock, layout};
use crate::tree::Digest;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

/// The stored manifest of a snapshot, for people and programs.
fn path_of(sink: &Sink, node: &Node) -> PathBuf {
    let folder = String::from_utf8_lossy(layout::MANIFESTS).into_owned();
    sink.path.join(".emu").join(folder).join(&node.id)
}

/// The manifests of a sink that are lost or damaged and stand elsewhere; with the sink's lock they
/// are put back.
///
/// # Errors
/// Interrupted; the sink cannot be written.
pub fn lost_manifests(
    sink: &Sink,
    catalog: &Catalog,
    others: &Others<'_>,
    lock: Option<&SinkLock>,
) -> Result<Vec<Restored>> {
    let mut lost = Vec::new();
    for node in catalog.snapshots.iter().map(|snapshot| &snapshot.node) {
        interrupt::check()?;
        if let Err(error) = sink.open_manifest(node) {
            lost.push((node, error.to_string()));
        }
    }
    if lost.is_empty() {
        return Ok(Vec::new());
    }
    let mut restored = Vec::new();
    let sinks: Vec<_> = [(sink, catalog)].into_iter().chain(others()).collect();
    let mut placer = lock.map(|lock| Placer::begin(sink, lock)).transpose()?;
    for (node, why) in lost {
        interrupt::check()?;
        if let Some((from, file)) = find(&sinks, node.manifest.sha256) {
            let is_good = match &mut placer {
                Some(placer) => put_back(sink, node, placer, &file)?,
                None => true,
            };
            if is_good {
                restored.push(Restored {
                    id: node.id.clone(),
                    what: What::Manifest,
                    why,
                    outcome: Outcome::From(from),
                });
            }
        }
    }
    if let Some(placer) = placer {
        placer.end()?;
    }
    Ok(restored)
}

/// A stored manifest with this hash.
fn find(sinks: &[(&Sink, &Catalog)], digest: Digest) -> Option<(PathBuf, OwnedFd)> {
    sinks.iter().find_map(|(sink, catalog)| {
        let nodes = catalog.snapshots.iter().rev().map(|snapshot| &snapshot.node);
        let mut sound =
            nodes.filter(|node| node.manifest.sha256 == digest && sink.open_manifest(node).is_ok());
        sound.find_map(|node| Some((path_of(sink, node), sink.stored_manifest(node).ok()?.into())))
    })
}

fn put_back(sink: &Sink, node: &Node, placer: &mut Placer, file: &OwnedFd) -> Result<bool> {
    let dir = sink.dir(layout::MANIFESTS)?;
    let put = placer.copy(file, node.manifest.sha256, &dir, node.id.as_bytes());
    let put = put.doing(|| format!("cannot put back the manifest of {}", node.short()))?;
    sink.make_durable(&dir)?;
    Ok(put)
}
