//! Faults on demand: in test builds, the n-th changing call fails or ends the process.
//!
//! Every call that changes a file system passes `point` first. A release build has no faults:
//! nothing can be armed there.

use super::{Errno, Result};
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};

static COUNT: AtomicU64 = AtomicU64::new(0);
static AT: AtomicU64 = AtomicU64::new(u64::MAX);
static ERRNO: AtomicI32 = AtomicI32::new(0);
static STICKY: AtomicU64 = AtomicU64::new(0);

/// Passes, unless this is the call at which a fault was armed.
pub(super) fn point() -> Result<()> {
    if !cfg!(debug_assertions) {
        return Ok(());
    }
    let count = COUNT.fetch_add(1, Ordering::Relaxed) + 1;
    let at = AT.load(Ordering::Relaxed);
    if count < at || (count > at && STICKY.load(Ordering::Relaxed) == 0) {
        return Ok(());
    }
    match ERRNO.load(Ordering::Relaxed) {
        0 => {
            let own = rustix::process::getpid();
            let _ = rustix::process::kill_process(own, rustix::process::Signal::KILL);
            Ok(())
        }
        errno => Err(Errno::from_raw_os_error(errno)),
    }
}

/// Arms a fault: `kill:17` ends the process at the 17th changing call, `28:17` makes that call
/// fail with error number 28, `28:17:sticky` that one and all later ones.
///
/// Returns whether the specification was understood.
pub fn arm(specification: &str) -> bool {
    let mut parts = specification.split(':');
    let errno = match parts.next() {
        Some("kill") => Some(0),
        Some(number) => number.parse().ok(),
        None => None,
    };
    let at = parts.next().and_then(|at| at.parse().ok());
    let sticky = parts.next() == Some("sticky");
    let (Some(errno), Some(at)) = (errno, at) else { return false };
    ERRNO.store(errno, Ordering::Relaxed);
    STICKY.store(u64::from(sticky), Ordering::Relaxed);
    AT.store(at, Ordering::Relaxed);
    cfg!(debug_assertions)
}
