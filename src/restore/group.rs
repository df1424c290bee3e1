//! Hard links of the snapshot, seen from the target: which inode stands for which group.

use crate::fs::Stat;
use crate::tree::Entry;
use std::collections::HashMap;

/// The path that stands for a group, and its inode if that stays in place.
struct Leader {
    path: Box<[u8]>,
    ino: Option<(u64, u64)>,
}

/// Groups met so far, and inodes with several names that were left in place.
#[derive(Default)]
pub(super) struct Groups {
    leaders: HashMap<Box<[u8]>, Leader>,
    claims: HashMap<(u64, u64), Box<[u8]>>,
}

/// What a file's group asks of it.
pub(super) enum Membership {
    /// It is judged by itself.
    Alone,
    /// It has the right inode already.
    Linked,
    /// It is to become a name of the inode at this path.
    LinkTo(Box<[u8]>),
}

fn key<'a>(path: &'a [u8], entry: &'a Entry) -> &'a [u8] {
    entry.links.as_deref().unwrap_or(path)
}

impl Groups {
    /// Where an entry belongs; `found` is what stands at its path.
    pub(super) fn membership(&self, path: &[u8], entry: &Entry, found: Option<&Stat>) -> Membership {
        match self.leaders.get(key(path, entry)) {
            Some(leader) if entry.links.is_some() => match (leader.ino, found) {
                (Some(ino), Some(found)) if ino == (found.dev, found.ino) => Membership::Linked,
                _ => Membership::LinkTo(leader.path.clone()),
            },
            _ => Membership::Alone,
        }
    }

    /// Whether an inode that would be left in place stands already for another group or file.
    pub(super) fn is_taken(&self, path: &[u8], entry: &Entry, found: &Stat) -> bool {
        found.nlink > 1
            && self.claims.get(&(found.dev, found.ino)).is_some_and(|owner| **owner != *key(path, entry))
    }

    /// Remembers what was decided for the first name of a group that is met; `kept`: its inode
    /// stays in place.
    pub(super) fn settle(&mut self, path: &[u8], entry: &Entry, kept: Option<&Stat>) {
        let ino = kept.map(|stat| (stat.dev, stat.ino));
        if let Some(ino) = ino.filter(|_| kept.is_some_and(|stat| stat.nlink > 1)) {
            self.claims.entry(ino).or_insert_with(|| key(path, entry).into());
        }
        if entry.may_be_grouped() {
            self.leaders.entry(key(path, entry).into()).or_insert_with(|| Leader { path: path.into(), ino });
        }
    }
}
