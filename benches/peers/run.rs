//! Runs commands: outside the clock, inside it, for the memory they take, for the system calls they make.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// An error is one line for people.
pub type Result<T> = std::result::Result<T, String>;

/// How often the memory of a process is looked at where GNU time is missing.
const POLL: Duration = Duration::from_millis(5);

/// What a clock saw, in seconds.
#[derive(Debug, Clone)]
pub struct Timing {
    /// From the start of the first command to the end of the sync.
    pub total: f64,
    /// Each command alone, without the sync.
    pub parts: Vec<f64>,
}

/// Runs commands with a home of their own, so that no cache or configuration of the user takes part.
#[derive(Debug)]
pub struct Runner {
    root: PathBuf,
    disk: File,
    gnu_time: Option<PathBuf>,
    strace: Option<PathBuf>,
}

impl Runner {
    /// A runner that keeps its own files directly below `root`.
    pub fn new(root: &Path) -> Result<Runner> {
        let disk = File::open(root).map_err(|error| format!("cannot open {}: {error}", root.display()))?;
        let mut runner = Runner { root: root.to_owned(), disk, gnu_time: None, strace: None };
        make_dir(&runner.home())?;
        make_dir(&runner.home().join("emu"))?;
        // As root, emu takes a policy from sources that are root's alone, and from those it is told to.
        write(&runner.home().join("emu/config"), "[safe]\ndirectory = [\"*\"]\n")?;
        runner.gnu_time = found("time");
        if runner.gnu_time.is_some() && runner.peak(&mut [Command::new("true")]).is_err() {
            runner.gnu_time = None;
        }
        runner.strace = found("strace");
        if runner.calls(&mut [Command::new("true")]).is_err() {
            runner.strace = None;
        }
        Ok(runner)
    }

    /// What will be missing from the results.
    pub fn notes(&self) -> Vec<String> {
        let time =
            self.gnu_time.is_none().then_some("no GNU time: peak memory is that of the first process alone");
        let strace = self.strace.is_none().then_some("no strace that works: system calls are not counted");
        time.into_iter().chain(strace).map(str::to_owned).collect()
    }

    /// The home of every command: configuration and caches.
    pub fn home(&self) -> PathBuf {
        self.root.join("home")
    }

    /// strace, if it works here.
    pub fn strace(&self) -> Option<&Path> {
        self.strace.as_deref()
    }

    fn start(&self, command: &mut Command, stdout: Stdio) -> Result<Child> {
        let stderr = File::create(self.stderr()).map_err(|error| format!("cannot write: {error}"))?;
        for name in ["EMU_SOURCE", "EMU_DATE", "RESTIC_REPOSITORY", "BORG_REPO"] {
            command.env_remove(name);
        }
        for name in ["HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "BORG_BASE_DIR"] {
            command.env(name, self.home());
        }
        command.env("LC_ALL", "C").env("RESTIC_PASSWORD", "bench");
        command.env("BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK", "yes");
        command.stdin(Stdio::null()).stdout(stdout).stderr(stderr);
        command.spawn().map_err(|error| format!("cannot start {}: {error}", shown(command)))
    }

    fn stderr(&self) -> PathBuf {
        self.root.join("stderr")
    }

    /// Anything but success is an error: what left something out cannot be compared.
    fn judge(&self, command: &Command, status: ExitStatus) -> Result<()> {
        if status.success() {
            return Ok(());
        }
        let said = fs::read(self.stderr()).unwrap_or_default();
        let said = String::from_utf8_lossy(&said);
        let last = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
        Err(format!("{}: {status}: {}", shown(command), last.trim()))
    }

    /// Runs a command to its end.
    pub fn run(&self, command: &mut Command) -> Result<()> {
        let status = self.start(command, Stdio::null())?.wait();
        self.judge(command, status.map_err(|error| format!("cannot wait: {error}"))?)
    }

    /// Runs a command and takes what it prints.
    pub fn output(&self, command: &mut Command) -> Result<Vec<u8>> {
        let child = self.start(command, Stdio::piped())?;
        let output = child.wait_with_output().map_err(|error| format!("cannot wait: {error}"))?;
        self.judge(command, output.status)?;
        Ok(output.stdout)
    }

    /// Writes out what the file system still has in memory.
    pub fn sync(&self) -> Result<()> {
        rustix::fs::syncfs(&self.disk).map_err(|error| format!("cannot sync: {error}"))
    }

