//! The pipeline from a manifest on stdin: plumbing stages a tree, and publishes it later.

use super::begin::{self, Ready};
use super::commit::{self, Draft, Published};
use super::compare::Comparer;
use super::feed::{self, Met};
use super::lane::{self, Lane, Staging};
use super::limits::{self, Allowed, Subject};
use super::scan;
use super::stage::{Batch, Stage};
use crate::config::Config;
use crate::error::{Doing as _, Error, Result};
use crate::fs::{self, Cursor, Dir};
use crate::progress::Observer;
use crate::quote::{quoted, quoted_path};
use crate::sink::node::{ManifestRef, PathField};
use crate::sink::{Catalog, Exclusions, Intent, Lock, Sink, SinkLock, Stage as Progress, layout};
use crate::source::{Source, Unfinished};
use crate::tree::{Digest, Entry, Follower, Kind, Listing, ManifestReader, TreeRecord, path};
use std::io::BufRead;
use std::sync::Arc;

/// A manifest to be staged.
pub struct LinkRequest<'a> {
    /// Root of the tree that files are copied from.
    pub root: Arc<Dir>,
    /// Its path, for messages.
    pub path: &'a std::path::Path,
    /// The source that it is, if it is one.
    pub source: Option<&'a Source>,
    /// Configuration.
    pub config: &'a Config,
    /// What is allowed this once.
    pub allowed: Allowed,
}

/// What was staged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagedTree {
    /// Name of the staging.
    pub txid: String,
    /// Snapshot that it was compared with.
    pub parent: Option<String>,
    /// Digest of the manifest.
    pub manifest: Digest,
    /// What the tree holds.
    pub tree: TreeRecord,
    /// Entries that could not be saved.
    pub unread: u64,
}

/// Stages the tree that a manifest describes: what HEAD has is linked, the rest copied.
///
/// # Errors
/// The manifest is malformed, the source is empty or has moved, or the sink fails; the staging is
/// removed then.
pub fn link_snapshot<R: BufRead>(
    mut manifest: ManifestReader<R>,
    mut ready: Ready,
    request: &LinkRequest<'_>,
    observer: &dyn Observer,
) -> Result<StagedTree> {
    let begun = super::timestamp();
    if manifest.root().unattested {
        return Err(unattested(b"."));
    }
    let cannot = || "cannot look at the source";
    let source_fs = fs::identity(&request.root).doing(cannot)?;
    check_moved(request, &ready, &source_fs)?;
    let clock = request.source.map_or_else(|| Ok(crate::clock::system()), Source::clock)?;
    let owners = manifest.owners().clone();
    let parent = ready.parent.as_ref().map(|(node, _)| (&ready.sink, node));
    let rules = begin::rules(parent, ready.set_owner, request.config);
    let (lane, sealer, staging) =
        begin::into_staging(&mut ready, manifest.root(), &owners, request.config, observer)?;
    let previous = lane.index.as_ref().map(|index| feed::listings_of(Arc::clone(index)));
    let mut recorded = Recorded {
        comparer: Comparer::new(rules),
        previous: previous.map(Follower::new),
        source: Cursor::new(Arc::clone(&request.root), true),
        top_level: Vec::new(),
        met: Met::default(),
    };
    let lanes = [lane];
    let mut sealers = vec![sealer];
    let limit = scan::racy_limit(clock);
    let stage = Stage { lanes: &lanes, racy_limit: limit, threads: super::threads(request.config), observer };
    let run = stage.run(|| recorded.next(&mut manifest), &mut sealers);
    let mut met = recorded.met;
    lanes[0].remark_repairable(observer);
    let sealed = run
        .and_then(|()| check_empty(&met, request))
        .and_then(|()| super::seal_lane(sealers.remove(0), &lanes[0]))
        .and_then(|sealed| Ok((sealed, exclusions(manifest.take_exclusions())?)));
    let (sealed, exclusions) = match sealed {
        Ok(sealed) => sealed,
        Err(error) => {
            let _ = staging.discard(&ready.sink);
            return Err(error);
        }
    };
    met.mounts = match &exclusions {
        Some(Exclusions { mounts, .. }) => mounts.iter().filter_map(PathField::bytes).collect(),
        // Nothing says that one is gone.
        None => known_mounts(&ready),
    };
    let draft = draft((&ready, &lanes[0], &staging), sealed, &met, (begun, source_fs), request, observer)?;
    let draft = match exclusions {
        Some(Exclusions { excluded, .. }) => {
            draft.with_excluded(&excluded, &ready.sink, staging.dir(), &ready.catalog)?
        }
        None => draft,
    };
    mark(&ready, staging, &draft)
}

