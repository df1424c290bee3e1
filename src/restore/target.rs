//! The places that a checkout writes to: a source, with the note of a checkout under way, or a
//! directory elsewhere.

use crate::error::{Doing as _, Error, Result};
use crate::fs::{self, Dir, Errno};
use crate::quote::{quoted, quoted_path};
use crate::sink::{Node, Sink, layout};
pub use crate::source::{Cloned, Unfinished};
use crate::source::{Source, absolute};
use crate::tree::{Kind, path};
use std::collections::HashSet;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

impl Unfinished {
    pub(super) fn new(sink: &Sink, node: &Node) -> Result<Unfinished> {
        Ok(Unfinished {
            v: 1,
            snapshot: node.id.clone(),
            sink: sink.info.id.clone(),
            since: crate::clock::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            temporary: temporary_prefix()?,
            clone: None,
        })
    }

    pub(super) fn write(&self, emu: &Dir, root: &Path) -> Result<()> {
        let cannot = || format!("cannot note the checkout in {}", quoted_path(&root.join(".emu")));
        let text = serde_json::to_string(self).doing(cannot)? + "\n";
        fs::replace_file(emu, layout::CHECKOUT, text.as_bytes()).doing(cannot)
    }

    pub(super) fn remove(emu: &Dir, root: &Path) -> Result<()> {
        let cannot = || format!("cannot remove {}", quoted_path(&root.join(".emu/checkout")));
        match emu.remove_file(layout::CHECKOUT) {
            Ok(()) => emu.sync().doing(cannot),
            Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(errno).doing(cannot),
        }
    }
}

/// How the temporary files of one checkout begin: like no name that anybody chooses.
pub(super) fn temporary_prefix() -> Result<String> {
    Ok(format!(".emu-{}-", fs::random_hex(8).doing(|| "cannot name temporary files")?))
}

/// Directories that are not the source's own: its `.emu` and the sinks it knows.
pub(super) fn not_the_sources(source: &Source) -> Result<HashSet<(u64, u64)>> {
    let mut skip = HashSet::new();
    let own = source.emu().stat_self().doing(|| "cannot look at the source's .emu")?;
    skip.insert((own.dev, own.ino));
    for known in source.sinks()? {
        // An absent sink is nowhere in the source.
        if let Ok(stat) = fs::open_operator(&known.path).and_then(|dir| dir.stat_self()) {
            skip.insert((stat.dev, stat.ino));
        }
    }
    Ok(skip)
}

/// Makes the directory that keeps what this checkout replaces; returns it with its name.
pub(super) fn make_replaced(emu: &Dir, root: &Path) -> Result<(Dir, PathBuf)> {
    let cannot = || format!("cannot make {}", quoted_path(&root.join(".emu/replaced")));
    let all = emu.ensure_dir(layout::REPLACED, 0o700).doing(cannot)?;
    let base = crate::clock::now().strftime("%Y-%m-%dT%H%M%SZ").to_string();
    let mut name = base.clone();
    for n in 2_u64.. {
        match all.make_dir(name.as_bytes(), 0o700) {
            Err(Errno::EXIST) => name = format!("{base}-{n}"),
            result => {
                result.doing(cannot)?;
                break;
            }
        }
    }
    let dir = all.open_dir(name.as_bytes()).doing(cannot)?;
    let replaced = String::from_utf8_lossy(layout::REPLACED).into_owned();
    Ok((dir, root.join(".emu").join(replaced).join(name)))
}

/// Removes the directory of [`make_replaced`] if nothing came into it.
pub(super) fn drop_replaced(emu: &Dir, made: &Path) {
    let Some(name) = made.file_name() else { return };
    if let Ok(all) = emu.open_dir(layout::REPLACED) {
        // Something in it keeps it.
        let _ = all.remove_dir(name.as_bytes());
    }
}

/// Whether nothing stands in a directory but what a new file system brings along.
pub(super) fn is_empty(dir: &Dir, place: &Path) -> Result<bool> {
    let items = dir.list().doing(|| format!("cannot list {}", quoted_path(place)))?;
    Ok(items.iter().all(|item| &*item.name == b"lost+found"))
}

