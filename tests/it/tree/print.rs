//! Writes a directory down in the language, sorted by name within each directory.

use std::collections::HashMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use rustix::fs::SeekFrom;
use sha2::{Digest, Sha256};
use walkdir::WalkDir;

use super::content;
use super::line::escape;

/// The longest content that is printed as it is, in bytes.
const SHORT: usize = 64;

/// What `print_with` writes down beside names, kinds, modes, owners, xattrs and contents.
#[derive(Clone, Copy, Default)]
pub struct Show {
    /// Modification times.
    pub mtimes: bool,
    /// The `.emu` directory at the root.
    pub emu: bool,
}

/// The tree at `root` without times and without the root's `.emu`.
pub fn print(root: &Path) -> String {
    print_with(root, Show::default())
}

/// The tree at `root`; each line but `link` can be given to `build` as it is, unless a content
/// is too long to print and was not made from a seed: then it has its digest.
pub fn print_with(root: &Path, show: Show) -> String {
    let mut first_names: HashMap<(u64, u64), PathBuf> = HashMap::new();
    let mut text = String::new();
    let walk = WalkDir::new(root).sort_by_file_name().into_iter();
    for entry in walk.filter_entry(|entry| show.emu || !is_emu(root, entry.path())) {
        let entry = entry.unwrap();
        let path = entry.path();
        let name = relative(root, path);
        let stat = path.symlink_metadata().unwrap();
        let known = first_names.entry((stat.dev(), stat.ino())).or_insert_with(|| name.clone());
        if *known == name {
            text += &entry_line(path, &word(&name), &stat, show);
        } else {
            text += &format!("link {} = {}", word(&name), word(known));
        }
        text.push('\n');
    }
    text
}

/// Whether `path` is the `.emu` at the top of `root`.
pub(super) fn is_emu(root: &Path, path: &Path) -> bool {
    path.strip_prefix(root).is_ok_and(|below| below == Path::new(".emu"))
}

/// The path below the root; the root itself is `.`.
pub(super) fn relative(root: &Path, path: &Path) -> PathBuf {
    let below = path.strip_prefix(root).unwrap();
    if below == Path::new("") { PathBuf::from(".") } else { below.to_owned() }
}

fn word(path: &Path) -> String {
    escape(path.as_os_str().as_bytes(), false)
}

fn entry_line(path: &Path, name: &str, stat: &fs::Metadata, show: Show) -> String {
    let mode = format!("{:04o}", stat.mode() & 0o7777);
    let kind = kind_of(stat);
    let mut line = match kind {
        "file" => format!("file {name} {mode} {}", data(path)),
        "symlink" => format!("symlink {name} -> {}", word(&fs::read_link(path).unwrap())),
        "char" | "block" => format!("{kind} {name} {mode} rdev={}", numbers(stat)),
        _ => format!("{kind} {name} {mode}"),
    };
    if stat.uid() != rustix::process::geteuid().as_raw() {
        line += &format!(" uid={}", stat.uid());
    }
    if stat.gid() != rustix::process::getegid().as_raw() {
        line += &format!(" gid={}", stat.gid());
    }
    for (name, value) in xattrs(path) {
        line += &format!(" xattr {}={}", escape(&name, false), escape(&value, false));
    }
    if show.mtimes {
        line += &format!(" mtime={}.{:09}", stat.mtime(), stat.mtime_nsec());
    }
    line
}

/// Major and minor number of a device.
pub(super) fn numbers(stat: &fs::Metadata) -> String {
    format!("{}:{}", rustix::fs::major(stat.rdev()), rustix::fs::minor(stat.rdev()))
}

/// The word for what an entry is.
pub(super) fn kind_of(stat: &fs::Metadata) -> &'static str {
    let kind = stat.file_type();
    let words = [
        (kind.is_file(), "file"),
        (kind.is_dir(), "dir"),
        (kind.is_symlink(), "symlink"),
        (kind.is_fifo(), "fifo"),
        (kind.is_socket(), "socket"),
        (kind.is_char_device(), "char"),
    ];
    words.iter().find(|(is, _)| *is).map_or("block", |(_, word)| word)
}

/// What a file holds.
fn data(path: &Path) -> String {
    let content = fs::read(path).unwrap();
    if content.len() <= SHORT {
        return format!("\"{}\"", escape(&content, true));
    }
    let holes = holes(path, content.len() as u64);
    let mut text = format!("size={}", content.len());
    match content::seed_of(&content, &holes) {
        Some(0) => {}
        Some(seed) => text += &format!(" seed={seed}"),
        None => text += &format!(" sha256={}", HEXLOWER.encode(&Sha256::digest(&content))),
    }
    for (start, length) in holes {
        text += &format!(" hole={start}+{length}");
    }
    text
}

/// The holes of a file, (start, length) in bytes.
fn holes(path: &Path, size: u64) -> Vec<(u64, u64)> {
    let file = fs::File::open(path).unwrap();
    let mut holes = Vec::new();
    let mut at = 0;
    while at < size {
        let start = rustix::fs::seek(&file, SeekFrom::Hole(at)).unwrap();
        if start >= size {
            break;
        }
        // No data after a hole: it reaches to the end.
        at = rustix::fs::seek(&file, SeekFrom::Data(start)).unwrap_or(size);
        holes.push((start, at - start));
    }
    holes
}

/// Extended attributes, ACLs among them, by name. None where the file system has none.
pub(super) fn xattrs(path: &Path) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut buffer = vec![0; 1 << 16];
    let length = rustix::fs::llistxattr(path, buffer.as_mut_slice()).unwrap_or(0);
    let names = buffer[..length].split(|byte| *byte == 0).filter(|name| !name.is_empty());
    let value = |name: &[u8]| {
        let mut value = vec![0; 1 << 16];
        let length = rustix::fs::lgetxattr(path, name, value.as_mut_slice()).unwrap_or(0);
        value[..length].to_vec()
    };
    let mut found: Vec<_> = names.map(|name| (name.to_vec(), value(name))).collect();
    found.sort();
    found
}
