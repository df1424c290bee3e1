//! Lines of a bounded length: a stranger's stream cannot fill the memory.

use std::io::{self, BufRead, Read as _};

/// Reads lines that end in a newline; the last one may lack it.
pub struct Lines<R> {
    input: R,
    line: Vec<u8>,
    number: u64,
    limit: usize,
    ended: bool,
}

impl<R: BufRead> Lines<R> {
    /// Lines of `input` of at most `limit` bytes.
    pub fn new(input: R, limit: usize) -> Lines<R> {
        Lines { input, line: Vec::new(), number: 0, limit, ended: false }
    }

    /// The next line without its newline, and `None` at the end. Empty lines are lines.
    ///
    /// # Errors
    /// The input fails, or a line is longer than the limit.
    pub fn next_line(&mut self) -> io::Result<Option<&[u8]>> {
        self.line.clear();
        if self.ended {
            return Ok(None);
        }
        let allowed = u64::try_from(self.limit).unwrap_or(u64::MAX).saturating_add(1);
        let read = self.input.by_ref().take(allowed).read_until(b'\n', &mut self.line)?;
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        if self.line.last() == Some(&b'\n') {
            self.line.pop();
        } else if self.line.len() > self.limit {
            return Err(io::Error::other(format!(
                "line {} is longer than {} bytes",
                self.number, self.limit
            )));
        }
        Ok(Some(&self.line))
    }

    /// The number of the line read last, from 1.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Counts lines that were read elsewhere.
    pub fn pass(&mut self, lines: u64) {
        self.number += lines;
    }

    /// Goes on with another input, or ends.
    pub fn go_on(&mut self, input: Option<R>) {
        match input {
            Some(input) => self.input = input,
            None => self.ended = true,
        }
    }

    /// What is read from.
    pub fn into_inner(self) -> R {
        self.input
    }
}
