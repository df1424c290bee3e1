//! Paths that the operator typed: resolved as usual, as root only through links owned by root.

use super::{Dir, Errno, Result, Stat};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{CWD, Mode, OFlags};
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

/// How many links one path may lead through (the kernel's own limit).
const MAX_LINKS: u32 = 40;

/// The absolute path of the working directory.
///
/// # Errors
/// The system's; ENOENT if it was removed.
pub fn working_directory() -> Result<PathBuf> {
    let path = rustix::process::getcwd(Vec::new())?;
    Ok(PathBuf::from(OsString::from_vec(path.into_bytes())))
}

/// Opens a directory by the path that the operator named.
///
/// # Errors
/// The system's; EPERM if root would follow somebody else's link.
pub fn open_operator(path: &Path) -> Result<Dir> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    if !rustix::process::geteuid().is_root() {
        return rustix::fs::openat(CWD, path, flags, Mode::empty()).map(Dir::from_fd);
    }
    let place = walk(path)?;
    rustix::fs::openat(&place, c".", flags, Mode::empty()).map(Dir::from_fd)
}

/// Opens a regular file for reading by the path that the operator named.
///
/// # Errors
/// As [`open_operator`].
pub fn open_operator_file(path: &Path) -> Result<OwnedFd> {
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let name = path.file_name().ok_or(Errno::INVAL)?;
    let dir = open_operator(parent)?;
    match dir.stat(name.as_bytes())?.kind {
        crate::tree::Kind::Symlink => {
            let target = dir.read_link(name.as_bytes())?;
            check_owner(dir.stat(name.as_bytes())?.uid)?;
            open_operator_file(&parent.join(OsString::from_vec(target.into())))
        }
        _ => dir.open_file(name.as_bytes()),
    }
}

fn check_owner(uid: u32) -> Result<()> {
    let trusted = !rustix::process::geteuid().is_root() || uid == 0;
    if trusted { Ok(()) } else { Err(Errno::PERM) }
}

/// Component by component; a link's target is put in front of what is left of the path.
fn walk(path: &Path) -> Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let open = |at: &OwnedFd, name: &[u8]| rustix::fs::openat(at, name, flags, Mode::empty());
    let start =
        |absolute: bool| rustix::fs::openat(CWD, if absolute { c"/" } else { c"." }, flags, Mode::empty());
    let reversed = |path: &[u8]| -> Vec<Vec<u8>> {
        path.split(|&b| b == b'/').filter(|c| !c.is_empty() && *c != b".").rev().map(Vec::from).collect()
    };
    let bytes = path.as_os_str().as_bytes();
    let mut at = start(bytes.first() == Some(&b'/'))?;
    let mut rest = reversed(bytes);
    let mut links = 0;
    while let Some(name) = rest.pop() {
        let next = open(&at, &name)?;
        let stat = Stat::of(next.as_fd())?;
        if stat.kind != crate::tree::Kind::Symlink {
            at = next;
            continue;
        }
        links += 1;
        if links > MAX_LINKS {
            return Err(Errno::LOOP);
        }
        check_owner(stat.uid)?;
        let target = rustix::fs::readlinkat(&next, c"", Vec::new())?.into_bytes();
        if target.first() == Some(&b'/') {
            at = start(true)?;
        }
        rest.extend(reversed(&target));
    }
    Ok(at)
}
