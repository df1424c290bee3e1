//! Commands for people, a file each.

mod cat;
mod checkout;
mod completions;
mod diff;
mod find;
mod help;
mod init;
mod install_files;
mod log;
mod ls;
mod path;
mod pin;
mod push;
mod rotate;
mod show;
mod sink;
mod status;
mod unpin;
mod verify;
mod version;
