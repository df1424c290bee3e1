//! What a staging is for and how far it is: the one file that tells, after a crash, whether a
//! push was cut off before or after its point of no return.

use super::{Lock, Sink, layout};
use crate::error::{Doing as _, Error, Result};
use crate::fs::{self, Dir};
use crate::tree::Time;
use serde::{Deserialize, Serialize};

/// How far a staging is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Being filled; nothing in it is proven.
    Open,
    /// Filled by plumbing, waiting for `emu-commit-snapshot` with its txid.
    Staged,
    /// Everything is durable; the snapshot `id` is being published.
    Sealed,
}

/// Stands in `staging/<txid>/intent`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// Version of this record.
    pub v: u32,
    /// The staging's own name.
    pub txid: String,
    /// How far it is.
    pub stage: Stage,
    /// Boot of the machine that filled it.
    pub boot_id: String,
    /// The snapshot that its tree was compared with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// The snapshot that is being published; with `Sealed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its place in the history; with `Sealed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// Its name for people; with `Sealed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The manifest's digest; with `Staged`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<crate::tree::Digest>,
    /// What the push counted; with `Staged`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft: Option<serde_json::Value>,
}

impl Intent {
    /// A staging that begins now.
    pub fn open(txid: &str, parent: Option<String>) -> Intent {
        Intent {
            v: 1,
            txid: txid.to_owned(),
            stage: Stage::Open,
            boot_id: fs::boot_id(),
            parent,
            id: None,
            seq: None,
            name: None,
            manifest: None,
            draft: None,
        }
    }

    /// Writes the intent into its staging, durably.
    ///
    /// # Errors
    /// The system's.
    pub fn write(&self, sink: &Sink, staging: &Dir) -> Result<()> {
        let cannot = || format!("cannot write the intent of a staging in {}", sink.inside(layout::STAGING));
        let text = serde_json::to_string(self).doing(cannot)? + "\n";
        fs::put_file(staging, layout::INTENT, text.as_bytes()).doing(cannot)?;
        sink.make_durable(staging)
    }

    /// Reads the intent of a staging; `Ok(None)` if there is none: it was cut off at once.
    ///
    /// # Errors
    /// It is there and cannot be read, so that nothing is known of the staging.
    pub fn read(staging: &Dir) -> Result<Option<Intent>> {
        let cannot = || "cannot read the intent of a staging";
        match fs::read_limited(staging, layout::INTENT, 1 << 24) {
            Err(fs::Errno::NOENT) => Ok(None),
            content => serde_json::from_slice(&content.doing(cannot)?).map(Some).doing(cannot),
        }
    }
}

/// A staging: its name, and what its intent says.
pub type Named = (String, Result<Option<Intent>>);

/// What a staging is to whoever meets it and holds no lock of it.
#[derive(Debug)]
pub enum Standing {
    /// Somebody works in it.
    Held,
    /// Nobody comes back for it, and nothing refers to it. `since`: when a push began to fill it that
    /// another can go on with; `None` if what is there says nothing.
    CutOff {
        /// By the clock of the sink's file system.
        since: Option<Time>,
    },
    /// Plumbing filled it, and will commit it.
    Waiting {
        /// By the clock of the sink's file system.
        since: Time,
    },
    /// A snapshot that is being published, or would be listed already had nothing cut that off.
    Sealed(Intent),
    /// It may be one that is being published.
    Unknown(Error),
}

impl Sink {
    /// The names and intents of all stagings.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn stagings(&self) -> Result<Vec<Named>> {
        let dir = self.dir(layout::STAGING)?;
        let items = dir.list().doing(|| format!("cannot list {}", self.inside(layout::STAGING)))?;
        let read = |name: &[u8]| match dir.open_dir(name) {
            Err(fs::Errno::NOENT) => Ok(None),
            staging => Intent::read(&staging.doing(|| "cannot open a staging")?),
        };
        let named = |name: Box<[u8]>| (String::from_utf8_lossy(&name).into_owned(), read(&name));
        Ok(items.into_iter().map(|item| named(item.name)).collect())
    }

    /// All stagings, and what each is. Changes nothing.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn standings(&self) -> Result<Vec<(String, Standing)>> {
        let dir = self.dir(layout::STAGING)?;
        let stand = |(txid, intent): Named| {
            let standing = classify(&dir, txid.as_bytes(), intent).unwrap_or_else(Standing::Unknown);
            (txid, standing)
        };
        Ok(self.stagings()?.into_iter().map(stand).collect())
    }
}

fn classify(stagings: &Dir, txid: &[u8], intent: Result<Option<Intent>>) -> Result<Standing> {
    let cannot = || "cannot look into a staging";
    let intent = match intent {
        Ok(Some(intent)) if intent.stage == Stage::Sealed => return Ok(Standing::Sealed(intent)),
        Err(error) if error.errno().is_some() => return Err(error),
        intent => intent,
    };
    let staging = match stagings.open_dir(txid) {
        // Gone just now.
        Err(fs::Errno::NOENT) => return Ok(Standing::CutOff { since: None }),
        staging => staging.doing(cannot)?,
    };
    if Lock::is_held(&staging, layout::LOCK) {
        return Ok(Standing::Held);
    }
    let since = || staging.stat(layout::INTENT).map(|stat| stat.mtime).doing(cannot);
    Ok(match intent {
        Ok(Some(Intent { stage: Stage::Staged, .. })) => Standing::Waiting { since: since()? },
        Ok(Some(_)) => Standing::CutOff { since: Some(since()?) },
        // Garbage: with a node, something may refer to it.
        Err(error) if staging.stat_if_there(layout::NODE).doing(cannot)?.is_some() => return Err(error),
        Ok(None) | Err(_) => Standing::CutOff { since: None },
    })
}
