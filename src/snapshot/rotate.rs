//! Retention: which snapshots to keep and which to remove, each with its reasons.
//!
//! The last stage of a push, and all of `emu rotate`. It is a pure function of what the sink
//! holds, the policy, a moment and a time zone: no file is touched and no clock is read here, so
//! a dry run prints exactly what a real one would apply.
//!
//! Promises: HEAD, the newest and the last complete of the sound ones, pinned and protected snapshots
//! are never removed; a sink that has snapshots keeps at least one; deciding again after the removals were
//! applied removes nothing more. The rules are restic's (`restic forget`), with one difference:
//! history is ordered by `seq`, never by a clock.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ZonedDateTime};

use crate::tree::policy::Policy;

/// What [`space_candidates`] spares unless told otherwise: so many of the newest.
const SPARED_NEWEST: u64 = 7;
/// And the newest of so many weeks that have a snapshot.
const SPARED_WEEKS: usize = 4;
/// A push does not remove more complete snapshots than this at once.
const MANY: usize = 10;
/// After a pause of so many days a push does not remove many snapshots at once.
const PAUSE_DAYS: i64 = 7;
/// For so long after a mass change its snapshot and the last complete one before it are kept.
const CHURN_HOURS: i64 = 7 * 24;

/// One snapshot, as far as retention looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The id of its node.
    pub id: String,
    /// Its place in history.
    pub seq: u64,
    /// When it was made, by the clock of that time.
    pub time: Timestamp,
    /// The parent of the next push.
    pub head: bool,
    /// Kept until it is unpinned.
    pub pinned: bool,
    /// Not complete: something of the source is missing in it, or it is marked for another reason.
    pub partial: bool,
    /// Its time is implausible.
    pub misdated: bool,
    /// Most files of the complete snapshot before it were removed or changed, allowed or not.
    pub churned: bool,
    /// Damaged: kept for repair, and it takes no place from a sound one.
    pub protected: bool,
}

/// What becomes of a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It stays.
    Keep,
    /// Its time is over.
    Remove,
}

/// The decision on one snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The id of its node.
    pub id: String,
    /// Its place in history.
    pub seq: u64,
    /// Keep or remove.
    pub action: Action,
    /// Why, at least one: every rule that keeps it, or `no rule keeps it`.
    pub reasons: Vec<String>,
}

/// The moment that ages count from: the time of the newest snapshot, or `now` if that is earlier.
///
/// Two kinds of snapshots do not count: the one that a push has `just_pushed`, and those with an
/// implausible time. So a clock that jumps ahead expires nothing.
pub fn reference(candidates: &[Candidate], just_pushed: Option<&str>, now: Timestamp) -> Timestamp {
    let counts = |one: &&Candidate| !one.misdated && just_pushed != Some(&*one.id);
    let newest = candidates.iter().filter(counts).max_by_key(|one| one.seq);
    newest.map_or(Timestamp::MIN, |newest| newest.time.min(now))
}

/// Decides on every snapshot, newest first. `from` is the [`reference()`] of ages.
///
/// Each series keeps the newest snapshot of each calendar bucket in `zone` until its count is
/// used up; one that is not full keeps the oldest snapshot as well. Snapshots that are
/// [`Candidate::protected`] stay and use up no count.
pub fn decide(candidates: &[Candidate], policy: &Policy, from: Timestamp, zone: &TimeZone) -> Vec<Verdict> {
    let history = newest_first(candidates);
    let fixed = Fixed::of(&history, from);
    let within = Within::of(policy, from, zone);
    let (mut all, mut complete) = (Series::of(policy), Series::of(policy));
    let oldest = history.iter().rposition(|candidate| !candidate.protected);
    let mut verdicts = Vec::with_capacity(history.len());
    for (at, candidate) in history.iter().enumerate() {
        let mut reasons: Vec<String> = fixed.reasons(candidate).map(str::to_owned).collect();
        if !candidate.protected {
            let time = candidate.time.to_zoned_datetime(zone.clone());
            // One that is not complete never takes the place of a complete one: it is judged among
            // all, and complete ones among themselves.
            let is_oldest = Some(at) == oldest;
            let among = |series: &mut [Series; 6]| -> Vec<String> {
                series.iter_mut().filter_map(|one| one.keeps(at, &time, is_oldest)).collect()
            };
            let of_all = among(&mut all);
            reasons.extend(if candidate.partial { of_all } else { among(&mut complete) });
        }
        reasons.extend(within.as_ref().and_then(|within| within.keeps(candidate)));
        let action = if reasons.is_empty() { Action::Remove } else { Action::Keep };
        if action == Action::Remove {
            reasons.push("no rule keeps it".to_owned());
        }
        verdicts.push(Verdict { id: candidate.id.clone(), seq: candidate.seq, action, reasons });
    }
    verdicts
}

