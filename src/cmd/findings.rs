//! What verify found, as records and for people.

use super::{Context, Opened};
use crate::error::Result;
use crate::quote::{quoted, quoted_path};
use crate::record::FindingRecord;
use crate::restore::repair::Outcome;
use crate::restore::verify::{Checked, Finding, Reading, What};
use crate::sink::Node;
use crate::sink::node::short;
use crate::tree::Time;
use crate::ui::Paint;
use crate::ui::text::{bytes, count, local_apart, local_short};
use jiff::Timestamp;
use std::collections::HashSet;

/// What is wrong with a path of a snapshot: id, path, what, what was found, and what came of it.
type Told = (String, Option<Box<[u8]>>, What, String, Option<Outcome>);

/// Prints what verify tells.
pub(super) struct Findings<'a> {
    context: &'a Context,
    reading: Reading,
    /// What was said already, with a snapshot that shares it.
    told: HashSet<Told>,
}

/// The snapshots of one sink, newest first, each once.
pub(super) fn newest_first(mut nodes: Vec<Node>) -> Vec<Node> {
    nodes.sort_by_key(|node| std::cmp::Reverse(node.seq));
    nodes.dedup_by(|a, b| a.id == b.id);
    nodes
}

/// The source's sinks but this one, as far as they can be opened, and the names of those that cannot.
pub(super) fn other_sinks(context: &Context, own: &Opened) -> (Vec<Opened>, Vec<String>) {
    let (mut others, mut absent) = (Vec::new(), Vec::new());
    for (known, opened) in context.all_sinks().unwrap_or_default() {
        match opened {
            Ok(opened) if opened.sink.info.id == own.sink.info.id => {}
            Ok(opened) => others.push(opened),
            Err(_) if known.id == own.sink.info.id => {}
            Err(_) => absent.push(known.name),
        }
    }
    (others, absent)
}

/// Prints the record of a finding.
///
/// # Errors
/// Nobody reads it.
pub(super) fn record(context: &Context, finding: &Finding, outcome: Option<&Outcome>) -> Result<()> {
    let path = finding.path.as_deref().unwrap_or_default();
    let record = FindingRecord::new(&finding.id, path, finding.what.word(), &finding.shared);
    let record = record.values(Some(&finding.expected), Some(&finding.found));
    let from;
    let record = match outcome {
        None => record,
        Some(Outcome::ByRecord) => record.repair(Some("manifest"), None),
        Some(Outcome::Anew(anew)) => {
            record.repair(Some("tree"), None).anew(anew.proven, anew.unattested, anew.differs, anew.guessed)
        }
        Some(Outcome::From(path)) => {
            from = path.to_string_lossy();
            record.repair(Some(&from), None)
        }
        Some(Outcome::Left(why)) => record.repair(None, Some(why)),
    };
    context.ui.record(&record)
}

