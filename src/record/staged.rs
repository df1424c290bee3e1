//! `staged`: a tree that waits in a sink to become a snapshot; links `emu-link-snapshot` with
//! `emu-commit-snapshot`, which reads it.

use crate::error::{Error, Kind, Result};
use crate::tree::Digest;
use serde::{Deserialize, Serialize};

/// A staged tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StagedRecord {
    #[serde(rename = "type")]
    ty: String,
    /// Name of the staging.
    pub txid: String,
    /// UUID of the sink that it is in.
    pub sink: String,
    /// The snapshot that it was compared with: HEAD at that time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// SHA-256 of the staged manifest.
    pub manifest: Digest,
    /// Its tree hash.
    pub tree: Digest,
    /// Entries, the root included.
    pub entries: u64,
    /// How many entries could not be saved.
    pub unread: u64,
}

impl StagedRecord {
    /// The record of a staged tree; the fields are set by their names.
    pub fn new(txid: &str, sink: &str, manifest: Digest, tree: Digest) -> StagedRecord {
        StagedRecord {
            ty: "staged".to_owned(),
            txid: txid.to_owned(),
            sink: sink.to_owned(),
            parent: None,
            manifest,
            tree,
            entries: 0,
            unread: 0,
        }
    }

    /// Reads a record that another program wrote. An `error` record in its place is that
    /// program's failure, with its class and its hint.
    ///
    /// # Errors
    /// The line is no such record, or its writer failed.
    pub fn parse(line: &[u8]) -> Result<StagedRecord> {
        #[derive(Deserialize)]
        struct Failure {
            class: String,
            message: String,
            hint: Option<String>,
        }
        let cannot = "cannot read the staged record";
        if let Some(record) = serde_json::from_slice::<StagedRecord>(line).ok().filter(|r| r.ty == "staged") {
            return Ok(record);
        }
        match serde_json::from_slice::<Failure>(line) {
            Ok(failure) => {
                let kind = Kind::from_class(&failure.class).unwrap_or(Kind::Failed);
                let error = Error::new(kind, cannot).because(failure.message);
                Err(match failure.hint {
                    Some(hint) => error.hint(hint),
                    None => error,
                })
            }
            Err(_) => Err(Error::usage(cannot)
                .because("the line is no record of type 'staged'")
                .hint("emu-link-snapshot writes it")),
        }
    }
}
