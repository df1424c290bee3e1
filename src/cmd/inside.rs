//! Entries inside snapshots, as a command line names them: `REV:PATH`, `SINK:REV:PATH`.

use super::unknown::distance;
use super::{Context, Found, compare, place};
use crate::error::{Error, Kind, Result};
use crate::history::lookup::{self, Answer};
use crate::interrupt;
use crate::quote::quoted;
use crate::tree::{Entry, Owners, path};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// An entry of a snapshot.
pub(super) struct Inside {
    /// The snapshot.
    pub(super) found: Found,
    /// Path from the snapshot's root.
    pub(super) path: Box<[u8]>,
    /// Its record.
    pub(super) entry: Entry,
    /// What is in it, if it is a directory.
    pub(super) below: Vec<Entry>,
    /// Names of owners.
    pub(super) owners: Owners,
}

/// Looks up what `REV[:PATH]` names; no path is the root.
///
/// # Errors
/// There is no such snapshot, or nothing in it at that path: the nearest name is offered.
pub(super) fn look_up(named: &OsStr, sink: Option<&str>, context: &Context) -> Result<Inside> {
    let (rev, path) = parse(named, context)?;
    let found = context.revision(rev, sink).map_err(|error| match path {
        None if error.kind() == Kind::NotFound && !rev.starts_with(['/', '@']) && !rev.contains(':') => {
            error.hint(format!("a path is typed behind a snapshot and a colon: HEAD:{rev}"))
        }
        _ => error,
    });
    at(found?, path.unwrap_or_default())
}

/// Takes `REV[:PATH]` apart. A path is relative to the snapshot's root, or, as git has it, to the
/// current directory in the source if its first component is a dot, or two.
///
/// # Errors
/// It cannot be understood, or the path leads out of the snapshot.
pub(super) fn parse<'a>(named: &'a OsStr, context: &Context) -> Result<(&'a str, Option<Box<[u8]>>)> {
    let (rev, path) = split(named.as_bytes(), |name| is_sink(name, context));
    let rev = std::str::from_utf8(rev).map_err(|_| {
        Error::usage(format!("cannot read the revision {}", quoted(rev))).because("it is not UTF-8")
    })?;
    let Some(path) = path else { return Ok((rev, None)) };
    let from_here = matches!(path::components(path).next(), Some(b"." | b".."));
    if from_here && !path.starts_with(b"/") {
        let path = Path::new(OsStr::from_bytes(path)).to_owned();
        return Ok((rev, compare::paths(&[path], context.try_source().as_ref())?.pop()));
    }
    clean(path).map(|path| (rev, Some(path)))
}

/// Looks up a path from the root of a snapshot.
///
/// # Errors
/// There is nothing at that path: the nearest name is offered.
pub(super) fn at(found: Found, path: Box<[u8]>) -> Result<Inside> {
    let mut manifest = found.opened.sink.open_manifest(&found.node)?;
    let owners = manifest.owners().clone();
    match lookup::look_up(&mut manifest, &path)? {
        Answer::Entry(entry, below) => Ok(Inside { found, path, entry: *entry, below, owners }),
        Answer::Nothing(dir, names) => {
            let error = Error::not_found(format!("no {} in snapshot {}", quoted(&path), found.node.short()));
            Err(match similar(&found, &path, &dir, &names)? {
                Some(similar) => error.hint(format!("did you mean {}?", quoted(similar))),
                None => error,
            })
        }
    }
}

/// A name that the source knows, or a path to a sink.
pub(super) fn is_sink(name: &[u8], context: &Context) -> bool {
    if name.contains(&b'/') {
        return place::is_sink(Path::new(OsStr::from_bytes(name)));
    }
    context.known_sinks().is_ok_and(|(_, sinks)| sinks.iter().any(|known| known.name.as_bytes() == name))
}

