//! `emu log`: the snapshots, newest first. Reads nodes only, and manifests for PATHs; never a tree.

use crate::cmd::compare::{self, StyleArgs};
use crate::cmd::describe::{self, marks, paragraph};
use crate::cmd::{Class, Context, Entry, Found, Status, read, several};
use crate::error::{Error, Kind, Result};
use crate::history::graph::{Row, draw};
use crate::history::track::{Step, track};
use crate::quote::{escaped, quoted};
use crate::sink::rev::{Edge, moment};
use crate::sink::{Damaged, Node};
use crate::ui::{Paint, text};
use clap::Args as _;
use jiff::Timestamp;
use std::collections::HashMap;
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
which nothing removes; partial, where a part of the source could not be read or nobody knows any more; shrunk, where the
source had become much smaller; churned, where most of its files were removed or changed; misdated, where the clock
was implausible (see emu-push(1)). The last four do not count as complete. One whose record was lost
and made anew by 'emu verify --repair' is marked as recovered. 'damaged' is a snapshot whose
manifest is known to be missing or damaged: rotation does not count it, and does not remove it either;
`emu verify --repair` puts it right. Beside the time, which is
local, stands how long ago that was.

With PATHs after '--', only those snapshots are listed in which one of them, or something below it, is
another version than in the snapshot before, or is gone, which is said. In a source, a PATH is
relative to the current directory, otherwise to the snapshot's root. A snapshot whose manifest is missing or
damaged is left out, with a warning; the one after it is compared with the one before it.
--since and --until take a date, a date and a time, or a span such as '2 days ago' or 2d, as in '@{...}':
since 2026-11-20 is from its beginning, until 2026-11-20 is to its end. In 6m, m is a month; a minute is min.

With --stat or --name-status each snapshot is followed by what it changed, as emu-diff(1) prints that from
the snapshot before to this one, and with PATHs only of these. Where the one before was removed, the
nearest of those that led to it stands in for it; the oldest has nothing to be compared with.
emu does not show differences inside files.
## GRAPH
--graph draws the lines of history: '*' is a snapshot, '@' is HEAD, and a rail leads down to what it was
pushed after. A push after a checkout of an older snapshot opens a line, which goes back to where it
left the other. Of snapshots that are gone, or not listed, the nearest ancestor that is listed takes the
place; a line whose origins are all gone ends. Each sink has a graph of its own.

    @ 6b0332c0a1f4  2026-11-22 19:07  2 hours ago   5.2 MB  (HEAD)
    | * 6b0332b07c1e  2026-11-22 18:07  3 hours ago   5.1 MB
    |/
    * 6b0332a01234  2026-11-21 18:02  1 day ago     5.1 MB
## EXIT STATUS
0; 1 if there are PATHs and no snapshot has any; 3 if a snapshot was left out, or could not be compared; 10 if
there is no such snapshot.
## JSON
With --json a record of type 'snapshot' for each snapshot; with --stat or --name-status records of type
'change' follow each, as emu show prints them; see emu-json(5).
## EXAMPLES
The versions of a file:

    emu log -- letters/to-ada.txt

The last five, a line each, and all on a disk of another machine:

    emu log --oneline -5
    emu log /mnt/usb/home

How it came to be, what was saved this month, the oldest first, and what each of the last three pushes
changed:

    emu log --graph --oneline
    emu log --since 2026-11-01 --reverse
    emu log -3 --name-status
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
    #[arg(value_name = "REV", allow_negative_numbers = true)]
    revs: Vec<String>,

    /// List at most so many of each sink; -3 is -n 3
    #[arg(short = 'n', long = "max-count", value_name = "NUMBER")]
    max: Option<usize>,

    /// One line for each snapshot
    #[arg(short, long, visible_alias = "oneline")]
    short: bool,

    /// Draw the lines of history beside the snapshots
    #[arg(long, conflicts_with = "reverse")]
    graph: bool,

    /// The oldest first
    #[arg(short, long)]
    reverse: bool,

    #[command(flatten)]
    style: StyleArgs,

    /// Only snapshots that are not older: 2026-11-20, '2 days ago', 2d
    #[arg(long, visible_alias = "after", value_name = "DATE")]
    since: Option<String>,

    /// Only snapshots that are not newer
    #[arg(long, visible_alias = "before", value_name = "DATE")]
    until: Option<String>,

    /// The sink in which to look, a name or a path
    #[arg(long, value_name = "SINK")]
    sink: Option<String>,

    /// Only snapshots in which one of these, or something below, is not what it was before
    #[arg(last = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

