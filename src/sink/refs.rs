//! HEAD, `latest` and the names for people: derived from nodes, put in place by rename, never
//! removed first.

use super::{Sink, SinkLock, layout, node};
use crate::error::{Doing as _, Result};
use crate::fs;

impl Sink {
    /// What HEAD says: `Ok(None)` if the file is missing, `Err` if it is no id.
    pub(super) fn read_head(&self) -> std::result::Result<Option<String>, ()> {
        match fs::read_limited(&self.emu, layout::HEAD, 4096) {
            Err(fs::Errno::NOENT) => Ok(None),
            Err(_) => Err(()),
            Ok(content) => {
                let text = String::from_utf8(content).map_err(|_| ())?;
                let id = text.trim_end();
                if node::is_id(id) { Ok(Some(id.to_owned())) } else { Err(()) }
            }
        }
    }

    /// Moves HEAD, durably.
    ///
    /// # Errors
    /// The system's; the old HEAD stands.
    pub fn set_head(&self, _: &SinkLock, id: &str) -> Result<()> {
        let text = format!("{id}\n");
        self.with_room(|| fs::put_file(&self.emu, layout::HEAD, text.as_bytes()))
            .doing(|| format!("cannot write {}", self.inside(layout::HEAD)))?;
        self.make_durable(&self.emu)
    }

    /// Points `latest` at a snapshot.
    ///
    /// # Errors
    /// The system's; the old link stands.
    pub fn set_latest(&self, lock: &SinkLock, id: &str) -> Result<()> {
        self.point(lock, layout::LATEST, id)
    }

    /// Gives a snapshot its name for people.
    ///
    /// # Errors
    /// The system's.
    pub fn set_name(&self, lock: &SinkLock, name: &str, id: &str) -> Result<()> {
        self.point(lock, name.as_bytes(), id)
    }

    fn point(&self, _: &SinkLock, name: &[u8], id: &str) -> Result<()> {
        let cannot = || format!("cannot make the link {}", crate::quote::quoted(name));
        let temporary = [b".emu-", name].concat();
        match self.root.remove_file(&temporary) {
            Ok(()) | Err(fs::Errno::NOENT) => {}
            Err(errno) => return Err(errno).doing(cannot),
        }
        self.root.make_symlink(layout::tree_target(id).as_bytes(), &temporary).doing(cannot)?;
        // Already right: rename(2) of one link over itself would do nothing.
        self.root.rename(&temporary, &self.root, name).doing(cannot)?;
        self.make_durable(&self.root)
    }

    /// The names at the sink's root and the snapshots that they lead to.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn names(&self) -> Result<Vec<(String, String)>> {
        let items =
            self.root.list().doing(|| format!("cannot list {}", crate::quote::quoted_path(&self.path)))?;
        let lead = |name: &[u8]| {
            let target = self.root.read_link(name).ok()?;
            Some((String::from_utf8(name.into()).ok()?, layout::id_of_target(&target)?.to_owned()))
        };
        Ok(items.iter().filter(|item| !item.is_dir).filter_map(|item| lead(&item.name)).collect())
    }

    /// Removes the names of a snapshot that is gone; `latest` then leads to `newest`.
    ///
    /// # Errors
    /// The system's.
    pub fn drop_names(&self, lock: &SinkLock, id: &str, newest: Option<&str>) -> Result<()> {
        for (name, leads_to) in self.names()? {
            if leads_to != id {
                continue;
            }
            match newest {
                Some(newest) if name.as_bytes() == layout::LATEST => self.set_latest(lock, newest)?,
                _ => match self.root.remove_file(name.as_bytes()) {
                    Ok(()) | Err(fs::Errno::NOENT) => {}
                    Err(errno) => return Err(errno).doing(|| format!("cannot remove the link {name}")),
                },
            }
        }
        Ok(())
    }

    /// A name for people that is free: local time, and `-2` and so on when it is taken.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn free_name(&self, time: jiff::Timestamp) -> Result<String> {
        let zone = jiff::tz::TimeZone::system();
        let base = time.to_zoned_datetime(zone).strftime("%Y-%m-%d-%H%M%S").to_string();
        let mut name = base.clone();
        for n in 2_u64.. {
            let taken = self.root.stat_if_there(name.as_bytes());
            if taken.doing(|| format!("cannot look up {name}"))?.is_none() {
                break;
            }
            name = format!("{base}-{n}");
        }
        Ok(name)
    }
}
