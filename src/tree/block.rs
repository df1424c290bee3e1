//! A piece of a manifest parsed on its own, by whatever thread. It is taken up in its place by
//! [`super::ManifestReader::take`], which checks what needs to be known of the pieces before.

use super::records::{Record, parse};
use super::{Digest, Entry, EntryRecord, Listing, MAX_LINE, TreeRecord, Unread, path};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// Entries of one directory that stand together, in order.
#[derive(Debug)]
pub struct Part {
    /// The directory and these of its entries.
    pub listing: Arc<Listing>,
    /// A word for each entry, 0 at first, for whoever meets the same part several times; nothing
    /// here looks at them.
    pub words: Box<[AtomicU64]>,
    /// Bytes of all regular files, each inode once.
    pub(super) bytes: u64,
    /// Those that are, or may be, one of several names, by their place.
    pub(super) grouped: Box<[(usize, Grouped)]>,
}

/// What is checked of a name that shares, or may share, its inode.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grouped {
    /// The path, shortened.
    pub(super) own: [u8; 16],
    /// The path that `links` names, shortened.
    pub(super) first: Option<[u8; 16]>,
    /// What all names of one inode have in common.
    pub(super) mark: [u8; 16],
}

/// What a block consists of.
#[derive(Debug)]
pub enum Piece {
    /// Entries.
    Part(Arc<Part>),
    /// What could not be saved.
    Unread(Unread),
    /// The last record.
    Tree(TreeRecord),
}

/// Whole lines of a manifest, parsed. Memory: that of the entries.
#[derive(Debug)]
pub struct Block {
    /// What they say, in order.
    pub pieces: Vec<Piece>,
}

impl Part {
    /// A directory as a whole.
    pub fn whole(listing: Listing) -> Part {
        Part::new(listing, 0, Vec::new())
    }

    fn new(listing: Listing, bytes: u64, grouped: Vec<(usize, Grouped)>) -> Part {
        let words = listing.entries.iter().map(|_| AtomicU64::new(0)).collect();
        Part { listing: Arc::new(listing), words, bytes, grouped: grouped.into() }
    }

    /// This part and more entries of its directory; all have been taken up.
    pub(super) fn and(&self, more: &Part) -> Part {
        let entries = [&self.listing.entries[..], &more.listing.entries].concat();
        Part::whole(Listing { dir: self.listing.dir.clone(), entries })
    }
}

impl Piece {
    /// How many lines it was made from.
    pub(super) fn lines(&self) -> u64 {
        match self {
            Piece::Part(part) => part.listing.entries.len() as u64,
            Piece::Unread(_) | Piece::Tree(_) => 1,
        }
    }
}

impl Grouped {
    /// `None` for an entry that has an inode of its own.
    pub(super) fn of(whole: &[u8], entry: &Entry) -> Option<Grouped> {
        let first = entry.links.as_deref().map(short);
        if first.is_none() && !entry.may_be_grouped() {
            return None;
        }
        Some(Grouped { own: short(whole), first, mark: group_mark(entry) })
    }
}

fn short(bytes: &[u8]) -> [u8; 16] {
    let mut out = [0; 16];
    out.copy_from_slice(&Digest::of(bytes).0[..16]);
    out
}

/// What all names of one inode have in common.
fn group_mark(entry: &Entry) -> [u8; 16] {
    let Entry { kind, sha256, target, rdev, size, mode, uid, gid, mtime, .. } = entry;
    let mut text = format!("{kind:?} {sha256:?} {target:?} {rdev:?} {size} {mode} {uid} {gid} {mtime}");
    for (name, value) in &entry.xattrs {
        text.push_str(&format!(" {name:?} {value:?}"));
    }
    short(text.as_bytes())
}

/// A part that grows.
struct Growing {
    dir: Box<[u8]>,
    entries: Vec<Entry>,
    bytes: u64,
    grouped: Vec<(usize, Grouped)>,
}

impl Growing {
    /// `None` if the entry is out of order.
    fn push(&mut self, whole: &[u8], entry: Entry) -> Option<()> {
        if self.entries.last().is_some_and(|last| last.name >= entry.name) {
            return None;
        }
        if entry.links.is_none() {
            self.bytes = self.bytes.checked_add(entry.size)?;
        }
        if let Some(grouped) = Grouped::of(whole, &entry) {
            self.grouped.push((self.entries.len(), grouped));
        }
        self.entries.push(entry);
        Some(())
    }

