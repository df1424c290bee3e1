//! `emu-link-snapshot`: the pipeline, and manifests that an enemy wrote.

use std::fs;

use fs2::FileExt;
use serde_json::Value;

use crate::env::Output;
use crate::job::{Job, ino, listing, one_error};

const TREE: &str = "dir . 0755\nfile a \"1\" mtime=1700000000\nfile b \"2\"\ndir d 0700\nfile d/x 0600 \"x\"\nlink d/y = d/x\nsymlink s -> a";

const LINK: [&str; 4] = ["--sink", "./sink", "--source", "src"];

fn manifest(job: &Job) -> String {
    job.emu.program("emu-hash-tree", &["src"]).succeeds().stdout
}

fn link(job: &Job, manifest: &[u8]) -> Output {
    job.emu.pipe("emu-link-snapshot", &LINK, manifest)
}

#[test]
fn the_pipeline_makes_the_snapshot_of_a_push() {
    let job = Job::new(TREE);
    job.settle().push(&[]).succeeds();
    job.edit("file b \"longer\"\nfile new \"n\"\nremove s");
    let line = "emu-hash-tree src --against ./sink | emu-link-snapshot --sink ./sink --source src | emu-commit-snapshot --sink ./sink -m piped && emu-rotate --sink ./sink";
    let said = job.emu.shell(line).succeeds();
    assert_eq!(said.stderr, "");
    job.same();
    let piped = job.node();
    assert_eq!((&piped["message"], &piped["seq"]), (&"piped".into(), &2.into()));
    assert!(job.shared("a", 1, 2) && job.shared("d/x", 1, 2) && !job.shared("b", 1, 2));
    job.settle().push(&[]).succeeds();
    assert_eq!(job.node()["tree"], piped["tree"]);
    assert!(["a", "b", "d/x", "d/y", "new"].iter().all(|path| job.shared(path, 2, 3)));
    crate::tree::assert_same(&job.tree(2), &job.tree(3));
    assert_eq!(job.ok(&["verify", "-q", "./sink"]), "");
}

#[test]
fn the_staged_record_says_what_was_staged() {
    let job = Job::pushed(TREE);
    let record = &link(&job, manifest(&job).as_bytes()).succeeds().records()[0];
    assert_eq!(record["type"], "staged");
    assert_eq!(record["parent"], job.node()["id"]);
    assert_eq!(record["tree"], job.node()["tree"]);
    assert_eq!((&record["entries"], &record["unread"]), (&7.into(), &0.into()));
    let staging = job.sink().join(".emu/staging").join(record["txid"].as_str().unwrap());
    assert_eq!(ino(&staging.join("tree/a")), ino(&job.newest().join("a")));
    assert_eq!(job.nodes().len(), 1, "nothing is published yet");
    job.push(&[]).succeeds();
    assert!(staging.exists(), "a push leaves the staging of others alone");
}

#[test]
fn a_file_that_changed_since_is_torn_and_saved_as_it_is() {
    let job = Job::pushed(TREE);
    job.edit("file b \"22\"");
    let old = manifest(&job);
    job.edit("file b \"changed since\"\nfile a \"1\"");
    let said = link(&job, old.as_bytes());
    assert!(said.status == 0 && said.stderr.contains("'b'"), "{said}");
    let staged = said.records().remove(0);
    job.emu.pipe("emu-commit-snapshot", &["--sink", "./sink"], said.stdout.as_bytes()).succeeds();
    assert_eq!(fs::read_to_string(job.newest().join("b")).unwrap(), "changed since");
    assert_eq!(job.entries()["b"]["torn"], true);
    assert_eq!(job.node()["counts"]["torn"], 1);
    assert_eq!((&staged["tree"], job.ok(&["verify", "-q", "./sink"])), (&job.node()["tree"], String::new()));
    let now = manifest(&job);
    let tree: Value = serde_json::from_str(now.lines().last().unwrap()).unwrap();
    assert_eq!(tree["tree"], staged["tree"], "the hash was computed anew");
}

