//! Spares: trees of retired snapshots, parked so that a later push begins with one instead of
//! linking every file. Which one, if any, is told by an estimate of calls; a parked tree rests
//! first, and is left alone while somebody is in it.

use crate::config::Retention;
use crate::error::{Doing as _, Result};
use crate::fs::{self, Dir, FsKind};
use crate::progress::{Event, Observer};
use crate::sink::{Catalog, Node, Sink, SinkLock, layout};
use serde::Deserialize;

/// More than so many are not kept.
const MOST: usize = 2;
/// What a link or an unlink costs beside a stat, on a journaling file system.
const CHANGE: u64 = 5;

/// A parked tree.
#[derive(Debug, Clone)]
pub struct Spare {
    /// The snapshot that it was.
    pub id: String,
    /// That snapshot's record and when it was retired, if that is still known.
    pub retired: Option<(Node, jiff::Timestamp)>,
}

#[derive(Deserialize)]
struct Removed {
    #[serde(flatten)]
    node: Node,
    removed: String,
}

/// The parked trees, newest first; those of which nothing is known come last.
///
/// # Errors
/// The sink cannot be read.
pub fn list(sink: &Sink) -> Result<Vec<Spare>> {
    let Some(dir) = folder(sink)? else { return Ok(Vec::new()) };
    let items = dir.list().doing(|| format!("cannot list {}", sink.inside(layout::SPARE)))?;
    let removed = sink.dir(layout::REMOVED)?;
    let read = |id: &str| {
        let content = fs::read_limited(&removed, id.as_bytes(), 16 << 20).ok()?;
        let Removed { node, removed } = serde_json::from_slice(&content).ok()?;
        Some((node, removed.parse().ok()?))
    };
    let ids = items.into_iter().filter_map(|item| String::from_utf8(item.name.into()).ok());
    let mut spares: Vec<Spare> = ids.map(|id| Spare { retired: read(&id), id }).collect();
    spares.sort_by_key(|spare| std::cmp::Reverse(spare.retired.as_ref().map(|(node, _)| node.seq)));
    Ok(spares)
}

/// The directory of spares; sinks of earlier days have none.
fn folder(sink: &Sink) -> Result<Option<Dir>> {
    match sink.emu().open_dir(layout::SPARE) {
        Err(fs::Errno::NOENT) => Ok(None),
        result => result.map(Some).doing(|| format!("cannot open {}", sink.inside(layout::SPARE))),
    }
}

/// Whether trees can be parked here at all: a spare is judged by its inodes.
pub fn is_possible(sink: &Sink) -> bool {
    !matches!(FsKind::of(sink.root()), FsKind::Fuse | FsKind::Network)
}

/// Parks the tree of a snapshot that is unlisted; an older spare goes to the trash for it.
///
/// # Errors
/// The system's; the tree may then stand in the trash or where it was.
pub(super) fn park(sink: &Sink, lock: &SinkLock, trees: &Dir, id: &str) -> Result<()> {
    let cannot = || format!("cannot park the tree of {id} in {}", sink.inside(layout::SPARE));
    let spares = sink.emu().ensure_dir(layout::SPARE, 0o700).doing(cannot)?;
    for spare in list(sink)?.iter().skip(MOST - 1) {
        discard(sink, lock, &spare.id)?;
    }
    trees.rename_new(id.as_bytes(), &spares, id.as_bytes()).doing(cannot)
}

/// Moves a spare to the trash. `false`: there is none of this name.
///
/// # Errors
/// The system's.
pub fn discard(sink: &Sink, _: &SinkLock, id: &str) -> Result<bool> {
    let cannot = || format!("cannot give up a spare in {}", sink.inside(layout::SPARE));
    let (Some(spares), trash) = (folder(sink)?, sink.dir(layout::TRASH)?) else { return Ok(false) };
    match spares.rename_new(id.as_bytes(), &trash, id.as_bytes()) {
        Err(fs::Errno::NOENT) => Ok(false),
        result => result.map(|()| true).doing(cannot),
    }
}

/// Moves all spares to the trash; returns how many there were.
///
/// # Errors
/// The system's.
pub fn discard_all(sink: &Sink, lock: &SinkLock) -> Result<usize> {
    let spares = list(sink)?;
    for spare in &spares {
        discard(sink, lock, &spare.id)?;
    }
    Ok(spares.len())
}

/// What a push begins with.
pub(super) enum Choice {
    /// The spare of this id.
    Spare(String),
    /// A fresh tree, and why.
    Fresh(&'static str),
}

/// The spare to begin with, if one is worth it.
///
/// # Errors
/// The sink cannot be read.
pub(super) fn choose(
    sink: &Sink,
    catalog: &Catalog,
    retention: &Retention,
    observer: &dyn Observer,
) -> Result<Choice> {
    let Some(head) = catalog.head().map(|head| &head.node) else {
        return Ok(Choice::Fresh("there is no snapshot yet"));
    };
    if !retention.spare {
        return Ok(Choice::Fresh("rotate.spare is false"));
    }
    if !is_possible(sink) {
        return Ok(Choice::Fresh("the file system is not one for spares"));
    }
    let spares = list(sink)?;
    if spares.is_empty() {
        return Ok(Choice::Fresh("there is no spare"));
    }
    let fresh = head.manifest.entries.saturating_mul(1 + CHANGE);
    let mut best: Option<(u64, String)> = None;
    for Spare { id, retired } in spares {
        let Some((node, since)) = retired else { continue };
        let short = node.short();
        let rested = crate::clock::now().duration_since(since).as_secs();
        if u64::try_from(rested).is_ok_and(|rested| rested < retention.spare_rest) || rested < 0 {
            observer.event(Event::Detail(format!("spare {short} still rests")));
            continue;
        }
        let cost = estimate(catalog, head, &node);
        observer.event(Event::Detail(format!(
            "spare {short}: about {cost} calls, {fresh} for a fresh tree (a change counts as {CHANGE})"
        )));
        if cost < fresh && best.as_ref().is_none_or(|(least, _)| cost < *least) {
            if fs::is_in_use(format!("/.emu/spare/{id}").as_bytes()) {
                observer.event(Event::Detail(format!("spare {short} is in use by another process")));
                continue;
            }
            best = Some((cost, id));
        }
    }
    Ok(best.map_or(Choice::Fresh("no spare is worth it now"), |(_, id)| Choice::Spare(id)))
}

/// About how many calls it takes to make a spare equal to HEAD: a stat for each entry, and four
/// changes for each entry that a push between the two copied (the old name goes, the new one
/// comes, and what was removed meanwhile is not counted anywhere).
fn estimate(catalog: &Catalog, head: &Node, spare: &Node) -> u64 {
    let (low, high) = (head.seq.min(spare.seq), head.seq.max(spare.seq));
    let between = catalog.snapshots.iter().map(|snapshot| &snapshot.node);
    let known: Vec<u64> = between
        .chain([spare])
        .filter(|node| node.seq > low && node.seq <= high)
        .map(|node| node.counts.copied + node.counts.moved)
        .collect();
    let changed: u64 = known.iter().sum();
    // Snapshots that are gone by now changed as much as those that are known.
    let changed = changed.saturating_mul(high - low) / (known.len() as u64).max(1);
    let grown = head.manifest.entries.abs_diff(spare.manifest.entries);
    spare.manifest.entries.saturating_add(changed.max(grown).saturating_mul(4 * CHANGE))
}
