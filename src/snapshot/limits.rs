//! Decides when a push must not be trusted: an empty or foreign source, unread paths, a mass change, an
//! implausible time. Such a push removes no old snapshots (promise 5).

use super::feed::Met;
use super::lane::{Lane, Staged};
use super::survival::{self, Fresh};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::fs::Dir;
use crate::progress::Observer;
use crate::quote::quoted_path;
use crate::sink::node::{Churn, Counts, PathField};
use crate::sink::{Catalog, Node, Sink, Snapshot};
use crate::source::Source;
use crate::tree::{TreeRecord, Unread, path};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Above this many unread entries a snapshot is partial, whatever its size.
const MAX_UNREAD: u64 = 1000;

/// What the operator allows this once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Allowed {
    /// The source may be empty.
    pub empty: bool,
    /// The source may lie on another file system or machine than last time.
    pub moved: bool,
    /// The source may be less than half of what it was.
    pub shrunk: bool,
    /// Most files may have been removed or changed.
    pub churn: bool,
    /// The time may be far from the times of the snapshots before.
    pub clock: bool,
}

/// Refuses a source without any entry.
///
/// # Errors
/// [`crate::error::Kind::NotFound`]: it is probably not mounted.
pub fn check_empty(source: &Path, met: &Met, allowed: Allowed) -> Result<()> {
    if met.entries > 0 {
        return Ok(());
    }
    if met.top_level_failed.iter().any(|path| path.is_empty()) {
        return Err(Error::failed(format!("the source {} cannot be listed", quoted_path(source)))
            .because("nothing was saved and nothing removed")
            .hint("look at its permissions"));
    }
    if allowed.empty {
        return Ok(());
    }
    Err(Error::not_found(format!("the source {} is empty", quoted_path(source)))
        .because("it is probably not mounted; nothing was saved and nothing removed")
        .hint("if it is meant to be empty, push with --allow-empty"))
}

/// Refuses a source that lies elsewhere than when the parent was made.
///
/// # Errors
/// [`crate::error::Kind::NotFound`].
///
/// A sink is that machine's which adopted it, or which made the parent.
pub fn check_moved(
    source: &Source,
    (name, sink): (&str, &Sink),
    parent: Option<&Node>,
    source_fs: &str,
    allowed: Allowed,
) -> Result<()> {
    let Some(parent) = parent.filter(|_| !allowed.moved) else { return Ok(()) };
    let hint = "if that is right, push once with --allow-moved";
    if source.is_clone {
        return Err(Error::not_found(format!("cannot push the clone {}", quoted_path(&source.path)))
            .because("what it was cloned from may still be saved to the same sink")
            .hint(format!("if the sink is this clone's now: emu sink adopt {name}")));
    }
    let machine = crate::fs::machine_id();
    let owner = sink.info.machine.as_ref();
    if *owner.unwrap_or(&parent.machine) != machine {
        let why = match owner {
            Some(_) => "another machine has adopted the sink".to_owned(),
            None => format!("the last snapshot was made on {}", crate::quote::quoted(&parent.host)),
        };
        return Err(Error::not_found(format!("cannot push {} from this machine", quoted_path(&source.path)))
            .because(why)
            .hint(format!("if the sink is this machine's now: emu sink adopt {name}")));
    }
    if parent.machine != machine {
        return Ok(());
    }
    // Unknown on either side proves nothing; another kind of file system is another one.
    if !parent.source_fs.is_empty() && !source_fs.is_empty() && parent.source_fs != source_fs {
        return Err(Error::not_found(format!("the source {} has moved", quoted_path(&source.path)))
            .because("it lies on another file system than at the last push")
            .hint(hint));
    }
    Ok(())
}

/// A snapshot that lies further behind the one before is marked as misdated, in hours: 400 days.
const MAX_AHEAD_HOURS: i64 = 400 * 24;
/// So is one that lies further before it, in hours.
const MAX_BACK_HOURS: i64 = 24;
/// No clock that was set shows an earlier time: 2025-01-01.
const EARLIEST: i64 = 1_735_689_600;

