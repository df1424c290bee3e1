//! Files of which the snapshot's own copy is damaged: other snapshots that claim the same content
//! at the same path are tried, of this sink and of the others.

use super::apply::{Applier, Damaged, End};
use super::change::Change;
use super::checkout::Others;
use super::content::Origin;
use crate::error::Result;
use crate::fs::{self, Dir};
use crate::interrupt;
use crate::sink::{Catalog, Node, Sink};
use crate::tree::path;
use std::collections::{HashMap, HashSet};

/// A file of which the snapshot's own copy is damaged.
pub(super) struct Missing {
    pub(super) change: Change,
    pub(super) why: String,
    pub(super) tried: HashSet<(u64, u64)>,
}

/// Where content is sought.
pub(super) struct Candidates<'a> {
    pub(super) sink: &'a Sink,
    pub(super) catalog: &'a Catalog,
    pub(super) others: &'a Others<'a>,
}

impl Applier<'_> {
    /// Looks for the damaged files in all other snapshots, the newest of each sink first.
    ///
    /// # Errors
    /// Nothing more can be done on the target's file system, or a signal came.
    pub(super) fn rescue_all(&mut self, node: &Node, candidates: &Candidates<'_>) -> Result<()> {
        self.rescue_in(candidates.sink, candidates.catalog, node)?;
        if self.missing.is_empty() {
            return Ok(());
        }
        for (sink, catalog) in (candidates.others)() {
            self.rescue_in(sink, catalog, node)?;
        }
        Ok(())
    }

    fn rescue_in(&mut self, sink: &Sink, catalog: &Catalog, node: &Node) -> Result<()> {
        for snapshot in catalog.snapshots.iter().rev().filter(|snapshot| snapshot.node.id != node.id) {
            if self.missing.is_empty() {
                break;
            }
            self.rescue_from(sink, &snapshot.node)?;
        }
        Ok(())
    }

    /// Looks for the damaged files in a snapshot. One that cannot be read is passed over.
    ///
    /// # Errors
    /// Nothing more can be done on the target's file system, or a signal came.
    fn rescue_from(&mut self, sink: &Sink, node: &Node) -> Result<()> {
        let Ok(mut origin) = Origin::open(sink, node) else { return Ok(()) };
        let Ok(claims) = self.claims(sink, node) else { return Ok(()) };
        if claims.is_empty() { Ok(()) } else { self.rescue(&mut origin, &claims, Damaged::Skip) }
    }

    /// The paths of damaged files at which a snapshot claims the same content.
    fn claims(&self, sink: &Sink, node: &Node) -> Result<HashSet<Box<[u8]>>> {
        let wanted: HashMap<&[u8], _> = self
            .missing
            .iter()
            .map(|missing| (&*missing.change.path, missing.change.entry.as_ref().and_then(|e| e.sha256)))
            .collect();
        let mut claims = HashSet::new();
        let mut manifest = sink.open_manifest(node)?;
        while let Some(listing) = manifest.next_listing()? {
            for entry in listing.entries.iter().filter(|entry| entry.sha256.is_some()) {
                let whole = path::join(&listing.dir, &entry.name);
                if wanted.get(&*whole) == Some(&entry.sha256) {
                    claims.insert(whole);
                }
            }
        }
        Ok(claims)
    }

    /// Writes damaged files as they are.
    ///
    /// # Errors
    /// Nothing more can be done on the target's file system, or a signal came.
    pub(super) fn keep_damaged(&mut self, origin: &mut Origin) -> Result<()> {
        let whys: Vec<(Box<[u8]>, String)> =
            self.missing.iter().map(|missing| (missing.change.path.clone(), missing.why.clone())).collect();
        let all = whys.iter().map(|(path, _)| path.clone()).collect();
        self.rescue(origin, &all, Damaged::Keep)?;
        let left: HashSet<Box<[u8]>> = self.missing.iter().map(|m| m.change.path.clone()).collect();
        for (whole, why) in whys.into_iter().filter(|(path, _)| !left.contains(path)) {
            self.trouble(&whole, 0, format!("{why}; it is written all the same"));
        }
        Ok(())
    }

    /// Tries another snapshot's copies for the damaged files that it `claims` to have.
    ///
    /// # Errors
    /// Nothing more can be done on this file system, or a signal came.
    fn rescue(&mut self, origin: &mut Origin, claims: &HashSet<Box<[u8]>>, damaged: Damaged) -> Result<()> {
        for mut missing in std::mem::take(&mut self.missing) {
            interrupt::check()?;
            let whole = missing.change.path.clone();
            if !claims.contains(&whole) {
                self.missing.push(missing);
                continue;
            }
            let parent = path::split(&whole).map_or(&b""[..], |(dir, _)| dir);
            let Some(dir) = self.reach(parent)? else { continue };
            match self.retry(origin, &dir, &mut missing, damaged) {
                Ok(Some(End::Done)) => {
                    self.failed.remove(&whole);
                    self.count(&missing.change);
                    if damaged == Damaged::Skip {
                        self.done.rescued += 1;
                    }
                }
                Ok(Some(End::Trouble(text))) => self.trouble(&whole, 0, text),
                Ok(_) => self.missing.push(missing),
                Err(errno) => self.refused(&whole, errno)?,
            }
        }
        Ok(())
    }

    fn retry(
        &mut self,
        origin: &mut Origin,
        dir: &Dir,
        missing: &mut Missing,
        damaged: Damaged,
    ) -> fs::Result<Option<End>> {
        if let Some(end) = self.link(dir, &missing.change)? {
            return Ok(Some(end));
        }
        let Ok(stored) = origin.find(&missing.change.path) else { return Ok(None) };
        if damaged == Damaged::Skip && !missing.tried.insert(stored.inode()) {
            return Ok(None);
        }
        let inherits = fs::has_default_acl(dir);
        self.file(origin, &stored, dir, inherits, &missing.change, damaged).map(Some)
    }

    /// Names the files of which no sound copy was found.
    pub(super) fn give_up(&mut self) {
        for missing in std::mem::take(&mut self.missing) {
            self.done.lost += 1;
            self.trouble(&missing.change.path, 0, missing.why);
        }
    }
}
