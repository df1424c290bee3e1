//! `emu verify`.

use crate::cmd::{Class, Context, Entry, Found, Opened, Status};
use crate::error::{Error, Kind, Result};
use crate::quote::quoted;
use crate::record::{FindingRecord, SummaryRecord};
use crate::restore::verify::{self, Finding, Options, Report, Seen, Summary};
use crate::sink::Node;
use crate::ui::text::{bytes, count, local_short};
use clap::Args as _;
use std::rc::Rc;

pub(crate) const ENTRY: Entry = Entry {
    name: "verify",
    class: Class::Porcelain,
    summary: "check that snapshots are as they were saved",
    prose: "\
## DESCRIPTION
Every entry of a snapshot's manifest is held against its tree: existence, kind, mode, owner,
time, size, extended attributes, targets of symbolic links, contents by their SHA-256, and which
names share an inode. Names in the tree that no record knows are found as well, and so are
damaged manifests and records.

An inode is read once in a run, however many snapshots link it; a finding names the other
snapshots of the run that share the damaged inode. Nothing is repaired and nothing is locked
against a push; a snapshot is not removed while it is read.

The result is noted in the sink, if it can be written. A path to a sink needs no source, no home
directory and no right to write.

## EXIT STATUS
0 if all is as it was saved, 4 if there are findings, 10 if there is no such sink or snapshot. After a
signal it is 130 or 143; what was found by then is printed.

## JSON
With --json a record of type 'finding' is printed for each, and one of type 'summary' at the
end unless a signal came; see emu-json(5).

## EXAMPLES
    emu verify
    emu verify origin:HEAD
    emu verify --quick /mnt/usb/backup
## SEE ALSO
emu-checkout(1), emu-revisions(7), emu-format(5)
",
    build: |command| VerifyArgs::augment_args(command).about("Checks that snapshots are as they were saved"),
    run: |matches, context| run(crate::cmd::read(matches)?, context),
};

#[derive(Debug, clap::Args)]
struct VerifyArgs {
    /// What to check: a revision, a sink with all its snapshots, or a path to a sink; otherwise
    /// all snapshots of all sinks of the source
    #[arg(value_name = "REV|SINK|PATH")]
    what: Vec<String>,

    /// Look at names, kinds, attributes, sizes and targets only; read no content
    #[arg(long)]
    quick: bool,
}

/// What to verify in one sink.
struct Part {
    opened: Opened,
    snapshots: Vec<Node>,
    /// All of the sink was asked for, damaged snapshots included.
    whole: bool,
}

fn run(args: VerifyArgs, context: &Context) -> Result<Status> {
    let begin = std::time::Instant::now();
    let parts = parts(&args.what, context)?;
    let source = context.try_source();
    let threads = context.config(source.as_ref())?.threads();
    let threads = threads.or_else(|| std::thread::available_parallelism().ok().map(usize::from));
    let options = Options { quick: args.quick, threads: threads.unwrap_or(2) };
    let seen = Seen::new();
    let mut total = Summary::default();
    for part in &parts {
        total.add(check(part, options, &seen, context)?);
    }
    let status = (total.findings > 0).then_some(Kind::Differs);
    if context.ui.json() {
        let Summary { snapshots, entries, bytes, findings } = total;
        let counts =
            [("snapshots", snapshots), ("entries", entries), ("bytes", bytes), ("findings", findings)];
        context.ui.record(&SummaryRecord::new("verify", counts, begin.elapsed(), status))?;
    }
    Ok(status)
}

