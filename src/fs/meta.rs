//! Attributes: what a stat shows, and setting them on something new.

use super::{Dir, Errno, Result, fault};
use crate::tree::{Entry, Held, Kind, Shown, Time, Xattrs};
use rustix::fd::{AsFd, BorrowedFd};
use rustix::fs::{AtFlags, FileType, Gid, Mode, Statx, Timespec, Timestamps, Uid, XattrFlags};

/// What statx(2) shows of an inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    /// What it is.
    pub kind: Kind,
    /// Permission bits, 0 to 0o7777.
    pub mode: u16,
    /// Numeric owner.
    pub uid: u32,
    /// Numeric group.
    pub gid: u32,
    /// Bytes.
    pub size: u64,
    /// 512-byte blocks in use.
    pub blocks: u64,
    /// Last change of the content.
    pub mtime: Time,
    /// Last change of the inode.
    pub ctime: Time,
    /// Inode number.
    pub ino: u64,
    /// Device number.
    pub dev: u64,
    /// Number of names.
    pub nlink: u32,
    /// Numbers of a device file.
    pub rdev: (u32, u32),
    /// Mount that it was reached through; 0 where the kernel does not say.
    pub mount: u64,
}

/// Tells an inode from all others of its file system, also from one that is given its number later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Inode {
    /// Inode number.
    pub ino: u64,
    /// When the inode was created; `None` where the file system does not keep that.
    pub born: Option<Time>,
}

impl From<&Statx> for Inode {
    fn from(st: &Statx) -> Inode {
        let has_birth =
            rustix::fs::StatxFlags::from_bits_retain(st.stx_mask).contains(rustix::fs::StatxFlags::BTIME);
        let born = Time { sec: st.stx_btime.tv_sec, nanos: st.stx_btime.tv_nsec };
        Inode { ino: st.stx_ino, born: has_birth.then_some(born) }
    }
}

impl From<Statx> for Stat {
    fn from(st: Statx) -> Stat {
        let time = |t: rustix::fs::StatxTimestamp| Time { sec: t.tv_sec, nanos: t.tv_nsec };
        let kind = match FileType::from_raw_mode(st.stx_mode.into()) {
            FileType::Directory => Kind::Dir,
            FileType::Symlink => Kind::Symlink,
            FileType::Fifo => Kind::Fifo,
            FileType::Socket => Kind::Socket,
            FileType::CharacterDevice => Kind::Char,
            FileType::BlockDevice => Kind::Block,
            _ => Kind::File,
        };
        Stat {
            kind,
            mode: st.stx_mode & 0o7777,
            uid: st.stx_uid,
            gid: st.stx_gid,
            size: st.stx_size,
            blocks: st.stx_blocks,
            mtime: time(st.stx_mtime),
            ctime: time(st.stx_ctime),
            ino: st.stx_ino,
            dev: u64::from(st.stx_dev_major) << 32 | u64::from(st.stx_dev_minor),
            nlink: st.stx_nlink,
            rdev: (st.stx_rdev_major, st.stx_rdev_minor),
            mount: st.stx_mnt_id,
        }
    }
}

impl Stat {
    /// The stamps of an open file.
    ///
    /// # Errors
    /// The system's.
    pub fn of(fd: BorrowedFd<'_>) -> Result<Stat> {
        let flags = rustix::fs::StatxFlags::BASIC_STATS | rustix::fs::StatxFlags::MNT_ID;
        rustix::fs::statx(fd, c"", AtFlags::EMPTY_PATH, flags).map(Stat::from)
    }

    /// The entry of an inode, with what a record needs of these stamps; content, target and extended
    /// attributes are still to be read. The mode of a symbolic link means nothing, and only files
    /// have a size.
    pub fn entry(&self, name: &[u8]) -> Entry {
        Entry {
            name: name.into(),
            kind: self.kind,
            mode: if self.kind == Kind::Symlink { 0o777 } else { self.mode },
            uid: self.uid,
            gid: self.gid,
            mtime: self.mtime,
            size: if self.kind == Kind::File { self.size } else { 0 },
            sha256: None,
            target: None,
            rdev: self.kind.is_device().then_some(self.rdev),
            ino: self.ino,
            ctime: self.ctime,
            nlink: if self.kind == Kind::Dir { 1 } else { self.nlink },
            racy: false,
            torn: false,
            unattested: false,
            xattrs: Xattrs::default(),
            links: None,
            held: None,
            made: None,
            sink_ino: 0,
        }
    }

    /// Whether the file has holes: fewer blocks than bytes.
    pub fn is_sparse(&self) -> bool {
        self.blocks.saturating_mul(512) < self.size
    }

    /// Whether kind, size and device numbers are those of an entry, as far as its kind has them.
    pub fn is_like(&self, entry: &Entry) -> bool {
        self.kind == entry.kind
            && (self.kind != Kind::File || self.size == entry.size)
            && (!self.kind.is_device() || entry.rdev == Some(self.rdev))
    }

