//! `emu verify --repair`: one sink is verified, and what was found is put right.

use super::findings::{Findings, newest_first, other_sinks};
use super::{Context, Opened};
use crate::error::Result;
use crate::restore::repair::{self, Outcome, Request};
use crate::restore::verify::{self, Finding, Options, Report, Seen, Summary};
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
    let nodes = newest_first(catalog.snapshots.iter().map(|snapshot| snapshot.node.clone()).collect());
    let nodes: Vec<&Node> = nodes.iter().collect();
    let mut reports = Vec::new();
    let mut keep = |report| {
        reports.push(report);
        Ok(())
    };
    // An inode that a repair frees may come back as another file: what is seen is of this sink alone.
    let seen = Seen::new();
    let verified = verify::verify(sink, &nodes, &catalog.damaged, options, &seen, &mut keep, &observer);
    let findings: Vec<Finding> = reports.iter().filter_map(finding).cloned().collect();
    let summary = match verified {
        Ok(summary) => summary,
        Err(error) => {
            print(&reports, &HashMap::new(), None, options, context)?;
            return Err(error);
        }
    };
    let elsewhere = OnceCell::new();
    let others = || {
        let sinks: &Vec<Opened> = elsewhere.get_or_init(|| other_sinks(context, opened));
        sinks.iter().map(|opened| (&*opened.sink, &*opened.catalog)).collect()
    };
    let source = context.try_source().filter(|source| source.id == sink.info.source);
    let request =
        Request { sink, catalog: &catalog, others: &others, source: source.as_ref(), findings: &findings };
    let mut plan = repair::plan(&request, &observer)?;
    let done = match &lock {
        Some(lock) if !plan.is_empty() => apply(&mut plan, sink, lock, &observer),
        _ => Ok(()),
    };
    let outcomes: Vec<Outcome> = findings.iter().map(|finding| plan.outcome(finding)).collect();
    drop(observer);
    let mut left: HashMap<&str, u64> = HashMap::new();
    for (finding, _) in findings.iter().zip(&outcomes).filter(|(_, outcome)| is_left(outcome)) {
        *left.entry(&finding.id).or_default() += 1;
    }
    let word = if lock.is_some() { "repaired" } else { "can be repaired" };
    print(&reports, &left, Some((&outcomes, word)), options, context)?;
    if lock.is_some() {
        renote(sink, &reports, &left, options, context);
    }
    drop(lock);
    done?;
    let repaired = findings.len() as u64 - left.values().sum::<u64>();
    Ok((summary, repaired))
}

fn finding(report: &Report) -> Option<&Finding> {
    match report {
        Report::Finding(finding) => Some(finding),
        Report::Snapshot(_) => None,
    }
}

fn is_left(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Left(_))
}

fn apply(
    plan: &mut repair::Plan<'_>,
    sink: &Sink,
    lock: &SinkLock,
    observer: &dyn crate::progress::Observer,
) -> Result<()> {
    // Before the first change: cut off behind it, nothing would tell that there is a bad inode in them.
    snapshot::give_up_bases(sink, lock)?;
    let applied = plan.apply(sink, lock, observer);
    if let Err(error) = remove::empty_trash(sink) {
        observer.warn(format!("{error}; the next push tries again"));
    }
    applied
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

/// The notes of the verify tell what is wrong still.
fn renote(sink: &Sink, reports: &[Report], left: &HashMap<&str, u64>, options: Options, context: &Context) {
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
