//! `emu-rev-parse`: which snapshots some revisions name, and where they are.

use crate::cmd::input::{Bare, RevsArgs};
use crate::cmd::{Class, Context, Entry, Status, read};
use crate::error::Result;
use crate::record::RevRecord;
use clap::Args as _;

pub(crate) const ENTRY: Entry = Entry {
    name: "rev-parse",
    class: Class::Plumbing,
    summary: "resolve revisions to snapshots",
    prose: "\
## DESCRIPTION
Prints one record of type 'rev' for each revision: the id of the snapshot, its sink, and the paths of
both. A range A..B gives a record for each of its snapshots, the oldest first. A bare sink is its HEAD.

A revision is [SINK:]REV, as emu-revisions(7) explains.
## EXIT STATUS
0, or 10 if there is no such snapshot, or 2 if a revision cannot be read or is ambiguous. What was
found before is printed.
## EXAMPLES
    emu-rev-parse /mnt/usb/home:HEAD~ | jq -r .tree_path
## SEE ALSO
emu-path(1), emu-revisions(7), emu-json(5)
",
    build: Args::augment_args,
    run: |matches, context| run(&read(matches)?, context),
};

/// Prints which snapshots revisions name.
#[derive(Debug, clap::Args)]
struct Args {
    #[command(flatten)]
    of: RevsArgs,
}

fn run(args: &Args, context: &Context) -> Result<Status> {
    args.of.each(Bare::Head, context, |rev, found| {
        for found in &found {
            let (id, sink) = (&found.node.id, &found.opened.sink);
            let tree = sink.tree_path(id);
            context.ui.record(&RevRecord::new(rev, id, &found.opened.name, &sink.path, &tree))?;
        }
        Ok(())
    })?;
    Ok(None)
}
