//! Tests of removing trees.
#![expect(clippy::disallowed_methods, reason = "the trees are made and looked at by other means")]

use super::*;
use crate::fs;
use std::fs::{Permissions, create_dir, create_dir_all, hard_link, set_permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

struct Place {
    root: tempfile::TempDir,
    dir: Dir,
}

impl Place {
    fn new() -> Place {
        let root = tempfile::tempdir().unwrap();
        let dir = fs::open_operator(root.path()).unwrap();
        Place { root, dir }
    }

    fn path(&self, below: &str) -> PathBuf {
        self.root.path().join(below)
    }

    fn remove(&self, threads: usize) -> Removal {
        remove_tree(&self.dir, b"tree", threads).unwrap()
    }

    fn names(&self) -> Vec<String> {
        self.dir.list().unwrap().iter().map(|item| String::from_utf8_lossy(&item.name).into_owned()).collect()
    }
}

/// Some bytes, enough for a block of their own.
fn write(path: &Path) {
    std::fs::write(path, [b'x'; 5000]).unwrap();
}

fn mode(path: &Path, mode: u32) {
    set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// `dirs` directories of `files` files each.
fn many(place: &Place, dirs: u64, files: u64) {
    for d in 0..dirs {
        let dir = place.path(&format!("tree/d{}/d{d}", d % 7));
        create_dir_all(&dir).unwrap();
        (0..files).for_each(|f| std::fs::write(dir.join(f.to_string()), "").unwrap());
    }
}

/// Calls `attempt` on a thread of an ordinary user that owns all in `place`; here, if that is us.
fn as_ordinary_user(place: &Place, attempt: impl FnOnce() + Send) {
    if !rustix::process::geteuid().is_root() {
        return attempt();
    }
    for entry in walkdir::WalkDir::new(place.root.path()) {
        std::os::unix::fs::lchown(entry.unwrap().path(), Some(1234), Some(1234)).unwrap();
    }
    as_thread_of(1234, attempt);
}

/// What removing the tree would free.
fn measured(place: &Place) -> Removal {
    crate::fs::measure_tree(crate::fs::open_operator(&place.path("tree")).unwrap()).unwrap()
}

/// A thread's identity is its own, and passes on to threads that it starts.
fn as_thread_of(id: u32, attempt: impl FnOnce() + Send) {
    let work = || {
        rustix::thread::set_thread_groups(&[]).unwrap();
        rustix::thread::set_thread_gid(rustix::fs::Gid::from_raw(id)).unwrap();
        rustix::thread::set_thread_uid(rustix::fs::Uid::from_raw(id)).unwrap();
        attempt();
    };
    std::thread::scope(|scope| scope.spawn(work).join().unwrap());
}

/// How many descriptors this process may have open in the directory.
fn open_below(place: &Place) -> usize {
    let own = std::fs::read_dir("/proc/self/fd").unwrap().filter_map(std::result::Result::ok);
    let targets = own.filter_map(|entry| std::fs::read_link(entry.path()).ok());
    targets.filter(|target| target.starts_with(place.path("tree"))).count()
}

#[test]
fn a_thousand_directories_deep() {
    for threads in [1, 4] {
        let place = Place::new();
        let mut at = place.dir.duplicate().unwrap();
        for depth in 0..1000 {
            let name: &[u8] = if depth == 0 { b"tree" } else { b"directory" };
            at.make_dir(name, 0o700).unwrap();
            at = at.open_dir(name).unwrap();
            at.create_file(b"a").unwrap();
            at.make_dir(b"beside", 0o500).unwrap();
        }
        drop(at);
        assert_eq!(place.remove(threads).entries, 3000);
        assert_eq!(place.names(), [""; 0]);
    }
}

#[test]
fn few_descriptors_however_wide_and_deep() {
    let place = Place::new();
    let mut at = place.dir.duplicate().unwrap();
    at.make_dir(b"tree", 0o700).unwrap();
    at = at.open_dir(b"tree").unwrap();
    for _ in 0..300 {
        for name in [b"a", b"b", b"n", b"y", b"z"] {
            at.make_dir(name, 0o700).unwrap();
        }
        at = at.open_dir(b"n").unwrap();
    }
    drop(at);
    let done = std::sync::atomic::AtomicBool::new(false);
    let most = std::thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let mut most = 0;
            while !done.load(Ordering::Relaxed) {
                most = most.max(open_below(&place));
            }
            most
        });
        assert_eq!(place.remove(4).entries, 1501);
        done.store(true, Ordering::Relaxed);
        watch.join().unwrap()
    });
    assert!(most <= 4 * MAX_DEPTH, "{most} open directories");
    assert_eq!(place.names(), [""; 0]);
}

#[test]
fn twenty_thousand_files_in_one_directory() {
    let place = Place::new();
    create_dir_all(place.path("tree/below")).unwrap();
    for n in 0..20_000 {
        hard_link_or_write(&place, n);
    }
    let expected = measured(&place);
    assert_eq!(expected.entries, 20_002);
    assert_eq!(place.remove(4), expected);
    assert_eq!(place.names(), ["other"]);
}

