//! `sink`: a sink that a source knows, and whether it is there.

use crate::sink::node::PathField;
use serde::Serialize;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// A sink, for scripts. What needs an open sink is left out while it is absent.
#[derive(Debug, Serialize)]
pub struct SinkRecord<'a> {
    #[serde(rename = "type")]
    ty: &'static str,
    name: &'a str,
    #[serde(flatten)]
    path: PathField,
    id: &'a str,
    optional: bool,
    present: bool,
    #[serde(flatten)]
    place: Option<SinkPlace<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
}

/// Where an open sink lies and what it holds.
#[derive(Debug, Default, Serialize)]
pub struct SinkPlace<'a> {
    /// Device or server that is mounted there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<&'a str>,
    /// Where it is mounted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mount_point: Option<&'a str>,
    /// Kind of file system.
    pub file_system: &'a str,
    /// Bytes that this user may still fill.
    pub free: u64,
    /// Listed snapshots.
    pub snapshots: u64,
    /// Id of HEAD.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<&'a str>,
}

impl<'a> SinkRecord<'a> {
    /// The record of a sink that is there (`Ok`), or the reason why it is not.
    pub fn new(
        name: &'a str,
        path: &Path,
        id: &'a str,
        optional: bool,
        place: Result<SinkPlace<'a>, &'a str>,
    ) -> SinkRecord<'a> {
        let path = PathField::new(path.as_os_str().as_bytes());
        let present = place.is_ok();
        let (place, why) = match place {
            Ok(place) => (Some(place), None),
            Err(why) => (None, Some(why)),
        };
        SinkRecord { ty: "sink", name, path, id, optional, present, place, why }
    }
}
