//! Which argument stands under the cursor. A line that is being typed is no whole command line:
//! this walks it as the parser would, and never fails.

use clap::{Arg, ArgAction, Command};

/// What the word under the cursor is.
pub(super) enum Slot<'a> {
    /// A command, or a value of the argument where there is one.
    Command(Option<&'a Arg>),
    /// The name of an option.
    Option,
    /// The value of an argument, behind this text of the same word.
    Value(&'a Arg, String),
    /// Nothing belongs there.
    Nothing,
}

/// A line as far as it is typed.
pub(super) struct Line<'a> {
    /// The command whose arguments these are.
    pub(super) command: &'a Command,
    /// What the last word is.
    pub(super) slot: Slot<'a>,
}

/// Reads a line; its first word is the program, its last one stands under the cursor. The command
/// must have been built.
pub(super) fn read<'a>(program: &'a Command, words: &[String]) -> Line<'a> {
    let mut walk = Walk { command: program, places: 0, escaped: false, wants: None, lost: false };
    let (last, before) = words.split_last().map_or(("", &[][..]), |(last, before)| (last.as_str(), before));
    before.iter().skip(1).for_each(|word| walk.pass(word));
    Line { command: walk.command, slot: walk.slot(last) }
}

struct Walk<'a> {
    command: &'a Command,
    /// How many positional arguments were there.
    places: usize,
    /// Whether `--` was there.
    escaped: bool,
    /// The option whose value comes next.
    wants: Option<&'a Arg>,
    /// Whether there was an option that the command does not have: it takes nothing more.
    lost: bool,
}

impl<'a> Walk<'a> {
    fn pass(&mut self, word: &str) {
        if self.wants.take().is_some() {
            return;
        }
        if self.escaped {
            self.places += 1;
        } else if word == "--" {
            self.escaped = true;
        } else if let Some(long) = word.strip_prefix("--") {
            let (name, has_value) = long.split_once('=').map_or((long, false), |(name, _)| (name, true));
            let arg = self.long(name);
            self.lost |= arg.is_none();
            self.wants = arg.filter(|arg| needs_value(arg) && !has_value);
        } else if let Some(shorts) = word.strip_prefix('-').filter(|shorts| !shorts.is_empty()) {
            self.pass_shorts(shorts);
        } else if let Some(command) = self.command.find_subcommand(word).filter(|_| self.places == 0) {
            self.command = command;
        } else {
            self.places += 1;
        }
    }

    /// Flags in one word; the value of the last may follow in it, or in the next one.
    fn pass_shorts(&mut self, shorts: &str) {
        // Such as `-3` of log.
        let is_number = shorts.bytes().all(|byte| byte.is_ascii_digit());
        if is_number && self.place().is_some_and(Arg::is_allow_negative_numbers_set) {
            return;
        }
        let command = self.command;
        for (at, short) in shorts.char_indices() {
            match command.get_arguments().find(|arg| arg.get_short() == Some(short)) {
                None => self.lost = true,
                Some(arg) if arg.get_action().takes_values() => {
                    let is_last = at + short.len_utf8() == shorts.len();
                    self.wants = Some(arg).filter(|arg| is_last && needs_value(arg));
                    return;
                }
                Some(_) => {}
            }
        }
    }

    fn slot(&self, word: &str) -> Slot<'a> {
        if self.lost {
            return Slot::Nothing;
        }
        if let Some(arg) = self.wants {
            return Slot::Value(arg, String::new());
        }
        if !self.escaped && word.starts_with('-') {
            let Some((name, _)) = word.split_once('=') else { return Slot::Option };
            let arg = name.strip_prefix("--").and_then(|long| self.long(long));
            let arg = arg.filter(|arg| arg.get_action().takes_values());
            return arg.map_or(Slot::Nothing, |arg| Slot::Value(arg, format!("{name}=")));
        }
        let place = self.place();
        if self.places == 0 && !self.escaped && self.command.has_subcommands() {
            return Slot::Command(place);
        }
        match place {
            Some(arg) => Slot::Value(arg, String::new()),
            None if !self.escaped => Slot::Option,
            None => Slot::Nothing,
        }
    }

    /// The positional argument that comes next.
    fn place(&self) -> Option<&'a Arg> {
        let all: Vec<&Arg> = self.command.get_positionals().filter(|arg| !arg.is_hide_set()).collect();
        let behind = all.iter().copied().find(|arg| arg.is_last_set());
        if let Some(arg) = behind.filter(|_| self.escaped) {
            return Some(arg);
        }
        let mut usual = all.into_iter().filter(|arg| !arg.is_last_set());
        // Where the first may be left out, the first word may be the second argument.
        if self.command.is_allow_missing_positional_set() {
            return usual.next_back();
        }
        let mut left = self.places;
        usual.find(|arg| {
            let fits = left < most(arg);
            left = left.saturating_sub(most(arg));
            fits
        })
    }

    fn long(&self, name: &str) -> Option<&'a Arg> {
        let named = |arg: &&Arg| {
            arg.get_long() == Some(name) || arg.get_all_aliases().is_some_and(|all| all.contains(&name))
        };
        self.options().find(named)
    }

    fn options(&self) -> impl Iterator<Item = &'a Arg> {
        self.command.get_arguments().filter(|arg| !arg.is_positional())
    }
}

/// Whether the next word is this option's.
fn needs_value(arg: &Arg) -> bool {
    arg.get_action().takes_values() && arg.get_num_args().is_none_or(|range| range.min_values() > 0)
}

/// How many words a positional argument takes.
fn most(arg: &Arg) -> usize {
    let range = arg.get_num_args().map_or(1, |range| range.max_values());
    if matches!(arg.get_action(), ArgAction::Append) { usize::MAX } else { range }
}
