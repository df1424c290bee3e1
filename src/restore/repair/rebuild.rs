//! A manifest made anew from a tree that nobody recorded as a whole. What other snapshots recorded of a
//! file is taken over where the file is the very inode that they have, or has the bytes that they
//! recorded under the same name, size and time. All else is recorded as it stands and marked: no hash is
//! made of what stands there, which would declare damage to be right, unless all of the tree then has
//! the tree hash that is known of it.

use super::copies::stored_xattrs;
use crate::error::{Doing as _, Error, Result, errno_text};
use crate::fs::{self, Cursor, Dir, Found, Rules, Scanned, Stat, Walk};
use crate::interrupt;
use crate::quote::quoted;
use crate::sink::node::Counts;
use crate::sink::{Node, Sink, StoredManifest};
use crate::tree::{
    Digest, Entry, Framing, Held, Kind, Listing, ManifestWriter, Owners, Sealed, Time, Xattrs, path,
};
use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;

/// What was made.
#[derive(Clone, Copy)]
pub(super) struct Rebuilt {
    pub(super) sealed: Sealed,
    /// Regular files, and directories with the root.
    pub(super) counts: Counts,
    /// Entries that nobody attests.
    pub(super) unattested: u64,
    /// Something is known not to be as it was saved.
    pub(super) differs: bool,
}

/// Whether the contents that no record knows are hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unknown {
    /// They are marked.
    Marked,
    /// They are: the tree hash proves them, or is to tell whether it does.
    Hashed,
}

/// A snapshot that may have recorded the same files.
pub(super) struct Record {
    manifest: StoredManifest,
    listing: Option<Listing>,
    /// Its tree, if that is in the same sink.
    tree: Option<Cursor>,
}

impl Record {
    /// `None` if its manifest is damaged too.
    pub(super) fn open(sink: &Sink, node: &Node, is_here: bool) -> Option<Record> {
        let mut manifest = sink.open_manifest(node).ok()?;
        let listing = manifest.next_listing().ok()?;
        let tree =
            if is_here { Some(Cursor::new(Arc::new(sink.open_tree(&node.id).ok()?), false)) } else { None };
        Some(Record { manifest, listing, tree })
    }

    fn advance_to(&mut self, dir: &[u8]) {
        while self.listing.as_ref().is_some_and(|listing| path::compare_dirs(&listing.dir, dir).is_lt()) {
            self.listing = self.manifest.next_listing().ok().flatten();
        }
    }

    fn find(&self, dir: &[u8], name: &[u8]) -> Option<&Entry> {
        if name.is_empty() {
            return Some(self.manifest.root());
        }
        let listing = self.listing.as_ref().filter(|listing| *listing.dir == *dir)?;
        let at = listing.entries.binary_search_by(|entry| (*entry.name).cmp(name)).ok()?;
        listing.entries.get(at)
    }

    /// What it says of an inode that its tree has under the same path.
    fn of_inode(&mut self, dir: &[u8], name: &[u8], stat: &Stat) -> Option<&Entry> {
        let own = self.tree.as_mut()?.at(dir).ok()?.stat(name).ok()?;
        let is_same = own.kind != Kind::Dir && (own.dev, own.ino) == (stat.dev, stat.ino);
        self.find(dir, name).filter(|entry| is_same && entry.kind == stat.kind && !entry.unattested)
    }
}

/// An entry as it stands in the tree.
struct Subject<'a> {
    path: &'a [u8],
    name: &'a [u8],
    dir: &'a Dir,
    stat: Stat,
    xattrs: Xattrs,
    target: Option<Box<[u8]>>,
}

struct Rebuild {
    records: Vec<Record>,
    grain: u64,
    /// How many names files have in this tree, by inode, and the first of them once it was met.
    names: HashMap<u64, u32>,
    firsts: HashMap<u64, Box<[u8]>>,
    /// Entries that have several names, by path.
    grouped: HashMap<Box<[u8]>, Entry>,
    unknown: Unknown,
    unattested: u64,
    buffer: Vec<u8>,
}

