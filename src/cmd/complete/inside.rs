//! Entries of snapshots, read from their trees: one directory is listed, however large the
//! manifest is. No link is followed, and nothing is locked.

use super::scene::Scene;
use super::{Candidate, Offer, revisions};
use crate::cmd::{Found, compare, inside};
use crate::tree::path;
use std::path::PathBuf;

/// The most names of one directory that are offered.
const MOST: usize = 2000;

/// What `REV:PATH` may become: a revision first, then the path.
pub(super) fn offer(word: &str, scene: &Scene) -> Offer {
    let (rev, typed) = inside::split(word.as_bytes(), |name| inside::is_sink(name, &scene.context));
    let typed = typed.unwrap_or_default();
    let Some(rev) = word.get(..rev.len()).filter(|rev| rev.len() < word.len()) else {
        let mut offer = revisions::offer(word, scene);
        for candidate in offer.candidates.iter_mut().filter(|candidate| !candidate.word.ends_with(':')) {
            candidate.word.push(':');
        }
        return offer;
    };
    let (Ok(found), Ok(typed)) =
        (scene.context.revision(rev, scene.sink.as_deref()), std::str::from_utf8(typed))
    else {
        return Offer::default();
    };
    let start = typed.rfind('/').map_or(0, |at| at + 1);
    let Ok(dir) = inside::clean(&typed.as_bytes()[..start]) else { return Offer::default() };
    let before = &word[..word.len() - typed.len() + start];
    Offer::of(names(&found, &dir, &typed[start..])).behind(before)
}

/// What a path beside a revision may become; behind `--` it is relative to where the user is.
pub(super) fn paths(word: &str, is_relative: bool, scene: &Scene) -> Offer {
    let start = word.rfind('/').map_or(0, |at| at + 1);
    let dir = if start == 0 { "." } else { &word[..start] };
    let source = scene.context.try_source().filter(|_| is_relative && !scene.from_root);
    let Ok(dir) = compare::paths(&[PathBuf::from(dir)], source.as_ref()) else { return Offer::default() };
    let named = scene.revisions.last().map_or("HEAD", String::as_str);
    let found = |rev: &str| scene.context.revision(rev, scene.sink.as_deref());
    // Of a range, the end: its last snapshot is the likeliest to have the path.
    let Ok(found) = found(named).or_else(|_| found(named.rsplit("..").next().unwrap_or("HEAD"))) else {
        return Offer::default();
    };
    let names = dir
        .first()
        .map_or_else(|| names(&found, b"", &word[start..]), |dir| names(&found, dir, &word[start..]));
    Offer::of(names).behind(&word[..start])
}

/// What is in a directory of a snapshot; hidden names only where a dot is typed.
fn names(found: &Found, dir: &[u8], begun: &str) -> Vec<Candidate> {
    let Ok(mut at) = found.opened.sink.open_tree(&found.node.id) else { return Vec::new() };
    for component in path::components(dir) {
        match at.open_dir(component) {
            Ok(below) => at = below,
            Err(_) => return Vec::new(),
        }
    }
    let items = at.list().unwrap_or_default();
    let named = items.iter().filter_map(|item| Some((std::str::from_utf8(&item.name).ok()?, item.is_dir)));
    let shown =
        named.filter(|(name, _)| name.starts_with(begun) && name.starts_with('.') <= begun.starts_with('.'));
    let mut names: Vec<String> =
        shown.map(|(name, is_dir)| if is_dir { format!("{name}/") } else { name.to_owned() }).collect();
    names.sort_unstable();
    names.truncate(MOST);
    names.into_iter().map(|name| Candidate::new(name, "")).collect()
}
