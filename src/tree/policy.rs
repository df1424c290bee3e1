//! What retention is asked to do, as plain values with a written form.
//!
//! The words and their meaning are restic's (`restic forget`): a count for each calendar series,
//! and a length of time within which every snapshot is kept. Who decides by these values is the
//! rotation stage; where they come from is the configuration.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The largest number that one unit of a [`Span`] takes; any sum of them is a valid date shift.
const MOST: u32 = 9999;

/// A length of time as people write it: `30min`, `24h`, `7d`, `2w`, `6m` (months), `1y`, or `1y6m3d`.
///
/// Years, months, weeks and days are the calendar's, in the time zone of whoever counts; hours
/// are 3600 seconds, minutes 60.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Span {
    years: u32,
    months: u32,
    weeks: u32,
    days: u32,
    hours: u32,
    minutes: u32,
}

impl Span {
    /// What [`Span::from_str`] takes, for messages.
    pub const ALLOWED: &str =
        "a length of time in y, m (months), w, d, h and min, like 30min, 24h, 7d, 6m or 1y6m3d";

    /// So many hours of 3600 seconds.
    pub const fn hours(hours: u32) -> Span {
        Span { years: 0, months: 0, weeks: 0, days: 0, hours, minutes: 0 }
    }

    /// Whether it is no time at all.
    pub fn is_zero(self) -> bool {
        self == Span::default()
    }

    /// The moment this much earlier in `zone`; the earliest there is, if there is none.
    pub fn before(self, moment: jiff::Timestamp, zone: &jiff::tz::TimeZone) -> jiff::Timestamp {
        let zoned = moment.to_zoned_datetime(zone.clone());
        self.calendar()
            .and_then(|span| zoned.checked_sub(span))
            .map_or(jiff::Timestamp::MIN, |earlier| earlier.timestamp())
    }

    /// The moment this much later in `zone`; the latest there is, if there is none.
    pub fn after(self, moment: jiff::Timestamp, zone: &jiff::tz::TimeZone) -> jiff::Timestamp {
        let zoned = moment.to_zoned_datetime(zone.clone());
        self.calendar()
            .and_then(|span| zoned.checked_add(span))
            .map_or(jiff::Timestamp::MAX, |later| later.timestamp())
    }

    fn calendar(self) -> Result<jiff::Span, jiff::Error> {
        jiff::Span::new()
            .try_years(self.years)
            .and_then(|span| span.try_months(self.months))
            .and_then(|span| span.try_weeks(self.weeks))
            .and_then(|span| span.try_days(self.days))
            .and_then(|span| span.try_hours(self.hours))
            .and_then(|span| span.try_minutes(self.minutes))
    }

    /// Its parts with their units, the largest first.
    fn parts(self) -> [(u32, &'static str); 6] {
        [
            (self.years, "y"),
            (self.months, "m"),
            (self.weeks, "w"),
            (self.days, "d"),
            (self.hours, "h"),
            (self.minutes, "min"),
        ]
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_zero() {
            return f.write_str("0h");
        }
        for (count, unit) in self.parts() {
            if count > 0 {
                write!(f, "{count}{unit}")?;
            }
        }
        Ok(())
    }
}

impl From<Span> for String {
    fn from(span: Span) -> String {
        span.to_string()
    }
}

impl TryFrom<String> for Span {
    type Error = String;

    fn try_from(text: String) -> Result<Span, String> {
        text.parse()
    }
}

impl FromStr for Span {
    /// What is allowed; the text itself is not repeated.
    type Err = String;

    fn from_str(text: &str) -> Result<Span, String> {
        read_span(text).ok_or_else(|| format!("allowed is {}", Span::ALLOWED))
    }
}

/// Numbers of 0 to [`MOST`], each with its unit, no unit twice. Months do not follow hours: the `m` of
/// `1h30m` was meant otherwise.
fn read_span(text: &str) -> Option<Span> {
    let mut span = Span::default();
    let mut seen: Vec<&str> = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (number, behind) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
        let count: u32 = number.parse().ok().filter(|count| *count <= MOST)?;
        let (unit, behind) =
            behind.split_at(behind.find(|c: char| c.is_ascii_digit()).unwrap_or(behind.len()));
        let place = match unit {
            "y" => &mut span.years,
            "m" if !seen.contains(&"h") => &mut span.months,
            "w" => &mut span.weeks,
            "d" => &mut span.days,
            "h" => &mut span.hours,
            "min" => &mut span.minutes,
            _ => return None,
        };
        if seen.contains(&unit) {
            return None;
        }
        seen.push(unit);
        *place = count;
        rest = behind;
    }
    (!text.is_empty()).then_some(span)
}

