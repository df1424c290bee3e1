//! Paths that the operator typed, as they are remembered: absolute, and without `..`, whose
//! meaning would change with the links on the way.

use crate::error::{Error, Result};
use crate::fs::{self, Dir};
use crate::quote::quoted_path;
use crate::source::absolute;
use rustix::fd::AsRawFd as _;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Component, Path, PathBuf};

/// The path of an open directory without any link in it.
pub(super) fn real(dir: &Dir) -> Option<PathBuf> {
    let descriptors = fs::open_operator(Path::new("/proc/self/fd")).ok()?;
    let target = descriptors.read_link(dir.fd().as_raw_fd().to_string().as_bytes()).ok()?;
    Some(PathBuf::from(OsString::from_vec(target.into()))).filter(|path| path.is_absolute())
}

/// Whether two paths lead to the same place, whether or not anything is there now.
pub(super) fn same(a: &Path, b: &Path) -> bool {
    let resolved = |path: &Path| match fs::open_operator(path).ok().and_then(|dir| real(&dir)) {
        Some(real) => Some(real),
        None => {
            let parent = fs::open_operator(path.parent()?).ok().and_then(|parent| real(&parent))?;
            Some(parent.join(path.file_name()?))
        }
    };
    a == b || resolved(a).is_some_and(|a| Some(a) == resolved(b))
}

/// The absolute path of something that is to be a directory; its last component may be
/// missing. A path that leads nowhere stays as it is, for the error that follows.
///
/// # Errors
/// The working directory is gone.
pub(super) fn settled(path: &Path) -> Result<PathBuf> {
    let path = absolute(path)?;
    if !path.components().any(|component| component == Component::ParentDir) {
        return Ok(path);
    }
    if let Some(real) = fs::open_operator(&path).ok().and_then(|dir| real(&dir)) {
        return Ok(real);
    }
    let parent = path.parent().and_then(|parent| fs::open_operator(parent).ok());
    let parent = parent.and_then(|parent| real(&parent));
    Ok(match (parent, path.file_name()) {
        (Some(parent), Some(name)) => parent.join(name),
        _ => path,
    })
}

/// The absolute path of a sink that the operator typed.
///
/// # Errors
/// It has the form of a place on another machine, which is reserved for that; or the working directory is
/// gone.
pub(super) fn of_sink(path: &Path) -> Result<PathBuf> {
    if is_remote(path.as_os_str().as_bytes()) {
        return Err(Error::usage(format!("cannot use {} as a sink", quoted_path(path)))
            .because("sinks on other machines are not supported")
            .hint("mount the other machine's directory; a local path with a colon is written './a:b'"));
    }
    settled(path)
}

/// Whether a path has the form of a URL, `scheme://...`, or of a place on a host, `host:...`: a colon before
/// the first slash.
fn is_remote(path: &[u8]) -> bool {
    let colon = path.iter().position(|&byte| byte == b':');
    let slash = path.iter().position(|&byte| byte == b'/');
    colon.is_some_and(|colon| colon > 0 && slash.is_none_or(|slash| colon < slash))
}

/// Whether something at the path claims to be a sink, readable or not.
pub(super) fn is_sink(path: &Path) -> bool {
    let emu = fs::open_operator(path).and_then(|dir| dir.open_dir(crate::sink::layout::EMU));
    emu.and_then(|emu| emu.stat_if_there(crate::sink::layout::SINK)).is_ok_and(|stat| stat.is_some())
}

#[cfg(test)]
mod tests {
    use super::is_remote;

    #[test]
    fn a_colon_before_the_first_slash_names_another_machine() {
        for remote in ["ssh://me@nas/x", "me@nas:/x", "nas:home", "s3:bucket", "rsync://h/m"] {
            assert!(is_remote(remote.as_bytes()), "{remote}");
        }
        for local in ["./a:b", "/mnt/a:b", "a/b:c", "plain", ":x", ""] {
            assert!(!is_remote(local.as_bytes()), "{local}");
        }
    }
}
