//! Commands for people, a file each.

mod checkout;
mod help;
mod init;
mod log;
mod path;
mod push;
mod rotate;
mod sink;
mod verify;
mod version;
