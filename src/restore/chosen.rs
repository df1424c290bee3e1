//! The paths of a snapshot that a checkout is about.

use super::plan::is_below_any;
use crate::tree::path;
use std::collections::HashSet;

/// How an entry relates to the chosen paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    /// It is chosen, or below something chosen.
    Selected,
    /// A directory above something chosen.
    Above,
    Outside,
}

/// The chosen paths; none means all.
#[derive(Debug)]
pub(super) struct Chosen {
    paths: HashSet<Box<[u8]>>,
    above: HashSet<Box<[u8]>>,
}

impl Chosen {
    pub(super) fn new(paths: &[Box<[u8]>]) -> Chosen {
        let mut above = HashSet::new();
        for whole in paths {
            let mut rest: &[u8] = whole;
            while let Some((dir, _)) = path::split(rest)
                && above.insert(dir.into())
            {
                rest = dir;
            }
        }
        let paths = if paths.iter().any(|path| path.is_empty()) { &[] } else { paths };
        Chosen { paths: paths.iter().cloned().collect(), above }
    }

    /// Whether everything is chosen.
    pub(super) fn is_all(&self) -> bool {
        self.paths.is_empty()
    }

    pub(super) fn relation(&self, whole: &[u8]) -> Relation {
        if self.is_all() || is_below_any(&self.paths, whole) {
            Relation::Selected
        } else if self.above.contains(whole) {
            Relation::Above
        } else {
            Relation::Outside
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_below_above_or_beside_the_chosen_paths() {
        let chosen = Chosen::new(&[b"a/b"[..].into(), b"c"[..].into()]);
        for (path, expected) in [
            ("", Relation::Above),
            ("a", Relation::Above),
            ("a/b", Relation::Selected),
            ("a/b/x", Relation::Selected),
            ("a/bb", Relation::Outside),
            ("c", Relation::Selected),
            ("d", Relation::Outside),
        ] {
            assert_eq!(chosen.relation(path.as_bytes()), expected, "{path}");
        }
        assert_eq!(Chosen::new(&[]).relation(b"x"), Relation::Selected);
        assert_eq!(Chosen::new(&[b"a"[..].into(), Box::default()]).relation(b"x"), Relation::Selected);
    }
}
