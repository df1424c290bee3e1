//! The place in the history of a snapshot whose node is lost, from what the other nodes say.
//!
//! Numbers are given without gaps, and records of removed snapshots keep theirs. So the number of a
//! lost node is one that is missing: below that of a snapshot which names it as its parent, and
//! between those that were saved before and after it.

use crate::sink::node::{Fork, second_of};
use crate::sink::{Catalog, Place};

/// A snapshot whose node is lost.
pub(super) struct Lost {
    pub(super) id: String,
    /// The snapshot that was HEAD when it was made, as far as somebody says so.
    pub(super) parent: Option<String>,
}

/// What is known of the history, and what is added to it.
pub(super) struct Lineage {
    /// By ascending `seq`.
    places: Vec<Place>,
    /// The places that were found here: their parents are still to be looked up.
    found: Vec<String>,
    /// Those that could be elsewhere.
    guessed: Vec<String>,
    last_seq: u64,
    last_line: u64,
}

impl Lineage {
    /// The history of a sink.
    pub(super) fn new(catalog: &Catalog, places: Vec<Place>) -> Lineage {
        Lineage {
            places,
            found: Vec::new(),
            guessed: Vec::new(),
            last_seq: catalog.last_seq,
            last_line: catalog.last_line,
        }
    }

    /// Adds snapshots; the later ones first, since they say what came before.
    pub(super) fn find(&mut self, mut lost: Vec<Lost>) {
        lost.sort_unstable_by(|a, b| b.id.cmp(&a.id));
        for (at, one) in lost.iter().enumerate() {
            let (place, is_guess) = self.locate(one, &lost[at + 1..]);
            if is_guess {
                self.guessed.push(one.id.clone());
            }
            self.last_seq = self.last_seq.max(place.seq);
            self.last_line = self.last_line.max(place.line);
            let at = self.places.partition_point(|other| other.seq < place.seq);
            self.places.insert(at, place);
            self.found.push(one.id.clone());
        }
        for at in 0..self.places.len() {
            if self.found.contains(&self.places[at].id) {
                self.places[at].parent = self.before(&self.places[at]);
            }
        }
    }

    /// Whether a place could be another one as well.
    pub(super) fn is_guess(&self, id: &str) -> bool {
        self.guessed.iter().any(|guess| guess == id)
    }

    /// The place of a snapshot.
    pub(super) fn get(&self, id: &str) -> Option<&Place> {
        self.places.iter().find(|place| place.id == id)
    }

    /// The place of a snapshot, and whether it is a guess; `earlier` are lost too, and saved before.
    fn locate(&self, lost: &Lost, earlier: &[Lost]) -> (Place, bool) {
        let id = &*lost.id;
        let at = |seq, line, fork| Place { id: id.to_owned(), seq, line, fork, parent: None };
        let child = self.places.iter().find(|place| place.parent.as_deref() == Some(id));
        let free = match child {
            Some(child) => self.free_below(id, child.seq),
            None => self.free_above(id, earlier),
        };
        if let (Some(seq), Some(child)) = (free, child) {
            // A line that began with the child says where the other one was left.
            let place = match child.fork.filter(|fork| fork.seq == seq) {
                Some(fork) => at(seq, fork.line, self.fork_of(fork.line)),
                None => at(seq, child.line, child.fork),
            };
            return (place, false);
        }
        let parent = lost.parent.as_deref().and_then(|parent| self.get(parent));
        let has_lines = self.places.iter().any(|place| place.line != self.last_line);
        let same = |other: &str| second_of(other) == second_of(id);
        let is_shared =
            self.places.iter().any(|place| same(&place.id)) || earlier.iter().any(|one| same(&one.id));
        // Without any other node, lines cannot be told apart.
        let is_alone = self.places.iter().all(|place| self.found.contains(&place.id))
            && !(self.places.is_empty() && earlier.is_empty());
        let is_guess = parent.is_none() && (free.is_none() || has_lines || is_shared || is_alone);
        let seq = free.unwrap_or_else(|| self.last_seq.saturating_add(1));
        let by_time = || self.places.iter().rev().find(|place| second_of(&place.id) <= second_of(id));
        let before = match (parent, free) {
            (Some(parent), _) => Some(parent),
            (None, Some(seq)) => self.places.iter().rev().find(|place| place.seq < seq),
            (None, None) => by_time(),
        };
        let next_line = self.last_line.saturating_add(1);
        let place = match before {
            Some(last) if free.is_some() && self.goes_on(last, seq) => at(seq, last.line, last.fork),
            Some(last) => at(seq, next_line, Some(Fork { line: last.line, seq: last.seq })),
            None => match self.places.first() {
                Some(next) if self.found.contains(&next.id) => at(seq, next.line, next.fork),
                _ => at(seq, next_line, None),
            },
        };
        (place, is_guess)
    }

    /// Whether the line of `last` can have had a snapshot at `seq` next: nothing of it was saved between,
    /// and what follows on it does not name another one as its parent.
    fn goes_on(&self, last: &Place, seq: u64) -> bool {
        let next = self.places.iter().find(|place| place.line == last.line && place.seq > last.seq);
        next.is_none_or(|next| {
            let is_open = next.parent.as_deref().is_some_and(|id| self.get(id).is_none());
            next.seq > seq && (self.found.contains(&next.id) || is_open)
        })
    }

    /// The highest number below `upper` that is missing and was given when the snapshot was made.
    fn free_below(&self, id: &str, upper: u64) -> Option<u64> {
        let earliest = self.places.iter().rev().filter(|place| place.seq < upper);
        let after = earliest.take_while(|place| second_of(&place.id) > second_of(id)).last();
        let upper = after.map_or(upper, |place| place.seq);
        (1..upper).rev().find(|seq| self.is_free(*seq))
    }

