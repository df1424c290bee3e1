//! Before the first entry: sinks are locked, recovered and looked at, and each gets a staging.

use super::compare::{CompareRules, Comparer};
use super::feed::{Against, Listings};
use super::lane::{Lane, Staging, attributes};
use super::seal::{self, Sealer};
use super::{SinkReport, recover};
use crate::config::{Config, Layer, Retention};
use crate::error::{Doing as _, Error, Result};
use crate::fs::{self, Dir};
use crate::progress::Observer;
use crate::quote::{quoted, quoted_path};
use crate::sink::{Catalog, Node, Sink, SinkLock, Wait, layout};
use crate::source::Source;
use crate::tree::{Entry, Framing, Owners};
use std::collections::HashSet;

/// A sink that a push was asked for.
pub struct Target {
    /// Its name, or its path where it has none.
    pub name: String,
    /// Its absence is no failure.
    pub optional: bool,
    /// The sink, or why it cannot be used.
    pub sink: Result<Sink>,
}

/// A sink that is locked and whole.
pub struct Ready {
    /// Its name, or its path where it has none.
    pub name: String,
    /// The sink.
    pub sink: Sink,
    /// Its lock.
    pub lock: SinkLock,
    /// What it holds.
    pub catalog: Catalog,
    /// The snapshot that unchanged entries are linked from, and its tree.
    pub base: Option<(Node, Dir)>,
    /// Whether owners are set.
    pub set_owner: bool,
}

/// What one sink needs for a stage.
pub(super) struct Begun {
    pub(super) against: Against,
    pub(super) lane: Lane,
    pub(super) sealer: Sealer,
    pub(super) staging: Staging,
}

/// Locks a sink, makes it whole, and finds the snapshot to link from.
///
/// # Errors
/// The sink is locked or cannot be read.
pub fn ready(
    name: &str,
    sink: Sink,
    set_owner: bool,
    wait: Wait,
    command: &str,
    observer: &dyn Observer,
) -> Result<Ready> {
    let lock = sink.lock(command, wait)?;
    recover::recover(&sink, &lock, observer)?;
    let catalog = Catalog::read(&sink)?;
    for note in &catalog.notes {
        observer.warn(note.clone());
    }
    for damaged in &catalog.damaged {
        let place = quoted_path(&sink.tree_path(&damaged.id));
        observer.warn(format!(
            "snapshot {} in {} is damaged: {}; what there is stays at {place}",
            damaged.id,
            quoted(name),
            damaged.why
        ));
    }
    let base = find_base(&sink, &catalog, observer);
    Ok(Ready { name: name.to_owned(), sink, lock, catalog, base, set_owner })
}

/// Makes good what a crash left in a sink, for commands that change it without a push.
///
/// # Errors
/// The sink is locked, cannot be written or cannot be read.
pub fn tidy(sink: &Sink, wait: Wait, command: &str, observer: &dyn Observer) -> Result<()> {
    let lock = sink.lock(command, wait)?;
    recover::recover(sink, &lock, observer)
}

/// HEAD if it can be read, else the newest snapshot that can. None: everything is copied.
fn find_base(sink: &Sink, catalog: &Catalog, observer: &dyn Observer) -> Option<(Node, Dir)> {
    let others =
        catalog.snapshots.iter().rev().filter(|snapshot| catalog.head.as_ref() != Some(&snapshot.node.id));
    for snapshot in catalog.head().into_iter().chain(others) {
        let node = &snapshot.node;
        match sink.open_manifest(node).and_then(|_| sink.open_tree(&node.id)) {
            Ok(tree) => return Some((node.clone(), tree)),
            Err(error) => {
                observer.warn(format!("{error}; files are linked from another snapshot or saved anew"))
            }
        }
    }
    None
}

/// Locks all sinks in the order of their ids. What cannot be used goes to the reports.
pub(super) fn lock_all(
    source: &Source,
    targets: Vec<Target>,
    set_owner: bool,
    wait: Wait,
    command: &str,
    observer: &dyn Observer,
) -> (Vec<Ready>, Vec<SinkReport>) {
    let (mut open, mut reports) = (Vec::new(), Vec::new());
    for target in targets {
        let Target { name, optional, sink } = target;
        match sink.and_then(|sink| refuse_foreign(source, sink)) {
            Ok(sink) => open.push((name, optional, sink)),
            // Only this is an absence: whatever goes wrong later is not forgiven.
            Err(error) => reports.push(SinkReport { name, optional, outcome: Err(error) }),
        }
    }
    open.sort_by(|a, b| a.2.info.id.cmp(&b.2.info.id));
    open.dedup_by(|a, b| a.2.info.id == b.2.info.id);
    let mut ready = Vec::new();
    for (name, _, sink) in open {
        match self::ready(&name, sink, set_owner, wait, command, observer) {
            Ok(sink) => ready.push(sink),
            Err(error) => reports.push(SinkReport { name, optional: false, outcome: Err(error) }),
        }
    }
    (ready, reports)
}

fn refuse_foreign(source: &Source, sink: Sink) -> Result<Sink> {
    if sink.info.source == source.id {
        return Ok(sink);
    }
    Err(Error::not_found(format!("cannot push to {}", quoted_path(&sink.path)))
        .because("the sink belongs to another source")
        .hint("each sink holds snapshots of one source; `emu sink add NAME PATH` makes another sink"))
}

