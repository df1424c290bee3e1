//! `emu-hash-tree`: the manifest of a tree, and the hash that sums it up.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::env::{Emu, need_tool};
use crate::job::{Job, id};

const TREE: &str = r#"
    dir . 0750
    file a/y "deep"
    dir a/z 1777
    file a.b/q ""
    file a.b/late "q"
    symlink s -> \xff/target
    file b size=70000 seed=3
    link c = b
    file \xff\n 4711 "name"
"#;

/// The fields of the last record.
fn tree_of(said: &str) -> Value {
    serde_json::from_str(said.lines().last().unwrap()).unwrap()
}

/// What the Python script makes of a manifest.
fn recomputed(job: &Emu, manifest: &[u8]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/plumbing/tree_hash.py");
    job.pipe("python3", &[script.to_str().unwrap()], manifest).succeeds().stdout.trim().to_owned()
}

#[test]
fn entries_stand_in_manifest_order() {
    let emu = Emu::new();
    emu.tree("t", "file a/y/z \"\"\nfile a/x \"\"\nfile a.b/q \"\"");
    let said = emu.program("emu-hash-tree", &["t"]).succeeds();
    let records = said.records();
    let paths: Vec<&str> = records.iter().filter_map(|record| record["path"].as_str()).collect();
    assert_eq!(paths, ["", "a", "a.b", "a/x", "a/y", "a/y/z", "a.b/q"]);
    assert_eq!(records[0]["type"], "manifest");
    let last = records.last().unwrap();
    assert_eq!((&last["type"], &last["entries"], &last["bytes"]), (&"tree".into(), &7.into(), &0.into()));
    assert_eq!(said.stderr, "");
}

#[test]
fn a_push_has_the_same_tree_and_the_script_recomputes_it() {
    if !need_tool("python3") {
        return;
    }
    let job = Job::pushed(TREE);
    let pushed = job.node()["tree"].as_str().unwrap().to_owned();
    let said = job.emu.program("emu-hash-tree", &["src"]).succeeds();
    assert_eq!(tree_of(&said.stdout)["tree"], *pushed);
    assert_eq!(recomputed(&job.emu, &said.bytes), pushed);
    let stored = fs::read(job.sink().join(".emu/manifests").join(id(&job.node()))).unwrap();
    assert_eq!(recomputed(&job.emu, &zstd::decode_all(stored.as_slice()).unwrap()), pushed);
}

#[test]
fn the_hash_stands_for_names_kinds_modes_and_contents() {
    let hash = |edit: &str| {
        let emu = Emu::new();
        emu.tree(
            "t",
            "dir . 0755\nfile a 0644 \"1\"\nfile b 0644 \"1\"\nsymlink s -> a\nfile d/x 0600 \"x\"",
        );
        emu.tree("t", edit);
        tree_of(&emu.program("emu-hash-tree", &["t"]).succeeds().stdout)["tree"].to_string()
    };
    let same = hash("");
    assert_eq!(hash("attr a mtime=5 xattr user.k=v\nattr . mtime=7"), same);
    let edits = [
        "attr a 0600",
        "attr . 0700",
        "attr d 0700",
        "file a 0644 \"2\"",
        "move a -> c",
        "link b = a",
        "symlink s -> b",
        "remove d/x",
        "dir e",
        "remove s\nfile s \"a\"",
    ];
    let mut seen = vec![same];
    for edit in edits {
        let other = hash(edit);
        assert!(!seen.contains(&other), "{edit}");
        seen.push(other);
    }
}

#[test]
fn unchanged_files_are_not_opened() {
    if !need_tool("strace") {
        return;
    }
    let job = Job::new("file a/one \"1\"\nfile a/two \"2\"\nfile three \"3\"\nsymlink s -> three");
    job.settle().push(&[]).succeeds();
    job.edit("file a/two \"changed\"");
    let line = "strace -f -qq -e trace=openat,open,openat2,readlinkat,read -o trace emu-hash-tree src --against ./sink";
    let said = job.emu.shell(line).succeeds();
    let trace = fs::read_to_string(job.emu.path("trace")).unwrap();
    let opens = |name: &str| {
        trace.lines().filter(|line| line.contains("open") && line.contains(&format!("\"{name}\""))).count()
    };
    assert_eq!((opens("one"), opens("three"), opens("two")), (0, 0, 1), "{trace}");
    assert_eq!(trace.lines().filter(|line| line.contains("readlinkat") && line.contains("\"s\"")).count(), 0);
    let fresh = job.emu.program("emu-hash-tree", &["src"]).succeeds();
    assert_eq!(tree_of(&said.stdout), tree_of(&fresh.stdout));
}

