//! When a push must not be trusted: an empty or foreign source, too much unread, too much gone.
//! Nothing expires by such a push (promise 5).

use super::feed::Met;
use crate::error::{Error, Result};
use crate::quote::quoted_path;
use crate::sink::node::Counts;
use crate::sink::{Catalog, Node, Sink};
use crate::source::Source;
use crate::tree::TreeRecord;
use std::path::Path;

/// Above this many unread entries a snapshot is partial, whatever its size.
const MAX_UNREAD: u64 = 1000;

/// What the operator allows this once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Allowed {
    /// The source may be empty.
    pub empty: bool,
    /// The source may lie on another file system or machine than last time.
    pub moved: bool,
    /// The source may be less than half of what it was.
    pub shrunk: bool,
}

/// Refuses a source without any entry.
///
/// # Errors
/// [`crate::error::Kind::NotFound`]: it is probably not mounted.
pub fn check_empty(source: &Path, met: &Met, allowed: Allowed) -> Result<()> {
    if met.entries > 0 {
        return Ok(());
    }
    if met.top_level_failed {
        return Err(Error::failed(format!("the source {} cannot be listed", quoted_path(source)))
            .because("nothing was saved and nothing removed")
            .hint("look at its permissions"));
    }
    if allowed.empty {
        return Ok(());
    }
    Err(Error::not_found(format!("the source {} is empty", quoted_path(source)))
        .because("it is probably not mounted; nothing was saved and nothing removed")
        .hint("if it is meant to be empty, push with --allow-empty"))
}

/// Refuses a source that lies elsewhere than when the parent was made.
///
/// # Errors
/// [`crate::error::Kind::NotFound`].
///
/// A sink is that machine's which adopted it, or which made the parent.
pub fn check_moved(
    source: &Source,
    (name, sink): (&str, &Sink),
    parent: Option<&Node>,
    source_fs: &str,
    allowed: Allowed,
) -> Result<()> {
    let Some(parent) = parent.filter(|_| !allowed.moved) else { return Ok(()) };
    let hint = "if that is right, push once with --allow-moved";
    if source.is_clone {
        return Err(Error::not_found(format!("cannot push the clone {}", quoted_path(&source.path)))
            .because("what it was cloned from may still be saved to the same sink")
            .hint(format!("if the sink is this clone's now: emu sink adopt {name}")));
    }
    let machine = crate::fs::machine_id();
    let owner = sink.info.machine.as_ref();
    if *owner.unwrap_or(&parent.machine) != machine {
        let why = match owner {
            Some(_) => "another machine has adopted the sink".to_owned(),
            None => format!("the last snapshot was made on {}", crate::quote::quoted(&parent.host)),
        };
        return Err(Error::not_found(format!("cannot push {} from this machine", quoted_path(&source.path)))
            .because(why)
            .hint(format!("if the sink is this machine's now: emu sink adopt {name}")));
    }
    if parent.machine != machine {
        return Ok(());
    }
    // Unknown on either side proves nothing; another kind of file system is another one.
    if !parent.source_fs.is_empty() && !source_fs.is_empty() && parent.source_fs != source_fs {
        return Err(Error::not_found(format!("the source {} has moved", quoted_path(&source.path)))
            .because("it lies on another file system than at the last push")
            .hint(hint));
    }
    Ok(())
}

/// Whether so much could not be read that the snapshot is partial: more than 1 %, more than a
/// thousand entries, or a directory at the top. `missing` is what the parent has below directories
/// that could not be listed.
pub fn is_partial(counts: &Counts, tree: &TreeRecord, met: &Met, missing: u64) -> bool {
    let unread = counts.unread.saturating_add(missing);
    met.top_level_failed || unread > MAX_UNREAD || unread.saturating_mul(100) > tree.entries
}

/// Whether less than half is left of the last complete snapshot's entries or bytes.
pub fn is_shrunk(tree: &TreeRecord, (sink, catalog): (&Sink, &Catalog), allowed: Allowed) -> bool {
    let before = catalog.last_complete(sink).map(|snapshot| snapshot.node.manifest);
    !allowed.shrunk
        && before.is_some_and(|before| {
            tree.entries.saturating_mul(2) < before.entries || tree.bytes.saturating_mul(2) < before.bytes
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Digest;

    fn tree(entries: u64) -> TreeRecord {
        TreeRecord { entries, bytes: 0, tree: Digest::of(b"") }
    }

    #[test]
    fn more_than_one_percent_unread_is_partial() {
        let counts = |unread| Counts { unread, ..Counts::default() };
        assert!(!is_partial(&counts(10), &tree(1000), &Met::default(), 0));
        assert!(is_partial(&counts(11), &tree(1000), &Met::default(), 0));
        assert!(is_partial(&counts(1001), &tree(10_000_000), &Met::default(), 0));
        let top = Met { top_level_failed: true, ..Met::default() };
        assert!(is_partial(&counts(1), &tree(10_000), &top, 0));
    }

    #[test]
    fn what_the_parent_has_below_an_unreadable_directory_counts() {
        let counts = Counts { unread: 1, ..Counts::default() };
        assert!(is_partial(&counts, &tree(1000), &Met::default(), 400));
        assert!(!is_partial(&counts, &tree(1000), &Met::default(), 0));
    }
}
