//! A snapshot in words, as several commands print it.

use super::{Context, Found};
use crate::quote::{escaped, quoted};
use crate::record::SnapshotRecord;
use crate::sink::Node;
use crate::snapshot::clean::What;
use crate::ui::{Paint, text};

/// A snapshot as a record.
pub(super) fn record(found: &Found) -> SnapshotRecord<'_> {
    let tree = found.opened.sink.tree_path(&found.node.id);
    SnapshotRecord::new(&found.node, found.head, found.pinned, &tree).until(found.pinned_until)
}

/// The sink, and what is special about a snapshot.
pub(super) fn marks(found: &Found, with_sink: bool) -> String {
    let pinned = found
        .pinned_until
        .map_or("pinned".to_owned(), |until| format!("pinned until {}", text::local_short(until)));
    let flags = [
        (found.head, "HEAD"),
        (found.pinned, &pinned),
        (found.node.partial, "partial"),
        (found.node.shrunk, "shrunk"),
    ];
    let sink = with_sink.then(|| escaped(found.opened.name.as_bytes()));
    let flags = flags.into_iter().filter(|(set, _)| *set).map(|(_, word)| word.to_owned());
    sink.into_iter().chain(flags).collect::<Vec<_>>().join(", ")
}

/// What is no snapshot, by its name in the sink.
pub(super) fn leftover(what: What, name: &str) -> String {
    let short = escaped(name.get(..12).unwrap_or(name).as_bytes());
    match what {
        What::CutOff => format!("push {short} that was cut off"),
        What::Spare => format!("spare {short}"),
        What::Trash => format!("tree {short} in the trash"),
        What::Name => format!("name {} that leads nowhere", quoted(name)),
    }
}

/// A snapshot in some lines.
pub(super) fn paragraph(context: &Context, found: &Found) -> String {
    let node = &found.node;
    let ui = &context.ui;
    let id = ui.paint(Paint::Id, &format!("snapshot {}", node.short()));
    let mut lines = vec![format!("{id} ({})", ui.paint(Paint::Mark, &marks(found, true)))];
    let date = node.timestamp().map_or(node.time.clone(), text::local);
    lines.push(format!("Date:  {date}"));
    lines.push(format!("Host:  {} ({})", escaped(node.host.as_bytes()), escaped(node.user.as_bytes())));
    lines.push(format!("Name:  {}", escaped(node.name.as_bytes())));
    if let Some(message) = &node.message {
        let shown = message.lines().map(|line| format!("    {}", escaped(line.as_bytes())));
        lines.extend(std::iter::once(String::new()).chain(shown).chain([String::new()]));
    }
    lines.push(counts(node));
    let notes = node.unread.iter().filter(|_| ui.verbose()).filter_map(|unread| {
        Some(format!("    unread: {}: {}", quoted(unread.path.bytes()?), escaped(unread.text.as_bytes())))
    });
    lines.extend(notes);
    lines.join("\n")
}

/// What the snapshot holds, and what its push did.
fn counts(node: &Node) -> String {
    let counts = &node.counts;
    let held = [
        text::count(counts.files, "file", "files"),
        text::count(counts.dirs, "directory", "directories"),
        text::bytes(node.manifest.bytes),
    ];
    let done = [
        (counts.copied, "copied"),
        (counts.linked, "linked"),
        (counts.moved, "moved"),
        (counts.reattributed, "with new attributes"),
        (counts.unread, "unread"),
        (counts.torn, "changed while read"),
        (counts.damaged, "damaged before"),
    ];
    let done = done.into_iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}"));
    let done = done.collect::<Vec<_>>().join(", ");
    let held = held.join(", ");
    if done.is_empty() { held } else { format!("{held}; {done}") }
}