#[test]
fn what_cannot_be_read_is_a_record_and_exit_three() {
    let emu = Emu::new();
    emu.tree("t", "file a \"\"\nfile p 0000 \"x\"");
    let records = emu.blind().pipe("emu-hash-tree", &["t"], b"").exits(3).records();
    let unread: Vec<_> = records.iter().filter(|record| record["type"] == "unread").collect();
    assert_eq!((unread.len(), &unread[0]["path"]), (1, &"p".into()));
    assert!(unread[0]["errno"].is_i64() && unread[0]["text"].is_string());
}

#[test]
fn excludes_of_a_source_apply() {
    let job = Job::new("file a \"\"\nfile b.o \"\"");
    fs::write(job.src().join(".emu/excludes"), "*.o\n").unwrap();
    let said = job.emu.program("emu-hash-tree", &["src"]).succeeds();
    let entries: Vec<_> = said.records().into_iter().filter(|record| record["type"] == "entry").collect();
    assert_eq!(entries.iter().map(|entry| entry["path"].as_str().unwrap()).collect::<Vec<_>>(), ["", "a"]);
    let left_out = said.records().into_iter().find(|record| record["type"] == "exclusions").unwrap();
    assert_eq!(left_out["paths"], serde_json::json!([{"path": "b.o"}]));
}

#[test]
fn a_failure_says_so_and_writes_no_tree_record() {
    let emu = Emu::new();
    emu.tree("t", "file a \"\"");
    for args in [&["none"][..], &["t/a"], &["t", "--against", "./none"], &["t", "--against", "./t:HEAD"]] {
        let said = emu.program("emu-hash-tree", args);
        assert!(said.status == 10 || said.status == 1, "{said}");
        crate::job::one_error(&said);
        assert!(!said.stdout.contains("\"type\":\"tree\""), "{said}");
    }
    emu.program("emu-hash-tree", &[]).exits(2);
}

#[test]
fn entries_in_any_order_are_sorted_and_sealed_again() {
    let job = Job::new("dir a\nfile a/x \"x\"\nfile a.b \"y\"\ndir a/y\nfile a/y/z \"z\"\nlink l = a/x");
    let manifest = job.emu.program("emu-hash-tree", &["src"]).succeeds().stdout;
    let mut lines: Vec<&str> = manifest.lines().collect();
    lines.reverse();
    let shuffled = lines.join("\n");
    let again = job.emu.pipe("emu-hash-tree", &["--stdin"], shuffled.as_bytes()).succeeds().stdout;
    assert_eq!(again, manifest);
    // Less than all is a tree of its own.
    let less: Vec<&str> = lines.iter().filter(|line| !line.contains("a.b")).copied().collect();
    let less = job.emu.pipe("emu-hash-tree", &["--stdin"], less.join("\n").as_bytes()).succeeds();
    let tree = |text: &str| text.lines().last().unwrap().to_owned();
    assert_ne!(tree(&less.stdout), tree(&manifest));
    let sink = job.sink();
    let args = ["--sink", sink.to_str().unwrap(), "--source", "src"];
    job.emu.pipe("emu-link-snapshot", &args, &less.bytes).succeeds();
}

#[test]
fn what_makes_no_manifest_prints_none() {
    let job = Job::new("dir a\nfile a/x \"x\"");
    let manifest = job.emu.program("emu-hash-tree", &["src"]).succeeds().stdout;
    let lines: Vec<&str> = manifest.lines().collect();
    let without = |word: &str| -> String {
        lines.iter().filter(|line| !line.contains(word)).map(|line| format!("{line}\n")).collect()
    };
    let twice = format!("{manifest}{}\n", lines.iter().find(|line| line.contains("a/x")).unwrap());
    for (input, why) in [
        (without("\"path\":\"\""), "the root"),
        (without("\"path\":\"a\""), "no earlier entry names it"),
        (twice, ""),
        ("nonsense\n".to_owned(), "line 1"),
        (String::new(), "the root"),
    ] {
        let said = job.emu.pipe("emu-hash-tree", &["--stdin"], input.as_bytes()).exits(1);
        assert!(said.stderr.contains(why) && said.stdout.lines().count() == 1, "{why}: {said}");
    }
    job.emu.program("emu-hash-tree", &["--stdin", "src"]).exits(2);
}
