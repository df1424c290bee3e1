//! The index: HEAD's entries in fixed records, with the inodes that HEAD's tree has, so that a
//! push, and a checkout that finds nothing to do, need not read JSON. A cache: it may vanish at any
//! time, and whatever is doubtful about it makes a push rebuild it from the manifest and one look at
//! HEAD's tree, and a checkout read the manifest.
//!
//! ```text
//! magic, one block for each directory in manifest order, the table of frames, the table of
//! directories, the footer
//! ```
//!
//! The footer ends with the SHA-256 of all that comes before it. Which snapshot the index is for
//! stands in a second small file, so that a push that changes nothing need not write the index.

mod block;
mod dir;
mod rebuild;
mod write;

pub use block::{Block, Record};
pub use dir::IndexedDir;
pub use write::{Create, IndexWriter};

use super::{Node, Sink, SinkLock, layout};
use crate::error::{Doing as _, Error, Result};
use crate::fs;
use crate::tree::{Digest, FrameSpan, Listing};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

const MAGIC: &[u8; 16] = b"emu index 2\n\0\0\0\0";
/// Bytes of a record in the table of frames: offset, length, lines.
const FRAME: usize = 16;
/// Bytes of a record in the table of directories: offset of the block, directories below.
const DIR: usize = 12;
/// Bytes of the footer: end of the blocks, number of frames, number of directories, digest.
const FOOTER: usize = 48;
/// A place in no manifest.
const NOWHERE: (u32, u32) = (block::NO_FRAME, 0);
/// More than this is no index but damage.
const MAX_COUNT: usize = 1 << 28;

/// Where a directory's block begins, and how many directories lie below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    offset: u64,
    below: u32,
}

/// An index that was proven to be whole and for this HEAD. Memory: 12 bytes a directory.
#[derive(Debug)]
pub struct Index {
    file: File,
    places: Vec<Place>,
    frames: Vec<FrameSpan>,
    blocks_end: u64,
    digest: Digest,
}

/// Says which snapshot an index is for.
#[derive(Serialize, Deserialize)]
struct Binding {
    v: u32,
    snapshot: String,
    index: Digest,
}

impl Index {
    /// The index for `head`; `None` if there is none that can be trusted.
    pub fn open(sink: &Sink, head: &Node) -> Option<Index> {
        let binding = fs::read_limited(sink.emu(), layout::INDEX_OF, 4096).ok()?;
        let binding: Binding = serde_json::from_slice(&binding).ok()?;
        if binding.v != 1 || binding.snapshot != head.id {
            return None;
        }
        let file = File::from(sink.emu().open_file(layout::INDEX).ok()?);
        Index::read(file).ok().filter(|index| index.digest == binding.index)
    }

    /// Reads the tables of an index and proves it whole.
    ///
    /// # Errors
    /// It cannot be read, or is damaged.
    pub fn read(file: File) -> io::Result<Index> {
        let damaged = || io::Error::other("the index is damaged");
        let size = file.metadata()?.len();
        let mut footer = [0; FOOTER];
        let mut magic = [0; MAGIC.len()];
        file.read_exact_at(&mut magic, 0)?;
        if magic != *MAGIC {
            return Err(damaged());
        }
        let footer_at = size.checked_sub(FOOTER as u64).ok_or_else(damaged)?;
        file.read_exact_at(&mut footer, footer_at)?;
        let blocks_end = block::u64_at(&footer, 0);
        let (frames, dirs) = (block::u32_at(&footer, 8) as usize, block::u32_at(&footer, 12) as usize);
        let digest = Digest(footer[16..].try_into().map_err(|_| damaged())?);
        let tables = frames * FRAME + dirs * DIR;
        if frames > MAX_COUNT || dirs > MAX_COUNT || blocks_end.checked_add(tables as u64) != Some(footer_at)
        {
            return Err(damaged());
        }
        if hash(&file, footer_at + 16)? != digest {
            return Err(damaged());
        }
        let mut bytes = vec![0; tables];
        file.read_exact_at(&mut bytes, blocks_end)?;
        let (frame_bytes, dir_bytes) = bytes.split_at(frames * FRAME);
        let frames = frame_bytes.as_chunks::<FRAME>().0.iter().map(|raw| FrameSpan {
            offset: block::u64_at(raw, 0),
            length: block::u32_at(raw, 8),
            lines: block::u32_at(raw, 12),
        });
        let places = dir_bytes.as_chunks::<DIR>().0.iter();
        let places: Vec<Place> =
            places.map(|raw| Place { offset: block::u64_at(raw, 0), below: block::u32_at(raw, 8) }).collect();
        let ordered = places.is_sorted_by_key(|place| place.offset);
        let inside = places.iter().enumerate().all(|(at, place)| at + (place.below as usize) < dirs);
        if !ordered || !inside || places.last().is_some_and(|last| last.offset >= blocks_end) {
            return Err(damaged());
        }
        Ok(Index { frames: frames.collect(), places, blocks_end, digest, file })
    }

