//! `emu-check-exclude`.

use std::fs;

use crate::job::Job;

fn source() -> Job {
    let job = Job::new(
        "dir build\nfile build/x \"x\"\ndir d\nfile d/.nobackup \"\"\nfile d/x \"x\"\nfile a.o \"o\"",
    );
    fs::write(job.src().join(".emu/excludes"), "# mine\n*.o\n/build/\n!keep.o\n").unwrap();
    job
}

#[test]
fn the_rule_is_told_with_its_file_and_line() {
    let job = source();
    let said = job.emu.inside("src").run(&["check-exclude", "a.o", "build/x", "keep.o", "build"]).succeeds();
    let records = said.records();
    let told: Vec<_> =
        records.iter().map(|r| (r["excluded"].as_bool().unwrap(), r["line"].as_u64())).collect();
    assert_eq!(told, [(true, Some(2)), (true, Some(3)), (false, None), (true, Some(3))]);
    assert!(records[0]["origin"].as_str().unwrap().ends_with(".emu/excludes'"));
    assert_eq!(records[1]["pattern"], "/build/");
}

#[test]
fn a_mark_is_told_by_its_path() {
    let job = source();
    let said = job.emu.inside("src/d").run(&["check-exclude", "x", ".nobackup"]).succeeds();
    let records = said.records();
    assert_eq!((&records[0]["path"], &records[0]["mark"]["path"]), (&"d/x".into(), &"d/.nobackup".into()));
    assert_eq!(records[1]["excluded"], false);
}

#[test]
fn paths_come_from_standard_input_and_need_not_exist() {
    let job = source();
    let program = |args: &[&str], stdin: &str, status: i32| {
        job.emu.inside("src").pipe("emu-check-exclude", args, stdin.as_bytes()).exits(status)
    };
    let said = program(&["-"], "none/x.o\nbuild/\nother\n", 0);
    let excluded: Vec<_> = said.records().iter().map(|record| record["excluded"].clone()).collect();
    assert_eq!(excluded, [true, true, false]);
    program(&["other"], "", 1);
    program(&["--exclude", "oth*", "other"], "", 0);
    let list = job.emu.path("list");
    fs::write(&list, "oth*\n").unwrap();
    program(&["--exclude-from", list.to_str().unwrap(), "other"], "", 0);
    job.emu.program("emu-check-exclude", &["x"]).exits(10);
}
