//! Compares a staged tree with the last complete snapshot: which paths could not be read now, and how
//! many files were removed or changed.

use crate::error::Result;
use crate::sink::node::Churn;
use crate::sink::{Index, Node, Sink, StoredManifest};
use crate::tree::{Entry, Follower, Kind, Listing, path};
use std::collections::{HashMap, HashSet};

/// Fewer lost files than this are no mass change.
const FEW: u64 = 20;
/// A suffix counts if at least one file in so many has got it.
const SUFFIX_SHARE: u64 = 10;
/// The longest suffix that is looked at, in bytes.
const MAX_SUFFIX: usize = 64;
/// So many names that begin with the name of a lost file are looked at.
const MAX_LONGER: usize = 16;
/// More different suffixes than this are not counted.
const MAX_SUFFIXES: usize = 1000;

/// Files of a staged tree whose content the parent snapshot does not have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fresh {
    /// Names of such files.
    pub files: u64,
    /// Their bytes, each inode once.
    pub bytes: u64,
}

/// Whether a snapshot has a file at one of these paths, or anything below one. `index` is the
/// snapshot's index where there is one; otherwise its manifest is read.
///
/// # Errors
/// The manifest cannot be read.
pub fn holds_any(sink: &Sink, node: &Node, index: Option<&Index>, paths: &[&[u8]]) -> Result<bool> {
    if paths.is_empty() {
        return Ok(false);
    }
    let found: Option<Vec<bool>> =
        index.and_then(|index| paths.iter().map(|path| index.holds(path)).collect());
    if let Some(found) = found {
        return Ok(found.contains(&true));
    }
    let wanted: HashSet<&[u8]> = paths.iter().copied().collect();
    let mut manifest = sink.open_manifest(node)?;
    while let Some(Listing { dir, entries }) = manifest.next_listing()? {
        let below = wanted.contains(&b""[..]) || path::ancestors(&dir).any(|above| wanted.contains(above));
        let is_wanted =
            |entry: &Entry| entry.kind != Kind::Dir && wanted.contains(&*path::join(&dir, &entry.name));
        if !entries.is_empty() && (below || entries.iter().any(is_wanted)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a mass change is possible, by counts alone: `now` and `fresh` are the staged tree's files
/// and bytes, all of them and those that the parent does not have; `before` is the parent's node.
pub fn may_be_churned(before: &Node, now: Fresh, fresh: Fresh, limit: u64) -> bool {
    let lost = |before: u64, now: u64, fresh: u64| before.saturating_sub(now.saturating_sub(fresh));
    let (files, bytes) = (before.counts.files, before.manifest.bytes);
    let lost_files = lost(files, now.files, fresh.files);
    let lost_bytes = lost(bytes, now.bytes, fresh.bytes);
    lost_files >= FEW
        && (lost_files.saturating_mul(SUFFIX_SHARE) >= files || exceeds(lost_bytes, bytes, limit))
}

/// Counts what a new manifest no longer has of an older one. Files count as kept if their content stands
/// anywhere in the new tree. Memory: 8 bytes for each file of the new tree.
///
/// # Errors
/// A manifest cannot be read.
pub fn churn(mut before: StoredManifest, now: impl Fn() -> Result<StoredManifest>) -> Result<Churn> {
    let mut kept = HashSet::new();
    let mut manifest = now()?;
    while let Some(listing) = manifest.next_listing()? {
        kept.extend(listing.entries.iter().filter_map(short_hash));
    }
    let mut manifest = now()?;
    let mut follower = Follower::new(move || manifest.next_listing());
    let mut churn = Churn::default();
    let mut suffixes: HashMap<Box<[u8]>, u64> = HashMap::new();
    while let Some(Listing { dir, entries }) = before.next_listing()? {
        let stands = follower.listing_of(&dir, |_| {})?.map(|listing| listing.entries).unwrap_or_default();
        for entry in &entries {
            let Some(hash) = short_hash(entry) else { continue };
            let bytes = if entry.links.is_none() { entry.size } else { 0 };
            churn.files += 1;
            churn.bytes += bytes;
            if kept.contains(&hash) {
                continue;
            }
            churn.lost_files += 1;
            churn.lost_bytes += bytes;
            for suffix in added_suffixes(&entry.name, &stands) {
                if suffixes.len() < MAX_SUFFIXES || suffixes.contains_key(suffix) {
                    *suffixes.entry(suffix.into()).or_insert(0) += 1;
                }
            }
        }
    }
    let most = suffixes.into_iter().max_by_key(|(_, count)| *count);
    let most = most.filter(|(_, count)| {
        *count >= FEW && count * 2 > churn.lost_files && count.saturating_mul(SUFFIX_SHARE) >= churn.files
    });
    churn.suffix = most.map(|(suffix, _)| String::from_utf8_lossy(&suffix).into_owned());
    Ok(churn)
}

/// Whether so much was lost that nothing may expire: more than `limit` percent of the files or bytes, or
/// most of the lost files got one suffix.
pub fn is_mass_change(churn: &Churn, limit: u64) -> bool {
    churn.lost_files >= FEW
        && (churn.suffix.is_some()
            || exceeds(churn.lost_files, churn.files, limit)
            || exceeds(churn.lost_bytes, churn.bytes, limit))
}

fn exceeds(part: u64, whole: u64, percent: u64) -> bool {
    u128::from(part) * 100 > u128::from(whole) * u128::from(percent)
}

/// The first 8 bytes of a file's hash.
fn short_hash(entry: &Entry) -> Option<[u8; 8]> {
    entry.sha256.filter(|_| entry.kind == Kind::File)?.0.first_chunk().copied()
}

/// What names of the new directory append to a name that is gone; none if the name still stands.
fn added_suffixes<'a>(name: &'a [u8], stands: &'a [Entry]) -> impl Iterator<Item = &'a [u8]> {
    let at = stands.partition_point(|entry| *entry.name < *name);
    let longer = stands[at..].iter().map_while(move |entry| entry.name.strip_prefix(name));
    let is_gone = longer.clone().next().is_some_and(|suffix| !suffix.is_empty());
    longer.filter(move |suffix| is_gone && suffix.len() <= MAX_SUFFIX).take(MAX_LONGER)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn churn_of(files: u64, lost_files: u64, bytes: u64, lost_bytes: u64) -> Churn {
        Churn { files, lost_files, bytes, lost_bytes, suffix: None }
    }

    #[test]
    fn more_than_half_of_the_files_or_bytes_is_a_mass_change() {
        assert!(!is_mass_change(&churn_of(100, 50, 0, 0), 50));
        assert!(is_mass_change(&churn_of(100, 51, 0, 0), 50));
        assert!(!is_mass_change(&churn_of(1000, 20, 100, 50), 50));
        assert!(is_mass_change(&churn_of(1000, 20, 100, 51), 50));
        assert!(!is_mass_change(&churn_of(100, 80, 100, 80), 80));
    }

    #[test]
    fn a_few_files_are_never_a_mass_change() {
        assert!(!is_mass_change(&churn_of(19, 19, 100, 100), 50));
        assert!(is_mass_change(&churn_of(20, 20, 100, 100), 50));
    }

    #[test]
    fn a_suffix_that_most_lost_files_got_is_a_mass_change() {
        let churn = Churn { suffix: Some(".locked".into()), ..churn_of(1000, 100, 1000, 100) };
        assert!(is_mass_change(&churn, 50));
    }

    #[test]
    fn counts_alone_rule_a_mass_change_out() {
        let mut before = Node::default();
        before.counts.files = 1000;
        before.manifest.bytes = 1000;
        let now = |files, bytes| Fresh { files, bytes };
        assert!(!may_be_churned(&before, now(1000, 1000), now(0, 0), 50));
        assert!(!may_be_churned(&before, now(1000, 1000), now(99, 99), 50));
        assert!(may_be_churned(&before, now(1000, 1000), now(100, 100), 50));
        assert!(may_be_churned(&before, now(1000, 1000), now(20, 501), 50));
        assert!(may_be_churned(&before, now(9000, 9000), now(8900, 8900), 50));
    }
}
