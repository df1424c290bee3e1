//! The journal of a staging: what each new file was made from, written after its last attribute.
//! After a cut-off push it says which files can be proven; a torn last line is ignored.

use crate::error::{Doing as _, Result};
use crate::fs::Dir;
use crate::sink::layout;
use crate::sink::node::PathField;
use crate::tree::{Digest, Entry};
use serde::Serialize;
use std::fs::File;
use std::io::{BufWriter, Write as _};

#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    path: PathField,
    sha256: Option<Digest>,
    size: u64,
    mtime: &'a str,
    ctime: &'a str,
    ino: String,
    sink_ino: String,
}

/// Appends to a staging's journal.
pub struct Journal {
    out: BufWriter<File>,
}

impl Journal {
    /// Begins the journal of a staging.
    ///
    /// # Errors
    /// The file cannot be made.
    pub fn create(staging: &Dir) -> Result<Journal> {
        let file = staging.create_file(layout::JOURNAL).doing(|| "cannot begin the journal of a staging")?;
        Ok(Journal { out: BufWriter::with_capacity(64 * 1024, File::from(file)) })
    }

    /// Notes a file that stands complete under `path`, on inode `sink_ino`.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn note(&mut self, path: &[u8], entry: &Entry, sink_ino: u64) -> Result<()> {
        let line = Line {
            path: PathField::new(path),
            sha256: entry.sha256,
            size: entry.size,
            mtime: &entry.mtime.to_string(),
            ctime: &entry.ctime.to_string(),
            ino: entry.ino.to_string(),
            sink_ino: sink_ino.to_string(),
        };
        serde_json::to_writer(&mut self.out, &line).doing(|| "cannot write the journal of a staging")?;
        self.out.write_all(b"\n").doing(|| "cannot write the journal of a staging")
    }

    /// Hands all lines to the system.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn flush(&mut self) -> Result<()> {
        self.out.flush().doing(|| "cannot write the journal of a staging")
    }
}
