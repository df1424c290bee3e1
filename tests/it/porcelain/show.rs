//! `emu show`.

use crate::env::assert_shows;
use crate::job::Job;

fn job() -> Job {
    let job = Job::pushed("file a \"alpha\" mtime=1700000000\nfile b \"beta\" mtime=1700000000");
    job.edit("file a \"other\"");
    job.push(&["-m", "a is another"]).succeeds();
    job.edit("remove b");
    job.push(&[]).succeeds();
    job
}

#[test]
fn a_snapshot_is_shown_with_what_changed() {
    let job = job();
    let said = job.emu.inside("src").run(&["show", "HEAD~"]).succeeds();
    let lines: Vec<&str> = said.stdout.lines().collect();
    assert!(lines[0].starts_with("snapshot ") && lines[0].ends_with("(origin)"), "{said}");
    assert!(said.stdout.contains("\n    a is another\n"), "{said}");
    assert_eq!(lines[lines.len() - 2..], ["", "content    a"], "{said}");
    assert!(job.emu.inside("src").ok(&["show", "--name-status"]).ends_with("\n\nD\tb\n"));
}

#[test]
fn the_oldest_has_nothing_before_it() {
    let job = job();
    let said = job.emu.inside("src").run(&["show", "TAIL"]).succeeds();
    assert!(said.stdout.starts_with("snapshot ") && !said.stdout.contains("added"), "{said}");
    assert_eq!(said.stderr, "nothing older led to it: there is nothing to compare it with\n");
}

#[test]
fn the_nearest_older_one_stands_in_for_one_that_is_gone() {
    let job = job();
    let id = job.nodes()[1]["id"].as_str().unwrap().to_owned();
    let oldest = job.nodes()[0]["id"].as_str().unwrap()[..12].to_owned();
    for name in ["nodes", "manifests"] {
        std::fs::remove_file(job.sink().join(".emu").join(name).join(&id)).unwrap();
    }
    std::fs::remove_dir_all(job.sink().join(".emu/trees").join(&id)).unwrap();
    let said = job.emu.inside("src").run(&["show"]).succeeds();
    assert!(said.stdout.ends_with("\n\ncontent    a\nremoved    b\n"), "{said}");
    assert_eq!(said.stderr, format!("the one before it is gone; compared with {oldest}\n"));
}

#[test]
fn records_are_the_snapshot_and_its_changes() {
    let job = job();
    let records = job.emu.inside("src").run(&["show", "--json", "HEAD", "HEAD~"]).succeeds().records();
    let types: Vec<&str> = records.iter().map(|record| record["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["snapshot", "exclusions", "change", "snapshot", "exclusions", "change"]);
    assert_eq!(records[2]["path"], "b");
}

#[test]
fn numbers_alone_are_shown_with_stat() {
    let job = job();
    assert!(job.emu.inside("src").ok(&["show", "--stat", "HEAD~"]).ends_with("\n\ncontent  1 entry  5 B\n"));
    assert_shows(
        &job.emu.inside("src").run(&["show", "none"]).exits(10),
        "
        $ emu show none
        [stderr]
        error: no snapshot 'none'
        hint: `emu log` lists all snapshots
        [exit 10]
        ",
    );
}

#[test]
fn the_rules_of_what_was_left_out_are_told_in_short() {
    let job = Job::new("file a \"a\"\nfile x.o \"o\"\nfile y.tmp \"t\"");
    std::fs::write(job.src().join(".emu/excludes"), "# objects\n*.o\n/none\n").unwrap();
    job.push(&["--exclude", "*.tmp"]).succeeds();
    let said = job.emu.inside("src").ok(&["show"]);
    let rules = "excluded: 2 paths (2 patterns of .emu/excludes, 1 pattern of --exclude, directories with a \
                 CACHEDIR.TAG, directories with '.nobackup', other file systems)";
    assert!(said.lines().any(|line| line == rules), "{said}");
    let records = job.emu.inside("src").run(&["show", "--json"]).succeeds().records();
    assert_eq!(records[0]["excluded"]["count"], 2);
    assert_eq!(
        (&records[1]["type"], &records[1]["paths"][1]["path"]),
        (&"exclusions".into(), &"y.tmp".into())
    );
}
