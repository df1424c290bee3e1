//! Usage errors of the argument parser in the words of the house: one `error:` line in lower
//! case, values quoted, and a hint that says what would have been right.

use super::elsewhere;
use crate::error::Error;
use crate::quote::quoted;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// The usage error of a command that was called as `called`.
pub(super) fn usage(error: &clap::Error, called: &str) -> Error {
    let text = |kind: ContextKind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        Some(ContextValue::Strings(texts)) => Some(texts.join(", ")),
        Some(ContextValue::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let arg = text(ContextKind::InvalidArg).unwrap_or_default();
    let option = name_of(&arg);
    let value = text(ContextKind::InvalidValue).unwrap_or_default();
    let failure = match error.kind() {
        ErrorKind::UnknownArgument if option.starts_with('-') => {
            Error::usage(format!("unknown option {}", quoted(option)))
        }
        ErrorKind::UnknownArgument => Error::usage(format!("unexpected argument {}", quoted(option))),
        ErrorKind::InvalidSubcommand => {
            let name = text(ContextKind::InvalidSubcommand).unwrap_or_default();
            Error::usage(format!("there is no command {}", quoted(format!("{called} {name}"))))
        }
        ErrorKind::MissingSubcommand => Error::usage(format!("`{called}` needs a command")),
        ErrorKind::InvalidValue | ErrorKind::NoEquals if value.is_empty() => {
            Error::usage(format!("{option} needs a value"))
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let allowed = text(ContextKind::ValidValue).map(|allowed| format!("allowed are {allowed}"));
            let source = std::error::Error::source(error).map(|source| house(&source.to_string()));
            let failure = Error::usage(format!("cannot use {} for {option}", quoted(&value)));
            match allowed.or(source) {
                Some(why) => failure.because(why),
                None => failure,
            }
        }
        ErrorKind::MissingRequiredArgument => {
            Error::usage(format!("`{called}` needs {}", arg.replace("\n", " and ")))
        }
        ErrorKind::ArgumentConflict => {
            let prior = text(ContextKind::PriorArg).unwrap_or_default();
            if prior.is_empty() || name_of(&prior) == option {
                Error::usage(format!("{option} stands there twice"))
            } else {
                Error::usage(format!("{option} and {} exclude each other", name_of(&prior)))
            }
        }
        ErrorKind::TooManyValues => Error::usage(format!("{option} takes no further {}", quoted(&value))),
        ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
            Error::usage(format!("{option} has too few values"))
        }
        ErrorKind::InvalidUtf8 => Error::usage("an argument is not UTF-8"),
        _ => Error::usage(house(&error.to_string())),
    };
    failure.hint(hint(error, called, option))
}

/// What would have been right, as far as that can be guessed.
fn hint(error: &clap::Error, called: &str, option: &str) -> String {
    let word = match error.get(ContextKind::InvalidSubcommand) {
        Some(ContextValue::String(name)) => name,
        _ => option,
    };
    if let Some(hint) = elsewhere::hint(called, word) {
        return hint.to_owned();
    }
    let kinds = [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue];
    let similar = kinds.iter().find_map(|kind| match error.get(*kind) {
        Some(ContextValue::String(text)) => Some(quoted(text)),
        Some(ContextValue::Strings(texts)) if !texts.is_empty() => {
            Some(either(&texts.iter().map(quoted).collect::<Vec<_>>()))
        }
        _ => None,
    });
    similar.map_or(format!("see `{called} --help`"), |similar| format!("did you mean {similar}?"))
}

/// `a`, `a or b`, `a, b or c`.
fn either(names: &[String]) -> String {
    match names {
        [first @ .., before, last] => [first, &[format!("{before} or {last}")]].concat().join(", "),
        names => names.concat(),
    }
}

/// `--wait <SECONDS>` is called `--wait`; `[DIR]` stays as it is.
fn name_of(arg: &str) -> &str {
    arg.split([' ', '=']).next().unwrap_or_default()
}

/// The first line of a foreign message, as ours are.
fn house(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default().trim();
    let line = line.strip_prefix("error: ").unwrap_or(line).trim_end_matches('.');
    let plain = match line {
        "invalid digit found in string" => Some("it is no whole number"),
        "cannot parse integer from empty string" => Some("it is empty, where a number is wanted"),
        "number too large to fit in target type" => Some("the number is too large"),
        "number too small to fit in target type" => Some("the number is too small"),
        _ => None,
    };
    let line = plain.unwrap_or(line);
    let mut chars = line.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => "the arguments cannot be understood".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{Arg, ArgAction, Command, value_parser};

    fn said(args: &[&str]) -> String {
        let command = Command::new("push")
            .arg(Arg::new("wait").long("wait").value_name("SECONDS").value_parser(value_parser!(u64)))
            .arg(Arg::new("how").long("how").value_parser(["copy", "share"]))
            .arg(Arg::new("all").long("all").action(ArgAction::SetTrue).conflicts_with("how"))
            .arg(Arg::new("path").value_name("PATH").required(true));
        let error = command.try_get_matches_from([&["push"], args].concat()).unwrap_err();
        let error = usage(&error, "emu push");
        format!("{error} | {}", error.next_step().unwrap_or_default())
    }

    #[test]
    fn a_parser_error_reads_like_one_of_ours() {
        for (args, expected) in [
            (&["--wat", "1"][..], "unknown option '--wat' | did you mean '--wait'?"),
            (&["--zzz", "p"], "unknown option '--zzz' | see `emu push --help`"),
            (&["a", "b"], "unexpected argument 'b' | see `emu push --help`"),
            (&[], "`emu push` needs <PATH> | see `emu push --help`"),
            (
                &["p", "--wait", "x"],
                "cannot use 'x' for --wait: it is no whole number | see `emu push --help`",
            ),
            (&["p", "--wait"], "--wait needs a value | see `emu push --help`"),
            (
                &["p", "--how", "shar"],
                "cannot use 'shar' for --how: allowed are copy, share | did you mean 'share'?",
            ),
            (&["p", "--all", "--how=copy"], "--all and --how exclude each other | see `emu push --help`"),
            (&["p", "--wait=1", "--wait=2"], "--wait stands there twice | see `emu push --help`"),
            (
                &["p", "--how=a\x1b[0m"],
                "cannot use 'a\\x1b[0m' for --how: allowed are copy, share | see `emu push --help`",
            ),
        ] {
            assert_eq!(said(args), expected, "{args:?}");
        }
    }

    #[test]
    fn names_to_choose_from_read_as_a_sentence() {
        let names: Vec<String> = ["'a'", "'b'", "'c'"].map(str::to_owned).to_vec();
        assert_eq!(either(&names[..1]), "'a'");
        assert_eq!(either(&names[..2]), "'a' or 'b'");
        assert_eq!(either(&names), "'a', 'b' or 'c'");
    }
}
