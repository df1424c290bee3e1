//! Writes excludes that fit a kind of source.

use super::Source;
use crate::error::{Doing as _, Error, Result};
use crate::fs::{self, Errno};
use crate::quote::quoted_path;
use crate::sink::layout;

/// The excludes that `init` writes without a preset: comments alone.
pub(super) const INITIAL: &str = include_str!("samples/excludes");

/// A kind of source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Preset {
    /// A home directory.
    Home,
    /// A whole system.
    System,
    /// Programming projects.
    Project,
}

impl Preset {
    /// The text of `.emu/excludes`.
    pub fn excludes(self) -> &'static str {
        match self {
            Preset::Home => include_str!("samples/presets/home"),
            Preset::System => include_str!("samples/presets/system"),
            Preset::Project => include_str!("samples/presets/project"),
        }
    }
}

impl Source {
    /// Whether nobody has changed the excludes since `init` wrote them without a preset.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn has_initial_excludes(&self) -> Result<bool> {
        self.has_excludes(INITIAL)
    }

    /// Replaces the initial excludes by those of a preset.
    ///
    /// # Errors
    /// The source has other excludes already, or they cannot be written.
    pub fn apply_preset(&self, preset: Preset) -> Result<()> {
        let path = quoted_path(&self.path.join(".emu/excludes"));
        if self.has_excludes(preset.excludes())? {
            return Ok(());
        }
        if !self.has_initial_excludes()? {
            return Err(Error::failed(format!("cannot write {path}"))
                .because("it has other excludes already")
                .hint("rename the file, run the command again, and add its lines to the new file"));
        }
        fs::replace_file(self.emu(), layout::EXCLUDES, preset.excludes().as_bytes())
            .doing(|| format!("cannot write {path}"))
    }

    /// Whether the source has these excludes; a missing file is the initial one.
    fn has_excludes(&self, text: &str) -> Result<bool> {
        match fs::read_limited(self.emu(), layout::EXCLUDES, 1 << 22) {
            Err(Errno::NOENT) => Ok(text == INITIAL),
            content => {
                let path = self.path.join(".emu/excludes");
                Ok(content.doing(|| format!("cannot read {}", quoted_path(&path)))? == text.as_bytes())
            }
        }
    }
}
