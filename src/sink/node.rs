//! A node: who saved what, when, after which snapshot. Its rename into place is the commit, and
//! nothing changes it but a repair, which marks what it wrote.

use super::{Sink, layout};
use crate::error::{Error, Result};
use crate::fs;
use crate::tree::Digest;
use serde::{Deserialize, Serialize};

/// What writes nodes.
pub const TOOL: &str = concat!("emu ", env!("CARGO_PKG_VERSION"));

/// The largest node that is read, in bytes.
pub const MAX_NODE: u64 = 16 << 20;

/// Where a line of history left another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fork {
    /// The line that was left.
    pub line: u64,
    /// The last snapshot in common.
    pub seq: u64,
}

/// What a manifest is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ManifestRef {
    /// SHA-256 of the stored file.
    pub sha256: Digest,
    /// Bytes of all regular files of the tree, each inode once.
    pub bytes: u64,
    /// Entries, the root included.
    pub entries: u64,
}

/// What a push did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Regular files in the tree.
    pub files: u64,
    /// Directories in the tree, the root included.
    pub dirs: u64,
    /// Bytes read for new files.
    pub bytes: u64,
    /// Entries linked to an earlier snapshot.
    pub linked: u64,
    /// Files copied from the source.
    pub copied: u64,
    /// Those of the copied files that share their bytes with another file, so that none were written.
    #[serde(skip_serializing_if = "is_zero")]
    pub shared: u64,
    /// Bytes of those.
    #[serde(skip_serializing_if = "is_zero")]
    pub shared_bytes: u64,
    /// Entries found again under another path.
    pub moved: u64,
    /// Files whose content was known and whose attributes were not.
    pub reattributed: u64,
    /// Entries that could not be saved.
    pub unread: u64,
    /// Entries that could not be saved, and that `push.unread-ok` names.
    pub unread_ok: u64,
    /// Files that changed while they were read.
    pub torn: u64,
    /// Files of the parent that were found damaged, and saved anew.
    pub damaged: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference over")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// A path in a record: text, or base64 where it is not UTF-8.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathField {
    /// The path, if it is UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The path in base64, if it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_b64: Option<String>,
}

impl PathField {
    /// The field for some bytes.
    pub fn new(bytes: &[u8]) -> PathField {
        let (path, path_b64) = crate::tree::text_or_b64(bytes);
        PathField { path: path.map(Into::into), path_b64: path_b64.map(Into::into) }
    }

    /// The bytes, if the field is well-formed.
    pub fn bytes(&self) -> Option<Box<[u8]>> {
        crate::tree::bytes_from("path", self.path.as_deref(), self.path_b64.as_deref()).ok()?
    }
}

/// What could not be saved, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnreadNote {
    /// Path inside the source.
    #[serde(flatten)]
    pub path: PathField,
    /// Why, for people.
    pub text: String,
}

/// How many paths that were not saved a node lists by name; all are counted.
pub const MAX_UNREAD_NOTES: usize = 1000;

/// How much of the last complete snapshot a new one no longer has.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Churn {
    /// Regular files in the last complete snapshot.
    pub files: u64,
    /// Files of those that were removed or have other content now.
    pub lost_files: u64,
    /// Bytes of all its regular files, each inode once.
    pub bytes: u64,
    /// Bytes of those that were removed or have other content now.
    pub lost_bytes: u64,
    /// The suffix that most of the lost files have got, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suffix: Option<String>,
}

/// Identifies the stored exclusions of a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExcludedRef {
    /// SHA-256 of the stored file.
    pub sha256: Digest,
    /// How many topmost paths were excluded.
    pub count: u64,
}

/// The mark of a node that a repair wrote, since its own or its manifest was lost. Its id stays that
/// of the snapshot, which does not follow from the content any more; `check` takes its place.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Recovered {
    /// When, UTC.
    pub at: String,
    /// Entries that nobody attests.
    #[serde(default)]
    pub unattested: u64,
    /// Something is known not to be as it was saved.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub differs: bool,
    /// 32 hex digits of the hash of the rest of the node.
    #[serde(default)]
    pub check: String,
}

