//! Unlisted trees given up: spares, and stagings that a push or plumbing left. What they hold may be
//! inodes that listed trees have no more, such as damaged ones that a repair replaces.

use super::{lane, spare};
use crate::error::Result;
use crate::sink::{Lock, Sink, SinkLock, Stage, layout};

/// Gives up all trees that a later push or commit would begin with. To search them for this
/// inode or that is not worth it: they only save time.
///
/// What a publication needs that cannot be completed stays.
///
/// # Errors
/// The system's.
pub fn give_up_bases(sink: &Sink, lock: &SinkLock) -> Result<()> {
    spare::discard_all(sink, lock)?;
    for (txid, intent) in sink.stagings()? {
        // One that says nothing readable may be a publication.
        let is_base = intent.is_ok_and(|intent| intent.is_none_or(|intent| intent.stage != Stage::Sealed));
        if !is_base {
            continue;
        }
        let Ok(staging) = sink.dir(layout::STAGING)?.open_dir(txid.as_bytes()) else { continue };
        if let Some(held) = Lock::try_take(&staging, layout::LOCK, "a staging")? {
            lane::discard(sink, &txid)?;
            drop(held);
        }
    }
    Ok(())
}
