//! `emu sink rm`, `rename`, `set`, `move`, `adopt` and `clean`: what a source knows of its sinks, and whose they are.

use super::{ChangeArgs, state, trusted_source};
use crate::cmd::{Context, Status, place};
use crate::error::{Error, Result};
use crate::fs;
use crate::quote::{escaped, quoted, quoted_path};
use crate::record::SinkRecord;
use crate::sink::{Catalog, Info, Sink, uuid};
use crate::snapshot;
use crate::source::{SinkRef, Source};
use crate::ui::text;
use std::path::{Path, PathBuf};

/// Forgets a sink.
pub(super) fn forget(context: &Context, name: &str, args: ChangeArgs) -> Result<Status> {
    let source = trusted_source(context)?;
    let _lock = args.lock(&source, context)?;
    let known = if args.dry_run { source.sink(name)? } else { source.forget_sink(name)? };
    let (what, stays) =
        if args.dry_run { ("would be forgotten", "would stay") } else { ("forgotten", "stays") };
    match (context.ui.json(), quoted_path(&known.path)) {
        (true, _) => say(&known, what, context)?,
        (false, place) => say(&known, &format!("{what}; its data {stays} in {place}"), context)?,
    }
    if !args.dry_run && is_default(context, &source, name)? {
        context.ui.warn(&format!("core.default-sink still names {}", quoted(name)));
    }
    Ok(None)
}

/// Gives a sink another name.
pub(super) fn rename(context: &Context, name: &str, new: &str, args: ChangeArgs) -> Result<Status> {
    let source = trusted_source(context)?;
    let _lock = args.lock(&source, context)?;
    let known = source.sink(name)?;
    if args.dry_run {
        source.check_new_name(new)?;
    } else {
        source.rename_sink(name, new)?;
    }
    let would = if args.dry_run { "would be renamed" } else { "renamed" };
    let renamed = SinkRef { name: new.to_owned(), ..known };
    say(&renamed, &format!("{would} from {}", quoted(name)), context)?;
    if is_default(context, &source, name)? {
        context.ui.warn(&format!("core.default-sink names {}", quoted(name)));
        context.ui.hint(&format!("emu config set core.default-sink {new}"));
    }
    Ok(None)
}

fn is_default(context: &Context, source: &Source, name: &str) -> Result<bool> {
    Ok(context.config(Some(source))?.default_sink().as_deref() == Some(name))
}

/// Says whether a sink may be absent.
pub(super) fn set(context: &Context, name: &str, optional: bool, args: ChangeArgs) -> Result<Status> {
    let source = trusted_source(context)?;
    let _lock = args.lock(&source, context)?;
    let known = source.sink(name)?;
    source.check_record(&known)?;
    let changed = SinkRef { optional, ..known };
    if !args.dry_run {
        source.set_sink(&changed)?;
    }
    let would = if args.dry_run { "would be" } else { "is" };
    say(&changed, &format!("{would} {}", if optional { "optional" } else { "required" }), context)?;
    Ok(None)
}

/// Remembers that a sink stands elsewhere now.
pub(super) fn relocate(context: &Context, name: &str, path: &Path, args: ChangeArgs) -> Result<Status> {
    let source = trusted_source(context)?;
    let _lock = args.lock(&source, context)?;
    let known = source.sink(name)?;
    let path = place::of_sink(path)?;
    let cannot = || format!("cannot move the sink {} to {}", quoted(name), quoted_path(&path));
    let sink = Sink::open(&path).map_err(|error| {
        error.hint(format!(
            "bring its directory there first, with hard links: cp -a {} {}",
            quoted_path(&known.path),
            quoted_path(&path)
        ))
    })?;
    if sink.info.id != known.id {
        return Err(Error::not_found(cannot())
            .because(format!("there is the sink {}, not {}", sink.info.id, known.id))
            .hint("`emu sink add NAME PATH` adds another one"));
    }
    let old = Sink::open(&known.path).ok().filter(|old| old.info.id == known.id);
    let old = old.filter(|_| !place::same(&known.path, &path));
    if let Some(old) = &old
        && Catalog::read(old)?.last_seq > Catalog::read(&sink)?.last_seq
    {
        return Err(Error::failed(cannot())
            .because(format!("the one at {} has newer snapshots", quoted_path(&known.path)))
            .hint("copy it once more, or make the other a sink of its own: emu sink adopt NAME PATH"));
    }
    let moved = SinkRef { path: path.clone(), ..known.clone() };
    if !args.dry_run {
        source.set_sink(&moved)?;
    }
    let would = if args.dry_run { "would be" } else { "is now" };
    say(&moved, &format!("{would} at {}", quoted_path(&path)), context)?;
    if old.is_some() {
        context.ui.warn(&format!(
            "the one at {} has the same id: remove it, or make it a sink of its own with emu sink adopt NAME PATH",
            quoted_path(&known.path)
        ));
    }
    Ok(None)
}