/// Names of one inode cost a test less than inodes; a new one now and then, for file systems
/// that limit the names of an inode.
fn hard_link_or_write(place: &Place, n: u32) {
    let other = place.path("other");
    if n.is_multiple_of(10_000) {
        std::fs::write(&other, "").unwrap();
    }
    hard_link(other, place.path(&format!("tree/{n}"))).unwrap();
}

#[test]
fn whatever_modes_directories_have_and_no_file_changes_its_own() {
    let place = Place::new();
    write(&place.path("kept"));
    mode(&place.path("kept"), 0o444);
    let mut dirs = vec![place.path("tree")];
    for n in 0..400_u32 {
        let dir = place.path(&format!("tree/d{}/d{n}/e", n % 5));
        create_dir_all(&dir).unwrap();
        hard_link(place.path("kept"), dir.join("kept")).unwrap();
        std::os::unix::fs::symlink("../../../../outside", dir.join("link")).unwrap();
        dirs.extend(dir.ancestors().take(3).map(Path::to_owned));
    }
    create_dir(place.path("outside")).unwrap();
    mode(&place.path("outside"), 0o500);
    as_ordinary_user(&place, || {
        let expected = measured(&place);
        let modes = [0o000, 0o555, 0o100, 0o200, 0o400, 0o600, 0o700];
        dirs.sort_unstable();
        dirs.dedup();
        for (dir, bits) in dirs.iter().rev().zip(modes.iter().cycle()) {
            mode(dir, *bits);
        }
        assert_eq!((place.remove(4), expected.entries), (expected, 1606));
    });
    assert_eq!(place.names(), ["kept", "outside"]);
    assert_eq!(place.path("kept").metadata().unwrap().mode() & 0o7777, 0o444);
    assert_eq!(place.path("outside").metadata().unwrap().mode() & 0o7777, 0o500);
}

#[test]
fn bytes_count_with_the_last_name_whichever_thread_removes_it() {
    for threads in [1, 4, 4] {
        let place = Place::new();
        let mut expected = 0;
        create_dir(place.path("tree")).unwrap();
        // Directories that are emptied at the same time have the same files.
        for pair in 0..80 {
            let (first, second) =
                (place.path(&format!("tree/{pair}a")), place.path(&format!("tree/{pair}b")));
            create_dir(&first).unwrap();
            create_dir(&second).unwrap();
            for n in 0..20 {
                let name = first.join(n.to_string());
                std::fs::write(&name, "x").unwrap();
                hard_link(&name, second.join(n.to_string())).unwrap();
                if n % 5 == 0 {
                    hard_link(&name, place.path(&format!("kept {pair} {n}"))).unwrap();
                } else {
                    expected += name.metadata().unwrap().blocks() * 512;
                }
            }
        }
        assert!(expected > 0);
        let entries = 1 + 2 * 80 + 2 * 80 * 20;
        let dirs = place.path("tree/0a").metadata().unwrap().blocks() * 512 * 160;
        let root = place.path("tree").metadata().unwrap().blocks() * 512;
        let expected = Removal { entries, bytes: expected + dirs + root };
        assert_eq!(measured(&place), expected);
        assert_eq!(place.remove(threads), expected);
        assert_eq!(place.names().len(), 80 * 4);
    }
}

#[test]
fn names_that_vanish_meanwhile_are_no_error() {
    let place = Place::new();
    for _ in 0..3 {
        many(&place, 60, 20);
        std::thread::scope(|scope| {
            scope.spawn(|| place.remove(2));
            scope.spawn(|| place.remove(2));
        });
        assert_eq!(place.names(), [""; 0]);
    }
    assert_eq!(place.remove(2), Removal::default());
}

#[test]
fn what_is_no_directory_goes_as_well_and_links_are_not_followed() {
    let place = Place::new();
    create_dir(place.path("outside")).unwrap();
    write(&place.path("outside/file"));
    std::os::unix::fs::symlink("outside", place.path("tree")).unwrap();
    place.remove(2);
    assert_eq!(place.names(), ["outside"]);
    assert!(place.path("outside/file").metadata().is_ok());
}

#[test]
fn what_a_removal_that_was_cut_off_left_beside_the_tree_is_in_nobodys_way() {
    let place = Place::new();
    create_dir_all(place.path("tree.1/left")).unwrap();
    create_dir_all(place.path(&format!("tree{}", "/d".repeat(MAX_DEPTH + 5)))).unwrap();
    assert_eq!(place.remove(1).entries, MAX_DEPTH as u64 + 6);
    assert_eq!(place.names(), ["tree.1"]);
}

#[test]
fn the_first_error_is_returned_and_the_rest_is_left() {
    let place = Place::new();
    many(&place, 60, 20);
    create_dir(place.path("tree/d3/foreign")).unwrap();
    write(&place.path("tree/d3/foreign/file"));
    if !rustix::process::geteuid().is_root() {
        return;
    }
    as_ordinary_user(&place, || {});
    // A directory of somebody else, who lets nobody in.
    let foreign = place.path("tree/d3/foreign");
    std::os::unix::fs::lchown(&foreign, Some(4321), Some(4321)).unwrap();
    mode(&foreign, 0o700);
    as_thread_of(1234, || {
        assert_eq!(remove_tree(&place.dir, b"tree", 4), Err(Errno::PERM));
    });
    assert!(foreign.join("file").metadata().is_ok());
    place.remove(4);
    assert_eq!(place.names(), [""; 0]);
}
