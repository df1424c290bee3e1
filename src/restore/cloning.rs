//! The directory that a clone makes a source: empty, or one in which the same clone was cut off.
//! A note in its `.emu` stands from before the first file until the source is whole.

use super::target::{self, Cloned, Unfinished, temporary_prefix};
use crate::error::{Doing as _, Error, Result};
use crate::fs::{self, Dir, Errno};
use crate::quote::quoted_path;
use crate::sink::{Lock, Node, Sink, Wait, layout};
use crate::source::Source;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A directory for a clone.
#[derive(Debug)]
pub struct Cloning {
    /// Where it is.
    pub path: PathBuf,
    /// `None` while it is missing.
    pub(super) root: Option<Arc<Dir>>,
    /// The clone that was cut off in it.
    before: Option<Unfinished>,
    begun: Option<Begun>,
}

/// What is held while the clone is being made.
#[derive(Debug)]
struct Begun {
    emu: Dir,
    note: Unfinished,
    _lock: Lock,
}

impl Unfinished {
    /// Whether no power cut can have come since it began.
    pub(super) fn is_of_this_boot(&self) -> bool {
        self.clone.as_ref().is_some_and(|clone| !clone.boot.is_empty() && clone.boot == fs::boot_id())
    }
}

impl Cloning {
    /// Looks at the directory, and changes nothing.
    ///
    /// # Errors
    /// Something stands there that is no unfinished clone of this sink, or it lies in a sink.
    pub fn look(path: &Path, sink: &Sink) -> Result<Cloning> {
        let root = target::look(path)?.map(Arc::new);
        let before = root.as_ref().map(|root| before(root, path, sink)).transpose()?.flatten();
        Ok(Cloning { path: path.to_owned(), root, before, begun: None })
    }

    /// The clone that was cut off in the directory.
    pub fn before(&self) -> Option<&Unfinished> {
        self.before.as_ref()
    }

    /// Locks the directory, which is made if it is missing, and notes in it what it is to become.
    /// `asked` is what named the snapshot.
    ///
    /// # Errors
    /// As [`Cloning::look`]; another clone holds the lock; or the note cannot be written.
    pub fn begin(self, sink: &Sink, node: &Node, asked: &str, command: &str, wait: Wait) -> Result<Cloning> {
        let Cloning { path, root, .. } = self;
        let root = root.map_or_else(|| target::make(&path).map(Arc::new), Ok)?;
        let place = quoted_path(&path);
        let emu = root.ensure_dir(layout::EMU, 0o700).doing(|| format!("cannot make a source of {place}"))?;
        let lock = Lock::take(&emu, layout::LOCK, &format!("the source {place}"), command, wait)?;
        // Another one may have ended meanwhile.
        let before = before(&root, &path, sink)?;
        let note = match &before {
            Some(note) => note.clone(),
            None => {
                let clone = Cloned { asked: asked.to_owned(), boot: fs::boot_id() };
                let note = Unfinished { clone: Some(clone), ..Unfinished::new(sink, node)? };
                note.write(&emu, &path)?;
                note
            }
        };
        if note.snapshot != node.id {
            return Err(Error::failed(format!("cannot clone into {place}"))
                .because("another clone began there just now"));
        }
        Ok(Cloning { path, root: Some(root), before, begun: Some(Begun { emu, note, _lock: lock }) })
    }

    /// The directory and its `.emu`.
    pub(super) fn begun(&self) -> Result<(&Arc<Dir>, &Dir)> {
        match (&self.root, &self.begun) {
            (Some(root), Some(begun)) => Ok((root, &begun.emu)),
            _ => Err(Error::failed("the clone was not begun")),
        }
    }

    /// How the temporary files of this run begin: what is left of them is found by the note.
    pub(super) fn prefix(&self) -> Result<String> {
        let noted = self.begun.as_ref().map(|begun| Ok(begun.note.temporary.clone()));
        let own = fs::random_hex(2).doing(|| "cannot name temporary files")?;
        Ok(format!("{}{own}-", noted.unwrap_or_else(temporary_prefix)?))
    }

    /// Takes the note away: the source is whole.
    ///
    /// # Errors
    /// The system's.
    pub fn end(self) -> Result<()> {
        self.begun.map_or(Ok(()), |begun| Unfinished::remove(&begun.emu, &self.path))
    }
}

/// The clone of this sink that was cut off in a directory; `None` if nothing stands in it.
fn before(root: &Dir, path: &Path, sink: &Sink) -> Result<Option<Unfinished>> {
    let cannot = || Error::failed(format!("cannot clone into {}", quoted_path(path)));
    let emu = match root.open_dir(layout::EMU) {
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => None,
        emu => Some(emu.doing(|| format!("cannot clone into {}", quoted_path(path)))?),
    };
    let note = emu.as_ref().filter(|emu| is_mine(emu)).and_then(Unfinished::read);
    let note = note.filter(|note| note.clone.is_some());
    let Some(note) = note else {
        if is_bare(root, emu.as_ref(), path)? {
            return Ok(None);
        }
        return Err(cannot()
            .because("the directory is not empty, and no clone was cut off in it")
            .hint("name one that is empty or missing"));
    };
    if note.sink != sink.info.id {
        return Err(cannot()
            .because(format!("a clone of another sink, {}, was cut off in it", note.sink))
            .hint("name a directory that is empty or missing"));
    }
    match Source::at(path)? {
        Some(source) if !source.is_clone || source.id != sink.info.source => Err(cannot()
            .because("the directory is a source already")
            .hint("name one that is empty or missing")),
        _ => Ok(Some(note)),
    }
}

/// Whether nobody else made what is to be gone on with: what stands in it is believed.
fn is_mine(emu: &Dir) -> bool {
    let me = rustix::process::geteuid().as_raw();
    let is_mine = |stat: fs::Result<fs::Stat>| stat.is_ok_and(|stat| stat.uid == me);
    is_mine(emu.stat_self()) && is_mine(emu.stat(layout::CHECKOUT))
}

/// Whether a directory has nothing in it but what the first steps of a clone make.
fn is_bare(root: &Dir, emu: Option<&Dir>, path: &Path) -> Result<bool> {
    let cannot = || format!("cannot list {}", quoted_path(path));
    let Some(emu) = emu else { return target::is_empty(root, path) };
    let items = root.list().doing(cannot)?;
    let known = |name: &[u8]| name == layout::LOCK || name.starts_with(layout::CHECKOUT);
    Ok(items.iter().all(|item| matches!(&*item.name, b"lost+found" | layout::EMU))
        && emu.list().doing(cannot)?.iter().all(|item| known(&item.name)))
}
