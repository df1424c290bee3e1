//! Translates the recorded owners of a snapshot to this machine's numbers.
//!
//! Records are translated where they are read. The decision whether an entry is as recorded, and the
//! change that makes it so, therefore use the same numbers.

use super::judge::Ownership;
use crate::source::owner_numbers;
use crate::tree::{Entry, Listing, Owners};
use std::collections::{BTreeMap, HashMap};

/// Recorded numbers that stand for other numbers on this machine.
#[derive(Debug, Default)]
pub(super) struct OwnerMap {
    users: HashMap<u32, u32>,
    groups: HashMap<u32, u32>,
}

impl OwnerMap {
    /// Compares the names in a manifest with those of this machine. A number changes only if its recorded
    /// name has another number here.
    pub(super) fn new(recorded: &Owners, ownership: Ownership) -> OwnerMap {
        if ownership != Ownership::ByName {
            return OwnerMap::default();
        }
        let (users, groups) = owner_numbers();
        OwnerMap { users: differing(&recorded.users, &users), groups: differing(&recorded.groups, &groups) }
    }

    /// Whether every recorded number stands for itself.
    pub(super) fn is_identity(&self) -> bool {
        self.users.is_empty() && self.groups.is_empty()
    }

    /// Gives an entry the numbers of this machine.
    pub(super) fn translate(&self, entry: &mut Entry) {
        entry.uid = self.users.get(&entry.uid).copied().unwrap_or(entry.uid);
        entry.gid = self.groups.get(&entry.gid).copied().unwrap_or(entry.gid);
    }

    /// [`OwnerMap::translate`] for all entries of a listing.
    pub(super) fn translate_all(&self, listing: &mut Listing) {
        if !self.is_identity() {
            listing.entries.iter_mut().for_each(|entry| self.translate(entry));
        }
    }
}

fn differing(recorded: &BTreeMap<String, String>, here: &BTreeMap<String, u32>) -> HashMap<u32, u32> {
    let pairs = recorded.iter().filter_map(|(number, name)| Some((number.parse().ok()?, *here.get(name)?)));
    pairs.filter(|(recorded, here)| recorded != here).collect()
}
