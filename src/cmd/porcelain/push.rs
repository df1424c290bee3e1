//! `emu push`.

mod targets;

use crate::cmd::hooks::Hooks;
use crate::cmd::{AllowArgs, Class, Context, Entry, ExcludeArgs, Status, WaitArgs, preview, report};
use crate::error::{Doing as _, Kind, Result};
use crate::fs;
use crate::quote::{quoted, quoted_path};
use crate::record::{SnapshotRecord, SummaryRecord};
use crate::sink::{layout, node};
use crate::snapshot::{self, PushRequest, Pushed, SinkReport};
use crate::source::{Hook, Patterns, Source};
use crate::ui::text::{bytes, count};
use clap::Args as _;
use std::path::PathBuf;
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
hashed instead; the summary counts it as shared, not as copied. So is a file of which only attributes changed, which shares those of HEAD. Such
bytes stand on the disk once: what damages them there damages them in all files that share them.

A file that emu-verify(1) found damaged in the sink is not linked: it is saved anew from the source, with
a warning and exit status 3.

A file counts as unchanged when path, kind, size, mtime, ctime and inode are those of the last
snapshot and were recorded at least two seconds after its last change; see push.compare in
emu-config(5) for sources whose inodes or ctimes are not stable.

FIFOs, sockets and devices are saved like everything else, and never opened. If a user has no
privilege to create a device, or the sink's file system cannot have one, the snapshot's record holds
it and its tree does not; the next push that can create it does. push.special = false leaves such
entries out.

## WHEN NO OLD SNAPSHOT IS REMOVED
A source that is empty, or lies on another file system or machine than last time, is not saved
at all (--allow-empty, --allow-moved; for a new machine, emu sink adopt).

A push that finds one of the following publishes its snapshot, removes no old snapshot, says why, and ends
with 3. What it finds is compared with the last complete snapshot (after a checkout, with the one that was
checked out), so the same push finds it again until its cause is gone. The snapshot is marked, and does not
count as complete.

    partial     a path of the last complete snapshot could not be read, or was a mount point that was saved
                and is none now; or a top-level directory, more than 1 % of the entries or more than 1,000 could not be
                read; or a checkout of the source was interrupted. push.unread-ok in emu-config(5) names
                paths that may be unreadable; --allow-moved accepts that mounts are gone
    shrunk      less than half of the entries or bytes is left: --allow-shrunk
    churned     more than half of the files or bytes were removed or have other content, or most files that
                did have got one new suffix: --allow-churn. Fewer than 20 files are never a mass change;
                files that were moved count as kept (push.churn-limit in emu-config(5)). The last complete
                snapshot before a mass change is kept for a week, whatever the policy says
    misdated    the time is before 2025, or more than a day earlier or 400 days later than the time of the
                last snapshot without this mark: --allow-clock

No mark is set, but no old snapshot is removed either, if the retention policy is not the one that was
applied last, or if, after a week or more without a push, it would remove more than 10 complete snapshots,
or more than half of them, at once.
'emu rotate' applies the policy then. Ages count from the snapshot before this one.

## A SOURCE THAT DOES NOT HOLD STILL
With --from, the content is taken from a directory that shows the source as it was at one moment, such as
a mounted snapshot of its logical volume or subvolume; everything else is the source's. The samples
push-from-lvm and push-from-btrfs in '.emu/hooks' do it. Such a push looks at every entry twice: what
the copy shows as changed last tells how far its stamps can be trusted.

## WHAT IS LEFT OUT
Patterns in '.emu/excludes', in the syntax of gitignore(5), and after them those of --exclude-from and
--exclude. Of a directory with a CACHEDIR.TAG (push.exclude-caches), or with a file of the name that
push.exclude-if-present says, only that file is saved. Regular files larger than --exclude-larger-than, or
push.exclude-larger-than, are left out. emu-check-exclude(1) says which rule applies to a
path. Patterns that are invalid or can never match are reported.

The snapshot records the rules and the topmost paths that they excluded: a later checkout of it leaves these
paths alone. emu show tells the rules, emu ls --excluded lists the paths.

## HOOKS
pre-push runs before any sink is opened, and ends the push if it fails; post-push or push-failed runs last
of all. See emu-hooks(5).

## EXIT STATUS
0 if every sink got a snapshot, those apart that are optional and absent; 1 if at least one got none; 3 if every sink got one but something
was left out (the warnings say what) or the answer could not be printed; 10 if a sink is missing or another disk is in its place;
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
    #[arg(long, short = 'n')]
    dry_run: bool,

    /// With --dry-run: the word and the path each end in a NUL instead of a line end
    #[arg(short = 'z', long = "null", requires = "dry_run")]
    zero: bool,

    /// Do not give the files in the sink to their owners; the owners are recorded all the same
    #[arg(long)]
    no_owner: bool,

    /// Take the content from DIR, where a snapshot of the source's file system is mounted
    #[arg(long, value_name = "DIR", conflicts_with = "dry_run")]
    from: Option<PathBuf>,

    #[command(flatten)]
    exclude: ExcludeArgs,

    /// Run no hooks
    #[arg(long)]
    no_hooks: bool,

    /// Exit with 0 although some entries could not be read; still with 3 if the snapshot is partial
    #[arg(long)]
    ignore_errors: bool,

    #[command(flatten)]
    allow: AllowArgs,

    #[command(flatten)]
    wait: WaitArgs,
}

impl PushArgs {
    fn dry(&self) -> preview::How {
        preview::How { set_owner: !self.no_owner, zero: self.zero }
    }
}

