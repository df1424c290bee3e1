//! Entries in any order become a manifest again: sorted, checked, and sealed with a tree hash of
//! their own.

use super::records::{Bad, Record, parse};
use super::{Entry, Framing, Kind, Lines, Listing, MAX_LINE, ManifestReader, ManifestWriter, Owners, path};
use crate::error::{Doing as _, Error, Result};
use std::collections::BTreeMap;
use std::io::{BufRead, Write};

/// What is in each directory, in manifest order.
type Directories = BTreeMap<Order, Vec<Entry>>;

#[derive(PartialEq, Eq)]
struct Order(Box<[u8]>);

impl Ord for Order {
    fn cmp(&self, other: &Order) -> std::cmp::Ordering {
        path::compare_dirs(&self.0, &other.0)
    }
}

impl PartialOrd for Order {
    fn partial_cmp(&self, other: &Order) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// Reads records of a manifest, `manifest` and `tree` among them or not, and writes the manifest that the
/// entries make. Nothing is written unless it is a sound one. Memory: all of it.
///
/// # Errors
/// A line is no such record, there is no root, an entry stands twice or below none, or the output fails.
pub fn reseal(input: impl BufRead, out: &mut dyn Write) -> Result<()> {
    let cannot = || "cannot make a manifest of the input";
    let mut lines = Lines::new(input, MAX_LINE);
    let mut owners = Owners::default();
    let mut root = None;
    let mut dirs = Directories::new();
    let (mut unread, mut exclusions) = (Vec::new(), None);
    while let Some(line) = lines.next_line().doing(cannot)? {
        if line.is_empty() {
            continue;
        }
        if line.starts_with(b"{\"type\":\"manifest\"") {
            owners = serde_json::from_slice(line).doing(cannot)?;
            continue;
        }
        match parse(line, "the input") {
            Ok(Record::Entry(whole, entry)) if whole.is_empty() => root = Some(*entry),
            Ok(Record::Entry(whole, entry)) => {
                let (dir, _) = path::split(&whole).unwrap_or_default();
                dirs.entry(Order(dir.into())).or_default().push(*entry);
            }
            Ok(Record::Unread(record)) => unread.push(record),
            Ok(Record::Exclusions(record)) => exclusions = Some(record),
            Ok(Record::Tree(_)) => {}
            Err(Bad::Relayed(error)) => return Err(*error),
            Err(Bad::Malformed(why)) => {
                let number = lines.number();
                return Err(Error::failed(cannot()).because(format!("line {number}: {why}")));
            }
        }
    }
    let root = root.filter(|root| root.kind == Kind::Dir);
    let root =
        root.ok_or_else(|| Error::failed(cannot()).because("the root, with an empty path, is missing"))?;
    let mut writer = ManifestWriter::new(Vec::new(), Framing::Plain, &owners, &root, None)?;
    for (Order(dir), mut entries) in dirs {
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        writer.listing(&Listing { dir, entries })?;
    }
    for record in &unread {
        writer.aside(record)?;
    }
    if let Some(record) = &exclusions {
        writer.aside_line(record)?;
    }
    let sealed = writer.finish()?.out;
    let mut reader = ManifestReader::new(&*sealed, "the input, sorted")?;
    while reader.next_listing()?.is_some() {}
    out.write_all(&sealed).doing(|| "cannot write the manifest")
}
