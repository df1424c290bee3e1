//! Revisions from the command line, and from standard input where `-` stands.

use crate::error::{Doing as _, Error, Result};
use crate::tree::Lines;

/// The longest line that is read, in bytes.
const MAX_LINE: usize = 64 * 1024;

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
