//! What the machine and its file systems say of themselves.

use super::{Dir, Result, fault, read_limited};
use rustix::fd::BorrowedFd;
use rustix::fs::{AtFlags, StatxFlags};

/// Room on a file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// Bytes in all.
    pub total: u64,
    /// Bytes that this user may still fill.
    pub available: u64,
    /// Inodes in all; 0 where there is no fixed number.
    pub inodes: u64,
    /// Inodes that are free.
    pub inodes_free: u64,
}

/// File systems whose peculiarities matter here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FsKind {
    /// ext2, ext3, ext4.
    Ext,
    /// XFS.
    Xfs,
    /// btrfs: a directory's fsync is not enough to make renames durable.
    Btrfs,
    /// tmpfs: nothing is durable.
    Tmpfs,
    /// FUSE: syncfs(2) is not passed on to the server.
    Fuse,
    /// NFS, CIFS or 9p.
    Network,
    /// Anything else.
    Other,
}

impl FsKind {
    /// The kind of file system that a directory lies on, by statfs(2).
    pub fn of(dir: &Dir) -> FsKind {
        let magic = rustix::fs::fstatfs(dir.fd()).map(|fs| fs.f_type).unwrap_or(0);
        match magic {
            0xef53 => FsKind::Ext,
            0x5846_5342 => FsKind::Xfs,
            0x9123_683e => FsKind::Btrfs,
            0x0102_1994 => FsKind::Tmpfs,
            0x6573_5546 => FsKind::Fuse,
            0x6969 | 0xff53_4d42 | 0xfe53_4d42 | 0x0102_1997 => FsKind::Network,
            _ => FsKind::Other,
        }
    }

    /// The word in the sink's record and in messages.
    pub fn word(self) -> &'static str {
        match self {
            FsKind::Ext => "ext4",
            FsKind::Xfs => "xfs",
            FsKind::Btrfs => "btrfs",
            FsKind::Tmpfs => "tmpfs",
            FsKind::Fuse => "fuse",
            FsKind::Network => "network",
            FsKind::Other => "other",
        }
    }

    /// Whether one syncfs(2) makes everything written before it durable.
    pub fn syncs_whole(self) -> bool {
        !matches!(self, FsKind::Fuse) && kernel_reports_sync_errors()
    }
}

/// Since 5.8, syncfs(2) reports write-back errors (sync(2)).
fn kernel_reports_sync_errors() -> bool {
    let name = rustix::system::uname();
    let release = name.release().to_string_lossy();
    let mut numbers = release.split(['.', '-']).map(|part| part.parse::<u32>().unwrap_or(0));
    (numbers.next(), numbers.next()) >= (Some(5), Some(8))
}

/// Room on the file system that a directory lies on.
///
/// # Errors
/// The system's.
pub fn space(dir: &Dir) -> Result<Space> {
    let fs = rustix::fs::fstatvfs(dir.fd())?;
    Ok(Space {
        total: fs.f_blocks.saturating_mul(fs.f_frsize),
        available: fs.f_bavail.saturating_mul(fs.f_frsize),
        inodes: fs.f_files,
        inodes_free: fs.f_favail,
    })
}

/// What stays the same for a file system that is mounted again: its id where that comes from a
/// UUID (ext4, btrfs), else the inode number and the time of birth of `dir`. The number alone says
/// nothing: the root of every XFS has the same. Device numbers change.
///
/// # Errors
/// The system's.
pub fn identity(dir: &Dir) -> Result<String> {
    Ok(match FsKind::of(dir) {
        FsKind::Ext | FsKind::Btrfs => format!("fsid:{:016x}", rustix::fs::fstatvfs(dir.fd())?.f_fsid),
        // Neither kind of number is stable there.
        FsKind::Fuse | FsKind::Network => String::new(),
        _ => {
            let flags = StatxFlags::INO | StatxFlags::BTIME;
            let stat = rustix::fs::statx(dir.fd(), c"", AtFlags::EMPTY_PATH, flags)?;
            let born = (stat.stx_mask & StatxFlags::BTIME.bits() != 0).then_some(stat.stx_btime);
            let born = born.map_or_else(String::new, |at| format!(":{}.{:09}", at.tv_sec, at.tv_nsec));
            format!("ino:{}{born}", stat.stx_ino)
        }
    })
}

/// Makes everything written to a file system durable; reports errors since `fd` was opened.
///
/// # Errors
/// The system's: what was written may be lost.
pub fn sync_fs(fd: BorrowedFd<'_>) -> Result<()> {
    fault::point()?;
    rustix::fs::syncfs(fd)
}

fn first_line(dir: &str, name: &str) -> Option<String> {
    let dir = super::open_operator(std::path::Path::new(dir)).ok()?;
    let stat_free = dir.open_file(name.as_bytes()).ok()?;
    let mut buffer = [0; 256];
    let read = rustix::io::read(&stat_free, &mut buffer).ok()?;
    let text = std::str::from_utf8(&buffer[..read]).ok()?;
    Some(text.lines().next().unwrap_or_default().trim().to_owned())
}

/// Names this boot of the machine; empty where the kernel does not say.
pub fn boot_id() -> String {
    first_line("/proc/sys/kernel/random", "boot_id").unwrap_or_default()
}

/// Names this installation of the machine (machine-id(5)), or its host name where there is none.
pub fn machine_id() -> String {
    first_line("/etc", "machine-id").filter(|id| !id.is_empty()).unwrap_or_else(host_name)
}

/// The host's name.
pub fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// A file of the operator's machine such as `/etc/passwd`, if it can be read and is not larger
/// than a megabyte.
pub fn system_file(dir: &str, name: &str) -> Option<Vec<u8>> {
    let dir = super::open_operator(std::path::Path::new(dir)).ok()?;
    read_limited(&dir, name.as_bytes(), 1 << 20).ok()
}

/// Random bytes as hex digits, from the kernel.
///
/// # Errors
/// The system's.
pub fn random_hex(bytes: usize) -> Result<String> {
    let mut buffer = vec![0; bytes];
    let mut filled = 0;
    while filled < bytes {
        filled += rustix::rand::getrandom(&mut buffer[filled..], rustix::rand::GetRandomFlags::empty())?;
    }
    Ok(data_encoding::HEXLOWER.encode(&buffer))
}

/// Lets this process hold as many files open as it may: deep trees need one a level.
pub fn raise_descriptor_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}
