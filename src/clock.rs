//! The time: `now()` is the only clock, and `EMU_DATE` can fix it.

use crate::error::{Error, Result};
use jiff::Timestamp;
use std::sync::OnceLock;

static FIXED: OnceLock<Timestamp> = OnceLock::new();

/// Fixes the clock for this process (`EMU_DATE`, for tests): `2026-11-22T18:00:00Z` or seconds.
///
/// # Errors
/// The text is no time.
pub fn fix(text: &str) -> Result<()> {
    let seconds = text.strip_prefix('@').unwrap_or(text).parse().ok();
    let time = match seconds {
        Some(seconds) => Timestamp::from_second(seconds).ok(),
        None => text.parse().ok(),
    };
    let time = time.ok_or_else(|| {
        Error::usage("cannot read EMU_DATE").because("it is no time such as 2026-11-22T18:00:00Z")
    })?;
    let _ = FIXED.set(time);
    Ok(())
}

/// The time of day.
#[expect(clippy::disallowed_methods, reason = "this is the clock")]
pub fn now() -> Timestamp {
    FIXED.get().copied().unwrap_or_else(Timestamp::now)
}

/// The machine's clock, which `EMU_DATE` does not fix: for comparing with the stamps of files.
#[expect(clippy::disallowed_methods, reason = "this is the clock")]
pub fn system() -> crate::tree::Time {
    let now = Timestamp::now();
    let nanos = u32::try_from(now.subsec_nanosecond()).unwrap_or(0);
    crate::tree::Time { sec: now.as_second(), nanos }
}
