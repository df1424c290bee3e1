//! Second stage: entries of the source against HEAD's manifest give every path a target.
//!
//! Decisions are made per source inode. Nothing is opened here; only attributes and targets of
//! symbolic links are read, where ctime says that they may differ.

mod attributes;
mod moved;

use attributes::shared_inode;

use super::plan::{Planned, Reason, Target};
use crate::config::{Compare, MetadataChange};
use crate::fs::{self, Dir};
use crate::tree::{Entry, Kind, Made, Time, Xattrs, path};
use std::collections::HashMap;

/// How unchanged files are told, and what the sink can hold.
#[derive(Debug, Clone, Copy)]
pub struct CompareRules {
    /// Which stamps count.
    pub compare: Compare,
    /// What becomes of a file of which only attributes changed.
    pub metadata_change: MetadataChange,
    /// Whether this push sets owners in this sink.
    pub can_hold_owner: bool,
    /// Whether this push may store extended attributes that the last one was not allowed to.
    pub can_hold_xattrs: bool,
}

/// An inode of the source: device and number.
type Inode = (u64, u64);

struct Group {
    first: Box<[u8]>,
    left: u32,
    /// Size and mtime: an inode that was freed and used again meanwhile is another file.
    shown: (u64, Time),
}

/// What was seen on the way, for the remark on sources without stable stamps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    /// Files that HEAD has as well.
    pub paired: u64,
    /// Those whose inode or ctime alone differ.
    pub restamped: u64,
}

/// Compares one sink's HEAD with the source, directory by directory.
pub struct Comparer {
    rules: CompareRules,
    groups: HashMap<Inode, Group>,
    claims: HashMap<Box<[u8]>, Inode>,
    recorded: u64,
    /// What was seen so far.
    pub seen: Seen,
}

/// An entry of the source, with what has been read of it for any sink.
pub struct Subject {
    /// What the stat showed.
    pub entry: Entry,
    /// Device of the inode.
    pub dev: u64,
    xattrs: Option<Xattrs>,
}

impl Subject {
    /// An entry that only a stat is known of.
    pub fn new(entry: Entry, dev: u64) -> Subject {
        Subject { entry, dev, xattrs: None }
    }

    fn xattrs(&mut self, dir: &Dir) -> fs::Result<&Xattrs> {
        if self.xattrs.is_none() {
            self.xattrs = Some(fs::read_xattrs(dir, &self.entry.name)?);
        }
        Ok(self.xattrs.get_or_insert_default())
    }

    fn target(&mut self, dir: &Dir) -> fs::Result<()> {
        if self.entry.kind == Kind::Symlink && self.entry.target.is_none() {
            self.entry.target = Some(dir.read_link(&self.entry.name)?);
        }
        Ok(())
    }
}

impl Comparer {
    /// A comparer for one sink.
    pub fn new(rules: CompareRules) -> Comparer {
        Comparer { rules, groups: HashMap::new(), claims: HashMap::new(), recorded: 0, seen: Seen::default() }
    }

    /// The target of one entry of the directory `at`, whose counterpart in HEAD is `prev`.
    ///
    /// # Errors
    /// The system's, when the source does not let its attributes be read.
    pub fn decide(
        &mut self,
        at: &[u8],
        subject: &mut Subject,
        dir: &Dir,
        prev: Option<&Entry>,
    ) -> fs::Result<Planned> {
        let mut planned = self.decide_alone(at, subject, dir, prev)?;
        let whole = || path::join(at, &subject.entry.name);
        planned.entry.made = prev.and_then(|prev| prev.made.as_ref().and_then(|_| made_of(prev, &whole())));
        Ok(Planned { sink_ino: prev.map_or(0, |prev| prev.sink_ino), ..planned })
    }

    fn decide_alone(
        &mut self,
        at: &[u8],
        subject: &mut Subject,
        dir: &Dir,
        prev: Option<&Entry>,
    ) -> fs::Result<Planned> {
        let whole = path::join(at, &subject.entry.name);
        let inode = (subject.dev, subject.entry.ino);
        if subject.entry.may_be_grouped()
            && let Some(first) = self.later_name(inode, &whole, &subject.entry)
        {
            let mut planned = plan(&subject.entry, Target::SameAs(first), Reason::Unchanged);
            planned.xattrs_known = true;
            return Ok(planned);
        }
        let Some(prev) = prev.filter(|prev| prev.kind == subject.entry.kind) else {
            return self.added(subject, dir);
        };
        match subject.entry.kind {
            Kind::File => self.file(&whole, inode, subject, dir, prev),
            Kind::Dir => directory(subject, dir, prev),
            _ => {
                let mut planned = self.without_bytes(subject, dir, prev)?;
                let kept = planned.target == Target::Keep;
                if kept && prev.may_be_grouped() && !self.claim(&whole, prev, inode) {
                    planned.target = Target::New;
                }
                Ok(planned)
            }
        }
    }

