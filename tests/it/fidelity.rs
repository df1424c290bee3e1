//! Everything that a tree can have comes back from a snapshot: judged by rsync, on every file
//! system at hand, for root and for an ordinary user.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{XattrFlags, lsetxattr};
use walkdir::WalkDir;

use crate::env::{Emu, LoopFs, Session, give, need_loop, need_root, need_tool};
use crate::tree;

const USER: u32 = 1234;

/// What everybody can make.
const PLAIN: &str = r##"
    dir . 0750 mtime=1500000000.123456789
    file a 0644 "content" mtime=1600000000.000000001
    file b 0444 "read only" mtime=-5.5
    file c 0600 "" mtime=1700000000.999999999
    file run 0755 "#!/bin/sh\n" mtime=1
    file setuid 4755 "s" mtime=2
    file setgid 2755 "s" mtime=3
    file sticky 1644 "s" mtime=4
    file all 7777 "s" mtime=4102444800.5
    dir open 1777 mtime=5
    dir shared 2775 mtime=6
    file shared/inside 0664 "in a setgid directory" mtime=7
    dir closed 0555 mtime=8
    file closed/in 0400 "in a directory that cannot be written" mtime=9
    dir own 0700 mtime=10
    dir own/deep/er/and/deeper 0711 mtime=11
    dir empty 0755 mtime=12
    dir empty/too 0500 mtime=13
    symlink own/l -> ../a mtime=14.5
    symlink dangling -> /nowhere/at/all mtime=15
    symlink \xfe\xff -> \xff\n
    symlink loop -> loop
    link own/deep/er/name = a
    link z = a
    link own/b2 = b
    file sparse 0644 size=3000000 seed=3 hole=65536+1048576 hole=2000000+999999
    file hollow 0644 size=20000000 hole=0+20000000
    file big 0644 size=1200000 seed=4
    file exact 0644 size=1048576 seed=5
    file line\nbreak 0644 "newline" mtime=16
    file \sblank\s 0644 "blanks"
    file -rf 0644 "dash"
    file tab\tbell\x07\x1b[31m 0644 "control"
    file quote\"back\\slash 0644 "quotes"
    file latin-\xe9\xff 0644 "not UTF-8" mtime=17
    dir \x80dir 0755
    file \x80dir/\xc3\x28 0644 "not UTF-8"
    file marks 0644 "marked" xattr user.name=value xattr user.empty= xattr user.bin=\x01\xff\xfe mtime=18
    dir marked 0755 xattr user.dir=yes mtime=19
    file marked/locked 0444 "marked and read only" xattr user.k=v mtime=20
    fifo own/pipe 0640 mtime=28.5
    link own/deep/pipe = own/pipe
    socket own/sock 1777 mtime=4102444800.5
    link sock = own/sock
    fifo closed/pipe 0000 mtime=-29.5
"##;

/// What only root can.
const ROOT: &str = r#"
    file own/theirs 0640 "of another" uid=1000 gid=1001 mtime=21
    file own/suid 6755 "of another" uid=12345 gid=54321 mtime=22
    dir own/home 0700 uid=1000 gid=1000 mtime=23
    file own/home/x 0600 "x" uid=1000 gid=1000
    symlink own/home/l -> x uid=1000 gid=1001 mtime=24
    file nobody 0000 "no permission at all" mtime=25
    dir shut 0000 mtime=26
    file marks2 0644 "trusted" xattr trusted.name=value mtime=27
    link own/theirs2 = own/theirs
    char own/null 0666 rdev=1:3 gid=6 mtime=30.25
    link shared/null = own/null
    block own/disk 2660 rdev=7:300 uid=5 gid=6 mtime=31
    link own/disk2 = own/disk
    fifo own/theirpipe 4622 uid=7 gid=8 xattr trusted.name=value mtime=32
    socket own/theirsock 0755 uid=7 gid=8 mtime=33
    char own/zero 7777 rdev=1:5 xattr trusted.name=value mtime=-34
"#;

/// One file system with a source and a sink on it.
struct Place {
    // Dropped in this order: unmounted before the directory around it goes.
    _fs: Option<LoopFs>,
    emu: Emu,
    disk: PathBuf,
    uid: Option<u32>,
}

impl Place {
    fn new(kind: &str, uid: Option<u32>) -> Place {
        let emu = Emu::new();
        let disk = emu.path("disk");
        let fs = match kind {
            "tmpfs" => Some(LoopFs::tmpfs(&disk, 200)),
            "overlay" => Some(LoopFs::overlay(&disk, 200)),
            "plain" => None,
            kind => Some(LoopFs::new(&disk, kind, 200)),
        };
        fs::create_dir_all(disk.join("src")).unwrap();
        fs::set_permissions(&disk, PermissionsExt::from_mode(0o755)).unwrap();
        let place = Place { emu, disk, uid, _fs: fs };
        if let Some(uid) = uid {
            give(&place.disk, uid);
        }
        place
    }

    fn session(&self) -> Session<'_> {
        let session = self.uid.map_or_else(|| self.emu.session(), |uid| self.emu.as_user(uid));
        session.inside("disk")
    }

    fn src(&self) -> PathBuf {
        self.disk.join("src")
    }

    /// Everything into the source; what the file system does not take is left out.
    fn fill(&self, xattr: usize) {
        let src = self.src();
        tree::build(&src, PLAIN);
        fs::write(src.join("n".repeat(255)), "long name").unwrap();
        let deep: PathBuf = (0..40).map(|n| format!("{n:0>50}")).collect();
        self.session().shell(&format!("mkdir -p src/deep/{}", deep.display())).succeeds();
        let long = src.join("marks");
        lsetxattr(&long, "user.long", &vec![b'x'; xattr], XattrFlags::empty()).unwrap();
        let name = OsString::from_vec([&[b'd'; 200][..], b"\n\xff"].concat());
        fs::create_dir(src.join(name)).unwrap();
        if rustix::process::geteuid().is_root() && self.uid.is_none() {
            tree::build(&src, ROOT);
        }
        // The tests build as root; the owner is who will push. Modes and times come after that.
        if let Some(uid) = self.uid {
            give(&src, uid);
            tree::build(&src, &attributes_again());
        }
        if need_tool("setfacl") {
            let line = "setfacl -m u:1000:rw,g:1001:r,m:rw src/c && setfacl -m d:u:1001:rwx,d:g::rx src/empty \
                        && setfacl -m u:1001:x,d:o::- src/own && setfacl -m u:1000:rw src/own/pipe src/own/sock \
                        && touch -h -d @30.25 src/c src/empty src/own/pipe src/own/sock src/own";
            self.session().shell(line).succeeds();
        }
    }

    /// Pushes; the path of the new tree, and how many files were copied.
    fn push(&self) -> (PathBuf, u64) {
        let output = self.session().run(&["-S", "src", "push", "--json"]).succeeds();
        assert_eq!(output.stderr, "");
        let record = output.records().into_iter().find(|record| record["type"] == "snapshot").unwrap();
        assert_eq!(record["counts"]["unread"], 0, "{record}");
        (PathBuf::from(record["path"].as_str().unwrap()), record["counts"]["copied"].as_u64().unwrap())
    }

    /// rsync finds no difference, and neither does the comparison of the tests.
    #[track_caller]
    fn assert_equal(&self, snapshot: &Path) {
        let line = format!("rsync -niaHAXc --delete --exclude=/.emu src/ {}/", snapshot.display());
        let output = self.session().shell(&line).succeeds();
        assert_eq!(output.stdout + &output.stderr, "");
        tree::assert_same(&self.src(), snapshot);
        if need_tool("getfattr") {
            assert_eq!(self.attributes(&self.src()), self.attributes(snapshot));
        }
    }

    /// What getfattr(1) prints of all entries.
    fn attributes(&self, tree: &Path) -> String {
        let line = format!(
            "cd {} && find . -path ./.emu -prune -o -print0 | sort -z | xargs -0 getfattr -h -d -m- --",
            tree.display()
        );
        self.session().shell(&line).succeeds().stdout
    }
}

