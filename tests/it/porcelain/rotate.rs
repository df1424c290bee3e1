//! `emu rotate`: the policy applied to real sinks, and what holds it back.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;

use serde_json::Value;

use crate::env::{LoopFs, need_loop};
use crate::job::{Job, id, listing, nodes};

const KEEP_ALL: &str = "[rotate]\nkeep-last = -1\n";

/// A source pushed at each of these times, with a file of its own each time.
fn history(times: &[&str]) -> Job {
    let job = Job::new("file same \"same\"");
    job.config(KEEP_ALL);
    for (number, time) in times.iter().enumerate() {
        job.edit(&format!("file own \"{number}\""));
        job.emu.at(time);
        job.push(&["-m", time]).succeeds();
    }
    job
}

/// So many days of November 2026, one push a day at noon.
fn days(count: usize) -> Job {
    let times: Vec<String> = (1..=count).map(|day| format!("2026-11-{day:02}T12:00:00Z")).collect();
    history(&times.iter().map(String::as_str).collect::<Vec<_>>())
}

/// The days of the snapshots that stand.
fn standing(job: &Job) -> Vec<String> {
    job.nodes().iter().map(|node| node["time"].as_str().unwrap()[8..10].to_owned()).collect()
}

/// Day, then action and reasons, of `emu rotate --dry-run`.
fn verdicts(job: &Job, options: &[&str]) -> BTreeMap<String, (String, String)> {
    let days: BTreeMap<String, String> = job
        .nodes()
        .iter()
        .map(|node| (id(node).to_owned(), node["time"].as_str().unwrap()[8..10].to_owned()))
        .collect();
    let args = [&["rotate", "./sink", "--dry-run", "--json"], options].concat();
    let records = job.emu.run(&args).succeeds().records();
    let text = |record: &Value| {
        let reasons: Vec<&str> =
            record["reasons"].as_array().unwrap().iter().map(|reason| reason.as_str().unwrap()).collect();
        (record["action"].as_str().unwrap().to_owned(), reasons.join(", "))
    };
    let found = records.iter().filter(|record| record["type"] == "rotation");
    found.map(|record| (days[record["id"].as_str().unwrap()].clone(), text(record))).collect()
}

#[test]
fn each_series_keeps_the_newest_of_its_buckets() {
    let job = history(&[
        "2026-11-01T09:00:00Z",
        "2026-11-02T09:00:00Z",
        "2026-11-03T09:00:00Z",
        "2026-11-04T09:00:00Z",
        "2026-11-09T09:00:00Z",
        "2026-11-10T09:00:00Z",
    ]);
    let found = verdicts(&job, &["--keep-daily", "2", "--keep-weekly", "2"]);
    let kept: Vec<&str> =
        found.iter().filter(|(_, (action, _))| action == "keep").map(|(day, _)| day.as_str()).collect();
    assert_eq!(kept, ["04", "09", "10"], "{found:?}");
    assert!(found["10"].1.contains("HEAD") && found["10"].1.contains("daily"), "{found:?}");
    assert!(found["04"].1.contains("weekly"), "{found:?}");
    assert_eq!(found["02"], ("remove".to_owned(), "no rule keeps it".to_owned()));
    job.ok(&["rotate", "./sink", "--keep-daily", "2", "--keep-weekly", "2"]);
    assert_eq!(standing(&job), kept);
}

#[test]
fn hours_count_by_the_clock_of_the_test() {
    let job = history(&["2026-11-01T09:10:00Z", "2026-11-01T09:50:00Z", "2026-11-01T10:10:00Z"]);
    job.ok(&["rotate", "./sink", "--keep-hourly", "2"]);
    let minutes: Vec<String> =
        job.nodes().iter().map(|node| node["time"].as_str().unwrap()[11..16].to_owned()).collect();
    assert_eq!(minutes, ["09:50", "10:10"]);
}

