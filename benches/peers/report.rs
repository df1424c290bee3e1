//! The results: a table for people, a document for programs.

use std::path::Path;

use serde_json::{Value, json};

use crate::growth::Size;
use crate::place::Place;
use crate::rounds::{Role, Row, Target};
use crate::run::{self, Result};

/// All that a run found.
#[derive(Debug)]
pub struct Report {
    rounds: u32,
    /// What was measured.
    pub rows: Vec<Row>,
    /// How time and memory grow.
    pub growth: Vec<Size>,
    /// What to say below the results.
    pub notes: Vec<String>,
}

impl Report {
    /// A report of nothing yet.
    pub fn new(rounds: u32, notes: Vec<String>) -> Report {
        Report { rounds, rows: Vec::new(), growth: Vec::new(), notes }
    }

    /// Says what a job found, from this row on.
    pub fn show_rows(&self, from: usize) {
        for row in self.rows.iter().skip(from) {
            eprintln!("{}", self.line(row).join(" | "));
        }
    }

    /// Says what the last size took.
    pub fn show_size(&self) {
        if let Some(size) = self.growth.last() {
            eprintln!("{}", growth_line(size).join(" | "));
        }
    }

    /// Prints the table, the growth and the notes.
    pub fn print(&self, place: &Place) {
        println!("emu {}, {} processors", env!("CARGO_PKG_VERSION"), processors());
        if !self.rows.is_empty() {
            println!(
                "source: {} entries, {} MB; median of {} rounds, page cache warm, sync included; before an unchanged \
                 push, the trees are scanned for emu and for the floor",
                place.entries,
                place.bytes / 1_000_000,
                self.rounds
            );
            let head = "job|command|median s (min-max)|ratio to floor|ratio to emu|calls per entry|peak MB|target|met?";
            println!();
            table(head, &self.rows.iter().map(|row| self.line(row)).collect::<Vec<_>>());
        }
        if !self.growth.is_empty() {
            let head = "entries|first push s|its peak MB|unchanged push s (min-max)|us per entry|peak MB|bytes per entry";
            println!();
            table(head, &self.growth.iter().map(growth_line).collect::<Vec<_>>());
        }
        println!();
        for note in &self.notes {
            println!("- {note}");
        }
        for row in self.rows.iter().filter(|row| row.parts().len() > 1) {
            let parts: Vec<String> = row.parts().into_iter().map(seconds).collect();
            println!("- {}: {}: {} s, the rest is the sync", row.job, row.command, parts.join(" s + "));
        }
    }

    /// Writes the document.
    pub fn write(&self, place: &Place, file: &Path) -> Result<()> {
        let document = json!({
            "emu": env!("CARGO_PKG_VERSION"),
            "processors": processors(),
            "source": {"entries": place.entries, "bytes": place.bytes},
            "rounds": self.rounds,
            "rows": self.rows.iter().map(|row| self.json(row)).collect::<Vec<_>>(),
            "growth": self.growth.iter().map(Size::to_json).collect::<Vec<_>>(),
            "notes": self.notes,
        });
        run::write(file, &format!("{document:#}\n"))
    }

    fn line(&self, row: &Row) -> Vec<String> {
        let dash = || "-".to_owned();
        let ratio = |role| self.ratio(row, role).map_or_else(dash, |ratio| format!("{ratio:.2}"));
        vec![
            row.job.clone(),
            row.command.clone(),
            spread(&row.totals()),
            ratio(Role::Floor),
            ratio(Role::Emu),
            row.calls_per_entry().map_or_else(dash, |calls| format!("{calls:.2}")),
            row.peak.map_or_else(dash, megabytes),
            row.target.map_or_else(dash, wanted),
            self.met(row).map_or_else(dash, |met| if met { "yes" } else { "NO" }.to_owned()),
        ]
    }

