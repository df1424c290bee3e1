//! Unlisted trees given up: spares, and stagings that a push or plumbing left. What they hold may be
//! inodes that listed trees have no more, such as damaged ones that a repair replaces.

use super::{lane, spare};
use crate::error::Result;
use crate::sink::{Sink, SinkLock, Standing};

/// Gives up all trees that a later push or commit would begin with. To search them for this
/// inode or that is not worth it: they only save time.
///
/// What a publication needs that cannot be completed stays.
///
/// # Errors
/// The system's.
pub fn give_up_bases(sink: &Sink, lock: &SinkLock) -> Result<()> {
    spare::discard_all(sink, lock)?;
    for (txid, standing) in sink.standings()? {
        if matches!(standing, Standing::CutOff { .. } | Standing::Waiting { .. }) {
            lane::discard(sink, &txid)?;
        }
    }
    Ok(())
}