/// The time that was asked for; by the clock that the environment fixes, so not while the
/// arguments are parsed.
struct Between {
    since: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl Between {
    fn new(args: &Args) -> Result<Between> {
        let read = |option: &str, text: &Option<String>, edge: Edge| {
            let time = text.as_deref().map(|text| moment(text, edge).ok_or(text)).transpose();
            time.map_err(|text| {
                Error::usage(format!("cannot use {} for {option}", quoted(text)))
                    .because("it is no date, no date and time, and no span such as '2 days ago' or 2d")
            })
        };
        let since = read("--since", &args.since, Edge::Begin)?;
        Ok(Between { since, until: read("--until", &args.until, Edge::End)? })
    }

    fn has(&self, node: &Node) -> bool {
        let Some(time) = node.timestamp() else { return self.since.is_none() && self.until.is_none() };
        self.since.is_none_or(|since| time >= since) && self.until.is_none_or(|until| time <= until)
    }
}

/// A snapshot, and whether the path is gone with it.
type Item = (Found, bool);

fn run(args: &Args, context: &Context) -> Result<Status> {
    let (revs, max) = numbered(args)?;
    let groups = several::snapshots(&revs, args.sink.as_deref(), context)?;
    let paths = compare::paths(&args.paths, context.try_source().as_ref())?;
    let between = Between::new(args)?;
    let mut listing =
        Listing { args, context, paths: &paths, several: groups.len() > 1, empty: true, incomplete: None };
    for (name, found) in groups {
        if found.is_empty() && !name.contains("..") {
            context.ui.note(&format!("the sink {} has no snapshot yet", escaped(name.as_bytes())));
        }
        let mut items = listed(found, &paths, context, &mut listing.incomplete)?;
        items.retain(|(found, _)| between.has(&found.node));
        let rows = args.graph.then(|| graph(&items));
        items.truncate(max);
        if args.reverse {
            items.reverse();
        }
        listing.print(&items, rows.as_deref())?;
    }
    // Of all snapshots, none has any of these paths; without some of them, nobody can say so.
    Ok(listing.incomplete.or((listing.empty && !paths.is_empty()).then_some(Kind::Failed)))
}

/// The revisions, and how many are to be listed at most: `-3` stands among them as it does in git.
fn numbered(args: &Args) -> Result<(Vec<String>, usize)> {
    let number = |text: &String| text.strip_prefix('-')?.parse().ok();
    let revs = args.revs.iter().filter(|text| number(text).is_none()).cloned().collect();
    let mut numbers = args.revs.iter().filter_map(number).chain(args.max);
    match (numbers.next(), numbers.next()) {
        (_, Some(_)) => Err(Error::usage("--max-count stands there twice").hint("-3 is --max-count 3")),
        (max, None) => Ok((revs, max.unwrap_or(usize::MAX))),
    }
}

/// The lines of history of what is listed.
fn graph(items: &[Item]) -> Vec<Row> {
    let places: HashMap<&str, usize> =
        items.iter().enumerate().map(|(at, (found, _))| (&*found.node.id, at)).collect();
    let parent = |(found, _): &Item| {
        let ancestors = found.opened.catalog.ancestors(&found.node);
        ancestors.iter().find_map(|ancestor| places.get(&*ancestor.node.id).copied())
    };
    let parents: Vec<Option<usize>> = items.iter().map(parent).collect();
    draw(&parents, items.iter().position(|(found, _)| found.head))
}

/// Newest first; with paths only those in which one of them is another version than before, or is
/// gone.
fn listed(
    mut found: Vec<Found>,
    paths: &[Box<[u8]>],
    context: &Context,
    incomplete: &mut Status,
) -> Result<Vec<Item>> {
    if paths.is_empty() {
        found.reverse();
        return Ok(found.into_iter().map(|found| (found, false)).collect());
    }
    let (Some(oldest), Some(newest)) = (found.first(), found.last()) else { return Ok(Vec::new()) };
    let opened = &oldest.opened;
    // Each is compared with the one before it, whether or not that is to be listed.
    let snapshots = opened.catalog.snapshots.iter().map(|snapshot| &snapshot.node);
    let nodes: Vec<&Node> = snapshots.take_while(|node| node.seq <= newest.node.seq).collect();
    let threads = several::threads(context)?;
    let steps = paths.iter().map(|path| track(&opened.sink, &nodes, path, threads));
    let steps = steps.collect::<Result<Vec<_>>>()?;
    // What came before the one that the oldest is compared with decides nothing here.
    let before = nodes.iter().rposition(|node| node.seq < oldest.node.seq).unwrap_or(0);
    let holes = steps.first().into_iter().flat_map(|steps| &steps[before..]);
    let holes: Vec<Damaged> = holes.filter_map(|step| step.clone().err()).collect();
    *incomplete = incomplete.or(several::left_out(&holes, opened, context));
    let gone = |found: &Found| {
        let at = nodes.iter().position(|node| node.id == found.node.id)?;
        let is = |wanted: Step| steps.iter().any(|steps| steps[at].as_ref() == Ok(&wanted));
        let changed = is(Step::Changed);
        (changed || is(Step::Gone)).then_some(!changed)
    };
    let chosen = found.iter().rev().filter_map(|found| Some((found.clone(), gone(found)?)));
    Ok(chosen.collect())
}

/// The printing, and what became of it so far.
struct Listing<'a> {
    args: &'a Args,
    context: &'a Context,
    /// What differences are about; all if there are none.
    paths: &'a [Box<[u8]>],
    /// Whether there is more than one sink.
    several: bool,
    /// Whether nothing was printed yet.
    empty: bool,
    /// Whether something was left out.
    incomplete: Status,
}

