//! Putting a finished temporary entry under its name. What stands there is exchanged, looked at
//! once more, and only then removed or kept; if it is not what was judged, it comes back.

use crate::fs::{Dir, Errno, Result, Stat};
use crate::tree::{Kind, path};

/// How a placing ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Placed {
    /// The new entry stands under its name.
    Done,
    /// What stands there is not what was judged; it was left, or put back.
    Changed,
    /// What stood there could not be put back, and stands under the temporary name.
    Stranded,
}

/// Where replaced entries are kept instead of being removed.
pub(super) struct Kept<'a> {
    /// A directory outside of what is restored, on the same file system.
    pub(super) dir: &'a Dir,
}

/// Whether an entry is still what was judged. Further names of an inode, and a rename, move ctime.
pub(super) fn is_judged(now: &Stat, was: &Stat, renamed: bool) -> bool {
    if was.kind == Kind::Dir {
        return (now.kind, now.ino) == (was.kind, was.ino);
    }
    let ctime = renamed || was.nlink > 1 || now.ctime == was.ctime;
    ctime && (now.kind, now.ino, now.size, now.mtime) == (was.kind, was.ino, was.size, was.mtime)
}

/// Removes a temporary entry that is not needed.
pub(super) fn discard(dir: &Dir, temporary: &[u8]) {
    if let Err(Errno::ISDIR | Errno::PERM) = dir.remove_file(temporary) {
        let _ = dir.remove_dir(temporary);
    }
}

/// Gives `temporary` the name `name`. `was`: what was judged to stand there; `None`: nothing.
/// Afterwards nothing stands under the temporary name, unless it is stranded.
///
/// # Errors
/// The system's; what stood there still stands.
pub(super) fn put(
    dir: &Dir,
    temporary: &[u8],
    whole: &[u8],
    was: Option<&Stat>,
    kept: Option<&Kept<'_>>,
) -> Result<Placed> {
    let result = try_put(dir, temporary, whole, was, kept);
    if !matches!(result, Ok(Placed::Done | Placed::Stranded)) {
        discard(dir, temporary);
    }
    result
}

fn try_put(
    dir: &Dir,
    temporary: &[u8],
    whole: &[u8],
    was: Option<&Stat>,
    kept: Option<&Kept<'_>>,
) -> Result<Placed> {
    let name = path::split(whole).map_or(&b""[..], |(_, name)| name);
    if let Some(was) = was {
        match dir.stat_if_there(name)? {
            Some(now) if is_judged(&now, was, false) => return exchange(dir, temporary, whole, was, kept),
            Some(_) => return Ok(Placed::Changed),
            None => {}
        }
    }
    match dir.rename_new(temporary, dir, name) {
        Ok(()) => Ok(Placed::Done),
        Err(Errno::EXIST) => Ok(Placed::Changed),
        Err(errno) => Err(errno),
    }
}

fn exchange(
    dir: &Dir,
    temporary: &[u8],
    whole: &[u8],
    was: &Stat,
    kept: Option<&Kept<'_>>,
) -> Result<Placed> {
    let name = path::split(whole).map_or(&b""[..], |(_, name)| name);
    match dir.exchange(temporary, dir, name) {
        Ok(()) => {}
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
            return without_exchange(dir, temporary, whole, was, kept);
        }
        Err(errno) => return Err(errno),
    }
    // From here on the temporary name holds what is the user's.
    let displaced = dir.stat(temporary);
    let end = match displaced {
        Ok(displaced) if is_judged(&displaced, was, true) => match kept {
            Some(kept) => keep(dir, temporary, whole, kept),
            None => dir.remove_file(temporary),
        },
        Ok(_) => return Ok(put_back(dir, temporary, name).unwrap_or(Placed::Changed)),
        Err(errno) => Err(errno),
    };
    match end {
        Ok(()) => Ok(Placed::Done),
        Err(errno) => put_back(dir, temporary, name).ok_or(errno),
    }
}

/// Exchanges once more; `Some` if that failed.
fn put_back(dir: &Dir, temporary: &[u8], name: &[u8]) -> Option<Placed> {
    dir.exchange(temporary, dir, name).err().map(|_| Placed::Stranded)
}

/// For file systems that cannot exchange: a plain rename, or the old one is moved away first.
fn without_exchange(
    dir: &Dir,
    temporary: &[u8],
    whole: &[u8],
    was: &Stat,
    kept: Option<&Kept<'_>>,
) -> Result<Placed> {
    let name = path::split(whole).map_or(&b""[..], |(_, name)| name);
    let new_is_dir = dir.stat(temporary)?.kind == Kind::Dir;
    match kept {
        Some(kept) => keep(dir, name, whole, kept)?,
        None if new_is_dir || was.kind == Kind::Dir => dir.remove_file(name)?,
        None => {
            dir.rename(temporary, dir, name)?;
            return Ok(Placed::Done);
        }
    }
    dir.rename_new(temporary, dir, name)?;
    Ok(Placed::Done)
}

