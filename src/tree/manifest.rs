//! Writing a manifest: records in order, in zstd frames cut at directory boundaries, sealed by
//! a last record with the tree hash.

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

/// Writes a manifest and computes its tree hash on the way.
pub struct ManifestWriter<W> {
    out: W,
    framing: Framing,
    frame: Vec<u8>,
    packer: zstd::bulk::Compressor<'static>,
    stored: Sha256,
    hasher: TreeHasher,
    entries: u64,
    bytes: u64,
}

impl<W: Write> ManifestWriter<W> {
    /// Begins a manifest with its header and its root.
    ///
    /// # Errors
    /// The output fails.
    pub fn new(out: W, framing: Framing, owners: &Owners, root: &Entry) -> Result<ManifestWriter<W>> {
        let packer = zstd::bulk::Compressor::new(LEVEL).doing(|| "cannot set up zstd")?;
        let mut writer = ManifestWriter {
            out,
            framing,
            frame: Vec::with_capacity(2 * FRAME),
            packer,
            stored: Sha256::new(),
            hasher: TreeHasher::new(root.mode),
            entries: 1,
            bytes: 0,
        };
        writer.record(&Header { ty: "manifest", v: 1, owners })?;
        writer.record(&EntryRecord::new(b"", root))?;
        Ok(writer)
    }

    /// Writes a directory's entries; directories come in manifest order.
    ///
    /// # Errors
    /// The order is broken, or the output fails.
    pub fn listing(&mut self, listing: &Listing) -> Result<()> {
        self.hasher
            .listing(listing)
            .map_err(|why| Error::failed("cannot write the manifest").because(why))?;
        for entry in &listing.entries {
            self.record(&EntryRecord::new(&path::join(&listing.dir, &entry.name), entry))?;
            self.entries += 1;
            if entry.kind == Kind::File && entry.links.is_none() {
                self.bytes += entry.size;
            }
        }
        if self.frame.len() >= FRAME {
            self.flush_frame()?;
        }
        Ok(())
    }

    /// Writes a record that stands between entries and is no part of the tree.
    ///
    /// # Errors
    /// The output fails.
    pub fn aside(&mut self, record: &impl Serialize) -> Result<()> {
        self.record(record)
    }

    /// Writes the last record; returns the output and what the manifest is known by.
    ///
    /// # Errors
    /// The output fails.
    pub fn finish(mut self) -> Result<(W, Sealed)> {
        let hasher = std::mem::replace(&mut self.hasher, TreeHasher::new(0));
        let tree = TreeRecord { entries: self.entries, bytes: self.bytes, tree: hasher.finish() };
        self.record(&Tagged { ty: "tree", record: &tree })?;
        self.flush_frame()?;
        self.out.flush().doing(|| "cannot write the manifest")?;
        Ok((self.out, Sealed { tree, sha256: Digest::finish(self.stored) }))
    }

    fn record(&mut self, record: &impl Serialize) -> Result<()> {
        serde_json::to_writer(&mut self.frame, record).doing(|| "cannot write the manifest")?;
        self.frame.push(b'\n');
        Ok(())
    }

    fn flush_frame(&mut self) -> Result<()> {
        let packed;
        let bytes: &[u8] = match self.framing {
            Framing::Plain => &self.frame,
            Framing::Zstd => {
                packed = self.packer.compress(&self.frame).doing(|| "cannot pack the manifest")?;
                &packed
            }
        };
        self.stored.update(bytes);
        self.out.write_all(bytes).doing(|| "cannot write the manifest")?;
        self.frame.clear();
        Ok(())
    }
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