/// Refuses a source that lies elsewhere than when the parent was made.
fn check_moved(request: &LinkRequest<'_>, ready: &Ready, source_fs: &str) -> Result<()> {
    let Some(source) = request.source else { return Ok(()) };
    let parent = ready.catalog.head().map(|head| &head.node);
    limits::check_moved(source, (&ready.name, &ready.sink), parent, source_fs, request.allowed)
}

fn draft(
    (ready, lane, staging): (&Ready, &Lane, &Staging),
    super::Sealing { staged, mut counts, mut unread }: super::Sealing,
    met: &Met,
    (begun, source_fs): (String, String),
    request: &LinkRequest<'_>,
    observer: &dyn Observer,
) -> Result<Draft> {
    let subject = Subject {
        sink: &ready.sink,
        catalog: &ready.catalog,
        lane,
        staging: staging.dir(),
        staged: &staged,
        met,
        time: &begun,
        unfinished: request.source.is_some_and(|source| Unfinished::read(source.emu()).is_some()),
        allowed: request.allowed,
        config: request.config,
        observer,
    };
    let marks = subject.judge(&mut counts, &mut unread);
    Ok(Draft {
        push: crate::sink::uuid()?,
        seq: ready.catalog.last_seq + 1,
        source: ready.sink.info.source.clone(),
        time: begun,
        compare: "hash".to_owned(),
        source_fs,
        mounts: met.mounts.iter().map(|path| PathField::new(path)).collect(),
        excluded: None,
        marks,
        manifest: staged.manifest_ref(),
        tree: staged.sealed.tree.tree,
        unread: commit::unread_notes(&unread),
        counts,
    })
}

/// Notes that the tree is complete, for whoever publishes it.
fn mark(ready: &Ready, staging: Staging, draft: &Draft) -> Result<StagedTree> {
    let parent = ready.catalog.head.clone();
    let intent = Intent {
        manifest: Some(draft.manifest.sha256),
        draft: Some(serde_json::to_value(draft).doing(|| "cannot note a staging")?),
        ..Intent::open(&staging.txid, parent.clone())
    };
    // What is marked is proven: a power cut between two programs must not be seen as whole.
    commit::barrier(&ready.sink, staging.dir())
        .doing(|| format!("cannot make the staged tree in {} durable", quoted_path(&ready.sink.path)))?;
    staging.mark_staged(&ready.sink, intent)?;
    let ManifestRef { sha256, bytes, entries } = draft.manifest;
    Ok(StagedTree {
        txid: staging.release(),
        parent,
        manifest: sha256,
        tree: TreeRecord { entries, bytes, tree: draft.tree },
        unread: draft.counts.unread,
    })
}

fn check_empty(met: &Met, request: &LinkRequest<'_>) -> Result<()> {
    limits::check_empty(request.path, met, request.allowed)
}

/// Batches from a manifest's records, compared with HEAD's.
struct Recorded {
    comparer: Comparer,
    previous: Option<Follower<super::feed::Listings>>,
    source: Cursor,
    top_level: Vec<Box<[u8]>>,
    met: Met,
}

/// Mount points of the snapshot that the tree is compared with.
fn known_mounts(ready: &Ready) -> Vec<Box<[u8]>> {
    let complete = ready.catalog.baseline(&ready.sink);
    complete.iter().flat_map(|before| &before.node.mounts).filter_map(PathField::bytes).collect()
}

impl Recorded {
    fn next<R: BufRead>(&mut self, manifest: &mut ManifestReader<R>) -> Result<Option<Batch>> {
        let Some(listing) = manifest.next_listing()? else { return Ok(None) };
        let Listing { dir, entries } = listing;
        if let Some(entry) = entries.iter().find(|entry| entry.unattested) {
            return Err(unattested(&path::join(&dir, &entry.name)));
        }
        self.met.entries += entries.len() as u64;
        let unread = manifest.take_unread();
        if dir.is_empty() {
            let dirs = entries.iter().filter(|entry| entry.kind == Kind::Dir);
            self.top_level = dirs.map(|entry| entry.name.clone()).collect();
        }
        let failed = unread.iter().filter(|unread| self.top_level.contains(&unread.path));
        self.met.top_level_failed.extend(failed.map(|unread| unread.path.clone()));
        let before = match &mut self.previous {
            Some(previous) => previous.listing_of(&dir, |_| {})?.map(|listing| listing.entries),
            None => None,
        };
        let mut before = before.unwrap_or_default().into_iter().peekable();
        let mut plans = Vec::with_capacity(entries.len());
        let dirs = entries.iter().filter(|entry| entry.kind == Kind::Dir).map(|entry| entry.name.clone());
        let dirs = dirs.collect();
        for entry in entries {
            let mut counterpart: Option<Entry> = None;
            while let Some(earlier) = before.next_if(|earlier| earlier.name <= entry.name) {
                counterpart = Some(earlier).filter(|earlier| earlier.name == entry.name);
            }
            let whole = path::join(&dir, &entry.name);
            plans.push(vec![Some(self.comparer.decide_recorded(&whole, entry, counterpart.as_ref()))]);
        }
        // A directory that vanished since it was hashed: its files are not there either.
        let source = self.source.at(&dir).ok();
        Ok(Some(Batch { source, plans, unread, dirs, ..Batch::empty(dir) }))
    }
}

