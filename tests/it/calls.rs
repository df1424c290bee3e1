//! What a push costs, counted in calls of the system: so many for each entry, no more.

use std::fs;
use std::path::PathBuf;

use crate::env::need_tool;
use crate::job::Job;

/// Bytes of each file.
const SIZE: usize = 3000;

/// What a push did to the entries of its trees: each line is a call with the directory it starts
/// from, as strace prints it.
struct Trace(Vec<String>);

/// Calls that look at, open or change something.
const CALLS: &str = "statx,open,openat,openat2,newfstatat,linkat,unlinkat,mkdirat,symlinkat,renameat,renameat2,\
                     readlinkat,read,pread64,readv,write,pwrite64,writev,copy_file_range,sendfile,ftruncate,fallocate,\
                     fchmod,fchmodat,chmod,fchown,fchownat,utimensat,setxattr,lsetxattr,fsetxattr,fremovexattr,\
                     lremovexattr,listxattr,llistxattr,flistxattr,getxattr,lgetxattr,fgetxattr,fsync,fdatasync";

/// A source of `dirs` directories with ten files and a symbolic link each.
fn job(dirs: usize, config: &str) -> Job {
    let job = Job::new("dir . 0755");
    job.config(config);
    let line = format!(
        "for d in $(seq {dirs}); do mkdir src/d-$d; for f in $(seq 10); do head -c {SIZE} /dev/zero > src/d-$d/f-$f; \
         done; ln -s f-1 src/d-$d/l-1; done"
    );
    job.emu.shell(&line).succeeds();
    job.settle();
    job
}

fn push(job: &Job) -> Trace {
    let file = job.emu.path("trace");
    let emu = job.emu.command("emu", &["push", "-S", "src"]);
    let mut command =
        job.emu.command("strace", &["-f", "-qq", "-y", "-s", "4096", "-e", &format!("trace={CALLS}"), "-o"]);
    command.arg(&file).arg(emu.get_program()).args(emu.get_args());
    job.emu.session().collect(command, "push".to_owned(), b"").succeeds();
    let text = String::from_utf8_lossy(&fs::read(&file).unwrap()).into_owned();
    // A call that was interrupted stands on two lines, the second of which begins with "<...". What is read
    // below /proc tells of other processes, which may have files of such names open.
    let calls = text.lines().filter_map(|line| line.split_once(' ')).map(|(_, call)| call.trim_start());
    let is_own = |call: &&str| !call.starts_with("<...") && !call.contains("</proc/");
    Trace(calls.filter(is_own).map(str::to_owned).collect())
}

impl Trace {
    /// How many of these calls name an entry like `name` in a directory below `side`.
    fn count(&self, calls: &str, side: &str, name: &str) -> usize {
        let is_one = |line: &&String| {
            let Some((call, arguments)) = line.split_once('(') else { return false };
            calls.split(' ').any(|one| one == call)
                && arguments
                    .split_once(", ")
                    .is_some_and(|(from, rest)| from.contains(side) && rest.starts_with(&format!("\"{name}")))
        };
        self.0.iter().filter(is_one).count()
    }

    /// The calls but these that have to do with entries like `name`, by name or by descriptor.
    fn others(&self, but: &str, name: &str) -> Vec<&String> {
        let named = [format!("\"{name}"), format!("/{name}")];
        let is_one = |line: &&String| {
            let (call, arguments) = line.split_once('(').unwrap_or_default();
            // What is read and written may have such names too.
            let data = ["read", "write", "pread64", "pwrite64", "readv", "writev"].contains(&call);
            let shown = if data { arguments.split(", ").next().unwrap() } else { arguments };
            !but.split(' ').any(|one| one == call) && named.iter().any(|name| shown.contains(name))
        };
        self.0.iter().filter(is_one).collect()
    }

    fn all(&self, call: &str) -> usize {
        self.0.iter().filter(|line| line.starts_with(&format!("{call}("))).count()
    }
}

/// Nothing is done to files and links but a statx of each in the source and in one tree of the sink.
#[track_caller]
fn assert_two_looks(trace: &Trace, side: &str, dirs: usize) {
    for (name, each) in [("f-", 10), ("l-", 1)] {
        assert_eq!(trace.count("statx", "/src/d-", name), each * dirs, "{name} in the source");
        assert_eq!(trace.count("statx", side, name), each * dirs, "{name} in the sink");
        let no_look = trace.others("statx", name);
        assert!(no_look.is_empty(), "{no_look:#?}");
        let looks =
            trace.0.iter().filter(|line| line.starts_with("statx(") && line.contains(&format!("\"{name}")));
        assert_eq!(looks.count(), 2 * each * dirs);
    }
}

const SPARES: &str = "[rotate]\nkeep-last = 2\nspare-rest = 0\n";
const NO_SPARES: &str = "[rotate]\nkeep-last = 2\nspare = false\n";

fn staged() -> &'static str {
    "/sink/.emu/staging/"
}

