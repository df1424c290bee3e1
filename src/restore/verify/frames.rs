//! A stored manifest, frame by frame: workers unpack and parse the frames ahead of the one that
//! is taken up, and a frame that a snapshot before had as well is parsed once.
//!
//! Whatever is unusual about a frame, from there on the manifest is read line by line, as
//! everybody else reads it: what is wrong is found and said in one place.

use crate::error::{Doing as _, Result};
use crate::interrupt;
use crate::sink::frames::{Cutter, LARGEST_FRAME};
use crate::sink::{Node, Sink, StoredManifest};
use crate::tree::{Block, Digest, Part, Piece};
use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io::{BufReader, Seek as _, SeekFrom};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Frames under way.
const AHEAD: usize = 8;
/// A frame that unpacks to more bytes is under way alone.
const LARGE: usize = 1 << 20;
/// Entries that are kept for the snapshots to come: some 80 MB.
const KEPT: usize = 300_000;

/// Frames that were parsed, by what is stored. Memory: some 300 bytes an entry, of at most
/// [`KEPT`] entries and of the snapshots that are verified just now and just before.
#[derive(Default)]
pub(super) struct Cache {
    blocks: HashMap<Name, Kept>,
    entries: usize,
    snapshot: u32,
    device: Option<u64>,
    /// Whether there is a snapshot to come.
    on: bool,
}

/// The hash of the stored bytes, and how many lines at their beginning were left out.
type Name = (Digest, usize);

struct Kept {
    block: Arc<Block>,
    entries: usize,
    snapshot: u32,
}

impl Cache {
    /// Begins a snapshot; what the one before did not need is forgotten.
    pub(super) fn begin(&mut self, more: bool) {
        let last = self.snapshot;
        self.blocks.retain(|_, kept| kept.snapshot == last);
        self.entries = self.blocks.values().map(|kept| kept.entries).sum();
        self.snapshot += 1;
        self.on = more;
    }

    /// Passes on device and mount if this is the first device of the run: inode numbers that are
    /// kept with parts are those of one device.
    pub(super) fn same_device(&mut self, place: Option<(u64, u64)>) -> Option<(u64, u64)> {
        place.filter(|(device, _)| self.device.get_or_insert(*device) == device)
    }

    fn get(&mut self, name: &Name) -> Option<Arc<Block>> {
        let kept = self.blocks.get_mut(name)?;
        kept.snapshot = self.snapshot;
        Some(Arc::clone(&kept.block))
    }

    fn put(&mut self, name: Name, block: &Arc<Block>) {
        let entries = block.pieces.iter().map(|piece| match piece {
            Piece::Part(part) => part.listing.entries.len(),
            _ => 1,
        });
        let entries = entries.sum();
        if self.on && self.entries + entries <= KEPT && !self.blocks.contains_key(&name) {
            self.entries += entries;
            self.blocks.insert(name, Kept { block: Arc::clone(block), entries, snapshot: self.snapshot });
        }
    }
}

/// A frame for a worker.
pub(super) struct Packed {
    bytes: Vec<u8>,
    size: usize,
    skip: usize,
    reply: SyncSender<Option<Block>>,
}

impl Packed {
    /// Unpacks and parses it.
    pub(super) fn parse(self) {
        let text = zstd::bulk::decompress(&self.bytes, self.size);
        let block = text.ok().and_then(|text| Block::parse(&text, self.skip));
        // Nobody waits any more where the manifest turned out to be damaged before this frame.
        let _ = self.reply.send(block);
    }
}

enum Pending {
    Known(Arc<Block>),
    Parsing(Name, Receiver<Option<Block>>),
}

/// The directories of a stored manifest, in order.
pub(super) struct Frames<'a> {
    manifest: StoredManifest,
    cache: &'a mut Cache,
    cutter: Cutter<File>,
    /// Frames under way, and where each begins.
    pending: VecDeque<(u64, Pending)>,
    block: Option<(Arc<Block>, usize)>,
    by_line: bool,
}

