//! What a command takes stands in its page, in its help, and in what completion offers; all three
//! come from one definition, and say the same.

use std::collections::BTreeSet;

use emu::cmd::{self, Class, pages};

use super::page::{built, common, pages as rendered, shown, typed};
use crate::env::{Emu, need_tool};

/// Headings that every page of a section has.
const SECTIONS: &[(&str, &[&str])] = &[
    ("1", &["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "EXAMPLES", "SEE ALSO"]),
    ("5", &["NAME", "DESCRIPTION", "SEE ALSO"]),
    ("7", &["NAME", "DESCRIPTION", "SEE ALSO"]),
];

/// What stands below a heading, without fonts and escapes.
fn section(page: &str, title: &str) -> Option<String> {
    let begins = |line: &str| line.strip_prefix(".SH ").is_some_and(|rest| rest.trim_matches('"') == title);
    let mut lines = page.lines().skip_while(|line| !begins(line));
    lines.next()?;
    let body: Vec<&str> = lines.take_while(|line| !line.starts_with(".SH ")).collect();
    let is_text = |line: &&str| ![".nh", ".hy", ".ad l", ".ad b"].contains(line);
    let body: Vec<&str> = body.into_iter().filter(is_text).collect();
    let body = body.join(" ").replace("\\fB", "").replace("\\fI", "").replace("\\fR", "");
    Some(body.replace("\\-", "-").replace("\\ ", " "))
}

#[test]
fn every_page_has_the_sections_that_a_reader_looks_for() {
    if super::blesses() {
        return;
    }
    let mut missing = Vec::new();
    for page in pages::ALL {
        let (_, titles) = SECTIONS.iter().find(|(section, _)| *section == page.section).unwrap();
        let lacks = |title: &&&str| section(page.text, title).is_none_or(|text| text.trim().is_empty());
        missing.extend(
            titles.iter().filter(lacks).map(|title| format!("{}({}): {title}", page.name, page.section)),
        );
        let headings: Vec<&str> = page.text.lines().filter(|line| line.starts_with(".SH ")).collect();
        let once: BTreeSet<&str> = headings.iter().copied().collect();
        assert_eq!(once.len(), headings.len(), "{} has a section twice: {headings:?}", page.name);
    }
    assert!(missing.is_empty(), "sections that are missing (the prose of the entry has them): {missing:#?}");
}

#[test]
fn every_page_is_in_the_program() {
    if super::blesses() {
        return;
    }
    for (file, text) in rendered() {
        let (name, section) = file.rsplit_once('.').unwrap();
        let page = pages::ALL.iter().find(|page| (page.name, page.section) == (name, section));
        assert_eq!(page.map(|page| page.text), Some(&*text), "{file}");
    }
}

#[test]
fn the_synopsis_is_the_usage_of_the_help() {
    for entry in cmd::TABLE.iter().filter(|entry| entry.class == Class::Porcelain || !shares(entry.name)) {
        let mut command = built(entry);
        // What cannot be typed alone has a line for each of its commands only.
        if command.is_subcommand_required_set() {
            continue;
        }
        let usage = command.render_usage().to_string();
        let usage = usage.strip_prefix("Usage: ").unwrap().lines().next().unwrap().replace(['<', '>'], "");
        // The help says only that there are options; required ones it names, and so does the page.
        let usage = usage.replace(" [OPTIONS]", "").replace(" [COMMAND]", "");
        let page = rendered().remove(&format!("emu-{}.1", entry.name)).unwrap();
        let synopsis = section(&page, "SYNOPSIS").unwrap();
        let first = synopsis.split(".br").next().unwrap().trim();
        let mut bare = String::new();
        let mut rest = first;
        while let Some(at) = rest.find(" [-") {
            let (before, option) = rest.split_at(at);
            let end = option.find(']').unwrap() + 1;
            bare += before;
            // `[-- PATH...]` is no option; and `[--x[=Y]]` ends in two brackets.
            if option.starts_with(" [-- ") {
                bare += &option[..end];
            }
            let end = if option[end..].starts_with(']') { end + 1 } else { end };
            rest = option[end..]
                .strip_prefix("...")
                .filter(|_| !option.starts_with(" [-- "))
                .unwrap_or(&option[end..]);
        }
        bare += rest;
        assert_eq!(bare, usage, "{}", typed(entry));
    }
}

#[test]
fn completion_offers_the_options_of_the_synopsis() {
    let emu = Emu::new();
    for entry in cmd::TABLE.iter().filter(|entry| entry.class == Class::Porcelain || !shares(entry.name)) {
        let offered = emu.ok(&["completions", "zsh", "--answer", "--", "emu", entry.name, "-"]);
        let offered: BTreeSet<&str> =
            offered.lines().skip(1).map(|line| line.split('\t').next().unwrap()).collect();
        let command = built(entry);
        let page = rendered().remove(&format!("emu-{}.1", entry.name)).unwrap();
        let synopsis = section(&page, "SYNOPSIS").unwrap();
        for arg in shown(&command).filter(|arg| !arg.is_positional()) {
            let long = arg.get_long().map(|long| format!("--{long}"));
            let short = arg.get_short().map(|short| format!("-{short}"));
            let name = long.clone().or(short.clone()).unwrap();
            assert!(offered.contains(name.as_str()), "{}: {name} is not in {offered:?}", typed(entry));
            let typed_so = short.or(long).unwrap();
            assert!(synopsis.contains(&typed_so), "{}: {typed_so} is not in {synopsis}", typed(entry));
        }
        let options = shown(&command).filter(|arg| !arg.is_positional()).count();
        // A program has its version besides.
        let common = common().len()..=common().len() + usize::from(entry.class == Class::Plumbing);
        assert!(common.contains(&(offered.len() - options)), "{}: {offered:?}", typed(entry));
    }
}

/// Whether a command for people has the same name.
fn shares(name: &str) -> bool {
    cmd::TABLE.iter().any(|entry| entry.name == name && entry.class == Class::Porcelain)
}

#[test]
fn no_page_has_what_groff_warns_of() {
    if super::blesses() || !need_tool("groff") {
        return;
    }
    let emu = Emu::new();
    let mut warnings = String::new();
    for page in pages::ALL {
        let args = ["-ww", "-man", "-t", "-Tutf8", "-rLL=78n", "-z"];
        let said = emu.pipe("groff", &args, page.text.as_bytes());
        if !said.stderr.is_empty() || said.status != 0 {
            warnings += &format!("{}({}):\n{}", page.name, page.section, said.stderr);
        }
    }
    assert!(warnings.is_empty(), "{warnings}");
}