impl Listing<'_> {
    /// Prints what is listed of one sink.
    fn print(&mut self, items: &[Item], rows: Option<&[Row]>) -> Result<()> {
        let (args, ui) = (self.args, &self.context.ui);
        if ui.json() {
            for (found, _) in items {
                self.empty = false;
                ui.record(&describe::record(found))?;
                self.changes(found, "")?;
            }
            return Ok(());
        }
        let texts = if args.short {
            let rails = rows.unwrap_or_default().iter().map(|row| row.own.len()).max().unwrap_or(0);
            let cells: Vec<_> = items.iter().map(|item| cells(self.context, item, self.several)).collect();
            ui.columns(&cells, rails)
        } else {
            items.iter().map(|item| long(self.context, item)).collect()
        };
        let last = texts.len().saturating_sub(1);
        for (at, ((found, _), text)) in items.iter().zip(&texts).enumerate() {
            let row = rows.and_then(|rows| rows.get(at));
            // Between the graphs of two sinks, which have their own blank lines, or between paragraphs.
            let apart = if row.is_some() { at == 0 } else { !args.short };
            if !std::mem::take(&mut self.empty) && apart {
                ui.out("")?;
            }
            match row {
                None => ui.out(text)?,
                Some(row) => ui.out(&beside(row, text))?,
            }
            self.changes(found, row.map_or("", |row| &row.rest))?;
            if let Some(row) = row.filter(|_| at != last) {
                let blank = (!args.short).then_some(&row.rest);
                blank.into_iter().chain(&row.after).try_for_each(|line| ui.out(line.trim_end()))?;
            }
        }
        Ok(())
    }

    /// What changed with a snapshot, if that was asked for. One that cannot be compared is named, and
    /// does not keep the others from being listed. `margin` stands before each line.
    fn changes(&mut self, found: &Found, margin: &str) -> Result<()> {
        let ui = &self.context.ui;
        let (Some(style), Some(before)) = (self.args.style.style(), found.before()) else { return Ok(()) };
        let compared = compare::of_snapshot(&before).and_then(|before| {
            compare::between(before, compare::of_snapshot(found)?, self.paths, self.context)
        });
        match compared {
            Err(error) if !matches!(error.kind(), Kind::Interrupted(_)) => {
                ui.warn(&format!("what changed with {} is left out: {error}", found.node.short()));
                self.incomplete = Some(Kind::Incomplete);
                Ok(())
            }
            compared => {
                let changes = compared?;
                if !changes.is_empty() && !self.args.short && !ui.json() {
                    ui.out(margin.trim_end())?;
                }
                compare::print(&changes, style, margin, self.context).map(drop)
            }
        }
    }
}

/// A snapshot beside the lines of history.
fn beside(row: &Row, text: &str) -> String {
    let rails = std::iter::once(&row.own).chain(std::iter::repeat(&row.rest));
    let lines: Vec<String> = rails.zip(text.lines()).map(|(rail, line)| format!("{rail}{line}")).collect();
    lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join("\n")
}

fn long(context: &Context, (found, gone): &Item) -> String {
    let gone = if *gone { "\nthe path is gone with it" } else { "" };
    paragraph(context, found) + gone
}

/// A snapshot in one line: id, time, age, size, and what is special.
fn cells(context: &Context, (found, gone): &Item, several: bool) -> Vec<String> {
    let node = &found.node;
    let now = crate::clock::now();
    let message = node.message.as_deref().and_then(|message| message.lines().next());
    let message = message.map(|message| escaped(message.as_bytes()));
    let marks = marks(context, found, several);
    let marks = (!marks.is_empty()).then(|| format!("({marks})"));
    let rest = [marks, message, gone.then(|| "(gone)".to_owned())];
    let rest: Vec<String> = rest.into_iter().flatten().collect();
    vec![
        context.ui.paint(Paint::Id, node.short()),
        node.timestamp().map_or(node.time.clone(), text::local_short),
        node.timestamp().map_or("-".to_owned(), |time| text::age(time, now)),
        format!("{:>7}", text::bytes(node.manifest.bytes)),
        rest.join(" "),
    ]
}
