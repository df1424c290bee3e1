//! Where a push comes from and where it goes.

use super::PushArgs;
use crate::cmd::{Context, place};
use crate::config::Config;
use crate::error::{Doing as _, Error, Kind, Result};
use crate::fs;
use crate::quote::{quoted, quoted_path};
use crate::sink::{Sink, layout};
use crate::snapshot::{self, Target};
use crate::source::{SinkRef, Source};
use std::path::Path;
use std::sync::Arc;

/// A directory that shows the source as it was at one moment.
pub(super) fn copy_of(source: &Source, path: &Path) -> Result<Arc<fs::Dir>> {
    match Source::at(path)? {
        Some(copy) if copy.id == source.id => Ok(Arc::clone(copy.root())),
        _ => Err(Error::not_found(format!("cannot push from {}", quoted_path(path)))
            .because(format!("it is no copy of the source {}", quoted_path(&source.path)))
            .hint("is the snapshot of its file system mounted there, with its .emu?")),
    }
}

/// The source; if it was made one just now, whether nothing of it stood there before.
pub(super) fn find_source(args: &PushArgs, context: &Context) -> Result<(Source, Option<bool>)> {
    match (context.source(), &args.to) {
        // `push --source DIR --to PATH` needs no init before it.
        (Err(error), Some(path)) if error.kind() == Kind::NotFound => {
            if place::is_sink(path) {
                return Err(Error::not_found(format!("cannot push to {}", quoted_path(path)))
                    .because("the sink belongs to another source, and there is none here")
                    .hint("to get its files back: emu checkout PATH:HEAD --to DIR"));
            }
            let named = context.global.source.clone();
            let dir = named
                .map_or_else(|| fs::working_directory().doing(|| "cannot tell the working directory"), Ok)?;
            let there = fs::open_operator(&dir).and_then(|dir| dir.stat_if_there(layout::EMU));
            let is_new = there.is_ok_and(|stat| stat.is_none());
            Source::init(&dir).map(|(source, _)| (source, Some(is_new)))
        }
        (found, _) => found.map(|source| (source, None)),
    }
}

pub(super) fn find_targets(
    args: &PushArgs,
    context: &Context,
    source: &Source,
    config: &Config,
) -> Result<Vec<Target>> {
    let safe = config.safe_directories();
    if let Some(path) = &args.to {
        let trusted = source.distrust(&safe).is_none();
        return to_path(path, source, trusted, context).map(|target| vec![target]);
    }
    source.require_trust(&safe)?;
    let known = source.sinks()?;
    if args.sinks.is_empty() {
        return Ok(known.iter().map(|sink| known_target(source, sink, sink.optional)).collect());
    }
    let target = |spec: &String| {
        if spec.contains('/') {
            let sink = place::of_sink(Path::new(spec)).and_then(|path| Sink::open(&path));
            return Target { name: spec.clone(), optional: false, sink };
        }
        match source.sink(spec) {
            Ok(known) => known_target(source, &known, false),
            Err(error) => Target { name: spec.clone(), optional: false, sink: Err(error) },
        }
    };
    Ok(args.sinks.iter().map(target).collect())
}

fn known_target(source: &Source, known: &SinkRef, optional: bool) -> Target {
    Target { name: known.name.clone(), optional, sink: source.open_sink(known) }
}

/// The sink at a path, made and remembered as needed. A known sink whose disk is absent is never
/// made anew in its place.
fn to_path(path: &Path, source: &Source, trusted: bool, context: &Context) -> Result<Target> {
    let path = place::of_sink(path)?;
    let known = if trusted { source.sinks()? } else { Vec::new() };
    if let Some(known) = known.iter().find(|known| place::same(&known.path, &path)) {
        return Ok(known_target(source, known, false));
    }
    let existed = fs::open_operator(&path).is_ok();
    let mut is_new = false;
    let sink = match Sink::open(&path) {
        Err(error) if error.kind() == Kind::NotFound && !place::is_sink(&path) => {
            is_new = true;
            Sink::create(&path, &source.id)?
        }
        opened => opened?,
    };
    if let Some(known) = known.iter().find(|known| known.id == sink.info.id) {
        if source.open_sink(known).is_ok() {
            return Err(snapshot::copied(&sink.path, &known.path));
        }
        return Ok(Target { name: known.name.clone(), optional: false, sink: Ok(sink) });
    }
    if !sink.info.abilities.links {
        if is_new {
            crate::cmd::porcelain::sink::undo(&path, !existed)?;
        }
        return Err(Error::failed(format!("cannot push to {}", quoted_path(&path)))
            .because("its file system has no hard links: every snapshot would be a full copy")
            .hint("use a file system such as ext4, xfs or btrfs"));
    }
    let mut name = path.to_string_lossy().into_owned();
    if trusted && sink.info.source == source.id {
        let free = |name: &str| known.iter().all(|other| other.name != name);
        let names = std::iter::once("origin".to_owned()).chain((2_u32..).map(|n| format!("origin-{n}")));
        if let Some(free) = names.into_iter().find(|name| free(name)) {
            let added = source.add_sink(&free, &sink, false)?;
            context.ui.note(&format!("{} is the sink {} now", quoted_path(&path), quoted(&added.name)));
            name = added.name;
        }
    }
    Ok(Target { name, optional: false, sink: Ok(sink) })
}
