//! `emu-cat-node`: the node of a snapshot, as it is stored.

use crate::cmd::input::{Bare, RevsArgs};
use crate::cmd::{Class, Context, Entry, Status, read};
use crate::error::Result;
use clap::Args as _;

pub(crate) const ENTRY: Entry = Entry {
    name: "cat-node",
    class: Class::Plumbing,
    summary: "print the nodes of snapshots",
    prose: "\
## DESCRIPTION
Prints the node of each snapshot as it is stored: who saved what, when, and after which snapshot. Its
fields are described in emu-format(5). A sink stands for all of its snapshots, the oldest first.

The id of a node is proven before it is printed: a node that was altered is not shown, but reported.
## EXIT STATUS
0, or 10 if there is no such snapshot, or 2 if a revision cannot be read or is ambiguous.
## EXAMPLES
    emu-cat-node /mnt/usb/home | jq -r '[.id, .time, .counts.bytes] | @tsv'
## SEE ALSO
emu-rev-parse(1), emu-revisions(7), emu-format(5), emu-json(5)
",
    build: Args::augment_args,
    run: |matches, context| run(&read(matches)?, context),
};

/// Prints the nodes of snapshots, one a line.
#[derive(Debug, clap::Args)]
struct Args {
    #[command(flatten)]
    of: RevsArgs,
}

fn run(args: &Args, context: &Context) -> Result<Status> {
    args.of.each(Bare::All, context, |_, found| {
        found.iter().try_for_each(|found| context.ui.record(&found.node))
    })?;
    Ok(None)
}
