//! From a sink back to a tree: proving what is stored, and giving it back.

pub mod verify;
