//! What people see on a terminal: the pager, colours, columns, and what stays out of sight there.

use crate::env::{Emu, Session, Terminal, need_tool};
use crate::job::Job;
use crate::made::{Made, Special};

/// A source `src` with a sink that has so many snapshots.
fn history(emu: &Emu, snapshots: u64) -> Made {
    let sink = Made::new(emu, "disk");
    for seq in 1..=snapshots {
        sink.add(seq, Special::default());
    }
    sink
}

/// A pager that says who it is and what it got.
fn paged<'a>(session: Session<'a>, pager: &str) -> Session<'a> {
    session.env("EMU_PAGER", pager)
}

#[test]
fn a_long_answer_goes_through_less_and_quitting_it_is_no_failure() {
    if !(need_tool("python3") && need_tool("less")) {
        return;
    }
    let emu = Emu::new();
    history(&emu, 60);
    let src = emu.inside("src");
    let said = Terminal::new(80, 12).typing(":", "q").emu(&src, &["log"]).succeeds();
    assert!(said.stdout.contains("snapshot "), "{said}");
    assert!(said.stdout.lines().count() < 30 && !said.stdout.contains("error"), "{said}");
    // To its end.
    let said = Terminal::new(80, 12).typing(":", "G").typing("(END)", "q").emu(&src, &["log", "-s"]);
    assert!(said.succeeds().stdout.contains("2026-11-22 01:00"));
}

#[test]
fn a_pager_that_wants_no_more_ends_the_command_quietly() {
    if !need_tool("python3") {
        return;
    }
    let emu = Emu::new();
    // More than fits into a pipe.
    history(&emu, 700);
    let src = emu.inside("src");
    for args in [&["log"][..], &["log", "--graph"]] {
        let said = Terminal::new(80, 12).emu(&paged(src.clone(), "head -n 1"), args).succeeds();
        assert_eq!(said.stdout.lines().count(), 1, "{said}");
        let said = Terminal::new(80, 12).emu(&paged(src.clone(), "false"), args).succeeds();
        assert_eq!(said.stdout, "");
    }
    if need_tool("less") {
        let said = Terminal::new(80, 12).typing(":", "q").emu(&src, &["log"]).succeeds();
        assert!(!said.stdout.contains("error"), "{said}");
    }
}

#[test]
fn the_palette_of_the_manual_is_what_is_painted() {
    if !need_tool("python3") {
        return;
    }
    let emu = Emu::new();
    let (sink, gone) = (history(&emu, 2), Made::new(&emu, "gone"));
    sink.add(3, Special { partial: true, ..Special::default() });
    let first = sink.add(4, Special::default());
    sink.pin(&first);
    std::fs::remove_dir_all(&gone.path).unwrap();
    let src = paged(emu.inside("src"), "cat");
    let shown = |args: &[&str]| Terminal::new(80, 40).emu(&src, args).stdout;
    let page = emu.ok(&["help"]);
    for (args, code, word, name) in [
        (&["log", "-s", "nothing"][..], "1;31", "error:", "bold red"),
        (&["log", "-s", "nothing"], "36", "hint:", "cyan"),
        (&["log", "disk"], "1;33", "partial", "bold yellow"),
        (&["log", "disk"], "36", "pinned", "cyan"),
        (&["log", "disk"], "1;36", "HEAD", "bold cyan"),
        (&["log", "disk"], "1;32", "disk", "bold green"),
        (&["log", "-s", "disk"], "33", &first[..12], "yellow"),
        (&["sink"], "1;33", "absent", "bold yellow"),
        (&["status"], "1;33", "absent", "bold yellow"),
        (&["status", "disk"], "1;32", "disk", "bold green"),
    ] {
        let painted = format!("\x1b[{code}m{word}\x1b[0m");
        assert!(shown(args).contains(&painted), "{args:?} {word}: {:?}", shown(args));
        let line = page
            .lines()
            .skip_while(|line| !line.starts_with("COLOURS"))
            .take_while(|line| !line.starts_with("ENVIRONMENT"))
            .find(|line| line.starts_with("    ") && line.contains(word.trim_end_matches(char::is_numeric)));
        let of_class = line.is_none_or(|line| line.ends_with(&format!("  {name}")));
        assert!(of_class, "{word}: {line:?}");
    }
}

