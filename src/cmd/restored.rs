//! How a checkout ended, in words and as records.

use super::{Context, Status};
use crate::error::{Kind, Result};
use crate::quote::quoted_path;
use crate::restore::checkout::{Done, Head, How, Outcome, Request};
use crate::tree::Unread;
use crate::ui::Ui;
use crate::ui::text::{bytes, count};

/// Says what a checkout did and what it left undone; that decides the status.
///
/// # Errors
/// Nobody reads the answer.
pub(super) fn report(request: &Request<'_>, outcome: &Outcome, context: &Context) -> Result<Status> {
    let ui = &context.ui;
    let done = &outcome.done;
    let mut status = (!outcome.is_complete()).then_some(Kind::Incomplete);
    if let Head::Unmovable(why) = &outcome.head {
        ui.warn(&format!("HEAD of sink {} stays: {why}", quoted_path(&request.sink.path)));
        status = status.or(Some(Kind::Incomplete));
    }
    if done.unattested > 0 {
        let files = count(done.unattested, "file", "files");
        ui.warn(&format!("nobody attests the content of {files}: a repair found no record of them"));
        status = status.or(Some(Kind::Incomplete));
    }
    attributes(done, ui);
    if done.special > 0 {
        let entries = count(done.special, "FIFO, socket or device was", "FIFOs, sockets and devices were");
        ui.warn(&format!("{entries} not created: this user or the file system cannot create them"));
    }
    if !done.troubles.is_empty() {
        let entries = count(done.troubles.len() as u64, "entry was", "entries were");
        ui.warn(&format!("{entries} not restored"));
    }
    if done.lost > 0 {
        ui.hint("another sink may have what was saved; --damaged keep writes what is left of it");
    }
    if ui.json() {
        for trouble in &done.troubles {
            let (path, text) = (trouble.path.clone(), trouble.text.clone());
            ui.record(&Unread { path, errno: trouble.errno, text })?;
        }
        return Ok(status);
    }
    ui.out(&sentence(request, outcome))?;
    if let Some(replaced) = &outcome.replaced {
        ui.out(&format!("what was replaced is in {}", quoted_path(replaced)))?;
    }
    Ok(status)
}

/// Says how many entries do not have their recorded owner or extended attributes.
pub(super) fn attributes(done: &Done, ui: &Ui) {
    if done.owners > 0 {
        let entries = count(done.owners, "entry", "entries");
        ui.warn(&format!("the owner of {entries} could not be set; --no-owner does not try"));
    }
    if done.foreign > 0 {
        let entries = count(done.foreign, "entry does", "entries do");
        ui.note(&format!("{entries} not have the recorded owner or group: only root can set it"));
    }
    if done.xattrs > 0 {
        let entries = count(done.xattrs, "entry", "entries");
        ui.warn(&format!("extended attributes of {entries} could not be restored"));
    }
}

/// What was done, by name.
pub(super) fn counts(outcome: &Outcome) -> [(&'static str, u64); 13] {
    let done = &outcome.done;
    [
        (How::Create.word(), done.created),
        (How::Replace.word(), done.replaced),
        (How::Attributes.word(), done.attributes),
        (How::Remove.word(), done.removed),
        ("files", done.files),
        ("bytes", done.bytes),
        ("rescued", done.rescued),
        ("unattested", done.unattested),
        ("owners", done.owners + done.foreign),
        ("special", done.special),
        ("unread", done.troubles.len() as u64),
        ("left", outcome.left),
        ("excluded", outcome.excluded),
    ]
}

/// What happened, in one line.
fn sentence(request: &Request<'_>, outcome: &Outcome) -> String {
    let done = &outcome.done;
    let mut parts = Vec::new();
    if done.files > 0 || done.created + done.replaced > 0 {
        parts.push(format!("{}, {}", count(done.files, "file", "files"), bytes(done.bytes)));
    }
    if done.attributes > 0 {
        parts.push(format!("attributes of {}", count(done.attributes, "entry", "entries")));
    }
    if done.removed > 0 {
        parts.push(format!("{} removed", done.removed));
    }
    if done.rescued > 0 {
        parts.push(format!("{} from other snapshots", done.rescued));
    }
    if outcome.left > 0 {
        parts.push(format!("{} left as they are", outcome.left));
    }
    if outcome.excluded > 0 {
        parts.push(format!("{} excluded and left alone", outcome.excluded));
    }
    if !done.troubles.is_empty() {
        parts.push(format!("{} not restored", done.troubles.len()));
    }
    if parts.is_empty() {
        parts.push("nothing to change".to_owned());
    }
    format!("checked out {}: {}", request.node.short(), parts.join(", "))
}
