//! `emu-commit-snapshot`.

use crate::cmd::{Class, Context, Entry, Status, WaitArgs};
use crate::error::{Doing as _, Error, Kind, Result};
use crate::quote::quoted_path;
use crate::record::{SnapshotRecord, StagedRecord};
use crate::sink::{Sink, rev};
use crate::snapshot;
use crate::tree::Lines;
use clap::Args as _;

pub(crate) const ENTRY: Entry = Entry {
    name: "commit-snapshot",
    class: Class::Plumbing,
    summary: "publish a staged tree as a snapshot",
    prose: "\
## DESCRIPTION
Reads the 'staged' record of emu-link-snapshot from stdin and publishes the tree: it is made
durable, listed, and becomes HEAD. Prints one 'snapshot' record.

HEAD must still be the snapshot that the tree was compared with. If it has moved, or the sink is
locked for longer than --wait, the staging is removed: run the pipeline again.

## EXIT STATUS
0; 1 if HEAD has moved or the sink fails; 2 if the record is malformed; 3 if the snapshot is
published but marked (see emu-push(1)) or without some entries; 10 if there is no such sink or staging; 11
if the sink is locked.
## EXAMPLES
    emu-link-snapshot --sink S --source SRC < manifest | emu-commit-snapshot --sink S -m 'by hand'
## SEE ALSO
emu-link-snapshot(1), emu-rotate(1), emu-json(5)
",
    build: |command| CommitArgs::augment_args(command),
    run: |matches, context| run(&crate::cmd::read(matches)?, context),
};

#[derive(Debug, clap::Args)]
struct CommitArgs {
    /// The sink: a name, or a path with a '/'
    #[arg(long, value_name = "SINK")]
    sink: String,

    /// Say what this snapshot is
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,

    /// Publish only if HEAD is this snapshot
    #[arg(long, value_name = "REV")]
    parent: Option<String>,

    #[command(flatten)]
    wait: WaitArgs,
}

fn run(args: &CommitArgs, context: &Context) -> Result<Status> {
    let opened = context.open_sink(&args.sink)?;
    let mut lines = Lines::new(std::io::stdin().lock(), 1 << 20);
    let line = lines.next_line().doing(|| "cannot read the staged record");
    let line =
        line.map_err(|error| if error.errno().is_none() { error.with_kind(Kind::Usage) } else { error })?;
    let line = line.filter(|line| !line.is_empty()).ok_or_else(|| {
        Error::failed("cannot read the staged record")
            .because("there is none on stdin")
            .hint("the program before this one in the pipeline failed, or use: emu-link-snapshot … | emu-commit-snapshot …")
    })?;
    let record = StagedRecord::parse(line)?;
    if record.sink != opened.sink.info.id {
        return Err(Error::usage(format!("cannot publish in {}", quoted_path(&opened.sink.path)))
            .because("the tree is staged in another sink"));
    }
    let observer = context.ui.observer();
    let fresh = Sink::open(&opened.sink.path)?;
    let ready = match snapshot::ready(&opened.name, fresh, true, args.wait.wait(), context.command, &observer)
    {
        Err(error) if error.kind() == Kind::Locked => {
            snapshot::discard_staged(&opened.sink, &record.txid)?;
            return Err(error.hint("run the pipeline again, or let it wait with --wait SECONDS"));
        }
        ready => ready?,
    };
    if let Some(parent) = &args.parent {
        let wanted = rev::one(&ready.catalog, parent)?;
        if ready.catalog.head.as_ref() != Some(&wanted.node.id) {
            snapshot::discard_staged(&ready.sink, &record.txid)?;
            return Err(Error::failed("cannot publish the staged tree")
                .because("HEAD is not the parent that was named"));
        }
    }
    let message = args.message.as_deref();
    let (sink, lock, catalog) = (&ready.sink, &ready.lock, &ready.catalog);
    let done = snapshot::commit_staged(sink, lock, catalog, &record.txid, &record.manifest, message)?;
    let node = done.node;
    context.ui.record(&SnapshotRecord::new(&node, true, false, &sink.tree_path(&node.id)))?;
    if let Some(error) = &done.unfinished {
        context.ui.warn(&format!("the snapshot is listed, but {error}; the next push makes up for it"));
    }
    let whole = node.is_complete() && node.counts.unread == 0 && done.unfinished.is_none();
    Ok((!whole).then_some(Kind::Incomplete))
}
