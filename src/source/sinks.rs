//! The sinks that a source knows: `.emu/sinks/<name>`, one record each.

use super::{Source, layout};
use crate::error::{Doing as _, Error, Result};
use crate::fs::{self, Dir};
use crate::quote::{quoted, quoted_path};
use crate::sink::Sink;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Where a sink is and which one it must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SinkRef {
    /// Its name in this source; stands in the file's name.
    #[serde(skip)]
    pub name: String,
    /// Absolute path.
    pub path: PathBuf,
    /// UUID that the sink there must have.
    pub id: String,
    /// Whether its absence is no failure.
    #[serde(default)]
    pub optional: bool,
    /// Place in the order in which sinks were added.
    #[serde(default)]
    pub order: u64,
}

/// Whether a sink can have this name: letters, digits, `-`, `_` and `.`, a letter or digit first.
fn is_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        && !crate::sink::rev::looks_like_revision(name)
}

impl Source {
    fn sinks_dir(&self) -> Result<Dir> {
        self.emu
            .ensure_dir(layout::SINKS, 0o700)
            .doing(|| format!("cannot open {}", quoted_path(&self.path.join(".emu/sinks"))))
    }

    /// The sinks in the order in which they were added.
    ///
    /// # Errors
    /// A record cannot be read.
    pub fn sinks(&self) -> Result<Vec<SinkRef>> {
        let dir = self.sinks_dir()?;
        let items = dir.list().doing(|| "cannot list the source's sinks")?;
        let mut sinks = Vec::new();
        for item in items {
            let name = String::from_utf8_lossy(&item.name).into_owned();
            if !is_name(&name) || name.ends_with(".new") {
                continue;
            }
            let cannot = || format!("cannot read {}", quoted_path(&self.path.join(".emu/sinks").join(&name)));
            let content = fs::read_limited(&dir, &item.name, 64 * 1024).doing(cannot)?;
            // One that is damaged must not keep the others from being used.
            let unreadable = || SinkRef {
                name: String::new(),
                path: PathBuf::new(),
                id: String::new(),
                optional: false,
                order: u64::MAX,
            };
            let sink: SinkRef = serde_json::from_slice(&content).unwrap_or_else(|_| unreadable());
            sinks.push(SinkRef { name, ..sink });
        }
        sinks.sort_by(|a, b| a.order.cmp(&b.order).then_with(|| a.name.cmp(&b.name)));
        Ok(sinks)
    }

    /// The sink of this name.
    ///
    /// # Errors
    /// [`crate::error::Kind::NotFound`] if there is none.
    pub fn sink(&self, name: &str) -> Result<SinkRef> {
        let sinks = self.sinks()?;
        let names: Vec<String> = sinks.iter().map(|sink| sink.name.clone()).collect();
        sinks.into_iter().find(|sink| sink.name == name).ok_or_else(|| {
            let error = Error::not_found(format!("no sink {}", quoted(name)));
            if names.is_empty() {
                error.hint("`emu sink add PATH` adds one")
            } else {
                error.hint(format!("the sinks are: {}; a path to a sink has a '/' in it", names.join(", ")))
            }
        })
    }

    /// Makes sure that a new sink can have this name, and returns the sinks there are.
    ///
    /// # Errors
    /// The name is taken or no name.
    pub fn check_new_name(&self, name: &str) -> Result<Vec<SinkRef>> {
        let cannot = || format!("cannot call a sink {}", quoted(name));
        if !is_name(name) || name.ends_with(".new") {
            return Err(Error::usage(cannot())
                .because("a name has letters, digits, '-', '_' and '.', and is not like a revision"));
        }
        let others = self.sinks()?;
        match others.iter().find(|other| other.name == name) {
            None => Ok(others),
            Some(other) => Err(Error::failed(cannot())
                .because(format!("it is the name of the sink at {}", quoted_path(&other.path)))
                .hint("choose another name")),
        }
    }

