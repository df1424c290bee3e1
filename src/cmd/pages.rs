//! The manual in the program: every page of `man/`, as it was when the program was built.

/// A page.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// `emu-push`, `emu-format`.
    pub name: &'static str,
    /// `1`, `5` or `7`.
    pub section: &'static str,
    /// Its roff.
    pub text: &'static str,
}

/// Every page, by name and section.
pub static ALL: &[Page] = include!(concat!(env!("OUT_DIR"), "/pages.rs"));

impl Page {
    /// What it is called after `emu help`.
    pub fn topic(&self) -> &'static str {
        self.name.strip_prefix("emu-").unwrap_or(self.name)
    }

    /// Its one line, without its name.
    pub fn title(&self) -> String {
        let line = self.text.lines().find_map(|line| line.split_once(" \\- "));
        line.map(|(_, title)| title.replace("\\-", "-")).unwrap_or_default()
    }
}

/// The page on a topic: `push`, `emu-push`, `format`, `config.5`. A command goes before what has
/// the same name in another section.
pub fn find(topic: &str) -> Option<&'static Page> {
    let named = |page: &&Page, name: &str| page.name == name || page.topic() == name;
    let (name, section) = match topic.rsplit_once('.') {
        Some((name, section)) => (name, Some(section)),
        None => (topic, None),
    };
    // The list is in the order of sections where names are equal.
    ALL.iter().find(|page| named(page, name) && section.is_none_or(|section| page.section == section))
}
