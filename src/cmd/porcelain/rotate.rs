//! `emu rotate`.

use crate::cmd::{Class, Context, Entry, Opened, Status, WaitArgs, report, several};
use crate::config::{Layer, Retention};
use crate::error::{Error, Kind, Result};
use crate::record::RotationRecord;
use crate::sink::node::short;
use crate::sink::{Catalog, Node, Sink};
use crate::snapshot::retire::{self, Occasion};
use crate::snapshot::{self, Action, Verdict};
use crate::ui::{Paint, text};
use clap::Args as _;

pub(crate) const ENTRY: Entry = Entry {
    name: "rotate",
    class: Class::Porcelain,
    summary: "apply the retention policy to a sink",
    prose: "\
## DESCRIPTION
Keeps what the retention policy keeps and removes the other snapshots of the sinks, with a reason for
each. --dry-run prints the same table and removes nothing. With min-free it says whether room is short now,
and which snapshots would go for it first; how many it takes is only known when they are deleted.

## THE POLICY
The words are restic's: each series keeps the newest snapshot of each hour, day, week, month or
year until its count is used up; a series that is not full keeps its oldest. keep-within keeps
everything so recent. -1 means unlimited, 0 switches a series off. Without any setting the policy
is keep-within 24h, keep-daily 31, keep-weekly -1.

Any --keep- option replaces the configured policy as a whole, for this run. HEAD, the newest, the
last complete and pinned snapshots are never removed. Nor is one whose manifest is known to be missing or
damaged, which takes no place from a sound one and is neither the newest nor the last complete: it stays for
`emu verify --repair`, or until emu-prune(1) removes it. The snapshot of a mass change and the last complete one
before it stay for a week. Ages count from the newest snapshot with a plausible time or from now, whichever is
earlier: a clock that jumps ahead removes nothing.

A push applies the policy as well, but not one that is not the last applied, and, after a week or more without a
push, not if it would remove more than 10 complete snapshots or more than half of them at once. 'emu rotate' applies it, and later pushes apply it as
well. A policy of the command line is for this run alone.

The policy comes from the configuration of the sink, the source, the user or the system. Outside of the source, emu
reads the source's configuration from the copy that the last push left in the sink.

A snapshot that somebody reads stays until the next rotation.

## EXIT STATUS
0 if the policy was applied; 3 if there is less room than min-free asks for; 10 if there is no
such sink; 11 if it is locked.

## EXAMPLES
    emu rotate --dry-run
    emu rotate usb --keep-last 10 --keep-monthly 12
## SEE ALSO
emu-pin(1), emu-push(1), emu-config(5)
",
    build: |command| RotateArgs::augment_args(command),
    run: |matches, context| run(&crate::cmd::read(matches)?, context),
};

/// The policy on the command line.
#[derive(Debug, Clone, Default, clap::Args)]
struct KeepArgs {
    /// Keep the newest N
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    keep_last: Option<String>,
    /// Keep the newest of each of N hours
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    keep_hourly: Option<String>,
    /// Keep the newest of each of N days
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    keep_daily: Option<String>,
    /// Keep the newest of each of N weeks
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    keep_weekly: Option<String>,
    /// Keep the newest of each of N months
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    keep_monthly: Option<String>,
    /// Keep the newest of each of N years
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    keep_yearly: Option<String>,
    /// Keep everything that is not older: 24h, 7d, 6m (months), 1y6m
    #[arg(long, value_name = "AGE")]
    keep_within: Option<String>,
    /// Then remove more, oldest first, until so much is free: 10%, 50G
    #[arg(long, value_name = "SIZE")]
    min_free: Option<String>,
    /// How many of the newest are not given up for room
    #[arg(long, value_name = "N")]
    min_keep: Option<String>,
}

impl KeepArgs {
    /// The options as the layer above all configuration.
    fn layer(&self) -> Result<Layer> {
        let mut layer = Layer::new("the command line");
        for (key, value) in self.options() {
            if let Some(value) = value {
                layer.set(key, value)?;
            }
        }
        Ok(layer)
    }

    /// Whether the policy of the configuration is replaced for this run.
    fn is_given(&self) -> bool {
        self.options().iter().any(|(_, value)| value.is_some())
    }

    fn options(&self) -> [(&'static str, Option<&String>); 9] {
        [
            ("rotate.keep-last", &self.keep_last),
            ("rotate.keep-hourly", &self.keep_hourly),
            ("rotate.keep-daily", &self.keep_daily),
            ("rotate.keep-weekly", &self.keep_weekly),
            ("rotate.keep-monthly", &self.keep_monthly),
            ("rotate.keep-yearly", &self.keep_yearly),
            ("rotate.keep-within", &self.keep_within),
            ("rotate.min-free", &self.min_free),
            ("rotate.min-keep", &self.min_keep),
        ]
        .map(|(key, value)| (key, value.as_ref()))
    }
}

/// The retention of a sink under these options.
fn retention(options: &Layer, sink: &Sink, context: &Context) -> Result<Retention> {
    let source = context.try_source().filter(|source| source.id == sink.info.source);
    let mut layers = vec![options.clone()];
    layers.extend(snapshot::sink_layer(sink)?);
    if source.is_none() {
        layers.extend(snapshot::kept_layer(sink)?);
    }
    Ok(context.config(source.as_ref())?.retention(&layers))
}

/// How a rotation is done, for both commands.
#[derive(Debug, clap::Args)]
pub(in crate::cmd) struct HowArgs {
    /// Show what would go and why, and remove nothing
    #[arg(long, short = 'n')]
    dry_run: bool,