#[test]
fn a_file_that_vanished_since_is_left_out() {
    let job = Job::pushed(TREE);
    job.edit("file gone \"x\"");
    let old = manifest(&job);
    job.edit("remove gone");
    let said = link(&job, old.as_bytes());
    assert!(said.status == 0 || said.status == 3, "{said}");
    job.emu.pipe("emu-commit-snapshot", &["--sink", "./sink"], said.stdout.as_bytes());
    assert!(!job.newest().join("gone").exists());
    assert_eq!(job.ok(&["verify", "-q", "./sink"]), "");
}

#[test]
fn the_lock_is_refused_and_nothing_is_left() {
    let job = Job::pushed(TREE);
    let manifest = manifest(&job);
    let lock = fs::File::options().read(true).write(true).open(job.sink().join(".emu/LOCK")).unwrap();
    lock.try_lock_exclusive().unwrap();
    let before = listing(&job.sink());
    one_error(&link(&job, manifest.as_bytes()).exits(11));
    assert_eq!(listing(&job.sink()), before);
}

/// Refused with one error, and nothing in the sink has changed.
#[track_caller]
fn refuses(job: &Job, what: &str, manifest: &[u8]) {
    let before = listing(&job.sink());
    let said = link(job, manifest);
    let shown = said.stderr.chars().take(300).collect::<String>();
    assert_eq!(said.status, 2, "{what}: {shown}");
    assert!(one_error(&said).len() < 1000, "{what}");
    assert!(!said.stdout.contains("staged") && !said.stderr.contains("panicked"), "{what}: {shown}");
    assert_eq!(listing(&job.sink()), before, "{what}");
}

#[test]
fn a_manifest_that_is_cut_off_anywhere_is_refused() {
    let job = Job::pushed(TREE);
    let whole = manifest(&job);
    let lines: Vec<&str> = whole.lines().collect();
    for end in 0..lines.len() {
        let cut = lines[..end].iter().map(|line| format!("{line}\n")).collect::<String>();
        refuses(&job, &format!("{end} lines"), cut.as_bytes());
    }
    for end in [1, whole.len() / 2, whole.len() - 20] {
        refuses(&job, &format!("{end} bytes"), &whole.as_bytes()[..end]);
    }
}

#[test]
fn what_is_no_manifest_is_refused() {
    let job = Job::pushed(TREE);
    refuses(&job, "empty", b"");
    refuses(&job, "blank", b"\n\n");
    refuses(&job, "garbage", &(0..=255).cycle().take(100_000).collect::<Vec<u8>>());
    refuses(&job, "zeros", &[0; 5000]);
    refuses(&job, "a number", b"1\n");
    refuses(&job, "deep", "[".repeat(1 << 20).as_bytes());
    let whole = manifest(&job);
    let (header, rest) = whole.split_once('\n').unwrap();
    refuses(&job, "no header", rest.as_bytes());
    refuses(&job, "two headers", format!("{header}\n{whole}").as_bytes());
    refuses(&job, "newer", whole.replacen("\"v\":1", "\"v\":2", 1).as_bytes());
    let long = whole.replacen("\"path\":\"b\"", &format!("\"path\":\"{}\"", "b".repeat(20 << 20)), 1);
    refuses(&job, "a line of 20 MB", long.as_bytes());
    let long = whole.replacen(
        "{\"type\":\"entry\"",
        &format!("{{\"pad\":\"{}\",\"type\":\"entry\"", "x".repeat(20 << 20)),
        1,
    );
    refuses(&job, "a line of 20 MB with an unknown field", long.as_bytes());
}

