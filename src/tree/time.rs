//! Points in time with nanoseconds, as file systems keep them.

use std::fmt;

/// Seconds since 1970-01-01 UTC, rounded down, and nanoseconds always added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub struct Time {
    /// Whole seconds; negative before 1970.
    pub sec: i64,
    /// 0 to 999,999,999.
    pub nanos: u32,
}

impl Time {
    /// The same moment, `seconds` earlier.
    #[must_use]
    pub fn minus_seconds(self, seconds: i64) -> Time {
        Time { sec: self.sec.saturating_sub(seconds), nanos: self.nanos }
    }

    /// What a file system shows whose times have this grain in nanoseconds.
    #[must_use]
    pub fn floor_to(self, grain: u64) -> Time {
        const SECOND: u64 = 1_000_000_000;
        if grain <= 1 {
            return self;
        }
        if grain < SECOND {
            let nanos = u64::from(self.nanos) / grain * grain;
            return Time { sec: self.sec, nanos: u32::try_from(nanos).unwrap_or(0) };
        }
        let step = i64::try_from(grain / SECOND).unwrap_or(1);
        Time { sec: self.sec.div_euclid(step).saturating_mul(step), nanos: 0 }
    }

    /// Reads `-2.500000000`: floor of seconds, a dot, nine digits.
    pub fn parse(text: &str) -> Option<Time> {
        let (sec, nanos) = text.split_once('.')?;
        let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        if nanos.len() != 9 || !digits(nanos) || !digits(sec.strip_prefix('-').unwrap_or(sec)) {
            return None;
        }
        Some(Time { sec: sec.parse().ok()?, nanos: nanos.parse().ok()? })
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:09}", self.sec, self.nanos)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_before_1970_round_down() {
        let time = Time { sec: -2, nanos: 500_000_000 };
        assert_eq!(time.to_string(), "-2.500000000");
        assert_eq!(Time::parse("-2.500000000"), Some(time));
        assert_eq!(time.floor_to(1_000_000_000), Time { sec: -2, nanos: 0 });
        assert_eq!(Time { sec: -3, nanos: 1 }.floor_to(2_000_000_000), Time { sec: -4, nanos: 0 });
    }

    #[test]
    fn only_the_exact_form_is_read() {
        for bad in
            ["", "1", "1.5", "1.0000000000", "+1.000000000", "1.00000000x", "--1.000000000", "a.000000000"]
        {
            assert_eq!(Time::parse(bad), None, "{bad}");
        }
    }
}
