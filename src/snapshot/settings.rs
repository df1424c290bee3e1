//! A copy of the source's settings in each sink: a dead laptop would take them along otherwise.

use crate::error::{Doing as _, Result};
use crate::fs::{self, Dir, Errno};
use crate::sink::{Sink, layout};
use crate::source::Source;

/// The largest file that is kept, in bytes.
const MAX_FILE: u64 = 1 << 22;

/// Brings the sink's copy of config, excludes and hooks up to date. Files that did not change
/// are not written.
///
/// # Errors
/// The sink cannot be written.
pub fn keep_copy(source: &Source, sink: &Sink) -> Result<()> {
    let copy = sink.dir(layout::SOURCE_COPY)?;
    let cannot = || format!("cannot keep the source's settings in {}", sink.inside(layout::SOURCE_COPY));
    for name in [layout::CONFIG, layout::EXCLUDES] {
        keep_file(source.emu(), name, &copy).doing(cannot)?;
    }
    let Ok(hooks) = source.emu().open_dir(layout::HOOKS) else { return Ok(()) };
    let kept = copy.ensure_dir(layout::HOOKS, 0o700).doing(cannot)?;
    let items = hooks.list().doing(cannot)?;
    for item in &items {
        keep_file(&hooks, &item.name, &kept).doing(cannot)?;
    }
    for old in kept.list().doing(cannot)? {
        if items.iter().all(|item| item.name != old.name) {
            kept.remove_file(&old.name).doing(cannot)?;
        }
    }
    Ok(())
}

fn keep_file(from: &Dir, name: &[u8], to: &Dir) -> fs::Result<()> {
    let content = match fs::read_limited(from, name, MAX_FILE) {
        Ok(content) => content,
        // Gone: a clone must not bring it back.
        Err(Errno::NOENT) => {
            return match to.remove_file(name) {
                Ok(()) | Err(Errno::NOENT) => Ok(()),
                Err(errno) => Err(errno),
            };
        }
        // Too large, or no plain file: there is nothing to keep.
        Err(Errno::FBIG | Errno::INVAL | Errno::LOOP | Errno::ACCESS | Errno::ISDIR | Errno::NXIO) => {
            return Ok(());
        }
        Err(errno) => return Err(errno),
    };
    match fs::read_limited(to, name, MAX_FILE) {
        Ok(kept) if kept == content => Ok(()),
        _ => fs::replace_file(to, name, &content),
    }
}
