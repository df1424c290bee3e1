//! Tests of retention.

use super::*;
use crate::tree::policy::Span;

/// Central European time, without asking the system's database.
fn berlin() -> TimeZone {
    TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap()
}

fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

/// One snapshot for each time, in the order of history; the last is HEAD.
fn history(times: &[&str]) -> Vec<Candidate> {
    let mut all: Vec<Candidate> = (1..).zip(times).map(|(seq, time)| candidate(seq, at(time))).collect();
    if let Some(last) = all.last_mut() {
        last.head = true;
    }
    all
}

fn candidate(seq: u64, time: Timestamp) -> Candidate {
    Candidate {
        id: format!("s{seq}"),
        seq,
        time,
        head: false,
        pinned: false,
        partial: false,
        misdated: false,
        churned: false,
        protected: false,
    }
}

/// The verdicts as lines: `3 keep HEAD, newest` or `2 remove no rule keeps it`.
fn lines(candidates: &[Candidate], policy: &Policy, now: &str, zone: &TimeZone) -> Vec<String> {
    let line = |verdict: &Verdict| {
        let action = if verdict.action == Action::Keep { "keep" } else { "remove" };
        assert_eq!(verdict.id, format!("s{}", verdict.seq));
        format!("{} {action} {}", verdict.seq, verdict.reasons.join(", "))
    };
    decide(candidates, policy, reference(candidates, None, at(now)), zone).iter().map(line).collect()
}

const FIXED: &str = "HEAD, newest, last complete";
const REMOVE: &str = "remove no rule keeps it";

#[test]
fn an_empty_sink_has_no_verdicts() {
    let zone = TimeZone::UTC;
    assert!(decide(&[], &Policy::default(), at("2026-01-01T00:00:00Z"), &zone).is_empty());
    assert!(space_candidates(&[], Timestamp::MIN, &zone, None).is_empty());
    assert_eq!(too_many(&[], &[], &[]), None);
}

#[test]
fn keep_last_counts_snapshots() {
    let all = history(&["2026-01-01T10:00:00Z", "2026-01-01T10:01:00Z", "2026-01-01T10:02:00Z"]);
    let policy = Policy { keep_last: 2, ..Policy::nothing() };
    let found = lines(&all, &policy, "2026-01-02T00:00:00Z", &TimeZone::UTC);
    assert_eq!(found, [format!("3 keep {FIXED}, last"), "2 keep last".into(), format!("1 {REMOVE}")]);
}

/// The example of restic's manual: Sundays, `--keep-daily 4` keeps four that are weeks apart.
#[test]
fn gaps_use_up_no_count() {
    let all = history(&[
        "2014-09-21T11:30:00Z",
        "2014-09-28T11:30:00Z",
        "2014-10-05T11:30:00Z",
        "2014-10-12T11:30:00Z",
        "2014-10-19T11:30:00Z",
    ]);
    let policy = Policy { keep_daily: 4, ..Policy::nothing() };
    let found = lines(&all, &policy, "2014-12-01T00:00:00Z", &TimeZone::UTC);
    let expected = [
        format!("5 keep {FIXED}, daily"),
        "4 keep daily".into(),
        "3 keep daily".into(),
        "2 keep daily".into(),
        format!("1 {REMOVE}"),
    ];
    assert_eq!(found, expected);
}

#[test]
fn the_newest_of_each_bucket_is_kept_and_the_oldest_of_a_series_that_is_not_full() {
    let all = history(&[
        "2026-01-05T08:00:00Z", // Monday
        "2026-01-05T20:00:00Z",
        "2026-01-06T08:00:00Z",
        "2026-01-12T08:00:00Z", // the next Monday
        "2026-01-12T20:00:00Z",
    ]);
    let weekly = Policy { keep_weekly: 3, ..Policy::nothing() };
    let found = lines(&all, &weekly, "2026-01-13T00:00:00Z", &TimeZone::UTC);
    let expected = [
        format!("5 keep {FIXED}, weekly"),
        format!("4 {REMOVE}"),
        "3 keep weekly".into(),
        format!("2 {REMOVE}"),
        "1 keep oldest weekly".into(),
    ];
    assert_eq!(found, expected);
    let full = Policy { keep_weekly: 2, ..Policy::nothing() };
    assert_eq!(lines(&all, &full, "2026-01-13T00:00:00Z", &TimeZone::UTC)[4], format!("1 {REMOVE}"));
    let unlimited = Policy { keep_weekly: -1, ..Policy::nothing() };
    assert_eq!(lines(&all, &unlimited, "2026-01-13T00:00:00Z", &TimeZone::UTC), expected);
}

