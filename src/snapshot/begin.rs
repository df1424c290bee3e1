//! Before the first entry: sinks are locked, recovered and looked at, and each gets a staging.

use super::compare::{CompareRules, Comparer};
use super::feed::{Against, Listings, Previous};
use super::lane::{self, Base, Lane, Staging, attributes};
use super::moves::Moves;
use super::seal::{self, KeepIndex, Parent, Sealer, Writes};
use super::spare::{self, Choice};
use super::{damage, recover, settings};
use crate::config::{Config, Retention};
use crate::error::{Doing as _, Result};
use crate::fs::{self, Cursor, Dir};
use crate::progress::{Event, Observer};
use crate::quote::{quoted, quoted_path};
use crate::sink::{Avoided, Catalog, DamageList, Index, Node, Sink, SinkLock, Wait, layout, node};
use crate::source::Source;
use crate::tree::{Entry, Follower, Framing, Owners, Time, TreeRecord};
use std::collections::HashSet;
use std::os::unix::ffi::OsStrExt as _;
use std::sync::Arc;

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
    pub parent: Option<(Node, Dir)>,
    /// What a push left that was cut off.
    pub cut_off: Option<String>,
    /// Whether owners are set.
    pub set_owner: bool,
    /// What verify found damaged in it.
    pub damage: DamageList,
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
    let cut_off = recover::recover(&sink, &lock, observer)?;
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
    let damage = damage::known(&sink, name, observer);
    let parent = if damage.more { None } else { find_parent(&sink, &catalog, observer) };
    Ok(Ready { name: name.to_owned(), sink, lock, catalog, parent, cut_off, set_owner, damage })
}

/// Locks a sink and makes good what a crash left in it, for commands that change it without a push.
///
/// # Errors
/// The sink is locked, cannot be written or cannot be read.
pub fn tidy(sink: &Sink, wait: Wait, command: &str, observer: &dyn Observer) -> Result<SinkLock> {
    let lock = sink.lock(command, wait)?;
    recover::recover(sink, &lock, observer)?;
    Ok(lock)
}

