//! Configuration: layers of settings, their precedence, and typed look-up.
//!
//! Every value is checked when its layer is read, against one table of keys, so that a look-up
//! cannot fail and a misspelt key cannot be overlooked. Messages name file, line, key and what is
//! allowed, and never repeat a value: it may be a secret that went into the wrong file.
//! Nothing is opened here; texts are handed in. This is the one place that reads the environment.

use std::collections::BTreeMap;
use std::ffi::OsString;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use crate::error::{Error, Result};
use crate::quote::quoted;
use crate::tree::policy::{MinFree, Policy};

mod edit;
mod keys;

pub use edit::{Edit, edited};
use keys::{Shape, Value, allowed_keys, find_key, find_section};

/// A parked tree rests this long unless told otherwise, in seconds.
const SPARE_REST: u64 = 600;

/// An environment variable; an empty one counts as unset.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub fn env(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// An environment variable as it is; an empty one is one.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub fn given(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// Whether the locale's characters are those of UTF-8, by the variables that setlocale(3) reads.
/// Without any, the locale is "C", which knows ASCII alone.
pub fn speaks_utf8() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(env).unwrap_or_default();
    let locale = locale.to_string_lossy().to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

/// What makes a file count as unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    /// Size, mtime, ctime and inode number.
    Strict,
    /// As strict, for file systems that renumber their inodes.
    NoInode,
    /// Size and mtime alone.
    Mtime,
}

impl Compare {
    /// The word for it in configurations and nodes.
    pub fn word(self) -> &'static str {
        match self {
            Compare::Strict => "strict",
            Compare::NoInode => "no-inode",
            Compare::Mtime => "mtime",
        }
    }
}

/// What becomes of a file of which only metadata changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetadataChange {
    /// A new inode with the old content.
    Copy,
    /// The old inode, with a note of what it does not show.
    Share,
}

/// What is to be kept in a sink, and who said so.
#[derive(Debug, Clone, PartialEq)]
pub struct Retention {
    /// The `keep-*` keys of one layer, or the built-in set.
    pub policy: Policy,
    /// How much is to stay free; `None` is off.
    pub min_free: Option<MinFree>,
    /// How many of the newest are spared when space is made; `None` is the built-in rule.
    pub min_keep: Option<u64>,
    /// Whether trees that rotation retired are kept to build the next snapshot from.
    pub spare: bool,
    /// How long such a tree rests before it is used, in seconds.
    pub spare_rest: u64,
    /// The layer that `policy` is from: a file, or `built-in`.
    pub origin: String,
}

/// One source of settings: a file, the environment, or a command line.
#[derive(Debug, Clone)]
pub struct Layer {
    /// Where it is from: a file's path, or words such as `the command line`.
    pub origin: String,
    operator: bool,
    table: BTreeMap<&'static str, BTreeMap<&'static str, Value>>,
}

/// Every key that can be set: `push.compare`.
pub fn all_keys() -> Vec<String> {
    keys::all()
}

/// The values of a key that takes no others: `true` and `false`, or a few words.
pub fn values(key: &str) -> &'static [&'static str] {
    match shape(key) {
        Ok(Shape::Switch) => &["true", "false"],
        Ok(Shape::Words(words)) => words,
        _ => &[],
    }
}

/// Whether a key takes a list, to which more can be added.
pub fn is_list(key: &str) -> bool {
    matches!(shape(key), Ok(Shape::List))
}

/// What a key takes.
fn shape(key: &str) -> std::result::Result<Shape, String> {
    let (section, name) = key.split_once('.').unwrap_or((key, ""));
    find_section(section).and_then(|section| find_key(section, name)).map(|(_, shape)| shape)
}

impl Layer {
    /// A layer without settings; `origin` is the file, or where else its settings are from.
    pub fn new(origin: &str) -> Layer {
        Layer { origin: origin.to_owned(), operator: false, table: BTreeMap::new() }
    }

    /// Reads the TOML `text` of the file `origin`.
    ///
    /// # Errors
    /// Of kind usage: text that is no TOML, unknown sections and keys, values that are not allowed.
    pub fn parse(origin: &str, text: &str) -> Result<Layer> {
        let mut layer = Layer::new(origin);
        layer.fill(text).map_err(|(at, cause)| {
            let line = 1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count();
            Error::usage(format!("cannot read {}", quoted(origin))).because(format!("line {line}: {cause}"))
        })?;
        Ok(layer)
    }

    /// Marks what the operator wrote (system, user, command line): it may name safe directories.
    /// A source must not vouch for itself, so its own configuration is never marked.
    #[must_use]
    pub fn of_operator(self) -> Layer {
        Layer { operator: true, ..self }
    }

    /// The same without one section, for a source whose `[rotate]` is not to be trusted.
    #[must_use]
    pub fn without(mut self, section: &str) -> Layer {
        self.table.remove(section);
        self
    }

