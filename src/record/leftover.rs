//! `leftover`: something in a sink that is no snapshot.

use serde::Serialize;

/// A leftover, for scripts.
#[derive(Debug, Serialize)]
pub struct LeftoverRecord<'a> {
    #[serde(rename = "type")]
    ty: &'static str,
    sink: &'a str,
    what: &'a str,
    name: &'a str,
    bytes: u64,
}

impl<'a> LeftoverRecord<'a> {
    /// The record of something in a sink; `bytes` is what removing it frees.
    pub fn new(sink: &'a str, what: &'a str, name: &'a str, bytes: u64) -> LeftoverRecord<'a> {
        LeftoverRecord { ty: "leftover", sink, what, name, bytes }
    }
}
