//! The pager: a program that shows the answer of a reading command page by page. It starts with the
//! first thing that is printed, gets all of stdout, and is waited for: until it ends it owns the
//! terminal, so that no progress is drawn, messages are kept for afterwards, and SIGINT is its own.

use super::{Ui, take};
use crate::config::given;
use crate::error::{Error, Result};
use crate::interrupt;
use crate::quote::quoted;
use std::ffi::{OsStr, OsString};
use std::io::{self, BufWriter, Stdout, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::process::{Child, ChildStdin, Command, Stdio};

/// Characters that only a shell understands, as git has them; blanks part the words of a command.
const OF_SHELL: &[u8] = b"|&;<>()$`\\\"'\n*?[#~=%";

/// What a shell says of a program that cannot be started: 126 and 127.
const NOT_STARTED: [i32; 2] = [126, 127];

/// Where stdout goes.
pub(super) struct Outlet {
    to: To,
    /// The pager to start with the first output.
    wanted: Option<OsString>,
    /// What is printed while something shall be printed as one.
    held: Option<Vec<u8>>,
}

enum To {
    Stdout(BufWriter<Stdout>),
    Pager {
        command: OsString,
        child: Child,
        input: BufWriter<ChildStdin>,
    },
    /// The pager has ended.
    Nowhere,
}

impl Outlet {
    pub(super) fn new() -> Outlet {
        let stdout = BufWriter::with_capacity(64 * 1024, io::stdout());
        Outlet { to: To::Stdout(stdout), wanted: None, held: None }
    }

    fn is_paging(&self) -> bool {
        matches!(self.to, To::Pager { .. })
    }

    /// Starts the pager that is wanted. One that cannot be started is done without.
    fn start(&mut self) {
        let Some(command) = self.wanted.take() else { return };
        let Ok(mut child) = prepared(&command).stdin(Stdio::piped()).spawn() else { return };
        if let Some(input) = child.stdin.take() {
            interrupt::endure();
            self.to = To::Pager { command, child, input: BufWriter::with_capacity(64 * 1024, input) };
        }
    }

    /// Waits until the user has seen enough.
    fn end(&mut self) -> Result<()> {
        if !self.is_paging() {
            return Ok(());
        }
        let To::Pager { command, mut child, input } = std::mem::replace(&mut self.to, To::Nowhere) else {
            return Ok(());
        };
        // Its end of the file; what it does not want any more it need not get.
        drop(input.into_parts());
        let code = interrupt::wait(&mut child).ok().and_then(|status| status.code());
        if code.is_some_and(|code| NOT_STARTED.contains(&code)) {
            return Err(Error::failed(format!("cannot start the pager {}", quoted(command.as_bytes())))
                .hint("--no-pager does without; EMU_PAGER and PAGER name another"));
        }
        Ok(())
    }
}

impl Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(held) = &mut self.held {
            return held.write(bytes);
        }
        match &mut self.to {
            To::Stdout(out) => out.write(bytes),
            To::Pager { input, .. } => input.write(bytes),
            To::Nowhere => Ok(bytes.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.to {
            To::Stdout(out) => out.flush(),
            To::Pager { input, .. } => input.flush(),
            To::Nowhere => Ok(()),
        }
    }
}

/// The command, through a shell if it needs one.
fn prepared(command: &OsStr) -> Command {
    let bytes = command.as_bytes();
    let mut words = bytes.split(|byte| byte.is_ascii_whitespace()).filter(|word| !word.is_empty());
    let first = words.next().unwrap_or_default();
    let mut prepared = if bytes.iter().any(|byte| OF_SHELL.contains(byte)) {
        let mut shell = Command::new("/bin/sh");
        shell.arg("-c").arg(command);
        shell
    } else {
        let mut plain = Command::new(OsStr::from_bytes(first));
        plain.args(words.map(OsStr::from_bytes));
        plain
    };
    if given("LESS").is_none() {
        // It ends by itself where one screen is enough, shows colours, and leaves what it showed.
        prepared.env("LESS", "FRX");
    }
    prepared
}

impl Ui {
    /// Wants this pager for everything that is printed on stdout, if that is a terminal on which
    /// one can move, and people read it. An empty command and `cat` are none.
    pub fn page_with(&self, command: OsString) {
        let settings = &self.shared.settings;
        let for_people = self.shared.out_terminal && !settings.dumb && !settings.json && !settings.script;
        let name = command.as_bytes().trim_ascii();
        if for_people && !name.is_empty() && name != b"cat" {
            take(&self.shared.out).wanted = Some(command);
        }
    }

    /// Does a piece of work whose progress is worth seeing between what it prints: where a pager is to
    /// show that, it gets it in the end.
    ///
    /// # Errors
    /// Those of the work, and those of printing.
    pub fn together<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        {
            let mut out = take(&self.shared.out);
            out.held = out.wanted.is_some().then(Vec::new);
        }
        let outcome = work();
        let held = take(&self.shared.out).held.take().unwrap_or_default();
        let printed = if held.is_empty() { Ok(()) } else { self.write_ended(&held, b"") };
        outcome.and_then(|outcome| printed.map(|()| outcome))
    }

    /// Ends the answer: with a pager, waits for it, and says then what had to be said meanwhile.
    ///
    /// # Errors
    /// Nobody saw the answer, because the pager could not be started.
    pub fn end(&self) -> Result<()> {
        let _ = self.flush();
        let ended = take(&self.shared.out).end();
        for line in std::mem::take(&mut *take(&self.shared.afterwards)) {
            self.say(&line);
        }
        ended
    }

    /// Whether the terminal belongs to a pager now.
    pub(super) fn is_paging(&self) -> bool {
        take(&self.shared.out).is_paging()
    }

    /// Before anything is printed: the progress line makes room, and the pager starts.
    pub(super) fn begin_paging(&self) {
        let waits = |out: &Outlet| out.wanted.is_some() && out.held.is_none();
        if !waits(&take(&self.shared.out)) {
            return;
        }
        if let Some(bar) = take(&self.shared.bar).take() {
            bar.finish_and_clear();
            bar.set_draw_target(indicatif::ProgressDrawTarget::hidden());
        }
        take(&self.shared.out).start();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_is_asked_only_where_it_is_needed() {
        let words = |command: &str| {
            let prepared = prepared(OsStr::new(command));
            let args = prepared.get_args().map(OsStr::to_os_string);
            std::iter::once(prepared.get_program().to_os_string()).chain(args).collect::<Vec<_>>()
        };
        assert_eq!(words("less"), ["less"]);
        assert_eq!(words(" less  -S -R"), ["less", "-S", "-R"]);
        assert_eq!(words("less | cat"), ["/bin/sh", "-c", "less | cat"]);
        assert_eq!(words("A=1 less"), ["/bin/sh", "-c", "A=1 less"]);
    }
}
