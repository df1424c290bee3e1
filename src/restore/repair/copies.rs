//! Where the bytes of a hash may be found: at any path of any snapshot that claims it, of this sink
//! and then of the others, and at those paths of the source. A claim is believed only when the file
//! was read and hashed.

use super::Request;
use crate::fs;
use crate::restore::checkout::Others;
use crate::restore::content::Origin;
use crate::sink::{Catalog, Node, Sink};
use crate::source::Source;
use crate::tree::{Digest, Entry, path};
use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::sync::Arc;

/// The tree that a copy is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tree {
    /// A snapshot, by the place of its sink and its own in the catalog.
    Snapshot(usize, usize),
    Source,
}

/// A file that was read and has the bytes.
#[derive(Debug, Clone)]
pub(super) struct Good {
    tree: Tree,
    path: Box<[u8]>,
    /// Where it is, for people and programs.
    pub(super) shown: PathBuf,
}

type Claims = HashMap<Digest, Vec<(Tree, Box<[u8]>)>>;

/// Finds and copies bytes. Memory: the paths that claim one of the hashes that are wanted.
pub(super) struct Copies<'a> {
    /// This one first; the others once they are needed.
    sinks: Vec<(&'a Sink, &'a Catalog)>,
    others: Option<&'a Others<'a>>,
    source: Option<&'a Source>,
    wanted: HashSet<Digest>,
    /// By sink, as far as their manifests have been read.
    claims: Vec<Claims>,
    known: HashMap<Digest, Option<Good>>,
    /// Inodes that have not the bytes.
    bad: HashSet<(Digest, (u64, u64))>,
    open: Option<(Tree, Origin)>,
}

impl<'a> Copies<'a> {
    /// Copies of these hashes.
    pub(super) fn new(request: &Request<'a>, wanted: HashSet<Digest>) -> Copies<'a> {
        Copies {
            sinks: vec![(request.sink, request.catalog)],
            others: Some(request.others),
            source: request.source,
            wanted,
            claims: Vec::new(),
            known: HashMap::new(),
            bad: HashSet::new(),
            open: None,
        }
    }

    /// A file with the bytes of a record, which stands at `path` in the snapshot `node`. That file
    /// itself is tried first: its attributes may be all that is wrong.
    pub(super) fn find(&mut self, node: &Node, path: &[u8], entry: &Entry) -> Option<Good> {
        let digest = entry.sha256?;
        if let Some(known) = self.known.get(&digest) {
            return known.clone();
        }
        let own = self.sinks[0].1.snapshots.iter().position(|snapshot| snapshot.node.id == node.id);
        let own = own.map(|own| Tree::Snapshot(0, own));
        let good = own.and_then(|own| self.attempt(own, path, entry)).or_else(|| self.seek(path, entry));
        self.known.insert(digest, good.clone());
        good
    }

    fn seek(&mut self, path: &[u8], entry: &Entry) -> Option<Good> {
        let digest = entry.sha256?;
        let mut paths = vec![Box::from(path)];
        let mut at = 0;
        loop {
            if at == 1
                && let Some(others) = self.others.take()
            {
                self.sinks.extend(others());
            }
            if at == self.sinks.len() {
                break;
            }
            if at == self.claims.len() {
                let claims = self.claims_of(at);
                self.claims.push(claims);
            }
            for (tree, path) in self.claims[at].get(&digest).cloned().unwrap_or_default() {
                if let Some(good) = self.attempt(tree, &path, entry) {
                    return Some(good);
                }
                paths.push(path);
            }
            at += 1;
        }
        paths.sort_unstable();
        paths.dedup();
        paths.iter().find_map(|path| self.attempt(Tree::Source, path, entry))
    }

    /// All paths of a sink that claim a hash which is wanted. A manifest that is damaged claims nothing
    /// more.
    fn claims_of(&self, at: usize) -> Claims {
        let mut claims = Claims::new();
        let (sink, catalog) = self.sinks[at];
        for (number, snapshot) in catalog.snapshots.iter().enumerate().rev() {
            let Ok(mut manifest) = sink.open_manifest(&snapshot.node) else { continue };
            while let Ok(Some(listing)) = manifest.next_listing() {
                for entry in &listing.entries {
                    if let Some(digest) = entry.sha256.filter(|digest| self.wanted.contains(digest)) {
                        let path = path::join(&listing.dir, &entry.name);
                        claims.entry(digest).or_default().push((Tree::Snapshot(at, number), path));
                    }
                }
            }
        }
        claims
    }

    fn origin(&mut self, tree: Tree) -> Option<&mut Origin> {
        if self.open.as_ref().is_none_or(|(open, _)| *open != tree) {
            let origin = match tree {
                Tree::Source => Origin::of(Arc::clone(self.source?.root())),
                Tree::Snapshot(sink, at) => {
                    let (sink, catalog) = self.sinks[sink];
                    Origin::open(sink, &catalog.snapshots[at].node).ok()?
                }
            };
            self.open = Some((tree, origin));
        }
        self.open.as_mut().map(|(_, origin)| origin)
    }

    /// Reads a file; `None` if it has not the bytes.
    fn attempt(&mut self, tree: Tree, path: &[u8], entry: &Entry) -> Option<Good> {
        let digest = entry.sha256?;
        let stored = self.origin(tree)?.find(path).ok()?;
        if self.bad.contains(&(digest, stored.inode())) {
            return None;
        }
        if !self.origin(tree)?.fits(&stored, entry) {
            self.bad.insert((digest, stored.inode()));
            return None;
        }
        let root = match tree {
            Tree::Source => self.source?.path.clone(),
            Tree::Snapshot(sink, at) => {
                let (sink, catalog) = self.sinks[sink];
                sink.tree_path(&catalog.snapshots[at].node.id)
            }
        };
        Some(Good { tree, path: path.into(), shown: root.join(OsStr::from_bytes(path)) })
    }

    /// Copies a file into `to`, and proves the bytes once more.
    ///
    /// # Errors
    /// Why `to` has not the bytes of the record, in a few words.
    pub(super) fn copy(&mut self, good: &Good, entry: &Entry, to: OwnedFd) -> Result<OwnedFd, String> {
        let origin = self.origin(good.tree).ok_or("the good copy cannot be opened")?;
        let stored = origin.find(&good.path)?;
        let (to, why) = origin.copy(&stored, entry, to).map_err(crate::error::errno_text)?;
        match why {
            None => Ok(to),
            Some(why) => Err(format!("the good copy changed: {why}")),
        }
    }
}

/// The attributes that the sink's inode of an entry has: those that are not stored left out.
pub(super) fn stored_xattrs(entry: &Entry) -> crate::tree::Xattrs {
    let mut xattrs = entry.xattrs.clone();
    if let Some(held) = entry.held.as_deref() {
        xattrs.retain(|name, _| !held.xattrs.contains(name));
    }
    xattrs
}

/// What a new inode for an entry is to show: held over entry.
pub(super) fn attributes<'e>(entry: &Entry, xattrs: &'e crate::tree::Xattrs) -> fs::Attributes<'e> {
    let shown = entry.shown();
    let owner = (shown.uid, shown.gid);
    fs::Attributes { mode: shown.mode, owner, set_owner: true, mtime: shown.mtime, xattrs }
}
