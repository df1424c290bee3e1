//! `emu verify`.

use crate::cmd::findings::{Findings, newest_first};
use crate::cmd::repairing::{self, How};
use crate::cmd::subset::Subset;
use crate::cmd::{Class, Context, Entry, Found, Opened, Status, WaitArgs, several};
use crate::error::{Error, Kind, Result};
use crate::quote::quoted;
use crate::record::SummaryRecord;
use crate::restore::verify::{self, Options, Reading, Report, Seen, Summary};
use crate::sink::Node;
use crate::ui::text;
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
damaged manifests and records. Entries of which a repair found no record are counted as unattested;
their content is held against nothing.

An inode is read once in a run, however many snapshots link it; a finding names the other
snapshots of the run that share the damaged inode. Without --repair nothing is changed and nothing is
locked against a push; a snapshot is not removed while it is read.

The result is noted in the sink, if it can be written: a snapshot whose manifest is not sound is then damaged to
emu-rotate(1), emu-log(1) and emu-status(1), until a verify finds it sound. A path to a sink needs no source, no home
directory and no right to write.

The sink also lists the damaged entries, by path and inode. Until they are repaired or a verify finds them
sound, emu-push(1) saves them anew from the source and never links them.

With --quick nothing is read: names, kinds, attributes and sizes are looked at, no contents and no
extended attributes.

With --read-data-subset all is checked but the contents, of which a part is read: the Nth of T equal
parts (1/7 on Mondays, 2/7 on Tuesdays), or a share (5%) or about so many bytes (10G) from where the
last such run of the sink ended. So T runs, or twenty of 5%, have read everything. The parts are told
by the hashes of the contents. Where a run ended is remembered in the sink; if it cannot be
written, that is said, and the next run reads the same part again.

An entry that this user may not read cannot be checked, and neither can what is below such a directory. That is
no damage: such entries are counted, and -v lists them. They are often files and directories of this user whose
recorded mode denies reading (0000, 0300, 0111). Root can check them.

## REPAIR
With --repair what was found is put right. A file whose bytes are damaged or gone is made anew from
a good copy: another path or snapshot of the sink that claims the same hash, another sink of the
source, or the source itself. Every copy is hashed as it is made, and a claim that does not hold is
passed over. The new inode gets the recorded attributes, is made durable, and is renamed over each
path of each snapshot that has the bad one; a snapshot's own file is never written into. Wrong
attributes of a file make a new inode as well; those of a directory are corrected in place. What is
missing is put back, and names that should share an inode, or should not, do so again. A sink is
repaired as a whole, because its snapshots share inodes. Cut off at any moment, each path has the
old inode or the new one, and a second run goes on.

A lost or damaged manifest is put back if the very same bytes stand elsewhere: as the manifest of
another snapshot, or of another sink. Otherwise it is made anew: from what the same push recorded in
another sink, or from the tree with the hashes that the snapshots before and after it recorded of the
same files. What none of them knows is recorded as it stands and marked as unattested: it is never
hashed, which would declare damage to be right, unless the tree hash in the snapshot's record proves the
contents. A checkout gives it out with a warning, and no push links it. If something is known not to be as it
was saved, that is said, then and by each later verify. A lost record is made anew as well; the snapshot
keeps its id and its place in the history, and is marked as recovered if nothing proves the record to be
what was written. What is not proven is said to be so, and is not made as long as a sink of the source is
absent, which may know more. See emu-format(5).

A lost or damaged record of what a snapshot was told to leave out is put back if another snapshot, of this sink
or of another one, has the same record.

What is left, and named as such: a file of which there is no good copy; a name that no record
knows, and a directory where something else should be (nothing is deleted); a
lost tree; a record or a manifest of a later version of emu, or one that the system does not let be read.

Spares and what a push left that was cut off are given up before, as they may hold the bad inodes.
With --dry-run the good copies are looked for, and nothing is written.

## EXIT STATUS
0 if all is as it was recorded, or with --repair is as it was saved again; 4 if there are findings; 3 if there
are none, but some entries cannot be checked, or if --repair had to leave some findings, or is not certain of a
record that it rebuilt; 10 if there is no such sink or snapshot; 11 if --repair finds the sink locked. After
a signal it is 130 or 143; what was found by then is printed.

## JSON
With --json a record of type 'finding' is printed for each, and one of type 'summary' at the
end unless a signal came. With --repair each says what it was repaired from, or why it was not, and
they are printed when the repair is done. See emu-json(5).

## EXAMPLES
    emu verify
    emu verify origin:HEAD
    emu verify --quick /mnt/usb/backup
    emu verify --read-data-subset 5% origin
    emu verify --repair --dry-run

