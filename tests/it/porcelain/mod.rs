//! Commands for people, a file each.

mod help;
mod init;
mod log;
mod path;
mod push;
mod rotate;
mod sink;
mod version;
