//! The only publisher. A staged tree becomes a snapshot here and nowhere else: a barrier, an
//! intent, and renames of which that of the node is the commit.

use super::lane;
use super::limits::Marks;
use crate::error::{Doing as _, Error, Result};
use crate::fs::{self, Dir, FsKind};
use crate::quote::quoted_path;
use crate::sink::node::{Counts, ExcludedRef, ManifestRef, PathField, UnreadNote};
use crate::sink::{Catalog, Excluded, Intent, Node, Sink, SinkLock, Stage, layout, node};
use crate::tree::{Digest, Unread};
use serde::{Deserialize, Serialize};

/// What is known of a staged tree before it has a place in the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// UUID of the push.
    pub push: String,
    /// The place in history that its records name as the creator of new inodes.
    pub seq: u64,
    /// The source's id.
    pub source: String,
    /// When the scan began, UTC.
    pub time: String,
    /// How unchanged files were told.
    pub compare: String,
    /// Which file system the source lay on.
    #[serde(default)]
    pub source_fs: String,
    /// Directories on other file systems.
    #[serde(default)]
    pub mounts: Vec<PathField>,
    /// The exclusions, whose file is in the staging.
    #[serde(default)]
    pub excluded: Option<ExcludedRef>,
    /// What was counted.
    pub counts: Counts,
    /// What could not be saved; the first thousand.
    #[serde(default)]
    pub unread: Vec<UnreadNote>,
    /// The manifest.
    pub manifest: ManifestRef,
    /// The tree hash.
    pub tree: Digest,
    /// Why the snapshot does not count as complete.
    #[serde(default)]
    pub marks: Marks,
}

/// The first of what could not be saved, within what a node can hold.
pub(super) fn unread_notes(unread: &[Unread]) -> Vec<UnreadNote> {
    const MAX_BYTES: usize = 4 << 20;
    let mut bytes = 0;
    let fits = |unread: &&Unread| {
        bytes += unread.path.len() + unread.text.len();
        bytes <= MAX_BYTES
    };
    let note = |unread: &Unread| UnreadNote { path: PathField::new(&unread.path), text: unread.text.clone() };
    unread.iter().take(node::MAX_UNREAD_NOTES).take_while(fits).map(note).collect()
}

impl Draft {
    /// Writes the exclusions into the staging.
    ///
    /// # Errors
    /// The sink cannot be written.
    pub(super) fn with_excluded(
        self,
        excluded: &Excluded,
        sink: &Sink,
        staging: &Dir,
        catalog: &Catalog,
    ) -> Result<Draft> {
        let excluded = excluded
            .stage(sink, staging, catalog.head().map(|head| &head.node))
            .doing(|| format!("cannot record in {} what is left out", quoted_path(&sink.path)))?;
        Ok(Draft { excluded, ..self })
    }
}

/// A snapshot that is listed.
#[derive(Debug)]
pub struct Published {
    /// Its record.
    pub node: Node,
    /// What failed after the commit; the next command that changes the sink makes up for it.
    pub unfinished: Option<Error>,
}

/// Publishes the staging `txid` as the newest snapshot of the sink; returns its node only after
/// it is on stable storage.
///
/// # Errors
/// Anything that keeps it from being durable. Before the intent is sealed, nothing is published;
/// after that, the next command that changes the sink completes it.
pub fn publish(
    sink: &Sink,
    lock: &SinkLock,
    txid: &str,
    draft: &Draft,
    message: Option<&str>,
    catalog: &Catalog,
) -> Result<Published> {
    let cannot = || format!("cannot publish a snapshot in {}", quoted_path(&sink.path));
    if draft.seq != catalog.last_seq + 1 {
        return Err(Error::failed(cannot()).because("another snapshot took its place in the history"));
    }
    let stagings = sink.dir(layout::STAGING)?;
    let staging = stagings.open_dir(txid.as_bytes()).doing(cannot)?;
    let node = make_node(sink, draft, message, catalog)?;
    // A commit that was cut off may have left its node: nothing has referred to that one.
    fs::put_file(&staging, layout::NODE, node.to_json().as_bytes()).doing(cannot)?;
    barrier(sink, &staging)
        .doing(|| format!("cannot make the new snapshot in {} durable", quoted_path(&sink.path)))?;
    let intent = Intent {
        stage: Stage::Sealed,
        id: Some(node.id.clone()),
        seq: Some(node.seq),
        name: Some(node.name.clone()),
        ..Intent::open(txid, node.parent.clone())
    };
    intent.write(sink, &staging)?;
    let unfinished = complete(sink, lock, &intent, true)?;
    Ok(Published { node, unfinished })
}

