//! `emu pin`: what nothing removes.

use crate::cmd::{Class, Context, Entry, Found, Status, WaitArgs, describe, read};
use crate::error::{Error, Result};
use crate::quote::escaped;
use crate::sink::{Catalog, Sink, SinkLock};
use crate::snapshot;
use crate::tree::policy::Span;
use crate::ui::text;
use clap::Args as _;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::rc::Rc;

pub(crate) const ENTRY: Entry = Entry {
    name: "pin",
    class: Class::Porcelain,
    summary: "keep snapshots from being removed",
    prose: "\
## DESCRIPTION
No rotation removes a pinned snapshot, and its tree is never made into another one. Pin what other
programs read for long: without that, a rotation may remove the snapshot under a 'tar' or 'cp' that
reads it, which then gets an error or a mixture.

With --for, the pin ends by itself; pinning once more replaces the time. emu unpin(1) ends it. The units
are those of rotate.keep-within in emu-config(5): m is a month, min a minute.
A snapshot is named by a revision: a sink alone is refused.
## EXIT STATUS
0; 10 if there is no such snapshot; 11 if somebody else holds the lock of the sink.
## JSON
With --json a record of type 'snapshot' for each; see emu-json(5).
## EXAMPLES
    emu pin HEAD~3
    emu pin --for 2h origin:HEAD && tar -C \"$(emu path origin:HEAD)\" -cf /mnt/tape/home.tar .
## SEE ALSO
emu-unpin(1), emu-rotate(1), emu-revisions(7)
",
    build: Args::augment_args,
    run: |matches, context| run(&read(matches)?, context),
};

/// Keeps snapshots from being removed.
#[derive(Debug, clap::Args)]
struct Args {
    /// The snapshots
    #[arg(value_name = "REV", required = true)]
    revs: Vec<String>,

    /// Only for so long: 30min, 2h, 7d, 6m (months)
    #[arg(long = "for", value_name = "TIME", value_parser = str::parse::<Span>)]
    span: Option<Span>,

    #[command(flatten)]
    change: ChangeArgs,
}

/// What pinning and its opposite have in common.
#[derive(Debug, clap::Args)]
pub(super) struct ChangeArgs {
    /// Print what would be done, and do nothing
    #[arg(long, short = 'n')]
    dry_run: bool,

    /// The sink of revisions that name none
    #[arg(long, value_name = "SINK")]
    sink: Option<String>,

    #[command(flatten)]
    wait: WaitArgs,
}

fn run(args: &Args, context: &Context) -> Result<Status> {
    let now = crate::clock::now();
    let until = args.span.map(|span| span.after(now, &TimeZone::system()));
    if until.is_some_and(|until| until <= now) {
        return Err(Error::usage("cannot pin for no time at all").hint("emu unpin ends a pin"));
    }
    let pin = |sink: &Sink, lock: &SinkLock, id: &str| sink.pin(lock, id, until);
    let done = match until {
        Some(until) => format!("pinned until {}", text::local(until)),
        None => "pinned".to_owned(),
    };
    change(&args.revs, &args.change, (true, until), &done, pin, context)
}

/// Changes the pins of snapshots, sink by sink; nothing is changed unless all are there.
pub(super) fn change(
    revs: &[String],
    args: &ChangeArgs,
    (pinned, until): (bool, Option<Timestamp>),
    done: &str,
    apply: impl Fn(&Sink, &SinkLock, &str) -> Result<()>,
    context: &Context,
) -> Result<Status> {
    let one = |rev: &String| context.explicit(rev, args.sink.as_deref(), "");
    let all: Vec<Found> = revs.iter().map(one).collect::<Result<Vec<_>>>()?.concat();
    let id = |sink: &Sink| sink.info.id.clone();
    // One sink may have been named in two ways; all commands lock several in the order of their ids.
    let sinks: BTreeMap<String, Rc<Sink>> =
        all.iter().map(|found| (id(&found.opened.sink), Rc::clone(&found.opened.sink))).collect();
    let mut locks: BTreeMap<String, SinkLock> = BTreeMap::new();
    for (own, sink) in sinks.iter().filter(|_| !args.dry_run) {
        let lock = snapshot::tidy(sink, args.wait.wait(), context.command, &context.ui.observer())?;
        let catalog = Catalog::listed(sink)?;
        let mut here = all.iter().filter(|found| id(&found.opened.sink) == *own);
        if let Some(gone) = here.find(|found| catalog.get(&found.node.id).is_none()) {
            let error = Error::not_found(format!("snapshot {} is gone", gone.node.short()));
            return Err(error.because("it was removed just now"));
        }
        locks.insert(own.clone(), lock);
    }
    for found in &all {
        let sink = &found.opened.sink;
        if let Some(lock) = locks.get(&sink.info.id) {
            apply(sink, lock, &found.node.id)?;
        }
        let changed = Found { pinned, pinned_until: until, ..found.clone() };
        if context.ui.json() {
            context.ui.record(&describe::record(&changed))?;
        } else {
            let would = if args.dry_run { "would be " } else { "" };
            let sink = escaped(found.opened.name.as_bytes());
            context.ui.out(&format!("{} of {sink}: {would}{done}", found.node.short()))?;
        }
    }
    Ok(None)
}