/// What a staged tree is judged by.
pub struct Subject<'a> {
    /// The sink that it is staged in, and what that holds.
    pub sink: &'a Sink,
    /// What the sink holds.
    pub catalog: &'a Catalog,
    /// The lane that staged it, with the index of the parent snapshot.
    pub lane: &'a Lane,
    /// Directory of the staging.
    pub staging: &'a Dir,
    /// The tree.
    pub staged: &'a Staged,
    /// What the scan met.
    pub met: &'a Met,
    /// When the scan began, UTC.
    pub time: &'a str,
    /// A checkout of the source was interrupted.
    pub unfinished: bool,
    /// What is allowed this once.
    pub allowed: Allowed,
    /// Configuration.
    pub config: &'a Config,
    /// Takes warnings.
    pub observer: &'a dyn Observer,
}

/// Why a snapshot does not count as complete.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Marks {
    /// A path that the last complete snapshot has could not be read, or too many entries.
    pub partial: bool,
    /// Less than half is left of the last complete snapshot's entries or bytes.
    pub shrunk: bool,
    /// Most files of the last complete snapshot were removed or changed, and that was not allowed.
    pub churned: bool,
    /// The time is implausible.
    pub misdated: bool,
    /// What a mass change did.
    pub churn: Option<Churn>,
}

impl Subject<'_> {
    /// Judges the tree. Adds mounts that are gone to `unread`, and takes out what `push.unread-ok` names.
    pub fn judge(&self, counts: &mut Counts, unread: &mut Vec<Unread>) -> Marks {
        let before = self.catalog.baseline(self.sink).map(|snapshot| &snapshot.node);
        let lost_mounts = before.map(|before| self.lost_mounts(before)).unwrap_or_default();
        counts.unread += lost_mounts.len() as u64;
        unread.extend(lost_mounts);
        let accepted = self.config.unread_ok();
        let accepted = accepted.iter().map(|ok| ok.trim_start_matches("./").trim_matches('/'));
        // The root is no path below it: everything would be accepted.
        let accepted: Vec<&str> = accepted.filter(|ok| !ok.is_empty()).collect();
        let is_ok = |path: &[u8]| accepted.iter().any(|ok| path::is_within(path, ok.as_bytes()));
        let all = unread.len();
        unread.retain(|unread| !is_ok(&unread.path));
        counts.unread_ok = (all - unread.len()) as u64;
        counts.unread -= counts.unread_ok;
        let tree = &self.staged.sealed.tree;
        let top_level_failed = self.met.top_level_failed.iter().any(|path| !is_ok(path));
        let partial = self.unfinished
            || top_level_failed
            || is_much(counts.unread, tree)
            || before.is_some_and(|before| self.lacks_paths_of(before, unread));
        let is_smaller = before.is_some_and(|before| is_shrunk(tree, before));
        // What shrank is told by its size already.
        let churn = before.filter(|_| !is_smaller).and_then(|before| self.churn_since(before, counts));
        Marks {
            partial,
            shrunk: is_smaller && !self.allowed.shrunk,
            churned: churn.is_some() && !self.allowed.churn,
            misdated: !self.allowed.clock && is_misdated(self.time, &self.catalog.snapshots),
            churn,
        }
    }

    /// The parent's index, if the parent is this snapshot.
    fn index_of(&self, node: &Node) -> Option<&crate::sink::Index> {
        self.lane.index.as_deref().filter(|_| self.lane.parent_id.as_ref() == Some(&node.id))
    }

    /// Mount points of the last complete snapshot that hold something there and are none now: their
    /// content is missing, not deleted.
    fn lost_mounts(&self, before: &Node) -> Vec<Unread> {
        let gone = before.mounts.iter().filter_map(PathField::bytes);
        let stands = |path: &[u8]| {
            self.met.mounts.iter().any(|mount| **mount == *path) || self.met.excluded.covers(path)
        };
        let gone = gone.filter(|path| !self.allowed.moved && !stands(path));
        let held = gone.filter(|path| self.holds_any(before, &[&**path]));
        let text = "it was a mount point at the last complete snapshot and is none now (if that is right: --allow-moved)";
        held.map(|path| Unread { path, errno: 0, text: text.into() }).collect()
    }

    fn lacks_paths_of(&self, before: &Node, unread: &[Unread]) -> bool {
        let paths: Vec<&[u8]> = unread.iter().map(|unread| &*unread.path).collect();
        self.holds_any(before, &paths)
    }

    /// Whether a snapshot has one of these paths. One whose records cannot be read counts as having it.
    fn holds_any(&self, node: &Node, paths: &[&[u8]]) -> bool {
        survival::holds_any(self.sink, node, self.index_of(node), paths).unwrap_or_else(|error| {
            self.observer.warn(format!("cannot compare with the last complete snapshot: {error}"));
            true
        })
    }

    /// The mass change since a snapshot, if there is one.
    fn churn_since(&self, before: &Node, counts: &Counts) -> Option<Churn> {
        let limit = self.config.churn_limit();
        let now = Fresh { files: counts.files, bytes: self.staged.sealed.tree.bytes };
        let is_parent = self.index_of(before).is_some();
        if is_parent && !survival::may_be_churned(before, now, self.staged.fresh, limit) {
            return None;
        }
        let new = || self.sink.open_staged(self.staging);
        match self.sink.open_manifest(before).and_then(|before| survival::churn(before, new)) {
            Ok(churn) => Some(churn).filter(|churn| survival::is_mass_change(churn, limit)),
            Err(error) => {
                self.observer.warn(format!("cannot compare with the last complete snapshot: {error}"));
                Some(Churn::default())
            }
        }
    }
}

