//! The tree hash: a Merkle hash over kinds, modes, names and contents.
//!
//! H(dir) is SHA-256 over its children in name order of `kind SP mode4 SP value NUL name NUL`.
//! Listings arrive in manifest order, so a directory's hash is known only after all below it;
//! what is kept meanwhile is the text of the directories on the way to the current one: some
//! hundred bytes for each of their children.

use super::{Digest, Entry, Kind, Listing, path};
use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};
use std::ops::Range;

/// A directory among the children of a level.
struct Sub {
    /// Where in the level's text its hash belongs.
    at: usize,
    /// Where in the level's text its name stands.
    name: Range<usize>,
}

struct Level {
    dir: Box<[u8]>,
    /// All children as they are hashed, but for the hashes of directories.
    text: Vec<u8>,
    /// How much of the text was hashed.
    done: usize,
    subs: std::vec::IntoIter<Sub>,
    /// The directory whose listing is under way.
    open: Option<Sub>,
    hasher: Sha256,
}

/// Computes `tree` from the listings of a tree in manifest order, and checks that order.
pub struct TreeHasher {
    root_mode: u16,
    links: Sha256,
    levels: Vec<Level>,
    /// The text of a level that was completed, to be written over.
    spare: Vec<u8>,
    root: Option<Digest>,
}

fn push_hex(text: &mut Vec<u8>, digest: &Digest) {
    let mut hex = [0; 64];
    HEXLOWER.encode_mut(&digest.0, &mut hex);
    text.extend_from_slice(&hex);
}

fn push_mode(text: &mut Vec<u8>, mode: u16) {
    if mode > 0o7777 {
        return text.extend_from_slice(format!("{mode:04o}").as_bytes());
    }
    // Four octal digits of three bits each.
    text.extend([9, 6, 3, 0].map(|shift| b'0' + (mode >> shift & 7) as u8));
}

fn push_value(text: &mut Vec<u8>, entry: &Entry) {
    match (entry.kind, entry.sha256, entry.rdev) {
        (Kind::Dir, ..) => {}
        (Kind::File, Some(digest), _) => push_hex(text, &digest),
        (Kind::Symlink, ..) => push_hex(text, &Digest::of(entry.target.as_deref().unwrap_or_default())),
        (Kind::Char | Kind::Block, _, Some((major, minor))) => {
            text.extend_from_slice(format!("{major}:{minor}").as_bytes());
        }
        _ => text.push(b'-'),
    }
}

impl Level {
    /// Writes the children into `text`, which is empty.
    fn new(listing: &Listing, mut text: Vec<u8>) -> Level {
        let mut subs = Vec::new();
        for entry in &listing.entries {
            text.extend_from_slice(entry.kind.word().as_bytes());
            text.push(b' ');
            push_mode(&mut text, entry.mode);
            text.push(b' ');
            push_value(&mut text, entry);
            let at = text.len();
            text.push(0);
            text.extend_from_slice(&entry.name);
            if entry.kind == Kind::Dir {
                subs.push(Sub { at, name: at + 1..text.len() });
            }
            text.push(0);
        }
        let dir = listing.dir.clone();
        Level { dir, text, done: 0, subs: subs.into_iter(), open: None, hasher: Sha256::new() }
    }

    /// Takes up everything before a directory, and its hash.
    fn absorb(&mut self, sub: &Sub, digest: &Digest) {
        let mut hex = [0; 64];
        HEXLOWER.encode_mut(&digest.0, &mut hex);
        self.hasher.update(&self.text[self.done..sub.at]);
        self.hasher.update(hex);
        self.done = sub.at;
    }

    /// Takes up children until the directory `name`, which is then open; directories passed on
    /// the way had no listing and are empty. False: there is no such directory any more.
    fn advance_to(&mut self, name: Option<&[u8]>) -> bool {
        while let Some(sub) = self.subs.next() {
            if Some(&self.text[sub.name.clone()]) == name {
                self.open = Some(sub);
                return true;
            }
            self.absorb(&sub, &Digest::of(b""));
        }
        false
    }
}

impl TreeHasher {
    /// A hasher for a tree whose root has this mode.
    pub fn new(root_mode: u16) -> TreeHasher {
        TreeHasher { root_mode, links: Sha256::new(), levels: Vec::new(), spare: Vec::new(), root: None }
    }