/// Writes the manifest of a tree of `sink`. Of several records, the first that fits is taken. Memory:
/// a directory of each record, the numbers of inodes that have several names in this tree or others, and
/// the entries of those that have several in this one.
///
/// # Errors
/// Something in the tree cannot be looked at; interrupted; the output fails.
pub(super) fn rebuild(
    sink: &Sink,
    id: &str,
    records: Vec<Record>,
    unknown: Unknown,
    out: impl Write,
) -> Result<Rebuilt> {
    let tree = Arc::new(sink.open_tree(id)?);
    let cannot = || format!("cannot look at {}", crate::quote::quoted_path(&sink.tree_path(id)));
    let mut rebuild = Rebuild {
        records,
        grain: sink.info.abilities.grain,
        names: names(&tree).doing(cannot)?,
        firsts: HashMap::new(),
        grouped: HashMap::new(),
        unknown,
        unattested: 0,
        buffer: Vec::new(),
    };
    let owners =
        rebuild.records.first().map_or_else(Owners::default, |record| record.manifest.owners().clone());
    let root = rebuild.entry(b"", b"", &tree, tree.stat_self().doing(cannot)?).doing(cannot)?;
    let mut writer = ManifestWriter::new(out, Framing::Zstd, &owners, &root, None)?;
    let mut counts = Counts { dirs: 1, ..Counts::default() };
    for scanned in walk(&tree).doing(cannot)? {
        interrupt::check()?;
        let listing = rebuild.listing(&scanned)?;
        count(&mut counts, &listing);
        if !listing.entries.is_empty() {
            writer.listing(&listing)?;
        }
    }
    Ok(Rebuilt { sealed: writer.finish()?.sealed, counts, unattested: rebuild.unattested, differs: false })
}

/// Counts the files and directories of a listing.
pub(super) fn count(counts: &mut Counts, listing: &Listing) {
    let of = |kind| listing.entries.iter().filter(|entry| entry.kind == kind).count() as u64;
    counts.files += of(Kind::File);
    counts.dirs += of(Kind::Dir);
}

fn walk(tree: &Arc<Dir>) -> fs::Result<impl Iterator<Item = Scanned>> {
    let rules = Rules::everything(false);
    Ok(Walk::start(Arc::clone(tree), rules, 0, Box::new(|_, _| ()))?.map(|(scanned, _)| scanned))
}

fn can_be_grouped(found: &Found) -> bool {
    found.stat.kind != Kind::Dir && found.stat.nlink > 1
}

/// The inodes that have several names in the tree itself.
fn names(tree: &Arc<Dir>) -> fs::Result<HashMap<u64, u32>> {
    let mut names = HashMap::new();
    for scanned in walk(tree)? {
        for found in scanned.entries.iter().filter(|found| can_be_grouped(found)) {
            *names.entry(found.stat.ino).or_insert(0) += 1;
        }
    }
    names.retain(|_, count| *count > 1);
    Ok(names)
}

impl Rebuild {
    fn listing(&mut self, scanned: &Scanned) -> Result<Listing> {
        let cannot = |whole: &[u8]| format!("cannot look at {} in the tree", quoted(whole));
        let unread = scanned.unread.first().map(|(_, errno)| *errno).or(scanned.error);
        let (Some(dir), None) = (&scanned.dir, unread) else {
            let why = unread.map_or_else(|| "it cannot be opened".to_owned(), errno_text);
            return Err(Error::failed(cannot(&scanned.path)).because(why));
        };
        self.records.iter_mut().for_each(|record| record.advance_to(&scanned.path));
        let mut entries = Vec::with_capacity(scanned.entries.len());
        for found in &scanned.entries {
            let entry = self.entry(&scanned.path, &found.name, dir, found.stat);
            entries.push(entry.doing(|| cannot(&path::join(&scanned.path, &found.name)))?);
        }
        Ok(Listing { dir: scanned.path.clone(), entries })
    }

