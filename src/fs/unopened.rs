//! Creates symbolic links, FIFOs, sockets and devices, and sets their attributes, without opening
//! them.
//!
//! An open(2) of a FIFO waits for a partner, an open(2) of a device may act on hardware. All calls
//! on them go through an `O_PATH` descriptor, which opens nothing.

use super::meta::{
    apply_to_symlink, is_acl, is_refusal, note_difference, note_xattr, owner, times, without_foreign_bits,
};
use super::{Applied, Attributes, Dir, Errno, Result, Stat, fault};
use crate::tree::path::is_component;
use crate::tree::{Entry, Held, Kind, Xattrs};
use rustix::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, XattrFlags};

/// Creates the symbolic link, FIFO, socket or device that `entry` records, under `name`. Its
/// attributes are not set yet.
///
/// # Errors
/// The system's; EEXIST if the name is taken; EPERM for a device without the privilege; EINVAL for
/// a file or a directory.
pub fn create_unopened(dir: &Dir, name: &[u8], entry: &Entry) -> Result<()> {
    let file_type = match entry.kind {
        Kind::Symlink => return dir.make_symlink(entry.target.as_deref().unwrap_or_default(), name),
        Kind::Fifo => FileType::Fifo,
        Kind::Socket => FileType::Socket,
        Kind::Char => FileType::CharacterDevice,
        Kind::Block => FileType::BlockDevice,
        Kind::File | Kind::Dir => return Err(Errno::INVAL),
    };
    let name = if is_component(name) { name } else { return Err(Errno::INVAL) };
    let (major, minor) = entry.rdev.unwrap_or_default();
    fault::point()?;
    let number = rustix::fs::makedev(major, minor);
    rustix::fs::mknodat(dir.fd(), name, file_type, Mode::from_raw_mode(0o600), number)
}

/// Whether [`create_unopened`] failed because this user or this file system cannot have a FIFO, a
/// socket or a device of that kind.
pub fn is_unable(errno: Errno) -> bool {
    matches!(errno, Errno::PERM | Errno::NOTSUP | Errno::NOSYS | Errno::INVAL)
}

/// Sets owner, extended attributes, mode and mtime of a symbolic link, FIFO, socket or device; with
/// the attributes that it shows afterwards.
///
/// # Errors
/// The system's, but for refusals, which the result lists; EINVAL if a file or a directory stands
/// there.
pub fn apply_to_unopened(
    dir: &Dir,
    name: &[u8],
    kind: Kind,
    want: &Attributes<'_>,
) -> Result<(Applied, Stat)> {
    match kind {
        Kind::Symlink => apply_to_symlink(dir, name, want),
        _ => apply_to_special(dir, name, want),
    }
}

/// An inode, held without being opened.
fn hold(dir: &Dir, name: &[u8]) -> Result<(OwnedFd, String)> {
    let name = if is_component(name) { name } else { return Err(Errno::INVAL) };
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let held = rustix::fs::openat(dir.fd(), name, flags, Mode::empty())?;
    if !Stat::of(held.as_fd())?.kind.is_special() {
        return Err(Errno::INVAL);
    }
    let path = format!("/proc/self/fd/{}", held.as_raw_fd());
    Ok((held, path))
}

fn apply_to_special(dir: &Dir, name: &[u8], want: &Attributes<'_>) -> Result<(Applied, Stat)> {
    let (node, path) = hold(dir, name)?;
    let mut held = Held::default();
    let mut mode = want.mode;
    if want.set_owner {
        fault::point()?;
        let (uid, gid) = owner(want.owner);
        match rustix::fs::chownat(&node, c"", uid, gid, AtFlags::EMPTY_PATH) {
            Ok(()) => {}
            Err(errno) if is_refusal(errno) => {
                // The group may still be allowed where the owner is not.
                let group = rustix::fs::chownat(&node, c"", None, gid, AtFlags::EMPTY_PATH);
                mode = without_foreign_bits(&Stat::of(node.as_fd())?, want.owner, group.is_ok(), mode);
            }
            Err(errno) => return Err(errno),
        }
    } else {
        mode &= 0o1777;
    }
    set_xattrs(&node, &path, want.xattrs, false, &mut held)?;
    fault::point()?;
    match rustix::fs::chmod(&*path, Mode::from_raw_mode(mode.into())) {
        Ok(()) => {}
        Err(errno) if is_refusal(errno) => {}
        Err(errno) => return Err(errno),
    }
    set_xattrs(&node, &path, want.xattrs, true, &mut held)?;
    fault::point()?;
    rustix::fs::utimensat(CWD, &*path, &times(want.mtime), AtFlags::empty())?;
    let now = Stat::of(node.as_fd())?;
    note_difference(&now, want, &mut held);
    Ok((held, now))
}

fn set_xattrs(node: &OwnedFd, path: &str, xattrs: &Xattrs, acls: bool, held: &mut Held) -> Result<()> {
    for (name, value) in xattrs.iter().filter(|(name, _)| is_acl(name) == acls) {
        fault::point()?;
        let set = rustix::fs::setxattr(path, &**name, value, XattrFlags::empty());
        note_xattr(set, name, value, node, held)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::open_operator;
    use crate::tree::Time;

    fn wanted(mode: u16, owner: (u32, u32), xattrs: &Xattrs) -> Attributes<'_> {
        Attributes { mode, owner, set_owner: true, mtime: Time { sec: -1, nanos: 500 }, xattrs }
    }

    #[test]
    fn a_fifo_and_a_socket_show_all_that_was_set() {
        let root = tempfile::tempdir().unwrap();
        let dir = open_operator(root.path()).unwrap();
        let own = dir.stat_self().unwrap();
        let xattrs = Xattrs::new();
        for (name, kind) in [(b"p", Kind::Fifo), (b"s", Kind::Socket)] {
            let entry = Entry { kind, ..own.entry(name) };
            create_unopened(&dir, name, &entry).unwrap();
            assert_eq!(create_unopened(&dir, name, &entry), Err(Errno::EXIST));
            let want = wanted(0o1642, (own.uid, own.gid), &xattrs);
            let (held, now) = apply_to_unopened(&dir, name, kind, &want).unwrap();
            assert_eq!(held, Held::default());
            assert_eq!((now.kind, now.mode, now.mtime), (kind, 0o1642, want.mtime));
        }
    }

    #[test]
    fn a_file_and_a_link_are_not_taken_for_a_device() {
        let root = tempfile::tempdir().unwrap();
        let dir = open_operator(root.path()).unwrap();
        dir.create_file(b"file").unwrap();
        dir.make_symlink(b"file", b"link").unwrap();
        let xattrs = Xattrs::new();
        for name in [b"file".as_slice(), b"link"] {
            let applied = apply_to_unopened(&dir, name, Kind::Char, &wanted(0o777, (0, 0), &xattrs));
            assert_eq!(applied, Err(Errno::INVAL));
        }
        assert_eq!(dir.stat(b"file").unwrap().mode, 0o600);
    }
}
