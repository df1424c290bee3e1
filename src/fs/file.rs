//! Small files: read whole with a limit, replaced as a whole or not at all.

use super::{Dir, Errno, Result, Stat, fault};
use crate::tree::Kind;
use rustix::fd::{AsFd, OwnedFd};

/// The content of a regular file of at most `limit` bytes.
///
/// # Errors
/// The system's; EINVAL if it is no regular file, EFBIG if it is larger.
pub fn read_limited(dir: &Dir, name: &[u8], limit: u64) -> Result<Vec<u8>> {
    let file = dir.open_file(name)?;
    let stat = Stat::of(file.as_fd())?;
    if stat.kind != Kind::File {
        return Err(Errno::INVAL);
    }
    if stat.size > limit {
        return Err(Errno::FBIG);
    }
    let mut content = vec![0; usize::try_from(stat.size).map_err(|_| Errno::FBIG)?];
    let mut read = 0;
    while read < content.len() {
        match rustix::io::read(&file, &mut content[read..]) {
            Ok(0) => break,
            Ok(n) => read += n,
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    content.truncate(read);
    Ok(content)
}

/// Writes a new file, mode 0600, and makes its bytes durable; its name is not durable yet.
///
/// # Errors
/// The system's; EEXIST if the name is taken.
pub fn write_new(dir: &Dir, name: &[u8], content: &[u8]) -> Result<()> {
    let file = dir.create_file(name)?;
    write_all(&file, content)?;
    fault::point()?;
    rustix::fs::fsync(&file)
}

/// Puts a file in place as a whole: a temporary file, fsync, rename, fsync of the directory.
///
/// # Errors
/// The system's. The old content stands unless the rename was reached.
pub fn replace_file(dir: &Dir, name: &[u8], content: &[u8]) -> Result<()> {
    put_file(dir, name, content)?;
    dir.sync()
}

/// Puts a file in place as a whole; its bytes are durable, its name is not yet. For those who make
/// the directory durable by themselves.
///
/// # Errors
/// The system's. The old content stands unless the rename was reached.
pub fn put_file(dir: &Dir, name: &[u8], content: &[u8]) -> Result<()> {
    let file = put_beside(dir, name, content)?;
    fault::point()?;
    rustix::fs::fsync(&file)?;
    rename_beside(dir, name)
}

/// Puts a file in place as a whole, but not durably: for what may be lost in a power cut and is
/// found out by its readers.
///
/// # Errors
/// The system's. The old content stands unless the rename was reached.
pub fn replace_cache(dir: &Dir, name: &[u8], content: &[u8]) -> Result<()> {
    put_beside(dir, name, content)?;
    rename_beside(dir, name)
}

/// Puts a file in place as a whole that everybody may read, mode 0644.
///
/// # Errors
/// The system's. The old content stands unless the rename was reached.
pub fn publish(dir: &Dir, name: &[u8], content: &[u8]) -> Result<()> {
    let published = put_beside(dir, name, content).and_then(|file| {
        rustix::fs::fchmod(&file, rustix::fs::Mode::from_raw_mode(0o644))?;
        rename_beside(dir, name)
    });
    if published.is_err() {
        // Half a page is of no use to anybody.
        let _ = dir.remove_file(&beside(name));
    }
    published
}

/// Writes the file that is to take the place of `name`.
fn put_beside(dir: &Dir, name: &[u8], content: &[u8]) -> Result<OwnedFd> {
    let temporary = beside(name);
    match dir.remove_file(&temporary) {
        Ok(()) | Err(Errno::NOENT) => {}
        Err(errno) => return Err(errno),
    }
    let file = dir.create_file(&temporary)?;
    write_all(&file, content)?;
    Ok(file)
}

fn rename_beside(dir: &Dir, name: &[u8]) -> Result<()> {
    dir.rename(&beside(name), dir, name)
}

fn beside(name: &[u8]) -> Vec<u8> {
    [name, b".new"].concat()
}

/// Makes the bytes and attributes of a file durable.
///
/// # Errors
/// The system's.
pub fn sync_file(file: &OwnedFd) -> Result<()> {
    fault::point()?;
    rustix::fs::fsync(file)
}

/// Writes all bytes at the file's position.
///
/// # Errors
/// The system's.
pub(super) fn write_all(file: &OwnedFd, mut bytes: &[u8]) -> Result<()> {
    fault::point()?;
    while !bytes.is_empty() {
        match rustix::io::write(file, bytes) {
            Ok(n) => bytes = &bytes[n..],
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

/// Whether a regular file begins with these bytes; one that cannot be read does not.
pub fn begins_with(dir: &Dir, name: &[u8], bytes: &[u8]) -> bool {
    use std::io::Read as _;
    let Ok(file) = dir.open_file(name) else { return false };
    let mut begin = vec![0; bytes.len()];
    std::fs::File::from(file).read_exact(&mut begin).is_ok() && begin == bytes
}

/// Touches a held file and returns the time that its file system gave it: that system's clock.
///
/// # Errors
/// The system's.
pub fn touch(file: &OwnedFd) -> Result<crate::tree::Time> {
    use rustix::fs::{Timespec, Timestamps, UTIME_NOW, UTIME_OMIT};
    let spec = |tv_nsec| Timespec { tv_sec: 0, tv_nsec };
    let times = Timestamps { last_access: spec(UTIME_OMIT), last_modification: spec(UTIME_NOW) };
    rustix::fs::futimens(file, &times)?;
    Ok(Stat::of(file.as_fd())?.mtime)
}
