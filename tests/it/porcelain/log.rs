//! `emu log`.

use crate::env::{Emu, assert_shows};
use crate::job::Job;
use crate::made::{Made, Special};

#[test]
fn snapshots_are_listed_newest_first_with_what_is_special() {
    let emu = Emu::new();
    let sink = Made::new(&emu, "disk");
    let first = sink.add(1, Special { message: Some("before the move\nand more"), ..Special::default() });
    sink.add(2, Special { partial: true, ..Special::default() });
    sink.add(3, Special { shrunk: true, ..Special::default() });
    sink.pin(&first);
    assert_shows(
        &emu.inside("src").run(&["log"]),
        "
        $ emu log
        snapshot <id1> (disk, HEAD, shrunk)
        Date:  Sun 2026-11-22 03:00:00 +0000 (17 hours ago)
        Host:  host (ada)
        Name:  2026-11-22-030000

        2 files, 2 directories, 6 B; 1 copied, 1 linked

        snapshot <id2> (disk, partial)
        Date:  Sun 2026-11-22 02:00:00 +0000 (18 hours ago)
        Host:  host (ada)
        Name:  2026-11-22-020000

        2 files, 2 directories, 6 B; 1 copied, 1 linked

        snapshot <id3> (disk, pinned)
        Date:  Sun 2026-11-22 01:00:00 +0000 (19 hours ago)
        Host:  host (ada)
        Name:  2026-11-22-010000

            before the move
            and more

        2 files, 2 directories, 6 B; 1 copied, 1 linked
        ",
    );
    assert_shows(
        &emu.inside("src").run(&["log", "-s", "-n", "2"]),
        "
        $ emu log -s -n 2
        <id1>  2026-11-22 03:00  18 hours ago      6 B  (HEAD, shrunk)
        <id2>  2026-11-22 02:00  19 hours ago      6 B  (partial)
        ",
    );
}

#[test]
fn a_path_to_a_sink_needs_neither_source_nor_home() {
    let emu = Emu::new();
    let sink = Made::new(&emu, "disk");
    sink.add(1, Special::default());
    std::fs::remove_dir_all(emu.path("src")).unwrap();
    let mut command = emu.command("emu", &["-C", "/", "log", "-s", sink.path.to_str().unwrap()]);
    command.env_remove("HOME").env_remove("XDG_CONFIG_HOME");
    let said = emu.session().collect(command, "emu log".to_owned(), b"").succeeds();
    assert_eq!(said.stdout.lines().count(), 1);
    assert_eq!(said.stderr, "");
}

#[test]
fn all_sinks_are_listed_and_an_absent_one_is_noted() {
    let emu = Emu::new();
    let (one, two) = (Made::new(&emu, "one"), Made::new(&emu, "two"));
    one.add(1, Special::default());
    two.add(1, Special::default());
    two.add(2, Special::default());
    let short = |args: &[&str]| emu.inside("src").run(&[&["log", "-s"], args].concat());
    assert_eq!(short(&[]).succeeds().stdout.lines().count(), 3);
    std::fs::rename(&one.path, emu.path("gone")).unwrap();
    let said = short(&[]).succeeds();
    assert_eq!(said.stdout.lines().count(), 2);
    assert!(said.stderr.starts_with("sink one left out: cannot open the sink"), "{said}");
    // One that was named is another matter.
    assert!(short(&["one"]).exits(10).stderr.starts_with("error: cannot open the sink"));
    std::fs::rename(&two.path, emu.path("gone too")).unwrap();
    let said = short(&[]).succeeds();
    assert_eq!((&*said.stdout, said.stderr.lines().count()), ("", 2), "{said}");
}

