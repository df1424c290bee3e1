//! The written side of a tree that is being sealed: its manifest and its index, which share with
//! the parent's what did not change.

use super::Output;
use crate::error::{Doing as _, Error, Result};
use crate::fs::Dir;
use crate::sink::index::{Block, Create};
use crate::sink::{Index, IndexWriter};
use crate::snapshot::journal::Journal;
use crate::tree::{
    Digest, Entry, Finished, FrameSpan, Framing, Listing, ManifestWriter, OldManifest, Owners, Sealed,
    TreeRecord,
};
use std::sync::Arc;

const CANNOT_INDEX: fn() -> &'static str = || "cannot write the index of the sink";

/// The parent snapshot's records, which the new ones may share.
pub struct Parent {
    /// Its index.
    pub index: Arc<Index>,
    /// Its manifest.
    pub manifest: OldManifest,
    /// The last record of that.
    pub tree: TreeRecord,
    /// SHA-256 of the stored file.
    pub sha256: Digest,
    /// Makes the parent's manifest the staging's, as another name of the file. `false`: it cannot.
    pub share: Box<dyn FnOnce() -> bool + Send>,
}

/// What is left of the parent while the new tree is sealed.
struct Old {
    index: Arc<Index>,
    sealed: Sealed,
    share: Box<dyn FnOnce() -> bool + Send>,
    /// So many directories were taken over, the first of the index, and not hashed; `None` once
    /// something differs.
    unhashed: Option<u32>,
}

/// Where a sealer writes, beside the tree.
pub struct Writes {
    /// The manifest.
    pub manifest: Output,
    /// How that is laid out.
    pub framing: Framing,
    /// What was made from which file.
    pub journal: Option<Journal>,
    /// The index of the new tree: where to make it, if it is wanted.
    pub index: Option<Create>,
    /// Puts the sink's index there, if it holds for the new tree as well.
    pub keep_index: Option<KeepIndex>,
}

/// Makes the index in place the staging's, as another name of the file. Without it there is none,
/// and the next push makes one.
pub type KeepIndex = Box<dyn FnOnce() + Send>;

/// Writes manifest and index.
pub(super) struct Records {
    writer: ManifestWriter<Output>,
    index: Option<IndexWriter>,
    keep_index: Option<KeepIndex>,
    old: Option<Old>,
}

impl Records {
    /// Begins a manifest whose root is `root`.
    ///
    /// # Errors
    /// The output fails.
    pub(super) fn new(
        (manifest, framing): (Output, Framing),
        (index, keep_index): (Option<Create>, Option<KeepIndex>),
        owners: &Owners,
        root: &Entry,
        parent: Option<Parent>,
    ) -> Result<Records> {
        let (old, shared) = match parent {
            Some(Parent { index, manifest, tree, sha256, share }) => {
                let sealed = Sealed { tree, sha256 };
                let known = !index.frames().is_empty();
                (Some(Old { index, sealed, share, unhashed: Some(0) }), known.then_some(manifest))
            }
            None => (None, None),
        };
        let writer = ManifestWriter::new(manifest, framing, owners, root, shared)?;
        let index =
            index.map(|create| IndexWriter::new(create, old.as_ref().map(|old| Arc::clone(&old.index))));
        Ok(Records { writer, index, keep_index, old })
    }

    /// Writes a record that stands between entries and is no part of the tree.
    ///
    /// # Errors
    /// The output fails.
    pub(super) fn aside(&mut self, record: &impl serde::Serialize) -> Result<()> {
        self.writer.aside(record)
    }

    /// Writes a directory's records.
    pub(super) fn write(&mut self, listing: &Listing) -> Result<()> {
        self.hash_so_far()?;
        let place = self.writer.listing(listing)?;
        match &mut self.index {
            Some(index) => index.listing(&listing.dir, &listing.entries, place).doing(CANNOT_INDEX),
            None => Ok(()),
        }
    }

    /// Takes over the records of a directory, none of which changed.
    pub(super) fn take_over(&mut self, number: u32, block: &Block) -> Result<()> {
        let lines = block.len() as u32;
        let listing =
            || block.listing().ok_or_else(|| Error::failed(CANNOT_INDEX()).because("it is damaged"));
        let Some(frame) = block.frame().filter(|_| self.index.is_some()) else {
            let mut listing = listing()?;
            if self.index.is_none() {
                // Who created a sink's inode is nothing that a source has.
                listing.entries.iter_mut().for_each(|entry| entry.made = None);
            }
            return self.write(&listing);
        };
        match self.old.as_mut().and_then(|old| old.unhashed.as_mut()) {
            Some(next) if *next == number => *next += 1,
            _ => {
                self.hash_so_far()?;
                self.writer.hash(&listing()?)?;
            }
        }
        let place = self.writer.same(frame, lines)?;
        match &mut self.index {
            Some(index) => index.same(number, block, place).doing(CANNOT_INDEX),
            None => Ok(()),
        }
    }

    /// Something differs from the parent: what was taken over so far has to be hashed after all.
    fn hash_so_far(&mut self) -> Result<()> {
        let Some(old) = &mut self.old else { return Ok(()) };
        for number in 0..old.unhashed.take().unwrap_or(0) {
            let block = old.index.block(number).doing(CANNOT_INDEX)?;
            let listing =
                block.listing().ok_or_else(|| Error::failed(CANNOT_INDEX()).because("it is damaged"))?;
            self.writer.hash(&listing)?;
        }
        Ok(())
    }

    /// Ends manifest and index.
    ///
    /// # Errors
    /// The sink or the output fails.
    pub(super) fn finish(mut self) -> Result<Sealed> {
        let (sealed, frames) = match self.share()? {
            Some(shared) => shared,
            None => {
                self.hash_so_far()?;
                let Finished { sealed, frames, .. } = self.writer.finish()?;
                (sealed, frames)
            }
        };
        let written = self.index.map_or(Ok(true), |index| index.finish(&frames)).doing(CANNOT_INDEX)?;
        if let Some(keep) = self.keep_index.filter(|_| !written) {
            keep();
        }
        Ok(sealed)
    }

    /// A manifest in which no record changed is the parent's.
    fn share(&mut self) -> Result<Option<(Sealed, Vec<FrameSpan>)>> {
        let all = |old: &Old| old.unhashed == Some(old.index.directories());
        let Some(old) = self.old.take_if(|old| all(old)) else { return Ok(None) };
        if self.writer.is_old(&old.sealed.tree)? && (old.share)() {
            return Ok(Some((old.sealed, old.index.frames().to_vec())));
        }
        // Not quite so after all.
        self.old = Some(Old { share: Box::new(|| false), ..old });
        Ok(None)
    }
}

/// Whether the entries of a directory came out as the records of the parent's index have them.
pub(super) fn is_intact(block: &Block, entries: &[Entry]) -> bool {
    block.len() == entries.len()
        && block.records().zip(entries).all(|(record, entry)| record.entry().as_ref() == Some(entry))
}

/// Opens the file that a staging's manifest goes to.
///
/// # Errors
/// The file cannot be made.
pub fn manifest_file(staging: &Dir) -> Result<Output> {
    let file = staging.create_file(crate::sink::layout::MANIFEST).doing(|| "cannot begin a manifest")?;
    Ok(Box::new(std::io::BufWriter::with_capacity(256 * 1024, std::fs::File::from(file))))
}