impl<'a> Frames<'a> {
    /// Opens the manifest of a snapshot, whose stored bytes are hashed first.
    ///
    /// # Errors
    /// It is missing, cannot be read, is damaged, or does not begin as it should.
    pub(super) fn open(sink: &Sink, node: &Node, cache: &'a mut Cache) -> Result<Frames<'a>> {
        let manifest = sink.open_manifest(node)?;
        let cutter = Cutter::new(sink.stored_manifest(node)?);
        Ok(Frames { manifest, cache, cutter, pending: VecDeque::new(), block: None, by_line: false })
    }

    /// The reader, for what it knows of the whole.
    pub(super) fn manifest(&self) -> &StoredManifest {
        &self.manifest
    }

    /// The next directory that has entries; `None` after a sound end. `parse` takes what
    /// workers are to unpack meanwhile.
    ///
    /// # Errors
    /// Those of [`crate::tree::ManifestReader::next_listing`]; interrupted.
    pub(super) fn next(&mut self, parse: &dyn Fn(Packed)) -> Result<Option<Arc<Part>>> {
        while !self.by_line {
            let Some((block, at)) = &mut self.block else {
                self.next_block(parse)?;
                continue;
            };
            match block.pieces.get(*at) {
                Some(piece) => {
                    *at += 1;
                    let is_last = matches!(piece, Piece::Tree(_));
                    let done = self.manifest.take(piece)?;
                    if is_last {
                        let rest = self.pending.front().map_or(self.cutter.at(), |(at, _)| *at);
                        self.read_lines(rest)?;
                    }
                    if done.is_some() {
                        return Ok(done);
                    }
                }
                None => self.block = None,
            }
        }
        Ok(self.manifest.next_listing()?.map(|listing| Arc::new(Part::whole(listing))))
    }

    /// Waits for the next frame; reads line by line from there on if it is unusual.
    fn next_block(&mut self, parse: &dyn Fn(Packed)) -> Result<()> {
        self.send_ahead(parse);
        interrupt::check()?;
        let Some((at, pending)) = self.pending.pop_front() else { return self.read_lines(self.cutter.at()) };
        self.block = match pending {
            Pending::Known(block) => Some((block, 0)),
            Pending::Parsing(name, reply) => reply.recv().ok().flatten().map(|block| {
                let block = Arc::new(block);
                self.cache.put(name, &block);
                (block, 0)
            }),
        };
        interrupt::check()?;
        if self.block.is_none() { self.read_lines(at) } else { Ok(()) }
    }

    fn send_ahead(&mut self, parse: &dyn Fn(Packed)) {
        while self.pending.len() < AHEAD {
            // An error is met again, and told, by the reader of lines.
            let alone = self.pending.is_empty();
            let begin = self.cutter.at();
            let Ok(Some((stored, size))) = self.cutter.next(if alone { LARGEST_FRAME } else { LARGE }) else {
                break;
            };
            // The first frame begins with the header and the root.
            let skip = if begin == 0 { 2 } else { 0 };
            let name = (Digest::of(stored), skip);
            let pending = match self.cache.get(&name) {
                Some(block) => Pending::Known(block),
                None => {
                    let (reply, parsed) = sync_channel(1);
                    parse(Packed { bytes: stored.to_vec(), size, skip, reply });
                    Pending::Parsing(name, parsed)
                }
            };
            self.pending.push_back((begin, pending));
            if size > LARGE {
                break;
            }
        }
    }

    /// Leaves what follows, which begins at `at` in the file, to the reader of lines.
    fn read_lines(&mut self, at: u64) -> Result<()> {
        let cannot = || "cannot read a manifest";
        self.by_line = true;
        self.pending.clear();
        if at == 0 {
            return Ok(());
        }
        let mut file = self.cutter.input().try_clone().doing(cannot)?;
        let end = file.seek(SeekFrom::End(0)).doing(cannot)?;
        if at >= end {
            self.manifest.go_on(None);
            return Ok(());
        }
        file.seek(SeekFrom::Start(at)).doing(cannot)?;
        self.manifest.go_on(Some(BufReader::new(zstd::Decoder::new(file).doing(cannot)?)));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(tree: &str) -> Arc<Block> {
        let text = format!("{{\"type\":\"tree\",\"entries\":1,\"bytes\":0,\"tree\":\"{tree}\"}}\n");
        Arc::new(Block::parse(text.as_bytes(), 0).unwrap())
    }

    #[test]
    fn a_frame_is_kept_as_long_as_each_snapshot_has_it() {
        let mut cache = Cache::default();
        let (old, new) = (Digest::of(b"old"), Digest::of(b"new"));
        cache.begin(true);
        cache.put((old, 0), &block(&old.to_string()));
        cache.put((new, 0), &block(&new.to_string()));
        cache.begin(true);
        assert!(cache.get(&(new, 0)).is_some() && cache.get(&(new, 2)).is_none());
        cache.begin(true);
        assert!(cache.get(&(old, 0)).is_none() && cache.get(&(new, 0)).is_some());
        assert_eq!(cache.entries, 1);
    }

    #[test]
    fn nothing_is_kept_for_nobody_nor_beyond_the_limit() {
        let mut cache = Cache::default();
        let name = (Digest::of(b"x"), 0);
        cache.begin(false);
        cache.put(name, &block(&name.0.to_string()));
        assert!(cache.get(&name).is_none());
        cache.begin(true);
        cache.entries = KEPT;
        cache.put(name, &block(&name.0.to_string()));
        assert!(cache.get(&name).is_none());
    }

    #[test]
    fn inode_numbers_are_those_of_one_device() {
        let mut cache = Cache::default();
        assert_eq!(cache.same_device(None), None);
        assert_eq!(cache.same_device(Some((7, 1))), Some((7, 1)));
        assert_eq!(cache.same_device(Some((8, 1))), None);
        assert_eq!(cache.same_device(Some((7, 2))), Some((7, 2)));
    }
}
