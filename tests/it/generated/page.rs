//! Pages of section 1, as the command table has them: what a command takes from its definition,
//! everything else from its prose.

use std::collections::BTreeMap;

use clap::{Arg, Command, Id};
use emu::cmd::{self, Class, Entry};

/// `emu.1` and a page for each name in the table, by file name.
pub(super) fn pages() -> BTreeMap<String, String> {
    let mut pages = BTreeMap::from([("emu.1".to_owned(), suite())]);
    // Porcelain first: where a program and a command share a name, they share the page.
    let mut entries: Vec<&Entry> = cmd::TABLE.iter().collect();
    entries.sort_by_key(|entry| (entry.name, entry.class != Class::Porcelain));
    for entry in entries {
        match pages.get_mut(&format!("emu-{}.1", entry.name)) {
            Some(shared) => insert_second(shared, entry),
            None => drop(pages.insert(format!("emu-{}.1", entry.name), page(entry))),
        }
    }
    pages
}

/// How the command is typed.
pub(super) fn typed(entry: &Entry) -> String {
    match entry.class {
        Class::Porcelain => format!("emu {}", entry.name),
        Class::Plumbing => format!("emu-{}", entry.name),
    }
}

/// The command line of a command, complete.
pub(super) fn built(entry: &Entry) -> Command {
    let mut command = cmd::command(entry).name(typed(entry)).bin_name(typed(entry));
    command.build();
    command
}

fn head(name: &str, summary: &str) -> String {
    let name = roff(name);
    format!(
        ".TH \"{}\" \"1\" \"\" \"emu\" \"emu manual\"\n.SH NAME\n{name} \\- {}\n",
        name.to_uppercase(),
        roff(summary)
    )
}

/// One command alone.
fn page(entry: &Entry) -> String {
    let command = built(entry);
    let mut page =
        head(&format!("emu-{}", entry.name), entry.summary) + ".SH SYNOPSIS\n" + &synopsis(&command);
    let sections = sections(entry.prose);
    let is_first = |title: &str| title == "DESCRIPTION";
    if !sections.iter().any(|(title, _)| is_first(title)) {
        page += &format!(".SH DESCRIPTION\n{}.\n", roff(&sentence(entry.summary)));
    }
    for (_, text) in sections.iter().filter(|(title, _)| is_first(title)) {
        page += &prose(text);
    }
    page += &body(&command, ".SH");
    for (_, text) in sections.iter().filter(|(title, _)| !is_first(title)) {
        page += &prose(text);
    }
    if !sections.iter().any(|(title, _)| title == "SEE ALSO") {
        page += ".SH \"SEE ALSO\"\nemu(1)\n";
    }
    page
}

/// The program that shares the page of a command, before what the page says in the end.
fn insert_second(page: &mut String, entry: &Entry) {
    let command = built(entry);
    let heading = format!(".SH \"THE PROGRAM {}\"\n", roff(&typed(entry).to_uppercase()));
    let own = prose(entry.prose).replace(".SH ", ".SS ");
    let text = heading + &synopsis(&command) + &body(&command, ".SS") + &own;
    let at = page.find(".SH \"SEE ALSO\"").unwrap_or(page.len());
    page.insert_str(at, &text);
}

/// Arguments, options, and subcommands with theirs.
fn body(command: &Command, heading: &str) -> String {
    let mut text = String::new();
    let places: Vec<&Arg> = shown(command).filter(|arg| arg.is_positional()).collect();
    if !places.is_empty() {
        text += &format!("{heading} ARGUMENTS\n");
        text.extend(places.into_iter().map(argument));
    }
    text += &format!("{heading} OPTIONS\n");
    let options: Vec<&Arg> = shown(command).filter(|arg| !arg.is_positional()).collect();
    let paragraph = if options.is_empty() { "" } else { ".PP\n" };
    text.extend(options.into_iter().map(argument));
    text += paragraph;
    let names: Vec<String> = common().iter().map(|arg| roff(&shortest(arg))).collect();
    text += &format!("The options that all commands have ({}) stand in\n.BR emu (1).\n", names.join(", "));
    if command.has_subcommands() {
        text += &format!("{heading} COMMANDS\n");
        for below in visible(command) {
            text += &format!(".SS \"{}\"\n{}", roff(below.get_name()), usage(below));
            text += &format!(".PP\n{}.\n", roff(&below.get_about().unwrap().to_string()));
            text.extend(shown(below).map(argument));
        }
    }
    text
}

fn visible(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|command| !command.is_hide_set() && command.get_name() != "help")
}

/// A command's own arguments: not those that all have, which stand in emu(1).
pub(super) fn shown(command: &Command) -> impl Iterator<Item = &Arg> {
    let program = cmd::program();
    let common: Vec<Id> = program.get_arguments().map(|arg| arg.get_id().clone()).collect();
    let is_own = move |arg: &&Arg| !arg.is_hide_set() && !common.contains(arg.get_id());
    command.get_arguments().filter(is_own).filter(|arg| !matches!(arg.get_id().as_str(), "help" | "version"))
}

/// The options that all commands have.
pub(super) fn common() -> Vec<Arg> {
    let mut program = cmd::program();
    program.build();
    let shown = program.get_arguments().filter(|arg| !arg.is_hide_set() && arg.get_id() != "version");
    shown.cloned().collect()
}

/// Its name, the short one if it has one.
fn shortest(arg: &Arg) -> String {
    match (arg.get_short(), arg.get_long()) {
        (Some(short), _) => format!("-{short}"),
        (None, long) => format!("--{}", long.unwrap()),
    }
}

