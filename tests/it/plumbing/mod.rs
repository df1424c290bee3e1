//! Programs for scripts, a file each.

mod cat_node;
mod check_exclude;
mod commit_snapshot;
mod diff_tree;
mod hash_tree;
mod link_snapshot;
mod ls_tree;
mod remove_snapshot;
mod rev_parse;
mod rotate;
mod verify_tree;
