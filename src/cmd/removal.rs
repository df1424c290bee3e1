//! Removing snapshots that somebody named: the whole list is checked, shown, and only then removed.
//! What `emu prune`, `emu squash` and `emu-remove-snapshot` have in common.

use super::{Context, Found, Opened, Status, WaitArgs, report, several};
use crate::error::{Error, Kind, Result};
use crate::history::usage::{Usage, usage};
use crate::quote::escaped;
use crate::record::RotationRecord;
use crate::sink::{Catalog, Node};
use crate::snapshot::{self, prune};
use crate::ui::text;

/// How snapshots are removed.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(super) struct RemovalArgs {
    /// Print what would be removed and freed, and remove nothing
    #[arg(long, short = 'n')]
    pub(super) dry_run: bool,

    /// Remove HEAD, pinned snapshots and the last complete one as well
    #[arg(long, short)]
    force: bool,

    #[command(flatten)]
    wait: WaitArgs,
}

impl RemovalArgs {
    fn force(self) -> prune::Force {
        if self.force { prune::Force::Yes } else { prune::Force::No }
    }
}

/// Snapshots by the sink that they are to go from.
pub(super) fn by_sink(found: Vec<Found>) -> Vec<(Opened, Vec<String>)> {
    let mut sinks: Vec<(Opened, Vec<String>)> = Vec::new();
    for Found { opened, node, .. } in found {
        match sinks.iter_mut().find(|(known, _)| known.sink.info.id == opened.sink.info.id) {
            Some((_, ids)) if ids.contains(&node.id) => {}
            Some((_, ids)) => ids.push(node.id),
            None => sinks.push((opened, vec![node.id])),
        }
    }
    sinks.sort_by(|a, b| a.0.sink.info.id.cmp(&b.0.sink.info.id));
    sinks
}

/// Removes snapshots of some sinks, for this reason. Nothing goes anywhere unless all may go.
///
/// # Errors
/// One is not there or must not go, a sink is locked, or a removal failed.
pub(super) fn remove(
    sinks: &[(Opened, Vec<String>)],
    reason: &str,
    args: RemovalArgs,
    context: &Context,
) -> Result<Status> {
    let plan = |(opened, ids): &(Opened, Vec<String>)| {
        let catalog = Catalog::read(&opened.sink)?;
        Ok((prune::plan(&opened.sink, &catalog, ids, args.force())?, catalog))
    };
    // Nobody waits for a lock while this is computed and printed.
    let seen = sinks.iter().map(plan).collect::<Result<Vec<_>>>()?;
    for ((opened, _), (pruning, catalog)) in sinks.iter().zip(&seen) {
        if !context.ui.json() {
            announce(opened, pruning, catalog, args.dry_run, context)?;
        } else if args.dry_run {
            for node in &pruning.going {
                context.ui.record(&RotationRecord::new(&node.id, "remove", &[reason.to_owned()]))?;
            }
        }
    }
    if args.dry_run {
        return Ok(None);
    }
    let lock = |(opened, _): &(Opened, Vec<String>)| {
        snapshot::tidy(&opened.sink, args.wait.wait(), context.command, &context.ui.observer())
    };
    let locks = sinks.iter().map(lock).collect::<Result<Vec<_>>>()?;
    let plans = sinks.iter().map(plan).collect::<Result<Vec<_>>>()?;
    if plans.iter().zip(&seen).any(|((now, _), (then, _))| now != then) {
        return Err(Error::failed("nothing is removed")
            .because("the sink has changed meanwhile")
            .hint("run the same command again"));
    }
    let mut done = Vec::new();
    for (((opened, _), (pruning, catalog)), lock) in sinks.iter().zip(&plans).zip(locks) {
        done.push((opened, prune::apply(&opened.sink, &lock, catalog, pruning, reason)?));
    }
    let mut kinds = Vec::new();
    for (opened, pruned) in done {
        for node in &pruned.in_use {
            context.ui.warn(&format!("{} is being read, and stays", node.short()));
        }
        kinds.extend((!pruned.in_use.is_empty()).then_some(Kind::Incomplete));
        kinds.extend(report::free(&opened.sink, &pruned.removed, context)?);
    }
    Ok(Kind::worst(kinds))
}

/// Says which snapshots go, when they were made and about how much that frees.
fn announce(
    opened: &Opened,
    pruning: &prune::Pruning,
    catalog: &Catalog,
    dry_run: bool,
    context: &Context,
) -> Result<()> {
    let ui = &context.ui;
    let all: Vec<&Node> = catalog.snapshots.iter().map(|snapshot| &snapshot.node).collect();
    let going: Vec<bool> =
        all.iter().map(|node| pruning.going.iter().any(|going| going.id == node.id)).collect();
    let estimate = usage(&opened.sink, &all, &going, several::threads(context)?);
    let name = escaped(opened.name.as_bytes());
    let frees = match &estimate {
        Ok(usage @ Usage { together: Some(bytes), .. }) => {
            let about = if usage.is_exact() { "about" } else { "at most" };
            format!(", which frees {about} {}", text::bytes(*bytes))
        }
        Ok(_) => "; what that frees is not known, because a manifest is damaged".to_owned(),
        Err(error) => {
            ui.warn(&format!("cannot tell how much becomes free: {error}"));
            String::new()
        }
    };
    let count = text::count(pruning.going.len() as u64, "snapshot", "snapshots");
    let verb = if dry_run { "would remove" } else { "removing" };
    ui.out(&format!("{name}: {verb} {count}{frees}"))?;
    let row = |node: &Node| {
        let date = node.timestamp().map_or(node.time.clone(), text::local_short);
        let message = node.message.as_deref().and_then(|message| message.lines().next()).unwrap_or_default();
        vec![format!("  {}", node.short()), date, escaped(message.as_bytes())]
    };
    let rows: Vec<Vec<String>> = pruning.going.iter().map(row).collect();
    ui.table(&rows)?;
    match &pruning.head {
        Some(head) => {
            ui.out(&format!("  HEAD {} to {}", if dry_run { "would move" } else { "moves" }, head.short()))
        }
        None => Ok(()),
    }
}