    /// Sets `key` (`rotate.keep-daily`) from the text of an option or variable.
    ///
    /// # Errors
    /// Of kind usage: an unknown key, or a value that is not allowed.
    pub fn set(&mut self, key: &str, text: &str) -> Result<()> {
        let fault = |cause: String| Error::usage(format!("cannot use {}", self.origin)).because(cause);
        let (section, key) = key.split_once('.').unwrap_or((key, ""));
        let (section, keys) = find_section(section).map_err(fault)?;
        let (key, shape) = find_key((section, keys), key).map_err(fault)?;
        let value = shape.read_text(text);
        let value = value.ok_or_else(|| fault(format!("{section}.{key}: {}", shape.allowed())))?;
        self.table.entry(section).or_default().insert(key, value);
        Ok(())
    }

    /// Takes the settings over; a failure is its place in the text (bytes) and its cause.
    fn fill(&mut self, text: &str) -> Result<(), (usize, String)> {
        let document = DeTable::parse(text).map_err(|error| {
            (error.span().map_or(text.len(), |span| span.start), error.message().to_owned())
        })?;
        for (section, content) in in_order(document.get_ref()) {
            let at = section.span().start;
            let (section, keys) = find_section(section.get_ref()).map_err(|cause| (at, cause))?;
            let content = content.get_ref().as_table();
            let content = content.ok_or_else(|| (at, format!("{section}: {}", allowed_keys(keys))))?;
            for (key, raw) in in_order(content) {
                let at = key.span().start;
                let (key, shape) = find_key((section, keys), key.get_ref()).map_err(|cause| (at, cause))?;
                let value = shape.read(raw.get_ref());
                let value = value.ok_or_else(|| (at, format!("{section}.{key}: {}", shape.allowed())))?;
                self.table.entry(section).or_default().insert(key, value);
            }
        }
        Ok(())
    }

    /// The policy of this layer, if it has any `keep-*` key.
    fn policy(&self) -> Option<Policy> {
        let rotate = self.table.get("rotate")?;
        rotate.keys().find(|key| key.starts_with("keep-"))?;
        let count = |key: &str| number(rotate.get(key)).unwrap_or(0);
        let keep_within = match rotate.get("keep-within") {
            Some(Value::Length(span)) => Some(*span),
            _ => None,
        };
        Some(Policy {
            keep_last: count("keep-last"),
            keep_hourly: count("keep-hourly"),
            keep_daily: count("keep-daily"),
            keep_weekly: count("keep-weekly"),
            keep_monthly: count("keep-monthly"),
            keep_yearly: count("keep-yearly"),
            keep_within,
        })
    }

    fn get(&self, section: &str, key: &str) -> Option<&Value> {
        self.table.get(section)?.get(key)
    }
}

/// The entries of a table as the text has them, so that the first fault is the one named.
fn in_order<'t, 'i>(table: &'t DeTable<'i>) -> Vec<(&'t Spanned<DeString<'i>>, &'t Spanned<DeValue<'i>>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

/// A key, what it is set to, and the file that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The key with its section: `rotate.keep-daily`.
    pub key: String,
    /// The value as one would type it.
    pub value: String,
    /// The file.
    pub origin: String,
}

/// Makes sure that there is a key of this name.
///
/// # Errors
/// Of kind usage, with the keys there are.
pub fn check_key(key: &str) -> Result<()> {
    let fault = |cause| Error::usage(format!("there is no key {}", quoted(key))).because(cause);
    shape(key).map(drop).map_err(fault)
}

/// All layers that apply, the one that wins first.
#[derive(Debug, Clone, Default)]
pub struct Config {
    layers: Vec<Layer>,
}

impl Config {
    /// A configuration of these layers, highest precedence first.
    pub fn new(layers: Vec<Layer>) -> Config {
        Config { layers }
    }

    /// What is set, in the order of the manual; of `rotate.keep-*` only the set that applies.
    pub fn settings(&self) -> Vec<Setting> {
        let policy = self.layers.iter().find(|layer| layer.policy().is_some());
        let find = |key: String| {
            let (section, name) = key.split_once('.')?;
            let one_set = section == "rotate" && name.starts_with("keep-");
            let mut layers = self
                .layers
                .iter()
                .filter(|layer| !one_set || policy.is_some_and(|policy| policy.origin == layer.origin));
            let (layer, value) = layers.find_map(|layer| Some((layer, layer.get(section, name)?)))?;
            Some(Setting { value: value.text(), origin: layer.origin.clone(), key })
        };
        all_keys().into_iter().filter_map(find).collect()
    }

    /// `push.compare`; strict unless set.
    pub fn compare(&self) -> Compare {
        match self.word("push", "compare") {
            Some("no-inode") => Compare::NoInode,
            Some("mtime") => Compare::Mtime,
            _ => Compare::Strict,
        }
    }

    /// `push.metadata-change`; copy unless set.
    pub fn metadata_change(&self) -> MetadataChange {
        match self.word("push", "metadata-change") {
            Some("share") => MetadataChange::Share,
            _ => MetadataChange::Copy,
        }
    }

    /// `push.special`: whether a push saves FIFOs, sockets and devices; on unless off.
    pub fn special(&self) -> bool {
        switch(self.first("push", "special")).unwrap_or(true)
    }

