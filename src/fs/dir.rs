//! A held directory and what can be done to its entries by name.

use super::{Errno, Inode, Result, Stat, fault};
use crate::tree::path::is_component;
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawDir, RenameFlags, StatxFlags};
use std::mem::MaybeUninit;

/// A directory held open; all work below it starts here.
#[derive(Debug)]
pub struct Dir {
    fd: OwnedFd,
}

/// A name in a directory and what the directory says of its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The name.
    pub name: Box<[u8]>,
    /// Whether it is known to be a directory.
    pub is_dir: bool,
    /// The inode's number; not on every file system the one that statx(2) shows.
    pub ino: u64,
}

const FOLLOW_NOTHING: OFlags = OFlags::NOFOLLOW.union(OFlags::CLOEXEC);

/// Whether the call may go on with this name.
fn component(name: &[u8]) -> Result<&[u8]> {
    if is_component(name) { Ok(name) } else { Err(Errno::INVAL) }
}

impl Dir {
    /// Takes over an open directory.
    pub fn from_fd(fd: OwnedFd) -> Dir {
        Dir { fd }
    }

    /// The descriptor, for calls that need no name.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// A second descriptor of the same directory.
    ///
    /// # Errors
    /// No descriptor is left.
    pub fn duplicate(&self) -> Result<Dir> {
        rustix::io::fcntl_dupfd_cloexec(&self.fd, 0).map(Dir::from_fd)
    }

    /// Opens a directory for listing, without a trace in its access time where that is allowed.
    ///
    /// # Errors
    /// The system's; ENOTDIR or ELOOP if it is something else.
    pub fn open_dir(&self, name: &[u8]) -> Result<Dir> {
        self.open_at(component(name)?, OFlags::RDONLY | OFlags::DIRECTORY).map(Dir::from_fd)
    }

