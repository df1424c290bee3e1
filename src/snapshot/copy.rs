//! One read of a source file: hashed, written to every sink that wants it, and watched for
//! changes meanwhile.

use crate::fs::{self, Dir, Errno, Stat};
use crate::tree::{Digest, Kind, Xattrs};
use rustix::fd::{AsFd, OwnedFd};

/// Files up to this size are read again when they changed while they were read.
const RETRY_BYTES: u64 = 64 << 20;
const TRIES: u32 = 3;

/// A file that is being made in a sink.
pub type Destination = (OwnedFd, fs::Result<()>);

/// What was read.
#[derive(Debug, Clone)]
pub struct Read {
    /// Stamps as of the opening; `size` is what was read.
    pub stat: Stat,
    /// Hash of the bytes read and written.
    pub sha256: Digest,
    /// The file grew after it was opened; it is whole as of then.
    pub grew: bool,
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

/// Opens, reads and hashes a file and writes it to `to`, each of which is empty.
///
/// # Errors
/// See [`NotRead`]; errors of a destination stand in its slot.
pub fn read_file(
    dir: &Dir,
    name: &[u8],
    to: &mut [Destination],
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
        let sparse = before.blocks.saturating_mul(512) < before.size;
        let copied = fs::copy_content(&file, to, before.size, sparse, buffer)?;
        let after = Stat::of(file.as_fd())?;
        let grew = after.size > before.size && copied.bytes == before.size;
        let whole = copied.bytes == before.size && (grew || unchanged(&before, &after));
        if !whole && tries < TRIES && before.size <= RETRY_BYTES {
            start_again(to);
            continue;
        }
        let xattrs = if with_xattrs { Some(fs::read_xattrs(dir, name)?) } else { None };
        let stat = Stat { size: copied.bytes, ..before };
        return Ok(Read { stat, sha256: copied.sha256, grew, torn: !whole, xattrs });
    }
}

/// ctime alone also moves when the file gets another name or mode, which leaves its bytes alone;
/// a write moves mtime with it.
fn unchanged(before: &Stat, after: &Stat) -> bool {
    (before.size, before.mtime) == (after.size, after.mtime)
}

fn start_again(to: &mut [Destination]) {
    for (file, outcome) in to.iter_mut().filter(|(_, outcome)| outcome.is_ok()) {
        *outcome = rustix::fs::ftruncate(&*file, 0);
    }
}
