//! `removed`: a snapshot is gone, and how much room that made.

use serde::Serialize;

/// A removal, for scripts.
#[derive(Debug, Serialize)]
pub struct RemovedRecord<'a> {
    #[serde(rename = "type")]
    ty: &'static str,
    id: &'a str,
    freed: u64,
}

impl<'a> RemovedRecord<'a> {
    /// The record of a removal that freed so many bytes.
    pub fn new(id: &'a str, freed: u64) -> RemovedRecord<'a> {
        RemovedRecord { ty: "removed", id, freed }
    }
}
