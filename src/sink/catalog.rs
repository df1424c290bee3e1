//! What a sink holds, as every command sees it: the recovery rules of `emu-format.5` computed as
//! a view, so that readers need no writable sink and no repair to see the truth.

use super::node::Fork;
use super::{Intent, Node, Sink, Soundness, Stage, layout, node};
use crate::error::{Doing as _, Result};
use crate::fs;
use crate::quote::quoted_path;
use jiff::Timestamp;
use serde::Deserialize;
use std::collections::BTreeSet;

/// A snapshot that is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Its record.
    pub node: Node,
    /// Whether nothing may remove it.
    pub pinned: bool,
    /// Until when it is pinned, if that is not for good.
    pub pinned_until: Option<Timestamp>,
}

/// A snapshot that something is wrong with; protected from all removal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damaged {
    /// Its id.
    pub id: String,
    /// What is wrong, in a few words.
    pub why: String,
}

/// A place in the history, as a node has it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Place {
    /// The snapshot.
    #[serde(default)]
    pub id: String,
    /// Place in the sink's history.
    pub seq: u64,
    /// Line of history.
    pub line: u64,
    /// Where the line left another.
    #[serde(default)]
    pub fork: Option<Fork>,
    /// HEAD when it was made.
    #[serde(default)]
    pub parent: Option<String>,
}

/// What the record of a removed snapshot says of its place.
fn removed_place(sink: &Sink, id: &str) -> Option<Place> {
    let dir = sink.dir(layout::REMOVED).ok()?;
    let content = crate::fs::read_limited(&dir, id.as_bytes(), 1 << 24).ok()?;
    let place: Place = serde_json::from_slice(&content).ok()?;
    Some(Place { id: id.to_owned(), ..place })
}

/// Everything in a sink.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    /// Listed snapshots by ascending `seq`.
    pub snapshots: Vec<Snapshot>,
    /// Snapshots whose node or tree is damaged or missing.
    pub damaged: Vec<Damaged>,
    /// Those of the damaged of which nothing but the tree is missing.
    pub treeless: Vec<Snapshot>,
    /// Id of HEAD; `None` in an empty sink.
    pub head: Option<String>,
    /// What had to be guessed, for people.
    pub notes: Vec<String>,
    /// Highest `seq` and `line` ever used, removed snapshots included.
    pub last_seq: u64,
    /// Highest line ever used.
    pub last_line: u64,
    /// Trees whose removal was cut off after its commit.
    half_removed: Vec<String>,
}

fn ids(sink: &Sink, name: &[u8]) -> Result<BTreeSet<String>> {
    let items = match sink.emu().open_dir(name).and_then(|dir| dir.list()) {
        // A sink of an earlier version has no such directory.
        Err(fs::Errno::NOENT) if name == layout::EXCLUDED => return Ok(BTreeSet::new()),
        items => items.doing(|| format!("cannot list {}", sink.inside(name)))?,
    };
    let text = items.into_iter().filter_map(|item| String::from_utf8(item.name.into()).ok());
    Ok(text.filter(|id| node::is_id(id)).collect())
}

/// What stands in the directories of a sink.
struct Ids {
    nodes: BTreeSet<String>,
    trees: BTreeSet<String>,
    removed: BTreeSet<String>,
}

impl Catalog {
    /// Reads what the sink holds. Writes nothing.
    ///
    /// # Errors
    /// The sink's directories cannot be read; damage inside is no error but part of the answer.
    pub fn read(sink: &Sink) -> Result<Catalog> {
        let (mut catalog, standing) = Catalog::look(sink)?;
        catalog.find_last(sink, &standing.removed);
        catalog.find_half_removed(sink, standing)?;
        Ok(catalog)
    }