#[test]
fn every_rule_that_keeps_a_snapshot_is_named() {
    let all = history(&["2025-12-31T23:00:00Z", "2026-01-01T12:00:00Z"]);
    let policy = Policy {
        keep_last: 1,
        keep_hourly: 2,
        keep_daily: 2,
        keep_weekly: 2, // both days are in week 1 of 2026
        keep_monthly: 2,
        keep_yearly: -1,
        keep_within: Some(Span::hours(24)),
    };
    let found = lines(&all, &policy, "2026-01-01T12:00:00Z", &TimeZone::UTC);
    let expected = [
        format!("2 keep {FIXED}, last, hourly, daily, weekly, monthly, yearly, within 24h"),
        "1 keep hourly, daily, oldest weekly, monthly, yearly, within 24h".into(),
    ];
    assert_eq!(found, expected);
}

#[test]
fn weeks_and_years_are_iso_weeks_and_calendar_years() {
    // Week 53 of 2026 runs from 2026-12-28 to 2027-01-03.
    let all = history(&["2026-12-28T12:00:00Z", "2027-01-03T12:00:00Z", "2027-01-04T12:00:00Z"]);
    let policy = Policy { keep_weekly: 2, ..Policy::nothing() };
    let found = lines(&all, &policy, "2027-01-05T00:00:00Z", &TimeZone::UTC);
    assert_eq!(found[1..], ["2 keep weekly".to_owned(), format!("1 {REMOVE}")]);
    let policy = Policy { keep_yearly: 2, ..Policy::nothing() };
    let found = lines(&all, &policy, "2027-01-05T00:00:00Z", &TimeZone::UTC);
    assert_eq!(found[1..], [format!("2 {REMOVE}"), "1 keep yearly".to_owned()]);
}

#[test]
fn days_begin_at_local_midnight() {
    // 23:30 and 00:30 in Berlin, both on the same day in UTC.
    let all = history(&["2026-01-01T22:30:00Z", "2026-01-01T23:30:00Z"]);
    let policy = Policy { keep_daily: 2, ..Policy::nothing() };
    let now = "2026-01-03T00:00:00Z";
    assert_eq!(lines(&all, &policy, now, &berlin())[1], "1 keep daily");
    assert_eq!(lines(&all, &policy, now, &TimeZone::UTC)[1], "1 keep oldest daily");
}

#[test]
fn the_hour_that_autumn_repeats_is_two_hours() {
    // 02:30 CEST, 02:10 CET and 02:30 CET of 2026-10-25.
    let all = history(&["2026-10-25T00:30:00Z", "2026-10-25T01:10:00Z", "2026-10-25T01:30:00Z"]);
    let policy = Policy { keep_hourly: 2, ..Policy::nothing() };
    let found = lines(&all, &policy, "2026-10-26T00:00:00Z", &berlin());
    assert_eq!(found, [format!("3 keep {FIXED}, hourly"), format!("2 {REMOVE}"), "1 keep hourly".into()]);
}

#[test]
fn a_day_of_the_change_of_clocks_is_a_calendar_day() {
    // Newest: 12:00 CEST on 2026-03-29; a day before is 12:00 CET, which is 23 hours earlier.
    let all = history(&["2026-03-28T10:30:00Z", "2026-03-28T11:30:00Z", "2026-03-29T10:00:00Z"]);
    let now = "2026-03-30T00:00:00Z";
    let day = Policy { keep_within: Some("1d".parse().unwrap()), ..Policy::nothing() };
    let found = lines(&all, &day, now, &berlin());
    assert_eq!(found[1..], ["2 keep within 1d".to_owned(), format!("1 {REMOVE}")]);
    let hours = Policy { keep_within: Some(Span::hours(24)), ..Policy::nothing() };
    assert_eq!(lines(&all, &hours, now, &berlin())[2], "1 keep within 24h");
}

#[test]
fn a_pause_of_a_week_is_told_until_what_was_due_before_it_is_gone() {
    let all = history(&[
        "2026-01-01T00:00:00Z",
        "2026-01-02T00:00:00Z",
        "2026-01-20T00:00:00Z",
        "2026-01-20T01:00:00Z",
    ]);
    let verdicts = |removed: &[u64]| -> Vec<Verdict> {
        let verdict = |one: &Candidate| Verdict {
            id: one.id.clone(),
            seq: one.seq,
            action: if removed.contains(&one.seq) { Action::Remove } else { Action::Keep },
            reasons: vec!["a test".to_owned()],
        };
        all.iter().map(verdict).collect()
    };
    assert_eq!(pause(&all, &verdicts(&[1, 2])), Some(18));
    assert_eq!(pause(&all, &verdicts(&[1])), Some(18));
    assert_eq!(pause(&all, &verdicts(&[3])), None);
    assert_eq!(pause(&all, &verdicts(&[])), None);
    assert_eq!(pause(&all[..2], &verdicts(&[1])[..2]), None, "a day is no pause");
}