#[test]
fn what_fits_on_a_screen_is_printed_as_it_is() {
    if !(need_tool("python3") && need_tool("less")) {
        return;
    }
    let emu = Emu::new();
    history(&emu, 2);
    let said = Terminal::new(80, 24).emu(&emu.inside("src"), &["log", "-s", "--color", "never"]).succeeds();
    assert!(said.stdout.contains("2026-11-22 02:00  ") && said.stdout.contains("(HEAD)"), "{said}");
    assert!(!said.stdout.contains("(END)"), "{said}");
}

#[test]
fn the_pager_is_that_of_the_environment() {
    if !need_tool("python3") {
        return;
    }
    let emu = Emu::new();
    history(&emu, 3);
    let src = emu.inside("src");
    let log = |session: &Session| Terminal::new(80, 24).emu(session, &["log", "-s"]).succeeds().stdout;
    let count = "sed s/^/paged:/";
    assert_eq!(log(&src.clone().env("PAGER", count)).matches("paged:").count(), 3);
    assert_eq!(log(&paged(src.clone().env("PAGER", "false"), count)).matches("paged:").count(), 3);
    // Through a shell where it takes one, with LESS for whoever has none.
    assert!(log(&paged(src.clone(), "cat > /dev/null; echo less $LESS")).contains("less FRX\n"));
    assert!(
        log(&paged(src.clone().env("LESS", "S"), "cat > /dev/null; echo less $LESS")).contains("less S\n")
    );
    for none in ["", "cat", " cat "] {
        let session = paged(src.clone().env("PAGER", count), none);
        assert!(!log(&session).contains("paged:"), "{none}");
    }
}

#[test]
fn nothing_is_paged_but_what_people_read() {
    if !need_tool("python3") {
        return;
    }
    let emu = Emu::new();
    history(&emu, 3);
    let src = paged(emu.inside("src"), "sed s/^/paged:/");
    let shown = |session: &Session, args: &[&str]| Terminal::new(80, 24).emu(session, args).stdout;
    for args in [&["log"][..], &["show"], &["ls"], &["find", "a"], &["status"], &["help"], &["--help"]] {
        assert!(shown(&src, args).contains("paged:"), "{args:?}");
    }
    for args in [
        &["log", "--json"][..],
        &["log", "--no-pager"],
        &["--no-pager", "help"],
        &["sink"],
        &["path", "HEAD"],
    ] {
        let said = shown(&src, args);
        assert!(!said.contains("paged:") && !said.is_empty(), "{args:?}: {said}");
    }
    assert!(!shown(&src.clone().env("TERM", "dumb"), &["log"]).contains("paged:"));
    assert!(!src.ok(&["log"]).contains("paged:"));
}

#[test]
fn a_pager_that_cannot_be_started_is_done_without_or_named() {
    if !need_tool("python3") {
        return;
    }
    let emu = Emu::new();
    history(&emu, 1);
    let log =
        |pager: &str| Terminal::new(80, 24).emu(&paged(emu.inside("src"), pager), &["log", "--color=never"]);
    assert!(log("no-such-pager -x").succeeds().stdout.contains("snapshot "));
    let said = log("no-such-pager | cat >&2; exit 127").exits(1);
    assert!(
        said.stdout.contains("error: cannot start the pager 'no-such-pager | cat >&2; exit 127'\n"),
        "{said}"
    );
    assert!(said.stdout.contains("hint: --no-pager"), "{said}");
}