    /// Reads which snapshots are listed or damaged, and HEAD. Leaves out what only a change of the
    /// sink has to know, and what grows with all that was ever removed: [`Catalog::last_seq`] and
    /// [`Catalog::last_line`] are those of what stands, and nothing counts as half removed.
    ///
    /// # Errors
    /// As [`Catalog::read`].
    pub fn listed(sink: &Sink) -> Result<Catalog> {
        Catalog::look(sink).map(|(catalog, _)| catalog)
    }

    fn look(sink: &Sink) -> Result<(Catalog, Ids)> {
        let (nodes, trees) = (ids(sink, layout::NODES)?, ids(sink, layout::TREES)?);
        let (pins, removed) = (sink.pins()?, ids(sink, layout::REMOVED)?);
        let intents = sink.stagings()?.into_iter().filter_map(|(_, intent)| intent.ok().flatten());
        let sealed: Vec<Intent> = intents.filter(|intent| intent.stage == Stage::Sealed).collect();
        let mut catalog = Catalog::default();
        let held = sink.dir(layout::NODES)?;
        for id in &nodes {
            match Node::read(&held, id) {
                Ok(node) => {
                    // Without a tree as well, its place in the history stays its own.
                    catalog.take_place(node.seq, node.line);
                    let pin = pins.get(id).copied();
                    let (pinned, pinned_until) = (pin.is_some(), pin.flatten());
                    let snapshot = Snapshot { node, pinned, pinned_until };
                    if trees.contains(id) {
                        catalog.snapshots.push(snapshot);
                    } else {
                        catalog.damage(id, "its tree is missing");
                        catalog.treeless.push(snapshot);
                    }
                }
                Err(why) => catalog.damage(id, &why),
            }
        }
        for id in trees.difference(&nodes) {
            let publishing = sealed.iter().any(|intent| intent.id.as_deref() == Some(id));
            if !removed.contains(id) && !publishing {
                catalog.damage(id, "its node is missing");
            }
        }
        catalog.snapshots.sort_by_key(|snapshot| snapshot.node.seq);
        // The place of what is being published is taken, whether or not it can be completed now.
        catalog.last_seq = sealed.iter().filter_map(|intent| intent.seq).fold(catalog.last_seq, u64::max);
        catalog.find_head(sink, &sealed);
        Ok((catalog, Ids { nodes, trees, removed }))
    }

    fn take_place(&mut self, seq: u64, line: u64) {
        self.last_seq = self.last_seq.max(seq);
        self.last_line = self.last_line.max(line);
    }

    fn find_half_removed(&mut self, sink: &Sink, standing: Ids) -> Result<()> {
        let Ids { nodes, trees, removed } = standing;
        let gone: Vec<&String> = removed.difference(&nodes).collect();
        if gone.is_empty() {
            return Ok(());
        }
        // A power cut can bring back any part of what a removal cleared away.
        let mut left = trees;
        for name in layout::BESIDE_NODE {
            left.extend(ids(sink, name)?);
        }
        left.extend(sink.names()?.into_iter().map(|(_, id)| id));
        self.half_removed = gone.into_iter().filter(|id| left.contains(*id)).cloned().collect();
        Ok(())
    }

    fn damage(&mut self, id: &str, why: &str) {
        self.damaged.push(Damaged { id: id.to_owned(), why: why.to_owned() });
    }

    fn find_last(&mut self, sink: &Sink, removed: &BTreeSet<String>) {
        for id in removed {
            if let Some(place) = removed_place(sink, id) {
                self.take_place(place.seq, place.line);
            }
        }
    }

    /// HEAD moves only by redoing an intent; it is guessed only when it says nothing usable.
    fn find_head(&mut self, sink: &Sink, sealed: &[Intent]) {
        let published = sealed.iter().filter_map(|intent| intent.id.as_ref());
        let redo =
            published.filter(|id| self.get(id).is_some()).max_by_key(|id| self.get(id).map(|s| s.node.seq));
        if let Some(id) = redo {
            self.head = Some(id.clone());
            return;
        }
        let stands = sink.read_head();
        if let Ok(Some(id)) = &stands
            && self.get(id).is_some()
        {
            self.head = Some(id.clone());
            return;
        }
        let newest = self.snapshots.last().map(|snapshot| snapshot.node.clone());
        if let Some(newest) = newest {
            let why = match stands {
                Ok(Some(_)) => "names no sound snapshot",
                Ok(None) => "is missing",
                Err(()) => "cannot be read",
            };
            let sink = quoted_path(&sink.path);
            self.notes.push(format!(
                "HEAD of {sink} {why}; {} is the newest snapshot and taken for it",
                newest.short()
            ));
            self.head = Some(newest.id);
        }
    }