#[test]
fn a_push_without_change_over_a_spare_looks_once_at_each_entry_of_both_sides() {
    if !need_tool("strace") {
        return;
    }
    let mut totals = Vec::new();
    for dirs in [20, 40] {
        let job = job(dirs, SPARES);
        for _ in 0..4 {
            job.push(&[]).succeeds();
        }
        let trace = push(&job);
        // A descriptor that was opened before the tree was moved is shown where it is now.
        assert_two_looks(&trace, staged(), dirs);
        assert_eq!(trace.count("statx", "/src", "d-"), dirs);
        assert_eq!(trace.count("statx", staged(), "d-"), dirs);
        assert_eq!(trace.count("openat", "/src", "d-"), dirs);
        assert_eq!(trace.count("openat", staged(), "d-"), dirs);
        assert_eq!(trace.count("mkdirat unlinkat linkat fchmodat", "", "d-"), 0);
        let changes =
            "linkat unlinkat mkdirat symlinkat renameat2 write ftruncate fchmod fchown utimensat fsetxattr";
        totals.push((trace.all("statx"), changes.split(' ').map(|call| trace.all(call)).collect::<Vec<_>>()));
        job.same();
    }
    // Twice the tree: so many looks more, and not one change.
    assert_eq!(totals[1].0 - totals[0].0, 20 * 2 * 12);
    assert_eq!(totals[1].1, totals[0].1);
}

#[test]
fn a_push_without_change_and_without_a_spare_links_each_file_once() {
    if !need_tool("strace") {
        return;
    }
    let dirs = 20;
    let job = job(dirs, NO_SPARES);
    job.push(&[]).succeeds();
    let trace = push(&job);
    for (name, each) in [("f-", 10), ("l-", 1)] {
        assert_eq!(trace.count("statx", "/src/d-", name), each * dirs);
        assert_eq!(trace.count("linkat", "/sink/.emu/trees/", name), each * dirs);
        assert!(trace.count("statx", "/sink/.emu/", name) <= each * dirs);
        let more = trace.others("statx linkat", name);
        assert!(more.is_empty(), "{more:#?}");
    }
    assert_eq!(trace.count("mkdirat", staged(), "d-"), dirs);
    job.same();
}

#[test]
fn a_first_push_opens_makes_and_reads_each_file_once() {
    if !need_tool("strace") {
        return;
    }
    let dirs = 20;
    let job = job(dirs, NO_SPARES);
    let trace = push(&job);
    assert_eq!(trace.count("statx", "/src/d-", "f-"), 10 * dirs);
    assert_eq!(trace.count("openat", "/src/d-", "f-"), 10 * dirs);
    assert_eq!(trace.count("openat", staged(), "f-"), 10 * dirs);
    assert_eq!(trace.count("linkat unlinkat statx", staged(), "f-"), 0);
    assert_eq!(trace.count("symlinkat", "", "l-"), 0);
    let of = |call: &str, side: &str| {
        let lines = trace.0.iter().filter(|line| line.starts_with(&format!("{call}(")));
        let first = lines.map(|line| line.split([',', ')']).next().unwrap());
        first.filter(|first| first.contains(side) && first.contains("/f-")).count()
    };
    // Each file is smaller than the buffer: one read brings it, at most one more says that it ended.
    assert!((10 * dirs..=20 * dirs).contains(&(of("read", "/src/d-") + of("pread64", "/src/d-"))));
    assert_eq!(of("write", staged()) + of("pwrite64", staged()), 10 * dirs);
    assert_eq!(of("fchmod", staged()), 10 * dirs);
    assert_eq!(of("utimensat", staged()), 10 * dirs);
    job.same();
}

#[test]
fn a_push_without_an_index_looks_once_more_at_each_entry_of_the_newest_tree() {
    if !need_tool("strace") {
        return;
    }
    let dirs = 20;
    let job = job(dirs, SPARES);
    for _ in 0..4 {
        job.push(&[]).succeeds();
    }
    let index: PathBuf = job.sink().join(".emu/index");
    fs::remove_file(&index).unwrap();
    let trace = push(&job);
    for (name, each) in [("f-", 10), ("l-", 1)] {
        assert_eq!(trace.count("statx", "/src/d-", name), each * dirs);
        assert_eq!(trace.count("statx", "/sink/.emu/trees/", name), each * dirs);
        assert_eq!(trace.count("statx", staged(), name), each * dirs);
        let more = trace.others("statx", name);
        assert!(more.is_empty(), "{more:#?}");
    }
    job.same();
    assert!(index.exists());
}

#[test]
fn what_moved_is_linked_and_its_old_place_is_not_looked_for_once_an_entry() {
    if !need_tool("strace") {
        return;
    }
    let dirs = 20;
    let job = job(dirs, NO_SPARES);
    // What is younger than the snapshot counts as new wherever it stands.
    job.emu.shell("find src -exec touch -h -d 2020-01-01 {} +").succeeds();
    job.settle();
    job.push(&[]).succeeds();
    job.emu.shell("mkdir src/z && mv src/d-* src/z/").succeeds();
    job.settle();
    let trace = push(&job);
    for (name, each) in [("f-", 10), ("l-", 1)] {
        assert_eq!(trace.count("statx", "/src/z/d-", name), each * dirs);
        assert_eq!(trace.count("linkat", "/sink/.emu/trees/", name), each * dirs);
        assert!(trace.count("statx", "/sink/.emu/", name) <= each * dirs);
        let more = trace.others("statx linkat", name);
        assert!(more.is_empty(), "{more:#?}");
    }
    let in_vain = trace.count("openat", "/src>", "d-");
    assert_eq!(in_vain, dirs, "looks for directories that are gone");
    job.same();
}
