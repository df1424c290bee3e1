//! Which listed snapshots are known to have no sound manifest, without reading one: the file is
//! not there, or the last verify said so.

use super::{Node, Sink, layout};
use crate::error::errno_text;
use crate::fs::{self, Dir};
use crate::tree::Kind;
use serde::Deserialize;

/// The largest note of a verify that is read, in bytes.
const MAX_NOTE: u64 = 1 << 16;

/// What a snapshot whose manifest is unsound has as `manifest` in its note of the last verify.
pub const UNSOUND: &str = "unsound";

/// What others than verify want to know of its note in `verified/ID`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Note {
    /// How many findings there were.
    pub(super) findings: u64,
    manifest: Option<String>,
}

impl Note {
    /// The note of the last verify of a snapshot. One that cannot be read is none.
    pub(super) fn read(verified: &Dir, id: &str) -> Option<Note> {
        let content = fs::read_limited(verified, id.as_bytes(), MAX_NOTE).ok()?;
        serde_json::from_slice(&content).ok()
    }
}

/// Tells snapshots without a sound manifest from the others. Holds two directories open.
#[derive(Debug)]
pub struct Soundness {
    manifests: fs::Result<Dir>,
    verified: Option<Dir>,
}

impl Soundness {
    /// For the snapshots of this sink.
    pub fn of(sink: &Sink) -> Soundness {
        let manifests = sink.emu().open_dir(layout::MANIFESTS);
        Soundness { manifests, verified: sink.emu().open_dir(layout::VERIFIED).ok() }
    }

    /// What is known to be wrong with the manifest of a snapshot, in a few words. Costs one look at
    /// the file, and its note if a verify left one; `None` does not say that the manifest is sound.
    pub fn damage(&self, node: &Node) -> Option<String> {
        let stat = self.manifests.as_ref().map_err(|errno| *errno);
        match stat.and_then(|dir| dir.stat(node.id.as_bytes())) {
            Ok(stat) if stat.kind != Kind::File => return Some("its manifest is no file".into()),
            Ok(stat) if stat.size == 0 => return Some("its manifest is empty".into()),
            Ok(_) => {}
            Err(fs::Errno::NOENT) => return Some("its manifest is missing".into()),
            Err(errno) => return Some(format!("its manifest cannot be looked at: {}", errno_text(errno))),
        }
        let note = self.verified.as_ref().and_then(|verified| Note::read(verified, &node.id));
        let is_unsound = note.is_some_and(|note| note.manifest.as_deref() == Some(UNSOUND));
        is_unsound.then(|| "its manifest was found unsound by the last verify".into())
    }
}
