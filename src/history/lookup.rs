//! One path in one snapshot.

use crate::error::Result;
use crate::tree::{Entry, Kind, Listing, ManifestReader, path};
use std::cmp::Ordering;
use std::io::BufRead;

/// What a manifest has at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// An entry and, of a directory, what is in it in the order of names.
    Entry(Box<Entry>, Vec<Entry>),
    /// Nothing. The deepest directory on the way that is there, and the names in it.
    Nothing(Box<[u8]>, Vec<Box<[u8]>>),
}

/// Reads a manifest as far as necessary.
///
/// # Errors
/// It is damaged.
pub fn look_up<R: BufRead>(manifest: &mut ManifestReader<R>, wanted: &[u8]) -> Result<Answer> {
    let mut own = wanted.is_empty().then(|| Box::new(manifest.root().clone()));
    let mut deepest: (Box<[u8]>, Vec<Box<[u8]>>) = (Box::default(), Vec::new());
    while let Some(Listing { dir, entries }) = manifest.next_listing()? {
        match path::compare_dirs(&dir, wanted) {
            Ordering::Equal => {
                if let Some(own) = own {
                    return Ok(Answer::Entry(own, entries));
                }
            }
            Ordering::Greater => break,
            Ordering::Less => {}
        }
        if !path::is_within(wanted, &dir) {
            continue;
        }
        if let Some((parent, name)) = path::split(wanted)
            && *parent == *dir
            && let Ok(at) = entries.binary_search_by(|entry| (*entry.name).cmp(name))
        {
            let entry = entries[at].clone();
            if entry.kind != Kind::Dir {
                return Ok(Answer::Entry(Box::new(entry), Vec::new()));
            }
            own = Some(Box::new(entry));
        }
        deepest = (dir, entries.into_iter().map(|entry| entry.name).collect());
    }
    Ok(match own {
        // A directory with nothing in it.
        Some(own) => Answer::Entry(own, Vec::new()),
        None => Answer::Nothing(deepest.0, deepest.1),
    })
}
