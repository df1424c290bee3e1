//! Changing a configuration file: one key is set, added to or removed; comments and all else stay.

use super::Layer;
use super::keys::{Shape, Value, find_key, find_section};
use crate::error::{Error, Result};
use crate::quote::quoted;
use toml_edit::{Array, DocumentMut, Item, Table};

/// What is done with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit<'a> {
    /// It gets this value.
    Set(&'a str),
    /// Its list gets one more.
    Add(&'a str),
    /// It goes.
    Unset,
}

/// The text of the file `origin` after an edit; `key` is like `rotate.keep-daily`.
///
/// # Errors
/// Of kind usage: the text is no configuration, there is no such key, or the value is not allowed.
pub fn edited(origin: &str, text: &str, key: &str, edit: Edit<'_>) -> Result<String> {
    let cannot = || Error::usage(format!("cannot change {}", quoted(key)));
    let (section, name) = key.split_once('.').unwrap_or((key, ""));
    let found = find_section(section).and_then(|section| Ok((section, find_key(section, name)?)));
    let ((section, _), (name, shape)) = found.map_err(|cause| cannot().because(cause))?;
    // What is wrong with the file as it is comes first.
    Layer::parse(origin, text)?;
    let mut document: DocumentMut = text.parse().map_err(|_| cannot().because("the file is no TOML"))?;
    let not_allowed = || cannot().because(shape.allowed());
    match edit {
        Edit::Unset => {
            if let Some(table) = document.get_mut(section).and_then(Item::as_table_like_mut) {
                table.remove(name);
            }
        }
        Edit::Set(value) => {
            let value = shape.read_text(value).ok_or_else(not_allowed)?.into_toml();
            *slot(&mut document, section, name) = toml_edit::value(value);
        }
        Edit::Add(value) => {
            if !matches!(shape, Shape::List) || value.is_empty() {
                return Err(cannot().because("it is no list").hint("emu config set KEY VALUE sets it"));
            }
            let slot = slot(&mut document, section, name);
            if slot.is_none() {
                *slot = toml_edit::value(Array::new());
            }
            if let Some(list) = slot.as_array_mut()
                && !list.iter().any(|known| known.as_str() == Some(value))
            {
                list.push(value);
            }
        }
    }
    let text = document.to_string();
    Layer::parse(origin, &text)?;
    Ok(text)
}

fn slot<'a>(document: &'a mut DocumentMut, section: &str, name: &str) -> &'a mut Item {
    if !document.contains_key(section) {
        // What stands at the end of the file stays above what is new.
        let mut table = Table::new();
        let end = document.trailing().as_str().unwrap_or_default().to_owned();
        let gap = if end.is_empty() && document.is_empty() { "" } else { "\n" };
        table.decor_mut().set_prefix(end + gap);
        document.set_trailing("");
        document.insert(section, Item::Table(table));
    }
    let section = document.entry(section).or_insert(Item::None);
    section.as_table_like_mut().map_or_else(
        || unreachable!("because a layer was read, and its sections are tables"),
        |table| table.entry(name).or_insert(Item::None),
    )
}

impl Value {
    fn into_toml(self) -> toml_edit::Value {
        match self {
            Value::Switch(on) => on.into(),
            Value::Number(number) => number.into(),
            Value::Seconds(seconds) => i64::try_from(seconds).unwrap_or(i64::MAX).into(),
            Value::Text(text) => text.into(),
            Value::Length(span) => span.to_string().into(),
            Value::Free(free) => free.to_string().into(),
            Value::Bytes(bytes) => bytes.to_string().into(),
            Value::List(list) => list.into_iter().collect::<Array>().into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# mine\n[push]\ntorn = \"warn\" # why\n\n# [rotate]\n";

    fn edit(text: &str, key: &str, edit: Edit<'_>) -> String {
        edited("x", text, key, edit).unwrap()
    }

    #[test]
    fn comments_and_other_keys_stay() {
        let set = edit(TEXT, "rotate.keep-daily", Edit::Set("7"));
        assert!(set.starts_with("# mine\n[push]\ntorn = \"warn\" # why\n"), "{set}");
        assert!(set.ends_with("# [rotate]\n\n[rotate]\nkeep-daily = 7\n"), "{set}");
        assert!(edit(&set, "push.torn", Edit::Set("error")).contains("torn = \"error\""));
        assert!(!edit(&set, "rotate.keep-daily", Edit::Unset).contains("keep-daily"));
        assert_eq!(edit(TEXT, "rotate.keep-daily", Edit::Unset), TEXT);
    }

    #[test]
    fn values_have_the_form_of_their_key() {
        assert!(edit("", "push.one-file-system", Edit::Set("false")).contains("one-file-system = false"));
        assert!(edit("", "rotate.keep-within", Edit::Set("7d")).contains("keep-within = \"7d\""));
        assert!(edit("", "rotate.keep-weekly", Edit::Set("unlimited")).contains("keep-weekly = -1"));
        assert!(edit("", "rotate.spare-rest", Edit::Set("10min")).contains("spare-rest = 600"));
        assert!(edit("", "rotate.min-free", Edit::Set("5%")).contains("min-free = \"5%\""));
    }

    #[test]
    fn a_list_grows_and_holds_nothing_twice() {
        let one = edit("", "safe.directory", Edit::Add("/srv"));
        let two = edit(&one, "safe.directory", Edit::Add("/home"));
        assert!(two.contains("directory = [\"/srv\", \"/home\"]"), "{two}");
        assert_eq!(edit(&two, "safe.directory", Edit::Add("/srv")), two);
        assert!(edited("x", "", "push.torn", Edit::Add("warn")).is_err());
    }

    #[test]
    fn what_is_not_allowed_is_refused() {
        for (key, value) in
            [("rotate.keep-daily", "many"), ("push.torn", "maybe"), ("nothing", "1"), ("push.x", "1")]
        {
            assert!(edited("x", "", key, Edit::Set(value)).is_err(), "{key}");
        }
        assert!(edited("x", "[nothing]\n", "push.torn", Edit::Set("warn")).is_err());
    }
}