#[test]
fn ages_count_from_the_newest_snapshot_when_now_is_later() {
    let all = history(&["2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z", "2026-01-02T00:00:00Z"]);
    let policy = Policy { keep_within: Some(Span::hours(24)), ..Policy::nothing() };
    for now in ["2026-01-02T00:00:00Z", "2026-06-01T00:00:00Z", "2099-01-01T00:00:00Z"] {
        let found = lines(&all, &policy, now, &TimeZone::UTC);
        assert_eq!(found[1..], ["2 keep within 24h".to_owned(), format!("1 {REMOVE}")], "{now}");
    }
}

#[test]
fn a_snapshot_from_the_future_ages_no_other() {
    // The third was made while the clock was years ahead.
    let all = history(&["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "2031-01-01T00:00:00Z"]);
    let policy = Policy { keep_within: Some(Span::hours(36)), ..Policy::nothing() };
    let found = lines(&all, &policy, "2026-01-02T06:00:00Z", &TimeZone::UTC);
    assert_eq!(
        found,
        [format!("3 keep {FIXED}, within 36h"), "2 keep within 36h".into(), "1 keep within 36h".into()]
    );
    // One in the middle of history counts as within, and the newest as newest.
    let all = history(&["2026-01-01T00:00:00Z", "2031-01-01T00:00:00Z", "2026-01-02T00:00:00Z"]);
    let found = lines(&all, &policy, "2026-01-02T06:00:00Z", &TimeZone::UTC);
    assert_eq!(
        found,
        [format!("3 keep {FIXED}, within 36h"), "2 keep within 36h".into(), "1 keep within 36h".into()]
    );
}

#[test]
fn history_is_walked_by_seq_and_a_bucket_met_again_is_the_same_one() {
    // The second was made while the clock was a day behind.
    let all = history(&[
        "2026-01-05T12:00:00Z",
        "2026-01-04T12:00:00Z",
        "2026-01-05T11:00:00Z",
        "2026-01-06T12:00:00Z",
    ]);
    let policy = Policy { keep_daily: 9, ..Policy::nothing() };
    let found = lines(&all, &policy, "2026-01-07T00:00:00Z", &TimeZone::UTC);
    let expected = [
        format!("4 keep {FIXED}, daily"),
        "3 keep daily".into(),
        "2 keep daily".into(),
        "1 keep oldest daily".into(),
    ];
    assert_eq!(found, expected);
    let mut shuffled = all.clone();
    shuffled.reverse();
    shuffled.swap(0, 2);
    assert_eq!(lines(&shuffled, &policy, "2026-01-07T00:00:00Z", &TimeZone::UTC), expected);
}

/// Five of one day, of which a policy for one day keeps only what is never removed.
fn marked() -> Vec<Candidate> {
    let mut all = history(&[
        "2026-01-01T01:00:00Z",
        "2026-01-01T02:00:00Z",
        "2026-01-01T03:00:00Z",
        "2026-01-01T04:00:00Z",
        "2026-01-01T05:00:00Z",
    ]);
    all[0].pinned = true;
    all[1].head = true;
    all[3].partial = true;
    all[4].partial = true;
    all[4].head = false;
    all
}

#[test]
fn head_the_newest_the_last_complete_and_pinned_ones_stay_without_any_rule() {
    let found = lines(&marked(), &Policy::nothing(), "2026-01-02T00:00:00Z", &TimeZone::UTC);
    let expected = [
        "5 keep newest",
        "4 remove no rule keeps it",
        "3 keep last complete",
        "2 keep HEAD",
        "1 keep pinned",
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_damaged_snapshot_stays_and_takes_no_place_from_a_sound_one() {
    let mut all = history(&[
        "2026-01-01T01:00:00Z",
        "2026-01-02T01:00:00Z",
        "2026-01-02T02:00:00Z",
        "2026-01-03T00:00:00Z",
    ]);
    all[2].protected = true;
    all[0].protected = true;
    let policy = Policy { keep_daily: 2, ..Policy::nothing() };
    let found = lines(&all, &policy, "2026-01-04T00:00:00Z", &TimeZone::UTC);
    let expected = [
        format!("4 keep {FIXED}, daily"),
        "3 keep damaged".into(),
        "2 keep daily".into(),
        "1 keep damaged".into(),
    ];
    assert_eq!(found, expected);
}

#[test]
fn space_is_made_from_the_oldest_and_never_below_what_is_spared() {
    // Forty days, 2026-01-01 (a Thursday) to 2026-02-09 (a Monday).
    let day = |seq: u64| {
        at("2025-12-31T12:00:00Z") + jiff::SignedDuration::from_hours(24 * i64::try_from(seq).unwrap())
    };
    let mut all: Vec<Candidate> = (1..=40).map(|seq| candidate(seq, day(seq))).collect();
    all[39].head = true;
    all[2].pinned = true;
    all[3].protected = true;
    all[4].head = true;
    let ids = |found: Vec<String>| -> Vec<u64> { found.iter().map(|id| id[1..].parse().unwrap()).collect() };
    let found = ids(space_candidates(&all, Timestamp::MIN, &TimeZone::UTC, None));
    // Spared: the newest seven, 34 to 40, and the last days of weeks 7 (40), 6, 5 and 4.
    let sundays = [25, 32, 39];
    let expected: Vec<u64> =
        (1..34).filter(|seq| ![3, 4, 5].contains(seq) && !sundays.contains(seq)).collect();
    assert_eq!(found, expected);
    let found = ids(space_candidates(&all, Timestamp::MIN, &TimeZone::UTC, Some(38)));
    assert_eq!(found, [1]);
    assert_eq!(ids(space_candidates(&all, Timestamp::MIN, &TimeZone::UTC, Some(0))).len(), 36);
    assert!(space_candidates(&all, Timestamp::MIN, &TimeZone::UTC, Some(u64::MAX)).is_empty());
}

#[test]
fn what_is_never_removed_is_not_given_up_for_space_either() {
    assert_eq!(space_candidates(&marked(), Timestamp::MIN, &TimeZone::UTC, Some(0)), ["s4"]);
    assert!(space_candidates(&marked(), Timestamp::MIN, &TimeZone::UTC, None).is_empty(), "fewer than seven");
}

#[test]
fn a_push_does_not_remove_more_than_ten_complete_snapshots_or_half_of_them_at_once() {
    let removes = |removed: usize, kept: usize, partial: usize, due: usize| {
        let count = removed + kept + partial;
        let mut all: Vec<Candidate> =
            (1..).take(count).map(|seq| candidate(seq, Timestamp::UNIX_EPOCH)).collect();
        all.iter_mut().skip(removed + kept).for_each(|one| one.partial = true);
        let goes = |at: usize| at < removed || at >= removed + kept;
        let verdict = |(at, candidate): (usize, &Candidate)| Verdict {
            id: candidate.id.clone(),
            seq: candidate.seq,
            action: if goes(at) { Action::Remove } else { Action::Keep },
            reasons: vec!["a test".to_owned()],
        };
        let verdicts: Vec<Verdict> = all.iter().enumerate().map(verdict).collect();
        let due: Vec<String> = all.iter().take(due).map(|one| one.id.clone()).collect();
        too_many(&all, &verdicts, &due)
    };
    assert_eq!(removes(0, 1, 0, 0), None);
    assert_eq!(removes(1, 1, 0, 0), None);
    assert_eq!(removes(2, 1, 0, 0), Some(2));
    assert_eq!(removes(10, 11, 0, 0), None);
    assert_eq!(removes(11, 100, 0, 0), Some(11));
    // Incomplete snapshots and those that were due at the last rotation do not count.
    assert_eq!(removes(1, 1, 30, 0), None);
    assert_eq!(removes(11, 100, 0, 1), None);
    assert_eq!(removes(13, 100, 0, 1), Some(12));
}

#[test]
fn ages_count_from_the_newest_plausible_snapshot_before_the_push() {
    let mut all = history(&["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "2036-01-01T00:00:00Z"]);
    let now = at("2036-01-01T00:00:00Z");
    assert_eq!(reference(&all, Some("s3"), now), at("2026-01-02T00:00:00Z"));
    assert_eq!(reference(&all, None, now), now);
    all[2].misdated = true;
    assert_eq!(reference(&all, None, now), at("2026-01-02T00:00:00Z"));
    assert_eq!(reference(&all, None, at("2026-01-01T12:00:00Z")), at("2026-01-01T12:00:00Z"));
    let within = Policy { keep_within: "30d".parse().ok(), ..Policy::nothing() };
    assert!(
        decide(&all[..1], &within, reference(&all[..1], Some("s1"), now), &TimeZone::UTC)
            .iter()
            .all(|verdict| verdict.reasons.contains(&"within 30d".to_owned()))
    );
}

#[test]
fn the_last_complete_snapshot_before_a_mass_change_stays_for_a_week() {
    let mut all = history(&[
        "2026-01-01T00:00:00Z",
        "2026-01-02T00:00:00Z",
        "2026-01-03T00:00:00Z",
        "2026-01-04T00:00:00Z",
    ]);
    all[2].churned = true;
    let policy = Policy { keep_last: 1, ..Policy::nothing() };
    let found = lines(&all, &policy, "2026-01-09T23:00:00Z", &TimeZone::UTC);
    assert_eq!(found[2], "2 keep before a mass change");
    assert_eq!(found[1], "3 keep mass change");
    assert_eq!(found[3], format!("1 {REMOVE}"));
    all.push(Candidate { seq: 5, id: "s5".into(), time: at("2026-01-10T01:00:00Z"), ..all[3].clone() });
    assert_eq!(lines(&all, &policy, "2026-01-10T01:00:00Z", &TimeZone::UTC)[3], format!("2 {REMOVE}"));
}

/// A linear congruential generator (Knuth's constants): the same sequence on every machine.
struct Lcg(u64);

impl Lcg {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn count(&mut self) -> i64 {
        i64::try_from(self.below(9)).unwrap() - 1
    }

    /// A history with gaps, clocks that jump both ways, and marks.
    fn history(&mut self) -> Vec<Candidate> {
        let mut seq = 0;
        let mut time = 1_700_000_000;
        let mut all = Vec::new();
        for _ in 0..=self.below(60) {
            seq += 1 + self.below(3);
            time += i64::try_from(self.below(200_000)).unwrap();
            let jump = if self.below(12) == 0 {
                i64::try_from(self.below(40_000_000)).unwrap() - 20_000_000
            } else {
                0
            };
            let mut one = candidate(seq, Timestamp::from_second(time + jump).unwrap());
            one.pinned = self.below(15) == 0;
            one.partial = self.below(4) == 0;
            one.protected = self.below(15) == 0;
            one.churned = self.below(15) == 0;
            one.misdated = self.below(15) == 0;
            all.push(one);
        }
        let head = usize::try_from(self.below(u64::try_from(all.len()).unwrap())).unwrap();
        all[head].head = true;
        all
    }

    fn policy(&mut self) -> Policy {
        let within = ["0h", "5h", "2d", "1w", "1m3d", "1y"];
        let at = usize::try_from(self.below(12)).unwrap();
        let mut count = || if self.below(2) == 0 { 0 } else { self.count() };
        Policy {
            keep_last: count(),
            keep_hourly: count(),
            keep_daily: count(),
            keep_weekly: count(),
            keep_monthly: count(),
            keep_yearly: count(),
            keep_within: within.get(at).map(|text| text.parse().unwrap()),
        }
    }
}

#[test]
fn in_any_history_what_must_stay_stays_and_a_second_rotation_removes_nothing_more() {
    let mut random = Lcg(20_260_101);
    for round in 0..3000 {
        let mut all = random.history();
        let policy = random.policy();
        let zone = if random.below(2) == 0 { berlin() } else { TimeZone::UTC };
        let now =
            Timestamp::from_second(1_700_000_000 + i64::try_from(random.below(12_000_000)).unwrap()).unwrap();
        let from = reference(&all, None, now);
        let verdicts = decide(&all, &policy, from, &zone);
        let context = format!("round {round}: {}", policy.describe());
        assert_eq!(verdicts.len(), all.len(), "{context}");
        assert!(verdicts.windows(2).all(|pair| pair[0].seq > pair[1].seq), "{context}");
        assert!(verdicts.iter().all(|verdict| !verdict.reasons.is_empty()), "{context}");
        assert_eq!(verdicts[0].action, Action::Keep, "{context}");
        let removed: BTreeSet<String> = verdicts
            .into_iter()
            .filter(|verdict| verdict.action == Action::Remove)
            .map(|verdict| verdict.id)
            .collect();
        let newest = all.iter().rposition(|one| !one.protected);
        let complete = all.iter().rposition(|one| !one.partial && !one.protected);
        for (at, one) in all.iter().enumerate() {
            let is_last = Some(at) == complete || Some(at) == newest;
            let stays = one.head || one.pinned || one.protected || is_last;
            assert!(!(stays && removed.contains(&one.id)), "{context}: {one:?}");
        }
        all.retain(|one| !removed.contains(&one.id));
        assert!(!all.is_empty(), "{context}");
        let again = decide(&all, &policy, from, &zone);
        assert!(again.iter().all(|verdict| verdict.action == Action::Keep), "{context}: {again:?}");
    }
}
