//! `emu find`.

use crate::env::Emu;
use crate::job::Job;

/// Four snapshots: `a/x.txt` has two versions, `y.txt` is in the first two only.
fn job() -> Job {
    let job = Job::pushed(
        "file a/x.txt \"one\" mtime=1700000000\nfile y.txt \"12345\" mtime=1700000060\nfile other \"\"",
    );
    for edit in
        ["file other \"o\"", "file a/x.txt \"another\" mtime=1700000120\nremove y.txt", "file other \"oo\""]
    {
        job.edit(edit);
        job.push(&[]).succeeds();
    }
    job
}

#[test]
fn each_version_is_printed_once_with_its_snapshots() {
    let job = job();
    let ids: Vec<String> =
        job.nodes().iter().map(|node| node["id"].as_str().unwrap()[..12].to_owned()).collect();
    let said = job.emu.inside("src").ok(&["find", "*.txt"]);
    let expected = [
        format!("     3 B  2023-11-14 22:13     2  {}..{}  a/x.txt", ids[0], ids[1]),
        format!("     7 B  2023-11-14 22:15     2  {}..{}  a/x.txt", ids[2], ids[3]),
        format!("     5 B  2023-11-14 22:14     2  {}..{}  y.txt", ids[0], ids[1]),
    ];
    assert_eq!(said.lines().collect::<Vec<_>>(), expected);
    let said = job.emu.inside("src").ok(&["find", "/a/", "HEAD"]);
    assert!(said.starts_with("     dir  ") && said.ends_with(&format!("  {:26}  a\n", ids[3])), "{said}");
    // Only the time of the directory differs, which follows from what is in it.
    assert_eq!(job.emu.inside("src").ok(&["find", "a/"]).lines().count(), 1);
}

#[test]
fn what_is_searched_can_be_chosen() {
    let job = job();
    let src = job.emu.inside("src");
    assert_eq!(src.ok(&["find", "-i", "Y.TXT", "TAIL..HEAD~2"]).lines().count(), 1);
    src.run(&["find", "Y.TXT"]).exits(1);
    src.run(&["find", "y.txt", "HEAD"]).exits(1);
    src.run(&["find", "y.txt", "none"]).exits(10);
    assert!(src.fails(&["find", "[a"], 2).starts_with("error: cannot read the pattern '[a'"));
    let sink = job.sink();
    assert_eq!(job.emu.inside("home").ok(&["find", "y.*", sink.to_str().unwrap()]).lines().count(), 1);
}

#[test]
fn several_sinks_are_told_apart() {
    let job = job();
    job.ok(&["-S", "src", "sink", "add", "late", "./late"]);
    job.push(&[]).succeeds();
    let said = job.emu.inside("src").ok(&["find", "x.txt"]);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!((lines.len(), lines[0], lines[3]), (5, "sink origin:", "sink late:"));
}

#[test]
fn records_have_the_entry_and_who_has_it() {
    let job = job();
    let records = job.emu.inside("src").run(&["find", "--json", "x.txt"]).succeeds().records();
    let ids: Vec<String> = job.nodes().iter().map(|node| node["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(records.len(), 2);
    let one = &records[0];
    assert_eq!(
        (&one["type"], &one["path"], &one["sink"]),
        (&"found".into(), &"a/x.txt".into(), &"origin".into())
    );
    assert_eq!((one["first"].as_str(), one["last"].as_str()), (Some(&*ids[0]), Some(&*ids[1])));
    assert_eq!((&one["snapshots"], &one["entry"]["size"]), (&2.into(), &3.into()));
}

#[test]
fn a_damaged_manifest_is_an_error_and_no_answer() {
    let job = job();
    let id = job.nodes()[1]["id"].as_str().unwrap().to_owned();
    let path = job.sink().join(".emu/manifests").join(id);
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let said = job.emu.inside("src").run(&["find", "*.txt"]).exits(1);
    assert!(said.stdout.is_empty() && said.stderr.contains("its manifest is damaged"), "{said}");
    std::fs::remove_file(&path).unwrap();
    assert!(job.emu.inside("src").fails(&["find", "*.txt"], 1).contains("its manifest is missing"));
}

#[test]
fn nothing_is_found_where_nothing_is() {
    let emu = Emu::new();
    emu.tree("src", "file a \"\"");
    emu.ok(&["init", "src"]);
    emu.ok(&["-S", "src", "sink", "add", "./sink"]);
    emu.inside("src").run(&["find", "a"]).exits(1);
}
