//! `emu prune`: removes snapshots that are named.

use crate::cmd::removal::{self, RemovalArgs};
use crate::cmd::{Class, Context, Entry, Found, Status, read};
use crate::error::{Error, Result};
use clap::Args as _;

pub(crate) const ENTRY: Entry = Entry {
    name: "prune",
    class: Class::Porcelain,
    summary: "remove snapshots",
    prose: "\
## DESCRIPTION
Removes the snapshots that are named and frees what only they hold. The whole list is checked before
anything goes; which snapshots go, and about how much that frees, is printed first.

A snapshot is named with its sink, as in origin:HEAD~3 or with --sink, unless the source has only one;
A..B is all that is reachable from B and not from A. A bare sink is refused: to apply the retention
policy there is emu-rotate(1), to free what is no snapshot emu-clean(1).

HEAD, pinned snapshots and the last complete one stay unless --force is given. HEAD then moves to its
nearest ancestor. The last snapshot of a sink never goes. One that somebody reads stays, with exit
status 3.

One whose manifest is missing or damaged, which rotation does not touch, can be removed like any other: how much
that frees is not known before.
## EXIT STATUS
0; 1 if one of them must not go, and nothing was removed; 2 for a bare sink, or nothing; 3 if one is
being read and stays; 10 if there is no such snapshot; 11 if somebody else holds the lock of the sink.
## JSON
With --json a record of type 'removed' for each after it was deleted, with --dry-run one of type
'rotation'; see emu-json(5).
## EXAMPLES
    emu prune --dry-run HEAD~3
    emu prune origin:2026-11-22-180724
    emu prune usb:TAIL..usb:HEAD~10
## SEE ALSO
emu-rotate(1), emu-squash(1), emu-du(1), emu-pin(1)
",
    build: Args::augment_args,
    run: |matches, context| run(&read(matches)?, context),
};

/// Removes snapshots.
#[derive(Debug, clap::Args)]
struct Args {
    /// The snapshots: revisions or ranges with their sink
    #[arg(value_name = "REV")]
    revs: Vec<String>,

    /// The sink of revisions that name none
    #[arg(long, value_name = "SINK")]
    sink: Option<String>,

    #[command(flatten)]
    removal: RemovalArgs,
}

const POLICY: &str = "to apply the retention policy: emu rotate; to free leftovers: emu clean";

fn run(args: &Args, context: &Context) -> Result<Status> {
    if args.revs.is_empty() {
        return Err(Error::usage("no snapshot is named").hint(POLICY));
    }
    let one = |rev: &String| context.explicit(rev, args.sink.as_deref(), &format!("; {POLICY}"));
    let found: Vec<Found> = args.revs.iter().map(one).collect::<Result<Vec<_>>>()?.concat();
    removal::remove(&removal::by_sink(found), "pruned", args.removal, context)
}
