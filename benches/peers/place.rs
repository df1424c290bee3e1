//! Where a run happens: a copy of the source, the programs that take part, and emu's configuration.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use crate::run::{self, Result, Runner, command, joined};

/// The directory below WORKDIR that holds everything.
const ROOT: &str = "emu-bench";
/// Where `moved-directory` moves everything to.
const MOVED: &str = "emu-bench-moved";
/// emu takes a file for unchanged only if it was left alone for 2 s before it was recorded.
const SETTLE: Duration = Duration::from_millis(2100);
/// The programs to compare with, and how each tells its version.
pub const PEERS: [(&str, &str); 7] = [
    ("cp", "--version"),
    ("rm", "--version"),
    ("rsync", "--version"),
    ("rsnapshot", "version"),
    ("conserve", "--version"),
    ("restic", "version"),
    ("borg", "--version"),
];

/// Where a run happens.
#[derive(Debug)]
pub struct Place {
    /// The directory that holds everything.
    pub root: PathBuf,
    /// What runs commands.
    pub runner: Runner,
    /// The copy of the source.
    pub source: PathBuf,
    /// Entries of the source, without its root.
    pub entries: u64,
    /// Bytes in the source's files.
    pub bytes: u64,
    /// The program that measures what the kernel charges.
    floor: PathBuf,
    /// The peers that are installed.
    peers: BTreeMap<&'static str, PathBuf>,
    /// Keys of `[rotate]` that this emu does not know.
    unknown: Vec<&'static str>,
    /// What to say below the results.
    pub notes: Vec<String>,
}

impl Place {
    /// Makes the place below `workdir`, with a copy of `source` if there is one.
    pub fn make(source: Option<&Path>, workdir: &Path, without: &[String]) -> Result<Place> {
        let workdir = real_dir(workdir)?;
        let original = source.map(real_dir).transpose()?;
        if original.as_ref().is_some_and(|source| workdir.starts_with(source)) {
            return Err("WORKDIR lies inside SOURCE, which is never written".to_owned());
        }
        let root = workdir.join(ROOT);
        if root.symlink_metadata().is_ok() {
            return Err(format!("{} is there already: remove it first", root.display()));
        }
        run::make_dir(&root)?;
        let made = Place::fill(root.clone(), original.as_deref(), without);
        if made.is_err() {
            run::remove(&root)?;
        }
        made
    }

    fn fill(root: PathBuf, original: Option<&Path>, without: &[String]) -> Result<Place> {
        let runner = Runner::new(&root)?;
        let mut place = Place {
            source: root.join("source"),
            floor: root.join("floor"),
            notes: runner.notes(),
            root,
            runner,
            entries: 0,
            bytes: 0,
            peers: BTreeMap::new(),
            unknown: Vec::new(),
        };
        let floor = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/floor.c");
        let mut cc = command("cc", ["-O2", "-pthread", "-o"]);
        place.runner.run(cc.arg(&place.floor).arg(floor))?;
        place.meet_peers(without);
        place.learn_keys()?;
        if let Some(original) = original {
            place.copy(original)?;
        }
        Ok(place)
    }

    fn copy(&mut self, original: &Path) -> Result<()> {
        eprintln!("copying {}", original.display());
        run::make_dir(&self.source)?;
        self.runner.run(command("cp", ["-a"]).arg(original.join(".")).arg(&self.source))?;
        run::remove(&self.source.join(".emu"))?;
        for entry in walkdir::WalkDir::new(&self.source).min_depth(1) {
            let entry = entry.map_err(|error| format!("cannot read the copy: {error}"))?;
            self.entries += 1;
            if entry.file_type().is_file() {
                self.bytes += entry.metadata().map_or(0, |metadata| metadata.len());
            }
        }
        if self.entries == 0 {
            return Err(format!("{} is empty", original.display()));
        }
        settle();
        Ok(())
    }

    fn meet_peers(&mut self, without: &[String]) {
        for (name, version) in PEERS {
            if without.iter().any(|out| out == name) {
                continue;
            }
            let Some(program) = run::found(name) else {
                self.notes.push(format!("{name}: not installed"));
                continue;
            };
            let said = self.runner.output(&mut command(&program, [version])).unwrap_or_default();
            let said = String::from_utf8_lossy(&said);
            let first = said.lines().next().unwrap_or("of an unknown version");
            self.notes.push(format!("{name}: {}", first.split_whitespace().collect::<Vec<_>>().join(" ")));
            self.peers.insert(name, program);
        }
    }

    /// Tries the keys that not every emu knows.
    fn learn_keys(&mut self) -> Result<()> {
        let probe = self.root.join("probe");
        for key in ["spare = true", "spare-rest = \"0\""] {
            run::make_dir(&probe)?;
            self.configure(&probe, &[key])?;
            let tried = self.runner.run(&mut self.push(&probe, &self.root.join("probe-sink")));
            let name = key.split_whitespace().next().unwrap_or_default();
            match tried {
                Err(error) if error.contains("unknown key") => {
                    self.unknown.push(name);
                    self.notes.push(format!("rotate.{name}: this emu does not know it, left out"));
                }
                // An empty source is refused, but only after its configuration was read.
                _ => {}
            }
            run::remove(&probe)?;
            run::remove(&self.root.join("probe-sink"))?;
        }
        Ok(())
    }

