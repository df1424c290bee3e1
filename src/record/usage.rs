//! `usage`: what a snapshot, or several of a sink together, take up.

use serde::Serialize;

/// What something takes up, for scripts.
#[derive(Debug, Serialize)]
pub struct UsageRecord<'a> {
    #[serde(rename = "type")]
    ty: &'static str,
    sink: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    snapshots: u64,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    alone: Option<u64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    at_most: bool,
}

impl<'a> UsageRecord<'a> {
    /// The record of one snapshot, or without an `id` of so many: the bytes of what is in them, and the
    /// bytes that only they hold, if that is known.
    pub fn new(sink: &'a str, id: Option<&'a str>, snapshots: u64, bytes: u64, alone: Option<u64>) -> Self {
        UsageRecord { ty: "usage", sink, id, snapshots, bytes, alone, at_most: false }
    }

    /// Says whether others may hold some of what only these are known to hold.
    #[must_use]
    pub fn at_most(mut self, at_most: bool) -> Self {
        self.at_most = at_most && self.alone.is_some();
        self
    }
}
