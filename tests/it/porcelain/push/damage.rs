//! A sink that is damaged: the push works, says so, and deletes nothing.

use std::fs;
use std::os::unix::fs::FileExt;

use crate::job::{Job, id, ino, listing};
use crate::tree::{build, print};

const TREE: &str = "dir . 0755\nfile a \"content\" mtime=1700000000\nfile b size=9000 seed=4 mtime=1700000001\nfile d/c \"c\"\nsymlink s -> a";

fn settled() -> Job {
    let job = Job::new(TREE);
    job.settle().push(&[]).succeeds();
    job
}

#[test]
fn a_file_of_the_parent_with_another_mtime_is_saved_anew() {
    let job = settled();
    build(&job.tree(1), "attr a mtime=1700000009");
    let said = job.push(&[]).exits(3);
    assert!(said.stderr.contains("'a'") && said.stderr.contains("verify"), "{said}");
    job.same();
    assert!(!job.shared("a", 1, 2) && job.shared("b", 1, 2));
    assert_eq!(job.node()["counts"]["damaged"], 1);
    job.push(&[]).succeeds();
    assert!(job.shared("a", 2, 3));
}

#[test]
fn changed_content_and_mtime_in_the_parent_are_saved_anew() {
    let job = settled();
    build(&job.tree(1), "file a \"CONTENT\"\nfile b \"short\" mtime=1700000001\nattr d/c 0600");
    let damaged = print(&job.tree(1));
    let said = job.push(&[]).exits(3);
    for name in ["'a'", "'b'", "'d/c'"] {
        assert!(said.stderr.contains(name), "{said}");
    }
    job.same();
    assert_eq!(print(&job.tree(1)), damaged);
    assert_eq!(job.node()["counts"]["damaged"], 3);
}

#[test]
fn files_and_directories_missing_in_the_parent_are_saved_anew() {
    let job = settled();
    build(&job.tree(1), "remove a\nremove d\nremove s\nremove b\ndir b");
    job.push(&[]).exits(3);
    job.same();
}

#[test]
fn a_link_in_place_of_a_directory_of_the_parent_is_not_followed() {
    let job = settled();
    fs::create_dir(job.emu.path("other")).unwrap();
    fs::write(job.emu.path("other/c"), "c").unwrap();
    build(&job.tree(1), "remove d");
    std::os::unix::fs::symlink(job.emu.path("other"), job.tree(1).join("d")).unwrap();
    job.push(&[]).exits(3);
    job.same();
    assert_ne!(ino(&job.newest().join("d/c")), ino(&job.emu.path("other/c")));
}

/// After this change to the sink of two snapshots a push succeeds and warns; nothing of the sink
/// that stood before is gone.
fn push_goes_on(change: impl Fn(&Job), warning: &str) -> Job {
    let job = settled();
    job.push(&["-m", "second"]).succeeds();
    change(&job);
    let before = listing(&job.sink().join(".emu/trees"));
    let said = job.push(&["-m", "third"]);
    assert!(said.status == 0 || said.status == 3, "{said}");
    assert!(said.stderr.contains(warning), "{warning}: {said}");
    let after = listing(&job.sink().join(".emu/trees"));
    let lost: Vec<_> = before.iter().filter(|(path, facts)| after.get(*path) != Some(facts)).collect();
    assert!(lost.is_empty(), "{lost:?}");
    assert_eq!(job.node()["message"], "third");
    job.same();
    job
}

#[test]
fn a_missing_head_is_guessed_aloud() {
    let job = push_goes_on(|job| fs::remove_file(job.sink().join(".emu/HEAD")).unwrap(), "HEAD");
    assert!(job.shared("b", 2, 3));
    assert_eq!(job.nodes()[2]["parent"], job.nodes()[1]["id"]);
}

#[test]
fn a_damaged_head_is_guessed_aloud() {
    for garbage in [&b""[..], b"\0\xff\n", b"0123456789abcdef0123456789abcdef01234567\n"] {
        push_goes_on(|job| fs::write(job.sink().join(".emu/HEAD"), garbage).unwrap(), "HEAD");
    }
}

