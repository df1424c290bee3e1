//! What several commands print after their work: snapshots that went and the room they left.

use crate::cmd::Context;
use crate::error::Result;
use crate::record::RemovedRecord;
use crate::sink::{Node, Sink};
use crate::snapshot::remove;
use crate::ui::text::bytes;

/// Deletes what a rotation took out of the list, with no lock held that a push needs, and says
/// what it freed.
pub(super) fn free(sink: &Sink, removed: &[Node], context: &Context) -> Result<()> {
    let ui = &context.ui;
    for node in removed {
        ui.note(&format!("removed {} of {}", node.short(), node.name));
    }
    let Some(freed) = remove::empty_trash(sink)? else { return Ok(()) };
    for (id, part) in &freed {
        if ui.json() {
            ui.record(&RemovedRecord::new(id, part.bytes))?;
        } else {
            ui.note(&format!("freed {} of {}", bytes(part.bytes), id.get(..12).unwrap_or(id)));
        }
    }
    Ok(())
}
