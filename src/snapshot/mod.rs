//! The pipeline that turns a source into snapshots:
//!
//! ```text
//! scan (unchanged) ─▶ compare (moves) ─▶ stage (old, place, copy) ─▶ seal ─▶ commit ─▶ retire (rotate, remove, spare)
//! ```
//!
//! [`push`] is the whole flow; each stage is a file and knows no other. The source is scanned
//! once for all sinks, and each sink fails alone (promise 8).

mod bases;
mod begin;
pub mod clean;
pub mod commit;
mod compare;
mod copy;
mod damage;
mod feed;
mod journal;
mod lane;
mod limits;
mod link;
mod list;
mod moves;
mod old;
mod place;
mod plan;
pub mod prune;
mod recover;
pub mod remove;
mod report;
pub mod retire;
pub mod rotate;
mod scan;
mod seal;
mod settings;
pub mod spare;
mod stage;
mod unchanged;

pub use bases::give_up_bases;
pub use begin::{Ready, Target, ready, sink_layer, tidy};
pub use limits::Allowed;
pub use link::{LinkRequest, StagedTree, commit_staged, discard_staged, link_snapshot};
pub use list::{HashRequest, Preview, hash_tree, preview};
pub use plan::Reason;
pub use report::{Pushed, SinkReport, no_sinks, outcome_of};
pub use rotate::{Action, Verdict};

use crate::config::Config;
use crate::error::{Doing as _, Result};
use crate::fs::{self, Dir};
use crate::progress::{Event, Observer};
use crate::sink::Wait;
use crate::sink::node::{ManifestRef, PathField, UnreadNote};
use crate::source::{Excludes, Patterns, Source, SourceLock, owner_names};
use crate::tree::Unread;
use commit::Draft;
use feed::Feed;
use lane::{Lane, Staged, Staging};
use retire::Occasion;
use scan::{Scan, ScanRules};
use seal::Sealer;
use stage::Stage;
use std::sync::Arc;

/// What a push is asked to do.
pub struct PushRequest<'a> {
    /// What to save.
    pub source: &'a Source,
    /// Its configuration.
    pub config: &'a Config,
    /// Where to save it.
    pub targets: Vec<Target>,
    /// A copy of the source at one moment, such as a mounted snapshot of its file system, from which the
    /// content is taken.
    pub from: Option<Arc<Dir>>,
    /// Patterns beside those of the source.
    pub excludes: Vec<Patterns>,
    /// What the user says of it.
    pub message: Option<String>,
    /// Whether owners are set in the sinks.
    pub set_owner: bool,
    /// What is allowed this once.
    pub allowed: Allowed,
    /// How long to wait for locks.
    pub wait: Wait,
    /// What to call this program for others who wait.
    pub command: &'a str,
}

/// Saves the source to all targets. The reports come in the order of the targets.
///
/// # Errors
/// Nothing could be begun, or the user interrupted; a sink's own failure stands in its report.
pub fn push(request: PushRequest<'_>, observer: &dyn Observer) -> Result<Vec<SinkReport>> {
    let PushRequest { source, config, targets, from, excludes, message, set_owner, allowed, wait, command } =
        request;
    let lock = source.lock(command, wait)?;
    let order: Vec<String> = targets.iter().map(|target| target.name.clone()).collect();
    let (mut ready, mut reports) = begin::lock_all(source, targets, set_owner, wait, command, observer);
    let source_fs = fs::identity(source.root()).doing(|| "cannot look at the source's file system")?;
    ready = begin::keep(ready, &mut reports, |ready| {
        let parent = ready.catalog.head().map(|head| &head.node);
        limits::check_moved(source, (&ready.name, &ready.sink), parent, &source_fs, allowed)
    });
    if !ready.is_empty() {
        let pass = Pass { source, from, excludes, config, lock: &lock, source_fs, allowed, observer };
        for (name, outcome) in pass.run(ready, message.as_deref())? {
            reports.push(SinkReport { name, outcome, optional: false });
        }
    }
    reports.sort_by_key(|report| order.iter().position(|name| *name == report.name));
    Ok(reports)
}

/// One pass over the source for all sinks that are ready.
struct Pass<'a> {
    source: &'a Source,
    from: Option<Arc<Dir>>,
    excludes: Vec<Patterns>,
    config: &'a Config,
    lock: &'a SourceLock,
    source_fs: String,
    allowed: Allowed,
    observer: &'a dyn Observer,
}

