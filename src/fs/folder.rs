//! The attributes of directories in a tree that is being made: they are set in two halves, before
//! and after what is made inside, and an old directory may have them already.

use super::meta::{is_acl, is_refusal, owner, refused_owner, set_xattrs, times};
use super::{Applied, Attributes, Dir, Errno, Result, Stat, fault, read_xattrs};
use crate::tree::{Held, Xattrs};
use rustix::fs::{Mode, XattrFlags};

/// First half of a new directory's attributes, before anything is made in it: owner and
/// attributes, while it stays open to its owner. Tells already what `held` will have to say.
///
/// # Errors
/// The system's, but for refusals, which the result lists.
pub fn prepare_dir(dir: &Dir, want: &Attributes<'_>, grain: u64) -> Result<Applied> {
    let mut held = Held::default();
    let mut mode = if want.set_owner { want.mode } else { want.mode & 0o1777 };
    let made = Stat::of(dir.fd())?;
    // A directory that was just made has most of it already, and each of these calls writes an inode.
    let is_owned = (made.uid, made.gid) == want.owner;
    if want.set_owner && !is_owned {
        fault::point()?;
        let (uid, gid) = owner(want.owner);
        match rustix::fs::fchown(dir.fd(), uid, gid) {
            Ok(()) => {}
            Err(errno) if is_refusal(errno) => mode = refused_owner(dir.fd(), want.owner, mode)?,
            Err(errno) => return Err(errno),
        }
    }
    set_xattrs(dir.fd(), want.xattrs, false, &mut held)?;
    set_xattrs(dir.fd(), want.xattrs, true, &mut held)?;
    // ACLs were tried only for what `held` has to say: what is made below must not inherit them.
    for name in want.xattrs.keys().filter(|name| is_acl(name)) {
        match rustix::fs::fremovexattr(dir.fd(), &**name) {
            Ok(()) | Err(Errno::NODATA | Errno::NOTSUP | Errno::PERM | Errno::ACCESS) => {}
            Err(errno) => return Err(errno),
        }
    }
    let now = if is_owned && want.xattrs.is_empty() && made.mode == 0o700 {
        made
    } else {
        rustix::fs::fchmod(dir.fd(), Mode::from_raw_mode(0o700))?;
        Stat::of(dir.fd())?
    };
    held.uid = (now.uid != want.owner.0).then_some(now.uid);
    held.gid = (now.gid != want.owner.1).then_some(now.gid);
    held.mode = (mode != want.mode).then_some(mode);
    let kept = want.mtime.floor_to(grain);
    held.mtime = (kept != want.mtime).then_some(kept);
    Ok(held)
}

/// Second half, when all below the directory stands: ACLs, mode (unless it has to wait for a
/// rename), mtime.
///
/// # Errors
/// The system's.
pub fn finish_dir(dir: &Dir, entry: &crate::tree::Entry, set_mode: bool) -> Result<()> {
    let shown = entry.shown();
    let refused =
        |name: &[u8]| entry.held.as_ref().is_some_and(|held| held.xattrs.iter().any(|n| **n == *name));
    for (name, value) in entry.xattrs.iter().filter(|(name, _)| is_acl(name) && !refused(name)) {
        fault::point()?;
        rustix::fs::fsetxattr(dir.fd(), &**name, value, XattrFlags::empty())?;
    }
    if set_mode {
        fault::point()?;
        rustix::fs::fchmod(dir.fd(), Mode::from_raw_mode(shown.mode.into()))?;
    }
    fault::point()?;
    rustix::fs::futimens(dir.fd(), &times(shown.mtime))
}

/// Whether a directory that is open for listing has just these extended attributes.
pub fn has_xattrs(dir: &Dir, want: &Xattrs) -> bool {
    // Too small a buffer for any name; of an empty one rustix always says that it was enough.
    let none = || matches!(rustix::fs::flistxattr(dir.fd(), &mut [0_u8; 1][..]), Ok(0) | Err(Errno::NOTSUP));
    if want.is_empty() && none() { true } else { read_xattrs(dir, b"").is_ok_and(|has| has == *want) }
}

/// Opens a directory of an unlisted tree to its owner alone.
///
/// # Errors
/// The system's.
pub fn open_up(dir: &Dir) -> Result<()> {
    fault::point()?;
    rustix::fs::fchmod(dir.fd(), Mode::from_raw_mode(0o700))
}

/// Takes away the list that what is made in a directory of an unlisted tree would inherit;
/// [`finish_dir`] gives it back.
///
/// # Errors
/// The system's.
pub fn drop_default_acl(dir: &Dir) -> Result<()> {
    fault::point()?;
    match rustix::fs::fremovexattr(dir.fd(), c"system.posix_acl_default") {
        Ok(()) | Err(Errno::NODATA | Errno::NOTSUP) => Ok(()),
        Err(errno) => Err(errno),
    }
}

/// Makes an old directory of an unlisted tree what a new one would be: see [`prepare_dir`]. The
/// flag says whether it was that already, so that nothing has to be set in the end.
///
/// # Errors
/// As [`prepare_dir`].
pub fn fit_dir(dir: &Dir, want: &Attributes<'_>, grain: u64) -> Result<(Applied, bool)> {
    let now = Stat::of(dir.fd())?;
    let has = read_xattrs(dir, b"")?;
    let kept = want.mtime.floor_to(grain);
    if (now.mode, now.uid, now.gid, now.mtime) == (want.mode, want.owner.0, want.owner.1, kept)
        && has == *want.xattrs
    {
        let held = Held { mtime: (kept != want.mtime).then_some(kept), ..Held::default() };
        return Ok((held, true));
    }
    // Without write permission an ordinary owner may neither set nor remove user.* attributes.
    open_up(dir)?;
    for name in has.keys().filter(|name| !want.xattrs.contains_key(*name)) {
        fault::point()?;
        match rustix::fs::fremovexattr(dir.fd(), &**name) {
            Ok(()) | Err(Errno::NODATA) => {}
            Err(errno) => return Err(errno),
        }
    }
    prepare_dir(dir, want, grain).map(|held| (held, false))
}

/// Gives a held directory back the time of its last change.
///
/// # Errors
/// The system's.
pub fn set_mtime(dir: &Dir, mtime: crate::tree::Time) -> Result<()> {
    rustix::fs::futimens(dir.fd(), &times(mtime))
}
