//! A full checkout of the source: the whole plan first, then the guard, then the changes between
//! the two ends of a note that lets a second run take over, and HEAD at the end.

use super::apply::Applier;
use super::checkout::{Head, Outcome, Request, complete, decide, is_read_only};
use super::content::Origin;
use super::judge::Powers;
use super::target::Unfinished;
use crate::error::{Doing as _, Result};
use crate::fs;
use crate::progress::{Event, Observer};
use crate::sink::Catalog;
use crate::source::Source;
use std::sync::Arc;

pub(super) fn run(request: &Request<'_>, source: &Source, observer: &dyn Observer) -> Result<Outcome> {
    observer.event(Event::Phase("comparing"));
    let before = Unfinished::read(source.emu());
    let mut origin = Origin::open(request.sink, request.node)?;
    let mut steps = Vec::new();
    let keep = &mut |step| {
        steps.push(step);
        Ok(())
    };
    let foreseen = decide(request, Some(source.root()), before.as_ref(), keep, observer)?;
    if let Some(refusal) = foreseen.risks.refusal() {
        return Err(refusal);
    }
    let mut note = Unfinished::new(request.sink, request.node)?;
    let was_cut_off = before.is_some();
    if let Some(before) = before {
        // Its temporary files are found again only by their name.
        note.temporary = before.temporary;
    }
    let powers = Powers::new(request.ownership);
    let own = fs::random_hex(2).doing(|| "cannot name temporary files")?;
    let prefix = format!("{}{own}-", note.temporary);
    let mut applier = Applier::new(Arc::clone(source.root()), powers, None, prefix, observer);
    // Nothing is written then, and nobody wrote before: there is nothing to make durable.
    let idle = steps.is_empty() && !was_cut_off;
    if !steps.is_empty() {
        note.write(source.emu(), &source.path)?;
    }
    observer.event(Event::Phase("restoring"));
    let applied = (|| {
        for step in steps.iter().rev() {
            applier.remove(step)?;
        }
        for step in steps {
            applier.apply(&mut origin, step)?;
        }
        complete(request, &mut applier, &mut origin, &foreseen)
    })();
    let finished = if idle { Ok(()) } else { applier.finish() };
    applied?;
    finished?;
    let head = move_head(request)?;
    Unfinished::remove(source.emu(), &source.path)?;
    let excluded = foreseen.excluded;
    Ok(Outcome { done: applier.done, left: 0, excluded, replaced: None, head })
}

/// HEAD of the sink names what the source shows now.
fn move_head(request: &Request<'_>) -> Result<Head> {
    let id = &request.node.id;
    // Read anew: a push may have ended between the look at the sink and the source's lock.
    if Catalog::listed(request.sink)?.head.as_ref() == Some(id) {
        return Ok(Head::Moved);
    }
    let moved =
        request.sink.lock(request.command, request.wait).and_then(|lock| request.sink.set_head(&lock, id));
    match moved {
        Ok(()) => Ok(Head::Moved),
        Err(error) if is_read_only(&error) => Ok(Head::Unmovable(error.to_string())),
        Err(error) => Err(error),
    }
}
