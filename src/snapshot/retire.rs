//! Rotation applied: the policy's verdicts, what holds them back, and room made where it is asked
//! for. What is removed goes to the trash; deleting it comes later and needs no lock.

use super::remove::{self, Fate};
use super::rotate::{self, Action, Candidate, Verdict};
use super::spare;
use crate::config::Retention;
use crate::error::{Doing as _, Error, Result};
use crate::fs;
use crate::progress::Observer;
use crate::quote::quoted_path;
use crate::sink::{Catalog, Node, Sink, SinkLock, Soundness, layout};
use crate::tree::policy::{MinFree, Policy};
use serde::{Deserialize, Serialize};

/// What a rotation did.
#[derive(Debug, Default)]
pub struct Rotated {
    /// Keep or remove, with reasons, for every snapshot; newest first.
    pub verdicts: Vec<Verdict>,
    /// Snapshots that were taken out of the list.
    pub removed: Vec<Node>,
    /// Why nothing was removed although the policy says so.
    pub held_back: Option<String>,
    /// Snapshots that stay because somebody reads them.
    pub in_use: Vec<String>,
    /// The sink has less room than `min-free` asks for, and no snapshot may go for it.
    pub short_of_room: bool,
}

/// Who applies the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// After a push: a policy that changed and would remove much is held back.
    Push,
    /// The operator asked for it.
    Command,
}

#[derive(Debug, Serialize, Deserialize)]
struct LastRotation {
    v: u32,
    policy: Policy,
    at: String,
}

/// The verdicts of a policy on what the sink holds. Nothing is changed.
///
/// # Errors
/// The policy would keep nothing.
pub fn verdicts(sink: &Sink, catalog: &Catalog, retention: &Retention) -> Result<Vec<Verdict>> {
    if retention.policy.keeps_nothing() {
        return Err(Error::usage("cannot rotate")
            .because(format!("the policy of {} keeps nothing", retention.origin))
            .hint("set at least one keep- key in [rotate] above 0"));
    }
    let zone = jiff::tz::TimeZone::system();
    Ok(rotate::decide(&candidates(sink, catalog), &retention.policy, crate::clock::now(), &zone))
}

fn candidates(sink: &Sink, catalog: &Catalog) -> Vec<Candidate> {
    let sound = Soundness::of(sink);
    let candidate = |snapshot: &crate::sink::Snapshot| Candidate {
        id: snapshot.node.id.clone(),
        seq: snapshot.node.seq,
        time: snapshot.node.timestamp().unwrap_or(jiff::Timestamp::UNIX_EPOCH),
        head: catalog.head.as_deref() == Some(&snapshot.node.id),
        pinned: snapshot.pinned,
        partial: !snapshot.node.is_complete(),
        protected: sound.damage(&snapshot.node).is_some(),
    };
    catalog.snapshots.iter().map(candidate).collect()
}

/// Applies the policy.
///
/// # Errors
/// The policy keeps nothing, or the sink fails.
pub fn rotate(
    sink: &Sink,
    lock: &SinkLock,
    retention: &Retention,
    occasion: Occasion,
    observer: &dyn Observer,
) -> Result<Rotated> {
    let catalog = Catalog::read(sink)?;
    let mut rotated = Rotated { verdicts: verdicts(sink, &catalog, retention)?, ..Rotated::default() };
    let differs = last_policy(sink).is_none_or(|last| last != retention.policy);
    if occasion == Occasion::Push
        && differs
        && rotate::too_much(&candidates(sink, &catalog), &rotated.verdicts)
    {
        let count = rotated.verdicts.iter().filter(|verdict| verdict.action == Action::Remove).count();
        rotated.held_back = Some(format!("the retention policy is new and would remove {count} snapshots"));
        return Ok(rotated);
    }
    note_policy(sink, &retention.policy, differs)?;
    let going: Vec<String> = rotated
        .verdicts
        .iter()
        .filter(|verdict| verdict.action == Action::Remove)
        .map(|verdict| verdict.id.clone())
        .rev()
        .collect();
    // Whoever asks for a rotation wants the room.
    let parks = occasion == Occasion::Push && retention.spare && spare::is_possible(sink);
    for (at, id) in going.iter().enumerate() {
        // The newest of them is the nearest to what comes.
        let is_known = catalog.get(id).is_some_and(|snapshot| snapshot.node.recovered.is_none());
        let fate = if parks && is_known && at + 1 == going.len() { Fate::Park } else { Fate::Trash };
        take_out(sink, lock, &catalog, id, ("retention policy", fate), &mut rotated)?;
    }
    if !retention.spare {
        spare::discard_all(sink, lock)?;
    }
    if let Some(min_free) = retention.min_free {
        make_room(sink, lock, retention, min_free, &mut rotated, observer)?;
    }
    Ok(rotated)
}

