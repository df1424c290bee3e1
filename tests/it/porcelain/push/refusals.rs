//! What a push refuses: one error, a hint, the right status, nothing changed.

use std::fs;

use serde_json::Value;

use crate::env::{Emu, Output, need_root};
use crate::job::{Job, listing, one_error};
use crate::tree::build;

/// Fails with this status, one error and a hint, and leaves the sink as it was.
#[track_caller]
fn refused(job: &Job, options: &[&str], status: i32, words: &[&str]) -> Output {
    let before = job.sink().exists().then(|| listing(&job.sink()));
    let said = job.push(options).exits(status);
    one_error(&said);
    for word in words {
        assert!(said.stderr.contains(word), "{word}: {said}");
    }
    assert_eq!(job.sink().exists().then(|| listing(&job.sink())), before);
    said
}

fn change_info(job: &Job, field: &str, value: Value) {
    let path = job.sink().join(".emu/sink");
    let mut info: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert!(info.get(field).is_some(), "{info}");
    info[field] = value;
    fs::write(path, info.to_string()).unwrap();
}

#[test]
fn what_is_no_source_is_refused() {
    let emu = Emu::new();
    emu.tree("plain", "file a \"\"");
    for args in [&["push"][..], &["-S", "plain", "push"], &["-S", "none", "push"]] {
        let said = emu.run(args).exits(10);
        assert!(one_error(&said).len() > 10 && said.stderr.contains("hint: "), "{said}");
    }
    assert!(!emu.path("plain/.emu").exists());
}

#[test]
fn a_source_without_a_sink_is_told_how_to_add_one() {
    let emu = Emu::new();
    emu.tree("src", "file a \"\"");
    emu.ok(&["init", "src"]);
    assert!(emu.fails(&["-S", "src", "push"], 2).contains("emu sink add"));
}

#[test]
fn a_sink_of_another_source_is_refused() {
    let job = Job::pushed("file a \"x\"");
    job.emu.tree("other", "file a \"x\"");
    job.ok(&["init", "other"]);
    let before = listing(&job.sink());
    for args in [&["-S", "other", "push", "--to", "./sink"][..], &["-S", "other", "push", "./sink"]] {
        let said = job.emu.run(args).exits(10);
        assert!(one_error(&said).contains("another source"), "{said}");
    }
    assert_eq!(listing(&job.sink()), before);
}

#[test]
fn another_disk_in_the_place_of_a_sink_is_refused() {
    let job = Job::pushed("file a \"x\"");
    change_info(&job, "id", "11111111-1111-4111-8111-111111111111".into());
    refused(&job, &[], 10, &["hint: "]);
}

#[test]
fn a_sink_of_a_newer_format_is_refused() {
    let job = Job::pushed("file a \"x\"");
    let text = fs::read_to_string(job.sink().join(".emu/sink")).unwrap();
    let info: Value = serde_json::from_str(&text).unwrap();
    let field = ["v", "version", "format"].into_iter().find(|field| info.get(field).is_some()).unwrap();
    change_info(&job, field, 99.into());
    refused(&job, &[], 10, &["newer"]);
    refused(&job, &["--to", "./sink"], 10, &["newer"]);
}

#[test]
fn missing_sinks_and_plain_directories_are_refused() {
    let job = Job::pushed("file a \"x\"");
    job.emu.tree("plain", "file a \"\"");
    refused(&job, &["./none"], 10, &["none"]);
    refused(&job, &["./plain"], 10, &["plain"]);
    let said = refused(&job, &["nosuch"], 10, &["nosuch", "hint: "]);
    assert!(said.stderr.contains("origin"), "known sinks are named: {said}");
    fs::rename(job.sink(), job.emu.path("away")).unwrap();
    refused(&job, &[], 10, &["hint: "]);
}

#[test]
fn a_source_inside_a_sink_is_refused() {
    let job = Job::pushed("file a \"x\"");
    job.emu.tree("sink/inner", "file a \"\"");
    let said = job.emu.run(&["push", "-S", "sink/inner", "--to", "./other"]);
    assert_ne!(said.status, 0, "{said}");
    one_error(&said);
    let said = job.emu.run(&["push", "-S", "sink/latest/", "--to", "./other"]);
    assert_ne!(said.status, 0, "{said}");
    assert!(!job.newest().join(".emu").exists());
}