fn check(part: &Part, options: Options, seen: &Seen, context: &Context) -> Result<Summary> {
    let ui = &context.ui;
    let observer = ui.observer();
    let nodes: Vec<&Node> = part.snapshots.iter().collect();
    let damaged = if part.whole { part.opened.catalog.damaged.as_slice() } else { &[] };
    if nodes.is_empty() && damaged.is_empty() && !ui.json() {
        ui.out(&format!("sink {}: no snapshot yet", quoted(&part.opened.name)))?;
    }
    let mut print = |report: Report| match report {
        Report::Finding(finding) if ui.json() => {
            let path = finding.path.as_deref().unwrap_or_default();
            let record = FindingRecord::new(&finding.id, path, finding.what.word(), &finding.shared);
            ui.record(&record.values(Some(&finding.expected), Some(&finding.found)))
        }
        // What is wrong must be said with -q as well.
        Report::Finding(finding) if context.global.quiet => {
            ui.warn(&line(&finding));
            Ok(())
        }
        Report::Finding(finding) => ui.out(&line(&finding)),
        Report::Snapshot(_) if ui.json() => Ok(()),
        Report::Snapshot(checked) => {
            let result = match checked.findings {
                0 => "no damage".to_owned(),
                n => count(n, "finding", "findings"),
            };
            let read =
                if options.quick { "not read".to_owned() } else { format!("{} read", bytes(checked.bytes)) };
            let time = checked.time.parse().map_or(checked.time.clone(), local_short);
            let entries = count(checked.entries, "entry", "entries");
            ui.out(&format!("snapshot {} {time}: {entries}, {read}, {result}", short(&checked.id)))
        }
    };
    verify::verify(&part.opened.sink, &nodes, damaged, options, seen, &mut print, &observer)
}

fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

/// A finding for people: `6b0332a01234 'a/x': content: expected …, found … (also in …)`.
fn line(finding: &Finding) -> String {
    let Finding { id, path, what, expected, found, shared } = finding;
    let path = match path.as_deref() {
        None => String::new(),
        Some(b"") => " '.'".to_owned(),
        Some(path) => format!(" {}", quoted(path)),
    };
    let shared: Vec<&str> = shared.iter().map(|id| short(id)).collect();
    let shared =
        if shared.is_empty() { String::new() } else { format!(" (shared with {})", shared.join(", ")) };
    format!("{}{path}: {}: expected {expected}, found {found}{shared}", short(id), what.word())
}

/// What was asked for, sink by sink, newest snapshot first.
fn parts(what: &[String], context: &Context) -> Result<Vec<Part>> {
    if what.is_empty() {
        return all(context);
    }
    let mut parts: Vec<Part> = Vec::new();
    for spec in what {
        let found = context.revisions(spec, None)?;
        // Only a bare sink can name no snapshot.
        let opened = match found.first() {
            Some(first) => first.opened.clone(),
            None => context.open_sink(spec.trim_end_matches(':'))?,
        };
        let whole = found.len() == opened.catalog.snapshots.len();
        let nodes = found.into_iter().map(|Found { node, .. }| node);
        match parts.iter_mut().find(|part| Rc::ptr_eq(&part.opened.sink, &opened.sink)) {
            Some(part) => {
                part.whole |= whole;
                part.snapshots.extend(nodes);
            }
            None => parts.push(Part { opened, snapshots: nodes.collect(), whole }),
        }
    }
    parts.iter_mut().for_each(Part::arrange);
    Ok(parts)
}

/// All snapshots of all sinks of the source. One that is absent is noted, unless all are.
fn all(context: &Context) -> Result<Vec<Part>> {
    let mut parts = Vec::new();
    let mut absent: Option<Error> = None;
    for (known, opened) in context.all_sinks()? {
        match opened {
            Ok(opened) => {
                let snapshots = opened.all().into_iter().map(|found| found.node).collect();
                let mut part = Part { opened, snapshots, whole: true };
                part.arrange();
                parts.push(part);
            }
            Err(error) => {
                context.ui.note(&format!("sink {} is left out: {error}", quoted(&known.name)));
                absent = absent.or(Some(error));
            }
        }
    }
    let none = || {
        Error::not_found("there is nothing to verify")
            .because("the source has no sink")
            .hint("`emu sink add PATH` adds one")
    };
    if parts.is_empty() { Err(absent.unwrap_or_else(none)) } else { Ok(parts) }
}

impl Part {
    /// Newest first, each once.
    fn arrange(&mut self) {
        self.snapshots.sort_by_key(|node| std::cmp::Reverse(node.seq));
        self.snapshots.dedup_by(|a, b| a.id == b.id);
    }
}
