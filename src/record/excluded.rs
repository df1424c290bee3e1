//! `excluded`: whether a path of the source is left out of snapshots, and by which rule.

use crate::sink::node::PathField;
use crate::source::Rule;
use serde::Serialize;

/// What becomes of a path, for scripts.
#[derive(Debug, Serialize)]
pub struct ExcludedRecord<'a> {
    #[serde(rename = "type")]
    ty: &'static str,
    #[serde(flatten)]
    path: PathField,
    excluded: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pattern: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mark: Option<PathField>,
    #[serde(skip_serializing_if = "Option::is_none")]
    larger_than: Option<u64>,
}

impl<'a> ExcludedRecord<'a> {
    /// The record of a path that a rule leaves out, or none.
    pub fn by_rule(path: &[u8], rule: Option<&'a Rule>) -> ExcludedRecord<'a> {
        ExcludedRecord {
            ty: "excluded",
            path: PathField::new(path),
            excluded: rule.is_some(),
            pattern: rule.map(|rule| &*rule.pattern),
            origin: rule.map(|rule| &*rule.origin),
            line: rule.map(|rule| rule.line),
            mark: None,
            larger_than: None,
        }
    }

    /// The record of a file that has more bytes than it may have.
    pub fn by_size(path: &[u8], larger_than: u64) -> ExcludedRecord<'a> {
        let larger_than = Some(larger_than);
        ExcludedRecord { excluded: true, larger_than, ..ExcludedRecord::by_rule(path, None) }
    }

    /// The record of a path that a snapshot was told to leave out.
    pub fn recorded(path: PathField) -> ExcludedRecord<'a> {
        ExcludedRecord { path, excluded: true, ..ExcludedRecord::by_rule(b"", None) }
    }

    /// The record of a path beside a mark, which stands at `mark`.
    pub fn by_mark(path: &[u8], mark: &[u8]) -> ExcludedRecord<'a> {
        let mark = Some(PathField::new(mark));
        ExcludedRecord { excluded: true, mark, ..ExcludedRecord::by_rule(path, None) }
    }
}
