//! The exclusions of a snapshot: the rules of its push and the topmost paths that they excluded.
//!
//! They are stored in a separate file, because they can be large and most commands read all nodes. The node
//! has the digest of the file. Snapshots with equal exclusions share one inode.

use super::node::{ExcludedRef, Node, PathField};
use super::{Sink, layout};
use crate::error::{Error, Result, errno_text};
use crate::fs::{self, Dir, Errno};
use crate::tree::Digest;
use serde::{Deserialize, Serialize};

/// How many excluded paths a record lists; if there are more, it lists none.
const MAX_PATHS: usize = 10_000;
/// How many bytes the excluded paths may have together.
const MAX_PATH_BYTES: usize = 1 << 20;
/// The largest record, in bytes.
const MAX_RECORD: usize = 16 << 20;

/// The origin of patterns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PatternOrigin {
    /// The source's `.emu/excludes`.
    Excludes,
    /// A file named with `--exclude-from`.
    ExcludeFrom,
    /// `--exclude`.
    Exclude,
}

/// A text of patterns, a line each; invalid lines are empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatternText {
    /// Where it is from.
    pub from: PatternOrigin,
    /// The lines.
    pub text: String,
}

/// The exclude rules of a push.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ExcludeRules {
    /// Texts of patterns; later ones win.
    pub patterns: Vec<PatternText>,
    /// Of a directory with a CACHEDIR.TAG only that file is saved.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub caches: bool,
    /// Of a directory with a file of this name only that file is saved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_present: Option<String>,
    /// Regular files of more bytes are not saved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub larger_than: Option<u64>,
    /// Directories on other file systems are not entered.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub one_file_system: bool,
}

/// The exclusions of a snapshot, as they are stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excluded {
    /// Version of this record.
    pub v: u32,
    /// The rules.
    pub rules: ExcludeRules,
    /// How many topmost paths were excluded.
    pub count: u64,
    /// These paths in manifest order; none if there are too many to list.
    pub paths: Vec<PathField>,
}

/// The exclusions as a record of plumbing, between the entries of a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exclusions {
    #[serde(rename = "type")]
    ty: String,
    /// The exclusions.
    #[serde(flatten)]
    pub excluded: Excluded,
    /// Directories on other file systems.
    #[serde(default)]
    pub mounts: Vec<PathField>,
}

/// The topmost excluded paths that a scan met, as far as a record lists them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExcludedPaths {
    count: u64,
    bytes: usize,
    paths: Vec<Box<[u8]>>,
}

impl ExcludedPaths {
    /// Adds a path; above the limits only the number is kept.
    pub fn add(&mut self, path: Box<[u8]>) {
        self.count += 1;
        self.bytes = self.bytes.saturating_add(path.len());
        if self.count as usize <= MAX_PATHS && self.bytes <= MAX_PATH_BYTES {
            self.paths.push(path);
        } else {
            self.paths = Vec::new();
        }
    }

    /// Whether `path` is one of these paths or lies below one. Above the limits no path is known.
    pub fn covers(&self, path: &[u8]) -> bool {
        self.paths.iter().any(|excluded| crate::tree::path::is_within(path, excluded))
    }
}

impl Exclusions {
    /// The record of these exclusions.
    pub fn new(excluded: Excluded, mounts: Vec<PathField>) -> Exclusions {
        Exclusions { ty: "exclusions".to_owned(), excluded, mounts }
    }

    /// Checks a record that another program made.
    ///
    /// # Errors
    /// What is wrong with it, in a few words.
    pub fn check(&self) -> std::result::Result<(), &'static str> {
        let Excluded { v, paths, .. } = &self.excluded;
        let is_sound =
            |field: &PathField| field.bytes().is_some_and(|path| crate::tree::path::is_safe(&path));
        let listed = paths.is_empty() || self.excluded.is_listed();
        match () {
            () if *v != 1 => Err("a version that this program does not know"),
            () if !listed || paths.len() > MAX_PATHS => Err("another number of paths than it says"),
            () if !paths.iter().chain(&self.mounts).all(is_sound) => Err("a path that leads out of the tree"),
            () => Ok(()),
        }
    }
}

impl Excluded {
    /// The record of a push.
    pub fn new(rules: ExcludeRules, met: &ExcludedPaths) -> Excluded {
        let paths = met.paths.iter().map(|path| PathField::new(path)).collect();
        Excluded { v: 1, rules, count: met.count, paths }
    }

