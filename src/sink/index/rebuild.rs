//! The index made anew: from the manifest of HEAD, and one look at each inode of its tree.

use super::{Index, IndexWriter};
use crate::error::{Doing as _, Result};
use crate::fs::{Cursor, Dir, Errno};
use crate::sink::sound::Note;
use crate::sink::{Node, Sink, SinkLock, layout};
use crate::tree::{Kind, Listing, path};
use std::fs::File;
use std::io;
use std::sync::Arc;

/// While it is written.
const UNFINISHED: &[u8] = b"index.new";

impl Sink {
    /// The index for a snapshot: the one in place if it can be trusted, else a new one.
    ///
    /// # Errors
    /// The manifest is damaged, or the sink cannot be written.
    pub fn index(&self, lock: &SinkLock, node: &Node, tree: &Dir) -> Result<Index> {
        if !self.is_doubtful(node)
            && let Some(index) = Index::open(self, node)
        {
            return Ok(index);
        }
        let cannot = || format!("cannot write {}", self.inside(layout::INDEX));
        let tree = tree.duplicate().doing(cannot)?;
        self.write_index(node, &mut Cursor::new(Arc::new(tree), false))?;
        self.emu().rename(UNFINISHED, self.emu(), layout::INDEX).doing(cannot)?;
        self.bind_index(lock, None, &node.id)?;
        let file = File::from(self.emu().open_file(layout::INDEX).doing(cannot)?);
        Index::read(file).doing(cannot)
    }

    /// Whether the last verify of a snapshot found something: what is known of its inodes may be
    /// what is wrong.
    pub fn is_doubtful(&self, node: &Node) -> bool {
        let verified = self.dir(layout::VERIFIED).ok();
        let note = verified.and_then(|dir| Note::read(&dir, &node.id));
        note.is_some_and(|note| note.findings > 0)
    }

    fn write_index(&self, node: &Node, tree: &mut Cursor) -> Result<()> {
        let cannot = || format!("cannot write {}", self.inside(layout::INDEX));
        match self.emu().remove_file(UNFINISHED) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(errno) => return Err(errno).doing(cannot),
        }
        let file = File::from(self.emu().create_file(UNFINISHED).doing(cannot)?);
        let create = || -> io::Result<File> { Ok(file) };
        let mut index = IndexWriter::new(Box::new(create), None);
        let mut manifest = self.open_manifest(node)?;
        // Directories without entries have no lines, but their place in the index.
        let mut expected: Vec<Box<[u8]>> = vec![Box::default()];
        let mut add =
            |listing: &Listing| index.listing(&listing.dir, &listing.entries, super::NOWHERE).doing(cannot);
        let empty = |dir| Listing { dir, entries: Vec::new() };
        while let Some(mut listing) = manifest.next_listing()? {
            while let Some(dir) = expected.pop().filter(|dir| *dir != listing.dir) {
                add(&empty(dir))?;
            }
            look_up(tree, &mut listing);
            add(&listing)?;
            let dirs = listing.entries.iter().rev().filter(|entry| entry.kind == Kind::Dir);
            expected.extend(dirs.map(|entry| path::join(&listing.dir, &entry.name)));
        }
        while let Some(dir) = expected.pop() {
            add(&empty(dir))?;
        }
        index.finish(&[]).doing(cannot).map(|_| ())
    }
}

/// Notes the inodes that a directory's entries have in a tree; what is not there has none.
fn look_up(tree: &mut Cursor, listing: &mut Listing) {
    let Ok(dir) = tree.at(&listing.dir) else { return };
    for entry in listing.entries.iter_mut().filter(|entry| entry.kind != Kind::Dir) {
        entry.sink_ino = dir.stat(&entry.name).map_or(0, |stat| stat.ino);
    }
}
