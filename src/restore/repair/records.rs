//! Nodes that are lost, and manifests of which no copy stands anywhere: both are made anew from the
//! tree and from what others recorded. The node keeps its id, and says that it was recovered.

use super::inode::Placer;
use super::lineage::Lineage;
use super::rebuild::{self, Rebuilt, Record};
use super::{Outcome, Restored};
use crate::error::{Doing as _, Error, Result};
use crate::fs::{self, Errno};
use crate::interrupt;
use crate::restore::checkout::Others;
use crate::restore::verify::What;
use crate::sink::node::{self, Counts, ManifestRef, Node, second_of};
use crate::sink::{Catalog, ReadLock, Sink, SinkLock, layout};
use crate::tree::{Kind, Sealed};
use std::io::Write;

/// How many snapshots of the sink are asked what they recorded: those saved before and after.
const NEIGHBOURS: usize = 32;

/// Stands where nobody knows a name.
const UNKNOWN: &str = "unknown";
/// The user who stands for nobody.
const NOBODY: u32 = 65534;

/// A record that is to be made anew.
struct Lost {
    id: String,
    what: What,
    why: String,
    /// The node as far as it can be read.
    node: Option<Node>,
}

/// Makes lost nodes and manifests of a sink anew, with the sink's lock; without it, finds out what
/// would come of it. `restored` are put back already, or can be.
///
/// # Errors
/// Interrupted; the sink cannot be written.
pub fn lost_records(
    sink: &Sink,
    catalog: &Catalog,
    others: &Others<'_>,
    restored: &[Restored],
    lock: Option<&SinkLock>,
) -> Result<Vec<Restored>> {
    let mut lost = Vec::new();
    let mut done = Vec::new();
    for damaged in &catalog.damaged {
        let (id, why, what) = (damaged.id.clone(), damaged.why.clone(), What::Node);
        match remains(sink, &id) {
            Ok(node) => lost.push(Lost { id, what, why, node }),
            Err(left) => done.push(Restored { id, what, why, outcome: Outcome::Left(left) }),
        }
    }
    let nodes = catalog.snapshots.iter().map(|snapshot| &snapshot.node);
    for node in nodes.filter(|node| restored.iter().all(|known| known.id != node.id)) {
        interrupt::check()?;
        if let Err(error) = sink.open_manifest(node) {
            let (id, why, what) = (node.id.clone(), error.to_string(), What::Manifest);
            lost.push(Lost { id, what, why, node: Some(node.clone()) });
        }
    }
    if lost.is_empty() {
        return Ok(done);
    }
    let mut lineage = Lineage::new(catalog, catalog.places(sink)?);
    let ids = lost.iter().filter(|lost| lost.what == What::Node).map(|lost| &*lost.id);
    lineage.find(&ids.collect::<Vec<_>>());
    let nodes = catalog.snapshots.iter().map(|snapshot| snapshot.node.clone()).collect();
    let mut recovery = Recovery { sink, nodes, others: others(), lineage, lock };
    let mut lost: Vec<_> = lost.into_iter().map(|lost| (recovery.stored_manifest(&lost), lost)).collect();
    // The others may have to ask what they recorded.
    lost.sort_by_key(|(stored, _)| stored.is_none());
    for (stored, lost) in lost {
        interrupt::check()?;
        let outcome = match recovery.recover(&lost, stored) {
            Ok(unattested) => Outcome::Anew(unattested),
            Err(error) => {
                interrupt::check()?;
                Outcome::Left(error.to_string())
            }
        };
        done.push(Restored { id: lost.id, what: lost.what, why: lost.why, outcome });
    }
    Ok(done)
}

