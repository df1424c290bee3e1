//! `emu push --dry-run`: the plan of a push, printed and not applied.

use super::place;
use crate::cmd::{Context, ExcludeArgs, Status};
use crate::config::Config;
use crate::error::{Kind, Result};
use crate::record::ChangeRecord;
use crate::sink::{Catalog, Sink};
use crate::snapshot::{self, Preview, Target};
use crate::source::{Patterns, Source};
use crate::ui::Paint;
use crate::ui::text::{bytes, count};
use std::path::Path;

/// What a dry run takes for given, and how it prints.
#[derive(Debug, Clone, Copy)]
pub(super) struct How {
    /// Whether files are given to their owners in the sink.
    pub(super) set_owner: bool,
    /// The word and the path each end in a NUL.
    pub(super) zero: bool,
}

/// A dry run to a place that may be no sink yet: nothing is made there, nor in the source.
pub(super) fn to_place(path: &Path, how: How, excludes: &ExcludeArgs, context: &Context) -> Result<Status> {
    let source =
        context.source().map_err(|error| error.hint("a dry run makes no source; `emu init` does"))?;
    let config = excludes.over(context.config(Some(&source))?)?;
    let excludes = &*excludes.patterns()?;
    context.warn_of_excludes(&source, &config, excludes)?;
    let path = place::of_sink(path)?;
    let name = path.to_string_lossy().into_owned();
    let sink = if place::is_sink(&path) { Some(Sink::open(&path)?) } else { None };
    plan(&name, sink.as_ref(), how, context, &source, (&config, excludes)).map(|()| None)
}

/// What a push to each of the targets would do.
pub(super) fn to_targets(
    how: How,
    context: &Context,
    source: &Source,
    config: (&Config, &[Patterns]),
    targets: Vec<Target>,
) -> Result<Status> {
    context.warn_of_excludes(source, config.0, config.1)?;
    let mut failures = Vec::new();
    for target in targets {
        let planned =
            target.sink.and_then(|sink| plan(&target.name, Some(&sink), how, context, source, config));
        if let Err(error) = planned
            && !(target.optional && error.kind() == Kind::NotFound)
        {
            // Nobody reads what is printed: that is no failure of a sink.
            if context.ui.is_closed() {
                return Err(error);
            }
            context.ui.error(&error);
            failures.push(error.kind());
        }
    }
    Ok(Kind::worst(failures))
}

/// Prints what a push to one sink would do.
fn plan(
    name: &str,
    sink: Option<&Sink>,
    how: How,
    context: &Context,
    source: &Source,
    config: (&Config, &[Patterns]),
) -> Result<()> {
    let observer = context.ui.observer();
    let catalog = sink.map_or_else(|| Ok(Catalog::default()), Catalog::read)?;
    let parent = sink.zip(catalog.head().map(|head| &head.node));
    let (mut entries, mut size, mut gone) = (0, 0, 0);
    let mut show = |change: Preview| {
        entries += u64::from(change.reason.is_some());
        gone += u64::from(change.reason.is_none());
        size += if change.reason.is_some() { change.size } else { 0 };
        print(&change, how.zero, context)
    };
    snapshot::preview(source, parent, how.set_owner, config, &observer, &mut show)?;
    context.ui.note(&format!(
        "{name}: would save {} ({}) and leave out {}",
        count(entries, "entry that differs", "entries that differ"),
        bytes(size),
        count(gone, "entry that is gone", "entries that are gone"),
    ));
    Ok(())
}

fn print(change: &Preview, zero: bool, context: &Context) -> Result<()> {
    let how = change.reason.map_or("removed", snapshot::Reason::word);
    if context.ui.json() {
        return context.ui.record(&ChangeRecord::new(&change.path, change.kind.word(), how));
    }
    let (ui, path): (_, &[u8]) = (&context.ui, if change.path.is_empty() { b"." } else { &change.path });
    if zero {
        return ui.zero_ended(how.as_bytes()).and_then(|()| ui.zero_ended(path));
    }
    let paint = match how {
        "added" => Paint::Added,
        "removed" => Paint::Removed,
        "moved" => Paint::Moved,
        _ => Paint::Changed,
    };
    ui.out(&format!("{} {}", ui.paint(paint, &format!("{how:10}")), crate::quote::escaped(path)))
}
