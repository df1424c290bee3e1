//! A source: the directory tree being saved. `.emu` at its root holds its id, its sinks, its
//! configuration and what is not saved.

mod excludes;
mod hooks;
mod owners;
mod pattern;
mod preset;
mod sinks;
mod trust;
mod unfinished;

pub use excludes::{Excludes, Patterns, Rule};
pub use hooks::{HOOKS, Hook, Told};
pub use owners::{owner_names, owner_numbers, user_name};
pub use preset::Preset;
pub use sinks::SinkRef;
pub use unfinished::{Cloned, Unfinished};

use crate::error::{Doing as _, Error, Result};
use crate::fs::{self, Dir};
use crate::quote::quoted_path;
use crate::sink::{Lock, Sink, Wait, layout, uuid};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Stands in `.emu/source`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Version of this record.
    pub v: u32,
    /// UUID of the source.
    pub id: String,
    /// The machine that made it.
    pub machine: String,
    /// It was cloned, and has adopted no sink yet: another tree may be the one that is saved there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub clone: bool,
}

/// An open source.
#[derive(Debug)]
pub struct Source {
    /// Absolute path of its root.
    pub path: PathBuf,
    /// UUID.
    pub id: String,
    /// Whether it was cloned and has adopted no sink yet.
    pub is_clone: bool,
    root: Arc<Dir>,
    emu: Dir,
}

/// A held lock on a source.
#[derive(Debug)]
pub struct SourceLock(Lock);

impl SourceLock {
    /// The clock of the source's file system.
    ///
    /// # Errors
    /// The system's.
    pub fn clock(&self) -> Result<crate::tree::Time> {
        self.0.touch()
    }
}

const CONFIG_TEMPLATE: &str = include_str!("samples/config");

impl Source {
    /// The source that `start` lies in: the nearest directory upward that has `.emu/source`.
    ///
    /// # Errors
    /// [`crate::error::Kind::NotFound`] if there is none.
    pub fn find(start: &Path) -> Result<Source> {
        let none = || {
            Error::not_found(format!("no source at or above {}", quoted_path(start)))
                .hint("`emu init` makes one; -S DIR names one")
        };
        let start = absolute(start)?;
        for dir in start.ancestors() {
            match fs::open_operator(dir) {
                Ok(root) => {
                    if let Some(source) = Source::open_root(dir, root)? {
                        return Ok(source);
                    }
                }
                Err(fs::Errno::NOENT | fs::Errno::NOTDIR) if dir == start => return Err(none()),
                Err(fs::Errno::ACCESS | fs::Errno::NOENT) => {}
                Err(errno) => return Err(errno).doing(|| format!("cannot open {}", quoted_path(dir))),
            }
        }
        Err(none())
    }

    /// The source whose root is `path` itself.
    ///
    /// # Errors
    /// [`crate::error::Kind::NotFound`] if it is none.
    pub fn open(path: &Path) -> Result<Source> {
        let path = absolute(path)?;
        let cannot = || format!("cannot open the source {}", quoted_path(&path));
        let root = match fs::open_operator(&path) {
            Err(fs::Errno::NOENT | fs::Errno::NOTDIR) => {
                return Err(Error::not_found(cannot())
                    .because("there is no such directory")
                    .hint("is its disk mounted?"));
            }
            result => result.doing(cannot)?,
        };
        Source::open_root(&path, root)?.ok_or_else(|| {
            Error::not_found(cannot())
                .because("the directory is no source")
                .hint("`emu init DIR` makes it one")
        })
    }

