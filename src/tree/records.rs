//! One line of a manifest on its own: which record it is, and whether it is well formed.

use super::{Entry, EntryRecord, TreeRecord, Unread, bytes_from};
use crate::error::{Error, Kind as ErrorKind};
use serde::Deserialize;
use std::borrow::Cow;

/// What kind of record a line is.
#[derive(Deserialize)]
pub(super) struct Tag<'a> {
    #[serde(rename = "type", borrow)]
    pub(super) ty: Cow<'a, str>,
}

/// The version in the header.
#[derive(Deserialize)]
pub(super) struct Version {
    pub(super) v: u32,
}

#[derive(Deserialize)]
struct UnreadRecord {
    path: Option<String>,
    path_b64: Option<String>,
    errno: i32,
    text: String,
}

#[derive(Deserialize)]
struct Failure {
    class: String,
    message: String,
    hint: Option<String>,
}

/// A record after the header.
pub(super) enum Record {
    Entry(Box<[u8]>, Box<Entry>),
    Unread(Unread),
    /// The line that says what was left out, as the layers above describe it.
    Exclusions(Box<str>),
    Tree(TreeRecord),
}

/// An `error` record ends a stream whose producer failed; the failure keeps its class.
pub(super) fn relayed(line: &[u8], what: &str) -> Error {
    match serde_json::from_slice::<Failure>(line) {
        Ok(failure) => {
            let kind = ErrorKind::from_class(&failure.class).unwrap_or(ErrorKind::Failed);
            let error = Error::new(kind, format!("cannot read {what}")).because(failure.message);
            match failure.hint {
                Some(hint) => error.hint(hint),
                None => error,
            }
        }
        Err(_) => Error::failed(format!("cannot read {what}")).because("its producer failed"),
    }
}

/// Why a line is no record.
pub(super) enum Bad {
    Malformed(String),
    Relayed(Box<Error>),
}

/// Reads one line. `what` names the stream in messages.
pub(super) fn parse(line: &[u8], what: &str) -> Result<Record, Bad> {
    let json = |error: serde_json::Error| Bad::Malformed(format!("not a record: {}", json_reason(&error)));
    if !line.starts_with(b"{\"type\":\"entry\",") {
        let tag: Tag = serde_json::from_slice(line).map_err(json)?;
        match &*tag.ty {
            "entry" => {}
            "tree" => return serde_json::from_slice(line).map(Record::Tree).map_err(json),
            "unread" => {
                let record: UnreadRecord = serde_json::from_slice(line).map_err(json)?;
                let path = bytes_from("path", record.path.as_deref(), record.path_b64.as_deref())
                    .map_err(Bad::Malformed)?
                    .ok_or_else(|| Bad::Malformed("no path".into()))?;
                return Ok(Record::Unread(Unread { path, errno: record.errno, text: record.text }));
            }
            "exclusions" => {
                serde_json::from_slice::<serde::de::IgnoredAny>(line).map_err(json)?;
                return Ok(Record::Exclusions(String::from_utf8_lossy(line).into()));
            }
            "error" => return Err(Bad::Relayed(Box::new(relayed(line, what)))),
            _ => return Err(Bad::Malformed("a record of a type that has no place here".into())),
        }
    }
    let record: EntryRecord = serde_json::from_slice(line).map_err(json)?;
    let (path, entry) = record.into_entry().map_err(Bad::Malformed)?;
    Ok(Record::Entry(path, Box::new(entry)))
}

/// The reason without the offending text, which may be a secret or an attack.
fn json_reason(error: &serde_json::Error) -> String {
    match error.classify() {
        serde_json::error::Category::Eof => "the line is cut off".into(),
        serde_json::error::Category::Syntax => "no JSON".into(),
        _ => format!("a field is missing or of the wrong form (column {})", error.column()),
    }
}
