//! The tree hash: a Merkle hash over kinds, modes, names and contents.
//!
//! H(dir) is SHA-256 over its children in name order of `kind SP mode4 SP value NUL name NUL`.
//! Listings arrive in manifest order, so a directory's hash is known only after all below it;
//! what is kept meanwhile is the children of the directories on the way to the current one.

use super::{Digest, Entry, Kind, Listing, path};
use sha2::{Digest as _, Sha256};

struct Child {
    name: Box<[u8]>,
    kind: Kind,
    mode: u16,
    value: Option<String>,
}

struct Level {
    dir: Box<[u8]>,
    children: std::vec::IntoIter<Child>,
    /// The child whose listing is under way.
    open: Option<Child>,
    hasher: Sha256,
}

/// Computes `tree` from the listings of a tree in manifest order, and checks that order.
pub struct TreeHasher {
    root_mode: u16,
    links: Sha256,
    levels: Vec<Level>,
    root: Option<Digest>,
}

fn value_of(entry: &Entry) -> Option<String> {
    match entry.kind {
        Kind::Dir => None,
        Kind::File => Some(entry.sha256.map_or_else(|| "-".into(), |digest| digest.to_string())),
        Kind::Symlink => Some(Digest::of(entry.target.as_deref().unwrap_or_default()).to_string()),
        Kind::Char | Kind::Block => {
            Some(entry.rdev.map_or_else(|| "-".into(), |(major, minor)| format!("{major}:{minor}")))
        }
        Kind::Fifo | Kind::Socket => Some("-".into()),
    }
}

impl Level {
    fn absorb(&mut self, child: &Child, value: &str) {
        self.hasher.update(child.kind.word());
        self.hasher.update(format!(" {:04o} {value}\0", child.mode));
        self.hasher.update(&child.name);
        self.hasher.update(b"\0");
    }

    /// Takes up children until the directory `name`, which is returned; directories passed on
    /// the way had no listing and are empty. `None`: there is no such directory any more.
    fn advance_to(&mut self, name: Option<&[u8]>) -> Option<Child> {
        while let Some(child) = self.children.next() {
            match &child.value {
                Some(value) => {
                    let value = value.clone();
                    self.absorb(&child, &value);
                }
                None if Some(&*child.name) == name => return Some(child),
                None => self.absorb(&child, &Digest::of(b"").to_string()),
            }
        }
        None
    }
}

impl TreeHasher {
    /// A hasher for a tree whose root has this mode.
    pub fn new(root_mode: u16) -> TreeHasher {
        TreeHasher { root_mode, links: Sha256::new(), levels: Vec::new(), root: None }
    }

    /// Takes up the next listing. Empty directories may be left out.
    ///
    /// # Errors
    /// The directory is not one that an earlier listing named, or comes out of order.
    pub fn listing(&mut self, listing: &Listing) -> Result<(), &'static str> {
        const ORDER: &str = "a directory is out of order, or no earlier entry names it";
        if self.levels.is_empty() && self.root.is_none() && listing.dir.is_empty() {
            self.descend(listing, None);
            return Ok(());
        }
        let (parent, name) = path::split(&listing.dir).ok_or(ORDER)?;
        while self.levels.last().is_some_and(|level| *level.dir != *parent) {
            self.ascend();
        }
        let level = self.levels.last_mut().ok_or(ORDER)?;
        let child = level.advance_to(Some(name)).ok_or(ORDER)?;
        self.descend(listing, Some(child));
        Ok(())
    }

    fn descend(&mut self, listing: &Listing, own: Option<Child>) {
        for entry in &listing.entries {
            if let Some(first) = &entry.links {
                self.links.update(path::join(&listing.dir, &entry.name));
                self.links.update(b"\0");
                self.links.update(first);
                self.links.update(b"\0");
            }
        }
        let children: Vec<Child> = listing
            .entries
            .iter()
            .map(|e| Child { name: e.name.clone(), kind: e.kind, mode: e.mode, value: value_of(e) })
            .collect();
        if let Some(level) = self.levels.last_mut() {
            level.open = own;
        }
        self.levels.push(Level {
            dir: listing.dir.clone(),
            children: children.into_iter(),
            open: None,
            hasher: Sha256::new(),
        });
    }

    /// Completes the deepest directory and hands its hash to its parent.
    fn ascend(&mut self) {
        let Some(mut level) = self.levels.pop() else { return };
        level.advance_to(None);
        let digest = Digest::finish(level.hasher);
        match self.levels.last_mut() {
            Some(parent) => {
                if let Some(child) = parent.open.take() {
                    parent.absorb(&child, &digest.to_string());
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
            xattrs: Default::default(),
            links: None,
            held: None,
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
