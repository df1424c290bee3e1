//! `emu show`: a snapshot, and what changed with it.

use crate::cmd::compare::{self, Style, StyleArgs};
use crate::cmd::describe::{self, paragraph};
use crate::cmd::{Class, Context, Entry, Found, Status, read};
use crate::error::Result;
use crate::sink::Exclusions;
use clap::Args as _;

pub(crate) const ENTRY: Entry = Entry {
    name: "show",
    class: Class::Porcelain,
    summary: "show a snapshot and what changed with it",
    prose: "\
## DESCRIPTION
Shows what emu log shows of a snapshot, what it was told to leave out, and the differences from the snapshot before it as emu-diff(1)
prints them. Where the one before was removed, the nearest of those that led to it stands in for it,
which is said; the oldest has nothing to be compared with.
## EXIT STATUS
0; 10 if there is no such snapshot.
## JSON
With --json a record of type 'snapshot', one of type 'exclusions' if it is recorded what was left out, then a record of type 'change' for each difference; see
emu-json(5).
## EXAMPLES
    emu show
    emu show origin:HEAD~3 --stat
## SEE ALSO
emu-log(1), emu-diff(1), emu-revisions(7)
",
    build: Args::augment_args,
    run: |matches, context| run(&read(matches)?, context),
};

/// Shows snapshots and what changed with them.
#[derive(Debug, clap::Args)]
struct Args {
    /// The snapshots; otherwise HEAD
    #[arg(value_name = "REV")]
    revs: Vec<String>,

    #[command(flatten)]
    style: StyleArgs,

    /// Like --name-status, and what is printed of the differences ends in NULs instead of line ends
    #[arg(short = 'z', long = "null", conflicts_with = "stat")]
    zero: bool,

    /// The sink of revisions that name none
    #[arg(long, value_name = "SINK")]
    sink: Option<String>,
}

fn run(args: &Args, context: &Context) -> Result<Status> {
    let head = ["HEAD".to_owned()];
    let revs = if args.revs.is_empty() { &head[..] } else { &args.revs };
    for (at, rev) in revs.iter().enumerate() {
        if at > 0 && !context.ui.json() {
            context.ui.out("")?;
        }
        show(&context.revision(rev, args.sink.as_deref())?, args, context)?;
    }
    Ok(None)
}

fn show(found: &Found, args: &Args, context: &Context) -> Result<()> {
    let ui = &context.ui;
    if ui.json() {
        ui.record(&describe::record(found))?;
    } else {
        ui.out(&paragraph(context, found))?;
    }
    show_excluded(found, context)?;
    let Some(before) = found.before() else {
        ui.note("nothing older led to it: there is nothing to compare it with");
        return Ok(());
    };
    if found.node.parent.as_ref() != Some(&before.node.id) {
        ui.note(&format!("the one before it is gone; compared with {}", before.node.short()));
    }
    let (old, new) = (compare::of_snapshot(&before)?, compare::of_snapshot(found)?);
    let changes = compare::between(old, new, &[], context)?;
    if !changes.is_empty() && !ui.json() {
        ui.out("")?;
    }
    let style = if args.zero { Some(Style::Letters(true)) } else { args.style.style() };
    compare::print(&changes, style.unwrap_or(Style::Words), "", context).map(drop)
}

/// Prints the exclusions of the snapshot in short.
fn show_excluded(found: &Found, context: &Context) -> Result<()> {
    let ui = &context.ui;
    match found.opened.sink.excluded(&found.node) {
        Ok(Some(excluded)) if ui.json() => ui.record(&Exclusions::new(excluded, found.node.mounts.clone())),
        Ok(Some(excluded)) => ui.out(&describe::excluded(&excluded)),
        Ok(None) if ui.json() => Ok(()),
        Ok(None) => ui.out("excluded: not recorded"),
        Err(error) => {
            ui.warn(&error.to_string());
            Ok(())
        }
    }
}
