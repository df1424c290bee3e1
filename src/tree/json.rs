//! The written form of an entry: one JSON object, as `emu-format.5` lays down.

use super::{Digest, Entry, Held, Kind, Made, Time, Xattrs, path};
use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Text if the bytes are UTF-8, else base64: exactly one of the two.
pub fn text_or_b64(bytes: &[u8]) -> (Option<Cow<'_, str>>, Option<Cow<'_, str>>) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (Some(text.into()), None),
        Err(_) => (None, Some(BASE64.encode(bytes).into())),
    }
}

/// The bytes of a field that stands as text or as base64. `Ok(None)` if neither is there.
///
/// # Errors
/// Both are there, the base64 is broken, or it encodes valid UTF-8 (two forms for one name).
pub fn bytes_from(what: &str, text: Option<&str>, b64: Option<&str>) -> Result<Option<Box<[u8]>>, String> {
    match (text, b64) {
        (Some(_), Some(_)) => Err(format!("both {what} and {what}_b64")),
        (Some(text), None) => Ok(Some(text.as_bytes().into())),
        (None, Some(b64)) => match BASE64.decode(b64.as_bytes()) {
            Ok(bytes) if std::str::from_utf8(&bytes).is_ok() => Err(format!("{what}_b64 is UTF-8")),
            Ok(bytes) => Ok(Some(bytes.into())),
            Err(_) => Err(format!("{what}_b64 is not base64")),
        },
        (None, None) => Ok(None),
    }
}

/// An entry in JSON. Unknown fields are passed over, so that fields can be added.
#[derive(Debug, Serialize, Deserialize)]
pub struct EntryRecord<'a> {
    #[serde(rename = "type", borrow)]
    ty: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    path: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    path_b64: Option<Cow<'a, str>>,
    kind: Kind,
    #[serde(borrow)]
    mode: Cow<'a, str>,
    uid: u32,
    gid: u32,
    #[serde(borrow)]
    mtime: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sha256: Option<Digest>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    target: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    target_b64: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    rdev: Option<Cow<'a, str>>,
    #[serde(borrow)]
    ino: Cow<'a, str>,
    #[serde(borrow)]
    ctime: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nlink: Option<u32>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    racy: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    torn: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    unattested: bool,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    xattrs: Option<BTreeMap<Cow<'a, str>, Cow<'a, str>>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    links: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    links_b64: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    held: Option<HeldRecord<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    made: Option<u64>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    made_as: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    made_as_b64: Option<Cow<'a, str>>,
}

/// `held` in JSON.
#[derive(Debug, Serialize, Deserialize)]
pub struct HeldRecord<'a> {
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    mode: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    uid: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gid: Option<u32>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    mtime: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    xattrs: Vec<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    split: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    absent: bool,
}

/// Names of attributes are text in practice; others stand as `b64:` and base64.
fn xattr_key(name: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(name) {
        Ok(text) => text.into(),
        Err(_) => format!("b64:{}", BASE64.encode(name)).into(),
    }
}

fn xattr_name(key: &str) -> Result<Box<[u8]>, String> {
    let name: Box<[u8]> = match key.strip_prefix("b64:") {
        Some(b64) => BASE64.decode(b64.as_bytes()).map_err(|_| "an xattr name is not base64")?.into(),
        None => key.as_bytes().into(),
    };
    if name.is_empty() || name.len() > 255 || name.contains(&0) {
        return Err("an xattr name is empty, too long or has a NUL".into());
    }
    Ok(name)
}

fn parse_mode(text: &str) -> Result<u16, String> {
    let octal = text.len() == 4 && text.bytes().all(|b| (b'0'..=b'7').contains(&b));
    let mode = if octal { u16::from_str_radix(text, 8).ok() } else { None };
    mode.ok_or_else(|| "a mode is four octal digits".into())
}

fn parse_time(text: &str) -> Result<Time, String> {
    Time::parse(text).ok_or_else(|| "a time is seconds, a dot and nine digits".into())
}

fn parse_rdev(text: &str) -> Result<(u32, u32), String> {
    let numbers = text.split_once(':').and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
    numbers.ok_or_else(|| "rdev is major:minor".into())
}

