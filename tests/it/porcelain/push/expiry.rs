//! What a push must know before old snapshots expire. Each case repeats the same push three times: the
//! reason must hold until its cause is gone.

use std::fs;

use crate::env::{Emu, LoopFs, Output, Session, give, need_loop, need_root};
use crate::job::{self, Job, id};

const KEEP_TWO: &str = "[rotate]\nkeep-last = 2\n";

/// So many files of ten bytes in a directory.
fn files(dir: &str, count: usize) -> String {
    (0..count).map(|n| format!("file {dir}/f{n} \"0123456789\"\n")).collect()
}

/// The numbers of the snapshots in `sink`.
fn seqs(emu: &Emu) -> Vec<u64> {
    job::nodes(&emu.path("sink")).iter().map(|node| node["seq"].as_u64().unwrap()).collect()
}

/// A source of an ordinary user with a sink, pushed once; `None` without root.
fn of_user(tree: &str, config: &str) -> Option<Emu> {
    if !need_root() {
        return None;
    }
    let emu = Emu::new();
    emu.tree("src", tree);
    fs::create_dir(emu.path("sink")).unwrap();
    give(&emu.path("src"), 1234);
    give(&emu.path("sink"), 1234);
    let user = emu.as_user(1234);
    user.ok(&["init", "src"]);
    fs::write(emu.path("src/.emu/config"), config).unwrap();
    user.ok(&["-S", "src", "sink", "add", "origin", "./sink"]);
    push(&user).succeeds();
    Some(emu)
}

fn push(session: &Session) -> Output {
    job::push(session, &[])
}

fn chmod(emu: &Emu, mode: &str, path: &str) {
    emu.shell(&format!("chmod {mode} {path}")).succeeds();
}

#[test]
fn a_clock_that_jumps_ahead_removes_no_snapshot() {
    let job = Job::new("file a \"\"");
    job.config("[rotate]\nkeep-within = \"30d\"\n");
    for day in 1..=6 {
        job.emu.at(&format!("2026-11-0{day}T12:00:00Z"));
        job.push(&[]).succeeds();
    }
    for hour in 1..=3 {
        job.emu.at(&format!("2036-01-01T0{hour}:00:00Z"));
        let said = job.push(&["--ignore-errors"]).exits(3);
        assert!(said.stderr.contains("no old snapshots were removed"), "{said}");
        assert!(said.stdout.contains("misdated") && said.stderr.contains("--allow-clock"), "{said}");
        assert_eq!(job.node()["misdated"], true);
    }
    job.ok(&["-S", "src", "rotate"]);
    assert_eq!(job.nodes().len(), 9, "a rotation does not count ages from a misdated snapshot");
    // The clock is right again, and the newest plausible snapshot is the one before the jump.
    job.emu.at("2026-11-07T12:00:00Z");
    job.push(&[]).succeeds();
    assert_eq!(job.nodes().len(), 10);
    // The machine was off for years, and somebody says so.
    job.emu.at("2031-01-01T12:00:00Z");
    job.push(&[]).exits(3);
    job.push(&["--allow-clock"]).succeeds();
    assert!(job.node().get("misdated").is_none());
    assert_eq!(job.nodes().len(), 12);
    let said = job.push(&[]).exits(3);
    assert!(said.stderr.contains("would remove 7 snapshots at once"), "{said}");
    assert!(said.stderr.contains("days without a push"), "{said}");
}

#[test]
fn ages_count_from_the_snapshot_before_the_push() {
    let job = Job::new("file a \"\"");
    job.config("[rotate]\nkeep-within = \"30d\"\n");
    for day in 1..=4 {
        job.emu.at(&format!("2026-01-0{day}T12:00:00Z"));
        job.push(&[]).succeeds();
    }
    job.emu.at("2026-06-01T12:00:00Z");
    job.push(&[]).succeeds();
    assert_eq!(job.nodes().len(), 5);
}

#[test]
fn many_removals_at_once_wait_for_rotate() {
    let job = Job::new("file a \"\"");
    job.config("[rotate]\nkeep-within = \"1d\"\n");
    for hour in 0..12 {
        job.emu.at(&format!("2026-01-01T{hour:02}:00:00Z"));
        job.push(&[]).succeeds();
    }
    job.emu.at("2026-03-01T00:00:00Z");
    job.push(&[]).succeeds();
    for pushes in 14..17 {
        let said = job.push(&["-q", "--ignore-errors"]).exits(3);
        assert!(said.stderr.contains("would remove 12 snapshots at once"), "{said}");
        assert_eq!(job.nodes().len(), pushes);
    }
    job.ok(&["-S", "src", "rotate"]);
    assert_eq!(job.nodes().len(), 4);
    job.push(&[]).succeeds();
}

