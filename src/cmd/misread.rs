//! What a revision that names nothing may have been meant as: a path in a snapshot, a range between
//! sinks, a path of the source.

use super::{Context, command, find, inside};
use crate::error::{Error, Kind};
use crate::fs;
use crate::quote::quoted;
use crate::sink::rev::{MIN_PREFIX, looks_like_revision};
use std::path::Path;

/// The error for a revision, or a better one if its form tells more.
pub(super) fn explained(spec: &str, error: Error, context: &Context) -> Error {
    if !matches!(error.kind(), Kind::NotFound | Kind::Usage) {
        return error;
    }
    let is_sink = |name: &[u8]| inside::is_sink(name, context);
    let (rev, path) = inside::split(spec.as_bytes(), is_sink);
    let rev = String::from_utf8_lossy(rev);
    if path.is_some() && rev.rsplit_once("..").is_some_and(|(_, sink)| is_sink(sink.as_bytes())) {
        return Error::usage(format!("cannot read the range {}", quoted(spec)))
            .because("its ends are in two sinks")
            .hint("`emu diff` compares snapshots of two sinks");
    }
    if path.is_some() && (rev.contains(':') || looks_like_revision(&rev) || is_prefix(&rev)) {
        let inner = String::from_utf8_lossy(path.unwrap_or_default());
        let hint = match context.command {
            "emu checkout" => format!("`emu checkout {rev} -- {inner}` brings it back"),
            _ => format!(
                "`emu cat {spec}` prints a file, `emu ls {spec}` lists a directory; the snapshot is {rev}"
            ),
        };
        return Error::usage(format!("cannot use {} as a snapshot", quoted(spec)))
            .because("it names a path in one")
            .hint(hint);
    }
    if error.kind() == Kind::NotFound && takes_paths(context) && is_there(Path::new(spec)) {
        return error.hint(format!("a path stands behind '--': -- {spec}"));
    }
    error
}

fn is_prefix(rev: &str) -> bool {
    rev.len() >= MIN_PREFIX && rev.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether the command that runs takes paths behind `--`.
fn takes_paths(context: &Context) -> bool {
    let entry = context.command.strip_prefix("emu ").and_then(find);
    entry.is_some_and(|entry| command(entry).get_positionals().any(clap::Arg::is_last_set))
}

fn is_there(path: &Path) -> bool {
    fs::open_operator(path).is_ok() || fs::open_operator_file(path).is_ok()
}
