//! `version`: which emu this is, and which formats it writes.

use serde::Serialize;

/// The program's version, for scripts.
#[derive(Debug, Serialize)]
pub struct VersionRecord<'a> {
    #[serde(rename = "type")]
    ty: &'static str,
    version: &'a str,
    sink_format: u32,
}

impl<'a> VersionRecord<'a> {
    /// The record of a version.
    pub fn new(version: &'a str) -> VersionRecord<'a> {
        VersionRecord { ty: "version", version, sink_format: 1 }
    }
}