/// HEAD if it can be read, else the newest snapshot that can. None: everything is copied.
fn find_parent(sink: &Sink, catalog: &Catalog, observer: &dyn Observer) -> Option<(Node, Dir)> {
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

/// The records of a snapshot as its manifest has them, for those who hold no lock.
///
/// # Errors
/// The manifest is missing or damaged.
pub(super) fn previous(parent: Option<(&Sink, &Node)>) -> Result<Previous> {
    let Some((sink, node)) = parent else { return Ok(Previous::Nothing) };
    let mut manifest = sink.open_manifest(node)?;
    let listings: Listings = Box::new(move || manifest.next_listing());
    Ok(Previous::Manifest(Follower::new(listings)))
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

/// Directories that a walk of the source, or of a copy of it, leaves out: its `.emu` and all sinks that
/// it knows.
///
/// # Errors
/// The source's `.emu` cannot be looked at.
pub(super) fn left_out(source: &Source, content: &Dir, config: &Config) -> Result<HashSet<(u64, u64)>> {
    let own = source.emu().stat_self().doing(|| "cannot look at the source's .emu")?;
    // What a stranger wrote into a source must not decide what root leaves out.
    let trusted = source.distrust(&config.safe_directories()).is_none();
    let known = if trusted { source.sinks().unwrap_or_default() } else { Vec::new() };
    let roots = known.iter().filter_map(|sink| fs::open_operator(&sink.path).ok()?.stat_self().ok());
    // In a copy of the source they stand at the same places, on other inodes.
    let inside = known.iter().filter_map(|sink| {
        let below = sink.path.strip_prefix(&source.path).ok()?;
        let mut dir = content.duplicate().ok()?;
        for component in below.components() {
            dir = dir.open_dir(component.as_os_str().as_bytes()).ok()?;
        }
        dir.stat_self().ok()
    });
    let copied = content.open_dir(layout::EMU).and_then(|emu| emu.stat_self()).ok();
    Ok(roots.chain(inside).chain(copied).chain([own]).map(|stat| (stat.dev, stat.ino)).collect())
}

/// A staging, and everything that fills and seals it. `root` is the source's own entry.
pub(super) fn stage(
    ready: &mut Ready,
    (source, root): (&Arc<Dir>, &Entry),
    owners: &Owners,
    config: &Config,
    observer: &dyn Observer,
) -> Result<Begun> {
    let parent = ready.parent.as_ref().map(|(node, _)| node);
    let rules = rules(parent.map(|node| (&ready.sink, node)), ready.set_owner, config);
    let since = parent.and_then(Node::timestamp).map(|time| Time { sec: time.as_second(), nanos: 0 });
    let (lane, sealer, staging) = into_staging(ready, root, owners, config, observer)?;
    let previous = lane.index.as_ref().map_or(Previous::Nothing, Previous::index);
    let moves = lane.index.clone().zip(since);
    let moves = moves.map(|(index, since)| Moves::new(index, Cursor::new(Arc::clone(source), true), since));
    let against = Against::new(Comparer::new(rules), previous).finding_moves(moves);
    Ok(Begun { against, lane, sealer, staging })
}

/// The staging side alone: directory, lane and manifest.
pub(super) fn into_staging(
    ready: &mut Ready,
    root: &Entry,
    owners: &Owners,
    config: &Config,
    observer: &dyn Observer,
) -> Result<(Lane, Sealer, Staging)> {
    let parent = ready.parent.take();
    let index = match &parent {
        Some((node, tree)) => Some(Arc::new(ready.sink.index(&ready.lock, node, tree)?)),
        None => None,
    };
    let base = choose_base(ready, config, observer)?;
    let staging = Staging::begin(&ready.sink, &ready.lock, ready.catalog.head.as_deref(), &base)?;
    let (node, tree) = parent.unzip();
    let avoided = node.as_ref().map(|node| Avoided::new(std::mem::take(&mut ready.damage), &node.id));
    let id = node.as_ref().map(|node| node.id.clone());
    let parent = id.zip(tree).zip(index.clone()).map(|((id, tree), index)| (id, tree, index));
    let mut lane = Lane::staging(&ready.sink, &staging, parent, ready.set_owner)?;
    lane.avoided = Arc::new(avoided.unwrap_or_default());
    lane.seq = ready.catalog.last_seq + 1;
    let mut root = root.clone();
    let want = attributes(&root, ready.set_owner);
    let held = match staging.is_reused() {
        true => fs::fit_dir(staging.tree(), &want, lane.grain).map(|(held, _)| held),
        false => fs::prepare_dir(staging.tree(), &want, lane.grain),
    };
    let held = held.doing(|| format!("cannot begin a snapshot in {}", quoted_path(&ready.sink.path)))?;
    root.held = held.some();
    let writes = Writes {
        manifest: seal::manifest_file(staging.dir())?,
        framing: Framing::Zstd,
        journal: Some(staging.journal()?),
        index: Some(staging.index_file()?),
        keep_index: Some(keep_index(&ready.sink, &staging)?),
    };
    let old = match node.zip(index) {
        Some((node, index)) => Some(old_records(&ready.sink, &node, index, &staging)?),
        None => None,
    };
    let sealer = Sealer::new(writes, owners, root, old, &lane)?;
    Ok((lane, sealer, staging))
}

/// What the tree begins with: what a cut-off push left if something in it can be proven, else a
/// spare, else whatever there is.
fn choose_base(ready: &mut Ready, config: &Config, observer: &dyn Observer) -> Result<Base> {
    let path = quoted_path(&ready.sink.path);
    let says = |text: String| observer.event(Event::Detail(format!("{path}: {text}")));
    let cut_off = ready.cut_off.take();
    let resume = |txid: String| {
        says("going on with what a push left that was cut off".to_owned());
        Ok(Base::CutOff(txid))
    };
    if let Some(txid) = cut_off.as_ref().filter(|txid| lane::has_proofs(&ready.sink, txid)) {
        return resume(txid.clone());
    }
    // A configuration that cannot be read is reported when rotation asks for it.
    let choice = match ready.retention(config) {
        Ok(retention) => spare::choose(&ready.sink, &ready.catalog, &retention, observer)?,
        Err(_) => Choice::Fresh("the policy cannot be read"),
    };
    match (choice, cut_off) {
        (Choice::Spare(id), cut_off) => {
            if let Some(txid) = cut_off {
                lane::discard(&ready.sink, &txid)?;
            }
            says(format!("beginning with the spare {}", node::short(&id)));
            Ok(Base::Spare(id))
        }
        (Choice::Fresh(_), Some(txid)) => resume(txid),
        (Choice::Fresh(why), None) => {
            says(format!("beginning with a fresh tree: {why}"));
            Ok(Base::Nothing)
        }
    }
}

/// The sink's index, under a name in the staging too: whatever becomes of the other name, this is
/// the one that the tree was made from.
fn keep_index(sink: &Sink, staging: &Staging) -> Result<KeepIndex> {
    let cannot = || "cannot begin a snapshot";
    let (emu, to) = (sink.emu().duplicate().doing(cannot)?, staging.dir().duplicate().doing(cannot)?);
    Ok(Box::new(move || {
        let _ = emu.link(layout::INDEX, &to, layout::INDEX);
    }))
}

/// The parent's records, which the new snapshot may share.
fn old_records(sink: &Sink, node: &Node, index: Arc<Index>, staging: &Staging) -> Result<Parent> {
    let manifests = sink.dir(layout::MANIFESTS)?;
    let to = staging.dir().duplicate().doing(|| "cannot begin a snapshot")?;
    let id = node.id.clone();
    let share = move || {
        let temporary = [layout::MANIFEST, b".same"].concat();
        let linked = manifests.link(id.as_bytes(), &to, &temporary);
        linked.and_then(|()| to.rename(&temporary, &to, layout::MANIFEST)).is_ok()
    };
    Ok(Parent {
        manifest: sink.old_manifest(node, index.frames().to_vec())?,
        index,
        tree: TreeRecord { entries: node.manifest.entries, bytes: node.manifest.bytes, tree: node.tree },
        sha256: node.manifest.sha256,
        share: Box::new(share),
    })
}

impl Ready {
    /// The retention that applies to this sink: its own settings before the source's.
    ///
    /// # Errors
    /// The sink's configuration cannot be read or understood.
    pub(super) fn retention(&self, config: &Config) -> Result<Retention> {
        let layer = settings::sink_layer(&self.sink)?;
        Ok(config.retention(layer.as_slice()))
    }
}