/// What is left of a lost node, if that can be read. An error says why it is better not replaced.
fn remains(sink: &Sink, id: &str) -> std::result::Result<Option<Node>, String> {
    sink.open_tree(id).map_err(|_| "a tree that is lost is not made anew".to_owned())?;
    let nodes = sink.dir(layout::NODES).map_err(|error| error.to_string())?;
    let content = match fs::read_limited(&nodes, id.as_bytes(), node::MAX_NODE) {
        Err(Errno::NOENT) => return Ok(None),
        Err(errno) => {
            let why = crate::error::errno_text(errno);
            return Err(format!("{why}; if that stays so, remove .emu/nodes/{id} and repair again"));
        }
        Ok(content) => content,
    };
    let version = serde_json::from_slice::<serde_json::Value>(&content).ok();
    let version = version.and_then(|value| value.get("v")?.as_u64()).unwrap_or(1);
    if version > 1 {
        return Err(format!("it may be sound, and has version {version}; use a newer emu"));
    }
    let node: Option<Node> = serde_json::from_slice(&content).ok();
    Ok(node.filter(|node| {
        let second = node.timestamp().map(jiff::Timestamp::as_second);
        second == second_of(id) && node.source == sink.info.source && node.sink == sink.info.id
    }))
}

struct Recovery<'a> {
    sink: &'a Sink,
    /// Of all snapshots that have one.
    nodes: Vec<Node>,
    others: Vec<(&'a Sink, &'a Catalog)>,
    lineage: Lineage,
    lock: Option<&'a SinkLock>,
}