/// How much retention keeps. A count of 0 is off, -1 has no limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Policy {
    /// The newest so many snapshots.
    #[serde(default, skip_serializing_if = "is_off")]
    pub keep_last: i64,
    /// The newest snapshot of each of so many hours that have one.
    #[serde(default, skip_serializing_if = "is_off")]
    pub keep_hourly: i64,
    /// The newest snapshot of each of so many days that have one.
    #[serde(default, skip_serializing_if = "is_off")]
    pub keep_daily: i64,
    /// The newest snapshot of each of so many ISO weeks that have one.
    #[serde(default, skip_serializing_if = "is_off")]
    pub keep_weekly: i64,
    /// The newest snapshot of each of so many months that have one.
    #[serde(default, skip_serializing_if = "is_off")]
    pub keep_monthly: i64,
    /// The newest snapshot of each of so many years that have one.
    #[serde(default, skip_serializing_if = "is_off")]
    pub keep_yearly: i64,
    /// Every snapshot that is younger than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_within: Option<Span>,
}

/// By reference, as serde hands fields over.
fn is_off(count: &i64) -> bool {
    *count == 0
}

impl Default for Policy {
    /// The built-in set: `keep-within 24h, keep-daily 31, keep-weekly unlimited`.
    fn default() -> Policy {
        Policy { keep_within: Some(Span::hours(24)), keep_daily: 31, keep_weekly: -1, ..Policy::nothing() }
    }
}

impl Policy {
    /// The policy that no rule is in: what a set of `keep-*` keys starts from.
    pub const fn nothing() -> Policy {
        Policy {
            keep_last: 0,
            keep_hourly: 0,
            keep_daily: 0,
            keep_weekly: 0,
            keep_monthly: 0,
            keep_yearly: 0,
            keep_within: None,
        }
    }

    /// Whether no rule is in it, so that only what is never removed would stay.
    pub fn keeps_nothing(&self) -> bool {
        self.keep_within.is_none_or(Span::is_zero) && self.counts().iter().all(|(_, count)| *count == 0)
    }

    /// The policy in its own words: `keep-within 24h, keep-daily 31, keep-weekly unlimited`.
    pub fn describe(&self) -> String {
        let within = self.keep_within.filter(|span| !span.is_zero());
        let within = within.map(|span| format!("keep-within {span}"));
        let counts = self.counts().into_iter().filter(|(_, count)| *count != 0);
        let counts = counts.map(|(word, count)| match count {
            ..0 => format!("{word} unlimited"),
            _ => format!("{word} {count}"),
        });
        let rules: Vec<String> = within.into_iter().chain(counts).collect();
        if rules.is_empty() { "keep nothing".to_owned() } else { rules.join(", ") }
    }

    /// The counted rules with their words, shortest bucket first.
    fn counts(&self) -> [(&'static str, i64); 6] {
        [
            ("keep-last", self.keep_last),
            ("keep-hourly", self.keep_hourly),
            ("keep-daily", self.keep_daily),
            ("keep-weekly", self.keep_weekly),
            ("keep-monthly", self.keep_monthly),
            ("keep-yearly", self.keep_yearly),
        ]
    }
}

/// How much of a sink's file system is to stay free.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MinFree {
    /// Percent of its size, more than 0 and less than 100.
    Percent(f64),
    /// Bytes.
    Bytes(u64),
}

impl MinFree {
    /// What [`MinFree::from_str`] takes, for messages.
    pub const ALLOWED: &str = "a percentage like 5%, or bytes with K, M, G or T like 20G (0 is off)";
}

impl fmt::Display for MinFree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MinFree::Percent(percent) => write!(f, "{percent}%"),
            MinFree::Bytes(bytes) => write!(f, "{bytes}"),
        }
    }
}

impl FromStr for MinFree {
    /// What is allowed; the text itself is not repeated.
    type Err = String;

    fn from_str(text: &str) -> Result<MinFree, String> {
        let value = match text.strip_suffix('%') {
            Some(number) => read_percent(number).map(MinFree::Percent),
            None => read_bytes(text).map(MinFree::Bytes),
        };
        value.ok_or_else(|| format!("allowed is {}", MinFree::ALLOWED))
    }
}

/// A decimal number between 0 and 100, without sign or exponent.
fn read_percent(number: &str) -> Option<f64> {
    let plain = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let percent: f64 = number.parse().ok().filter(|_| plain)?;
    (percent > 0.0 && percent < 100.0).then_some(percent)
}