#[test]
fn a_source_has_no_say_in_the_pager() {
    if !need_tool("python3") {
        return;
    }
    let emu = Emu::new();
    history(&emu, 1);
    // A program of the pager's name where the command is run, which no PATH names.
    crate::tree::build(&emu.path("src"), "file less 0755 \"#!/bin/sh\\necho stranger\"");
    let said = Terminal::new(80, 24).emu(&emu.inside("src"), &["log", "-s"]).succeeds();
    assert!(said.stdout.contains("2026-11-22 01:00") && !said.stdout.contains("stranger"), "{said}");
}

#[test]
fn ctrl_c_belongs_to_the_pager_and_emu_waits_for_its_end() {
    if !(need_tool("python3") && need_tool("less")) {
        return;
    }
    let emu = Emu::new();
    history(&emu, 60);
    let terminal = Terminal::new(80, 12).typing(":", "\x03\x03").typing(":", "\x03").typing(":", "q");
    let said = terminal.emu(&emu.inside("src"), &["log"]);
    assert!(!said.stdout.contains("error"), "{said}");
    said.succeeds();
    // The prompt of the shell comes after all that the pager does.
    let src = paged(emu.inside("src"), "cat > /dev/null; sleep 0.4; echo pager ends");
    let said = Terminal::new(80, 12).run(&src, "bash", &["-c", "emu log; echo emu ends"]).succeeds();
    assert_eq!(said.stdout, "pager ends\nemu ends\n");
}

#[test]
fn a_request_to_end_is_passed_on_to_the_pager_and_emu_waits_for_its_end() {
    if !need_tool("python3") {
        return;
    }
    let emu = Emu::new();
    history(&emu, 3);
    // It has all, asks emu to end, and ends itself only when it is told to.
    let pager = |signal: &str| {
        format!(
            "trap 'sleep 0.2; echo pager told; exit 0' TERM; cat > /dev/null; kill -{signal} $PPID; \
             for n in $(seq 500); do sleep 0.02; done; echo never told"
        )
    };
    for signal in ["TERM", "HUP"] {
        let src = paged(emu.inside("src"), &pager(signal));
        let said = Terminal::new(80, 12).run(&src, "bash", &["-c", "emu log; echo emu ends"]).succeeds();
        assert_eq!(said.stdout, "pager told\nemu ends\n", "{signal}");
    }
}

#[test]
fn what_is_said_while_a_pager_runs_is_said_after_it() {
    if !need_tool("python3") {
        return;
    }
    let emu = Emu::new();
    let (one, two) = (Made::new(&emu, "one"), Made::new(&emu, "two"));
    let bad = one.add(1, Special::default());
    one.add(2, Special::default());
    two.add(1, Special::default());
    std::fs::write(one.path.join(".emu/manifests").join(&bad), "no manifest").unwrap();
    let src = paged(emu.inside("src"), "cat; sleep 0.2; echo pager ends");
    let said = Terminal::new(80, 24)
        .emu(&src, &["--color=never", "ls", "one:HEAD", &format!("one:{}", &bad[..12])])
        .exits(1);
    let (before, after) = said.stdout.split_once("pager ends\n").unwrap();
    assert!(before.contains("a\nd\n") && !before.contains("error"), "{said}");
    assert!(after.contains("error: "), "{said}");
    // Before there is an answer, there is no pager either.
    let said = Terminal::new(80, 24).emu(&src, &["ls", "one:nothing", "--color=never"]).exits(10);
    assert!(!said.stdout.contains("pager ends") && said.stdout.contains("error: "), "{said}");
}

