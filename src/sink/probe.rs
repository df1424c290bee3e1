//! What a sink's file system can do, found out by trying it once.

use crate::fs::{self, Attributes, Dir, Errno, FsKind, Result};
use crate::tree::{Time, Xattrs};
use rustix::fd::AsFd;
use serde::{Deserialize, Serialize};

/// What was found out when the sink was made.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Abilities {
    /// Kind of file system.
    pub kind: String,
    /// Whether files can have several names.
    pub links: bool,
    /// How many names an inode can have.
    pub max_links: u32,
    /// Grain of file times in nanoseconds.
    pub grain: u64,
    /// Whether extended attributes can be stored.
    pub xattrs: bool,
    /// Whether files can be given to other users by whoever made the sink.
    pub owner: bool,
    /// Whether names that differ in case alone are different names.
    pub case_sensitive: bool,
}

const FILE: &[u8] = b"probe";
const SECOND: &[u8] = b"PROBE";

impl Abilities {
    /// Tries things out in `dir`, where it leaves nothing.
    ///
    /// # Errors
    /// The system's: the directory cannot be written.
    pub fn probe(dir: &Dir) -> Result<Abilities> {
        for name in [FILE, SECOND] {
            match dir.remove_file(name) {
                Ok(()) | Err(Errno::NOENT) => {}
                Err(errno) => return Err(errno),
            }
        }
        let file = dir.create_file(FILE)?;
        let case_sensitive = dir.stat_if_there(SECOND)?.is_none();
        let links = case_sensitive && dir.link(FILE, dir, SECOND).is_ok();
        let xattrs = Xattrs::from([(b"user.emu.probe"[..].into(), b"1"[..].into())]);
        let foreign =
            if rustix::process::geteuid().is_root() { 1 } else { rustix::process::geteuid().as_raw() };
        // An odd number in every digit shows the grain of times.
        let mtime = Time { sec: 1_700_000_001, nanos: 123_456_789 };
        let want =
            Attributes { mode: 0o600, owner: (foreign, foreign), set_owner: true, mtime, xattrs: &xattrs };
        let held = fs::apply_to_file(file.as_fd(), &want)?;
        let kind = FsKind::of(dir);
        let abilities = Abilities {
            kind: kind.word().to_owned(),
            links,
            max_links: match kind {
                FsKind::Ext => 65_000,
                FsKind::Btrfs => 65_535,
                _ => i32::MAX.unsigned_abs(),
            },
            grain: grain(mtime, held.mtime.unwrap_or(mtime)),
            xattrs: held.xattrs.is_empty(),
            owner: rustix::process::geteuid().is_root() && held.uid.is_none() && held.gid.is_none(),
            case_sensitive,
        };
        dir.remove_file(FILE)?;
        if links {
            dir.remove_file(SECOND)?;
        }
        Ok(abilities)
    }
}

/// The coarsest usual grain under which `set` is stored as `kept`.
fn grain(set: Time, kept: Time) -> u64 {
    let usual = [1, 100, 1_000, 1_000_000, 10_000_000, 1_000_000_000, 2_000_000_000];
    usual.into_iter().find(|grain| set.floor_to(*grain) == kept).unwrap_or(2_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grain_is_what_explains_the_time_that_was_kept() {
        let set = Time { sec: 1_700_000_001, nanos: 123_456_789 };
        assert_eq!(grain(set, set), 1);
        assert_eq!(grain(set, Time { nanos: 123_456_700, ..set }), 100);
        assert_eq!(grain(set, Time { nanos: 0, ..set }), 1_000_000_000);
        assert_eq!(grain(set, Time { sec: 1_700_000_000, nanos: 0 }), 2_000_000_000);
    }
}
