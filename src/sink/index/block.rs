//! One directory's entries in the index: a header, then fixed records, each followed by its name
//! and, where the record cannot say all, by the entry as JSON.

use crate::fs::Stat;
use crate::tree::{Digest, Entry, EntryRecord, Kind, Listing, Made, Time};
use std::ops::Range;

/// Bytes before the path: its length, number of entries, frame, first line in the frame.
const HEADER: usize = 16;
/// Bytes of a record before the name.
const RECORD: usize = 112;
/// A frame that is not known.
pub(super) const NO_FRAME: u32 = u32::MAX;

const RACY: u8 = 1;
const TORN: u8 = 2;
const HELD: u8 = 4;
const LINKS: u8 = 8;
const UNATTESTED: u8 = 16;

/// A little-endian number in fixed-size bytes.
pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..at + 8).and_then(|part| part.try_into().ok()).map_or(0, u64::from_le_bytes)
}

/// A little-endian number in fixed-size bytes.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|part| part.try_into().ok()).map_or(0, u32::from_le_bytes)
}

/// A directory's part of the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    raw: Vec<u8>,
    /// Where each record begins.
    starts: Vec<u32>,
    path: Range<usize>,
}

/// One entry in a block.
#[derive(Clone, Copy)]
pub struct Record<'a> {
    fixed: &'a [u8],
    /// The name.
    pub name: &'a [u8],
    extra: &'a [u8],
}

impl Block {
    /// Takes over the bytes of a block; `None` if they are none.
    pub(super) fn parse(raw: Vec<u8>) -> Option<Block> {
        let header = raw.get(..HEADER)?;
        let path = HEADER..HEADER.checked_add(u32_at(header, 0) as usize)?;
        raw.get(path.clone())?;
        let count = u32_at(header, 4) as usize;
        let mut starts = Vec::with_capacity(count.min(raw.len() / RECORD));
        let mut at = path.end;
        let mut last: &[u8] = b"";
        for _ in 0..count {
            starts.push(u32::try_from(at).ok()?);
            let record = record_at(&raw, at)?;
            if record.name <= last {
                return None;
            }
            last = record.name;
            at += RECORD + record.name.len() + record.extra.len();
        }
        (at == raw.len()).then_some(Block { starts, path, raw })
    }

    /// The block of a directory: its entries with the inodes that they have in the sink.
    pub(super) fn build(path: &[u8], entries: &[Entry]) -> Option<Block> {
        let mut raw = Vec::with_capacity(HEADER + path.len() + entries.len() * (RECORD + 16));
        raw.extend(u32::try_from(path.len()).ok()?.to_le_bytes());
        raw.extend(u32::try_from(entries.len()).ok()?.to_le_bytes());
        raw.extend(NO_FRAME.to_le_bytes());
        raw.extend(0_u32.to_le_bytes());
        raw.extend(path);
        let mut starts = Vec::with_capacity(entries.len());
        for entry in entries {
            starts.push(u32::try_from(raw.len()).ok()?);
            push_record(&mut raw, entry)?;
        }
        Some(Block { raw, starts, path: HEADER..HEADER + path.len() })
    }

    /// Where its lines stand in the manifest, if that is known: the frame, and the first of its
    /// lines in that.
    pub fn frame(&self) -> Option<(u32, u32)> {
        let frame = u32_at(&self.raw, 8);
        (frame != NO_FRAME).then(|| (frame, u32_at(&self.raw, 12)))
    }

    /// The bytes as they are stored.
    pub(super) fn stored(&self) -> &[u8] {
        &self.raw
    }

    /// Notes where its lines stand.
    pub(super) fn set_frame(&mut self, frame: u32, first_line: u32) {
        self.raw[8..12].copy_from_slice(&frame.to_le_bytes());
        self.raw[12..16].copy_from_slice(&first_line.to_le_bytes());
    }