    fn json(&self, row: &Row) -> Value {
        json!({
            "job": row.job,
            "command": row.command,
            "role": format!("{:?}", row.role).to_lowercase(),
            "seconds": row.totals(),
            "median": median(&row.totals()),
            "parts": row.parts(),
            "ratio_to_floor": self.ratio(row, Role::Floor),
            "ratio_to_emu": self.ratio(row, Role::Emu),
            "system_calls": row.calls,
            "calls_per_entry": row.calls_per_entry(),
            "peak_bytes": row.peak,
            "target": row.target.map(wanted),
            "met": self.met(row),
        })
    }

    /// The median of the ratios to the row of the same job that has this role, round by round.
    fn ratio(&self, row: &Row, role: Role) -> Option<f64> {
        if row.role == role || row.role == Role::Detail {
            return None;
        }
        let other = self.rows.iter().find(|other| other.job == row.job && other.role == role)?;
        let ratios: Vec<f64> =
            row.totals().iter().zip(other.totals()).map(|(mine, theirs)| mine / theirs).collect();
        Some(median(&ratios))
    }

    fn met(&self, row: &Row) -> Option<bool> {
        match row.target? {
            Target::FloorAtMost(most) => self.ratio(row, Role::Floor).map(|ratio| ratio <= most),
            Target::EmuFasterBy(times) => self.ratio(row, Role::Emu).map(|ratio| ratio >= times),
            Target::SecondsAtMost(most) => Some(median(&row.totals()) <= most),
        }
    }
}

impl Row {
    /// The time of each round, in seconds.
    fn totals(&self) -> Vec<f64> {
        self.times.iter().map(|timing| timing.total).collect()
    }

    /// The median of each command alone, in seconds.
    fn parts(&self) -> Vec<f64> {
        let count = self.times.first().map_or(0, |timing| timing.parts.len());
        let part = |at: usize| self.times.iter().filter_map(move |timing| timing.parts.get(at).copied());
        (0..count).map(|at| median(&part(at).collect::<Vec<_>>())).collect()
    }

    #[expect(clippy::cast_precision_loss, reason = "a ratio of two counts needs no exact arithmetic")]
    fn calls_per_entry(&self) -> Option<f64> {
        self.calls.map(|calls| calls as f64 / self.entries as f64)
    }
}

fn growth_line(size: &Size) -> Vec<String> {
    vec![
        size.entries.to_string(),
        seconds(size.first),
        megabytes(size.first_peak),
        spread(&size.unchanged),
        format!("{:.2}", size.micros_per_entry()),
        megabytes(size.peak),
        size.bytes_per_entry().to_string(),
    ]
}

fn wanted(target: Target) -> String {
    match target {
        Target::FloorAtMost(most) => format!("<= {most} x floor"),
        Target::EmuFasterBy(times) => format!(">= {times} x emu"),
        Target::SecondsAtMost(most) => format!("<= {most:.3} s"),
    }
}

/// The one in the middle, or between the two in the middle; 0 of nothing.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match (sorted.get(middle.wrapping_sub(1)), sorted.get(middle)) {
        (Some(below), Some(above)) if sorted.len().is_multiple_of(2) => f64::midpoint(*below, *above),
        (_, Some(value)) => *value,
        _ => 0.0,
    }
}

/// Median, least and greatest, in seconds.
fn spread(values: &[f64]) -> String {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let greatest = values.iter().copied().fold(0.0, f64::max);
    format!("{} ({}-{})", seconds(median(values)), seconds(least), seconds(greatest))
}

/// Seconds with three digits that mean something, and never less than milliseconds.
fn seconds(value: f64) -> String {
    match value {
        _ if value < 0.1 => format!("{value:.4}"),
        _ if value < 10.0 => format!("{value:.3}"),
        _ => format!("{value:.1}"),
    }
}

#[expect(clippy::cast_precision_loss, reason = "shown with one digit")]
fn megabytes(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / 1e6)
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Prints a table that is Markdown as well.
fn table(head: &str, lines: &[Vec<String>]) {
    let head: Vec<String> = head.split('|').map(str::to_owned).collect();
    let width = |column: usize| {
        let cells = lines.iter().chain([&head]).filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
    for line in [&head, &rule].into_iter().chain(lines) {
        let cells: Vec<String> =
            line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}", width = *width)).collect();
        println!("| {} |", cells.join(" | "));
    }
}
