//! New inodes: each is made in a staging, complete and durable, and renamed over every path that is
//! to have it. Paths that shared the bad inode under the same record share the new one, but for
//! two that are no hard links of each other in one snapshot.

use super::copies::{Copies, attributes, stored_xattrs};
use super::{From, Work};
use crate::error::{Doing as _, Result, errno_text};
use crate::fs::{self, Dir, Errno};
use crate::sink::{Sink, SinkLock, layout};
use crate::tree::{Digest, Entry, Kind};
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::os::fd::{AsFd as _, OwnedFd};

/// The name that is renamed over a path.
const READY: &[u8] = b"ready";

/// Makes inodes and puts them in place.
pub(super) struct Placer {
    stagings: Dir,
    /// Has no intent, so that whatever is left in it after a crash counts as cut off at once.
    staging: Dir,
    txid: String,
    grain: u64,
    made: u64,
    fresh: HashMap<Digest, Vec<Fresh>>,
}

/// A new inode.
struct Fresh {
    /// Its name in the staging.
    name: Vec<u8>,
    /// The snapshots that have it under a path already.
    snapshots: HashSet<String>,
}

impl Placer {
    /// Makes a staging to work in.
    ///
    /// # Errors
    /// The sink cannot be written.
    pub(super) fn begin(sink: &Sink, _: &SinkLock) -> Result<Placer> {
        let cannot = || format!("cannot make a staging in {}", sink.inside(layout::STAGING));
        let stagings = sink.dir(layout::STAGING)?;
        let txid = fs::random_hex(8).doing(cannot)?;
        stagings.make_dir(txid.as_bytes(), 0o700).doing(cannot)?;
        let staging = stagings.open_dir(txid.as_bytes()).doing(cannot)?;
        // What is made in it must not inherit anything.
        fs::drop_default_acl(&staging).doing(cannot)?;
        let grain = sink.info.abilities.grain;
        Ok(Placer { stagings, staging, txid, grain, made: 0, fresh: HashMap::new() })
    }

    /// Removes the staging.
    ///
    /// # Errors
    /// The system's; the next command that changes the sink removes it then.
    pub(super) fn end(self) -> Result<()> {
        fs::remove_tree(&self.stagings, self.txid.as_bytes(), 1)
            .map(drop)
            .doing(|| "cannot remove the staging of a repair")
    }

    /// Gives a path of a snapshot a new inode.
    ///
    /// # Errors
    /// Why it still has the old one, in a few words.
    pub(super) fn place(
        &mut self,
        id: &str,
        dir: &Dir,
        name: &[u8],
        work: &Work,
        copies: &mut Copies<'_>,
    ) -> std::result::Result<(), String> {
        let sign = sign(work);
        for number in 0..self.fresh.get(&sign).map_or(0, Vec::len) {
            let fresh = &self.fresh[&sign][number];
            if fresh.snapshots.contains(id) {
                continue;
            }
            match self.put(&self.staging, &fresh.name, dir, name) {
                // It has as many names as it can have.
                Err(Errno::MLINK) => {}
                Err(errno) => return Err(errno_text(errno)),
                Ok(()) => {
                    let fresh = self.fresh.get_mut(&sign).and_then(|all| all.get_mut(number));
                    fresh.map(|fresh| fresh.snapshots.insert(id.to_owned()));
                    return Ok(());
                }
            }
        }
        self.made += 1;
        let made = self.made.to_string().into_bytes();
        if let Err(why) = self.make(&made, work, copies) {
            let _ = self.staging.remove_file(&made);
            return Err(why);
        }
        match self.put(&self.staging, &made, dir, name) {
            Ok(()) => {
                let snapshots = HashSet::from([id.to_owned()]);
                self.fresh.entry(sign).or_default().push(Fresh { name: made, snapshots });
                Ok(())
            }
            // No second name is to be had here: each path gets an inode of its own.
            Err(Errno::PERM | Errno::NOTSUP | Errno::NOSYS | Errno::MLINK) => {
                self.staging.rename(&made, dir, name).map_err(errno_text)
            }
            Err(errno) => Err(errno_text(errno)),
        }
    }

