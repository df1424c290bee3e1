//! Bytes that a snapshot shares with its source, with an older snapshot, or with what is restored
//! from it: where the file system can, and only there.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use crate::env::{Emu, LoopFs, Output, need_loop, need_tool};
use crate::job::{id, ino, nodes, tree_of};
use crate::tree;

const TREE: &str = r#"
    dir . 0755 mtime=1700000000
    file big 0640 size=1200000 seed=4 xattr user.k=v mtime=1700000001.5
    link d/big2 = big
    file enough 0644 size=16384 seed=5 mtime=1700000002
    file holes 0600 size=3000000 seed=3 hole=65536+1048576 hole=2000000+999999 mtime=1700000003
    file odd 4755 size=100001 seed=6 uid=1000 gid=1001 mtime=1700000004
    file short 0644 size=16383 seed=7 mtime=1700000005
    file text 0444 "text" mtime=1700000006
"#;

const LARGE: [&str; 5] = ["big", "d/big2", "enough", "holes", "odd"];

/// A source on a disk of its own; sinks stand where a test wants them.
struct Place {
    // Dropped in this order: unmounted before the directory around them goes.
    disks: Vec<LoopFs>,
    emu: Emu,
}

impl Place {
    /// `None` where there is no such disk to be had.
    fn new(kind: &str, more: &[&str]) -> Option<Place> {
        if !need_loop(kind) || !need_tool("filefrag") {
            return None;
        }
        let mut place = Place { emu: Emu::new(), disks: Vec::new() };
        place.disk("one", kind, more);
        tree::build(&place.src(), TREE);
        place.emu.ok(&["init", "one/src"]);
        Some(place)
    }

    fn disk(&mut self, name: &str, kind: &str, more: &[&str]) -> &mut Place {
        self.disks.push(LoopFs::with_options(&self.emu.path(name), kind, 200, more));
        self
    }

    fn sink(&self, name: &str, at: &str) -> &Place {
        let path = self.emu.path(at).display().to_string();
        self.emu.ok(&["-S", "one/src", "sink", "add", name, &path]);
        self
    }

    fn src(&self) -> PathBuf {
        self.emu.path("one/src")
    }

    fn edit(&self, text: &str) -> &Place {
        tree::build(&self.src(), text);
        self
    }

    /// Pushes; nothing may be wrong.
    #[track_caller]
    fn push(&self) -> Output {
        let output = self.emu.run(&["-S", "one/src", "push"]).succeeds();
        assert_eq!(output.stderr, "");
        output
    }

    fn node(&self, sink: &str) -> Value {
        nodes(&self.emu.path(sink)).pop().unwrap()
    }

    fn newest(&self, sink: &str) -> PathBuf {
        tree_of(&self.emu.path(sink), &self.node(sink))
    }

    /// The newest tree is the source, and all snapshots are what was saved.
    #[track_caller]
    fn assert_saved(&self, sink: &str) {
        tree::assert_same(&self.src(), &self.newest(sink));
        self.verify();
    }

    #[track_caller]
    fn verify(&self) {
        self.emu.ok(&["-S", "one/src", "verify"]);
    }

    /// Whether all bytes of two files stand in the same blocks of the same disk.
    #[track_caller]
    fn share(&self, one: &Path, other: &Path) -> bool {
        let disk = |path: &Path| path.metadata().unwrap().dev();
        disk(one) == disk(other) && self.blocks(one) == self.blocks(other)
    }

    /// For each block of a file, where it stands on the disk.
    #[track_caller]
    fn blocks(&self, path: &Path) -> BTreeMap<u64, u64> {
        let mut command = self.emu.command("filefrag", &["-sv", path.to_str().unwrap()]);
        let sbin = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin";
        let text = command.env("PATH", sbin).output().unwrap();
        let text = String::from_utf8_lossy(&text.stdout).into_owned();
        let range = |text: &str| {
            let (first, last) = text.split_once("..")?;
            Some(first.trim().parse::<u64>().ok()?..=last.trim().parse().ok()?)
        };
        let extent = |line: &str| {
            let mut parts = line.split(':').skip(1);
            Some(range(parts.next()?)?.zip(range(parts.next()?)?))
        };
        // Room that was only set aside holds no bytes.
        let written = text.lines().filter(|line| !line.contains("unwritten"));
        let blocks: BTreeMap<u64, u64> = written.filter_map(extent).flatten().collect();
        assert!(!blocks.is_empty(), "{text}");
        blocks
    }
}

/// File systems on which files can share bytes.
fn on_each(test: impl Fn(&str, Place)) {
    for kind in ["btrfs", "xfs"] {
        if let Some(place) = Place::new(kind, &[]) {
            test(kind, place);
        }
    }
}

