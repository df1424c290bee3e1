//! Snapshots that somebody wants removed: the whole list is checked before anything goes.

use super::remove::{self, Fate};
use crate::error::{Error, Result};
use crate::sink::{Catalog, Node, Sink, SinkLock};

/// What is to go, and where HEAD moves for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pruning {
    /// Snapshots to remove, oldest first.
    pub going: Vec<Node>,
    /// The snapshot that HEAD moves to, if its own goes.
    pub head: Option<Node>,
}

/// What a removal did.
#[derive(Debug, Default)]
pub struct Pruned {
    /// Snapshots that were taken out of the list.
    pub removed: Vec<Node>,
    /// Snapshots that stay because somebody reads them.
    pub in_use: Vec<Node>,
}

/// Whether snapshots that are worth a second thought may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Force {
    /// HEAD, what is pinned, and the last complete snapshot stay.
    No,
    /// They go if they are named.
    Yes,
}

/// Checks a list of full ids and plans their removal.
///
/// # Errors
/// One is not there, or must not go. [`crate::error::Kind::NotFound`] for the first,
/// [`crate::error::Kind::Failed`] for the others, with all of them named.
pub fn plan(sink: &Sink, catalog: &Catalog, ids: &[String], force: Force) -> Result<Pruning> {
    if let Some(id) = ids.iter().find(|id| catalog.get(id).is_none()) {
        let error = Error::not_found(format!("no snapshot {id}"));
        return Err(match catalog.damaged.iter().find(|damaged| damaged.id == *id) {
            Some(damaged) => error.because(format!("it is damaged, and kept for repair: {}", damaged.why)),
            None => error.hint("`emu log` lists all snapshots"),
        });
    }
    let goes = |id: &str| ids.iter().any(|going| going == id);
    let going: Vec<&crate::sink::Snapshot> =
        catalog.snapshots.iter().filter(|snapshot| goes(&snapshot.node.id)).collect();
    if going.len() == catalog.snapshots.len() && !going.is_empty() {
        let last = "it would leave no snapshot at all";
        return Err(Error::failed("cannot remove the last snapshot of a sink").because(last).hint(
            "to give up the sink with all that is in it: `emu sink rm`, then remove its directory with other tools",
        ));
    }
    let complete = catalog.last_complete(sink).map(|snapshot| snapshot.node.id.clone());
    let mut reasons = Vec::new();
    for snapshot in going.iter().filter(|_| force == Force::No) {
        let id = Some(&snapshot.node.id);
        let kept = [
            (catalog.head.as_ref() == id, "is HEAD"),
            (snapshot.pinned, "is pinned"),
            (complete.as_ref() == id, "is the last complete one"),
        ];
        let why: Vec<&str> = kept.into_iter().filter(|(holds, _)| *holds).map(|(_, why)| why).collect();
        if !why.is_empty() {
            reasons.push(format!("{} {}", snapshot.node.short(), why.join(" and ")));
        }
    }
    if !reasons.is_empty() {
        return Err(Error::failed("nothing is removed")
            .because(reasons.join("; "))
            .hint("--force removes it all the same"));
    }
    let head = catalog.head().filter(|head| goes(&head.node.id)).and_then(|head| {
        let ancestors = catalog.ancestors(&head.node).into_iter();
        let others = catalog.snapshots.iter().rev();
        ancestors.chain(others).find(|snapshot| !goes(&snapshot.node.id))
    });
    Ok(Pruning {
        going: going.into_iter().map(|snapshot| snapshot.node.clone()).collect(),
        head: head.map(|snapshot| snapshot.node.clone()),
    })
}

/// Takes snapshots out of the list; their trees go to the trash.
///
/// # Errors
/// The sink's; what was removed by then is removed, and the next command goes on.
pub fn apply(
    sink: &Sink,
    lock: &SinkLock,
    catalog: &Catalog,
    pruning: &Pruning,
    reason: &str,
) -> Result<Pruned> {
    let mut pruned = Pruned::default();
    let is_going = |id: &str| pruning.going.iter().any(|node| node.id == id);
    let left = || catalog.snapshots.iter().rev().map(|snapshot| &snapshot.node);
    let newest = left().find(|node| !is_going(&node.id)).map(|node| node.id.as_str());
    // HEAD leads to a snapshot at any time.
    if let Some(head) = &pruning.head {
        sink.set_head(lock, &head.id)?;
    }
    for node in &pruning.going {
        if remove::unpublish(sink, lock, node, reason, newest, Fate::Trash)? {
            pruned.removed.push(node.clone());
            continue;
        }
        if pruning.head.is_some() && catalog.head.as_ref() == Some(&node.id) {
            sink.set_head(lock, &node.id)?;
        }
        pruned.in_use.push(node.clone());
    }
    // The newest of those that are being read is newer than what `latest` leads to now.
    let newest = left().find(|node| pruned.removed.iter().all(|gone| gone.id != node.id));
    if let Some(newest) = newest.filter(|node| is_going(&node.id)) {
        sink.set_latest(lock, &newest.id)?;
    }
    Ok(pruned)
}