#[test]
fn a_range_is_what_led_to_its_end() {
    let emu = Emu::new();
    let sink = Made::new(&emu, "disk");
    let ids: Vec<String> = (1..=5).map(|seq| sink.add(seq, Special::default())).collect();
    let said = emu.inside("src").ok(&["log", "--json", "HEAD~3..HEAD~", "--sink", "disk"]);
    let listed: Vec<&str> = said.lines().map(|line| line.split('"').nth(9).unwrap_or_default()).collect();
    assert_eq!(listed.len(), 2, "{said}");
    assert!(said.contains(&ids[3]) && said.contains(&ids[2]));
}

#[test]
fn json_is_one_snapshot_record_a_line() {
    let emu = Emu::new();
    let sink = Made::new(&emu, "disk");
    let id = sink.add(1, Special::default());
    let records = emu.inside("src").run(&["log", "--json"]).succeeds().records();
    let record = &records[0];
    assert_eq!((record["type"].as_str(), record["id"].as_str()), (Some("snapshot"), Some(&*id)));
    assert_eq!(record["head"], true);
    assert_eq!(record["pinned"], false);
    assert_eq!(record["path"], sink.path.join(".emu/trees").join(&id).to_str().unwrap());
}

#[test]
fn damage_is_reported_and_the_others_are_listed() {
    let emu = Emu::new();
    let sink = Made::new(&emu, "disk");
    let first = sink.add(1, Special::default());
    sink.add(2, Special::default());
    std::fs::write(sink.path.join(".emu/nodes").join(&first), "{}").unwrap();
    let said = emu.inside("src").run(&["log", "-s"]).succeeds();
    assert_eq!(said.stdout.lines().count(), 1);
    let expected = format!("warning: snapshot {} in ", &first[..12]);
    assert!(said.stderr.starts_with(&expected), "{said}");
    assert!(said.stderr.contains("is damaged: its node cannot be read"), "{said}");
}

#[test]
fn what_a_removal_left_is_neither_listed_nor_damage() {
    let emu = Emu::new();
    let sink = Made::new(&emu, "disk");
    let first = sink.add(1, Special::default());
    sink.add(2, Special::default());
    let inside = sink.path.join(".emu");
    // Cut off after its commit: the tree still stands. The record is nobody's concern but a push's.
    std::fs::rename(inside.join("nodes").join(&first), inside.join("removed").join(&first)).unwrap();
    for record in ["as it was", "{}"] {
        let said = emu.inside("src").run(&["log", "-s"]).succeeds();
        assert_eq!((said.stdout.lines().count(), &*said.stderr), (1, ""), "{record}: {said}");
        std::fs::write(inside.join("removed").join(&first), "{}").unwrap();
    }
    assert!(inside.join("trees").join(&first).exists());
}

#[test]
fn an_unknown_revision_is_named_with_the_way_on() {
    let emu = Emu::new();
    let sink = Made::new(&emu, "disk");
    sink.add(1, Special::default());
    let said = |rev: &str, status| emu.inside("src").fails(&["log", rev], status);
    assert_eq!(said("nothing", 10), "error: no snapshot 'nothing'\nhint: `emu log` lists all snapshots\n");
    assert_eq!(said("HEAD~7", 10), "error: no snapshot 'HEAD~7': its line of history has 1 snapshot\n");
    assert!(said("usb:HEAD", 10).starts_with("error: no sink 'usb'\nhint: the sinks are: disk"));
    assert!(said("HEAD~x", 2).starts_with("error: cannot read the revision 'HEAD~x'"));
    assert!(said("", 2).starts_with("error: a revision is empty"));
}

#[test]
fn an_empty_range_was_taken_for_a_sink_without_a_snapshot() {
    let job = Job::pushed("file a \"a\"");
    for range in ["HEAD..", "..HEAD", "HEAD..HEAD"] {
        let said = job.emu.inside("src").run(&["log", range]).succeeds();
        assert!(said.stdout.is_empty() && said.stderr.is_empty(), "{range}: {said}");
    }
}