#[test]
fn large_files_on_the_file_system_of_the_sink_share_their_bytes_with_the_snapshot() {
    on_each(|kind, place| {
        let said = place.sink("origin", "one/sink").push();
        assert!(said.stdout.contains("2 copied (16.4 kB), 4 shared (4.3 MB), "), "{said}");
        let counts = &place.node("one/sink")["counts"];
        assert_eq!((&counts["copied"], &counts["shared"]), (&6.into(), &4.into()), "{kind}");
        assert_eq!(counts["shared_bytes"], 1_200_000 + 16384 + 3_000_000 + 100_001, "{kind}");
        let shown = place.emu.ok(&["show", "./one/sink:HEAD"]);
        assert!(shown.contains("2 copied, 4 shared"), "{shown}");
        place.assert_saved("one/sink");
        let tree = place.newest("one/sink");
        for path in LARGE {
            assert!(place.share(&place.src().join(path), &tree.join(path)), "{kind}: {path}");
        }
        assert!(!place.share(&place.src().join("short"), &tree.join("short")), "{kind}");
        assert_ne!(ino(&tree.join("big")), ino(&place.src().join("big")));
        // Sharing is no change of the source.
        place.push();
        let counts = &place.node("one/sink")["counts"];
        assert_eq!((&counts["copied"], &counts["shared"]), (&0.into(), &serde_json::Value::Null), "{kind}");
    });
}

#[test]
fn writing_to_a_file_that_shares_its_bytes_leaves_the_snapshot_as_it_was() {
    on_each(|kind, place| {
        place.sink("origin", "one/sink").push();
        let before = place.newest("one/sink");
        let old = fs::read(place.src().join("big")).unwrap();
        let source = fs::OpenOptions::new().write(true).open(place.src().join("big")).unwrap();
        source.write_all_at(&[7; 50_000], 100_000).unwrap();
        assert_eq!(fs::read(before.join("big")).unwrap(), old, "{kind}");
        place.push();
        place.assert_saved("one/sink");
        assert_eq!(fs::read(before.join("big")).unwrap(), old, "{kind}");
    });
}

#[test]
fn shared_bytes_are_on_stable_storage_when_the_push_is_done() {
    let Some(place) = Place::new("xfs", &[]) else { return };
    place.sink("origin", "one/sink").push();
    let before = tree::print(&place.newest("one/sink"));
    place.disks[0].power_cut();
    assert_eq!(tree::print(&place.newest("one/sink")), before);
    place.verify();
    assert!(place.share(&place.src().join("big"), &place.newest("one/sink").join("big")));
}

#[test]
fn holes_stay_holes_where_bytes_are_shared() {
    on_each(|kind, place| {
        place.sink("origin", "one/sink").push();
        let blocks = |path: PathBuf| path.metadata().unwrap().blocks();
        let saved = blocks(place.newest("one/sink").join("holes"));
        assert!(saved <= blocks(place.src().join("holes")), "{kind}");
        assert!(saved * 512 < 1_500_000, "{kind}: {saved}");
    });
}

#[test]
fn what_cannot_share_is_copied() {
    for (kind, more) in [("ext4", &[][..]), ("xfs", &["-m", "reflink=0"][..])] {
        let Some(place) = Place::new(kind, more) else { return };
        place.sink("origin", "one/sink").push();
        place.assert_saved("one/sink");
        for path in LARGE {
            let (source, saved) = (place.src().join(path), place.newest("one/sink").join(path));
            assert!(!place.share(&source, &saved), "{kind}: {path}");
        }
        place.edit("attr big 0600 mtime=1700000001.5").push();
        place.assert_saved("one/sink");
    }
}

#[test]
fn a_sink_on_another_file_system_gets_copies_in_the_same_push() {
    on_each(|kind, mut place| {
        place.disk("two", kind, &[]);
        place.sink("near", "one/sink").sink("far", "two/sink").sink("also", "one/more").push();
        for sink in ["one/sink", "two/sink", "one/more"] {
            place.assert_saved(sink);
            for path in LARGE {
                let shares = place.share(&place.src().join(path), &place.newest(sink).join(path));
                assert_eq!(shares, sink != "two/sink", "{kind}: {path} in {sink}");
            }
        }
    });
}

#[test]
fn a_file_that_is_written_all_the_time_is_saved_as_it_was_at_one_moment() {
    on_each(|kind, place| {
        place.sink("origin", "one/sink");
        let file = fs::File::create(place.src().join("busy")).unwrap();
        file.write_all_at(&vec![0; 1 << 20], 0).unwrap();
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for n in (0..=255).cycle().take_while(|_| !stop.load(Ordering::Relaxed)) {
                    file.write_all_at(&vec![n; 1 << 20], 0).unwrap();
                }
            });
            for _ in 0..4 {
                // Not a word of a file that changed while it was read.
                let pushed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| place.push()));
                let saved = fs::read(place.newest("one/sink").join("busy"));
                if pushed.is_err() || !saved.is_ok_and(|saved| saved.iter().all(|byte| *byte == saved[0])) {
                    stop.store(true, Ordering::Relaxed);
                    panic!("{kind}: not as it was at one moment");
                }
            }
            stop.store(true, Ordering::Relaxed);
        });
        place.push();
        place.assert_saved("one/sink");
    });
}