#[test]
fn entries_that_leave_the_tree_or_break_its_rules_are_refused() {
    let job = Job::pushed(TREE);
    let whole = manifest(&job);
    let swap = |from: &str, to: &str| {
        assert!(whole.contains(from), "{from}");
        whole.replacen(from, to, 1)
    };
    let sha = {
        let line = whole.lines().find(|line| line.contains("\"path\":\"b\"")).unwrap();
        serde_json::from_str::<Value>(line).unwrap()["sha256"].as_str().unwrap().to_owned()
    };
    let path = "\"path\":\"b\"";
    let cases = [
        ("..", swap(path, "\"path\":\"..\"")),
        ("../b", swap(path, "\"path\":\"../b\"")),
        ("d/../b", swap("\"path\":\"d/x\"", "\"path\":\"d/../x\"")),
        (".", swap(path, "\"path\":\".\"")),
        ("absolute", swap(path, "\"path\":\"/b\"")),
        ("trailing slash", swap(path, "\"path\":\"b/\"")),
        ("double slash", swap("\"path\":\"d/x\"", "\"path\":\"d//x\"")),
        ("a NUL", swap(path, "\"path\":\"b\\u0000\"")),
        ("base64 with a slash", swap(path, "\"path_b64\":\"L2I=\"")),
        ("bad base64", swap(path, "\"path_b64\":\"*\"")),
        ("both path forms", swap(path, "\"path\":\"b\",\"path_b64\":\"Yg==\"")),
        ("no path", swap("\"path\":\"b\",", "")),
        ("the root's .emu", swap("\"path\":\"a\"", "\"path\":\".emu\"")),
        ("twice", swap(path, "\"path\":\"a\"")),
        ("out of order", swap(path, "\"path\":\"A\"")),
        ("below a file", swap("\"path\":\"d/x\"", "\"path\":\"a/x\"")),
        ("below nothing", swap("\"path\":\"d/x\"", "\"path\":\"e/x\"")),
        ("unknown kind", swap("\"kind\":\"file\"", "\"kind\":\"door\"")),
        ("short digest", swap(&sha, &sha[1..])),
        ("long digest", swap(&sha, &format!("{sha}00"))),
        ("no hex", swap(&sha, &sha.replace(&sha[..1], "g"))),
        (
            "no digest",
            swap(&format!("\"sha256\":\"{sha}\","), "").replace(&format!(",\"sha256\":\"{sha}\""), ""),
        ),
        ("links to nothing", swap("\"links\":\"d/x\"", "\"links\":\"none\"")),
        ("links to another file", swap("\"links\":\"d/x\"", "\"links\":\"a\"")),
        ("links to itself", swap("\"links\":\"d/x\"", "\"links\":\"d/y\"")),
        ("negative size", swap("\"size\":1", "\"size\":-1")),
        ("another size", swap("\"size\":1", "\"size\":2")),
        ("bad mode", swap("\"mode\":\"0644\"", "\"mode\":\"0999\"")),
        ("big mode", swap("\"mode\":\"0644\"", "\"mode\":\"100644\"")),
        ("bad time", swap("\"mtime\":\"1700000000.000000000\"", "\"mtime\":\"soon\"")),
        ("an empty target", swap("\"target\":\"a\"", "\"target\":\"\"")),
        ("unknown record", swap("\"type\":\"entry\",\"path\":\"b\"", "\"type\":\"entrance\",\"path\":\"b\"")),
    ];
    for (what, text) in cases {
        refuses(&job, what, text.as_bytes());
    }
}

#[test]
fn a_name_that_no_file_system_takes_leaves_nothing() {
    let job = Job::pushed(TREE);
    let long = manifest(&job).replacen("\"path\":\"b\"", &format!("\"path\":\"{}\"", "b".repeat(300)), 1);
    let before = listing(&job.sink());
    let said = link(&job, long.as_bytes());
    assert!(said.status == 1 || said.status == 2, "{said}");
    one_error(&said);
    assert_eq!(listing(&job.sink()), before);
}

#[test]
fn a_last_record_that_does_not_fit_is_refused() {
    let job = Job::pushed(TREE);
    let whole = manifest(&job);
    refuses(&job, "entries", whole.replacen("\"entries\":7", "\"entries\":8", 1).as_bytes());
    let tree: Value = serde_json::from_str(whole.lines().last().unwrap()).unwrap();
    let hash = tree["tree"].as_str().unwrap();
    refuses(&job, "tree", whole.replace(hash, &hash.chars().rev().collect::<String>()).as_bytes());
    refuses(&job, "an entry after it", format!("{whole}{}\n", whole.lines().nth(2).unwrap()).as_bytes());
}

#[test]
fn the_failure_of_the_program_before_is_passed_on() {
    let job = Job::pushed(TREE);
    let said =
        job.emu.shell("emu-hash-tree src --against ./none | emu-link-snapshot --sink ./sink --source src");
    assert_eq!(said.status, 10, "{said}");
    let said = job.emu.shell("emu-hash-tree src --against ./none | emu-link-snapshot --sink ./sink --source src | emu-commit-snapshot --sink ./sink");
    assert_eq!((said.status, job.nodes().len()), (10, 1), "{said}");
}