/// More than 1 % of the entries, or more than a thousand.
fn is_much(unread: u64, tree: &TreeRecord) -> bool {
    unread > MAX_UNREAD || unread.saturating_mul(100) > tree.entries
}

/// Whether less than half is left of a snapshot's entries or bytes.
fn is_shrunk(tree: &TreeRecord, before: &Node) -> bool {
    let before = before.manifest;
    tree.entries.saturating_mul(2) < before.entries || tree.bytes.saturating_mul(2) < before.bytes
}

/// Whether a time is implausible beside that of the newest snapshot with a plausible one.
fn is_misdated(time: &str, snapshots: &[Snapshot]) -> bool {
    let Ok(time) = time.parse::<jiff::Timestamp>() else { return true };
    if time.as_second() < EARLIEST {
        return true;
    }
    let before = snapshots.iter().rev().map(|snapshot| &snapshot.node).find(|node| !node.misdated);
    before.and_then(Node::timestamp).is_some_and(|before| {
        let hours = time.duration_since(before).as_hours();
        !(-MAX_BACK_HOURS..=MAX_AHEAD_HOURS).contains(&hours)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Digest;

    #[test]
    fn more_than_one_percent_unread_is_much() {
        let tree = |entries| TreeRecord { entries, bytes: 0, tree: Digest::of(b"") };
        assert!(!is_much(10, &tree(1000)));
        assert!(is_much(11, &tree(1000)));
        assert!(!is_much(1000, &tree(10_000_000)));
        assert!(is_much(1001, &tree(10_000_000)));
    }

    #[test]
    fn a_time_far_from_the_last_plausible_one_is_misdated() {
        let snapshot = |time: &str, misdated| Snapshot {
            node: Node { time: time.into(), misdated, ..Node::default() },
            pinned: false,
            pinned_until: None,
        };
        let one = [snapshot("2026-06-01T00:00:00Z", false)];
        for (time, is) in [
            ("2026-06-01T00:00:00Z", false),
            ("2026-05-31T00:00:00Z", false),
            ("2026-05-30T22:00:00Z", true),
            ("2027-07-06T00:00:00Z", false),
            ("2027-07-06T02:00:00Z", true),
            ("1970-01-02T00:00:00Z", true),
            ("no time", true),
        ] {
            assert_eq!(is_misdated(time, &one), is, "{time}");
        }
        // The second push with a wrong clock is compared with the last right one.
        let two = [snapshot("2026-06-01T00:00:00Z", false), snapshot("2036-06-01T00:00:00Z", true)];
        assert!(is_misdated("2036-06-01T01:00:00Z", &two));
        assert!(!is_misdated("2026-06-01T02:00:00Z", &two));
        // A first snapshot is compared with nothing.
        assert!(!is_misdated("2036-06-01T00:00:00Z", &[]));
        assert!(is_misdated("1970-01-01T00:00:09Z", &[]));
    }
}
