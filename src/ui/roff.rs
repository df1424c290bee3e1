//! A manual page as plain text, for a pipe and for a machine without man(1): the few requests and
//! escapes of roff that the pages in `man/` use. What is unknown is left out.

/// Columns of a line.
const WIDTH: usize = 78;
/// How far the text stands below headings.
const INDENT: usize = 7;
/// How far the text of a tag stands below its tag.
const TAG: usize = 7;

/// A blank at which no line is broken, while lines are filled: no page has this character.
const HARD_BLANK: &str = "\u{1}";

/// The page as plain text.
pub fn plain(page: &str) -> String {
    let mut text = Text::default();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        match line.strip_prefix('.').map(|line| line.split_once(' ').unwrap_or((line, ""))) {
            None if line.starts_with('\'') => {}
            None => text.take(&inline(line)),
            Some(("TS", _)) => {
                let rows: Vec<&str> = lines.by_ref().take_while(|line| *line != ".TE").collect();
                text.table(&rows);
            }
            Some((request, rest)) => text.request(request, rest),
        }
    }
    text.flush();
    text.out.trim_end().replace(HARD_BLANK, " ")
}

#[derive(Default)]
struct Text {
    out: String,
    /// Words of the paragraph that is being filled.
    words: Vec<String>,
    /// Columns before the text, besides those of the tag.
    margin: usize,
    /// The tag before the paragraph; a paragraph with one stands further right.
    tag: Option<String>,
    hanging: bool,
    /// The next line is a tag.
    tag_follows: bool,
    /// Lines are shown as they are.
    verbatim: bool,
}

impl Text {
    fn request(&mut self, request: &str, rest: &str) {
        match request {
            "SH" | "SS" => {
                self.paragraph();
                self.margin = 0;
                let indent = if request == "SH" { "" } else { "   " };
                let title = arguments(rest).join(" ");
                self.out += &format!("{indent}{title}\n");
            }
            "PP" | "P" | "LP" => self.paragraph(),
            "TP" => {
                self.paragraph();
                self.tag_follows = true;
            }
            "IP" => {
                self.paragraph();
                let tag = arguments(rest).into_iter().next().unwrap_or_default();
                (self.tag, self.hanging) = (Some(tag), true);
            }
            "RS" => {
                self.flush();
                let by = rest.trim().parse().unwrap_or(TAG);
                self.margin += by + if self.hanging { TAG } else { 0 };
                self.hanging = false;
            }
            "RE" => {
                self.flush();
                self.margin = 0;
            }
            "EX" | "nf" => {
                self.flush();
                self.verbatim = true;
            }
            "EE" | "fi" => self.verbatim = false,
            "br" => self.flush(),
            "B" | "I" => self.take(&arguments(rest).join(" ")),
            "BR" | "RB" | "IR" | "RI" | "BI" | "IB" => self.take(&arguments(rest).concat()),
            // The title, and what defines strings and registers.
            _ => {}
        }
    }

    /// A line of text.
    fn take(&mut self, line: &str) {
        if self.verbatim {
            let column = " ".repeat(INDENT + self.margin + if self.hanging { TAG } else { 0 });
            self.out += format!("{column}{line}").trim_end();
            self.out.push('\n');
        } else if std::mem::take(&mut self.tag_follows) {
            (self.tag, self.hanging) = (Some(line.to_owned()), true);
        } else {
            self.words.extend(line.split_whitespace().map(str::to_owned));
        }
    }

    /// Ends a paragraph and what hangs on its tag.
    fn paragraph(&mut self) {
        self.flush();
        (self.hanging, self.tag_follows, self.verbatim) = (false, false, false);
        if !self.out.is_empty() && !self.out.ends_with("\n\n") && !is_heading(&self.out) {
            self.out.push('\n');
        }
    }

    /// Prints the words that were gathered.
    fn flush(&mut self) {
        let left = INDENT + self.margin;
        let column = left + if self.hanging { TAG } else { 0 };
        let mut line = " ".repeat(column);
        if let Some(tag) = self.tag.take() {
            if tag.chars().count() < TAG {
                line = format!("{}{tag:<TAG$}", " ".repeat(left));
            } else {
                self.out += &format!("{}{tag}\n", " ".repeat(left));
            }
        } else if self.words.is_empty() {
            return;
        }
        let mut is_first = true;
        for word in std::mem::take(&mut self.words) {
            if !is_first && line.chars().count() + 1 + word.chars().count() > WIDTH {
                self.out += &format!("{line}\n");
                line = " ".repeat(column);
                is_first = true;
            }
            line += if is_first { "" } else { " " };
            line += &word;
            is_first = false;
        }
        if !line.trim().is_empty() {
            self.out += line.trim_end();
            self.out.push('\n');
        }
    }

