//! Commands on a terminal: what people see, who can type while a pager runs.

use super::{Output, Session};

/// A terminal of a size, and what is typed on it.
pub struct Terminal {
    columns: u16,
    rows: u16,
    keys: Vec<(&'static str, &'static str)>,
}

impl Terminal {
    /// So many columns and rows.
    pub fn new(columns: u16, rows: u16) -> Terminal {
        Terminal { columns, rows, keys: Vec::new() }
    }

    /// Types these keys when a text has appeared behind all for which was waited before.
    #[must_use]
    pub fn typing(mut self, after: &'static str, keys: &'static str) -> Terminal {
        self.keys.push((after, keys));
        self
    }

    /// Runs a program there: what it prints on stdout and stderr is the output's stdout. Fails
    /// with 98 if the terminal is not as it was before, with 99 if the program does not end.
    pub fn run(&self, session: &Session, program: &str, args: &[&str]) -> Output {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/env/terminal.py");
        let keys = serde_json::to_string(&self.keys).unwrap();
        let (columns, rows) = (self.columns.to_string(), self.rows.to_string());
        let own = [script, &*columns, &*rows, &*keys, program];
        let term = if session.variables.iter().any(|(name, _)| name == "TERM") {
            session.clone()
        } else {
            session.clone().env("TERM", "xterm")
        };
        let command = term.command("python3", &[&own[..], args].concat());
        term.collect(command, [&[program], args].concat().join(" "), b"")
    }

    /// Runs `emu` there.
    pub fn emu(&self, session: &Session, args: &[&str]) -> Output {
        self.run(session, "emu", args)
    }
}

#[test]
fn a_terminal_shows_what_was_typed_and_printed() {
    if !super::need_tool("python3") {
        return;
    }
    let emu = super::Emu::new();
    let script = "test -t 0 && test -t 1 && stty size && read line && echo got $line";
    let said = Terminal::new(40, 9).typing("9 40", "text\n").run(&emu.session(), "bash", &["-c", script]);
    assert_eq!(said.succeeds().stdout, "9 40\ntext\ngot text\n");
    Terminal::new(40, 9).run(&emu.session(), "stty", &["-echo"]).exits(98);
}
