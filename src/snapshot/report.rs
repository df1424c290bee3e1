//! What a push tells of each sink, and the exit status that follows.

use super::retire::Rotated;
use crate::config::Config;
use crate::error::{Error, Kind, Result};
use crate::sink::{Node, Sink};

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
pub(super) fn remarks(node: &Node, config: &Config) -> Vec<String> {
    let mut remarks = Vec::new();
    let counts = &node.counts;
    if node.partial {
        remarks.push(format!("{}; the snapshot is partial, nothing expires", not_saved(counts.unread)));
    } else if counts.unread > 0 {
        remarks.push(not_saved(counts.unread));
    }
    if node.shrunk {
        remarks.push(
            "less than half is left of the last complete snapshot; nothing expires until a push --allow-shrunk".into(),
        );
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

fn not_saved(count: u64) -> String {
    let entries = if count == 1 { "entry" } else { "entries" };
    format!("{count} {entries} could not be saved")
}

pub(super) fn rotation_remarks(rotated: &Rotated) -> Vec<String> {
    let mut remarks = Vec::new();
    if let Some(why) = &rotated.held_back {
        remarks.push(format!("{why}; `emu rotate` applies it"));
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