impl Pass<'_> {
    fn run(&self, ready: Vec<Ready>, message: Option<&str>) -> Result<Vec<(String, Result<Pushed>)>> {
        let begun = timestamp();
        let content = self.from.as_ref().unwrap_or(self.source.root());
        let mut clock = self.lock.clock()?;
        if self.from.is_some() {
            // The copy was made at some time before now, and no earlier than its latest change.
            clock = clock.min(scan::latest_change(content, threads(self.config))?);
        }
        let limit = scan::racy_limit(clock);
        self.observer.event(Event::Phase("scanning and saving"));
        let root = scan::root(content, limit).doing(|| "cannot look at the source")?;
        let rules = self.scan_rules(content, &ready)?;
        let owners = owner_names();
        let mut sides = Vec::new();
        let (mut lanes, mut sealers, mut stagings) = (Vec::new(), Vec::new(), Vec::new());
        let mut staged = Vec::new();
        let mut outcomes = Vec::new();
        for mut ready in ready {
            match begin::stage(&mut ready, (content, &root), &owners, self.config, self.observer) {
                Ok(begun) => {
                    sides.push(begun.against);
                    lanes.push(begun.lane);
                    sealers.push(begun.sealer);
                    stagings.push(begun.staging);
                    staged.push(ready);
                }
                Err(error) => outcomes.push((ready.name.clone(), Err(error))),
            }
        }
        let known = lanes.iter().map(Lane::known).collect();
        let scan = Scan::start(content, rules, known, limit)?;
        let mut feed = Feed::new(scan, sides, limit);
        let stage = Stage {
            lanes: &lanes,
            racy_limit: limit,
            threads: threads(self.config),
            observer: self.observer,
        };
        stage.run(|| feed.next(&lanes), &mut sealers)?;
        self.remark_stamps(&feed);
        lanes.iter().for_each(|lane| lane.remark_repairable(self.observer));
        let missing: Vec<u64> =
            feed.sides.iter_mut().map(|side| side.drain().map_or(0, |()| side.missing)).collect();
        let met = feed.met;
        let all = staged.into_iter().zip(&lanes).zip(sealers).zip(stagings).zip(missing);
        let push = crate::sink::uuid()?;
        for ((((ready, lane), sealer), staging), missing) in all {
            let draft = |sealed: Sealing| self.draft(&ready, sealed, &met, missing, (&begun, &push));
            let outcome = seal_lane(sealer, lane).and_then(|sealed| {
                limits::check_empty(&self.source.path, &met, self.allowed).map(|()| draft(sealed))
            });
            let label = ready.name.clone();
            outcomes.push((label, self.publish(ready, staging, outcome, message)));
        }
        Ok(outcomes)
    }

    fn scan_rules(&self, content: &Dir, ready: &[Ready]) -> Result<ScanRules> {
        let excludes = Excludes::of(self.source, self.config, &self.excludes)?;
        for bad in &excludes.bad {
            self.observer.warn(bad.clone());
        }
        let mut skip = begin::left_out(self.source, content, self.config)?;
        for ready in ready {
            // A sink that cannot be looked at fails by itself, later and alone.
            skip.extend(ready.sink.root().stat_self().map(|root| (root.dev, root.ino)));
        }
        let (one_file_system, threads) = (self.config.one_file_system(), threads(self.config));
        Ok(ScanRules { excludes, skip, one_file_system, threads })
    }

    /// Sources whose inodes or ctimes are not stable make every push read everything.
    fn remark_stamps(&self, feed: &Feed) {
        let seen = feed.sides.iter().map(feed::Against::seen).max_by_key(|seen| seen.restamped);
        let Some(seen) = seen.filter(|seen| seen.paired >= 20 && seen.restamped * 2 > seen.paired) else {
            return;
        };
        self.observer.warn(format!(
            "{} of {} files differ from the last snapshot in inode or ctime alone and were read again; if this \
             source has no stable inodes or ctimes, set push.compare in .emu/config (see emu-config(5))",
            seen.restamped, seen.paired
        ));
    }

    /// Mounts are listed at the first push and whenever the set changes.
    fn remark_mounts(&self, ready: &Ready, met: &feed::Met) {
        let now: Vec<PathField> = met.mounts.iter().map(|path| PathField::new(path)).collect();
        let before = ready.catalog.head().map(|head| head.node.mounts.clone()).unwrap_or_default();
        if self.config.one_file_system() && now != before {
            let list: Vec<String> = met.mounts.iter().map(crate::quote::quoted).collect();
            let list = if list.is_empty() { "none".to_owned() } else { list.join(", ") };
            self.observer
                .warn(format!("other file systems inside the source, which are not entered: {list}"));
        }
    }

    fn draft(
        &self,
        ready: &Ready,
        sealed: Sealing,
        met: &feed::Met,
        missing: u64,
        (begun, push): (&str, &str),
    ) -> Draft {
        let Sealing { staged, mut counts, mut unread } = sealed;
        self.remark_mounts(ready, met);
        if !self.config.one_file_system() {
            let gone = lost_mounts(ready, met);
            counts.unread += gone.len() as u64;
            unread.extend(gone);
        }
        let tree = &staged.sealed.tree;
        Draft {
            push: push.to_owned(),
            seq: ready.catalog.last_seq + 1,
            source: self.source.id.clone(),
            time: begun.to_owned(),
            compare: self.config.compare().word().to_owned(),
            source_fs: self.source_fs.clone(),
            mounts: met.mounts.iter().map(|path| PathField::new(path)).collect(),
            partial: limits::is_partial(&counts, tree, met, missing),
            shrunk: limits::is_shrunk(tree, (&ready.sink, &ready.catalog), self.allowed),
            manifest: manifest_ref(&staged),
            tree: tree.tree,
            unread: unread_notes(&unread),
            counts,
        }
    }

    fn publish(
        &self,
        ready: Ready,
        staging: Staging,
        draft: Result<Draft>,
        message: Option<&str>,
    ) -> Result<Pushed> {
        let draft = match draft {
            Ok(draft) => draft,
            Err(error) => {
                // Nothing of a push that failed is gone on with; a full disk is freed at once.
                let _ = staging.discard(&ready.sink);
                if matches!(error.errno(), Some(fs::Errno::NOSPC | fs::Errno::DQUOT)) {
                    let _ = spare::discard_all(&ready.sink, &ready.lock);
                    let _ = remove::empty_trash(&ready.sink);
                }
                return Err(error);
            }
        };
        settings::keep_copy(self.source, &ready.sink)?;
        self.observer.event(Event::Phase("syncing"));
        let txid = staging.release();
        let published = commit::publish(&ready.sink, &ready.lock, &txid, &draft, message, &ready.catalog)?;
        let node = published.node;
        let mut remarks = report::remarks(&node, self.config);
        let mut rotated = None;
        if let Some(error) = published.unfinished {
            remarks.push(format!("the snapshot is listed, but {error}; the next push makes up for it"));
        } else if node.is_complete() {
            self.observer.event(Event::Phase("rotating"));
            let rotation = ready.retention(self.config).and_then(|retention| {
                retire::rotate(&ready.sink, &ready.lock, &retention, Occasion::Push, self.observer)
            });
            match rotation {
                Ok(done) => {
                    remarks.extend(report::rotation_remarks(&done));
                    rotated = Some(done);
                }
                Err(error) => remarks.push(format!("rotation failed: {error}")),
            }
        }
        Ok(Pushed { sink: ready.sink, node, rotated, remarks })
    }
}

