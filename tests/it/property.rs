//! Random histories: edits, pushes and rotations in any order. Each snapshot that is left equals
//! a copy that was made with `cp -a` when it was pushed.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use walkdir::WalkDir;

use crate::crash::scene::{Scene, copy};
use crate::env::Output;
use crate::tree;

const SEEDS: u64 = 12;
const STEPS: u64 = 15;

/// Pseudo-random choices (an LCG), the same for a seed in each run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    fn one<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        if all.is_empty() { None } else { Some(&all[self.below(all.len())]) }
    }
}

/// One history.
struct History {
    scene: Scene,
    chance: Chance,
    /// The copy that belongs to each snapshot.
    copies: BTreeMap<String, PathBuf>,
    /// What was done, for the message of a failure.
    done: Vec<String>,
    made: u32,
    /// How many pushes began with a spare.
    spares: usize,
}

impl History {
    fn new(seed: u64) -> History {
        let text =
            "file a \"alpha\"\nfile d/b \"beta\"\nlink d/c = a\nsymlink s -> a\nfile e/f/g size=9000 seed=7";
        // So many entries that a few changes do not make a spare dear.
        let pad: String = (0..200).map(|n| format!("file pad/{}/{n} \"{n}\"\n", n % 8)).collect();
        let (threads, keep) = (1 + seed % 3, 2 + seed % 2 * 2);
        let config = format!("[core]\nthreads = {threads}\n[rotate]\nkeep-last = {keep}\nspare-rest = 0\n");
        let scene = Scene::new(&(pad + text), &config);
        History { scene, chance: Chance(seed), copies: BTreeMap::new(), done: Vec::new(), made: 0, spares: 0 }
    }

    fn src(&self) -> PathBuf {
        self.scene.emu.path("src")
    }

    /// Entries below the source's root that pass; in order, so that choices repeat.
    fn entries(&self, wanted: impl Fn(&fs::FileType) -> bool) -> Vec<PathBuf> {
        let walk = WalkDir::new(self.src()).min_depth(1).sort_by_file_name().into_iter();
        let others = [".emu", "pad"];
        let own =
            walk.filter_entry(|entry| entry.depth() > 1 || !others.iter().any(|o| entry.file_name() == *o));
        own.map(|entry| entry.unwrap())
            .filter(|entry| wanted(&entry.file_type()))
            .map(|e| e.into_path())
            .collect()
    }

    fn file(&mut self) -> Option<PathBuf> {
        let files = self.entries(fs::FileType::is_file);
        self.chance.one(&files).cloned()
    }

    fn dir(&mut self) -> PathBuf {
        let mut dirs = self.entries(fs::FileType::is_dir);
        dirs.push(self.src());
        let at = self.chance.below(dirs.len());
        dirs[at].clone()
    }

    /// A name that is new, in some directory.
    fn fresh(&mut self) -> PathBuf {
        self.made += 1;
        self.dir().join(format!("n{}", self.made))
    }

