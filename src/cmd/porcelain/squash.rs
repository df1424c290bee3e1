//! `emu squash`: of a range of snapshots the last stays.

use crate::cmd::removal::{self, RemovalArgs};
use crate::cmd::{Class, Context, Entry, Status, read};
use crate::error::{Error, Result};
use crate::quote::quoted;
use clap::Args as _;

pub(crate) const ENTRY: Entry = Entry {
    name: "squash",
    class: Class::Porcelain,
    summary: "remove what lies between two snapshots",
    prose: "\
## DESCRIPTION
Of the range A..B, all that is reachable from B and not from A, B stays and the others are removed: so
many small steps become one. A itself is not in the range, and stays. Every snapshot is whole by itself, so
nothing in B changes; what only the others held is freed.

Nothing goes unless all may go: HEAD, pinned snapshots and the last complete one need --force.
## EXIT STATUS
0; 1 if one of them must not go, and nothing was removed; 2 if RANGE is none; 3 if one is being read and
stays; 10 if there is no such snapshot; 11 if somebody else holds the lock of the sink.
## JSON
With --json a record of type 'removed' for each after it was deleted, with --dry-run one of type
'rotation'; see emu-json(5).
## EXAMPLES
    emu squash --dry-run origin:@{yesterday}..HEAD
    emu squash origin:HEAD~9..HEAD~2
## SEE ALSO
emu-prune(1), emu-rotate(1)
",
    build: Args::augment_args,
    run: |matches, context| run(&read(matches)?, context),
};

/// Removes what lies between two snapshots.
#[derive(Debug, clap::Args)]
struct Args {
    /// The range A..B with its sink
    #[arg(value_name = "RANGE")]
    range: String,

    /// The sink of a range that names none
    #[arg(long, value_name = "SINK")]
    sink: Option<String>,

    #[command(flatten)]
    removal: RemovalArgs,
}

fn run(args: &Args, context: &Context) -> Result<Status> {
    if !args.range.contains("..") {
        return Err(Error::usage(format!("{} is no range", quoted(&args.range)))
            .hint("a range is A..B; B stays, A is not in it"));
    }
    let mut found = context.explicit(&args.range, args.sink.as_deref(), "")?;
    let kept = found.pop().filter(|_| !found.is_empty());
    let Some(kept) = kept else {
        context.ui.note("there is nothing to squash");
        return Ok(None);
    };
    let reason = format!("squashed into {}", kept.node.id);
    removal::remove(&removal::by_sink(found), &reason, args.removal, context)
}
