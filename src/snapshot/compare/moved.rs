//! An entry that HEAD has under another path.

use super::{Comparer, Subject};
use crate::config::Compare;
use crate::fs::{self, Dir};
use crate::snapshot::plan::{Moved, Planned, Reason, Target};
use crate::tree::{Entry, path};

impl Comparer {
    /// What becomes of an entry that HEAD seems to have under another path. Equal stamps prove it;
    /// otherwise attributes must agree, and the content is looked at.
    ///
    /// # Errors
    /// The system's, when the source does not let its attributes be read.
    pub fn moved(
        &self,
        at: &[u8],
        planned: Planned,
        subject: &mut Subject,
        dir: &Dir,
        Moved { from, old }: Moved,
    ) -> fs::Result<Planned> {
        let stamps = (planned.entry.mtime, planned.entry.ctime) == (old.mtime, old.ctime);
        let proven = self.rules.compare == Compare::Strict && stamps && !planned.entry.racy;
        let xattrs = if proven { old.xattrs.clone() } else { subject.xattrs(dir)?.clone() };
        let entry = Entry { xattrs, ..planned.entry.clone() };
        let target = match old.sha256 {
            _ if !entry.same_attributes(&old) || entry.rdev != old.rdev => return Ok(planned),
            _ if proven => Target::Keep,
            Some(known) => Target::Check(known),
            // Nothing but the attributes and numbers makes it what it is.
            None if old.kind.is_special() => Target::Keep,
            // A symbolic link is as soon made as looked at.
            None => return Ok(planned),
        };
        let (prior, sink_ino) = (old.sha256, old.sink_ino);
        let whole = path::join(at, &entry.name);
        let made = old.made_for(&from, &whole);
        let entry = Entry { target: old.target, made, ..entry };
        let (from, reason) = (Some(from), Reason::Moved);
        Ok(Planned { entry, target, from, prior, sink_ino, reason, xattrs_known: true, ..planned })
    }
}
