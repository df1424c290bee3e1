//! Numbers and tables as people read them.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use unicode_width::UnicodeWidthStr as _;

/// Bytes with a unit, powers of 1000 as disks are sold: `0 B`, `999 B`, `5.2 MB`, `120 GB`.
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if n < 1000 {
        return format!("{n} B");
    }
    let mut scale: u128 = 1;
    for unit in UNITS {
        scale *= 1000;
        // Rounded before it is compared, so that 999,950 bytes are 1.0 MB and not 1000 kB.
        let tenths = (u128::from(n) * 10 + scale / 2) / scale;
        if tenths < 1000 {
            return format!("{}.{} {unit}", tenths / 10, tenths % 10);
        }
        let whole = (u128::from(n) + scale / 2) / scale;
        if whole < 1000 {
            return format!("{whole} {unit}");
        }
    }
    format!("{n} B")
}

/// A number with its noun: `1 file`, `2 files`.
pub fn count(n: u64, one: &str, several: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { several })
}

/// How long ago something was, in its largest unit: `3 days ago`, `just now`.
pub fn age(then: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second() - then.as_second();
    let units = [
        (31_557_600, "year"),
        (2_629_800, "month"),
        (604_800, "week"),
        (86_400, "day"),
        (3600, "hour"),
        (60, "minute"),
    ];
    if seconds < 0 {
        return "in the future".to_owned();
    }
    match units.iter().find(|(length, _)| seconds >= *length) {
        Some((length, name)) => {
            let n = seconds / length;
            format!("{n} {name}{} ago", if n == 1 { "" } else { "s" })
        }
        None => "just now".to_owned(),
    }
}

/// A moment in local time: `Sun 2026-11-22 19:07:24 +0100`.
pub fn local(time: Timestamp) -> String {
    time.to_zoned_datetime(TimeZone::system()).strftime("%a %Y-%m-%d %H:%M:%S %z").to_string()
}

/// A moment in local time, short: `2026-11-22 19:07`.
pub fn local_short(time: Timestamp) -> String {
    time.to_zoned_datetime(TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string()
}

/// Two moments in local time, as exactly as it takes to tell them apart: to the second, or with
/// nanoseconds.
pub fn local_apart(times: [Timestamp; 2]) -> [String; 2] {
    let zoned = times.map(|time| time.to_zoned_datetime(TimeZone::system()));
    let to_second = zoned.each_ref().map(|time| time.strftime("%Y-%m-%d %H:%M:%S").to_string());
    if to_second[0] != to_second[1] {
        return to_second;
    }
    // In autumn an hour comes twice.
    zoned.map(|time| time.strftime("%Y-%m-%d %H:%M:%S.%9f %z").to_string())
}

/// A moment in local time, short, and how long ago it was: `2026-11-22 19:07 (2 days ago)`.
pub fn local_and_age(time: Timestamp, now: Timestamp) -> String {
    format!("{} ({})", local_short(time), age(time, now))
}

/// How many columns of a terminal the text takes; colours take none.
pub fn width(text: &str) -> usize {
    let mut parts = text.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().width();
    let behind = |part: &str| part.split_once('m').map_or(part.width(), |(_, rest)| rest.width());
    first + parts.map(behind).sum::<usize>()
}

/// The text, which has no colours, in so many columns: what is more ends in dots.
pub fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let dots = "...".get(..columns.min(3)).unwrap_or_default();
    let mut cut = String::new();
    for c in text.chars() {
        cut.push(c);
        if width(&cut) + dots.len() > columns {
            cut.pop();
            break;
        }
    }
    cut + dots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_three_digits_at_most() {
        let shown = |n: u64| bytes(n);
        assert_eq!(shown(0), "0 B");
        assert_eq!(shown(999), "999 B");
        assert_eq!(shown(1000), "1.0 kB");
        assert_eq!(shown(5_234_567), "5.2 MB");
        assert_eq!(shown(99_949), "99.9 kB");
        assert_eq!(shown(99_950), "100 kB");
        assert_eq!(shown(999_499), "999 kB");
        assert_eq!(shown(999_500), "1.0 MB");
        assert_eq!(shown(120_000_000_000), "120 GB");
        assert_eq!(shown(u64::MAX), "18.4 EB");
    }

    #[test]
    fn an_age_has_one_unit() {
        let now: Timestamp = "2026-11-22T18:00:00Z".parse().unwrap();
        let ago = |text: &str| age(text.parse().unwrap(), now);
        assert_eq!(ago("2026-11-22T17:59:30Z"), "just now");
        assert_eq!(ago("2026-11-22T17:58:30Z"), "1 minute ago");
        assert_eq!(ago("2026-11-20T17:00:00Z"), "2 days ago");
        assert_eq!(ago("2024-11-20T17:00:00Z"), "2 years ago");
        assert_eq!(ago("2026-11-23T18:00:00Z"), "in the future");
    }

    #[test]
    fn two_times_are_as_exact_as_they_must_be() {
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        let zone = |time: Timestamp| time.to_zoned_datetime(TimeZone::system());
        let (one, other) = (time("2026-11-22T18:00:00.5Z"), time("2026-11-22T18:00:01.5Z"));
        let shown = local_apart([one, other]);
        assert_eq!(shown, [one, other].map(|time| zone(time).strftime("%F %T").to_string()));
        let shown = local_apart([one, time("2026-11-22T18:00:00.500000007Z")]);
        assert!(shown[0].contains(":00.500000000 ") && shown[1].contains(":00.500000007 "), "{shown:?}");
    }

    #[test]
    fn a_text_is_cut_by_what_the_terminal_shows() {
        assert_eq!(cut("scanning", 8), "scanning");
        assert_eq!(cut("scanning", 7), "scan...");
        assert_eq!(cut("\u{6f22}\u{5b57}\u{6f22}\u{5b57}", 7), "\u{6f22}\u{5b57}...");
        assert_eq!(cut("e\u{301}e\u{301}", 2), "e\u{301}e\u{301}");
        assert_eq!([cut("text", 2), cut("text", 0)], ["..", ""]);
    }
}
