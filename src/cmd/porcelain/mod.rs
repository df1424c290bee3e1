//! Commands for people, a file each.

pub(super) mod checkout;
pub(super) mod help;
pub(super) mod init;
pub(super) mod log;
pub(super) mod path;
pub(super) mod push;
pub(super) mod rotate;
pub(super) mod sink;
pub(super) mod verify;
pub(super) mod version;
