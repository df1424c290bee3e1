//! The paths that a checkout is asked for: each a path of the snapshot, or a pattern.

use crate::cmd::{Context, Found, inside, several};
use crate::error::{Error, Kind, Result};
use crate::history::find::{self, Pattern};
use crate::quote::quoted_path;
use std::path::{Path, PathBuf};

/// The paths in a snapshot for `named`, which stand as `paths` in the snapshot if they are no patterns.
///
/// # Errors
/// The snapshot has no such path, and none that matches.
pub(super) fn chosen(
    found: &Found,
    named: &[PathBuf],
    paths: Vec<Box<[u8]>>,
    context: &Context,
) -> Result<Vec<Box<[u8]>>> {
    let mut chosen = Vec::new();
    for (named, path) in named.iter().zip(paths) {
        match inside::at(found.clone(), path.clone()) {
            Ok(_) => chosen.push(path),
            Err(error) if error.kind() == Kind::NotFound => match pattern(named, &path) {
                Some(pattern) => chosen.extend(matching(found, named, &pattern, context)?),
                None => return Err(error),
            },
            Err(error) => return Err(error),
        }
    }
    Ok(chosen)
}

/// A path with `*`, `?` or `[` as a pattern of gitignore(5) from the snapshot's root: one without a slash
/// matches names at any depth below the current directory.
fn pattern(named: &Path, path: &[u8]) -> Option<String> {
    let text = named.to_str().filter(|text| text.contains(['*', '?', '[']))?;
    let path = std::str::from_utf8(path).ok()?;
    // The directory that relative paths begin at, which is no pattern.
    let Some(here) = path.strip_suffix(text) else { return Some(format!("/{path}")) };
    let mut plain = String::new();
    for letter in here.chars() {
        if matches!(letter, '*' | '?' | '[' | ']' | '\\') {
            plain.push('\\');
        }
        plain.push(letter);
    }
    let depth = if text.contains('/') { "" } else { "**/" };
    Some(format!("/{plain}{depth}{text}"))
}

fn matching(found: &Found, named: &Path, pattern: &str, context: &Context) -> Result<Vec<Box<[u8]>>> {
    let pattern = Pattern::new(pattern, false)?;
    let threads = several::threads(context)?;
    let (matches, _) = find::find(&found.opened.sink, &[&found.node], &pattern, threads)?;
    if matches.is_empty() {
        let pattern = quoted_path(named);
        return Err(Error::not_found(format!(
            "nothing in snapshot {} matches {pattern}",
            found.node.short()
        )));
    }
    Ok(matches.into_keys().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_begins_at_the_current_directory() {
        let of = |named: &str, path: &str| pattern(Path::new(named), path.as_bytes());
        assert_eq!(of("*.txt", "*.txt").as_deref(), Some("/**/*.txt"));
        assert_eq!(of("*.txt", "a[1]/*.txt").as_deref(), Some("/a\\[1\\]/**/*.txt"));
        assert_eq!(of("b/**/*.txt", "a/b/**/*.txt").as_deref(), Some("/a/b/**/*.txt"));
        assert_eq!(of("../?.txt", "?.txt").as_deref(), Some("/?.txt"));
        assert_eq!(of("plain", "plain"), None);
    }
}
