//! `emu push`.

use crate::cmd::{AllowArgs, Class, Context, Entry, Status, WaitArgs, place, preview, report};
use crate::config::Config;
use crate::error::{Doing as _, Error, Kind, Result};
use crate::fs;
use crate::quote::{quoted, quoted_path};
use crate::record::{SnapshotRecord, SummaryRecord};
use crate::restore::checkout::Unfinished;
use crate::sink::Sink;
use crate::snapshot::{self, PushRequest, Pushed, SinkReport, Target};
use crate::source::{SinkRef, Source, absolute};
use crate::ui::text::{bytes, count};
use clap::Args as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

pub(crate) const ENTRY: Entry = Entry {
    name: "push",
    class: Class::Porcelain,
    summary: "save the source as a new snapshot in its sinks",
    prose: "\
## DESCRIPTION
The source is read once for all sinks. What did not change since a sink's HEAD is linked there,
everything else is copied and hashed on the way. A snapshot is listed only after all of it is on
stable storage; a push that is cut off leaves nothing that is listed, and the next one goes on with
what it finished. After the snapshot, and only then, the sink's retention policy is applied.

Files and whole directories that were moved or renamed are found again and linked. Of the snapshots
that the policy removes, the newest one's tree is parked as a spare: a later push makes it equal to
the source instead of linking every file (rotate.spare in emu-config(5); -v says which tree a push
begins with, and why).

Where files can share their bytes (btrfs, xfs), a file of 16 KiB or more on the sink's own file
system is not copied: the new file shares its bytes until one of the two is written to, and is
hashed instead. So is a file of which only attributes changed, which shares those of HEAD. Such
bytes stand on the disk once: what damages them there damages them in all files that share them.

A file counts as unchanged when path, kind, size, mtime, ctime and inode are those of the last
snapshot and were recorded at least two seconds after its last change; see push.compare in
emu-config(5) for sources whose inodes or ctimes are not stable.

## WHEN NOTHING EXPIRES
A source that is empty, or lies on another file system or machine than last time, is not saved
at all (--allow-empty, --allow-moved). A snapshot with less than half of the entries or bytes of
the last complete one is marked 'shrunk'; one that lacks a top-level directory, more than 1 % of
the entries or more than 1,000 is marked 'partial'. Both are published with exit status 3, and
nothing expires by them.

A retention policy that differs from the one last applied, and would remove more than 10 snapshots
or half of them, is not applied by a push: it says so with exit status 3, until 'emu rotate' has
applied the policy once.

## EXIT STATUS
0 if every sink got a snapshot, those apart that are optional and absent; 1 if at least one got none; 3 if every sink got one but something
was left out (the warnings say what); 10 if a sink is missing or another disk is in its place;
11 if the source or a sink is locked.

## EXAMPLES
    emu push
    emu push -m 'before the upgrade' usb
    emu push --source /home/me --to /mnt/usb/me
    emu push --dry-run
## SEE ALSO
emu-status(1), emu-log(1), emu-checkout(1), emu-rotate(1), emu-config(5)
",
    build: |command| PushArgs::augment_args(command),
    run: |matches, context| run(&crate::cmd::read(matches)?, context),
};

#[derive(Debug, clap::Args)]
struct PushArgs {
    /// The sinks to push to: names, or paths with a '/'; otherwise all sinks of the source
    #[arg(value_name = "SINK")]
    sinks: Vec<String>,

    /// Say what this snapshot is
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,

    /// Push to the sink at PATH; source and sink are made if they are none yet
    #[arg(long, value_name = "PATH", conflicts_with = "sinks")]
    to: Option<PathBuf>,

    /// Show what would be saved, and save nothing
    #[arg(long)]
    dry_run: bool,

    /// Do not give the files in the sink to their owners; the owners are recorded all the same
    #[arg(long)]
    no_owner: bool,

    /// Exit with 0 although some entries could not be read
    #[arg(long)]
    ignore_errors: bool,

    #[command(flatten)]
    allow: AllowArgs,

    #[command(flatten)]
    wait: WaitArgs,
}

