//! `emu-rotate`.

use crate::cmd::porcelain::rotate::{KeepArgs, show};
use crate::cmd::{Class, Context, Entry, Status, WaitArgs, report};
use crate::error::{Kind, Result};
use crate::sink::{Catalog, Sink};
use crate::snapshot::retire::{self, Occasion};
use crate::snapshot::{self, Ready};
use clap::Args as _;

pub(crate) const ENTRY: Entry = Entry {
    name: "rotate",
    class: Class::Plumbing,
    summary: "apply the retention policy to a sink",
    prose: "\
## OUTPUT
A 'rotation' record for every snapshot of the sink, newest first, with what is done and why; then
a 'removed' record for each that went, after it was deleted, with the bytes that became free.

## EXIT STATUS
0 if the policy was applied; 3 if a snapshot that should go is being read, or if there is less
room than min-free asks for; 10 if there is no such sink; 11 if it is locked.
",
    build: |command| RotateArgs::augment_args(command),
    run: |matches, context| run(&crate::cmd::read(matches)?, context),
};

#[derive(Debug, clap::Args)]
struct RotateArgs {
    /// The sink: a name, or a path with a '/'
    #[arg(long, value_name = "SINK")]
    sink: String,

    /// Say what would go and why, and remove nothing
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    keep: KeepArgs,

    #[command(flatten)]
    wait: WaitArgs,
}

fn run(args: &RotateArgs, context: &Context) -> Result<Status> {
    let opened = context.open_sink(&args.sink)?;
    let retention = args.keep.retention(&opened.sink, context)?;
    if args.dry_run {
        let catalog = Catalog::read(&opened.sink)?;
        return show(&retire::verdicts(&catalog, &retention)?, &catalog, context).map(|()| None);
    }
    let observer = context.ui.observer();
    let fresh = Sink::open(&opened.sink.path)?;
    let ready = snapshot::ready(&opened.name, fresh, true, args.wait.wait(), context.command, &observer)?;
    let rotated = retire::rotate(&ready.sink, &ready.lock, &retention, Occasion::Command, &observer)?;
    show(&rotated.verdicts, &ready.catalog, context)?;
    let Ready { sink, lock, .. } = ready;
    drop(lock);
    let freed = report::free(&sink, &rotated.removed, context)?;
    Ok(freed.or((rotated.short_of_room || !rotated.in_use.is_empty()).then_some(Kind::Incomplete)))
}