/// The ids that may be given up for space, in the order in which they would go: oldest first.
///
/// Spared are those that are never removed, and the newest `min_keep`; without a number the
/// newest 7 and the newest of each of the last 4 weeks that have a snapshot. Both count sound
/// snapshots only.
pub fn space_candidates(
    candidates: &[Candidate],
    from: Timestamp,
    zone: &TimeZone,
    min_keep: Option<u64>,
) -> Vec<String> {
    let history = newest_first(candidates);
    let fixed = Fixed::of(&history, from);
    let newest = usize::try_from(min_keep.unwrap_or(SPARED_NEWEST)).unwrap_or(usize::MAX);
    let weeks = if min_keep.is_some() { 0 } else { SPARED_WEEKS };
    let mut seen = BTreeSet::new();
    let mut free = Vec::new();
    for (at, candidate) in history.iter().filter(|candidate| !candidate.protected).enumerate() {
        let week = Bucket::week(at, &candidate.time.to_zoned_datetime(zone.clone()));
        let first_of_week = seen.len() < weeks && seen.insert(week);
        if at >= newest && !first_of_week && fixed.reasons(candidate).next().is_none() {
            free.push(candidate.id.clone());
        }
    }
    free.reverse();
    free
}

/// Words for reasons that hold a snapshot only for a time.
const PINNED: &str = "pinned";
const CHURN: &str = "mass change";
const BEFORE_CHURN: &str = "before a mass change";

impl Verdict {
    /// Whether the policy itself would remove the snapshot, and only a pin or a recent mass change holds it.
    pub fn is_due_later(&self) -> bool {
        let passes = |reason: &String| matches!(reason.as_str(), PINNED | CHURN | BEFORE_CHURN);
        self.action == Action::Keep && self.reasons.iter().all(passes)
    }
}

/// The longest pause between two snapshots since the newest of those that these verdicts remove, in days,
/// if it is longer than a week. After it the clock may be wrong. Without one, the policy removes what a
/// shorter pause explains, such as a weekend. Snapshots with an implausible time do not count.
pub fn pause(candidates: &[Candidate], verdicts: &[Verdict]) -> Option<i64> {
    let removed = verdicts.iter().filter(|verdict| verdict.action == Action::Remove);
    let last_removed = removed.map(|verdict| verdict.seq).max()?;
    let history = newest_first(candidates).into_iter().filter(|one| !one.misdated);
    let times: Vec<(u64, Timestamp)> = history.map(|one| (one.seq, one.time)).collect();
    let pauses = times.windows(2).filter(|pair| pair[0].0 > last_removed);
    let days = pauses.map(|pair| pair[0].1.duration_since(pair[1].1).as_hours() / 24).max()?;
    (days >= PAUSE_DAYS).then_some(days)
}

/// How many complete snapshots these verdicts remove, if a push must not remove so many at once: more
/// than 10, or more than half of them. Snapshots in `due` were held or in use at the last rotation, and do
/// not count.
pub fn too_many(candidates: &[Candidate], verdicts: &[Verdict], due: &[String]) -> Option<usize> {
    let complete = candidates.iter().filter(|one| !one.partial && !one.protected);
    let is_new = |id: &String| {
        let removed = verdicts.iter().any(|verdict| verdict.id == *id && verdict.action == Action::Remove);
        removed && !due.contains(id)
    };
    let (mut all, mut removed) = (0_usize, 0_usize);
    for one in complete {
        all += 1;
        removed += usize::from(is_new(&one.id));
    }
    (removed > MANY || removed.saturating_mul(2) > all).then_some(removed)
}

fn newest_first(candidates: &[Candidate]) -> Vec<&Candidate> {
    let mut history: Vec<&Candidate> = candidates.iter().collect();
    history.sort_by_key(|candidate| Reverse(candidate.seq));
    history
}

/// What is never removed, whatever the policy says.
struct Fixed {
    newest: Option<u64>,
    complete: Option<u64>,
    /// Snapshots of recent mass changes.
    churned: BTreeSet<u64>,
    /// The last complete ones before those.
    before_churn: BTreeSet<u64>,
}

