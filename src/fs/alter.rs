//! Changing what stands in a tree that belongs to the user: the target of a restore. Never used
//! on a sink.

use super::meta::{grow, is_acl, is_left_out, is_refusal};
use super::{Dir, Errno, Result, fault};
use crate::tree::Xattrs;
use rustix::fd::{AsRawFd as _, BorrowedFd};
use rustix::fs::Mode;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;

const ACL_DEFAULT: &[u8] = b"system.posix_acl_default";

/// Changes the mode of a held directory.
///
/// # Errors
/// The system's.
pub fn set_own_mode(dir: &Dir, mode: u16) -> Result<()> {
    fault::point()?;
    rustix::fs::fchmod(dir.fd(), Mode::from_raw_mode(mode.into()))
}

/// Whether new entries of a directory inherit an access control list.
pub fn has_default_acl(dir: &Dir) -> bool {
    // Too small a buffer for any list; of an empty one rustix always says that it was enough.
    let read = rustix::fs::fgetxattr(dir.fd(), ACL_DEFAULT, &mut [0_u8; 1][..]);
    matches!(read, Ok(1..) | Err(Errno::RANGE))
}

/// Whether an ordinary user can set an attribute on a file of that user: `user.*` and access control lists.
pub fn is_users_xattr(name: &[u8]) -> bool {
    name.starts_with(b"user.") || is_acl(name)
}

/// Whether a restore removes an attribute that a record does not have. Labels such as `security.selinux`
/// belong to the machine and stay.
pub fn is_removable_xattr(name: &[u8]) -> bool {
    let grants = name == b"security.capability" || name.starts_with(b"trusted.");
    is_users_xattr(name) || grants && !is_left_out(name)
}

/// Removes the extended attributes of an open file that are not in `keep`, as far as
/// [`is_removable_xattr`] says. Returns the names of those that this user may not remove.
///
/// # Errors
/// The system's, but for refusals.
pub fn trim_xattrs(file: BorrowedFd<'_>, keep: &Xattrs) -> Result<Vec<Box<[u8]>>> {
    trim(keep, |buffer| rustix::fs::flistxattr(file, buffer), |name| rustix::fs::fremovexattr(file, name))
}

/// [`trim_xattrs`] for an entry that cannot be opened, such as a symbolic link.
///
/// # Errors
/// As [`trim_xattrs`].
pub fn trim_xattrs_at(dir: &Dir, name: &[u8], keep: &Xattrs) -> Result<Vec<Box<[u8]>>> {
    let path = dir.proc_path(name)?;
    trim(keep, |buffer| rustix::fs::llistxattr(&path, buffer), |name| rustix::fs::lremovexattr(&path, name))
}

fn trim(
    keep: &Xattrs,
    list: impl FnMut(&mut [u8]) -> Result<usize>,
    mut remove: impl FnMut(&[u8]) -> Result<()>,
) -> Result<Vec<Box<[u8]>>> {
    let names = match grow(list) {
        Ok(names) => names,
        Err(Errno::NOTSUP | Errno::NOSYS) => return Ok(Vec::new()),
        Err(errno) => return Err(errno),
    };
    let mut kept = Vec::new();
    for name in names.split(|&b| b == 0) {
        if is_removable_xattr(name) && !keep.contains_key(name) {
            fault::point()?;
            match remove(name) {
                Ok(()) | Err(Errno::NODATA | Errno::NOTSUP) => {}
                Err(errno) if is_refusal(errno) => kept.push(name.into()),
                Err(errno) => return Err(errno),
            }
        }
    }
    Ok(kept)
}

/// Where a held directory is, every link resolved.
///
/// # Errors
/// The system's; there is no /proc.
pub fn real_path(dir: &Dir) -> Result<PathBuf> {
    let path = rustix::fs::readlink(format!("/proc/self/fd/{}", dir.fd().as_raw_fd()), Vec::new())?;
    Ok(PathBuf::from(OsString::from_vec(path.into_bytes())))
}
