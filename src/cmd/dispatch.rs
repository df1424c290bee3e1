//! From the arguments of a process to its exit status: the only place that reads the one and
//! decides the other.

use super::args::Global;
use super::{Class, Context, Entry, Status, TABLE, command, explain, find, optional, program, unknown};
use crate::config::{env, given, speaks_utf8};
use crate::error::{Doing as _, Error, Kind, Result};
use crate::quote::quoted_path;
use crate::record::FailureRecord;
use crate::ui::{Settings, Ui};
use crate::{clock, fs, interrupt};
use clap::{ArgMatches, FromArgMatches as _};
use std::ffi::OsString;
use std::process::ExitCode;

/// Commands whose answers can be long, and that only read.
const PAGED: &[&str] = &["log", "show", "diff", "ls", "find", "status", "du", "help"];

/// Commands whose work is done before their answer is printed. If only the answer cannot be printed, the
/// exit status is 3.
const WORKERS: &[&str] = &["push", "checkout", "clone", "rotate", "prune", "squash", "clean"];

/// What to say to whoever interrupted a command, where something may be left half done. Readers
/// leave nothing.
const CUT_OFF: &[(&str, &str)] = &[
    ("push", "the next push goes on with what this one finished; nothing that is listed was changed"),
    ("checkout", "the same `emu checkout` again completes it"),
    ("rotate", "the next push or rotation goes on with it"),
    ("prune", "`emu clean`, or the next push, goes on with what was begun"),
    ("squash", "`emu clean`, or the next push, goes on with what was begun"),
    ("clean", "the next one goes on with it"),
    ("verify", "`emu verify SINK:REV` checks single snapshots"),
];

/// Runs the program of this name ("emu", "emu-hash-tree") with the arguments of the process.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the arguments")]
pub fn main(name: &str) -> ExitCode {
    fs::raise_descriptor_limit();
    interrupt::watch();
    let mut args: Vec<OsString> = std::env::args_os().collect();
    match args.first_mut() {
        Some(first) => *first = name.into(),
        None => args.push(name.into()),
    }
    let status = match name.strip_prefix("emu-") {
        None => suite(&args),
        Some(stem) => {
            let row = TABLE.iter().find(|entry| entry.name == stem && entry.class == Class::Plumbing);
            match row {
                Some(entry) => single(entry, name, &args),
                None => fail(&Error::usage(format!("there is no program {name}")), true),
            }
        }
    };
    ExitCode::from(status.map_or(0, Kind::exit))
}

/// `emu …`.
fn suite(args: &[OsString]) -> Status {
    let command = program();
    let args = &optional::joined(&command, args);
    let matches = match command.try_get_matches_from(args) {
        Ok(matches) => matches,
        Err(error) => return explained(&error, "emu", args),
    };
    match matches.subcommand() {
        None => {
            printer(&Global::default(), Class::Porcelain).usage(&program().render_help().to_string());
            Some(Kind::Usage)
        }
        Some((name, own)) => match find(name) {
            Some(entry) => finish(entry, format!("emu {name}"), own),
            None => {
                let rest = own.get_many::<OsString>("").unwrap_or_default();
                let outcome = globals(&matches)
                    .and_then(|global| enter(&global).map(|()| global))
                    .map(|global| unknown::run(name, rest, global.source.as_deref()));
                outcome.map_or_else(|error| fail(&error, false), |error| fail(&error, false))
            }
        },
    }
}

/// `emu-hash-tree …`.
fn single(entry: &'static Entry, name: &str, args: &[OsString]) -> Status {
    let command = command(entry).name(name.to_owned());
    let args = &optional::joined(&command, args);
    match command.try_get_matches_from(args) {
        Ok(matches) => finish(entry, name.to_owned(), &matches),
        Err(error) => explained(&error, name, args),
    }
}

/// Help and version are answers; everything else that clap says is a usage error.
fn explained(error: &clap::Error, called: &str, args: &[OsString]) -> Status {
    use clap::error::ErrorKind;
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let ui = printer(&Global::default(), Class::Porcelain);
        if called == "emu" && !args.iter().any(|arg| arg == "--no-pager") {
            ui.page_with(pager());
        }
        let printed = ui.out(error.render().to_string().trim_end()).and_then(|()| ui.flush());
        let printed = ui.end().and(printed);
        return printed.err().filter(|_| !ui.is_closed()).and_then(|error| fail(&error, false));
    }
    // What the options would have said is not known; `--json` is looked for as it stands.
    let scripted = args.iter().take_while(|arg| *arg != "--").any(|arg| arg == "--json");
    let named = args.iter().skip(1).find_map(|arg| find(arg.to_str()?));
    let of_command = named.filter(|_| called == "emu");
    let called = of_command.map_or(called.to_owned(), |entry| format!("emu {}", entry.name));
    let plumbing = called.starts_with("emu-") || of_command.is_some_and(|e| e.class == Class::Plumbing);
    fail(&explain::usage(error, &called), scripted || plumbing)
}

