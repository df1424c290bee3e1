//! A source `src` with a sink `sink` beside it, and what stands in the sink after each push.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde_json::Value;
use walkdir::WalkDir;

use crate::env::{Emu, Output, Session};

/// A source with a sink.
pub struct Job {
    /// The place of both.
    pub emu: Emu,
}

impl Job {
    /// A source with this tree, and a sink without a snapshot.
    pub fn new(tree: &str) -> Job {
        let job = Job { emu: Emu::new() };
        job.edit(tree);
        job.ok(&["init", "src"]);
        job.ok(&["-S", "src", "sink", "add", "origin", "./sink"]);
        job
    }

    /// The same, pushed once.
    pub fn pushed(tree: &str) -> Job {
        let job = Job::new(tree);
        job.push(&[]).succeeds();
        job
    }

    /// Changes the source.
    pub fn edit(&self, text: &str) -> &Job {
        self.emu.tree("src", text);
        self
    }

    /// Sets the source's configuration.
    pub fn config(&self, text: &str) -> &Job {
        std::fs::write(self.src().join(".emu/config"), text).unwrap();
        self
    }

    /// Pushes to all sinks.
    pub fn push(&self, options: &[&str]) -> Output {
        push(&self.emu.session(), options)
    }

    /// Pushes without the privilege to read what modes forbid.
    pub fn push_blind(&self, options: &[&str]) -> Output {
        push(&self.emu.blind(), options)
    }

    pub fn ok(&self, args: &[&str]) -> String {
        self.emu.ok(args)
    }

    pub fn src(&self) -> PathBuf {
        self.emu.path("src")
    }

    pub fn sink(&self) -> PathBuf {
        self.emu.path("sink")
    }

    /// The nodes of the sink, the oldest first.
    pub fn nodes(&self) -> Vec<Value> {
        nodes(&self.sink())
    }

    /// The newest node.
    pub fn node(&self) -> Value {
        self.nodes().pop().unwrap()
    }

    /// The tree of the snapshot with this place in history, from 1.
    pub fn tree(&self, number: usize) -> PathBuf {
        tree_of(&self.sink(), &self.nodes()[number - 1])
    }

    /// The newest tree.
    pub fn newest(&self) -> PathBuf {
        tree_of(&self.sink(), &self.node())
    }

    /// The entries in the manifest of the newest snapshot, by path.
    pub fn entries(&self) -> BTreeMap<String, Value> {
        let manifest = std::fs::read(self.sink().join(".emu/manifests").join(id(&self.node()))).unwrap();
        let text = String::from_utf8(zstd::decode_all(manifest.as_slice()).unwrap()).unwrap();
        let records = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let entries = records.filter(|record| record["type"] == "entry");
        entries.map(|entry| (entry["path"].as_str().unwrap_or("?").to_owned(), entry)).collect()
    }

    /// The stored manifest of the snapshot with this place in history, from 1.
    pub fn manifest(&self, number: usize) -> PathBuf {
        self.sink().join(".emu/manifests").join(id(&self.nodes()[number - 1]))
    }

    /// Changes a byte of it. Neighbours may share the file, so it becomes one of its own.
    pub fn spoil_manifest(&self, number: usize) {
        let path = self.manifest(number);
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, bytes).unwrap();
    }

    /// The first 12 digits of the id of the snapshot with this place in history, from 1.
    pub fn short(&self, number: usize) -> String {
        id(&self.nodes()[number - 1])[..12].to_owned()
    }

    /// Waits until the stamps of all that was written so far prove something.
    pub fn settle(&self) -> &Job {
        std::thread::sleep(std::time::Duration::from_millis(2300));
        self
    }

    /// Fails unless the newest tree equals the source.
    #[track_caller]
    pub fn same(&self) -> &Job {
        crate::tree::assert_same(&self.src(), &self.newest());
        self
    }

    /// Whether `path` is one inode in the snapshots with these places.
    pub fn shared(&self, path: &str, one: usize, other: usize) -> bool {
        ino(&self.tree(one).join(path)) == ino(&self.tree(other).join(path))
    }
}

/// Pushes `src` of whoever works there.
pub fn push(session: &Session, options: &[&str]) -> Output {
    session.run(&[&["push", "-S", "src"], options].concat())
}

/// The nodes of a sink, the oldest first.
pub fn nodes(sink: &Path) -> Vec<Value> {
    let files = std::fs::read_dir(sink.join(".emu/nodes")).unwrap().map(|file| file.unwrap().path());
    let read = |path: PathBuf| serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let mut nodes: Vec<Value> = files.map(read).collect();
    nodes.sort_by_key(|node| node["seq"].as_u64());
    nodes
}

pub fn id(node: &Value) -> &str {
    node["id"].as_str().unwrap()
}

pub fn tree_of(sink: &Path, node: &Value) -> PathBuf {
    sink.join(".emu/trees").join(id(node))
}

pub fn ino(path: &Path) -> u64 {
    path.symlink_metadata().unwrap().ino()
}

/// All below a directory with inode, mode, size, and mtime of what is no directory. Lock files,
/// which note their last holder, are left out.
pub fn listing(dir: &Path) -> BTreeMap<PathBuf, String> {
    let mut all = strict_listing(dir);
    all.retain(|path, _| path.file_name().is_none_or(|name| name != "LOCK"));
    for facts in all.values_mut().filter(|facts| facts.starts_with("dir")) {
        facts.truncate(facts.find(" size").unwrap());
    }
    all
}

/// All below a directory with inode, mode, size and mtime.
pub fn strict_listing(dir: &Path) -> BTreeMap<PathBuf, String> {
    let fact = |path: &Path| {
        let stat = path.symlink_metadata().unwrap();
        let kind = if stat.is_dir() { "dir" } else { "other" };
        let (ino, mode, size) = (stat.ino(), stat.mode(), stat.len());
        format!("{kind} {ino} {mode:o} size {size} at {}.{:09}", stat.mtime(), stat.mtime_nsec())
    };
    let entries = WalkDir::new(dir).into_iter().map(|entry| entry.unwrap().into_path());
    entries.map(|path| (path.strip_prefix(dir).unwrap().to_owned(), fact(&path))).collect()
}

/// The single `error:` line of a failed command.
#[track_caller]
pub fn one_error(said: &Output) -> String {
    let errors: Vec<&str> = said.stderr.lines().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!(errors.len(), 1, "{said}");
    errors[0].to_owned()
}