#[test]
fn a_clock_that_jumps_ahead_expires_nothing() {
    let job = days(3);
    job.emu.at("2036-11-03T12:00:00Z");
    job.ok(&["rotate", "./sink", "--keep-within", "7d"]);
    assert_eq!(standing(&job), ["01", "02", "03"]);
}

#[test]
fn a_dry_run_changes_nothing() {
    let job = days(4);
    let before = crate::job::strict_listing(&job.sink());
    let said = job.emu.run(&["rotate", "./sink", "--dry-run", "--keep-last", "1"]).succeeds();
    assert_eq!(said.stdout.lines().filter(|line| line.starts_with("remove ")).count(), 3, "{said}");
    assert_eq!(crate::job::strict_listing(&job.sink()), before);
}

#[test]
fn what_was_removed_is_gone_and_recorded() {
    let job = days(4);
    let old = job.nodes()[0].clone();
    let own = job.tree(1).join("own");
    let kept = fs::File::open(&own).unwrap();
    assert_eq!(kept.metadata().unwrap().nlink(), 1);
    let shared = fs::metadata(job.newest().join("same")).unwrap().nlink();
    job.ok(&["rotate", "./sink", "--keep-last", "2"]);
    assert_eq!(standing(&job), ["03", "04"]);
    assert_eq!(kept.metadata().unwrap().nlink(), 0, "its own file has no name left");
    assert_eq!(fs::metadata(job.newest().join("same")).unwrap().nlink(), shared - 2);
    let emu = job.sink().join(".emu");
    for place in ["trees", "nodes", "manifests", "excluded", "trash", "spare", "staging"] {
        assert!(!emu.join(place).join(id(&old)).exists(), "{place}");
    }
    let record: Value =
        serde_json::from_slice(&fs::read(emu.join("removed").join(id(&old))).unwrap()).unwrap();
    assert_eq!(
        (&record["id"], &record["seq"], &record["reason"]),
        (&old["id"], &old["seq"], &"retention policy".into())
    );
    assert!(record["removed"].as_str().unwrap().ends_with('Z'));
    job.edit("file own \"again\"").push(&[]).succeeds();
    assert_eq!(job.node()["seq"], 5);
}

#[test]
fn a_large_snapshot_is_freed_to_the_byte() {
    let own = |n: u32| format!("file d{}/e{n}/own 0644 size=100 seed={n}\n", n % 9);
    let two = |n: u32| format!("link d{}/other{n} = d{}/e{n}/own\n", (n + 1) % 9, n % 9);
    let shut = |n: u32| format!("attr d{}/e{n} 0555\n", n % 9);
    let job = Job::new("file same \"same\"");
    job.config(KEEP_ALL);
    job.edit(&(0..300).map(|n| own(n) + &two(n) + &shut(n)).collect::<String>());
    job.push(&[]).succeeds();
    job.edit(&(0..9).map(|n| format!("remove d{n}\n")).collect::<String>());
    job.push(&["--allow-shrunk"]).succeeds();
    let tree = job.tree(1);
    let blocks = |n: u32| fs::metadata(tree.join(format!("d{}/e{n}/own", n % 9))).unwrap().blocks() * 512;
    let all = walkdir::WalkDir::new(&tree).into_iter().map(Result::unwrap);
    let dirs = all.filter(|entry| entry.file_type().is_dir());
    let dirs: u64 = dirs.map(|dir| dir.metadata().unwrap().blocks() * 512).sum();
    let expected: u64 = (0..300).map(blocks).sum::<u64>() + dirs;
    let records = job.emu.run(&["rotate", "./sink", "--keep-last", "1", "--json"]).succeeds().records();
    let freed: Vec<_> = records.iter().filter(|record| record["type"] == "removed").collect();
    assert_eq!(freed.len(), 1, "{records:?}");
    assert_eq!(freed[0]["freed"], expected);
    assert!(expected > 0);
    assert_eq!(fs::read_dir(job.sink().join(".emu/trash")).unwrap().count(), 1, "all but its LOCK is gone");
}

