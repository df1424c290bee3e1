//! Reading a manifest as if an enemy had written it: order, parents, names, kinds, lengths and
//! groups are checked, the tree hash is computed anew, and an end that is missing is seen.

use super::block::{Grouped, Part, Piece};
use super::records::{Bad, Record, Tag, Version, parse, relayed};
use super::{Entry, Kind, Lines, Listing, Owners, TreeHasher, TreeRecord, Unread, path};
use crate::error::{Error, Result};
use std::collections::HashMap;
use std::io::BufRead;
use std::sync::Arc;

/// The longest line that is read, in bytes.
pub const MAX_LINE: usize = 16 << 20;

/// A stream of listings, checked. Memory: one directory, and 32 bytes for each inode with
/// several names.
pub struct ManifestReader<R> {
    lines: Lines<R>,
    what: String,
    owners: Owners,
    root: Entry,
    hasher: Option<TreeHasher>,
    entries: u64,
    bytes: u64,
    groups: HashMap<[u8; 16], [u8; 16]>,
    last: Option<Box<[u8]>>,
    ahead: Option<(Box<[u8]>, Entry)>,
    /// Entries that were taken up; more of the same directory may follow.
    open: Option<Arc<Part>>,
    unread: Vec<Unread>,
    exclusions: Option<Box<str>>,
    end: Option<TreeRecord>,
    sealed: Option<TreeRecord>,
}

impl<R: BufRead> ManifestReader<R> {
    /// Reads the header and the root. `what` names the stream in messages.
    ///
    /// # Errors
    /// The stream fails, is empty, is of a newer version, or does not begin as a manifest does.
    pub fn new(input: R, what: impl Into<String>) -> Result<ManifestReader<R>> {
        let mut lines = Lines::new(input, MAX_LINE);
        let what = what.into();
        let owners = read_header(&mut lines, &what)?;
        let (path, root) = match next_record(&mut lines, &what)? {
            Some(Record::Entry(path, root)) => (path, *root),
            _ => return Err(malformed(&what, lines.number(), "the first entry is not the root")),
        };
        if !path.is_empty() || root.kind != Kind::Dir {
            return Err(malformed(&what, lines.number(), "the first entry is not the root"));
        }
        let hasher = Some(TreeHasher::new(root.mode));
        Ok(ManifestReader {
            lines,
            what,
            owners,
            root,
            hasher,
            entries: 1,
            bytes: 0,
            groups: HashMap::new(),
            last: None,
            ahead: None,
            open: None,
            unread: Vec::new(),
            exclusions: None,
            end: None,
            sealed: None,
        })
    }

    /// The names of owners.
    pub fn owners(&self) -> &Owners {
        &self.owners
    }

    /// The root's own entry.
    pub fn root(&self) -> &Entry {
        &self.root
    }

    /// The `unread` records met so far, handed over.
    pub fn take_unread(&mut self) -> Vec<Unread> {
        std::mem::take(&mut self.unread)
    }

    /// The last `exclusions` record met so far, as JSON, handed over.
    pub fn take_exclusions(&mut self) -> Option<Box<str>> {
        self.exclusions.take()
    }

    /// What the last record said; `Some` once all listings have been read.
    pub fn sealed(&self) -> Option<TreeRecord> {
        self.sealed
    }

    /// The next directory that has entries; `None` after a sound end.
    ///
    /// # Errors
    /// The stream fails, ends early, or breaks a rule of the format.
    pub fn next_listing(&mut self) -> Result<Option<Listing>> {
        let (dir, mut entries) = match self.open.take() {
            Some(part) => (part.listing.dir.clone(), part.listing.entries.clone()),
            None => match self.next_entry()? {
                Some((path, entry)) => (parent_of(&path).into(), vec![entry]),
                None => return self.seal().map(|()| None),
            },
        };
        while let Some((path, entry)) = self.next_entry()? {
            if *parent_of(&path) == *dir {
                entries.push(entry);
            } else {
                self.ahead = Some((path, entry));
                break;
            }
        }
        let listing = Listing { dir, entries };
        self.hash(&listing, self.lines.number())?;
        Ok(Some(listing))
    }

