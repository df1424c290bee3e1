//! The names inside a sink's and a source's `.emu`; nothing else spells them.

/// The directory that makes a sink or a source.
pub const EMU: &[u8] = b".emu";
/// Lock file of a sink, a source, a staging, or the trash.
pub const LOCK: &[u8] = b"LOCK";
/// Configuration of a sink or a source.
pub const CONFIG: &[u8] = b"config";

/// What a sink is: format version, ids, abilities.
pub const SINK: &[u8] = b"sink";
/// The snapshot that the next push has as its parent.
pub const HEAD: &[u8] = b"HEAD";
/// Link at the sink's root to the newest tree.
pub const LATEST: &[u8] = b"latest";
/// Trees of snapshots.
pub const TREES: &[u8] = b"trees";
/// Manifests of snapshots.
pub const MANIFESTS: &[u8] = b"manifests";
/// Nodes of snapshots; a node's rename into place is the commit.
pub const NODES: &[u8] = b"nodes";
/// Exclusions of snapshots; in a staging, those of the new snapshot.
pub const EXCLUDED: &[u8] = b"excluded";
/// Marks of snapshots that nothing removes.
pub const PINS: &[u8] = b"pins";
/// Results of the last verify.
pub const VERIFIED: &[u8] = b"verified";
/// Among those results: where the next verify of a part begins.
pub const NEXT: &[u8] = b"next";
/// Entries that verify found damaged.
pub const DAMAGED: &[u8] = b"damaged";
/// Nodes of removed snapshots.
pub const REMOVED: &[u8] = b"removed";
/// Pushes under way or cut off.
pub const STAGING: &[u8] = b"staging";
/// Trees on their way out.
pub const TRASH: &[u8] = b"trash";
/// The source's config, excludes and hooks as of the last push.
pub const SOURCE_COPY: &[u8] = b"source";
/// Binary cache of HEAD's entries; in a staging, the one that is to replace it.
pub const INDEX: &[u8] = b"index";
/// Which snapshot the index is for.
pub const INDEX_OF: &[u8] = b"index-of";
/// Trees of retired snapshots that a later push may begin with.
pub const SPARE: &[u8] = b"spare";
/// The policy that the last rotation applied.
pub const ROTATION: &[u8] = b"rotation";

/// All directories of a sink's `.emu`.
pub const SINK_DIRS: [&[u8]; 11] =
    [TREES, MANIFESTS, NODES, EXCLUDED, PINS, VERIFIED, REMOVED, STAGING, SPARE, TRASH, SOURCE_COPY];

/// Directories with files named by snapshot ids, which a removal unlinks together with the node.
pub const BESIDE_NODE: [&[u8]; 4] = [MANIFESTS, EXCLUDED, PINS, VERIFIED];

/// In a staging: what it is for, and how far it is.
pub const INTENT: &[u8] = b"intent";
/// In a staging: what each new file was made from.
pub const JOURNAL: &[u8] = b"journal";
/// In a staging: the tree.
pub const TREE: &[u8] = b"tree";
/// In a staging: the manifest.
pub const MANIFEST: &[u8] = b"manifest";
/// In a staging: directories of the tree that it began with and that have no place in the new one.
pub const ASIDE: &[u8] = b"aside";
/// In a staging: the node, before its rename.
pub const NODE: &[u8] = b"node";

/// In a source: its id.
pub const SOURCE: &[u8] = b"source";
/// In a source: what is not saved.
pub const EXCLUDES: &[u8] = b"excludes";
/// In a source: the sinks it knows.
pub const SINKS: &[u8] = b"sinks";
/// In a source: executables run around a push.
pub const HOOKS: &[u8] = b"hooks";
/// In a source: what checkouts of single paths replaced.
pub const REPLACED: &[u8] = b"replaced";
/// In a source: a checkout under way.
pub const CHECKOUT: &[u8] = b"checkout";

/// The target of a name at the sink's root: the tree of a snapshot.
pub fn tree_target(id: &str) -> String {
    format!(".emu/trees/{id}")
}

/// The snapshot that a link at the sink's root names, if it is one of ours.
pub fn id_of_target(target: &[u8]) -> Option<&str> {
    std::str::from_utf8(target.strip_prefix(b".emu/trees/")?).ok().filter(|id| super::node::is_id(id))
}
