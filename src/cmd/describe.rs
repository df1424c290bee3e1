//! A snapshot in words, as several commands print it.

use super::{Context, Found};
use crate::quote::{escaped, quoted};
use crate::record::SnapshotRecord;
use crate::sink::{Excluded, Node, PatternOrigin, node};
use crate::snapshot::clean::What;
use crate::ui::{Paint, text};

/// A snapshot as a record.
pub(super) fn record(found: &Found) -> SnapshotRecord<'_> {
    let tree = found.opened.sink.tree_path(&found.node.id);
    SnapshotRecord::new(&found.node, found.head, found.pinned, &tree)
        .until(found.pinned_until)
        .damaged(found.damage())
}

/// The sink, and what is special about a snapshot.
pub(super) fn marks(context: &Context, found: &Found, with_sink: bool) -> String {
    let pinned = found
        .pinned_until
        .map_or("pinned".to_owned(), |until| format!("pinned until {}", text::local_short(until)));
    let sink = escaped(found.opened.name.as_bytes());
    let damage = found.damage().map(|why| format!("damaged: {why}"));
    let marks = [
        (with_sink, &*sink, Paint::Sink),
        (found.head, "HEAD", Paint::Head),
        (found.pinned, &*pinned, Paint::Mark),
    ];
    let defects = found.node.marks().map(|word| (true, word, Paint::Warning));
    let rest = [
        (found.node.recovered.is_some(), "recovered", Paint::Warning),
        (damage.is_some(), damage.as_deref().unwrap_or_default(), Paint::Damage),
    ];
    let marks = marks.into_iter().chain(defects).chain(rest).filter(|(set, _, _)| *set);
    let marks: Vec<String> = marks.map(|(_, word, paint)| context.ui.paint(paint, word)).collect();
    marks.join(", ")
}

/// What is no snapshot, by its name in the sink.
pub(super) fn leftover(what: What, name: &str) -> String {
    let short = escaped(node::short(name).as_bytes());
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
    let mut lines = vec![format!("{id} ({})", marks(context, found, true))];
    let now = crate::clock::now();
    let date = |time| format!("{} ({})", text::local(time), text::age(time, now));
    lines.push(format!("Date:  {}", node.timestamp().map_or(node.time.clone(), date)));
    lines.push(format!("Host:  {} ({})", escaped(node.host.as_bytes()), escaped(node.user.as_bytes())));
    lines.push(format!("Name:  {}", escaped(node.name.as_bytes())));
    lines.push(String::new());
    if let Some(message) = &node.message {
        lines.extend(message.lines().map(|line| format!("    {}", escaped(line.as_bytes()))));
        lines.push(String::new());
    }
    lines.push(counts(node));
    let notes = node.unread.iter().filter(|_| ui.verbose()).filter_map(|unread| {
        Some(format!("    unread: {}: {}", quoted(unread.path.bytes()?), escaped(unread.text.as_bytes())))
    });
    lines.extend(notes);
    lines.join("\n")
}

/// The exclusions of a snapshot in one line: the number of paths and the rules.
pub(super) fn excluded(excluded: &Excluded) -> String {
    let rules = &excluded.rules;
    let name = |from| match from {
        PatternOrigin::Excludes => ".emu/excludes",
        PatternOrigin::ExcludeFrom => "--exclude-from",
        PatternOrigin::Exclude => "--exclude",
    };
    let is_pattern = |line: &&str| !line.trim().is_empty() && !line.starts_with('#');
    let patterns = rules.patterns.iter().filter_map(|text| {
        let n = text.text.lines().filter(is_pattern).count() as u64;
        (n > 0).then(|| format!("{} of {}", text::count(n, "pattern", "patterns"), name(text.from)))
    });
    let if_present = rules.if_present.as_ref().map(|name| format!("directories with {}", quoted(name)));
    let marks = rules.caches.then(|| "directories with a CACHEDIR.TAG".to_owned());
    let size = rules.larger_than.map(|limit| format!("files larger than {}", text::bytes(limit)));
    let border = rules.one_file_system.then(|| "other file systems".to_owned());
    let all: Vec<String> = patterns.chain(marks).chain(if_present).chain(size).chain(border).collect();
    let rules = if all.is_empty() { "no rules".to_owned() } else { all.join(", ") };
    format!("excluded: {} ({rules})", text::count(excluded.count, "path", "paths"))
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
        (counts.copied.saturating_sub(counts.shared), "copied"),
        (counts.shared, "shared"),
        (counts.linked, "linked"),
        (counts.moved, "moved"),
        (counts.reattributed, "with new attributes"),
        (counts.unread, "unread"),
        (counts.unread_ok, "unread as allowed"),
        (counts.torn, "changed while read"),
        (counts.damaged, "damaged before"),
    ];
    let done = done.into_iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}"));
    let done = done.collect::<Vec<_>>().join(", ");
    let held = held.join(", ");
    if done.is_empty() { held } else { format!("{held}; {done}") }
}
