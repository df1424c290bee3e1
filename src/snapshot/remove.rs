//! Taking a snapshot out of the list, and freeing what it alone held. The first is short and
//! under the sink's lock; the second takes long and holds nobody up.

use super::spare;
use crate::error::{Doing as _, Error, Result};
use crate::fs::{self, Dir, Removal};
use crate::quote::quoted_path;
use crate::sink::{Catalog, Lock, Node, ReadLock, Sink, SinkLock, layout};
use serde::Serialize;

#[derive(Serialize)]
struct Record<'a> {
    #[serde(flatten)]
    node: &'a Node,
    removed: String,
    reason: &'a str,
}

/// What becomes of the tree of a snapshot that is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is deleted.
    Trash,
    /// A later push may begin with it.
    Park,
}

/// What takes the places of a snapshot that is removed; full ids.
#[derive(Debug, Clone, Copy)]
pub struct Heirs<'a> {
    /// Where `latest` leads, if it led there; `None`: nothing is left.
    pub latest: Option<&'a str>,
    /// Where HEAD moves; `None`: it is another one, and stays.
    pub head: Option<&'a str>,
}

/// Takes a snapshot out of the list: its record is written, HEAD moved if it is that, its node
/// unlinked (the commit of the removal), its tree moved to the trash or parked. `false`: somebody
/// reads it, and it stays for now.
///
/// # Errors
/// A step failed. Before the node is unlinked the snapshot stands, and is HEAD if it was; after that
/// the next command goes on.
pub fn unpublish(
    sink: &Sink,
    lock: &SinkLock,
    node: &Node,
    reason: &str,
    heirs: Heirs<'_>,
    fate: Fate,
) -> Result<bool> {
    let cannot = || format!("cannot remove snapshot {} from {}", node.short(), quoted_path(&sink.path));
    let (nodes, removed) = (sink.dir(layout::NODES)?, sink.dir(layout::REMOVED)?);
    let Some(held) = ReadLock::take_exclusively(&nodes, &node.id)? else { return Ok(false) };
    let removed_at = crate::clock::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let record = Record { node, removed: removed_at, reason };
    let text = serde_json::to_string(&record).doing(cannot)? + "\n";
    let write = || fs::put_file(&removed, node.id.as_bytes(), text.as_bytes());
    with_room(sink, lock, || sink.with_room(write).doing(cannot))?;
    sink.make_durable(&removed)?;
    let moved = heirs.head.map_or(Ok(()), |head| with_room(sink, lock, || sink.set_head(lock, head)));
    let committed = moved.and_then(|()| nodes.remove_file(node.id.as_bytes()).doing(cannot));
    if let (Err(_), Some(_)) = (&committed, heirs.head) {
        // As it was; if that fails too, HEAD is another one that is listed.
        let _ = sink.set_head(lock, &node.id);
    }
    committed?;
    sink.make_durable(&nodes)?;
    drop(held);
    clear_away(sink, lock, &node.id, heirs.latest, fate)?;
    Ok(true)
}

/// Writes something small that has to be written before room can be made; on a full disk spares, and
/// what was removed before, make way for it.
fn with_room(sink: &Sink, lock: &SinkLock, write: impl Fn() -> Result<()>) -> Result<()> {
    let written = write();
    let errno = written.as_ref().err().and_then(Error::errno);
    if !matches!(errno, Some(fs::Errno::NOSPC | fs::Errno::DQUOT)) {
        return written;
    }
    // Whatever fails here, the second attempt says what is wrong.
    let _ = spare::discard_all(sink, lock);
    let _ = empty_trash(sink);
    write().map_err(|error| error.hint("it takes a few kilobytes: make that room on its disk by other means"))
}

/// Clears away what is left of a snapshot whose removal is committed.
///
/// # Errors
/// The system's; the next command goes on.
pub fn clear_away(sink: &Sink, lock: &SinkLock, id: &str, newest: Option<&str>, fate: Fate) -> Result<()> {
    let cannot = || format!("cannot clear away snapshot {id} in {}", quoted_path(&sink.path));
    let (trees, trash) = (sink.dir(layout::TREES)?, sink.dir(layout::TRASH)?);
    if trees.stat_if_there(id.as_bytes()).doing(cannot)?.is_some() {
        // A directory without write permission cannot be moved by its owner.
        trees.set_dir_mode(id.as_bytes(), 0o700).doing(cannot)?;
        match fate {
            Fate::Trash => trees.rename_new(id.as_bytes(), &trash, id.as_bytes()).doing(cannot)?,
            Fate::Park => spare::park(sink, lock, &trees, id)?,
        }
        sink.make_durable(&trees)?;
    }
    for name in layout::BESIDE_NODE {
        match sink.emu().open_dir(name) {
            // A sink of an earlier version lacks some of them.
            Err(fs::Errno::NOENT) => {}
            dir => unlink(&dir.doing(cannot)?, id).doing(cannot)?,
        }
    }
    sink.drop_names(lock, id, newest)
}

fn unlink(dir: &Dir, id: &str) -> fs::Result<()> {
    match dir.remove_file(id.as_bytes()) {
        Ok(()) | Err(fs::Errno::NOENT) => Ok(()),
        Err(errno) => Err(errno),
    }
}

/// Removal records of snapshots that still have their node: the removal was not committed.
///
/// # Errors
/// The system's.
pub(super) fn forget_uncommitted(sink: &Sink, catalog: &Catalog) -> Result<()> {
    let removed = sink.dir(layout::REMOVED)?;
    for snapshot in catalog.snapshots.iter().chain(&catalog.treeless) {
        unlink(&removed, &snapshot.node.id)
            .doing(|| format!("cannot forget a removal in {}", sink.inside(layout::REMOVED)))?;
    }
    Ok(())
}

/// Deletes what lies in the trash. Needs no lock but the trash's own; `None` if somebody else is
/// at it already. The result has each tree's name and what it freed.
///
/// # Errors
/// The system's; what is left is deleted the next time.
pub fn empty_trash(sink: &Sink) -> Result<Option<Vec<(String, Removal)>>> {
    let cannot = || format!("cannot empty the trash of {}", quoted_path(&sink.path));
    let trash = sink.dir(layout::TRASH)?;
    let items = trash.list().doing(cannot)?;
    if items.iter().all(|item| *item.name == *layout::LOCK) {
        return Ok(Some(Vec::new()));
    }
    let Some(_lock) = Lock::try_take(&trash, layout::LOCK, "the trash")? else { return Ok(None) };
    let mut freed = Vec::new();
    for item in items.iter().filter(|item| *item.name != *layout::LOCK) {
        let part = fs::remove_tree(&trash, &item.name, fs::usual_threads()).doing(cannot)?;
        freed.push((String::from_utf8_lossy(&item.name).into_owned(), part));
    }
    Ok(Some(freed))
}
