//! Commands for people, a file each.

pub(super) mod cat;
pub(super) mod checkout;
pub(super) mod completions;
pub(super) mod diff;
pub(super) mod find;
pub(super) mod help;
pub(super) mod init;
pub(super) mod install_files;
pub(super) mod log;
pub(super) mod ls;
pub(super) mod path;
pub(super) mod pin;
pub(super) mod push;
pub(super) mod rotate;
pub(super) mod show;
pub(super) mod sink;
pub(super) mod status;
pub(super) mod unpin;
pub(super) mod verify;
pub(super) mod version;
