//! How much room removing a tree would make, without removing it.

use super::{Dir, Removal, Result, Rules, Walk, usual_threads};
use crate::tree::Kind;
use std::collections::HashMap;
use std::sync::Arc;

/// Counts the entries of a tree and the bytes, by blocks, of all that has no name outside of it. What
/// cannot be looked at is left out. Memory: a few words for each inode with several names.
///
/// # Errors
/// The root cannot be looked at.
pub fn measure_tree(root: Dir) -> Result<Removal> {
    let own = root.stat_self()?;
    let mut sum = Removal { entries: 1, bytes: own.blocks * 512 };
    let rules = Rules::everything(true);
    let walk = Walk::start(Arc::new(root), rules, usual_threads() - 1, Box::new(|_: Option<&()>, _| ()))?;
    // Of inodes with several names: how many were not met yet.
    let mut open: HashMap<(u64, u64), u32> = HashMap::new();
    for (scanned, _) in walk {
        for stat in scanned.entries.into_iter().map(|found| found.stat) {
            sum.entries += 1;
            let last = stat.kind == Kind::Dir || stat.nlink == 1 || {
                let left = open.entry((stat.dev, stat.ino)).or_insert(stat.nlink);
                *left = left.saturating_sub(1);
                *left == 0
            };
            sum.bytes += if last { stat.blocks * 512 } else { 0 };
        }
    }
    Ok(sum)
}
