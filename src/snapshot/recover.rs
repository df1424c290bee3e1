//! What a crash left, made good at the start of each command that changes a sink. The state of
//! every snapshot follows from which of intent, tree, node and removal record exist.

use super::{commit, lane, remove};
use crate::error::Result;
use crate::progress::Observer;
use crate::quote::quoted_path;
use crate::sink::{Catalog, Lock, Sink, SinkLock, Stage, layout};

/// Makes the sink whole: publications past their barrier are completed, cut-off stagings and
/// removals are cleared away. Says what could not be done, and goes on: that must not keep a push
/// from saving.
///
/// # Errors
/// The sink's directories cannot be read.
pub fn recover(sink: &Sink, lock: &SinkLock, observer: &dyn Observer) -> Result<()> {
    for (txid, intent) in sink.stagings()? {
        let done = match intent.as_ref().map(|intent| intent.stage) {
            Some(Stage::Staged) => Ok(()),
            Some(Stage::Sealed) => match &intent {
                Some(intent) => {
                    commit::complete(sink, lock, intent).and_then(|left| left.map_or(Ok(()), Err))
                }
                None => Ok(()),
            },
            // Cut off, unless somebody is filling it right now.
            Some(Stage::Open) | None => clear(sink, &txid),
        };
        if let Err(error) = done {
            observer.warn(format!(
                "a push that was cut off in {} is left as it is: {error}",
                quoted_path(&sink.path)
            ));
        }
    }
    let catalog = Catalog::read(sink)?;
    for id in catalog.half_removed() {
        remove::clear_away(sink, lock, id, catalog.snapshots.last().map(|s| s.node.id.as_str()))?;
    }
    remove::forget_uncommitted(sink, &catalog)
}

fn clear(sink: &Sink, txid: &str) -> Result<()> {
    let stagings = sink.dir(layout::STAGING)?;
    let in_use = match stagings.open_dir(txid.as_bytes()) {
        Ok(staging) => Lock::try_take(&staging, layout::LOCK, "a staging")?.is_none(),
        Err(_) => false,
    };
    if in_use { Ok(()) } else { lane::discard(sink, txid).map(|_| ()) }
}