/// A lane's tree, complete but unpublished.
struct Sealing {
    staged: Staged,
    counts: crate::sink::node::Counts,
    unread: Vec<Unread>,
}

fn seal_lane(sealer: Sealer, lane: &Lane) -> Result<Sealing> {
    if let Some(error) = lane.take_failure() {
        return Err(error);
    }
    let (staged, counts, unread) = sealer.finish(lane)?;
    Ok(Sealing { staged, counts, unread })
}

fn manifest_ref(staged: &Staged) -> ManifestRef {
    let tree = staged.sealed.tree;
    ManifestRef { sha256: staged.sealed.sha256, bytes: tree.bytes, entries: tree.entries }
}

/// The first of what could not be saved, within what a node can hold.
fn unread_notes(unread: &[Unread]) -> Vec<UnreadNote> {
    const MAX_BYTES: usize = 4 << 20;
    let mut bytes = 0;
    let fits = |unread: &&Unread| {
        bytes += unread.path.len() + unread.text.len();
        bytes <= MAX_BYTES
    };
    let note = |unread: &Unread| UnreadNote { path: PathField::new(&unread.path), text: unread.text.clone() };
    unread.iter().take(crate::sink::node::MAX_UNREAD_NOTES).take_while(fits).map(note).collect()
}

/// Mounts that HEAD holds and that are not there now: their content is missing, not deleted.
fn lost_mounts(ready: &Ready, met: &feed::Met) -> Vec<Unread> {
    let before = ready.catalog.head().map(|head| head.node.mounts.as_slice()).unwrap_or_default();
    let lost = before.iter().filter_map(PathField::bytes).filter(|path| !met.mounts.contains(path));
    lost.map(|path| Unread { path, errno: 0, text: "it was a mount at the last push and is none now".into() })
        .collect()
}

/// The number of threads that work: as configured, else one a processor.
fn threads(config: &Config) -> usize {
    config.threads().unwrap_or_else(fs::usual_threads)
}

fn timestamp() -> String {
    crate::clock::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
