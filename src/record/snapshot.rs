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
    #[serde(flatten)]
    path: PathField,
}

impl<'a> SnapshotRecord<'a> {
    /// The record of a snapshot whose tree is at `tree`.
    pub fn new(node: &'a Node, head: bool, pinned: bool, tree: &Path) -> SnapshotRecord<'a> {
        let path = PathField::new(tree.as_os_str().as_bytes());
        SnapshotRecord { ty: "snapshot", node, head, pinned, path }
    }
}
