//! Commands for people, a file each.

pub(super) mod cat;
pub(super) mod checkout;
pub(super) mod clean;
pub(super) mod clone;
pub(super) mod completions;
pub(super) mod config;
pub(super) mod diff;
pub(super) mod du;
pub(super) mod find;
pub(super) mod help;
pub(super) mod init;
pub(super) mod install_files;
pub(super) mod log;
pub(super) mod ls;
pub(super) mod path;
pub(super) mod pin;
pub(super) mod prune;
pub(super) mod push;
pub(super) mod rotate;
pub(super) mod show;
pub(super) mod sink;
pub(super) mod squash;
pub(super) mod status;
pub(super) mod unpin;
pub(super) mod verify;
pub(super) mod version;