    /// Whether content and inode are as they were: the stamps that any change would move.
    pub fn same_stamps(&self, other: &Stat) -> bool {
        (self.kind, self.ino, self.size, self.mtime, self.ctime)
            == (other.kind, other.ino, other.size, other.mtime, other.ctime)
    }

    /// Whether the inode shows these attributes, with times of this grain in nanoseconds.
    pub fn shows(&self, shown: &Shown, grain: u64) -> bool {
        let mode = self.kind == Kind::Symlink || self.mode == shown.mode;
        mode && self.uid == shown.uid && self.gid == shown.gid && self.mtime == shown.mtime.floor_to(grain)
    }
}

/// What a new inode is to show.
#[derive(Debug, Clone, Copy)]
pub struct Attributes<'a> {
    /// Permission bits.
    pub mode: u16,
    /// Owner and group.
    pub owner: (u32, u32),
    /// Whether to try to set them; otherwise they stay those of this process.
    pub set_owner: bool,
    /// Time of last change of the content.
    pub mtime: Time,
    /// Extended attributes.
    pub xattrs: &'a Xattrs,
}

/// What could not be set, as the entry's `held`; empty when all was.
pub type Applied = Held;

/// Times to set. The time of last access becomes now: some FUSE file systems ignore a call that sets one
/// of the two times alone.
pub(super) fn times(mtime: Time) -> Timestamps {
    let mtime = Timespec { tv_sec: mtime.sec, tv_nsec: mtime.nanos.into() };
    Timestamps {
        last_access: Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_NOW },
        last_modification: mtime,
    }
}

/// Whether setting an attribute failed for what the file system or the user cannot do.
pub(super) fn is_refusal(errno: Errno) -> bool {
    matches!(
        errno,
        Errno::PERM
            | Errno::ACCESS
            | Errno::NOTSUP
            | Errno::INVAL
            | Errno::NOSYS
            | Errno::TOOBIG
            | Errno::RANGE
    )
}

pub(super) fn owner(pair: (u32, u32)) -> (Option<Uid>, Option<Gid>) {
    (Some(Uid::from_raw(pair.0)), Some(Gid::from_raw(pair.1)))
}

pub(super) fn set_xattrs(file: BorrowedFd<'_>, xattrs: &Xattrs, acls: bool, held: &mut Held) -> Result<()> {
    for (name, value) in xattrs.iter().filter(|(name, _)| is_acl(name) == acls) {
        fault::point()?;
        let set = rustix::fs::fsetxattr(file, &**name, value, XattrFlags::empty());
        note_xattr(set, name, value, file, held)?;
    }
    Ok(())
}

/// Sets owner, extended attributes, mode, ACLs and mtime of a new file, in that order: a change
/// of owner clears set-user-ID and capabilities (chown(2)).
///
/// # Errors
/// The system's, but for refusals, which the result lists.
pub fn apply_to_file(file: BorrowedFd<'_>, want: &Attributes<'_>) -> Result<Applied> {
    apply_and_stat(file, want).map(|(held, _)| held)
}

/// [`apply_to_file`], with the stamps that the inode shows in the end.
///
/// # Errors
/// As [`apply_to_file`].
pub fn apply_and_stat(file: BorrowedFd<'_>, want: &Attributes<'_>) -> Result<(Applied, Stat)> {
    let mut held = Held::default();
    let mut mode = want.mode;
    if want.set_owner {
        fault::point()?;
        let (uid, gid) = owner(want.owner);
        match rustix::fs::fchown(file, uid, gid) {
            Ok(()) => {}
            Err(errno) if is_refusal(errno) => mode = refused_owner(file, want.owner, mode)?,
            Err(errno) => return Err(errno),
        }
    } else {
        mode &= 0o1777;
    }
    // Before the mode: without write permission an ordinary owner may not set user.* attributes.
    set_xattrs(file, want.xattrs, false, &mut held)?;
    fault::point()?;
    match rustix::fs::fchmod(file, Mode::from_raw_mode(mode.into())) {
        Ok(()) => {}
        Err(errno) if is_refusal(errno) => {}
        Err(errno) => return Err(errno),
    }
    set_xattrs(file, want.xattrs, true, &mut held)?;
    fault::point()?;
    rustix::fs::futimens(file, &times(want.mtime))?;
    let now = Stat::of(file)?;
    note_difference(&now, want, &mut held);
    Ok((held, now))
}

/// The group may still be allowed where the owner is not; set-ID bits go with a wrong owner.
pub(super) fn refused_owner(file: BorrowedFd<'_>, pair: (u32, u32), mode: u16) -> Result<u16> {
    let group_set = rustix::fs::fchown(file, None, Some(Gid::from_raw(pair.1))).is_ok();
    Ok(without_foreign_bits(&Stat::of(file)?, pair, group_set, mode))
}

/// A mode without the set-ID bits that a wrong owner or group must not have.
pub(super) fn without_foreign_bits(now: &Stat, pair: (u32, u32), group_set: bool, mode: u16) -> u16 {
    let uid = if now.uid == pair.0 { 0 } else { 0o4000 };
    let gid = if group_set || now.gid == pair.1 { 0 } else { 0o2000 };
    mode & !(uid | gid)
}

