//! Rotation applied: the policy's verdicts, what holds them back, and room made where it is asked
//! for. What is removed goes to the trash; deleting it comes later and needs no lock.

use super::remove::{self, Fate, Heirs};
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
pub enum Occasion<'a> {
    /// After a push that made the snapshot with this id: what might be a mistake is held back.
    Push(&'a str),
    /// The operator asked for it, with the configured policy.
    Command,
    /// The operator asked for it, with a policy for this run alone.
    Once,
}

/// The policy that was applied last; stands in `.emu/rotation`.
#[derive(Debug, Serialize, Deserialize)]
struct LastRotation {
    v: u32,
    policy: Policy,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    min_free: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    min_keep: Option<u64>,
    /// Snapshots that the policy does not keep, and that were in use, pinned or held.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    due: Vec<String>,
    at: String,
}

impl LastRotation {
    fn new(retention: &Retention, due: &[String]) -> LastRotation {
        LastRotation {
            v: 1,
            policy: retention.policy.clone(),
            min_free: retention.min_free.map(|free| free.to_string()),
            min_keep: retention.min_keep,
            due: due.to_vec(),
            at: crate::clock::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        }
    }

    fn is_of(&self, retention: &Retention) -> bool {
        let min_free = retention.min_free.map(|free| free.to_string());
        self.policy == retention.policy
            && self.min_free == min_free
            && (self.min_free.is_none() || self.min_keep == retention.min_keep)
    }
}

/// The verdicts of a policy on what the sink holds, for a command. Nothing is changed.
///
/// # Errors
/// The policy would keep nothing.
pub fn verdicts(sink: &Sink, catalog: &Catalog, retention: &Retention) -> Result<Vec<Verdict>> {
    decide(sink, catalog, retention, None)
}

/// The same, after a push that made `just_pushed`.
fn decide(
    sink: &Sink,
    catalog: &Catalog,
    retention: &Retention,
    just_pushed: Option<&str>,
) -> Result<Vec<Verdict>> {
    if retention.policy.keeps_nothing() {
        return Err(Error::usage("cannot rotate")
            .because(format!("the policy of {} keeps nothing", retention.origin))
            .hint("set at least one keep- key in [rotate] above 0"));
    }
    let zone = jiff::tz::TimeZone::system();
    let candidates = candidates(sink, catalog);
    let from = rotate::reference(&candidates, just_pushed, crate::clock::now());
    Ok(rotate::decide(&candidates, &retention.policy, from, &zone))
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
        misdated: snapshot.node.misdated,
        churned: snapshot.node.churn.is_some(),
        protected: sound.damage(&snapshot.node).is_some(),
    };
    catalog.snapshots.iter().map(candidate).collect()
}

/// Whether there is less room now than `min-free` asks for, and which snapshots may go for it beside
/// those that the policy removes, in this order; `None` where it is off. Nothing is changed.
///
/// # Errors
/// The room cannot be measured.
pub fn for_room(
    sink: &Sink,
    catalog: &Catalog,
    retention: &Retention,
    verdicts: &[Verdict],
) -> Result<Option<(bool, Vec<String>)>> {
    let Some(min_free) = retention.min_free else { return Ok(None) };
    let stays = |id: &str| !verdicts.iter().any(|one| one.id == id && one.action == Action::Remove);
    let left: Vec<Candidate> = candidates(sink, catalog).into_iter().filter(|one| stays(&one.id)).collect();
    let order = for_space(&left, retention, None);
    Ok(Some((missing(sink, min_free)? > 0, order)))
}

/// The snapshots that may go for room, in this order.
fn for_space(candidates: &[Candidate], retention: &Retention, just_pushed: Option<&str>) -> Vec<String> {
    let from = rotate::reference(candidates, just_pushed, crate::clock::now());
    rotate::space_candidates(candidates, from, &jiff::tz::TimeZone::system(), retention.min_keep)
}

/// Why a push does not apply the policy, if it does not.
fn held_back(
    sink: &Sink,
    catalog: &Catalog,
    retention: &Retention,
    verdicts: &[Verdict],
) -> Result<Option<String>> {
    let going = verdicts.iter().filter(|verdict| verdict.action == Action::Remove).count() as u64;
    let last = last_rotation(sink);
    // In a sink with one snapshot nothing can be lost: its first policy needs no confirmation.
    let is_first = last.is_none() && catalog.snapshots.len() <= 1;
    if !is_first && last.as_ref().is_none_or(|last| !last.is_of(retention)) {
        let is_short = match retention.min_free {
            Some(min_free) => missing(sink, min_free)? > 0,
            None => false,
        };
        let policy = format!("{} ({})", retention.policy.describe(), retention.origin);
        let why = match last {
            Some(last) => {
                format!("the retention policy is now {policy}; applied last was {}", last.policy.describe())
            }
            None => format!("the retention policy, {policy}, has not been applied to this sink before"),
        };
        return Ok((going > 0 || is_short).then(|| format!("{why}; no old snapshots were removed")));
    }
    let due = last.map(|last| last.due).unwrap_or_default();
    let candidates = candidates(sink, catalog);
    let many = rotate::too_many(&candidates, verdicts, &due).zip(rotate::pause(&candidates, verdicts));
    Ok(many.map(|(many, days)| {
        format!(
            "after {days} days without a push the retention policy would remove {many} snapshots at once, and the clock may be wrong; no old snapshots were removed"
        )
    }))
}

