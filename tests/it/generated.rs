//! Man pages and completions come from the command table; the committed ones must be current.
//!
//! `EMU_BLESS=1 cargo test --test it generated` writes them anew. No page carries a date or
//! anything else that differs between two runs. Pages of section 5 are written by hand; here
//! it is only checked that they leave out no record type and no configuration key.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap_complete::Shell;
use clap_mangen::Man;
use emu::cmd::{self, Class, Entry};

/// Every `type` of a JSON record.
const RECORD_TYPES: &[&str] = &[
    "manifest", "entry", "tree", "unread", "snapshot", "staged", "rotation", "removed", "change", "found",
    "status", "usage", "leftover", "setting", "excluded", "finding", "rev", "summary", "error",
];

/// What stands below a sink's and a source's `.emu`.
const FORMAT_WORDS: &[&str] = &[
    "source",
    "config",
    "excludes",
    "hooks",
    "sinks",
    "replaced",
    "LOCK",
    "sink",
    "HEAD",
    "trees",
    "manifests",
    "nodes",
    "pins",
    "verified",
    "removed",
    "index",
    "gone",
    "staging",
    "spare",
    "trash",
    "latest",
    "emu-tree-1",
];

/// Every configuration key.
const CONFIG_KEYS: &[&str] = &[
    "core.default-sink",
    "push.compare",
    "push.metadata-change",
    "push.one-file-system",
    "push.exclude-caches",
    "push.exclude-if-present",
    "push.torn",
    "rotate.keep-last",
    "rotate.keep-hourly",
    "rotate.keep-daily",
    "rotate.keep-weekly",
    "rotate.keep-monthly",
    "rotate.keep-yearly",
    "rotate.keep-within",
    "rotate.min-free",
    "rotate.min-keep",
    "rotate.spare",
    "rotate.spare-rest",
];

#[test]
fn man_pages_are_rendered_from_the_command_table() {
    compare("man", &pages());
}

#[test]
fn completions_are_rendered_from_the_command_table() {
    let shells = [(Shell::Bash, "emu.bash"), (Shell::Zsh, "_emu"), (Shell::Fish, "emu.fish")];
    let render = |shell| {
        let mut text = Vec::new();
        clap_complete::generate(shell, &mut cmd::program(), "emu", &mut text);
        String::from_utf8(text).unwrap()
    };
    compare("completions", &shells.map(|(shell, file)| (file.to_owned(), render(shell))).into());
}

#[test]
fn rendering_twice_gives_the_same_pages() {
    assert_eq!(pages(), pages());
}

#[test]
fn the_page_on_formats_names_every_file() {
    mentions("man/emu-format.5", FORMAT_WORDS);
}

#[test]
fn the_page_on_json_names_every_record_type() {
    mentions("man/emu-json.5", RECORD_TYPES);
}

#[test]
fn the_page_on_configuration_names_every_key() {
    mentions("man/emu-config.5", CONFIG_KEYS);
}

fn home() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Compares with the committed files of one directory, or writes them.
fn compare(directory: &str, files: &BTreeMap<String, String>) {
    let bless = std::env::var("EMU_BLESS").is_ok_and(|value| value == "1");
    let mut stale = Vec::new();
    for (name, text) in files {
        let path: PathBuf = home().join(directory).join(name);
        if std::fs::read_to_string(&path).ok().as_ref() == Some(text) {
            continue;
        }
        if bless {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
        } else {
            stale.push(format!("{directory}/{name}"));
        }
    }
    assert!(
        stale.is_empty(),
        "not current: {stale:?}\nEMU_BLESS=1 cargo test --test it generated writes them"
    );
}

/// Each word must stand on the page on its own, in roff's spelling or in plain.
fn mentions(page: &str, words: &[&str]) {
    let text = std::fs::read_to_string(home().join(page)).unwrap_or_else(|error| panic!("{page}: {error}"));
    let text = text.replace("\\-", "-").replace("\\&", "").replace("\\f", " \\f");
    // Font changes are spelt "\fB": cut off those three characters.
    let text: String =
        text.split("\\f").enumerate().map(|(n, part)| if n == 0 { part } else { &part[1..] }).collect();
    let in_word = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    let stands_alone = |word: &str| {
        text.match_indices(word)
            .any(|(at, _)| !text[..at].ends_with(in_word) && !text[at + word.len()..].starts_with(in_word))
    };
    let missing: Vec<_> = words.iter().filter(|word| !stands_alone(word)).collect();
    assert!(missing.is_empty(), "{page} does not mention {missing:?}");
}

/// `emu.1` and a page for each name in the table, by file name.
fn pages() -> BTreeMap<String, String> {
    let mut pages = BTreeMap::from([("emu.1".to_owned(), suite())]);
    // Porcelain first: where a program and a command share a name, they share the page.
    let mut entries: Vec<&Entry> = cmd::TABLE.iter().collect();
    entries.sort_by_key(|entry| (entry.name, entry.class != Class::Porcelain));
    for entry in entries {
        match pages.get_mut(&format!("emu-{}.1", entry.name)) {
            Some(shared) => shared.push_str(&second(entry)),
            None => drop(pages.insert(format!("emu-{}.1", entry.name), page(entry))),
        }
    }
    pages
}

/// How the command is typed.
fn typed(entry: &Entry) -> String {
    match entry.class {
        Class::Porcelain => format!("emu {}", entry.name),
        Class::Plumbing => format!("emu-{}", entry.name),
    }
}

fn man(entry: &Entry) -> Man {
    let name = format!("emu-{}", entry.name);
    let command = cmd::command(entry).name(name.clone()).display_name(name.clone()).bin_name(typed(entry));
    framed(command.about(entry.summary).disable_help_subcommand(true), &name)
}