/// Whether this directory is the root of a sink.
pub(super) fn is_sink(dir: &Dir) -> bool {
    let mark = dir.open_path(layout::EMU).and_then(|emu| emu.stat(layout::SINK));
    mark.is_ok_and(|stat| stat.kind == Kind::File)
}

/// Opens the directory that a snapshot is to be written to; `None` if its last component is
/// missing.
///
/// # Errors
/// It is no directory, cannot be opened, lies in a sink, or its parent is missing.
pub(super) fn look(place: &Path) -> Result<Option<Dir>> {
    let cannot = || format!("cannot write to {}", quoted_path(place));
    match fs::open_operator(place) {
        Err(Errno::NOENT) => {
            let (parent, _) = parent_of(place)?;
            refuse_inside_sink(place, &parent)?;
            Ok(None)
        }
        Err(errno) => Err(errno).doing(cannot),
        Ok(dir) => {
            refuse_inside_sink(place, &dir)?;
            Ok(Some(dir))
        }
    }
}

/// Makes the directory that a snapshot is to be written to.
///
/// # Errors
/// The system's.
pub(super) fn make(place: &Path) -> Result<Dir> {
    let (parent, name) = parent_of(place)?;
    parent.ensure_dir(&name, 0o700).doing(|| format!("cannot make {}", quoted_path(place)))
}

fn parent_of(place: &Path) -> Result<(Dir, Vec<u8>)> {
    let cannot = || format!("cannot make {}", quoted_path(place));
    let name =
        place.file_name().ok_or_else(|| Error::usage(cannot()).because("the path has no last part"))?;
    let parent = match place.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    match fs::open_operator(parent) {
        Err(Errno::NOENT) => Err(Error::not_found(cannot())
            .because(format!("{} does not exist", quoted_path(parent)))
            .hint("only the last component of the path is made")),
        result => Ok((result.doing(cannot)?, name.as_bytes().to_vec())),
    }
}

fn refuse_inside_sink(place: &Path, dir: &Dir) -> Result<()> {
    crate::sink::refuse_inside(dir, &|| format!("cannot write to {}", quoted_path(place)))
}

/// The path inside the source that a user names in `directory`.
///
/// # Errors
/// [`crate::error::Kind::Usage`] if it lies outside, or is the source's own `.emu`.
pub fn inside_source(source: &Source, directory: &Path, named: &Path) -> Result<Box<[u8]>> {
    let mut whole = PathBuf::new();
    for part in absolute(&directory.join(named))?.components() {
        match part {
            Component::ParentDir => {
                whole.pop();
            }
            part => whole.push(part),
        }
    }
    let real = fs::real_path(source.root()).ok();
    let roots = [Some(source.path.clone()), real];
    let below = roots.iter().flatten().find_map(|root| whole.strip_prefix(root).ok());
    let outside = || {
        Error::usage(format!("cannot check out {}", quoted_path(named)))
            .because(format!("it is not inside the source {}", quoted_path(&source.path)))
            .hint("to write elsewhere: --to DIR")
    };
    let below: Box<[u8]> = below.ok_or_else(outside)?.as_os_str().as_bytes().into();
    if path::is_within(&below, layout::EMU) && !below.is_empty() {
        return Err(Error::usage(format!("cannot check out {}", quoted(&below)))
            .because("it is the source's own, and in no snapshot"));
    }
    Ok(below)
}

/// The path inside a snapshot that a user names from its root.
///
/// # Errors
/// [`crate::error::Kind::Usage`] if it leads out of it.
pub fn inside_snapshot(named: &Path) -> Result<Box<[u8]>> {
    let mut whole: Box<[u8]> = Box::default();
    for part in named.components() {
        match part {
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
            Component::Normal(name) => whole = path::join(&whole, name.as_bytes()),
            Component::ParentDir => {
                return Err(Error::usage(format!("cannot check out {}", quoted_path(named)))
                    .because("with --to, paths are relative to the snapshot's root and have no '..'"));
            }
        }
    }
    Ok(whole)
}