    /// Makes `name` in `dir` a further name of what stands under `first` in `from`.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn link(&self, from: &Dir, first: &[u8], dir: &Dir, name: &[u8]) -> fs::Result<()> {
        self.put(from, first, dir, name)
    }

    /// Puts a copy of a file that hashes to `digest` in place of `name`; `false`: it does not.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn copy(
        &mut self,
        from: &OwnedFd,
        digest: Digest,
        dir: &Dir,
        name: &[u8],
    ) -> fs::Result<bool> {
        self.made += 1;
        let made = self.made.to_string().into_bytes();
        let mut slot = (self.staging.create_file(&made)?, Ok(()));
        let size = fs::Stat::of(from.as_fd())?.size;
        let copied = fs::copy_content(from, &mut [&mut slot], size, false, &mut Vec::new())?;
        let (file, written) = slot;
        written?;
        if copied.sha256 != digest {
            return Ok(false);
        }
        fs::sync_file(&file)?;
        self.staging.rename(&made, dir, name)?;
        Ok(true)
    }

    /// Puts a file in place that `fill` writes.
    ///
    /// # Errors
    /// That of `fill`, or the system's: nothing was put in place.
    pub(super) fn write<T>(
        &mut self,
        dir: &Dir,
        name: &[u8],
        fill: impl FnOnce(&File) -> Result<T>,
    ) -> Result<T> {
        let cannot = || format!("cannot write {}", crate::quote::quoted(name));
        self.made += 1;
        let made = self.made.to_string().into_bytes();
        let file = File::from(self.staging.create_file(&made).doing(cannot)?);
        let filled = fill(&file)?;
        fs::sync_file(&file.into()).doing(cannot)?;
        self.staging.rename(&made, dir, name).doing(cannot)?;
        Ok(filled)
    }

    fn put(&self, from: &Dir, inode: &[u8], dir: &Dir, name: &[u8]) -> fs::Result<()> {
        from.link(inode, &self.staging, READY)?;
        let renamed = self.staging.rename(READY, dir, name);
        // Of two names of one inode, rename(2) leaves both.
        match self.staging.remove_file(READY) {
            Ok(()) | Err(Errno::NOENT) => renamed,
            Err(errno) => renamed.and(Err(errno)),
        }
    }

    /// Makes the inode of a record, and makes sure that it shows all that the record says.
    fn make(&self, name: &[u8], work: &Work, copies: &mut Copies<'_>) -> std::result::Result<(), String> {
        let entry = &work.entry;
        let xattrs = stored_xattrs(entry);
        let wanted = attributes(entry, &xattrs);
        let (held, stat) = match entry.kind {
            Kind::File => {
                let mut file = self.staging.create_file(name).map_err(errno_text)?;
                if let From::Bytes(good) = &work.from {
                    file = copies.copy(good, entry, file)?;
                }
                let applied = fs::apply_and_stat(file.as_fd(), &wanted).map_err(errno_text)?;
                fs::sync_file(&file).map_err(errno_text)?;
                applied
            }
            kind => {
                fs::create_unopened(&self.staging, name, entry).map_err(errno_text)?;
                let applied =
                    fs::apply_to_unopened(&self.staging, name, kind, &wanted).map_err(errno_text)?;
                // It has no bytes: its record in the directory is all there is to sync.
                self.staging.sync().map_err(errno_text)?;
                applied
            }
        };
        match held.xattrs.first() {
            Some(name) => Err(format!("the attribute {} cannot be set", crate::quote::quoted(name))),
            None if stat.shows(&entry.shown(), self.grain) => Ok(()),
            None => Err("its owner or mode cannot be set".into()),
        }
    }
}

/// What two works have in common that get the same inode: the one that is replaced (or the path
/// that has none), and a record that says the same.
fn sign(Work { path, entry, old, .. }: &Work) -> Digest {
    let Entry { kind, size, sha256, target, rdev, .. } = entry;
    let shown = entry.shown();
    let missing = if old.is_none() { &**path } else { &[] };
    let xattrs = stored_xattrs(entry);
    // What records name as one inode is one, and what they do not is not.
    let origin = entry.origin(path);
    let text = format!(
        "{missing:?} {old:?} {kind:?} {size} {sha256:?} {target:?} {rdev:?} {shown:?} {xattrs:?} {origin:?}"
    );
    Digest::of(text.as_bytes())
}
