//! Programs for scripts, a file each.

pub(super) mod cat_node;
pub(super) mod check_exclude;
pub(super) mod commit_snapshot;
pub(super) mod diff_tree;
pub(super) mod hash_tree;
pub(super) mod link_snapshot;
pub(super) mod ls_tree;
pub(super) mod remove_snapshot;
pub(super) mod rev_parse;
pub(super) mod rotate;
pub(super) mod verify_tree;