impl Recovery<'_> {
    /// How many entries nobody attests.
    fn recover(&mut self, lost: &Lost, stored: Option<Rebuilt>) -> Result<u64> {
        if self.lock.is_some() {
            // It knows where the lines of HEAD's records stood.
            self.sink.drop_index()?;
            self.sink.make_durable(self.sink.emu())?;
        }
        let is_stored = stored.is_some() || self.lock.is_some();
        let rebuilt = match (stored, self.lock) {
            (Some(rebuilt), _) => rebuilt,
            (None, Some(lock)) => self.write_manifest(&lost.id, lock)?,
            (None, None) => self.rebuild(&lost.id, std::io::sink())?,
        };
        let node = self.node(lost, &rebuilt)?;
        if let Some(lock) = self.lock {
            self.write_node(&node, lock)?;
        }
        if is_stored {
            self.nodes.retain(|other| other.id != node.id);
            self.nodes.push(node);
        }
        Ok(rebuilt.unattested)
    }

    /// What the manifest of a snapshot without a node is known by, if it is sound in itself.
    fn stored_manifest(&self, lost: &Lost) -> Option<Rebuilt> {
        if lost.what != What::Node {
            return None;
        }
        let (mut manifest, sha256) = self.sink.open_unproven(&lost.id).ok()?;
        let mut counts = Counts { dirs: 1, ..Counts::default() };
        let mut unattested = u64::from(manifest.root().unattested);
        while let Some(listing) = manifest.next_listing().ok()? {
            rebuild::count(&mut counts, &listing);
            unattested += listing.entries.iter().filter(|entry| entry.unattested).count() as u64;
        }
        let tree = manifest.sealed()?;
        Some(Rebuilt { sealed: Sealed { tree, sha256 }, counts, unattested })
    }

    fn rebuild(&self, id: &str, out: impl Write) -> Result<Rebuilt> {
        let second = second_of(id);
        // The same push saved the same files.
        let twins = self.twins(id).map(|(sink, node)| Record::open(sink, node, false));
        let mut near: Vec<&Node> = self.nodes.iter().filter(|node| node.id != id).collect();
        near.sort_by_key(|node| second_of(&node.id).unwrap_or(0).abs_diff(second.unwrap_or(0)));
        let near = near.into_iter().map(|node| Record::open(self.sink, node, true));
        let records = twins.chain(near).flatten().take(NEIGHBOURS).collect();
        rebuild::rebuild(self.sink, id, records, out)
    }

    /// The snapshots that the same push made in other sinks.
    fn twins<'s>(&'s self, id: &'s str) -> impl Iterator<Item = (&'s Sink, &'s Node)> {
        self.others.iter().flat_map(move |(sink, catalog)| {
            let nodes = catalog.snapshots.iter().map(|snapshot| &snapshot.node);
            let same =
                |node: &&Node| node.source == self.sink.info.source && second_of(&node.id) == second_of(id);
            nodes.filter(same).map(|node| (*sink, node))
        })
    }

    fn write_manifest(&self, id: &str, lock: &SinkLock) -> Result<Rebuilt> {
        let mut placer = Placer::begin(self.sink, lock)?;
        let dir = self.sink.dir(layout::MANIFESTS)?;
        let written =
            placer.write(&dir, id.as_bytes(), |file| self.rebuild(id, std::io::BufWriter::new(file)));
        let ended = placer.end();
        let rebuilt = written?;
        ended?;
        self.sink.make_durable(&dir)?;
        Ok(rebuilt)
    }

    fn node(&self, lost: &Lost, rebuilt: &Rebuilt) -> Result<Node> {
        let Sealed { tree, sha256 } = rebuilt.sealed;
        let manifest = ManifestRef { sha256, bytes: tree.bytes, entries: tree.entries };
        let node = match (&lost.node, lost.what) {
            (Some(node), What::Manifest) => node.clone(),
            (remains, _) => self.lost_node(&lost.id, remains.as_ref(), rebuilt.counts)?,
        };
        let now = crate::clock::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        Node { manifest, tree: tree.tree, ..node }.seal_recovered(now, rebuilt.unattested)
    }

    /// A node from what is left of it, or from that of the same push in another sink; its place from
    /// the history, and what nobody knows is left empty.
    fn lost_node(&self, id: &str, remains: Option<&Node>, counts: Counts) -> Result<Node> {
        let unknown = || Error::failed("cannot find the place of the snapshot in the history");
        let place = self.lineage.get(id).ok_or_else(unknown)?;
        let time =
            second_of(id).and_then(|second| jiff::Timestamp::from_second(second).ok()).ok_or_else(unknown)?;
        let known = remains.or_else(|| self.twins(id).map(|(_, node)| node).next());
        let node = match known {
            Some(node) => node.clone(),
            None => Node { counts, ..self.unknown_node(id)? },
        };
        let names = self.sink.names()?;
        let name = names.into_iter().find(|(name, to)| to == id && name.as_bytes() != layout::LATEST);
        let name = match name {
            Some((name, _)) => name,
            None => self.sink.free_name(time)?,
        };
        Ok(Node {
            id: id.to_owned(),
            seq: place.seq,
            line: place.line,
            fork: place.fork,
            parent: place.parent.clone(),
            sink: self.sink.info.id.clone(),
            time: time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            name,
            ..node
        })
    }

    /// What can be said of a snapshot without any record of it. It counts as partial, so that it never
    /// stands in for one that is known to be complete.
    fn unknown_node(&self, id: &str) -> Result<Node> {
        let second = second_of(id).unwrap_or(0);
        let near = self.nodes.iter().min_by_key(|node| second_of(&node.id).unwrap_or(0).abs_diff(second));
        let machine = near.map(|node| node.machine.clone()).or_else(|| self.sink.info.machine.clone());
        Ok(Node {
            v: 1,
            push: crate::sink::uuid()?,
            source: self.sink.info.source.clone(),
            machine: machine.unwrap_or_default(),
            tz: near.map_or_else(|| "UTC".to_owned(), |node| node.tz.clone()),
            host: UNKNOWN.to_owned(),
            user: UNKNOWN.to_owned(),
            uid: NOBODY,
            compare: UNKNOWN.to_owned(),
            partial: true,
            durability: "fsync".to_owned(),
            tool: node::TOOL.to_owned(),
            ..Node::default()
        })
    }

    /// Puts the node in place; that is the commit.
    fn write_node(&self, node: &Node, lock: &SinkLock) -> Result<()> {
        let cannot = || format!("cannot write the node of {}", node.short());
        let nodes = self.sink.dir(layout::NODES)?;
        let stands = nodes.stat_if_there(node.id.as_bytes()).doing(cannot)?;
        // Whoever reads by the old one must have done.
        let _held = match stands.filter(|stat| stat.kind == Kind::File) {
            Some(_) => Some(
                ReadLock::take_exclusively(&nodes, &node.id)?
                    .ok_or_else(|| Error::failed(cannot()).because("somebody reads the snapshot"))?,
            ),
            None => None,
        };
        fs::put_file(&nodes, node.id.as_bytes(), node.to_json().as_bytes()).doing(cannot)?;
        self.sink.make_durable(&nodes)?;
        self.sink.set_name(lock, &node.name, &node.id)
    }
}
