//! `rotation`: what retention decided on a snapshot, and why.

use serde::Serialize;

/// A decision of retention, for scripts.
#[derive(Debug, Serialize)]
pub struct RotationRecord<'a> {
    #[serde(rename = "type")]
    ty: &'static str,
    id: &'a str,
    action: &'a str,
    reasons: &'a [String],
}

impl<'a> RotationRecord<'a> {
    /// The record of a decision; `action` is `keep` or `remove`.
    pub fn new(id: &'a str, action: &'a str, reasons: &'a [String]) -> RotationRecord<'a> {
        RotationRecord { ty: "rotation", id, action, reasons }
    }
}
