//! Paths inside a tree: bytes, relative, `/` between components, the root is empty.
//!
//! The order of a manifest is by parent directory, component by component, then by name, so
//! the entries of one directory stand together and parents come before what they hold.

use std::cmp::Ordering;

/// Parent and last component; `None` for the root.
pub fn split(path: &[u8]) -> Option<(&[u8], &[u8])> {
    if path.is_empty() {
        return None;
    }
    Some(match path.iter().rposition(|&b| b == b'/') {
        Some(at) => (&path[..at], &path[at + 1..]),
        None => (b"", path),
    })
}

/// `parent/name`, without a slash below the root.
pub fn join(parent: &[u8], name: &[u8]) -> Box<[u8]> {
    if parent.is_empty() {
        return name.into();
    }
    let mut path = Vec::with_capacity(parent.len() + 1 + name.len());
    path.extend_from_slice(parent);
    path.push(b'/');
    path.extend_from_slice(name);
    path.into()
}

/// The components from the root down; none for the root.
pub fn components(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|&b| b == b'/').filter(|c| !c.is_empty())
}

/// The order of directories in a manifest.
pub fn compare_dirs(a: &[u8], b: &[u8]) -> Ordering {
    components(a).cmp(components(b))
}

/// Whether `path` is `dir` or lies below it.
pub fn is_within(path: &[u8], dir: &[u8]) -> bool {
    dir.is_empty()
        || path.strip_prefix(dir).is_some_and(|rest| rest.is_empty() || rest.first() == Some(&b'/'))
}

/// The path itself and all directories above it but the root, the deepest first.
pub fn ancestors(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::successors(Some(path), |path| split(path).map(|(parent, _)| parent))
        .take_while(|path| !path.is_empty())
}

/// Whether this is one component that a directory can hold.
pub fn is_component(name: &[u8]) -> bool {
    !matches!(name, b"" | b"." | b"..") && !name.iter().any(|&b| b == b'/' || b == 0)
}

/// Whether a path that a stranger wrote stays inside the tree: relative, clean components.
pub fn is_safe(path: &[u8]) -> bool {
    path.is_empty() || path.split(|&b| b == b'/').all(is_component)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_of_a_directory_stand_together() {
        let paths: [&[u8]; 8] = [b"", b"a", b"a.b", b"b", b"a/x", b"a/y", b"a/y/z", b"a.b/q"];
        let key = |p: &'static [u8]| split(p);
        for pair in paths.windows(2) {
            let order = match (key(pair[0]), key(pair[1])) {
                (None, Some(_)) => Ordering::Less,
                (Some((dir_a, a)), Some((dir_b, b))) => compare_dirs(dir_a, dir_b).then(a.cmp(b)),
                _ => Ordering::Greater,
            };
            assert_eq!(order, Ordering::Less, "{pair:?}");
        }
    }

    #[test]
    fn paths_that_leave_the_tree_are_not_safe() {
        for bad in ["/etc", "a/../b", "..", "a//b", "a/", "./a", "a\0b"] {
            assert!(!is_safe(bad.as_bytes()), "{bad}");
        }
        for good in ["", "a", "a/b", "...", "a/..b", " "] {
            assert!(is_safe(good.as_bytes()), "{good}");
        }
    }

    #[test]
    fn a_name_that_begins_alike_is_not_within() {
        assert!(is_within(b"a/b", b"a") && is_within(b"a", b"a") && is_within(b"x", b""));
        assert!(!is_within(b"ab", b"a") && !is_within(b"a", b"a/b"));
    }
}
