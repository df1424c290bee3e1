//! Locks: permanent files, held with flock(2), which the kernel drops with the holder. What
//! stands inside is for messages only.

use crate::error::{Doing as _, Error, Kind, Result};
use crate::fs::{self, Dir};
use crate::interrupt;
use crate::tree::Kind as EntryKind;
use rustix::fd::{AsFd, OwnedFd};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};
use std::time::{Duration, Instant};

/// How long to wait for a lock before giving up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wait(pub Duration);

/// Who holds a lock, for messages.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Holder {
    pid: u32,
    host: String,
    boot: String,
    command: String,
    since: String,
}

/// An exclusive lock; dropped with the value.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

/// A lock on a sink. What changes a sink asks for it first.
#[derive(Debug)]
pub struct SinkLock {
    _lock: Lock,
}

impl SinkLock {
    pub(super) fn new(lock: Lock) -> SinkLock {
        SinkLock { _lock: lock }
    }
}

/// A shared lock on a snapshot that is being read; it cannot be removed meanwhile.
#[derive(Debug)]
pub struct ReadLock {
    _file: File,
}

const POLL: Duration = Duration::from_millis(50);

/// Opens a lock file: regular, with one name, owned by this user or by `owner`.
fn open(dir: &Dir, name: &[u8], owner: u32, what: &str) -> Result<OwnedFd> {
    let fd = dir.open_or_create(name).doing(|| format!("cannot open the lock of {what}"))?;
    let stat = fs::Stat::of(fd.as_fd()).doing(|| format!("cannot open the lock of {what}"))?;
    let own = rustix::process::geteuid().as_raw();
    if stat.kind != EntryKind::File
        || stat.nlink != 1
        || (stat.uid != own && stat.uid != owner && stat.uid != 0)
    {
        return Err(Error::failed(format!("cannot lock {what}"))
            .because("its LOCK is not a plain file of its owner")
            .hint("look at it, and remove it if nothing uses it"));
    }
    Ok(fd)
}

impl Lock {
    /// Takes the lock file `name` in `dir` exclusively. `what` names the thing in messages, and
    /// `command` the holder for others.
    ///
    /// # Errors
    /// [`Kind::Locked`], naming the holder, if it is held for longer than `wait`.
    pub fn take(dir: &Dir, name: &[u8], what: &str, command: &str, wait: Wait) -> Result<Lock> {
        let owner = dir.stat_self().doing(|| format!("cannot lock {what}"))?.uid;
        let mut file = File::from(open(dir, name, owner, what)?);
        let begin = Instant::now();
        while !try_exclusive(&file).doing(|| format!("cannot lock {what}"))? {
            interrupt::check()?;
            if begin.elapsed() >= wait.0 {
                return Err(busy(&mut file, what));
            }
            std::thread::sleep(
                POLL.min(wait.0.saturating_sub(begin.elapsed()).max(Duration::from_millis(1))),
            );
        }
        let holder = Holder {
            pid: std::process::id(),
            host: fs::host_name(),
            boot: fs::boot_id(),
            command: command.to_owned(),
            since: crate::clock::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        };
        // For messages only: a full disk must not keep anybody from making room.
        let _ = note(&mut file, &holder);
        Ok(Lock { file })
    }

    /// Takes the lock if nobody has it.
    ///
    /// # Errors
    /// The file cannot be opened or locked for another reason.
    pub fn try_take(dir: &Dir, name: &[u8], what: &str) -> Result<Option<Lock>> {
        match Lock::take(dir, name, what, "emu", Wait::default()) {
            Ok(lock) => Ok(Some(lock)),
            Err(error) if error.kind() == Kind::Locked => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether somebody holds a lock now. Writes nothing; what may not be looked at counts as free.
    pub fn is_held(dir: &Dir, name: &[u8]) -> bool {
        let file = dir.open_file(name).map(File::from);
        file.is_ok_and(|file| matches!(contended(fs2::FileExt::try_lock_shared(&file)), Ok(false)))
    }

    /// The clock of the lock's file system: the time that a touch of it leaves.
    ///
    /// # Errors
    /// The system's.
    pub fn touch(&self) -> Result<crate::tree::Time> {
        let fd = self.file.as_fd().try_clone_to_owned().doing(|| "cannot read the source's clock")?;
        fs::touch(&fd).doing(|| "cannot read the source's clock")
    }
}

fn note(file: &mut File, holder: &Holder) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(format!("{}\n", serde_json::to_string(holder)?).as_bytes())
}

fn try_exclusive(file: &File) -> std::io::Result<bool> {
    contended(fs2::FileExt::try_lock_exclusive(file))
}

fn contended(result: std::io::Result<()>) -> std::io::Result<bool> {
    match result {
        Ok(()) => Ok(true),
        Err(error) if error.raw_os_error() == fs2::lock_contended_error().raw_os_error() => Ok(false),
        Err(error) => Err(error),
    }
}

fn busy(file: &mut File, what: &str) -> Error {
    let mut text = String::new();
    let read = file.rewind().and_then(|()| file.take(4096).read_to_string(&mut text));
    let holder: Holder = read.ok().and_then(|_| serde_json::from_str(&text).ok()).unwrap_or_default();
    let quiet = |text: &str| crate::quote::escaped(text.as_bytes());
    let who = if holder.pid == 0 {
        "another program".to_owned()
    } else {
        let (command, host, since) = (quiet(&holder.command), quiet(&holder.host), quiet(&holder.since));
        format!("{command} (process {} on {host}, since {since})", holder.pid)
    };
    Error::new(Kind::Locked, format!("{what} is locked"))
        .because(format!("{who} holds it"))
        .hint("wait for it with --wait SECONDS")
}

impl ReadLock {
    /// Locks a node against removal, and makes sure that the name still means the file locked.
    ///
    /// # Errors
    /// [`Kind::NotFound`] if the snapshot is being removed or is gone.
    pub fn take(nodes: &Dir, id: &str) -> Result<ReadLock> {
        let gone = || Error::not_found(format!("snapshot {id} is gone")).because("it was removed just now");
        let open = || match nodes.open_file(id.as_bytes()) {
            Err(fs::Errno::NOENT) => Err(gone()),
            result => result.doing(|| format!("cannot open the node of {id}")),
        };
        let fd = open()?;
        let stat = fs::Stat::of(fd.as_fd()).doing(|| format!("cannot open the node of {id}"))?;
        let file = File::from(fd);
        if !contended(fs2::FileExt::try_lock_shared(&file)).doing(|| format!("cannot lock {id}"))? {
            return Err(gone());
        }
        let again = fs::Stat::of(open()?.as_fd()).doing(|| format!("cannot open the node of {id}"))?;
        if (again.dev, again.ino) != (stat.dev, stat.ino) {
            return Err(gone());
        }
        Ok(ReadLock { _file: file })
    }

    /// Takes a node exclusively, for its removal; `None` while somebody reads the snapshot.
    ///
    /// # Errors
    /// The node cannot be opened or locked.
    pub fn take_exclusively(nodes: &Dir, id: &str) -> Result<Option<ReadLock>> {
        // For writing: network file systems grant an exclusive lock to nothing less (flock(2)).
        let fd = nodes.open_file_to_lock(id.as_bytes()).doing(|| format!("cannot open the node of {id}"))?;
        let file = File::from(fd);
        let won = try_exclusive(&file).doing(|| format!("cannot lock {id}"))?;
        Ok(won.then_some(ReadLock { _file: file }))
    }
}
