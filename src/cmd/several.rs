//! The snapshots that a command for many of them is about.

use super::{Context, Found, Opened, Status};
use crate::error::{Error, Kind, Result};
use crate::quote::{escaped, quoted_path};
use crate::sink::Damaged;
use crate::sink::node::short;

/// A sink's name, and snapshots in it.
pub(super) type Group = (String, Vec<Found>);

/// What was asked for by sink, each snapshot once, the oldest first; all sinks of the source if
/// nothing was.
///
/// # Errors
/// There is no such snapshot or sink.
pub(super) fn snapshots(revs: &[String], sink: Option<&str>, context: &Context) -> Result<Vec<Group>> {
    let mut groups = groups(revs, sink, context)?;
    for (_, group) in &mut groups {
        group.sort_by_key(|found| found.node.seq);
        group.dedup_by(|a, b| a.node.id == b.node.id);
    }
    Ok(groups)
}

/// The sinks that a command for all of them changes: those named, or else all of the source. Optional ones
/// that are absent are noted; what is wrong with another is said, and its kind goes to `kinds`.
///
/// # Errors
/// One that is named cannot be opened, or there is no source.
pub(super) fn to_change(names: &[String], context: &Context, kinds: &mut Vec<Kind>) -> Result<Vec<Opened>> {
    if !names.is_empty() {
        return names.iter().map(|name| context.open_sink(name)).collect();
    }
    let mut sinks = Vec::new();
    for (known, opened) in context.all_sinks()? {
        match opened {
            Ok(opened) => sinks.push(opened),
            Err(error) if known.optional && error.kind() == Kind::NotFound => {
                context.ui.note(&format!("{}: left out: {error}", known.name));
            }
            Err(error) => {
                context.ui.error(&error);
                kinds.push(error.kind());
            }
        }
    }
    Ok(sinks)
}

/// Warns of snapshots that an answer leaves out because their manifests are damaged, and says what may
/// help. What was asked for is then not wholly done.
pub(super) fn left_out(damaged: &[Damaged], opened: &Opened, context: &Context) -> Status {
    let (ui, place) = (&context.ui, quoted_path(&opened.sink.path));
    for Damaged { id, why } in damaged {
        let short = short(id);
        ui.warn(&format!("snapshot {short} in {place} is damaged and left out: {why}"));
    }
    damaged.first()?;
    ui.hint(&format!("`emu verify --repair {}` puts manifests right", escaped(opened.name.as_bytes())));
    Some(Kind::Incomplete)
}

/// How many threads read manifests.
///
/// # Errors
/// A configuration cannot be read.
pub(super) fn threads(context: &Context) -> Result<usize> {
    let configured = context.config(context.try_source().as_ref())?.threads();
    Ok(configured.unwrap_or_else(crate::fs::usual_threads))
}

fn groups(revs: &[String], sink: Option<&str>, context: &Context) -> Result<Vec<Group>> {
    if revs.is_empty() && sink.is_none() {
        return everything(context);
    }
    let own: Vec<String> = sink.iter().map(|sink| (*sink).to_owned()).collect();
    let asked = if revs.is_empty() { &own } else { revs };
    let mut groups: Vec<Group> = Vec::new();
    for rev in asked {
        let found = context.revisions(rev, sink)?;
        let name = found.first().map_or(rev.clone(), |found| found.opened.name.clone());
        match groups.iter_mut().find(|(known, _)| *known == name) {
            Some((_, group)) => group.extend(found),
            None => groups.push((name, found)),
        }
    }
    Ok(groups)
}

/// All sinks of the source; an absent one is noted, and so is one that cannot be read if there is
/// another.
fn everything(context: &Context) -> Result<Vec<Group>> {
    let (mut groups, mut failures) = (Vec::new(), Vec::new());
    for (known, opened) in context.all_sinks()? {
        match opened {
            Ok(opened) => groups.push((known.name, opened.all())),
            Err(error) => failures.push((known.name, error)),
        }
    }
    if groups.is_empty() {
        if failures.is_empty() {
            return Err(Error::not_found("the source has no sink").hint("`emu sink add PATH` adds one"));
        }
        if let Some(at) = failures.iter().position(|(_, error)| error.kind() != Kind::NotFound) {
            return Err(failures.swap_remove(at).1);
        }
    }
    for (name, error) in failures {
        context.ui.note(&format!("sink {name} left out: {error}"));
    }
    Ok(groups)
}