/// Takes `[SINK:]REV[:PATH]` apart: a sink with its revision, and the path.
pub(super) fn split(text: &[u8], is_sink: impl Fn(&[u8]) -> bool) -> (&[u8], Option<&[u8]>) {
    if is_sink(text) {
        return (text, None);
    }
    let colons = || text.iter().enumerate().filter(|(_, byte)| **byte == b':').map(|(at, _)| at);
    let sink_end = colons().find(|at| is_sink(&text[..*at])).map_or(0, |at| at + 1);
    // Colons in `@{...}` are times.
    let mut depth = 0_u32;
    let rest = text[sink_end..].iter().position(|byte| {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        *byte == b':' && depth == 0
    });
    match rest {
        Some(at) => (&text[..sink_end + at], Some(&text[sink_end + at + 1..])),
        None => (text, None),
    }
}

/// The path as manifests write it, from the snapshot's root: no slash at its begin or end, no dots.
///
/// # Errors
/// It leads out of the snapshot.
pub(super) fn clean(text: &[u8]) -> Result<Box<[u8]>> {
    let parts = path::components(text).filter(|part| !matches!(*part, b"" | b".")).collect::<Vec<_>>();
    let clean = parts.join(&b'/');
    if !path::is_safe(&clean) {
        return Err(Error::usage(format!("cannot look up {}", quoted(text)))
            .because("the path leads out of the snapshot"));
    }
    Ok(clean.into())
}

/// What may have been meant by a path that is not there: a name in the deepest directory on the way
/// that is, spelt nearly so, or an entry of this name anywhere.
fn similar(found: &Found, whole: &[u8], dir: &[u8], names: &[Box<[u8]>]) -> Result<Option<Box<[u8]>>> {
    let mut rest = path::components(whole).skip(path::components(dir).count());
    let missing = String::from_utf8_lossy(rest.next().unwrap_or_default());
    let nearest = names.iter().filter_map(|name| {
        let steps = distance(&missing, &String::from_utf8_lossy(name));
        (steps > 0 && steps * 3 <= missing.chars().count().max(3)).then_some((steps, name))
    });
    let open = || found.opened.sink.open_manifest(&found.node);
    if let Some((_, name)) = nearest.min() {
        let near = path::join(dir, name);
        let whole = rest.fold(near.clone(), |path, part| path::join(&path, part));
        let is_there = matches!(lookup::look_up(&mut open()?, &whole)?, Answer::Entry(..));
        return Ok(Some(if is_there { whole } else { near }));
    }
    let (mut manifest, name) = (open()?, path::split(whole).unwrap_or_default().1);
    while let Some(listing) = manifest.next_listing()? {
        interrupt::check()?;
        if listing.entries.iter().any(|entry| *entry.name == *name) {
            return Ok(Some(path::join(&listing.dir, name)));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn sink_revision_and_path_are_told_apart() {
        let is_sink = |name: &[u8]| name == b"origin" || name == b"/mnt/a:b";
        let parts = |text: &'static str| {
            let (rev, path) = split(text.as_bytes(), is_sink);
            (std::str::from_utf8(rev).unwrap(), std::str::from_utf8(path.unwrap_or_default()).unwrap())
        };
        assert_eq!(parts("HEAD"), ("HEAD", ""));
        assert_eq!(parts("HEAD~2:a/b"), ("HEAD~2", "a/b"));
        assert_eq!(parts("origin"), ("origin", ""));
        assert_eq!(parts("origin:HEAD"), ("origin:HEAD", ""));
        assert_eq!(parts("origin:HEAD:a:b"), ("origin:HEAD", "a:b"));
        assert_eq!(parts("/mnt/a:b:TAIL:x/y"), ("/mnt/a:b:TAIL", "x/y"));
        assert_eq!(parts("/mnt/a:b"), ("/mnt/a:b", ""));
        assert_eq!(parts("@{2026-11-20 10:30}:x"), ("@{2026-11-20 10:30}", "x"));
        assert_eq!(parts("origin:@{10:30}:x"), ("origin:@{10:30}", "x"));
    }
}
