//! A sink: a directory that holds snapshots of one source. This folder knows how it is laid
//! out, what it holds and who may change it; it publishes nothing.

mod catalog;
mod damage;
mod excluded;
pub mod frames;
pub mod index;
mod inferred;
mod intent;
pub mod layout;
mod lock;
mod manifests;
pub mod node;
mod pins;
mod probe;
mod refs;
pub mod rev;
mod sound;

pub use catalog::{Catalog, Damaged, Place, Snapshot};
pub use damage::{Avoided, DamageList, DamagedEntry};
pub use excluded::{ExcludeRules, Excluded, ExcludedPaths, Exclusions, PatternOrigin, PatternText};
pub use index::{Index, IndexWriter};
pub use intent::{Intent, Stage, Standing};
pub use lock::{Lock, ReadLock, SinkLock, Wait};
pub use manifests::StoredManifest;
pub use node::Node;
pub use probe::Abilities;
pub use sound::{Soundness, UNSOUND};

use crate::error::{Doing as _, Error, Result};
use crate::fs::{self, Dir, FsKind};
use crate::quote::quoted_path;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// What a sink is; stands in `.emu/sink`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Info {
    /// Version of the format.
    pub v: u32,
    /// UUID of the sink.
    pub id: String,
    /// UUID of the source that it belongs to.
    pub source: String,
    /// What its file system can do.
    pub abilities: Abilities,
    /// The machine whose the sink is, if it was adopted; otherwise that which made HEAD.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<String>,
}

/// An open sink.
#[derive(Debug)]
pub struct Sink {
    /// Where it is, as the operator or the source names it.
    pub path: PathBuf,
    /// What it is.
    pub info: Info,
    root: Dir,
    emu: Dir,
}

const MAX_INFO: u64 = 64 * 1024;

/// What to do about a sink whose record is lost.
const ADOPT: &str = "`emu sink adopt NAME PATH` makes it anew from the snapshots";

impl Sink {
    /// Opens the sink at `path`.
    ///
    /// # Errors
    /// [`crate::error::Kind::NotFound`] if there is none or its format is newer.
    pub fn open(path: &Path) -> Result<Sink> {
        let cannot = || format!("cannot open the sink {}", quoted_path(path));
        let root = match fs::open_operator(path) {
            Err(fs::Errno::NOENT | fs::Errno::NOTDIR) => {
                return Err(Error::not_found(cannot())
                    .because("there is no such directory")
                    .hint("is its disk mounted?"));
            }
            result => result.doing(cannot)?,
        };
        let emu = match root.open_dir(layout::EMU) {
            Err(fs::Errno::NOENT | fs::Errno::NOTDIR | fs::Errno::LOOP) => return Err(no_sink(path)),
            result => result.doing(cannot)?,
        };
        let content = match fs::read_limited(&emu, layout::SINK, MAX_INFO) {
            Err(fs::Errno::NOENT) if inferred::is_without_record(&emu) => {
                return Err(Error::not_found(cannot()).because("its record is missing").hint(ADOPT));
            }
            Err(fs::Errno::NOENT) => return Err(no_sink(path)),
            result => result.doing(cannot)?,
        };
        let info = parse_info(&content).map_err(|why| {
            let error = Error::not_found(cannot()).because(why);
            if inferred::is_without_record(&emu) { error.hint(ADOPT) } else { error }
        })?;
        Ok(Sink { path: path.to_owned(), info, root, emu })
    }

    /// Makes a sink at `path` for a source; at most the last component of the path is made.
    ///
    /// # Errors
    /// The directory is not empty, or cannot be made or written.
    pub fn create(path: &Path, source: &str) -> Result<Sink> {
        let cannot = || format!("cannot make a sink at {}", quoted_path(path));
        let root = make_root(path)?;
        let others = root.list().doing(cannot)?;
        if others.iter().any(|item| &*item.name != b"lost+found") {
            return Err(Error::failed(cannot())
                .because("the directory is not empty")
                .hint("name a directory that is empty or does not exist yet"));
        }
        let emu = root.ensure_dir(layout::EMU, 0o700).doing(cannot)?;
        for name in layout::SINK_DIRS {
            emu.ensure_dir(name, 0o700).doing(cannot)?;
        }
        let abilities = Abilities::probe(&emu.open_dir(layout::STAGING).doing(cannot)?).doing(cannot)?;
        let info = Info { v: 1, id: uuid()?, source: source.to_owned(), abilities, machine: None };
        let text = serde_json::to_string(&info).doing(cannot)? + "\n";
        // Last: a directory with this file is a sink.
        fs::replace_file(&emu, layout::SINK, text.as_bytes()).doing(cannot)?;
        root.sync().doing(cannot)?;
        Ok(Sink { path: path.to_owned(), info, root, emu })
    }

    /// Writes down that the sink is something else than before, and opens it again.
    ///
    /// # Errors
    /// The system's; the old record stands.
    pub fn rewrite(&self, _: &SinkLock, info: Info) -> Result<Sink> {
        let cannot = || format!("cannot write {}", self.inside(layout::SINK));
        let text = serde_json::to_string(&info).doing(cannot)? + "\n";
        fs::replace_file(&self.emu, layout::SINK, text.as_bytes()).doing(cannot)?;
        Sink::open(&self.path)
    }

    /// The sink's own directory.
    pub fn root(&self) -> &Dir {
        &self.root
    }

