//! Reading a manifest as if an enemy had written it: order, parents, names, kinds, lengths and
//! groups are checked, the tree hash is computed anew, and an end that is missing is seen.

use super::{
    Digest, Entry, EntryRecord, Kind, Lines, Listing, Owners, TreeHasher, TreeRecord, Unread, bytes_from,
    path,
};
use crate::error::{Error, Kind as ErrorKind, Result};
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::HashMap;
use std::io::BufRead;

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
    unread: Vec<Unread>,
    end: Option<TreeRecord>,
    sealed: Option<TreeRecord>,
}

#[derive(Deserialize)]
struct Tag<'a> {
    #[serde(rename = "type", borrow)]
    ty: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Version {
    v: u32,
}

#[derive(Deserialize)]
struct UnreadRecord {
    path: Option<String>,
    path_b64: Option<String>,
    errno: i32,
    text: String,
}

#[derive(Deserialize)]
struct Failure {
    class: String,
    message: String,
    hint: Option<String>,
}

enum Record {
    Entry(Box<[u8]>, Box<Entry>),
    Unread(Unread),
    Tree(TreeRecord),
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
            unread: Vec::new(),
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

    /// What the last record said; `Some` once all listings have been read.
    pub fn sealed(&self) -> Option<TreeRecord> {
        self.sealed
    }

    /// The next directory that has entries; `None` after a sound end.
    ///
    /// # Errors
    /// The stream fails, ends early, or breaks a rule of the format.
    pub fn next_listing(&mut self) -> Result<Option<Listing>> {
        let Some((path, entry)) = self.next_entry()? else { return self.seal().map(|()| None) };
        let dir: Box<[u8]> = parent_of(&path).into();
        let mut entries = vec![entry];
        while let Some((path, entry)) = self.next_entry()? {
            if *parent_of(&path) == *dir {
                entries.push(entry);
            } else {
                self.ahead = Some((path, entry));
                break;
            }
        }
        let listing = Listing { dir, entries };
        if let Some(hasher) = &mut self.hasher {
            let checked = hasher.listing(&listing);
            checked.map_err(|why| malformed(&self.what, self.lines.number(), why))?;
        }
        Ok(Some(listing))
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
        let (dir, name) = path::split(whole).ok_or("a second root")?;
        if let Some((last_dir, last_name)) = self.last.as_deref().and_then(path::split) {
            let order = path::compare_dirs(last_dir, dir).then_with(|| last_name.cmp(name));
            if order != std::cmp::Ordering::Less {
                return Err("entries are not in order, or one stands twice");
            }
        }
        self.last = Some(whole.into());
        self.entries += 1;
        if let Some(first) = &entry.links {
            if self.groups.get(&short(first)) != Some(&group_mark(entry)) {
                return Err("links names no earlier file that is equal and has several names");
            }
        } else {
            self.bytes = self.bytes.checked_add(entry.size).ok_or("the sizes are too large")?;
            if entry.may_be_grouped() {
                self.groups.insert(short(whole), group_mark(entry));
            }
        }
        Ok(())
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

fn short(bytes: &[u8]) -> [u8; 16] {
    let mut out = [0; 16];
    out.copy_from_slice(&Digest::of(bytes).0[..16]);
    out
}

/// What all names of one inode have in common.
fn group_mark(entry: &Entry) -> [u8; 16] {
    let Entry { kind, sha256, target, size, mode, uid, gid, mtime, .. } = entry;
    let mut text = format!("{kind:?} {sha256:?} {target:?} {size} {mode} {uid} {gid} {mtime}");
    for (name, value) in &entry.xattrs {
        text.push_str(&format!(" {name:?} {value:?}"));
    }
    short(text.as_bytes())
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

/// An `error` record ends a stream whose producer failed; the failure keeps its class.
fn relayed(line: &[u8], what: &str) -> Error {
    match serde_json::from_slice::<Failure>(line) {
        Ok(failure) => {
            let kind = ErrorKind::from_class(&failure.class).unwrap_or(ErrorKind::Failed);
            let error = Error::new(kind, format!("cannot read {what}")).because(failure.message);
            match failure.hint {
                Some(hint) => error.hint(hint),
                None => error,
            }
        }
        Err(_) => Error::failed(format!("cannot read {what}")).because("its producer failed"),
    }
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

enum Bad {
    Malformed(String),
    Relayed(Box<Error>),
}

fn parse(line: &[u8], what: &str) -> Result<Record, Bad> {
    let json = |error: serde_json::Error| Bad::Malformed(format!("not a record: {}", json_reason(&error)));
    if !line.starts_with(b"{\"type\":\"entry\",") {
        let tag: Tag = serde_json::from_slice(line).map_err(json)?;
        match &*tag.ty {
            "entry" => {}
            "tree" => return serde_json::from_slice(line).map(Record::Tree).map_err(json),
            "unread" => {
                let record: UnreadRecord = serde_json::from_slice(line).map_err(json)?;
                let path = bytes_from("path", record.path.as_deref(), record.path_b64.as_deref())
                    .map_err(Bad::Malformed)?
                    .ok_or_else(|| Bad::Malformed("no path".into()))?;
                return Ok(Record::Unread(Unread { path, errno: record.errno, text: record.text }));
            }
            "error" => return Err(Bad::Relayed(Box::new(relayed(line, what)))),
            _ => return Err(Bad::Malformed("a record of a type that has no place here".into())),
        }
    }
    let record: EntryRecord = serde_json::from_slice(line).map_err(json)?;
    let (path, entry) = record.into_entry().map_err(Bad::Malformed)?;
    Ok(Record::Entry(path, Box::new(entry)))
}

/// The reason without the offending text, which may be a secret or an attack.
fn json_reason(error: &serde_json::Error) -> String {
    match error.classify() {
        serde_json::error::Category::Eof => "the line is cut off".into(),
        serde_json::error::Category::Syntax => "no JSON".into(),
        _ => format!("a field is missing or of the wrong form (column {})", error.column()),
    }
}
