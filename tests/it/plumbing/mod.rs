//! Programs for scripts, a file each.

mod cat_node;
mod ls_tree;
mod rev_parse;
