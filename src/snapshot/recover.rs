//! What a crash left, made good at the start of each command that changes a sink. The state of
//! every snapshot follows from which of intent, tree, node and removal record exist.

use super::remove::{self, Fate};
use super::{commit, lane};
use crate::error::Result;
use crate::progress::Observer;
use crate::quote::quoted_path;
use crate::sink::{Catalog, Sink, SinkLock, Standing};
use crate::tree::Time;

/// Makes the sink whole: publications past their barrier are completed, removals are cleared away
/// and so are cut-off stagings, but for one that a later push can go on with, whose name is
/// returned. Says what could not be done, and goes on: that must not keep a push from saving.
///
/// # Errors
/// The sink's directories cannot be read.
pub fn recover(sink: &Sink, lock: &SinkLock, observer: &dyn Observer) -> Result<Option<String>> {
    let left_as_it_is = |error| {
        let place = quoted_path(&sink.path);
        observer.warn(format!("a push that was cut off in {place} is left as it is: {error}"));
    };
    let mut sealed = Vec::new();
    let mut cut_off: Option<(Time, String)> = None;
    for (txid, standing) in sink.standings()? {
        let useless = match standing {
            Standing::Held | Standing::Waiting { .. } => None,
            Standing::Sealed(intent) => {
                sealed.push(intent);
                None
            }
            Standing::CutOff { since: None } => Some(txid),
            // Of several the one that was begun last is nearest to the source.
            Standing::CutOff { since: Some(since) } => match cut_off.replace((since, txid)) {
                Some(other) if other.0 > since => cut_off.replace(other).map(|(_, txid)| txid),
                other => other.map(|(_, txid)| txid),
            },
            Standing::Unknown(error) => {
                left_as_it_is(error);
                None
            }
        };
        if let Some(txid) = useless {
            lane::discard(sink, &txid).map_or_else(left_as_it_is, drop);
        }
    }
    // In the order of the history, so that HEAD ends where the last of them leads.
    sealed.sort_by_key(|intent| intent.seq);
    for intent in sealed {
        let newer =
            Catalog::read(sink)?.snapshots.last().is_some_and(|last| Some(last.node.seq) > intent.seq);
        match commit::complete(sink, lock, &intent, !newer) {
            Ok(None) => {}
            Ok(Some(error)) | Err(error) => left_as_it_is(error),
        }
    }
    let catalog = Catalog::read(sink)?;
    for id in catalog.half_removed() {
        let newest = catalog.snapshots.last().map(|s| s.node.id.as_str());
        remove::clear_away(sink, lock, id, newest, Fate::Trash)?;
    }
    remove::forget_uncommitted(sink, &catalog)?;
    Ok(cut_off.map(|(_, txid)| txid))
}
