//! `summary`: what a command did; its last record, also when it did not do everything.

use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// What a command did, for scripts.
#[derive(Debug, Serialize)]
pub struct SummaryRecord<'a> {
    #[serde(rename = "type")]
    ty: &'static str,
    command: &'a str,
    #[serde(flatten)]
    counts: BTreeMap<&'a str, u64>,
    seconds: f64,
    exit: u8,
}

impl<'a> SummaryRecord<'a> {
    /// The record of a command that took so long and ends with this status.
    pub fn new(
        command: &'a str,
        counts: impl IntoIterator<Item = (&'a str, u64)>,
        took: Duration,
        status: Option<crate::error::Kind>,
    ) -> SummaryRecord<'a> {
        SummaryRecord {
            ty: "summary",
            command,
            counts: counts.into_iter().collect(),
            seconds: (took.as_secs_f64() * 1000.0).round() / 1000.0,
            exit: status.map_or(0, crate::error::Kind::exit),
        }
    }
}
