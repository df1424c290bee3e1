//! Bytes on their way out of a sink: each file is hashed while it is copied, or once it shares
//! the bytes, and what does not fit its record is not the file.

use crate::error::{Result, errno_text};
use crate::fs::{self, Cursor, Dir, Stat};
use crate::sink::{Node, ReadLock, Sink, layout};
use crate::tree::{Entry, Kind, path};
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// The tree of a snapshot, held against removal while it is read.
pub(super) struct Origin {
    cursor: Cursor,
    buffer: Vec<u8>,
    shares: AtomicBool,
    _lock: Option<ReadLock>,
}

/// A file of a snapshot, open.
pub(super) struct Stored {
    file: OwnedFd,
    stat: Stat,
}

impl Stored {
    /// The inode that it is read from.
    pub(super) fn inode(&self) -> (u64, u64) {
        (self.stat.dev, self.stat.ino)
    }
}

impl Origin {
    /// Opens the tree of a snapshot.
    ///
    /// # Errors
    /// It is gone or cannot be opened.
    pub(super) fn open(sink: &Sink, node: &Node) -> Result<Origin> {
        let lock = ReadLock::take(&sink.dir(layout::NODES)?, &node.id)?;
        let tree = Arc::new(sink.open_tree(&node.id)?);
        Ok(Origin { _lock: Some(lock), ..Origin::of(tree) })
    }

    /// A tree that nothing holds.
    pub(super) fn of(tree: Arc<Dir>) -> Origin {
        Origin {
            cursor: Cursor::new(tree, false),
            buffer: Vec::new(),
            shares: AtomicBool::new(true),
            _lock: None,
        }
    }

    /// Opens the file of a record.
    ///
    /// # Errors
    /// Why there is no such file, in a few words.
    pub(super) fn find(&mut self, whole: &[u8]) -> std::result::Result<Stored, String> {
        let (dir, name) = path::split(whole).unwrap_or((b"", b""));
        let file = self.cursor.at(dir).and_then(|dir| dir.open_file(name));
        let opened = file.and_then(|file| Ok((Stat::of(file.as_fd())?, file)));
        match opened {
            Err(errno) => Err(format!("it cannot be opened: {}", errno_text(errno))),
            Ok((stat, _)) if stat.kind != Kind::File => Err("it is no file".into()),
            Ok((stat, file)) => Ok(Stored { file, stat }),
        }
    }

    /// Whether a file has the content of the record.
    pub(super) fn fits(&mut self, stored: &Stored, entry: &Entry) -> bool {
        let Stored { file, stat } = stored;
        let sparse = stat.is_sparse();
        stat.size == entry.size
            && fs::hash_content(file, stat.size, sparse, &mut self.buffer)
                .is_ok_and(|read| Some(read.sha256) == entry.sha256)
    }

    /// Copies a file into `to`, or lets it share the bytes. `Ok(Some(why))`: what stands there then
    /// is not what the record says.
    ///
    /// # Errors
    /// The writing side's.
    pub(super) fn copy(
        &mut self,
        stored: &Stored,
        entry: &Entry,
        to: OwnedFd,
    ) -> fs::Result<(OwnedFd, Option<String>)> {
        let size = stored.stat.size;
        let sparse = stored.stat.is_sparse();
        let mut slot = (to, Ok(()));
        let copied = if fs::share_content(&stored.file, &slot.0, size, &self.shares)? {
            fs::hash_content(&slot.0, size, sparse, &mut self.buffer)
        } else {
            fs::copy_content(&stored.file, &mut [&mut slot], size, sparse, &mut self.buffer)
        };
        let (to, written) = slot;
        written?;
        let why = match copied {
            Err(errno) => Some(format!("it cannot be read: {}", errno_text(errno))),
            Ok(copied) if copied.bytes != entry.size => {
                Some(format!("it has {} bytes, recorded are {}", copied.bytes, entry.size))
            }
            // Of some nobody attests what they were.
            Ok(copied) if entry.sha256.is_some_and(|saved| saved != copied.sha256) => {
                Some("its content is damaged".into())
            }
            Ok(_) => None,
        };
        Ok((to, why))
    }
}