#[test]
fn a_preview_that_nobody_reads_to_its_end_was_a_failure_of_each_sink() {
    let job = Job::pushed("file a \"a\"");
    job.ok(&["-S", "src", "sink", "add", "more", "./more"]);
    let names: Vec<String> = (0..6000).map(|at| format!("file name-of-{at} \"\"")).collect();
    job.edit(&names.join("\n"));
    let said = job.emu.shell("{ emu push -S src -n; echo $? >&2; } | head -n 1").succeeds();
    assert!(said.stderr.ends_with("0\n") && !said.stderr.contains("error"), "{said}");
}

#[test]
fn nothing_is_printed_with_quiet_or_into_a_closed_pipe() {
    let emu = Emu::new();
    let sink = Made::new(&emu, "disk");
    for seq in 1..=50 {
        sink.add(seq, Special::default());
    }
    let said = emu.inside("src").run(&["log", "-q"]).succeeds();
    assert_eq!((&*said.stdout, &*said.stderr), ("", ""));
    let said = emu.inside("src").shell("emu log | head -n 1").succeeds();
    assert!(said.stdout.starts_with("snapshot ") && said.stderr.is_empty(), "{said}");
}

#[test]
fn the_versions_of_a_path_are_listed() {
    let job = crate::job::Job::pushed("file a/x \"one\"\nfile y \"y\"");
    for edit in ["file y \"yy\"", "file a/x \"two\"", "file a/z \"z\"", "remove a/x", "file y \"yyy\""] {
        job.edit(edit);
        job.push(&[]).succeeds();
    }
    let ids: Vec<String> =
        job.nodes().iter().map(|node| node["id"].as_str().unwrap()[..12].to_owned()).collect();
    let src = job.emu.inside("src");
    let listed = |args: &[&str]| -> Vec<String> {
        let said = src.ok(&[&["log", "-s"], args].concat());
        said.lines().map(|line| line[..12].to_owned()).collect()
    };
    let of = |numbers: &[usize]| numbers.iter().map(|at| ids[*at].clone()).collect::<Vec<_>>();
    assert_eq!(listed(&["--", "a/x"]), of(&[4, 2, 0]));
    assert_eq!(listed(&["--", "a"]), of(&[4, 3, 2, 0]));
    assert_eq!(listed(&["-n", "2", "--", "a"]), of(&[4, 3]));
    assert_eq!(listed(&["--", "y", "a/z"]), of(&[5, 3, 1, 0]));
    assert_eq!(listed(&["HEAD~2..HEAD", "--", "y"]), of(&[5]));
    assert!(src.ok(&["log", "-s", "--", "a/x"]).lines().next().unwrap().ends_with(" (gone)"));
    assert!(src.ok(&["log", "--", "a/x"]).contains("\nthe path is gone with it\n"));
    // Relative to where one is.
    let said = job.emu.inside("src/a").ok(&["log", "-s", "--", "z"]);
    assert_eq!(said.lines().count(), 1);
    assert_eq!(src.run(&["log", "--", "none"]).exits(1).stdout, "");
}

/// The id of a snapshot in the place of its graph, by the number of its hour.
fn drawn(said: &str) -> String {
    let line = |line: &str| match line.find("  2026-11-22 ") {
        Some(at) => {
            let rails = &line[..at - 12];
            let hour = &line[at + 13..at + 15];
            let head = if line.ends_with("(HEAD)") { " HEAD" } else { "" };
            format!("{rails}{hour}{head}")
        }
        None => line.to_owned(),
    };
    said.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// A snapshot on a line that left another one.
fn forked(line: u64, from: u64, seq: u64) -> Special<'static> {
    Special { fork: Some((line, emu::sink::node::Fork { line: from, seq })), ..Special::default() }
}

