//! Trees that a command line names, for comparing them, and the differences in print.

use super::{Context, Found, Status};
use crate::error::{Doing as _, Error, Kind as ErrorKind, Result};
use crate::fs::{self, Dir};
use crate::history::diff::{self, Change, How, Tree};
use crate::quote::{quoted, quoted_path};
use crate::record::ChangeRecord;
use crate::restore::checkout;
use crate::snapshot::{self, HashRequest};
use crate::source::Source;
use crate::tree::{Framing, Kind, ManifestReader};
use crate::ui::{Paint, text};
use std::collections::BTreeMap;
use std::io::{self, BufReader, Cursor, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The tree of a snapshot, from its manifest.
///
/// # Errors
/// The manifest is missing or damaged.
pub(super) fn of_snapshot(found: &Found) -> Result<Tree<'static>> {
    found.opened.sink.open_manifest(&found.node).map(Tree::from)
}

/// A directory as it is now, without the exclusions of `against`. Entries that cannot be read are unknown,
/// and a warning names them. Files whose stamps are those of `against` are not read. Memory: the manifest,
/// packed: some 60 bytes an entry.
///
/// # Errors
/// The directory cannot be looked at.
pub(super) fn of_directory(
    root: Arc<Dir>,
    source: Option<&Source>,
    against: Option<&Found>,
    context: &Context,
) -> Result<Tree<'static>> {
    let config = context.config(source)?;
    let excluded = against.map(|found| found.opened.sink.excluded(&found.node)).transpose();
    let excluded = excluded.map(Option::flatten).unwrap_or_else(|error| {
        context.ui.warn(&error.to_string());
        None
    });
    let earlier = against.map(|found| &found.node).zip(excluded.as_ref());
    // Stamps of another source prove nothing of this one.
    let of_same = |found: &&Found| source.is_some_and(|source| source.id == found.node.source);
    let against = against.filter(of_same).map(|found| (&*found.opened.sink, &found.node));
    let request = HashRequest { root, source, against, config: &config, excludes: &[], earlier };
    let packed = Packed::default();
    let observer = context.ui.observer();
    let (_, _, unread) = snapshot::hash_tree(&request, Box::new(packed.clone()), Framing::Zstd, &observer)?;
    drop(observer);
    for unread in &unread {
        context.ui.warn(&format!("cannot read {}: {}", quoted(&unread.path), unread.text));
    }
    let records = zstd::Decoder::new(Cursor::new(packed.take())).doing(|| "cannot compare")?;
    let tree = Tree::from(ManifestReader::new(BufReader::new(records), "the tree as it is now")?);
    Ok(Tree { unknown: unread.into_iter().map(|unread| unread.path).collect(), ..tree })
}

/// Paths as trees have them: relative to the current directory if that is in the source, otherwise
/// to the root.
///
/// # Errors
/// A path leads out of the source, or out of the tree.
pub(super) fn paths(named: &[PathBuf], source: Option<&Source>) -> Result<Vec<Box<[u8]>>> {
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let wrong = |path: &Path| {
        Error::usage(format!("cannot look at {}", quoted_path(path)))
            .because("it is not inside the source, or leads out of the snapshot")
    };
    let from_root = |path: &Path| checkout::inside_snapshot(path).map_err(|_| wrong(path));
    let Some(source) = source else { return named.iter().map(|path| from_root(path)).collect() };
    let here = fs::working_directory().doing(|| "cannot tell the working directory")?;
    let is_inside = checkout::inside_source(source, &here, Path::new(".")).is_ok();
    let of_source = |path: &Path| checkout::inside_source(source, &here, path).map_err(|_| wrong(path));
    let one = |path: &PathBuf| {
        if is_inside || path.is_absolute() { of_source(path) } else { from_root(path) }
    };
    named.iter().map(one).collect()
}

/// The differences from one tree to another, at and below these paths if there are any. What follows
/// from others, the times of directories, is told with -v only.
///
/// # Errors
/// Those of [`diff::diff`].
pub(super) fn between(
    before: Tree<'_>,
    after: Tree<'_>,
    paths: &[Box<[u8]>],
    context: &Context,
) -> Result<Vec<Change>> {
    let mut changes = diff::diff(before, after, paths)?;
    changes.retain(|change| context.ui.verbose() || !change.is_dir_time());
    Ok(changes)
}

/// How differences are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// A word and the path.
    Words,
    /// A letter and the path; `true`: each ends in a NUL.
    Letters(bool),
    /// Numbers alone.
    Stat,
}

