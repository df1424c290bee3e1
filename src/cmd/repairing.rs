//! `emu verify --repair`: one sink is verified, and what was found is put right.

use super::findings::{Findings, newest_first, other_sinks};
use super::{Context, Opened};
use crate::error::Result;
use crate::progress::Observer;
use crate::restore::checkout::Others;
use crate::restore::repair::{self, Outcome, Request, Restored};
use crate::restore::verify::{self, Finding, Options, Report, Seen, Summary, What};
use crate::sink::{Catalog, Node, Sink, SinkLock, Wait};
use crate::snapshot::{self, remove};
use std::cell::OnceCell;
use std::collections::HashMap;

/// Whether a plan is carried out.
#[derive(Debug, Clone, Copy)]
pub(super) enum How {
    /// It is printed.
    Plan,
    /// It is, once the sink's lock is had.
    Apply(Wait),
}

/// Verifies and repairs all of a sink. Returns what was found, and how much of that was repaired,
/// or would be.
///
/// # Errors
/// The sink is locked or cannot be written; interrupted. What was found by then is printed.
pub(super) fn one(opened: &Opened, options: Options, how: How, context: &Context) -> Result<(Summary, u64)> {
    let sink = &*opened.sink;
    let observer = context.ui.observer();
    let lock = match how {
        How::Plan => None,
        How::Apply(wait) => Some(snapshot::tidy(sink, wait, context.command, &observer)?),
    };
    // The lock came after the sink was opened.
    let catalog = Catalog::read(sink)?;
    let elsewhere = OnceCell::new();
    let others = || {
        let (sinks, _) = elsewhere.get_or_init(|| other_sinks(context, opened));
        sinks.iter().map(|opened| (&*opened.sink, &*opened.catalog)).collect()
    };
    // First, since all else goes by them.
    let absent = || elsewhere.get_or_init(|| other_sinks(context, opened)).1.clone();
    let records = put_back_all(sink, &catalog, (&others, &absent), lock.as_ref())?;
    // What is put back already, verify does not find any more.
    let is_done = |record: &&Restored| lock.is_some() && !is_left(&record.outcome);
    let put_back: Vec<&Restored> = records.iter().filter(is_done).collect();
    let catalog = if put_back.is_empty() { catalog } else { Catalog::read(sink)? };
    let (reports, verified) = verify_all(sink, &catalog, &put_back, options, &observer);
    let findings: Vec<Finding> = reports.iter().filter_map(finding).cloned().collect();
    let source = context.try_source().filter(|source| source.id == sink.info.source);
    let request = Request {
        sink,
        catalog: &catalog,
        others: &others,
        source: source.as_ref(),
        records: &records,
        findings: &findings,
    };
    let planned = verified.and_then(|summary| Ok((summary, repair::plan(&request, &observer)?)));
    let (summary, mut plan) = match planned {
        Ok(planned) => planned,
        Err(error) => {
            print(&reports, &HashMap::new(), None, options, context)?;
            return Err(error);
        }
    };
    let done = match &lock {
        Some(lock) if !plan.is_empty() => apply(&mut plan, sink, lock, &observer),
        _ => Ok(()),
    };
    let outcomes: Vec<Outcome> = findings.iter().map(|finding| plan.outcome(finding)).collect();
    drop(observer);
    let repaired = outcomes.iter().filter(|outcome| outcome.is_whole()).count() as u64;
    let spoiled = catalog.snapshots.iter().map(|snapshot| plan.spoiled(&snapshot.node.id)).sum::<u64>();
    let left = left(&findings, &outcomes, &plan);
    let word = if lock.is_some() { "repaired" } else { "can be repaired" };
    print(&reports, &left, Some((&outcomes, word)), options, context)?;
    let was_changed = lock.is_some() && !plan.is_empty();
    if lock.is_some() {
        renote(sink, &reports, (&findings, &outcomes), &left, options, context);
    }
    drop(lock);
    // Spares that were given up: that takes long, and holds nobody up.
    if was_changed && let Err(error) = remove::empty_trash(sink) {
        context.ui.warn(&format!("{error}; the next push tries again"));
    }
    done?;
    Ok((Summary { findings: findings.len() as u64 + spoiled, ..summary }, repaired))
}

