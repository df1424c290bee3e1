//! `error`: why a command failed; the last record of a stream that ends early.

use crate::error::Error;
use serde::Serialize;

/// A failure, for scripts.
#[derive(Debug, Serialize)]
pub struct FailureRecord {
    #[serde(rename = "type")]
    ty: &'static str,
    class: &'static str,
    exit: u8,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

impl FailureRecord {
    /// The record of a failure.
    pub fn new(error: &Error) -> FailureRecord {
        FailureRecord {
            ty: "error",
            class: error.kind().class(),
            exit: error.kind().exit(),
            message: error.to_string(),
            hint: error.next_step().map(str::to_owned),
        }
    }
}