#[test]
fn colours_stand_for_what_the_words_say() {
    if !need_tool("python3") {
        return;
    }
    let job = Job::pushed("file a \"a\"\nfile b \"b\"\nfile m \"moving\"");
    job.settle().edit("file a \"aa\"\nremove b\nfile c \"c\"");
    std::fs::rename(job.src().join("m"), job.src().join("n")).unwrap();
    job.push(&[]).succeeds();
    let src = paged(job.emu.inside("src"), "cat");
    let shown = |args: &[&str]| Terminal::new(80, 24).emu(&src, args).succeeds().stdout;
    let diff = shown(&["diff", "HEAD~", "HEAD", "--name-status"]);
    for (letter, color) in [("A", 32), ("D", 31), ("M", 33), ("R", 36)] {
        assert!(diff.contains(&format!("\x1b[{color}m{letter}\x1b[0m\t")), "{letter}: {diff:?}");
    }
    assert!(shown(&["log", "-s"]).contains("\x1b[1;36mHEAD\x1b[0m"));
    for args in [&["log", "--color", "never"][..], &["diff", "HEAD~", "HEAD", "--color=never"]] {
        assert!(!shown(args).contains('\x1b'), "{args:?}");
    }
    let plain = src.clone().env("NO_COLOR", "1");
    assert!(!Terminal::new(80, 24).emu(&plain, &["log"]).succeeds().stdout.contains('\x1b'));
    assert!(src.ok(&["log", "--color", "always"]).contains("\x1b[1;36mHEAD\x1b[0m"));
}

#[test]
fn columns_are_measured_by_what_the_terminal_shows() {
    if !need_tool("python3") {
        return;
    }
    let wide = "\u{6f22}\u{5b57}".repeat(5);
    let accents = "e\u{301}".repeat(10);
    let job = Job::pushed(&format!("file {wide} \"x\"\nfile {accents} \"x\"\nfile abcdefghij \"x\""));
    let src = paged(job.emu.inside("src"), "cat");
    // Before the name stand 62 columns. Ten characters have room, unless they are wide.
    let said = Terminal::new(78, 24).emu(&src, &["find", "*"]).succeeds();
    let lines: Vec<&str> = said.stdout.lines().collect();
    assert!(lines.contains(&&*format!("    {wide}")), "{said}");
    for name in ["abcdefghij", &accents] {
        assert!(lines.iter().any(|line| line.ends_with(&format!("   {name}")) && line.len() > 70), "{said}");
    }
}