/// Changing an owner clears setuid bits: modes and times once more.
fn attributes_again() -> String {
    let is_entry = |line: &&str| {
        let line = line.trim();
        ["file", "dir", "fifo", "socket"].iter().any(|verb| line.starts_with(&format!("{verb} ")))
    };
    let again = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let mtime = words.iter().find(|word| word.starts_with("mtime=")).copied().unwrap_or("");
        format!("attr {} {} {mtime}\n", words[1], words[2])
    };
    PLAIN.lines().filter(is_entry).map(again).collect()
}

/// The inodes of all entries that are no directories.
fn inodes(root: &Path) -> Vec<(PathBuf, u64)> {
    let walk = WalkDir::new(root).sort_by_file_name().into_iter().map(|entry| entry.unwrap());
    let files = walk.filter(|entry| !entry.file_type().is_dir());
    let shown = |entry: walkdir::DirEntry| {
        let path = entry.path().strip_prefix(root).unwrap().to_owned();
        (path, entry.path().symlink_metadata().unwrap().ino())
    };
    files.map(shown).collect()
}

fn everything_is_kept(kind: &str, uid: Option<u32>, xattr: usize) {
    let root = uid.is_some() || kind != "plain";
    let image = matches!(kind, "ext4" | "xfs" | "btrfs");
    if !need_tool("rsync") || (root && !need_root()) || (image && !need_loop(kind)) {
        return;
    }
    let place = Place::new(kind, uid);
    place.fill(xattr);
    place.session().ok(&["init", "src"]);
    place.session().ok(&["-S", "src", "sink", "add", "origin", place.disk.join("sink").to_str().unwrap()]);
    // Making .emu was a change of the source's root.
    tree::build(&place.src(), "attr . 0750 mtime=1500000000.123456789");
    let (first, copied) = place.push();
    assert!(copied > 20, "{copied}");
    place.assert_equal(&first);
    let (second, copied) = place.push();
    assert_eq!(copied, 0, "nothing has changed");
    place.assert_equal(&second);
    assert_eq!(inodes(&first), inodes(&second), "unchanged entries are links");
    place.session().ok(&["-S", "src", "verify"]);
    place.session().ok(&["-S", "src", "diff", "--exit-code"]);
    let to = place.disk.join("back").display().to_string();
    place.session().ok(&["-S", "src", "checkout", "HEAD", "--to", &to]);
    place.assert_equal(Path::new(&to));
    let blocks = |path: &Path| path.symlink_metadata().unwrap().blocks();
    assert!(blocks(&first.join("hollow")) * 512 < 1_000_000, "holes stay holes");
    drop(fs::set_permissions(place.src().join("shut"), PermissionsExt::from_mode(0o700)));
}

