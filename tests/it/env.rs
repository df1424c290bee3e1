//! A place of its own for each test: home, clock, environment and programs, nothing inherited.
//!
//! `Emu` is the place, a `Session` is who works in it and from which directory, an `Output` is
//! what a command said, printed as one snapshot that holds still from run to run.

mod disk;
mod need;
mod noted;
mod output;
mod shows;
mod terminal;

use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

pub use disk::LoopFs;
pub use need::{need_loop, need_root, need_tool};
pub use output::Output;
pub use shows::{assert_shows, assert_text};
pub use terminal::Terminal;

/// The time of the first command.
const START: &str = "2026-11-22T18:00:00Z";

/// A directory with a home in it, and a clock that every command moves on.
pub struct Emu {
    root: PathBuf,
    clock: Mutex<Clock>,
    names: Arc<Mutex<output::Names>>,
    /// Removed with all that is in it when the test ends.
    dir: Option<tempfile::TempDir>,
}

impl Drop for Emu {
    /// A test leaves nothing behind: what is mounted or made immutable below it has to go before.
    fn drop(&mut self) {
        if !rustix::process::geteuid().is_root() {
            // An ordinary user cannot empty what nobody may write to.
            let _ = Command::new("chmod").args(["-R", "u+rwX"]).arg(&self.root).output();
        }
        let removed = self.dir.take().unwrap().close();
        assert!(
            removed.is_ok() || std::thread::panicking(),
            "{} is left over: {removed:?}",
            self.root.display()
        );
    }
}

struct Clock {
    now: jiff::Timestamp,
    step: jiff::SignedDuration,
}

impl Emu {
    /// A fresh place; everybody may walk through it, so that ordinary users can work in it.
    pub fn new() -> Emu {
        let dir = tempfile::Builder::new().prefix("emu-test-").tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        for name in ["", "home", "home/.config", "home/.cache", "home/.local", "run", "tmp"] {
            let path = root.join(name);
            std::fs::create_dir_all(&path).unwrap();
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        }
        std::fs::set_permissions(root.join("tmp"), PermissionsExt::from_mode(0o1777)).unwrap();
        let clock = Clock { now: START.parse().unwrap(), step: jiff::SignedDuration::from_hours(1) };
        let names = Arc::new(Mutex::new(output::Names::new(&root)));
        Emu { root, clock: Mutex::new(clock), names, dir: Some(dir) }
    }

    /// The directory that is shown as `ROOT`.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A path below the root.
    pub fn path(&self, below: impl AsRef<Path>) -> PathBuf {
        self.root.join(below)
    }

    /// Makes the next command run at `date` ("2026-11-23T09:00:00Z").
    pub fn at(&self, date: &str) -> &Emu {
        self.clock.lock().unwrap().now = date.parse().unwrap();
        self
    }

    /// How many seconds the clock moves on with each command; an hour at first.
    pub fn step(&self, seconds: i64) -> &Emu {
        self.clock.lock().unwrap().step = jiff::SignedDuration::from_secs(seconds);
        self
    }

    /// Builds a tree at `below` in the language of `tree.rs`, and says where it is.
    pub fn tree(&self, below: &str, text: &str) -> PathBuf {
        let path = self.path(below);
        crate::tree::build(&path, text);
        path
    }

