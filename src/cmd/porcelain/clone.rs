//! `emu clone`: a source on a new machine from what a sink holds.

use crate::cmd::{Class, Context, Entry, Found, OwnerArgs, Status, WaitArgs, place, read, restored};
use crate::config::Config;
use crate::error::{Error, Kind, Result};
use crate::quote::{escaped, quoted, quoted_path};
use crate::record::{SourceRecord, SummaryRecord};
use crate::restore::checkout::{self, Damaged, Outcome, Request, Step, Target};
use crate::restore::cloning::Cloning;
use crate::source::Source;
use crate::tree::Unread;
use crate::ui::text;
use clap::Args as _;
use std::path::PathBuf;
use std::time::Instant;

pub(crate) const ENTRY: Entry = Entry {
    name: "clone",
    class: Class::Porcelain,
    summary: "make a source from a sink",
    prose: "\
## DESCRIPTION
Makes DIR, which is missing or empty, the source that the sink has snapshots of: its HEAD, or the revision
that is given, is checked out; configuration, excludes and hooks come back as they were at the last push;
and the sink is added as 'origin', or under the name in core.default-sink. Hooks are disabled: they come
back without the right to be run.

A clone that was cut off is gone on with by the same command: files that are there already are not copied
again. While the machine is not restarted, size and mtime tell which are right; afterwards they are read and
compared. It becomes the snapshot that it was begun with, though the sink may have newer
ones by now. A file that was changed in DIR meanwhile is kept in '.emu/replaced/<time>'. DIR is a source
only when all is done.

Nothing is changed in the sink. The source that made the snapshots may still be alive, on this machine or
another, so a push from the clone is refused until 'emu sink adopt origin' says that the sink is the
clone's now.

Owners are restored as by emu-checkout(1): root restores them by name, an ordinary user owns all files.
## EXIT STATUS
0; 1 if DIR is not empty and no clone of this sink was cut off in it; 3 if something could not be restored (the warnings say what); 10 if there is no
such sink or snapshot.
## JSON
With --json, a record of type 'source', records of type 'unread' for what was not restored, and one of type
'summary'; see emu-json(5).
## EXAMPLES
    emu clone /mnt/usb/home ~/restored
    emu clone /mnt/usb/home:HEAD~3 /home/me --no-owner
## SEE ALSO
emu-checkout(1), emu-sink(1)
",
    build: Args::augment_args,
    run: |matches, context| run(&read(matches)?, context),
};

/// What is left to do after a clone that did not come to its end.
const GO_ON: &str = "the same `emu clone` again goes on with what is there";

/// Makes a source from a sink.
#[derive(Debug, clap::Args)]
struct Args {
    /// The sink, or one revision in it: a path with a '/'
    #[arg(value_name = "SINK[:REV]")]
    sink: String,

    /// The directory that becomes the source
    #[arg(value_name = "DIR")]
    dir: PathBuf,

    #[command(flatten)]
    owner: OwnerArgs,

    /// Print what would be done, and do nothing
    #[arg(long, short = 'n')]
    dry_run: bool,

    #[command(flatten)]
    wait: WaitArgs,
}

fn run(args: &Args, context: &Context) -> Result<Status> {
    let begin = Instant::now();
    let found = context.revision(&args.sink, None)?;
    let cloning = Cloning::look(&place::settled(&args.dir)?, &found.opened.sink)?;
    let found = begun_with(&cloning, found, &args.sink)?;
    if args.dry_run {
        return foresee(args, &found, &cloning, context);
    }
    make(args, &found, cloning, begin, context).map_err(|error| match error.next_step() {
        None => error.hint(GO_ON),
        Some(_) => error,
    })
}

/// The snapshot that a clone before was cut off with, if it is this clone.
fn begun_with(cloning: &Cloning, found: Found, asked: &str) -> Result<Found> {
    let Some(before) = cloning.before().filter(|before| before.snapshot != found.node.id) else {
        return Ok(found);
    };
    let short = before.snapshot.get(..12).unwrap_or_default();
    let cannot =
        || Error::failed(format!("cannot clone {} into {}", found.node.short(), quoted_path(&cloning.path)));
    if before.clone.as_ref().is_some_and(|clone| clone.asked != asked) {
        return Err(cannot()
            .because(format!("a clone of {short} was cut off there"))
            .hint("name that snapshot, or another directory"));
    }
    let same = found.opened.all().into_iter().find(|one| one.node.id == before.snapshot);
    same.ok_or_else(|| {
        cannot()
            .because(format!("a clone of {short} was cut off there, which the sink no longer has"))
            .hint("remove the directory, and clone again")
    })
}

