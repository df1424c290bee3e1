//! What several commands print after their work, or of it before: snapshots that went and the room they left.

use crate::cmd::{Context, Status};
use crate::error::{Kind, Result};
use crate::record::RemovedRecord;
use crate::sink::{Node, Sink, node};
use crate::snapshot::remove;
use crate::ui::text::bytes;

/// Deletes what a rotation took out of the list, with no lock held that a push needs, and says
/// what it freed. What cannot be deleted stays for the next time, with a warning.
pub(super) fn free(sink: &Sink, removed: &[Node], context: &Context) -> Result<Status> {
    let ui = &context.ui;
    for node in removed {
        ui.note(&format!("removed {} of {}", node.short(), node.name));
    }
    let freed = match remove::empty_trash(sink) {
        Ok(Some(freed)) => freed,
        Ok(None) => return Ok(None),
        Err(error) => {
            ui.warn(&format!("{error}; the next push tries again"));
            return Ok(Some(Kind::Incomplete));
        }
    };
    // What else lay there was never a snapshot of its own.
    for (id, part) in freed.iter().filter(|(id, _)| node::is_id(id)) {
        if ui.json() {
            ui.record(&RemovedRecord::new(id, part.bytes))?;
        } else {
            ui.note(&format!("freed {} of {}", bytes(part.bytes), node::short(id)));
        }
    }
    Ok(None)
}

/// How many of the snapshots that may go for room are named.
const NAMED: usize = 5;

/// Says which snapshots would go for room, oldest first, if the rest does not leave enough of it.
pub(super) fn for_room(name: &str, short: bool, order: &[String], context: &Context) {
    let now = if short { "room is short now" } else { "there is room enough now" };
    let named: Vec<&str> = order.iter().take(NAMED).filter_map(|id| id.get(..12)).collect();
    let more = match order.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    let next = match named.as_slice() {
        [] => "no further snapshot may go for it".to_owned(),
        named => format!("as many as it takes would go, in this order: {}{more}", named.join(", ")),
    };
    context.ui.note(&format!("{name}: min-free: {now}; {next}"));
}
