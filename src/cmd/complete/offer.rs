//! From a line to what fits: by the kind of the argument under the cursor.

use super::line::{self, Line, Slot};
use super::scene::{self, Scene, takes_revision};
use super::{Candidate, Files, Offer, inside, revisions};
use crate::cmd::{Class, TABLE, command, pages, program};
use crate::config;
use clap::{Arg, Command};

/// What the last of these words may become. The first is the program.
pub(super) fn offer(words: &[String]) -> Offer {
    let Some((word, before)) = words.split_last() else { return Offer::default() };
    // What is typed so far need not be complete; this reaches the commands below only before they are built.
    let mut program = called(words.first().map_or("", String::as_str)).ignore_errors(true);
    program.build();
    let Line { command, slot } = line::read(&program, words);
    let scene = || scene::read(&program, command, before);
    let offer = match slot {
        Slot::Nothing => Offer::default(),
        Slot::Option => Offer::of(options(command)),
        Slot::Command(place) => {
            let mut offer = place.map(|arg| values(arg, command, word, scene)).unwrap_or_default();
            offer.candidates.splice(0..0, commands(command));
            offer
        }
        Slot::Value(arg, start) => {
            let typed = word.strip_prefix(&*start).unwrap_or_default();
            values(arg, command, typed, scene).behind(&start)
        }
    };
    let fits = |candidate: &Candidate| candidate.word.starts_with(word.as_str());
    Offer { candidates: offer.candidates.into_iter().filter(fits).collect(), ..offer }
}

/// The command line of the program that is called so, which may be called by its path.
fn called(name: &str) -> Command {
    let name = name.rsplit('/').next().unwrap_or_default();
    let is_it = |stem: &str| TABLE.iter().find(|entry| entry.name == stem && entry.class == Class::Plumbing);
    match name.strip_prefix("emu-").and_then(is_it) {
        Some(entry) => command(entry).name(name.to_owned()),
        None => program(),
    }
}

/// What a value of this argument may be.
fn values(arg: &Arg, command: &Command, word: &str, scene: impl Fn() -> Scene) -> Offer {
    let possible = arg.get_possible_values();
    if !possible.is_empty() {
        let shown = possible.iter().filter(|value| !value.is_hide_set());
        let about =
            |help: Option<&clap::builder::StyledStr>| help.map(ToString::to_string).unwrap_or_default();
        return Offer::of(
            shown.map(|value| Candidate::new(value.get_name(), about(value.get_help()))).collect(),
        );
    }
    let name = arg.get_value_names().and_then(|names| names.first()).map_or("", |name| name.as_str());
    let beside_revision = arg.is_positional() && command.get_positionals().any(takes_revision);
    match name {
        "SINK" => sinks(word, &scene()),
        "REV:PATH" | "REV[:PATH]" => inside::offer(word, &scene()),
        _ if takes_revision(arg) => revisions::offer(word, &scene()),
        "PATH" if beside_revision => inside::paths(word, arg.is_last_set(), &scene()),
        "COMMAND" | "TOPIC" => Offer::of(topics()),
        "KEY" => Offer::of(keys(command)),
        "VALUE" => settings(word, &scene()),
        "DIR" => Offer::files(Files::Directories),
        "PATH" | "FILE" => Offer::files(Files::Any),
        _ => Offer::default(),
    }
}

fn commands(command: &Command) -> Vec<Candidate> {
    let about = |command: &Command| command.get_about().map(ToString::to_string).unwrap_or_default();
    let shown = command.get_subcommands().filter(|command| !command.is_hide_set());
    shown.map(|command| Candidate::new(command.get_name(), about(command))).collect()
}

fn options(command: &Command) -> Vec<Candidate> {
    let about = |arg: &Arg| {
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        help.lines().next().unwrap_or_default().to_owned()
    };
    let shown = command.get_arguments().filter(|arg| !arg.is_hide_set() && !arg.is_positional());
    // A short one only where there is no other.
    let name = |arg: &Arg| match (arg.get_long(), arg.get_short()) {
        (Some(long), _) => Some(format!("--{long}")),
        (None, Some(short)) => Some(format!("-{short}")),
        (None, None) => None,
    };
    shown.filter_map(|arg| Some(Candidate::new(name(arg)?, about(arg)))).collect()
}

fn sinks(word: &str, scene: &Scene) -> Offer {
    if word.contains('/') {
        return Offer::files(Files::Directories);
    }
    let known = scene.context.known_sinks().map(|(_, sinks)| sinks).unwrap_or_default();
    let about = |path: &std::path::Path| crate::quote::quoted_path(path);
    Offer::of(known.iter().map(|sink| Candidate::new(&*sink.name, about(&sink.path))).collect())
}

/// The keys of the configuration; only lists can be added to.
fn keys(command: &Command) -> Vec<Candidate> {
    let fits = |key: &String| command.get_name() != "add" || config::is_list(key);
    config::all_keys().into_iter().filter(fits).map(|key| Candidate::new(key, "")).collect()
}

/// What the key that stands before may be set to.
fn settings(word: &str, scene: &Scene) -> Offer {
    match scene.key.as_deref().unwrap_or_default() {
        "core.default-sink" => sinks(word, scene),
        "safe.directory" => Offer::files(Files::Directories),
        key => Offer::of(config::values(key).iter().map(|value| Candidate::new(*value, "")).collect()),
    }
}

/// What help explains: commands and programs, and pages of other sections.
fn topics() -> Vec<Candidate> {
    let mut topics: Vec<Candidate> = Vec::new();
    let commands = TABLE.iter().map(|entry| Candidate::new(entry.name, entry.summary));
    let pages = pages::ALL.iter().filter(|page| page.section != "1");
    let others = pages.map(|page| Candidate::new(page.topic(), page.title()));
    for topic in commands.chain(others) {
        if !topics.iter().any(|known| known.word == topic.word) {
            topics.push(topic);
        }
    }
    topics
}