#[test]
fn a_file_that_grows_all_the_time_is_whole_as_of_one_moment() {
    on_each(|kind, place| {
        place.sink("origin", "one/sink");
        let file = fs::File::create(place.src().join("log")).unwrap();
        file.write_all_at(&[b'.'; 100_000], 0).unwrap();
        let stop = AtomicBool::new(false);
        let sizes = std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut at = 100_000;
                while !stop.load(Ordering::Relaxed) {
                    file.write_all_at(&[b'.'; 100], at).unwrap();
                    at += 100;
                }
            });
            let pushes = (0..3).map(|_| {
                let output = place.emu.run(&["-S", "one/src", "push"]);
                let saved = fs::read(place.newest("one/sink").join("log")).unwrap_or_default();
                (output.status, output.stderr, saved.len(), saved.iter().all(|byte| *byte == b'.'))
            });
            let pushes: Vec<_> = pushes.collect();
            stop.store(true, Ordering::Relaxed);
            pushes
        });
        for (status, stderr, size, whole) in &sizes {
            assert!(*status == 0 && stderr.is_empty() && *whole, "{kind}: {stderr}");
            assert!(*size >= 100_000 && size % 100 == 0, "{kind}: {size}");
        }
        place.push();
        place.assert_saved("one/sink");
    });
}

#[test]
fn a_file_of_which_only_the_mode_changed_shares_the_older_snapshots_bytes() {
    on_each(|kind, mut place| {
        place.disk("two", kind, &[]);
        place.sink("far", "two/sink").push();
        let first = place.newest("two/sink");
        place.edit("attr big 0600 mtime=1700000001.5\nattr enough 0400 mtime=1700000002").push();
        place.assert_saved("two/sink");
        let second = place.newest("two/sink");
        for path in ["big", "d/big2", "enough"] {
            assert!(place.share(&first.join(path), &second.join(path)), "{kind}: {path}");
            assert_ne!(ino(&first.join(path)), ino(&second.join(path)), "{kind}: {path}");
        }
        assert_eq!(first.join("big").metadata().unwrap().mode() & 0o7777, 0o640);
        assert_eq!(place.node("two/sink")["counts"]["reattributed"], 2, "{kind}");
    });
}

#[test]
fn a_file_that_only_seems_to_have_kept_its_content_is_copied() {
    on_each(|kind, mut place| {
        place.disk("two", kind, &[]);
        place.sink("far", "two/sink").push();
        let (big, old) = (place.src().join("big"), place.newest("two/sink").join("big"));
        let stamp = big.metadata().unwrap().modified().unwrap();
        let source = fs::OpenOptions::new().write(true).open(&big).unwrap();
        source.write_all_at(b"other", 600_000).unwrap();
        source.set_permissions(PermissionsExt::from_mode(0o600)).unwrap();
        source.set_modified(stamp).unwrap();
        place.push();
        place.assert_saved("two/sink");
        assert!(!place.share(&place.newest("two/sink").join("big"), &old), "{kind}");
    });
}

#[test]
fn an_older_snapshots_file_that_was_tampered_with_is_not_shared() {
    on_each(|kind, mut place| {
        place.disk("two", kind, &[]);
        place.sink("far", "two/sink").push();
        let old = place.newest("two/sink").join("big");
        fs::write(&old, vec![1; 1_200_000]).unwrap();
        place.edit("attr big 0600 mtime=1700000001.5").push();
        tree::assert_same(&place.src(), &place.newest("two/sink"));
        assert!(!place.share(&place.newest("two/sink").join("big"), &old), "{kind}");
    });
}

#[test]
fn a_checkout_shares_the_snapshots_bytes_and_none_that_are_damaged() {
    on_each(|kind, place| {
        place.sink("origin", "one/sink").push();
        let tree = place.newest("one/sink");
        let snapshot = id(&place.node("one/sink")).to_owned();
        let to = place.emu.path("one/back").display().to_string();
        place.emu.ok(&["-S", "one/src", "checkout", &snapshot, "--to", &to]);
        tree::assert_same(&tree, Path::new(&to));
        for path in LARGE {
            assert!(place.share(&tree.join(path), &Path::new(&to).join(path)), "{kind}: {path}");
        }
        let file = fs::OpenOptions::new().write(true).open(tree.join("big")).unwrap();
        file.write_all_at(b"damage", 500_000).unwrap();
        let to = place.emu.path("one/again").display().to_string();
        let output = place.emu.run(&["-S", "one/src", "checkout", &snapshot, "--to", &to]).exits(3);
        assert!(output.stderr.contains("big"), "{kind}: {}", output.stderr);
        assert!(!Path::new(&to).join("big").exists() && Path::new(&to).join("holes").exists(), "{kind}");
    });
}
