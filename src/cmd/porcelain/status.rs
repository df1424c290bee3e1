//! `emu status`: how the source stands to its sinks.

use crate::cmd::{Class, Context, Entry, Found, Opened, Status, mounts, read};
use crate::error::{Error, Kind, Result};
use crate::fs;
use crate::quote::{escaped, quoted_path};
use crate::record::{SinkState, StatusRecord};
use crate::sink::{Node, Sink, layout};
use crate::snapshot::{self, Preview, spare};
use crate::source::{SinkRef, Source};
use crate::tree::policy::Span;
use crate::ui::{Paint, text};
use clap::Args as _;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;

pub(crate) const ENTRY: Entry = Entry {
    name: "status",
    class: Class::Porcelain,
    summary: "show what changed since the last push, and the sinks",
    prose: "\
## DESCRIPTION
Shows for each sink of the source whether it is there, how much room is left, HEAD, the age of the
newest complete snapshot, how many snapshots and spares it holds, and what a push would find: the source
is scanned for that, once a sink, and no file is opened. --no-scan leaves it out. Other file systems inside
the source, which a push does not enter, are named. Exclude patterns that are invalid or can never match are
reported, unless --no-scan is given.

    added       not in HEAD
    moved       under another path in HEAD
    modified    size or time of content differ
    attributes  mode, owner or extended attributes differ
    doubtful    its stamps prove nothing; a push will read it
    removed     only in HEAD

`emu push --dry-run` lists them; `emu diff` tells what differs in content.

Entries that verify found damaged are counted. A snapshot whose manifest is known to be missing or damaged is named. It does not count as complete, and
rotation neither counts nor removes it; `emu verify --repair` puts it right.
## MONITORING
With --max-age, the exit status is 4 if the newest complete snapshot of a sink is older, or it has none, or
the sink is absent and not optional. With --exit-code it is 4 if anything changed since HEAD of a sink, or a sink has no snapshot.
## EXIT STATUS
0; 4 as above; 1 if a sink or its record is damaged or cannot be read, which does not stop the report on the others; 10 if there is no such source, or a sink that was named is absent.
## JSON
With --json a record of type 'status' for each sink; see emu-json(5).
## EXAMPLES
    emu status
    emu status --no-scan --max-age 2d -q || echo 'no backup for two days'
## SEE ALSO
emu-diff(1), emu-push(1), emu-sink(1)
",
    build: Args::augment_args,
    run: |matches, context| run(&read(matches)?, context),
};

/// Shows what changed since the last push, and how the sinks are.
#[derive(Debug, clap::Args)]
struct Args {
    /// The sinks, by name or path; otherwise all of the source
    #[arg(value_name = "SINK")]
    sinks: Vec<String>,

    /// Do not look at the source for what changed
    #[arg(long, conflicts_with = "exit_code")]
    no_scan: bool,

    /// Exit with 4 if the newest complete snapshot of a sink is older: 36h, 2d, 6m (months)
    #[arg(long, value_name = "AGE", value_parser = str::parse::<Span>)]
    max_age: Option<Span>,

    /// Exit with 4 if anything changed since HEAD of a sink
    #[arg(long)]
    exit_code: bool,
}

/// What differs from HEAD, by the word of its kind.
type Changes = BTreeMap<&'static str, u64>;

fn run(args: &Args, context: &Context) -> Result<Status> {
    context.ui.together(|| report(args, context))
}