fn framed(command: clap::Command, title: &str) -> Man {
    Man::new(command).title(title.to_uppercase())
}

type Section = fn(&Man, &mut dyn std::io::Write) -> std::io::Result<()>;

fn rendered(man: &Man, sections: &[Section]) -> String {
    let mut text = Vec::new();
    for (number, section) in sections.iter().enumerate() {
        let mut part = Vec::new();
        section(man, &mut part).unwrap();
        // Every part repeats the preamble that defines quotes.
        let start = if number == 0 { 0 } else { preamble(&part) };
        text.extend_from_slice(&part[start..]);
    }
    String::from_utf8(text).unwrap()
}

/// The title line, with every argument in quotes: an empty date must not be lost.
fn title(man: &Man, w: &mut dyn std::io::Write) -> std::io::Result<()> {
    let mut rendered = Vec::new();
    man.render_title(&mut rendered)?;
    let rendered = String::from_utf8(rendered).unwrap();
    let (preamble, line) = rendered.split_once(".TH ").unwrap();
    let name = line.split_whitespace().next().unwrap();
    writeln!(w, "{preamble}.TH \"{name}\" \"1\" \"\" \"emu\" \"emu manual\"")
}

/// Where the first heading begins.
fn preamble(part: &[u8]) -> usize {
    part.windows(4).position(|bytes| bytes == b".SH ").unwrap_or(part.len())
}

const HEAD: [Section; 4] = [
    title,
    |man, w| man.render_name_section(w),
    |man, w| man.render_synopsis_section(w),
    |man, w| man.render_description_section(w),
];

/// One command alone.
fn page(entry: &Entry) -> String {
    let man = man(entry);
    rendered(&man, &HEAD)
        + &rendered_bare(&man, &[|man, w| man.render_options_section(w)])
        + &prose(entry.prose)
}

/// The program that shares the page of a command, after it.
fn second(entry: &Entry) -> String {
    let body: [Section; 3] = [HEAD[2], HEAD[3], |man, w| man.render_options_section(w)];
    let body = rendered_bare(&man(entry), &body).replace("\n.SH ", "\n.SS ");
    let body = body.strip_prefix(".SH ").map(|rest| format!(".SS {rest}")).unwrap_or(body);
    let heading = format!(".SH \"THE PROGRAM {}\"\n", typed(entry).to_uppercase());
    heading + &body + &prose(entry.prose).replace(".SH ", ".SS ")
}

fn rendered_bare(man: &Man, sections: &[Section]) -> String {
    let text = rendered(man, sections);
    let start = preamble(text.as_bytes());
    text[start..].to_owned()
}

/// All of emu: its options, then its commands by class.
fn suite() -> String {
    let man = framed(cmd::program().disable_help_subcommand(true), "emu");
    let mut text = rendered(&man, &HEAD);
    text += &rendered_bare(&man, &[|man, w| man.render_options_section(w)]);
    for (class, heading) in [(Class::Porcelain, "COMMANDS"), (Class::Plumbing, "PROGRAMS FOR SCRIPTS")] {
        text += &format!(".SH \"{heading}\"\n");
        for entry in cmd::TABLE.iter().filter(|entry| entry.class == class) {
            text += &format!(
                ".TP\n\\fB{}\\fR(1)\n{}\n",
                roff(&format!("emu-{}", entry.name)),
                roff(entry.summary)
            );
        }
    }
    text += &prose(cmd::MANUAL);
    text + ".SH \"SEE ALSO\"\n\\fBemu\\-format\\fR(5), \\fBemu\\-json\\fR(5), \\fBemu\\-config\\fR(5)\n"
}

/// `## TITLE`, paragraphs, indented lines: as roff.
fn prose(text: &str) -> String {
    let mut page = String::new();
    let mut example = false;
    let mut paragraph = false;
    for line in text.lines() {
        let indented = line.starts_with("    ") || line.starts_with('\t');
        if example && !indented && !line.trim().is_empty() {
            page += ".EE\n.RE\n";
            (example, paragraph) = (false, false);
        }
        if let Some(title) = line.strip_prefix("## ") {
            page += &format!(".SH \"{}\"\n", roff(title));
            paragraph = true;
        } else if line.trim().is_empty() {
            paragraph = paragraph && page.ends_with("\"\n");
            page += if example { "\n" } else { "" };
        } else if indented {
            page += if example { "" } else { ".PP\n.RS 4\n.EX\n" };
            page += &format!("{}\n", roff(line.strip_prefix("    ").unwrap_or(line)));
            example = true;
        } else {
            page += if paragraph { "" } else { ".PP\n" };
            page += &format!("{}\n", roff(line));
            paragraph = true;
        }
    }
    // A blank line that ended an example belongs to no example.
    let page = page + if example { ".EE\n.RE\n" } else { "" };
    page.replace("\n\n.EE", "\n.EE")
}

/// Plain text as roff shows it: dashes that can be copied, no line taken for a request.
fn roff(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq").replace('"', "\\(dq");
    if text.starts_with('.') { format!("\\&{text}") } else { text }
}

#[test]
fn prose_becomes_headings_paragraphs_and_examples() {
    let text = "## EXAMPLES\nTo all\nsinks:\n\n    emu push -m 'a'\n\n    .dot\n\nNext.\n\n## SEE ALSO\nemu-log(1)\n";
    crate::env::assert_text(
        &prose(text),
        r#"
        .SH "EXAMPLES"
        To all
        sinks:
        .PP
        .RS 4
        .EX
        emu push \-m \(aqa\(aq

        \&.dot
        .EE
        .RE
        .PP
        Next.
        .SH "SEE ALSO"
        emu\-log(1)
        "#,
    );
}
