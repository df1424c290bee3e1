//! Sources that a push must not trust: empty, shrunk, elsewhere.

use crate::job::{Job, listing};

/// So many files of ten bytes.
fn files(count: usize) -> String {
    (0..count).map(|n| format!("file f{n} \"0123456789\"\n")).collect()
}

#[test]
fn an_empty_source_is_not_saved_unless_allowed() {
    let job = Job::pushed(&files(3));
    job.edit("remove f0\nremove f1\nremove f2");
    let before = listing(&job.sink());
    let said = job.push(&[]).exits(10);
    assert!(said.stderr.contains("--allow-empty"), "{said}");
    assert_eq!(listing(&job.sink()), before);
    job.push(&["--allow-empty"]).exits(3);
    job.same();
    assert_eq!(job.nodes().len(), 2);
}

#[test]
fn a_shrunk_source_expires_nothing_until_that_is_allowed() {
    let job = Job::new(&files(20));
    job.config("[rotate]\nkeep-last = 2\n").push(&[]).succeeds();
    job.push(&[]).succeeds();
    let gone: String = (4..20).map(|n| format!("remove f{n}\n")).collect();
    job.edit(&gone);
    for pushes in 3..6 {
        let said = job.push(&[]).exits(3);
        assert!(said.stdout.contains("shrunk") && said.stderr.contains("--allow-shrunk"), "{said}");
        assert_eq!(job.nodes().len(), pushes);
        assert_eq!(job.node()["shrunk"], true);
    }
    job.push(&["--allow-shrunk"]).succeeds();
    assert!(job.node().get("shrunk").is_none());
    // Two complete ones as the policy says, and the newest shrunk one, which displaces neither.
    let left: Vec<u64> = job.nodes().iter().map(|node| node["seq"].as_u64().unwrap()).collect();
    assert_eq!(left, [2, 5, 6]);
}

#[test]
fn fewer_than_half_of_the_bytes_is_shrunk() {
    let job = Job::pushed("file a size=2000\nfile b size=1000\nfile c size=1");
    job.edit("file a \"\"").push(&[]).exits(3);
    assert_eq!(job.node()["shrunk"], true);
}

#[test]
fn exactly_half_is_not_shrunk_and_one_less_is() {
    // The root counts as an entry: five, then three; five, then two.
    let job = Job::pushed("file a \"\"\nfile b \"\"\nfile c \"\"\nfile d \"\"");
    job.edit("remove a\nremove b").push(&[]).succeeds();
    let job = Job::pushed("file a \"\"\nfile b \"\"\nfile c \"\"\nfile d \"\"");
    job.edit("remove a\nremove b\nremove c").push(&[]).exits(3);
}

#[test]
fn a_partial_snapshot_expires_nothing() {
    let job = Job::new(&files(5));
    job.config("[rotate]\nkeep-last = 1\n").push(&[]).succeeds();
    job.edit("file p 0000 \"x\"");
    job.push_blind(&[]).exits(3);
    job.push_blind(&[]).exits(3);
    assert_eq!(job.nodes().len(), 3);
    assert_eq!(job.node()["partial"], true);
    job.edit("remove p").push(&[]).succeeds();
    assert_eq!(job.nodes().len(), 1);
}

#[test]
fn a_source_on_another_disk_is_refused() {
    if !crate::env::need_loop("ext4") {
        return;
    }
    let emu = crate::env::Emu::new();
    let make = |name: &str| {
        let disk = crate::env::LoopFs::new(&emu.path(name), "ext4", 16);
        std::fs::create_dir(disk.path("src")).unwrap();
        std::fs::write(disk.path("src/a"), "x").unwrap();
        disk
    };
    let (one, other) = (make("one"), make("other"));
    emu.ok(&["push", "-S", "one/src", "--to", "./sink"]);
    emu.shell("cp -a one/src/.emu other/src/.emu").succeeds();
    let said = emu.run(&["push", "-S", "other/src"]).exits(10);
    assert!(said.stderr.contains("--allow-moved"), "{said}");
    emu.ok(&["push", "-S", "other/src", "--allow-moved"]);
    drop((one, other));
}
