//! `emu unpin`: what a rotation may remove again.

use super::pin::{ChangeArgs, change};
use crate::cmd::{Class, Context, Entry, Status, read};
use crate::error::Result;
use crate::sink::{Sink, SinkLock};
use clap::Args as _;

pub(crate) const ENTRY: Entry = Entry {
    name: "unpin",
    class: Class::Porcelain,
    summary: "let snapshots be removed again",
    prose: "\
## DESCRIPTION
Ends what emu-pin(1) began: the next rotation decides about these snapshots as about any other. Nothing
is removed by this command. A snapshot that is not pinned stays so.
## EXIT STATUS
0; 10 if there is no such snapshot; 11 if somebody else holds the lock of the sink.
## EXAMPLES
    emu unpin HEAD~3
## SEE ALSO
emu-pin(1), emu-rotate(1), emu-revisions(7)
",
    build: Args::augment_args,
    run: |matches, context| run(&read(matches)?, context),
};

/// Lets snapshots be removed again.
#[derive(Debug, clap::Args)]
struct Args {
    /// The snapshots
    #[arg(value_name = "REV", required = true)]
    revs: Vec<String>,

    #[command(flatten)]
    change: ChangeArgs,
}

fn run(args: &Args, context: &Context) -> Result<Status> {
    let unpin = |sink: &Sink, lock: &SinkLock, id: &str| sink.unpin(lock, id);
    change(&args.revs, &args.change, (false, None), "not pinned", unpin, context)
}
