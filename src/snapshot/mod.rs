//! The pipeline that turns a source into snapshots:
//!
//! ```text
//! scan (unchanged) ─▶ compare (moves) ─▶ stage (old, place, copy) ─▶ seal ─▶ commit ─▶ retire (rotate, remove, spare)
//! ```
//!
//! [`push`] is the whole flow; each stage is a file and knows no other. The source is scanned
//! once for all sinks, and each sink fails alone (promise 8).

mod admit;
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
mod survival;
mod unchanged;

pub use admit::copied;
pub use bases::give_up_bases;
pub use begin::{Ready, Target, ready, tidy};
pub use limits::Allowed;
pub use link::{LinkRequest, StagedTree, commit_staged, discard_staged, link_snapshot};
pub use list::{HashRequest, Preview, hash_tree, preview};
pub use plan::Reason;
pub use report::{Pushed, SinkReport, no_sinks, outcome_of};
pub use rotate::{Action, Verdict};
pub use settings::{kept_layer, sink_layer};

use crate::config::Config;
use crate::error::{Doing as _, Result};
use crate::fs::{self, Dir};
use crate::progress::{Event, Observer};
use crate::sink::node::PathField;
use crate::sink::{Excluded, Node, Wait};
use crate::source::{Excludes, Patterns, Source, SourceLock, Unfinished, owner_names};
use crate::tree::Unread;
use commit::Draft;
use feed::Feed;
use lane::{Lane, Staged, Staging};
use limits::Subject;
use retire::{Occasion, Rotated};
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
    let (mut ready, mut reports) = admit::lock_all(source, targets, set_owner, wait, command, observer);
    let source_fs = fs::identity(source.root()).doing(|| "cannot look at the source's file system")?;
    ready = admit::keep(ready, &mut reports, |ready| {
        let parent = ready.catalog.head().map(|head| &head.node);
        limits::check_moved(source, (&ready.name, &ready.sink), parent, &source_fs, allowed)
    });
    if !ready.is_empty() {
        let unfinished = Unfinished::read(source.emu());
        let pass =
            Pass { source, from, excludes, config, lock: &lock, source_fs, unfinished, allowed, observer };
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
    unfinished: Option<Unfinished>,
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
        let recorded = rules.excludes.recorded().clone();
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
        let met = feed.met;
        let excluded = Excluded::new(recorded, &met.excluded);
        let all = staged.into_iter().zip(&lanes).zip(sealers).zip(stagings);
        let push = crate::sink::uuid()?;
        for (((ready, lane), sealer), staging) in all {
            let draft = |sealed| self.draft((&ready, lane, &staging), sealed, &met, (&begun, &push));
            let outcome = seal_lane(sealer, lane).and_then(|sealed| {
                limits::check_empty(&self.source.path, &met, self.allowed).map(|()| draft(sealed))
            });
            let label = ready.name.clone();
            outcomes.push((label, self.publish(ready, staging, (outcome, &excluded), message)));
        }
        Ok(outcomes)
    }

    fn draft(
        &self,
        (ready, lane, staging): (&Ready, &Lane, &Staging),
        Sealing { staged, mut counts, mut unread }: Sealing,
        met: &feed::Met,
        (begun, push): (&str, &str),
    ) -> Draft {
        let subject = Subject {
            sink: &ready.sink,
            catalog: &ready.catalog,
            lane,
            staging: staging.dir(),
            staged: &staged,
            met,
            time: begun,
            unfinished: self.unfinished.is_some(),
            allowed: self.allowed,
            config: self.config,
            observer: self.observer,
        };
        let marks = subject.judge(&mut counts, &mut unread);
        if self.config.one_file_system() {
            let before = ready.catalog.head().map(|head| head.node.mounts.as_slice()).unwrap_or_default();
            report::mounts(before, &met.mounts).into_iter().for_each(|text| self.observer.warn(text));
        }
        Draft {
            push: push.to_owned(),
            seq: ready.catalog.last_seq + 1,
            source: self.source.id.clone(),
            time: begun.to_owned(),
            compare: self.config.compare().word().to_owned(),
            source_fs: self.source_fs.clone(),
            mounts: met.mounts.iter().map(|path| PathField::new(path)).collect(),
            excluded: None,
            marks,
            manifest: staged.manifest_ref(),
            tree: staged.sealed.tree.tree,
            unread: commit::unread_notes(&unread),
            counts,
        }
    }

    fn scan_rules(&self, content: &Dir, ready: &[Ready]) -> Result<ScanRules> {
        let excludes = Excludes::of(self.source, self.config, &self.excludes)?;
        excludes.warnings().for_each(|warning| self.observer.warn(warning.clone()));
        let mut skip = begin::left_out(self.source, content, self.config)?;
        for ready in ready {
            // A sink that cannot be looked at fails by itself, later and alone.
            skip.extend(ready.sink.root().stat_self().map(|root| (root.dev, root.ino)));
        }
        let (one_file_system, special) = (self.config.one_file_system(), self.config.special());
        let temporary = self.unfinished.as_ref();
        let temporary = temporary.map(|unfinished| unfinished.temporary.clone().into_bytes().into());
        let threads = threads(self.config);
        Ok(ScanRules { excludes, temporary, skip, one_file_system, special, threads })
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

    fn publish(
        &self,
        ready: Ready,
        staging: Staging,
        (draft, excluded): (Result<Draft>, &Excluded),
        message: Option<&str>,
    ) -> Result<Pushed> {
        let Ready { sink, catalog, .. } = &ready;
        let draft = draft.and_then(|draft| draft.with_excluded(excluded, sink, staging.dir(), catalog));
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
        let mut remarks = report::remarks(&node, self.config, self.unfinished.as_ref());
        let mut rotated = None;
        if let Some(error) = published.unfinished {
            remarks.push(format!("the snapshot is listed, but {error}; the next push makes up for it"));
        } else {
            match self.rotate(&ready, &node) {
                Ok(done) => {
                    remarks.extend(done.iter().flat_map(report::rotation_remarks));
                    rotated = done;
                }
                Err(error) => remarks.push(format!("rotation failed: {error}")),
            }
        }
        Ok(Pushed { sink: ready.sink, node, rotated, remarks })
    }

    /// Applies the sink's policy after a complete snapshot.
    fn rotate(&self, ready: &Ready, node: &Node) -> Result<Option<Rotated>> {
        let retention = ready.retention(self.config)?;
        if !node.is_complete() {
            if ready.catalog.snapshots.is_empty() {
                retire::adopt_policy(&ready.sink, &ready.lock, &retention)?;
            }
            return Ok(None);
        }
        self.observer.event(Event::Phase("rotating"));
        let occasion = Occasion::Push(&node.id);
        retire::rotate(&ready.sink, &ready.lock, &retention, occasion, self.observer).map(Some)
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

/// The number of threads that work: as configured, else one a processor.
fn threads(config: &Config) -> usize {
    config.threads().unwrap_or_else(fs::usual_threads)
}

fn timestamp() -> String {
    crate::clock::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
