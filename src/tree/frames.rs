//! The frames of a stored manifest, and how a new manifest takes them over: a frame in which no
//! record changed is copied as it is, and of one that is broken up the lines that stay are copied.

use crate::error::{Doing as _, Error, Result};
use std::io;

/// Where a frame stands in a stored manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameSpan {
    /// First byte.
    pub offset: u64,
    /// Bytes.
    pub length: u32,
    /// Records in it.
    pub lines: u32,
}

/// Reads so many bytes of a stored manifest from an offset.
pub type ReadAt = Box<dyn FnMut(u64, usize) -> io::Result<Vec<u8>> + Send>;

/// A frame that nobody stored as large as that, in bytes of text.
const MAX_TEXT: usize = 1 << 30;

/// A stored manifest that a new one shares frames with.
pub struct OldManifest {
    frames: Vec<FrameSpan>,
    read: ReadAt,
    /// The text of the frame that was unpacked last.
    text: Option<(u32, Vec<u8>)>,
}

impl OldManifest {
    /// The manifest with these frames.
    pub fn new(frames: Vec<FrameSpan>, read: ReadAt) -> OldManifest {
        OldManifest { frames, read, text: None }
    }

    /// The frames, first to last.
    pub(super) fn frames(&self) -> &[FrameSpan] {
        &self.frames
    }

    /// The stored bytes of a frame.
    pub(super) fn stored(&mut self, frame: u32) -> Result<Vec<u8>> {
        let span = *self.frames.get(frame as usize).ok_or_else(unfit)?;
        (self.read)(span.offset, span.length as usize).doing(|| "cannot read the last manifest")
    }

    /// Some lines of a frame, with their newlines.
    pub(super) fn lines(&mut self, frame: u32, first: u32, count: u32) -> Result<&[u8]> {
        if self.text.as_ref().is_none_or(|(known, _)| *known != frame) {
            let stored = self.stored(frame)?;
            let text = zstd::stream::decode_all(&*stored).doing(|| "cannot unpack the last manifest")?;
            self.text = Some((frame, text));
        }
        let text = self.text.as_ref().map(|(_, text)| &**text).filter(|text| text.len() <= MAX_TEXT);
        let text = text.ok_or_else(unfit)?;
        let mut ends = text.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(at, _)| at + 1);
        let nth_end = |ends: &mut dyn Iterator<Item = usize>, n: u32| match n.checked_sub(1) {
            None => Some(0),
            Some(before) => ends.nth(before as usize),
        };
        let start = nth_end(&mut ends, first).ok_or_else(unfit)?;
        let end = if count == 0 { start } else { ends.nth(count as usize - 1).ok_or_else(unfit)? };
        Ok(&text[start..end])
    }
}

/// The frames are not those of the manifest: the index is of another one.
fn unfit() -> Error {
    Error::failed("cannot take over the last manifest").because("the index does not fit it")
}
