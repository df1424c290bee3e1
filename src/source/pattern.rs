//! Reads exclude patterns as text, to find patterns that can never match.

use std::path::Path;

/// The directories that contain whatever the pattern matches, outermost first, as far as the pattern
/// names them without wildcards. Empty if the pattern matches at every depth.
pub(super) fn named_parents(pattern: &str) -> Vec<String> {
    let body = body(pattern);
    let body = body.strip_suffix('/').unwrap_or(body);
    let Some((above, _)) = body.rsplit_once('/') else { return Vec::new() };
    let above = above.strip_prefix('/').unwrap_or(above);
    let is_literal = |name: &&str| !name.is_empty() && !name.contains(['*', '?', '[', '\\']);
    let mut parents: Vec<String> = Vec::new();
    for name in above.split('/').take_while(is_literal) {
        parents.push(parents.last().map_or_else(|| name.to_owned(), |parent| format!("{parent}/{name}")));
    }
    parents
}

/// Why no path below the root of a source can match the pattern, and what to write instead. `has` tells
/// whether the source has a directory at a relative path.
pub(super) fn mistake(pattern: &str, source: &Path, has: impl Fn(&Path) -> bool) -> Option<String> {
    let body = body(pattern);
    let sign = if is_negated(pattern) { "!" } else { "" };
    if body.split('/').any(|name| name == "..") {
        return Some("no path in the source has a component '..'".to_owned());
    }
    if body.split('/').any(|name| name == ".") {
        let names: Vec<&str> = body.split('/').filter(|name| !name.is_empty() && *name != ".").collect();
        let instead = if names.is_empty() { "*".to_owned() } else { names.join("/") };
        let end = if body.ends_with('/') && !names.is_empty() { "/" } else { "" };
        return Some(format!(
            "no path in the source has a component '.'; write '{sign}/{instead}{end}' instead"
        ));
    }
    let root =
        source.to_str().filter(|root| *root != "/" && !has(Path::new(root.trim_start_matches('/'))))?;
    let below = body.strip_prefix(root).filter(|below| below.is_empty() || below.starts_with('/'))?;
    let instead = if below.trim_matches('/').is_empty() { "/*" } else { below };
    Some(format!("patterns are relative to the source's root; write '{sign}{instead}' instead"))
}

/// Whether the pattern includes again what an earlier pattern excludes.
pub(super) fn is_negated(pattern: &str) -> bool {
    pattern.starts_with('!')
}

/// The pattern without its `!` and trailing spaces.
fn body(pattern: &str) -> &str {
    let pattern = pattern.trim_end();
    pattern.strip_prefix('!').unwrap_or(pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_are_named_up_to_the_first_wildcard() {
        let parents = |pattern| named_parents(pattern).join(" ");
        assert_eq!(parents("!/a/b/c"), "a a/b");
        assert_eq!(parents("!a/b/"), "a");
        assert_eq!(parents("!a/*/c"), "a");
        assert_eq!(parents("!/a/**"), "a");
        for pattern in ["!a", "!/a", "!a/", "!**/a/b", "!*/a", "!\\*/a", "!/"] {
            assert_eq!(parents(pattern), "", "{pattern}");
        }
    }

    #[test]
    fn a_mistake_names_the_pattern_to_write_instead() {
        let instead = |pattern: &str| {
            let why = mistake(pattern, Path::new("/home/me"), |_| false)?;
            Some(why.split_once("write ").map_or(String::new(), |(_, rest)| rest.replace(" instead", "")))
        };
        assert_eq!(instead("./x").as_deref(), Some("'/x'"));
        assert_eq!(instead("!a/./b/").as_deref(), Some("'!/a/b/'"));
        assert_eq!(instead(".").as_deref(), Some("'/*'"));
        assert_eq!(instead("../x").as_deref(), Some(""));
        assert_eq!(instead("/home/me/tmp/").as_deref(), Some("'/tmp/'"));
        assert_eq!(instead("/home/me").as_deref(), Some("'/*'"));
        for pattern in ["/home/meadow", "/home", "*.o", "/a/b", ".cache/", "a..b", "/..x"] {
            assert_eq!(instead(pattern), None, "{pattern}");
        }
        assert_eq!(mistake("/home/me/tmp", Path::new("/home/me"), |_| true), None);
        assert_eq!(mistake("/tmp", Path::new("/"), |_| false), None);
    }
}
