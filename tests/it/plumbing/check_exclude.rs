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

/// What `emu check-exclude` warns about with these lines in `.emu/excludes`.
fn warnings(lines: &str) -> Vec<String> {
    let job = Job::new("dir build/sub\nfile build/sub/x \"x\"\nfile a \"a\"");
    fs::write(job.src().join(".emu/excludes"), lines).unwrap();
    let said = job.emu.inside("src").run(&["check-exclude", "a"]);
    said.stderr.lines().filter(|line| line.starts_with("warning: ")).map(str::to_owned).collect()
}

#[test]
fn a_negated_pattern_below_an_excluded_directory_is_reported_with_both_lines() {
    let said = warnings("# mine\n/build/\n!/build/sub/x\n");
    assert_eq!(said.len(), 1, "{said:?}");
    let parts =
        ["excludes' line 3: '!/build/sub/x' has no effect", "line 2 ('/build/')", "'/build/*' instead"];
    assert!(parts.iter().all(|part| said[0].contains(part)), "{said:?}");
    // The same where the directory is excluded by a wildcard or by a later line.
    assert_eq!(warnings("/build/*\n!build/sub/x\n").len(), 1);
    assert_eq!(warnings("!/build/x\n/build/\n").len(), 1);
}

#[test]
fn a_negated_pattern_that_can_match_is_not_reported() {
    for lines in [
        "/build/*\n!/build/sub\n",
        "/build/*\n!/build/sub/\n/build/sub/*\n!/build/sub/x\n",
        "/build/\n!/build/\n!/build/sub\n",
        "/*\n!/build/\n!/build/x\n",
        "*.o\n!/build/x.o\n",
        "build/\n!x\n!**/build/x\n",
        "/build/\n# !/build/x\n\\!/build/x\n",
    ] {
        assert_eq!(warnings(lines), [""; 0], "{lines:?}");
    }
}

#[test]
fn a_pattern_that_can_match_no_path_is_reported_with_what_to_write_instead() {
    let job = Job::new("file a \"a\"");
    let below = job.src().join("tmp/");
    let lines = format!("./x\n{}\n../y\n!./z\n", below.to_str().unwrap());
    fs::write(job.src().join(".emu/excludes"), lines).unwrap();
    let said = job.emu.inside("src").run(&["check-exclude", "a"]).stderr;
    for (line, instead) in
        [(1, "write '/x' instead"), (2, "write '/tmp/' instead"), (4, "write '!/z' instead")]
    {
        let expected = |text: &str| text.contains(&format!("line {line}: ")) && text.contains(instead);
        assert!(said.lines().any(expected), "{line} {instead}: {said}");
    }
    assert!(said.contains("line 3: '../y' matches nothing"), "{said}");
    // A source that has such a path inside may mean it.
    fs::create_dir_all(job.src().join(job.src().strip_prefix("/").unwrap())).unwrap();
    assert!(!job.emu.inside("src").run(&["check-exclude", "a"]).stderr.contains("line 2"));
}

#[test]
fn a_byte_order_mark_and_crlf_line_ends_are_ignored() {
    let job = Job::new("file a.o \"o\"\ndir cache\nfile cache/x \"x\"\nfile b \"b\"");
    fs::write(job.src().join(".emu/excludes"), b"\xef\xbb\xbf*.o\r\n/cache/\r\n").unwrap();
    let said = job.emu.inside("src").run(&["check-exclude", "a.o", "cache/x", "b"]).succeeds();
    let lines: Vec<_> = said.records().iter().map(|record| record["line"].as_u64()).collect();
    assert_eq!(lines, [Some(1), Some(2), None]);
    job.push(&[]).succeeds();
    let saved = job.entries();
    assert!(saved.contains_key("b") && !saved.contains_key("a.o") && !saved.contains_key("cache"));
}
