//! The pipeline without a sink to write to: hashing a tree for plumbing, and the plan of a push
//! that is only printed.

use super::begin;
use super::compare::{CompareRules, Comparer};
use super::feed::{Against, Feed};
use super::lane::{Lane, Staged};
use super::plan::{Reason, Target};
use super::scan::{self, Scan, ScanRules};
use super::seal::{Output, Sealer, Writes};
use super::stage::Stage;
use crate::config::{Config, MetadataChange};
use crate::error::{Doing as _, Result};
use crate::fs::Dir;
use crate::progress::Observer;
use crate::quote::quoted;
use crate::sink::node::{Counts, PathField};
use crate::sink::{ExcludeRules, Excluded, Exclusions, Node, Sink};
use crate::source::{Excludes, Patterns, Source, Unfinished, owner_names};
use crate::tree::{Framing, Kind, Time, Unread, path};
use std::collections::HashSet;
use std::sync::Arc;

/// A tree to be hashed.
pub struct HashRequest<'a> {
    /// Its root.
    pub root: Arc<Dir>,
    /// The source that it is, whose excludes and borders then apply.
    pub source: Option<&'a Source>,
    /// A snapshot whose hashes stand for files that did not change.
    pub against: Option<(&'a Sink, &'a Node)>,
    /// Configuration.
    pub config: &'a Config,
    /// Patterns beside those of the source.
    pub excludes: &'a [Patterns],
    /// A snapshot and its exclusions, which apply too.
    pub earlier: Option<(&'a Node, &'a Excluded)>,
}

/// Writes the manifest of a tree to `out`, laid out like this.
///
/// # Errors
/// The tree cannot be looked at, or the output fails.
pub fn hash_tree(
    request: &HashRequest<'_>,
    out: Output,
    framing: Framing,
    observer: &dyn Observer,
) -> Result<(Staged, Counts, Vec<Unread>)> {
    let limit = scan::racy_limit(clock(request.source)?);
    let (scan, recorded) = scan_tree(request, limit)?;
    let root = scan::root(&request.root, limit).doing(|| "cannot look at the tree's root")?;
    let previous = begin::previous(request.against)?;
    let rules = CompareRules {
        compare: request.config.compare(),
        metadata_change: MetadataChange::Copy,
        can_hold_owner: false,
        can_hold_xattrs: false,
    };
    let lanes = [Lane::hashing()];
    let mut feed = Feed::new(scan, vec![Against::new(Comparer::new(rules), previous)], limit);
    let writes = Writes { manifest: out, framing, journal: None, index: None, keep_index: None };
    let mut sealers = vec![Sealer::new(writes, &owner_names(), root, None, &lanes[0])?];
    let stage = Stage { lanes: &lanes, racy_limit: limit, threads: super::threads(request.config), observer };
    stage.run(|| feed.next(&lanes), &mut sealers)?;
    if let Some(error) = lanes[0].take_failure() {
        return Err(error);
    }
    let mut sealer = sealers.remove(0);
    let mounts = feed.met.mounts.iter().map(|path| PathField::new(path)).collect();
    sealer.aside(&Exclusions::new(Excluded::new(recorded, &feed.met.excluded), mounts))?;
    sealer.finish(&lanes[0])
}

fn clock(source: Option<&Source>) -> Result<Time> {
    match source {
        Some(source) => source.clock(),
        None => Ok(crate::clock::system()),
    }
}

fn scan_tree(request: &HashRequest<'_>, limit: Time) -> Result<(Scan, ExcludeRules)> {
    let (excludes, skip) = match request.source {
        Some(source) => {
            let excludes = Excludes::of(source, request.config, request.excludes)?;
            (excludes, begin::left_out(source, source.root(), request.config)?)
        }
        None => (Excludes::none(), HashSet::new()),
    };
    let unfinished = request.source.and_then(|source| Unfinished::read(source.emu()));
    let recorded =
        ExcludeRules { one_file_system: request.config.one_file_system(), ..excludes.recorded().clone() };
    let excludes = match request.earlier {
        Some((node, excluded)) => excludes.and_earlier(node, excluded),
        None => excludes,
    };
    let rules = ScanRules {
        excludes,
        temporary: unfinished.map(|unfinished| unfinished.temporary.into_bytes().into()),
        skip,
        one_file_system: request.config.one_file_system(),
        special: request.config.special(),
        threads: super::threads(request.config),
    };
    Ok((Scan::start(&request.root, rules, vec![Lane::hashing().known()], limit)?, recorded))
}

/// One line of a push's plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// Path in the source.
    pub path: Box<[u8]>,
    /// What it is.
    pub kind: Kind,
    /// Why it is not simply kept; `None`: it is gone from the source.
    pub reason: Option<Reason>,
    /// Bytes of a file.
    pub size: u64,
}

/// What a push to the sink of this parent would do, handed to `show` in the order of the source; what is gone
/// comes last. Nothing is opened for writing and nothing is locked.
///
/// # Errors
/// The source or the parent's manifest cannot be read.
pub fn preview(
    source: &Source,
    parent: Option<(&Sink, &Node)>,
    set_owner: bool,
    (config, excludes): (&Config, &[Patterns]),
    observer: &dyn Observer,
    show: &mut dyn FnMut(Preview) -> Result<()>,
) -> Result<()> {
    let request = HashRequest {
        root: Arc::clone(source.root()),
        source: Some(source),
        against: parent,
        config,
        excludes,
        earlier: None,
    };
    let limit = scan::racy_limit(crate::clock::system());
    let (scan, _) = scan_tree(&request, limit)?;
    let previous = begin::previous(parent)?;
    let comparer = Comparer::new(begin::rules(parent, set_owner, config));
    let side = Against::new(comparer, previous).collecting_gone();
    let lanes = [Lane::hashing()];
    let mut feed = Feed::new(scan, vec![side], limit);
    while let Some(batch) = feed.next(&lanes)? {
        crate::interrupt::check()?;
        for unread in &batch.unread {
            observer.warn(format!("{} is not saved: {}", quoted(&unread.path), unread.text));
        }
        for plan in batch.plans.into_iter().flatten().flatten() {
            if matches!(plan.target, Target::Keep | Target::SameAs(_)) || plan.reason == Reason::Unchanged {
                continue;
            }
            let path = path::join(&batch.path, &plan.entry.name);
            show(Preview { path, kind: plan.entry.kind, reason: Some(plan.reason), size: plan.entry.size })?;
        }
    }
    if let Some(error) = lanes[0].take_failure() {
        return Err(error);
    }
    feed.sides[0].drain()?;
    for (path, entry) in feed.sides[0].take_gone() {
        show(Preview { path, kind: entry.kind, reason: None, size: entry.size })?;
    }
    Ok(())
}
