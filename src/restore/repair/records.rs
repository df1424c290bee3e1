//! Nodes that are lost, and manifests of which no copy stands anywhere: which they are, and what their
//! manifests are made anew from.

use super::inode::Placer;
use super::lineage::{Lineage, Lost as LostPlace};
use super::nodes::hold;
use super::rebuild::{self, Rebuilt, Record, Unknown};
use super::translate::{Belief, translate};
use super::{Anew, Outcome, Restored};
use crate::error::{Error, Result};
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

/// A snapshot in another sink that the same push made.
pub(super) type Twin<'a> = (&'a Sink, &'a Node);

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
/// would come of it. `absent` are other sinks that cannot be asked; `restored` are records that are put
/// back already, or can be.
///
/// # Errors
/// Interrupted; the sink cannot be written.
pub fn lost_records(
    sink: &Sink,
    catalog: &Catalog,
    others: &Others<'_>,
    absent: &dyn Fn() -> Vec<String>,
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
    let mut recovery = Recovery { sink, nodes, others: others(), absent: absent(), lineage, lock };
    let places: Vec<LostPlace> =
        lost.iter().filter(|lost| lost.what == What::Node).map(|lost| recovery.place_of(lost)).collect();
    recovery.lineage.find(places);
    // Those whose manifests stand first: the others may have to ask what they recorded.
    lost.sort_by_cached_key(|lost| lost.what != What::Node || recovery.own_tree(&lost.id).is_none());
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
            return Err(not_now(&crate::error::errno_text(errno), errno, &format!(".emu/nodes/{id}")));
        }
        Ok(content) => content,
    };
    let version = serde_json::from_slice::<serde_json::Value>(&content).ok();
    let version = version.and_then(|value| value.get("v")?.as_u64()).unwrap_or(1);
    if version > 1 {
        return Err(format!("it may be sound, and has version {version}; use a newer emu"));
    }
    let node: Option<Node> = serde_json::from_slice(&content).ok();
    Ok(node.filter(|node| node.timestamp().map(jiff::Timestamp::as_second) == second_of(id)))
}

/// Why the manifest that stands is better not replaced: it may be sound, for all that is known.
fn unreadable(sink: &Sink, id: &str, proven: Option<Digest>) -> Option<String> {
    match sink.look_at_manifest(id) {
        Ok(Some((digest, is_newer))) if is_newer && proven.is_none_or(|proven| proven == digest) => {
            Some("its manifest may be sound, and has a later version; use a newer emu".to_owned())
        }
        Ok(Some((digest, _))) if proven == Some(digest) => Some("it is what was written".to_owned()),
        Ok(_) => None,
        Err(error) => {
            let errno = error.errno().unwrap_or(Errno::IO);
            Some(not_now(&error.to_string(), errno, &format!(".emu/manifests/{id}")))
        }
    }
}

/// Why something that cannot be read is left, and what to do about it.
fn not_now(why: &str, errno: Errno, place: &str) -> String {
    match errno {
        Errno::ACCESS | Errno::PERM => format!("{why}; only its owner can repair it"),
        _ => format!("{why}; if that stays so, remove {place} and repair again"),
    }
}

/// What lost records are made anew from.
pub(super) struct Recovery<'a> {
    pub(super) sink: &'a Sink,
    /// Of all snapshots that have one.
    pub(super) nodes: Vec<Node>,
    pub(super) others: Vec<(&'a Sink, &'a Catalog)>,
    /// Names of sinks that may know more.
    absent: Vec<String>,
    pub(super) lineage: Lineage,
    lock: Option<&'a SinkLock>,
}

