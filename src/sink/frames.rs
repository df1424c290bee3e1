//! The frames of a stored manifest, one after the other, for those who unpack them by themselves.

use super::{Node, Sink};
use crate::error::{Doing as _, Result};
use crate::tree::Digest;
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{self, Read};
use zstd::zstd_safe;

/// Frames with more bytes are left to readers of lines.
pub const LARGEST_FRAME: usize = 64 << 20;
/// Bytes read at once.
const CHUNK: usize = 256 * 1024;

/// Finds frames in a stored manifest.
pub struct Cutter<R> {
    input: R,
    bytes: Vec<u8>,
    /// Where in `bytes` the next frame begins,
    start: usize,
    /// and where in the file.
    at: u64,
    ended: bool,
}

impl<R: Read> Cutter<R> {
    /// Begins with the first frame.
    pub fn new(input: R) -> Cutter<R> {
        Cutter { input, bytes: Vec::new(), start: 0, at: 0, ended: false }
    }

    /// Where in the file the next frame begins.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// What is read.
    pub fn input(&self) -> &R {
        &self.input
    }

    /// The next frame and how many bytes it unpacks to, at most `limit`. `None`: nothing is
    /// left, it is larger, or it is nothing that a manifest is made of.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn next(&mut self, limit: usize) -> io::Result<Option<(&[u8], usize)>> {
        let length = loop {
            let ahead = &self.bytes[self.start..];
            match zstd_safe::find_frame_compressed_size(ahead) {
                Ok(length) if !ahead.is_empty() => break length,
                _ if self.ended || ahead.len() > LARGEST_FRAME => return Ok(None),
                _ => self.fill()?,
            }
        };
        let frame = self.start..self.start + length;
        match zstd_safe::get_frame_content_size(&self.bytes[frame.clone()]) {
            Ok(Some(size)) if size > 0 && size <= limit as u64 => {
                self.start = frame.end;
                self.at += length as u64;
                Ok(Some((&self.bytes[frame], usize::try_from(size).unwrap_or(limit))))
            }
            _ => Ok(None),
        }
    }

    /// Whether all has been cut.
    pub fn is_at_end(&self) -> bool {
        self.ended && self.start == self.bytes.len()
    }

    /// Reads on; as much again as there is, so that a long frame is not looked at often.
    fn fill(&mut self) -> io::Result<()> {
        self.bytes.drain(..self.start);
        self.start = 0;
        let more = self.bytes.len().max(CHUNK) as u64;
        let read = self.input.by_ref().take(more).read_to_end(&mut self.bytes)?;
        self.ended = read == 0;
        Ok(())
    }
}

/// The frames of a snapshot's manifest, which is hashed on the way: [`Frames::prove`] tells in the
/// end whether they are what was saved.
pub struct Frames {
    cutter: Cutter<Hashing>,
}

struct Hashing {
    file: File,
    hasher: Sha256,
}

impl Read for Hashing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.hasher.update(&buffer[..read]);
        Ok(read)
    }
}

impl Frames {
    /// Opens the manifest of a snapshot.
    ///
    /// # Errors
    /// [`crate::error::Kind::Failed`] if it is missing or cannot be opened.
    pub fn open(sink: &Sink, node: &Node) -> Result<Frames> {
        let file = sink.stored_manifest(node)?;
        Ok(Frames { cutter: Cutter::new(Hashing { file, hasher: Sha256::new() }) })
    }

    /// The next frame and how many bytes it unpacks to. `None`: nothing is left, or it is none that
    /// can be unpacked at once.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn next_frame(&mut self) -> io::Result<Option<(&[u8], usize)>> {
        self.cutter.next(LARGEST_FRAME)
    }

    /// After the last frame: whether the frames are all of the manifest, and that is what was saved.
    /// Where it is not, a reader of lines says why.
    pub fn prove(self, node: &Node) -> bool {
        self.cutter.is_at_end() && Digest::finish(self.cutter.input.hasher) == node.manifest.sha256
    }
}

/// A frame unpacked.
///
/// # Errors
/// It is damaged.
pub fn unpack(frame: &[u8], size: usize) -> Result<Vec<u8>> {
    zstd::bulk::decompress(frame, size).doing(|| "cannot unpack a frame of a manifest")
}
