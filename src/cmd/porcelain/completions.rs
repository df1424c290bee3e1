//! `emu completions`: the script that makes a shell ask emu, and the answer to what it asks.

use crate::cmd::complete::{self, Shell};
use crate::cmd::{Class, Context, Entry, Status, read};
use crate::error::Result;
use clap::Args as _;
use std::ffi::OsString;

pub(crate) const ENTRY: Entry = Entry {
    name: "completions",
    class: Class::Porcelain,
    summary: "print the completion script of a shell",
    prose: "\
## DESCRIPTION
Prints the script that makes bash, zsh or fish complete command lines of emu: commands, options and their
values, sinks, revisions, paths inside snapshots, pages of the manual. emu-install-files(1) puts the
scripts of all three where shells look for them.

The script asks emu for each word. The answer depends on what is typed before, -C, -S and --sink
included; it reads the sinks, changes nothing, waits for no lock, and is empty where a sink is absent or
damaged. Names with control characters, and names that are not UTF-8, are not offered. Steps such as
HEAD~3 are offered behind a '~', ids where their first digit is typed, hidden names where their dot is.
## EXIT STATUS
0; 2 if the shell is not one of these.
## EXAMPLES
For this shell, and for all that come:

    source <(emu completions bash)
    emu completions fish > ~/.config/fish/completions/emu.fish
    emu completions zsh > ~/.zsh/functions/_emu
## SEE ALSO
emu-install-files(1), emu-revisions(7), bash(1), zsh(1), fish(1)
",
    build: Args::augment_args,
    run: |matches, context| run(&read::<Args>(matches)?, context),
};

/// Prints the completion script of a shell.
#[derive(Debug, clap::Args)]
struct Args {
    /// The shell: bash, zsh or fish
    #[arg(value_name = "SHELL", value_enum, hide_possible_values = true)]
    shell: Shell,

    /// Print what fits at the end of the line that follows
    #[arg(long, hide = true)]
    answer: bool,

    /// The line, in the form in which the shell has it
    #[arg(last = true, hide = true)]
    line: Vec<OsString>,
}

fn run(args: &Args, context: &Context) -> Result<Status> {
    if args.answer {
        complete::answer(args.shell, &args.line).iter().try_for_each(|line| context.ui.out(line))?;
    } else {
        context.ui.out(complete::script(args.shell).trim_end())?;
    }
    Ok(None)
}