    /// Path of the directory.
    pub fn path(&self) -> &[u8] {
        &self.raw[self.path.clone()]
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// Whether the directory is empty.
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// The entries in the order of their names.
    pub fn records(&self) -> impl Iterator<Item = Record<'_>> {
        self.starts.iter().filter_map(|at| record_at(&self.raw, *at as usize))
    }

    /// One of the entries, by its place.
    pub fn record(&self, at: usize) -> Option<Record<'_>> {
        record_at(&self.raw, *self.starts.get(at)? as usize)
    }

    /// The directory as a listing; `None` if a record is damaged.
    pub fn listing(&self) -> Option<Listing> {
        let entries = self.records().map(|record| record.entry()).collect::<Option<_>>()?;
        Some(Listing { dir: self.path().into(), entries })
    }
}

fn record_at(raw: &[u8], at: usize) -> Option<Record<'_>> {
    let fixed = raw.get(at..at.checked_add(RECORD)?)?;
    let name_end = at + RECORD + usize::from(u16::from_le_bytes([fixed[64], fixed[65]]));
    let name = raw.get(at + RECORD..name_end)?;
    let extra = raw.get(name_end..name_end.checked_add(u32_at(fixed, 68) as usize)?)?;
    Some(Record { fixed, name, extra })
}

fn push_record(raw: &mut Vec<u8>, entry: &Entry) -> Option<()> {
    let plain = entry.target.is_none()
        && entry.xattrs.is_empty()
        && entry.links.is_none()
        && entry.held.is_none()
        && !entry.unattested
        && entry.made.as_ref().is_none_or(|made| made.path.is_none());
    let extra =
        if plain { Vec::new() } else { serde_json::to_vec(&EntryRecord::new(&entry.name, entry)).ok()? };
    let flag = |on: bool, bit: u8| if on { bit } else { 0 };
    let flags = flag(entry.racy, RACY)
        | flag(entry.torn, TORN)
        | flag(entry.held.is_some(), HELD)
        | flag(entry.unattested, UNATTESTED)
        | flag(entry.links.is_some(), LINKS);
    raw.extend(entry.ino.to_le_bytes()); // 0
    let numbers = entry.rdev.map(|(major, minor)| u64::from(major) << 32 | u64::from(minor));
    raw.extend(numbers.unwrap_or(entry.size).to_le_bytes()); // 8
    raw.extend(entry.mtime.sec.to_le_bytes()); // 16
    raw.extend(entry.ctime.sec.to_le_bytes()); // 24
    raw.extend(entry.sink_ino.to_le_bytes()); // 32
    raw.extend(entry.mtime.nanos.to_le_bytes()); // 40
    raw.extend(entry.ctime.nanos.to_le_bytes()); // 44
    raw.extend(entry.uid.to_le_bytes()); // 48
    raw.extend(entry.gid.to_le_bytes()); // 52
    raw.extend(entry.nlink.to_le_bytes()); // 56
    raw.extend(entry.mode.to_le_bytes()); // 60
    raw.extend([kind_byte(entry.kind), flags]); // 62
    raw.extend(u16::try_from(entry.name.len()).ok()?.to_le_bytes()); // 64
    raw.extend([0; 2]); // 66
    raw.extend(u32::try_from(extra.len()).ok()?.to_le_bytes()); // 68
    raw.extend(entry.sha256.map_or([0; 32], |digest| digest.0)); // 72
    raw.extend(entry.made.as_ref().map_or(0, |made| made.seq).to_le_bytes()); // 104
    raw.extend(&*entry.name);
    raw.extend(extra);
    Some(())
}

fn kind_byte(kind: Kind) -> u8 {
    match kind {
        Kind::File => b'f',
        Kind::Dir => b'd',
        Kind::Symlink => b'l',
        Kind::Fifo => b'p',
        Kind::Socket => b's',
        Kind::Char => b'c',
        Kind::Block => b'b',
    }
}

fn kind_of(byte: u8) -> Option<Kind> {
    Some(match byte {
        b'f' => Kind::File,
        b'd' => Kind::Dir,
        b'l' => Kind::Symlink,
        b'p' => Kind::Fifo,
        b's' => Kind::Socket,
        b'c' => Kind::Char,
        b'b' => Kind::Block,
        _ => return None,
    })
}

