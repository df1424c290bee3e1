//! `emu sink add`: a new sink, or one that exists already.

use super::{ChangeArgs, describe, trusted_source};
use crate::cmd::mounts::{self, Mount};
use crate::cmd::{Context, Status, place};
use crate::error::{Doing as _, Error, Kind, Result};
use crate::fs;
use crate::quote::{escaped, quoted_path};
use crate::record::SinkRecord;
use crate::sink::{Sink, layout};
use crate::source::Source;
use crate::ui::text;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

pub(super) fn add(
    context: &Context,
    name: &str,
    path: &Path,
    optional: bool,
    args: ChangeArgs,
) -> Result<Status> {
    let source = trusted_source(context)?;
    let _lock = args.lock(&source, context)?;
    let path = place::of_sink(path)?;
    source.check_new_name(name).map_err(|error| match error.kind() {
        Kind::Failed => error.hint("choose another name: emu sink add NAME PATH"),
        _ => error,
    })?;
    if args.dry_run {
        return foresee(context, &source, (name, optional), &path);
    }
    let (sink, is_new) = open_or_create(&source, &path)?;
    let added = source.add_sink(name, &sink, optional);
    if is_new && added.is_err() {
        undo(&path, false)?;
    }
    let known = added?;
    let all = mounts::all();
    if context.ui.json() {
        let place = describe(&sink, &all, None);
        context.ui.record(&SinkRecord::new(name, &path, &known.id, optional, Ok(place)))?;
    } else {
        let how = if is_new { "made" } else { "attached" };
        context.ui.out(&format!("sink {name}: {how} at {}", quoted_path(&path)))?;
        context.ui.out(&format!("  {}", whereabouts(&sink, &all)))?;
    }
    warn_of_abilities(context, &sink);
    warn_of_places(context, &source, &sink, &all)?;
    Ok(None)
}

/// Where a sink would be made, or which would be attached.
fn foresee(
    context: &Context,
    source: &Source,
    (name, optional): (&str, bool),
    path: &Path,
) -> Result<Status> {
    let place = quoted_path(path);
    let say = |id: &str, what: &str, at: &str| match context.ui.json() {
        true => context.ui.record(&SinkRecord::new(name, path, id, optional, Err(what))),
        false => context.ui.out(&format!("sink {name}: {what} at {place}{at}")),
    };
    if place::is_sink(path) {
        let sink = Sink::open(path)?;
        refuse_foreign(source, &sink)?;
        return say(&sink.info.id, "would be attached", "").map(|()| None);
    }
    let near = fs::open_operator(path).or_else(|_| fs::open_operator(path.parent().unwrap_or(path)));
    let cannot = || format!("cannot make a sink at {place}");
    let near = near.doing(cannot)?;
    crate::sink::refuse_inside(&near, &cannot)?;
    let free = text::bytes(fs::space(&near).map_or(0, |space| space.available));
    let mounts = mounts::all();
    let device = mounts::of(&mounts, &near).map(|mount| escaped(mount.device.as_bytes())).unwrap_or_default();
    say("", "would be made", &format!(" on {device}, {free} free")).map(|()| None)
}

/// A sink holds snapshots of one source.
fn refuse_foreign(source: &Source, sink: &Sink) -> Result<()> {
    if sink.info.source == source.id {
        return Ok(());
    }
    Err(Error::not_found(format!("cannot add the sink at {}", quoted_path(&sink.path)))
        .because(format!("it belongs to the source {}, this one is {}", sink.info.source, source.id))
        .hint("name another directory; to take it over from a source that is lost: emu sink adopt NAME PATH"))
}

/// `/dev/sda1 mounted at '/mnt/usb' (ext4), 120 GB free`
fn whereabouts(sink: &Sink, all: &[Mount]) -> String {
    let free = fs::space(sink.root()).map_or(0, |space| space.available);
    let free = text::bytes(free);
    match mounts::of(all, sink.root()) {
        Some(mount) => {
            let device = escaped(mount.device.as_bytes());
            format!("{device} mounted at {} ({}), {free} free", quoted_path(&mount.point), mount.kind)
        }
        None => format!("{}, {free} free", sink.info.abilities.kind),
    }
}

/// The sink of this source at `path`, or a new one there.
fn open_or_create(source: &Source, path: &Path) -> Result<(Sink, bool)> {
    if place::is_sink(path) {
        let sink = Sink::open(path)?;
        return refuse_foreign(source, &sink).map(|()| (sink, false));
    }
    let existed = fs::open_operator(path).is_ok();
    let sink = Sink::create(path, &source.id)?;
    if sink.info.abilities.links {
        return Ok((sink, true));
    }
    let kind = sink.info.abilities.kind.clone();
    undo(path, !existed)?;
    Err(Error::failed(format!("cannot make a sink at {}", quoted_path(path)))
        .because(format!("its file system ({kind}) has no hard links"))
        .hint("use a disk with ext4, xfs or btrfs"))
}

/// Takes back a sink that was made just now and holds nothing.
pub(in crate::cmd::porcelain) fn undo(path: &Path, with_directory: bool) -> Result<()> {
    let cannot = || format!("cannot remove the sink made at {}", quoted_path(path));
    let root = fs::open_operator(path).doing(cannot)?;
    fs::remove_tree(&root, layout::EMU, 1).doing(cannot)?;
    let (Some(parent), Some(name), true) = (path.parent(), path.file_name(), with_directory) else {
        return Ok(());
    };
    fs::open_operator(parent).and_then(|parent| parent.remove_dir(name.as_bytes())).doing(cannot)
}

/// What the file system of a sink cannot keep of a file.
fn warn_of_abilities(context: &Context, sink: &Sink) {
    let abilities = &sink.info.abilities;
    let kind = &abilities.kind;
    let root = rustix::process::geteuid().is_root();
    if root && !abilities.owner {
        context.ui.warn(&format!("its file system ({kind}) keeps no owners; manifests record them"));
    }
    if !abilities.xattrs {
        let what = "extended attributes and ACLs";
        context.ui.warn(&format!("its file system ({kind}) keeps no {what}; manifests record them"));
    }
    if abilities.grain > 1 {
        let (grain, unit) = match abilities.grain {
            second @ 1_000_000_000.. => (second / 1_000_000_000, "s"),
            micro @ 1000.. => (micro / 1000, "\u{b5}s"),
            nano => (nano, "ns"),
        };
        context.ui.warn(&format!(
            "its file system ({kind}) keeps times in steps of {grain} {unit}; manifests record them exactly"
        ));
    }
    if !abilities.case_sensitive {
        context.ui.warn(&format!(
            "its file system ({kind}) takes names that differ in case alone for the same name"
        ));
    }
}

/// What a push will leave out, and what a dead disk would take along.
fn warn_of_places(context: &Context, source: &Source, sink: &Sink, all: &[Mount]) -> Result<()> {
    let dev = |dir: &fs::Dir| dir.stat_self().map(|stat| stat.dev).ok();
    if dev(source.root()).is_some_and(|own| dev(sink.root()) == Some(own)) {
        context.ui.note("  on the same file system as the source: one broken disk takes both along");
    }
    if context.config(Some(source))?.one_file_system() {
        for point in mounts::below(all, source.root()) {
            context.ui.warn(&format!(
                "{} is another file system and will not be saved; a source of its own can save it",
                quoted_path(point)
            ));
        }
    }
    Ok(())
}