#[test]
fn a_malformed_configuration_names_file_line_and_key() {
    let job = Job::pushed("file a \"x\"");
    for (text, line, words) in [
        ("[push]\ncompare = \"stirct\"\n", 2, &["compare", "strict", "no-inode", "mtime"][..]),
        ("[push]\n\none-file-systm = true\n", 3, &["one-file-systm", "one-file-system"]),
        ("[rotate]\nkeep-last = \"many\"\n", 2, &["keep-last", "whole number"]),
        ("[puhs]\n", 1, &["puhs", "push"]),
        ("[push\n", 1, &[]),
    ] {
        job.config(text);
        let said = refused(&job, &[], 2, words);
        let place = format!("src/.emu/config:{line}");
        let named = said.stderr.contains(&place) || said.stderr.contains(&format!("line {line}"));
        assert!(named && said.stderr.contains("src/.emu/config"), "{place}: {said}");
    }
}

#[test]
fn root_does_not_trust_the_settings_of_a_strangers_source() {
    if !need_root() {
        return;
    }
    let job = Job::pushed("file a \"x\"");
    build(&job.src(), "attr . uid=1234\nattr .emu uid=1234\nattr .emu/config uid=1234");
    refused(&job, &[], 10, &["hint: ", "safe.directory"]);
    let before = listing(&job.src().join(".emu"));
    job.push(&["--to", "./sink"]).succeeds();
    job.push(&["--to", "./new"]).succeeds();
    assert_eq!(listing(&job.src().join(".emu")), before, "nothing is noted in a stranger's source");
    assert!(job.emu.path("new/latest/a").exists());
    let config = format!("[safe]\ndirectory = [\"{}\"]\n", job.src().display());
    fs::create_dir_all(job.emu.path("home/.config/emu")).unwrap();
    fs::write(job.emu.path("home/.config/emu/config"), config).unwrap();
    job.push(&[]).succeeds();
}

#[test]
fn a_push_that_could_not_begin_leaves_no_source_behind() {
    let job = Job::new("file a \"x\"");
    build(&job.emu.path("fresh"), "file b \"x\"");
    let push = |to: &str| job.emu.run(&["push", "-S", "fresh", "--to", to]);
    fs::write(job.emu.path("file"), "x").unwrap();
    for to in ["./missing/sink", "./file"] {
        let said = push(to);
        assert!(said.status != 0 && !said.stderr.contains("is a source now"), "{said}");
        assert!(!job.emu.path("fresh/.emu").exists(), "{said}");
    }
    // What stood there before stays, whatever it is.
    build(&job.emu.path("fresh"), "dir .emu\nfile .emu/excludes \"mine\"");
    assert!(push("./missing/sink").status != 0);
    assert_eq!(fs::read(job.emu.path("fresh/.emu/excludes")).unwrap(), b"mine");
    push("./new").succeeds();
}

/// Shell: waits until the last program in the background catches SIGINT and SIGTERM.
const CATCHES: &str =
    "until grep -Eq '^SigCgt:.*[4567cdef][0-9a-f]{2}[2367abef]$' /proc/$!/status; do sleep 0.05; done";

#[test]
fn an_interrupted_push_says_that_the_next_one_goes_on() {
    let job = Job::new("file a \"x\"");
    // It waits for a lock, for as long as it takes to be interrupted. `timeout` and `sudo` signal the
    // process and then its group.
    fs::write(
        job.emu.path("script"),
        format!(
            "emu push -S src --wait 60 & {CATCHES}\n\
             for n in 1 2 3 4 5; do kill -$1 $! && sleep 0.01; done; wait $!"
        ),
    )
    .unwrap();
    for (signal, status) in [("INT", 130), ("TERM", 143)] {
        let said = job.emu.shell(&format!("flock src/.emu/LOCK bash script {signal} 2>said; echo $?"));
        assert_eq!(said.succeeds().stdout, format!("{status}\n"));
        let hint =
            "hint: the next push goes on with what this one finished; nothing that is listed was changed";
        let said = fs::read_to_string(job.emu.path("said")).unwrap();
        assert!(said.starts_with(&format!("error: interrupted\n{hint}\n")), "{said}");
    }
    job.push(&[]).succeeds();
}

#[test]
fn a_later_signal_ends_what_hangs() {
    let job = Job::pushed("file big size=1000000");
    // Nobody reads what it writes.
    let line = format!(
        "mkfifo full; sleep 60 <full & emu cat -S src HEAD:big >full & {CATCHES}; sleep 0.5; \
         kill -TERM $!; sleep 1; kill -TERM $!; wait $!; echo $?; kill %1"
    );
    assert_eq!(job.emu.shell(&line).succeeds().stdout, "143\n");
}

#[test]
fn usage_errors_change_nothing() {
    let job = Job::pushed("file a \"x\"");
    for options in [&["--to"][..], &["--wait", "x"], &["--nosuch"], &["origin", "--to", "./x"]] {
        refused(&job, options, 2, &["hint: "]);
    }
    assert!(!job.emu.path("x").exists());
}
