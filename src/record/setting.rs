//! `setting`: a key of the configuration and what it is set to.

use serde::Serialize;

/// A setting, for scripts.
#[derive(Debug, Serialize)]
pub struct SettingRecord<'a> {
    #[serde(rename = "type")]
    ty: &'static str,
    key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
    origin: &'a str,
}

impl<'a> SettingRecord<'a> {
    /// The record of a key with its value as text, and the file that sets it.
    pub fn new(key: &'a str, value: Option<&'a str>, origin: &'a str) -> SettingRecord<'a> {
        SettingRecord { ty: "setting", key, value, origin }
    }
}
