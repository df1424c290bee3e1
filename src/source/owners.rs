//! Names of the owners on this machine, from its passwd(5) and group(5).

use crate::fs;
use crate::tree::Owners;
use std::collections::BTreeMap;

fn names(file: &str) -> BTreeMap<String, String> {
    let text = fs::system_file("/etc", file).unwrap_or_default();
    let mut names = BTreeMap::new();
    for line in String::from_utf8_lossy(&text).lines() {
        let mut fields = line.split(':');
        if let (Some(name), Some(_), Some(number)) = (fields.next(), fields.next(), fields.next())
            && number.parse::<u32>().is_ok()
            && !name.is_empty()
        {
            // The first name of a number is the one that other tools print.
            names.entry(number.to_owned()).or_insert_with(|| name.to_owned());
        }
    }
    names
}

/// All local users and groups by number.
pub fn owner_names() -> Owners {
    Owners { users: names("passwd"), groups: names("group") }
}

/// The name of a user, or the number where it has none.
pub fn user_name(uid: u32) -> String {
    names("passwd").remove(&uid.to_string()).unwrap_or_else(|| uid.to_string())
}