fn make_node(sink: &Sink, draft: &Draft, message: Option<&str>, catalog: &Catalog) -> Result<Node> {
    let parent = catalog.head().map(|snapshot| &snapshot.node);
    let newest_of_line = |line| catalog.snapshots.iter().rev().find(|s| s.node.line == line).map(|s| &s.node);
    let (line, fork) = match parent {
        None => (catalog.last_line + 1, None),
        Some(parent) if newest_of_line(parent.line).is_some_and(|newest| newest.id == parent.id) => {
            // Each of a line knows where that began: the first may be removed.
            (parent.line, parent.fork.or_else(|| catalog.fork_of(parent.line)))
        }
        Some(parent) => (catalog.last_line + 1, Some(node::Fork { line: parent.line, seq: parent.seq })),
    };
    let time: jiff::Timestamp =
        draft.time.parse().map_err(|_| Error::failed("the time of a staging is no time"))?;
    let uid = rustix::process::geteuid().as_raw();
    let node = Node {
        v: 1,
        id: String::new(),
        seq: catalog.last_seq + 1,
        line,
        fork,
        parent: parent.map(|node| node.id.clone()),
        push: draft.push.clone(),
        source: draft.source.clone(),
        machine: fs::machine_id(),
        sink: sink.info.id.clone(),
        time: draft.time.clone(),
        tz: jiff::tz::TimeZone::system().iana_name().unwrap_or("UTC").to_owned(),
        host: fs::host_name(),
        user: crate::source::user_name(uid),
        uid,
        message: message.map(str::to_owned),
        name: sink.free_name(time)?,
        manifest: draft.manifest,
        tree: draft.tree,
        counts: draft.counts,
        partial: draft.marks.partial,
        shrunk: draft.marks.shrunk,
        churned: draft.marks.churned,
        misdated: draft.marks.misdated,
        churn: draft.marks.churn.clone(),
        recovered: None,
        durability: if FsKind::of(sink.root()).syncs_whole() { "syncfs" } else { "fsync" }.to_owned(),
        compare: draft.compare.clone(),
        tool: node::TOOL.to_owned(),
        source_fs: draft.source_fs.clone(),
        mounts: draft.mounts.clone(),
        excluded: draft.excluded,
        unread: draft.unread.clone(),
    };
    node.seal()
}

/// Everything written so far reaches stable storage, or an error says that it may not have. The
/// descriptor was opened before the first write, so that no earlier error is missed.
pub(super) fn barrier(sink: &Sink, staging: &Dir) -> fs::Result<()> {
    let reached = make_durable(sink, staging);
    if reached.is_err() {
        // What was written may be lost although it can still be read: nothing of it is proven.
        let _ = staging.remove_file(layout::JOURNAL);
    }
    reached
}

fn make_durable(sink: &Sink, staging: &Dir) -> fs::Result<()> {
    if FsKind::of(sink.root()).syncs_whole() {
        return fs::sync_fs(sink.root().fd());
    }
    // Files and directories of the tree were synced one by one.
    for name in [layout::MANIFEST, layout::EXCLUDED, layout::INDEX, layout::JOURNAL] {
        match staging.open_file(name) {
            Ok(file) => rustix::fs::fsync(&file)?,
            Err(fs::Errno::NOENT) => {}
            Err(errno) => return Err(errno),
        }
    }
    staging.sync()
}