    /// Whoever runs the tests, working in the root.
    pub fn session(&self) -> Session<'_> {
        Session { emu: self, uid: None, without: None, dir: self.root.clone(), variables: Vec::new() }
    }

    /// The same, working in a directory below the root.
    pub fn inside(&self, below: impl AsRef<Path>) -> Session<'_> {
        self.session().inside(below)
    }

    /// Whoever runs the tests, but without root's privilege to read what modes forbid: nobody can read
    /// a file of mode 0000 then.
    pub fn blind(&self) -> Session<'_> {
        self.without("-dac_override,-dac_read_search")
    }

    /// Whoever runs the tests, but without these of root's capabilities ("-mknod").
    pub fn without(&self, capabilities: &'static str) -> Session<'_> {
        let root = rustix::process::geteuid().is_root();
        Session { without: root.then_some(capabilities), ..self.session() }
    }

    /// An ordinary user with a home of its own, working in the root. Needs root.
    pub fn as_user(&self, uid: u32) -> Session<'_> {
        let home = self.path(format!("home-{uid}"));
        std::fs::create_dir_all(home.join(".config")).unwrap();
        give(&home, uid);
        Session { uid: Some(uid), ..self.session() }
    }

    /// Runs `emu` with these arguments.
    pub fn run(&self, args: &[&str]) -> Output {
        self.session().run(args)
    }

    /// Runs `emu`, which must succeed, and returns what it printed.
    pub fn ok(&self, args: &[&str]) -> String {
        self.session().ok(args)
    }

    /// Runs `emu`, which must exit with `status`, and returns what it said on stderr.
    pub fn fails(&self, args: &[&str], status: i32) -> String {
        self.session().fails(args, status)
    }

    /// Runs any program ("emu-hash-tree", "rsync").
    pub fn program(&self, program: &str, args: &[&str]) -> Output {
        self.session().pipe(program, args, b"")
    }

    /// Runs any program with these bytes on its standard input.
    pub fn pipe(&self, program: &str, args: &[&str], stdin: &[u8]) -> Output {
        self.session().pipe(program, args, stdin)
    }

    /// Runs a line of shell; a pipeline fails with its first failing part.
    pub fn shell(&self, line: &str) -> Output {
        self.session().shell(line)
    }

    /// A command that has not been started, for tests that steer it themselves.
    pub fn command(&self, program: &str, args: &[&str]) -> Command {
        self.session().command(program, args)
    }

    /// The time for the next command; the clock moves on.
    fn tick(&self) -> String {
        let mut clock = self.clock.lock().unwrap();
        let now = clock.now;
        clock.now = now.checked_add(clock.step).unwrap();
        now.to_string()
    }
}

/// Who runs commands, where, and with what added to the environment.
#[derive(Clone)]
pub struct Session<'a> {
    emu: &'a Emu,
    uid: Option<u32>,
    without: Option<&'static str>,
    dir: PathBuf,
    variables: Vec<(String, String)>,
}

impl<'a> Session<'a> {
    /// The same, working in a directory below the root.
    #[must_use]
    pub fn inside(mut self, below: impl AsRef<Path>) -> Session<'a> {
        self.dir = self.emu.path(below);
        self
    }

    /// The same, with one more environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Session<'a> {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Runs `emu` with these arguments.
    pub fn run(&self, args: &[&str]) -> Output {
        self.pipe("emu", args, b"")
    }

    /// Runs `emu`, which must succeed, and returns what it printed.
    pub fn ok(&self, args: &[&str]) -> String {
        self.run(args).succeeds().stdout
    }

    /// Runs `emu`, which must exit with `status`, and returns what it said on stderr.
    pub fn fails(&self, args: &[&str], status: i32) -> String {
        self.run(args).exits(status).stderr
    }

    /// Runs a line of shell; a pipeline fails with its first failing part.
    pub fn shell(&self, line: &str) -> Output {
        self.collect(self.command("bash", &["-o", "pipefail", "-c", line]), line.to_owned(), b"")
    }

    /// Runs any program with these bytes on its standard input.
    pub fn pipe(&self, program: &str, args: &[&str], stdin: &[u8]) -> Output {
        let line = [&[program], args].concat().join(" ");
        let before = noted::is_dry_run(program, args).then(|| noted::everything(self.emu.root()));
        let output = self.collect(self.command(program, args), line, stdin);
        if let Some(before) = before {
            let after = noted::everything(self.emu.root());
            let changed: Vec<_> = after.iter().filter(|fact| !before.contains(fact)).collect();
            assert!(
                changed.is_empty() && after.len() == before.len(),
                "a dry run changed {changed:?}: {output}"
            );
        }
        noted::note(program, args, output.status);
        output
    }

    /// Runs a command that a test has changed further; `line` is how its output calls it.
    pub fn collect(&self, mut command: Command, line: String, stdin: &[u8]) -> Output {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot run {line}: {error}"));
        let mut input = child.stdin.take().unwrap();
        let done = std::thread::scope(|scope| {
            // A program that ends without reading its input is no failure of the test.
            scope.spawn(move || drop(input.write_all(stdin)));
            child.wait_with_output().unwrap()
        });
        Output::new(line, &done, &self.emu.names)
    }

    /// A command that has not been started, for tests that steer it themselves.
    pub fn command(&self, program: &str, args: &[&str]) -> Command {
        let found = self.locate(program);
        let mut command = match (self.uid, self.without) {
            (None, Some(capabilities)) => {
                let mut command = Command::new("setpriv");
                command.args(["--bounding-set", capabilities, "--"]).arg(found);
                command
            }
            (None, None) => Command::new(found),
            (Some(uid), _) => {
                let mut command = Command::new("setpriv");
                let id = uid.to_string();
                command.args(["--reuid", &id, "--regid", &id, "--clear-groups", "--"]).arg(found);
                command
            }
        };
        let home = self.emu.path(self.uid.map_or("home".to_owned(), |uid| format!("home-{uid}")));
        command.args(args).current_dir(&self.dir).env_clear();
        command.env("PATH", self.search_path());
        command.env("TZ", "UTC").env("LC_ALL", "C.UTF-8").env("EMU_DATE", self.emu.tick());
        command.env("XDG_CONFIG_HOME", home.join(".config")).env("XDG_CACHE_HOME", home.join(".cache"));
        command
            .env("XDG_DATA_HOME", home.join(".local/share"))
            .env("XDG_STATE_HOME", home.join(".local/state"));
        command.env("XDG_RUNTIME_DIR", self.emu.path("run")).env("TMPDIR", self.emu.path("tmp"));
        command.env("HOME", home).envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// The suite's programs first, then the tools of the machine.
    fn search_path(&self) -> std::ffi::OsString {
        let mut path = self.programs().into_os_string();
        if let Some(tools) = std::env::var_os("PATH") {
            path.push(":");
            path.push(tools);
        }
        path
    }

    /// Programs of the suite by their place, all others by PATH.
    fn locate(&self, program: &str) -> PathBuf {
        let ours = program == "emu" || program.starts_with("emu-");
        if ours { self.programs().join(program) } else { PathBuf::from(program) }
    }

    /// Where the suite's programs are; for an ordinary user a directory that it can reach.
    fn programs(&self) -> PathBuf {
        let built = Path::new(env!("CARGO_BIN_EXE_emu")).parent().unwrap();
        if self.uid.is_none() || built.ancestors().all(|dir| mode(dir) & 0o001 != 0) {
            return built.to_owned();
        }
        let reachable = self.emu.path("bin");
        if std::fs::create_dir(&reachable).is_ok() {
            std::fs::set_permissions(&reachable, PermissionsExt::from_mode(0o755)).unwrap();
            for program in suite(built) {
                let to = reachable.join(program.file_name().unwrap());
                std::fs::hard_link(&program, &to)
                    .or_else(|_| std::fs::copy(&program, &to).map(drop))
                    .unwrap();
            }
        }
        reachable
    }
}