#[test]
fn names_and_latest_follow_a_rotation() {
    let job = days(4);
    job.ok(&["rotate", "./sink", "--keep-last", "2"]);
    let mut names: Vec<String> = fs::read_dir(job.sink())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != ".emu")
        .collect();
    names.sort();
    assert_eq!(names, ["2026-11-03-120000", "2026-11-04-120000", "latest"]);
    for name in names {
        assert!(job.sink().join(&name).join("own").exists(), "{name}");
    }
    assert_eq!(fs::read_to_string(job.sink().join("latest/own")).unwrap(), "3");
}

#[test]
fn a_second_rotation_removes_nothing_more() {
    let job = days(8);
    job.ok(&["rotate", "./sink", "--keep-daily", "3", "--keep-weekly", "1"]);
    let before = listing(&job.sink());
    job.ok(&["rotate", "./sink", "--keep-daily", "3", "--keep-weekly", "1"]);
    assert_eq!(listing(&job.sink()).len(), before.len());
}

#[test]
fn head_the_newest_and_the_last_complete_one_stay() {
    let job = days(3);
    job.edit("file p 0000 \"x\"");
    job.emu.at("2026-11-04T12:00:00Z");
    job.push_blind(&[]).exits(3);
    job.push_blind(&[]).exits(3);
    fs::write(job.sink().join(".emu/HEAD"), format!("{}\n", id(&job.nodes()[0]))).unwrap();
    let found = verdicts(&job, &["--keep-yearly", "1"]);
    assert!(found["01"].1.contains("HEAD"), "{found:?}");
    assert!(found["03"].1.contains("complete"), "{found:?}");
    job.ok(&["rotate", "./sink", "--keep-yearly", "1"]);
    assert_eq!(standing(&job), ["01", "03", "04"]);
}

#[test]
fn a_policy_that_keeps_nothing_is_refused() {
    let job = days(2);
    let before = listing(&job.sink());
    for options in [&["--keep-last", "0"][..], &["--keep-within", "0h"], &["--keep-last", "-2"]] {
        let said = job.emu.run(&[&["rotate", "./sink"], options].concat()).exits(2);
        crate::job::one_error(&said);
    }
    job.config("[rotate]\nkeep-daily = 0\n");
    job.emu.inside("src").fails(&["rotate"], 2);
    assert_eq!(listing(&job.sink()), before);
}

#[test]
fn a_push_holds_a_new_policy_back_and_rotate_applies_it() {
    let job = days(13);
    job.config("[rotate]\nkeep-last = 2\n");
    let said = job.push(&[]).exits(3);
    assert!(said.stderr.contains("policy") && said.stderr.contains("emu rotate"), "{said}");
    assert_eq!(job.nodes().len(), 14);
    job.emu.inside("src").ok(&["rotate"]);
    assert_eq!(job.nodes().len(), 2);
    job.push(&[]).succeeds();
    assert_eq!(job.nodes().len(), 2);
}

#[test]
fn the_policy_of_the_sink_replaces_that_of_the_source() {
    let job = days(3);
    fs::write(job.sink().join(".emu/config"), "[rotate]\nkeep-last = 1\n").unwrap();
    job.config("[rotate]\nkeep-daily = 5\n");
    job.emu.inside("src").ok(&["rotate"]);
    assert_eq!(standing(&job), ["03"]);
}

#[test]
fn a_snapshot_that_is_read_stays_until_the_next_rotation() {
    use fs2::FileExt;
    let job = days(4);
    let node = fs::File::open(job.sink().join(".emu/nodes").join(id(&job.nodes()[1]))).unwrap();
    FileExt::try_lock_shared(&node).unwrap();
    let said = job.emu.run(&["rotate", "./sink", "--keep-last", "1"]).exits(3);
    assert!(said.stderr.contains("is being read"), "{said}");
    assert_eq!(standing(&job), ["02", "04"]);
    assert_eq!(fs::read_to_string(job.tree(1).join("own")).unwrap(), "1");
    assert!(!job.sink().join(".emu/removed").join(id(&job.nodes()[0])).exists());
    drop(node);
    job.ok(&["rotate", "./sink", "--keep-last", "1"]);
    assert_eq!(standing(&job), ["04"]);
}