fn run(args: &PushArgs, context: &Context) -> Result<Status> {
    let begin = Instant::now();
    let excludes = args.exclude.patterns()?;
    if let (true, Some(path)) = (args.dry_run, &args.to) {
        return preview::to_place(path, args.dry(), &args.exclude, context);
    }
    let (source, made) = targets::find_source(args, context)?;
    let hooks = [Hook::PrePush, Hook::PostPush, Hook::PushFailed];
    let hooks = Hooks::of(&source, &hooks, args.no_hooks || args.dry_run, context)?;
    let saved = hooks.before(Hook::PrePush).and_then(|()| save(args, excludes, (&source, made), context));
    let (counts, mut status, failure) = match saved {
        Ok((counts, status)) => (counts, status, None),
        Err(error) => (Vec::new(), Some(error.kind()), Some(error)),
    };
    if args.dry_run {
        return failure.map_or(Ok(status), Err);
    }
    let summary = |status| SummaryRecord::new("push", counts.clone(), begin.elapsed(), status);
    let went = matches!(status, None | Some(Kind::Incomplete));
    let hook = if went { Hook::PostPush } else { Hook::PushFailed };
    status = hooks.after(hook, &summary(status), status);
    if let Some(error) = failure {
        return Err(error);
    }
    if context.ui.json() {
        context.ui.record(&summary(status))?;
    }
    Ok(status)
}

/// What was counted, by name.
type Counted = Vec<(&'static str, u64)>;

fn save(
    args: &PushArgs,
    excludes: Vec<Patterns>,
    (source, made): (&Source, Option<bool>),
    context: &Context,
) -> Result<(Counted, Status)> {
    let config = args.exclude.over(context.config(Some(source))?)?;
    let from = args.from.as_deref().map(|path| targets::copy_of(source, path)).transpose();
    let found = from.and_then(|from| Ok((from, targets::find_targets(args, context, source, &config)?)));
    let (from, targets) = match found {
        Err(error) if made == Some(true) => {
            // What was not a source before is none after a push that could not even begin.
            let cannot = || format!("cannot undo what was made in {}", quoted_path(&source.path));
            fs::remove_tree(source.root(), layout::EMU, 1).doing(cannot)?;
            return Err(error);
        }
        found => found?,
    };
    if made.is_some() {
        context.ui.note(&format!("{} is a source now", quoted_path(&source.path)));
    }
    if targets.is_empty() {
        return Err(snapshot::no_sinks());
    }
    if args.dry_run {
        let config = (&config, excludes.as_slice());
        let status = preview::to_targets(args.dry(), context, source, config, targets)?;
        return Ok((Vec::new(), status));
    }
    let request = PushRequest {
        source,
        config: &config,
        targets,
        from,
        excludes,
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
    status = Kind::worst(status.into_iter().chain(show_all(&reports, context)));
    for pushed in reports.iter().filter_map(|report| report.outcome.as_ref().ok()) {
        let removed = pushed.rotated.as_ref().map(|rotated| rotated.removed.as_slice()).unwrap_or_default();
        status = Kind::worst(status.into_iter().chain(report::free(&pushed.sink, removed, context)?));
    }
    Ok((counts(&reports), status))
}

/// Prints how the sinks fared. If that fails, the snapshots are published all the same.
fn show_all(reports: &[SinkReport], context: &Context) -> Status {
    let shown = reports.iter().try_for_each(|report| show(report, context));
    let error = shown.err().filter(|_| !context.ui.is_closed())?;
    context.ui.error(&error);
    Some(Kind::Incomplete)
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
        ui.note(&format!(
            "{}: {} is being read and stays until the next rotation",
            report.name,
            node::short(id)
        ));
    }
    for unread in &node.unread {
        let path = unread.path.bytes().unwrap_or_default();
        ui.warn(&format!("{}: {} is not saved: {}", report.name, quoted(path), unread.text));
    }
    Ok(())
}

fn line(name: &str, pushed: &Pushed) -> String {
    let node = &pushed.node;
    let flags: String = node.marks().map(|word| format!(", {word}")).collect();
    let counts = &node.counts;
    let shared = match counts.shared {
        0 => String::new(),
        files => format!(", {files} shared ({})", bytes(counts.shared_bytes)),
    };
    let moved = match counts.moved {
        0 => String::new(),
        entries => format!(", {entries} moved"),
    };
    format!(
        "{name}: snapshot {} ({}{flags}): {}, {} copied ({}){shared}, {} linked{moved}",
        node.short(),
        node.name,
        count(node.manifest.entries, "entry", "entries"),
        counts.copied.saturating_sub(counts.shared),
        bytes(counts.bytes.saturating_sub(counts.shared_bytes)),
        counts.linked,
    )
}

fn counts(reports: &[SinkReport]) -> Counted {
    let made = || reports.iter().filter_map(|report| report.outcome.as_ref().ok());
    let removed =
        made().filter_map(|pushed| pushed.rotated.as_ref()).map(|rotated| rotated.removed.len() as u64);
    vec![
        ("sinks", reports.len() as u64),
        ("snapshots", made().count() as u64),
        ("copied", made().map(|pushed| pushed.node.counts.copied).sum()),
        ("shared", made().map(|pushed| pushed.node.counts.shared).sum()),
        ("shared_bytes", made().map(|pushed| pushed.node.counts.shared_bytes).sum()),
        ("linked", made().map(|pushed| pushed.node.counts.linked).sum()),
        ("moved", made().map(|pushed| pushed.node.counts.moved).sum()),
        ("bytes", made().map(|pushed| pushed.node.counts.bytes).sum()),
        ("unread", made().map(|pushed| pushed.node.counts.unread).max().unwrap_or(0)),
        ("removed", removed.sum()),
    ]
}
