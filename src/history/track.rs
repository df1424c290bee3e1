//! One path through many snapshots: in which of them it, or anything below it, is not what it was in
//! the one before.

use super::frames;
use crate::error::Result;
use crate::sink::{Damaged, Node, Sink};
use crate::tree::{Digest, Entry, Kind, Listing, path};

/// What stands at and below a path, as a sum over its entries: equal whatever the frames are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Sum {
    entries: u64,
    words: [u64; 4],
}

impl Sum {
    fn add(&mut self, other: &Sum) {
        self.entries += other.entries;
        for (word, other) in self.words.iter_mut().zip(other.words) {
            *word = word.wrapping_add(other);
        }
    }

    fn take(&mut self, whole: &[u8], entry: &Entry) {
        let digest = digest(whole, entry).0;
        let mut words = [0; 4];
        for (word, bytes) in words.iter_mut().zip(digest.as_chunks::<8>().0) {
            *word = u64::from_le_bytes(*bytes);
        }
        self.add(&Sum { entries: 1, words });
    }
}

/// Of everything that makes another version; the time of a directory follows from what is in it.
fn digest(whole: &[u8], entry: &Entry) -> Digest {
    let Entry { kind, mode, uid, gid, size, sha256, target, rdev, xattrs, .. } = entry;
    let mtime = (*kind != Kind::Dir).then_some(entry.mtime);
    let text = format!(
        "{whole:?} {kind:?} {mode} {uid} {gid} {mtime:?} {size} {sha256:?} {target:?} {rdev:?} {xattrs:?}"
    );
    Digest::of(text.as_bytes())
}

/// What happened to a path in a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It is as it was in the snapshot before, or is missing in both.
    Same,
    /// It is another version, or was not there before.
    Changed,
    /// It was there before.
    Gone,
}

/// A step for each of the snapshots, which are in order, the oldest first; `Err` of one whose manifest
/// is damaged. What came after it is compared with what was before.
///
/// # Errors
/// A signal came, or the sink cannot be read.
pub fn track(
    sink: &Sink,
    nodes: &[&Node],
    wanted: &[u8],
    threads: usize,
) -> Result<Vec<Result<Step, Damaged>>> {
    let look = |sum: &mut Sum, listing: &Listing| {
        if !path::is_within(&listing.dir, wanted) && !path::is_within(wanted, &listing.dir) {
            return;
        }
        for entry in &listing.entries {
            let whole = path::join(&listing.dir, &entry.name);
            if path::is_within(&whole, wanted) {
                sum.take(&whole, entry);
            }
        }
    };
    let mut before = Sum::default();
    let step = |parts: frames::Parts<Sum>| {
        let mut now = Sum::default();
        parts?.iter().for_each(|part| now.add(part));
        let step = match (before == now, now.entries) {
            (true, _) => Step::Same,
            (false, 0) => Step::Gone,
            (false, _) => Step::Changed,
        };
        before = now;
        Ok(step)
    };
    Ok(frames::look(sink, nodes, threads, &look)?.into_iter().map(step).collect())
}