#[test]
fn pinned_snapshots_stay() {
    let job = days(3);
    fs::write(job.sink().join(".emu/pins").join(id(&job.nodes()[0])), "").unwrap();
    assert!(verdicts(&job, &["--keep-last", "1"])["01"].1.contains("pin"));
    job.ok(&["rotate", "./sink", "--keep-last", "1"]);
    assert_eq!(standing(&job), ["01", "03"]);
}

#[test]
fn room_is_made_from_the_oldest_until_there_is_enough() {
    if !need_loop("ext4") {
        return;
    }
    let job = Job::new("file same \"same\"");
    job.config(KEEP_ALL);
    let disk = LoopFs::new(&job.emu.path("disk"), "ext4", 64);
    job.ok(&["-S", "src", "sink", "add", "small", "disk/small"]);
    for seed in 1..=8 {
        job.edit(&format!("file own size=4000000 seed={seed}"));
        job.push(&["small"]).succeeds();
    }
    let sink = disk.path("small");
    let free = || {
        let stat = rustix::fs::statvfs(disk.root()).unwrap();
        stat.f_bavail * stat.f_frsize
    };
    let before = free();
    let wanted = format!("{}", before + 7_000_000);
    let ids: Vec<String> = nodes(&sink).iter().map(|node| id(node)[..12].to_owned()).collect();
    let foreseen = |keep: &str, wanted: &str| {
        let args =
            ["rotate", "disk/small", "-n", "--keep-last", keep, "--min-free", wanted, "--min-keep", "2"];
        job.emu.run(&args).succeeds().stderr
    };
    let said = foreseen("-1", &wanted);
    let order = format!(
        "room is short now; as many as it takes would go, in this order: {}, and 1 more",
        ids[..5].join(", ")
    );
    assert!(said.contains(&order), "{said}");
    // Those that the policy removes are no longer there to go.
    let said = foreseen("3", "1");
    assert!(
        said.contains(&format!(
            "there is room enough now; as many as it takes would go, in this order: {}\n",
            ids[5]
        )),
        "{said}"
    );
    assert!(foreseen("2", "1").contains("no further snapshot may go for it"));
    job.ok(&["rotate", "disk/small", "--keep-last", "-1", "--min-free", &wanted, "--min-keep", "2"]);
    assert!(free() >= before + 7_000_000, "{} of {wanted}", free());
    let left: Vec<u64> = nodes(&sink).iter().map(|node| node["seq"].as_u64().unwrap()).collect();
    assert_eq!(left, [3, 4, 5, 6, 7, 8]);
    let args = ["rotate", "disk/small", "--keep-last", "-1", "--min-free", "99%", "--min-keep", "2"];
    assert!(job.emu.run(&args).exits(3).stderr.contains("min-free"));
    assert!(nodes(&sink).len() >= 2);
}

#[test]
fn rotating_what_is_no_sink_is_refused() {
    let job = days(1);
    job.emu.tree("plain", "file a \"\"");
    for (spec, status) in [("./plain", 10), ("./none", 10), ("none", 10)] {
        crate::job::one_error(&job.emu.run(&["rotate", spec]).exits(status));
    }
}

/// Of four days, the third is damaged; two days are to be kept.
const TWO_DAYS: &[&str] = &["--keep-daily", "2"];

