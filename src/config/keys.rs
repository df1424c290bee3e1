//! The table of keys: what there is to set, and what each key takes.

use toml::de::DeValue;

use crate::tree::policy::{BYTES_ALLOWED, MinFree, Span, read_bytes};

/// A checked value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Switch(bool),
    Number(i64),
    Seconds(u64),
    Text(String),
    Length(Span),
    Free(MinFree),
    Bytes(u64),
    List(Vec<String>),
}

/// What a key takes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    Switch,
    Words(&'static [&'static str]),
    Text,
    /// A number from the first to the second.
    Number(i64, i64),
    /// A number from 0; -1 or `unlimited` for no limit.
    Count,
    Length,
    Free,
    /// Bytes, with `K`, `M`, `G` or `T` or nothing behind the number.
    Bytes,
    /// Whole seconds, or a text with `s`, `min` or `h`.
    Seconds,
    List,
}

/// The keys of a section with what they take.
pub(super) type Keys = &'static [(&'static str, Shape)];

/// A section: its name and its keys.
pub(super) type Section = (&'static str, Keys);

/// Every key there is, section by section.
const SECTIONS: &[Section] = &[
    ("core", &[("default-sink", Shape::Text), ("threads", Shape::Number(1, 64))]),
    (
        "push",
        &[
            ("compare", Shape::Words(&["strict", "no-inode", "mtime"])),
            ("metadata-change", Shape::Words(&["copy", "share"])),
            ("one-file-system", Shape::Switch),
            ("exclude-caches", Shape::Switch),
            ("exclude-if-present", Shape::Text),
            ("exclude-larger-than", Shape::Bytes),
            ("torn", Shape::Words(&["warn", "error"])),
            ("unread-ok", Shape::List),
            ("churn-limit", Shape::Number(1, 100)),
            ("special", Shape::Switch),
        ],
    ),
    (
        "rotate",
        &[
            ("keep-last", Shape::Count),
            ("keep-hourly", Shape::Count),
            ("keep-daily", Shape::Count),
            ("keep-weekly", Shape::Count),
            ("keep-monthly", Shape::Count),
            ("keep-yearly", Shape::Count),
            ("keep-within", Shape::Length),
            ("min-free", Shape::Free),
            ("min-keep", Shape::Number(1, i64::MAX)),
            ("spare", Shape::Switch),
            ("spare-rest", Shape::Seconds),
        ],
    ),
    ("safe", &[("directory", Shape::List)]),
];

impl Value {
    /// The value as one would type it.
    pub(super) fn text(&self) -> String {
        match self {
            Value::Switch(on) => on.to_string(),
            Value::Number(number) => number.to_string(),
            Value::Seconds(seconds) => seconds.to_string(),
            Value::Text(text) => text.clone(),
            Value::Length(span) => span.to_string(),
            Value::Free(free) => free.to_string(),
            Value::Bytes(bytes) => bytes.to_string(),
            Value::List(list) => list.join(", "),
        }
    }
}

impl Shape {
    /// What is allowed, for messages.
    pub(super) fn allowed(self) -> String {
        match self {
            Shape::Switch => "allowed are true, false".to_owned(),
            Shape::Words(words) => format!("allowed are {}", words.join(", ")),
            Shape::Text => "allowed is a text that is not empty".to_owned(),
            Shape::Number(low, i64::MAX) => format!("allowed is a whole number from {low}"),
            Shape::Number(low, high) => format!("allowed is a whole number from {low} to {high}"),
            Shape::Count => "allowed is a whole number from 0, or -1 for unlimited".to_owned(),
            Shape::Length => format!("allowed is {}", Span::ALLOWED),
            Shape::Free => format!("allowed is {}", MinFree::ALLOWED),
            Shape::Bytes => format!("allowed is {BYTES_ALLOWED}"),
            Shape::Seconds => "allowed is a number of seconds, or a text like 30s, 10min or 1h".to_owned(),
            Shape::List => "allowed is a list of texts like [\"/srv/www\"]".to_owned(),
        }
    }

    /// The checked value of what a file holds.
    pub(super) fn read(self, raw: &DeValue<'_>) -> Option<Value> {
        match raw {
            DeValue::Boolean(on) if matches!(self, Shape::Switch) => Some(Value::Switch(*on)),
            DeValue::Integer(number) if !matches!(self, Shape::Text | Shape::Words(_) | Shape::List) => {
                let number = i64::from_str_radix(number.as_str(), number.radix()).ok()?;
                self.read_text(&number.to_string())
            }
            DeValue::String(text) if !matches!(self, Shape::Switch | Shape::Number(..) | Shape::List) => {
                self.read_text(text)
            }
            DeValue::Array(items) if matches!(self, Shape::List) => {
                let texts = items.iter().map(|item| item.get_ref().as_str().map(str::to_owned));
                texts.collect::<Option<Vec<String>>>().map(Value::List)
            }
            _ => None,
        }
    }

    /// The checked value of what a command line or the environment holds.
    pub(super) fn read_text(self, text: &str) -> Option<Value> {
        match self {
            Shape::Switch => text.parse().ok().map(Value::Switch),
            Shape::Words(words) => words.contains(&text).then(|| Value::Text(text.to_owned())),
            Shape::Text => (!text.is_empty()).then(|| Value::Text(text.to_owned())),
            Shape::Number(low, high) => {
                let number = text.parse().ok().filter(|number| (low..=high).contains(number))?;
                Some(Value::Number(number))
            }
            Shape::Count if text == "unlimited" => Some(Value::Number(-1)),
            Shape::Count => text.parse().ok().filter(|count| *count >= -1).map(Value::Number),
            Shape::Length => text.parse().ok().map(Value::Length),
            Shape::Free => text.parse().ok().map(Value::Free),
            Shape::Bytes => read_bytes(text).map(Value::Bytes),
            Shape::Seconds => read_seconds(text).map(Value::Seconds),
            Shape::List => (!text.is_empty()).then(|| Value::List(vec![text.to_owned()])),
        }
    }
}

/// Whole seconds, with `s`, `min`, `h` or nothing behind the number.
fn read_seconds(text: &str) -> Option<u64> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let factor = match unit {
        "" | "s" => 1,
        "min" => 60,
        "h" => 3600,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

/// Every key, with its section before it: `core.threads`.
pub(super) fn all() -> Vec<String> {
    let of_section = |(section, keys): &Section| -> Vec<String> {
        keys.iter().map(|(key, _)| format!("{section}.{key}")).collect()
    };
    SECTIONS.iter().flat_map(of_section).collect()
}

/// The section of this name.
///
/// # Errors
/// What is wrong, and the sections there are.
pub(super) fn find_section(name: &str) -> Result<Section, String> {
    let found = SECTIONS.iter().find(|(section, _)| *section == name);
    found.copied().ok_or_else(|| {
        let names: Vec<&str> = SECTIONS.iter().map(|(section, _)| *section).collect();
        format!("{}unknown section, allowed are {}", shown(name), names.join(", "))
    })
}

/// The key of this name in `section`, and what it takes.
///
/// # Errors
/// What is wrong, and the keys there are.
pub(super) fn find_key((section, keys): Section, name: &str) -> Result<(&'static str, Shape), String> {
    let found = keys.iter().find(|(key, _)| *key == name);
    found.copied().ok_or_else(|| format!("{section}.{}unknown key, {}", shown(name), allowed_keys(keys)))
}

/// The keys there are, for messages.
pub(super) fn allowed_keys(keys: Keys) -> String {
    let names: Vec<&str> = keys.iter().map(|(key, _)| *key).collect();
    format!("allowed are {}", names.join(", "))
}

/// A name that may be a misspelt key; anything else may be a secret and is left out.
fn shown(name: &str) -> String {
    let plain = name.len() <= 24 && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    if plain && !name.is_empty() { format!("{name}: ") } else { "?: ".to_owned() }
}
