//! `emu help`, and what is said to those who need it.

use crate::env::{Emu, assert_shows, need_tool};

#[test]
fn every_command_has_help() {
    let emu = Emu::new();
    let all = emu.ok(&["help"]);
    for entry in emu::cmd::TABLE {
        assert!(all.contains(entry.name), "{}", entry.name);
        let page = emu.ok(&["help", entry.name]);
        assert!(page.starts_with(&format!("NAME\n       emu-{} - ", entry.name)), "{page}");
        assert!(page.contains("\nEXIT STATUS\n"), "{page}");
        assert_eq!(emu.ok(&["help", &format!("emu-{}", entry.name)]), page);
        let short = emu.ok(&[entry.name, "-h"]);
        assert!(short.starts_with(entry.summary), "{}: {short}", entry.name);
    }
}

#[test]
fn pages_of_other_sections_are_found_by_their_short_names() {
    let emu = Emu::new();
    for (topic, starts) in [
        ("format", "NAME\n       emu-format - what"),
        ("emu-json", "NAME\n       emu-json - "),
        ("config.5", "NAME\n       emu-config - "),
        ("emu-config.5", "NAME\n       emu-config - "),
        ("revisions", "NAME\n       emu-revisions - how"),
        ("emu", "NAME\n       emu - "),
        ("push.1", "NAME\n       emu-push - "),
    ] {
        let page = emu.ok(&["help", topic]);
        assert!(page.starts_with(starts), "{topic}: {page}");
    }
    for none in ["frob", "push.5", "../push", ""] {
        assert!(emu.fails(&["help", none], 2).starts_with("error: there is no command "), "{none}");
    }
}

#[test]
fn a_page_in_a_pipe_is_plain_text() {
    let emu = Emu::new();
    let push = emu.ok(&["help", "push"]);
    assert!(push.lines().take(60).all(|line| line.chars().count() <= 78), "{push}");
    assert!(
        push.contains("sink's") && push.contains("\n       -m, --message TEXT\n              Say"),
        "{push}"
    );
    for page in emu::cmd::pages::ALL {
        let text = emu.ok(&["help", &format!("{}.{}", page.name, page.section)]);
        let escapes = ["\\fB", "\\fI", "\\fR", "\\(", "\\-", "\u{1}", "\u{1b}"];
        assert!(!escapes.iter().any(|escape| text.contains(escape)), "{text}");
        assert!(!text.lines().any(|line| line.starts_with('.')), "{text}");
    }
}

#[test]
fn help_needs_no_home_and_a_closed_pipe_is_no_failure() {
    let emu = Emu::new();
    let mut command = emu.command("emu", &["help", "push"]);
    command.env_remove("HOME").env_remove("XDG_CONFIG_HOME").env_remove("PATH");
    let said = emu.session().collect(command, "emu help push".to_owned(), b"").succeeds();
    assert!(said.stdout.contains("SYNOPSIS"), "{said}");
    let said = emu.shell("set +o pipefail; { emu help format; echo $? >&2; } | head -n 1").succeeds();
    assert_eq!((&*said.stdout, &*said.stderr), ("NAME\n", "0\n"));
    assert_eq!(emu.run(&["-q", "help", "push"]).succeeds().stdout, "");
}

/// What a terminal shows of a line of shell, without the ends of its lines.
fn on_terminal(emu: &Emu, line: &str, variables: &[(&str, &str)]) -> String {
    const RUN: &str = "import pty, sys, os\nsys.exit(os.waitstatus_to_exitcode(pty.spawn(['timeout', '--foreground', '20', 'bash', '-c', sys.argv[1]])))";
    let session = variables.iter().fold(emu.session(), |session, (name, value)| session.env(name, value));
    session.pipe("python3", &["-c", RUN, line], b"").succeeds().stdout.replace("\r\n", "\n")
}

