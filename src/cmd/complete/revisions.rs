//! Revisions: `HEAD`, `HEAD~2`, names, ids, times, each with its sink before it where one is typed.

use super::scene::Scene;
use super::{Candidate, Files, Offer};
use crate::cmd::{Opened, place};
use crate::sink::{Catalog, Node};
use crate::ui::text;
use std::path::Path;

/// The most steps that are offered behind `~`.
const STEPS: usize = 20;
/// The most names that are offered before anything is typed.
const NAMES: usize = 50;
/// Times that can be guessed.
const TIMES: &[&str] = &["@{today}", "@{yesterday}", "@{2 days ago}", "@{1 week ago}"];

/// What a revision may become: of `A..B` the second.
pub(super) fn offer(word: &str, scene: &Scene) -> Offer {
    // `..` begins a path as well.
    let range = word.rfind("..").filter(|at| *at > 0 && !word[*at..].contains('/'));
    let from = range.filter(|at| !word[..*at].ends_with('/')).map_or(0, |at| at + 2);
    one(&word[from..], scene).behind(&word[..from])
}

fn one(word: &str, scene: &Scene) -> Offer {
    let plain = word.find("@{").unwrap_or(word.len());
    let slash = word[..plain].rfind('/');
    if let Some(at) = word[slash.unwrap_or(0)..plain].find(':').map(|at| slash.unwrap_or(0) + at) {
        let (sink, rev) = (&word[..at], &word[at + 1..]);
        let opened: Vec<Opened> = scene.context.open_sink(sink).into_iter().collect();
        return Offer::of(of_sinks(rev, &opened)).behind(&word[..=at]);
    }
    if slash.is_some() {
        // What is a sink is complete; the shell goes on with anything else.
        return if !word.ends_with('/') && place::is_sink(Path::new(word)) {
            Offer::of(vec![Candidate::new(format!("{word}:"), "a sink")])
        } else {
            Offer::files(Files::Directories)
        };
    }
    if let Some(sink) = &scene.sink {
        let opened: Vec<Opened> = scene.context.open_sink(sink).into_iter().collect();
        return Offer::of(of_sinks(word, &opened));
    }
    let known = scene.context.all_sinks().unwrap_or_default();
    // What a place in history means is the default sink's; names and ids may be in any.
    let mut opened: Vec<Opened> = scene.context.default_sink().into_iter().collect();
    let mut candidates: Vec<Candidate> = Vec::new();
    for (sink, present) in known {
        candidates.push(Candidate::new(format!("{}:", sink.name), "a sink"));
        opened.extend(
            present
                .into_iter()
                .filter(|sink| opened.iter().all(|known| known.name != sink.name))
                .collect::<Vec<_>>(),
        );
    }
    candidates.splice(0..0, of_sinks(word, &opened));
    Offer::of(candidates)
}

/// Of the first sink all, of the others what has a name of its own.
fn of_sinks(word: &str, sinks: &[Opened]) -> Vec<Candidate> {
    let mut found = Vec::new();
    if let Some(first) = sinks.first() {
        by_place(word, &first.catalog, &mut found);
    }
    for sink in sinks {
        by_name(word, &sink.catalog, &mut found);
    }
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|candidate| seen.insert(candidate.word.clone()));
    found
}

/// `HEAD`, `TAIL`, steps from them, times.
fn by_place(word: &str, catalog: &Catalog, found: &mut Vec<Candidate>) {
    let Some(head) = catalog.head() else { return };
    let mut line = vec![head];
    line.extend(catalog.ancestors(&head.node));
    let tail = line[line.len() - 1];
    found.push(Candidate::new("HEAD", about(&head.node)));
    found.push(Candidate::new("TAIL", about(&tail.node)));
    // Steps only behind a `~`: otherwise HEAD would never be the only one that fits.
    for (base, towards) in
        [("HEAD~", 1), ("TAIL~", line.len())].into_iter().filter(|(base, _)| word.starts_with(base))
    {
        let steps = (1..line.len().min(STEPS + 1)).map(|n| {
            let node = &line[if towards == 1 { n } else { towards - 1 - n }].node;
            Candidate::new(format!("{base}{n}"), about(node))
        });
        found.extend(steps);
    }
    if word.starts_with('@') {
        found.extend(TIMES.iter().map(|time| Candidate::new(*time, "the newest not later than that")));
    }
}

/// Names, the newest first, and ids where one is begun.
fn by_name(word: &str, catalog: &Catalog, found: &mut Vec<Candidate>) {
    let newest = || catalog.snapshots.iter().rev().map(|snapshot| &snapshot.node);
    let most = if word.is_empty() { NAMES } else { usize::MAX };
    found.extend(
        newest()
            .filter(|node| node.name.starts_with(word))
            .take(most)
            .map(|node| Candidate::new(&*node.name, about(node))),
    );
    if !word.is_empty() {
        let id = |node: &Node| {
            if word.len() > node.short().len() { node.id.clone() } else { node.short().to_owned() }
        };
        let begun = newest().filter(|node| node.id.starts_with(word));
        found.extend(begun.map(|node| Candidate::new(id(node), about(node))));
    }
}

/// When it was saved, and what was said of it.
fn about(node: &Node) -> String {
    let time = node.timestamp().map_or(node.time.clone(), text::local_short);
    let message = node.message.as_deref().unwrap_or_default().lines().next().unwrap_or_default();
    format!("{time} {}", crate::quote::escaped(message.as_bytes())).trim_end().to_owned()
}
