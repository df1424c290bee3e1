//! Writing an index beside a manifest. As long as all directories are those of the old index,
//! nothing is written: an unchanged tree keeps the index that it has.

use super::block::Block;
use super::{Index, MAGIC};
use crate::tree::{Digest, Entry, FrameSpan, path};
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::sync::Arc;

/// Makes the file that the index goes to, once it is known to be needed.
pub type Create = Box<dyn FnOnce() -> io::Result<File> + Send>;

/// Writes an index.
pub struct IndexWriter {
    create: Option<Create>,
    out: Option<Output>,
    old: Option<Arc<Index>>,
    /// Directories so far, while all are the old index's first ones.
    shared: u32,
    /// Offset of the block, and directories below, of each directory written.
    places: Vec<(u64, u32)>,
    /// Numbers and paths of the directories on the way to the current one.
    above: Vec<(usize, Box<[u8]>)>,
}

struct Output {
    file: BufWriter<File>,
    hasher: Sha256,
    at: u64,
}

impl Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hasher.update(bytes);
        self.at += bytes.len() as u64;
        self.file.write_all(bytes)
    }
}

impl IndexWriter {
    /// Begins an index that may turn out to be the old one.
    pub fn new(create: Create, old: Option<Arc<Index>>) -> IndexWriter {
        IndexWriter { create: Some(create), out: None, old, shared: 0, places: Vec::new(), above: Vec::new() }
    }

    /// Takes over a directory of the old index, whose number there is `dir`.
    ///
    /// # Errors
    /// A file cannot be read or written.
    pub fn same(&mut self, dir: u32, block: &Block, (frame, line): (u32, u32)) -> io::Result<()> {
        // Nobody looks for the lines of an empty directory.
        let stays = block.is_empty() || block.frame() == Some((frame, line));
        if self.out.is_none() && dir == self.shared && stays {
            self.shared += 1;
            return Ok(());
        }
        self.add(block.clone(), frame, line)
    }

    /// Adds a directory.
    ///
    /// # Errors
    /// A file cannot be read or written.
    pub fn listing(&mut self, dir: &[u8], entries: &[Entry], (frame, line): (u32, u32)) -> io::Result<()> {
        let block = Block::build(dir, entries).ok_or_else(|| io::Error::other("a directory is too large"))?;
        self.add(block, frame, line)
    }

    fn add(&mut self, mut block: Block, frame: u32, line: u32) -> io::Result<()> {
        self.begin()?;
        block.set_frame(frame, line);
        self.place(block.path());
        let Some(out) = &mut self.out else { return Ok(()) };
        out.write(block.stored())
    }

    /// Counts a directory whose block comes next.
    fn place(&mut self, dir: &[u8]) {
        while self.above.last().is_some_and(|(_, above)| !path::is_within(dir, above)) {
            self.above.pop();
        }
        for (above, _) in &self.above {
            self.places[*above].1 += 1;
        }
        self.above.push((self.places.len(), dir.into()));
        self.places.push((self.out.as_ref().map_or(0, |out| out.at), 0));
    }

    /// Opens the file and writes what is the old index's so far.
    fn begin(&mut self) -> io::Result<()> {
        let Some(create) = self.create.take() else { return Ok(()) };
        let file = BufWriter::with_capacity(256 * 1024, create()?);
        let mut out = Output { file, hasher: Sha256::new(), at: 0 };
        out.write(MAGIC)?;
        self.out = Some(out);
        let Some(old) = self.old.clone() else { return Ok(()) };
        for dir in 0..self.shared {
            let block = old.block(dir)?;
            self.place(block.path());
            if let Some(out) = &mut self.out {
                out.write(block.stored())?;
            }
        }
        Ok(())
    }

    /// Ends the index with the frames of the manifest beside it. `false`: it is the old one, and
    /// nothing was written.
    ///
    /// # Errors
    /// A file cannot be read or written.
    pub fn finish(mut self, frames: &[FrameSpan]) -> io::Result<bool> {
        let is_old = |old: &Arc<Index>| self.shared == old.directories() && *frames == *old.frames();
        if self.out.is_none() && self.old.as_ref().is_some_and(is_old) {
            return Ok(false);
        }
        self.begin()?;
        let Some(mut out) = self.out.take() else { return Ok(false) };
        let blocks_end = out.at;
        for frame in frames {
            out.write(&frame.offset.to_le_bytes())?;
            out.write(&frame.length.to_le_bytes())?;
            out.write(&frame.lines.to_le_bytes())?;
        }
        for (offset, below) in &self.places {
            out.write(&offset.to_le_bytes())?;
            out.write(&below.to_le_bytes())?;
        }
        let count = |n: usize| u32::try_from(n).map_err(io::Error::other);
        out.write(&blocks_end.to_le_bytes())?;
        out.write(&count(frames.len())?.to_le_bytes())?;
        out.write(&count(self.places.len())?.to_le_bytes())?;
        let Output { mut file, hasher, at } = out;
        let digest = Digest::finish(hasher);
        file.write_all(&digest.0)?;
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        debug_assert!(file.metadata().is_ok_and(|meta| meta.len() == at + 32), "all was written");
        Ok(true)
    }
}
