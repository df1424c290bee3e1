//! `snapshot`: a snapshot's node, and what its sink says of it.

use crate::sink::Node;
use crate::sink::node::PathField;
use serde::Serialize;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// A snapshot, for scripts.
#[derive(Debug, Serialize)]
pub struct SnapshotRecord<'a> {
    #[serde(rename = "type")]
    ty: &'static str,
    #[serde(flatten)]
    node: &'a Node,
    head: bool,
    pinned: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pinned_until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    damaged: Option<String>,
    #[serde(flatten)]
    path: PathField,
}

impl<'a> SnapshotRecord<'a> {
    /// The record of a snapshot whose tree is at `tree`.
    pub fn new(node: &'a Node, head: bool, pinned: bool, tree: &Path) -> SnapshotRecord<'a> {
        let path = PathField::new(tree.as_os_str().as_bytes());
        SnapshotRecord { ty: "snapshot", node, head, pinned, pinned_until: None, damaged: None, path }
    }

    /// Adds what is wrong with its manifest.
    #[must_use]
    pub fn damaged(mut self, why: Option<String>) -> Self {
        self.damaged = why;
        self
    }

    /// Adds until when it is pinned.
    #[must_use]
    pub fn until(mut self, until: Option<jiff::Timestamp>) -> Self {
        self.pinned_until = until.map(|until| until.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
        self
    }
}