/// Records the policy of a sink whose first snapshot is not complete, so that the first rotation applies
/// it without asking.
///
/// # Errors
/// The sink cannot be written.
pub fn adopt_policy(sink: &Sink, _: &SinkLock, retention: &Retention) -> Result<()> {
    if last_rotation(sink).is_none() { note_rotation(sink, retention, &[]) } else { Ok(()) }
}

/// Applies the policy.
///
/// # Errors
/// The policy keeps nothing, or the sink fails.
pub fn rotate(
    sink: &Sink,
    lock: &SinkLock,
    retention: &Retention,
    occasion: Occasion<'_>,
    observer: &dyn Observer,
) -> Result<Rotated> {
    let catalog = Catalog::read(sink)?;
    let just_pushed = match occasion {
        Occasion::Push(id) => Some(id),
        Occasion::Command | Occasion::Once => None,
    };
    let verdicts = decide(sink, &catalog, retention, just_pushed)?;
    let mut rotated = Rotated { verdicts, ..Rotated::default() };
    if let Some(id) = just_pushed {
        let is_complete = catalog.get(id).is_none_or(|pushed| pushed.node.is_complete());
        rotated.held_back = match is_complete {
            true => held_back(sink, &catalog, retention, &rotated.verdicts)?,
            false => Some("the newest snapshot is not complete; no old snapshots were removed".into()),
        };
        let confirmed = last_rotation(sink).is_none_or(|last| last.is_of(retention));
        if rotated.held_back.is_some() || !confirmed {
            return Ok(rotated);
        }
    }
    let held = rotated.verdicts.iter().filter(|verdict| verdict.is_due_later());
    let mut due: Vec<String> = held.map(|verdict| verdict.id.clone()).collect();
    // Before the first removal: after a crash the next push goes on with the same policy.
    if occasion != Occasion::Once {
        note_rotation(sink, retention, &due)?;
    }
    let going: Vec<String> = rotated
        .verdicts
        .iter()
        .filter(|verdict| verdict.action == Action::Remove)
        .map(|verdict| verdict.id.clone())
        .rev()
        .collect();
    // Whoever asks for a rotation wants the room.
    let parks = just_pushed.is_some() && retention.spare && spare::is_possible(sink);
    for (at, id) in going.iter().enumerate() {
        // The newest of them is the nearest to what comes.
        let is_known = catalog.get(id).is_some_and(|snapshot| snapshot.node.recovered.is_none());
        let fate = if parks && is_known && at + 1 == going.len() { Fate::Park } else { Fate::Trash };
        take_out(sink, lock, &catalog, id, ("retention policy", fate), &mut rotated)?;
    }
    if occasion != Occasion::Once && !rotated.in_use.is_empty() {
        due.extend(rotated.in_use.iter().cloned());
        note_rotation(sink, retention, &due)?;
    }
    if !retention.spare {
        spare::discard_all(sink, lock)?;
    }
    if let Some(min_free) = retention.min_free {
        make_room(sink, lock, retention, (min_free, just_pushed), &mut rotated, observer)?;
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
    let heirs = Heirs { latest: newest, head: None };
    let gone = remove::unpublish(sink, lock, &snapshot.node, reason, heirs, fate)?;
    if gone {
        rotated.removed.push(snapshot.node.clone());
    } else {
        rotated.in_use.push(id.to_owned());
    }
    Ok(gone)
}

fn last_rotation(sink: &Sink) -> Option<LastRotation> {
    let content = fs::read_limited(sink.emu(), layout::ROTATION, 1 << 16).ok()?;
    serde_json::from_slice(&content).ok()
}

/// Writes down which policy was applied, unless that is known.
fn note_rotation(sink: &Sink, retention: &Retention, due: &[String]) -> Result<()> {
    if last_rotation(sink).is_some_and(|last| last.is_of(retention) && last.due == due) {
        return Ok(());
    }
    let cannot = || format!("cannot write {}", sink.inside(layout::ROTATION));
    let text = serde_json::to_string(&LastRotation::new(retention, due)).doing(cannot)? + "\n";
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
    (min_free, just_pushed): (MinFree, Option<&str>),
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
    let mut poor = 0;
    for id in for_space(&candidates(sink, &catalog), retention, just_pushed) {
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
