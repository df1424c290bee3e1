//! Words of other programs, and what there is instead: most who come know git or restic.

/// Commands, their own commands and options: where, what was typed, and what to type.
const WORDS: &[(&[&str], &[&str], &str)] = &[
    (SUITE, &["backup", "commit", "save", "snapshot"], "`emu push` makes a snapshot"),
    (
        SUITE,
        &["add", "stage"],
        "nothing is staged: `emu push` saves all that .emu/excludes does not leave out",
    ),
    (
        SUITE,
        &["restore", "reset", "revert", "switch", "pull", "extract"],
        "`emu checkout REV` makes the source as it was, `emu checkout REV --to DIR` another directory",
    ),
    (SUITE, &["snapshots", "history", "reflog"], "`emu log` lists the snapshots"),
    (SUITE, &["list"], "`emu log` lists the snapshots, `emu ls REV` what is in one"),
    (SUITE, &["blame"], "`emu log -- PATH` lists the snapshots in which a path changed"),
    (SUITE, &["info"], "`emu show REV` shows a snapshot, `emu status` the sinks"),
    (
        SUITE,
        &["forget", "expire", "delete", "remove", "rm"],
        "`emu rotate` removes what the retention policy lets go, `emu prune REV` single snapshots",
    ),
    (SUITE, &["check", "fsck"], "`emu verify` reads snapshots and compares them with their manifests"),
    (SUITE, &["repair", "recover"], "`emu verify --repair` replaces what is damaged by sound copies"),
    (
        SUITE,
        &["gc", "repack", "compact"],
        "nothing needs collecting; `emu clean` frees at once what is no snapshot",
    ),
    (SUITE, &["remote", "repo", "sinks"], "a sink holds the snapshots: `emu sink` lists them"),
    (SUITE, &["init-repo"], "`emu init` makes a source, `emu sink add PATH` a place for its snapshots"),
    (SUITE, &["mount", "archive"], "a snapshot is a plain directory: `emu path REV` says where it is"),
    (SUITE, &["dump"], "`emu cat REV:PATH` prints a file"),
    (SUITE, &["unlock", "break-lock"], "a lock goes with its holder: there is nothing to unlock"),
    (SUITE, &["tag"], "`emu push -m TEXT` says what a snapshot is, `emu pin REV` keeps it"),
    (SUITE, &["branch", "merge"], "there are no branches; `emu log --graph` draws the lines of history"),
    (SUITE, &["stats", "df"], "`emu du` says how much room snapshots take"),
    (
        SUITE,
        &["exclude", "ignore"],
        ".emu/excludes has the patterns, `emu check-exclude PATH` says which one fits",
    ),
    (SINK, &["remove", "delete", "forget", "detach"], "`emu sink rm NAME` makes the source forget a sink"),
    (SINK, &["set-url", "relocate"], "`emu sink move NAME PATH` says where the sink is now"),
    (SINK, &["show", "status"], "`emu sink list` lists the sinks, `emu status` says more of each"),
    (SINK, &["prune"], "`emu sink clean` forgets the sinks that are absent"),
    (SINK, &["init", "new", "create"], "`emu sink add NAME PATH` makes a sink"),
    (CONFIG, &["--global"], "--user is the user's file, --system the system's"),
    (CONFIG, &["--local"], "without --user, --system and --sink it is the source's file"),
    (
        CHANGES,
        &["-p", "--patch"],
        "emu does not show differences inside files; --stat and --name-status say what changed",
    ),
    (CHANGES, &["--name-only"], "--name-status says what changed"),
];

const SUITE: &[&str] = &["emu"];
const SINK: &[&str] = &["emu sink"];
const CONFIG: &[&str] = &["emu config"];
const CHANGES: &[&str] = &["emu log", "emu show", "emu diff"];

/// What to type instead of `word` behind `called`, such as `emu` or `emu sink`.
pub(super) fn hint(called: &str, word: &str) -> Option<&'static str> {
    let row = WORDS.iter().find(|(places, words, _)| places.contains(&called) && words.contains(&word));
    row.map(|(.., hint)| *hint)
}

#[cfg(test)]
mod tests {
    use super::WORDS;
    use crate::cmd::program;

    /// Whether a command line that a hint names is one, its options included.
    fn is_there(line: &str) -> bool {
        let mut words = line.split(' ').skip(1).peekable();
        let mut command = program();
        while let Some(below) = words.peek().and_then(|word| command.find_subcommand(word)).cloned() {
            (command, _) = (below, words.next());
        }
        let knows = |option: &str| {
            let name = option.trim_start_matches('-');
            command.get_arguments().any(|arg| {
                arg.get_long() == Some(name) || arg.get_short().is_some_and(|c| name == c.to_string())
            })
        };
        let is_value = |word: &str| word.starts_with(char::is_uppercase);
        command.get_name() != "emu"
            && words
                .all(|word| word == "--" || if word.starts_with('-') { knows(word) } else { is_value(word) })
    }

    #[test]
    fn every_command_that_a_hint_names_is_there() {
        for (_, words, hint) in WORDS {
            for line in hint.split('`').skip(1).step_by(2) {
                assert!(is_there(line), "{words:?}: {line}");
            }
        }
        assert!(!is_there("emu frob") && !is_there("emu sink frob") && !is_there("emu log --frob"));
    }

    #[test]
    fn no_word_is_a_command_of_ours() {
        for (places, words, _) in WORDS {
            for place in *places {
                for word in *words {
                    assert!(!is_there(&format!("{place} {word}")), "{place} {word}");
                }
            }
        }
    }
}