    /// Number of directories, the root included. They are numbered in manifest order from 0.
    pub fn directories(&self) -> u32 {
        u32::try_from(self.places.len()).unwrap_or(u32::MAX)
    }

    /// Number of directories below the one with this number.
    pub fn below(&self, dir: u32) -> u32 {
        self.places.get(dir as usize).map_or(0, |place| place.below)
    }

    /// The frames of HEAD's manifest, as far as they are known.
    pub fn frames(&self) -> &[FrameSpan] {
        &self.frames
    }

    fn end_of(&self, dir: u32) -> u64 {
        self.places.get(dir as usize + 1).map_or(self.blocks_end, |next| next.offset)
    }

    /// The block of a directory.
    ///
    /// # Errors
    /// The file cannot be read, or the block is damaged.
    pub fn block(&self, dir: u32) -> io::Result<Block> {
        let place = self.places.get(dir as usize).ok_or_else(|| io::Error::other("no such directory"))?;
        let length = usize::try_from(self.end_of(dir) - place.offset).map_err(io::Error::other)?;
        let mut raw = vec![0; length];
        self.file.read_exact_at(&mut raw, place.offset)?;
        Block::parse(raw).ok_or_else(|| io::Error::other("the index is damaged"))
    }

    /// The entries of a directory.
    ///
    /// # Errors
    /// The file cannot be read, or the block is damaged.
    pub fn listing(&self, dir: u32) -> Result<Listing> {
        let cannot = || "cannot read the index of the sink";
        let block = self.block(dir).doing(cannot)?;
        block.listing().ok_or_else(|| Error::failed(cannot()).because("it is damaged"))
    }
}

/// The digest of the first `length` bytes.
fn hash(file: &File, length: u64) -> io::Result<Digest> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    let mut at = 0;
    while at < length {
        let part = usize::try_from(length - at).unwrap_or(usize::MAX).min(buffer.len());
        file.read_exact_at(&mut buffer[..part], at)?;
        hasher.update(&buffer[..part]);
        at += part as u64;
    }
    Ok(Digest::finish(hasher))
}

impl Sink {
    /// Puts the index that a push left in its staging in place and says that it is for `head`; without
    /// one in the staging there is no index any more, and the next push makes it. `None`: the one
    /// in place is for `head`.
    ///
    /// # Errors
    /// The system's.
    pub fn bind_index(&self, _: &SinkLock, staging: Option<&fs::Dir>, head: &str) -> Result<()> {
        let cannot = || format!("cannot write {}", self.inside(layout::INDEX));
        // Two names of one file: rename(2) leaves both.
        match staging.map(|staging| staging.rename(layout::INDEX, &self.emu, layout::INDEX)) {
            None | Some(Ok(())) => {}
            Some(Err(fs::Errno::NOENT)) => return self.drop_index(),
            Some(Err(errno)) => return Err(errno).doing(cannot),
        }
        let Ok(digest) = Index::digest_of(&self.emu) else { return Ok(()) };
        let binding = Binding { v: 1, snapshot: head.to_owned(), index: digest };
        let text = serde_json::to_string(&binding).doing(cannot)? + "\n";
        fs::replace_cache(&self.emu, layout::INDEX_OF, text.as_bytes()).doing(cannot)
    }

    /// Writes something small that has to be written before room can be made; on a full disk the index,
    /// which may vanish at any time, makes way for it.
    ///
    /// # Errors
    /// Those of `write`.
    pub fn with_room<T>(&self, write: impl Fn() -> fs::Result<T>) -> fs::Result<T> {
        match write() {
            Err(fs::Errno::NOSPC | fs::Errno::DQUOT) => {
                let _ = self.drop_index();
                let _ = self.emu.remove_file(layout::INDEX);
                write()
            }
            written => written,
        }
    }

    /// Forgets the index: it is rebuilt by the next push.
    ///
    /// # Errors
    /// The system's.
    pub fn drop_index(&self) -> Result<()> {
        // A crash may have left it half written.
        for name in [layout::INDEX_OF.to_vec(), [layout::INDEX_OF, b".new"].concat()] {
            match self.emu.remove_file(&name) {
                Ok(()) | Err(fs::Errno::NOENT) => {}
                Err(errno) => {
                    return Err(errno).doing(|| format!("cannot remove {}", self.inside(layout::INDEX_OF)));
                }
            }
        }
        Ok(())
    }
}

impl Index {
    /// The digest that an index ends with, unproven.
    fn digest_of(dir: &fs::Dir) -> io::Result<Digest> {
        let file = File::from(dir.open_file(layout::INDEX)?);
        let mut digest = [0; 32];
        let at = file.metadata()?.len().checked_sub(32).ok_or_else(|| io::Error::other("too short"))?;
        file.read_exact_at(&mut digest, at)?;
        Ok(Digest(digest))
    }
}