#[test]
fn one_line_of_history_is_one_rail_with_head_marked() {
    let emu = Emu::new();
    let sink = Made::new(&emu, "disk");
    let ids: Vec<String> = (1..=3).map(|seq| sink.add(seq, Special::default())).collect();
    let src = emu.inside("src");
    assert_eq!(drawn(&src.ok(&["log", "--graph", "--oneline"])), "@ 03 HEAD\n* 02\n* 01");
    std::fs::write(sink.path.join(".emu/HEAD"), format!("{}\n", ids[1])).unwrap();
    assert_eq!(drawn(&src.ok(&["log", "--graph", "-s"])), "* 03\n@ 02 HEAD\n* 01");
    assert_eq!(drawn(&src.ok(&["log", "--graph", "-s", "-n", "2"])), "* 03\n@ 02 HEAD");
    src.fails(&["log", "--graph", "--reverse"], 2);
    assert_eq!(src.run(&["log", "--graph", "--json"]).succeeds().records().len(), 3);
}

#[test]
fn lines_that_part_are_drawn_and_a_removed_origin_does_not_break_them() {
    let emu = Emu::new();
    let sink = Made::new(&emu, "disk");
    let mut ids: Vec<String> = (1..=3).map(|seq| sink.add(seq, Special::default())).collect();
    ids.push(sink.add(4, forked(2, 1, 2)));
    ids.push(sink.add(5, forked(2, 1, 2)));
    let src = emu.inside("src");
    let graph = || drawn(&src.ok(&["log", "--graph", "-s"]));
    assert_eq!(graph(), "@ 05 HEAD\n* 04\n| * 03\n|/\n* 02\n* 01");
    sink.add(6, forked(3, 2, 4));
    assert_eq!(graph(), "@ 06 HEAD\n| * 05\n|/\n* 04\n| * 03\n|/\n* 02\n* 01");
    let remove = |at: usize| {
        for name in ["nodes", "trees", "manifests"] {
            let path = sink.path.join(".emu").join(name).join(&ids[at]);
            if path.is_dir() {
                std::fs::remove_dir_all(path).unwrap()
            } else {
                std::fs::remove_file(path).unwrap()
            }
        }
    };
    // Where the second line left the first.
    remove(1);
    assert_eq!(graph(), "@ 06 HEAD\n| * 05\n|/\n* 04\n| * 03\n|/\n* 01");
    // Where the third left the second; then all that led to both.
    remove(3);
    assert_eq!(graph(), "@ 06 HEAD\n| * 05\n|/\n| * 03\n|/\n* 01");
    remove(0);
    assert_eq!(graph(), "@ 06 HEAD\n* 05\n* 03");
}

#[test]
fn a_graph_has_paragraphs_and_each_sink_its_own() {
    let emu = Emu::new();
    let (one, two) = (Made::new(&emu, "one"), Made::new(&emu, "two"));
    one.add(1, Special::default());
    one.add(2, Special::default());
    one.add(3, forked(2, 1, 1));
    two.add(1, Special::default());
    assert_shows(
        &emu.inside("src").run(&["log", "--graph"]),
        "
        $ emu log --graph
        @ snapshot <id1> (one, HEAD)
        | Date:  Sun 2026-11-22 03:00:00 +0000 (18 hours ago)
        | Host:  host (ada)
        | Name:  2026-11-22-030000
        |
        | 2 files, 2 directories, 6 B; 1 copied, 1 linked
        |
        | * snapshot <id2> (one)
        | | Date:  Sun 2026-11-22 02:00:00 +0000 (19 hours ago)
        | | Host:  host (ada)
        | | Name:  2026-11-22-020000
        | |
        | | 2 files, 2 directories, 6 B; 1 copied, 1 linked
        | |
        |/
        * snapshot <id3> (one)
          Date:  Sun 2026-11-22 01:00:00 +0000 (20 hours ago)
          Host:  host (ada)
          Name:  2026-11-22-010000

          2 files, 2 directories, 6 B; 1 copied, 1 linked

        @ snapshot <id4> (two, HEAD)
          Date:  Sun 2026-11-22 01:00:00 +0000 (20 hours ago)
          Host:  host (ada)
          Name:  2026-11-22-010000

          2 files, 2 directories, 6 B; 1 copied, 1 linked
        ",
    );
}

