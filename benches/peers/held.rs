//! How long a removal holds the sink's lock, as strace sees it.

use std::ffi::OsStr;
use std::path::Path;

use crate::others::rotate;
use crate::place::Place;
use crate::rounds::{Role, Row, Target};
use crate::run::{self, Result, Timing, under};

/// Runs that are looked at.
const RUNS: u32 = 3;
/// Stops at these calls alone, so that the others are as fast as ever.
const STRACE: [&str; 7] = ["-f", "-y", "-ttt", "--seccomp-bpf", "-e", "trace=flock,close", "-o"];

/// The time from taking the lock of the sink to letting it go, in a rotation that removes one
/// snapshot. No row without strace.
pub fn lock_held(place: &Place, sink: &Path, job: &str) -> Result<Option<Row>> {
    let Some(strace) = place.runner.strace() else { return Ok(None) };
    let file = place.root.join("trace");
    let mut before: Vec<&OsStr> = STRACE.map(OsStr::new).to_vec();
    before.push(file.as_os_str());
    let mut times = Vec::new();
    for _ in 0..RUNS {
        place.pushes(&place.source, sink, 1)?;
        place.runner.sync()?;
        place.runner.run(&mut under(strace, &before, &rotate(place, sink)))?;
        let lock = format!("{}/.emu/LOCK>", sink.display());
        let total = held(&run::read(&file)?, &lock).ok_or("strace saw no lock of the sink")?;
        times.push(Timing { total, parts: Vec::new() });
    }
    Ok(Some(Row {
        job: job.to_owned(),
        command: "sink's lock held".to_owned(),
        role: Role::Detail,
        times,
        calls: None,
        peak: None,
        entries: place.entries,
        target: Some(Target::SecondsAtMost(0.050)),
    }))
}

/// Seconds in a trace between the lock's flock and its close, all spans together; one that is never
/// closed ends with the program.
fn held(trace: &str, lock: &str) -> Option<f64> {
    let (mut taken, mut held, mut last) = (None, None, None);
    for line in trace.lines() {
        let mut words = line.split_whitespace().skip(1);
        let at: f64 = words.next()?.parse().ok()?;
        last = Some(at);
        let call = words.next().unwrap_or_default();
        let ours = line.contains(lock);
        if ours && call.starts_with("flock(") && line.contains("LOCK_EX") && line.ends_with("= 0") {
            taken = taken.or(Some(at));
        } else if ours
            && (call.starts_with("close(") || line.contains("LOCK_UN"))
            && let Some(from) = taken.take()
        {
            held = Some(held.unwrap_or(0.0) + at - from);
        }
    }
    let open = taken.zip(last).map(|(from, to)| to - from);
    held.map(|held| held + open.unwrap_or(0.0)).or(open)
}
