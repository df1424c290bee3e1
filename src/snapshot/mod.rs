//! The pipeline.
pub mod rotate;