#[test]
fn a_weekend_without_a_push_holds_nothing_back() {
    let job = Job::new("file a \"\"");
    job.config("[rotate]\nkeep-within = \"24h\"\nkeep-daily = 31\n");
    for hour in 0..20 {
        job.emu.at(&format!("2026-12-04T{hour:02}:17:00Z"));
        job.push(&[]).succeeds();
    }
    for hour in 8..12 {
        job.emu.at(&format!("2026-12-07T{hour:02}:17:00Z"));
        job.push(&[]).succeeds();
    }
    assert_eq!(job.nodes().len(), 6, "the first and the last of Friday, and those of Monday");
}

#[test]
fn a_push_after_a_checkout_of_an_older_snapshot_is_no_mass_change() {
    let old: String = (0..40).map(|n| format!("file f{n} \"old {n}\"\n")).collect();
    let new: String =
        (0..40).map(|n| format!("file f{n} \"new {n}\"\nfile g{n} \"{n}\"\nfile h{n} \"{n}\"\n")).collect();
    let job = Job::pushed(&old);
    job.edit(&new).push(&["--allow-churn"]).succeeds();
    job.emu.inside("src").ok(&["checkout", "HEAD~"]);
    job.push(&[]).succeeds();
    let node = job.node();
    assert!(["churned", "shrunk", "churn"].iter().all(|mark| node.get(mark).is_none()), "{node}");
}

#[test]
fn an_unreadable_directory_of_the_last_complete_snapshot_holds_removals_back() {
    let tree = files("top/private", 150) + &files("top/open", 200);
    let Some(emu) = of_user(&tree, KEEP_TWO) else { return };
    let user = emu.as_user(1234);
    push(&user).succeeds();
    chmod(&emu, "000", "src/top/private");
    for pushes in 3..6 {
        let said = job::push(&user, &["-q", "--ignore-errors"]).exits(3);
        assert!(said.stderr.contains("no old snapshots were removed"), "{said}");
        assert_eq!(seqs(&emu).len(), pushes);
    }
    let first = emu.path("sink/.emu/trees").join(id(&job::nodes(&emu.path("sink"))[0]));
    assert!(first.join("top/private/f0").exists());
    chmod(&emu, "700", "src/top/private");
    push(&user).succeeds();
    assert_eq!(seqs(&emu), [2, 5, 6], "the newest is kept, and two complete ones");
}

#[test]
fn a_directory_that_was_never_readable_does_not_hold_removals_back() {
    if !need_root() {
        return;
    }
    let emu = Emu::new();
    emu.tree("src", &(files("d", 400) + "dir d/shut 0000"));
    give(&emu.path("src"), 1234);
    fs::create_dir(emu.path("sink")).unwrap();
    give(&emu.path("sink"), 1234);
    let user = emu.as_user(1234);
    user.ok(&["init", "src"]);
    fs::write(emu.path("src/.emu/config"), KEEP_TWO).unwrap();
    user.ok(&["-S", "src", "sink", "add", "origin", "./sink"]);
    for _ in 0..4 {
        let said = push(&user).exits(3);
        assert!(said.stderr.contains("'d/shut' is not saved"), "{said}");
    }
    assert_eq!(seqs(&emu), [3, 4]);
}

#[test]
fn entries_whose_stat_fails_hold_removals_back() {
    // A directory that may be listed and not entered shows names alone.
    let tree = files("top/list/inner", 20) + &files("top/open", 400);
    let Some(emu) = of_user(&tree, KEEP_TWO) else { return };
    let user = emu.as_user(1234);
    push(&user).succeeds();
    chmod(&emu, "444", "src/top/list");
    for pushes in 3..6 {
        let said = push(&user).exits(3);
        assert!(said.stderr.contains("'top/list/inner' is not saved"), "{said}");
        assert!(said.stdout.contains("partial"), "{said}");
        assert_eq!(seqs(&emu).len(), pushes);
    }
}

#[test]
fn the_pipeline_marks_what_could_not_be_read_too() {
    let tree = files("top/list/inner", 20) + &files("top/open", 400);
    let Some(emu) = of_user(&tree, KEEP_TWO) else { return };
    let user = emu.as_user(1234);
    push(&user).succeeds();
    chmod(&emu, "444", "src/top/list");
    let line = "emu-hash-tree src | emu-link-snapshot --sink ./sink --source src | emu-commit-snapshot --sink ./sink; emu-rotate --sink ./sink";
    for _ in 0..3 {
        user.shell(line);
    }
    let nodes = job::nodes(&emu.path("sink"));
    assert_eq!(nodes.last().unwrap()["partial"], true);
    assert!(seqs(&emu).starts_with(&[1, 2]), "two complete ones stay: {:?}", seqs(&emu));
}