/// Moves an entry of `dir` to its path among what is kept.
fn keep(dir: &Dir, name: &[u8], whole: &[u8], kept: &Kept<'_>) -> Result<()> {
    let Some((parents, last)) = path::split(whole) else { return Err(Errno::INVAL) };
    let mut at = kept.dir.duplicate()?;
    for parent in path::components(parents) {
        at = at.ensure_dir(parent, 0o700)?;
    }
    dir.rename_new(name, &at, last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs;

    struct Place {
        _root: tempfile::TempDir,
        dir: Dir,
    }

    fn place() -> Place {
        let root = tempfile::tempdir().unwrap();
        let dir = fs::open_operator(root.path()).unwrap();
        Place { _root: root, dir }
    }

    fn write(dir: &Dir, name: &[u8], text: &[u8]) {
        fs::write_new(dir, name, text).unwrap();
    }

    fn text(dir: &Dir, name: &[u8]) -> Vec<u8> {
        fs::read_limited(dir, name, 100).unwrap()
    }

    fn names(dir: &Dir) -> Vec<Box<[u8]>> {
        dir.list().unwrap().into_iter().map(|item| item.name).collect()
    }

    #[test]
    fn what_was_judged_gives_way_and_nothing_is_left() {
        let Place { dir, _root } = place();
        write(&dir, b"a", b"old");
        write(&dir, b"t", b"new");
        let was = dir.stat(b"a").unwrap();
        assert_eq!(put(&dir, b"t", b"a", Some(&was), None), Ok(Placed::Done));
        assert_eq!((text(&dir, b"a"), names(&dir)), (b"new".to_vec(), vec![b"a"[..].into()]));
    }

    #[test]
    fn a_file_written_since_the_plan_is_left() {
        let Place { dir, _root } = place();
        write(&dir, b"a", b"old");
        let was = dir.stat(b"a").unwrap();
        dir.remove_file(b"a").unwrap();
        write(&dir, b"a", b"mine");
        write(&dir, b"t", b"new");
        assert_eq!(put(&dir, b"t", b"a", Some(&was), None), Ok(Placed::Changed));
        assert_eq!((text(&dir, b"a"), names(&dir).len()), (b"mine".to_vec(), 1));
    }

    #[test]
    fn a_file_written_in_the_last_moment_comes_back() {
        let Place { dir, _root } = place();
        write(&dir, b"a", b"old");
        let was = dir.stat(b"a").unwrap();
        dir.remove_file(b"a").unwrap();
        write(&dir, b"a", b"mine");
        write(&dir, b"t", b"new");
        // As if it had been written after the look at it.
        assert_eq!(exchange(&dir, b"t", b"a", &was, None), Ok(Placed::Changed));
        assert_eq!((text(&dir, b"a"), text(&dir, b"t")), (b"mine".to_vec(), b"new".to_vec()));
    }

    #[test]
    fn a_name_taken_since_the_plan_is_left() {
        let Place { dir, _root } = place();
        write(&dir, b"a", b"mine");
        write(&dir, b"t", b"new");
        assert_eq!(put(&dir, b"t", b"a", None, None), Ok(Placed::Changed));
        assert_eq!((text(&dir, b"a"), names(&dir).len()), (b"mine".to_vec(), 1));
    }

    #[test]
    fn what_is_replaced_can_be_kept_whatever_it_is() {
        let Place { dir, _root } = place();
        dir.make_dir(b"kept", 0o700).unwrap();
        dir.make_dir(b"d", 0o700).unwrap();
        dir.make_dir(b"x", 0o700).unwrap();
        let inner = dir.open_dir(b"d").unwrap();
        inner.make_dir(b"x", 0o700).unwrap();
        write(&inner.open_dir(b"x").unwrap(), b"mine", b"mine");
        write(&inner, b"t", b"new");
        let was = inner.stat(b"x").unwrap();
        let into = dir.open_dir(b"kept").unwrap();
        let kept = Kept { dir: &into };
        assert_eq!(put(&inner, b"t", b"d/x", Some(&was), Some(&kept)), Ok(Placed::Done));
        assert_eq!(text(&inner, b"x"), b"new");
        let there = into.open_dir(b"d").unwrap().open_dir(b"x").unwrap();
        assert_eq!(text(&there, b"mine"), b"mine");
    }

    #[test]
    fn without_exchange_the_new_one_stands_all_the_same() {
        let Place { dir, _root } = place();
        write(&dir, b"a", b"old");
        write(&dir, b"t", b"new");
        let was = dir.stat(b"a").unwrap();
        assert_eq!(without_exchange(&dir, b"t", b"a", &was, None), Ok(Placed::Done));
        assert_eq!((text(&dir, b"a"), names(&dir).len()), (b"new".to_vec(), 1));
    }
}
