//! `emu-rev-parse`.

use crate::env::Emu;
use crate::made::{Made, Special};

#[test]
fn a_revision_becomes_a_snapshot() {
    let emu = Emu::new();
    let sink = Made::new(&emu, "disk");
    let ids: Vec<String> = (1..=3).map(|seq| sink.add(seq, Special::default())).collect();
    let src = emu.inside("src");
    let parse = |rev: &str| -> Vec<String> {
        let records = src.pipe("emu-rev-parse", &[rev], b"").succeeds().records();
        records.iter().map(|record| record["id"].as_str().unwrap().to_owned()).collect()
    };
    let path = sink.path.to_str().unwrap();
    for (rev, seq) in [
        ("HEAD", 3),
        ("HEAD~2", 1),
        ("TAIL~", 2),
        ("disk", 3),
        ("disk:HEAD~", 2),
        (path, 3),
        (&format!("{path}:TAIL"), 1),
        ("@{2026-11-22 02:30}", 2),
        (&ids[1], 2),
        ("2026-11-22-010000", 1),
    ] {
        assert_eq!(parse(rev), [ids[seq - 1].clone()], "{rev}");
    }
    assert_eq!(parse("TAIL..HEAD"), ids[1..]);
}

#[test]
fn revisions_are_read_from_standard_input() {
    let emu = Emu::new();
    let sink = Made::new(&emu, "disk");
    let id = sink.add(1, Special::default());
    let args = ["--sink", sink.path.to_str().unwrap(), "-"];
    let said = emu.pipe("emu-rev-parse", &args, b"HEAD\n\nTAIL").succeeds();
    assert!(said.records().iter().all(|record| record["id"] == id.as_str()));
    assert_eq!(said.records().len(), 2);
    let record = &said.records()[0];
    assert_eq!(record["sink_path"], sink.path.to_str().unwrap());
    assert_eq!(record["rev"], "HEAD");
}

#[test]
fn the_last_record_after_a_failure_is_the_error() {
    let emu = Emu::new();
    let sink = Made::new(&emu, "disk");
    sink.add(1, Special::default());
    let said = emu.inside("src").pipe("emu-rev-parse", &["HEAD", "none"], b"").exits(10);
    let records = said.records();
    assert_eq!((&records[0]["type"], &records[1]["type"]), (&"rev".into(), &"error".into()));
    assert_eq!((&records[1]["class"], &records[1]["exit"]), (&"not-found".into(), &10.into()));
    assert!(said.stdout.lines().last().unwrap().starts_with("{\"type\":\"error\","));
}

#[test]
fn the_program_and_the_command_are_the_same() {
    let emu = Emu::new();
    let sink = Made::new(&emu, "disk");
    sink.add(1, Special::default());
    let src = emu.inside("src");
    let program = src.pipe("emu-rev-parse", &["HEAD"], b"").succeeds().stdout;
    assert_eq!(src.ok(&["rev-parse", "HEAD"]), program);
}

