//! `emu checkout`.

mod chosen;
mod save;

use crate::cmd::hooks::Hooks;
use crate::cmd::{Class, Context, Entry, Found, OwnerArgs, Status, WaitArgs, findings, restored};
use crate::error::{Doing as _, Error, Kind, Result};
use crate::fs;
use crate::fs::Errno;
use crate::quote::{quoted, quoted_path};
use crate::record::{ChangeRecord, SummaryRecord};
use crate::restore::checkout::{
    self, Caution, Change, Damaged, Foreseen, How, Overwrite, Request, Step, Target,
};
use crate::snapshot;
use crate::source::{Hook, Source};
use crate::tree::Kind as EntryKind;
use crate::ui::Paint;
use clap::Args as _;
use std::cell::OnceCell;
use std::path::PathBuf;
use std::time::Instant;

pub(crate) const ENTRY: Entry = Entry {
    name: "checkout",
    class: Class::Porcelain,
    summary: "bring a snapshot, or files of one, back",
    prose: "\
## DESCRIPTION
With a revision alone, the source becomes the snapshot: what differs is replaced, what the
snapshot lacks is removed, and HEAD of the sink moves to the snapshot. What is excluded now, what the
snapshot was told to leave out (emu show tells the rules, emu ls --excluded lists the paths) or could not read,
other file systems and sinks inside the source are left alone. If the record of what was left out is damaged, the
checkout is refused.

With paths after '--', only these come back, relative to the current directory. Nothing is
removed: what they replace moves to '.emu/replaced/<time>', and HEAD stays. --overwrite says which files are
replaced: always (the default), if-changed (size or time differ), if-newer (the snapshot's is newer) or never.

A path that is not in the snapshot and contains '*', '?' or '[' is a pattern in the syntax of gitignore(5),
relative to the current directory: '*.txt' matches at any depth, 'docs/**/*.odt' below 'docs'. Quote it, so
that the shell does not expand it.

With --to, the snapshot is written to another directory, which is made if its last component is
missing and must be empty otherwise, unless --overwrite is given. Nothing is removed there. Paths
are then relative to the snapshot's root. This needs no source and no right to write to the sink:
'emu checkout /mnt/usb/backup:HEAD --to DIR'.

## WHAT IS NOT DESTROYED
The first way refuses to begin if it would change or remove a file whose content or permissions
neither HEAD nor the snapshot has. It lists such files; 'emu push' saves them, --push-first does so
before the checkout, and --force destroys them. A file that changes while the checkout runs is left as it is and named.

A checkout that was cut off is noted in '.emu/checkout'; run it again to complete it.

## WHAT IS WRITTEN
Files are copied, never linked to the sink, and every byte is hashed on the way; on the sink's own
file system, where that can (btrfs, xfs), a large file shares the snapshot's bytes until it is
written to. A file whose content is not what was saved is sought in the other snapshots and sinks
that claim to have it; if none has, nothing is written for it and it is named. --damaged keep
writes it all the same. What a repair recorded without knowing what was saved is written with a warning,
and the exit status is 3. Hard links, holes, extended attributes and times come back as they were
recorded.

Only root can give files to other users. If another user checks a snapshot out, new files belong to that
user, and to the recorded group if the user is a member of it. A note counts the entries that do not have
their recorded owner or group; the exit status is 0. --no-owner sets no owners and prints no note.

A snapshot records the names of users and groups as well as their numbers. If a recorded name exists on this
machine ('/etc/passwd', '/etc/group'), its number here is used, otherwise the recorded number. When you
restore a system from outside, such as from a rescue disk, use --numeric-ids: the names of the rescue disk
mean nothing then.

Extended attributes that a snapshot lacks are removed: 'user.*', access control lists, 'trusted.*' and file
capabilities. Labels of the machine, such as 'security.selinux', stay. What this user may not set or remove is
counted, and the exit status is 3.

FIFOs, sockets and devices are created, never opened. Without the privilege to create a device, or on
a file system that cannot have one, it is left out with one warning, and the exit status stays 0;
--no-special does not try. A FIFO, a socket or a device that stands in the source and that neither
HEAD nor the snapshot has is left alone.

## EXIT STATUS
0 if all is restored that was asked for; 1 if the checkout was refused or failed; 3 if something
was not restored, which is named; 10 if there is no such source, sink, snapshot or path in it; 11
if somebody else holds a lock.

## JSON
With --json, records of type 'unread' name what was not restored and one of type 'summary' counts
the rest; with --dry-run a record of type 'change' stands for each line. See emu-json(5).

## EXAMPLES
    emu checkout HEAD -- src/main.c
    emu checkout HEAD~ -- '*.odt'
    emu checkout '@{2 days ago}' --dry-run
    emu checkout origin:HEAD~ --to /tmp/before
## SEE ALSO
emu-log(1), emu-path(1), emu-verify(1), emu-revisions(7)
",
    build: |command| CheckoutArgs::augment_args(command).about("Brings a snapshot, or files of one, back"),
    run: |matches, context| run(&crate::cmd::read(matches)?, context),
};

#[derive(Debug, clap::Args)]
struct CheckoutArgs {
    /// The snapshot: HEAD~2, an id, a name, SINK:REV, or PATH:REV without a source
    #[arg(value_name = "REV")]
    revision: String,

    /// Write to this directory instead of the source
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,

    /// With --to or PATHs, write over files that stand there: always, if-changed, if-newer or never
    #[arg(long, value_name = "WHEN", value_enum, num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "always")]
    #[arg(hide_possible_values = true)]
    overwrite: Option<Overwrite>,

    /// Destroy what no snapshot holds
    #[arg(long, conflicts_with_all = ["to", "paths"])]
    force: bool,

    /// Push to the sink of the snapshot before, so that nothing is destroyed
    #[arg(long, conflicts_with_all = ["to", "paths", "dry_run", "force"])]
    push_first: bool,

    /// What to do with files that are damaged in every snapshot: skip or keep
    #[arg(long, value_name = "WHAT", value_enum, default_value = "skip", hide_possible_values = true)]
    #[arg(hide_default_value = true)]
    damaged: Damaged,

    #[command(flatten)]
    owner: OwnerArgs,

    /// Do not create FIFOs, sockets and devices, and leave existing ones alone
    #[arg(long)]
    no_special: bool,

    /// Run no hooks
    #[arg(long)]
    no_hooks: bool,

    /// Print what would be done, and do nothing
    #[arg(long, short = 'n')]
    dry_run: bool,

    /// With --dry-run: the word and the path each end in a NUL instead of a line end
    #[arg(short = 'z', long = "null", requires = "dry_run")]
    zero: bool,

    #[command(flatten)]
    wait: WaitArgs,

    /// Bring back only these
    #[arg(last = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

fn run(args: &CheckoutArgs, context: &Context) -> Result<Status> {
    let begin = Instant::now();
    if args.overwrite.is_some() && args.to.is_none() && args.paths.is_empty() {
        return Err(Error::usage("cannot use --overwrite for the whole source")
            .because("it is for --to and for single paths")
            .hint("--dry-run shows what would be replaced"));
    }
    let source = if args.to.is_some() { None } else { Some(context.source()?) };
    let paths = paths(args, source.as_ref())?;
    let mut found = context.revision(&args.revision, None)?;
    refuse_foreign(&found, source.as_ref())?;
    let paths = chosen::chosen(&found, &args.paths, paths, context)?;
    let target = match (&args.to, &source) {
        (Some(path), _) => Target::Elsewhere { path, overwrite: args.overwrite },
        (None, Some(source)) if paths.is_empty() => {
            let caution = if args.force { Caution::Force } else { Caution::Refuse };
            Target::Source { source, caution }
        }
        (None, Some(source)) => {
            Target::Paths { source, overwrite: args.overwrite.unwrap_or(Overwrite::Always) }
        }
        (None, None) => return Err(Error::usage("cannot check out").because("there is no source")),
    };
    let config = context.config(source.as_ref())?;
    if let (true, Some(source)) = (args.push_first, &source) {
        found = save::push_first(source, &config, found, args.wait.wait(), context)?;
    }
    let opened = OnceCell::new();
    let others = || {
        let (sinks, _) = opened.get_or_init(|| findings::other_sinks(context, &found.opened));
        sinks.iter().map(|opened| (&*opened.sink, &*opened.catalog)).collect()
    };
    let request = Request {
        sink: &found.opened.sink,
        catalog: &found.opened.catalog,
        node: &found.node,
        others: &others,
        target,
        config: &config,
        paths,
        ownership: args.owner.ownership(),
        special: !args.no_special,
        damaged: args.damaged,
        wait: args.wait.wait(),
        command: context.command,
    };
    if args.dry_run {
        return show_plan(&request, args.zero, context, begin);
    }
    go(&request, source.as_ref().filter(|_| !args.no_hooks), begin, context)
}

/// Carries it out, between the hooks of a source that has some.
fn go(request: &Request<'_>, hooked: Option<&Source>, begin: Instant, context: &Context) -> Result<Status> {
    let wanted = [Hook::PreCheckout, Hook::PostCheckout];
    let hooks = hooked.map(|source| Hooks::of(source, &wanted, false, context)).transpose()?;
    hooks.iter().try_for_each(|hooks| hooks.before(Hook::PreCheckout))?;
    let observer = context.ui.observer();
    if matches!(request.target, Target::Source { .. }) {
        // A publication that was cut off would move HEAD back when it is completed later.
        match snapshot::tidy(request.sink, request.wait, context.command, &observer) {
            Err(error) if matches!(error.errno(), Some(Errno::ROFS | Errno::ACCESS | Errno::PERM)) => {}
            tidied => drop(tidied?),
        }
    }
    let outcome = checkout::run(request, &observer)?;
    drop(observer);
    let mut status = restored::report(request, &outcome, context)?;
    let summary =
        |status| SummaryRecord::new("checkout", restored::counts(&outcome), begin.elapsed(), status);
    if let Some(hooks) = &hooks {
        status = hooks.after(Hook::PostCheckout, &summary(status), status);
    }
    if context.ui.json() {
        context.ui.record(&summary(status))?;
    }
    Ok(status)
}

/// Paths as the snapshot has them.
fn paths(args: &CheckoutArgs, source: Option<&Source>) -> Result<Vec<Box<[u8]>>> {
    match source {
        None => args.paths.iter().map(|path| checkout::inside_snapshot(path)).collect(),
        Some(source) => {
            let here = fs::working_directory().doing(|| "cannot tell the working directory")?;
            args.paths.iter().map(|path| checkout::inside_source(source, &here, path)).collect()
        }
    }
}

/// The source is not overwritten with what belongs to another one.
fn refuse_foreign(found: &Found, source: Option<&Source>) -> Result<()> {
    match source {
        Some(source) if source.id != found.opened.sink.info.source => Err(Error::not_found(format!(
            "cannot check out {} into {}",
            found.node.short(),
            quoted_path(&source.path)
        ))
        .because("it is a snapshot of another source")
        .hint("to write it elsewhere: --to DIR")),
        _ => Ok(()),
    }
}

fn show_plan(request: &Request<'_>, zero: bool, context: &Context, begin: Instant) -> Result<Status> {
    let ui = &context.ui;
    let mut counts = std::collections::BTreeMap::new();
    let mut print = |change: &Change| {
        *counts.entry(change.how.word()).or_insert(0) += 1;
        if ui.json() {
            return ui.record(&ChangeRecord::new(&change.path, kind(change), change.how.word()));
        }
        let path: &[u8] = if change.path.is_empty() { b"." } else { &change.path };
        if zero {
            return ui.zero_ended(change.how.word().as_bytes()).and_then(|()| ui.zero_ended(path));
        }
        ui.named(&format!("{} ", ui.paint(paint(change.how), change.how.word())), path)
    };
    let mut each = |step: Step| step.removals.iter().chain(&step.changes).try_for_each(&mut print);
    let Foreseen { risks, troubles, .. } = checkout::plan(request, &mut each, &ui.observer())?;
    if let Some(refusal) = risks.refusal() {
        return Err(refusal);
    }
    for trouble in &troubles {
        ui.warn(&format!("cannot restore {}: {}", quoted(&trouble.path), trouble.text));
    }
    let status = (!troubles.is_empty()).then_some(Kind::Incomplete);
    if ui.json() {
        ui.record(&SummaryRecord::new("checkout", counts, begin.elapsed(), status))?;
    }
    Ok(status)
}

fn paint(how: How) -> Paint {
    match how {
        How::Create => Paint::Added,
        How::Remove => Paint::Removed,
        How::Replace | How::Attributes => Paint::Changed,
    }
}

fn kind(change: &Change) -> &'static str {
    let entry = change.entry.as_ref().map(|entry| entry.kind);
    entry.or(change.was.as_ref().map(|was| was.kind)).map_or("file", EntryKind::word)
}