    /// Takes up what a [`super::Block`] holds, in place of the lines that it was made from;
    /// [`ManifestReader::go_on`] says where the lines behind them are. Returns the directory
    /// before, once it is known that no more of its entries follow.
    ///
    /// # Errors
    /// What was taken up breaks a rule of the format.
    pub fn take(&mut self, piece: &Piece) -> Result<Option<Arc<Part>>> {
        let first = self.lines.number() + 1;
        self.lines.pass(piece.lines());
        let part = match piece {
            Piece::Part(part) => part,
            Piece::Unread(unread) => {
                self.unread.push(unread.clone());
                return Ok(None);
            }
            Piece::Tree(tree) => {
                self.end = Some(*tree);
                return self.complete(None, first);
            }
        };
        self.check_part(part, first)?;
        match &self.open {
            Some(open) if open.listing.dir == part.listing.dir => {
                self.open = Some(Arc::new(open.and(part)));
                Ok(None)
            }
            _ => self.complete(Some(Arc::clone(part)), first),
        }
    }

    /// Goes on with lines of `input`, or with the end of the stream.
    pub fn go_on(&mut self, input: Option<R>) {
        self.lines.go_on(input);
    }

    fn complete(&mut self, next: Option<Arc<Part>>, line: u64) -> Result<Option<Arc<Part>>> {
        let part = std::mem::replace(&mut self.open, next);
        if let Some(part) = &part {
            self.hash(&part.listing, line)?;
        }
        Ok(part)
    }

    fn hash(&mut self, listing: &Listing, line: u64) -> Result<()> {
        match &mut self.hasher {
            Some(hasher) => hasher.listing(listing).map_err(|why| malformed(&self.what, line, why)),
            None => Ok(()),
        }
    }

    fn next_entry(&mut self) -> Result<Option<(Box<[u8]>, Entry)>> {
        if let Some(ahead) = self.ahead.take() {
            return Ok(Some(ahead));
        }
        if self.end.is_some() {
            return Ok(None);
        }
        loop {
            match next_record(&mut self.lines, &self.what)? {
                Some(Record::Entry(path, entry)) => {
                    self.check(&path, &entry)
                        .map_err(|why| malformed(&self.what, self.lines.number(), why))?;
                    return Ok(Some((path, *entry)));
                }
                Some(Record::Unread(unread)) => self.unread.push(unread),
                Some(Record::Exclusions(exclusions)) => self.exclusions = Some(exclusions),
                Some(Record::Tree(tree)) => {
                    self.end = Some(tree);
                    return Ok(None);
                }
                None => {
                    return Err(malformed(&self.what, self.lines.number(), "it ends before its last record"));
                }
            }
        }
    }

