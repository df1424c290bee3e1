//! Which configuration file is meant: the source's, a sink's, the user's or the system's.

use super::{Context, Opened};
use crate::config::{Layer, Setting};
use crate::error::{Doing as _, Error, Result};
use crate::fs::{self, Dir};
use crate::quote::quoted_path;
use crate::sink::{SinkLock, Wait, layout};
use crate::snapshot;
use crate::source::{Source, SourceLock};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// The largest configuration file that is read, in bytes.
const MAX_CONFIG: u64 = 1 << 20;

/// Which file.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct ScopeArgs {
    /// The sink's own file
    #[arg(long, value_name = "SINK", global = true, conflicts_with_all = ["user", "system"])]
    sink: Option<String>,

    /// The user's file: $XDG_CONFIG_HOME/emu/config or ~/.config/emu/config
    #[arg(long, global = true, conflicts_with = "system")]
    user: bool,

    /// The system's file: /etc/emu/config
    #[arg(long, global = true)]
    system: bool,
}

/// A configuration file.
pub(super) enum Scope {
    /// That of the source.
    Source(Source),
    /// That of a sink.
    Sink(Opened),
    /// That of the user or the system, in this directory.
    Operator(PathBuf),
}

/// What is held while a file is changed.
pub(super) enum Held {
    Source { _lock: SourceLock },
    Sink { _lock: SinkLock },
    Nothing,
}

impl ScopeArgs {
    /// The settings of the file that was named, or all that apply.
    ///
    /// # Errors
    /// A file cannot be read or understood.
    pub(super) fn settings(&self, context: &Context) -> Result<Vec<Setting>> {
        let named = self.sink.is_some() || self.user || self.system;
        if !named {
            return Ok(context.config(context.try_source().as_ref())?.settings());
        }
        let scope = self.to_change(context)?;
        let layer = Layer::parse(&scope.path().to_string_lossy(), &scope.text()?)?;
        Ok(crate::config::Config::new(vec![layer]).settings())
    }

    /// The file that is to be changed.
    ///
    /// # Errors
    /// There is no such sink or source, or no home directory.
    pub(super) fn to_change(&self, context: &Context) -> Result<Scope> {
        if let Some(sink) = &self.sink {
            return context.open_sink(sink).map(Scope::Sink);
        }
        if self.system {
            return Ok(Scope::Operator(PathBuf::from("/etc/emu")));
        }
        if self.user {
            let none = || Error::not_found("there is no file of the user").because("HOME is not set");
            return super::context::user_directory().map(Scope::Operator).ok_or_else(none);
        }
        context.source().map(Scope::Source)
    }
}

impl Scope {
    /// The file.
    pub(super) fn path(&self) -> PathBuf {
        match self {
            Scope::Source(source) => source.path.join(".emu/config"),
            Scope::Sink(opened) => opened.sink.path.join(".emu/config"),
            Scope::Operator(dir) => dir.join("config"),
        }
    }

    /// Its text; empty if there is none.
    ///
    /// # Errors
    /// It cannot be read, or is not UTF-8.
    pub(super) fn text(&self) -> Result<String> {
        let cannot = || format!("cannot read {}", quoted_path(&self.path()));
        let content = match self {
            Scope::Source(source) => fs::read_limited(source.emu(), layout::CONFIG, MAX_CONFIG),
            Scope::Sink(opened) => fs::read_limited(opened.sink.emu(), layout::CONFIG, MAX_CONFIG),
            Scope::Operator(dir) => {
                fs::open_operator(dir).and_then(|dir| fs::read_limited(&dir, layout::CONFIG, MAX_CONFIG))
            }
        };
        match content {
            Err(fs::Errno::NOENT) => Ok(String::new()),
            content => String::from_utf8(content.doing(cannot)?)
                .map_err(|_| Error::usage(cannot()).because("it is not UTF-8")),
        }
    }

    /// Locks what the file belongs to.
    ///
    /// # Errors
    /// It is locked.
    pub(super) fn lock(&self, wait: Wait, context: &Context) -> Result<Held> {
        Ok(match self {
            Scope::Source(source) => Held::Source { _lock: source.lock(context.command, wait)? },
            Scope::Sink(opened) => {
                let observer = context.ui.observer();
                Held::Sink { _lock: snapshot::tidy(&opened.sink, wait, context.command, &observer)? }
            }
            Scope::Operator(_) => Held::Nothing,
        })
    }

    /// Puts a new text in place.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn write(&self, text: &str) -> Result<()> {
        let cannot = || format!("cannot write {}", quoted_path(&self.path()));
        let write = |dir: &Dir| fs::replace_file(dir, layout::CONFIG, text.as_bytes()).doing(cannot);
        match self {
            Scope::Source(source) => write(source.emu()),
            Scope::Sink(opened) => write(opened.sink.emu()),
            Scope::Operator(dir) => write(&ensured(dir).doing(cannot)?),
        }
    }
}

/// A directory, made with those above it that are missing.
fn ensured(path: &Path) -> fs::Result<Dir> {
    match fs::open_operator(path) {
        Err(fs::Errno::NOENT) => {
            let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
                return Err(fs::Errno::NOENT);
            };
            ensured(parent)?.ensure_dir(name.as_bytes(), 0o755)
        }
        opened => opened,
    }
}