#[test]
fn snapshots_of_a_time_are_listed_in_either_order() {
    let emu = Emu::new();
    let sink = Made::new(&emu, "disk");
    for seq in [1, 2, 3, 30] {
        sink.add(seq, Special::default());
    }
    let src = emu.inside("src");
    let hours = |args: &[&str]| -> Vec<String> {
        emu.at("2026-11-23T08:00:00Z");
        let said = src.ok(&[&["log", "-s"], args].concat());
        said.lines().map(|line| line[22..27].to_owned()).collect()
    };
    assert_eq!(hours(&["-r"]), ["22 01", "22 02", "22 03", "23 06"]);
    assert_eq!(hours(&["--since", "2026-11-23"]), ["23 06"]);
    assert_eq!(hours(&["--until=2026-11-22", "-n", "2"]), ["22 03", "22 02"]);
    assert_eq!(
        hours(&["--after", "2026-11-22 02:00", "--before", "yesterday", "--reverse"]),
        ["22 02", "22 03"]
    );
    assert_eq!(hours(&["--since=30 hours ago", "-n1", "-r"]), ["23 06"]);
    let said = src.fails(&["log", "--since", "spring"], 2);
    assert!(
        said.starts_with("error: cannot use 'spring' for --since: it is no date, no date and time"),
        "{said}"
    );
}

#[test]
fn the_number_of_snapshots_is_an_option_as_in_git() {
    let emu = Emu::new();
    let sink = Made::new(&emu, "disk");
    for seq in 1..=4 {
        sink.add(seq, Special::default());
    }
    let src = emu.inside("src");
    let count = |args: &[&str]| src.ok(&[&["log", "--oneline"], args].concat()).lines().count();
    assert_eq!(count(&["-3"]), 3);
    assert_eq!(count(&["disk:HEAD", "-3"]), 1);
    assert_eq!(count(&["-2", "HEAD~3.."]), 2);
    assert_eq!(count(&["-n2"]), 2);
    assert_eq!(count(&["--max-count=12"]), 4);
    assert_eq!(
        src.fails(&["log", "-3", "-n", "2"], 2),
        "error: --max-count stands there twice\nhint: -3 is --max-count 3\n"
    );
}

/// Three snapshots of which the second changed `a`, and the third removed `b` and made `c/d`.
fn changed() -> crate::job::Job {
    let job = crate::job::Job::pushed("file a \"alpha\"\nfile b \"beta\"");
    job.edit("file a \"other\"");
    job.push(&["-m", "a is another"]).succeeds();
    job.edit("remove b");
    job.edit("file c/d \"delta\"");
    job.push(&[]).succeeds();
    job
}