    /// Makes a source that no push ever saw, with these keys of `[rotate]` as far as this emu knows them.
    pub fn configure(&self, source: &Path, keys: &[&'static str]) -> Result<()> {
        let emu = source.join(".emu");
        run::remove(&emu)?;
        run::make_dir(&emu)?;
        self.write_keys(&emu.join("config"), keys)
    }

    /// Writes keys of `[rotate]`, as far as this emu knows them.
    pub fn write_keys(&self, config: &Path, keys: &[&'static str]) -> Result<()> {
        let known =
            |key: &&&'static str| !self.unknown.iter().any(|name| key.split(' ').next() == Some(name));
        let keys: Vec<&str> = keys.iter().filter(known).copied().collect();
        run::write(config, &format!("[rotate]\n{}\n", keys.join("\n")))
    }

    /// A peer, if it is installed.
    pub fn peer(&self, name: &str) -> Option<&Path> {
        self.peers.get(name).map(PathBuf::as_path)
    }

    /// emu with a subcommand and a source.
    pub fn emu(&self, subcommand: &str, source: &Path) -> Command {
        let mut emu = command(env!("CARGO_BIN_EXE_emu"), [subcommand, "-q", "-S"]);
        emu.arg(source);
        emu
    }

    /// Brings back what programs before have pushed out of memory.
    pub fn warm(&self, commands: Vec<Command>) -> Result<()> {
        commands.into_iter().try_for_each(|mut command| self.runner.run(&mut command))
    }

    /// A push to the sink at a path.
    pub fn push(&self, source: &Path, sink: &Path) -> Command {
        let mut push = self.emu("push", source);
        push.arg("--to").arg(sink);
        push
    }

    /// Pushes so many times, outside of any clock.
    pub fn pushes(&self, source: &Path, sink: &Path, count: u32) -> Result<()> {
        (0..count).try_for_each(|_| self.runner.run(&mut self.push(source, sink)))
    }

    /// What the kernel alone charges for a job, on two threads.
    pub fn floor(&self, job: &str, paths: &[&Path]) -> Command {
        let mut floor = command(&self.floor, [job, "2"]);
        floor.args(paths);
        floor
    }

    /// The tree of a sink's HEAD.
    pub fn tree(&self, sink: &Path) -> Result<PathBuf> {
        let mut path =
            self.runner.output(command(env!("CARGO_BIN_EXE_emu"), ["path"]).arg(joined(sink, ":HEAD")))?;
        path.pop();
        Ok(PathBuf::from(std::ffi::OsString::from_vec(path)))
    }

    /// Sees to it that a sink holds as many snapshots as a job is about.
    pub fn expect_snapshots(&self, sink: &Path, count: usize) -> Result<()> {
        let list = self.runner.output(command(env!("CARGO_BIN_EXE_emu"), ["log", "-s"]).arg(sink))?;
        let found = list.iter().filter(|byte| **byte == b'\n').count();
        if found == count {
            return Ok(());
        }
        Err(format!("{} holds {found} snapshots instead of {count}", sink.display()))
    }

    /// Moves everything in the source into a new directory, or back if it is there already.
    pub fn move_all(&self) -> Result<()> {
        let moved = self.source.join(MOVED);
        if moved.symlink_metadata().is_ok() {
            return self.move_back();
        }
        run::make_dir(&moved)?;
        move_content(&self.source, &moved)
    }

    /// Takes back what [`Place::move_all`] did.
    pub fn move_back(&self) -> Result<()> {
        let moved = self.source.join(MOVED);
        if moved.symlink_metadata().is_err() {
            return Ok(());
        }
        move_content(&moved, &self.source)?;
        run::remove(&moved)
    }
}

/// The absolute path of a directory, without links.
fn real_dir(path: &Path) -> Result<PathBuf> {
    let real = path.canonicalize().map_err(|error| format!("cannot use {}: {error}", path.display()))?;
    if real.is_dir() { Ok(real) } else { Err(format!("cannot use {}: no directory", path.display())) }
}

/// Renames all in a directory but `.emu` and the directory for moving.
fn move_content(from: &Path, to: &Path) -> Result<()> {
    let error = |error| format!("cannot list {}: {error}", from.display());
    for entry in fs::read_dir(from).map_err(error)? {
        let entry = entry.map_err(error)?;
        if entry.file_name() != ".emu" && entry.file_name() != MOVED {
            run::rename(&entry.path(), &to.join(entry.file_name()))?;
        }
    }
    Ok(())
}

/// Waits until nothing in a source that was just made is too young to be taken for unchanged.
pub fn settle() {
    sleep(SETTLE);
}
