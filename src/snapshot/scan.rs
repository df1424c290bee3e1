//! First stage: the source and what is left out of it become listings in manifest order.

use super::unchanged::{Known, Look};
use crate::error::{Doing as _, Result, errno_text};
use crate::fs::{Dir, Errno, Found, Item, Rules, Scanned, Stat, Walk};
use crate::source::Excludes;
use crate::tree::{Entry, Time, Unread, path};
use std::collections::HashSet;
use std::sync::Arc;

/// Stamps later than this long before the source's own clock prove nothing (in seconds).
const RACY_SECONDS: i64 = 2;

/// What a scan leaves out.
pub struct ScanRules {
    /// Patterns.
    pub excludes: Excludes,
    /// How the names of temporary files of an unfinished checkout begin.
    pub temporary: Option<Box<[u8]>>,
    /// Directories by device and inode number: the source's `.emu`, sinks inside the source.
    pub skip: HashSet<(u64, u64)>,
    /// Whether mounts are left out.
    pub one_file_system: bool,
    /// Whether FIFOs, sockets and devices are saved.
    pub special: bool,
    /// Worker threads.
    pub threads: usize,
}

/// A directory of the source.
pub struct SourceDir {
    /// Path below the root.
    pub path: Box<[u8]>,
    /// The directory, if it could be opened.
    pub dir: Option<Arc<Dir>>,
    /// Entries that are saved.
    pub found: Vec<Found>,
    /// What cannot be looked at.
    pub unread: Vec<Unread>,
    /// Whether the directory itself could not be listed.
    pub failed: bool,
    /// Paths that the rules leave out.
    pub excluded: Vec<Box<[u8]>>,
    /// Directories on other mounts.
    pub borders: Vec<Box<[u8]>>,
    /// What could be said of it at once.
    pub look: Arc<Look>,
    /// No descriptor was left: what is unread here says nothing of the source.
    pub exhausted: Option<Errno>,
}

/// A scan under way.
pub struct Scan {
    walk: Walk<Look>,
}

impl Scan {
    /// Starts to list the tree below `root`. Stamps later than `limit` prove nothing.
    ///
    /// # Errors
    /// The root cannot be looked at.
    pub fn start(root: &Arc<Dir>, rules: ScanRules, lanes: Vec<Known>, limit: Time) -> Result<Scan> {
        let excludes = Arc::new(rules.excludes);
        let (matcher, marks) = (Arc::clone(&excludes), Arc::clone(&excludes));
        let temporary = rules.temporary;
        let has_rules = !excludes.has_no_patterns() || temporary.is_some();
        let is_temporary = move |path: &[u8]| {
            let name = path::split(path).map(|(_, name)| name);
            temporary.as_deref().zip(name).is_some_and(|(prefix, name)| name.starts_with(prefix))
        };
        let excluded = move |path: &[u8], is_dir| is_temporary(path) || matcher.excludes(path, is_dir);
        let marked = move |dir: &Dir, names: &[Item]| marks.mark_in(dir, names);
        let walk_rules = Rules {
            excluded: if has_rules { Some(Box::new(excluded)) } else { None },
            marked: if excludes.has_marks() { Some(Box::new(marked)) } else { None },
            larger_than: excludes.larger_than(),
            skip: rules.skip,
            one_file_system: rules.one_file_system,
            special: rules.special,
        };
        let visit = move |above: Option<&Look>, scanned: &Scanned| Look::at(&lanes, limit, above, scanned);
        let walk = Walk::start(Arc::clone(root), walk_rules, rules.threads, Box::new(visit))
            .doing(|| "cannot walk the source")?;
        Ok(Scan { walk })
    }
}

impl Iterator for Scan {
    type Item = SourceDir;

    fn next(&mut self) -> Option<SourceDir> {
        self.walk.next().map(|(scanned, look)| sort_out(scanned, look))
    }
}

fn sort_out(scanned: Scanned, look: Arc<Look>) -> SourceDir {
    let errors = scanned.unread.iter().map(|(_, errno)| *errno).chain(scanned.error);
    let exhausted = errors.into_iter().find(|errno| matches!(*errno, Errno::MFILE | Errno::NFILE));
    let whole = |name: &[u8]| path::join(&scanned.path, name);
    let mut unread: Vec<Unread> =
        scanned.unread.iter().map(|(name, errno)| unread(whole(name), *errno)).collect();
    // A directory that vanished was no error a moment earlier either.
    let error = scanned.error.filter(|errno| *errno != Errno::NOENT);
    unread.extend(error.map(|errno| self::unread(scanned.path.clone(), errno)));
    let borders = scanned.entries.iter().filter(|entry| entry.border);
    let borders = borders.map(|entry| whole(&entry.name)).collect();
    let excluded = scanned.excluded.iter().map(|name| whole(name)).collect();
    SourceDir {
        path: scanned.path,
        dir: scanned.dir,
        found: scanned.entries,
        unread,
        failed: error.is_some(),
        excluded,
        borders,
        look,
        exhausted,
    }
}

/// The record of something that the system refuses to show.
pub fn unread(path: Box<[u8]>, errno: Errno) -> Unread {
    Unread { path, errno: errno.raw_os_error(), text: errno_text(errno) }
}

/// The latest change of an inode below a directory: a copy of a file system made at one moment was
/// made no earlier than that.
///
/// # Errors
/// The root cannot be looked at.
pub fn latest_change(root: &Arc<Dir>, threads: usize) -> Result<Time> {
    let cannot = || "cannot walk the source";
    let rules = Rules::everything(true);
    let latest = |_: Option<&Time>, scanned: &Scanned| {
        scanned.entries.iter().map(|found| found.stat.ctime).max().unwrap_or_default()
    };
    let walk = Walk::start(Arc::clone(root), rules, threads, Box::new(latest)).doing(cannot)?;
    let own = root.stat_self().doing(cannot)?.ctime;
    Ok(walk.map(|(_, latest)| *latest).fold(own, Time::max))
}

/// The latest stamp that proves something, given the clock of the source's file system when the
/// scan began.
pub fn racy_limit(clock: Time) -> Time {
    clock.minus_seconds(RACY_SECONDS)
}

/// The entry that a stat shows; content and extended attributes are still to be read.
pub fn entry_of(name: &[u8], stat: &Stat, limit: Time) -> Entry {
    Entry { racy: stat.mtime.max(stat.ctime) > limit, ..stat.entry(name) }
}

/// The root's own entry: a directory like others, but for its name. Stamps later than `limit`
/// prove nothing.
///
/// # Errors
/// The system's, when its attributes cannot be read.
pub fn root(dir: &Dir, limit: Time) -> crate::fs::Result<Entry> {
    let entry = entry_of(b"", &dir.stat_self()?, limit);
    Ok(Entry { xattrs: crate::fs::read_xattrs(dir, b"")?, ..entry })
}