fn newest_of(job: &Job, what: &str) -> std::path::PathBuf {
    job.sink().join(".emu").join(what).join(id(&job.node()))
}

#[test]
fn a_damaged_manifest_of_head_is_told() {
    push_goes_on(
        |job| {
            let path = newest_of(job, "manifests");
            let bytes = fs::read(&path).unwrap();
            fs::remove_file(&path).unwrap();
            fs::write(&path, [&bytes[..20], b"damage", &bytes[26..]].concat()).unwrap();
        },
        "damaged",
    );
    push_goes_on(|job| fs::remove_file(newest_of(job, "manifests")).unwrap(), "missing");
}

#[test]
fn a_damaged_node_is_told_and_its_tree_stays() {
    let flip = |job: &Job| {
        let file = fs::OpenOptions::new().write(true).open(newest_of(job, "nodes")).unwrap();
        file.write_all_at(b"XX", 9).unwrap();
    };
    let job = Job::new(TREE);
    job.settle().push(&[]).succeeds();
    job.push(&[]).succeeds();
    let tree = job.newest();
    flip(&job);
    let said = job.push(&[]);
    assert!(said.stderr.contains("is damaged"), "{said}");
    assert!(tree.join("a").exists());
}

#[test]
fn a_lost_node_never_costs_the_tree() {
    let job = settled();
    job.push(&[]).succeeds();
    let (tree, before) = (job.newest(), print(&job.newest()));
    fs::remove_file(newest_of(&job, "nodes")).unwrap();
    let said = job.push(&[]);
    assert!(said.stderr.contains("its node is missing"), "{said}");
    let said = job.emu.run(&["rotate", "./sink", "--keep-last", "1"]);
    assert!(said.status == 0 || said.status == 3, "{said}");
    assert_eq!(print(&tree), before);
}

#[test]
fn a_lost_tree_of_head_is_saved_anew() {
    let job = settled();
    job.push(&[]).succeeds();
    fs::remove_dir_all(job.newest()).unwrap();
    let said = job.push(&[]);
    assert!(said.stderr.contains("its tree is missing"), "{said}");
    let places: Vec<u64> = job.nodes().iter().map(|node| node["seq"].as_u64().unwrap()).collect();
    assert_eq!(places, [1, 2, 3], "no place in history is given twice");
    job.same();
}

#[test]
fn a_push_says_that_verify_found_damage_in_head() {
    let job = crate::job::Job::pushed("file a size=9000 seed=1");
    job.emu
        .shell("printf X | dd of=sink/latest/a conv=notrunc status=none; touch -r src/a sink/latest/a")
        .succeeds();
    job.emu.run(&["-S", "src", "verify"]).exits(4);
    let said = job.push(&[]);
    assert!(said.stderr.contains("emu verify --repair"), "{said}");
    job.ok(&["-S", "src", "verify", "--repair"]);
    assert!(!job.push(&[]).succeeds().stderr.contains("--repair"));
    job.ok(&["-S", "src", "verify"]);
}

#[test]
fn a_push_after_a_head_without_a_manifest_links_from_the_one_before() {
    let job = Job::new(TREE);
    job.settle().push(&[]).succeeds();
    job.edit("file new \"new\"").push(&[]).succeeds();
    fs::remove_file(job.manifest(2)).unwrap();
    let said = job.push(&[]).succeeds();
    assert!(
        said.stderr.contains("its manifest is missing; files are linked from another snapshot"),
        "{said}"
    );
    // In history it comes after HEAD all the same.
    assert_eq!(job.nodes()[2]["parent"], job.nodes()[1]["id"]);
    assert!(job.shared("a", 1, 3));
    job.same();
    // The damaged one stays, HEAD no more, and the new one is whole.
    let records = job.emu.run(&["log", "--json", "./sink"]).succeeds().records();
    assert_eq!(
        (&records[0]["head"], &records[1]["damaged"]),
        (&true.into(), &"its manifest is missing".into())
    );
    job.emu.run(&["verify", "./sink:HEAD"]).succeeds();
}
