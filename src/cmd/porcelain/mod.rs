//! Commands for people, a file each.

pub(super) mod help;
pub(super) mod version;
