//! What the user sees: the only code that prints. Answers go to stdout, chatter, warnings and
//! errors to stderr; records are JSON, one a line.

mod color;
mod message;
mod pager;
mod progress;
pub mod roff;
mod table;
pub mod text;

pub use color::{Color, Paint};
pub use progress::Progress;
pub use table::NamedRow;

use crate::error::{Doing as _, Error, Result};
use crate::quote::ascii;
use pager::Outlet;
use serde::Serialize;
use std::borrow::Cow;
use std::io::{self, IsTerminal as _, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How to print.
#[derive(Debug, Clone, Copy, Default)]
pub struct Settings {
    /// Nothing at all unless something failed.
    pub quiet: bool,
    /// Details as well.
    pub verbose: bool,
    /// Records instead of text.
    pub json: bool,
    /// No chatter and no progress: a program reads this.
    pub script: bool,
    /// When to use colour.
    pub color: Color,
    /// Whether the terminal can move its cursor and knows colours (`TERM`, `NO_COLOR`).
    pub plain: bool,
    /// Whether the terminal can move its cursor.
    pub dumb: bool,
    /// Whether terminals know ASCII alone.
    pub ascii: bool,
}

/// The record of a failure; records are no business of this module.
pub type FailureRecord = fn(&Error) -> String;

/// The printer; copies print to the same place.
#[derive(Clone)]
pub struct Ui {
    shared: Arc<Shared>,
}

struct Shared {
    settings: Settings,
    failure: FailureRecord,
    out_terminal: bool,
    err_terminal: bool,
    out: Mutex<Outlet>,
    closed: AtomicBool,
    /// With `-q`: what to say if the command fails after all.
    held_back: Mutex<Vec<String>>,
    /// What to say on stderr when the pager has ended.
    afterwards: Mutex<Vec<String>>,
    bar: Mutex<Option<indicatif::ProgressBar>>,
}

/// A lock whose holder cannot leave anything half done.
fn take<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Ui {
    /// A printer.
    pub fn new(settings: Settings, failure: FailureRecord) -> Ui {
        let shared = Shared {
            settings,
            failure,
            out_terminal: io::stdout().is_terminal(),
            err_terminal: io::stderr().is_terminal(),
            out: Mutex::new(Outlet::new()),
            closed: AtomicBool::new(false),
            held_back: Mutex::default(),
            afterwards: Mutex::default(),
            bar: Mutex::default(),
        };
        Ui { shared: Arc::new(shared) }
    }

    /// Whether the answer is to be records: `--json`, and every program for scripts.
    pub fn json(&self) -> bool {
        self.shared.settings.json
    }

    /// Whether details are wanted.
    pub fn verbose(&self) -> bool {
        self.shared.settings.verbose
    }

    /// Whether stdout is a terminal, where names must be escaped.
    pub fn on_terminal(&self) -> bool {
        self.shared.out_terminal
    }

    /// Whether a program that takes the whole screen may be shown: a terminal that can be steered.
    pub fn has_screen(&self) -> bool {
        self.shared.out_terminal && !self.shared.settings.dumb
    }

    /// Prints lines of an answer on stdout; nothing with `-q`. A line end is added.
    ///
    /// # Errors
    /// Stdout cannot be written, or nobody reads it any more: the command then ends quietly.
    pub fn out(&self, text: &str) -> Result<()> {
        if self.shared.settings.quiet {
            return Ok(());
        }
        self.write_out(self.fit(text, self.shared.out_terminal).as_bytes())
    }

    /// Prints one record on stdout as a line of JSON.
    ///
    /// # Errors
    /// As [`Ui::out`].
    pub fn record(&self, record: &impl Serialize) -> Result<()> {
        let line = serde_json::to_vec(record).doing(|| "cannot write a record")?;
        self.write_out(&line)
    }

    /// Prints a path on stdout: escaped on a terminal, its bytes in a pipe.
    ///
    /// # Errors
    /// As [`Ui::out`].
    pub fn path(&self, path: &[u8]) -> Result<()> {
        self.named("", path)
    }

    /// Prints a line that ends in a name: as [`Ui::path`].
    ///
    /// # Errors
    /// As [`Ui::out`].
    pub fn named(&self, before: &str, name: &[u8]) -> Result<()> {
        if self.on_terminal() {
            return self.out(&(before.to_owned() + &crate::quote::escaped(name)));
        }
        if self.shared.settings.quiet {
            return Ok(());
        }
        self.write_out(&[before.as_bytes(), name].concat())
    }

    /// Prints bytes as they are and a NUL after them, for `xargs -0`; nothing with `-q`.
    ///
    /// # Errors
    /// As [`Ui::out`].
    pub fn zero_ended(&self, bytes: &[u8]) -> Result<()> {
        if self.shared.settings.quiet { Ok(()) } else { self.write_ended(bytes, b"\0") }
    }

    /// Stdout for a stream of records, such as a manifest.
    pub fn stream(&self) -> Stream {
        Stream { ui: self.clone() }
    }

    /// Where programs that a command runs may print: with what else goes to stderr.
    ///
    /// # Errors
    /// The system has no descriptor left.
    pub fn for_programs(&self) -> Result<std::process::Stdio> {
        use std::os::fd::AsFd as _;
        let copy = std::io::stderr().as_fd().try_clone_to_owned();
        copy.map(Into::into).doing(|| "cannot share standard error")
    }

    /// Whether stdout was closed by its reader.
    pub fn is_closed(&self) -> bool {
        self.shared.closed.load(Ordering::Relaxed)
    }

    /// Hands everything printed so far to the system.
    ///
    /// # Errors
    /// As [`Ui::out`].
    pub fn flush(&self) -> Result<()> {
        self.note_closed(take(&self.shared.out).flush()).doing(cannot_print)
    }

    fn write_out(&self, line: &[u8]) -> Result<()> {
        self.write_ended(line, b"\n")
    }

    fn write_ended(&self, line: &[u8], end: &[u8]) -> Result<()> {
        self.begin_paging();
        let written = self.aside(|| {
            let mut out = take(&self.shared.out);
            out.write_all(line)?;
            out.write_all(end)?;
            if self.shared.out_terminal { out.flush() } else { Ok(()) }
        });
        self.note_closed(written).doing(cannot_print)
    }

    /// `text` as this terminal, or a pipe, can show it.
    fn fit<'a>(&self, text: &'a str, terminal: bool) -> Cow<'a, str> {
        if self.is_ascii(terminal) { ascii(text) } else { Cow::Borrowed(text) }
    }

    /// Whether something that may be a terminal knows no more than ASCII.
    fn is_ascii(&self, terminal: bool) -> bool {
        terminal && self.shared.settings.ascii
    }

    fn note_closed<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
            self.shared.closed.store(true, Ordering::Relaxed);
        }
        result
    }

    /// Does something to the terminal while the progress line is out of the way.
    fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        let bar = take(&self.shared.bar).clone();
        match bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }
}

fn cannot_print() -> &'static str {
    "cannot write to standard output"
}

/// Stdout as a writer.
pub struct Stream {
    ui: Ui,
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.ui.begin_paging();
        let written = take(&self.ui.shared.out).write(bytes);
        self.ui.note_closed(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = take(&self.ui.shared.out).flush();
        self.ui.note_closed(flushed)
    }
}