/// Every way to type it, a line each.
fn synopsis(command: &Command) -> String {
    let alone = (!command.is_subcommand_required_set()).then(|| usage(command));
    let mut lines: Vec<String> = alone.into_iter().collect();
    lines.extend(visible(command).map(usage));
    // No option is torn from its value.
    format!(".nh\n.ad l\n{}.ad b\n.hy\n", lines.join(".br\n"))
}

fn usage(command: &Command) -> String {
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name());
    let mut words = vec![format!("\\fB{}\\fR", roff(name))];
    words.extend(shown(command).filter(|arg| !arg.is_positional()).map(option));
    words.extend(shown(command).filter(|arg| arg.is_positional()).map(place));
    words.join("\n") + "\n"
}

fn option(arg: &Arg) -> String {
    let name = shortest(arg);
    let text =
        format!("\\fB{}\\fR{}", roff(&name), value(arg, arg.get_short().is_some()).replace(' ', "\\ "));
    let text = if arg.is_required_set() { text } else { format!("[{text}]") };
    if arg.get_action().takes_values() && is_several(arg) { text + "..." } else { text }
}

fn place(arg: &Arg) -> String {
    let name = format!("\\fI{}\\fR", roff(name_of_value(arg)));
    match (arg.is_last_set(), arg.is_required_set(), is_several(arg)) {
        (true, ..) => format!("[\\-\\-\\ {name}...]"),
        (_, true, false) => name,
        (_, true, true) => format!("{name}..."),
        (_, false, false) => format!("[{name}]"),
        (_, false, true) => format!("[{name}]..."),
    }
}

fn is_several(arg: &Arg) -> bool {
    arg.get_num_args().is_some_and(|range| range.max_values() > 1)
        || matches!(arg.get_action(), clap::ArgAction::Append)
}

fn name_of_value(arg: &Arg) -> &str {
    arg.get_value_names().and_then(|names| names.first()).map_or(arg.get_id().as_str(), |name| name.as_str())
}

/// What follows the name of an option.
fn value(arg: &Arg, is_short: bool) -> String {
    let name = format!("\\fI{}\\fR", roff(name_of_value(arg)));
    let least = arg.get_num_args().map_or(1, |range| range.min_values());
    match (arg.get_action().takes_values(), least) {
        (false, _) => String::new(),
        (true, 0) if is_short => format!("[{name}]"),
        (true, 0) => format!("[={name}]"),
        (true, _) => format!(" {name}"),
    }
}

/// An argument with what it is.
fn argument(arg: &Arg) -> String {
    let mut names = Vec::new();
    names.extend(arg.get_short().map(|short| format!("\\fB{}\\fR", roff(&format!("-{short}")))));
    let aliases = arg.get_visible_aliases().unwrap_or_default();
    for long in arg.get_long().into_iter().chain(aliases) {
        names.push(format!("\\fB{}\\fR", roff(&format!("--{long}"))));
    }
    let header = if arg.is_positional() {
        place(arg)
    } else {
        names.join(", ") + &value(arg, arg.get_long().is_none())
    };
    let help = arg
        .get_long_help()
        .or_else(|| arg.get_help())
        .unwrap_or_else(|| panic!("{arg} lacks help"))
        .to_string();
    let mut text = format!(".TP\n{header}\n{}", roff(&help));
    let possible = arg.get_possible_values();
    if arg.get_action().takes_values() && !arg.is_hide_possible_values_set() && !possible.is_empty() {
        let names: Vec<&str> =
            possible.iter().filter(|value| !value.is_hide_set()).map(|value| value.get_name()).collect();
        text += &format!(": {}", roff(&names.join(", ")));
    }
    let defaults: Vec<String> =
        arg.get_default_values().iter().map(|value| value.to_string_lossy().into_owned()).collect();
    if arg.get_action().takes_values() && !arg.is_hide_default_value_set() && !defaults.is_empty() {
        text += &format!(" [{}]", roff(&defaults.join(" ")));
    }
    text + "\n"
}

/// All of emu: its options, then its commands by class.
fn suite() -> String {
    let mut command = cmd::program().disable_help_subcommand(true);
    command.build();
    let mut text = head("emu", &command.get_about().unwrap().to_string());
    text += ".SH SYNOPSIS\n\\fBemu\\fR\n[\\fIOPTION\\fR]...\n\\fICOMMAND\\fR\n[\\fIARGUMENT\\fR]...\n";
    text += &format!(".SH DESCRIPTION\n{}\n", roff(&command.get_long_about().unwrap().to_string()));
    text += ".SH OPTIONS\nAll commands have these, before their name or behind it.\n";
    text.extend(command.get_arguments().filter(|arg| arg.get_id() != "version").map(argument));
    text.extend(command.get_arguments().filter(|arg| arg.get_id() == "version").map(argument));
    for (class, heading) in [(Class::Porcelain, "COMMANDS"), (Class::Plumbing, "PROGRAMS FOR SCRIPTS")] {
        text += &format!(".SH \"{heading}\"\n");
        for entry in cmd::TABLE.iter().filter(|entry| entry.class == class) {
            let name = roff(&format!("emu-{}", entry.name));
            text += &format!(".TP\n\\fB{name}\\fR(1)\n{}\n", roff(entry.summary));
        }
    }
    text + &prose(cmd::MANUAL)
}

/// The sections of a prose with their titles; all belongs to some section.
pub(super) fn sections(text: &str) -> Vec<(String, String)> {
    let mut sections: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            sections.push((title.to_owned(), String::new()));
        }
        let (_, section) = sections.last_mut().expect("because prose begins with a heading");
        section.push_str(line);
        section.push('\n');
    }
    sections
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().into_iter().flat_map(char::to_uppercase).chain(chars).collect()
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