    fn finish(mut self) -> Piece {
        self.entries.shrink_to_fit();
        let listing = Listing { dir: self.dir, entries: self.entries };
        Piece::Part(Arc::new(Part::new(listing, self.bytes, self.grouped)))
    }
}

impl Block {
    /// Parses whole lines but for the first `skip`. `None`: something about them is unusual or
    /// wrong, and a reader of lines has to say what.
    pub fn parse(text: &[u8], skip: usize) -> Option<Block> {
        let mut lines = std::str::from_utf8(text.strip_suffix(b"\n")?).ok()?.split('\n');
        for _ in 0..skip {
            lines.next()?;
        }
        let (mut pieces, mut growing) = (Vec::new(), None::<Growing>);
        for line in lines.by_ref() {
            match record(line)? {
                Record::Entry(whole, entry) => {
                    let (dir, _) = path::split(&whole)?;
                    if let Some(done) = growing.take_if(|growing| *growing.dir != *dir) {
                        pieces.push(done.finish());
                    }
                    let new =
                        || Growing { dir: dir.into(), entries: Vec::new(), bytes: 0, grouped: Vec::new() };
                    growing.get_or_insert_with(new).push(&whole, *entry)?;
                }
                other => {
                    pieces.extend(growing.take().map(Growing::finish));
                    match other {
                        Record::Tree(tree) => {
                            pieces.push(Piece::Tree(tree));
                            break;
                        }
                        Record::Unread(unread) => pieces.push(Piece::Unread(unread)),
                        // No stored manifest has such a record.
                        Record::Exclusions(_) => return None,
                        Record::Entry(..) => {}
                    }
                }
            }
        }
        pieces.extend(growing.map(Growing::finish));
        // Nothing follows the last record.
        lines.next().is_none().then_some(Block { pieces })
    }
}

fn record(line: &str) -> Option<Record> {
    if line.len() > MAX_LINE {
        return None;
    }
    if line.starts_with("{\"type\":\"entry\",") {
        // As text, whose strings need no second look at their encoding.
        let record: EntryRecord = serde_json::from_str(line).ok()?;
        let (path, entry) = record.into_entry().ok()?;
        return Some(Record::Entry(path, Box::new(entry)));
    }
    parse(line.as_bytes(), "").ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fifo(path: &str) -> String {
        format!(
            "{{\"type\":\"entry\",\"path\":\"{path}\",\"kind\":\"fifo\",\"mode\":\"0644\",\"uid\":0,\"gid\":0,\
             \"mtime\":\"1.000000000\",\"ino\":\"1\",\"ctime\":\"1.000000000\"}}\n"
        )
    }

    fn parse(lines: &[&str], skip: usize) -> Option<Block> {
        Block::parse(lines.concat().as_bytes(), skip)
    }

    #[test]
    fn entries_of_a_directory_are_a_part_until_something_stands_between_them() {
        let unread = "{\"type\":\"unread\",\"path\":\"q\",\"errno\":13,\"text\":\"no\"}\n";
        let (a, b, c, d) = (fifo("a"), fifo("b"), fifo("d/a"), fifo("d/b"));
        let block = parse(&["header\n", &a, &b, &c, unread, &d], 1).unwrap();
        let lines: Vec<u64> = block.pieces.iter().map(Piece::lines).collect();
        assert_eq!(lines, [2, 1, 1, 1]);
    }

    #[test]
    fn what_a_reader_of_lines_would_refuse_is_left_to_it() {
        let (a, b) = (fifo("a"), fifo("b"));
        let tree = format!(
            "{{\"type\":\"tree\",\"entries\":1,\"bytes\":0,\"tree\":\"{}\"}}\n",
            super::super::Digest::of(b"")
        );
        assert!(parse(&[&a, &b, &tree], 0).is_some());
        let bad: [&[&str]; 8] = [
            &[&b, &a],
            &[&a, &a],
            &[&tree, &a],
            &[&tree, &tree],
            &[&a, "\n"],
            &[&fifo("")],
            &[&fifo("../a")],
            &[],
        ];
        for lines in bad {
            assert!(parse(lines, 0).is_none(), "{lines:?}");
        }
        assert!(Block::parse(a.trim_end().as_bytes(), 0).is_none());
        assert!(Block::parse(b"\xff\n", 0).is_none());
        assert!(parse(&[&a], 2).is_none());
    }
}