/// Reads the exclusions that the producer of the manifest recorded.
fn exclusions(record: Option<Box<str>>) -> Result<Option<Exclusions>> {
    let Some(record) = record else { return Ok(None) };
    let bad = |why: &str| Error::usage("cannot read the 'exclusions' record of the manifest").because(why);
    let exclusions: Exclusions =
        serde_json::from_str(&record).map_err(|_| bad("a field is missing or of the wrong form"))?;
    exclusions.check().map_err(bad)?;
    Ok(Some(exclusions))
}

/// What a repair found is no state of a source.
fn unattested(path: &[u8]) -> Error {
    Error::failed("cannot stage the manifest")
        .because(format!("{} is unattested: a repair recorded it as it stood", crate::quote::quoted(path)))
        .hint("`emu-hash-tree` makes the manifest of a directory")
}

/// Publishes what `emu-link-snapshot` staged.
///
/// # Errors
/// There is no such staging, it is not what the record says, or the history has changed since; in the last
/// case the staging is removed, for it can never be published.
pub fn commit_staged(
    sink: &Sink,
    lock: &SinkLock,
    catalog: &Catalog,
    txid: &str,
    manifest: &Digest,
    message: Option<&str>,
) -> Result<Published> {
    let cannot = || format!("cannot publish the staging {}", quoted(txid));
    if !path::is_component(txid.as_bytes()) {
        return Err(Error::usage(cannot()).because("that is no name of a staging"));
    }
    let stagings = sink.dir(layout::STAGING)?;
    let staging = match stagings.open_dir(txid.as_bytes()) {
        Err(fs::Errno::NOENT) => {
            return Err(Error::not_found(cannot())
                .because(format!("{} has none of this name", quoted_path(&sink.path))));
        }
        result => result.doing(cannot)?,
    };
    let intent = Intent::read(&staging).ok().flatten().filter(|intent| intent.stage == Progress::Staged);
    let intent = intent.ok_or_else(|| Error::failed(cannot()).because("it is not complete"))?;
    // Held to the end: nobody may take it for abandoned meanwhile.
    let held = Lock::try_take(&staging, layout::LOCK, "a staging")?;
    let _held = held.ok_or_else(|| Error::failed(cannot()).because("another program works on it"))?;
    let draft = intent.draft.and_then(|draft| serde_json::from_value::<Draft>(draft).ok());
    let draft = draft.ok_or_else(|| Error::failed(cannot()).because("its intent cannot be read"))?;
    if draft.manifest.sha256 != *manifest {
        return Err(Error::failed(cannot()).because("its manifest is not the one that was staged"));
    }
    if intent.parent != catalog.head || draft.seq != catalog.last_seq + 1 {
        lane::discard(sink, txid)?;
        return Err(Error::failed(cannot())
            .because("HEAD has moved, or another snapshot was published, since it was staged")
            .hint("run the pipeline again"));
    }
    commit::publish(sink, lock, txid, &draft, message, catalog)
}

/// Removes a staging that its owner gives up. One that is being published, or that is not
/// plumbing's, stays.
///
/// # Errors
/// It cannot be removed.
pub fn discard_staged(sink: &Sink, txid: &str) -> Result<()> {
    if !path::is_component(txid.as_bytes()) {
        return Ok(());
    }
    let Ok(staging) = sink.dir(layout::STAGING)?.open_dir(txid.as_bytes()) else { return Ok(()) };
    let Some(_held) = Lock::try_take(&staging, layout::LOCK, "a staging")? else { return Ok(()) };
    match Intent::read(&staging) {
        Ok(Some(intent)) if intent.stage == Progress::Staged => lane::discard(sink, txid).map(|_| ()),
        _ => Ok(()),
    }
}
