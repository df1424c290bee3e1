//! Differences between small trees that are written down here.

use super::*;
use crate::tree::{Time, Xattrs};

fn entry(name: &str, kind: Kind, content: &str) -> Entry {
    let is_file = kind == Kind::File;
    Entry {
        name: name.as_bytes().into(),
        kind,
        mode: 0o644,
        uid: 0,
        gid: 0,
        mtime: Time { sec: 1, nanos: 0 },
        size: if is_file { content.len() as u64 } else { 0 },
        sha256: is_file.then(|| Digest::of(content.as_bytes())),
        target: (kind == Kind::Symlink).then(|| content.as_bytes().into()),
        rdev: None,
        ino: content.len() as u64 + 100,
        ctime: Time::default(),
        nlink: 1,
        racy: false,
        torn: false,
        unattested: false,
        xattrs: Xattrs::new(),
        links: None,
        held: None,
        made: None,
        sink_ino: 0,
    }
}

fn file(name: &str, content: &str) -> Entry {
    entry(name, Kind::File, content)
}

fn tree(listings: Vec<(&str, Vec<Entry>)>) -> Tree<'static> {
    let listing = |(dir, entries): (&str, Vec<Entry>)| Listing { dir: dir.as_bytes().into(), entries };
    let mut listings = listings.into_iter().map(listing).collect::<Vec<_>>().into_iter();
    Tree {
        root: entry("", Kind::Dir, ""),
        listings: Box::new(move || Ok(listings.next())),
        unknown: Vec::new(),
    }
}

fn shown(before: Tree<'_>, after: Tree<'_>, paths: &[&str]) -> Vec<String> {
    let paths: Vec<Box<[u8]>> = paths.iter().map(|path| path.as_bytes().into()).collect();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let line = |change: Change| {
        let from = change.from.map_or(String::new(), |from| format!(" from {}", text(&from)));
        format!("{} {}{from}", change.how.letter(), text(&change.path))
    };
    diff(before, after, &paths).unwrap().into_iter().map(line).collect()
}

#[test]
fn each_kind_of_change_is_told() {
    let before = tree(vec![
        (
            "",
            vec![
                file("a", "1"),
                file("b", "22"),
                entry("d", Kind::Dir, ""),
                file("k", "4444"),
                file("z", "same"),
            ],
        ),
        ("d", vec![file("x", "333")]),
    ]);
    let mut mode = file("z", "same");
    mode.mode = 0o600;
    let after =
        tree(vec![("", vec![file("b", "2x"), file("c", "new, 9"), entry("k", Kind::Symlink, "t"), mode])]);
    assert_eq!(shown(before, after, &[]), ["D a", "M b", "A c", "D d", "T k", "U z", "D d/x"]);
}

#[test]
fn what_moved_is_one_change_and_an_empty_file_never_moved() {
    let before = tree(vec![("", vec![file("a", "some content"), file("empty", ""), file("twin", "equal")])]);
    let mut twin = file("other", "equal");
    (twin.ino, twin.mtime) = (7, Time { sec: 9, nanos: 9 });
    let after = tree(vec![("", vec![file("b", "some content"), file("none", ""), twin])]);
    // Equal content alone, with another inode and another time, is a copy and no move.
    assert_eq!(shown(before, after, &[]), ["R b from a", "D empty", "A none", "A other", "D twin"]);
}

#[test]
fn one_that_is_gone_moves_to_one_place_only() {
    let before = tree(vec![("", vec![file("a", "content")])]);
    let after = tree(vec![("", vec![file("b", "content"), file("c", "content")])]);
    assert_eq!(shown(before, after, &[]), ["R b from a", "A c"]);
}

#[test]
fn paths_choose_what_is_at_and_below_them() {
    let trees = || {
        let before = tree(vec![("", vec![file("a", "1"), entry("d", Kind::Dir, "")])]);
        let below =
            vec![("", vec![entry("d", Kind::Dir, ""), file("da", "22")]), ("d", vec![file("x", "333")])];
        (before, tree(below))
    };
    let only = |paths: &[&str]| {
        let (before, after) = trees();
        shown(before, after, paths)
    };
    assert_eq!(only(&["d"]), ["A d/x"]);
    assert_eq!(only(&["d/x", "a"]), ["D a", "A d/x"]);
    assert!(only(&["none"]).is_empty());
}

#[test]
fn what_could_not_be_read_is_not_gone() {
    let before =
        tree(vec![("", vec![entry("d", Kind::Dir, ""), file("e", "1")]), ("d", vec![file("x", "22")])]);
    let mut after = tree(vec![("", vec![entry("d", Kind::Dir, "")])]);
    after.unknown = vec![b"d"[..].into()];
    assert_eq!(shown(before, after, &[]), ["D e"]);
    let mut before = tree(vec![("", vec![entry("d", Kind::Dir, "")])]);
    before.unknown = vec![b"d"[..].into()];
    let after =
        tree(vec![("", vec![entry("d", Kind::Dir, ""), file("e", "1")]), ("d", vec![file("x", "22")])]);
    assert_eq!(shown(before, after, &[]), ["A e"]);
}

#[test]
fn a_new_directory_on_the_inode_of_a_removed_one_has_not_moved() {
    let before = tree(vec![("", vec![entry("a", Kind::Dir, "")])]);
    let later = Entry { mtime: Time { sec: 5, nanos: 0 }, ..entry("b", Kind::Dir, "") };
    let after = tree(vec![("", vec![later])]);
    assert_eq!(shown(before, after, &[]), ["D a", "A b"]);
}

#[test]
fn the_time_of_a_directory_is_told_apart() {
    let later = |kind| Entry { mtime: Time { sec: 5, nanos: 0 }, ..entry("d", kind, "") };
    for (kind, expected) in [(Kind::Dir, true), (Kind::File, false)] {
        let before = tree(vec![("", vec![entry("d", kind, "")])]);
        let changes = diff(before, tree(vec![("", vec![later(kind)])]), &[]).unwrap();
        assert_eq!((changes.len(), changes[0].is_dir_time()), (1, expected));
    }
}
