//! Content: one pass that reads, hashes and writes, or bytes that two files share; holes stay
//! holes.

use super::{Errno, Result, fault};
use crate::interrupt;
use crate::tree::Digest;
use rustix::fd::OwnedFd;
use rustix::fs::SeekFrom;
use sha2::{Digest as _, Sha256};
use std::sync::atomic::{AtomicBool, Ordering};

const CHUNK: usize = 256 * 1024;
/// Smaller files are copied: there are many of them, and sharing them saves little room.
const LEAST_SHARED: u64 = 16 * 1024;

/// A file that is being written, and what came of it so far.
pub type Slot = (OwnedFd, Result<()>);

/// What was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copied {
    /// Bytes read; fewer than asked for if the file shrank.
    pub bytes: u64,
    /// Their hash.
    pub sha256: Digest,
}

/// Reads `size` bytes of `from` and writes them into each of `to`. A destination that fails is
/// left alone from then on and its slot says why; reading goes on for the others. `sparse`: the
/// file has fewer blocks than bytes, so its holes are looked for.
///
/// # Errors
/// The reading side's.
pub fn copy_content(
    from: &OwnedFd,
    to: &mut [&mut Slot],
    size: u64,
    sparse: bool,
    buffer: &mut Vec<u8>,
) -> Result<Copied> {
    let mut hasher = Sha256::new();
    let mut at = 0;
    while at < size {
        let (data, end) = if sparse { next_data(from, at, size)? } else { (at, size) };
        hash_zeros(&mut hasher, data - at, buffer)?;
        at = data;
        while at < end {
            go_on()?;
            let read = read_at(from, at, end, buffer)?;
            if read == 0 {
                return finish(hasher, at, to, sparse);
            }
            hasher.update(&buffer[..read]);
            for (file, outcome) in to.iter_mut().filter(|(_, outcome)| outcome.is_ok()) {
                *outcome = write_at(file, &buffer[..read], at);
            }
            at += read as u64;
        }
    }
    finish(hasher, at, to, sparse)
}

fn finish(hasher: Sha256, bytes: u64, to: &mut [&mut Slot], sparse: bool) -> Result<Copied> {
    if sparse {
        for (file, outcome) in to.iter_mut().filter(|(_, outcome)| outcome.is_ok()) {
            *outcome = rustix::fs::ftruncate(&*file, bytes);
        }
    }
    Ok(Copied { bytes, sha256: Digest::finish(hasher) })
}

/// Whether so many bytes are worth sharing, and the file system may be able to.
pub fn is_shareable(size: u64, able: &AtomicBool) -> bool {
    size >= LEAST_SHARED && able.load(Ordering::Relaxed)
}

/// Lets `to`, which is empty, share the bytes that `from` has at this moment (ioctl_ficlone(2)),
/// if `size` is worth it. `false`: it is still empty, and a copy is as good. `able` is cleared
/// once the file system says that it never can; all other obstacles are this file's own.
///
/// # Errors
/// The system's, if `to` cannot be emptied again.
pub fn share_content(from: &OwnedFd, to: &OwnedFd, size: u64, able: &AtomicBool) -> Result<bool> {
    if !is_shareable(size, able) {
        return Ok(false);
    }
    fault::point()?;
    match rustix::fs::ioctl_ficlone(to, from) {
        Ok(()) => return Ok(true),
        Err(Errno::NOTSUP | Errno::NOTTY | Errno::NOSYS) => able.store(false, Ordering::Relaxed),
        // From another file system: nothing was touched, and the next file may be of this one.
        Err(Errno::XDEV) => {}
        Err(_) => rustix::fs::ftruncate(to, 0)?,
    }
    Ok(false)
}

/// Reads `size` bytes and hashes them.
///
/// # Errors
/// The system's.
pub fn hash_content(from: &OwnedFd, size: u64, sparse: bool, buffer: &mut Vec<u8>) -> Result<Copied> {
    copy_content(from, &mut [], size, sparse, buffer)
}

/// Start and end of the next run of data at or after `at`; an empty run at the end of the file.
fn next_data(from: &OwnedFd, at: u64, size: u64) -> Result<(u64, u64)> {
    let data = match rustix::fs::seek(from, SeekFrom::Data(at)) {
        Ok(data) => data.min(size),
        Err(Errno::NXIO) => return Ok((size, size)),
        Err(Errno::INVAL | Errno::NOTSUP) => return Ok((at, size)),
        Err(errno) => return Err(errno),
    };
    match rustix::fs::seek(from, SeekFrom::Hole(data)) {
        Ok(hole) => Ok((data, hole.clamp(data, size))),
        Err(Errno::NXIO) => Ok((data, data)),
        Err(errno) => Err(errno),
    }
}

/// Files can be as large as they like; a signal ends the work on them.
fn go_on() -> Result<()> {
    interrupt::check().map_err(|_| Errno::INTR)
}

fn hash_zeros(hasher: &mut Sha256, mut count: u64, buffer: &mut Vec<u8>) -> Result<()> {
    if count == 0 {
        return Ok(());
    }
    buffer.clear();
    buffer.resize(CHUNK, 0);
    while count > 0 {
        go_on()?;
        let now = count.min(CHUNK as u64);
        hasher.update(&buffer[..usize::try_from(now).unwrap_or(CHUNK)]);
        count -= now;
    }
    Ok(())
}

fn read_at(from: &OwnedFd, at: u64, end: u64, buffer: &mut Vec<u8>) -> Result<usize> {
    let want = usize::try_from(end - at).unwrap_or(CHUNK).min(CHUNK);
    if buffer.len() < want {
        buffer.resize(CHUNK, 0);
    }
    loop {
        match rustix::io::pread(from, &mut buffer[..want], at) {
            Err(Errno::INTR) => {}
            result => return result,
        }
    }
}

fn write_at(to: &OwnedFd, mut bytes: &[u8], mut at: u64) -> Result<()> {
    fault::point()?;
    while !bytes.is_empty() {
        match rustix::io::pwrite(to, bytes, at) {
            Ok(n) => {
                bytes = &bytes[n..];
                at += n as u64;
            }
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}