/// Puts back missing or damaged nodes, manifests and exclusions; without the lock, finds out which could be
/// put back.
fn put_back_all(
    sink: &Sink,
    catalog: &Catalog,
    (others, absent): (&Others<'_>, &dyn Fn() -> Vec<String>),
    lock: Option<&SinkLock>,
) -> Result<Vec<Restored>> {
    let mut records = repair::lost_manifests(sink, catalog, others, lock)?;
    records.extend(repair::lost_records(sink, catalog, others, absent, &records, lock)?);
    records.extend(repair::lost_exclusions(sink, catalog, others, lock)?);
    Ok(records)
}

/// All that a verify of the sink tells; the records that were put back before come first.
fn verify_all(
    sink: &Sink,
    catalog: &Catalog,
    records: &[&Restored],
    options: Options,
    observer: &dyn Observer,
) -> (Vec<Report>, Result<Summary>) {
    let nodes = newest_first(catalog.snapshots.iter().map(|snapshot| snapshot.node.clone()).collect());
    let nodes: Vec<&Node> = nodes.iter().collect();
    let mut reports: Vec<Report> = records.iter().copied().map(put_back).collect();
    let mut keep = |report| {
        reports.push(report);
        Ok(())
    };
    // An inode that a repair frees may come back as another file: what is seen is of this sink alone.
    let seen = Seen::new();
    let verified = verify::verify(sink, &nodes, &catalog.damaged, options, &seen, &mut keep, observer);
    (reports, verified)
}

/// Something that a repair may put right: what could not be checked is not known to be damaged.
fn finding(report: &Report) -> Option<&Finding> {
    match report {
        Report::Finding(finding) if finding.what != What::Unchecked => Some(finding),
        Report::Finding(_) | Report::Snapshot(_) => None,
    }
}

fn is_left(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Left(_))
}

/// How much is wrong still, by snapshot.
fn left<'a>(findings: &'a [Finding], outcomes: &[Outcome], plan: &repair::Plan<'_>) -> HashMap<&'a str, u64> {
    let mut left: HashMap<&str, u64> = HashMap::new();
    for (finding, outcome) in findings.iter().zip(outcomes) {
        let spoiled = plan.spoiled(&finding.id);
        *left.entry(&finding.id).or_insert(spoiled) += u64::from(is_left(outcome));
    }
    left
}

fn apply(plan: &mut repair::Plan<'_>, sink: &Sink, lock: &SinkLock, observer: &dyn Observer) -> Result<()> {
    // Before the first change: cut off behind it, nothing would tell that there is a bad inode in them.
    if let Err(error) = snapshot::give_up_bases(sink, lock) {
        plan.give_up(&error.to_string());
        return Err(error);
    }
    plan.apply(sink, lock, observer)
}

/// The finding that there was before a record was put back.
fn put_back(restored: &Restored) -> Report {
    Report::Finding(Finding {
        id: restored.id.clone(),
        path: None,
        what: restored.what,
        expected: match restored.what {
            What::Node => "a whole snapshot",
            What::Excluded => "a record of what was left out",
            _ => "a sound manifest",
        }
        .into(),
        found: restored.why.clone(),
        shared: Vec::new(),
    })
}

fn print(
    reports: &[Report],
    left: &HashMap<&str, u64>,
    repair: Option<(&[Outcome], &'static str)>,
    options: Options,
    context: &Context,
) -> Result<()> {
    let mut findings = Findings::new(context, options.reading);
    let mut outcomes = repair.map(|(outcomes, _)| outcomes.iter());
    for report in reports {
        match report {
            Report::Finding(finding) if finding.what == What::Unchecked => {
                findings.finding(finding, None)?;
            }
            Report::Finding(finding) => {
                let outcome = outcomes.as_mut().and_then(Iterator::next);
                let word = repair.map_or("", |(_, word)| word);
                findings.finding(finding, outcome.map(|outcome| (outcome, word)))?;
            }
            Report::Snapshot(checked) => {
                let still = left.get(&*checked.id).copied().unwrap_or(0);
                findings.snapshot(checked, repair.map(|(_, word)| (still, word)))?;
            }
        }
    }
    Ok(())
}

/// Records in the sink what is still damaged, and what no longer is.
fn renote(
    sink: &Sink,
    reports: &[Report],
    (findings, outcomes): (&[Finding], &[Outcome]),
    left: &HashMap<&str, u64>,
    options: Options,
    context: &Context,
) {
    let mended = findings.iter().zip(outcomes).filter(|(_, outcome)| !is_left(outcome));
    if let Err(error) = verify::forget_mended(sink, mended.map(|(finding, _)| finding)) {
        context.ui.warn(&error.to_string());
    }
    for report in reports {
        if let Report::Snapshot(checked) = report
            && checked.findings > 0
        {
            let findings = left.get(&*checked.id).copied().unwrap_or(0);
            let checked = verify::Checked { findings, ..checked.clone() };
            if let Err(error) = verify::note(sink, &checked, options.reading) {
                context.ui.warn(&error.to_string());
            }
        }
    }
}