#[test]
fn a_sink_of_another_source_is_refused() {
    let job = Job::pushed(TREE);
    job.emu.tree("other", "file a \"\"");
    job.ok(&["init", "other"]);
    let manifest = job.emu.program("emu-hash-tree", &["other"]).succeeds().stdout;
    let args = ["--sink", "./sink", "--source", "other"];
    one_error(&job.emu.pipe("emu-link-snapshot", &args, manifest.as_bytes()).exits(10));
}

#[test]
fn an_empty_tree_needs_to_be_allowed() {
    let job = Job::pushed(TREE);
    job.edit("remove a\nremove b\nremove d\nremove s");
    let empty = manifest(&job);
    let before = listing(&job.sink());
    one_error(&link(&job, empty.as_bytes()).exits(10));
    assert_eq!(listing(&job.sink()), before);
    let args = [&LINK[..], &["--allow-empty"]].concat();
    job.emu.pipe("emu-link-snapshot", &args, empty.as_bytes()).succeeds();
}

#[test]
fn the_pipeline_records_what_was_left_out() {
    let job = Job::new("file a \"1\"\nfile x.o \"o\"\ndir cache\nfile cache/y \"y\"");
    fs::write(job.src().join(".emu/excludes"), "*.o\n/cache/\n").unwrap();
    let line = "emu-hash-tree src | emu-link-snapshot --sink ./sink --source src | emu-commit-snapshot --sink ./sink";
    job.emu.shell(line).succeeds();
    job.push(&[]).succeeds();
    assert_eq!(job.nodes()[0]["excluded"], job.nodes()[1]["excluded"]);
    assert_eq!(job.node()["excluded"]["count"], 2);
    assert_eq!(job.emu.inside("src").ok(&["ls", "--excluded", "TAIL"]), "cache\nx.o\n");
    // emu-hash-tree --stdin keeps it.
    let sealed = job.emu.pipe("emu-hash-tree", &["--stdin"], manifest(&job).as_bytes()).succeeds().stdout;
    assert!(
        sealed.contains("\"exclusions\"") && link(&job, sealed.as_bytes()).succeeds().records().len() == 1
    );
}

#[test]
fn an_exclusions_record_that_is_not_sound_is_refused() {
    let job = Job::pushed("file a \"1\"\nfile x.o \"o\"");
    fs::write(job.src().join(".emu/excludes"), "*.o\n").unwrap();
    let sound = manifest(&job);
    let before = listing(&job.sink());
    for (old, new) in [
        ("{\"path\":\"x.o\"}", "{\"path\":\"../x.o\"}"),
        ("\"count\":1", "\"count\":3"),
        ("\"type\":\"exclusions\",\"v\":1", "\"type\":\"exclusions\",\"v\":2"),
        ("\"rules\":", "\"other\":"),
    ] {
        let bad = sound.replace(old, new);
        assert_ne!(bad, sound, "{old}");
        let said = link(&job, bad.as_bytes()).exits(2);
        assert!(one_error(&said).contains("'exclusions' record"), "{said}");
        assert_eq!(listing(&job.sink()), before, "{old}");
    }
}

#[test]
fn a_mass_change_and_a_clock_far_ahead_can_be_allowed() {
    let files = |word: &str| -> String { (0..30).map(|n| format!("file f{n} \"{word} {n}\"\n")).collect() };
    let job = Job::new(&files("old"));
    job.push(&[]).succeeds();
    job.edit(&files("new"));
    job.emu.at("2036-01-01T00:00:00Z");
    for (options, marks) in [(&[][..], true), (&["--allow-churn", "--allow-clock"], false)] {
        let args = [&LINK[..], options].concat();
        let staged = job.emu.pipe("emu-link-snapshot", &args, manifest(&job).as_bytes()).succeeds();
        let said = job.emu.pipe("emu-commit-snapshot", &["--sink", "./sink"], staged.stdout.as_bytes());
        said.exits(if marks { 3 } else { 0 });
        let node = job.node();
        for mark in ["churned", "misdated"] {
            assert_eq!(node.get(mark).is_some(), marks, "{mark}: {node}");
        }
        assert_eq!(node["churn"]["lost_files"], 30);
    }
}
