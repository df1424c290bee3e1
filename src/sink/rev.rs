//! Revisions: how people name snapshots. `HEAD~2`, `TAIL`, a name, a prefix of an id,
//! `@{2 days ago}`, `A..B`.

use super::{Catalog, Node, Snapshot, node};
use crate::error::{Error, Result};
use crate::quote::quoted;
use jiff::tz::TimeZone;

/// The shortest prefix of an id that is looked up.
pub const MIN_PREFIX: usize = 4;

/// The snapshots that an expression names: one for a revision, oldest first for `A..B`.
///
/// # Errors
/// [`crate::error::Kind::NotFound`] if there is none, [`crate::error::Kind::Usage`] if several fit.
pub fn resolve<'a>(catalog: &'a Catalog, text: &str) -> Result<Vec<&'a Snapshot>> {
    let Some((from, to)) = text.split_once("..") else { return Ok(vec![one(catalog, text)?]) };
    if to.starts_with('.') {
        return Err(unknown(text)
            .because("A...B has no meaning here")
            .hint("A..B is what is reachable from B and not from A"));
    }
    let side = |text: &str| one(catalog, if text.is_empty() { "HEAD" } else { text });
    let (from, to) = (side(from)?, side(to)?);
    let mut reachable = vec![to];
    reachable.extend(catalog.ancestors(&to.node));
    let mut excluded = vec![from];
    excluded.extend(catalog.ancestors(&from.node));
    reachable.retain(|snapshot| !excluded.iter().any(|other| other.node.id == snapshot.node.id));
    reachable.sort_by_key(|snapshot| snapshot.node.seq);
    Ok(reachable)
}

/// The one snapshot that a revision names.
///
/// # Errors
/// As [`resolve`].
pub fn one<'a>(catalog: &'a Catalog, text: &str) -> Result<&'a Snapshot> {
    if catalog.snapshots.is_empty() {
        return Err(unknown(text).because("the sink has no snapshot yet").hint("`emu push` makes the first"));
    }
    let (base, steps) = split_steps(text)?;
    if base == "TAIL" {
        // From TAIL, steps lead towards HEAD.
        let head = head(catalog, text)?;
        let mut line = catalog.ancestors(&head.node);
        line.insert(0, head);
        let at = steps
            .checked_add(1)
            .and_then(|steps| line.len().checked_sub(steps))
            .and_then(|at| line.get(at).copied());
        return at.ok_or_else(|| too_far(text, line.len()));
    }
    let start = match base {
        "HEAD" | "@" | "" => head(catalog, text)?,
        _ => match base.strip_prefix("@{").and_then(|rest| rest.strip_suffix('}')) {
            Some(when) => at_time(catalog, text, when)?,
            None => named(catalog, base)?,
        },
    };
    if steps == 0 {
        return Ok(start);
    }
    let line = catalog.ancestors(&start.node);
    line.get(steps - 1).copied().ok_or_else(|| too_far(text, line.len() + 1))
}

/// `x~2~` is `x` and three steps.
fn split_steps(text: &str) -> Result<(&str, usize)> {
    let Some(at) = text.find('~') else { return Ok((text, 0)) };
    let (base, rest) = text.split_at(at);
    let mut steps = 0_usize;
    for part in rest[1..].split('~') {
        let n = if part.is_empty() { Some(1) } else { part.parse::<usize>().ok() };
        steps = n.and_then(|n| steps.checked_add(n)).ok_or_else(|| {
            Error::usage(format!("cannot read the revision {}", quoted(text)))
                .because("after '~' comes a number")
        })?;
    }
    Ok((base, steps))
}

fn head<'a>(catalog: &'a Catalog, text: &str) -> Result<&'a Snapshot> {
    catalog.head().ok_or_else(|| unknown(text))
}

fn unknown(text: &str) -> Error {
    Error::not_found(format!("no snapshot {}", quoted(text)))
}

fn too_far(text: &str, length: usize) -> Error {
    unknown(text).because(match length {
        1 => "its line of history has 1 snapshot".to_owned(),
        _ => format!("its line of history has {length} snapshots"),
    })
}

