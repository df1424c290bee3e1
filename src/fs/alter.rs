//! Changing what stands in a tree that belongs to the user: the target of a restore. Never used
//! on a sink.

use super::{Dir, Errno, Result, fault};
use crate::tree::Xattrs;
use rustix::fd::{AsRawFd as _, BorrowedFd};
use rustix::fs::Mode;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;

const ACL_ACCESS: &[u8] = b"system.posix_acl_access";
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

/// Whether a restore removes an attribute that a record does not have: the user's own and access
/// control lists. Labels and capabilities are the machine's affair.
pub fn is_removable_xattr(name: &[u8]) -> bool {
    name.starts_with(b"user.") || name == ACL_ACCESS || name == ACL_DEFAULT
}

/// Removes the extended attributes that are not in `keep`, as far as [`is_removable_xattr`] says.
///
/// # Errors
/// The system's, but for what the file system cannot do at all.
pub fn trim_xattrs(file: BorrowedFd<'_>, keep: &Xattrs) -> Result<()> {
    let mut buffer = vec![0; 4096];
    let length = loop {
        match rustix::fs::flistxattr(file, &mut buffer[..]) {
            Ok(length) => break length,
            Err(Errno::RANGE) if buffer.len() < 1 << 17 => buffer.resize(buffer.len() * 4, 0),
            Err(Errno::NOTSUP | Errno::NOSYS) => return Ok(()),
            Err(errno) => return Err(errno),
        }
    };
    for name in buffer[..length].split(|&b| b == 0) {
        if is_removable_xattr(name) && !keep.contains_key(name) {
            fault::point()?;
            match rustix::fs::fremovexattr(file, name) {
                Ok(()) | Err(Errno::NODATA | Errno::NOTSUP) => {}
                Err(errno) => return Err(errno),
            }
        }
    }
    Ok(())
}

/// Where a held directory is, every link resolved.
///
/// # Errors
/// The system's; there is no /proc.
pub fn real_path(dir: &Dir) -> Result<PathBuf> {
    let path = rustix::fs::readlink(format!("/proc/self/fd/{}", dir.fd().as_raw_fd()), Vec::new())?;
    Ok(PathBuf::from(OsString::from_vec(path.into_bytes())))
}