    /// Opens a directory for reaching what is in it; needs no right to list it.
    ///
    /// # Errors
    /// The system's; ENOTDIR or ELOOP if it is something else.
    pub fn open_path(&self, name: &[u8]) -> Result<Dir> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | FOLLOW_NOTHING;
        rustix::fs::openat(&self.fd, component(name)?, flags, Mode::empty()).map(Dir::from_fd)
    }

    /// Opens a file for reading. Never waits on a FIFO, never follows a link.
    ///
    /// # Errors
    /// The system's.
    pub fn open_file(&self, name: &[u8]) -> Result<OwnedFd> {
        self.open_at(component(name)?, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY)
    }

    /// Opens an existing file for reading and writing; only for taking locks on it.
    ///
    /// # Errors
    /// The system's.
    pub fn open_file_to_lock(&self, name: &[u8]) -> Result<OwnedFd> {
        let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::NOCTTY | FOLLOW_NOTHING;
        rustix::fs::openat(&self.fd, component(name)?, flags, Mode::empty())
    }

    fn open_at(&self, name: &[u8], flags: OFlags) -> Result<OwnedFd> {
        let flags = flags | FOLLOW_NOTHING;
        match rustix::fs::openat(&self.fd, name, flags | OFlags::NOATIME, Mode::empty()) {
            Err(Errno::PERM) => rustix::fs::openat(&self.fd, name, flags, Mode::empty()),
            result => result,
        }
    }

    /// Makes a file that must not exist, for reading and writing, mode 0600.
    ///
    /// # Errors
    /// The system's; EEXIST if the name is taken.
    pub fn create_file(&self, name: &[u8]) -> Result<OwnedFd> {
        fault::point()?;
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | FOLLOW_NOTHING;
        rustix::fs::openat(&self.fd, component(name)?, flags, Mode::from_raw_mode(0o600))
    }

    /// Opens a permanent file for reading and writing, making it with mode 0600 if it is missing.
    ///
    /// # Errors
    /// The system's.
    pub fn open_or_create(&self, name: &[u8]) -> Result<OwnedFd> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NONBLOCK | OFlags::NOCTTY | FOLLOW_NOTHING;
        rustix::fs::openat(&self.fd, component(name)?, flags, Mode::from_raw_mode(0o600))
    }

    /// Makes a directory.
    ///
    /// # Errors
    /// The system's; EEXIST if the name is taken.
    pub fn make_dir(&self, name: &[u8], mode: u16) -> Result<()> {
        fault::point()?;
        rustix::fs::mkdirat(&self.fd, component(name)?, Mode::from_raw_mode(mode.into()))
    }

    /// Makes a directory unless there is one, and opens it.
    ///
    /// # Errors
    /// The system's.
    pub fn ensure_dir(&self, name: &[u8], mode: u16) -> Result<Dir> {
        match self.make_dir(name, mode) {
            Ok(()) | Err(Errno::EXIST) => self.open_dir(name),
            Err(errno) => Err(errno),
        }
    }

    /// What stands under a name, itself if it is a link.
    ///
    /// # Errors
    /// The system's.
    pub fn stat(&self, name: &[u8]) -> Result<Stat> {
        stat_at(&self.fd, component(name)?, AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT)
    }

    /// The identity of the inode under a name, itself if it is a link.
    ///
    /// # Errors
    /// The system's.
    pub fn inode(&self, name: &[u8]) -> Result<Inode> {
        let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT;
        let stat = rustix::fs::statx(&self.fd, component(name)?, flags, StatxFlags::INO | StatxFlags::BTIME)?;
        Ok(Inode::from(&stat))
    }

    /// [`Dir::stat`], with `None` for a name that is not there.
    ///
    /// # Errors
    /// The system's, but for ENOENT.
    pub fn stat_if_there(&self, name: &[u8]) -> Result<Option<Stat>> {
        match self.stat(name) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(errno),
        }
    }

    /// The directory's own stamps.
    ///
    /// # Errors
    /// The system's.
    pub fn stat_self(&self) -> Result<Stat> {
        stat_at(&self.fd, b"", AtFlags::EMPTY_PATH)
    }

    /// All names but `.` and `..`, in the order of their bytes.
    ///
    /// # Errors
    /// The system's.
    pub fn list(&self) -> Result<Vec<Item>> {
        // The position belongs to the description, which duplicates share: open it anew.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let own = match rustix::fs::openat(&self.fd, c".", flags | OFlags::NOATIME, Mode::empty()) {
            Err(Errno::PERM) => rustix::fs::openat(&self.fd, c".", flags, Mode::empty())?,
            result => result?,
        };
        list_fd(&own)
    }

    /// [`Dir::list`] on this very descriptor, which is read to its end: one call less.
    ///
    /// # Errors
    /// The system's.
    pub fn list_once(&self) -> Result<Vec<Item>> {
        list_fd(&self.fd)
    }

    /// The target of a symbolic link.
    ///
    /// # Errors
    /// The system's; EINVAL if it is none.
    pub fn read_link(&self, name: &[u8]) -> Result<Box<[u8]>> {
        let target = rustix::fs::readlinkat(&self.fd, component(name)?, Vec::new())?;
        Ok(target.into_bytes().into())
    }

    /// Makes a symbolic link.
    ///
    /// # Errors
    /// The system's; EEXIST if the name is taken.
    pub fn make_symlink(&self, target: &[u8], name: &[u8]) -> Result<()> {
        fault::point()?;
        rustix::fs::symlinkat(target, &self.fd, component(name)?)
    }

    /// Gives the inode under `name` a second name in `to`.
    ///
    /// # Errors
    /// The system's.
    pub fn link(&self, name: &[u8], to: &Dir, as_name: &[u8]) -> Result<()> {
        fault::point()?;
        rustix::fs::linkat(&self.fd, component(name)?, &to.fd, component(as_name)?, AtFlags::empty())
    }

    /// Renames, replacing what stands under the new name.
    ///
    /// # Errors
    /// The system's.
    pub fn rename(&self, name: &[u8], to: &Dir, as_name: &[u8]) -> Result<()> {
        fault::point()?;
        rustix::fs::renameat(&self.fd, component(name)?, &to.fd, component(as_name)?)
    }

    /// Renames to a name that must be free. Where the file system cannot promise that, the name
    /// is looked up first, which suffices under a lock.
    ///
    /// # Errors
    /// The system's; EEXIST if the name is taken.
    pub fn rename_new(&self, name: &[u8], to: &Dir, as_name: &[u8]) -> Result<()> {
        fault::point()?;
        let (name, as_name) = (component(name)?, component(as_name)?);
        match rustix::fs::renameat_with(&self.fd, name, &to.fd, as_name, RenameFlags::NOREPLACE) {
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => match to.stat_if_there(as_name)? {
                Some(_) => Err(Errno::EXIST),
                None => rustix::fs::renameat(&self.fd, name, &to.fd, as_name),
            },
            result => result,
        }
    }

    /// Swaps what two names stand for.
    ///
    /// # Errors
    /// The system's; EINVAL where the file system cannot.
    pub fn exchange(&self, name: &[u8], to: &Dir, other: &[u8]) -> Result<()> {
        fault::point()?;
        rustix::fs::renameat_with(
            &self.fd,
            component(name)?,
            &to.fd,
            component(other)?,
            RenameFlags::EXCHANGE,
        )
    }

    /// Removes a name that is no directory.
    ///
    /// # Errors
    /// The system's.
    pub fn remove_file(&self, name: &[u8]) -> Result<()> {
        fault::point()?;
        rustix::fs::unlinkat(&self.fd, component(name)?, AtFlags::empty())
    }

    /// Removes an empty directory.
    ///
    /// # Errors
    /// The system's.
    pub fn remove_dir(&self, name: &[u8]) -> Result<()> {
        fault::point()?;
        rustix::fs::unlinkat(&self.fd, component(name)?, AtFlags::REMOVEDIR)
    }

    /// Changes the mode of a directory below; never a file's, whose inode snapshots may share.
    ///
    /// # Errors
    /// The system's.
    pub fn set_dir_mode(&self, name: &[u8], mode: u16) -> Result<()> {
        fault::point()?;
        let held = self.open_path(name)?;
        // Not `/.` below it: that would need the very permission that may be missing.
        let path = format!("/proc/self/fd/{}", rustix::fd::AsRawFd::as_raw_fd(&held.fd));
        rustix::fs::chmod(path, Mode::from_raw_mode(mode.into()))
    }

    /// Writes the directory's entries to stable storage (fsync(2)).
    ///
    /// # Errors
    /// The system's. File systems that cannot sync a directory are forgiven.
    pub fn sync(&self) -> Result<()> {
        fault::point()?;
        match rustix::fs::fsync(&self.fd) {
            Err(Errno::INVAL | Errno::NOTSUP) => Ok(()),
            result => result,
        }
    }

    /// `/proc/self/fd/N/NAME`, for the calls that have no form relative to a descriptor; the empty
    /// name is the directory itself.
    pub(super) fn proc_path(&self, name: &[u8]) -> Result<Vec<u8>> {
        let mut path = format!("/proc/self/fd/{}/", rustix::fd::AsRawFd::as_raw_fd(&self.fd)).into_bytes();
        path.extend_from_slice(if name.is_empty() { b"." } else { component(name)? });
        Ok(path)
    }
}

