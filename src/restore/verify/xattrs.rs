//! Extended attributes of an entry against those of its inode.

use super::check::{At, Checker};
use super::{Reading, What};
use crate::fs::{self, Dir, Errno};
use crate::quote::escaped;
use crate::tree::{Digest, Entry, Kind, Xattrs};

const LABEL: &[u8] = b"security.selinux";

impl Checker<'_> {
    /// The extended attributes that the inode must show to this user.
    pub(super) fn wanted(&self, entry: &Entry) -> Xattrs {
        let mut wanted = entry.xattrs.clone();
        let held = entry.held.as_deref();
        wanted.retain(|name, _| {
            let not_stored = held.is_some_and(|held| held.xattrs.contains(name));
            !not_stored && (self.is_root || !name.starts_with(b"trusted."))
        });
        wanted
    }

    pub(super) fn xattrs(&mut self, at: &At, entry: &Entry, dir: &Dir, name: &[u8]) {
        if self.run.options.reading != Reading::Nothing {
            drop(self.xattrs_of(at, entry, dir, name));
        }
    }

    /// Checks the extended attributes; returns those that are there.
    pub(super) fn xattrs_of(&mut self, at: &At, entry: &Entry, dir: &Dir, name: &[u8]) -> Option<Xattrs> {
        let mut found = match fs::read_xattrs(dir, name) {
            Ok(found) => found,
            Err(errno) => {
                self.unread(at, "extended attributes", errno);
                return None;
            }
        };
        let wanted = self.wanted(entry);
        // The kernel labels new inodes by itself where the policy says so.
        if !wanted.contains_key(LABEL) {
            found.remove(LABEL);
        }
        if wanted != found
            && let Some(errno) = denied(dir, name, entry)
        {
            // The system does not show the attributes of what this user may not read.
            self.unread(at, "extended attributes", errno);
            return None;
        }
        if wanted != found {
            self.note(at, What::Xattrs, differing(&wanted, &found), differing(&found, &wanted));
        }
        Some(found)
    }
}

/// Why this user may not read a file or directory, if that is so.
fn denied(dir: &Dir, name: &[u8], entry: &Entry) -> Option<Errno> {
    let opened = match entry.kind {
        Kind::File => dir.open_file(name).map(drop),
        Kind::Dir if !name.is_empty() => dir.open_dir(name).map(drop),
        _ => Ok(()),
    };
    opened.err().filter(|errno| matches!(*errno, Errno::ACCESS | Errno::PERM))
}

/// 32 bits of a hash; neither 0 nor [`super::seen::UNKNOWN`].
pub(super) fn fingerprint(xattrs: &Xattrs) -> u32 {
    if xattrs.is_empty() {
        return 2;
    }
    let mut text = Vec::new();
    for (name, value) in xattrs {
        text.extend_from_slice(name);
        text.push(0);
        text.extend_from_slice(&(value.len() as u64).to_le_bytes());
        text.extend_from_slice(value);
    }
    let Digest([a, b, c, d, ..]) = Digest::of(&text);
    u32::from_le_bytes([a, b, c, d]) | 2
}

/// What `these` have that `others` have not, or otherwise, for people.
fn differing(these: &Xattrs, others: &Xattrs) -> String {
    let names = these.keys().chain(others.keys().filter(|name| !these.contains_key(*name)));
    let text = |name: &[u8]| match these.get(name) {
        _ if these.get(name) == others.get(name) => None,
        None => Some(format!("no {}", escaped(name))),
        Some(value) if value.len() > 64 => Some(format!("{} of {} bytes", escaped(name), value.len())),
        Some(value) => Some(format!("{}={}", escaped(name), escaped(value))),
    };
    names.filter_map(|name| text(name)).collect::<Vec<_>>().join(", ")
}
