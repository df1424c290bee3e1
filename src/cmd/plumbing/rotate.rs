//! `emu-rotate`.

use crate::cmd::porcelain::rotate::{HowArgs, one};
use crate::cmd::{Class, Context, Entry, Status};
use crate::error::Result;
use clap::Args as _;

pub(crate) const ENTRY: Entry = Entry {
    name: "rotate",
    class: Class::Plumbing,
    summary: "apply the retention policy to a sink",
    prose: "\
## OUTPUT
A 'rotation' record for every snapshot of the sink, newest first, with what is done and why; then
a 'removed' record for each that went, after it was deleted, with the bytes that became free.

## CAUTION
Without options that set a policy, it is as careful as a push (emu-push(1)): ages count from the snapshot before the
newest, and it removes nothing if the policy is not the one applied last, or if much would go after a week
without a push.

## EXIT STATUS
0 if the policy was applied; 3 if it was held back, if a snapshot that should go is being read, or if there is less
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

    #[command(flatten)]
    how: HowArgs,
}

fn run(args: &RotateArgs, context: &Context) -> Result<Status> {
    let opened = context.open_sink(&args.sink)?;
    one(&opened, &args.how, &args.how.options()?, true, context)
}
