//! The findings of one snapshot held against its manifest: what there is to make anew, and what is
//! better left to people.

use super::{Folder, From, Outcome, Outcomes, Part, Work};
use crate::error::errno_text;
use crate::fs::{Cursor, Errno, Stat};
use crate::restore::verify::{Finding, What};
use crate::sink::{Node, Sink};
use crate::tree::{Entry, Kind, path};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

struct Survey<'a, 'b> {
    tree: Cursor,
    /// What is wrong, by path.
    wrong: HashMap<&'a [u8], Vec<What>>,
    /// Directories in which something is wrong: their times change with it.
    touched: HashSet<&'a [u8]>,
    /// Those of them that stand, or will.
    sound: HashSet<Box<[u8]>>,
    outcomes: &'a mut Outcomes,
    part: Part<'b>,
}

/// What there is to do in a snapshot. What cannot be done is in the outcomes.
pub(super) fn survey<'b>(
    sink: &Sink,
    node: &'b Node,
    findings: &[&Finding],
    outcomes: &mut Outcomes,
) -> Part<'b> {
    let mut wrong: HashMap<&[u8], Vec<What>> = HashMap::new();
    for (path, what) in findings.iter().filter_map(|f| Some((f.path.as_deref()?, f.what))) {
        wrong.entry(path).or_default().push(what);
    }
    let part = survey_of(sink, node, wrong.clone(), outcomes);
    // Nothing is wrong with them, but they must go on to share the inode of their first name.
    let followers = followers(sink, &part, &wrong);
    if followers.is_empty() {
        return part;
    }
    wrong.extend(followers.iter().map(|path| (&**path, vec![What::Links])));
    survey_of(sink, node, wrong, outcomes)
}

/// Later names of groups whose first name gets a new inode, as far as they are not wrong themselves.
fn followers(sink: &Sink, part: &Part<'_>, wrong: &HashMap<&[u8], Vec<What>>) -> Vec<Box<[u8]>> {
    let works = part.works.iter().filter(|work| work.entry.nlink > 1 && work.entry.links.is_none());
    let firsts: HashSet<&[u8]> = works.map(|work| &*work.path).collect();
    let mut followers = Vec::new();
    let Ok(mut manifest) = sink.open_manifest(part.node) else { return followers };
    while !firsts.is_empty()
        && let Ok(Some(listing)) = manifest.next_listing()
    {
        let grouped = listing.entries.iter().filter(|entry| !is_split(entry));
        for entry in grouped.filter(|entry| entry.links.as_deref().is_some_and(|to| firsts.contains(to))) {
            let path = path::join(&listing.dir, &entry.name);
            if !wrong.contains_key(&*path) {
                followers.push(path);
            }
        }
    }
    followers
}

/// Whether a later name of a group stands on an inode of its own.
fn is_split(entry: &Entry) -> bool {
    entry.held.as_ref().is_some_and(|held| held.split)
}

fn survey_of<'b>(
    sink: &Sink,
    node: &'b Node,
    wrong: HashMap<&[u8], Vec<What>>,
    outcomes: &mut Outcomes,
) -> Part<'b> {
    let part = Part { node, works: Vec::new(), folders: Vec::new() };
    let touched = wrong.keys().filter_map(|path| Some(path::split(path)?.0)).collect();
    let tree = match sink.open_tree(&node.id) {
        Ok(tree) => Cursor::new(Arc::new(tree), false),
        Err(error) => {
            wrong.keys().for_each(|path| outcomes.left(&node.id, path, error.to_string()));
            return part;
        }
    };
    let mut survey = Survey { tree, wrong, touched, sound: HashSet::new(), outcomes, part };
    let why = match survey.read(sink) {
        Ok(()) => "no record knows it, and it is not removed".to_owned(),
        Err(error) => error.to_string(),
    };
    for path in survey.wrong.keys() {
        survey.outcomes.left(&node.id, path, why.clone());
    }
    survey.part
}

impl Survey<'_, '_> {
    fn read(&mut self, sink: &Sink) -> crate::error::Result<()> {
        let mut manifest = sink.open_manifest(self.part.node)?;
        self.look(Box::default(), &manifest.root().clone());
        while let Some(listing) = manifest.next_listing()? {
            crate::interrupt::check()?;
            let is_touched = self.touched.contains(&*listing.dir);
            for entry in &listing.entries {
                if is_touched || entry.kind == Kind::Dir {
                    self.look(path::join(&listing.dir, &entry.name), entry);
                }
            }
        }
        Ok(())
    }

    fn look(&mut self, path: Box<[u8]>, entry: &Entry) {
        let wrong = self.wrong.remove(&*path);
        let is_touched = entry.kind == Kind::Dir && self.touched.contains(&*path);
        if wrong.is_none() && !is_touched {
            return;
        }
        let decided = match entry.kind {
            Kind::Dir => self.folder(&path, entry, wrong.as_deref()),
            _ => self.work(&path, entry),
        };
        match decided {
            Ok(()) if wrong.is_some() => self.outcomes.set(&self.part.node.id, &path, Outcome::ByRecord),
            Ok(()) => {}
            Err(why) => self.outcomes.left(&self.part.node.id, &path, why),
        }
    }

    /// What stands at a path now.
    fn stat(&mut self, path: &[u8]) -> Result<Option<Stat>, String> {
        let Some((parent, name)) = path::split(path) else {
            return self.tree.at(b"").and_then(|root| root.stat_self()).map(Some).map_err(errno_text);
        };
        if !self.sound.contains(parent) {
            return Err("its directory is not repaired".into());
        }
        match self.tree.at(parent).and_then(|dir| dir.stat(name)) {
            Err(Errno::NOENT) => Ok(None),
            stat => stat.map(Some).map_err(errno_text),
        }
    }

    fn folder(&mut self, path: &[u8], entry: &Entry, wrong: Option<&[What]>) -> Result<(), String> {
        // Of a directory in which something is wrong, nothing is said about those above it.
        if let Some((parent, _)) = path::split(path)
            && !self.outcomes.is_left(&self.part.node.id, parent)
        {
            self.sound.insert(parent.into());
        }
        let is_missing = match self.stat(path)? {
            None => true,
            Some(stat) if stat.kind == Kind::Dir => false,
            Some(_) => return Err("something else stands where a directory should, and is left".into()),
        };
        if wrong.is_some_and(|wrong| wrong.contains(&What::Unreadable)) {
            return Err("a directory that cannot be read is left as it is".into());
        }
        self.sound.insert(path.into());
        self.part.folders.push(Folder::new(path, entry, is_missing, wrong.is_some()));
        Ok(())
    }

    fn work(&mut self, path: &[u8], entry: &Entry) -> Result<(), String> {
        let old = match self.stat(path)? {
            Some(stat) if stat.kind == Kind::Dir => {
                return Err("a directory stands in its place, and is not removed".into());
            }
            old => old.map(|stat| (stat.dev, stat.ino)),
        };
        if entry.is_absent() {
            return Err("the record says that nothing stands there, and it is not removed".into());
        }
        let from = match (&entry.links, entry.kind) {
            (Some(first), _) if !is_split(entry) => From::First(first.clone()),
            (_, Kind::File) if entry.size > 0 => From::Wanted,
            _ => From::Record,
        };
        self.part.works.push(Work { path: path.into(), entry: entry.clone(), old, from });
        Ok(())
    }
}
