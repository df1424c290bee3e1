//! What the rest of the line says about the word under the cursor: the source, the sink, the
//! snapshot.

use crate::cmd::{Class, Context, Global, dispatch};
use crate::ui::{Settings, Ui};
use clap::{ArgMatches, Command, FromArgMatches as _};

/// Stands in for the record of a failure: none is printed.
fn unsaid(_: &crate::error::Error) -> String {
    String::new()
}

/// What the words before the cursor say.
pub(super) struct Scene {
    /// The source and the sinks, opened when they are needed; says nothing.
    pub(super) context: Context,
    /// The value of `--sink`.
    pub(super) sink: Option<String>,
    /// The revisions that are there.
    pub(super) revisions: Vec<String>,
    /// The key of the configuration that is there.
    pub(super) key: Option<String>,
    /// Whether paths are those of the snapshot, wherever the user is.
    pub(super) from_root: bool,
}

/// Reads what is typed so far; what cannot be understood is as if it was not there. The program ignores
/// errors.
pub(super) fn read(program: &Command, command: &Command, before: &[String]) -> Scene {
    let parsed = program.clone().try_get_matches_from(before).ok();
    let mut matches: Option<&ArgMatches> = parsed.as_ref();
    while let Some((_, below)) = matches.and_then(ArgMatches::subcommand) {
        matches = Some(below);
    }
    let global = matches.and_then(|matches| Global::from_arg_matches(matches).ok()).unwrap_or_default();
    let raw = |id: &str| -> Vec<String> {
        let values = matches.and_then(|matches| matches.try_get_raw(id).ok().flatten());
        values.into_iter().flatten().filter_map(|value| value.to_str().map(str::to_owned)).collect()
    };
    let named = |name: &str| command.get_arguments().find(|arg| arg.get_long() == Some(name));
    let value = |name: &str| named(name).and_then(|arg| raw(arg.get_id().as_str()).pop());
    let of_revisions = command.get_positionals().filter(|arg| takes_revision(arg));
    let revisions = of_revisions.flat_map(|arg| raw(arg.get_id().as_str())).collect();
    let (sink, key, from_root) = (value("sink"), raw("key").pop(), value("to").is_some());
    // Where `-C` leads nowhere, the command will say so.
    let _ = dispatch::enter(&global);
    let ui = Ui::new(Settings { quiet: true, script: true, ..Settings::default() }, unsaid);
    let context = Context::new(ui, global, Class::Plumbing, "emu completions");
    Scene { context, sink, revisions, key, from_root }
}

/// Whether an argument is a snapshot, by the name of its value.
pub(super) fn takes_revision(arg: &clap::Arg) -> bool {
    let name = arg.get_value_names().and_then(|names| names.first()).map(|name| name.as_str());
    name.is_some_and(|name| match name {
        "A" | "B" | "A..B" | "REV|SINK|PATH" | "REV[:PATH]" => true,
        _ => name.contains("REV") && !name.contains("PATH"),
    })
}