impl<'a> EntryRecord<'a> {
    /// The record of `entry`, whose path is `path`.
    pub fn new(path: &'a [u8], entry: &'a Entry) -> EntryRecord<'a> {
        let (path, path_b64) = text_or_b64(path);
        let (target, target_b64) = entry.target.as_deref().map_or((None, None), text_or_b64);
        let (links, links_b64) = entry.links.as_deref().map_or((None, None), text_or_b64);
        let made_as = entry.made.as_ref().and_then(|made| made.path.as_deref());
        let (made_as, made_as_b64) = made_as.map_or((None, None), text_or_b64);
        EntryRecord {
            ty: "entry".into(),
            path,
            path_b64,
            kind: entry.kind,
            mode: format!("{:04o}", entry.mode).into(),
            uid: entry.uid,
            gid: entry.gid,
            mtime: entry.mtime.to_string().into(),
            size: (entry.kind == Kind::File).then_some(entry.size),
            sha256: entry.sha256,
            target,
            target_b64,
            rdev: entry.rdev.map(|(major, minor)| format!("{major}:{minor}").into()),
            ino: entry.ino.to_string().into(),
            ctime: entry.ctime.to_string().into(),
            nlink: (entry.nlink > 1 && entry.may_be_grouped()).then_some(entry.nlink),
            racy: entry.racy,
            torn: entry.torn,
            unattested: entry.unattested,
            xattrs: (!entry.xattrs.is_empty())
                .then(|| entry.xattrs.iter().map(|(k, v)| (xattr_key(k), BASE64.encode(v).into())).collect()),
            links,
            links_b64,
            held: entry.held.as_deref().map(HeldRecord::new),
            made: entry.made.as_ref().map(|made| made.seq),
            made_as,
            made_as_b64,
        }
    }

    /// Path and entry, checked: a record may come from a stranger.
    ///
    /// # Errors
    /// What is wrong, in a few words without the offending text.
    pub fn into_entry(self) -> Result<(Box<[u8]>, Entry), String> {
        let whole = bytes_from("path", self.path.as_deref(), self.path_b64.as_deref())?.ok_or("no path")?;
        if !path::is_safe(&whole) {
            return Err("the path is not a relative path of plain components".into());
        }
        let made_as = bytes_from("made_as", self.made_as.as_deref(), self.made_as_b64.as_deref())?;
        let entry = Entry {
            name: path::split(&whole).map_or(&b""[..], |(_, name)| name).into(),
            kind: self.kind,
            mode: parse_mode(&self.mode)?,
            uid: self.uid,
            gid: self.gid,
            mtime: parse_time(&self.mtime)?,
            size: self.size.unwrap_or(0),
            sha256: self.sha256,
            target: bytes_from("target", self.target.as_deref(), self.target_b64.as_deref())?,
            rdev: self.rdev.as_deref().map(parse_rdev).transpose()?,
            ino: self.ino.parse().map_err(|_| "ino is not a number")?,
            ctime: parse_time(&self.ctime)?,
            nlink: self.nlink.unwrap_or(1),
            racy: self.racy,
            torn: self.torn,
            unattested: self.unattested,
            xattrs: read_xattrs(self.xattrs.unwrap_or_default())?,
            links: bytes_from("links", self.links.as_deref(), self.links_b64.as_deref())?,
            held: self.held.map(HeldRecord::into_held).transpose()?.and_then(Held::some),
            made: self.made.map(|seq| Made { seq, path: made_as }),
            sink_ino: 0,
        };
        check_fields(&entry, self.size.is_some())?;
        Ok((whole, entry))
    }
}

fn read_xattrs(map: BTreeMap<Cow<'_, str>, Cow<'_, str>>) -> Result<Xattrs, String> {
    map.iter()
        .map(|(key, value)| {
            let value = BASE64.decode(value.as_bytes()).map_err(|_| "an xattr value is not base64")?;
            Ok((xattr_name(key)?, value.into()))
        })
        .collect()
}

/// Each kind has the fields that are its own and no others.
fn check_fields(entry: &Entry, sized: bool) -> Result<(), String> {
    let file = entry.kind == Kind::File;
    let device = entry.kind.is_device();
    let hashed = file && !entry.unattested;
    if sized != file || entry.sha256.is_some() != hashed {
        return Err(
            "size and sha256 belong to files, and each file has them; but no hash if unattested".into()
        );
    }
    if entry.target.is_some() != (entry.kind == Kind::Symlink) {
        return Err("a target belongs to symbolic links, and each has one".into());
    }
    if entry.target.as_deref().is_some_and(|t| t.is_empty() || t.contains(&0)) {
        return Err("the target of a symbolic link is empty or has a NUL".into());
    }
    if entry.rdev.is_some() != device {
        return Err("rdev belongs to devices, and each has one".into());
    }
    if entry.links.is_some() && !entry.may_be_grouped() {
        return Err("a directory has no links".into());
    }
    if entry.is_absent() && !entry.kind.is_special() {
        return Err("only a fifo, a socket or a device can be absent".into());
    }
    Ok(())
}

impl<'a> HeldRecord<'a> {
    fn new(held: &'a Held) -> HeldRecord<'a> {
        HeldRecord {
            mode: held.mode.map(|mode| format!("{mode:04o}").into()),
            uid: held.uid,
            gid: held.gid,
            mtime: held.mtime.map(|time| time.to_string().into()),
            xattrs: held.xattrs.iter().map(|name| xattr_key(name)).collect(),
            split: held.split,
            absent: held.absent,
        }
    }

    fn into_held(self) -> Result<Held, String> {
        Ok(Held {
            mode: self.mode.as_deref().map(parse_mode).transpose()?,
            uid: self.uid,
            gid: self.gid,
            mtime: self.mtime.as_deref().map(parse_time).transpose()?,
            xattrs: self.xattrs.iter().map(|key| xattr_name(key)).collect::<Result<_, _>>()?,
            split: self.split,
            absent: self.absent,
        })
    }
}