    #[command(flatten)]
    keep: KeepArgs,

    #[command(flatten)]
    wait: WaitArgs,
}

impl HowArgs {
    /// The policy of the command line, as the layer above all configuration.
    ///
    /// # Errors
    /// [`Kind::Usage`] if a value is none.
    pub(in crate::cmd) fn options(&self) -> Result<Layer> {
        self.keep.layer()
    }
}

#[derive(Debug, clap::Args)]
struct RotateArgs {
    /// The sink: a name, or a path with a '/'; otherwise all sinks of the source
    #[arg(value_name = "SINK")]
    sinks: Vec<String>,

    #[command(flatten)]
    how: HowArgs,
}

fn run(args: &RotateArgs, context: &Context) -> Result<Status> {
    let options = args.how.options()?;
    let mut kinds = Vec::new();
    let opened = several::to_change(&args.sinks, context, &mut kinds)?;
    if opened.is_empty() && kinds.is_empty() {
        return Err(Error::usage("there is no sink to rotate").hint("`emu sink add PATH` adds one"));
    }
    for opened in opened {
        match one(&opened, &args.how, &options, false, context) {
            Ok(status) => kinds.extend(status),
            Err(error) => {
                context.ui.error(&error);
                kinds.push(error.kind());
            }
        }
    }
    Ok(Kind::worst(kinds))
}

/// Rotates one sink and prints what was decided, what went, and what became free. `after_push`: with the
/// caution of a push, as the last part of a pipeline.
///
/// # Errors
/// The sink is locked or fails, or the policy keeps nothing.
pub(in crate::cmd) fn one(
    Opened { name, sink, .. }: &Opened,
    args: &HowArgs,
    options: &Layer,
    after_push: bool,
    context: &Context,
) -> Result<Status> {
    let retention = retention(options, sink, context)?;
    context.ui.note(&format!("{name}: {} ({})", retention.policy.describe(), retention.origin));
    if args.dry_run {
        let catalog = Catalog::read(sink)?;
        let verdicts = retire::verdicts(sink, &catalog, &retention)?;
        show(&verdicts, &catalog, context)?;
        let for_room = retire::for_room(sink, &catalog, &retention, &verdicts)?;
        for_room.inspect(|(short, order)| report::for_room(name, *short, order, context));
        return Ok(None);
    }
    let observer = context.ui.observer();
    let lock = snapshot::tidy(sink, args.wait.wait(), context.command, &observer)?;
    let catalog = Catalog::read(sink)?;
    let newest = catalog.snapshots.last().map(|snapshot| snapshot.node.id.as_str());
    let occasion = match newest {
        _ if args.keep.is_given() => Occasion::Once,
        Some(id) if after_push => Occasion::Push(id),
        _ => Occasion::Command,
    };
    let rotated = retire::rotate(sink, &lock, &retention, occasion, &observer)?;
    drop(observer);
    if let Some(why) = &rotated.held_back {
        context.ui.warn(&format!("{name}: {why} (`emu rotate` applies the policy)"));
        return Ok(Some(Kind::Incomplete));
    }
    show(&rotated.verdicts, &catalog, context)?;
    drop(lock);
    for id in &rotated.in_use {
        context.ui.warn(&format!("{name}: {} is being read and stays until the next rotation", short(id)));
    }
    let freed = report::free(sink, &rotated.removed, context)?;
    Ok(freed.or((rotated.short_of_room || !rotated.in_use.is_empty()).then_some(Kind::Incomplete)))
}

fn word(action: Action) -> &'static str {
    match action {
        Action::Keep => "keep",
        Action::Remove => "remove",
    }
}

/// The verdicts as records, or as a table for people.
fn show(verdicts: &[Verdict], catalog: &Catalog, context: &Context) -> Result<()> {
    if context.ui.json() {
        for verdict in verdicts {
            context.ui.record(&RotationRecord::new(&verdict.id, word(verdict.action), &verdict.reasons))?;
        }
        return Ok(());
    }
    let (ui, now) = (&context.ui, crate::clock::now());
    let row = |verdict: &Verdict| {
        let node = catalog.get(&verdict.id).map(|snapshot| &snapshot.node);
        let age = node.and_then(Node::timestamp).map(|time| text::age(time, now)).unwrap_or_default();
        let word = match verdict.action {
            Action::Keep => word(verdict.action).to_owned(),
            Action::Remove => ui.paint(Paint::Removed, word(verdict.action)),
        };
        let id = ui.paint(Paint::Id, short(&verdict.id));
        let name = node.map(|node| node.name.clone()).unwrap_or_default();
        vec![word, id, name, age, verdict.reasons.join(", ")]
    };
    let rows: Vec<Vec<String>> = verdicts.iter().map(row).collect();
    context.ui.table(&rows)
}
