//! The note of a checkout or a clone that was begun and not finished.

use super::layout;
use crate::fs::{self, Dir};
use serde::{Deserialize, Serialize};

/// A full checkout or a clone that was begun and not finished; stands in `SOURCE/.emu/checkout`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unfinished {
    /// Version of this record.
    pub v: u32,
    /// The snapshot that the source was to become.
    pub snapshot: String,
    /// Id of the sink that has it.
    pub sink: String,
    /// When it began, UTC.
    pub since: String,
    /// How its temporary files begin.
    pub temporary: String,
    /// What makes it a clone, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clone: Option<Cloned>,
}

/// What the note of a clone says beside that of a checkout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cloned {
    /// The sink or revision that was named.
    pub asked: String,
    /// The boot of the machine in which it began; empty if that could not be told.
    pub boot: String,
}

impl Unfinished {
    /// The note in a source's `.emu`, if there is one.
    pub fn read(emu: &Dir) -> Option<Unfinished> {
        let content = fs::read_limited(emu, layout::CHECKOUT, 64 * 1024).ok()?;
        let unfinished: Unfinished = serde_json::from_slice(&content).ok()?;
        let sound = unfinished.v == 1 && unfinished.temporary.starts_with(".emu-");
        // A prefix this short would fit files that are not ours.
        (sound && unfinished.temporary.len() >= 16).then_some(unfinished)
    }
}