/// One snapshot's record.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Node {
    /// Version of this record.
    pub v: u32,
    /// 40 hex digits: 8 of the UTC second, 32 of the hash of the rest.
    #[serde(default)]
    pub id: String,
    /// Place in the sink's history; 1 + the highest before.
    pub seq: u64,
    /// Line of history.
    pub line: u64,
    /// Where the line left another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fork: Option<Fork>,
    /// HEAD when it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// UUID shared by the snapshots that one push made in several sinks.
    pub push: String,
    /// Id of the source.
    pub source: String,
    /// The machine that saved it.
    pub machine: String,
    /// Id of the sink.
    pub sink: String,
    /// When the scan began, UTC.
    pub time: String,
    /// The time zone of the machine then.
    pub tz: String,
    /// Host name.
    pub host: String,
    /// Name of the user who saved it.
    pub user: String,
    /// Number of that user.
    pub uid: u32,
    /// What the user said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The name for people at the sink's root.
    pub name: String,
    /// Its manifest.
    pub manifest: ManifestRef,
    /// Its tree hash.
    pub tree: Digest,
    /// What the push did.
    pub counts: Counts,
    /// So much could not be read that nothing was expired.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub partial: bool,
    /// So much smaller than the last complete one that nothing was expired.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shrunk: bool,
    /// So many files of the last complete snapshot were removed or changed that nothing was expired.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub churned: bool,
    /// `time` is implausible beside the snapshots before, so nothing was expired.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub misdated: bool,
    /// What a mass change did to the last complete snapshot's files, also if it was allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub churn: Option<Churn>,
    /// A repair wrote this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovered: Option<Recovered>,
    /// How it was made durable: `syncfs` or `fsync`.
    pub durability: String,
    /// How unchanged files were told: `strict`, `no-inode`, `mtime` or `hash`.
    pub compare: String,
    /// Program and version.
    pub tool: String,
    /// Which file system the source lay on.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source_fs: String,
    /// Directories on other file systems, not entered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mounts: Vec<PathField>,
    /// Its exclusions; `None` if they were not recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excluded: Option<ExcludedRef>,
    /// What could not be saved; the first thousand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<UnreadNote>,
}

/// Whether this has the form of a snapshot's id.
pub fn is_id(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// 32 hex digits of the hash of a node's canonical JSON, without what is made of them.
fn check_of(mut value: serde_json::Value) -> String {
    if let Some(fields) = value.as_object_mut() {
        match fields.get_mut("recovered").and_then(serde_json::Value::as_object_mut) {
            // The id is no longer made of the hash, which covers it then.
            Some(recovered) => drop(recovered.remove("check")),
            None => drop(fields.remove("id")),
        }
    }
    Digest::of(value.to_string().as_bytes()).to_string()[..32].to_owned()
}

/// The id of a node: the second, then the hash.
fn id_of(second: u32, value: serde_json::Value) -> String {
    format!("{second:08x}{}", check_of(value))
}

/// The short form of an id.
pub fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

/// The second that an id begins with.
pub fn second_of(id: &str) -> Option<i64> {
    u32::from_str_radix(id.get(..8)?, 16).ok().map(i64::from)
}

impl Node {
    /// Gives the node its id, from its time and its content.
    ///
    /// # Errors
    /// The time is not one.
    pub fn seal(mut self) -> Result<Node> {
        self.id = self.computed_id()?;
        Ok(self)
    }

    /// Completes a node that a repair writes under an id that it has already.
    ///
    /// # Errors
    /// It cannot be written as JSON.
    pub fn seal_recovered(mut self, at: String, unattested: u64, differs: bool) -> Result<Node> {
        self.recovered = Some(Recovered { at, unattested, differs, check: String::new() });
        let bad = |_| Error::failed("cannot write the node of a snapshot");
        let check = check_of(serde_json::to_value(&self).map_err(bad)?);
        self.recovered.iter_mut().for_each(|recovered| recovered.check.clone_from(&check));
        Ok(self)
    }

    fn computed_id(&self) -> Result<String> {
        let bad = || Error::failed("cannot make a snapshot's id").because("its time is out of range");
        let second = u32::try_from(self.timestamp().ok_or_else(bad)?.as_second()).map_err(|_| bad())?;
        Ok(id_of(second, serde_json::to_value(self).map_err(|_| bad())?))
    }

    /// When the scan began.
    pub fn timestamp(&self) -> Option<jiff::Timestamp> {
        self.time.parse().ok()
    }

    /// The short form of the id.
    pub fn short(&self) -> &str {
        short(&self.id)
    }

    /// Whether nothing marks the snapshot: everything was saved, at a plausible time, and no mass change.
    pub fn is_complete(&self) -> bool {
        self.marks().next().is_none()
    }

    /// The words for what keeps the snapshot from counting as complete.
    pub fn marks(&self) -> impl Iterator<Item = &'static str> + use<> {
        let all = [
            (self.partial, "partial"),
            (self.shrunk, "shrunk"),
            (self.churned, "churned"),
            (self.misdated, "misdated"),
        ];
        all.into_iter().filter_map(|(set, word)| set.then_some(word))
    }

    /// The stored form.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// Reads a stored node and proves by its id that it is as it was written.
    ///
    /// # Errors
    /// What is wrong with it, in a few words.
    pub fn parse(id: &str, content: &[u8]) -> std::result::Result<Node, String> {
        let node: Node = serde_json::from_slice(content).map_err(|_| "its node cannot be read".to_owned())?;
        if node.v != 1 {
            return Err(format!("its node has version {}, which is newer than this program", node.v));
        }
        // From all that stands there: a later version may have added fields.
        let whole = serde_json::from_slice(content).map_err(|_| "its node cannot be read".to_owned())?;
        let second = node.timestamp().and_then(|time| u32::try_from(time.as_second()).ok());
        let is_whole = match (&node.recovered, second) {
            (Some(recovered), _) => recovered.check == check_of(whole),
            (None, Some(second)) => id == id_of(second, whole),
            (None, None) => false,
        };
        if is_whole && node.id == id { Ok(node) } else { Err("its node was altered".into()) }
    }
}