#[test]
fn the_pipeline_removes_no_snapshot_when_the_clock_jumps_ahead() {
    let job = Job::new("file a \"\"");
    job.config("[rotate]\nkeep-within = \"30d\"\n");
    for day in 1..=6 {
        job.emu.at(&format!("2026-01-0{day}T12:00:00Z"));
        job.push(&[]).succeeds();
    }
    let line = "emu-hash-tree src | emu-link-snapshot --sink ./sink --source src | emu-commit-snapshot --sink ./sink && emu-rotate --sink ./sink";
    for time in ["2026-11-01T12:00:00Z", "2026-11-01T13:00:00Z", "2026-11-01T14:00:00Z"] {
        job.emu.at(time);
        job.emu.shell(line);
    }
    assert_eq!(job.nodes().len(), 9);
    job.ok(&["-S", "src", "rotate"]);
    assert_eq!(job.nodes().len(), 3);
}

#[test]
fn unread_paths_that_are_accepted_do_not_hold_removals_back() {
    let tree = files("top/private", 150) + &files("top/open", 200);
    let config = format!("[push]\nunread-ok = [\"top/private\"]\n{KEEP_TWO}");
    let Some(emu) = of_user(&tree, &config) else { return };
    let user = emu.as_user(1234);
    chmod(&emu, "000", "src/top/private");
    for _ in 0..3 {
        assert!(!push(&user).succeeds().stderr.contains("not saved"));
    }
    assert_eq!(seqs(&emu), [3, 4]);
    let node = job::nodes(&emu.path("sink")).pop().unwrap();
    assert_eq!((&node["counts"]["unread"], &node["counts"]["unread_ok"]), (&0.into(), &1.into()));
}

#[test]
fn a_mount_that_is_gone_holds_removals_back() {
    if !need_root() {
        return;
    }
    let job = Job::new("file a \"x\"\ndir m");
    job.config("[push]\none-file-system = false\n[rotate]\nkeep-last = 2\n");
    let disk = LoopFs::tmpfs(&job.src().join("m"), 1);
    fs::write(disk.path("inside"), "x").unwrap();
    job.push(&[]).succeeds();
    job.push(&[]).succeeds();
    fs::write(job.src().join(".emu/excludes"), "/m\n").unwrap();
    job.push(&["--allow-shrunk"]).succeeds();
    fs::write(job.src().join(".emu/excludes"), "").unwrap();
    for _ in 0..2 {
        job.push(&[]).succeeds();
    }
    assert_eq!(job.nodes().len(), 2);
    disk.unplug();
    for pushes in 3..6 {
        let said = job.push(&[]).exits(3);
        assert!(said.stderr.contains("'m' is not saved: it was a mount point"), "{said}");
        assert_eq!(job.nodes().len(), pushes);
    }
    job.push(&["--allow-moved"]).succeeds();
    job.push(&[]).succeeds();
    assert_eq!(job.nodes().iter().filter(|node| node.get("partial").is_none()).count(), 2);
}

#[test]
fn a_lost_configuration_removes_no_snapshot() {
    for text in [Some(""), None] {
        let job = Job::new("file a \"\"");
        job.config("[rotate]\nkeep-last = -1\n");
        for day in 1..=9 {
            job.emu.at(&format!("2026-11-0{day}T12:00:00Z"));
            for _ in 0..2 {
                job.push(&[]).succeeds();
            }
        }
        let good = fs::read(job.src().join(".emu/config")).unwrap();
        match text {
            Some(text) => drop(job.config(text)),
            None => fs::remove_file(job.src().join(".emu/config")).unwrap(),
        }
        job.emu.at("2026-11-20T12:00:00Z");
        for pushes in 19..22 {
            let said = job.push(&["--ignore-errors"]).exits(3);
            assert!(said.stderr.contains("applied last was keep-last unlimited"), "{said}");
            assert_eq!(job.nodes().len(), pushes);
        }
        fs::write(job.src().join(".emu/config"), good).unwrap();
        job.push(&[]).succeeds();
        assert_eq!(job.nodes().len(), 22);
    }
}

#[test]
fn a_policy_for_one_run_of_rotate_does_not_hold_the_next_push_back() {
    let job = Job::new("file a \"\"");
    job.config("[rotate]\nkeep-last = 3\n");
    for _ in 0..3 {
        job.push(&[]).succeeds();
    }
    job.ok(&["-S", "src", "rotate", "--keep-last", "1"]);
    for _ in 0..3 {
        job.push(&[]).succeeds();
    }
    assert_eq!(job.nodes().len(), 3);
}

