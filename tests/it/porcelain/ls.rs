//! `emu ls`.

use crate::env::Emu;
use crate::job::Job;
use crate::made::{Made, Special};

#[test]
fn a_directory_of_a_snapshot_is_listed() {
    let emu = Emu::new();
    let sink = Made::new(&emu, "disk");
    sink.add(1, Special::default());
    let src = emu.inside("src");
    assert_eq!(src.ok(&["ls"]), "a\nd\n");
    assert_eq!(src.ok(&["ls", "disk:HEAD:d"]), "l\nx\n");
    assert_eq!(src.ok(&["ls", "HEAD:d/x", "HEAD:./d/"]), "x\nl\nx\n");
    assert_eq!(src.ok(&["ls", "-R"]), "a\nd\nd/l\nd/x\n");
    assert_eq!(src.ok(&["ls", "-z", "HEAD:d"]), "l\0x\0");
    let by_path = format!("{}:HEAD:d", sink.path.display());
    assert_eq!(emu.inside("home").ok(&["ls", &by_path]), "l\nx\n");
    assert_eq!(emu.inside("home").ok(&["ls", "--sink", sink.path.to_str().unwrap(), "TAIL:d"]), "l\nx\n");
}

#[test]
fn a_long_line_has_mode_owner_size_and_time() {
    let job = Job::new(
        "file a 4755 \"12345\" mtime=1700000000\ndir d 1777 mtime=1700000060\nsymlink s -> a mtime=1700000000",
    );
    job.push(&[]).succeeds();
    let said = job.emu.inside("src").ok(&["ls", "-l"]);
    let words: Vec<Vec<&str>> = said.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(words[0][0], "-rwsr-xr-x");
    assert_eq!(words[0][3..], ["5", "B", "2023-11-14", "22:13", "a"]);
    assert_eq!((words[1][0], words[1][3]), ("drwxrwxrwt", "-"));
    assert_eq!(words[2][4..], ["2023-11-14", "22:13", "s", "->", "a"]);
}

#[test]
fn an_empty_directory_has_nothing_and_is_there() {
    let job = Job::pushed("dir e\nfile f \"\"");
    assert_eq!(job.emu.inside("src").ok(&["ls", "HEAD:e"]), "");
    assert_eq!(job.emu.inside("src").ok(&["ls", "HEAD:f"]), "f\n");
}

#[test]
fn a_path_that_is_not_there_is_named_with_the_nearest() {
    let job = Job::pushed("file notes/monday.txt \"x\"\nfile notes/other \"x\"");
    let fails = |what: &str, status| job.emu.inside("src").fails(&["ls", what], status);
    let said = fails("HEAD:notes/munday.txt", 10);
    assert!(said.starts_with("error: no 'notes/munday.txt' in snapshot "), "{said}");
    assert!(said.ends_with("hint: did you mean 'notes/monday.txt'?\n"), "{said}");
    assert!(fails("HEAD:note/monday.txt", 10).ends_with("hint: did you mean 'notes/monday.txt'?\n"));
    assert!(fails("HEAD:note/zzz", 10).ends_with("hint: did you mean 'notes'?\n"));
    // The right name in another directory.
    assert!(fails("HEAD:monday.txt", 10).ends_with("hint: did you mean 'notes/monday.txt'?\n"));
    assert!(!fails("HEAD:zzz", 10).contains("hint"));
    assert!(fails("HEAD:../x", 2).starts_with("error: cannot look at '../x'"));
    assert!(fails("HEAD:notes/other/below", 10).starts_with("error: no "));
    assert!(fails("usb:HEAD", 10).starts_with("error: no s"));
}

