//! `installed`: a file that `emu install-files` wrote or would write.

use crate::sink::node::PathField;
use serde::Serialize;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// A file, for scripts.
#[derive(Debug, Serialize)]
pub struct InstalledRecord {
    #[serde(rename = "type")]
    ty: &'static str,
    #[serde(flatten)]
    path: PathField,
}

impl InstalledRecord {
    /// The record of the file at `path`.
    pub fn new(path: &Path) -> InstalledRecord {
        InstalledRecord { ty: "installed", path: PathField::new(path.as_os_str().as_bytes()) }
    }
}
