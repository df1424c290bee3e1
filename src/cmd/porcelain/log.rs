//! `emu log`: the snapshots, newest first. Reads nodes only, never a tree.

use crate::cmd::{Class, Context, Entry, Found, Status, read};
use crate::error::{Error, Result};
use crate::quote::{escaped, quoted};
use crate::record::SnapshotRecord;
use crate::sink::Node;
use crate::ui::{Paint, text};
use clap::Args as _;

pub(crate) const ENTRY: Entry = Entry {
    name: "log",
    class: Class::Porcelain,
    summary: "list snapshots",
    prose: "\
## DESCRIPTION
Lists snapshots, the newest first. Without arguments those of all sinks are listed, sink by sink in
the order in which they were added; a sink that is absent is noted.

A sink stands for all of its snapshots. A..B is what led to B and not to A. With a path to a sink
neither a source nor a configuration is needed.

After the id stand the sink, and then what is special: HEAD, which the next push builds on; pinned,
which nothing removes; partial, where a part of the source could not be read; shrunk, where the
source had become much smaller. emu removes nothing on account of the last two.
## EXAMPLES
The last five, a line each, and all on a disk of another machine:

    emu log -s -n 5
    emu log /mnt/usb/home
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
}

fn run(args: &Args, context: &Context) -> Result<Status> {
    let groups = groups(args, context)?;
    let several = groups.len() > 1;
    let mut first = true;
    for (name, mut found) in groups {
        found.sort_by_key(|found| std::cmp::Reverse(found.node.seq));
        found.dedup_by(|a, b| a.node.id == b.node.id);
        if found.is_empty() {
            context.ui.note(&format!("the sink {} has no snapshot yet", escaped(name.as_bytes())));
        }
        for found in found.iter().take(args.max.unwrap_or(usize::MAX)) {
            print(args, context, found, several, &mut first)?;
        }
    }
    Ok(None)
}

/// What was asked for, by sink.
fn groups(args: &Args, context: &Context) -> Result<Vec<(String, Vec<Found>)>> {
    if args.revs.is_empty() && args.sink.is_none() {
        return everything(context);
    }
    let own: Vec<String> = args.sink.iter().cloned().collect();
    let asked = if args.revs.is_empty() { &own } else { &args.revs };
    let mut groups: Vec<(String, Vec<Found>)> = Vec::new();
    for rev in asked {
        let found = context.revisions(rev, args.sink.as_deref())?;
        let name = found.first().map_or(rev.clone(), |found| found.opened.name.clone());
        match groups.iter_mut().find(|(known, _)| *known == name) {
            Some((_, group)) => group.extend(found),
            None => groups.push((name, found)),
        }
    }
    Ok(groups)
}

/// All sinks of the source; an absent one is noted, unless there is no other.
fn everything(context: &Context) -> Result<Vec<(String, Vec<Found>)>> {
    let (mut groups, mut failures) = (Vec::new(), Vec::new());
    for (known, opened) in context.all_sinks()? {
        match opened {
            Ok(opened) => groups.push((known.name, opened.all())),
            Err(error) => failures.push((known.name, error)),
        }
    }
    if groups.is_empty() {
        let none = || Error::not_found("the source has no sink").hint("`emu sink add PATH` adds one");
        return Err(failures.into_iter().next().map_or_else(none, |(_, error)| error));
    }
    for (name, error) in failures {
        context.ui.note(&format!("sink {name} left out: {error}"));
    }
    Ok(groups)
}

fn print(args: &Args, context: &Context, found: &Found, several: bool, first: &mut bool) -> Result<()> {
    let sink = &found.opened.sink;
    if context.ui.json() {
        let tree = sink.tree_path(&found.node.id);
        return context.ui.record(&SnapshotRecord::new(&found.node, found.head, found.pinned, &tree));
    }
    if args.short {
        return context.ui.out(&line(context, found, several));
    }
    if !std::mem::take(first) {
        context.ui.out("")?;
    }
    context.ui.out(&paragraph(context, found))
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

fn marks(found: &Found, with_sink: bool) -> String {
    let flags = [
        (found.head, "HEAD"),
        (found.pinned, "pinned"),
        (found.node.partial, "partial"),
        (found.node.shrunk, "shrunk"),
    ];
    let sink = with_sink.then(|| escaped(found.opened.name.as_bytes()));
    let flags = flags.into_iter().filter(|(set, _)| *set).map(|(_, word)| word.to_owned());
    sink.into_iter().chain(flags).collect::<Vec<_>>().join(", ")
}

fn paragraph(context: &Context, found: &Found) -> String {
    let node = &found.node;
    let ui = &context.ui;
    let id = ui.paint(Paint::Id, &format!("snapshot {}", node.short()));
    let mut lines = vec![format!("{id} ({})", ui.paint(Paint::Mark, &marks(found, true)))];
    let date = node.timestamp().map_or(node.time.clone(), text::local);
    lines.push(format!("Date:  {date}"));
    lines.push(format!("Host:  {} ({})", escaped(node.host.as_bytes()), escaped(node.user.as_bytes())));
    lines.push(format!("Name:  {}", escaped(node.name.as_bytes())));
    if let Some(message) = &node.message {
        let shown = message.lines().map(|line| format!("    {}", escaped(line.as_bytes())));
        lines.extend(std::iter::once(String::new()).chain(shown).chain([String::new()]));
    }
    lines.push(counts(node));
    let notes = node.unread.iter().filter(|_| ui.verbose()).filter_map(|unread| {
        Some(format!("    unread: {}: {}", quoted(unread.path.bytes()?), escaped(unread.text.as_bytes())))
    });
    lines.extend(notes);
    lines.join("\n")
}

/// What the snapshot holds, and what its push did.
fn counts(node: &Node) -> String {
    let counts = &node.counts;
    let held = [
        text::count(counts.files, "file", "files"),
        text::count(counts.dirs, "directory", "directories"),
        text::bytes(node.manifest.bytes),
    ];
    let done = [
        (counts.copied, "copied"),
        (counts.linked, "linked"),
        (counts.moved, "moved"),
        (counts.reattributed, "with new attributes"),
        (counts.unread, "unread"),
        (counts.torn, "changed while read"),
        (counts.damaged, "damaged before"),
    ];
    let done = done.into_iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}"));
    let done = done.collect::<Vec<_>>().join(", ");
    let held = held.join(", ");
    if done.is_empty() { held } else { format!("{held}; {done}") }
}
