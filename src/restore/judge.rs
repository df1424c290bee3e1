//! Is what stands there what the record says? Equal stamps prove it without opening anything;
//! where they do not, the content is read.

use crate::fs::{self, Dir, Stat};
use crate::tree::{Digest, Entry, Kind};
use std::os::fd::AsFd as _;

/// Whether owners are restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ownership {
    /// By recorded name where this machine has that name, otherwise by recorded number.
    ByName,
    /// By recorded number.
    ByNumber,
    /// Whatever is made belongs to this user.
    Mine,
}

/// What this user can do about owners, found out once.
#[derive(Debug, Clone)]
pub(super) struct Powers {
    pub(super) ownership: Ownership,
    uid: u32,
    groups: Vec<u32>,
    /// Whether this process has CAP_CHOWN.
    may_chown: bool,
}

/// Which of an entry's recorded owner and group this user can set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Settable {
    pub(super) user: bool,
    pub(super) group: bool,
}

impl Powers {
    pub(super) fn new(ownership: Ownership) -> Powers {
        let mut groups: Vec<u32> =
            rustix::process::getgroups().unwrap_or_default().iter().map(|gid| gid.as_raw()).collect();
        groups.push(rustix::process::getegid().as_raw());
        let capabilities = rustix::thread::capabilities(None);
        let may_chown =
            capabilities.is_ok_and(|sets| sets.effective.contains(rustix::thread::CapabilitySet::CHOWN));
        Powers { ownership, uid: rustix::process::geteuid().as_raw(), groups, may_chown }
    }

    /// Whether owners are to be set at all.
    pub(super) fn sets_owner(&self) -> bool {
        self.ownership != Ownership::Mine
    }

    pub(super) fn is_root(&self) -> bool {
        self.uid == 0
    }

    /// Which owners of an entry can be set. Without CAP_CHOWN, a user can only own files, and can give
    /// them to the groups that the user is a member of (chown(2)).
    pub(super) fn settable(&self, entry: &Entry) -> Settable {
        let sets = self.sets_owner();
        Settable {
            user: sets && (self.may_chown || entry.uid == self.uid),
            group: sets && (self.may_chown || self.groups.contains(&entry.gid)),
        }
    }

    /// The user and group to set for an entry; `None`: neither is to be set.
    pub(super) fn owner(&self, entry: &Entry) -> Option<(u32, u32)> {
        let settable = self.settable(entry);
        settable.group.then_some((if settable.user { entry.uid } else { self.uid }, entry.gid))
    }

    /// The mode bits that can be restored: set-user-ID and set-group-ID only with their owner and group.
    fn mode_bits(&self, entry: &Entry) -> u16 {
        match self.settable(entry) {
            Settable { group: false, .. } => 0o1777,
            Settable { user: false, .. } => 0o3777,
            Settable { .. } => 0o7777,
        }
    }

    /// The mode to set for an entry.
    pub(super) fn mode(&self, entry: &Entry) -> u16 {
        entry.mode & self.mode_bits(entry)
    }

    /// Whether mode, owner and mtime are as recorded, but for what this user could not change.
    pub(super) fn shows(&self, entry: &Entry, stat: &Stat) -> bool {
        let bits = self.mode_bits(entry);
        let mode = entry.kind == Kind::Symlink || entry.mode & bits == stat.mode & bits;
        let settable = self.settable(entry);
        let uid = !(settable.user && self.may_chown) || entry.uid == stat.uid;
        let gid = !settable.group || entry.gid == stat.gid;
        mode && uid && gid && entry.mtime == stat.mtime
    }
}

/// Something that stands in the target, looked at no closer than needed.
pub(super) struct Seen<'a> {
    dir: &'a Dir,
    name: &'a [u8],
    pub(super) stat: Stat,
    digest: Option<Option<Digest>>,
    untouched: bool,
}

