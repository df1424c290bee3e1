//! `emu du`: what snapshots take up, held against what removing them frees.

mod exact;

use std::fs;

use crate::env::{LoopFs, assert_shows, need_loop};
use crate::job::{Job, listing};

#[test]
fn each_snapshot_is_shown_with_what_it_alone_holds() {
    let job = Job::new("file same size=50000 seed=9");
    for number in 1..=3 {
        job.edit(&format!("file own size=100000 seed={number}\nfile f{number} size=8192 seed={number}"));
        job.push(&[]).succeeds();
    }
    let before = listing(&job.sink());
    assert_shows(
        &job.emu.inside("src").run(&["du"]),
        "
        $ emu du
        origin: 3 snapshots, 397 kB
          ALONE   SIZE    ID            DATE
          115 kB  175 kB  <id3>  2026-11-22 22:00  HEAD
          106 kB  166 kB  <id2>  2026-11-22 21:00
          106 kB  158 kB  <id1>  2026-11-22 20:00
        ",
    );
    assert_eq!(listing(&job.sink()), before);
    let said = job.emu.inside("src").ok(&["du", "TAIL..HEAD"]);
    assert!(said.ends_with("  together: 229 kB\n"), "{said}");
}

#[test]
fn what_du_says_is_what_becomes_free() {
    let job = Job::new("dir d\nfile d/a size=40000 seed=1\nlink d/b = d/a\nfile c size=5000 seed=2");
    job.push(&[]).succeeds();
    // A move keeps the inode, a touch makes a new one, a copy is one of its own.
    job.emu
        .shell("cd src && mv d/a d/moved && touch c && cp -a c copy && head -c 9000 /dev/zero > z")
        .succeeds();
    job.push(&[]).succeeds();
    job.edit("remove d/b\nfile e size=70000 seed=3").push(&[]).succeeds();
    job.edit("remove e").push(&["--allow-shrunk"]).succeeds();
    let alone = |rev: &str| {
        let records = job.emu.run(&["-S", "src", "du", "--json", rev]).succeeds().records();
        records[0]["alone"].as_u64().unwrap()
    };
    for rev in ["HEAD~", "TAIL", "TAIL"] {
        let said = alone(rev);
        let removed = job.emu.run(&["-S", "src", "prune", "--json", rev]).succeeds().records();
        assert_eq!(removed[0]["freed"].as_u64().unwrap(), said, "{rev}");
    }
}

#[test]
fn spares_cut_off_pushes_and_trash_are_shown_too() {
    let job = Job::new("file a size=30000 seed=1");
    job.config("[rotate]\nkeep-last = 1\n");
    job.push(&[]).succeeds();
    job.edit("file a size=30000 seed=2").push(&[]).succeeds();
    let staging = job.sink().join(".emu/staging/0123456789abcdef");
    fs::create_dir_all(staging.join("tree")).unwrap();
    fs::write(staging.join("tree/half"), [7; 9000]).unwrap();
    let said = job.emu.inside("src").ok(&["du", "--sink", "origin"]);
    assert!(said.contains("  spare ") && said.contains("  push 0123456789ab that was cut off: "), "{said}");
    let records = job.emu.run(&["-S", "src", "du", "--json"]).succeeds().records();
    let kinds: Vec<_> = records.iter().map(|record| record["what"].as_str().unwrap_or("usage")).collect();
    assert_eq!(kinds, ["usage", "usage", "staging", "spare"]);
    assert!(records.iter().all(|record| record["bytes"].as_u64().unwrap() > 0));
}

#[test]
fn what_a_damaged_snapshot_holds_is_not_known_and_bounds_what_the_others_do() {
    let job = Job::new("file same size=50000 seed=9");
    for number in 1..=3 {
        job.edit(&format!("file own size=100000 seed={number}"));
        job.push(&[]).succeeds();
    }
    let src = job.emu.inside("src");
    let before = src.run(&["du", "--json"]).succeeds().records();
    // The second and the third share a file that the first does not have.
    job.spoil_manifest(2);
    let said = src.run(&["du"]).exits(3);
    assert!(said.stderr.contains("is damaged and left out: its manifest is damaged"), "{said}");
    assert_shows(
        &src.run(&["du", "-q"]),
        "
        $ emu du -q
        [stderr]
        warning: snapshot <id2> in 'ROOT/sink' is damaged and left out: its manifest is damaged
        [exit 3]
        ",
    );
    let text: Vec<&str> = said.stdout.lines().collect();
    assert!(text[0].starts_with("origin: 3 snapshots, at least "), "{said}");
    assert!(text[2].starts_with("  at most 106 kB  ") && text[3].starts_with("  unknown "), "{said}");
    let said = src.run(&["du", "HEAD~", "HEAD"]).exits(3);
    assert!(said.stdout.ends_with("  together: unknown\n"), "{said}");
    let records = src.run(&["du", "--json"]).exits(3).records();
    assert_eq!(records[1]["bytes"], before[1]["bytes"]);
    assert!(records[1]["alone"].is_null() && records[1]["at_most"].is_null(), "{records:?}");
    assert_eq!((&records[0]["at_most"], &records[2]["at_most"]), (&true.into(), &true.into()));
    let alone = |records: &[serde_json::Value], at: usize| records[at]["alone"].as_u64().unwrap();
    assert!(alone(&records, 0) >= alone(&before, 0) && alone(&records, 2) >= alone(&before, 2));
    assert!(records[3]["alone"].is_null() && records[3]["bytes"] == before[3]["bytes"], "{records:?}");
    let records = src.run(&["du", "--json", "HEAD", "TAIL"]).exits(3).records();
    assert_eq!(records[2]["at_most"], true);
}

#[test]
fn a_sink_that_cannot_be_written_is_measured_all_the_same() {
    if !need_loop("ext4") {
        return;
    }
    let job = Job::new("file a \"a\"");
    let disk = LoopFs::new(&job.emu.path("disk"), "ext4", 20);
    job.ok(&["-S", "src", "sink", "add", "disk", disk.path("sink").to_str().unwrap()]);
    job.push(&[]).succeeds();
    disk.remount_ro();
    assert!(job.emu.inside("src").ok(&["du", "disk"]).contains("disk: 1 snapshot"));
}
