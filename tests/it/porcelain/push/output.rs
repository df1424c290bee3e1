//! What a push prints, and what a dry run leaves alone.

use crate::env::{Emu, assert_shows};
use crate::job::{Job, strict_listing};

#[test]
fn a_dry_run_shows_the_plan_and_changes_nothing() {
    let job = Job::new("dir . 0755\nfile a \"1\"\nfile b \"2\"\nfile d/c \"3\"\nfile e \"\"");
    job.settle().push(&[]).succeeds();
    job.edit("file a \"changed\"\nremove b\nfile d/new \"\"\nattr e 0600");
    let before = (strict_listing(&job.sink()), strict_listing(&job.src()));
    let said = job.push(&["--dry-run"]).succeeds();
    assert_eq!((strict_listing(&job.sink()), strict_listing(&job.src())), before);
    for line in [("modified", "a"), ("removed", "b"), ("added", "d/new")] {
        let shown = said.stdout.lines().any(|shown| shown.ends_with(&format!(" {}", line.1)));
        assert!(shown, "{} {}: {said}", line.0, line.1);
    }
    assert!(said.stdout.lines().any(|line| line.starts_with("removed") && line.ends_with(" b")), "{said}");
    assert!(!said.stdout.contains("d/c"), "{said}");
    let records = job.push(&["--dry-run", "--json"]).succeeds().records();
    assert_eq!(records.iter().filter(|record| record["type"] == "change").count(), 4);
}

#[test]
fn a_dry_run_to_a_new_place_makes_nothing() {
    let emu = Emu::new();
    emu.tree("src", "file a \"x\"");
    emu.run(&["push", "-S", "src", "--to", "./new", "--dry-run"]);
    assert!(!emu.path("new").exists() && !emu.path("src/.emu").exists());
}

#[test]
fn each_sink_has_a_line() {
    let job = Job::new("dir . 0755\nfile a \"12345\"\nfile d/b \"\"");
    assert_shows(
        &job.push(&["-m", "first"]),
        "
        $ emu push -S src -m first
        origin: snapshot <id1> (2026-11-22-200000): 4 entries, 2 copied (5 B), 0 linked
        ",
    );
    assert_eq!(job.node()["message"], "first");
    let quiet = job.push(&["-q"]).succeeds();
    assert_eq!((quiet.stdout, quiet.stderr), (String::new(), String::new()));
}

#[test]
fn records_are_a_snapshot_for_each_sink_and_a_summary() {
    let job = Job::new("file a \"12345\"\nsymlink \\xff -> a");
    let records = job.push(&["--json"]).succeeds().records();
    let kinds: Vec<_> = records.iter().map(|record| record["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["snapshot", "summary"]);
    let (snapshot, summary) = (&records[0], &records[1]);
    assert_eq!(snapshot["head"], true);
    assert_eq!(snapshot["id"], job.node()["id"]);
    assert_eq!(snapshot["path"].as_str().unwrap(), job.newest().to_str().unwrap());
    assert_eq!((&summary["exit"], &summary["copied"], &summary["bytes"]), (&0.into(), &1.into(), &5.into()));
}

#[test]
fn a_failure_is_the_last_record() {
    let job = Job::new("file a \"\"");
    std::fs::rename(job.sink(), job.emu.path("away")).unwrap();
    let records = job.push(&["--json"]).exits(10).records();
    assert!(records.iter().any(|record| record["type"] == "error" && record["exit"] == 10), "{records:?}");
    assert_eq!(records.last().unwrap()["exit"], 10);
}

#[test]
fn two_snapshots_of_one_second_have_two_names() {
    let job = Job::new("file a \"\"");
    job.emu.step(0).at("2026-11-22T18:07:24Z");
    for _ in 0..3 {
        job.push(&[]).succeeds();
    }
    let names: Vec<_> = job.nodes().iter().map(|node| node["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(names, ["2026-11-22-180724", "2026-11-22-180724-2", "2026-11-22-180724-3"]);
    for (name, node) in names.iter().zip(job.nodes()) {
        let target = std::fs::read_link(job.sink().join(name)).unwrap();
        assert_eq!(target.to_str().unwrap(), format!(".emu/trees/{}", crate::job::id(&node)));
    }
    assert_eq!(std::fs::canonicalize(job.sink().join("latest")).unwrap(), job.newest());
}

#[test]
fn names_are_never_printed_raw() {
    let job = Job::new("file a\\x1b[31m \"\"\nfile b\\x1b[0m 0000 \"x\"");
    let said = job.push_blind(&[]).exits(3);
    assert!(!said.stderr.contains('\x1b') && !said.stdout.contains('\x1b'), "{said}");
    assert!(!job.push(&["--dry-run"]).stdout.contains('\x1b'));
}

#[test]
fn the_summary_counts_what_moved() {
    let job = crate::job::Job::new(
        "dir a 0755 mtime=1700000000\nfile a/x \"the first text\" mtime=1700000001\nfile b \"b\" mtime=1700000003",
    );
    let said = job.settle().push(&[]).succeeds();
    assert!(!said.stdout.contains("moved"), "{said}");
    job.edit("move a -> c");
    let said = job.push(&[]).succeeds();
    assert!(said.stdout.trim_end().ends_with(", 1 moved"), "{said}");
}

#[test]
fn a_push_whose_answer_cannot_be_printed_exits_with_3() {
    let job = crate::job::Job::pushed("file a \"a\"");
    for option in ["", "--json"] {
        let before = job.nodes().len();
        let said = job.emu.shell(&format!("emu push -S src {option} > /dev/full")).exits(3);
        assert!(said.stderr.contains("cannot write to standard output"), "{said}");
        assert_eq!(job.nodes().len(), before + 1);
    }
    // Of a command that only reads, the answer is all there is.
    job.emu.shell("emu log -S src > /dev/full").exits(1);
}
