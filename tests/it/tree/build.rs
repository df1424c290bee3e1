//! Makes or changes a tree as a text says.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::{PermissionsExt, lchown, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{
    AtFlags, CWD, FileType, Timespec, Timestamps, UTIME_OMIT, XattrFlags, lsetxattr, utimensat,
};

use super::content;
use super::line::{Attributes, Data, Line, parse};

/// Builds or changes the tree at `root`, which is made if it is missing.
pub fn build(root: &Path, text: &str) {
    fs::create_dir_all(root).unwrap();
    // Directories are sealed last, deepest first: what comes into them changes their times.
    let mut directories: BTreeMap<PathBuf, Attributes> = BTreeMap::new();
    for line in text.lines().filter_map(parse) {
        let path = if line.path == Path::new(".") { root.to_owned() } else { root.join(&line.path) };
        make(root, &path, &line);
        if !matches!(line.verb.as_str(), "link" | "move" | "remove") {
            if path.symlink_metadata().unwrap().is_dir() {
                directories.insert(path, line.attributes);
            } else {
                apply(&path, &line.attributes);
            }
        }
    }
    for (path, attributes) in directories.iter().rev().filter(|(path, _)| path.exists()) {
        apply(path, attributes);
    }
}

fn make(root: &Path, path: &Path, line: &Line) {
    let other = || line.other.as_ref().unwrap_or_else(|| panic!("'{}' needs two names", line.verb));
    if path != root && !matches!(line.verb.as_str(), "attr" | "remove") {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
    }
    match line.verb.as_str() {
        "dir" => {
            if !path.is_dir() {
                fs::create_dir(path).unwrap();
            }
            set_mode(path, line.attributes.mode.unwrap_or(0o755) | 0o700);
        }
        "file" => write(path, &line.data, line.attributes.mode.unwrap_or(0o644)),
        "link" => {
            drop(fs::remove_file(path));
            fs::hard_link(root.join(other()), path).unwrap();
        }
        "symlink" => {
            drop(fs::remove_file(path));
            symlink(other(), path).unwrap();
        }
        "fifo" => special(path, FileType::Fifo, 0),
        "socket" => special(path, FileType::Socket, 0),
        "char" => special(path, FileType::CharacterDevice, rdev(line)),
        "block" => special(path, FileType::BlockDevice, rdev(line)),
        "attr" => assert!(path.symlink_metadata().is_ok(), "no {}", path.display()),
        "move" => {
            let to = root.join(other());
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::rename(path, to).unwrap();
        }
        "remove" if path.symlink_metadata().unwrap().is_dir() => fs::remove_dir_all(path).unwrap(),
        "remove" => fs::remove_file(path).unwrap(),
        verb => panic!("unknown verb '{verb}'"),
    }
}

fn special(path: &Path, kind: FileType, rdev: u64) {
    drop(fs::remove_file(path));
    rustix::fs::mknodat(CWD, path, kind, 0o600.into(), rdev).unwrap();
}

fn rdev(line: &Line) -> u64 {
    let (major, minor) = line.attributes.rdev.unwrap_or_else(|| panic!("'{}' needs rdev", line.verb));
    rustix::fs::makedev(major, minor)
}

/// In place, so that other names of the inode see it and its number stays.
fn write(path: &Path, data: &Data, mode: u32) {
    if path.exists() {
        set_mode(path, mode | 0o200);
    }
    let mut file = fs::File::create(path).unwrap();
    match (&data.text, data.size) {
        (Some(text), None) => file.write_all(text).unwrap(),
        (None, Some(size)) => {
            let bytes = content::bytes(size, data.seed, &data.holes);
            let mut from = 0;
            for (start, length) in data.holes.iter().copied().chain([(size, 0)]) {
                file.seek(SeekFrom::Start(from)).unwrap();
                let range = usize::try_from(from).unwrap()..usize::try_from(start).unwrap();
                file.write_all(&bytes[range]).unwrap();
                from = start + length;
            }
            file.set_len(size).unwrap();
        }
        _ => panic!("{} needs a content in quotes or a size", path.display()),
    }
    set_mode(path, mode);
}

/// In the order in which nothing undoes what came before: owner, mode, xattrs, mtime.
fn apply(path: &Path, attributes: &Attributes) {
    let stat = path.symlink_metadata().unwrap();
    // Links have no mode of their own.
    let mode = attributes.mode.unwrap_or(stat.permissions().mode());
    let set_mode = |mode| {
        if !stat.is_symlink() {
            set_mode(path, mode)
        }
    };
    if attributes.uid.is_some() || attributes.gid.is_some() {
        lchown(path, attributes.uid, attributes.gid).unwrap();
    }
    if !attributes.xattrs.is_empty() {
        // An ordinary user can give them only to what it may write.
        set_mode(mode | 0o200);
    }
    for (name, value) in &attributes.xattrs {
        lsetxattr(path, name.as_slice(), value, XattrFlags::empty()).unwrap();
    }
    set_mode(mode);
    if let Some((seconds, nanoseconds)) = attributes.mtime {
        let times = Timestamps {
            last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
            last_modification: Timespec { tv_sec: seconds, tv_nsec: nanoseconds },
        };
        utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW).unwrap();
    }
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode & 0o7777)).unwrap();
}