/// Completes a sealed intent from whatever step it was cut off at. Each step is done only where
/// it is still to do, so that doing it again changes nothing. `newest`: HEAD and `latest` follow.
/// `Ok(Some)`: the snapshot is listed, but something that follows failed.
///
/// # Errors
/// The snapshot is not listed; the intent stands and the next command tries again.
pub fn complete(sink: &Sink, lock: &SinkLock, intent: &Intent, newest: bool) -> Result<Option<Error>> {
    let id = intent.id.as_deref().ok_or_else(|| Error::failed("a sealed intent names no snapshot"))?;
    let cannot = || format!("cannot publish {id} in {}", quoted_path(&sink.path));
    let stagings = sink.dir(layout::STAGING)?;
    let staging = stagings.open_dir(intent.txid.as_bytes()).doing(cannot)?;
    let (trees, manifests, nodes) =
        (sink.dir(layout::TREES)?, sink.dir(layout::MANIFESTS)?, sink.dir(layout::NODES)?);
    move_in(&staging, layout::TREE, &trees, id).doing(cannot)?;
    move_in(&staging, layout::MANIFEST, &manifests, id).doing(cannot)?;
    // A sink of an earlier version has no such directory yet.
    let excluded = sink.emu().ensure_dir(layout::EXCLUDED, 0o700).doing(cannot)?;
    move_in(&staging, layout::EXCLUDED, &excluded, id).doing(cannot)?;
    if nodes.stat_if_there(id.as_bytes()).doing(cannot)?.is_none() {
        let content = fs::read_limited(&staging, layout::NODE, 1 << 24).doing(cannot)?;
        let node = Node::parse(id, &content).map_err(|why| Error::failed(cannot()).because(why))?;
        // The digest is checked and the root's own mode is in the manifest's first entry.
        let root = sink.open_manifest(&node)?.root().shown();
        trees.set_dir_mode(id.as_bytes(), root.mode).doing(cannot)?;
        sync_root(&trees, id).doing(cannot)?;
        sink.make_durable(&trees)?;
        sink.make_durable(&manifests)?;
        sink.make_durable(&excluded)?;
        staging.rename_new(layout::NODE, &nodes, id.as_bytes()).doing(cannot)?;
    }
    sink.make_durable(&nodes)
        .and_then(|()| follow_up(sink, lock, intent, id, newest))
        .map_or_else(|error| Ok(Some(error)), |()| Ok(None))
}

/// What comes after the commit and is derived from it.
fn follow_up(sink: &Sink, lock: &SinkLock, intent: &Intent, id: &str, newest: bool) -> Result<()> {
    if newest {
        sink.set_head(lock, id)?;
        sink.set_latest(lock, id)?;
    }
    if let Some(name) = &intent.name {
        sink.set_name(lock, name, id)?;
    }
    if newest && let Ok(staging) = sink.dir(layout::STAGING)?.open_dir(intent.txid.as_bytes()) {
        sink.bind_index(lock, Some(&staging), id)?;
    }
    lane::discard(sink, &intent.txid).map(|_| ())
}

/// The mode of a tree's root is durable before the snapshot is listed. A root that its owner may
/// not read cannot be opened for that; the sync of its parent has to do then.
fn sync_root(trees: &Dir, id: &str) -> fs::Result<()> {
    match trees.open_dir(id.as_bytes()) {
        Ok(tree) => tree.sync(),
        Err(fs::Errno::ACCESS) => Ok(()),
        Err(errno) => Err(errno),
    }
}

/// Renames out of the staging; nothing left to rename means that it was done before.
fn move_in(staging: &Dir, name: &[u8], to: &Dir, id: &str) -> fs::Result<()> {
    match staging.stat_if_there(name)? {
        Some(_) => staging.rename_new(name, to, id.as_bytes()),
        None => Ok(()),
    }
}