fn named<'a>(catalog: &'a Catalog, text: &str) -> Result<&'a Snapshot> {
    let by_name = |snapshot: &&Snapshot| snapshot.node.name == text;
    if let Some(found) = catalog.snapshots.iter().find(by_name) {
        return Ok(found);
    }
    let hex = text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if text.contains('^') {
        return Err(unknown(text).hint("a snapshot has one parent: HEAD~ is the one before HEAD"));
    }
    if !hex || text.len() > 40 {
        return Err(unknown(text).hint("`emu log` lists all snapshots"));
    }
    if text.len() < MIN_PREFIX {
        return Err(unknown(text).because(format!("a prefix of an id has at least {MIN_PREFIX} digits")));
    }
    let matches: Vec<&Snapshot> = catalog.snapshots.iter().filter(|s| s.node.id.starts_with(text)).collect();
    match matches.as_slice() {
        [one] => Ok(one),
        // Its records can be read, and it can be removed.
        [] => match catalog.treeless.iter().find(|snapshot| snapshot.node.id.starts_with(text)) {
            Some(snapshot) => Ok(snapshot),
            None => Err(match catalog.damaged.iter().find(|damaged| damaged.id.starts_with(text)) {
                Some(damaged) => unknown(text)
                    .because(format!("it is damaged: {}", damaged.why))
                    .hint("`emu verify --repair SINK` makes its record anew"),
                None => unknown(text).hint("`emu log` lists all snapshots"),
            }),
        },
        several => {
            let list: Vec<String> = several
                .iter()
                .map(|s| format!("{} ({})", &s.node.id[..16.min(s.node.id.len())], s.node.name))
                .collect();
            Err(Error::usage(format!("the revision {} is ambiguous", quoted(text)))
                .because(format!("it fits {}", list.join(", "))))
        }
    }
}

/// The newest snapshot that is not later than a point in time.
fn at_time<'a>(catalog: &'a Catalog, text: &str, when: &str) -> Result<&'a Snapshot> {
    let limit = moment(when, Edge::End).ok_or_else(|| {
        Error::usage(format!("cannot read the revision {}", quoted(text))).because(
            "in '@{...}' stands a date, a time of today, both, 'yesterday', or a span such as '2 days ago'",
        )
    })?;
    let early = |node: &Node| node.timestamp().is_some_and(|time| time <= limit);
    catalog.snapshots.iter().rev().find(|snapshot| early(&snapshot.node)).ok_or_else(|| {
        let oldest =
            catalog.snapshots.first().map(|s| format!("the oldest is {} of {}", s.node.short(), s.node.time));
        unknown(text).because(oldest.unwrap_or_default())
    })
}

/// What a day stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// Its first moment.
    Begin,
    /// Its last one.
    End,
}

/// A point in time, as people name it, in local time: a date, a time of today, both, a moment of UTC,
/// `now`, `today`, `yesterday`, or a span such as `2 days ago` or `6m`, in which m is a month as in all of emu.
pub fn moment(text: &str, edge: Edge) -> Option<jiff::Timestamp> {
    use jiff::civil::{Date, DateTime, Time};
    let zone = TimeZone::system();
    let now = crate::clock::now().to_zoned_datetime(zone.clone());
    let text = text.trim();
    let local = |then: DateTime| then.to_zoned_datetime(zone.clone()).ok().map(|then| then.timestamp());
    let day = |date: Date| {
        local(date.to_datetime(match edge {
            Edge::Begin => Time::MIN,
            Edge::End => Time::MAX,
        }))
    };
    match text {
        "now" => return Some(now.timestamp()),
        "today" => return day(now.date()),
        "yesterday" => return day(now.date().yesterday().ok()?),
        _ => {}
    }
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Some(time);
    }
    // A date with a time is a date to this parser, too; a span can be as long as a date.
    if let Some(date) = text.parse::<Date>().ok().filter(|_| text.len() == 10) {
        return day(date);
    }
    if let Ok(time) = text.parse::<DateTime>() {
        return local(time);
    }
    // Without a colon it could be a year.
    if let Some(time) = text.parse::<Time>().ok().filter(|_| text.contains(':')) {
        return local(now.date().to_datetime(time));
    }
    let (length, ago) = text.strip_suffix("ago").map_or((text, false), |length| (length.trim(), true));
    if let Ok(span) = length.replace(' ', "").parse::<crate::tree::policy::Span>() {
        return Some(span.before(now.timestamp(), &zone));
    }
    let span: jiff::Span = length.parse().ok().filter(|_| ago)?;
    now.checked_sub(span).ok().map(|then| then.timestamp())
}

/// Whether a text can only be a revision, not the name of a sink.
pub fn looks_like_revision(text: &str) -> bool {
    let base = text.split(['~', '.']).next().unwrap_or_default();
    matches!(base, "HEAD" | "TAIL" | "@") || text.starts_with("@{") || node::is_id(text)
}