    /// Rows with their cells behind each other; the first lines are the layout.
    fn table(&mut self, rows: &[&str]) {
        let body = rows.iter().position(|row| row.ends_with('.')).map_or(0, |at| at + 1);
        let (mut row, mut is_block) = (String::new(), false);
        for line in &rows[body..] {
            if let Some(start) = line.strip_suffix("T{") {
                (row, is_block) = (start.to_owned(), true);
            } else if is_block && !line.starts_with("T}") {
                row += &format!("{line} ");
            } else {
                row += if is_block { "" } else { line };
                is_block = false;
                self.row(&std::mem::take(&mut row));
            }
        }
        self.paragraph();
    }

    /// The last cell hangs on the others.
    fn row(&mut self, row: &str) {
        let cells: Vec<&str> = row.split('\t').map(|cell| if cell.is_empty() { "-" } else { cell }).collect();
        if let Some((last, first)) = cells.split_last() {
            self.request("TP", "");
            self.take(&inline(&first.join(" | ")));
            self.take(&inline(last));
        }
    }
}

/// Whether the last line is a heading: nothing stands between it and the text.
fn is_heading(out: &str) -> bool {
    let last = out.trim_end_matches('\n').lines().last().unwrap_or_default();
    !out.ends_with("\n\n") && !last.starts_with("    ") && !last.is_empty()
}

/// Arguments of a request, in quotes or not, without escapes.
fn arguments(rest: &str) -> Vec<String> {
    let mut arguments = Vec::new();
    let mut rest = rest.trim_start();
    while !rest.is_empty() {
        let (argument, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => rest.split_once(' ').unwrap_or((rest, "")),
        };
        arguments.push(inline(argument));
        rest = after.trim_start();
    }
    arguments
}

/// Text without escapes.
fn inline(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out += &rest[..at];
        let escape = &rest[at + 1..];
        let (shown, length) = match escape.as_bytes() {
            [b'f', b'(', ..] => ("", 4),
            [b'f', ..] => ("", 2),
            [b'(', b'a', b'q', ..] => ("'", 3),
            [b'(', b'd', b'q', ..] => ("\"", 3),
            [b'(', b'b', b'u', ..] => ("*", 3),
            [b'(', b'e', b'm', ..] => ("--", 3),
            [b'(', ..] => ("?", 3),
            [b'*', b'(', b'A', b'q', ..] => ("'", 4),
            [b'-', ..] => ("-", 1),
            [b'e', ..] => ("\\", 1),
            [b' ' | b'~', ..] => (HARD_BLANK, 1),
            [b'"', ..] => ("", escape.len()),
            [] => ("", 0),
            _ => ("", escape.chars().next().map_or(0, char::len_utf8)),
        };
        out += shown;
        rest = escape.get(length.min(escape.len())..).unwrap_or_default();
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn a_page_becomes_text() {
        let page = ".TH \"EMU\\-X\" \"1\" \"\" \"emu\" \"emu manual\"\n.SH NAME\nemu\\-x \\- does x\n.SH \"TWO WORDS\"\n\
                    A \\fBbold\\fR word.\n.PP\nIt\\(aqs\n.I v \" (1)\"\n.TP\n\\fB\\-n\\fR\nnumber\n.TP\n\\fB\\-\\-longer\\fR\nlong\n\
                    .PP\n.RS 4\n.EX\nemu x  \\e\n\n\\&.y\n.EE\n.RE\n.PP\nend\n";
        let expected = "NAME\n       emu-x - does x\n\nTWO WORDS\n       A bold word.\n\n       It's v  (1)\n\n       -n     number\n\n       \
                        --longer\n              long\n\n           emu x  \\\n\n           .y\n\n       end";
        assert_eq!(plain(page), expected.replace("v  (1)", "v (1)"));
    }

    #[test]
    fn long_lines_are_filled_and_tables_are_lists() {
        let page =
            format!(".SH A\n{}\n.TS\nl l lx.\na\t\tT{{\nlong\ncell\nT}}\n.TE\nend\n", "word ".repeat(30));
        let text = plain(&page);
        assert!(text.lines().all(|line| line.chars().count() <= 78), "{text}");
        assert!(
            text.contains("\n       a | -  long cell\n\n       end")
                || text.contains("\n       a | - long cell"),
            "{text}"
        );
    }
}
