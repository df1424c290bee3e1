//! Writing a manifest: records in order, in zstd frames cut at directory boundaries, sealed by
//! a last record with the tree hash.

use super::frames::{FrameSpan, OldManifest};
use super::{Digest, Entry, EntryRecord, Kind, Listing, TreeHasher, path};
use crate::error::{Doing as _, Error, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::io::Write;

/// A frame is closed at the next directory boundary once it holds this many bytes of JSON.
const FRAME: usize = 64 * 1024;
/// Fast, and within a few percent of the slower levels on manifests.
const LEVEL: i32 = 3;

/// First record: the format version and the names that belong to the numeric owners.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owners {
    /// Names of users by number, as text.
    #[serde(default)]
    pub users: BTreeMap<String, String>,
    /// Names of groups by number, as text.
    #[serde(default)]
    pub groups: BTreeMap<String, String>,
}

#[derive(Serialize)]
struct Header<'a> {
    #[serde(rename = "type")]
    ty: &'static str,
    v: u32,
    #[serde(flatten)]
    owners: &'a Owners,
}

/// Last record: what a complete tree holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TreeRecord {
    /// Entries, the root included.
    pub entries: u64,
    /// Bytes of all regular files, each inode once.
    pub bytes: u64,
    /// The tree hash.
    pub tree: Digest,
}

/// Something of the source that could not be saved; stands between entries, outside the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// Path inside the source.
    pub path: Box<[u8]>,
    /// The system's error number, or 0 where there is none.
    pub errno: i32,
    /// Why, for people.
    pub text: String,
}

#[derive(Serialize)]
struct Tagged<'a, T> {
    #[serde(rename = "type")]
    ty: &'static str,
    #[serde(flatten)]
    record: &'a T,
}

/// How records are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// JSON lines, as plumbing speaks.
    Plain,
    /// JSON lines in independent zstd frames, as sinks store them.
    Zstd,
}

/// What a finished manifest is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sealed {
    /// The last record.
    pub tree: TreeRecord,
    /// SHA-256 of all bytes written.
    pub sha256: Digest,
}

/// A manifest that is complete.
pub struct Finished<W> {
    /// Where it was written.
    pub out: W,
    /// What it is known by.
    pub sealed: Sealed,
    /// Its frames.
    pub frames: Vec<FrameSpan>,
}

/// A directory's place in a manifest: its frame, and its first line in that.
pub type Position = (u32, u32);

/// The first lines of an old frame, which stand for the frame that is being filled.
#[derive(Debug, Clone, Copy)]
struct Taken {
    frame: u32,
    lines: u32,
}

/// Writes a manifest and computes its tree hash on the way.
///
/// Beside an old manifest, nothing is written as long as all frames are the old one's first ones:
/// a manifest without change is the old one.
pub struct ManifestWriter<W> {
    out: W,
    framing: Framing,
    frame: Vec<u8>,
    lines: u32,
    packer: zstd::bulk::Compressor<'static>,
    stored: Sha256,
    frames: Vec<FrameSpan>,
    old: Option<OldManifest>,
    taken: Option<Taken>,
    /// So far the frames are the old manifest's first ones, and not written.
    shared: bool,
    hasher: TreeHasher,
    entries: u64,
    bytes: u64,
}

impl<W: Write> ManifestWriter<W> {
    /// Begins a manifest with its header and its root.
    ///
    /// # Errors
    /// The output fails.
    pub fn new(
        out: W,
        framing: Framing,
        owners: &Owners,
        root: &Entry,
        old: Option<OldManifest>,
    ) -> Result<ManifestWriter<W>> {
        let packer = zstd::bulk::Compressor::new(LEVEL).doing(|| "cannot set up zstd")?;
        let mut writer = ManifestWriter {
            out,
            framing,
            frame: Vec::with_capacity(2 * FRAME),
            lines: 0,
            packer,
            stored: Sha256::new(),
            frames: Vec::new(),
            shared: old.is_some(),
            old,
            taken: None,
            hasher: TreeHasher::new(root.mode),
            entries: 1,
            bytes: 0,
        };
        let mut head = Vec::new();
        append(&mut head, &Header { ty: "manifest", v: 1, owners })?;
        append(&mut head, &EntryRecord::new(b"", root))?;
        let is_old = match &mut writer.old {
            Some(old) => old.lines(0, 0, 2).is_ok_and(|lines| lines == head),
            None => false,
        };
        if is_old {
            writer.same((0, 0), 2)?;
        } else {
            writer.text(&head, 2)?;
        }
        Ok(writer)
    }