    /// The source whose root is `path`, if it is one.
    ///
    /// # Errors
    /// It cannot be told, or it is a source that cannot be read.
    pub fn at(path: &Path) -> Result<Option<Source>> {
        match Source::open(path) {
            Ok(source) => Ok(Some(source)),
            Err(error) if error.kind() == crate::error::Kind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn open_root(path: &Path, root: Dir) -> Result<Option<Source>> {
        let cannot = || format!("cannot open the source {}", quoted_path(path));
        let emu = match root.open_dir(layout::EMU) {
            Err(fs::Errno::NOENT | fs::Errno::NOTDIR | fs::Errno::LOOP) => return Ok(None),
            result => result.doing(cannot)?,
        };
        let content = match fs::read_limited(&emu, layout::SOURCE, 64 * 1024) {
            // A sink has a directory of this name; a source has a file.
            Err(fs::Errno::NOENT | fs::Errno::INVAL) => return Ok(None),
            result => result.doing(cannot)?,
        };
        let unreadable = || {
            Error::failed(cannot())
                .because("its .emu/source cannot be read")
                .hint("`emu init` repairs it; the id then comes back from the sinks")
        };
        let identity: Identity = serde_json::from_slice(&content).map_err(|_| unreadable())?;
        if identity.v != 1 {
            return Err(Error::not_found(cannot()).because("its format is newer than this program"));
        }
        Ok(Some(Source {
            path: path.to_owned(),
            id: identity.id,
            is_clone: identity.clone,
            root: Arc::new(root),
            emu,
        }))
    }

    /// Makes `path` a source, or completes one in which something is missing. Overwrites nothing.
    /// Returns whether it is new.
    ///
    /// # Errors
    /// The directory is missing, lies in a sink, or cannot be written.
    pub fn init(path: &Path) -> Result<(Source, bool)> {
        let path = absolute(path)?;
        let cannot = || format!("cannot make a source of {}", quoted_path(&path));
        let root = match fs::open_operator(&path) {
            Err(fs::Errno::NOENT | fs::Errno::NOTDIR) => {
                return Err(Error::not_found(cannot()).because("there is no such directory"));
            }
            result => result.doing(cannot)?,
        };
        crate::sink::refuse_inside(&root, &cannot)?;
        let emu = root.ensure_dir(layout::EMU, 0o700).doing(cannot)?;
        if emu.stat_if_there(layout::SOURCE).doing(cannot)?.is_none() && is_cloning(&emu) {
            return Err(Error::failed(cannot())
                .because("a clone was cut off in it")
                .hint("the same `emu clone` again goes on with it; .emu/checkout in it is its note"));
        }
        for name in [layout::SINKS, layout::HOOKS] {
            emu.ensure_dir(name, 0o700).doing(cannot)?;
        }
        let hooks = emu.open_dir(layout::HOOKS).doing(cannot)?;
        for (name, content) in hooks::SAMPLES {
            write_if_missing(&hooks, name.as_bytes(), content).doing(cannot)?;
        }
        for (name, content) in [(layout::CONFIG, CONFIG_TEMPLATE), (layout::EXCLUDES, preset::INITIAL)] {
            write_if_missing(&emu, name, content).doing(cannot)?;
        }
        let is_new = match fs::read_limited(&emu, layout::SOURCE, 64 * 1024) {
            Ok(content) => serde_json::from_slice::<Identity>(&content).is_err(),
            Err(_) => true,
        };
        if is_new {
            let id = sinks::id_from_sinks(&emu).map_or_else(uuid, Ok)?;
            let identity = Identity { v: 1, id, machine: fs::machine_id(), clone: false };
            let text = serde_json::to_string(&identity).doing(cannot)? + "\n";
            fs::replace_file(&emu, layout::SOURCE, text.as_bytes()).doing(cannot)?;
            root.sync().doing(cannot)?;
        }
        Source::open(&path).map(|source| (source, is_new))
    }

    /// Makes a directory the source that a sink has snapshots of, with the settings that the sink keeps.
    /// Hooks come back without the right to be run. What was done of it before is done again.
    ///
    /// # Errors
    /// The directory cannot be written, or the sink not read.
    pub fn revive(path: &Path, sink: &Sink) -> Result<Source> {
        let cannot = || format!("cannot make a source of {}", quoted_path(path));
        let root = fs::open_operator(path).doing(cannot)?;
        let mtime = root.stat_self().doing(cannot)?.mtime;
        let emu = root.ensure_dir(layout::EMU, 0o700).doing(cannot)?;
        let kept = sink.dir(layout::SOURCE_COPY)?;
        let restore = |from: &Dir, name: &[u8], to: &Dir| match fs::read_limited(from, name, 1 << 22) {
            Ok(content) => fs::replace_file(to, name, &content).doing(cannot),
            Err(fs::Errno::NOENT) => Ok(()),
            Err(errno) => Err(errno).doing(cannot),
        };
        for name in [layout::CONFIG, layout::EXCLUDES] {
            restore(&kept, name, &emu)?;
        }
        if let Ok(hooks) = kept.open_dir(layout::HOOKS) {
            let to = emu.ensure_dir(layout::HOOKS, 0o700).doing(cannot)?;
            for item in hooks.list().doing(cannot)? {
                restore(&hooks, &item.name, &to)?;
            }
        }
        let id = sink.info.source.clone();
        let identity = Identity { v: 1, id, machine: fs::machine_id(), clone: true };
        let text = serde_json::to_string(&identity).doing(cannot)? + "\n";
        fs::replace_file(&emu, layout::SOURCE, text.as_bytes()).doing(cannot)?;
        let (source, _) = Source::init(path)?;
        // As it was saved: what stands beside the files is no change of theirs.
        fs::set_mtime(&root, mtime).doing(cannot)?;
        Ok(source)
    }

    /// A clone that has adopted a sink is a source like others.
    ///
    /// # Errors
    /// The system's.
    pub fn settle(&self) -> Result<()> {
        if !self.is_clone {
            return Ok(());
        }
        let cannot = || format!("cannot write {}", quoted_path(&self.path.join(".emu/source")));
        let identity = Identity { v: 1, id: self.id.clone(), machine: fs::machine_id(), clone: false };
        let text = serde_json::to_string(&identity).doing(cannot)? + "\n";
        fs::replace_file(&self.emu, layout::SOURCE, text.as_bytes()).doing(cannot)
    }

    /// The source's root directory.
    pub fn root(&self) -> &Arc<Dir> {
        &self.root
    }

    /// The source's `.emu`.
    pub fn emu(&self) -> &Dir {
        &self.emu
    }

    /// Locks the source: one push or checkout at a time.
    ///
    /// # Errors
    /// [`crate::error::Kind::Locked`], naming the holder.
    pub fn lock(&self, command: &str, wait: Wait) -> Result<SourceLock> {
        let what = format!("the source {}", quoted_path(&self.path));
        Lock::take(&self.emu, layout::LOCK, &what, command, wait).map(SourceLock)
    }

    /// The clock of the source's file system, by touching its lock file; the machine's where that
    /// is not allowed.
    ///
    /// # Errors
    /// There is none at present; the signature leaves room.
    pub fn clock(&self) -> Result<crate::tree::Time> {
        let touched = self.emu.open_or_create(layout::LOCK).and_then(|file| fs::touch(&file));
        Ok(touched.unwrap_or_else(|_| crate::clock::system()))
    }

    /// What checkouts of single paths replaced: by when, and the bytes that removing it would free.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn replaced(&self) -> Result<Vec<(String, u64)>> {
        let cannot = || format!("cannot look into {}", quoted_path(&self.path.join(".emu/replaced")));
        let dir = match self.emu.open_dir(layout::REPLACED) {
            Err(fs::Errno::NOENT) => return Ok(Vec::new()),
            dir => dir.doing(cannot)?,
        };
        let items = dir.list().doing(cannot)?;
        let names = items.into_iter().filter_map(|item| String::from_utf8(item.name.into()).ok());
        let measured = |name: String| {
            let bytes = dir.open_dir(name.as_bytes()).and_then(fs::measure_tree);
            (name, bytes.map_or(0, |removal| removal.bytes))
        };
        Ok(names.map(measured).collect())
    }

    /// Deletes what one checkout replaced; returns how many bytes became free.
    ///
    /// # Errors
    /// The system's.
    pub fn remove_replaced(&self, name: &str) -> Result<u64> {
        let cannot = || format!("cannot remove {}", quoted_path(&self.path.join(".emu/replaced").join(name)));
        let dir = self.emu.open_dir(layout::REPLACED).doing(cannot)?;
        let gone = fs::remove_tree(&dir, name.as_bytes(), fs::usual_threads()).doing(cannot)?;
        Ok(gone.bytes)
    }

    /// The text of the source's own configuration, if there is any.
    ///
    /// # Errors
    /// The file is there and cannot be read.
    pub fn config_text(&self) -> Result<Option<String>> {
        let what = || format!("cannot read {}", quoted_path(&self.path.join(".emu/config")));
        match fs::read_limited(&self.emu, layout::CONFIG, 1 << 20) {
            Err(fs::Errno::NOENT) => Ok(None),
            result => match String::from_utf8(result.doing(what)?) {
                Ok(text) => Ok(Some(text)),
                Err(_) => Err(Error::usage(what()).because("it is not UTF-8")),
            },
        }
    }
}

/// Makes a path absolute without resolving links or `..`.
///
/// # Errors
/// The working directory is gone.
pub fn absolute(path: &Path) -> Result<PathBuf> {
    let base = || fs::working_directory().doing(|| "cannot tell the working directory");
    let joined = if path.is_absolute() { path.to_owned() } else { base()?.join(path) };
    Ok(joined.components().collect())
}

/// Puts a file in place as a whole, unless there is one: an empty configuration would mean the default
/// policy.
fn write_if_missing(dir: &Dir, name: &[u8], content: &str) -> fs::Result<()> {
    match dir.stat_if_there(name)? {
        Some(_) => Ok(()),
        None => fs::put_file(dir, name, content.as_bytes()),
    }
}

/// Whether a clone was cut off before it made a source.
fn is_cloning(emu: &Dir) -> bool {
    let note = fs::read_limited(emu, layout::CHECKOUT, 64 * 1024).ok();
    let note = note.and_then(|note| serde_json::from_slice::<serde_json::Value>(&note).ok());
    note.is_some_and(|note| note.get("clone").is_some_and(|clone| !clone.is_null()))
}