    /// Remembers a sink.
    ///
    /// # Errors
    /// The name is taken or no name, or the record cannot be written.
    pub fn add_sink(&self, name: &str, sink: &Sink, optional: bool) -> Result<SinkRef> {
        let cannot = || format!("cannot add the sink {}", quoted(name));
        let others = self.check_new_name(name)?;
        if let Some(other) = others.iter().find(|other| other.id == sink.info.id) {
            return Err(
                Error::failed(cannot()).because(format!("the same sink is known as {}", quoted(&other.name)))
            );
        }
        let order = others.iter().map(|other| other.order).max().unwrap_or(0) + 1;
        let path = super::absolute(&sink.path)?;
        let record = SinkRef { name: name.to_owned(), path, id: sink.info.id.clone(), optional, order };
        self.set_sink(&record)?;
        Ok(record)
    }

    /// Writes the record of a sink, in place of the one of this name.
    ///
    /// # Errors
    /// The system's; the old record stands.
    pub fn set_sink(&self, record: &SinkRef) -> Result<()> {
        let cannot = || format!("cannot remember the sink {}", quoted(&record.name));
        let text = serde_json::to_string(record).doing(cannot)? + "\n";
        fs::replace_file(&self.sinks_dir()?, record.name.as_bytes(), text.as_bytes()).doing(cannot)
    }

    /// Forgets a sink. Its data stays.
    ///
    /// # Errors
    /// There is no such sink, or its record cannot be removed.
    pub fn forget_sink(&self, name: &str) -> Result<SinkRef> {
        let sink = self.sink(name)?;
        let dir = self.sinks_dir()?;
        dir.remove_file(name.as_bytes()).doing(|| format!("cannot forget the sink {}", quoted(name)))?;
        dir.sync().doing(|| format!("cannot forget the sink {}", quoted(name)))?;
        Ok(sink)
    }

    /// Gives a sink another name.
    ///
    /// # Errors
    /// As [`Source::check_new_name`]; there is no such sink, or the system's. The old name stands.
    pub fn rename_sink(&self, name: &str, new: &str) -> Result<()> {
        let cannot = || format!("cannot rename the sink {} to {}", quoted(name), quoted(new));
        self.check_new_name(new)?;
        let dir = self.sinks_dir()?;
        dir.rename_new(name.as_bytes(), &dir, new.as_bytes()).doing(cannot)?;
        dir.sync().doing(cannot)
    }

    /// Makes sure that the record of a sink could be read.
    ///
    /// # Errors
    /// [`crate::error::Kind::NotFound`] if it could not.
    pub fn check_record(&self, known: &SinkRef) -> Result<()> {
        if !known.id.is_empty() {
            return Ok(());
        }
        let record = self.path.join(".emu/sinks").join(&known.name);
        Err(Error::not_found(format!("cannot use the sink {}", quoted(&known.name)))
            .because(format!("{} is no record of a sink", quoted_path(&record)))
            .hint(format!("emu sink rm {0}, then emu sink add {0} PATH", known.name)))
    }

    /// Opens a known sink and makes sure that it is the one that was added.
    ///
    /// # Errors
    /// [`crate::error::Kind::NotFound`] if it is missing, another one, or of another source.
    pub fn open_sink(&self, known: &SinkRef) -> Result<Sink> {
        self.check_record(known)?;
        let sink = Sink::open(&known.path)?;
        let wrong = |why: String| {
            Error::not_found(format!(
                "cannot use the sink {} at {}",
                quoted(&known.name),
                quoted_path(&known.path)
            ))
            .because(why)
            .hint("is the right disk mounted there?")
        };
        if sink.info.id != known.id {
            return Err(wrong(format!("it is the sink {}, not {}", sink.info.id, known.id)));
        }
        if sink.info.source != self.id {
            return Err(wrong(format!(
                "it belongs to the source {}, this one is {}",
                sink.info.source, self.id
            )));
        }
        Ok(sink)
    }
}

/// A source whose identity was lost gets it back from a sink that it knows.
pub(super) fn id_from_sinks(emu: &Dir) -> Option<String> {
    let dir = emu.open_dir(layout::SINKS).ok()?;
    dir.list().ok()?.iter().find_map(|item| {
        let content = fs::read_limited(&dir, &item.name, 64 * 1024).ok()?;
        let known: SinkRef = serde_json::from_slice(&content).ok()?;
        let sink = Sink::open(&known.path).ok()?;
        (sink.info.id == known.id).then_some(sink.info.source)
    })
}
