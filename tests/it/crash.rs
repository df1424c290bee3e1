//! Crashes: a push, a rotation or a commit is cut off at every call that changes something, at
//! random moments, and by power cuts. Whatever happens, what is listed is whole, and the next
//! command needs no manual step.

mod at_random;
mod every_call;
mod every_error;
mod power;
pub mod scene;
mod undurable;
