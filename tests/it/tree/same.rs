//! Compares two trees in everything that a backup must keep.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::line::escape;
use super::print::{is_emu, kind_of, numbers, relative, xattrs};

/// How many differences a failure lists.
const LISTED: usize = 40;

/// Fails unless both trees have the same names, kinds, modes, owners, mtimes (nanoseconds),
/// contents, targets, xattrs and hard links, the two roots included. A top-level `.emu` does not
/// count on either side, nor do names outside the trees, ctimes, atimes and holes.
#[track_caller]
pub fn assert_same(a: &Path, b: &Path) {
    let found = differences(a, b);
    if !found.is_empty() {
        let listed: Vec<_> = found.iter().take(LISTED).map(String::as_str).collect();
        panic!(
            "{} differs from {} in {} places:\n{}",
            b.display(),
            a.display(),
            found.len(),
            listed.join("\n")
        );
    }
}

/// A line for each difference: `path: what in a, then b`.
pub fn differences(a: &Path, b: &Path) -> Vec<String> {
    let (left, right) = (walk(a), walk(b));
    let names: BTreeSet<_> = left.keys().chain(right.keys()).collect();
    let mut found = Vec::new();
    for name in names {
        let shown = escape(name.as_os_str().as_encoded_bytes(), true);
        let mut differ = |what: &str, one: &str, other: &str| {
            if one != other {
                found.push(format!("{shown}: {what}{one}, then {other}"));
            }
        };
        match (left.get(name), right.get(name)) {
            (Some(one), Some(other)) if one.kind == other.kind => {
                one.facts
                    .iter()
                    .zip(&other.facts)
                    .for_each(|((what, one), (_, other))| differ(what, one, other));
                xattr_differences(one, other, &mut differ);
                if one.kind == "file"
                    && one.size() == other.size()
                    && let Some(at) = first_difference(&one.path, &other.path)
                {
                    found.push(format!("{shown}: content differs from byte {at}"));
                }
            }
            (one, other) => {
                let kind = |side: Option<&Facts>| side.map_or("missing", |facts| facts.kind);
                differ("", kind(one), kind(other));
            }
        }
    }
    found
}

/// What is compared of one entry, each with its word.
struct Facts {
    path: PathBuf,
    kind: &'static str,
    facts: Vec<(&'static str, String)>,
    xattrs: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Facts {
    fn size(&self) -> u64 {
        self.path.symlink_metadata().unwrap().len()
    }
}

fn walk(root: &Path) -> BTreeMap<PathBuf, Facts> {
    let mut first_names: HashMap<(u64, u64), PathBuf> = HashMap::new();
    let mut found = BTreeMap::new();
    let walk = WalkDir::new(root).sort_by_file_name().into_iter();
    for entry in walk.filter_entry(|entry| !is_emu(root, entry.path())) {
        let entry = entry.unwrap();
        let path = entry.path();
        let name = relative(root, path);
        let stat = path.symlink_metadata().unwrap();
        let first = first_names.entry((stat.dev(), stat.ino())).or_insert_with(|| name.clone());
        let facts = facts(path, &stat, first);
        let xattrs = xattrs(path).into_iter().collect();
        found.insert(name, Facts { path: path.to_owned(), kind: kind_of(&stat), facts, xattrs });
    }
    found
}

fn facts(path: &Path, stat: &fs::Metadata, first: &Path) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("mode ", format!("{:04o}", stat.mode() & 0o7777)),
        ("uid ", stat.uid().to_string()),
        ("gid ", stat.gid().to_string()),
        ("mtime ", format!("{}.{:09}", stat.mtime(), stat.mtime_nsec())),
        ("one inode with ", escape(first.as_os_str().as_encoded_bytes(), true)),
    ];
    match kind_of(stat) {
        "file" => facts.push(("size ", stat.len().to_string())),
        "symlink" => {
            let target = fs::read_link(path).unwrap();
            facts.push(("target ", escape(target.as_os_str().as_encoded_bytes(), true)));
        }
        "char" | "block" => facts.push(("rdev ", numbers(stat))),
        _ => {}
    }
    facts
}

fn xattr_differences(one: &Facts, other: &Facts, differ: &mut impl FnMut(&str, &str, &str)) {
    let names: BTreeSet<_> = one.xattrs.keys().chain(other.xattrs.keys()).collect();
    for name in names {
        let value =
            |facts: &Facts| facts.xattrs.get(name).map_or("none".to_owned(), |value| escape(value, true));
        differ(&format!("xattr {} ", escape(name, true)), &value(one), &value(other));
    }
}

/// Where two files of one size differ first.
fn first_difference(a: &Path, b: &Path) -> Option<usize> {
    let (a, b) = (fs::read(a).unwrap(), fs::read(b).unwrap());
    if a == b { None } else { Some(a.iter().zip(&b).take_while(|(one, other)| one == other).count()) }
}
