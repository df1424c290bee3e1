//! Revisions from the command line, and from standard input where `-` stands.

use super::{Context, Found};
use crate::error::{Doing as _, Error, Result};
use crate::tree::Lines;

/// The longest line that is read, in bytes.
const MAX_LINE: usize = 64 * 1024;

/// The snapshots that a program is about.
#[derive(Debug, clap::Args)]
pub(super) struct RevsArgs {
    /// Revisions; `-` reads them from standard input, a line each
    #[arg(value_name = "REV", required = true)]
    revs: Vec<String>,

    /// The sink of revisions that name none
    #[arg(long, value_name = "SINK")]
    sink: Option<String>,
}

/// What a bare sink stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bare {
    /// Its HEAD.
    Head,
    /// All of its snapshots.
    All,
}

impl RevsArgs {
    /// Calls `take` with each revision and what it names; a range names each of its snapshots.
    ///
    /// # Errors
    /// Those of `take`; there is no such snapshot, or the input cannot be read.
    pub(super) fn each(
        &self,
        bare: Bare,
        context: &Context,
        mut take: impl FnMut(&str, Vec<Found>) -> Result<()>,
    ) -> Result<()> {
        let sink = self.sink.as_deref();
        each(&self.revs, |rev| {
            let is_range = || rev.rsplit('/').next().is_some_and(|rev| rev.contains(".."));
            let found = if bare == Bare::All || is_range() {
                context.revisions(rev, sink)?
            } else {
                vec![context.revision(rev, sink)?]
            };
            take(rev, found)
        })
    }
}

/// Calls `take` with each argument, and with each line of standard input in place of `-`. Lines
/// that are empty are passed over.
///
/// # Errors
/// Those of `take`, and what is wrong with the input.
pub(super) fn each(args: &[String], mut take: impl FnMut(&str) -> Result<()>) -> Result<()> {
    for arg in args {
        if arg != "-" {
            take(arg)?;
            continue;
        }
        let mut lines = Lines::new(std::io::stdin().lock(), MAX_LINE);
        while let Some(line) = lines.next_line().doing(|| "cannot read standard input")? {
            let line = std::str::from_utf8(line)
                .map_err(|_| Error::usage("cannot read standard input").because("it is not UTF-8"))?;
            if !line.is_empty() {
                take(line)?;
            }
        }
    }
    Ok(())
}
