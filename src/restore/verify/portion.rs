//! A part of all contents, told by their hashes: as the first 64 bits of a hash are spread evenly, a
//! range of them is a share of the contents, the same one in whatever order and sink they are read.
//!
//! Where a run ended is remembered in the sink, so that the next one goes on there and some runs
//! together have read everything.

use crate::error::{Doing as _, Result};
use crate::fs;
use crate::interrupt;
use crate::sink::{Node, Sink, layout};
use crate::tree::Digest;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// All there is.
const WHOLE: u128 = 1 << 64;
/// Bytes are counted by ranges of so many bits.
const RANGE: u32 = 48;

/// A range of hashes; behind the last one comes the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Portion {
    from: u64,
    length: u128,
}

/// Where the last run ended.
#[derive(Serialize, Deserialize)]
struct Place {
    v: u32,
    next: String,
}

fn position(digest: &Digest) -> u64 {
    digest.0.iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

impl Portion {
    /// The `n`-th of `of` equal parts, counted from 1.
    pub fn nth(n: u32, of: u32) -> Portion {
        let at = |n: u32| WHOLE * u128::from(n) / u128::from(of.max(1));
        let (from, to) = (at(n.saturating_sub(1)), at(n));
        Portion { from: u64::try_from(from).unwrap_or(0), length: to - from }
    }

    /// Such a share of all, from 0 to 1, from where the last run ended.
    pub fn share(sink: &Sink, share: f64) -> Portion {
        let length = (WHOLE as f64 * share).ceil() as u128;
        Portion { from: next(sink), length: length.clamp(1, WHOLE) }
    }

    /// As much as has about so many bytes in these snapshots, from where the last run ended, and at
    /// least one file. Memory: 8 bytes for each content.
    ///
    /// # Errors
    /// Interrupted.
    pub fn bytes(sink: &Sink, nodes: &[&Node], bytes: u64) -> Result<Portion> {
        let from = next(sink);
        let mut ranges = vec![0_u64; 1 << (64 - RANGE)];
        let mut met = HashSet::new();
        for node in nodes {
            interrupt::check()?;
            // What is wrong with a manifest is found when the snapshot is checked.
            let Ok(mut manifest) = sink.open_manifest(node) else { continue };
            while let Ok(Some(listing)) = manifest.next_listing() {
                for entry in &listing.entries {
                    let Some(digest) = &entry.sha256 else { continue };
                    let range = position(digest).wrapping_sub(from) >> RANGE;
                    if entry.size > 0 && met.insert(position(digest)) {
                        let range = usize::try_from(range).unwrap_or(0);
                        ranges[range] = ranges[range].saturating_add(entry.size);
                    }
                }
            }
        }
        // At least one file, however large: otherwise no run would get past it.
        let (mut sum, mut count) = (0_u64, 0_u128);
        for range in ranges {
            if sum > 0 && sum.saturating_add(range) > bytes {
                break;
            }
            sum = sum.saturating_add(range);
            count += 1;
        }
        Ok(Portion { from, length: count << RANGE })
    }

    /// Whether a content belongs to it.
    pub fn holds(&self, digest: &Digest) -> bool {
        u128::from(position(digest).wrapping_sub(self.from)) < self.length
    }

    /// Notes in the sink that the next run begins where this portion ends.
    ///
    /// # Errors
    /// The sink cannot be written.
    pub fn remember(&self, sink: &Sink) -> Result<()> {
        let cannot = || format!("cannot remember in {} how far this run came", sink.inside(layout::VERIFIED));
        let end = u64::try_from((u128::from(self.from) + self.length) % WHOLE).unwrap_or(0);
        let text = serde_json::to_string(&Place { v: 1, next: format!("{end:016x}") }).doing(cannot)? + "\n";
        fs::replace_file(&sink.dir(layout::VERIFIED)?, layout::NEXT, text.as_bytes()).doing(cannot)
    }
}

/// Where the last run ended; the beginning if that is not known.
fn next(sink: &Sink) -> u64 {
    let read =
        sink.dir(layout::VERIFIED).ok().and_then(|dir| fs::read_limited(&dir, layout::NEXT, 4096).ok());
    let place = read.and_then(|text| serde_json::from_slice::<Place>(&text).ok());
    place.and_then(|place| u64::from_str_radix(&place.next, 16).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(first: u64) -> Digest {
        let mut bytes = [7; 32];
        bytes[..8].copy_from_slice(&first.to_be_bytes());
        Digest(bytes)
    }

    #[test]
    fn equal_parts_have_every_hash_once() {
        let hashes = [0, 1, u64::MAX / 3, u64::MAX / 3 + 1, u64::MAX / 2, u64::MAX - 1, u64::MAX];
        for of in [1, 2, 3, 7] {
            for hash in hashes {
                let holders = (1..=of).filter(|n| Portion::nth(*n, of).holds(&digest(hash))).count();
                assert_eq!(holders, 1, "{hash} of {of}");
            }
        }
    }

    #[test]
    fn a_portion_goes_on_at_the_beginning() {
        let portion = Portion { from: u64::MAX - 1, length: 4 };
        for hash in [u64::MAX - 1, u64::MAX, 0, 1] {
            assert!(portion.holds(&digest(hash)));
        }
        assert!(!portion.holds(&digest(2)) && !portion.holds(&digest(u64::MAX - 2)));
    }
}
