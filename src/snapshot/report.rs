//! What a push tells of each sink, and the exit status that follows.

use super::retire::Rotated;
use crate::config::Config;
use crate::error::{Error, Kind, Result};
use crate::quote::quoted;
use crate::sink::node::{Churn, PathField};
use crate::sink::{Node, Sink};
use crate::source::Unfinished;

/// What follows from a snapshot that is marked.
const KEPT: &str = "no old snapshots were removed";

/// What became of one sink.
pub struct SinkReport {
    /// Its name, or its path where it has none.
    pub name: String,
    /// The snapshot, or why there is none.
    pub outcome: Result<Pushed>,
    /// Its absence is no failure.
    pub optional: bool,
}

/// A snapshot that a push made.
pub struct Pushed {
    /// The sink, for what is done after the report.
    pub sink: Sink,
    /// The snapshot.
    pub node: Node,
    /// What rotation did; `None` where it was not applied.
    pub rotated: Option<Rotated>,
    /// Why something that was asked for was not done, in words.
    pub remarks: Vec<String>,
}

/// What a person and the exit status should know of a snapshot that was made.
pub(super) fn remarks(node: &Node, config: &Config, unfinished: Option<&Unfinished>) -> Vec<String> {
    let mut remarks = Vec::new();
    let counts = &node.counts;
    if let Some(unfinished) = unfinished {
        let command = if unfinished.clone.is_some() { "clone" } else { "checkout" };
        remarks.push(format!(
            "a {command} of this source was interrupted, so the snapshot mixes two states; {KEPT} (the same `emu {command}` again completes it)"
        ));
    }
    if node.partial && unfinished.is_none() {
        remarks.push(format!(
            "the snapshot is incomplete ({}); {KEPT} (if paths may stay unread: push.unread-ok in emu-config(5), or exclude them)",
            not_saved(counts.unread)
        ));
    } else if counts.unread > 0 {
        remarks.push(not_saved(counts.unread));
    }
    if node.shrunk {
        remarks.push(format!(
            "the source has shrunk to less than half of the last complete snapshot; {KEPT} (if that is right: emu push --allow-shrunk)"
        ));
    }
    if node.churned {
        let what = node.churn.as_ref().map_or_else(String::new, describe);
        remarks.push(format!("{what}; {KEPT} (if that is right: emu push --allow-churn)"));
    }
    if node.misdated {
        remarks.push(format!(
            "the time of this snapshot, {}, is implausible beside those of the snapshots before; {KEPT} (if the clock is right: emu push --allow-clock)",
            node.time
        ));
    }
    if counts.damaged > 0 {
        let files = if counts.damaged == 1 { "file" } else { "files" };
        remarks.push(format!(
            "saved {} damaged {files} of the parent snapshot anew from the source; run `emu verify`",
            counts.damaged
        ));
    }
    if counts.torn > 0 && config.torn_is_error() {
        remarks.push(format!("{} files changed while they were read", counts.torn));
    }
    remarks
}

/// How a mass change is told.
fn describe(churn: &Churn) -> String {
    let Churn { files, lost_files, bytes, lost_bytes, suffix } = churn;
    if *files == 0 {
        return "this snapshot could not be compared with the last complete one".to_owned();
    }
    let suffix =
        suffix.as_ref().map(|suffix| format!(", most of them replaced by names in {}", quoted(suffix)));
    format!(
        "{lost_files} of the {files} files of the last complete snapshot ({} % of its bytes) were removed or changed{}",
        lost_bytes.saturating_mul(100) / (*bytes).max(1),
        suffix.unwrap_or_default()
    )
}

/// Names mounts inside the source that were not there at the last push, and those that are gone.
pub(super) fn mounts(before: &[PathField], now: &[Box<[u8]>]) -> Vec<String> {
    let before: Vec<Box<[u8]>> = before.iter().filter_map(PathField::bytes).collect();
    let new_in = |list: &[Box<[u8]>], others: &[Box<[u8]>]| -> String {
        let new = list.iter().filter(|path| !others.contains(path));
        new.map(quoted).collect::<Vec<_>>().join(", ")
    };
    let told = [
        ("other file systems inside the source are not saved", new_in(now, &before)),
        ("no longer mounted, and saved as directories of the source", new_in(&before, now)),
    ];
    let told = told.into_iter().filter(|(_, names)| !names.is_empty());
    told.map(|(what, names)| format!("{what}: {names}")).collect()
}

fn not_saved(count: u64) -> String {
    let entries = if count == 1 { "entry" } else { "entries" };
    format!("{count} {entries} could not be read")
}

pub(super) fn rotation_remarks(rotated: &Rotated) -> Vec<String> {
    let mut remarks = Vec::new();
    if let Some(why) = &rotated.held_back {
        remarks.push(format!("{why} (`emu rotate -n` shows what would go, `emu rotate` applies the policy)"));
    }
    if rotated.short_of_room {
        remarks.push("there is less room than min-free asks for".into());
    }
    remarks
}

/// The kinds of failure in reports, for the exit status.
pub fn outcome_of(reports: &[SinkReport], ignore_errors: bool) -> Option<Kind> {
    Kind::worst(reports.iter().filter_map(|report| match &report.outcome {
        Err(error) if report.optional && error.kind() == Kind::NotFound => None,
        Err(error) => Some(error.kind()),
        Ok(pushed) => pushed.incomplete(ignore_errors).then_some(Kind::Incomplete),
    }))
}

impl Pushed {
    /// Whether the snapshot was made but something asked for was not done.
    fn incomplete(&self, ignore_errors: bool) -> bool {
        let only_unread = self.remarks.len() == 1 && self.node.counts.unread > 0 && !self.node.partial;
        !(self.remarks.is_empty() || ignore_errors && only_unread)
    }
}

/// An error for a push that has no sink to go to.
pub fn no_sinks() -> Error {
    Error::usage("there is no sink to push to")
        .hint("`emu sink add PATH` adds one; --to PATH pushes to a place at once")
}