/// Explains a failure from before there was a context.
fn fail(error: &Error, json: bool) -> Status {
    let ui = printer(&Global { json, ..Global::default() }, Class::Porcelain);
    ui.error(error);
    let _ = ui.flush();
    Some(error.kind())
}

fn globals(matches: &ArgMatches) -> Result<Global> {
    Global::from_arg_matches(matches).map_err(|error| explain::usage(&error, "emu"))
}

/// Runs a command whose arguments were understood.
fn finish(entry: &'static Entry, called: String, matches: &ArgMatches) -> Status {
    let mut global = match globals(matches) {
        Ok(global) => global,
        Err(error) => return fail(&error, entry.class == Class::Plumbing),
    };
    global.json |= entry.class == Class::Plumbing;
    let ui = printer(&global, entry.class);
    if entry.class == Class::Porcelain && PAGED.contains(&entry.name) && !global.no_pager {
        ui.page_with(pager());
    }
    // One short text a process; locks keep it while the command runs.
    let context = Context::new(ui.clone(), global, entry.class, String::leak(called));
    let outcome = enter(&context.global).and_then(|()| (entry.run)(matches, &context));
    let outcome = outcome.and_then(|status| match ui.flush() {
        Err(error) if WORKERS.contains(&entry.name) && !ui.is_closed() => {
            ui.error(&error);
            Ok(Kind::worst(status.into_iter().chain([Kind::Incomplete])))
        }
        flushed => flushed.map(|()| status),
    });
    let status = told(&ui, entry.name, outcome);
    match ui.end() {
        Ok(()) => status,
        Err(error) => {
            ui.error(&error);
            status.or(Some(error.kind()))
        }
    }
}

/// Explains how a command ended.
fn told(ui: &Ui, name: &str, outcome: Result<Status>) -> Status {
    match outcome {
        Ok(status) => {
            if status.is_some() {
                ui.tell_held_back();
            }
            status
        }
        // Whoever read the answer has seen enough.
        Err(error) if ui.is_closed() && error.errno() == Some(fs::Errno::PIPE) => None,
        Err(error) => {
            let kind = error.kind();
            let hint = CUT_OFF.iter().find(|(command, _)| *command == name);
            let error = match (kind, hint) {
                (Kind::Interrupted(_), Some((_, hint))) if error.next_step().is_none() => error.hint(*hint),
                _ => error,
            };
            ui.error(&error);
            let _ = ui.flush();
            Some(kind)
        }
    }
}

/// The pager by the environment, as git chooses it.
fn pager() -> OsString {
    given("EMU_PAGER").or_else(|| given("PAGER")).unwrap_or_else(|| "less".into())
}

/// Takes over what the environment and `-C` say of the whole process.
pub(super) fn enter(global: &Global) -> Result<()> {
    if let Some(date) = env("EMU_DATE") {
        clock::fix(&date.to_string_lossy())?;
    }
    if let Some(fault) = env("EMU_TEST_FAULT").filter(|_| cfg!(debug_assertions))
        && !fs::fault::arm(&fault.to_string_lossy())
    {
        return Err(Error::usage("cannot read EMU_TEST_FAULT").hint("it is like kill:17 or 28:17"));
    }
    for path in &global.directory {
        let cannot = || format!("cannot change to {}", quoted_path(path));
        let dir = fs::open_operator(path).doing(cannot).map_err(|error| error.with_kind(Kind::NotFound))?;
        rustix::process::fchdir(dir.fd()).doing(cannot)?;
    }
    Ok(())
}

fn printer(global: &Global, class: Class) -> Ui {
    let dumb = env("TERM").is_none_or(|term| term == "dumb");
    let settings = Settings {
        quiet: global.quiet,
        verbose: global.verbose,
        json: global.json,
        script: class == Class::Plumbing,
        color: global.color,
        plain: dumb || env("NO_COLOR").is_some(),
        dumb,
        ascii: !speaks_utf8(),
    };
    Ui::new(settings, |error| serde_json::to_string(&FailureRecord::new(error)).unwrap_or_default())
}