    /// The sink's `.emu`.
    pub fn emu(&self) -> &Dir {
        &self.emu
    }

    /// A directory of the sink's `.emu`.
    ///
    /// # Errors
    /// It is missing or cannot be opened.
    pub fn dir(&self, name: &[u8]) -> Result<Dir> {
        self.emu.open_dir(name).doing(|| format!("cannot open {}", self.inside(name)))
    }

    /// A path inside `.emu`, quoted for messages.
    pub fn inside(&self, what: &[u8]) -> String {
        quoted_path(&self.path.join(".emu").join(String::from_utf8_lossy(what).as_ref()))
    }

    /// The path of a snapshot's tree, for people and programs.
    pub fn tree_path(&self, id: &str) -> PathBuf {
        self.path.join(layout::tree_target(id))
    }

    /// The tree of a snapshot.
    ///
    /// # Errors
    /// It is missing or cannot be opened.
    pub fn open_tree(&self, id: &str) -> Result<Dir> {
        let trees = self.dir(layout::TREES)?;
        trees.open_dir(id.as_bytes()).doing(|| format!("cannot open the tree of {id}"))
    }

    /// Locks the sink for a change.
    ///
    /// # Errors
    /// [`crate::error::Kind::Locked`], naming the holder.
    pub fn lock(&self, command: &str, wait: Wait) -> Result<SinkLock> {
        let what = format!("the sink {}", quoted_path(&self.path));
        Lock::take(&self.emu, layout::LOCK, &what, command, wait).map(SinkLock::new)
    }

    /// Makes renames in a directory durable: fsync of it, on btrfs a sync of the file system.
    ///
    /// # Errors
    /// The system's: what was renamed may be lost in a power cut.
    pub fn make_durable(&self, dir: &Dir) -> Result<()> {
        let done = match FsKind::of(dir) {
            FsKind::Btrfs => fs::sync_fs(dir.fd()),
            _ => dir.sync(),
        };
        done.doing(|| format!("cannot make changes in {} durable", quoted_path(&self.path)))
    }
}

fn no_sink(path: &Path) -> Error {
    Error::not_found(format!("cannot open the sink {}", quoted_path(path)))
        .because("the directory is no sink")
        .hint("is its disk mounted? `emu sink add NAME PATH` makes a new one")
}

fn parse_info(content: &[u8]) -> std::result::Result<Info, String> {
    #[derive(Deserialize)]
    struct Version {
        v: u32,
    }
    let unreadable = |_| "its record cannot be read".to_owned();
    let version: Version = serde_json::from_slice(content).map_err(unreadable)?;
    if version.v != 1 {
        return Err(format!("its format {} is newer than this program; use a newer emu", version.v));
    }
    serde_json::from_slice(content).map_err(unreadable)
}

/// Refuses a directory in which emu itself writes or removes: inside a sink, or inside the `.emu` of a
/// source. What stands there would be removed with a snapshot, or damage one. `action` is what cannot be
/// done, for the message.
///
/// # Errors
/// The directory lies there, or its path cannot be resolved.
pub fn refuse_inside(dir: &Dir, action: &dyn Fn() -> String) -> Result<()> {
    let real = fs::real_path(dir).doing(action)?;
    let has = |above: &Path, name| {
        let emu = fs::open_operator(above).and_then(|above| above.open_path(layout::EMU));
        emu.and_then(|emu| emu.stat(name)).is_ok_and(|stat| stat.kind == crate::tree::Kind::File)
    };
    for above in real.ancestors() {
        let why = if has(above, layout::SINK) {
            format!("it lies in the sink {}", quoted_path(above))
        } else if above.file_name().is_some_and(|name| name == ".emu")
            && above.parent().is_some_and(|source| has(source, layout::SOURCE))
        {
            format!("it lies in {}, which emu uses for the source", quoted_path(above))
        } else {
            continue;
        };
        return Err(Error::failed(action()).because(why).hint("name a directory outside of it"));
    }
    Ok(())
}

fn make_root(path: &Path) -> Result<Dir> {
    use std::os::unix::ffi::OsStrExt as _;
    let cannot = || format!("cannot make a sink at {}", quoted_path(path));
    match fs::open_operator(path) {
        Err(fs::Errno::NOENT) => {}
        result => {
            let root = result.doing(cannot)?;
            return refuse_inside(&root, &cannot).map(|()| root);
        }
    }
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let name =
        path.file_name().ok_or_else(|| Error::usage(cannot()).because("the path has no last component"))?;
    let parent = match fs::open_operator(parent) {
        Err(fs::Errno::NOENT) => {
            return Err(Error::not_found(cannot())
                .because(format!("{} does not exist", quoted_path(parent)))
                .hint("is its disk mounted? Only the last component of a sink's path is made"));
        }
        result => result.doing(cannot)?,
    };
    refuse_inside(&parent, &cannot)?;
    parent.ensure_dir(name.as_bytes(), 0o700).doing(cannot)
}

/// A random UUID (RFC 9562, version 4).
///
/// # Errors
/// The kernel gives no random bytes.
pub fn uuid() -> Result<String> {
    let mut hex = fs::random_hex(16).doing(|| "cannot make an id")?.into_bytes();
    hex[12] = b'4';
    hex[16] = b"89ab"[usize::from(hex[16]) % 4];
    let hex = String::from_utf8_lossy(&hex);
    Ok(format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]))
}