#[test]
fn everything_is_kept_on_ext4() {
    everything_is_kept("ext4", None, 3000);
}

#[test]
fn everything_is_kept_on_xfs_with_60_kilobytes_of_xattrs() {
    everything_is_kept("xfs", None, 60_000);
}

#[test]
fn everything_is_kept_on_btrfs() {
    everything_is_kept("btrfs", None, 15_000);
}

#[test]
fn everything_is_kept_on_tmpfs() {
    everything_is_kept("tmpfs", None, 60_000);
}

#[test]
fn everything_is_kept_on_overlay() {
    everything_is_kept("overlay", None, 60_000);
}

#[test]
fn everything_is_kept_for_an_ordinary_user_on_overlay() {
    everything_is_kept("overlay", Some(USER), 60_000);
}

#[test]
fn everything_is_kept_for_an_ordinary_user_on_ext4() {
    everything_is_kept("ext4", Some(USER), 3000);
}

#[test]
fn everything_is_kept_for_an_ordinary_user_on_xfs() {
    everything_is_kept("xfs", Some(USER), 60_000);
}

#[test]
fn everything_is_kept_for_an_ordinary_user_on_btrfs() {
    everything_is_kept("btrfs", Some(USER), 15_000);
}

#[test]
fn everything_is_kept_for_an_ordinary_user_on_tmpfs() {
    everything_is_kept("tmpfs", Some(USER), 60_000);
}

#[test]
fn everything_is_kept_where_the_tests_run() {
    everything_is_kept("plain", None, 1000);
}