    /// Removed snapshots of which something is left: the removal was cut off after its commit.
    pub fn half_removed(&self) -> &[String] {
        &self.half_removed
    }

    /// The places of all listed and all removed snapshots, by ascending `seq`.
    ///
    /// # Errors
    /// The records of removed snapshots cannot be listed.
    pub fn places(&self, sink: &Sink) -> Result<Vec<Place>> {
        let place = |Node { id, seq, line, fork, parent, .. }| Place { id, seq, line, fork, parent };
        let listed = self.snapshots.iter().map(|snapshot| snapshot.node.clone());
        let treeless = self.treeless.iter().map(|snapshot| snapshot.node.clone());
        let removed = ids(sink, layout::REMOVED)?;
        let removed = removed.iter().filter(|id| self.get(id).is_none());
        let mut places: Vec<Place> = listed
            .chain(treeless)
            .map(place)
            .chain(removed.filter_map(|id| removed_place(sink, id)))
            .collect();
        places.sort_by_key(|place| place.seq);
        Ok(places)
    }

    /// A listed snapshot by its full id.
    pub fn get(&self, id: &str) -> Option<&Snapshot> {
        self.snapshots.iter().find(|snapshot| snapshot.node.id == id)
    }

    /// HEAD's snapshot.
    pub fn head(&self) -> Option<&Snapshot> {
        self.head.as_deref().and_then(|id| self.get(id))
    }

    /// The newest snapshot that is neither partial nor shrunk, and not known to have no sound
    /// manifest.
    pub fn last_complete(&self, sink: &Sink) -> Option<&Snapshot> {
        let sound = Soundness::of(sink);
        let mut complete = self.snapshots.iter().rev().filter(|snapshot| snapshot.node.is_complete());
        complete.find(|snapshot| sound.damage(&snapshot.node).is_none())
    }

    /// The snapshot that a push is compared with before old ones expire: the last complete one, or HEAD if a
    /// checkout has moved it to an older complete snapshot.
    pub fn baseline(&self, sink: &Sink) -> Option<&Snapshot> {
        let newest = self.snapshots.last().map(|snapshot| &snapshot.node.id);
        let moved = self.head().filter(|head| newest != Some(&head.node.id) && head.node.is_complete());
        let sound = Soundness::of(sink);
        moved.filter(|head| sound.damage(&head.node).is_none()).or_else(|| self.last_complete(sink))
    }

    /// Where a line left another one, as far as a snapshot of it says so.
    pub fn fork_of(&self, line: u64) -> Option<Fork> {
        self.snapshots.iter().find_map(|s| s.node.fork.filter(|_| s.node.line == line))
    }

    /// The ancestors of a snapshot, nearest first: what survives of its line before it, then of
    /// the lines that it left.
    pub fn ancestors(&self, node: &Node) -> Vec<&Snapshot> {
        let mut found = Vec::new();
        let (mut line, mut below) = (node.line, node.seq);
        loop {
            let of_line = self.snapshots.iter().rev().filter(|s| s.node.line == line && s.node.seq < below);
            found.extend(of_line);
            let own = node.fork.filter(|_| node.line == line);
            match own.or_else(|| self.fork_of(line)) {
                // A fork leads to a lower line; anything else is damage and ends the search.
                Some(fork) if fork.line < line => (line, below) = (fork.line, fork.seq.saturating_add(1)),
                _ => return found,
            }
        }
    }
}