fn stat_at(fd: &OwnedFd, name: &[u8], flags: AtFlags) -> Result<Stat> {
    rustix::fs::statx(fd, name, flags, StatxFlags::BASIC_STATS | StatxFlags::MNT_ID).map(Stat::from)
}

/// Some file systems do not tell kinds in their listings.
fn is_dir(dir: &OwnedFd, name: &[u8], listed: FileType) -> bool {
    match listed {
        FileType::Unknown => stat_at(dir, name, AtFlags::SYMLINK_NOFOLLOW)
            .is_ok_and(|stat| stat.kind == crate::tree::Kind::Dir),
        kind => kind == FileType::Directory,
    }
}

fn list_fd(fd: &OwnedFd) -> Result<Vec<Item>> {
    let mut buffer = [MaybeUninit::uninit(); 32 * 1024];
    let mut entries = RawDir::new(fd, &mut buffer);
    let mut items = Vec::new();
    while let Some(entry) = entries.next() {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            let is_dir = is_dir(fd, name, entry.file_type());
            items.push(Item { name: name.into(), is_dir, ino: entry.ino() });
        }
    }
    items.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    // A name that is removed and made again meanwhile may be listed twice (readdir(3)).
    items.dedup_by(|a, b| a.name == b.name);
    Ok(items)
}
