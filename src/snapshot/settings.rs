//! Settings in a sink: its own configuration, and a copy of the source's, which a lost source would take
//! along otherwise.

use crate::config::Layer;
use crate::error::{Doing as _, Error, Result};
use crate::fs::{self, Dir, Errno};
use crate::quote::quoted_path;
use crate::sink::{Sink, layout};
use crate::source::Source;
use std::path::Path;

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

/// The sink's own configuration, as a layer above the source's.
///
/// # Errors
/// It cannot be read or understood.
pub fn sink_layer(sink: &Sink) -> Result<Option<Layer>> {
    read_layer(sink.emu(), &sink.path.join(".emu/config"))
}

/// The source's configuration as of the last push, of which the sink keeps a copy.
///
/// # Errors
/// It cannot be read or understood.
pub fn kept_layer(sink: &Sink) -> Result<Option<Layer>> {
    read_layer(&sink.dir(layout::SOURCE_COPY)?, &sink.path.join(".emu/source/config"))
}

fn read_layer(dir: &Dir, path: &Path) -> Result<Option<Layer>> {
    let content = match fs::read_limited(dir, layout::CONFIG, 1 << 20) {
        Err(fs::Errno::NOENT) => return Ok(None),
        result => result.doing(|| format!("cannot read {}", quoted_path(path)))?,
    };
    let text = String::from_utf8(content)
        .map_err(|_| Error::usage(format!("cannot read {}", quoted_path(path))).because("it is not UTF-8"))?;
    Layer::parse(&path.to_string_lossy(), &text).map(Some)
}
