//! The list of entries that verify found damaged, in `.emu/damaged`.
//!
//! Verify adds to the list and repair removes from it; a push reads it, and links nothing that it names.
//! An entry names the damaged inode where the file system has stable inode numbers, because other paths
//! and other snapshots may share that inode; otherwise the entry names the path alone.

use super::{Lock, Sink, Wait, layout, node::PathField};
use crate::error::{Doing as _, Error, Result};
use crate::fs::{self, Dir, FsKind, Inode};
use crate::tree::{Digest, Time};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::time::Duration;

/// The list takes at most so many bytes; what does not fit is not listed, and `more` says so.
const MAX_BYTES: usize = 16 << 20;
/// How long an update of the list waits for another one.
const WAIT: Wait = Wait(Duration::from_secs(10));

/// An entry of a snapshot that is not what was saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DamagedEntry {
    /// The snapshot; empty if the damaged inode is known and the snapshot's path no longer has it.
    pub id: String,
    /// The path in its tree.
    pub path: Box<[u8]>,
    /// What is wrong: the word of the finding.
    pub what: String,
    /// The recorded hash, if the content is wrong.
    pub sha256: Option<Digest>,
    /// The inode that the path has, if there is one and its number is stable.
    pub inode: Option<Inode>,
}

/// All entries of a sink that are known to be damaged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DamageList {
    /// The entries.
    pub entries: Vec<DamagedEntry>,
    /// There are more than the list can hold.
    pub more: bool,
}

#[derive(Serialize, Deserialize)]
struct Head {
    v: u32,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    more: bool,
}

#[derive(Serialize, Deserialize)]
struct Line {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    id: String,
    #[serde(flatten)]
    path: PathField,
    what: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sha256: Option<Digest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ino: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    born: Option<String>,
}

impl Line {
    fn new(entry: &DamagedEntry) -> Line {
        Line {
            id: entry.id.clone(),
            path: PathField::new(&entry.path),
            what: entry.what.clone(),
            sha256: entry.sha256,
            ino: entry.inode.map(|inode| inode.ino.to_string()),
            born: entry.inode.and_then(|inode| inode.born).map(|born| born.to_string()),
        }
    }

    fn into_entry(self) -> Option<DamagedEntry> {
        let born = self.born.map(|born| Time::parse(&born).ok_or(())).transpose().ok()?;
        let ino = self.ino.map(|ino| ino.parse()).transpose().ok()?;
        Some(DamagedEntry {
            path: self.path.bytes()?,
            id: self.id,
            what: self.what,
            sha256: self.sha256,
            inode: ino.map(|ino| Inode { ino, born }),
        })
    }
}

impl DamageList {
    fn parse(text: &[u8]) -> Option<DamageList> {
        let mut lines = text.split(|&b| b == b'\n').filter(|line| !line.is_empty());
        let head: Head = serde_json::from_slice(lines.next()?).ok()?;
        let entry = |line: &[u8]| serde_json::from_slice::<Line>(line).ok()?.into_entry();
        let entries = lines.map(entry).collect::<Option<_>>()?;
        (head.v == 1).then_some(DamageList { entries, more: head.more })
    }

    /// The list as it is stored, and whether entries had to be left out.
    fn to_text(&self) -> Result<(Vec<u8>, bool)> {
        let cannot = || "cannot write the list of damaged entries";
        let (mut body, mut too_long) = (Vec::new(), false);
        for entry in &self.entries {
            let line = serde_json::to_vec(&Line::new(entry)).doing(cannot)?;
            if body.len() + line.len() >= MAX_BYTES {
                too_long = true;
                break;
            }
            body.extend(line);
            body.push(b'\n');
        }
        let mut text = serde_json::to_vec(&Head { v: 1, more: self.more || too_long }).doing(cannot)?;
        text.push(b'\n');
        text.append(&mut body);
        Ok((text, too_long))
    }

    fn is_empty(&self) -> bool {
        self.entries.is_empty() && !self.more
    }
}

impl Sink {
    /// The entries that are known to be damaged; most often none.
    ///
    /// # Errors
    /// The list cannot be read or understood.
    pub fn damage(&self) -> Result<DamageList> {
        let cannot = || format!("cannot read {}", self.inside(layout::DAMAGED));
        let text = match fs::read_limited(self.emu(), layout::DAMAGED, 2 * MAX_BYTES as u64) {
            Err(fs::Errno::NOENT) => return Ok(DamageList::default()),
            text => text.doing(cannot)?,
        };
        DamageList::parse(&text).ok_or_else(|| Error::failed(cannot()).because("it is damaged"))
    }

