//! Stored manifests: opened for reading only after their bytes were proven to be those that the
//! snapshot's node names.

use super::{Node, Sink, layout, node};
use crate::error::{Doing as _, Error, Result};
use crate::fs::Dir;
use crate::quote::quoted_path;
use crate::tree::{Digest, FrameSpan, ManifestReader, OldManifest};
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _};
use std::os::unix::fs::FileExt as _;

/// Reads the records of a stored manifest.
pub type StoredManifest = ManifestReader<BufReader<zstd::Decoder<'static, BufReader<File>>>>;

/// Bytes hashed at once.
const BLOCK: usize = 256 * 1024;

impl Sink {
    /// Opens the manifest of a snapshot. The stored file is hashed first, as a whole.
    ///
    /// # Errors
    /// [`crate::error::Kind::Failed`] if it is missing, cannot be read or is damaged.
    pub fn open_manifest(&self, node: &Node) -> Result<StoredManifest> {
        let cannot = || format!("cannot read snapshot {}", node.short());
        let mut file = self.stored_manifest(node)?;
        if hash(&mut file).doing(cannot)? != node.manifest.sha256 {
            return Err(self.damaged(node, "its manifest is damaged"));
        }
        read(file, &node.id)
    }

    /// The hash of a stored manifest, and whether it says that it has a version which this program does
    /// not know; `None`: there is none.
    ///
    /// # Errors
    /// The system does not let it be read.
    pub fn look_at_manifest(&self, id: &str) -> Result<Option<(Digest, bool)>> {
        let cannot = || format!("cannot read the manifest of {}", node::short(id));
        let mut file = match self.dir(layout::MANIFESTS)?.open_file(id.as_bytes()) {
            Err(crate::fs::Errno::NOENT) => return Ok(None),
            result => File::from(result.doing(cannot)?),
        };
        let sha256 = hash(&mut file).doing(cannot)?;
        file.rewind().doing(cannot)?;
        let mut line = String::new();
        let first = zstd::Decoder::new(file).map(|text| text.take(1 << 20));
        let read = first.and_then(|text| BufReader::new(text).read_line(&mut line));
        let header: Option<serde_json::Value> = read.ok().and_then(|_| serde_json::from_str(&line).ok());
        let version = header.and_then(|header| header.get("v")?.as_u64());
        Ok(Some((sha256, version.is_some_and(|v| v > 1))))
    }

    /// Opens the manifest of a snapshot that has no node. Whether it is sound in itself is known when it
    /// was read to its end.
    ///
    /// # Errors
    /// It is missing, cannot be read, or does not begin as it should.
    pub fn open_unproven(&self, id: &str) -> Result<StoredManifest> {
        let cannot = || format!("cannot read the manifest of {}", node::short(id));
        read(File::from(self.dir(layout::MANIFESTS)?.open_file(id.as_bytes()).doing(cannot)?), id)
    }

    /// Opens the manifest of a staged tree that this process has written.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn open_staged(&self, staging: &Dir) -> Result<StoredManifest> {
        let cannot = || format!("cannot read the manifest of a staged tree in {}", quoted_path(&self.path));
        read(File::from(staging.open_file(layout::MANIFEST).doing(cannot)?), "a staged tree")
    }

    /// The stored manifest of a snapshot, unproven.
    ///
    /// # Errors
    /// [`crate::error::Kind::Failed`] if it is missing or cannot be opened.
    pub fn stored_manifest(&self, node: &Node) -> Result<File> {
        match self.dir(layout::MANIFESTS)?.open_file(node.id.as_bytes()) {
            Err(crate::fs::Errno::NOENT) => Err(self.damaged(node, "its manifest is missing")),
            result => result.map(File::from).doing(|| format!("cannot read snapshot {}", node.short())),
        }
    }

    fn damaged(&self, node: &Node, why: &str) -> Error {
        Error::failed(format!("cannot read snapshot {}", node.short()))
            .because(why)
            .hint(format!("its files are in {}", quoted_path(&self.tree_path(&node.id))))
    }
}

impl Sink {
    /// The stored manifest of a snapshot, which [`Sink::open_manifest`] has proven, for taking
    /// over these frames of it.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn old_manifest(&self, node: &Node, frames: Vec<FrameSpan>) -> Result<OldManifest> {
        let cannot = || format!("cannot read snapshot {}", node.short());
        let file = File::from(self.dir(layout::MANIFESTS)?.open_file(node.id.as_bytes()).doing(cannot)?);
        let read = move |offset, length| {
            let mut bytes = vec![0; length];
            file.read_exact_at(&mut bytes, offset)?;
            Ok(bytes)
        };
        Ok(OldManifest::new(frames, Box::new(read)))
    }
}

fn read(mut file: File, id: &str) -> Result<StoredManifest> {
    let cannot = || format!("cannot read snapshot {}", node::short(id));
    file.rewind().doing(cannot)?;
    let records = zstd::Decoder::new(file).doing(cannot)?;
    ManifestReader::new(BufReader::new(records), format!("the manifest of {}", node::short(id)))
}

fn hash(file: &mut File) -> std::io::Result<Digest> {
    let mut hasher = Sha256::new();
    let mut block = vec![0; BLOCK];
    loop {
        match file.read(&mut block) {
            Ok(0) => return Ok(Digest::finish(hasher)),
            Ok(n) => hasher.update(&block[..n]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