impl Fixed {
    fn of(history: &[&Candidate], from: Timestamp) -> Fixed {
        // A damaged one stays by itself, and stands for no sound one.
        let mut sound = history.iter().filter(|candidate| !candidate.protected);
        let newest = sound.clone().next().map(|candidate| candidate.seq);
        let complete = |one: &&&Candidate| !one.partial && !one.protected;
        let recent = |one: &Candidate| from.duration_since(one.time).as_hours() < CHURN_HOURS;
        let churned = history.iter().enumerate().filter(|(_, one)| one.churned && recent(one));
        let before = churned.clone().filter_map(|(at, _)| history[at + 1..].iter().find(complete));
        Fixed {
            newest,
            before_churn: before.map(|one| one.seq).collect(),
            churned: churned.map(|(_, one)| one.seq).collect(),
            complete: sound.find(|candidate| !candidate.partial).map(|candidate| candidate.seq),
        }
    }

    fn reasons(&self, candidate: &Candidate) -> impl Iterator<Item = &'static str> + use<> {
        let table = [
            (candidate.head, "HEAD"),
            (self.newest == Some(candidate.seq), "newest"),
            (self.complete == Some(candidate.seq), "last complete"),
            (self.churned.contains(&candidate.seq), CHURN),
            (self.before_churn.contains(&candidate.seq), BEFORE_CHURN),
            (candidate.pinned, PINNED),
            (candidate.protected, "damaged"),
        ];
        table.into_iter().filter_map(|(holds, word)| holds.then_some(word))
    }
}

/// The rule that keeps everything younger than a length of time.
struct Within {
    after: Timestamp,
    reason: String,
}

impl Within {
    fn of(policy: &Policy, from: Timestamp, zone: &TimeZone) -> Option<Within> {
        let span = policy.keep_within.filter(|span| !span.is_zero())?;
        Some(Within { after: span.before(from, zone), reason: format!("within {span}") })
    }

    fn keeps(&self, candidate: &Candidate) -> Option<String> {
        (candidate.time > self.after).then(|| self.reason.clone())
    }
}

/// One stretch of the calendar; a series keeps one snapshot of each.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Bucket {
    /// A place in the walk: a bucket of its own for every snapshot.
    Place(usize),
    /// A day, an hour, and the offset from UTC in seconds: the hour that autumn repeats is two.
    Hour(Date, i8, i32),
    Day(Date),
    /// The year and the week of ISO 8601.
    Week(i16, i8),
    Month(i16, i8),
    Year(i16),
}

impl Bucket {
    fn place(at: usize, _: &ZonedDateTime) -> Bucket {
        Bucket::Place(at)
    }

    fn hour(_: usize, time: &ZonedDateTime) -> Bucket {
        Bucket::Hour(time.date(), time.hour(), time.offset().seconds())
    }

    fn day(_: usize, time: &ZonedDateTime) -> Bucket {
        Bucket::Day(time.date())
    }

    fn week(_: usize, time: &ZonedDateTime) -> Bucket {
        let week = time.iso_week_date();
        Bucket::Week(week.year(), week.week())
    }

    fn month(_: usize, time: &ZonedDateTime) -> Bucket {
        Bucket::Month(time.year(), time.month())
    }

    fn year(_: usize, time: &ZonedDateTime) -> Bucket {
        Bucket::Year(time.year())
    }
}

/// One counted rule during the walk from the newest snapshot to the oldest.
struct Series {
    word: &'static str,
    /// How many it still takes; negative: no limit.
    left: i64,
    bucket: fn(usize, &ZonedDateTime) -> Bucket,
    /// Every bucket met so far: a clock that jumped back may lead into an earlier one again.
    seen: BTreeSet<Bucket>,
}

impl Series {
    fn of(policy: &Policy) -> [Series; 6] {
        let series = |word, left, bucket| Series { word, left, bucket, seen: BTreeSet::new() };
        [
            series("last", policy.keep_last, Bucket::place),
            series("hourly", policy.keep_hourly, Bucket::hour),
            series("daily", policy.keep_daily, Bucket::day),
            series("weekly", policy.keep_weekly, Bucket::week),
            series("monthly", policy.keep_monthly, Bucket::month),
            series("yearly", policy.keep_yearly, Bucket::year),
        ]
    }

    /// Why this series keeps the snapshot at this place and time, if it does.
    fn keeps(&mut self, at: usize, time: &ZonedDateTime, oldest: bool) -> Option<String> {
        if self.left == 0 {
            return None;
        }
        let first = self.seen.insert((self.bucket)(at, time));
        if first && self.left > 0 {
            self.left -= 1;
        }
        match (first, oldest) {
            (true, _) => Some(self.word.to_owned()),
            (false, true) => Some(format!("oldest {}", self.word)),
            (false, false) => None,
        }
    }
}

#[cfg(test)]
#[path = "rotate_tests.rs"]
mod tests;