    /// Writes a directory's entries; directories come in manifest order. Returns where they stand.
    ///
    /// # Errors
    /// The order is broken, or the output fails.
    pub fn listing(&mut self, listing: &Listing) -> Result<Position> {
        if !listing.entries.is_sorted_by(|a, b| a.name < b.name) {
            return Err(Error::failed("cannot write the manifest").because("two entries are out of order"));
        }
        self.hash(listing)?;
        self.put_back()?;
        let place = (self.next_frame()?, self.lines);
        for entry in &listing.entries {
            self.record(&EntryRecord::new(&path::join(&listing.dir, &entry.name), entry))?;
        }
        if self.frame.len() >= FRAME {
            self.flush_frame()?;
        }
        Ok(place)
    }

    /// Takes over the lines of a directory in which no record changed, which [`Self::hash`] has
    /// taken up or will. Returns where they stand.
    ///
    /// # Errors
    /// The old manifest cannot be read, or the output fails.
    pub fn same(&mut self, (frame, first): Position, lines: u32) -> Result<Position> {
        if lines == 0 {
            return Ok((self.next_frame()?, self.lines));
        }
        if let Some(taken) = &mut self.taken
            && (taken.frame, taken.lines) == (frame, first)
        {
            taken.lines += lines;
            let place = (self.next_frame()?, first);
            self.complete_taken()?;
            return Ok(place);
        }
        self.put_back()?;
        // A small frame before it would stay small for ever.
        if first == 0 && (self.frame.is_empty() || self.frame.len() >= FRAME / 4) {
            self.flush_frame()?;
            self.taken = Some(Taken { frame, lines });
            let place = (self.next_frame()?, 0);
            self.complete_taken()?;
            return Ok(place);
        }
        let place = (self.next_frame()?, self.lines);
        self.copy_lines(frame, first, lines)?;
        if self.frame.len() >= FRAME {
            self.flush_frame()?;
        }
        Ok(place)
    }

    /// Takes a directory up into the tree hash and the totals, without writing it.
    ///
    /// # Errors
    /// The order is broken.
    pub fn hash(&mut self, listing: &Listing) -> Result<()> {
        self.hasher
            .listing(listing)
            .map_err(|why| Error::failed("cannot write the manifest").because(why))?;
        self.entries += listing.entries.len() as u64;
        let files = listing.entries.iter().filter(|e| e.kind == Kind::File && e.links.is_none());
        self.bytes += files.map(|entry| entry.size).sum::<u64>();
        Ok(())
    }

    /// Whether the manifest is the old one, if this is its last record.
    pub fn is_old(&mut self, tree: &TreeRecord) -> Result<bool> {
        let mut last = Vec::new();
        append(&mut last, &Tagged { ty: "tree", record: tree })?;
        let frame = self.next_frame()?;
        let at_end = self.shared && self.taken.is_none();
        let Some(old) = self.old.as_mut().filter(|old| at_end && old.frames().len() == frame as usize + 1)
        else {
            return Ok(false);
        };
        let lines = old.frames()[frame as usize].lines;
        Ok(lines == 1 && old.lines(frame, 0, 1)? == last)
    }

    /// Writes a record that stands between entries and is no part of the tree.
    ///
    /// # Errors
    /// The output fails.
    pub fn aside(&mut self, record: &impl Serialize) -> Result<()> {
        self.record(record)
    }

    /// Writes a line that is such a record already.
    ///
    /// # Errors
    /// The output fails.
    pub fn aside_line(&mut self, line: &str) -> Result<()> {
        self.text(line.as_bytes(), 0)?;
        self.text(b"\n", 1)
    }

    /// Writes the last record, in a frame of its own; returns the output and what the manifest is
    /// known by.
    ///
    /// # Errors
    /// The output fails.
    pub fn finish(mut self) -> Result<Finished<W>> {
        let hasher = std::mem::replace(&mut self.hasher, TreeHasher::new(0));
        let tree = TreeRecord { entries: self.entries, bytes: self.bytes, tree: hasher.finish() };
        self.put_back()?;
        self.flush_frame()?;
        self.write_shared()?;
        self.record(&Tagged { ty: "tree", record: &tree })?;
        self.flush_frame()?;
        self.out.flush().doing(|| "cannot write the manifest")?;
        let sealed = Sealed { tree, sha256: Digest::finish(self.stored) };
        Ok(Finished { out: self.out, sealed, frames: self.frames })
    }

