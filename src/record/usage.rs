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
    alone: u64,
}

impl<'a> UsageRecord<'a> {
    /// The record of one snapshot, or without an `id` of so many: the bytes of what is in them, and the
    /// bytes that only they hold.
    pub fn new(sink: &'a str, id: Option<&'a str>, snapshots: u64, (bytes, alone): (u64, u64)) -> Self {
        UsageRecord { ty: "usage", sink, id, snapshots, bytes, alone }
    }
}