impl Sink {
    /// Reads one node.
    ///
    /// # Errors
    /// Why it cannot be read, in a few words.
    pub fn read_node(&self, id: &str) -> std::result::Result<Node, String> {
        let nodes = self.dir(layout::NODES).map_err(|error| error.to_string())?;
        Node::read(&nodes, id)
    }
}

impl Node {
    /// Reads the node `id` from the directory of all nodes.
    ///
    /// # Errors
    /// Why it cannot be read, in a few words.
    pub fn read(nodes: &fs::Dir, id: &str) -> std::result::Result<Node, String> {
        let content = fs::read_limited(nodes, id.as_bytes(), MAX_NODE)
            .map_err(|errno| format!("its node cannot be read: {}", crate::error::errno_text(errno)))?;
        Node::parse(id, &content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_with_a_field_of_a_later_version_is_not_altered() {
        let text = r#"{"v":1,"seq":1,"line":1,"push":"p","source":"s","machine":"m","sink":"k",
            "time":"2026-11-22T18:00:00Z","tz":"UTC","host":"h","user":"u","uid":0,"name":"n",
            "manifest":{"sha256":"0000000000000000000000000000000000000000000000000000000000000000","bytes":0,"entries":1},
            "tree":"0000000000000000000000000000000000000000000000000000000000000000","counts":{},
            "durability":"syncfs","compare":"strict","tool":"emu","later":{"a":[1,2]}}"#;
        let mut value: serde_json::Value = serde_json::from_str(text).unwrap();
        let second = 1_795_370_400;
        let id = id_of(second, value.clone());
        value["id"] = id.clone().into();
        let node = Node::parse(&id, value.to_string().as_bytes()).unwrap();
        assert_eq!(node.seq, 1);
        value["later"] = 1.into();
        assert!(Node::parse(&id, value.to_string().as_bytes()).is_err());
        // One that was recovered keeps the id, and is proven by its mark.
        let node = Node { seq: 7, ..node }.seal_recovered("2026-11-23T00:00:00Z".into(), 3, false).unwrap();
        let stored = node.to_json();
        assert_eq!(Node::parse(&id, stored.as_bytes()).unwrap(), node);
        for (old, new) in [("\"seq\":7", "\"seq\":8"), ("\"unattested\":3", "\"unattested\":0"), (&*id, "0")]
        {
            let altered = stored.replacen(old, new, 1);
            assert_ne!(altered, stored);
            assert!(Node::parse(&id, altered.as_bytes()).is_err(), "{altered}");
        }
    }
}
