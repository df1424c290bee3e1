//! The command lines that tests ran, for `tests/used.rs`, which fails for what none of them used; and
//! the promise that a dry run changes nothing, held against every one that any test makes.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

use emu::cmd;

/// One list of words a line, as JSON.
fn lines() -> &'static Mutex<File> {
    static LINES: OnceLock<Mutex<File>> = OnceLock::new();
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("command-lines");
    LINES.get_or_init(|| Mutex::new(File::create(path).unwrap()))
}

/// Notes a command line of one of the suite's programs that was understood.
pub fn note(program: &str, args: &[&str], status: i32) {
    if (program == "emu" || program.starts_with("emu-")) && status != 2 {
        let words: Vec<&str> = std::iter::once(program).chain(args.iter().copied()).collect();
        let line = serde_json::to_string(&words).unwrap();
        writeln!(lines().lock().unwrap(), "{line}").unwrap();
    }
}

/// Whether these words ask for a dry run.
pub fn is_dry_run(program: &str, args: &[&str]) -> bool {
    // To build the command line of all of emu takes long.
    if !args.iter().any(|arg| arg.starts_with('-') && arg.contains('n')) {
        return false;
    }
    let all = std::iter::once(program).chain(args.iter().copied());
    let command = match program.strip_prefix("emu-") {
        None if program == "emu" => cmd::program(),
        Some(stem) => match cmd::TABLE.iter().find(|entry| entry.name == stem) {
            Some(entry) => cmd::command(entry).name(program.to_owned()),
            None => return false,
        },
        None => return false,
    };
    let Ok(mut matches) = command.try_get_matches_from(all) else { return false };
    loop {
        if matches.try_get_one::<bool>("dry_run").is_ok_and(|dry| dry == Some(&true)) {
            return true;
        }
        match matches.remove_subcommand() {
            Some((_, below)) => matches = below,
            None => return false,
        }
    }
}

/// All that stands below a directory, down to the moment of its last change.
pub fn everything(dir: &Path) -> Vec<(PathBuf, String)> {
    use std::os::unix::fs::MetadataExt;
    let entries = walkdir::WalkDir::new(dir).sort_by_file_name().into_iter().filter_map(Result::ok);
    let fact = |entry: walkdir::DirEntry| {
        let stat = entry.path().symlink_metadata().ok()?;
        let (ino, mode, size) = (stat.ino(), stat.mode(), stat.len());
        let time = (stat.mtime(), stat.mtime_nsec(), stat.ctime(), stat.ctime_nsec());
        Some((entry.into_path(), format!("{ino} {mode:o} {size} {time:?}")))
    };
    entries.filter_map(fact).collect()
}
