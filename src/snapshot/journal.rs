//! The journal of a staging: what each new file was made from, written after its last attribute.
//! After a cut-off push it says which files can be proven; a torn line is ignored.
//!
//! Each run begins with the id of the machine's boot: a power cut can leave a file with the right
//! size and times and the wrong bytes, so what another boot wrote counts only if it is read again.

use crate::error::{Doing as _, Result};
use crate::fs::{self, Dir};
use crate::sink::layout;
use crate::tree::{Digest, Entry, EntryRecord, Lines, MAX_LINE};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, BufWriter, Write as _};
use std::os::unix::fs::FileExt as _;

/// A file of at least so many bytes is noted at once.
const LARGE: u64 = 1 << 20;

#[derive(Serialize, Deserialize)]
struct Boot {
    boot: String,
}

#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    entry: EntryRecord<'a>,
    sink_ino: String,
}

#[derive(Deserialize)]
struct SinkIno {
    sink_ino: String,
}

/// Appends to a staging's journal.
pub struct Journal {
    out: BufWriter<File>,
}

impl Journal {
    /// Opens the journal of a staging for another run.
    ///
    /// # Errors
    /// The file cannot be made or written.
    pub fn open(staging: &Dir) -> Result<Journal> {
        let cannot = || "cannot begin the journal of a staging";
        let file = File::from(staging.open_or_create(layout::JOURNAL).doing(cannot)?);
        let end = file.metadata().doing(cannot)?.len();
        let mut out = BufWriter::with_capacity(64 * 1024, file);
        std::io::Seek::seek(&mut out, std::io::SeekFrom::Start(end)).doing(cannot)?;
        // After a torn line.
        if end > 0 {
            out.write_all(b"\n").doing(cannot)?;
        }
        serde_json::to_writer(&mut out, &Boot { boot: fs::boot_id() }).doing(cannot)?;
        out.write_all(b"\n").doing(cannot)?;
        Ok(Journal { out })
    }

    /// Notes a file that stands complete under `path`.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn note(&mut self, path: &[u8], entry: &Entry) -> Result<()> {
        let cannot = || "cannot write the journal of a staging";
        let line = Line { entry: EntryRecord::new(path, entry), sink_ino: entry.sink_ino.to_string() };
        serde_json::to_writer(&mut self.out, &line).doing(cannot)?;
        self.out.write_all(b"\n").doing(cannot)?;
        if entry.size >= LARGE { self.flush() } else { Ok(()) }
    }

    /// Hands all lines to the system.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn flush(&mut self) -> Result<()> {
        self.out.flush().doing(|| "cannot write the journal of a staging")
    }
}

/// Where the line of a path stands.
#[derive(Clone, Copy)]
struct Spot {
    offset: u64,
    length: u32,
    this_boot: bool,
}

/// What a cut-off push left that can be proven. Memory: 40 bytes a file.
pub struct Proofs {
    file: File,
    spots: HashMap<[u8; 16], Spot>,
}

impl Proofs {
    /// Reads the journal of a staging; nothing can be proven without one.
    pub fn read(staging: &Dir) -> Option<Proofs> {
        let mut spots = HashMap::new();
        let file = each_note(staging, |path, spot| {
            spots.insert(key(path), spot);
            true
        })?;
        Some(Proofs { file, spots })
    }

    /// What was noted of a path, with its inode in the sink; the flag says whether this boot of
    /// the machine wrote it, so that its bytes need not be read again.
    pub fn of(&self, path: &[u8]) -> Option<(Entry, bool)> {
        let spot = *self.spots.get(&key(path))?;
        let mut line = vec![0; spot.length as usize];
        self.file.read_exact_at(&mut line, spot.offset).ok()?;
        let SinkIno { sink_ino } = serde_json::from_slice(&line).ok()?;
        let record: EntryRecord<'_> = serde_json::from_slice(&line).ok()?;
        let (noted, entry) = record.into_entry().ok().filter(|(noted, _)| **noted == *path)?;
        drop(noted);
        Some((Entry { sink_ino: sink_ino.parse().ok()?, ..entry }, spot.this_boot))
    }
}

/// Whether a staging's journal proves anything.
pub fn has_proofs(staging: &Dir) -> bool {
    let mut found = false;
    each_note(staging, |_, _| {
        found = true;
        false
    });
    found
}

/// Shows what was noted, until `each` says that it has seen enough. What cannot be read any further
/// proves nothing.
fn each_note(staging: &Dir, mut each: impl FnMut(&[u8], Spot) -> bool) -> Option<File> {
    let file = File::from(staging.open_file(layout::JOURNAL).ok()?);
    let mut lines = Lines::new(BufReader::new(file.try_clone().ok()?), MAX_LINE);
    let (mut offset, mut this_boot, boot) = (0, false, fs::boot_id());
    while let Ok(Some(line)) = lines.next_line() {
        let length = line.len();
        if let Ok(entry) = serde_json::from_slice::<EntryRecord<'_>>(line) {
            if let (Ok((path, _)), Ok(length)) = (entry.into_entry(), u32::try_from(length))
                && !each(&path, Spot { offset, length, this_boot })
            {
                break;
            }
        } else if let Ok(run) = serde_json::from_slice::<Boot>(line) {
            this_boot = run.boot == boot && !boot.is_empty();
        }
        offset += length as u64 + 1;
    }
    Some(file)
}

fn key(path: &[u8]) -> [u8; 16] {
    let mut key = [0; 16];
    key.copy_from_slice(&Digest::of(path).0[..16]);
    key
}
