//! `emu NAME` where NAME is no command: `emu-NAME` from PATH if there is one, otherwise what the
//! user may have meant.

use super::{TABLE, elsewhere};
use crate::error::{Doing as _, Error};
use crate::quote::quoted;
use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

/// Becomes the program `emu-NAME`; returns only if there is none or it cannot be started.
pub(super) fn run<'a>(name: &str, args: impl Iterator<Item = &'a OsString>, source: Option<&Path>) -> Error {
    let none = || Error::usage(format!("there is no command {}", quoted(name)));
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.chars().all(plain) {
        let mut command = Command::new(format!("emu-{name}"));
        command.args(args);
        if let Some(source) = source {
            command.env("EMU_SOURCE", source);
        }
        let failed = command.exec();
        if failed.kind() != std::io::ErrorKind::NotFound {
            let outcome: Result<(), Error> = Err(failed).doing(|| format!("cannot run emu-{name}"));
            return outcome.err().unwrap_or_else(none);
        }
    }
    if let Some(hint) = elsewhere::hint("emu", name) {
        return none().hint(hint);
    }
    let mut similar: Vec<(usize, &str)> =
        TABLE.iter().map(|entry| (distance(name, entry.name), entry.name)).collect();
    similar.sort_unstable();
    similar.dedup();
    match similar.first() {
        Some((steps, nearest)) if *steps <= 2 && *steps < name.chars().count() => {
            none().hint(format!("did you mean `emu {nearest}`?"))
        }
        _ => none().hint("`emu help` lists the commands"),
    }
}

/// How many letters must be put in, left out, changed or swapped with their neighbour.
pub(super) fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(64).collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn a_slip_of_the_fingers_is_one_step() {
        assert_eq!(distance("psuh", "push"), 1);
        assert_eq!(distance("chekout", "checkout"), 1);
        assert_eq!(distance("lgo", "log"), 1);
        assert_eq!(distance("push", "push"), 0);
        assert_eq!(distance("", "log"), 3);
    }
}
