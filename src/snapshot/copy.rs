//! One read of a source file: hashed, written to every sink that wants it or shared with it, and
//! watched for changes meanwhile.

use crate::fs::{self, Copied, Dir, Errno, Stat};
use crate::tree::{Digest, Kind, Xattrs};
use rustix::fd::{AsFd, OwnedFd};
use std::sync::atomic::AtomicBool;

/// Files up to this size are read again when they changed while they were read.
const RETRY_BYTES: u64 = 64 << 20;
const TRIES: u32 = 3;

/// A file that is being made in a sink.
pub struct Destination<'a> {
    slot: fs::Slot,
    shares: &'a AtomicBool,
    shared: bool,
}

impl<'a> Destination<'a> {
    /// An empty file. `shares`: whether its file system may let two files share their bytes.
    pub fn new(file: OwnedFd, shares: &'a AtomicBool) -> Destination<'a> {
        Destination { slot: (file, Ok(())), shares, shared: false }
    }

    /// The file, and whether it shares its bytes with another one, if nothing failed.
    ///
    /// # Errors
    /// What failed.
    pub fn finished(self) -> fs::Result<(OwnedFd, bool)> {
        let (file, outcome) = self.slot;
        outcome.map(|()| (file, self.shared))
    }
}

/// What was read.
#[derive(Debug, Clone)]
pub struct Read {
    /// Stamps as of the opening; `size` is what was read.
    pub stat: Stat,
    /// Hash of the bytes read, which are those of the new files.
    pub sha256: Digest,
    /// The file changed after the stamps were taken, and yet it is whole: as of the opening if it
    /// grew, as of a later moment if its bytes are shared.
    pub moved: bool,
    /// The file changed each time that it was read.
    pub torn: bool,
    /// Extended attributes, if they were asked for.
    pub xattrs: Option<Xattrs>,
}

/// Why a file was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotRead {
    /// It is gone, or something else stands there: no error.
    Vanished,
    /// The system refused.
    Failed(Errno),
}

impl From<Errno> for NotRead {
    fn from(errno: Errno) -> NotRead {
        match errno {
            Errno::NOENT | Errno::LOOP | Errno::NXIO | Errno::NOTDIR => NotRead::Vanished,
            errno => NotRead::Failed(errno),
        }
    }
}

/// Opens, reads and hashes a file and writes it to `to`, each of which is empty. Those that can
/// share the file's bytes do; then theirs, which nobody changes, are what is read for the rest.
///
/// # Errors
/// See [`NotRead`]; errors of a destination stand in its slot.
pub fn read_file(
    dir: &Dir,
    name: &[u8],
    to: &mut [Destination<'_>],
    with_xattrs: bool,
    buffer: &mut Vec<u8>,
) -> Result<Read, NotRead> {
    let file = dir.open_file(name)?;
    let mut tries = 0;
    loop {
        tries += 1;
        let before = Stat::of(file.as_fd())?;
        if before.kind != Kind::File {
            return Err(NotRead::Vanished);
        }
        let (copied, moved, whole) = if share(&file, before.size, to) {
            let moved = !unchanged(&before, &Stat::of(file.as_fd())?);
            if moved && tries < TRIES {
                start_again(to);
                continue;
            }
            (read_shared(to, buffer)?, moved, true)
        } else {
            let copied = read(&file, &before, to.iter_mut().map(|to| &mut to.slot).collect(), buffer)?;
            let after = Stat::of(file.as_fd())?;
            let grew = after.size > before.size && copied.bytes == before.size;
            (copied, grew, copied.bytes == before.size && (grew || unchanged(&before, &after)))
        };
        if !whole && tries < TRIES && before.size <= RETRY_BYTES {
            start_again(to);
            continue;
        }
        let xattrs = if with_xattrs { Some(fs::read_xattrs(dir, name)?) } else { None };
        let stat = Stat { size: copied.bytes, ..before };
        return Ok(Read { stat, sha256: copied.sha256, moved, torn: !whole, xattrs });
    }
}

/// Lets those that can share the file's bytes; whether there is one. All of them share the first
/// one's, so that they agree whatever happens to the file.
fn share(file: &OwnedFd, size: u64, to: &mut [Destination<'_>]) -> bool {
    let mut first: Option<usize> = None;
    for at in 0..to.len() {
        let (done, rest) = to.split_at_mut(at);
        let from = first.map_or(file, |first| &done[first].slot.0);
        let Destination { slot: (into, outcome), shares, shared } = &mut rest[0];
        if outcome.is_ok() {
            match fs::share_content(from, into, size, shares) {
                Ok(able) => *shared = able,
                Err(errno) => *outcome = Err(errno),
            }
        }
        first = first.or(shared.then_some(at));
    }
    first.is_some()
}

/// Reads the bytes that are shared, and writes them to the others.
fn read_shared(to: &mut [Destination<'_>], buffer: &mut Vec<u8>) -> fs::Result<Copied> {
    let mut from = None;
    let mut others = Vec::new();
    for destination in to {
        if destination.shared {
            from = from.or(Some(&destination.slot.0));
        } else {
            others.push(&mut destination.slot);
        }
    }
    let from = from.ok_or(Errno::BADF)?;
    read(from, &Stat::of(from.as_fd())?, others, buffer)
}

fn read(from: &OwnedFd, stat: &Stat, mut to: Vec<&mut fs::Slot>, buffer: &mut Vec<u8>) -> fs::Result<Copied> {
    let sparse = stat.is_sparse();
    fs::copy_content(from, &mut to, stat.size, sparse, buffer)
}

/// ctime alone also moves when the file gets another name or mode, which leaves its bytes alone;
/// a write moves mtime with it.
fn unchanged(before: &Stat, after: &Stat) -> bool {
    (before.size, before.mtime) == (after.size, after.mtime)
}

fn start_again(to: &mut [Destination<'_>]) {
    for Destination { slot: (file, outcome), shared, .. } in to {
        *shared = false;
        if outcome.is_ok() {
            *outcome = rustix::fs::ftruncate(&*file, 0);
        }
    }
}
