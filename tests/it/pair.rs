//! One source and four sinks, pushed to in turn: one sink begins with spares, one never does, and
//! two more, of which one has spares, are saved to by the same push. Whatever is done to the
//! source, all must hold the same: trees, hashes, and which names share an inode.

use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt, lchown};
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::crash::scene::seen;
use crate::env::{Emu, Output, Session};
use crate::job;
use crate::tree;

/// With spares, without, and one of each saved to by one push.
const SINKS: [&str; 4] = ["spare", "plain", "both-spare", "both-plain"];

/// The source and its sinks.
pub struct Pair {
    pub emu: Emu,
    uid: Option<u32>,
    /// What each snapshot looked like when it was made.
    seen: BTreeMap<PathBuf, String>,
}

/// Names of a snapshot that are one inode: (place in history, path).
type Group = Vec<(u64, PathBuf)>;

impl Pair {
    /// The source of whoever runs the tests, or of an ordinary user.
    pub fn new(uid: Option<u32>, text: &str) -> Pair {
        let emu = Emu::new();
        emu.tree("src", &(padding() + text));
        std::fs::create_dir(emu.path("disk")).unwrap();
        let pair = Pair { emu, uid, seen: BTreeMap::new() };
        pair.own("src").own("disk");
        pair.session().ok(&["init", "src"]);
        for name in SINKS {
            pair.session().ok(&["-S", "src", "sink", "add", name, &format!("./disk/{name}")]);
            let spare = name.ends_with("spare");
            let config = format!("[rotate]\nkeep-last = 2\nspare = {spare}\nspare-rest = 0\n");
            std::fs::write(pair.sink(name).join(".emu/config"), config).unwrap();
        }
        pair.own("disk");
        pair
    }

    /// The same, after so many pushes that there is a spare that equals the source.
    pub fn ready(uid: Option<u32>, text: &str) -> Pair {
        let mut pair = Pair::new(uid, text);
        std::thread::sleep(std::time::Duration::from_millis(2300));
        for _ in 0..3 {
            pair.push_all(&[]);
        }
        for name in ["spare", "both-spare"] {
            assert_eq!(pair.spares(name).len(), 1, "{name} has a spare");
        }
        pair
    }

    /// Whoever pushes.
    pub fn session(&self) -> Session<'_> {
        self.uid.map_or_else(|| self.emu.session(), |uid| self.emu.as_user(uid))
    }

    pub fn src(&self) -> PathBuf {
        self.emu.path("src")
    }

    pub fn sink(&self, name: &str) -> PathBuf {
        self.emu.path("disk").join(name)
    }

    /// The newest tree of a sink.
    pub fn newest(&self, name: &str) -> PathBuf {
        job::tree_of(&self.sink(name), &job::nodes(&self.sink(name)).pop().unwrap())
    }

    /// The names of a sink's spares.
    pub fn spares(&self, name: &str) -> Vec<String> {
        let dir = self.sink(name).join(".emu/spare");
        if dir.exists() { crate::crash::scene::names(&dir) } else { Vec::new() }
    }

    /// Changes the source and waits until its stamps prove something.
    pub fn edit(&mut self, text: &str) -> &mut Pair {
        tree::build(&self.src(), text);
        self.own("src");
        self.settle()
    }

    /// Changes the source by a line of shell that runs in it.
    pub fn shell(&mut self, line: &str) -> &mut Pair {
        self.session().inside("src").shell(line).succeeds();
        self.settle()
    }

    fn settle(&mut self) -> &mut Pair {
        std::thread::sleep(std::time::Duration::from_millis(2300));
        self
    }

    /// What the test made belongs to who pushes; nothing else is touched.
    fn own(&self, below: &str) -> &Pair {
        let Some(uid) = self.uid else { return self };
        for entry in WalkDir::new(self.emu.path(below)) {
            let entry = entry.unwrap();
            if entry.metadata().unwrap().uid() != uid {
                lchown(entry.path(), Some(uid), Some(uid)).unwrap();
            }
        }
        self
    }

    fn push_all(&mut self, options: &[&str]) -> Vec<Output> {
        let push =
            |sinks: &[&str]| self.session().run(&[&["push", "-S", "src", "-v"], options, sinks].concat());
        let said = vec![push(&SINKS[..1]), push(&SINKS[1..2]), push(&SINKS[2..])];
        for sink in SINKS.map(|name| self.sink(name)) {
            for node in job::nodes(&sink) {
                let tree = job::tree_of(&sink, &node);
                let now = seen(&tree);
                let then = self.seen.entry(tree.clone()).or_insert_with(|| now.clone());
                crate::env::assert_text(&now, then);
            }
        }
        said
    }

    /// Pushes to all sinks and compares: the first two must have used a spare where they should.
    #[track_caller]
    pub fn push(&mut self) -> &mut Pair {
        self.push_exits(0, true)
    }

    /// The same, if the pushes end with `status`; `whole`: all of the source is saved.
    #[track_caller]
    pub fn push_exits(&mut self, status: i32, whole: bool) -> &mut Pair {
        let said = self.push_all(&["--allow-shrunk"]);
        for (at, said) in said.iter().enumerate() {
            assert_eq!(said.status, status, "{said}");
            let spares = said.to_string().matches("beginning with the spare").count();
            assert_eq!(spares, usize::from(at != 1), "{said}");
        }
        self.compare(whole);
        self
    }

    #[track_caller]
    fn compare(&self, whole: bool) {
        let newest = |name| job::nodes(&self.sink(name)).pop().unwrap();
        let plain = newest("plain");
        let inodes = sharing(&self.sink("plain"));
        for name in SINKS {
            let node = newest(name);
            if whole {
                tree::assert_same(&self.src(), &self.newest(name));
            }
            tree::assert_same(&self.newest("plain"), &self.newest(name));
            for key in ["tree", "manifest/entries", "manifest/bytes", "partial", "unread"] {
                let of = |node: &serde_json::Value| node.pointer(&format!("/{key}")).cloned();
                assert_eq!(of(&node), of(&plain), "{key} of {name}");
            }
            assert_eq!(sharing(&self.sink(name)), inodes, "sharing in {name}");
            // Root can look into closed directories.
            assert_eq!(self.emu.ok(&["verify", "-q", &format!("./disk/{name}")]), "");
        }
    }
}

/// So many entries that a few changes do not make a spare dear.
fn padding() -> String {
    (0..600).map(|n| format!("file pad/{}/{n} \"{n}\" mtime=1600000000\n", n % 10)).collect()
}

/// Which names of all listed snapshots are one inode.
pub fn sharing(sink: &Path) -> Vec<Group> {
    let mut groups: BTreeMap<u64, Group> = BTreeMap::new();
    for node in job::nodes(sink) {
        let tree = job::tree_of(sink, &node);
        let walk = WalkDir::new(&tree).into_iter().map(|entry| entry.unwrap());
        for entry in walk.filter(|entry| !entry.file_type().is_dir()) {
            let path = entry.path().strip_prefix(&tree).unwrap().to_owned();
            let name = (node["seq"].as_u64().unwrap(), path);
            groups.entry(entry.metadata().unwrap().ino()).or_default().push(name);
        }
    }
    let mut groups: Vec<Group> = groups.into_values().collect();
    groups.iter_mut().for_each(|group| group.sort());
    groups.sort();
    groups
}
