//! Commands for people, a file each.

mod help;
mod init;
mod log;
mod path;
mod sink;
mod version;
