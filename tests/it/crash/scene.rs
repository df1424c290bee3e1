//! A source and a sink with a history, put back as often as a test breaks it, and the questions
//! that are asked after each break.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use walkdir::WalkDir;

use crate::env::{Emu, LoopFs, Output};
use crate::tree::{self, Show};

/// A source `src` and a sink; by and by with snapshots.
pub struct Scene {
    /// Memory, where syncing costs nothing; a plain directory for an ordinary user. Unmounted
    /// before the directory around it goes, hence the first of the fields.
    _disk: Option<LoopFs>,
    /// Where all happens.
    pub emu: Emu,
    sink: PathBuf,
}

impl Scene {
    /// A source built from `text` with this configuration, and an empty sink in memory.
    pub fn new(text: &str, config: &str) -> Scene {
        let emu = Emu::new();
        let root = rustix::process::geteuid().is_root();
        let disk = root.then(|| LoopFs::tmpfs(&emu.path("disk"), 256));
        std::fs::create_dir_all(emu.path("disk")).unwrap();
        let sink = emu.path("disk/sink");
        let scene = Scene { emu, sink, _disk: disk };
        scene.begin(text, config);
        scene
    }

    /// The same with the sink at `sink`.
    pub fn at(emu: Emu, sink: &Path, text: &str, config: &str) -> Scene {
        let scene = Scene { emu, sink: sink.to_owned(), _disk: None };
        scene.begin(text, config);
        scene
    }

    fn begin(&self, text: &str, config: &str) {
        self.emu.tree("src", text);
        self.emu.ok(&["init", "src"]);
        self.emu.ok(&["-S", "src", "sink", "add", "origin", self.sink.to_str().unwrap()]);
        self.configure(config);
    }

    /// Replaces the source's configuration.
    pub fn configure(&self, config: &str) {
        std::fs::write(self.emu.path("src/.emu/config"), config).unwrap();
    }

    /// Pushes, which must succeed.
    pub fn push(&self) -> Output {
        self.emu.run(&["-S", "src", "push"]).succeeds()
    }

    /// A path in the sink.
    pub fn sink(&self, below: &str) -> PathBuf {
        self.sink.join(below)
    }

    /// Changes the source.
    pub fn edit(&self, text: &str) {
        tree::build(&self.emu.path("src"), text);
    }

    /// Keeps a copy of the sink for `restore`.
    pub fn keep(&self) {
        copy(&self.sink, &self.sink.with_extension("kept"));
    }

    /// Puts the kept sink back, hard links and times included.
    pub fn restore(&self) {
        copy(&self.sink.with_extension("kept"), &self.sink);
    }

    /// Runs `emu` with a fault armed.
    pub fn faulty(&self, fault: &str, args: &[&str], stdin: &[u8]) -> Output {
        self.emu.session().env("EMU_TEST_FAULT", fault).pipe("emu", args, stdin)
    }

    /// The records of `emu log`, newest first. It must say nothing on stderr.
    #[track_caller]
    pub fn log(&self) -> Vec<serde_json::Value> {
        let output = self.emu.run(&["-S", "src", "log", "--json"]).succeeds();
        assert_eq!(output.stderr, "", "log has something to say");
        output.records()
    }

    /// The listed ids, oldest first.
    #[track_caller]
    pub fn ids(&self) -> Vec<String> {
        self.log().iter().rev().map(|record| record["id"].as_str().unwrap().to_owned()).collect()
    }

    /// The tree of a snapshot.
    pub fn tree(&self, id: &str) -> PathBuf {
        self.sink(".emu/trees").join(id)
    }

    /// Everything that can be seen of each listed snapshot, inodes included.
    #[track_caller]
    pub fn seen(&self) -> BTreeMap<String, String> {
        self.ids().into_iter().map(|id| (id.clone(), seen(&self.tree(&id)))).collect()
    }

    /// The same without contents, for big trees.
    #[track_caller]
    pub fn stamps(&self) -> BTreeMap<String, Vec<String>> {
        self.ids().into_iter().map(|id| (id.clone(), stamps(&self.tree(&id)))).collect()
    }

    /// Verifies all that is listed.
    #[track_caller]
    pub fn verify(&self) {
        self.emu.run(&["-S", "src", "verify"]).succeeds();
    }

    /// Nothing lies about: no staging, no trash, no manifest, name or temporary file that belongs
    /// to no snapshot.
    #[track_caller]
    pub fn assert_tidy(&self) {
        let ids = self.ids();
        assert_eq!(names(&self.sink(".emu/staging")), [""; 0], "staging");
        assert_eq!(without(names(&self.sink(".emu/trash")), "LOCK"), [""; 0], "trash");
        let mut sorted = ids.clone();
        sorted.sort();
        for folder in ["trees", "nodes", "manifests"] {
            assert_eq!(names(&self.sink(".emu").join(folder)), sorted, "{folder}");
        }
        let removed = names(&self.sink(".emu/removed"));
        assert!(
            removed.iter().all(|name| !ids.contains(name) && !name.contains('.')),
            "removed: {removed:?}"
        );
        let mut links = without(names(&self.sink), ".emu");
        links.sort_by_key(|name| name == "latest");
        assert_eq!(links.len(), ids.len() + 1, "a name for each snapshot, and latest: {links:?}");
        let target = |name: &String| std::fs::read_link(self.sink.join(name)).unwrap();
        let mut led: Vec<_> =
            links.iter().map(|name| target(name).file_name().unwrap().to_str().unwrap().to_owned()).collect();
        assert_eq!(led.pop(), ids.last().cloned(), "latest");
        led.sort();
        assert_eq!(led, sorted, "names");
        let temporary = |name: &str| name.ends_with(".new");
        assert!(!names(&self.sink(".emu")).iter().any(|name| temporary(name)));
    }

