//! `emu clone`: a source on a new machine from what a sink holds.

use crate::cmd::{Class, Context, Entry, Found, Status, WaitArgs, place, read};
use crate::config::Config;
use crate::error::{Kind, Result};
use crate::quote::{escaped, quoted, quoted_path};
use crate::record::{SourceRecord, SummaryRecord};
use crate::restore::checkout::{self, Damaged, Outcome, Ownership, Request, Target};
use crate::source::Source;
use crate::tree::Unread;
use crate::ui::text;
use clap::Args as _;
use std::path::{Path, PathBuf};
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

Nothing is changed in the sink. The source that made the snapshots may still be alive, on this machine or
another, so a push from the clone is refused until 'emu sink adopt origin' says that the sink is the
clone's now.
## EXIT STATUS
0; 1 if DIR is not empty; 3 if something could not be restored (the warnings say what); 10 if there is no
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

/// Makes a source from a sink.
#[derive(Debug, clap::Args)]
struct Args {
    /// The sink, or one revision in it: a path with a '/'
    #[arg(value_name = "SINK[:REV]")]
    sink: String,

    /// The directory that becomes the source
    #[arg(value_name = "DIR")]
    dir: PathBuf,

    /// Do not restore owners
    #[arg(long)]
    no_owner: bool,

    /// Print what would be done, and do nothing
    #[arg(long, short = 'n')]
    dry_run: bool,

    #[command(flatten)]
    wait: WaitArgs,
}

fn run(args: &Args, context: &Context) -> Result<Status> {
    let begin = Instant::now();
    let found = context.revision(&args.sink, None)?;
    let dir = place::settled(&args.dir)?;
    let config = Config::default();
    let others = || Vec::new();
    let request = Request {
        sink: &found.opened.sink,
        catalog: &found.opened.catalog,
        node: &found.node,
        others: &others,
        target: Target::Elsewhere { path: &dir, overwrite: None },
        config: &config,
        paths: Vec::new(),
        ownership: if args.no_owner { Ownership::Mine } else { Ownership::Recorded },
        damaged: Damaged::Skip,
        wait: args.wait.wait(),
        command: context.command,
    };
    if args.dry_run {
        return foresee(&request, &found, &dir, context);
    }
    let observer = context.ui.observer();
    let outcome = checkout::run(&request, &observer).map_err(|error| match error.kind() {
        Kind::Failed => error.hint("name a directory that is empty or missing"),
        _ => error,
    })?;
    drop(observer);
    settle(&outcome, &found, &dir, begin, context)
}

/// What makes the tree a source, and how it went.
fn settle(outcome: &Outcome, found: &Found, dir: &Path, begin: Instant, context: &Context) -> Result<Status> {
    let source = Source::revive(dir, &found.opened.sink)?;
    let sink = &found.opened.sink;
    // Under the name that its configuration may speak of.
    let name = context.config(Some(&source)).ok().and_then(|config| config.default_sink());
    let name = name.filter(|name| source.check_new_name(name).is_ok()).unwrap_or_else(|| "origin".to_owned());
    source.add_sink(&name, sink, false)?;
    let status = (!outcome.is_complete()).then_some(Kind::Incomplete);
    for trouble in &outcome.done.troubles {
        context.ui.warn(&format!("{} is not restored: {}", quoted(&trouble.path), trouble.text));
    }
    if outcome.done.owners + outcome.done.xattrs > 0 {
        let entries = text::count(outcome.done.owners + outcome.done.xattrs, "entry", "entries");
        context.ui.warn(&format!("owners or extended attributes of {entries} could not be set"));
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

fn foresee(request: &Request<'_>, found: &Found, dir: &Path, context: &Context) -> Result<Status> {
    let mut entries = 0;
    checkout::plan(
        request,
        &mut |step| {
            entries += step.changes.len() as u64;
            Ok(())
        },
        &context.ui.observer(),
    )?;
    if context.ui.json() {
        let source = &found.opened.sink.info.source;
        return context.ui.record(&SourceRecord::new(dir, source, true)).map(|()| None);
    }
    let entries = text::count(entries, "entry", "entries");
    let (id, dir) = (found.node.short(), quoted_path(dir));
    context.ui.out(&format!("would check out {id} to {dir}, {entries}, and make it a source"))?;
    Ok(None)
}
