//! `emu status`.

use crate::env::{Emu, assert_shows, need_root};
use crate::job::{Job, listing};

fn job() -> Job {
    let job = Job::new(
        "file a \"alpha\" mtime=1700000000\nfile b \"beta\" mtime=1700000000\nfile c \"c\" mtime=1700000000",
    );
    job.settle().push(&[]).succeeds();
    job
}

/// The lines without the free space, which is the machine's.
fn lines(said: &str) -> Vec<String> {
    let line =
        |line: &str| line.split(", ").filter(|part| !part.ends_with(" free")).collect::<Vec<_>>().join(", ");
    said.lines().skip(1).map(line).collect()
}

#[test]
fn what_changed_since_head_is_counted() {
    let job = job();
    let src = job.emu.inside("src");
    let id = job.node()["id"].as_str().unwrap()[..12].to_owned();
    let path = job.sink().display().to_string();
    let head = format!("  1 snapshot; HEAD is {id}, 2026-11-22 20:00 (1 hour ago)");
    let begin = [
        format!("sink origin at '{path}'"),
        head,
        "  the newest complete one was made 1 hour ago".to_owned(),
    ];
    assert_eq!(
        lines(&src.ok(&["status"])),
        [&begin[..], &["  since HEAD: nothing changed".to_owned()]].concat()
    );
    job.edit("file a \"alphabet\"\nattr b 0600\nremove c\nfile d/e \"\"");
    let said = src.ok(&["status", "origin"]);
    assert!(said.contains("  since HEAD: "), "{said}");
    for part in ["2 added", "1 modified", "1 attributes", "1 removed"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let quick = src.ok(&["status", "--no-scan"]);
    assert!(!quick.contains("since HEAD"), "{quick}");
}

#[test]
fn nothing_is_written() {
    let job = job();
    job.edit("file d \"d\"");
    let before = (listing(&job.src()), listing(&job.sink()));
    job.emu.inside("src").ok(&["status"]);
    assert_eq!((listing(&job.src()), listing(&job.sink())), before);
}

#[test]
fn the_status_tells_of_changes_and_of_age_if_asked() {
    let job = job();
    let src = job.emu.inside("src");
    src.run(&["status", "--exit-code"]).succeeds();
    job.emu.at("2026-11-24T10:00:00Z").step(1);
    src.run(&["status", "--max-age", "2d"]).succeeds();
    let said = src.run(&["status", "--max-age", "1d"]).exits(4);
    assert!(said.stdout.contains(", which is too long ago"), "{said}");
    let said = src.run(&["status", "-q", "--no-scan", "--max-age", "30h"]).exits(4);
    assert_eq!(
        (&*said.stdout, &*said.stderr),
        ("", "warning: sink origin: no complete snapshot is young enough\n")
    );
    job.edit("file a \"alphabet\"");
    src.run(&["status"]).succeeds();
    src.run(&["status", "--exit-code"]).exits(4);
    src.run(&["status", "--exit-code", "--no-scan"]).exits(2);
    src.run(&["status", "--max-age", "soon"]).exits(2);
}

#[test]
fn a_sink_that_is_absent_is_said_to_be_so() {
    let job = job();
    job.ok(&["-S", "src", "sink", "add", "late", "./late"]);
    std::fs::rename(job.sink(), job.emu.path("gone")).unwrap();
    let src = job.emu.inside("src");
    let said = src.run(&["status"]).succeeds();
    assert!(said.stdout.contains("sink origin is absent: cannot open the sink"), "{said}");
    assert!(said.stdout.contains("\n  no snapshot yet\n"), "{said}");
    src.run(&["status", "--max-age", "1y"]).exits(4);
    src.run(&["status", "origin"]).exits(10);
    let records = src.run(&["status", "--json"]).succeeds().records();
    assert_eq!((records[0]["present"].as_bool(), records[1]["present"].as_bool()), (Some(false), Some(true)));
}

#[test]
fn a_record_for_each_sink_has_the_numbers() {
    let job = job();
    job.edit("file d \"\"");
    let record = &job.emu.inside("src").run(&["status", "--json"]).succeeds().records()[0];
    assert_eq!(
        (&record["type"], &record["name"], &record["snapshots"]),
        (&"status".into(), &"origin".into(), &1.into())
    );
    assert_eq!((&record["age"], &record["too_old"]), (&3600.into(), &false.into()));
    assert_eq!(record["changes"]["added"], 1);
    assert_eq!(record["head"], job.node()["id"]);
}

#[test]
fn a_partial_snapshot_makes_none_younger() {
    if !need_root() {
        return;
    }
    let emu = Emu::new();
    emu.tree("src", "file d/x \"x\"\nfile e \"e\"");
    emu.shell("chown -R 1234:1234 src && mkdir disk && chown 1234:1234 disk && chmod 0 src/d").succeeds();
    let user = emu.as_user(1234);
    user.run(&["push", "-S", "src", "--to", "./disk/sink"]).exits(3);
    assert!(
        user.run(&["-S", "src", "status", "--no-scan", "--max-age", "1y"])
            .exits(4)
            .stdout
            .contains("none is complete")
    );
}

#[test]
fn without_a_source_there_is_no_status() {
    let emu = Emu::new();
    assert_shows(
        &emu.inside("home").run(&["status"]).exits(10),
        "
        $ emu status
        [stderr]
        error: no source at or above 'ROOT/home'
        hint: `emu init` makes one; -S DIR names one
        [exit 10]
        ",
    );
}

#[test]
fn damaged_snapshots_are_named_and_not_complete() {
    let job = job();
    job.edit("file d \"d\"").push(&[]).succeeds();
    std::fs::remove_file(job.manifest(2)).unwrap();
    job.emu.at("2026-11-23T20:30:00Z");
    let src = job.emu.inside("src");
    let said = src.ok(&["status", "--no-scan"]);
    let line = format!("  {} is damaged: its manifest is missing\n", job.short(2));
    assert!(said.ends_with(&line) && said.contains("2 snapshots"), "{said}");
    let records = src.run(&["status", "--no-scan", "--json"]).succeeds().records();
    let times: Vec<String> =
        job.nodes().iter().map(|node| node["time"].as_str().unwrap().to_owned()).collect();
    assert_eq!((&records[0]["damaged"], &records[0]["time"]), (&1.into(), &times[0].as_str().into()));
}

#[test]
fn a_sink_whose_record_cannot_be_read_is_a_failure() {
    let job = crate::job::Job::pushed("file a \"a\"");
    std::fs::write(job.sink().join(".emu/sink"), "no record").unwrap();
    let said = job.emu.inside("src").run(&["status"]).exits(1);
    assert!(said.stdout.contains("sink origin is unreadable: "), "{said}");
    let said = job.emu.inside("src").run(&["status", "-q"]).exits(1);
    assert!(said.stderr.contains("sink origin is unreadable: "), "{said}");
}