#[test]
fn a_snapshot_without_a_manifest_displaced_a_sound_one() {
    let job = days(5);
    fs::remove_file(job.manifest(4)).unwrap();
    let found = verdicts(&job, TWO_DAYS);
    assert_eq!(found["04"], ("keep".to_owned(), "damaged".to_owned()));
    assert_eq!(found["03"], ("keep".to_owned(), "daily".to_owned()));
    assert_eq!(found["02"].0, "remove");
    let said = job.emu.run(&[&["rotate", "./sink", "--dry-run"], TWO_DAYS].concat()).succeeds();
    assert!(
        said.stdout.lines().any(|line| line.starts_with("keep ") && line.ends_with(" damaged")),
        "{said}"
    );
    job.ok(&[&["rotate", "./sink"], TWO_DAYS].concat());
    assert_eq!(standing(&job), ["03", "04", "05"]);
    assert!(job.tree(2).join("own").exists(), "its tree is what is left of it");
}

#[test]
fn what_a_verify_found_unsound_is_kept_until_a_verify_finds_it_sound() {
    let job = days(5);
    let good = fs::read(job.manifest(4)).unwrap();
    job.spoil_manifest(4);
    // Nobody has looked into it yet.
    assert_eq!(verdicts(&job, TWO_DAYS)["03"].0, "remove");
    let note = || -> Value {
        let path = job.sink().join(".emu/verified").join(id(&job.nodes()[3]));
        serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
    };
    job.emu.run(&["verify", "--quick", "./sink"]).exits(4);
    assert_eq!(note()["manifest"], "unsound");
    let found = verdicts(&job, TWO_DAYS);
    assert_eq!((&*found["04"].1, &*found["03"].1), ("damaged", "daily"));
    fs::write(job.manifest(4), good).unwrap();
    job.ok(&["verify", "--quick", "./sink"]);
    assert!(note().get("manifest").is_none());
    assert_eq!(verdicts(&job, TWO_DAYS)["03"].0, "remove");
}

#[test]
fn a_repaired_manifest_counts_again() {
    let job = days(3);
    job.ok(&["-S", "src", "sink", "add", "other", "./other"]);
    job.edit("file own \"4\"");
    job.emu.at("2026-11-04T12:00:00Z");
    job.push(&[]).succeeds();
    job.edit("file own \"5\"");
    job.emu.at("2026-11-05T12:00:00Z");
    job.push(&[]).succeeds();
    job.spoil_manifest(4);
    job.emu.run(&["verify", "--quick", "./sink"]).exits(4);
    assert_eq!(verdicts(&job, TWO_DAYS)["04"].1, "damaged");
    job.ok(&["-S", "src", "verify", "--repair", "origin"]);
    assert_eq!(verdicts(&job, TWO_DAYS)["04"].1, "daily");
}

#[test]
fn damaged_snapshots_are_neither_the_newest_nor_the_last_complete() {
    let job = days(4);
    for number in [3, 4] {
        fs::remove_file(job.manifest(number)).unwrap();
    }
    let found = verdicts(&job, &["--keep-yearly", "1"]);
    assert_eq!(found["04"].1, "HEAD, damaged");
    assert_eq!(found["03"].1, "damaged");
    assert_eq!(found["02"].1, "newest, last complete, yearly");
    assert_eq!(found["01"].0, "remove");
    // Room is made of sound ones alone, of which one is to stay.
    let room = ["--min-free", "99.9%", "--min-keep", "1"];
    let said = job.emu.run(&[&["rotate", "./sink"], &room[..]].concat()).exits(3);
    assert!(!said.stderr.contains("is missing"), "nothing is linked from it: {said}");
    assert_eq!(standing(&job), ["02", "03", "04"]);
}

#[test]
fn an_option_that_cannot_be_read_was_told_for_each_sink() {
    let job = days(1);
    job.ok(&["-S", "src", "sink", "add", "second", "./second"]);
    let said = job.emu.inside("src").run(&["rotate", "--keep-daily", "foo"]).exits(2);
    assert!(crate::job::one_error(&said).contains("keep-daily"), "{said}");
    crate::job::one_error(
        &job.emu.program("emu-rotate", &["--sink", "./sink", "--keep-daily", "foo"]).exits(2),
    );
}
