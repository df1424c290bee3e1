//! Who uses a directory right now, as far as this process may see it (proc(5)).

use super::{Dir, open_operator};
use std::path::Path;

/// Whether another process has its working directory, its root or an open file at or below the
/// directory whose path ends in `inside`, or did when it was looked at. What belongs to other
/// users can be seen by root alone.
pub fn is_in_use(inside: &[u8]) -> bool {
    let Ok(proc) = open_operator(Path::new("/proc")) else { return false };
    let Ok(items) = proc.list() else { return false };
    let own = std::process::id().to_string();
    let is_other = |name: &[u8]| name.iter().all(u8::is_ascii_digit) && *name != *own.as_bytes();
    items.iter().filter(|item| is_other(&item.name)).any(|item| {
        proc.open_dir(&item.name).is_ok_and(|process| {
            let leads = |dir: &Dir, name: &[u8]| dir.read_link(name).is_ok_and(|to| is_within(&to, inside));
            leads(&process, b"cwd") || leads(&process, b"root") || {
                let open = process.open_dir(b"fd");
                let all = open.as_ref().ok().and_then(|open| open.list_once().ok()).unwrap_or_default();
                open.is_ok_and(|open| all.iter().any(|fd| leads(&open, &fd.name)))
            }
        })
    })
}

/// Whether a path leads through one that ends in `inside`, on whatever mount.
fn is_within(path: &[u8], inside: &[u8]) -> bool {
    path.windows(inside.len()).any(|part| part == inside)
}