/// What [`read_bytes`] takes, for messages.
pub const BYTES_ALLOWED: &str = "a number of bytes, or one with K, M, G or T like 20G (0 is off)";

/// Reads bytes, optionally with `K`, `M`, `G` or `T`, which are powers of 1024.
pub fn read_bytes(text: &str) -> Option<u64> {
    let (number, power) = match text.char_indices().last()? {
        (end, 'K') => (&text[..end], 1),
        (end, 'M') => (&text[..end], 2),
        (end, 'G') => (&text[..end], 3),
        (end, 'T') => (&text[..end], 4),
        _ => (text, 0),
    };
    let digits = number.bytes().all(|byte| byte.is_ascii_digit());
    let count: u64 = number.parse().ok().filter(|_| digits)?;
    count.checked_mul(1024_u64.pow(power))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_reads_what_it_writes() {
        for text in [
            "24h",
            "7d",
            "2w",
            "6m",
            "1y",
            "1y6m3d",
            "1y6m2w3d4h",
            "0h",
            "30min",
            "1h30min",
            "9999y9999m9999w9999d9999h9999min",
        ] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), text);
        }
        assert_eq!("3d1y".parse::<Span>().unwrap().to_string(), "1y3d");
        assert!("0d".parse::<Span>().unwrap().is_zero());
    }

    #[test]
    fn a_malformed_span_is_refused_without_repeating_it() {
        for bad in [
            "",
            "7",
            "d",
            "-7d",
            "+7d",
            "7 d",
            "7D",
            "7s",
            "1d2d",
            "10000h",
            "99999999999d",
            "7d ",
            "7ä",
            "1h30m",
            "30mi",
            "30minutes",
            "1min2min",
        ] {
            let error = bad.parse::<Span>().unwrap_err();
            assert_eq!(error, format!("allowed is {}", Span::ALLOWED), "{bad}");
        }
    }

    #[test]
    fn calendar_units_follow_the_zone_and_hours_the_clock() {
        let zone = jiff::tz::TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        // 12:00 CEST on the day of the change.
        let noon: jiff::Timestamp = "2026-03-29T10:00:00Z".parse().unwrap();
        let before = |text: &str| text.parse::<Span>().unwrap().before(noon, &zone).to_string();
        assert_eq!(before("1d"), "2026-03-28T11:00:00Z");
        assert_eq!(before("24h"), "2026-03-28T10:00:00Z");
        assert_eq!(before("1m"), "2026-02-28T11:00:00Z");
        assert_eq!(before("90min"), "2026-03-29T08:30:00Z");
        assert_eq!(before("9999y9999m9999w9999d9999h").get(..3), Some("-00"));
    }

    #[test]
    fn a_policy_is_written_without_its_zeros() {
        let json = serde_json::to_string(&Policy::default()).unwrap();
        assert_eq!(json, r#"{"keep-daily":31,"keep-weekly":-1,"keep-within":"24h"}"#);
        assert_eq!(serde_json::from_str::<Policy>(&json).unwrap(), Policy::default());
        assert_eq!(serde_json::from_str::<Policy>("{}").unwrap(), Policy::nothing());
        assert!(serde_json::from_str::<Policy>(r#"{"keep-within":"soon"}"#).is_err());
    }

    #[test]
    fn a_policy_describes_itself() {
        assert_eq!(Policy::default().describe(), "keep-within 24h, keep-daily 31, keep-weekly unlimited");
        assert_eq!(Policy::nothing().describe(), "keep nothing");
        assert!(!Policy::default().keeps_nothing());
        assert!(Policy { keep_within: Some(Span::hours(0)), ..Policy::nothing() }.keeps_nothing());
        assert!(!Policy { keep_yearly: -1, ..Policy::nothing() }.keeps_nothing());
    }

    #[test]
    fn free_space_is_percent_or_bytes() {
        let read = |text: &str| text.parse::<MinFree>().ok();
        assert_eq!(read("5%"), Some(MinFree::Percent(5.0)));
        assert_eq!(read("2.5%"), Some(MinFree::Percent(2.5)));
        assert_eq!(read("10G"), Some(MinFree::Bytes(10 << 30)));
        assert_eq!(read("4096"), Some(MinFree::Bytes(4096)));
        assert_eq!(read("0"), Some(MinFree::Bytes(0)));
        for bad in
            ["", "%", "0%", "100%", "-5%", "1e1%", "inf%", "NaN%", "G", "+1G", "-1", "1.5G", "1P", "10 G"]
        {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert_eq!(read("16777216T"), None, "more than 64 bits");
    }
}