impl Record<'_> {
    /// What it is.
    pub fn kind(&self) -> Option<Kind> {
        kind_of(self.fixed[62])
    }

    /// The inode that HEAD's tree has; 0 if that is not known.
    pub fn sink_ino(&self) -> u64 {
        u64_at(self.fixed, 32)
    }

    /// Bytes of a file; 0 for everything else.
    pub fn size(&self) -> u64 {
        if self.kind() == Some(Kind::File) { u64_at(self.fixed, 8) } else { 0 }
    }

    /// Major and minor number of a device, which stand where a file has its size.
    pub fn rdev(&self) -> Option<(u32, u32)> {
        let is_device = self.kind().is_some_and(Kind::is_device);
        is_device.then(|| (u32_at(self.fixed, 12), u32_at(self.fixed, 8)))
    }

    /// Whether kind, size and device numbers are those of a stat, as far as the kind has them.
    pub fn is_like(&self, stat: &Stat) -> bool {
        self.kind() == Some(stat.kind)
            && (stat.kind != Kind::File || self.size() == stat.size)
            && (!stat.kind.is_device() || self.rdev() == Some(stat.rdev))
    }

    /// Permission bits.
    pub fn mode(&self) -> u16 {
        u16::from_le_bytes([self.fixed[60], self.fixed[61]])
    }

    /// Owner and group.
    pub fn owner(&self) -> (u32, u32) {
        (u32_at(self.fixed, 48), u32_at(self.fixed, 52))
    }

    /// The source's inode.
    pub fn ino(&self) -> u64 {
        u64_at(self.fixed, 0)
    }

    /// Time of the last change of the content.
    pub fn mtime(&self) -> Time {
        self.time(16, 40)
    }

    /// Time of the last change of the source's inode.
    pub fn ctime(&self) -> Time {
        self.time(24, 44)
    }

    /// The content's hash; zeros for what has none.
    pub fn sha256(&self) -> Digest {
        Digest(self.fixed[72..104].try_into().unwrap_or([0; 32]))
    }

    /// Whether equal stamps prove that nothing changed, and nothing else has to be known: the
    /// entry is neither racy nor torn, belongs to no group, and the sink's inode shows it all.
    pub fn is_plain(&self) -> bool {
        self.fixed[63] == 0 && u32_at(self.fixed, 56) <= 1
    }

    /// The entry; `None` if the record is damaged.
    pub fn entry(&self) -> Option<Entry> {
        if !self.extra.is_empty() {
            let record: EntryRecord<'_> = serde_json::from_slice(self.extra).ok()?;
            let (_, entry) = record.into_entry().ok().filter(|(path, _)| **path == *self.name)?;
            return Some(Entry { sink_ino: self.sink_ino(), ..entry });
        }
        let kind = self.kind()?;
        let (uid, gid) = self.owner();
        Some(Entry {
            name: self.name.into(),
            kind,
            mode: self.mode(),
            uid,
            gid,
            mtime: self.mtime(),
            size: self.size(),
            sha256: (kind == Kind::File).then(|| self.sha256()),
            target: None,
            rdev: self.rdev(),
            ino: self.ino(),
            ctime: self.ctime(),
            nlink: u32_at(self.fixed, 56),
            racy: self.fixed[63] & RACY != 0,
            torn: self.fixed[63] & TORN != 0,
            unattested: false,
            xattrs: Default::default(),
            links: None,
            held: None,
            made: Some(u64_at(self.fixed, 104)).filter(|seq| *seq != 0).map(|seq| Made { seq, path: None }),
            sink_ino: self.sink_ino(),
        })
    }

    fn time(&self, sec: usize, nanos: usize) -> Time {
        Time {
            sec: i64::from_le_bytes(u64_at(self.fixed, sec).to_le_bytes()),
            nanos: u32_at(self.fixed, nanos),
        }
    }
}
