//! What can be said of snapshots from their records alone: no tree is looked at.

pub mod diff;
pub mod find;
mod frames;
pub mod graph;
pub mod lookup;
pub mod track;
pub mod usage;