    /// Runs commands one after the other and syncs, all of it timed; what came before is synced first.
    pub fn timed(&self, commands: &mut [Command]) -> Result<Timing> {
        self.sync()?;
        let begin = Instant::now();
        let mut parts = Vec::new();
        for command in commands {
            let part = Instant::now();
            self.run(command)?;
            parts.push(part.elapsed().as_secs_f64());
        }
        self.sync()?;
        Ok(Timing { total: begin.elapsed().as_secs_f64(), parts })
    }

    /// Runs commands one after the other; the highest resident memory of any process, in bytes.
    pub fn peak(&self, commands: &mut [Command]) -> Result<u64> {
        let file = self.root.join("peak");
        let mut peak = 0;
        for command in commands {
            let kib = if let Some(time) = &self.gnu_time {
                let before = [OsStr::new("-f"), OsStr::new("%M"), OsStr::new("-o"), file.as_os_str()];
                self.run(&mut under(time, &before, command))?;
                read(&file)?.trim().parse().map_err(|_| "cannot read what GNU time wrote".to_owned())?
            } else {
                self.polled(command)?
            };
            peak = peak.max(kib);
        }
        Ok(peak * 1024)
    }

    /// The high-water mark of the process itself, looked at every few milliseconds; in KiB.
    fn polled(&self, command: &mut Command) -> Result<u64> {
        let mut child = self.start(command, Stdio::null())?;
        let file = format!("/proc/{}/status", child.id());
        let mut peak = 0;
        loop {
            let text = fs::read_to_string(&file).unwrap_or_default();
            let mark = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kib = mark.and_then(|mark| mark.split_whitespace().next()?.parse().ok());
            peak = peak.max(kib.unwrap_or(0));
            if let Some(status) = child.try_wait().map_err(|error| format!("cannot wait: {error}"))? {
                return self.judge(command, status).map(|()| peak);
            }
            sleep(POLL);
        }
    }

    /// Runs commands one after the other; the system calls of all their processes, if strace works here.
    pub fn calls(&self, commands: &mut [Command]) -> Result<Option<u64>> {
        let Some(strace) = &self.strace else { return Ok(None) };
        let file = self.root.join("calls");
        let mut calls = 0;
        for command in commands {
            let before = [OsStr::new("-f"), OsStr::new("-c"), OsStr::new("-o"), file.as_os_str()];
            self.run(&mut under(strace, &before, command))?;
            let text = read(&file)?;
            let total = text.lines().find(|line| line.ends_with(" total"));
            let count = total.and_then(|line| line.split_whitespace().nth(3)?.parse::<u64>().ok());
            calls += count.ok_or("cannot read what strace wrote")?;
        }
        Ok(Some(calls))
    }
}

/// A command that runs another.
pub fn under(program: &Path, before: &[&OsStr], command: &Command) -> Command {
    let mut outer = Command::new(program);
    outer.args(before).arg(command.get_program()).args(command.get_args());
    outer
}

/// A command with arguments.
pub fn command<S: AsRef<OsStr>>(
    program: impl AsRef<OsStr>,
    arguments: impl IntoIterator<Item = S>,
) -> Command {
    let mut command = Command::new(program);
    command.args(arguments);
    command
}

/// Where PATH has a program.
pub fn found(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(name)).find(|file| file.is_file())
}

/// The program's name and its first argument, for messages.
fn shown(command: &Command) -> String {
    let name = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let first = command.get_args().next().map(OsStr::to_string_lossy).unwrap_or_default();
    format!("{} {first}", name.to_string_lossy()).trim().to_owned()
}

/// A path with something after it.
pub fn joined(path: &Path, after: &str) -> OsString {
    let mut joined = path.as_os_str().to_owned();
    joined.push(after);
    joined
}

/// Makes a directory.
pub fn make_dir(path: &Path) -> Result<()> {
    fs::create_dir(path).map_err(|error| format!("cannot make {}: {error}", path.display()))
}

/// Writes a small file.
pub fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

/// Reads a small file.
pub fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

/// Moves a file or directory.
pub fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).map_err(|error| format!("cannot move {}: {error}", from.display()))
}

/// Removes a tree, if it is there. Directories that their owner may not write are made writable first.
pub fn remove(path: &Path) -> Result<()> {
    if path.symlink_metadata().is_err() || fs::remove_dir_all(path).is_ok() {
        return Ok(());
    }
    let writable =
        Command::new("find").arg(path).args(["-type", "d", "-exec", "chmod", "u+rwx", "{}", "+"]).status();
    writable
        .and_then(|_| fs::remove_dir_all(path))
        .map_err(|error| format!("cannot remove {}: {error}", path.display()))
}