impl<'a> Recovery<'a> {
    fn recover(&mut self, lost: &Lost) -> Result<Anew> {
        let own = if lost.what == What::Node { self.own_tree(&lost.id) } else { None };
        let twin = self.twin(lost, own.as_ref())?;
        let basis = self.basis(lost, own, twin);
        let mut made = match basis {
            Basis::Proven(ref rebuilt) => *rebuilt,
            ref basis => self.make(lost, basis, std::io::sink())?,
        };
        let mut node = self.node(lost, &made, twin)?;
        let mut anew = self.certainty(lost, &basis, &made, &node);
        if !anew.is_whole() && !self.absent.is_empty() {
            let absent = self.absent.join(", ");
            return Err(Error::failed(format!("{absent} cannot be asked, and may know more"))
                .because("repair again when all sinks are there, or forget those that never will be"));
        }
        if let Some(lock) = self.lock {
            let nodes = self.sink.dir(layout::NODES)?;
            // Whoever reads by the old records must have done.
            let _held = hold(&nodes, &lost.id)?;
            // It knows where the lines of HEAD's records stood.
            self.sink.drop_index()?;
            self.sink.make_durable(self.sink.emu())?;
            if !matches!(basis, Basis::Proven(_)) {
                made = self.write_manifest(lost, &basis, lock)?;
                node = self.node(lost, &made, twin)?;
                anew = self.certainty(lost, &basis, &made, &node);
            }
            self.write_node(&nodes, &node, lock)?;
        }
        if self.lock.is_some() || matches!(basis, Basis::Proven(_)) {
            self.nodes.retain(|other| other.id != node.id);
            self.nodes.push(node);
        }
        Ok(anew)
    }

    /// What is certain of a record. The node that was written proves the manifest that it names; one of the
    /// same push proves that of a node with the same tree.
    fn certainty(&self, lost: &Lost, basis: &Basis<'_>, made: &Rebuilt, node: &Node) -> Anew {
        let by_push = lost.what == What::Manifest && matches!(basis, Basis::Push(..));
        Anew {
            proven: node.recovered.is_none() || by_push,
            unattested: made.unattested,
            differs: node.recovered.as_ref().is_some_and(|recovered| recovered.differs),
            guessed: lost.what == What::Node && node.recovered.is_some() && self.lineage.is_guess(&lost.id),
        }
    }

    fn basis(&self, lost: &Lost, own: Option<Rebuilt>, twin: Option<Twin<'a>>) -> Basis<'a> {
        let push = twin.map_or(Basis::Neighbours, |(sink, node)| Basis::Push(sink, node));
        let Some(own) = own else { return push };
        let claims = self.same_second(&lost.id).map(|(_, node)| node).chain(&lost.node);
        let is_claimed = claims.into_iter().any(|node| node.manifest.sha256 == own.sealed.sha256);
        if is_claimed || matches!(self.original(lost, &own), Ok(Some(_))) {
            return Basis::Proven(own);
        }
        match twin.filter(|(_, node)| node.tree == own.sealed.tree.tree) {
            Some(_) => push,
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
    pub(super) fn same_second(&self, id: &str) -> impl Iterator<Item = (&'a Sink, &'a Node)> {
        let (source, second) = (self.sink.info.source.clone(), second_of(id));
        self.others.clone().into_iter().flat_map(move |(sink, catalog)| {
            let source = source.clone();
            let nodes = catalog.snapshots.iter().map(|snapshot| &snapshot.node);
            let same = nodes.filter(move |node| node.source == source && second_of(&node.id) == second);
            same.map(move |node| (sink, node))
        })
    }

    /// What the same push saved in another sink. Where nothing is known of the push, it has to be the only
    /// one of its second, none that another snapshot here is of, and of the same tree: pushes to one sink
    /// after the other may begin in one second.
    fn twin(&self, lost: &Lost, own: Option<&Rebuilt>) -> Result<Option<Twin<'a>>> {
        let all: Vec<_> = self.same_second(&lost.id).filter(|(_, node)| node.recovered.is_none()).collect();
        let is_free = |node: &Node| self.nodes.iter().all(|o| o.id == lost.id || o.push != node.push);
        let is_it = |node: &Node| match (&lost.node, lost.what) {
            (Some(known), What::Manifest) => node.push == known.push && node.tree == known.tree,
            (Some(known), _) => node.push == known.push && is_free(node),
            (None, _) => all.iter().all(|(_, other)| other.push == node.push) && is_free(node),
        };
        let mut sound = all.iter().filter(|(sink, node)| is_it(node) && sink.open_manifest(node).is_ok());
        let Some(twin) = sound.next().copied() else { return Ok(None) };
        let tree = match (&lost.node, own) {
            (Some(_), _) => return Ok(Some(twin)),
            (None, Some(own)) => own.sealed.tree.tree,
            (None, None) => self.rebuild(&lost.id, Unknown::Hashed, std::io::sink())?.sealed.tree.tree,
        };
        Ok(Some(twin).filter(|(_, node)| node.tree == tree))
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
