//! Snapshots written down by hand: histories that would take long to make by pushing, and states
//! that a push makes only when something goes wrong.

use std::path::{Path, PathBuf};

use emu::sink::Node;
use emu::sink::node::{Counts, Fork, ManifestRef};
use emu::tree::{Digest, Entry, Finished, Framing, Kind, Listing, ManifestWriter, Owners, Time, Xattrs};

use crate::env::Emu;

/// A sink that snapshots are written into.
pub struct Made {
    /// Where it is.
    pub path: PathBuf,
    id: String,
    source: String,
}

/// What is special about a snapshot.
#[derive(Clone, Copy, Default)]
pub struct Special<'a> {
    /// What the user said of it.
    pub message: Option<&'a str>,
    /// The line of history, if it is not the first.
    pub fork: Option<(u64, Fork)>,
    /// Too much was unread.
    pub partial: bool,
    /// The source was much smaller.
    pub shrunk: bool,
}

impl Made {
    /// A source `src` with a sink of this name beside it, in which nothing is yet.
    pub fn new(emu: &Emu, name: &str) -> Made {
        let path = emu.path(name);
        if !emu.path("src/.emu").exists() {
            std::fs::create_dir_all(emu.path("src")).unwrap();
            emu.ok(&["init", "src"]);
        }
        emu.ok(&["-S", "src", "sink", "add", name, path.to_str().unwrap()]);
        Made::open(&path)
    }

    /// A sink that exists.
    pub fn open(path: &Path) -> Made {
        let text = std::fs::read(path.join(".emu/sink")).unwrap();
        let info: serde_json::Value = serde_json::from_slice(&text).unwrap();
        let field = |name: &str| info[name].as_str().unwrap().to_owned();
        Made { path: path.to_owned(), id: field("id"), source: field("source") }
    }

    /// Adds the snapshot number `seq`, an hour after the one before, and makes it HEAD. Its tree
    /// has the file `a` and the directory `d` with `x` and a link `l` to it.
    pub fn add(&self, seq: u64, special: Special) -> String {
        let (manifest, tree) = manifest();
        let time: jiff::Timestamp = "2026-11-22T00:00:00Z".parse().unwrap();
        let time = time.checked_add(jiff::SignedDuration::from_hours(seq as i64)).unwrap();
        let node = Node {
            v: 1,
            id: String::new(),
            seq,
            line: special.fork.map_or(1, |(line, _)| line),
            fork: special.fork.map(|(_, fork)| fork),
            parent: None,
            push: format!("00000000-0000-4000-8000-{seq:012}"),
            source: self.source.clone(),
            machine: "machine".into(),
            sink: self.id.clone(),
            time: time.to_string(),
            tz: "UTC".into(),
            host: "host".into(),
            user: "ada".into(),
            uid: 1000,
            message: special.message.map(str::to_owned),
            name: time.strftime("%Y-%m-%d-%H%M%S").to_string(),
            manifest: ManifestRef { sha256: Digest::of(&manifest), bytes: 6, entries: 5 },
            tree,
            counts: Counts { files: 2, dirs: 2, bytes: 6, linked: 1, copied: 1, ..Counts::default() },
            partial: special.partial,
            shrunk: special.shrunk,
            churned: false,
            misdated: false,
            churn: None,
            recovered: None,
            durability: "syncfs".into(),
            compare: "strict".into(),
            tool: "test".into(),
            source_fs: String::new(),
            mounts: Vec::new(),
            excluded: None,
            unread: Vec::new(),
        };
        let node = node.seal().unwrap();
        let emu = self.path.join(".emu");
        crate::tree::build(
            &emu.join("trees").join(&node.id),
            "file a \"alpha\"\ndir d\nfile d/x \"x\"\nsymlink d/l -> x\nsymlink out -> ..",
        );
        std::fs::write(emu.join("manifests").join(&node.id), manifest).unwrap();
        std::fs::write(emu.join("nodes").join(&node.id), node.to_json()).unwrap();
        std::fs::write(emu.join("HEAD"), format!("{}\n", node.id)).unwrap();
        node.id
    }

    /// Pins a snapshot.
    pub fn pin(&self, id: &str) {
        std::fs::write(self.path.join(".emu/pins").join(id), "").unwrap();
    }
}

fn entry(name: &str, kind: Kind, content: &str) -> Entry {
    Entry {
        name: name.as_bytes().into(),
        kind,
        mode: if kind == Kind::Dir { 0o755 } else { 0o644 },
        uid: 0,
        gid: 0,
        mtime: Time { sec: 1_700_000_000, nanos: 0 },
        size: if kind == Kind::File { content.len() as u64 } else { 0 },
        sha256: (kind == Kind::File).then(|| Digest::of(content.as_bytes())),
        target: (kind == Kind::Symlink).then(|| content.as_bytes().into()),
        rdev: None,
        ino: 1,
        ctime: Time::default(),
        nlink: 1,
        racy: false,
        torn: false,
        unattested: false,
        xattrs: Xattrs::new(),
        links: None,
        held: None,
        made: None,
        sink_ino: 0,
    }
}

/// The stored manifest of the tree, and its tree hash.
fn manifest() -> (Vec<u8>, Digest) {
    let root = entry("", Kind::Dir, "");
    let mut writer = ManifestWriter::new(Vec::new(), Framing::Zstd, &Owners::default(), &root, None).unwrap();
    let top = vec![entry("a", Kind::File, "alpha"), entry("d", Kind::Dir, "")];
    let below = vec![entry("l", Kind::Symlink, "x"), entry("x", Kind::File, "x")];
    writer.listing(&Listing { dir: b""[..].into(), entries: top }).unwrap();
    writer.listing(&Listing { dir: b"d"[..].into(), entries: below }).unwrap();
    let Finished { out: stored, sealed, .. } = writer.finish().unwrap();
    (stored, sealed.tree.tree)
}
