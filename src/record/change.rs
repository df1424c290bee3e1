//! `change`: one difference between two trees.

use crate::sink::node::PathField;
use crate::tree::{Entry, EntryRecord, text_or_b64};
use serde::Serialize;
use std::borrow::Cow;

/// A difference, for scripts.
#[derive(Debug, Serialize)]
pub struct ChangeRecord<'a> {
    #[serde(rename = "type")]
    ty: &'static str,
    #[serde(flatten)]
    path: PathField,
    kind: &'a str,
    how: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<EntryRecord<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<EntryRecord<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from_b64: Option<Cow<'a, str>>,
}

impl<'a> ChangeRecord<'a> {
    /// The record of a change to the entry of this kind (`file`, `dir`, …) at `path`; `how` is
    /// `added`, `removed`, `content`, `attributes`, `kind` or `moved`.
    pub fn new(path: &[u8], kind: &'a str, how: &'a str) -> ChangeRecord<'a> {
        let path = PathField::new(path);
        ChangeRecord { ty: "change", path, kind, how, before: None, after: None, from: None, from_b64: None }
    }

    /// Adds the entry as it was, at its path then, and as it is.
    #[must_use]
    pub fn entries(
        mut self,
        before: Option<(&'a [u8], &'a Entry)>,
        after: Option<(&'a [u8], &'a Entry)>,
    ) -> Self {
        self.before = before.map(|(path, entry)| EntryRecord::new(path, entry));
        self.after = after.map(|(path, entry)| EntryRecord::new(path, entry));
        self
    }

    /// Adds the path that a moved entry had before.
    #[must_use]
    pub fn moved_from(mut self, from: &'a [u8]) -> Self {
        (self.from, self.from_b64) = text_or_b64(from);
        self
    }
}