impl<'a> Findings<'a> {
    pub(super) fn new(context: &'a Context, reading: Reading) -> Findings<'a> {
        Findings { context, reading, told: HashSet::new() }
    }

    /// Prints a finding, and what a repair did or `would` do about it. For people damage that
    /// snapshots share is told once.
    ///
    /// # Errors
    /// Nobody reads it.
    pub(super) fn finding(
        &mut self,
        finding: &Finding,
        repair: Option<(&Outcome, &'static str)>,
    ) -> Result<()> {
        let ui = &self.context.ui;
        if ui.json() {
            return record(self.context, finding, repair.map(|(outcome, _)| outcome));
        }
        if finding.what == What::Unchecked && !ui.verbose() {
            return Ok(());
        }
        let told = |id: &String| -> Told {
            let Finding { path, what, found, .. } = finding;
            (id.clone(), path.clone(), *what, found.clone(), repair.map(|(outcome, _)| outcome.clone()))
        };
        if self.told.contains(&told(&finding.id)) {
            return Ok(());
        }
        self.told.extend(finding.shared.iter().map(told));
        let word = finding.what.word();
        let word = if self.context.global.quiet { word.to_owned() } else { ui.paint(Paint::Damage, word) };
        let mut line = line(finding, &word);
        match repair {
            None => {}
            Some((Outcome::ByRecord, done)) => line += &format!("; {done} from its record"),
            Some((Outcome::Anew(anew), done)) => {
                line += &format!("; {done} from the tree");
                if !anew.proven {
                    line += ", unproven";
                }
                if anew.unattested > 0 {
                    line += &format!(", {} unattested", count(anew.unattested, "entry", "entries"));
                }
                if anew.differs {
                    line += ", and not all is as it was saved";
                }
                if anew.guessed {
                    line += "; its place in the history is a guess";
                }
            }
            Some((Outcome::From(path), done)) => line += &format!("; {done} from {}", quoted_path(path)),
            Some((Outcome::Left(why), _)) => line += &format!("; not repaired: {why}"),
        }
        // What is wrong, and stays so, must be said with -q as well.
        if self.context.global.quiet {
            if repair.is_none_or(|(outcome, _)| !outcome.is_whole()) {
                ui.warn(&line);
            }
            return Ok(());
        }
        ui.out(&line)
    }

    /// Prints the result of a snapshot; with a repair, how many findings are left, and what is said
    /// of the others.
    ///
    /// # Errors
    /// Nobody reads it.
    pub(super) fn snapshot(&self, checked: &Checked, repair: Option<(u64, &'static str)>) -> Result<()> {
        let ui = &self.context.ui;
        if ui.json() {
            return Ok(());
        }
        let result = match (checked.findings, repair) {
            (0, _) => "no damage".to_owned(),
            (n, None) => ui.paint(Paint::Damage, &count(n, "finding", "findings")),
            (n, Some((0, done))) => format!("{}, {done}", count(n, "finding", "findings")),
            (n, Some((left, _))) => format!("{}, {left} not repaired", count(n, "finding", "findings")),
        };
        let read = match self.reading {
            Reading::Nothing => "not read".to_owned(),
            _ => format!("{} read", bytes(checked.bytes)),
        };
        let result = match checked.unchecked {
            0 => result,
            n => format!("{result}, {} cannot be checked", count(n, "entry", "entries")),
        };
        let result = match checked.unattested {
            0 => result,
            n => format!("{result}, {} unattested", count(n, "entry", "entries")),
        };
        let result = if checked.differs { result + ", not all as it was saved" } else { result };
        let time = checked.time.parse().map_or(checked.time.clone(), local_short);
        let entries = count(checked.entries, "entry", "entries");
        ui.out(&format!("snapshot {} {time}: {entries}, {read}, {result}", short(&checked.id)))
    }
}

/// What was expected and what was found, as people read it.
fn difference(Finding { what, path, expected, found, .. }: &Finding) -> String {
    let time = |text: &str| {
        let time = Time::parse(text)?;
        Timestamp::new(time.sec, i32::try_from(time.nanos).ok()?).ok()
    };
    if *what == What::Mtime
        && let (Some(expected), Some(found)) = (time(expected), time(found))
    {
        let [expected, found] = local_apart([expected, found]);
        return format!("expected {expected}, found {found}");
    }
    // Of a snapshot as a whole, what failed was that it was looked at.
    let cause = found.split_once(": ").filter(|(action, _)| action.starts_with("cannot "));
    match (path, what, cause) {
        (None, _, Some((_, cause))) => format!("expected {expected}, but {cause}"),
        (None, What::Node, None) => format!("expected {expected}, but {found}"),
        _ => format!("expected {expected}, found {found}"),
    }
}

/// A finding for people: `6b0332a01234 'a/x': content: expected …, found … (shared with …)`.
fn line(finding: &Finding, word: &str) -> String {
    let Finding { id, path, shared, .. } = finding;
    let path = match path.as_deref() {
        None => String::new(),
        Some(b"") => " '.'".to_owned(),
        Some(path) => format!(" {}", quoted(path)),
    };
    let shared: Vec<&str> = shared.iter().map(|id| short(id)).collect();
    let shared =
        if shared.is_empty() { String::new() } else { format!(" (shared with {})", shared.join(", ")) };
    format!("{}{path}: {word}: {}{shared}", short(id), difference(finding))
}
