//! The content of files and symbolic links: size, hash, target, and which names share an inode.

use super::What;
use super::check::{At, Checker, Open};
use super::seen::{Content, Key, UNKNOWN};
use super::xattrs::fingerprint;
use crate::fs::{self, Dir, Stat};
use crate::interrupt;
use crate::progress::Counters;
use crate::quote::{escaped, quoted};
use crate::tree::{Digest, Entry};

impl Checker<'_> {
    /// Compares the target of a symbolic link.
    pub(super) fn target(&mut self, at: &At, dir: &Dir, entry: &Entry) {
        match dir.read_link(&entry.name) {
            Ok(found) if Some(&found) == entry.target.as_ref() => {}
            Ok(found) => {
                let expected = entry.target.as_deref().unwrap_or_default();
                self.note(at, What::Target, escaped(expected), escaped(&found));
            }
            Err(errno) => self.unread(at, "a link", errno),
        }
    }

    pub(super) fn file(&mut self, at: &At, dir: &Dir, entry: &Entry, stat: &Stat) {
        self.sharing(at, entry);
        if stat.size != entry.size {
            self.note(at, What::Size, entry.size, stat.size);
            return self.xattrs(at, entry, dir, &entry.name);
        }
        // Nobody attests what the content of the others was.
        let Some(expected) = entry.sha256.filter(|digest| self.run.options.reading.takes(digest)) else {
            return self.xattrs(at, entry, dir, &entry.name);
        };
        match self.run.seen.content(at.key) {
            Content::Yours => {
                let fingerprint = match self.xattrs_of(at, entry, dir, &entry.name) {
                    Some(xattrs) => fingerprint(&xattrs),
                    None => UNKNOWN,
                };
                match self.read(dir, &entry.name, stat) {
                    Ok(found) => {
                        self.run.seen.learn(at.key, found, fingerprint);
                        self.compare_content(at, expected, found);
                    }
                    // A signal: nothing is known of it.
                    Err(_) if interrupt::check().is_err() => {}
                    Err(errno) => {
                        self.run.seen.fail(at.key, errno);
                        self.unreadable(at, errno);
                    }
                }
            }
            Content::Is(found, known) => {
                if known != fingerprint(&self.wanted(entry)) {
                    self.xattrs(at, entry, dir, &entry.name);
                }
                self.compare_content(at, expected, found);
            }
            Content::Underway => {
                self.outcome.open.push(Open::Content { at: at.clone(), expected });
                self.xattrs(at, entry, dir, &entry.name);
            }
            Content::Failed(errno) => self.unreadable(at, errno),
        }
    }

    fn read(&mut self, dir: &Dir, name: &[u8], stat: &Stat) -> fs::Result<Digest> {
        if stat.size == 0 {
            return Ok(Digest::of(b""));
        }
        let file = dir.open_file(name)?;
        let sparse = stat.is_sparse();
        let read = fs::hash_content(&file, stat.size, sparse, &mut self.buffer)?;
        let counters = self.run.observer.counters();
        Counters::add(&counters.files, 1);
        Counters::add(&counters.bytes, read.bytes);
        self.outcome.bytes += read.bytes;
        Ok(read.sha256)
    }

    pub(super) fn compare_content(&mut self, at: &At, expected: Digest, found: Digest) {
        if expected != found {
            self.note(at, What::Content, expected, found);
        }
    }

    /// The source's hard links, no others (promise 7).
    pub(super) fn sharing(&mut self, at: &At, entry: &Entry) {
        if let Some(first) = &entry.links {
            if entry.held.as_ref().is_some_and(|held| held.split) {
                return;
            }
            match self.groups.of(first) {
                Some(key) => self.compare_group(at, first, key),
                None => self.outcome.open.push(Open::Group { at: at.clone(), first: first.clone() }),
            }
            return;
        }
        if entry.nlink > 1 {
            self.groups.first(&at.path, at.key);
        }
        if !self.run.seen.own(at.key, self.run.number) {
            self.shared(at.path.clone(), at.place);
        }
    }

    pub(super) fn compare_group(&mut self, at: &At, first: &[u8], key: Key) {
        if at.key != key {
            let expected = format!("the inode of {}", quoted(first));
            self.push(at.path.clone(), at.place, What::Links, expected, "another inode", None);
        }
    }
}