#[test]
fn tables_stay_readable_on_forty_columns() {
    if !need_tool("python3") {
        return;
    }
    let emu = Emu::new();
    history(&emu, 2);
    let src = paged(emu.inside("src"), "cat");
    let shown = |columns: u16, args: &[&str]| {
        let said =
            Terminal::new(columns, 24).emu(&src, &[args, &["--color", "never"]].concat()).succeeds().stdout;
        said.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    for args in [&["log", "-s"][..], &["ls", "-l"], &["find", "x"], &["rotate", "--dry-run"], &["sink"]] {
        let path = emu.root().to_str().unwrap();
        let long = |line: &&String| {
            line.chars().count() > 40 && !line.contains(path) && !line.contains("within 24h")
        };
        let said = shown(40, args);
        assert!(said.iter().find(long).is_none(), "{args:?}: {said:#?}");
        assert!(said.iter().any(|line| line.starts_with("    ")), "{args:?}: {said:#?}");
    }
    assert_eq!(shown(120, &["log", "-s"]).len(), 2);
}

#[test]
fn without_utf8_nothing_but_ascii_is_shown_on_a_terminal() {
    if !need_tool("python3") {
        return;
    }
    let job = Job::new("file Gr\u{fc}n/a \"x\"");
    job.push(&["-m", "f\u{fc}r"]).succeeds();
    let session = paged(job.emu.inside("src"), "cat");
    for locale in ["C", "POSIX", "de_DE.ISO-8859-1"] {
        let session = session.clone().env("LC_ALL", locale);
        let shown = |args: &[&str]| Terminal::new(80, 24).emu(&session, args).succeeds().stdout;
        assert!(shown(&["ls"]).contains("Gr\\xc3\\xbcn\n"), "{locale}");
        assert!(shown(&["ls", "-l"]).contains("Gr\\xc3\\xbcn\n"), "{locale}");
        assert!(shown(&["log"]).contains("f\\xc3\\xbcr\n"), "{locale}");
        let said =
            Terminal::new(80, 24).emu(&session, &["ls", "HEAD:\u{fc}ber", "--color=never"]).exits(10).stdout;
        assert!(said.contains("error: no '\\xc3\\xbcber'"), "{said}");
        assert!(shown(&["push"]).is_ascii(), "{locale}");
        // In a pipe, bytes are bytes.
        assert_eq!(session.ok(&["ls"]), "Gr\u{fc}n\n");
    }
    assert!(Terminal::new(80, 24).emu(&session, &["ls"]).succeeds().stdout.contains("Gr\u{fc}n\n"));
}

#[test]
fn names_that_steer_a_terminal_are_escaped_there_and_raw_with_a_nul() {
    if !need_tool("python3") {
        return;
    }
    let job = Job::pushed("file plain \"x\"");
    std::fs::write(job.src().join("a\x1b[2Jb"), "new").unwrap();
    let src = paged(job.emu.inside("src"), "cat");
    let shown = |args: &[&str]| Terminal::new(80, 24).emu(&src, &[args, &["--color=never"]].concat()).stdout;
    let (escaped, raw) = ("a\\x1b[2Jb\n", "a\x1b[2Jb\0");
    for args in [&["diff"][..], &["push", "--dry-run"]] {
        assert!(shown(args).contains(escaped), "{args:?}: {:?}", shown(args));
        let said = src.ok(&[args, &["-z"]].concat());
        assert!(said.contains(raw) && !said.contains('\n'), "{args:?}: {said:?}");
    }
    job.push(&[]).succeeds();
    std::fs::remove_file(job.src().join("a\x1b[2Jb")).unwrap();
    for args in [&["ls"][..], &["ls", "-l"], &["find", "a*"], &["show"], &["checkout", "HEAD", "--dry-run"]] {
        assert!(shown(args).contains(escaped), "{args:?}: {:?}", shown(args));
    }
    for args in [
        &["ls", "-z"][..],
        &["find", "-z", "a*"],
        &["show", "--null"],
        &["checkout", "HEAD", "--dry-run", "-z"],
    ] {
        let said = src.ok(args);
        assert!(said.contains(raw), "{args:?}: {said:?}");
    }
    src.fails(&["checkout", "HEAD", "-z"], 2);
    src.fails(&["push", "-z"], 2);
}

#[test]
fn progress_is_cut_to_the_terminal_and_absent_from_a_dumb_one() {
    if !need_tool("python3") {
        return;
    }
    let job = Job::new("dir many");
    for number in 0..3000 {
        std::fs::write(job.src().join(format!("many/{number}")), "content").unwrap();
    }
    let session = job.emu.session();
    let push =
        |session: &Session| Terminal::new(22, 24).emu(session, &["push", "-S", "src"]).succeeds().stdout;
    let said = push(&session);
    // It is cleared and drawn anew each time, and filled up with blanks.
    let drawn: Vec<&str> =
        said.split(['\r', '\n']).map(|line| line.trim_start_matches("\x1b[2K").trim_end()).collect();
    let drawn: Vec<&&str> = drawn.iter().filter(|line| line.contains(" entries (")).collect();
    assert!(!drawn.is_empty() && drawn.iter().all(|line| line.chars().count() < 22), "{said:?}");
    let said = push(&session.clone().env("TERM", "dumb"));
    assert!(!said.contains('\r') && !said.contains('\x1b') && said.contains("snapshot "), "{said:?}");
}

#[test]
fn progress_is_shown_before_a_pager_gets_the_answer() {
    if !need_tool("python3") {
        return;
    }
    let job = Job::new("dir many");
    for number in 0..3000 {
        std::fs::write(job.src().join(format!("many/{number}")), "content").unwrap();
    }
    job.push(&[]).succeeds();
    let src = paged(job.emu.inside("src"), "sed s/^/paged:/");
    let said = Terminal::new(80, 24).emu(&src, &["status"]).succeeds().stdout;
    let (before, after) = said.split_once("paged:source ").unwrap();
    assert!(before.is_empty() || before.contains(" entries"), "{said:?}");
    assert!(!after.contains(" entries (") && after.contains("paged:  since HEAD: "), "{said:?}");
}
