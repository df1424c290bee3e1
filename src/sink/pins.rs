//! Pins: what no rotation removes, for good or until a time.

use super::{Sink, SinkLock, layout, node};
use crate::error::{Doing as _, Result};
use crate::fs;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The largest pin that is read, in bytes.
const MAX_PIN: u64 = 4096;

#[derive(Serialize, Deserialize)]
struct Pin {
    v: u32,
    until: String,
}

impl Sink {
    /// Ids that are pinned now, and until when, if not for good. A pin that cannot be read is one
    /// for good.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub(super) fn pins(&self) -> Result<BTreeMap<String, Option<Timestamp>>> {
        let dir = self.dir(layout::PINS)?;
        let items = dir.list().doing(|| format!("cannot list {}", self.inside(layout::PINS)))?;
        let names = items.into_iter().filter_map(|item| String::from_utf8(item.name.into()).ok());
        let read = |id: String| {
            let content = fs::read_limited(&dir, id.as_bytes(), MAX_PIN).unwrap_or_default();
            let pin = serde_json::from_slice::<Pin>(&content).ok().filter(|pin| pin.v == 1);
            (id, pin.and_then(|pin| pin.until.parse::<Timestamp>().ok()))
        };
        let now = crate::clock::now();
        let pins = names.filter(|name| node::is_id(name)).map(read);
        Ok(pins.filter(|(_, until)| until.is_none_or(|until| until > now)).collect())
    }

    /// Pins a snapshot, for good or until a time, in place of what pin it may have.
    ///
    /// # Errors
    /// The system's.
    pub fn pin(&self, _: &SinkLock, id: &str, until: Option<Timestamp>) -> Result<()> {
        let cannot = || format!("cannot pin {id}");
        let content = match until {
            Some(until) => {
                let until = until.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
                serde_json::to_string(&Pin { v: 1, until }).doing(cannot)? + "\n"
            }
            None => String::new(),
        };
        let dir = self.dir(layout::PINS)?;
        fs::put_file(&dir, id.as_bytes(), content.as_bytes()).doing(cannot)?;
        self.make_durable(&dir)
    }

    /// Takes the pin of a snapshot away.
    ///
    /// # Errors
    /// The system's.
    pub fn unpin(&self, _: &SinkLock, id: &str) -> Result<()> {
        let dir = self.dir(layout::PINS)?;
        match dir.remove_file(id.as_bytes()) {
            Ok(()) | Err(fs::Errno::NOENT) => self.make_durable(&dir),
            Err(errno) => Err(errno).doing(|| format!("cannot unpin {id}")),
        }
    }
}