#[test]
fn a_time_is_told_in_every_length_of_words() {
    let emu = Emu::new();
    let sink = Made::new(&emu, "disk");
    let ids: Vec<String> = (1..=3).map(|seq| sink.add(seq, Special::default())).collect();
    for (now, when, seq) in [
        ("2026-11-24T02:30:00Z", "2 days ago", 2),
        ("2026-11-22T03:30:00Z", "1 hour ago", 2),
        ("2026-11-22T04:30:00Z", "2 hours ago", 2),
        ("2026-11-22T02:59:00Z", "50 minutes ago", 2),
        ("2026-11-23T02:30:00Z", "1 day ago", 2),
        ("2026-11-29T02:30:00Z", "1 week ago", 2),
        ("2027-11-22T02:30:00Z", "1 year ago", 2),
        // m is a month, as in a policy; behind hours it can only be meant as a minute.
        ("2026-11-24T02:30:00Z", "2d", 2),
        ("2027-05-22T02:30:00Z", "6m", 2),
        ("2027-05-22T02:30:00Z", "6 m ago", 2),
        ("2026-11-22T03:00:00Z", "30min ago", 2),
        ("2026-11-22T04:00:00Z", "1h30m ago", 2),
        // A day is its end, named or not.
        ("2026-11-23T02:30:00Z", "yesterday", 3),
        ("2026-11-22T02:30:00Z", "today", 3),
        ("2026-11-22T05:00:00Z", "02:30", 2),
        ("2026-11-22T05:00:00Z", "01:00", 1),
        ("2026-11-22T05:00:00Z", "02:00:00", 2),
        // Later today: nothing is later than that.
        ("2026-11-22T05:00:00Z", "20:18", 3),
        ("2026-11-30T00:00:00Z", "now", 3),
        ("2026-11-30T00:00:00Z", "2026-11-22", 3),
        ("2026-11-30T00:00:00Z", "2026-11-22T01:59", 1),
    ] {
        let rev = format!("@{{{when}}}");
        emu.at(now);
        let record = &emu.inside("src").pipe("emu-rev-parse", &[&rev], b"").succeeds().records()[0];
        assert_eq!(record["id"], ids[seq - 1].as_str(), "{rev} at {now}");
    }
    for bad in ["@{abcdefghij}", "@{2026-13-01}", "@{2 moons ago}", "@{}"] {
        emu.inside("src").pipe("emu-rev-parse", &[bad], b"").exits(2);
    }
}

#[test]
fn a_time_before_the_oldest_snapshot_names_the_oldest() {
    let emu = Emu::new();
    let sink = Made::new(&emu, "disk");
    let id = sink.add(1, Special::default());
    emu.at("2026-11-22T05:00:00Z").step(0);
    for rev in ["@{00:30}", "@{yesterday}", "@{6 hours ago}"] {
        let said = emu.inside("src").pipe("emu-rev-parse", &[rev], b"").exits(10).stdout;
        assert!(said.contains(&format!("the oldest is {}", &id[..12])), "{said}");
    }
    for bad in ["@{25:00}", "@{2018}", "@{tomorrow}", "@{12:61}"] {
        emu.inside("src").pipe("emu-rev-parse", &[bad], b"").exits(2);
    }
}

/// What emu-revisions(7) says of forms, on a line of four snapshots.
#[test]
fn the_page_on_revisions_says_what_is_so() {
    let emu = Emu::new();
    let sink = Made::new(&emu, "disk");
    let ids: Vec<String> = (1..=4).map(|seq| sink.add(seq, Special::default())).collect();
    let src = emu.inside("src");
    let found = |rev: &str| -> Vec<String> {
        let records = src.pipe("emu-rev-parse", &[rev], b"").succeeds().records();
        records.iter().map(|record| record["id"].as_str().unwrap().to_owned()).collect()
    };
    for (rev, from, to) in [
        ("@", 3, 4),
        ("HEAD~0", 3, 4),
        ("HEAD~~", 1, 2),
        ("TAIL~2", 2, 3),
        ("@{2026-11-22T02:00:00Z}", 1, 2),
        ("HEAD~3..HEAD", 1, 4),
        ("HEAD~3..", 1, 4),
        ("HEAD..", 0, 0),
        ("disk:HEAD~3..disk:HEAD~", 1, 3),
    ] {
        assert_eq!(found(rev), ids[from..to], "{rev}");
    }
    for none in
        ["HEAD^", "HEAD^2", "HEAD@{1}", "TAIL...HEAD", "^HEAD", "ORIG_HEAD", "6b0", "HEAD~4", "TAIL~4"]
    {
        src.pipe("emu-rev-parse", &[none], b"").exits(10);
    }
    for unreadable in ["HEAD~x", "@{last friday}", "@{2026-11}", "@{noon}", ":HEAD", ""] {
        src.pipe("emu-rev-parse", &[unreadable], b"").exits(2);
    }
    for several in ["HEAD..", "HEAD~3..HEAD"] {
        src.fails(&["path", several], 2);
    }
    src.ok(&["path", "HEAD~..HEAD"]);
    src.fails(&["pin", "disk"], 2);
    src.ok(&["ls", "HEAD:"]);
}