#[test]
fn each_snapshot_can_be_listed_with_what_it_changed() {
    let job = changed();
    let src = job.emu.inside("src");
    let said = src.ok(&["log", "--name-status"]);
    let blocks: Vec<&str> = said.split("snapshot ").skip(1).collect();
    assert!(blocks[0].ends_with("\n\nD\tb\nA\tc\nA\tc/d\n\n"), "{said}");
    assert!(blocks[1].ends_with("\n\nM\ta\n\n"), "{said}");
    // The oldest is compared with nothing.
    assert!(blocks[2].ends_with(" copied\n"), "{said}");
    let changes = |args: &[&str]| {
        let said = src.ok(&[&["log", "--oneline"], args].concat());
        said.lines().filter(|line| !line.contains("2026-")).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(
        changes(&["--stat"]),
        "added    2 entries  5 B\nremoved  1 entry    4 B\ncontent  1 entry  5 B"
    );
    assert_eq!(changes(&["--name-status", "-1"]), "D\tb\nA\tc\nA\tc/d");
    assert_eq!(changes(&["--name-status", "HEAD~2..HEAD~"]), "M\ta");
    assert_eq!(changes(&["--name-status", "--reverse", "origin", "--", "c", "a"]), "M\ta\nA\tc\nA\tc/d");
    src.fails(&["log", "--stat", "--name-status"], 2);
    for option in ["-p", "--patch"] {
        let said = src.fails(&["log", option], 2);
        assert!(
            said.starts_with(&format!("error: unknown option '{option}'\nhint: emu does not show")),
            "{said}"
        );
        assert!(said.contains("--stat and --name-status"), "{said}");
    }
}

#[test]
fn records_of_changes_follow_their_snapshot() {
    let job = changed();
    let src = job.emu.inside("src");
    let types = |args: &[&str]| -> Vec<String> {
        let records = src.run(&[&["log", "--json"], args].concat()).succeeds().records();
        records.iter().map(|record| record["type"].as_str().unwrap().to_owned()).collect()
    };
    let with_changes = ["snapshot", "change", "change", "change", "snapshot", "change", "snapshot"];
    assert_eq!(types(&["--stat"]), with_changes);
    assert_eq!(types(&["--name-status"]), with_changes);
    assert_eq!(types(&[]), ["snapshot"; 3]);
}

#[test]
fn a_snapshot_that_cannot_be_compared_is_named_and_the_others_are_listed() {
    let job = changed();
    let middle = job.nodes()[1]["id"].as_str().unwrap().to_owned();
    std::fs::remove_file(job.sink().join(".emu/manifests").join(&middle)).unwrap();
    job.edit("file e \"e\"");
    let said = job.emu.inside("src").run(&["log", "--oneline", "--name-status"]).exits(3);
    assert_eq!(said.stdout.lines().count(), 3, "{said}");
    assert_eq!(said.stderr.matches("warning: what changed with ").count(), 2, "{said}");
}

#[test]
fn a_path_among_revisions_is_told_how_it_is_typed() {
    let job = changed();
    job.ok(&["-S", "src", "sink", "add", "usb", "usb"]);
    job.push(&[]).succeeds();
    let src = job.emu.inside("src");
    let id = job.nodes()[2]["id"].as_str().unwrap()[..12].to_owned();
    for rev in ["HEAD", "origin:HEAD~", "@{yesterday}", "HEAD~2", &id] {
        for command in ["show", "log", "diff"] {
            let said = src.fails(&[command, &format!("{rev}:c/d")], 2);
            assert_eq!(
                said,
                format!(
                    "error: cannot use '{rev}:c/d' as a snapshot: it names a path in one\nhint: `emu cat {rev}:c/d` prints \
                     a file, `emu ls {rev}:c/d` lists a directory; the snapshot is {rev}\n"
                )
            );
        }
    }
    for command in ["log", "diff", "checkout"] {
        let said = src.fails(&[command, "a"], 10);
        assert!(said.ends_with("\nhint: a path stands behind '--': -- a\n"), "{said}");
    }
    assert_eq!(
        src.fails(&["log", "origin:HEAD~..usb:HEAD"], 2),
        "error: cannot read the range 'origin:HEAD~..usb:HEAD': its ends are in two sinks\nhint: `emu diff` compares \
         snapshots of two sinks\n"
    );
    assert!(src.fails(&["log", "none:HEAD"], 10).starts_with("error: no sink 'none'"));
    // Where one is wanted, it is said what lacks.
    for (command, path) in [("cat", "a"), ("cat", "c/d"), ("ls", "c")] {
        let said = src.fails(&[command, path], 10);
        assert!(
            said.ends_with(&format!("\nhint: a path is typed behind a snapshot and a colon: HEAD:{path}\n")),
            "{said}"
        );
    }
}

#[test]
fn a_damaged_manifest_is_no_change_of_a_path() {
    let job = crate::job::Job::pushed("file f \"1\"\nfile g \"\"");
    for edit in ["file g \"2\"", "file g \"3\"", "file f \"4\"", "remove f"] {
        job.edit(edit).push(&[]).succeeds();
    }
    let src = job.emu.inside("src");
    let listed = |args: &[&str]| -> Vec<String> {
        let said = src.run(&[&["log", "-s"], args].concat()).exits(3);
        assert_eq!(said.stderr.matches("warning: ").count(), 1, "{said}");
        said.stdout.lines().map(|line| line[..12].to_owned()).collect()
    };
    let all: Vec<String> = (1..=5).map(|number| job.short(number)).collect();
    let of = |numbers: &[usize]| numbers.iter().map(|number| all[number - 1].clone()).collect::<Vec<_>>();
    // It neither lost the file nor brought it back.
    job.spoil_manifest(2);
    assert_eq!(listed(&["--", "f"]), of(&[5, 4, 1]));
    assert_eq!(listed(&["HEAD~3..HEAD~2", "--", "g", "f"]), of(&[3]));
    // What it cannot change is answered wholly.
    assert_eq!(src.ok(&["log", "-s", "HEAD~..HEAD", "--", "f"]).lines().count(), 1);
    let records = src.run(&["log", "--json", "--", "f"]).exits(3).records();
    assert_eq!(records.len(), 3);
    src.run(&["log", "--", "none"]).exits(3);
}

#[test]
fn a_snapshot_that_is_known_to_be_damaged_is_marked() {
    let job = crate::job::Job::pushed("file f \"1\"");
    job.edit("file f \"2\"").push(&[]).succeeds();
    std::fs::remove_file(job.manifest(1)).unwrap();
    let src = job.emu.inside("src");
    let said = src.ok(&["log"]);
    let mark =
        |number| format!("snapshot {} (origin, damaged: its manifest is missing)\n", job.short(number));
    assert!(said.contains(&mark(1)) && !said.contains(&mark(2)), "{said}");
    assert!(src.ok(&["log", "-s"]).ends_with("  (damaged: its manifest is missing)\n"));
    let records = src.run(&["log", "--json"]).succeeds().records();
    assert_eq!(
        (&records[0]["damaged"], &records[1]["damaged"]),
        (&().into(), &"its manifest is missing".into())
    );
    for (spoil, why) in [(true, "its manifest is empty"), (false, "its manifest is no file")] {
        if spoil {
            std::fs::write(job.manifest(1), "").unwrap();
        } else {
            std::fs::remove_file(job.manifest(1)).unwrap();
            std::fs::create_dir(job.manifest(1)).unwrap();
        }
        assert!(src.ok(&["log"]).contains(why));
    }
}

#[test]
fn the_graph_stands_beside_what_changed() {
    let job = crate::job::Job::pushed("file a \"a\"\nfile b \"b\"");
    job.edit("file a \"aa\"\nfile c \"c\"").push(&[]).succeeds();
    job.edit("remove b").push(&[]).succeeds();
    let src = job.emu.inside("src");
    let lines = |args: &[&str]| -> Vec<String> {
        let log = src.ok(args);
        log.lines().map(|line| line.split(" (").next().unwrap().to_owned()).collect()
    };
    let log = lines(&["log", "--graph", "--oneline", "--name-status"]);
    assert!(log[0].starts_with("@ ") && log[2].starts_with("* ") && log[5].starts_with("* "), "{log:?}");
    assert_eq!([&log[1], &log[3], &log[4]], ["| D\tb", "| M\ta", "| A\tc"]);
    let log = lines(&["log", "--graph", "--stat", "-2"]);
    let stat: Vec<&str> = log.iter().filter(|line| line.contains("entr")).map(String::as_str).collect();
    assert_eq!(stat.len(), 3, "{log:?}");
    assert!(stat[0].starts_with("| removed") && stat[0].contains("1 entry"), "{log:?}");
    assert!(log.iter().all(|line| line.starts_with(['@', '*', '|', ' '])), "{log:?}");
}
