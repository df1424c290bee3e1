//! A lost node made anew: from what is left of it, from that of the same push in another sink, and its
//! place in the history from all others.

use super::lineage::Lost as LostPlace;
use super::rebuild::Rebuilt;
use super::records::{Lost, Recovery, Twin};
use crate::error::{Doing as _, Error, Result};
use crate::fs::{self, Dir};
use crate::restore::verify::What;
use crate::sink::node::{self, Counts, ManifestRef, Node, second_of};
use crate::sink::{ReadLock, SinkLock, layout};
use crate::tree::{Kind, Sealed};

/// Stands where nobody knows a name.
const UNKNOWN: &str = "unknown";
/// The user who stands for nobody.
const NOBODY: u32 = 65534;

impl Recovery<'_> {
    /// The node of a manifest that was made anew, or of a snapshot that lost it.
    ///
    /// # Errors
    /// Its place or its name cannot be found.
    pub(super) fn node(&self, lost: &Lost, rebuilt: &Rebuilt, twin: Option<Twin<'_>>) -> Result<Node> {
        let Sealed { tree, sha256 } = rebuilt.sealed;
        let manifest = ManifestRef { sha256, bytes: tree.bytes, entries: tree.entries };
        let node = match (&lost.node, lost.what) {
            (Some(node), What::Manifest) if node.manifest == manifest => return Ok(node.clone()),
            (Some(node), What::Manifest) => Node { tree: tree.tree, manifest, ..node.clone() },
            (remains, _) => {
                if let Some(original) = self.original(lost, rebuilt)? {
                    return Ok(original);
                }
                let node = match (twin, remains) {
                    (Some((_, push)), _) => push.clone(),
                    (None, Some(remains)) => self.doubtful(&lost.id, remains.clone()),
                    (None, None) => self.unknown(&lost.id, rebuilt.counts)?,
                };
                Node { tree: tree.tree, manifest, ..self.placed(&lost.id, node)? }
            }
        };
        let now = crate::clock::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let before = lost.node.as_ref();
        let differed = before.and_then(|node| node.recovered.as_ref()).is_some_and(|old| old.differs);
        // Where all is hashed, it is another tree; otherwise that cannot be told.
        let another = lost.what == What::Manifest
            && rebuilt.unattested == 0
            && before.is_some_and(|node| node.tree != tree.tree);
        node.seal_recovered(now, rebuilt.unattested, rebuilt.differs || differed || another)
    }

    /// The lost node as it was written, if what is left of it, or what the same push wrote in another
    /// sink, proves to be that by its id once all that is known is put right.
    pub(super) fn original(&self, lost: &Lost, rebuilt: &Rebuilt) -> Result<Option<Node>> {
        let Sealed { tree, sha256 } = rebuilt.sealed;
        let manifest = ManifestRef { sha256, bytes: tree.bytes, entries: tree.entries };
        for known in lost.node.iter().chain(self.same_second(&lost.id).map(|(_, node)| node)) {
            let node = Node { tree: tree.tree, manifest, ..self.placed(&lost.id, known.clone())? };
            if node.clone().seal().is_ok_and(|sealed| sealed.id == lost.id) {
                return Ok(Some(node));
            }
        }
        Ok(None)
    }

    /// A node with what is known of the snapshot for certain, and its place in the history.
    fn placed(&self, id: &str, node: Node) -> Result<Node> {
        let unknown = || Error::failed("cannot find the place of the snapshot in the history");
        let place = self.lineage.get(id).ok_or_else(unknown)?;
        let time = second_of(id).and_then(|second| jiff::Timestamp::from_second(second).ok());
        let time = time.ok_or_else(unknown)?;
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
            source: self.sink.info.source.clone(),
            sink: self.sink.info.id.clone(),
            time: time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            name,
            recovered: None,
            ..node
        })
    }

    /// What other commands decide by is not believed of a node that was altered: it counts as partial, so
    /// that it never stands in for one that is known to be complete.
    fn doubtful(&self, id: &str, node: Node) -> Node {
        let node = Node { id: id.to_owned(), machine: self.machine(id), partial: true, ..node };
        let excluded = node.excluded.filter(|_| self.sink.excluded(&node).is_ok());
        Node { excluded, ..node }
    }

    /// What can be said of a snapshot without any record of it.
    fn unknown(&self, id: &str, counts: Counts) -> Result<Node> {
        let node = Node {
            v: 1,
            push: crate::sink::uuid()?,
            source: self.sink.info.source.clone(),
            tz: self.near(id).map_or_else(|| "UTC".to_owned(), |node| node.tz.clone()),
            host: UNKNOWN.to_owned(),
            user: UNKNOWN.to_owned(),
            uid: NOBODY,
            compare: UNKNOWN.to_owned(),
            durability: "fsync".to_owned(),
            tool: node::TOOL.to_owned(),
            counts,
            ..Node::default()
        };
        Ok(self.doubtful(id, node))
    }

    /// The snapshot next in time.
    fn near(&self, id: &str) -> Option<&Node> {
        let second = second_of(id).unwrap_or(0);
        self.nodes.iter().min_by_key(|node| second_of(&node.id).unwrap_or(0).abs_diff(second))
    }

    fn machine(&self, id: &str) -> String {
        let known = self.near(id).map(|node| node.machine.clone()).or_else(|| self.sink.info.machine.clone());
        known.unwrap_or_else(fs::machine_id)
    }

    /// A lost node for the history, with the parent that it seems to have had.
    pub(super) fn place_of(&self, lost: &Lost) -> LostPlace {
        let from_push = || {
            let (other, twin) = self.same_second(&lost.id).next()?;
            let catalog = self.others.iter().find(|(sink, _)| sink.info.id == other.info.id)?.1;
            let parent = catalog.get(twin.parent.as_deref()?)?;
            self.nodes.iter().find(|node| node.push == parent.node.push).map(|node| node.id.clone())
        };
        let parent = lost.node.as_ref().and_then(|node| node.parent.clone());
        LostPlace { id: lost.id.clone(), parent: parent.or_else(from_push) }
    }

    /// Puts the node in place; that is the commit.
    pub(super) fn write_node(&self, nodes: &Dir, node: &Node, lock: &SinkLock) -> Result<()> {
        let cannot = || format!("cannot write the node of {}", node.short());
        fs::put_file(nodes, node.id.as_bytes(), node.to_json().as_bytes()).doing(cannot)?;
        self.sink.make_durable(nodes)?;
        self.sink.set_name(lock, &node.name, &node.id)
    }
}

/// Holds a node, if there is one, against being read.
pub(super) fn hold(nodes: &Dir, id: &str) -> Result<Option<ReadLock>> {
    let cannot = || format!("cannot write the node of {}", node::short(id));
    let stands = nodes.stat_if_there(id.as_bytes()).doing(cannot)?;
    if stands.is_none_or(|stat| stat.kind != Kind::File) {
        return Ok(None);
    }
    let held = ReadLock::take_exclusively(nodes, id)?;
    held.map(Some).ok_or_else(|| Error::failed(cannot()).because("somebody reads the snapshot"))
}
