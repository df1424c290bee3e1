//! `emu help`: the pages of the manual, from the program itself, so that they are those of this
//! program and not of another version that is installed.

use crate::cmd::{Class, Context, Entry, MANUAL, Status, pages, program, read};
use crate::config::env;
use crate::error::{Error, Result};
use crate::interrupt;
use crate::quote::quoted;
use crate::ui::roff;
use clap::Args as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

pub(crate) const ENTRY: Entry = Entry {
    name: "help",
    class: Class::Porcelain,
    summary: "show a page of the manual",
    prose: "\
## DESCRIPTION
Without TOPIC, the commands and the options that all of them have are listed. Otherwise the page on
TOPIC is shown: a command or a program (push, hash-tree, emu-hash-tree), or another page (format, json,
config, revisions). Where a command has the name of a page, the section says which is meant: config.5.

The pages are part of the program: they need not be installed, and are always those of this version.
On a terminal man(1) shows them, in the pager that EMU_PAGER names, or else in its own. Where there is
no man(1), where the terminal cannot be steered (TERM is dumb), and in a pipe, they are printed as plain
text. --json changes nothing.

The short form of what a command takes is printed by its option -h.
## EXIT STATUS
0; 2 if there is no such page.
## EXAMPLES
All commands, one in detail, and how snapshots are named:

    emu help
    emu help push
    emu help revisions
## SEE ALSO
emu(1), emu-install-files(1), man(1)
",
    build: Args::augment_args,
    run: |matches, context| run(&read::<Args>(matches)?, context),
};

/// Shows the commands, or a page of the manual.
#[derive(Debug, clap::Args)]
struct Args {
    /// A command, a program, or another page
    #[arg(value_name = "TOPIC")]
    topic: Option<String>,
}

fn run(args: &Args, context: &Context) -> Result<Status> {
    let Some(topic) = &args.topic else {
        let text = format!("{}\n{}", program().render_long_help(), plain(MANUAL));
        context.ui.out(text.trim_end())?;
        return Ok(None);
    };
    let page = pages::find(topic).ok_or_else(|| {
        Error::usage(format!("there is no command {}", quoted(topic))).hint("`emu help` lists the commands")
    })?;
    if !(context.ui.has_screen() && !context.global.quiet && shown_by_man(page.text)) {
        context.ui.out(&roff::plain(page.text))?;
    }
    Ok(None)
}

/// Lets man(1) show a page; false if it did not.
fn shown_by_man(page: &str) -> bool {
    let mut man = Command::new("man");
    if let Some(pager) = env("EMU_PAGER") {
        man.env("MANPAGER", pager);
    }
    // What it complains of is no use: the page is printed all the same.
    let started = man.args(["-l", "-"]).stdin(Stdio::piped()).stderr(Stdio::null()).spawn();
    let Ok(mut man) = started else { return false };
    if let Some(mut input) = man.stdin.take() {
        // Whoever has seen enough leaves the rest unread.
        let _ = input.write_all(page.as_bytes());
    }
    interrupt::wait(&mut man).is_ok_and(|status| status.success())
}

/// The headings of a manual page as help shows them.
fn plain(prose: &str) -> String {
    let line = |line: &str| line.strip_prefix("## ").map_or(line.to_owned(), |title| format!("{title}:"));
    prose.lines().map(line).collect::<Vec<_>>().join("\n")
}
