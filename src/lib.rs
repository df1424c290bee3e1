//! emu: fast, incremental, rotating snapshot backups as plain directory trees.

pub mod clock;
pub mod cmd;
pub mod config;
pub mod error;
pub mod fs;
pub mod history;
pub mod interrupt;
pub mod progress;
pub mod quote;
pub mod record;
pub mod restore;
pub mod sink;
pub mod snapshot;
pub mod source;
pub mod tree;
pub mod ui;