#[test]
fn rotate_by_path_applies_the_policy_of_the_source() {
    let job = Job::new("file a \"\"");
    job.config("[rotate]\nkeep-last = -1\n");
    for day in 1..=3 {
        job.emu.at(&format!("2026-11-0{day}T12:00:00Z"));
        job.push(&[]).succeeds();
        job.push(&[]).succeeds();
    }
    let said = job.emu.run(&["rotate", "./sink"]).succeeds();
    assert!(said.stderr.contains("keep-last unlimited"), "{said}");
    assert_eq!(job.nodes().len(), 6);
}

#[test]
fn another_disk_in_the_place_of_the_source_is_noticed() {
    for kind in ["ext4", "xfs", "btrfs"] {
        if !need_loop(kind) {
            continue;
        }
        let emu = Emu::new();
        let size = if kind == "ext4" { 16 } else { 310 };
        let make = |name: &str| {
            let disk = LoopFs::new(&emu.path(name), kind, size);
            fs::write(disk.path("a"), "x").unwrap();
            disk
        };
        let (one, other) = (make("one"), make("other"));
        emu.ok(&["push", "-S", "one", "--to", "./sink"]);
        emu.ok(&["push", "-S", "one"]);
        emu.shell("cp -a one/.emu other/.emu").succeeds();
        for _ in 0..3 {
            let said = emu.run(&["push", "-S", "other"]).exits(10);
            assert!(said.stderr.contains("--allow-moved"), "{kind}: {said}");
        }
        drop((one, other));
    }
}

#[test]
fn an_unfinished_checkout_holds_removals_back() {
    let job = Job::new(&files("d", 30));
    job.config(KEEP_TWO).push(&[]).succeeds();
    job.push(&[]).succeeds();
    let newest = id(&job.node()).to_owned();
    let note = serde_json::json!({
        "v": 1, "snapshot": newest, "sink": "x", "since": "2026-11-22T18:00:00Z",
        "temporary": ".emu-0123456789abcdef-",
    });
    fs::write(job.src().join(".emu/checkout"), note.to_string()).unwrap();
    job.edit("file d/.emu-0123456789abcdef-7 \"half\"\nfile d/.emu-other \"mine\"");
    for pushes in 3..6 {
        let said = job.push(&["--ignore-errors"]).exits(3);
        assert!(said.stderr.contains("a checkout of this source was interrupted"), "{said}");
        assert_eq!(job.nodes().len(), pushes);
        assert_eq!(job.node()["partial"], true);
        assert!(job.newest().join("d/.emu-other").exists());
        assert!(!job.newest().join("d/.emu-0123456789abcdef-7").exists());
    }
    fs::remove_file(job.src().join(".emu/checkout")).unwrap();
    job.push(&[]).succeeds();
}

#[test]
fn a_copy_of_a_sink_is_an_error_that_names_both() {
    let job = Job::pushed("file a \"\"");
    job.emu.shell("cp -a sink copy").succeeds();
    for _ in 0..3 {
        let said = job.push(&["origin", "./copy"]).exits(1);
        let error = job::one_error(&said);
        assert!(error.contains("copy") && error.contains("/sink'"), "{said}");
    }
    assert_eq!(job.nodes().len(), 4);
    assert_eq!(job::nodes(&job.emu.path("copy")).len(), 1);
    let said = job.push(&["--to", "./copy"]).exits(1);
    assert!(job::one_error(&said).contains("one is a copy of the other"), "{said}");
    // The same sink named twice is pushed to once.
    job.push(&["origin", "./sink"]).succeeds();
    assert_eq!(job.nodes().len(), 5);
}

#[test]
fn a_group_that_loses_its_first_name_is_saved_under_the_next() {
    let job = Job::new(
        "file a/f \"content\" xattr user.k=v\nlink b/f = a/f\nlink c/f = a/f\nsymlink a/s -> x\nfile z \"\"",
    );
    job.emu.shell("ln -P src/a/s src/b/s").succeeds();
    let manifest = job.emu.program("emu-hash-tree", &["src"]).succeeds().stdout;
    job.edit("remove a/f\nremove a/s\nremove a");
    let args = ["--sink", "./sink", "--source", "src"];
    let staged = job.emu.pipe("emu-link-snapshot", &args, manifest.as_bytes()).succeeds();
    job.emu.pipe("emu-commit-snapshot", &["--sink", "./sink"], staged.stdout.as_bytes()).succeeds();
    assert_eq!(job.node()["counts"]["unread"], 0);
    assert_eq!(job::ino(&job.newest().join("b/f")), job::ino(&job.newest().join("c/f")));
    assert_eq!(fs::read(job.newest().join("c/f")).unwrap(), b"content");
    assert!(job.newest().join("b/s").is_symlink());
    assert_eq!(job.entries()["c/f"]["links"], "b/f");
    job.ok(&["verify", "./sink"]);
}