    /// The number of the frame that the next line goes to.
    fn next_frame(&self) -> Result<u32> {
        to_u32(self.frames.len())
    }

    fn record(&mut self, record: &impl Serialize) -> Result<()> {
        append(&mut self.frame, record)?;
        self.lines += 1;
        Ok(())
    }

    fn text(&mut self, text: &[u8], lines: u32) -> Result<()> {
        self.frame.extend_from_slice(text);
        self.lines += lines;
        Ok(())
    }

    /// An old frame of which only the first lines stay is no frame any more.
    fn put_back(&mut self) -> Result<()> {
        let Some(taken) = self.taken.take() else { return Ok(()) };
        self.copy_lines(taken.frame, 0, taken.lines)
    }

    fn copy_lines(&mut self, frame: u32, first: u32, lines: u32) -> Result<()> {
        if let Some(old) = &mut self.old {
            self.frame.extend_from_slice(old.lines(frame, first, lines)?);
            self.lines += lines;
        }
        Ok(())
    }

    /// A frame all of whose lines were taken over is copied as it is.
    fn complete_taken(&mut self) -> Result<()> {
        let (Some(taken), Some(old)) = (self.taken, &mut self.old) else { return Ok(()) };
        let Some(span) = old.frames().get(taken.frame as usize).copied() else { return Ok(()) };
        if taken.lines != span.lines {
            return Ok(());
        }
        self.taken = None;
        if self.shared && self.frames.len() == taken.frame as usize {
            self.frames.push(span);
            return Ok(());
        }
        let stored = old.stored(taken.frame)?;
        self.write_shared()?;
        self.write_frame(&stored, span.lines)
    }

    /// Writes the frames that were only counted so far: from here on the manifest is another.
    fn write_shared(&mut self) -> Result<()> {
        if !std::mem::take(&mut self.shared) {
            return Ok(());
        }
        for (frame, span) in std::mem::take(&mut self.frames).into_iter().enumerate() {
            let Some(old) = &mut self.old else { return Ok(()) };
            let stored = old.stored(to_u32(frame)?)?;
            self.write_frame(&stored, span.lines)?;
        }
        Ok(())
    }

    fn flush_frame(&mut self) -> Result<()> {
        if self.frame.is_empty() {
            return Ok(());
        }
        self.write_shared()?;
        let text = std::mem::take(&mut self.frame);
        let lines = std::mem::take(&mut self.lines);
        match self.framing {
            Framing::Plain => self.write_frame(&text, lines)?,
            Framing::Zstd => {
                let packed = self.packer.compress(&text).doing(|| "cannot pack the manifest")?;
                self.write_frame(&packed, lines)?;
            }
        }
        self.frame = text;
        self.frame.clear();
        Ok(())
    }

    fn write_frame(&mut self, stored: &[u8], lines: u32) -> Result<()> {
        let offset = self.frames.last().map_or(0, |last| last.offset + u64::from(last.length));
        let length = to_u32(stored.len())?;
        self.frames.push(FrameSpan { offset, length, lines });
        self.stored.update(stored);
        self.out.write_all(stored).doing(|| "cannot write the manifest")
    }
}

fn to_u32(number: usize) -> Result<u32> {
    u32::try_from(number).map_err(|_| Error::failed("cannot write the manifest").because("it is too large"))
}

fn append(to: &mut Vec<u8>, record: &impl Serialize) -> Result<()> {
    serde_json::to_writer(&mut *to, record).doing(|| "cannot write the manifest")?;
    to.push(b'\n');
    Ok(())
}

impl Serialize for Unread {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap as _;
        let (path, path_b64) = super::text_or_b64(&self.path);
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", "unread")?;
        match (path, path_b64) {
            (Some(path), _) => map.serialize_entry("path", &path)?,
            (None, b64) => map.serialize_entry("path_b64", &b64)?,
        }
        map.serialize_entry("errno", &self.errno)?;
        map.serialize_entry("text", &self.text)?;
        map.end()
    }
}