    fn check(&mut self, whole: &[u8], entry: &Entry) -> Result<(), &'static str> {
        self.follow(whole)?;
        self.entries += 1;
        if entry.links.is_none() {
            self.add_bytes(entry.size)?;
        }
        Grouped::of(whole, entry).map_or(Ok(()), |grouped| self.group(&grouped))
    }

    /// What [`ManifestReader::check`] does, for entries whose order among themselves is known.
    fn check_part(&mut self, part: &Part, line: u64) -> Result<()> {
        let Listing { dir, entries } = &*part.listing;
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else { return Ok(()) };
        let mut check = || -> Result<(), (u64, &'static str)> {
            self.follow(&path::join(dir, &first.name)).map_err(|why| (0, why))?;
            self.last = Some(path::join(dir, &last.name));
            self.entries += entries.len() as u64;
            self.add_bytes(part.bytes).map_err(|why| (entries.len() as u64 - 1, why))?;
            part.grouped
                .iter()
                .try_for_each(|(at, grouped)| self.group(grouped).map_err(|why| (*at as u64, why)))
        };
        let checked = check();
        checked.map_err(|(at, why)| malformed(&self.what, line + at, why))
    }

    fn follow(&mut self, whole: &[u8]) -> Result<(), &'static str> {
        let (dir, name) = path::split(whole).ok_or("a second root")?;
        if let Some((last_dir, last_name)) = self.last.as_deref().and_then(path::split) {
            let order =
                if last_dir == dir { std::cmp::Ordering::Equal } else { path::compare_dirs(last_dir, dir) };
            if order.then_with(|| last_name.cmp(name)) != std::cmp::Ordering::Less {
                return Err("entries are not in order, or one stands twice");
            }
        }
        self.last = Some(whole.into());
        Ok(())
    }

    fn add_bytes(&mut self, bytes: u64) -> Result<(), &'static str> {
        self.bytes = self.bytes.checked_add(bytes).ok_or("the sizes are too large")?;
        Ok(())
    }

    fn group(&mut self, grouped: &Grouped) -> Result<(), &'static str> {
        match grouped.first {
            Some(first) if self.groups.get(&first) != Some(&grouped.mark) => {
                Err("links names no earlier file that is equal and has several names")
            }
            Some(_) => Ok(()),
            None => {
                self.groups.insert(grouped.own, grouped.mark);
                Ok(())
            }
        }
    }

    /// Once all listings are taken up: they must be what the last record says.
    fn seal(&mut self) -> Result<()> {
        if let (Some(tree), Some(hasher)) = (self.end, self.hasher.take()) {
            let found = TreeRecord { entries: self.entries, bytes: self.bytes, tree: hasher.finish() };
            if found != tree {
                let why = "its last record does not fit its entries";
                return Err(malformed(&self.what, self.lines.number(), why));
            }
            match self.lines.next_line() {
                Ok(None) => self.sealed = Some(tree),
                _ => {
                    return Err(malformed(
                        &self.what,
                        self.lines.number(),
                        "something follows its last record",
                    ));
                }
            }
        }
        Ok(())
    }
}

fn parent_of(whole: &[u8]) -> &[u8] {
    path::split(whole).map_or(b"", |(dir, _)| dir)
}

fn malformed(what: &str, line: u64, why: impl std::fmt::Display) -> Error {
    Error::usage(format!("cannot read {what}")).because(format!("line {line}: {why}"))
}

fn read_header<R: BufRead>(lines: &mut Lines<R>, what: &str) -> Result<Owners> {
    let line = match lines.next_line() {
        Ok(Some(line)) => line.to_vec(),
        Ok(None) => return Err(malformed(what, 0, "it is empty")),
        Err(error) => return Err(malformed(what, lines.number(), error)),
    };
    let not_one = || malformed(what, 1, "it does not begin with a manifest record");
    let tag: Tag = serde_json::from_slice(&line).map_err(|_| not_one())?;
    match &*tag.ty {
        "manifest" => {}
        "error" => return Err(relayed(&line, what)),
        _ => return Err(not_one()),
    }
    let version: Version = serde_json::from_slice(&line).map_err(|_| not_one())?;
    if version.v != 1 {
        return Err(malformed(what, 1, format!("version {} is newer than this program", version.v))
            .hint("use a newer emu"));
    }
    serde_json::from_slice(&line).map_err(|_| not_one())
}

fn next_record<R: BufRead>(lines: &mut Lines<R>, what: &str) -> Result<Option<Record>> {
    let number = lines.number() + 1;
    let line = match lines.next_line() {
        Ok(Some(line)) => line,
        Ok(None) => return Ok(None),
        Err(error) => return Err(malformed(what, number, error)),
    };
    parse(line, what).map(Some).map_err(|bad| match bad {
        Bad::Relayed(error) => *error,
        Bad::Malformed(why) => malformed(what, number, why),
    })
}
