//! `emu sink`: which sinks a source has, a new one, and forgetting one.

use crate::cmd::mounts::{self, Mount};
use crate::cmd::place;
use crate::cmd::{Class, Context, Entry, Opened, Status, WaitArgs, read};
use crate::error::{Doing as _, Error, Result};
use crate::fs;
use crate::quote::{escaped, quoted, quoted_path};
use crate::record::{SinkPlace, SinkRecord};
use crate::sink::{Sink, layout};
use crate::source::{SinkRef, Source};
use crate::tree::Kind;
use crate::ui::{Paint, text};
use clap::Args as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

pub(crate) const ENTRY: Entry = Entry {
    name: "sink",
    class: Class::Porcelain,
    summary: "list, add and forget sinks",
    prose: "\
## DESCRIPTION
A sink is a directory that holds snapshots of one source, on a disk that should be another one than
the source's. A source has any number of sinks, and they share nothing.

Without arguments, the sinks are listed: whether they are there, how many snapshots they hold, the
latest of them, and how much room is left. A sink whose disk is not mounted is absent; where another
disk is mounted in its place, the list says so.

emu sink add makes a sink in an empty directory, or in a new one whose parent exists. A sink of this
source that exists already is attached: so a disk moves to another machine, or comes back after emu
sink rm. A sink may lie inside the source; it is not saved then.

emu sink rm makes the source forget a sink. The snapshots in it stay as they are.
## EXIT STATUS
0; 1 if the directory cannot be a sink; 10 if there is no such source or sink, or the sink belongs to another
source; 11 if somebody else holds the lock of the source.
## EXAMPLES
A disk that is always there, and one that is plugged in now and then:

    emu sink add /mnt/backup/home
    emu sink add --optional usb /media/usb/home
    emu sink
## SEE ALSO
emu-push(1), emu-status(1), emu-config(5), emu-format(5)
",
    build: Args::augment_args,
    run: |matches, context| run(&read(matches)?, context),
};

/// Lists the sinks of the source, adds one, or forgets one.
#[derive(Debug, clap::Args)]
struct Args {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// List the sinks and what is in them
    List,
    /// Make a directory a sink of this source, or attach one that is
    #[command(allow_missing_positional = true)]
    Add {
        /// What to call it
        #[arg(value_name = "NAME", default_value = "origin")]
        name: String,
        /// Its directory; at most the last component is made
        #[arg(value_name = "PATH", required = true)]
        path: PathBuf,
        /// It is no failure when this sink is absent
        #[arg(long)]
        optional: bool,
        #[command(flatten)]
        wait: WaitArgs,
    },
    /// Forget a sink; its snapshots stay
    Rm {
        /// Its name
        #[arg(value_name = "SINK")]
        name: String,
        #[command(flatten)]
        wait: WaitArgs,
    },
}

fn run(args: &Args, context: &Context) -> Result<Status> {
    match &args.action {
        None | Some(Action::List) => list(context),
        Some(Action::Add { name, path, optional, wait }) => add(context, name, path, *optional, *wait),
        Some(Action::Rm { name, wait }) => forget(context, name, *wait),
    }
}

fn list(context: &Context) -> Result<Status> {
    let mounts = mounts::all();
    let mut rows = vec![["NAME", "STATE", "SNAPSHOTS", "HEAD", "FREE", "PATH"].map(str::to_owned).to_vec()];
    for (known, opened) in context.all_sinks()? {
        if context.ui.json() {
            print_record(context, &mounts, &known, opened.as_ref())?;
            continue;
        }
        let path = escaped(known.path.as_os_str().as_bytes());
        rows.push(match &opened {
            Ok(opened) => {
                let head = opened.catalog.head().map_or("-", |snapshot| snapshot.node.short());
                let free = fs::space(opened.sink.root()).map(|space| text::bytes(space.available));
                let snapshots = opened.catalog.snapshots.len().to_string();
                let free = free.unwrap_or_else(|_| "-".to_owned());
                vec![known.name, "present".to_owned(), snapshots, head.to_owned(), free, path]
            }
            Err(_) => {
                let [none, nothing, unknown] = ["-"; 3].map(str::to_owned);
                vec![known.name.clone(), state(&known).to_owned(), none, nothing, unknown, path]
            }
        });
    }
    let mut lines = text::columns(&rows).into_iter();
    let title = lines.next().unwrap_or_default();
    if rows.len() > 1 {
        context.ui.out(&context.ui.paint(Paint::Title, &title))?;
        lines.try_for_each(|line| context.ui.out(&line))?;
    } else if !context.ui.json() {
        context.ui.note("no sinks yet; `emu sink add PATH` adds one");
    }
    Ok(None)
}

