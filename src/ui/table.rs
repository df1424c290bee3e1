//! Tables: columns that are as wide as what stands in them, and that stay readable where the
//! terminal is narrow.

use super::{Ui, text};
use crate::error::Result;
use crate::quote::{ascii, escaped};

/// What stands before the rest of a row that does not fit on one line.
const INDENT: &str = "    ";

/// Between two columns.
const GAP: &str = "  ";

/// One row of a table that ends in a name: the cells before it, and the name as it is.
pub type NamedRow = (Vec<String>, Vec<u8>);

impl Ui {
    /// Prints rows in columns.
    ///
    /// # Errors
    /// As [`Ui::out`].
    pub fn table(&self, rows: &[Vec<String>]) -> Result<()> {
        self.columns(rows, 0).iter().try_for_each(|row| self.out(row))
    }

    /// Rows in columns, as text; one that is too wide for the terminal, of which something else takes
    /// the first `taken` columns, has several lines.
    pub fn columns(&self, rows: &[Vec<String>], taken: usize) -> Vec<String> {
        columns(&self.shown(rows), self.width().map(|width| width.saturating_sub(taken)))
    }

    /// Prints rows that end in a name: escaped on a terminal, its bytes in a pipe.
    ///
    /// # Errors
    /// As [`Ui::out`].
    pub fn named_rows(&self, rows: &[NamedRow]) -> Result<()> {
        if self.on_terminal() {
            let whole = |(cells, name): &NamedRow| [&cells[..], &[escaped(name)]].concat();
            return self.table(&rows.iter().map(whole).collect::<Vec<_>>());
        }
        let cells: Vec<Vec<String>> = rows.iter().map(|(cells, _)| cells.clone()).collect();
        let widths = widths(&cells);
        let line = |row: &[String]| {
            let padded = row.iter().zip(&widths).map(|(cell, width)| pad(cell, *width) + GAP);
            padded.collect::<String>()
        };
        rows.iter().try_for_each(|(cells, name)| self.named(&line(cells), name))
    }

    /// Columns of the terminal that stdout is; none if it is no terminal, or does not say.
    pub fn width(&self) -> Option<usize> {
        let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok().filter(|_| self.on_terminal())?;
        (size.ws_col > 0).then(|| usize::from(size.ws_col))
    }

    /// Cells as they will be printed, so that they can be measured.
    fn shown(&self, rows: &[Vec<String>]) -> Vec<Vec<String>> {
        let cell = |cell: &String| {
            if self.is_ascii(self.on_terminal()) { ascii(cell).into_owned() } else { cell.clone() }
        };
        rows.iter().map(|row| row.iter().map(cell).collect()).collect()
    }
}

/// Rows with columns two blanks apart; the last column is not padded. Where a row is wider than
/// `limit`, what does not fit stands below, indented: at the same column in all rows, but for the
/// last one, which goes down only where it has to.
fn columns(rows: &[Vec<String>], limit: Option<usize>) -> Vec<String> {
    let widths = widths(rows);
    let limit = limit.unwrap_or(usize::MAX);
    let begins = breaks(&widths, limit);
    let line = |row: &Vec<String>| {
        let (mut line, mut used) = (String::new(), 0);
        for (at, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let needed = if at + 1 == row.len() { text::width(cell) } else { *width };
            if at == 0 {
                used = needed;
            } else if begins.contains(&at) || used + GAP.len() + needed > limit {
                line.truncate(line.trim_end().len());
                line += "\n";
                line += INDENT;
                used = INDENT.len() + needed;
            } else {
                line += GAP;
                used += GAP.len() + needed;
            }
            line += &pad(cell, *width);
        }
        line.truncate(line.trim_end().len());
        line
    };
    rows.iter().map(line).collect()
}

/// The columns before the last one that begin a line.
fn breaks(widths: &[usize], limit: usize) -> Vec<usize> {
    let mut begins = Vec::new();
    let mut used = 0;
    for (at, width) in widths.iter().enumerate().take(widths.len().saturating_sub(1)) {
        let needed = if at == 0 { *width } else { GAP.len() + width };
        if at > 0 && used + needed > limit {
            begins.push(at);
            used = INDENT.len() + width;
        } else {
            used += needed;
        }
    }
    begins
}

fn widths(rows: &[Vec<String>]) -> Vec<usize> {
    let most = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| text::width(cell)).max();
    (0..most).map(|at| width(at).unwrap_or(0)).collect()
}

fn pad(cell: &str, width: usize) -> String {
    cell.to_owned() + &" ".repeat(width.saturating_sub(text::width(cell)))
}

#[cfg(test)]
mod tests {
    use super::columns;

    fn rows(rows: &[&[&str]]) -> Vec<Vec<String>> {
        rows.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect()
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = rows(&[&["name", "path"], &["origin", "/mnt"]]);
        assert_eq!(columns(&rows, None), ["name    path", "origin  /mnt"]);
    }

    #[test]
    fn width_is_what_the_terminal_shows() {
        let rows = rows(&[
            &["\u{6f22}\u{5b57}", "x"],
            &["e\u{301}", "x"],
            &["\u{1b}[32mok\u{1b}[0m", "x"],
            &["\u{1f600}", "x"],
        ]);
        let expected =
            ["\u{6f22}\u{5b57}  x", "e\u{301}     x", "\u{1b}[32mok\u{1b}[0m    x", "\u{1f600}    x"];
        assert_eq!(columns(&rows, None), expected);
    }

    #[test]
    fn what_does_not_fit_stands_below() {
        let rows =
            rows(&[&["NAME", "STATE", "HEAD", "PATH"], &["origin", "present", "6b0332a01234", "/a/b"]]);
        let narrow = ["NAME    STATE\n    HEAD          PATH", "origin  present\n    6b0332a01234  /a/b"];
        assert_eq!(columns(&rows, Some(22)), narrow);
        let wide = ["NAME    STATE    HEAD          PATH", "origin  present  6b0332a01234  /a/b"];
        assert_eq!(columns(&rows, Some(35)), wide);
    }

    #[test]
    fn the_last_column_goes_down_only_where_it_has_to() {
        let rows = rows(&[&["one", "short"], &["two", "a longer text"]]);
        assert_eq!(columns(&rows, Some(12)), ["one  short", "two\n    a longer text"]);
    }
}
