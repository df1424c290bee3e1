//! What is mounted where, by proc_pid_mountinfo(5).

use crate::fs::{self, Dir};
use std::ffi::OsString;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

/// One mounted file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mount {
    id: u64,
    /// Where it is mounted.
    pub(super) point: PathBuf,
    /// Its type, as mount(8) calls it.
    pub(super) kind: String,
    /// The device, or what the file system calls itself.
    pub(super) device: String,
}

/// All mounts that this process sees; none where the kernel does not say.
pub(super) fn all() -> Vec<Mount> {
    let mut text = Vec::new();
    let open = fs::open_operator(Path::new("/proc/self")).and_then(|dir| dir.open_file(b"mountinfo"));
    let read = open.is_ok_and(|file| File::from(file).read_to_end(&mut text).is_ok());
    if read { text.split(|&b| b == b'\n').filter_map(parse).collect() } else { Vec::new() }
}

/// The mount that a directory lies on.
pub(super) fn of<'a>(mounts: &'a [Mount], dir: &Dir) -> Option<&'a Mount> {
    let id = dir.stat_self().ok()?.mount;
    mounts.iter().find(|mount| mount.id == id)
}

/// The places below a directory where something else is mounted.
pub(super) fn below<'a>(mounts: &'a [Mount], dir: &Dir) -> Vec<&'a Path> {
    let Some(real) = super::place::real(dir) else { return Vec::new() };
    let points = mounts.iter().map(|mount| mount.point.as_path());
    let mut below: Vec<&Path> = points.filter(|point| *point != real && point.starts_with(&real)).collect();
    below.sort_unstable();
    below.dedup();
    below
}

/// `36 35 98:0 /mnt1 /mnt/parent rw,noatime master:1 - ext3 /dev/root rw`
fn parse(line: &[u8]) -> Option<Mount> {
    let mut fields = line.split(|&b| b == b' ');
    let id = std::str::from_utf8(fields.next()?).ok()?.parse().ok()?;
    let point = OsString::from_vec(unescape(fields.nth(3)?)).into();
    let mut tail = fields.skip_while(|field| *field != b"-").skip(1);
    let mut text = || tail.next().map(|field| String::from_utf8_lossy(&unescape(field)).into_owned());
    Some(Mount { id, point, kind: text()?, device: text()? })
}

/// Blanks and backslashes stand there as three octal digits.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&first, after)) = rest.split_first() {
        let octal = after.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        match octal.and_then(|digits| u8::from_str_radix(digits, 8).ok()).filter(|_| first == b'\\') {
            Some(byte) => {
                plain.push(byte);
                rest = &after[3..];
            }
            None => {
                plain.push(first);
                rest = after;
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_kernel_is_read() {
        let line = b"36 35 98:0 /x /mnt/a\\040b rw,noatime master:1 shared:2 - ext4 /dev/sda1 rw";
        let mount = parse(line).unwrap();
        assert_eq!(mount.point, Path::new("/mnt/a b"));
        assert_eq!((mount.id, &*mount.kind, &*mount.device), (36, "ext4", "/dev/sda1"));
        assert_eq!(parse(b""), None);
        assert_eq!(parse(b"36 35 98:0 /x"), None);
    }

    #[test]
    fn the_root_directory_lies_on_a_mount() {
        let root = fs::open_operator(Path::new("/")).unwrap();
        let mounts = all();
        assert!(mounts.is_empty() || of(&mounts, &root).is_some());
    }
}
