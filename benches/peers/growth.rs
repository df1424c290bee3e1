//! How time and memory of a push grow with the size of a source.

use std::path::Path;

use serde_json::{Value, json};

use crate::place::{Place, settle};
use crate::pushes::RETIRING;
use crate::report::median;
use crate::run::{self, Result};

/// Files and directories in a directory.
const FANOUT: u64 = 100;
/// What is in a file, with its number: 20 bytes.
const CONTENT_WIDTH: usize = 19;
/// Pushes that bring a sink that retires to its steady state.
const STEADY: u32 = 3;
/// Timed pushes of the unchanged source.
const TIMED: u32 = 3;

/// One size.
#[derive(Debug)]
pub struct Size {
    /// Files and directories.
    pub entries: u64,
    /// The first push, in seconds.
    pub first: f64,
    /// The first push's memory, in bytes.
    pub first_peak: u64,
    /// Pushes of the unchanged source, in seconds.
    pub unchanged: Vec<f64>,
    /// Memory of such a push, in bytes.
    pub peak: u64,
}

impl Size {
    /// Microseconds that an unchanged push takes for an entry.
    #[expect(clippy::cast_precision_loss, reason = "counts of entries are small")]
    pub fn micros_per_entry(&self) -> f64 {
        median(&self.unchanged) * 1e6 / self.entries as f64
    }

    /// Bytes of memory that an unchanged push takes for an entry.
    pub fn bytes_per_entry(&self) -> u64 {
        self.peak / self.entries
    }

    /// For the document.
    pub fn to_json(&self) -> Value {
        json!({
            "entries": self.entries,
            "first_push_seconds": self.first,
            "first_push_peak_bytes": self.first_peak,
            "seconds": self.unchanged,
            "median": median(&self.unchanged),
            "microseconds_per_entry": self.micros_per_entry(),
            "peak_bytes": self.peak,
            "bytes_per_entry": self.bytes_per_entry(),
        })
    }
}

/// Measures a tree of so many files, which is gone after that.
pub fn measure(place: &Place, files: u64) -> Result<Size> {
    eprintln!("growth: {files} files");
    let dir = place.root.join("growth");
    let (source, sink) = (dir.join("source"), dir.join("sink"));
    run::make_dir(&dir)?;
    let entries = grow(&source, files)?;
    place.configure(&source, &RETIRING)?;
    settle();
    let push = || [place.push(&source, &sink)];
    let first = place.runner.timed(&mut push())?.total;
    place.pushes(&source, &sink, STEADY)?;
    place.expect_snapshots(&sink, 2)?;
    let mut unchanged = Vec::new();
    for _ in 0..TIMED {
        unchanged.push(place.runner.timed(&mut push())?.total);
    }
    let peak = place.runner.peak(&mut push())?;
    // Once more from nothing, so that the clock of the first push has no second program in it.
    run::remove(&sink)?;
    place.configure(&source, &RETIRING)?;
    let first_peak = place.runner.peak(&mut push())?;
    run::remove(&dir)?;
    Ok(Size { entries, first, first_peak, unchanged, peak })
}

/// Makes a tree of files in two levels of directories, and counts its entries.
fn grow(source: &Path, files: u64) -> Result<u64> {
    run::make_dir(source)?;
    let mut entries = 0;
    for file in 0..files {
        let (upper, lower) = (file / FANOUT / FANOUT, file / FANOUT);
        let (upper, lower) = (upper.to_string(), (lower % FANOUT).to_string());
        if file % (FANOUT * FANOUT) == 0 {
            run::make_dir(&source.join(&upper))?;
            entries += 1;
        }
        if file % FANOUT == 0 {
            run::make_dir(&source.join(&upper).join(&lower))?;
            entries += 1;
        }
        let path = source.join(upper).join(lower).join((file % FANOUT).to_string());
        run::write(&path, &format!("{file:0CONTENT_WIDTH$}\n"))?;
        entries += 1;
    }
    Ok(entries)
}