    /// Takes up the next listing. Empty directories may be left out.
    ///
    /// # Errors
    /// The directory is not one that an earlier listing named, or comes out of order.
    pub fn listing(&mut self, listing: &Listing) -> Result<(), &'static str> {
        const ORDER: &str = "a directory is out of order, or no earlier entry names it";
        if self.levels.is_empty() && self.root.is_none() && listing.dir.is_empty() {
            self.descend(listing);
            return Ok(());
        }
        let (parent, name) = path::split(&listing.dir).ok_or(ORDER)?;
        while self.levels.last().is_some_and(|level| *level.dir != *parent) {
            self.ascend();
        }
        let level = self.levels.last_mut().ok_or(ORDER)?;
        if !level.advance_to(Some(name)) {
            return Err(ORDER);
        }
        self.descend(listing);
        Ok(())
    }

    fn descend(&mut self, listing: &Listing) {
        for entry in &listing.entries {
            if let Some(first) = &entry.links {
                self.links.update(path::join(&listing.dir, &entry.name));
                self.links.update(b"\0");
                self.links.update(first);
                self.links.update(b"\0");
            }
        }
        let text = std::mem::take(&mut self.spare);
        self.levels.push(Level::new(listing, text));
    }

    /// Completes the deepest directory and hands its hash to its parent.
    fn ascend(&mut self) {
        let Some(mut level) = self.levels.pop() else { return };
        level.advance_to(None);
        level.hasher.update(&level.text[level.done..]);
        let digest = Digest::finish(level.hasher);
        self.spare = level.text;
        self.spare.clear();
        match self.levels.last_mut() {
            Some(parent) => {
                if let Some(sub) = parent.open.take() {
                    parent.absorb(&sub, &digest);
                }
            }
            None => self.root = Some(digest),
        }
    }

    /// The tree hash, after the last listing.
    pub fn finish(mut self) -> Digest {
        while !self.levels.is_empty() {
            self.ascend();
        }
        let mut hasher = Sha256::new();
        hasher.update(b"emu-tree-1\0");
        hasher.update(format!("{:04o}\0", self.root_mode));
        hasher.update(self.root.unwrap_or_else(|| Digest::of(b"")).to_string());
        hasher.update(b"\0");
        hasher.update(Digest::finish(self.links).to_string());
        Digest::finish(hasher)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Time;

    fn entry(name: &str, kind: Kind) -> Entry {
        Entry {
            name: name.as_bytes().into(),
            kind,
            mode: 0o644,
            uid: 0,
            gid: 0,
            mtime: Time::default(),
            size: 0,
            sha256: (kind == Kind::File).then(|| Digest::of(b"")),
            target: None,
            rdev: None,
            ino: 1,
            ctime: Time::default(),
            nlink: 1,
            racy: false,
            torn: false,
            unattested: false,
            xattrs: Default::default(),
            links: None,
            held: None,
            made: None,
            sink_ino: 0,
        }
    }

    fn listing(dir: &str, entries: &[(&str, Kind)]) -> Listing {
        let entries = entries.iter().map(|(name, kind)| entry(name, *kind)).collect();
        Listing { dir: dir.as_bytes().into(), entries }
    }

    #[test]
    fn an_empty_directory_hashes_alike_with_and_without_a_listing() {
        let root = listing("", &[("a", Kind::Dir), ("b", Kind::Dir), ("c", Kind::File)]);
        let mut with = TreeHasher::new(0o755);
        with.listing(&root).unwrap();
        with.listing(&listing("a", &[])).unwrap();
        with.listing(&listing("b", &[])).unwrap();
        let mut without = TreeHasher::new(0o755);
        without.listing(&root).unwrap();
        without.listing(&listing("b", &[])).unwrap();
        assert_eq!(with.finish(), without.finish());
    }

    #[test]
    fn the_hash_is_the_documented_formula() {
        let mut hasher = TreeHasher::new(0o755);
        hasher.listing(&listing("", &[("d", Kind::Dir), ("f", Kind::File)])).unwrap();
        hasher.listing(&listing("d", &[("x", Kind::File)])).unwrap();
        let empty = Digest::of(b"");
        let d = Digest::of(format!("file 0644 {empty}\0x\0").as_bytes());
        let root = Digest::of(format!("dir 0644 {d}\0d\0file 0644 {empty}\0f\0").as_bytes());
        let tree = Digest::of(format!("emu-tree-1\x000755\0{root}\0{empty}").as_bytes());
        assert_eq!(hasher.finish(), tree);
    }

    #[test]
    fn a_directory_that_nobody_named_is_refused() {
        let root = listing("", &[("a", Kind::Dir), ("f", Kind::File)]);
        for bad in ["f", "zz", "a/b", ""] {
            let mut hasher = TreeHasher::new(0o755);
            hasher.listing(&root).unwrap();
            assert!(hasher.listing(&listing(bad, &[])).is_err(), "{bad}");
        }
        let mut twice = TreeHasher::new(0o755);
        twice.listing(&root).unwrap();
        twice.listing(&listing("a", &[])).unwrap();
        assert!(twice.listing(&listing("a", &[])).is_err());
    }
}
