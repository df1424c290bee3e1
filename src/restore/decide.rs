//! The plan of a full checkout: what has to be done is said by the manifest alone. That nothing
//! has to be done can be said by the index.

use super::change::Step;
use super::checkout::{Caution, Foreseen, Request};
use super::guard::Guard;
use super::judge::Powers;
use super::known::{Look, index_of};
use super::owners::OwnerMap;
use super::plan::Planner;
use super::target::Unfinished;
use super::whole::{Records, Whole, cannot_walk};
use crate::error::{Error, Result};
use crate::fs::{Dir, Item, Rules, Scanned, Walk, usual_threads};
use crate::interrupt;
use crate::progress::Observer;
use crate::sink::{Index, Node, Sink};
use crate::source::{Excludes, Source};
use std::collections::HashSet;
use std::sync::Arc;

/// A full checkout that is to be planned.
pub(super) struct Full<'a, 'r> {
    pub(super) request: &'a Request<'r>,
    pub(super) source: &'a Source,
    pub(super) caution: Caution,
    /// What a checkout before left behind when it was cut off.
    pub(super) unfinished: Option<&'a Unfinished>,
    /// Directories that are not the source's: sinks and `.emu`, by device and inode.
    pub(super) skip: HashSet<(u64, u64)>,
    pub(super) observer: &'a dyn Observer,
}

impl Full<'_, '_> {
    /// Hands the steps over in manifest order.
    ///
    /// # Errors
    /// The snapshot or the source cannot be read, or `each` failed.
    pub(super) fn decide(&self, each: &mut dyn FnMut(Step) -> Result<()>) -> Result<Foreseen> {
        let excludes = Arc::new(self.excludes()?);
        let references = references(self.request, self.unfinished);
        let index =
            index_of(self.request.sink, self.request.node, self.source).filter(|_| references.is_empty());
        // The index is soon read, but nothing proves it except itself. It may say that nothing has to
        // be done; what has to be done is said by the manifest, whose hash the node has.
        let mut told = 0;
        if let Some(index) = index {
            let mut stop = |_| Err(Error::failed("something has to be done"));
            match self.plan(&excludes, Some(Arc::new(index)), &[], &mut told, &mut stop) {
                Ok(foreseen) => return Ok(foreseen),
                Err(_) => interrupt::check()?,
            }
        }
        self.plan(&excludes, None, &references, &mut told, each)
    }

    /// The excludes of the source together with the exclusions of the snapshot.
    fn excludes(&self) -> Result<Excludes> {
        let Request { sink, node, config, .. } = self.request;
        let excludes = Excludes::of(self.source, config, &[])?;
        let unknown = |error: Error| {
            error.hint(format!(
                "`emu verify --repair` may restore the record; `emu checkout {} -- .` brings everything back and removes nothing",
                node.short()
            ))
        };
        if node.counts.unread > node.unread.len() as u64 {
            let why =
                "it could not read more paths than its record names, and what it lacks would be removed";
            return Err(unknown(Error::failed("cannot make the source equal to the snapshot").because(why)));
        }
        match sink.excluded(node) {
            Ok(Some(earlier)) => return Ok(excludes.and_earlier(node, &earlier)),
            Ok(None) => self.observer.warn(format!(
                "{} has no record of what it was told to leave out; only what is excluded now is left alone",
                node.short()
            )),
            Err(error) => return Err(unknown(error)),
        }
        Ok(excludes)
    }

    /// `index`: to be read in place of the manifest and of any content. `told`: entries that progress
    /// knows of by now.
    fn plan(
        &self,
        excludes: &Arc<Excludes>,
        index: Option<Arc<Index>>,
        references: &[(&Sink, &Node)],
        told: &mut u64,
        each: &mut dyn FnMut(Step) -> Result<()>,
    ) -> Result<Foreseen> {
        let request = self.request;
        let special = request.special && request.config.special();
        let mut planner = Planner::new(Powers::new(request.ownership), index.is_none(), special);
        let mut guard =
            Guard::new(self.caution, self.unfinished.map(|unfinished| unfinished.temporary.clone()));
        let walk = self.walk(excludes, index.clone())?;
        for (sink, node) in references {
            match sink.open_manifest(node) {
                Ok(mut manifest) => guard.add_reference(move || manifest.next_listing()),
                Err(error) => self.observer.warn(format!("{error}; what it holds counts as not saved")),
            }
        }
        // Proven while the walk is under way.
        let mut manifest = request.sink.open_manifest(request.node)?;
        let owners = OwnerMap::new(manifest.owners(), request.ownership);
        if index.is_some() && !owners.is_identity() {
            return Err(Error::failed("the index has the recorded owners"));
        }
        let mut whole = Whole {
            planner: &mut planner,
            guard: &mut guard,
            excludes,
            skip: &self.skip,
            excluded: 0,
            skips: false,
            gone: HashSet::new(),
            met: 0,
            told,
            observer: self.observer,
        };
        whole.run(self.source.root(), Records { manifest: &mut manifest, index, owners }, walk, each)?;
        let excluded = whole.excluded;
        Ok(Foreseen { risks: guard.risks, troubles: planner.troubles, left: 0, excluded })
    }

    fn walk(&self, excludes: &Arc<Excludes>, index: Option<Arc<Index>>) -> Result<Walk<Look>> {
        let (matcher, marks) = (Arc::clone(excludes), Arc::clone(excludes));
        let excluded = move |path: &[u8], is_dir| matcher.excludes(path, is_dir);
        let marked = move |dir: &Dir, names: &[Item]| marks.mark_ever_in(dir, names);
        let rules = Rules {
            excluded: if excludes.has_no_patterns() { None } else { Some(Box::new(excluded)) },
            marked: if excludes.ever_had_marks() { Some(Box::new(marked)) } else { None },
            // What the snapshot has is looked at whatever its size.
            larger_than: None,
            skip: self.skip.clone(),
            one_file_system: true,
            special: true,
        };
        let visit = move |above: Option<&Look>, scanned: &Scanned| Look::at(index.as_deref(), above, scanned);
        Walk::start(Arc::clone(self.source.root()), rules, usual_threads(), Box::new(visit))
            .map_err(cannot_walk)
    }
}

/// The snapshots whose content counts as saved, beside the one that is checked out.
fn references<'a>(request: &Request<'a>, unfinished: Option<&Unfinished>) -> Vec<(&'a Sink, &'a Node)> {
    let mut references: Vec<(&Sink, &Node)> = Vec::new();
    references.extend(request.catalog.head().map(|head| (request.sink, &head.node)));
    if let Some(unfinished) = unfinished {
        let own = request.sink.info.id == unfinished.sink;
        let others = if own { Vec::new() } else { (request.others)() };
        let sinks = std::iter::once((request.sink, request.catalog)).chain(others);
        for (sink, catalog) in sinks.filter(|(sink, _)| sink.info.id == unfinished.sink) {
            references.extend(catalog.get(&unfinished.snapshot).map(|found| (sink, &found.node)));
        }
    }
    references.retain(|(_, node)| node.id != request.node.id);
    references.dedup_by(|a, b| a.1.id == b.1.id);
    references
}
