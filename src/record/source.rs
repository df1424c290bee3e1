//! `source`: the source that `emu init` made or completed.

use crate::sink::node::PathField;
use serde::Serialize;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// A source, for scripts.
#[derive(Debug, Serialize)]
pub struct SourceRecord<'a> {
    #[serde(rename = "type")]
    ty: &'static str,
    #[serde(flatten)]
    path: PathField,
    id: &'a str,
    new: bool,
}

impl<'a> SourceRecord<'a> {
    /// The record of a source at `path`; `new` if it was none before.
    pub fn new(path: &Path, id: &'a str, new: bool) -> SourceRecord<'a> {
        SourceRecord { ty: "source", path: PathField::new(path.as_os_str().as_bytes()), id, new }
    }
}
