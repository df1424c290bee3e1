//! From a sink back to a tree: proving what is stored, and giving it back.

mod apply;
mod change;
pub mod checkout;
mod chosen;
pub mod cloning;
mod content;
mod decide;
mod full;
mod group;
mod guard;
mod judge;
mod known;
mod make;
mod owners;
mod place;
mod plan;
pub mod repair;
mod rescue;
mod select;
mod target;
pub mod verify;
mod whole;