fn report(args: &Args, context: &Context) -> Result<Status> {
    let source = context.source()?;
    let config = context.config(Some(&source))?;
    if !args.no_scan {
        context.warn_of_excludes(&source, &config, &[])?;
    }
    if !context.ui.json() {
        context.ui.out(&format!("source {}", quoted_path(&source.path)))?;
        if config.one_file_system() {
            let all = mounts::all();
            for point in mounts::below(&all, source.root()) {
                context.ui.out(&format!("  {} is another file system and not saved", quoted_path(point)))?;
            }
        }
    }
    let (mut old, mut changed, mut failed) = (false, false, Vec::new());
    for (known, opened) in sinks(args, context)? {
        let (is_old, has_changes) = match opened {
            Ok(opened) => match one(&source, &known, &opened, args, context) {
                Ok(told) => told,
                Err(error) if matches!(error.kind(), Kind::Interrupted(_)) => return Err(error),
                // The others are told all the same.
                Err(error) => {
                    context.ui.error(&error);
                    failed.push(error.kind());
                    continue;
                }
            },
            Err(why) => {
                let is_old = args.max_age.is_some() && !known.optional;
                // A disk may be unplugged; a sink that is there and cannot be read is damaged.
                let is_damaged = is_damaged(&known);
                absent(&known, (&why, is_damaged), is_old, context)?;
                failed.extend(is_damaged.then_some(Kind::Failed));
                (is_old, false)
            }
        };
        old |= is_old;
        changed |= has_changes;
    }
    let differs = (old || (changed && args.exit_code)).then_some(Kind::Differs);
    Ok(Kind::worst(failed.into_iter().chain(differs)))
}

/// Those that were named have to be there.
fn sinks(args: &Args, context: &Context) -> Result<Vec<(SinkRef, Result<Opened>)>> {
    if args.sinks.is_empty() {
        return context.all_sinks();
    }
    let known = context.known_sinks()?.1;
    let named = |spec: &String| {
        let opened = context.open_sink(spec)?;
        let sink = known.iter().find(|known| known.id == opened.sink.info.id).cloned();
        let sink = sink.unwrap_or_else(|| SinkRef {
            name: opened.name.clone(),
            path: opened.sink.path.clone(),
            id: opened.sink.info.id.clone(),
            optional: false,
            order: 0,
        });
        Ok((sink, Ok(opened)))
    };
    args.sinks.iter().map(named).collect()
}

fn one(
    source: &Source,
    known: &SinkRef,
    opened: &Opened,
    args: &Args,
    context: &Context,
) -> Result<(bool, bool)> {
    let Opened { sink, catalog, .. } = opened;
    let now = crate::clock::now();
    let complete = catalog.last_complete(sink).map(|snapshot| &snapshot.node);
    let time = complete.and_then(Node::timestamp);
    let limit = args.max_age.map(|span| span.before(now, &TimeZone::system()));
    let is_old = limit.is_some_and(|limit| time.is_none_or(|time| time < limit));
    let head = catalog.head().map(|snapshot| &snapshot.node);
    let changes = match head.filter(|_| !args.no_scan) {
        Some(head) => Some(changes(source, opened, head, context)?),
        None => None,
    };
    // Where nothing is saved yet, everything is new.
    let has_changes = !args.no_scan && changes.as_ref().is_none_or(|changes| !changes.is_empty());
    let damaged: Vec<(Found, String)> =
        opened.all().into_iter().filter_map(|found| found.damage().map(|why| (found, why))).collect();
    let state = SinkState {
        head: head.map(|node| &*node.id),
        time: complete.map(|node| &*node.time),
        age: time.map(|time| now.as_second() - time.as_second()),
        snapshots: catalog.snapshots.len() as u64,
        damaged: damaged.len() as u64,
        damaged_entries: sink.damage()?.entries.len() as u64,
        spares: spare::list(sink)?.len() as u64,
        free: fs::space(sink.root()).map_or(0, |space| space.available),
        changes,
    };
    if context.ui.json() {
        context.ui.record(&StatusRecord::new(&known.name, &sink.path, is_old, Ok(state)))?;
        return Ok((is_old, has_changes));
    }
    let age = time.map(|time| text::age(time, now));
    let damaged = damaged.iter().map(|(found, why)| {
        let id = context.ui.paint(Paint::Id, found.node.short());
        format!("  {id} is {}: {why}", context.ui.paint(Paint::Damage, "damaged"))
    });
    let entries = (state.damaged_entries > 0).then(|| {
        let entries = text::count(state.damaged_entries, "entry", "entries");
        let word = context.ui.paint(Paint::Damage, "damaged");
        format!("  {entries} known to be {word}: `emu verify --repair` looks for good copies")
    });
    let lines = lines(known, opened, &state, (age, is_old), context);
    lines.into_iter().chain(damaged).chain(entries).try_for_each(|line| context.ui.out(&line))?;
    if is_old && context.global.quiet {
        let name = escaped(known.name.as_bytes());
        context.ui.warn(&format!("sink {name}: no complete snapshot is young enough"));
    }
    Ok((is_old, has_changes))
}