    /// The newest snapshot is the source as it is.
    #[track_caller]
    pub fn assert_saved(&self) {
        tree::assert_same(&self.emu.path("src"), &self.tree(self.ids().last().unwrap()));
    }

    /// The source with all its times.
    pub fn source(&self) -> String {
        seen(&self.emu.path("src"))
    }
}

/// A tree with times, and the inode of each entry. The root's own `.emu` is left out.
pub fn seen(root: &Path) -> String {
    let mut text = tree::print_with(root, Show { mtimes: true, emu: false });
    let walk = WalkDir::new(root).min_depth(1).sort_by_file_name().into_iter();
    for entry in walk.filter_entry(|entry| entry.depth() > 1 || entry.file_name() != ".emu") {
        let entry = entry.unwrap();
        let stat = entry.path().symlink_metadata().unwrap();
        text += &format!("{:?} {}\n", entry.path().strip_prefix(root).unwrap(), stat.ino());
    }
    text
}

/// A line for each entry: path, inode, mode, size, times.
fn stamps(root: &Path) -> Vec<String> {
    let line = |entry: walkdir::DirEntry| {
        let stat = entry.metadata().unwrap();
        let (path, time) = (entry.path().strip_prefix(root).unwrap(), (stat.mtime(), stat.mtime_nsec()));
        format!("{path:?} {} {:o} {} {time:?}", stat.ino(), stat.mode(), stat.size())
    };
    WalkDir::new(root).sort_by_file_name().into_iter().map(|entry| line(entry.unwrap())).collect()
}

/// Calls `attempt` with 1, 1 + `step`, … until it says that it was not disturbed `enough` times in
/// a row; fails with all that was wrong on the way.
pub fn each_call(step: usize, least: usize, enough: usize, attempt: impl Fn(usize) -> bool) {
    let (mut wrong, mut undisturbed) = (Vec::new(), 0);
    for n in (1..3000).step_by(step) {
        match std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| attempt(n))) {
            Ok(true) => undisturbed += 1,
            Ok(false) => undisturbed = 0,
            Err(why) => {
                undisturbed = 0;
                let text = why.downcast_ref::<String>().cloned();
                wrong.push(format!("call {n}: {}", text.unwrap_or_default()));
            }
        }
        if undisturbed == enough {
            assert!(n > least, "only {n} calls: the faults are not armed");
            assert!(wrong.is_empty(), "{} faults did harm:\n{}", wrong.len(), wrong.join("\n---\n"));
            return;
        }
        assert!(wrong.len() < 200, "{}", wrong.join("\n---\n"));
    }
    panic!("it never ran to its end:\n{}", wrong.join("\n---\n"));
}

/// The command succeeded and found nothing to warn of.
#[track_caller]
pub fn assert_calm(output: &Output) {
    let calm = !output.stderr.lines().any(|line| ["warning", "error"].iter().any(|w| line.starts_with(w)));
    assert!(output.status == 0 && calm, "{output}");
}

/// Replaces `to` by a copy of `from`.
pub fn copy(from: &Path, to: &Path) {
    if to.symlink_metadata().is_ok() {
        assert!(Command::new("rm").arg("-rf").arg(to).status().unwrap().success());
    }
    assert!(Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap().success());
}

/// The names in a directory, sorted.
pub fn names(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn without(names: Vec<String>, name: &str) -> Vec<String> {
    names.into_iter().filter(|one| one != name).collect()
}

/// The id at the beginning of "snapshot <12 digits>", if a push reported one.
pub fn reported(output: &str) -> Option<String> {
    let (_, after) = output.split_once("snapshot ")?;
    after.get(..12).map(str::to_owned)
}

/// What a small push has to do: new, changed, unchanged, gone, linked, moved entries.
pub const BEFORE: &str = r#"
    dir . 0755 mtime=1000000001
    dir d 0750 mtime=1000000002
    file d/kept 0644 "kept" mtime=1000000003
    file d/edited 0644 "before" mtime=1000000004
    file d/gone 0644 "gone" mtime=1000000005
    file d/attr 0644 "attributes" mtime=1000000006
    link d/one = d/kept
    symlink d/s -> kept mtime=1000000007
    fifo d/pipe 0600 mtime=1000000007
    dir empty 0555 mtime=1000000008
"#;

/// What changes before the push that is cut off.
pub const EDIT: &str = r#"
    file d/edited 0644 "after!" mtime=1000000004
    remove d/gone
    attr d/attr 0600 mtime=1000000006
    file new/big 0640 size=70000 seed=5 mtime=1000000010
    link new/two = new/big
    symlink new/l -> ../d mtime=1000000011
    attr d/pipe 0640 mtime=1000000007
    socket new/sock 0750 mtime=1000000011
    attr new 0700 mtime=1000000012
    attr d 0750 mtime=1000000013
    attr . 0755 mtime=1000000014
"#;

/// One thread, so that the n-th call is the same one each time; the oldest of three goes.
pub const CONFIG: &str = "[core]\nthreads = 1\n[rotate]\nkeep-last = 2\n";

/// Two snapshots, and a source that has changed since; kept for `restore`.
pub fn history() -> Scene {
    let scene = Scene::new(BEFORE, CONFIG);
    scene.emu.at("2026-11-01T00:00:00Z");
    scene.push();
    scene.edit("file d/second 0644 \"second\" mtime=1000000009");
    scene.push();
    scene.edit(EDIT);
    scene.keep();
    scene
}
