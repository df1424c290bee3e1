//! `rev`: which snapshot a revision names, and where it is.

use crate::tree::text_or_b64;
use serde::Serialize;
use std::borrow::Cow;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// A revision and its snapshot, for scripts.
#[derive(Debug, Serialize)]
pub struct RevRecord<'a> {
    #[serde(rename = "type")]
    ty: &'static str,
    rev: &'a str,
    id: &'a str,
    sink: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sink_path: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sink_path_b64: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tree_path: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tree_path_b64: Option<Cow<'a, str>>,
}

impl<'a> RevRecord<'a> {
    /// The record of `rev`, which names snapshot `id` of the sink called `sink`.
    pub fn new(
        rev: &'a str,
        id: &'a str,
        sink: &'a str,
        sink_path: &'a Path,
        tree_path: &'a Path,
    ) -> RevRecord<'a> {
        let (sink_path, sink_path_b64) = text_or_b64(sink_path.as_os_str().as_bytes());
        let (tree_path, tree_path_b64) = text_or_b64(tree_path.as_os_str().as_bytes());
        RevRecord { ty: "rev", rev, id, sink, sink_path, sink_path_b64, tree_path, tree_path_b64 }
    }
}