/// Whether content and inode are those of the source when the record was made.
pub(super) fn same_stamps(stat: &Stat, record: &Entry) -> bool {
    !record.racy
        && !record.torn
        && record.kind == stat.kind
        && record.ino == stat.ino
        && record.mtime == stat.mtime
        && record.ctime == stat.ctime
        && (stat.kind != Kind::File || record.size == stat.size)
}

impl<'a> Seen<'a> {
    /// What `stat` shows under `name`.
    pub(super) fn new(dir: &'a Dir, name: &'a [u8], stat: Stat) -> Seen<'a> {
        Seen { dir, name, stat, digest: None, untouched: false }
    }

    /// Takes over what a record of the same source knows, if its stamps are these.
    pub(super) fn learn(&mut self, record: &Entry) {
        if same_stamps(&self.stat, record) && record.sha256.is_some() {
            self.digest = Some(record.sha256);
        }
    }

    /// Takes the record's content for what stands there, unread.
    pub(super) fn assume(&mut self, record: &Entry) {
        self.digest = Some(record.sha256);
    }

    /// Whether [`Seen::is`] has to read content.
    pub(super) fn is_unread(&self, record: &Entry) -> bool {
        let is_file = self.stat.kind == Kind::File && record.kind == Kind::File;
        is_file && self.stat.size == record.size && self.digest.is_none()
    }

    /// Whether kind and content are those of the record. Content that cannot be read is nobody's.
    pub(super) fn is(&mut self, record: &Entry, buffer: &mut Vec<u8>) -> bool {
        if self.stat.kind != record.kind {
            return false;
        }
        match record.kind {
            Kind::Dir | Kind::Fifo | Kind::Socket => true,
            Kind::Char | Kind::Block => record.rdev == Some(self.stat.rdev),
            Kind::Symlink => self.dir.read_link(self.name).ok() == record.target,
            Kind::File => {
                self.stat.size == record.size && {
                    let digest = self.digest(buffer);
                    digest.is_some() && digest == record.sha256
                }
            }
        }
    }

    /// Whether this user may not read the file.
    pub(super) fn is_unreadable(&self) -> bool {
        self.stat.kind == Kind::File
            && matches!(self.dir.open_file(self.name), Err(fs::Errno::ACCESS | fs::Errno::PERM))
    }

    /// Whether the record has these permissions.
    pub(super) fn has_permissions_of(&self, record: &Entry) -> bool {
        self.stat.kind == Kind::Symlink || self.stat.mode & 0o777 == record.mode & 0o777
    }

    fn digest(&mut self, buffer: &mut Vec<u8>) -> Option<Digest> {
        if self.digest.is_none() {
            self.digest = Some(self.read(buffer).ok().flatten());
        }
        self.digest.flatten()
    }

    fn read(&self, buffer: &mut Vec<u8>) -> fs::Result<Option<Digest>> {
        let file = self.dir.open_file(self.name)?;
        let before = Stat::of(file.as_fd())?;
        if !before.same_stamps(&self.stat) {
            return Ok(None);
        }
        let sparse = before.is_sparse();
        let read = fs::hash_content(&file, before.size, sparse, buffer)?;
        // Changed while it was read: nobody knows what it holds now.
        Ok(Stat::of(file.as_fd())?.same_stamps(&before).then_some(read.sha256))
    }

    /// Whether the attributes are as recorded, but for what this user could not change.
    pub(super) fn shows(&mut self, record: &Entry, powers: &Powers) -> fs::Result<bool> {
        if !powers.shows(record, &self.stat) {
            return Ok(false);
        }
        self.untouched = same_stamps(&self.stat, record);
        if self.untouched {
            return Ok(true);
        }
        let found = fs::read_xattrs(self.dir, self.name)?;
        let missing = record.xattrs.iter().any(|(name, value)| {
            let settable = powers.is_root() || fs::is_users_xattr(name);
            settable && found.get(name) != Some(value)
        });
        let extra =
            found.keys().any(|name| fs::is_removable_xattr(name) && !record.xattrs.contains_key(name));
        Ok(!missing && !extra)
    }
}
