//! Names of the owners on this machine, from its passwd(5) and group(5).

use crate::fs;
use crate::tree::Owners;
use std::collections::BTreeMap;

/// The names and numbers in one of these files, in its order.
fn local(file: &str) -> Vec<(String, u32)> {
    let text = fs::system_file("/etc", file).unwrap_or_default();
    let named = |line: &str| {
        let mut fields = line.split(':');
        let (name, _, number) = (fields.next()?, fields.next()?, fields.next()?);
        let number = number.parse().ok()?;
        (!name.is_empty()).then(|| (name.to_owned(), number))
    };
    String::from_utf8_lossy(&text).lines().filter_map(named).collect()
}

fn names(file: &str) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for (name, number) in local(file) {
        // The first name of a number is the one that other tools print.
        names.entry(number.to_string()).or_insert(name);
    }
    names
}

fn numbers(file: &str) -> BTreeMap<String, u32> {
    let mut numbers = BTreeMap::new();
    for (name, number) in local(file) {
        numbers.entry(name).or_insert(number);
    }
    numbers
}

/// Numbers of the local users, and those of the local groups, by name.
pub fn owner_numbers() -> (BTreeMap<String, u32>, BTreeMap<String, u32>) {
    (numbers("passwd"), numbers("group"))
}

/// All local users and groups by number.
pub fn owner_names() -> Owners {
    Owners { users: names("passwd"), groups: names("group") }
}

/// The name of a user, or the number where it has none.
pub fn user_name(uid: u32) -> String {
    names("passwd").remove(&uid.to_string()).unwrap_or_else(|| uid.to_string())
}
