//! Root in somebody else's source: what the owner wrote there must not steer root.

use super::{Source, layout};
use crate::error::{Error, Result};
use crate::fs::{self, Dir, Stat};
use crate::quote::quoted_path;

/// Not root's, or writable by others; the sticky bit keeps others from replacing what is root's.
fn is_foreign(stat: &Stat) -> bool {
    let shared = stat.mode & 0o022 != 0 && stat.mode & 0o1000 == 0 && stat.kind != crate::tree::Kind::Symlink;
    stat.uid != 0 || shared
}

impl Source {
    /// What makes the source's own settings untrustworthy for root; `None` for other users, and
    /// where the operator named the source in `safe.directory`.
    pub fn distrust(&self, safe: &[String]) -> Option<String> {
        if !rustix::process::geteuid().is_root() {
            return None;
        }
        let own = self.path.to_string_lossy();
        if safe.iter().any(|dir| dir == "*" || dir.trim_end_matches('/') == own) {
            return None;
        }
        let foreign = |stat: fs::Result<Stat>| stat.map_or(true, |stat| is_foreign(&stat));
        for dir in self.path.ancestors() {
            if foreign(fs::open_operator(dir).and_then(|dir| dir.stat_self())) {
                return Some(format!("{} is not root's alone", quoted_path(dir)));
            }
        }
        let inside = |dir: &Dir, below: &str| {
            let items = dir.list().unwrap_or_default();
            let bad = items.into_iter().find(|item| foreign(dir.stat(&item.name)));
            bad.map(|item| {
                format!(
                    "{} is not root's alone",
                    quoted_path(
                        &self
                            .path
                            .join(below)
                            .join(std::ffi::OsStr::new(String::from_utf8_lossy(&item.name).as_ref()))
                    )
                )
            })
        };
        if foreign(self.emu.stat_self()) {
            return Some(format!("{} is not root's alone", quoted_path(&self.path.join(".emu"))));
        }
        let below = |name: &[u8], path| self.emu.open_dir(name).ok().and_then(|dir| inside(&dir, path));
        inside(&self.emu, ".emu")
            .or_else(|| below(layout::SINKS, ".emu/sinks"))
            .or_else(|| below(layout::HOOKS, ".emu/hooks"))
    }

    /// Refuses to go on with settings that are not to be trusted.
    ///
    /// # Errors
    /// [`crate::error::Kind::NotFound`] with the way to allow it.
    pub fn require_trust(&self, safe: &[String]) -> Result<()> {
        match self.distrust(safe) {
            None => Ok(()),
            Some(why) => {
                Err(Error::not_found(format!("cannot trust the settings of {}", quoted_path(&self.path)))
                    .because(why)
                    .hint(format!(
                        "to allow it: emu config --system add safe.directory {}",
                        crate::quote::quoted_path(&self.path)
                    )))
            }
        }
    }
}
