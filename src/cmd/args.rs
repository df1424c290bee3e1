//! Arguments that several commands share, and the options that all of them have.

use crate::config::Config;
use crate::error::{Doing as _, Error, Result};
use crate::quote::quoted_path;
use crate::restore::checkout::Ownership;
use crate::sink::{PatternOrigin, Wait};
use crate::snapshot::Allowed;
use crate::source::{Excludes, Patterns};
use crate::ui::Color;
use clap::Args as _;
use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;
use std::time::Duration;

/// What `emu --help` says first.
pub(super) const ABOUT: &str = "\
Saves a directory tree (a source) as rotating snapshots in one or more sinks. A snapshot is a \
plain directory tree; a file that did not change is a hard link to the inode that an earlier \
snapshot holds.";

/// The options that every command has.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Global {
    /// Work as if started in DIR; several are followed one after the other
    #[arg(short = 'C', value_name = "DIR", global = true, help_heading = "Common options")]
    pub directory: Vec<PathBuf>,

    /// The source; otherwise EMU_SOURCE, or the nearest source at or above the working directory
    #[arg(short = 'S', long, value_name = "DIR", global = true, help_heading = "Common options")]
    pub source: Option<PathBuf>,

    /// Say more
    #[arg(short, long, global = true, help_heading = "Common options")]
    pub verbose: bool,

    /// Say nothing unless something failed
    #[arg(short, long, global = true, help_heading = "Common options")]
    pub quiet: bool,

    /// When to use colour: auto, always or never
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Color::Auto, global = true)]
    #[arg(help_heading = "Common options", hide_possible_values = true)]
    pub color: Color,

    /// Do not show long answers page by page
    #[arg(long, global = true, help_heading = "Common options")]
    pub no_pager: bool,

    /// Answer in JSON, one record a line; emu-json(5) describes them
    #[arg(long, global = true, help_heading = "Common options")]
    pub json: bool,
}

/// Adds [`Global`] to a command line, which keeps what it says about itself.
pub(super) fn with_globals(command: clap::Command) -> clap::Command {
    let (about, long_about) = (command.get_about().cloned(), command.get_long_about().cloned());
    let command = Global::augment_args(command);
    match long_about {
        Some(long) => command.about(about.unwrap_or_default()).long_about(long),
        None => command.about(about.unwrap_or_default()),
    }
}

/// `--wait`, for commands that lock.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub struct WaitArgs {
    /// Wait so long for a lock that somebody else holds, instead of giving up at once
    #[arg(long = "wait", value_name = "SECONDS", default_value_t = 0, hide_default_value = true)]
    pub seconds: u64,
}

impl WaitArgs {
    /// The wait for locks that was asked for.
    pub fn wait(self) -> Wait {
        Wait(Duration::from_secs(self.seconds))
    }
}

/// How owners are restored.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub struct OwnerArgs {
    /// Do not restore owners
    #[arg(long)]
    no_owner: bool,

    /// Restore owners by recorded number, even if this machine has the recorded name under another number
    #[arg(long, conflicts_with = "no_owner")]
    numeric_ids: bool,
}

impl OwnerArgs {
    /// The way that was asked for.
    pub fn ownership(self) -> Ownership {
        match self {
            OwnerArgs { no_owner: true, .. } => Ownership::Mine,
            OwnerArgs { numeric_ids: true, .. } => Ownership::ByNumber,
            OwnerArgs { .. } => Ownership::ByName,
        }
    }
}

/// What a push, or its pipeline, is allowed this once.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub struct AllowArgs {
    /// Save the source even if it is empty
    #[arg(long)]
    allow_empty: bool,

    /// Save the source even if it lies on another file system or machine than at the last push
    #[arg(long)]
    allow_moved: bool,

    /// Accept a source that has shrunk to less than half
    #[arg(long)]
    allow_shrunk: bool,

    /// Accept a source of which most files were removed or changed
    #[arg(long)]
    allow_churn: bool,

    /// Accept a clock that is far from the time of the last snapshot
    #[arg(long)]
    allow_clock: bool,
}

impl AllowArgs {
    /// The allowances that were given.
    pub fn allowed(self) -> Allowed {
        Allowed {
            empty: self.allow_empty,
            moved: self.allow_moved,
            shrunk: self.allow_shrunk,
            churn: self.allow_churn,
            clock: self.allow_clock,
        }
    }
}

/// Patterns of what is left out this once, beside those of the source.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct ExcludeArgs {
    /// Leave out what fits, as a line of .emu/excludes would; repeat it for more
    #[arg(long, value_name = "PATTERN", allow_hyphen_values = true)]
    exclude: Vec<String>,

    /// Leave out what fits a line of this file
    #[arg(long, value_name = "FILE")]
    exclude_from: Vec<PathBuf>,

    /// Leave out regular files larger than SIZE: 500M, 1G; 0 leaves out none
    #[arg(long, value_name = "SIZE")]
    exclude_larger_than: Option<String>,
}

impl ExcludeArgs {
    /// The configuration with what the options say instead.
    ///
    /// # Errors
    /// The size is none.
    pub fn over(&self, config: Config) -> Result<Config> {
        match &self.exclude_larger_than {
            Some(size) => config.with_larger_than("--exclude-larger-than", size),
            None => Ok(config),
        }
    }

    /// The patterns that were given; those of the command line win.
    ///
    /// # Errors
    /// A file cannot be read, or a line is no pattern.
    pub fn patterns(&self) -> Result<Vec<Patterns>> {
        let mut all = Vec::new();
        for path in &self.exclude_from {
            let origin = quoted_path(path);
            let file = crate::fs::open_operator_file(path).doing(|| format!("cannot read {origin}"))?;
            let mut text = Vec::new();
            File::from(file).read_to_end(&mut text).doing(|| format!("cannot read {origin}"))?;
            all.push(Patterns { from: PatternOrigin::ExcludeFrom, origin, text });
        }
        if !self.exclude.is_empty() {
            let text = self.exclude.join("\n").into_bytes();
            all.push(Patterns { from: PatternOrigin::Exclude, origin: "--exclude".to_owned(), text });
        }
        match Excludes::parse(&all).bad.first() {
            None => Ok(all),
            Some(bad) => {
                Err(Error::usage("cannot use a pattern").because(bad.replace("; the other lines apply", "")))
            }
        }
    }
}

/// A command's own arguments, from what was parsed.
///
/// # Errors
/// The arguments do not fit the command, which its own definition rules out.
pub(crate) fn read<A: clap::FromArgMatches>(matches: &clap::ArgMatches) -> Result<A> {
    A::from_arg_matches(matches).map_err(|error| super::explain::usage(&error, "emu"))
}
