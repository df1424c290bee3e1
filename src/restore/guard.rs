//! The guard of a full checkout: it knows what snapshots hold, and lists what would be lost.

use super::judge::Seen;
use crate::error::{Error, Result};
use crate::quote::quoted;
use crate::tree::{Entry, Follower, Listing};

/// How many paths at risk are kept by name; all are counted.
const NAMED: usize = 20;

/// What the guard does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caution {
    /// A checkout that would destroy what no snapshot holds does not begin.
    Refuse,
    /// It destroys it.
    Force,
}

/// What no snapshot holds and a checkout would destroy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Risks {
    /// The first paths in order.
    pub paths: Vec<Box<[u8]>>,
    /// How many there are.
    pub count: u64,
    /// How many of them this user may not read, so that no push saves them.
    pub unreadable: u64,
}

impl Risks {
    /// The refusal, if there is anything to refuse for.
    pub fn refusal(&self) -> Option<Error> {
        if self.count == 0 {
            return None;
        }
        let mut list: Vec<String> = self.paths.iter().map(quoted).collect();
        let more = self.count - list.len() as u64;
        if more > 0 {
            list.push(format!("and {more} more"));
        }
        let what = if self.count == 1 { "1 file".to_owned() } else { format!("{} files", self.count) };
        Some(
            Error::failed(format!("checkout would destroy {what} that no snapshot holds"))
                .because(list.join(", "))
                .hint(self.hint()),
        )
    }

    fn hint(&self) -> String {
        let push = match self.unreadable {
            0 => "`emu push` saves them".to_owned(),
            n if n == self.count => "no push can save what this user may not read".to_owned(),
            n => format!("`emu push` saves all but {n} that this user may not read"),
        };
        format!("{push}; --force destroys them")
    }
}

type Next = Box<dyn FnMut() -> Result<Option<Listing>>>;

/// The records of other snapshots for one directory at a time.
struct Reference {
    follower: Follower<Next>,
    entries: Vec<Entry>,
}

/// Compares what would go with HEAD's record and that of a checkout cut off before.
pub(super) struct Guard {
    caution: Caution,
    references: Vec<Reference>,
    /// How the temporary files of a checkout that was cut off begin.
    leftovers: Option<String>,
    pub(super) risks: Risks,
}

impl Guard {
    pub(super) fn new(caution: Caution, leftovers: Option<String>) -> Guard {
        Guard { caution, references: Vec::new(), leftovers, risks: Risks::default() }
    }

    /// Adds a snapshot whose content counts as saved.
    pub(super) fn add_reference(&mut self, next: impl FnMut() -> Result<Option<Listing>> + 'static) {
        let follower = Follower::new(Box::new(next) as Next);
        self.references.push(Reference { follower, entries: Vec::new() });
    }

    /// Moves to the next directory in manifest order. A snapshot whose manifest turns out to be
    /// damaged holds nothing from here on; the error is for a warning.
    ///
    /// # Errors
    /// That one.
    pub(super) fn enter(&mut self, dir: &[u8]) -> Result<()> {
        let mut result = Ok(());
        self.references.retain_mut(|reference| match reference.follower.listing_of(dir, drop) {
            Ok(listing) => {
                reference.entries = listing.map(|listing| listing.entries).unwrap_or_default();
                true
            }
            Err(error) => {
                result = Err(error);
                false
            }
        });
        result
    }

    /// Whether this is a temporary file of a checkout that was cut off.
    pub(super) fn is_leftover(&self, name: &[u8]) -> bool {
        self.leftovers.as_ref().is_some_and(|prefix| name.starts_with(prefix.as_bytes()))
    }

    /// Whether a snapshot has something under this name.
    pub(super) fn knows(&self, name: &[u8]) -> bool {
        self.references.iter().any(|reference| record(reference, name).is_some())
    }

    /// What the references know of content with these stamps.
    pub(super) fn teach(&self, seen: &mut Seen<'_>, name: &[u8]) {
        for record in self.references.iter().filter_map(|reference| record(reference, name)) {
            seen.learn(record);
        }
    }

    /// Notes a path at risk, unless a snapshot holds what stands there.
    pub(super) fn check(
        &mut self,
        whole: &[u8],
        seen: &mut Seen<'_>,
        target: Option<&Entry>,
        buffer: &mut Vec<u8>,
    ) {
        if self.caution == Caution::Force {
            return;
        }
        let name = crate::tree::path::split(whole).map_or(&b""[..], |(_, name)| name);
        self.teach(seen, name);
        let known = self.references.iter().filter_map(|reference| record(reference, name));
        let records: Vec<&Entry> = target.into_iter().chain(known).collect();
        let content = records.iter().any(|record| seen.is(record, buffer));
        let permissions = records.iter().any(|record| seen.has_permissions_of(record));
        if !content || !permissions {
            self.risks.count += 1;
            self.risks.unreadable += u64::from(seen.is_unreadable());
            if self.risks.paths.len() < NAMED {
                self.risks.paths.push(whole.into());
            }
        }
    }
}

fn record<'a>(reference: &'a Reference, name: &[u8]) -> Option<&'a Entry> {
    let at = reference.entries.binary_search_by(|entry| (*entry.name).cmp(name)).ok()?;
    reference.entries.get(at)
}