    /// One change of the source; `None` if there is nothing that could be changed so.
    fn edit(&mut self) -> Option<String> {
        let kind = self.chance.below(14);
        let text = match kind {
            0 | 1 => {
                let (path, size) = (self.fresh(), self.chance.below(6000));
                fs::write(&path, vec![u8::try_from(size % 251).unwrap(); size]).unwrap();
                format!("create {path:?}")
            }
            2 | 3 => {
                // Same size; half of the time with the old mtime.
                let path = self.file()?;
                let stat = fs::metadata(&path).unwrap();
                let content: Vec<u8> = fs::read(&path).unwrap().iter().map(|byte| byte ^ 1).collect();
                fs::write(&path, content).unwrap();
                if self.chance.below(2) == 0 {
                    set_mtime(&path, stat.modified().unwrap());
                }
                format!("rewrite {path:?}")
            }
            4 => {
                let path = self.file()?;
                let content = [fs::read(&path).unwrap(), b"more".to_vec()].concat();
                fs::write(&path, content).unwrap();
                format!("append {path:?}")
            }
            5 => {
                let path = self.file()?;
                fs::remove_file(&path).unwrap();
                format!("delete {path:?}")
            }
            6 => {
                let path = self.fresh();
                fs::create_dir(&path).unwrap();
                fs::write(path.join("in"), "in").unwrap();
                format!("mkdir {path:?}")
            }
            7 => {
                let (from, to) = (self.file()?, self.fresh());
                fs::rename(&from, &to).unwrap();
                format!("move {from:?} {to:?}")
            }
            8 => {
                let dirs = self.entries(fs::FileType::is_dir);
                let from = self.chance.one(&dirs).cloned()?;
                let to = self.fresh();
                // Not into itself.
                fs::rename(&from, &to).ok()?;
                format!("move {from:?} {to:?}")
            }
            9 => {
                let any = self.entries(|kind| !kind.is_symlink());
                let path = self.chance.one(&any).cloned()?;
                let mode = 0o700 | u32::try_from(self.chance.below(0o1000)).unwrap();
                fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
                format!("chmod {mode:o} {path:?}")
            }
            10 => {
                let (from, to) = (self.file()?, self.fresh());
                fs::hard_link(&from, &to).unwrap();
                format!("link {from:?} {to:?}")
            }
            11 => {
                let files = self.entries(fs::FileType::is_file);
                let linked = |path: &&PathBuf| fs::metadata(path).unwrap().nlink() > 1;
                let group: Vec<&PathBuf> = files.iter().filter(linked).collect();
                let path = self.chance.one(&group).map(|path| path.to_path_buf())?;
                fs::remove_file(&path).unwrap();
                format!("unlink {path:?}")
            }
            12 => {
                let path = self.fresh();
                symlink(format!("target{}", self.made), &path).unwrap();
                format!("symlink {path:?}")
            }
            _ => {
                let path = self.file()?;
                let age = Duration::from_secs(self.chance.below(1_000_000) as u64);
                set_mtime(&path, SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000) + age);
                format!("touch {path:?}")
            }
        };
        Some(text)
    }

    fn push(&mut self) {
        let sink = self.scene.sink("").display().to_string();
        let hashed = self.scene.emu.program("emu-hash-tree", &["src"]).succeeds();
        let against = self.scene.emu.program("emu-hash-tree", &["src", "--against", &sink]);
        let pushed = self.scene.emu.run(&["-S", "src", "push", "-v", "--json", "--allow-shrunk"]);
        assert!(pushed.status == 0, "{pushed}\n{:#?}", self.done);
        self.spares += pushed.stderr.matches("beginning with the spare").count();
        let record = record(&pushed, "snapshot");
        let id = record["id"].as_str().unwrap().to_owned();
        let naive = self.scene.emu.path(format!("copies/{id}"));
        fs::create_dir_all(naive.parent().unwrap()).unwrap();
        copy(&self.src(), &naive);
        self.done.push(format!("push {id}"));
        self.assert_same(&naive, &id);
        self.copies.insert(id, naive);
        let tree = |output: &Output| self::record(output, "tree")["tree"].clone();
        assert_eq!(record["tree"], tree(&hashed), "{:#?}", self.done);
        if against.status == 0 {
            assert_eq!(record["tree"], tree(&against), "against HEAD: {:#?}", self.done);
        }
    }

    fn assert_same(&self, naive: &Path, id: &str) {
        let found = tree::differences(naive, &self.scene.tree(id));
        assert!(found.is_empty(), "{id}: {found:#?}\nafter {:#?}", self.done);
    }

    /// All that is listed is what was pushed, and sound.
    fn check(&self) {
        let ids = self.scene.ids();
        assert!(!ids.is_empty());
        for id in &ids {
            self.assert_same(&self.copies[id], id);
        }
        let verify = self.scene.emu.run(&["-S", "src", "verify"]);
        assert!(verify.status == 0, "{verify}\nafter {:#?}", self.done);
        self.scene.assert_tidy();
    }

    fn step(&mut self) {
        match self.chance.below(12) {
            0..=4 => self.push(),
            5 => {
                self.scene.emu.run(&["-S", "src", "rotate"]).succeeds();
                self.done.push("rotate".to_owned());
            }
            _ => {
                for _ in 0..=self.chance.below(4) {
                    let edit = self.edit();
                    self.done.extend(edit);
                }
            }
        }
    }
}

fn set_mtime(path: &Path, time: SystemTime) {
    fs::File::options().read(true).open(path).unwrap().set_modified(time).unwrap();
}

/// The record of this type in an output.
fn record(output: &Output, of: &str) -> serde_json::Value {
    output.records().into_iter().find(|record| record["type"] == of).unwrap_or_else(|| panic!("{output}"))
}

/// Every third seed, from `first`.
fn run(first: u64) {
    let mut spares = 0;
    for seed in (first..SEEDS).step_by(3) {
        let mut history = History::new(seed * 7919 + 1);
        history.push();
        for _ in 0..STEPS {
            history.step();
        }
        history.push();
        history.check();
        spares += history.spares;
    }
    assert!(spares > 0, "no push began with a spare");
}

#[test]
fn snapshots_of_random_histories_equal_naive_copies() {
    run(0);
}

#[test]
fn snapshots_of_more_random_histories_equal_naive_copies() {
    run(1);
}

#[test]
fn snapshots_of_yet_more_random_histories_equal_naive_copies() {
    run(2);
}