/// The suite's programs in a directory of built things.
fn suite(built: &Path) -> Vec<PathBuf> {
    let is_ours = |name: &OsStr| {
        let name = name.to_string_lossy();
        !name.contains('.') && (name == "emu" || name.starts_with("emu-"))
    };
    let entries = std::fs::read_dir(built).unwrap().map(|entry| entry.unwrap());
    entries.filter(|entry| is_ours(&entry.file_name())).map(|entry| entry.path()).collect()
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode()
}

/// Makes `path` and all below it belong to `uid` and the group of the same number. Needs root.
pub fn give(path: &Path, uid: u32) {
    for entry in walkdir::WalkDir::new(path) {
        std::os::unix::fs::lchown(entry.unwrap().path(), Some(uid), Some(uid)).unwrap();
    }
}

#[test]
fn a_session_inherits_nothing_but_the_path() {
    let emu = Emu::new();
    let shown = emu.program("env", &[]).succeeds().stdout;
    let mut names: Vec<_> = shown.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    names.sort_unstable();
    let expected = "EMU_DATE HOME LC_ALL PATH TMPDIR TZ XDG_CACHE_HOME XDG_CONFIG_HOME XDG_DATA_HOME \
                    XDG_RUNTIME_DIR XDG_STATE_HOME";
    assert_eq!(names.join(" "), expected);
}

#[test]
fn every_command_is_an_hour_later_than_the_one_before() {
    let emu = Emu::new();
    let date = || emu.shell("echo $EMU_DATE").succeeds().stdout;
    assert_eq!([date(), date()], ["2026-11-22T18:00:00Z\n", "2026-11-22T19:00:00Z\n"]);
    emu.at("2027-01-01T00:00:00Z").step(1);
    assert_eq!([date(), date()], ["2027-01-01T00:00:00Z\n", "2027-01-01T00:00:01Z\n"]);
}

#[test]
fn an_ordinary_user_owns_what_it_is_given() {
    if !(need_root() && need_tool("setpriv")) {
        return;
    }
    let emu = Emu::new();
    give(&emu.tree("src", "file a 0600 \"text\""), 1234);
    let user = emu.as_user(1234);
    assert_eq!(user.inside("src").shell("id -u; cat a").succeeds().stdout, "1234\ntext");
    assert_eq!(emu.as_user(1235).shell("cat src/a").exits(1).stdout, "");
}
