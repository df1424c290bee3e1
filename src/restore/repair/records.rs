//! Nodes that are lost, and manifests of which no copy stands anywhere: which they are, and what their
//! manifests are made anew from.

use super::inode::Placer;
use super::lineage::{Lineage, Lost as LostPlace};
use super::nodes::hold;
use super::rebuild::{self, Rebuilt, Record, Unknown};
use super::translate::{Belief, translate};
use super::{Anew, Outcome, Restored};
use crate::error::Result;
use crate::fs::{self, Errno};
use crate::interrupt;
use crate::restore::checkout::Others;
use crate::restore::verify::What;
use crate::sink::node::{self, Counts, Node, second_of};
use crate::sink::{Catalog, Sink, SinkLock, layout};
use crate::tree::{Digest, Sealed};
use std::io::Write;

/// How many snapshots are asked what they recorded: those of the same second in other sinks, and those
/// of the sink that were saved next before and after.
const NEIGHBOURS: usize = 32;

/// A record that is to be made anew.
pub(super) struct Lost {
    pub(super) id: String,
    pub(super) what: What,
    why: String,
    /// The node; of one that is lost, what can be read of it, which nothing proves.
    pub(super) node: Option<Node>,
}

/// What a manifest is made from.
enum Basis<'a> {
    /// It stands, and its hash is known from elsewhere.
    Proven(Rebuilt),
    /// What the same push recorded in another sink.
    Push(&'a Sink, &'a Node),
    /// It stands and is sound in itself.
    Own,
    /// What others recorded of the same paths.
    Neighbours,
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
        let Err(error) = sink.open_manifest(node) else { continue };
        let (id, why, what) = (node.id.clone(), error.to_string(), What::Manifest);
        match unreadable(sink, &id, Some(node.manifest.sha256)) {
            None => lost.push(Lost { id, what, why, node: Some(node.clone()) }),
            Some(left) => done.push(Restored { id, what, why, outcome: Outcome::Left(left) }),
        }
    }
    if lost.is_empty() {
        return Ok(done);
    }
    let nodes = catalog.snapshots.iter().map(|snapshot| snapshot.node.clone()).collect();
    let lineage = Lineage::new(catalog, catalog.places(sink)?);
    let mut recovery = Recovery { sink, nodes, others: others(), lineage, lock };
    let places: Vec<LostPlace> =
        lost.iter().filter(|lost| lost.what == What::Node).map(|lost| recovery.place_of(lost)).collect();
    recovery.lineage.find(places);
    // Those whose manifests stand first: the others may have to ask what they recorded.
    lost.sort_by_key(|lost| lost.what != What::Node || recovery.own_tree(&lost.id).is_none());
    for lost in lost {
        interrupt::check()?;
        let outcome = match recovery.recover(&lost) {
            Ok(anew) => Outcome::Anew(anew),
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
    if let Some(left) = unreadable(sink, id, None) {
        return Err(left);
    }
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

/// Why the manifest that stands is better not replaced: it may be sound, for all that is known.
fn unreadable(sink: &Sink, id: &str, proven: Option<Digest>) -> Option<String> {
    match sink.look_at_manifest(id) {
        Ok(Some((digest, is_newer))) if is_newer && proven.is_none_or(|proven| proven == digest) => {
            Some("its manifest may be sound, and has a later version; use a newer emu".to_owned())
        }
        Ok(Some((digest, _))) if proven == Some(digest) => Some("it is what was written".to_owned()),
        Ok(_) => None,
        Err(error) => Some(format!("{error}; if that stays so, remove .emu/manifests/{id} and repair again")),
    }
}

/// What lost records are made anew from.
pub(super) struct Recovery<'a> {
    pub(super) sink: &'a Sink,
    /// Of all snapshots that have one.
    pub(super) nodes: Vec<Node>,
    pub(super) others: Vec<(&'a Sink, &'a Catalog)>,
    pub(super) lineage: Lineage,
    lock: Option<&'a SinkLock>,
}

impl<'a> Recovery<'a> {
    fn recover(&mut self, lost: &Lost) -> Result<Anew> {
        let nodes = self.sink.dir(layout::NODES)?;
        // Whoever reads by the old records must have done.
        let _held = self.lock.map(|_| hold(&nodes, &lost.id)).transpose()?;
        if self.lock.is_some() {
            // It knows where the lines of HEAD's records stood.
            self.sink.drop_index()?;
            self.sink.make_durable(self.sink.emu())?;
        }
        let basis = self.basis(lost);
        let push = match basis {
            Basis::Push(_, node) => Some(node),
            _ => self.twin(lost).map(|(_, node)| node),
        };
        let is_stored = matches!(basis, Basis::Proven(_)) || self.lock.is_some();
        let mut rebuilt = match (basis, self.lock) {
            (Basis::Proven(rebuilt), _) => rebuilt,
            (basis, None) => self.make(lost, &basis, std::io::sink())?,
            (basis, Some(lock)) => self.write_manifest(lost, &basis, lock)?,
        };
        rebuilt.differs |= lost.what == What::Manifest
            && rebuilt.unattested == 0
            && lost.node.as_ref().is_some_and(|node| node.tree != rebuilt.sealed.tree.tree);
        let node = self.node(lost, &rebuilt, push)?;
        if let Some(lock) = self.lock {
            self.write_node(&nodes, &node, lock)?;
        }
        if is_stored {
            self.nodes.retain(|other| other.id != node.id);
            self.nodes.push(node);
        }
        let guessed = lost.what == What::Node && self.lineage.is_guess(&lost.id);
        Ok(Anew { unattested: rebuilt.unattested, differs: rebuilt.differs, guessed })
    }

    fn basis(&self, lost: &Lost) -> Basis<'a> {
        let own = if lost.what == What::Node { self.own_tree(&lost.id) } else { None };
        let twin = self.twin(lost);
        let Some(own) = own else {
            return twin.map_or(Basis::Neighbours, |(sink, node)| Basis::Push(sink, node));
        };
        let claims = self.same_second(&lost.id).map(|(_, node)| node).chain(&lost.node);
        let is_claimed = claims.into_iter().any(|node| node.manifest.sha256 == own.sealed.sha256);
        if is_claimed || matches!(self.original(lost, &own), Ok(Some(_))) {
            return Basis::Proven(own);
        }
        match twin.filter(|(_, node)| node.tree == own.sealed.tree.tree) {
            Some((sink, node)) => Basis::Push(sink, node),
            None => Basis::Own,
        }
    }

    /// What the manifest of a snapshot without a node is known by, if it is sound in itself.
    fn own_tree(&self, id: &str) -> Option<Rebuilt> {
        let (sha256, _) = self.sink.look_at_manifest(id).ok()??;
        let mut manifest = self.sink.open_unproven(id).ok()?;
        let mut counts = Counts { dirs: 1, ..Counts::default() };
        let mut unattested = u64::from(manifest.root().unattested);
        while let Some(listing) = manifest.next_listing().ok()? {
            rebuild::count(&mut counts, &listing);
            unattested += listing.entries.iter().filter(|entry| entry.unattested).count() as u64;
        }
        let tree = manifest.sealed()?;
        Some(Rebuilt { sealed: Sealed { tree, sha256 }, counts, unattested, differs: false })
    }

    /// The snapshots of other sinks that were begun in the same second.
    fn same_second(&self, id: &str) -> impl Iterator<Item = (&'a Sink, &'a Node)> {
        let (source, second) = (self.sink.info.source.clone(), second_of(id));
        self.others.clone().into_iter().flat_map(move |(sink, catalog)| {
            let source = source.clone();
            let nodes = catalog.snapshots.iter().map(|snapshot| &snapshot.node);
            let same = nodes.filter(move |node| node.source == source && second_of(&node.id) == second);
            same.map(move |node| (sink, node))
        })
    }

    /// What the same push saved in another sink: of a sound node, the same tree; where nothing is known of
    /// the push, it has to be the only one of its second.
    pub(super) fn twin(&self, lost: &Lost) -> Option<(&'a Sink, &'a Node)> {
        let all: Vec<_> = self.same_second(&lost.id).filter(|(_, node)| node.recovered.is_none()).collect();
        let is_it = |node: &Node| match (&lost.node, lost.what) {
            (Some(own), What::Manifest) => node.push == own.push && node.tree == own.tree,
            (Some(own), _) => node.push == own.push,
            (None, _) => all.iter().all(|(_, other)| other.push == node.push),
        };
        let mut sound = all.iter().filter(|(sink, node)| is_it(node) && sink.open_manifest(node).is_ok());
        sound.next().copied()
    }

    fn make(&self, lost: &Lost, basis: &Basis<'_>, out: impl Write) -> Result<Rebuilt> {
        let (sink, id) = (self.sink, &*lost.id);
        match basis {
            Basis::Push(from, node) => translate(sink, id, from.open_manifest(node)?, Belief::Whole, out),
            Basis::Own | Basis::Proven(_) => {
                translate(sink, id, sink.open_unproven(id)?, Belief::Hashed, out)
            }
            Basis::Neighbours => {
                let tree = lost.node.as_ref().filter(|_| lost.what == What::Manifest).map(|node| node.tree);
                let unknown = match tree {
                    Some(tree)
                        if self.rebuild(id, Unknown::Hashed, std::io::sink())?.sealed.tree.tree == tree =>
                    {
                        Unknown::Hashed
                    }
                    _ => Unknown::Marked,
                };
                let rebuilt = self.rebuild(id, unknown, out)?;
                Ok(Rebuilt { differs: tree.is_some() && unknown == Unknown::Marked, ..rebuilt })
            }
        }
    }

    fn rebuild(&self, id: &str, unknown: Unknown, out: impl Write) -> Result<Rebuilt> {
        let second = second_of(id).unwrap_or(0);
        let there = self.same_second(id).map(|(sink, node)| Record::open(sink, node, false));
        let mut near: Vec<&Node> = self.nodes.iter().filter(|node| node.id != id).collect();
        near.sort_by_key(|node| second_of(&node.id).unwrap_or(0).abs_diff(second));
        let here = near.into_iter().map(|node| Record::open(self.sink, node, true));
        rebuild::rebuild(self.sink, id, there.chain(here).flatten().take(NEIGHBOURS).collect(), unknown, out)
    }

    fn write_manifest(&self, lost: &Lost, basis: &Basis<'_>, lock: &SinkLock) -> Result<Rebuilt> {
        let mut placer = Placer::begin(self.sink, lock)?;
        let dir = self.sink.dir(layout::MANIFESTS)?;
        let fill = |file: &std::fs::File| self.make(lost, basis, std::io::BufWriter::new(file));
        let written = placer.write(&dir, lost.id.as_bytes(), fill);
        let ended = placer.end();
        let rebuilt = written?;
        ended?;
        self.sink.make_durable(&dir)?;
        Ok(rebuilt)
    }
}
