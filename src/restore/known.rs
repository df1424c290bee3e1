//! On the threads of the walk: whether a directory of the source is still just what the sink's
//! index says that the snapshot has there. Where it is, nothing has to be decided.

use crate::fs::Scanned;
use crate::sink::index::IndexedDir;
use crate::sink::{Index, Node, Sink};
use crate::source::Source;

/// What the visit of a directory found out.
pub(super) struct Look {
    /// Every record has the stamps that the source shows, and there is nothing else.
    pub(super) same: bool,
    /// The directory in the index, if there are directories among its records.
    dir: Option<IndexedDir>,
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
        let number = match above {
            None => Some(0),
            Some(above) => above.dir.as_ref().and_then(|dir| Some(dir.find(&scanned.path)?.0)),
        };
        let dir = index.zip(number).and_then(|(index, number)| index.dir(number, &scanned.path));
        let same = dir.as_ref().is_some_and(|dir| dir.is_shown(scanned));
        Look { same, dir: dir.filter(IndexedDir::has_dirs) }
    }
}