/// Why a sink cannot be used, in a word or two.
fn state(known: &SinkRef) -> &'static str {
    match Sink::open(&known.path) {
        Ok(_) => "wrong disk",
        Err(error) if error.kind() == crate::error::Kind::NotFound => "absent",
        Err(_) => "unreadable",
    }
}

fn print_record(
    context: &Context,
    mounts: &[Mount],
    known: &SinkRef,
    opened: std::result::Result<&Opened, &Error>,
) -> Result<()> {
    let why = opened.err().map(ToString::to_string);
    let place = opened.map(|opened| describe(&opened.sink, mounts, Some(opened)));
    let place = place.map_err(|_| why.as_deref().unwrap_or_default());
    context.ui.record(&SinkRecord::new(&known.name, &known.path, &known.id, known.optional, place))
}

fn describe<'a>(sink: &'a Sink, mounts: &'a [Mount], opened: Option<&'a Opened>) -> SinkPlace<'a> {
    let mount = mounts::of(mounts, sink.root());
    let snapshots = opened.map_or(0, |opened| opened.catalog.snapshots.len());
    SinkPlace {
        device: mount.map(|mount| &*mount.device),
        mount_point: mount.and_then(|mount| mount.point.to_str()),
        file_system: mount.map_or(&sink.info.abilities.kind, |mount| &mount.kind),
        free: fs::space(sink.root()).map_or(0, |space| space.available),
        snapshots: u64::try_from(snapshots).unwrap_or(u64::MAX),
        head: opened.and_then(|opened| opened.catalog.head.as_deref()),
    }
}

fn add(context: &Context, name: &str, path: &Path, optional: bool, wait: WaitArgs) -> Result<Status> {
    let source = trusted_source(context)?;
    let _lock = source.lock(context.command, wait.wait())?;
    let path = place::settled(path)?;
    source.check_new_name(name)?;
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

fn trusted_source(context: &Context) -> Result<Source> {
    context.known_sinks().map(|(source, _)| source)
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
    let is_sink = |dir: &Path| {
        let emu = fs::open_operator(dir).and_then(|dir| dir.open_dir(layout::EMU));
        emu.is_ok_and(|emu| emu.stat(layout::SINK).is_ok_and(|stat| stat.kind == Kind::File))
    };
    if is_sink(path) {
        let sink = Sink::open(path)?;
        if sink.info.source == source.id {
            return Ok((sink, false));
        }
        return Err(Error::not_found(format!("cannot add the sink at {}", quoted_path(path)))
            .because(format!("it belongs to the source {}, this one is {}", sink.info.source, source.id))
            .hint("a sink holds snapshots of one source; name another directory"));
    }
    if let Some(outer) = path.ancestors().skip(1).find(|dir| is_sink(dir)) {
        return Err(Error::failed(format!("cannot make a sink at {}", quoted_path(path)))
            .because(format!("it lies in the sink {}", quoted_path(outer))));
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
fn undo(path: &Path, with_directory: bool) -> Result<()> {
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

fn forget(context: &Context, name: &str, wait: WaitArgs) -> Result<Status> {
    let source = trusted_source(context)?;
    let _lock = source.lock(context.command, wait.wait())?;
    let known = source.forget_sink(name)?;
    if context.ui.json() {
        let why = Err("forgotten");
        context.ui.record(&SinkRecord::new(name, &known.path, &known.id, known.optional, why))?;
    } else {
        context.ui.out(&format!("sink {name}: forgotten; its data stays in {}", quoted_path(&known.path)))?;
    }
    if context.config(Some(&source))?.default_sink().as_deref() == Some(name) {
        context.ui.warn(&format!("core.default-sink still names {}", quoted(name)));
    }
    Ok(None)
}
