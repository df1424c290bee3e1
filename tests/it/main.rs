//! The one integration binary: every test that runs the programs or reads the sources.
//!
//! `env` is the place a test works in, `tree` the language of fixtures and expectations; the
//! other modules are tests, one for each subject.

#![allow(
    clippy::disallowed_methods,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    dead_code,
    missing_docs,
    unreachable_pub
)]

mod calls;
mod completions;
mod console;
mod crash;
mod env;
mod fidelity;
mod generated;
mod index;
mod job;
mod layers;
mod lost;
mod made;
mod options;
mod pair;
mod plumbing;
mod porcelain;
mod property;
mod records;
mod recovery;
mod special;
mod terminal;
mod tree;
