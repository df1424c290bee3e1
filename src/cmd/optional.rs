//! Accepts `--overwrite always` beside `--overwrite=always`, for options whose value is optional.
//!
//! The parser takes the value of such an option only after `=`, because the next word may be an argument
//! of the command. If the next word is one of the values that the option allows, it is the option's value.

use clap::{Arg, Command};
use std::ffi::OsString;

/// The arguments of a command line, with each optional value joined to its option by `=`.
pub(super) fn joined(command: &Command, args: &[OsString]) -> Vec<OsString> {
    let mut command = command;
    let mut joined = Vec::with_capacity(args.len());
    let mut words = args.iter().peekable();
    while let Some(word) = words.next() {
        joined.push(word.clone());
        let Some(text) = word.to_str() else { continue };
        if text == "--" {
            break;
        }
        if let Some(inner) = command.find_subcommand(text) {
            command = inner;
        }
        let option = text.strip_prefix("--").and_then(|long| find(command, long));
        let allows = |value: &&OsString| option.is_some_and(|option| allows(option, value));
        if let (Some(value), Some(option)) = (words.next_if(allows), joined.last_mut()) {
            option.push("=");
            option.push(value);
        }
    }
    joined.extend(words.cloned());
    joined
}

/// The option of this name, if its value is optional.
fn find<'a>(command: &'a Command, long: &str) -> Option<&'a Arg> {
    command.get_opts().find(|option| option.get_long() == Some(long) && has_optional_value(option))
}

/// Whether an option may stand with a value and without.
fn has_optional_value(option: &Arg) -> bool {
    option.get_num_args().is_some_and(|range| range.min_values() == 0 && range.takes_values())
}

fn allows(option: &Arg, word: &OsString) -> bool {
    option
        .get_possible_values()
        .iter()
        .any(|value| word.to_str().is_some_and(|word| value.matches(word, false)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::value_parser;

    fn read(line: &str) -> String {
        let when = Arg::new("when").long("when").num_args(0..=1).require_equals(true);
        let when = when.value_parser(["always", "never"]).default_missing_value("always");
        let to = Arg::new("to").long("to").value_parser(value_parser!(OsString));
        let inner = Command::new("inner").arg(when).arg(to).arg(Arg::new("path").num_args(0..));
        let args: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let joined = joined(&Command::new("outer").subcommand(inner), &args);
        joined.join(&OsString::from(" ")).into_string().unwrap()
    }

    #[test]
    fn a_word_that_the_option_allows_is_its_value() {
        for (line, expected) in [
            ("outer inner --when never HEAD", "outer inner --when=never HEAD"),
            ("outer inner --when HEAD never", "outer inner --when HEAD never"),
            ("outer inner --when=never always", "outer inner --when=never always"),
            ("outer inner HEAD --when", "outer inner HEAD --when"),
            ("outer inner HEAD -- --when never", "outer inner HEAD -- --when never"),
            ("outer --when never inner", "outer --when never inner"),
            ("outer inner --to never --when never", "outer inner --to never --when=never"),
        ] {
            assert_eq!(read(line), expected);
        }
    }

    /// Checks the options of a command and of those below it; returns how many have an optional value.
    fn check(program: &Command, path: &[OsString], command: &Command) -> usize {
        let optional: Vec<&Arg> = command.get_opts().filter(|option| has_optional_value(option)).collect();
        for option in &optional {
            let name = OsString::from(format!("--{}", option.get_long().unwrap_or_default()));
            let values = option.get_possible_values();
            assert!(
                name != "--" && !values.is_empty(),
                "{path:?} {name:?} needs a long name and fixed values"
            );
            for value in values {
                let apart = [path, &[name.clone(), value.get_name().into()]].concat();
                let mut word = name.clone();
                word.push(format!("={}", value.get_name()));
                assert_eq!(joined(program, &apart), [path, &[word]].concat());
            }
        }
        let below = command
            .get_subcommands()
            .map(|below| check(program, &[path, &[below.get_name().into()]].concat(), below));
        optional.len() + below.sum::<usize>()
    }

    #[test]
    fn every_optional_value_may_stand_apart_from_its_option() {
        let program = crate::cmd::program();
        assert!(check(&program, &["emu".into()], &program) > 0);
        for entry in crate::cmd::TABLE.iter().filter(|entry| entry.class == crate::cmd::Class::Plumbing) {
            let command = crate::cmd::command(entry);
            check(&command, &["program".into()], &command);
        }
    }
}