/// Checks the snapshot out and makes the tree a source.
fn make(args: &Args, found: &Found, cloning: Cloning, begin: Instant, context: &Context) -> Result<Status> {
    let sink = &found.opened.sink;
    let cloning = cloning.begin(sink, &found.node, &args.sink, context.command, args.wait.wait())?;
    let observer = context.ui.observer();
    let outcome = with_request(args, found, &cloning, context, |request| checkout::run(request, &observer))?;
    drop(observer);
    let status = settle(&outcome, found, &cloning, begin, context)?;
    cloning.end()?;
    Ok(status)
}

fn with_request<T>(
    args: &Args,
    found: &Found,
    cloning: &Cloning,
    context: &Context,
    go: impl FnOnce(&Request<'_>) -> Result<T>,
) -> Result<T> {
    let config = Config::default();
    let others = || Vec::new();
    let request = Request {
        sink: &found.opened.sink,
        catalog: &found.opened.catalog,
        node: &found.node,
        others: &others,
        target: Target::Clone(cloning),
        config: &config,
        paths: Vec::new(),
        ownership: args.owner.ownership(),
        special: true,
        damaged: Damaged::Skip,
        wait: args.wait.wait(),
        command: context.command,
    };
    go(&request)
}

/// What makes the tree a source, and how it went.
fn settle(
    outcome: &Outcome,
    found: &Found,
    cloning: &Cloning,
    begin: Instant,
    context: &Context,
) -> Result<Status> {
    let sink = &found.opened.sink;
    let source = Source::revive(&cloning.path, sink)?;
    // Under the name that its configuration may speak of.
    let name = context.config(Some(&source)).ok().and_then(|config| config.default_sink());
    let name = name.filter(|name| source.check_new_name(name).is_ok()).unwrap_or_else(|| "origin".to_owned());
    let added = source.sinks()?.into_iter().find(|known| known.id == sink.info.id);
    let name = added.map_or_else(|| source.add_sink(&name, sink, false), Ok)?.name;
    let status = (!outcome.is_complete()).then_some(Kind::Incomplete);
    for trouble in &outcome.done.troubles {
        context.ui.warn(&format!("{} is not restored: {}", quoted(&trouble.path), trouble.text));
    }
    restored::attributes(&outcome.done, &context.ui);
    if cloning.before().is_some() {
        context.ui.note("going on with a clone that was cut off; what was there already is not counted");
    }
    if let Some(replaced) = &outcome.replaced {
        context.ui.note(&format!("what stood there and differed is kept in {}", quoted_path(replaced)));
    }
    if context.ui.json() {
        context.ui.record(&SourceRecord::new(&source.path, &source.id, true))?;
        for trouble in &outcome.done.troubles {
            let (path, text) = (trouble.path.clone(), trouble.text.clone());
            context.ui.record(&Unread { path, errno: trouble.errno, text })?;
        }
        let counts = [
            ("files", outcome.done.files),
            ("bytes", outcome.done.bytes),
            ("unread", outcome.done.troubles.len() as u64),
        ];
        context.ui.record(&SummaryRecord::new("clone", counts, begin.elapsed(), status))?;
        return Ok(status);
    }
    context.ui.out(&format!(
        "source {}: {} of {}, {}, {}",
        quoted_path(&source.path),
        found.node.short(),
        escaped(found.node.host.as_bytes()),
        text::count(outcome.done.files, "file", "files"),
        text::bytes(outcome.done.bytes),
    ))?;
    context.ui.note("  its hooks are disabled: look at .emu/hooks, and make them executable");
    context.ui.note(&format!("  to push from here: emu sink adopt {name}"));
    Ok(status)
}

fn foresee(args: &Args, found: &Found, cloning: &Cloning, context: &Context) -> Result<Status> {
    let mut entries = 0;
    let mut each = |step: Step| {
        entries += step.changes.len() as u64;
        Ok(())
    };
    let observer = context.ui.observer();
    with_request(args, found, cloning, context, |request| checkout::plan(request, &mut each, &observer))?;
    drop(observer);
    let dir = &cloning.path;
    if context.ui.json() {
        let source = &found.opened.sink.info.source;
        return context.ui.record(&SourceRecord::new(dir, source, true)).map(|()| None);
    }
    let entries = text::count(entries, "entry", "entries");
    let (id, dir) = (found.node.short(), quoted_path(dir));
    context.ui.out(&format!("would check out {id} to {dir}, {entries}, and make it a source"))?;
    Ok(None)
}