## SEE ALSO
emu-checkout(1), emu-verify-tree(1), emu-revisions(7), emu-format(5)
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

    /// Read a part of the contents: N/T, a share like 5%, or bytes like 10G
    #[arg(long, value_name = "PART", conflicts_with = "quick")]
    read_data_subset: Option<Subset>,

    /// Put right what is wrong, as far as there are good copies
    #[arg(long)]
    repair: bool,

    /// With --repair: show what would be put right, and change nothing
    #[arg(long, requires = "repair")]
    dry_run: bool,

    #[command(flatten)]
    wait: WaitArgs,
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
    let goes_on = args.read_data_subset.is_some_and(Subset::goes_on);
    if (args.repair || goes_on) && !parts.iter().all(|part| part.whole) {
        let option = if args.repair { "--repair" } else { "a share of the contents" };
        return Err(Error::usage("cannot verify only some snapshots of a sink")
            .because(format!("{option} is for all of them, which share their inodes"))
            .hint("name the sink alone"));
    }
    let threads = several::threads(context)?;
    let seen = Seen::new();
    let (mut total, mut repaired) = (Summary::default(), 0);
    let mut failures = Vec::new();
    for part in &parts {
        match one(part, &args, threads, &seen, context) {
            Ok((summary, done)) => {
                total.add(summary);
                repaired += done;
            }
            // A sink that is locked or full keeps no other from being repaired.
            Err(error) if parts.len() > 1 && !matches!(error.kind(), Kind::Interrupted(_)) => {
                context.ui.error(&error);
                failures.push(error.kind());
            }
            Err(error) => return Err(error),
        }
    }
    if total.unchecked > 0 {
        let entries = text::count(total.unchecked, "entry", "entries");
        let listed = if context.ui.verbose() { "" } else { "; -v lists what" };
        context.ui.warn(&format!("{entries} cannot be checked: this user may not read them{listed}"));
    }
    let status = match total.findings {
        0 => (total.unchecked > 0).then_some(Kind::Incomplete),
        _ if !args.repair || args.dry_run => Some(Kind::Differs),
        found => (repaired < found || total.unchecked > 0).then_some(Kind::Incomplete),
    };
    let status = Kind::worst(failures.into_iter().chain(status));
    if context.ui.json() {
        let Summary { snapshots, entries, bytes, findings, unchecked, unattested } = total;
        let counts = [
            ("snapshots", snapshots),
            ("entries", entries),
            ("bytes", bytes),
            ("findings", findings),
            ("unchecked", unchecked),
            ("unattested", unattested),
        ];
        let word = if args.dry_run { "repairable" } else { "repaired" };
        let counts = counts.into_iter().chain(args.repair.then_some((word, repaired)));
        context.ui.record(&SummaryRecord::new("verify", counts, begin.elapsed(), status))?;
    }
    Ok(status)
}

/// Verifies what was asked for of one sink; with how many findings were, or can be, repaired.
fn one(
    part: &Part,
    args: &VerifyArgs,
    threads: usize,
    seen: &Seen,
    context: &Context,
) -> Result<(Summary, u64)> {
    let sink = &part.opened.sink;
    let nodes: Vec<&Node> = part.snapshots.iter().collect();
    let reading = match args.read_data_subset {
        Some(subset) => Reading::Some(subset.portion(sink, &nodes)?),
        None if args.quick => Reading::Nothing,
        None => Reading::All,
    };
    let options = Options { reading, threads, noted: !args.dry_run };
    let done = match (args.repair, args.dry_run) {
        (false, _) => (check(part, options, seen, context)?, 0),
        (true, true) => repairing::one(&part.opened, options, How::Plan, context)?,
        (true, false) => repairing::one(&part.opened, options, How::Apply(args.wait.wait()), context)?,
    };
    if let Reading::Some(portion) = reading
        && args.read_data_subset.is_some_and(Subset::goes_on)
        && !args.dry_run
        && let Err(error) = portion.remember(sink)
    {
        context.ui.warn(&format!("{error}; the next run reads the same part again"));
    }
    Ok(done)
}

fn check(part: &Part, options: Options, seen: &Seen, context: &Context) -> Result<Summary> {
    let ui = &context.ui;
    let observer = ui.observer();
    let nodes: Vec<&Node> = part.snapshots.iter().collect();
    let damaged = if part.whole { part.opened.catalog.damaged.as_slice() } else { &[] };
    if nodes.is_empty() && damaged.is_empty() && !ui.json() {
        ui.out(&format!("sink {}: no snapshot yet", quoted(&part.opened.name)))?;
    }
    let mut findings = Findings::new(context, options.reading);
    let mut print = |report: Report| match report {
        Report::Finding(finding) => findings.finding(&finding, None),
        Report::Snapshot(checked) => findings.snapshot(&checked, None),
    };
    verify::verify(&part.opened.sink, &nodes, damaged, options, seen, &mut print, &observer)
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
    for part in &mut parts {
        part.snapshots = newest_first(std::mem::take(&mut part.snapshots));
    }
    Ok(parts)
}

/// All snapshots of all sinks of the source. One that is absent is noted, unless all are.
fn all(context: &Context) -> Result<Vec<Part>> {
    let (mut parts, mut absent) = (Vec::new(), Vec::new());
    for (known, opened) in context.all_sinks()? {
        match opened {
            Ok(opened) => {
                let snapshots = opened.all().into_iter().map(|found| found.node).collect();
                parts.push(Part { opened, snapshots: newest_first(snapshots), whole: true });
            }
            Err(error) => absent.push((known.name, error)),
        }
    }
    if parts.is_empty() && absent.is_empty() {
        return Err(Error::not_found("there is nothing to verify")
            .because("the source has no sink")
            .hint("`emu sink add PATH` adds one"));
    }
    // The one that ends the command is not noted as well.
    let last = if parts.is_empty() { Some(absent.remove(0).1) } else { None };
    for (name, error) in absent {
        context.ui.note(&format!("sink {} is left out: {error}", quoted(name)));
    }
    last.map_or(Ok(parts), Err)
}