/// How differences are to be printed; by default each command has its own way.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(super) struct StyleArgs {
    /// A letter and the path for each difference
    #[arg(long)]
    name_status: bool,

    /// Numbers and bytes of the differences only
    #[arg(long, conflicts_with = "name_status")]
    stat: bool,
}

impl StyleArgs {
    /// The style that was asked for.
    pub(super) fn style(self) -> Option<Style> {
        let letters = self.name_status.then_some(Style::Letters(false));
        letters.or(self.stat.then_some(Style::Stat))
    }
}

/// Prints differences, and tells how many of each kind there are. `margin` stands before each line.
///
/// # Errors
/// Nobody reads the answer.
pub(super) fn print(
    changes: &[Change],
    style: Style,
    margin: &str,
    context: &Context,
) -> Result<BTreeMap<&'static str, u64>> {
    let ui = &context.ui;
    let mut counts = BTreeMap::new();
    let mut bytes: BTreeMap<How, u64> = BTreeMap::new();
    for change in changes {
        *counts.entry(change.how.word()).or_insert(0) += 1;
        *bytes.entry(change.how).or_insert(0) += size(change);
        if ui.json() {
            ui.record(&record(change))?;
            continue;
        }
        match style {
            Style::Words => ui.named(&format!("{margin}{}", word(change.how, context)), &name(change))?,
            Style::Letters(false) => {
                let letter = ui.paint(paint(change.how), &change.how.letter().to_string());
                ui.named(&format!("{margin}{letter}\t"), &name(change))?;
            }
            Style::Letters(true) => {
                let letter = change.how.letter().to_string();
                let parts = [Some(letter.as_bytes()), change.from.as_deref(), Some(shown(change))];
                parts.into_iter().flatten().try_for_each(|part| ui.zero_ended(part))?;
            }
            Style::Stat => {}
        }
    }
    if style == Style::Stat && !ui.json() {
        let row = |(how, bytes): (&How, &u64)| {
            let number = counts.get(how.word()).copied().unwrap_or(0);
            vec![how.word().to_owned(), text::count(number, "entry", "entries"), text::bytes(*bytes)]
        };
        let rows: Vec<Vec<String>> = bytes.iter().map(row).collect();
        if margin.is_empty() {
            ui.table(&rows)?;
        } else {
            ui.columns(&rows, 0).iter().try_for_each(|line| ui.out(&format!("{margin}{line}")))?;
        }
    }
    Ok(counts)
}

/// The record of a difference.
pub(super) fn record(change: &Change) -> ChangeRecord<'_> {
    let kind = change.entry().map_or(Kind::File, |entry| entry.kind);
    let path = &*change.path;
    let before = change.before.as_ref().map(|entry| (change.from.as_deref().unwrap_or(path), entry));
    let after = change.after.as_ref().map(|entry| (path, entry));
    let record = ChangeRecord::new(path, kind.word(), change.how.word()).entries(before, after);
    match &change.from {
        Some(from) => record.moved_from(from),
        None => record,
    }
}

/// The exit status of a comparison.
pub(super) fn status(differs: bool, asked: bool, unknown: bool) -> Status {
    let differs = (differs && asked).then_some(ErrorKind::Differs);
    ErrorKind::worst(differs.into_iter().chain(unknown.then_some(ErrorKind::Incomplete)))
}

/// Bytes of a file that is new or changed, or that is gone.
fn size(change: &Change) -> u64 {
    match change.how {
        How::Attributes | How::Moved => 0,
        _ => change.entry().map_or(0, |entry| entry.size),
    }
}

fn word(how: How, context: &Context) -> String {
    context.ui.paint(paint(how), &format!("{:10}", how.word())) + " "
}

fn paint(how: How) -> Paint {
    match how {
        How::Added => Paint::Added,
        How::Removed => Paint::Removed,
        How::Content | How::Attributes | How::Kind => Paint::Changed,
        How::Moved => Paint::Moved,
    }
}

/// The path, and where it was before.
fn name(change: &Change) -> Vec<u8> {
    match &change.from {
        Some(from) => [&**from, b" -> ", shown(change)].concat(),
        None => shown(change).to_vec(),
    }
}

/// The root has no name.
fn shown(change: &Change) -> &[u8] {
    if change.path.is_empty() { b"." } else { &change.path }
}

/// Bytes that a stage writes and its caller reads afterwards.
#[derive(Debug, Clone, Default)]
struct Packed(Arc<Mutex<Vec<u8>>>);

impl Packed {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Packed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
