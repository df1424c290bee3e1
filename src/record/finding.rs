//! `finding`: something in a snapshot that is not as its manifest says.

use crate::sink::node::PathField;
use serde::Serialize;

/// A finding of verify, for scripts.
#[derive(Debug, Serialize)]
pub struct FindingRecord<'a> {
    #[serde(rename = "type")]
    ty: &'static str,
    id: &'a str,
    #[serde(flatten)]
    path: PathField,
    what: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<&'a str>,
    shared: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    repaired: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unrepaired: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    anew: Option<Anew>,
}

/// How certain a record is that was made anew.
#[derive(Debug, Serialize)]
struct Anew {
    proven: bool,
    unattested: u64,
    differs: bool,
    guessed: bool,
}

impl<'a> FindingRecord<'a> {
    /// The record of a finding at `path` in snapshot `id`; `shared` are the ids of the other
    /// snapshots that have the same damage.
    pub fn new(id: &'a str, path: &[u8], what: &'a str, shared: &'a [String]) -> FindingRecord<'a> {
        let path = PathField::new(path);
        FindingRecord {
            ty: "finding",
            id,
            path,
            what,
            expected: None,
            found: None,
            shared,
            repaired: None,
            unrepaired: None,
            anew: None,
        }
    }

    /// Adds what should be there and what is.
    #[must_use]
    pub fn values(mut self, expected: Option<&'a str>, found: Option<&'a str>) -> Self {
        (self.expected, self.found) = (expected, found);
        self
    }

    /// Adds how certain a record is that was made anew: whether a hash proves it, how many entries nobody
    /// attests, whether something is known to be other than saved, whether its place is a guess.
    #[must_use]
    pub fn anew(mut self, proven: bool, unattested: u64, differs: bool, guessed: bool) -> Self {
        self.anew = Some(Anew { proven, unattested, differs, guessed });
        self
    }

    /// Adds what a repair did: where the good bytes are from, or why it is left.
    #[must_use]
    pub fn repair(mut self, from: Option<&'a str>, left: Option<&'a str>) -> Self {
        (self.repaired, self.unrepaired) = (from, left);
        self
    }
}