#[test]
fn a_path_that_begins_with_a_dot_is_relative_to_where_one_is() {
    let job = Job::pushed("file notes/monday.txt \"x\"\nfile top \"x\"");
    let notes = job.emu.inside("src/notes");
    assert_eq!(
        notes.ok(&["ls", "HEAD:./monday.txt", "HEAD:.", "HEAD:../top"]),
        "monday.txt\nmonday.txt\ntop\n"
    );
    assert_eq!(notes.ok(&["ls", "HEAD:notes"]), "monday.txt\n");
    assert_eq!(notes.ok(&["cat", "HEAD:./monday.txt"]), "x");
    // Outside of the source, there is no such place.
    let by_path = |path: &str| format!("{}:HEAD:{path}", job.sink().display());
    assert_eq!(job.emu.inside("home").ok(&["ls", &by_path("./notes")]), "monday.txt\n");
}

#[test]
fn records_are_entries_with_their_paths() {
    let job = Job::pushed("file d/x \"x\"");
    let records = job.emu.inside("src").run(&["ls", "--json", "HEAD:d"]).succeeds().records();
    assert_eq!(
        (records.len(), &records[0]["type"], &records[0]["path"]),
        (1, &"entry".into(), &"d/x".into())
    );
}

#[test]
fn excluded_paths_of_a_snapshot_are_listed() {
    let job =
        Job::new("file a \"a\"\nfile d/x.o \"o\"\nfile d/y \"y\"\ndir cache/deep\nfile cache/deep/z \"z\"");
    std::fs::write(job.src().join(".emu/excludes"), "*.o\n/cache/\n").unwrap();
    job.push(&[]).succeeds();
    let src = job.emu.inside("src");
    assert_eq!(src.ok(&["ls", "--excluded"]), "cache\nd/x.o\n");
    assert_eq!(src.ok(&["ls", "--excluded", "-z", "HEAD:d"]), "d/x.o\0");
    assert_eq!(src.ok(&["ls", "--excluded", "HEAD:cache"]), "cache\n");
    let records = src.run(&["ls", "--excluded", "--json"]).succeeds().records();
    assert_eq!(records[0], serde_json::json!({"type": "excluded", "path": "cache", "excluded": true}));
    assert_eq!(records.len(), 2);
}

#[test]
fn too_many_excluded_paths_are_counted_and_not_listed() {
    let job = Job::new("file a \"a\"");
    job.emu.shell("mkdir src/d && cd src/d && seq 10001 | xargs touch").succeeds();
    std::fs::write(job.src().join(".emu/excludes"), "/d/*\n").unwrap();
    job.push(&[]).succeeds();
    assert_eq!(job.node()["excluded"]["count"], 10001);
    let said = job.emu.inside("src").run(&["ls", "--excluded"]).exits(1);
    assert!(said.stderr.contains("10001 paths were excluded, too many"), "{said}");
    // The rules alone protect them.
    std::fs::write(job.src().join(".emu/excludes"), "").unwrap();
    job.edit("file a \"changed\"").push(&[]).succeeds();
    job.emu.inside("src").ok(&["checkout", "HEAD~"]);
    assert_eq!(std::fs::read_dir(job.src().join("d")).unwrap().count(), 10001);
}

#[test]
fn a_path_in_a_snapshot_may_begin_with_a_slash() {
    let job = crate::job::Job::pushed("dir d\nfile d/f \"text\"");
    let src = job.emu.inside("src");
    assert_eq!(src.ok(&["ls", "HEAD:/d"]), "f\n");
    assert_eq!(src.ok(&["ls", "HEAD:/"]), "d\n");
    assert_eq!(src.ok(&["cat", "origin:HEAD:/d/f"]), "text");
    assert!(src.ok(&["path", "HEAD:/d/f"]).ends_with("/d/f\n"));
    assert_eq!(src.ok(&["find", "-z", "/d/f"]), "d/f\0");
    let whole = job.src().join("d/f");
    assert_eq!(src.ok(&["log", "-s", "--", whole.to_str().unwrap()]).lines().count(), 1);
    job.ok(&["checkout", "./sink:HEAD", "--to", "out", "--", "/d/f"]);
    src.fails(&["ls", "HEAD:/../d"], 2);
}