/// Drops the sinks that a check refuses; their reports say why.
pub(super) fn keep(
    ready: Vec<Ready>,
    reports: &mut Vec<SinkReport>,
    check: impl Fn(&Ready) -> Result<()>,
) -> Vec<Ready> {
    let mut kept = Vec::new();
    for ready in ready {
        match check(&ready) {
            Ok(()) => kept.push(ready),
            Err(error) => {
                reports.push(SinkReport { name: ready.name, optional: false, outcome: Err(error) });
            }
        }
    }
    kept
}

/// The listings of a snapshot's manifest.
///
/// # Errors
/// The manifest is missing or damaged.
pub(super) fn listings(sink: &Sink, node: &Node) -> Result<Listings> {
    let mut manifest = sink.open_manifest(node)?;
    Ok(Box::new(move || manifest.next_listing()))
}

/// How entries are compared for a sink, and what it can hold.
pub(super) fn rules(base: Option<(&Sink, &Node)>, set_owner: bool, config: &Config) -> CompareRules {
    let root = rustix::process::geteuid().is_root();
    let able = base.map(|(sink, _)| &sink.info.abilities);
    let was_allowed_less = base.is_some_and(|(_, node)| node.uid != 0);
    CompareRules {
        compare: config.compare(),
        metadata_change: config.metadata_change(),
        can_hold_owner: root && set_owner && able.is_some_and(|able| able.owner),
        can_hold_xattrs: root && was_allowed_less && able.is_some_and(|able| able.xattrs),
    }
}

/// Directories that a walk of the source leaves out: its `.emu` and all sinks that it knows.
///
/// # Errors
/// The source's `.emu` cannot be looked at.
pub(super) fn left_out(source: &Source, config: &Config) -> Result<HashSet<(u64, u64)>> {
    let own = source.emu().stat_self().doing(|| "cannot look at the source's .emu")?;
    // What a stranger wrote into a source must not decide what root leaves out.
    let trusted = source.distrust(&config.safe_directories()).is_none();
    let known = if trusted { source.sinks().unwrap_or_default() } else { Vec::new() };
    let roots = known.iter().filter_map(|sink| fs::open_operator(&sink.path).ok()?.stat_self().ok());
    Ok(roots.chain([own]).map(|stat| (stat.dev, stat.ino)).collect())
}

/// A staging, and everything that fills and seals it. `root` is the source's own entry.
pub(super) fn stage(ready: &mut Ready, root: &Entry, owners: &Owners, config: &Config) -> Result<Begun> {
    let (node, tree) = match ready.base.take() {
        Some((node, tree)) => (Some(node), Some(tree)),
        None => (None, None),
    };
    let previous = node.as_ref().map(|node| listings(&ready.sink, node)).transpose()?;
    let comparer =
        Comparer::new(rules(node.as_ref().map(|node| (&ready.sink, node)), ready.set_owner, config));
    let (lane, sealer, staging) = into_staging(ready, tree, root, owners)?;
    Ok(Begun { against: Against::new(comparer, previous), lane, sealer, staging })
}

/// The staging side alone: directory, lane and manifest.
pub(super) fn into_staging(
    ready: &Ready,
    tree: Option<Dir>,
    root: &Entry,
    owners: &Owners,
) -> Result<(Lane, Sealer, Staging)> {
    let staging = Staging::create(&ready.sink, &ready.lock, ready.catalog.head.as_deref())?;
    let lane = Lane::staging(&ready.sink, &staging, tree, ready.set_owner);
    let mut root = root.clone();
    let held = fs::prepare_dir(staging.tree(), &attributes(&root, ready.set_owner), lane.grain)
        .doing(|| format!("cannot begin a snapshot in {}", quoted_path(&ready.sink.path)))?;
    root.held = held.some();
    let journal = Some(staging.journal()?);
    let out = seal::manifest_file(staging.dir())?;
    let sealer = Sealer::new(out, Framing::Zstd, owners, root, journal, &lane)?;
    Ok((lane, sealer, staging))
}

impl Ready {
    /// The retention that applies to this sink: its own settings before the source's.
    ///
    /// # Errors
    /// The sink's configuration cannot be read or understood.
    pub(super) fn retention(&self, config: &Config) -> Result<Retention> {
        Ok(config.retention(&sink_layer(&self.sink)?))
    }
}

/// The sink's own configuration, as a layer above the source's.
///
/// # Errors
/// It cannot be read or understood.
pub fn sink_layer(sink: &Sink) -> Result<Vec<Layer>> {
    let path = sink.path.join(".emu/config");
    let content = match fs::read_limited(sink.emu(), layout::CONFIG, 1 << 20) {
        Err(fs::Errno::NOENT) => return Ok(Vec::new()),
        result => result.doing(|| format!("cannot read {}", quoted_path(&path)))?,
    };
    let text = String::from_utf8(content).map_err(|_| {
        Error::usage(format!("cannot read {}", quoted_path(&path))).because("it is not UTF-8")
    })?;
    Ok(vec![Layer::parse(&path.to_string_lossy(), &text)?])
}
