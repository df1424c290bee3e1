//! `found`: a version of a path, and which snapshots have it.

use crate::sink::node::PathField;
use crate::tree::{Entry, EntryRecord};
use serde::Serialize;

/// A version of a path, for scripts.
#[derive(Debug, Serialize)]
pub struct FoundRecord<'a> {
    #[serde(rename = "type")]
    ty: &'static str,
    #[serde(flatten)]
    path: PathField,
    sink: &'a str,
    first: &'a str,
    last: &'a str,
    snapshots: u64,
    entry: EntryRecord<'a>,
}

impl<'a> FoundRecord<'a> {
    /// The record of an entry at `path`; ids of the oldest and the newest snapshot that has it, and
    /// how many have it.
    pub fn new(
        path: &'a [u8],
        entry: &'a Entry,
        sink: &'a str,
        (first, last): (&'a str, &'a str),
        snapshots: u64,
    ) -> FoundRecord<'a> {
        let (field, entry) = (PathField::new(path), EntryRecord::new(path, entry));
        FoundRecord { ty: "found", path: field, sink, first, last, snapshots, entry }
    }
}