#[test]
fn on_a_terminal_man_shows_the_page_and_text_stands_in_for_it() {
    if !(need_tool("python3") && need_tool("man")) {
        return;
    }
    let emu = Emu::new();
    let header = "EMU-PUSH(1)";
    let screen = [("TERM", "xterm"), ("EMU_PAGER", "cat")];
    assert!(on_terminal(&emu, "emu help push", &screen).contains(header));
    let plain = emu.ok(&["help", "push"]);
    let dumb = on_terminal(&emu, "emu help push", &[("TERM", "dumb")]);
    assert_eq!(dumb, plain);
    // No man(1), and one that fails.
    assert_eq!(on_terminal(&emu, "emu=$(command -v emu); PATH=/none; $emu help push", &screen), plain);
    emu.tree("bin", "file man 0755 \"#!/bin/sh\\ncat >/dev/null; echo no >&2; exit 3\\n\"");
    assert_eq!(on_terminal(&emu, "PATH=$PWD/bin:$PATH; emu help push", &screen), plain);
}

#[test]
fn emu_alone_says_what_there_is_and_fails() {
    let emu = Emu::new();
    let said = emu.run(&[]).exits(2);
    assert!(said.stdout.is_empty() && said.stderr.contains("Commands:"), "{said}");
}

#[test]
fn words_of_other_tools_get_a_hint() {
    let emu = Emu::new();
    for word in ["backup", "restore", "snapshots", "forget", "check", "gc", "unlock", "tag", "init-repo"] {
        let said = emu.fails(&[word, "--any", "thing"], 2);
        assert!(said.starts_with(&format!("error: there is no command '{word}'\nhint: ")), "{said}");
        assert!(!said.contains("did you mean") && !said.contains("emu help"), "{said}");
    }
    let hint = |args: &[&str]| emu.fails(args, 2).lines().last().unwrap().to_owned();
    assert_eq!(hint(&["sink", "remove", "usb"]), "hint: `emu sink rm NAME` makes the source forget a sink");
    assert!(hint(&["sink", "relocate", "a", "b"]).contains("`emu sink move NAME PATH`"));
    assert_eq!(
        hint(&["config", "list", "--global"]),
        "hint: --user is the user's file, --system the system's"
    );
    // Options before the command do not hide which one it is.
    assert!(hint(&["-C", "/", "log", "-p"]).contains("--name-status"));
    assert_eq!(hint(&["config", "gset"]), "hint: did you mean 'unset', 'get' or 'set'?");
}

#[test]
fn a_program_of_path_goes_before_a_hint() {
    let emu = Emu::new();
    emu.tree("bin", "file emu-tag 0755 \"#!/bin/sh\\necho mine\\n\"");
    assert_eq!(emu.shell("PATH=$PWD/bin:$PATH; emu tag").succeeds().stdout, "mine\n");
}

#[test]
fn a_slip_of_the_fingers_gets_the_nearest_command() {
    let emu = Emu::new();
    assert_shows(
        &emu.run(&["lgo"]),
        "
        $ emu lgo
        [stderr]
        error: there is no command 'lgo'
        hint: did you mean `emu log`?
        [exit 2]
        ",
    );
    assert!(emu.fails(&["frobnicate"], 2).contains("hint: `emu help` lists the commands"));
    assert!(emu.fails(&["../sh"], 2).contains("there is no command"));
}

#[test]
fn a_command_that_is_none_of_ours_is_a_program_of_path() {
    let emu = Emu::new();
    emu.tree("bin", "file emu-greet 0755 \"#!/bin/sh\\necho \\\"$1 from $PWD $EMU_SOURCE\\\"; exit 7\\n\"");
    let path = format!("{}:/usr/bin:/bin", emu.path("bin").display());
    let said = emu.session().env("PATH", &path).run(&["-C", "bin", "-S", "x", "greet", "--hi"]).exits(7);
    assert_eq!(said.stdout, format!("--hi from {} x\n", emu.path("bin").display()));
}

#[test]
fn usage_errors_are_in_the_words_of_the_house() {
    let emu = Emu::new();
    assert_shows(
        &emu.run(&["log", "--frob"]),
        "
        $ emu log --frob
        [stderr]
        error: unknown option '--frob'
        hint: see `emu log --help`
        [exit 2]
        ",
    );
    let said = emu.program("emu-rev-parse", &[]).exits(2);
    assert_eq!(said.records()[0]["class"], "usage");
    assert!(emu.fails(&["-C", "missing", "log"], 10).starts_with("error: cannot change to 'missing'"));
}
