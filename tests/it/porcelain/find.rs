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
fn a_damaged_manifest_kept_the_answer_of_the_others_back() {
    let job = job();
    let src = job.emu.inside("src");
    let [first, third] = [job.short(1), job.short(3)];
    let all = src.ok(&["find", "x.txt", "HEAD~2..HEAD"]);
    job.spoil_manifest(2);
    let said = src.run(&["find", "*.txt"]).exits(3);
    let lines: Vec<&str> = said.stdout.lines().collect();
    assert_eq!(lines.len(), 3, "{said}");
    assert!(
        lines[0].contains(&format!("  1  {first} ")) && lines[1].contains(&format!("  2  {third}..")),
        "{said}"
    );
    let warning = format!(
        "warning: snapshot {} in '{}' is damaged and left out: its manifest is damaged\n",
        job.short(2),
        job.sink().display()
    );
    assert!(said.stderr.starts_with(&warning), "{said}");
    assert!(said.stderr.contains("hint: `emu verify --repair origin` "), "{said}");
    // What does not ask about it is not concerned.
    assert_eq!(src.ok(&["find", "x.txt", "HEAD~2..HEAD"]), all);
    std::fs::remove_file(job.manifest(2)).unwrap();
    let said = src.run(&["find", "--json", "*.txt"]).exits(3);
    assert_eq!(said.records().len(), 3, "{said}");
    assert_eq!(said.stderr.matches("its manifest is missing").count(), 1, "{said}");
    // Whether nothing fits is not known.
    src.run(&["find", "none", "HEAD~2"]).exits(3);
    src.run(&["find", "none", "HEAD"]).exits(1);
}

#[test]
fn a_sink_whose_manifests_cannot_be_reached_is_an_error() {
    let job = job();
    job.spoil_manifest(2);
    std::fs::rename(job.sink().join(".emu/manifests"), job.sink().join(".emu/away")).unwrap();
    let said = job.emu.inside("src").run(&["find", "*.txt"]).exits(1);
    assert!(said.stdout.is_empty() && said.stderr.contains("error: cannot open"), "{said}");
}

#[test]
fn nothing_is_found_where_nothing_is() {
    let emu = Emu::new();
    emu.tree("src", "file a \"\"");
    emu.ok(&["init", "src"]);
    emu.ok(&["-S", "src", "sink", "add", "./sink"]);
    emu.inside("src").run(&["find", "a"]).exits(1);
}