    /// Whether all excluded paths are listed.
    pub fn is_listed(&self) -> bool {
        self.count == self.paths.len() as u64
    }

    /// Writes the record into a staging, or links the parent's record if both are equal. `None`: the rules
    /// are too large for a record.
    ///
    /// # Errors
    /// The system's.
    pub fn stage(
        &self,
        sink: &Sink,
        staging: &Dir,
        parent: Option<&Node>,
    ) -> fs::Result<Option<ExcludedRef>> {
        let text = serde_json::to_string(self).unwrap_or_default() + "\n";
        if text.len() > MAX_RECORD {
            return Ok(None);
        }
        let found = ExcludedRef { sha256: Digest::of(text.as_bytes()), count: self.count };
        let is_same = |node: &&Node| node.excluded == Some(found) && sink.excluded(node).is_ok();
        let same = parent.filter(is_same);
        let linked = same.is_some_and(|node| {
            let records = sink.emu().open_dir(layout::EXCLUDED);
            records.and_then(|dir| dir.link(node.id.as_bytes(), staging, layout::EXCLUDED)).is_ok()
        });
        if !linked {
            fs::put_file(staging, layout::EXCLUDED, text.as_bytes())?;
        }
        Ok(Some(found))
    }
}

impl Sink {
    /// Reads the exclusions of a snapshot; `None` if they were not recorded.
    ///
    /// # Errors
    /// The record is missing or damaged.
    pub fn excluded(&self, node: &Node) -> Result<Option<Excluded>> {
        let Some(known) = node.excluded else { return Ok(None) };
        let bad = |why: String| {
            let what = format!("cannot read what {} was told to leave out", node.short());
            Err(Error::failed(what).because(why))
        };
        let dir = self.emu().open_dir(layout::EXCLUDED);
        let content = match dir.and_then(|dir| fs::read_limited(&dir, node.id.as_bytes(), MAX_RECORD as u64))
        {
            Ok(content) => content,
            Err(Errno::NOENT) => return bad(format!("{} is missing", self.inside(&path_of(node)))),
            Err(errno) => return bad(errno_text(errno)),
        };
        if Digest::of(&content) != known.sha256 {
            return bad(format!("{} is damaged", self.inside(&path_of(node))));
        }
        match serde_json::from_slice::<Excluded>(&content) {
            Ok(excluded) if excluded.v == 1 => Ok(Some(excluded)),
            _ => bad("it is of a later version".to_owned()),
        }
    }
}

/// The path of the stored exclusions below `.emu`.
fn path_of(node: &Node) -> Vec<u8> {
    [layout::EXCLUDED, b"/", node.id.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn above_the_limits_only_the_number_of_paths_is_kept() {
        let mut met = ExcludedPaths::default();
        (0..MAX_PATHS).for_each(|n| met.add(format!("d/{n}").into_bytes().into()));
        let excluded = Excluded::new(ExcludeRules::default(), &met);
        assert!(excluded.is_listed() && excluded.count == MAX_PATHS as u64);
        met.add(b"d/more".as_slice().into());
        let excluded = Excluded::new(ExcludeRules::default(), &met);
        assert!(!excluded.is_listed() && excluded.count == MAX_PATHS as u64 + 1 && excluded.paths.is_empty());
        let mut met = ExcludedPaths::default();
        met.add(vec![b'a'; MAX_PATH_BYTES].into());
        met.add(b"b".as_slice().into());
        assert!(met.paths.is_empty() && met.count == 2);
    }

    #[test]
    fn a_record_of_another_program_is_checked() {
        let mut met = ExcludedPaths::default();
        met.add(b"a".as_slice().into());
        let sound = Excluded::new(ExcludeRules::default(), &met);
        let check = |excluded: Excluded| Exclusions::new(excluded, Vec::new()).check();
        assert_eq!(check(sound.clone()), Ok(()));
        assert!(check(Excluded { count: 2, ..sound.clone() }).is_err());
        assert!(check(Excluded { v: 2, ..sound.clone() }).is_err());
        let outside = vec![PathField::new(b"../a")];
        assert!(check(Excluded { paths: outside.clone(), ..sound.clone() }).is_err());
        assert!(Exclusions::new(sound, outside).check().is_err());
    }
}