    /// Changes the list of damaged entries. A list that cannot be read is written anew; a sink that
    /// must not be written is no failure. Returns whether entries had to be left out.
    ///
    /// # Errors
    /// The list cannot be written for another reason, or another update takes longer than 10 seconds.
    pub fn update_damage(&self, change: impl FnOnce(&mut DamageList)) -> Result<bool> {
        let cannot = || format!("cannot write {}", self.inside(layout::DAMAGED));
        let Ok(notes) = self.dir(layout::VERIFIED) else { return Ok(false) };
        let lock = match Lock::take(&notes, layout::LOCK, "the list of damaged entries", "emu verify", WAIT) {
            Err(error) if error.errno().is_some_and(is_read_only) => return Ok(false),
            lock => lock?,
        };
        let before = self.damage();
        let mut list = before.as_ref().ok().cloned().unwrap_or_default();
        change(&mut list);
        if before.is_ok_and(|before| before == list) {
            return Ok(false);
        }
        let (text, too_long) = list.to_text()?;
        let written = if list.is_empty() {
            match self.emu().remove_file(layout::DAMAGED) {
                Err(fs::Errno::NOENT) => Ok(()),
                removed => removed,
            }
        } else {
            fs::replace_file(self.emu(), layout::DAMAGED, &text)
        };
        drop(lock);
        match written {
            Err(errno) if is_read_only(errno) => Ok(too_long),
            written => written.map(|()| too_long).doing(cannot),
        }
    }

    /// Whether a list of damaged entries exists.
    pub fn has_damage(&self) -> bool {
        self.emu().stat(layout::DAMAGED).is_ok()
    }

    /// The inode that a name in a tree of this sink has, if its number can be relied on later.
    pub fn stable_inode(&self, dir: &Dir, name: &[u8]) -> Option<Inode> {
        match FsKind::of(self.root()) {
            FsKind::Fuse | FsKind::Network => None,
            _ => dir.inode(name).ok(),
        }
    }
}

fn is_read_only(errno: fs::Errno) -> bool {
    matches!(errno, fs::Errno::ROFS | fs::Errno::ACCESS | fs::Errno::PERM)
}

/// What a push must not take from the snapshot that it links from.
#[derive(Debug, Default)]
pub struct Avoided {
    /// Damaged paths of that snapshot whose inode is not known.
    paths: HashSet<Box<[u8]>>,
    /// Damaged inodes, whatever names they have, with their times of birth.
    inodes: HashMap<u64, Vec<Option<Time>>>,
}

impl Avoided {
    /// What must not be taken from the snapshot `parent`.
    pub fn new(list: DamageList, parent: &str) -> Avoided {
        let mut avoided = Avoided::default();
        for DamagedEntry { id, path, inode, .. } in list.entries {
            match inode {
                Some(Inode { ino, born }) => avoided.inodes.entry(ino).or_default().push(born),
                None if id == parent => drop(avoided.paths.insert(path)),
                None => {}
            }
        }
        avoided
    }

    /// Whether nothing is known to be damaged.
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty() && self.inodes.is_empty()
    }

    /// Whether the inode with this number, which stands under `name` in `dir` and belongs to the path
    /// `whole` of the parent snapshot, is known to be damaged. Costs a call of the system only if the
    /// number is that of a damaged inode: it may have been given to a new one.
    pub fn has(&self, dir: &Dir, name: &[u8], ino: u64, whole: impl FnOnce() -> Box<[u8]>) -> bool {
        if self.is_empty() {
            return false;
        }
        let is_known = self.inodes.get(&ino).is_some_and(|known| match dir.inode(name) {
            Ok(now) => known.iter().any(|born| born.is_none() || *born == now.born),
            Err(_) => true,
        });
        is_known || (!self.paths.is_empty() && self.paths.contains(&whole()))
    }

    /// Whether a path of the parent snapshot with this inode number is known to be damaged, without a
    /// look at the inode.
    pub fn names(&self, whole: &[u8], ino: u64) -> bool {
        self.inodes.contains_key(&ino) || self.paths.contains(whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &[u8], ino: Option<u64>) -> DamagedEntry {
        let inode = ino.map(|ino| Inode { ino, born: Some(Time { sec: -2, nanos: 5 }) });
        let (id, what) = ("a".repeat(40), "content".to_owned());
        DamagedEntry { id, path: path.into(), what, sha256: Some(Digest::of(b"x")), inode }
    }

    #[test]
    fn a_list_is_read_as_it_was_written() {
        let list = DamageList { entries: vec![entry(b"a/b", Some(7)), entry(b"\xff\n", None)], more: false };
        let (text, too_long) = list.to_text().unwrap();
        assert_eq!((DamageList::parse(&text), too_long), (Some(list), false));
        assert_eq!(DamageList::parse(b"{\"v\":2}\n"), None);
        assert_eq!(DamageList::parse(b"{\"v\":1}\n{\"what\":"), None);
    }

    #[test]
    fn a_list_that_is_too_long_says_that_there_is_more() {
        let long = entry(&[b'x'; 4000], None);
        let list = DamageList { entries: vec![long; MAX_BYTES / 4000], more: false };
        let (text, too_long) = list.to_text().unwrap();
        assert!(too_long && text.len() < MAX_BYTES + 100);
        assert!(DamageList::parse(&text).unwrap().more);
    }

    #[test]
    fn a_path_without_an_inode_is_avoided_in_its_own_snapshot_only() {
        let list = DamageList { entries: vec![entry(b"p", None)], more: false };
        assert!(Avoided::new(list.clone(), &"a".repeat(40)).names(b"p", 1));
        assert!(Avoided::new(list, &"b".repeat(40)).is_empty());
    }
}
