//! SIGINT, SIGTERM and SIGHUP as a flag that long work looks at.

use crate::error::{Error, Kind, Result};
use signal_hook::SigId;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::low_level::{pipe, unregister};
use std::io::Read as _;
use std::os::unix::net::UnixStream;
use std::process::{Child, ExitStatus};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, OnceLock};
use std::time::Duration;

/// How long after the first signal another one is still taken for the same one: whoever runs emu for
/// somebody (`timeout`, `sudo`, a terminal) often signals the process and then its group.
const SAME: Duration = Duration::from_millis(500);

static SIGNAL: LazyLock<Arc<AtomicUsize>> = LazyLock::new(Arc::default);

/// Whether a further signal kills.
static IMPATIENT: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// What makes a second SIGINT kill.
static SECOND: OnceLock<SigId> = OnceLock::new();

/// Begins to note signals instead of dying from them; one that comes later than the first kills.
pub fn watch() {
    let arrivals = UnixStream::pair();
    for (signal, number) in [(SIGINT, 2), (SIGTERM, 15), (SIGHUP, 1)] {
        let second = signal_hook::flag::register_conditional_default(signal, Arc::clone(&IMPATIENT));
        if let (SIGINT, Ok(second)) = (signal, second) {
            let _ = SECOND.set(second);
        }
        let _ = signal_hook::flag::register_usize(signal, Arc::clone(&SIGNAL), number);
        if let Some(write) = arrivals.as_ref().ok().and_then(|(_, write)| write.try_clone().ok()) {
            let _ = pipe::register(signal, write);
        }
    }
    if let Ok((mut read, _)) = arrivals {
        // It ends with the process.
        let wait = move || {
            if read.read_exact(&mut [0]).is_ok() {
                std::thread::sleep(SAME);
                IMPATIENT.store(true, Ordering::Relaxed);
            }
        };
        // Where no thread can be had, no signal kills but SIGKILL and SIGQUIT.
        let _ = std::thread::Builder::new().spawn(wait);
    }
}

/// From now on SIGINT never kills: it is meant for another program on the same terminal, such as a
/// pager, which must not be left there alone.
pub fn endure() {
    if let Some(second) = SECOND.get() {
        let _ = unregister(*second);
    }
}

/// Waits for a program that has the terminal. SIGTERM and SIGHUP are passed on to it as SIGTERM;
/// SIGINT it gets by itself.
///
/// # Errors
/// The system's.
pub fn wait(child: &mut Child) -> std::io::Result<ExitStatus> {
    let mut told = false;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if !told && matches!(SIGNAL.load(Ordering::Relaxed), 1 | 15) {
            told = true;
            let pid = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw);
            let _ = pid.map(|pid| rustix::process::kill_process(pid, rustix::process::Signal::TERM));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Goes on, unless a signal has come.
///
/// # Errors
/// [`Kind::Interrupted`] with the signal's number.
pub fn check() -> Result<()> {
    match SIGNAL.load(Ordering::Relaxed) {
        0 => Ok(()),
        number => Err(Error::new(Kind::Interrupted(u8::try_from(number).unwrap_or(2)), "interrupted")),
    }
}