/// What the inode shows after all was set, where that is not what was wanted.
pub(super) fn note_difference(now: &Stat, want: &Attributes<'_>, held: &mut Held) {
    held.uid = (now.uid != want.owner.0).then_some(now.uid);
    held.gid = (now.gid != want.owner.1).then_some(now.gid);
    held.mode = (now.kind != Kind::Symlink && now.mode != want.mode).then_some(now.mode);
    held.mtime = (now.mtime != want.mtime).then_some(now.mtime);
}

pub(super) fn note_xattr(
    set: Result<()>,
    name: &[u8],
    value: &[u8],
    near: impl AsFd,
    held: &mut Held,
) -> Result<()> {
    match set {
        Ok(()) => Ok(()),
        // ext4 says "no space" for an attribute larger than a block, on a disk with room.
        Err(Errno::NOSPC) if value.len() > 1024 && has_room(near) => {
            held.xattrs.push(name.into());
            Ok(())
        }
        Err(errno) if is_refusal(errno) => {
            held.xattrs.push(name.into());
            Ok(())
        }
        Err(errno) => Err(errno),
    }
}

fn has_room(near: impl AsFd) -> bool {
    rustix::fs::fstatvfs(near).is_ok_and(|fs| fs.f_bavail > 16)
}

/// An attribute that new entries inherit or that changes the permission bits: set last.
pub(super) fn is_acl(name: &[u8]) -> bool {
    name.starts_with(b"system.posix_acl_")
}

/// Sets owner, extended attributes and mtime of a new symbolic link; with what it shows then.
///
/// # Errors
/// The system's, but for refusals, which the result lists.
pub(super) fn apply_to_symlink(dir: &Dir, name: &[u8], want: &Attributes<'_>) -> Result<(Applied, Stat)> {
    let mut held = Held::default();
    if want.set_owner {
        fault::point()?;
        let (uid, gid) = owner(want.owner);
        match rustix::fs::chownat(dir.fd(), name, uid, gid, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(()) => {}
            Err(errno) if is_refusal(errno) => {}
            Err(errno) => return Err(errno),
        }
    }
    for (xattr, value) in want.xattrs {
        fault::point()?;
        let set = rustix::fs::lsetxattr(dir.proc_path(name)?, &**xattr, value, XattrFlags::empty());
        note_xattr(set, xattr, value, dir.fd(), &mut held)?;
    }
    fault::point()?;
    rustix::fs::utimensat(dir.fd(), name, &times(want.mtime), AtFlags::SYMLINK_NOFOLLOW)?;
    let now = dir.stat(name)?;
    note_difference(&now, want, &mut held);
    Ok((held, now))
}

/// More than this in one inode is refused: its record would be longer than a reader takes.
const MAX_XATTRS: usize = 8 << 20;

/// Attributes that belong to the machine, not to the file.
pub(super) fn is_left_out(name: &[u8]) -> bool {
    matches!(name, b"security.ima" | b"security.evm")
        || name.starts_with(b"trusted.overlay.")
        // XFS shows root its ACLs a second time under these names.
        || name.starts_with(b"trusted.SGI_ACL_")
}

/// All extended attributes of an entry, itself if it is a link; nothing is opened. The empty
/// name means the directory itself.
///
/// # Errors
/// The system's. A file system without attributes has none.
pub fn read_xattrs(dir: &Dir, name: &[u8]) -> Result<Xattrs> {
    let path = dir.proc_path(name)?;
    let names = match grow(|buffer| rustix::fs::llistxattr(&path, buffer)) {
        Ok(names) => names,
        Err(Errno::NOTSUP | Errno::NOSYS) => return Ok(Xattrs::new()),
        Err(errno) => return Err(errno),
    };
    let mut xattrs = Xattrs::new();
    let mut bytes = 0;
    for name in names.split(|&b| b == 0).filter(|name| !name.is_empty() && !is_left_out(name)) {
        match grow(|buffer| rustix::fs::lgetxattr(&path, name, buffer)) {
            Ok(value) => {
                bytes += name.len() + value.len();
                if bytes > MAX_XATTRS {
                    return Err(Errno::TOOBIG);
                }
                xattrs.insert(name.into(), value.into());
            }
            // Removed meanwhile, or not for this user to read.
            Err(Errno::NODATA | Errno::PERM | Errno::ACCESS | Errno::NOTSUP) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(xattrs)
}

/// Calls with a larger buffer until the answer fits.
pub(super) fn grow(mut call: impl FnMut(&mut [u8]) -> Result<usize>) -> Result<Vec<u8>> {
    let mut buffer = vec![0; 1024];
    loop {
        match call(&mut buffer) {
            Ok(length) => {
                buffer.truncate(length);
                return Ok(buffer);
            }
            Err(Errno::RANGE) if buffer.len() < 1 << 20 => buffer.resize(buffer.len() * 8, 0),
            Err(errno) => return Err(errno),
        }
    }
}
