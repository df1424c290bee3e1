//! A place in a tree that moves in manifest order: opens one component at a time, remembers the
//! directories on the way, and never holds more descriptors than a fixed number.

use super::{Dir, Result};
use crate::tree::path;
use std::sync::Arc;

/// How many levels stay open; deeper trees are reached again from the deepest open level above.
const OPEN_LEVELS: usize = 48;

/// Opens directories of one tree as they are asked for.
pub struct Cursor {
    root: Arc<Dir>,
    listable: bool,
    levels: Vec<(Box<[u8]>, Arc<Dir>)>,
}

impl Cursor {
    /// Starts at the root of a tree. `listable`: directories are opened for listing and sync,
    /// otherwise only for reaching what they hold.
    pub fn new(root: Arc<Dir>, listable: bool) -> Cursor {
        Cursor { root, listable, levels: Vec::new() }
    }

    /// The directory at `dir` below the root; no link is followed.
    ///
    /// # Errors
    /// The system's, of the first component that cannot be opened.
    pub fn at(&mut self, dir: &[u8]) -> Result<Arc<Dir>> {
        while self.levels.last().is_some_and(|(open, _)| !path::is_within(dir, open)) {
            self.levels.pop();
        }
        let (mut reached, mut at) = match self.levels.last() {
            Some((open, handle)) => (open.len(), Arc::clone(handle)),
            None => (0, Arc::clone(&self.root)),
        };
        while reached < dir.len() {
            let start = if reached == 0 { 0 } else { reached + 1 };
            let end = dir[start..].iter().position(|&b| b == b'/').map_or(dir.len(), |n| start + n);
            let name = &dir[start..end];
            at = Arc::new(if self.listable { at.open_dir(name)? } else { at.open_path(name)? });
            reached = end;
            if self.levels.len() >= OPEN_LEVELS {
                // Keep the levels near the root: they are shared by most of what is to come.
                self.levels.truncate(OPEN_LEVELS - 1);
            }
            self.levels.push((dir[..reached].into(), Arc::clone(&at)));
        }
        Ok(at)
    }

    /// Forgets open directories below and at `dir`: what stands there is about to be replaced.
    pub fn forget(&mut self, dir: &[u8]) {
        self.levels.retain(|(open, _)| !path::is_within(open, dir));
    }
}