    /// The target of an entry whose content was hashed before: records are compared, not stamps.
    pub fn decide_recorded(&mut self, whole: &[u8], entry: Entry, prev: Option<&Entry>) -> Planned {
        let first = entry.links.clone();
        let entry = Entry { held: None, made: None, ..entry };
        let mut planned = match (entry.kind, first) {
            (Kind::Dir, _) => plan(&entry, Target::Dir, Reason::Added),
            (_, Some(first)) => plan(&entry, Target::SameAs(first), Reason::Unchanged),
            _ => plan(&entry, Target::New, Reason::Added),
        };
        planned.xattrs_known = true;
        let Some(prev) = prev.filter(|_| planned.target == Target::New) else { return planned };
        planned.reason = Reason::Modified;
        planned.prior = prev.sha256;
        planned.sink_ino = prev.sink_ino;
        let equal = entry.same_content(prev) && entry.same_attributes(prev) && !self.can_hold_more(prev);
        // Every name without `links` stands for an inode of its own.
        self.recorded += 1;
        if equal && (!prev.may_be_grouped() || self.claim(whole, prev, (u64::MAX, self.recorded))) {
            planned.target = Target::Keep;
            planned.reason = Reason::Unchanged;
            planned.share = prev.held.clone();
            planned.entry.made = made_of(prev, whole);
        }
        planned
    }

    /// The first path of the group, if this inode was met before.
    fn later_name(&mut self, inode: Inode, whole: &[u8], entry: &Entry) -> Option<Box<[u8]>> {
        let shown = (entry.size, entry.mtime);
        let Some(group) = self.groups.get_mut(&inode).filter(|group| group.shown == shown) else {
            let left = entry.nlink.saturating_sub(1);
            self.groups.insert(inode, Group { first: whole.into(), left, shown });
            return None;
        };
        let first = group.first.clone();
        group.left = group.left.saturating_sub(1);
        if group.left == 0 {
            self.groups.remove(&inode);
        }
        Some(first)
    }

    fn added(&mut self, subject: &mut Subject, dir: &Dir) -> fs::Result<Planned> {
        let mut planned = plan(&subject.entry, Target::New, Reason::Added);
        if subject.entry.kind == Kind::Dir {
            planned.target = Target::Dir;
            planned.entry.xattrs = subject.xattrs(dir)?.clone();
            planned.xattrs_known = true;
        }
        Ok(planned)
    }

    fn file(
        &mut self,
        whole: &[u8],
        inode: Inode,
        subject: &mut Subject,
        dir: &Dir,
        prev: &Entry,
    ) -> fs::Result<Planned> {
        self.seen.paired += 1;
        let now = &subject.entry;
        let same_inode = now.ino == prev.ino && now.ctime == prev.ctime;
        let stamps = now.size == prev.size && now.mtime == prev.mtime;
        self.seen.restamped += u64::from(stamps && !same_inode);
        let proven = stamps
            && !prev.racy
            && !prev.torn
            && match self.rules.compare {
                Compare::Strict => same_inode,
                Compare::NoInode => now.ctime == prev.ctime,
                Compare::Mtime => true,
            };
        if !stamps && (now.size != prev.size || self.rules.metadata_change == MetadataChange::Copy) {
            let mut planned = plan(now, Target::New, Reason::Modified);
            planned.prior = prev.sha256;
            return Ok(planned);
        }
        let xattrs =
            if same_inode && !prev.racy { prev.xattrs.clone() } else { subject.xattrs(dir)?.clone() };
        let mut planned = plan(&subject.entry, Target::Keep, Reason::Unchanged);
        planned.entry.xattrs = xattrs;
        planned.xattrs_known = true;
        planned.prior = prev.sha256;
        self.settle(&mut planned, prev, proven);
        let kept = matches!(planned.target, Target::Keep | Target::Check(_));
        if kept && prev.may_be_grouped() && !self.claim(whole, prev, inode) {
            planned.target = Target::New;
            planned.reason = Reason::Doubtful;
        }
        Ok(planned)
    }