fn take_out(
    sink: &Sink,
    lock: &SinkLock,
    catalog: &Catalog,
    id: &str,
    (reason, fate): (&str, Fate),
    rotated: &mut Rotated,
) -> Result<bool> {
    let Some(snapshot) = catalog.get(id) else { return Ok(false) };
    let newest = catalog.snapshots.last().map(|snapshot| snapshot.node.id.as_str());
    let gone = remove::unpublish(sink, lock, &snapshot.node, reason, newest, fate)?;
    if gone {
        rotated.removed.push(snapshot.node.clone());
    } else {
        rotated.in_use.push(id.to_owned());
    }
    Ok(gone)
}

fn last_policy(sink: &Sink) -> Option<Policy> {
    let content = fs::read_limited(sink.emu(), layout::ROTATION, 1 << 16).ok()?;
    serde_json::from_slice::<LastRotation>(&content).ok().map(|last| last.policy)
}

fn note_policy(sink: &Sink, policy: &Policy, differs: bool) -> Result<()> {
    if !differs {
        return Ok(());
    }
    let at = crate::clock::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let cannot = || format!("cannot write {}", sink.inside(layout::ROTATION));
    let text =
        serde_json::to_string(&LastRotation { v: 1, policy: policy.clone(), at }).doing(cannot)? + "\n";
    sink.with_room(|| fs::replace_file(sink.emu(), layout::ROTATION, text.as_bytes())).doing(cannot)
}

/// How much is missing: bytes, and inodes where their number is fixed.
fn missing(sink: &Sink, min_free: MinFree) -> Result<u64> {
    let space = fs::space(sink.root()).doing(|| format!("cannot measure {}", quoted_path(&sink.path)))?;
    let (bytes, inodes) = match min_free {
        MinFree::Bytes(bytes) => (bytes, 0),
        MinFree::Percent(percent) => (part(space.total, percent), part(space.inodes, percent)),
    };
    let inodes_missing = inodes.saturating_sub(space.inodes_free);
    Ok(bytes.saturating_sub(space.available).max(inodes_missing))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share of a disk needs no exact arithmetic"
)]
fn part(total: u64, percent: f64) -> u64 {
    (total as f64 * percent / 100.0) as u64
}

/// One snapshot after the other, each deleted wholly and measured, until there is room.
fn make_room(
    sink: &Sink,
    lock: &SinkLock,
    retention: &Retention,
    min_free: MinFree,
    rotated: &mut Rotated,
    observer: &dyn Observer,
) -> Result<()> {
    let measure = || {
        remove::empty_trash(sink)?;
        fs::sync_fs(sink.root().fd()).doing(|| format!("cannot sync {}", quoted_path(&sink.path)))?;
        missing(sink, min_free)
    };
    if missing(sink, min_free)? == 0 {
        return Ok(());
    }
    spare::discard_all(sink, lock)?;
    let mut lacking = measure()?;
    // Somebody else is freeing room right now: what that brings cannot be measured yet.
    if lacking > 0 && remove::empty_trash(sink)?.is_none() {
        rotated.short_of_room = true;
        return Ok(());
    }
    let catalog = Catalog::read(sink)?;
    let zone = jiff::tz::TimeZone::system();
    let mut poor = 0;
    for id in rotate::space_candidates(&candidates(sink, &catalog), &zone, retention.min_keep) {
        if lacking == 0 {
            return Ok(());
        }
        if !take_out(sink, lock, &catalog, &id, ("room for min-free", Fate::Trash), rotated)? {
            continue;
        }
        let before = lacking;
        lacking = measure()?;
        poor = if before.saturating_sub(lacking) * 100 < before { poor + 1 } else { 0 };
        if poor == 2 {
            break;
        }
    }
    if lacking > 0 {
        rotated.short_of_room = true;
        observer.warn(format!(
            "{} has less room than min-free asks for, and removing more snapshots would not help enough",
            quoted_path(&sink.path)
        ));
    }
    Ok(())
}
