//! What one can type: the table of all commands, and how a command line becomes one of them.
//!
//! To add a command: a file `porcelain/<name>.rs` or `plumbing/<name>.rs` with its `ENTRY`, a row
//! in [`TABLE`], for a program a file in `src/bin`; then a test of the same stem. The prose of the
//! entry needs the sections EXIT STATUS, EXAMPLES and SEE ALSO; `EMU_BLESS=1` writes the page, and
//! the names of values (`SINK`, `REV`, `REV:PATH`, `PATH`, `DIR`) say to [`complete`] what fits.
//! A command reads its arguments, makes one call into the library, and prints what came back.

mod args;
mod compare;
pub mod complete;
mod context;
mod describe;
mod dispatch;
mod elsewhere;
mod explain;
mod findings;
mod hooks;
mod input;
mod inside;
mod manual;
mod misread;
mod mounts;
mod optional;
pub mod pages;
mod place;
mod plumbing;
mod porcelain;
mod preview;
mod removal;
mod repairing;
mod report;
mod restored;
mod scope;
mod several;
mod spec;
mod subset;
mod unknown;

pub(crate) use args::read;
pub use args::{AllowArgs, ExcludeArgs, Global, OwnerArgs, WaitArgs};
pub use context::{Context, Found, Opened};
pub use dispatch::main;
pub use manual::MANUAL;

use crate::error::{Kind, Result};

/// Who a command is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// People: answers on stdout, chatter on stderr, local time.
    Porcelain,
    /// Scripts: JSON lines on stdout, UTC, silent otherwise. Also a program of its own.
    Plumbing,
}

/// How a command ended: `None` is exit status 0; a kind is that one's exit status, and the
/// command has told the user why.
pub type Status = Option<Kind>;

/// One command.
pub struct Entry {
    /// Its name: `push`, `hash-tree`.
    pub name: &'static str,
    /// Who it is for.
    pub class: Class,
    /// One line on what it does, lower case, no full stop.
    pub summary: &'static str,
    /// More for its man page: `## TITLE`, paragraphs, indented examples.
    pub prose: &'static str,
    /// Adds its arguments.
    pub build: fn(clap::Command) -> clap::Command,
    /// Runs it.
    pub run: fn(&clap::ArgMatches, &Context) -> Result<Status>,
}

/// Every command, in the order in which help lists them.
pub static TABLE: &[Entry] = &[
    porcelain::init::ENTRY,
    porcelain::sink::ENTRY,
    porcelain::push::ENTRY,
    porcelain::status::ENTRY,
    porcelain::log::ENTRY,
    porcelain::show::ENTRY,
    porcelain::diff::ENTRY,
    porcelain::ls::ENTRY,
    porcelain::cat::ENTRY,
    porcelain::find::ENTRY,
    porcelain::du::ENTRY,
    porcelain::checkout::ENTRY,
    porcelain::clone::ENTRY,
    porcelain::verify::ENTRY,
    porcelain::rotate::ENTRY,
    porcelain::prune::ENTRY,
    porcelain::squash::ENTRY,
    porcelain::clean::ENTRY,
    porcelain::pin::ENTRY,
    porcelain::unpin::ENTRY,
    porcelain::path::ENTRY,
    porcelain::config::ENTRY,
    porcelain::help::ENTRY,
    porcelain::version::ENTRY,
    porcelain::completions::ENTRY,
    porcelain::install_files::ENTRY,
    plumbing::hash_tree::ENTRY,
    plumbing::link_snapshot::ENTRY,
    plumbing::commit_snapshot::ENTRY,
    plumbing::rotate::ENTRY,
    plumbing::remove_snapshot::ENTRY,
    plumbing::rev_parse::ENTRY,
    plumbing::cat_node::ENTRY,
    plumbing::ls_tree::ENTRY,
    plumbing::diff_tree::ENTRY,
    plumbing::check_exclude::ENTRY,
    plumbing::verify_tree::ENTRY,
];

/// The suite's own command line: `emu COMMAND …`.
pub fn program() -> clap::Command {
    let command = clap::Command::new("emu")
        .about("Fast, incremental, rotating snapshot backups as plain directory trees")
        .long_about(args::ABOUT)
        .after_help("`emu help COMMAND` says more about a command")
        .version(env!("CARGO_PKG_VERSION"))
        .disable_help_subcommand(true)
        .allow_external_subcommands(true)
        .external_subcommand_value_parser(clap::value_parser!(std::ffi::OsString))
        .subcommand_value_name("COMMAND");
    let shadowed = |entry: &Entry| {
        let porcelain = |other: &Entry| other.name == entry.name && other.class == Class::Porcelain;
        entry.class == Class::Plumbing && TABLE.iter().any(porcelain)
    };
    args::with_globals(command).subcommands(TABLE.iter().filter(|entry| !shadowed(entry)).map(bare))
}

/// The command line of one command, as a program of its own.
pub fn command(entry: &Entry) -> clap::Command {
    let command = args::with_globals(bare(entry));
    match entry.class {
        Class::Porcelain => command,
        Class::Plumbing => command.version(env!("CARGO_PKG_VERSION")),
    }
}

/// Without the options that all commands have.
fn bare(entry: &Entry) -> clap::Command {
    (entry.build)(clap::Command::new(entry.name)).about(entry.summary)
}

/// The command of this name that `emu NAME` runs.
fn find(name: &str) -> Option<&'static Entry> {
    let named = |class: Class| TABLE.iter().find(|entry| entry.name == name && entry.class == class);
    named(Class::Porcelain).or_else(|| named(Class::Plumbing))
}
