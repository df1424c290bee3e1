//! What a crash left, made good at the start of each command that changes a sink. The state of
//! every snapshot follows from which of intent, tree, node and removal record exist.

use super::remove::{self, Fate};
use super::{commit, lane};
use crate::error::{Doing as _, Result};
use crate::progress::Observer;
use crate::quote::quoted_path;
use crate::sink::{Catalog, Intent, Lock, Sink, SinkLock, Stage, layout};
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
    for (txid, intent) in sink.stagings()? {
        match intent {
            Ok(Some(intent)) if intent.stage == Stage::Sealed => sealed.push(intent),
            Ok(Some(Intent { stage: Stage::Staged | Stage::Sealed, .. })) => {}
            Ok(Some(Intent { stage: Stage::Open, .. })) => {
                let Some(begun) = cut_off_since(sink, &txid) else { continue };
                // Of several the one that was begun last is nearest to the source.
                let older = match cut_off.replace((begun, txid)) {
                    Some(other) if other.0 > begun => cut_off.replace(other),
                    other => other,
                };
                if let Some((_, txid)) = older {
                    clear(sink, &txid).unwrap_or_else(left_as_it_is);
                }
            }
            Ok(None) => clear(sink, &txid).unwrap_or_else(left_as_it_is),
            // Garbage, and nothing was about to be published: cut off as well.
            Err(error) if error.errno().is_none() && !has_node(sink, &txid)? => {
                clear(sink, &txid).unwrap_or_else(left_as_it_is);
            }
            Err(error) => left_as_it_is(error),
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

/// When a staging was begun that nobody fills now; `None` while somebody does.
fn cut_off_since(sink: &Sink, txid: &str) -> Option<Time> {
    let staging = sink.dir(layout::STAGING).ok()?.open_dir(txid.as_bytes()).ok()?;
    let _held = Lock::try_take(&staging, layout::LOCK, "a staging").ok()??;
    Some(staging.stat(layout::INTENT).map(|stat| stat.mtime).unwrap_or_default())
}

fn clear(sink: &Sink, txid: &str) -> Result<()> {
    let stagings = sink.dir(layout::STAGING)?;
    let in_use = match stagings.open_dir(txid.as_bytes()) {
        Ok(staging) => Lock::try_take(&staging, layout::LOCK, "a staging")?.is_none(),
        Err(_) => false,
    };
    if in_use { Ok(()) } else { lane::discard(sink, txid).map(|_| ()) }
}

/// Whether a node was written: its snapshot may be half published.
fn has_node(sink: &Sink, txid: &str) -> Result<bool> {
    let staging = sink.dir(layout::STAGING)?.open_dir(txid.as_bytes());
    let node = staging.and_then(|staging| staging.stat_if_there(layout::NODE));
    Ok(node.doing(|| format!("cannot look into {}", sink.inside(layout::STAGING)))?.is_some())
}
