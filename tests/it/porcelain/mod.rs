//! Commands for people, a file each.

mod cat;
mod checkout;
mod clean;
mod clone;
mod completions;
mod config;
mod diff;
mod du;
mod find;
mod help;
mod init;
mod install_files;
mod log;
mod ls;
mod path;
mod pin;
mod prune;
mod push;
mod rotate;
mod show;
mod sink;
mod squash;
mod status;
mod unpin;
mod verify;
mod version;
