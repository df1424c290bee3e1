//! `emu du`: what snapshots take up, and what removing them would free.

use crate::cmd::{Class, Context, Entry, Found, Status, describe, read, several};
use crate::error::Result;
use crate::history::usage::{Usage, usage};
use crate::quote::escaped;
use crate::record::{LeftoverRecord, UsageRecord};
use crate::sink::{Node, Sink};
use crate::snapshot::clean;
use crate::ui::{Paint, text};
use clap::Args as _;

pub(crate) const ENTRY: Entry = Entry {
    name: "du",
    class: Class::Porcelain,
    summary: "show what snapshots take up",
    prose: "\
## DESCRIPTION
Shows of each snapshot how many bytes its files have, and how many it alone holds: what removing
it would free. What two snapshots share belongs to none of them alone, so the numbers do not add up; the
line 'together' says what removing all that were named would free.

This is computed from manifests, without a look at the trees: each record names the snapshot that created
its file, so files that snapshots share are counted once, and copies are counted for themselves. Files are
counted in blocks of 4 KiB, with the directories that every snapshot has of its own. Files with holes, and
compressed files, take less.

The numbers are marked 'at most' if something else may hold the same blocks: on btrfs and xfs, where files can
share blocks; as long as the sink has a spare or an interrupted push; and if a repaired manifest does not
name the creators of its files.

Then comes what is no snapshot: spares (trees of retired snapshots that a push may begin with), pushes that
were cut off, trash. Spares go by themselves when room is short; emu-clean(1) removes all of it.

Without arguments, all sinks of the source are shown.

What a snapshot holds whose manifest is missing or damaged is not known, nor what it shares with the others:
it is left out with a warning, what the others hold alone is 'at most' so much, because the damaged one may
hold some of it as well, and all of the sink is 'at least' so much.
## EXIT STATUS
0; 3 if a manifest of the sink is missing or damaged; 10 if there is no such sink or snapshot.
## JSON
With --json a record of type 'usage' for each snapshot and one without an id for all of them, and one of
type 'leftover' for each of the others; see emu-json(5).
## EXAMPLES
    emu du
    emu du origin:TAIL..HEAD~5
## SEE ALSO
emu-prune(1), emu-clean(1), emu-rotate(1)
",
    build: Args::augment_args,
    run: |matches, context| run(&read(matches)?, context),
};

/// Shows what snapshots take up.
#[derive(Debug, clap::Args)]
struct Args {
    /// Snapshots, ranges or sinks; otherwise all sinks of the source
    #[arg(value_name = "REV")]
    revs: Vec<String>,

    /// The sink in which to look, a name or a path
    #[arg(long, value_name = "SINK")]
    sink: Option<String>,
}

fn run(args: &Args, context: &Context) -> Result<Status> {
    let threads = several::threads(context)?;
    let mut incomplete = None;
    for (at, (name, found)) in
        several::snapshots(&args.revs, args.sink.as_deref(), context)?.into_iter().enumerate()
    {
        if at > 0 && !context.ui.json() {
            context.ui.out("")?;
        }
        // A sink without snapshots can have leftovers.
        let opened = match found.first() {
            Some(first) => first.opened.clone(),
            None => context.open_sink(name.trim_end_matches(':'))?,
        };
        let nodes: Vec<&Node> = opened.catalog.snapshots.iter().map(|snapshot| &snapshot.node).collect();
        let asked: Vec<bool> =
            nodes.iter().map(|node| found.iter().any(|found| found.node.id == node.id)).collect();
        let usage = usage(&opened.sink, &nodes, &asked, threads)?;
        incomplete = incomplete.or(several::left_out(&usage.left_out, &opened, context));
        let alone = |found: &Found| {
            let at = nodes.iter().position(|node| node.id == found.node.id);
            at.and_then(|at| usage.alone[at])
        };
        let rows: Vec<Row<'_>> = found.iter().rev().map(|found| (found, alone(found))).collect();
        if context.ui.json() {
            records(&name, &rows, &usage, context)?;
        } else {
            table(&name, &rows, &usage, nodes.len(), context)?;
        }
        if found.len() == nodes.len() {
            leftovers(&name, &opened.sink, context)?;
        }
    }
    Ok(incomplete)
}

/// A snapshot and the bytes that it alone holds, if that is known.
type Row<'a> = (&'a Found, Option<u64>);

fn records(sink: &str, rows: &[Row<'_>], usage: &Usage, context: &Context) -> Result<()> {
    let (mut sum, at_most) = (0, !usage.is_exact());
    for (found, alone) in rows {
        let bytes = found.node.manifest.bytes;
        sum += bytes;
        let record = UsageRecord::new(sink, Some(&found.node.id), 1, bytes, *alone);
        context.ui.record(&record.at_most(at_most))?;
    }
    let record = UsageRecord::new(sink, None, rows.len() as u64, sum, usage.together);
    context.ui.record(&record.at_most(at_most))
}

fn table(name: &str, rows: &[Row<'_>], usage: &Usage, snapshots: usize, context: &Context) -> Result<()> {
    let ui = &context.ui;
    let name = escaped(name.as_bytes());
    let count = text::count(snapshots as u64, "snapshot", "snapshots");
    let is_sure = usage.is_exact();
    let frees = |bytes: Option<u64>| match bytes {
        Some(bytes) if is_sure => text::bytes(bytes),
        Some(bytes) => format!("at most {}", text::bytes(bytes)),
        None => "unknown".to_owned(),
    };
    let bound = match (usage.left_out.is_empty(), usage.may_share) {
        (true, false) => "",
        (true, true) => "at most ",
        (false, false) => "at least ",
        (false, true) => "about ",
    };
    let all = format!("{bound}{}", text::bytes(usage.all));
    ui.out(&ui.paint(Paint::Title, &format!("{name}: {count}, {all}")))?;
    if rows.is_empty() {
        return Ok(());
    }
    let mut cells = vec![["  ALONE", "SIZE", "ID", "DATE", ""].map(str::to_owned).to_vec()];
    for (found, alone) in rows {
        let node = &found.node;
        let date = node.timestamp().map_or(node.time.clone(), text::local_short);
        cells.push(vec![
            format!("  {}", frees(*alone)),
            text::bytes(node.manifest.bytes),
            ui.paint(Paint::Id, node.short()),
            date,
            describe::marks(context, found, false),
        ]);
    }
    ui.table(&cells)?;
    if rows.len() == 1 || rows.len() == snapshots {
        return Ok(());
    }
    ui.out(&format!("  together: {}", frees(usage.together)))
}

fn leftovers(name: &str, sink: &Sink, context: &Context) -> Result<()> {
    for clean::Leftover { what, name: own, bytes } in clean::leftovers(sink)? {
        if context.ui.json() {
            context.ui.record(&LeftoverRecord::new(name, what.word(), &own, bytes))?;
        } else {
            context.ui.out(&format!("  {}: {}", describe::leftover(what, &own), text::bytes(bytes)))?;
        }
    }
    Ok(())
}
