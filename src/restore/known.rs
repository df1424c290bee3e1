//! On the threads of the walk: whether a directory of the source is still just what the sink's
//! index says that the snapshot has there. Where it is, nothing has to be decided, and neither
//! the manifest nor anything in the directory is read.

use crate::fs::{Found, Scanned};
use crate::sink::index::{Block, Record};
use crate::sink::{Index, Node, Sink};
use crate::source::Source;
use crate::tree::{Kind, path};

/// What the visit of a directory found out.
pub(super) struct Look {
    /// Every record has the stamps that the source shows, and there is nothing else.
    pub(super) same: bool,
    /// The directory's records, if there are directories among them.
    block: Option<Block>,
    /// Places of the directories among the records, and their numbers in the index.
    below: Vec<(usize, u32)>,
}

/// The index of a snapshot, if equal stamps in it prove what stands in this source.
pub(super) fn index_of(sink: &Sink, node: &Node, source: &Source) -> Option<Index> {
    // Stamps of another source, or of one whose inodes mean nothing, prove nothing.
    let proves = node.compare == "strict" && node.source == source.id;
    proves.then(|| Index::open(sink, node)).flatten()
}

impl Look {
    /// Looks at a directory. `above` is what was found out about its parent.
    pub(super) fn at(index: Option<&Index>, above: Option<&Look>, scanned: &Scanned) -> Look {
        let mut look = Look { same: false, block: None, below: Vec::new() };
        let number = match above {
            None => Some(0),
            Some(above) => above.number_of(&scanned.path),
        };
        let (Some(index), Some(number)) = (index, number) else { return look };
        // What cannot be read here is in the manifest.
        let Ok(block) = index.block(number) else { return look };
        if block.path() != &*scanned.path {
            return look;
        }
        let mut next = number + 1;
        for (at, record) in block.records().enumerate() {
            if record.kind() == Some(Kind::Dir) {
                look.below.push((at, next));
                next += 1 + index.below(next);
            }
        }
        look.same = scanned.error.is_none()
            && scanned.unread.is_empty()
            && block.len() == scanned.entries.len()
            && block.records().zip(&scanned.entries).all(|(record, found)| is_recorded(&record, found));
        look.block = Some(block).filter(|_| !look.below.is_empty());
        look
    }

    fn number_of(&self, whole: &[u8]) -> Option<u32> {
        let (_, name) = path::split(whole)?;
        let block = self.block.as_ref()?;
        let name_of = |(at, _): &(usize, u32)| block.record(*at).map(|record| record.name);
        let found = self.below.binary_search_by(|below| name_of(below).cmp(&Some(name))).ok()?;
        Some(self.below[found].1)
    }
}

/// Whether an entry is proven to be what the record says: an equal ctime says that neither its
/// content nor its extended attributes were changed. A record that is racy, torn, held or of a
/// group proves nothing by itself.
fn is_recorded(record: &Record<'_>, found: &Found) -> bool {
    let stat = &found.stat;
    let link = stat.kind == Kind::Symlink;
    !found.border
        && *record.name == *found.name
        && matches!(stat.kind, Kind::File | Kind::Dir | Kind::Symlink)
        && record.kind() == Some(stat.kind)
        && record.is_plain()
        && (stat.kind == Kind::Dir || stat.nlink <= 1)
        && (link || record.mode() == stat.mode)
        && (stat.kind != Kind::File || record.size() == stat.size)
        && record.owner() == (stat.uid, stat.gid)
        && record.ino() == stat.ino
        && record.mtime() == stat.mtime
        && record.ctime() == stat.ctime
}