fn run(args: &PushArgs, context: &Context) -> Result<Status> {
    let begin = Instant::now();
    if let (true, Some(path)) = (args.dry_run, &args.to) {
        return preview::to_place(path, !args.no_owner, context);
    }
    let source = find_source(args, context)?;
    let config = context.config(Some(&source))?;
    let targets = find_targets(args, context, &source, &config)?;
    if Unfinished::read(&source).is_some() {
        context.ui.warn("a checkout of this source was cut off; the same `emu checkout` again completes it");
    }
    if targets.is_empty() {
        return Err(snapshot::no_sinks());
    }
    if args.dry_run {
        return preview::to_targets(!args.no_owner, context, &source, &config, targets);
    }
    let request = PushRequest {
        source: &source,
        config: &config,
        targets,
        message: args.message.clone(),
        set_owner: !args.no_owner,
        allowed: args.allow.allowed(),
        wait: args.wait.wait(),
        command: context.command,
    };
    let observer = context.ui.observer();
    let reports = snapshot::push(request, &observer)?;
    drop(observer);
    let mut status = snapshot::outcome_of(&reports, args.ignore_errors);
    for report in &reports {
        show(report, context)?;
    }
    for pushed in reports.iter().filter_map(|report| report.outcome.as_ref().ok()) {
        let removed = pushed.rotated.as_ref().map(|rotated| rotated.removed.as_slice()).unwrap_or_default();
        status = Kind::worst(status.into_iter().chain(report::free(&pushed.sink, removed, context)?));
    }
    if context.ui.json() {
        context.ui.record(&summary(&reports, begin, status))?;
    }
    Ok(status)
}

fn find_source(args: &PushArgs, context: &Context) -> Result<Source> {
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
            let (source, _) = Source::init(&dir)?;
            context.ui.note(&format!("{} is a source now", quoted_path(&source.path)));
            Ok(source)
        }
        (found, _) => found,
    }
}

fn find_targets(args: &PushArgs, context: &Context, source: &Source, config: &Config) -> Result<Vec<Target>> {
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
            let sink = absolute(Path::new(spec)).and_then(|path| Sink::open(&path));
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
    let path = place::settled(path)?;
    let known = if trusted { source.sinks()? } else { Vec::new() };
    if let Some(known) = known.iter().find(|known| place::same(&known.path, &path)) {
        return Ok(known_target(source, known, false));
    }
    let sink = match Sink::open(&path) {
        Err(error) if error.kind() == Kind::NotFound && !place::is_sink(&path) => {
            Sink::create(&path, &source.id)?
        }
        opened => opened?,
    };
    if let Some(known) = known.iter().find(|known| known.id == sink.info.id) {
        return Ok(Target { name: known.name.clone(), optional: false, sink: Ok(sink) });
    }
    if !sink.info.abilities.links {
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

fn show(report: &SinkReport, context: &Context) -> Result<()> {
    let ui = &context.ui;
    let pushed = match &report.outcome {
        Ok(pushed) => pushed,
        Err(error) if report.optional && error.kind() == Kind::NotFound => {
            ui.note(&format!("{}: left out: {error}", report.name));
            return Ok(());
        }
        Err(error) => {
            ui.error(error);
            return Ok(());
        }
    };
    let node = &pushed.node;
    if ui.json() {
        ui.record(&SnapshotRecord::new(node, true, false, &pushed.sink.tree_path(&node.id)))?;
    } else {
        ui.out(&line(&report.name, pushed))?;
    }
    for remark in &pushed.remarks {
        ui.warn(&format!("{}: {remark}", report.name));
    }
    let in_use = pushed.rotated.as_ref().map(|rotated| rotated.in_use.as_slice()).unwrap_or_default();
    for id in in_use {
        ui.note(&format!("{}: {} is being read and stays until the next rotation", report.name, &id[..12]));
    }
    for unread in &node.unread {
        let path = unread.path.bytes().unwrap_or_default();
        ui.warn(&format!("{}: {} is not saved: {}", report.name, quoted(path), unread.text));
    }
    Ok(())
}

fn line(name: &str, pushed: &Pushed) -> String {
    let node = &pushed.node;
    let flags: String = [("partial", node.partial), ("shrunk", node.shrunk)]
        .into_iter()
        .filter(|(_, set)| *set)
        .map(|(word, _)| format!(", {word}"))
        .collect();
    format!(
        "{name}: snapshot {} ({}{flags}): {}, {} copied ({}), {} linked",
        node.short(),
        node.name,
        count(node.manifest.entries, "entry", "entries"),
        node.counts.copied,
        bytes(node.counts.bytes),
        node.counts.linked,
    )
}

fn summary(reports: &[SinkReport], begin: Instant, status: Status) -> SummaryRecord<'static> {
    let made = || reports.iter().filter_map(|report| report.outcome.as_ref().ok());
    let removed =
        made().filter_map(|pushed| pushed.rotated.as_ref()).map(|rotated| rotated.removed.len() as u64);
    let counts = [
        ("sinks", reports.len() as u64),
        ("snapshots", made().count() as u64),
        ("copied", made().map(|pushed| pushed.node.counts.copied).sum()),
        ("linked", made().map(|pushed| pushed.node.counts.linked).sum()),
        ("bytes", made().map(|pushed| pushed.node.counts.bytes).sum()),
        ("unread", made().map(|pushed| pushed.node.counts.unread).max().unwrap_or(0)),
        ("removed", removed.sum()),
    ];
    SummaryRecord::new("push", counts, begin.elapsed(), status)
}
