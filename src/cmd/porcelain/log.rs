//! `emu log`: the snapshots, newest first. Reads nodes only, and manifests for PATHs; never a tree.

use crate::cmd::describe::{self, marks, paragraph};
use crate::cmd::{Class, Context, Entry, Found, Status, compare, read, several};
use crate::error::{Kind, Result};
use crate::history::track::{Step, track};
use crate::quote::escaped;
use crate::sink::Node;
use crate::ui::{Paint, text};
use clap::Args as _;
use std::path::PathBuf;

pub(crate) const ENTRY: Entry = Entry {
    name: "log",
    class: Class::Porcelain,
    summary: "list snapshots",
    prose: "\
## DESCRIPTION
Lists snapshots, the newest first. Without arguments those of all sinks are listed, sink by sink in
the order in which they were added; a sink that is absent is noted.

A sink stands for all of its snapshots. A..B is what led to B and not to A; emu-revisions(7) explains
how snapshots are named. With a path to a sink
neither a source nor a configuration is needed.

After the id stand the sink, and then what is special: HEAD, which the next push builds on; pinned,
which nothing removes; partial, where a part of the source could not be read; shrunk, where the
source had become much smaller. emu removes nothing on account of the last two.

With PATHs after '--', only those snapshots are listed in which one of them, or something below it, is
another version than in the snapshot before, or is gone, which is said. In a source, a PATH is
relative to the current directory, otherwise to the snapshot's root.
## EXIT STATUS
0; 1 if there are PATHs and no snapshot has any; 10 if there is no such snapshot.
## EXAMPLES
The versions of a file:

    emu log -- letters/to-ada.txt

The last five, a line each, and all on a disk of another machine:

    emu log -s -n 5
    emu log /mnt/usb/home
## SEE ALSO
emu-show(1), emu-find(1), emu-path(1), emu-revisions(7)
",
    build: Args::augment_args,
    run: |matches, context| run(&read(matches)?, context),
};

/// Lists snapshots, the newest first.
#[derive(Debug, clap::Args)]
struct Args {
    /// Snapshots, ranges or sinks; otherwise all sinks of the source
    #[arg(value_name = "REV")]
    revs: Vec<String>,

    /// List at most so many of each sink
    #[arg(short = 'n', long = "max-count", value_name = "NUMBER")]
    max: Option<usize>,

    /// One line for each snapshot
    #[arg(short, long)]
    short: bool,

    /// The sink in which to look, a name or a path
    #[arg(long, value_name = "SINK")]
    sink: Option<String>,

    /// Only snapshots in which one of these, or something below, is not what it was before
    #[arg(last = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

fn run(args: &Args, context: &Context) -> Result<Status> {
    let groups = several::snapshots(&args.revs, args.sink.as_deref(), context)?;
    let paths = compare::paths(&args.paths, context.try_source().as_ref())?;
    let several = groups.len() > 1;
    let mut first = true;
    for (name, found) in groups {
        if found.is_empty() {
            context.ui.note(&format!("the sink {} has no snapshot yet", escaped(name.as_bytes())));
        }
        let listed = listed(found, &paths, context)?;
        for (found, gone) in listed.iter().take(args.max.unwrap_or(usize::MAX)) {
            print(args, context, found, (several, *gone), &mut first)?;
        }
    }
    // Of all snapshots, none has any of these paths.
    Ok((first && !paths.is_empty()).then_some(Kind::Failed))
}

/// Newest first; with paths only those in which one of them is another version than before, or is
/// gone.
fn listed(mut found: Vec<Found>, paths: &[Box<[u8]>], context: &Context) -> Result<Vec<(Found, bool)>> {
    if paths.is_empty() {
        found.reverse();
        return Ok(found.into_iter().map(|found| (found, false)).collect());
    }
    let (Some(opened), Some(newest)) = (found.first().map(|found| found.opened.clone()), found.last()) else {
        return Ok(Vec::new());
    };
    // Each is compared with the one before it, whether or not that is to be listed.
    let snapshots = opened.catalog.snapshots.iter().map(|snapshot| &snapshot.node);
    let nodes: Vec<&Node> = snapshots.take_while(|node| node.seq <= newest.node.seq).collect();
    let threads = several::threads(context)?;
    let steps = paths.iter().map(|path| track(&opened.sink, &nodes, path, threads));
    let steps = steps.collect::<Result<Vec<_>>>()?;
    let gone = |found: &Found| {
        let at = nodes.iter().position(|node| node.id == found.node.id)?;
        let steps = || steps.iter().map(|steps| steps[at]);
        let changed = steps().any(|step| step == Step::Changed);
        (changed || steps().any(|step| step == Step::Gone)).then_some(!changed)
    };
    let chosen = found.iter().rev().filter_map(|found| Some((found.clone(), gone(found)?)));
    Ok(chosen.collect())
}

fn print(
    args: &Args,
    context: &Context,
    found: &Found,
    (several, gone): (bool, bool),
    first: &mut bool,
) -> Result<()> {
    let begins = std::mem::take(first);
    if context.ui.json() {
        return context.ui.record(&describe::record(found));
    }
    if args.short {
        let gone = if gone { " (gone)" } else { "" };
        return context.ui.out(&(line(context, found, several) + gone));
    }
    if !begins {
        context.ui.out("")?;
    }
    let gone = if gone { "\nthe path is gone with it" } else { "" };
    context.ui.out(&(paragraph(context, found) + gone))
}

fn line(context: &Context, found: &Found, several: bool) -> String {
    let node = &found.node;
    let time = node.timestamp().map_or(node.time.clone(), text::local_short);
    let id = context.ui.paint(Paint::Id, node.short());
    let mut line = format!("{id} {time} {:>8}", text::bytes(node.manifest.bytes));
    let marks = marks(found, several);
    if !marks.is_empty() {
        line += &format!(" ({})", context.ui.paint(Paint::Mark, &marks));
    }
    match &node.message {
        Some(message) => line + " " + &escaped(message.lines().next().unwrap_or_default().as_bytes()),
        None => line,
    }
}
