//! `status`: how a source stands to one of its sinks.

use crate::sink::node::PathField;
use serde::Serialize;
use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// How a source stands to a sink, for scripts.
#[derive(Debug, Serialize)]
pub struct StatusRecord<'a> {
    #[serde(rename = "type")]
    ty: &'static str,
    name: &'a str,
    #[serde(flatten)]
    path: PathField,
    present: bool,
    too_old: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    #[serde(flatten)]
    state: Option<SinkState<'a>>,
}

/// What is known of a sink that is there.
#[derive(Debug, Serialize)]
pub struct SinkState<'a> {
    /// Id of HEAD.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<&'a str>,
    /// When the newest complete snapshot was made, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<&'a str>,
    /// Seconds since then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age: Option<i64>,
    /// Listed snapshots.
    pub snapshots: u64,
    /// How many of them are known to have no sound manifest.
    pub damaged: u64,
    /// Entries that verify found damaged.
    pub damaged_entries: u64,
    /// Parked trees.
    pub spares: u64,
    /// Bytes that this user may still fill.
    pub free: u64,
    /// What differs from HEAD by the word of its kind, if the source was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changes: Option<BTreeMap<&'static str, u64>>,
}

impl<'a> StatusRecord<'a> {
    /// The record of a sink that is there (`Ok`), or the reason why it is not.
    pub fn new(
        name: &'a str,
        path: &Path,
        too_old: bool,
        state: Result<SinkState<'a>, String>,
    ) -> StatusRecord<'a> {
        let path = PathField::new(path.as_os_str().as_bytes());
        let present = state.is_ok();
        let (state, why) = match state {
            Ok(state) => (Some(state), None),
            Err(why) => (None, Some(why)),
        };
        StatusRecord { ty: "status", name, path, present, too_old, why, state }
    }
}