    /// `push.one-file-system`: whether a push stays on the source's file system; on unless off.
    pub fn one_file_system(&self) -> bool {
        switch(self.first("push", "one-file-system")).unwrap_or(true)
    }

    /// `push.exclude-caches`: whether only the tag of a cache is saved; off unless on.
    pub fn exclude_caches(&self) -> bool {
        switch(self.first("push", "exclude-caches")).unwrap_or(false)
    }

    /// `push.exclude-if-present`: the name of the file that leaves out what is beside it.
    pub fn exclude_if_present(&self) -> Option<String> {
        self.word("push", "exclude-if-present").map(str::to_owned)
    }

    /// `push.exclude-larger-than`: the bytes that a file may have; a larger one is left out.
    pub fn exclude_larger_than(&self) -> Option<u64> {
        match self.first("push", "exclude-larger-than") {
            Some(Value::Bytes(bytes)) => Some(*bytes).filter(|bytes| *bytes > 0),
            _ => None,
        }
    }

    /// The configuration with `push.exclude-larger-than` as an option says it.
    ///
    /// # Errors
    /// Of kind usage: that is no number of bytes.
    pub fn with_larger_than(mut self, option: &str, bytes: &str) -> Result<Config> {
        let bad = |_| {
            Error::usage(format!("cannot use {option} {}", quoted(bytes)))
                .because(format!("allowed is {}", crate::tree::policy::BYTES_ALLOWED))
        };
        let text = format!("[push]\nexclude-larger-than = {}\n", serde_json::Value::from(bytes));
        let layer = Layer::parse(option, &text).map_err(bad)?;
        self.layers.insert(0, layer);
        Ok(self)
    }

    /// `push.torn`: whether a file that changed while it was read spoils the exit status.
    pub fn torn_is_error(&self) -> bool {
        self.word("push", "torn") == Some("error")
    }

    /// `push.unread-ok`: paths below the source's root that may be unreadable.
    pub fn unread_ok(&self) -> &[String] {
        match self.first("push", "unread-ok") {
            Some(Value::List(list)) => list,
            _ => &[],
        }
    }

    /// `push.churn-limit`: the percentage of files or bytes of which a loss is a mass change.
    pub fn churn_limit(&self) -> u64 {
        number(self.first("push", "churn-limit")).and_then(|limit| u64::try_from(limit).ok()).unwrap_or(50)
    }

    /// `core.default-sink`: what a bare `HEAD` means.
    pub fn default_sink(&self) -> Option<String> {
        self.word("core", "default-sink").map(str::to_owned)
    }

    /// `core.threads`, 1 to 64.
    pub fn threads(&self) -> Option<usize> {
        number(self.first("core", "threads")).and_then(|threads| usize::try_from(threads).ok())
    }

    /// `safe.directory` of all layers that the operator wrote, together.
    pub fn safe_directories(&self) -> Vec<String> {
        let layers = self.layers.iter().filter(|layer| layer.operator);
        let lists = layers.filter_map(|layer| match layer.get("safe", "directory") {
            Some(Value::List(list)) => Some(list.as_slice()),
            _ => None,
        });
        lists.flatten().cloned().collect()
    }

    /// What to keep in one sink: `overrides` (options, environment, the sink's own
    /// configuration; highest precedence first) win over the layers here.
    ///
    /// Any `keep-*` key in a layer replaces the built-in set whole; layers are never mixed. The
    /// other keys are looked up one by one.
    pub fn retention(&self, overrides: &[Layer]) -> Retention {
        let layers = || overrides.iter().chain(&self.layers);
        let first = |key: &str| layers().find_map(|layer| layer.get("rotate", key));
        let chosen = layers().find_map(|layer| Some((layer.policy()?, layer.origin.clone())));
        let (policy, origin) = chosen.unwrap_or_else(|| (Policy::default(), "built-in".to_owned()));
        let min_free = match first("min-free") {
            Some(Value::Free(free)) if *free != MinFree::Bytes(0) => Some(*free),
            _ => None,
        };
        let spare_rest = match first("spare-rest") {
            Some(Value::Seconds(seconds)) => *seconds,
            _ => SPARE_REST,
        };
        let min_keep = number(first("min-keep")).and_then(|count| u64::try_from(count).ok());
        let spare = switch(first("spare")).unwrap_or(true);
        Retention { policy, min_free, min_keep, spare, spare_rest, origin }
    }

    fn first(&self, section: &str, key: &str) -> Option<&Value> {
        self.layers.iter().find_map(|layer| layer.get(section, key))
    }

    fn word(&self, section: &str, key: &str) -> Option<&str> {
        match self.first(section, key)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

fn switch(value: Option<&Value>) -> Option<bool> {
    match value? {
        Value::Switch(on) => Some(*on),
        _ => None,
    }
}

fn number(value: Option<&Value>) -> Option<i64> {
    match value? {
        Value::Number(number) => Some(*number),
        _ => None,
    }
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
