//! A sink whose own record is lost: what it is, from its snapshots.

use super::{Abilities, Catalog, Info, Sink, SinkLock, layout};
use crate::error::{Doing as _, Error, Result};
use crate::fs;
use crate::quote::quoted_path;
use std::path::Path;

impl Sink {
    /// A sink whose record is missing or cannot be read, with the ids that its newest snapshot names, or
    /// `id`. Nothing is written: what its file system can do is still to be found out, with
    /// [`Sink::probed`], and [`Sink::rewrite`] makes it a sink again.
    ///
    /// # Errors
    /// That of [`Sink::open`], if it has a record, or no snapshot that says what it is.
    pub fn inferred(path: &Path, id: Option<&str>) -> Result<Sink> {
        let error = match Sink::open(path) {
            Ok(sink) => return Ok(sink),
            Err(error) => error,
        };
        let Ok(root) = fs::open_operator(path) else { return Err(error) };
        let Ok(emu) = root.open_dir(layout::EMU) else { return Err(error) };
        if !is_without_record(&emu) {
            return Err(error);
        }
        let cannot = || format!("cannot open the sink {}", quoted_path(path));
        let abilities = Abilities { grain: 1, ..Abilities::default() };
        let info = Info { v: 1, id: String::new(), source: String::new(), abilities, machine: None };
        let mut sink = Sink { path: path.to_owned(), info, root, emu };
        let catalog = Catalog::listed(&sink)?;
        let newest = catalog.snapshots.last().map(|snapshot| &snapshot.node).ok_or_else(|| {
            Error::not_found(cannot()).because("its record is lost, and no snapshot says which sink it is")
        })?;
        sink.info.id = id.map_or_else(|| newest.sink.clone(), str::to_owned);
        sink.info.source.clone_from(&newest.source);
        Ok(sink)
    }
}

impl Sink {
    /// What the sink is, with the abilities that its file system shows now.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn probed(&self, _: &SinkLock) -> Result<Info> {
        let cannot = || format!("cannot find out what {} can do", quoted_path(&self.path));
        let abilities = Abilities::probe(&self.dir(layout::STAGING)?).doing(cannot)?;
        Ok(Info { abilities, ..self.info.clone() })
    }
}

/// Whether this is the `.emu` of a sink that has no record which could be one of a later version.
pub(super) fn is_without_record(emu: &fs::Dir) -> bool {
    let is_lost = match fs::read_limited(emu, layout::SINK, super::MAX_INFO) {
        Err(fs::Errno::NOENT) => true,
        Err(_) => false,
        Ok(content) => {
            let record = serde_json::from_slice::<serde_json::Value>(&content).ok();
            let version = record.and_then(|record| record.get("v")?.as_u64());
            version.is_none_or(|v| v <= 1) && super::parse_info(&content).is_err()
        }
    };
    is_lost && [layout::TREES, layout::NODES].iter().all(|name| emu.open_dir(name).is_ok())
}