/// Makes a sink this source's and this machine's.
pub(super) fn adopt(
    context: &Context,
    name: Option<&str>,
    path: Option<&Path>,
    args: ChangeArgs,
) -> Result<Status> {
    let source = trusted_source(context)?;
    let _lock = args.lock(&source, context)?;
    let sinks = source.sinks()?;
    let (name, path) = adopted(&source, &sinks, name, path)?;
    let known = sinks.iter().find(|known| known.name == name && place::same(&known.path, &path));
    let sink = match known {
        // Another disk that is mounted in its place is not taken over by its name.
        Some(known) => match source.open_sink(known) {
            Ok(sink) => sink,
            Err(error) => lost_record(&source, known, error)?,
        },
        None => {
            source.check_new_name(&name)?;
            Sink::inferred(&path, None)?
        }
    };
    let is_copy = sinks.iter().any(|other| {
        other.id == sink.info.id
            && !place::same(&other.path, &path)
            && Sink::open(&other.path).is_ok_and(|there| there.info.id == other.id)
    });
    if let Some(other) = sinks.iter().find(|other| other.id == sink.info.id && known.is_none() && !is_copy) {
        return Err(Error::failed(format!("cannot adopt the sink at {}", quoted_path(&path)))
            .because(format!("it is known as {}, at {}", quoted(&other.name), quoted_path(&other.path)))
            .hint(format!("emu sink move {} PATH says where it is now", other.name)));
    }
    let id = if is_copy { uuid()? } else { sink.info.id.clone() };
    let told = whose(&sink, &source, is_copy)?;
    let mut record = SinkRef { name: name.clone(), path, id: id.clone(), optional: false, order: 0 };
    if !args.dry_run {
        let lock = snapshot::tidy(&sink, args.wait.wait(), context.command, &context.ui.observer())?;
        let is_lost = Sink::open(&sink.path).is_err();
        let info = if is_lost { sink.probed(&lock)? } else { sink.info.clone() };
        let machine = Some(fs::machine_id());
        let sink = sink.rewrite(&lock, Info { id, source: source.id.clone(), machine, ..info })?;
        record = match known {
            Some(known) => SinkRef { id: record.id, ..known.clone() },
            None => source.add_sink(&name, &sink, false)?,
        };
        source.set_sink(&record)?;
        source.settle()?;
    }
    let would = if args.dry_run { "would be adopted" } else { "adopted" };
    say(&record, &format!("{would}; {told}"), context)?;
    Ok(None)
}

/// Which sink is meant: one that is known, or one under a new name.
fn adopted(
    source: &Source,
    sinks: &[SinkRef],
    name: Option<&str>,
    path: Option<&Path>,
) -> Result<(String, PathBuf)> {
    Ok(match (name, path) {
        (Some(name), Some(path)) => (name.to_owned(), place::of_sink(path)?),
        (Some(path), None) if path.contains('/') => ("origin".to_owned(), place::of_sink(Path::new(path))?),
        (Some(name), None) => {
            let known = source.sink(name)?;
            (known.name, known.path)
        }
        (None, _) => match sinks {
            [one] => (one.name.clone(), one.path.clone()),
            _ => {
                return Err(Error::usage("no sink is named").hint("emu sink adopt NAME, or NAME PATH"));
            }
        },
    })
}

/// A sink that the source knows and whose own record is lost; anything else is the `error` that it was.
fn lost_record(source: &Source, known: &SinkRef, error: Error) -> Result<Sink> {
    if Sink::open(&known.path).is_ok() {
        return Err(error);
    }
    let sink = Sink::inferred(&known.path, Some(&known.id))?;
    if sink.info.source == source.id { Ok(sink) } else { Err(error) }
}

/// Whose a sink was.
fn whose(sink: &Sink, source: &Source, is_copy: bool) -> Result<String> {
    let catalog = Catalog::listed(sink)?;
    let last = catalog.snapshots.last().map(|snapshot| {
        let node = &snapshot.node;
        let age = node.timestamp().map(|time| text::age(time, crate::clock::now())).unwrap_or_default();
        format!("its last snapshot is of {}, {age}", escaped(node.host.as_bytes()))
    });
    let last = last.unwrap_or_else(|| "it has no snapshot yet".to_owned());
    let other = sink.info.source != source.id;
    Ok(match (is_copy, other) {
        (true, _) => format!("as a copy it gets an id of its own; {last}"),
        (false, true) => format!("it was of the source {}; {last}", sink.info.source),
        (false, false) => last,
    })
}

/// Forgets the sinks that are not there.
pub(super) fn clean(context: &Context, args: ChangeArgs) -> Result<Status> {
    let source = trusted_source(context)?;
    let _lock = args.lock(&source, context)?;
    let mut count = 0;
    for known in source.sinks()?.iter().filter(|known| !known.optional) {
        let why = match source.open_sink(known) {
            Err(_) => state(known),
            Ok(_) => continue,
        };
        // What cannot be read is there.
        if why == "unreadable" {
            context.ui.warn(&format!("sink {} stays: it cannot be read", quoted(&known.name)));
            continue;
        }
        count += 1;
        if !args.dry_run {
            source.forget_sink(&known.name)?;
        }
        let would = if args.dry_run { "would be forgotten" } else { "forgotten" };
        say(known, &format!("{would} ({why} at {})", quoted_path(&known.path)), context)?;
    }
    if count == 0 {
        context.ui.note("every sink is there");
    }
    Ok(None)
}

fn say(sink: &SinkRef, what: &str, context: &Context) -> Result<()> {
    if context.ui.json() {
        let SinkRef { name, path, id, optional, .. } = sink;
        return context.ui.record(&SinkRecord::new(name, path, id, *optional, Err(what)));
    }
    context.ui.out(&format!("sink {}: {what}", sink.name))
}