    /// Keep, look, or make anew: by what the stamps prove and whether attributes agree.
    fn settle(&self, planned: &mut Planned, prev: &Entry, proven: bool) {
        let equal = planned.entry.same_attributes(prev) && !self.can_hold_more(prev);
        let Some(known) = prev.sha256 else {
            planned.target = Target::New;
            planned.reason = Reason::Doubtful;
            return;
        };
        match (equal, self.rules.metadata_change) {
            (true, _) => {
                planned.share = prev.held.clone();
                planned.reason = if proven { Reason::Unchanged } else { Reason::Doubtful };
                planned.target = if proven { Target::Keep } else { Target::Check(known) };
            }
            (false, change) => {
                let shares = change == MetadataChange::Share;
                planned.share = shared_inode(&planned.entry, prev);
                planned.reason = Reason::Attributes;
                planned.target = if shares { Target::Check(known) } else { Target::New };
            }
        }
    }

    /// Whether this push could hold something that HEAD's inode lacks.
    fn can_hold_more(&self, prev: &Entry) -> bool {
        prev.held.as_deref().is_some_and(|held| {
            let owner = held.uid.is_some() || held.gid.is_some() || held.mode.is_some();
            (owner && self.rules.can_hold_owner) || (!held.xattrs.is_empty() && self.rules.can_hold_xattrs)
        })
    }

    /// A sink inode belongs to the first source inode that gets it.
    fn claim(&mut self, whole: &[u8], prev: &Entry, inode: Inode) -> bool {
        let split = prev.held.as_deref().is_some_and(|held| held.split);
        let key: Box<[u8]> = match &prev.links {
            Some(first) if !split => first.clone(),
            _ => whole.into(),
        };
        *self.claims.entry(key).or_insert(inode) == inode
    }

    /// A symbolic link, a FIFO, a socket or a device.
    fn without_bytes(&mut self, subject: &mut Subject, dir: &Dir, prev: &Entry) -> fs::Result<Planned> {
        let now = &subject.entry;
        let same = now.mtime == prev.mtime
            && (now.mode, now.rdev) == (prev.mode, prev.rdev)
            && match self.rules.compare {
                Compare::Strict => now.ino == prev.ino && now.ctime == prev.ctime,
                Compare::NoInode => now.ctime == prev.ctime,
                Compare::Mtime => true,
            };
        if same && !prev.racy && now.same_owner(prev) && !self.can_hold_more(prev) {
            let mut planned = plan(now, Target::Keep, Reason::Unchanged);
            planned.entry.target = prev.target.clone();
            planned.entry.xattrs = prev.xattrs.clone();
            planned.xattrs_known = true;
            planned.share = prev.held.clone();
            return Ok(planned);
        }
        subject.target(dir)?;
        let xattrs = subject.xattrs(dir)?.clone();
        let mut planned = plan(&subject.entry, Target::New, Reason::Modified);
        planned.entry.xattrs = xattrs;
        planned.xattrs_known = true;
        if planned.entry.same_content(prev)
            && planned.entry.same_attributes(prev)
            && !self.can_hold_more(prev)
        {
            planned.target = Target::Keep;
            planned.reason = Reason::Doubtful;
            planned.share = prev.held.clone();
        }
        Ok(planned)
    }
}

impl Entry {
    fn same_owner(&self, other: &Entry) -> bool {
        self.uid == other.uid && self.gid == other.gid
    }
}

/// Which snapshot created the inode of an entry that stands under the same path in HEAD.
fn made_of(prev: &Entry, whole: &[u8]) -> Option<Made> {
    prev.made_for(whole, whole)
}

fn plan(entry: &Entry, target: Target, reason: Reason) -> Planned {
    Planned {
        entry: entry.clone(),
        target,
        xattrs_known: false,
        prior: None,
        share: None,
        sink_ino: 0,
        from: None,
        settled: false,
        reason,
    }
}

fn directory(subject: &mut Subject, dir: &Dir, prev: &Entry) -> fs::Result<Planned> {
    let mut planned = plan(&subject.entry, Target::Dir, Reason::Unchanged);
    let untouched = subject.entry.ino == prev.ino && subject.entry.ctime == prev.ctime && !prev.racy;
    planned.entry.xattrs = if untouched { prev.xattrs.clone() } else { subject.xattrs(dir)?.clone() };
    planned.xattrs_known = true;
    if planned.entry.mode != prev.mode
        || !planned.entry.same_owner(prev)
        || planned.entry.xattrs != prev.xattrs
    {
        planned.reason = Reason::Attributes;
    }
    Ok(planned)
}
