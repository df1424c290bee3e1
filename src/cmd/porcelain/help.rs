//! `emu help`: all that `--help` says, for emu or one command.

use crate::cmd::{Class, Context, Entry, MANUAL, Status, command, find, program, read};
use crate::error::{Error, Result};
use crate::quote::quoted;
use clap::Args as _;

pub(crate) const ENTRY: Entry = Entry {
    name: "help",
    class: Class::Porcelain,
    summary: "show what a command does and takes",
    prose: "\
## EXAMPLES
All commands, and one in detail:

    emu help
    emu help push
",
    build: Args::augment_args,
    run: |matches, context| run(&read::<Args>(matches)?, context),
};

/// Shows the commands, or all about one of them.
#[derive(Debug, clap::Args)]
struct Args {
    /// The command to explain
    #[arg(value_name = "COMMAND")]
    command: Option<String>,
}

fn run(args: &Args, context: &Context) -> Result<Status> {
    let text = match &args.command {
        None => format!("{}\n{}", program().render_long_help(), plain(MANUAL)),
        Some(name) => {
            let name = name.strip_prefix("emu-").unwrap_or(name);
            let entry = find(name).ok_or_else(|| {
                Error::usage(format!("there is no command {}", quoted(name)))
                    .hint("`emu help` lists the commands")
            })?;
            let called = format!("emu {name}");
            let mut command = command(entry).bin_name(called);
            format!("{}\n{}", command.render_long_help(), plain(entry.prose))
        }
    };
    context.ui.out(text.trim_end())?;
    Ok(None)
}

/// The headings of a manual page as help shows them.
fn plain(prose: &str) -> String {
    let line = |line: &str| line.strip_prefix("## ").map_or(line.to_owned(), |title| format!("{title}:"));
    prose.lines().map(line).collect::<Vec<_>>().join("\n")
}