    fn entry(&mut self, path: &[u8], name: &[u8], dir: &Dir, stat: Stat) -> fs::Result<Entry> {
        let whole = path::join(path, name);
        let names = self.names.get(&stat.ino).copied().filter(|_| stat.kind != Kind::Dir);
        if names.is_some()
            && let Some(first) = self.firsts.get(&stat.ino)
            && let Some(entry) = self.grouped.get(first)
        {
            self.unattested += u64::from(entry.unattested);
            return Ok(Entry { name: name.into(), links: Some(first.clone()), ..entry.clone() });
        }
        let xattrs = fs::read_xattrs(dir, name)?;
        let target = if stat.kind == Kind::Symlink { Some(dir.read_link(name)?) } else { None };
        let subject = Subject { path, name, dir, stat, xattrs, target };
        let mut entry = match self.attested(&subject) {
            Some(entry) => entry,
            None if self.unknown == Unknown::Hashed => {
                let is_file = subject.stat.kind == Kind::File;
                let digest = if is_file { Some(subject.read(&mut self.buffer)?) } else { None };
                subject.entry(digest)
            }
            None => {
                self.unattested += 1;
                Entry { unattested: true, ..subject.entry(None) }
            }
        };
        if let Some(names) = names {
            self.firsts.insert(stat.ino, whole.clone());
            entry.nlink = entry.nlink.max(names);
        }
        self.settle_links(&mut entry, names.is_some());
        if entry.nlink > 1 && entry.links.is_none() {
            self.grouped.insert(whole, entry.clone());
        }
        Ok(entry)
    }

    /// Names of one inode are told by the tree. Where its file system could not link them, the record
    /// says so, if its first name is here and is the same.
    fn settle_links(&self, entry: &mut Entry, has_names: bool) {
        let first = entry.links.take();
        let held = entry.held.take().map(|held| *held).unwrap_or_default();
        let first = first.filter(|first| {
            let group = self.grouped.get(first);
            held.split && !has_names && group.is_some_and(|group| is_same(group, entry))
        });
        entry.held = Held { split: first.is_some(), ..held }.some();
        entry.links = first;
    }

    /// What a record says of the entry.
    fn attested(&mut self, subject: &Subject<'_>) -> Option<Entry> {
        let Subject { path, name, stat, .. } = subject;
        let whole = path::join(path, name);
        // Whatever it shows now: this is what it should show.
        if let Some(entry) =
            self.records.iter_mut().find_map(|record| record.of_inode(path, name, stat).cloned())
        {
            let made = entry.made_for(&whole, &whole);
            return Some(Entry { made, ..entry });
        }
        let known = self.records.iter().filter_map(|record| Some((record, record.find(path, name)?)));
        let known = known.filter(|(_, entry)| entry.kind == stat.kind && !entry.unattested);
        let fits =
            |(record, entry): &(&Record, &Entry)| record.tree.is_some() && subject.fits(entry, self.grain);
        if stat.kind != Kind::File {
            return known.filter(fits).map(|(_, entry)| Entry { made: None, ..entry.clone() }).next();
        }
        let claims: Vec<_> = known
            .filter(|(_, entry)| {
                let time = [entry.mtime, entry.shown().mtime].map(|time| time.floor_to(self.grain));
                entry.size == stat.size && time.contains(&stat.mtime)
            })
            .collect();
        let digest = (!claims.is_empty()).then(|| subject.read(&mut self.buffer).ok()).flatten()?;
        let claim = claims.into_iter().find(|(_, entry)| entry.sha256 == Some(digest))?;
        let is_whole = fits(&claim);
        Some(if is_whole { Entry { made: None, ..claim.1.clone() } } else { subject.entry(Some(digest)) })
    }
}

/// Whether two can be names of one file.
fn is_same(a: &Entry, b: &Entry) -> bool {
    a.same_content(b) && a.same_attributes(b)
}

impl Subject<'_> {
    /// Whether a correct inode for this record of the same sink looks as this one does.
    fn fits(&self, entry: &Entry, grain: u64) -> bool {
        self.stat.is_like(entry)
            && self.stat.shows(&entry.shown(), grain)
            && entry.target == self.target
            && stored_xattrs(entry) == self.xattrs
    }

    fn read(&self, buffer: &mut Vec<u8>) -> fs::Result<Digest> {
        let file = self.dir.open_file(self.name)?;
        let sparse = self.stat.is_sparse();
        Ok(fs::hash_content(&file, self.stat.size, sparse, buffer)?.sha256)
    }

    /// The entry as it stands. No stamps of a source are known, so that none can prove anything.
    fn entry(&self, sha256: Option<Digest>) -> Entry {
        Entry {
            sha256,
            target: self.target.clone(),
            ino: 0,
            ctime: Time { sec: 0, nanos: 0 },
            nlink: 1,
            racy: true,
            xattrs: self.xattrs.clone(),
            ..self.stat.entry(self.name)
        }
    }
}