fn changes(source: &Source, opened: &Opened, head: &Node, context: &Context) -> Result<Changes> {
    let config = context.config(Some(source))?;
    let mut changes = Changes::new();
    let mut count = |change: Preview| {
        *changes.entry(change.reason.map_or("removed", snapshot::Reason::word)).or_insert(0) += 1;
        Ok(())
    };
    let observer = context.ui.observer();
    snapshot::preview(source, Some((&*opened.sink, head)), true, (&config, &[]), &observer, &mut count)?;
    Ok(changes)
}

fn lines(
    known: &SinkRef,
    opened: &Opened,
    state: &SinkState<'_>,
    (age, is_old): (Option<String>, bool),
    context: &Context,
) -> Vec<String> {
    let ui = &context.ui;
    let name = ui.paint(Paint::Sink, &escaped(known.name.as_bytes()));
    let path = quoted_path(&opened.sink.path);
    let mut lines = vec![format!("sink {name} at {path}, {} free", text::bytes(state.free))];
    let Some(head) = opened.catalog.head().map(|snapshot| &snapshot.node) else {
        lines.push("  no snapshot yet".to_owned());
        return lines;
    };
    let spares = match state.spares {
        0 => String::new(),
        n => format!(", {}", text::count(n, "spare", "spares")),
    };
    let snapshots = text::count(state.snapshots, "snapshot", "snapshots");
    let made = head.timestamp().map(|time| format!(", {}", text::local_and_age(time, crate::clock::now())));
    let id = ui.paint(Paint::Id, head.short());
    lines.push(format!("  {snapshots}{spares}; HEAD is {id}{}", made.unwrap_or_default()));
    let old = if is_old { ui.paint(Paint::Warning, ", which is too long ago") } else { String::new() };
    lines.push(match age {
        Some(age) => format!("  the newest complete one was made {age}{old}"),
        None => format!("  none is complete{old}"),
    });
    if let Some(changes) = &state.changes {
        let parts: Vec<String> =
            changes.iter().map(|(word, n)| ui.paint(paint(word), &format!("{n} {word}"))).collect();
        let parts = if parts.is_empty() { "nothing changed".to_owned() } else { parts.join(", ") };
        lines.push(format!("  since HEAD: {parts}"));
    }
    lines
}

/// The colour of a kind of change.
fn paint(word: &str) -> Paint {
    match word {
        "added" => Paint::Added,
        "removed" => Paint::Removed,
        "moved" => Paint::Moved,
        _ => Paint::Changed,
    }
}

/// Whether a sink is there, but its record cannot be read.
fn is_damaged(known: &SinkRef) -> bool {
    let emu = fs::open_operator(&known.path).and_then(|root| root.open_dir(layout::EMU));
    emu.and_then(|emu| emu.stat(layout::NODES)).is_ok() && Sink::open(&known.path).is_err()
}

fn absent(known: &SinkRef, (why, is_damaged): (&Error, bool), is_old: bool, context: &Context) -> Result<()> {
    let state = if is_damaged { "unreadable" } else { "absent" };
    if context.ui.json() {
        let record = StatusRecord::new(&known.name, &known.path, is_old, Err(why.to_string()));
        return context.ui.record(&record);
    }
    let name = escaped(known.name.as_bytes());
    if (is_old || is_damaged) && context.global.quiet {
        context.ui.warn(&format!("sink {name} is {state}: {why}"));
    }
    let optional = if known.optional { " (optional)" } else { "" };
    let (name, state) = (context.ui.paint(Paint::Sink, &name), context.ui.paint(Paint::Warning, state));
    context.ui.out(&format!("sink {name}{optional} is {state}: {why}"))
}
