//! The sinks of a push are locked in one order; those that cannot be used are left out and reported.

use super::SinkReport;
use super::begin::{self, Ready, Target};
use crate::error::{Error, Result};
use crate::progress::Observer;
use crate::quote::quoted_path;
use crate::sink::{Sink, Wait};
use crate::source::Source;
use std::path::Path;

/// Locks all sinks in the order of their ids. What cannot be used goes to the reports.
pub(super) fn lock_all(
    source: &Source,
    targets: Vec<Target>,
    set_owner: bool,
    wait: Wait,
    command: &str,
    observer: &dyn Observer,
) -> (Vec<Ready>, Vec<SinkReport>) {
    let (mut open, mut reports) = (Vec::new(), Vec::new());
    for target in targets {
        let Target { name, optional, sink } = target;
        match sink.and_then(|sink| refuse_foreign(source, sink)) {
            Ok(sink) => open.push((name, optional, sink)),
            // Only this is an absence: whatever goes wrong later is not forgiven.
            Err(error) => reports.push(SinkReport { name, optional, outcome: Err(error) }),
        }
    }
    open.sort_by(|a, b| a.2.info.id.cmp(&b.2.info.id));
    let mut unique: Vec<(String, bool, Sink)> = Vec::new();
    for (name, optional, sink) in open {
        match unique.last().filter(|(_, _, last)| last.info.id == sink.info.id) {
            None => unique.push((name, optional, sink)),
            // Named twice.
            Some((_, _, last)) if is_same_place(last, &sink) => {}
            Some((_, _, last)) => {
                let outcome = Err(copied(&sink.path, &last.path));
                reports.push(SinkReport { name, optional: false, outcome });
            }
        }
    }
    let mut ready = Vec::new();
    for (name, _, sink) in unique {
        match begin::ready(&name, sink, set_owner, wait, command, observer) {
            Ok(sink) => ready.push(sink),
            Err(error) => reports.push(SinkReport { name, optional: false, outcome: Err(error) }),
        }
    }
    (ready, reports)
}

fn is_same_place(one: &Sink, other: &Sink) -> bool {
    let place = |sink: &Sink| sink.root().stat_self().map(|stat| (stat.dev, stat.ino)).ok();
    place(one).is_some_and(|at| Some(at) == place(other))
}

/// Two directories that say they are the same sink: one is a copy of the other.
pub fn copied(path: &Path, other: &Path) -> Error {
    let (path, other) = (quoted_path(path), quoted_path(other));
    Error::failed(format!("cannot push to {path}"))
        .because(format!("it has the id of the sink {other}: one is a copy of the other"))
        .hint(format!("push to one of them, and remove .emu/sink in the copy; `emu sink adopt NAME {path}` then gives it an id of its own"))
}

fn refuse_foreign(source: &Source, sink: Sink) -> Result<Sink> {
    if sink.info.source == source.id {
        return Ok(sink);
    }
    Err(Error::not_found(format!("cannot push to {}", quoted_path(&sink.path)))
        .because("the sink belongs to another source")
        .hint("each sink holds snapshots of one source; `emu sink add NAME PATH` makes another sink"))
}

/// Drops the sinks that a check refuses; their reports say why.
pub(super) fn keep(
    ready: Vec<Ready>,
    reports: &mut Vec<SinkReport>,
    check: impl Fn(&Ready) -> Result<()>,
) -> Vec<Ready> {
    let mut kept = Vec::new();
    for ready in ready {
        match check(&ready) {
            Ok(()) => kept.push(ready),
            Err(error) => {
                reports.push(SinkReport { name: ready.name, optional: false, outcome: Err(error) });
            }
        }
    }
    kept
}