    /// The missing number between what was saved before the snapshot and what was saved after it;
    /// `earlier` others that are lost have theirs below it.
    fn free_above(&self, id: &str, earlier: &[Lost]) -> Option<u64> {
        let before = self.places.iter().rev().find(|place| second_of(&place.id) <= second_of(id));
        let lower = before.map_or(0, |place| place.seq);
        let seq = match self.places.iter().find(|place| place.seq > lower) {
            Some(after) => after.seq - 1,
            None => {
                let since = before.and_then(|place| second_of(&place.id));
                let others = earlier.iter().filter(|lost| second_of(&lost.id) > since).count() as u64;
                lower.saturating_add(1 + others)
            }
        };
        (seq > lower).then_some(seq)
    }

    fn is_free(&self, seq: u64) -> bool {
        self.places.iter().all(|place| place.seq != seq)
    }

    fn fork_of(&self, line: u64) -> Option<Fork> {
        self.places.iter().find_map(|place| place.fork.filter(|_| place.line == line))
    }

    /// The snapshot before one on its line, or the one at which the line left another.
    fn before(&self, place: &Place) -> Option<String> {
        let on_line = |line, below| {
            let mut places = self.places.iter().rev();
            places.find(|other| other.line == line && other.seq < below).map(|other| other.id.clone())
        };
        on_line(place.line, place.seq).or_else(|| {
            let fork = place.fork?;
            on_line(fork.line, fork.seq.saturating_add(1))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `second seq line [parent [fork-line fork-seq]]`; seconds stand for ids.
    fn place(text: &str) -> Place {
        let mut words = text.split(' ').map(|word| word.parse::<u64>().unwrap());
        let mut next = || words.next();
        let id = |second: u64| format!("{second:08x}{}", "0".repeat(32));
        let (own, seq, line) = (id(next().unwrap()), next().unwrap(), next().unwrap());
        let parent = next().filter(|second| *second > 0).map(id);
        let fork = next().map(|line| Fork { line, seq: next().unwrap() });
        Place { id: own, seq, line, fork, parent }
    }

    /// What is found of the seconds in `lost`.
    fn found(known: &[&str], lost: &[u64]) -> Vec<String> {
        let places: Vec<Place> = known.iter().map(|text| place(text)).collect();
        let mut catalog = Catalog::default();
        catalog.last_seq = places.iter().map(|place| place.seq).max().unwrap_or(0);
        catalog.last_line = places.iter().map(|place| place.line).max().unwrap_or(0);
        let mut lineage = Lineage::new(&catalog, places);
        let ids: Vec<String> = lost.iter().map(|second| format!("{second:08x}{}", "0".repeat(32))).collect();
        lineage.find(ids.iter().map(|id| Lost { id: id.clone(), parent: None }).collect());
        let second = |id: &str| second_of(id).unwrap();
        let tell = |id: &String| {
            let Place { seq, line, fork, parent, .. } = lineage.get(id).unwrap().clone();
            let fork = fork.map_or(String::new(), |fork| format!(" from {}/{}", fork.line, fork.seq));
            format!("{seq}/{line}{fork} after {}", parent.map_or(0, |id| second(&id)))
        };
        ids.iter().map(tell).collect()
    }

    #[test]
    fn a_missing_number_of_a_line_is_that_of_the_lost_node() {
        assert_eq!(found(&["1 1 1", "3 3 1 2"], &[2]), ["2/1 after 1"]);
        assert_eq!(found(&["1 1 1", "2 2 1 1"], &[3]), ["3/1 after 2"]);
        assert_eq!(found(&["2 2 1 1"], &[1]), ["1/1 after 0"]);
        assert_eq!(found(&[], &[1]), ["1/1 after 0"]);
        // The child of the last one that is lost names it; the others were saved before.
        assert_eq!(found(&["1 1 1", "4 4 1 3"], &[2, 3]), ["2/1 after 1", "3/1 after 2"]);
        assert_eq!(found(&["1 1 1"], &[3, 2]), ["3/1 after 2", "2/1 after 1"]);
        assert_eq!(found(&[], &[1, 2, 3]), ["1/1 after 0", "2/1 after 1", "3/1 after 2"]);
    }

    #[test]
    fn lines_are_kept_apart() {
        // 3 went on from 1: what is lost between was left.
        assert_eq!(found(&["1 1 1", "3 3 2 1 1 1"], &[2]), ["2/1 after 1"]);
        assert_eq!(found(&["1 1 1", "3 3 1 1"], &[2]), ["2/2 from 1/1 after 1"]);
        // 4 began a line at the one that is lost.
        assert_eq!(found(&["1 1 1", "3 3 1 2", "4 4 2 2 1 2"], &[2]), ["2/1 after 1"]);
        // The first of a line that has a second.
        assert_eq!(found(&["1 1 1", "2 2 1 1", "4 4 2 3 1 1"], &[3]), ["3/2 from 1/1 after 1"]);
    }

    #[test]
    fn each_node_of_a_line_has_its_fork_and_only_the_first_was_left_from() {
        // 1-2-3, then 4-5 went on from 1.
        assert_eq!(
            found(&["2 2 1 1", "3 3 1 2", "5 5 2 4 1 1"], &[1, 4]),
            ["1/1 after 0", "4/2 from 1/1 after 1"]
        );
    }

    #[test]
    fn a_number_that_was_given_again_is_not_taken() {
        assert_eq!(found(&["1 1 1", "3 2 1 1"], &[2]), ["3/2 from 1/1 after 1"]);
    }
}
