//! Where good copies come from, and that none is believed.

use std::path::PathBuf;

use super::super::saved;
use crate::env::Emu;
use crate::job::Job;
use crate::tree::build;

/// A source with a file of 5,000 bytes, and two sinks of it.
fn two_sinks() -> Job {
    let job = Job::new("file f 0644 size=5000 seed=1 mtime=5");
    job.ok(&["-S", "src", "sink", "add", "other", "./other"]);
    job.push(&[]).succeeds();
    job
}

fn file(job: &Job, sink: &str) -> PathBuf {
    job.emu.path(sink).join("latest/f").canonicalize().unwrap()
}

/// Damages the bytes and keeps the stamps.
fn spoil(path: &std::path::Path) {
    let time = path.metadata().unwrap().modified().unwrap();
    let mut bytes = std::fs::read(path).unwrap();
    bytes[7] ^= 1;
    std::fs::write(path, bytes).unwrap();
    std::fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}

#[test]
fn another_sink_has_the_bytes() {
    let job = two_sinks();
    let good = std::fs::read(file(&job, "sink")).unwrap();
    spoil(&file(&job, "sink"));
    job.edit("file f 0644 \"edited\"");
    let said = job.ok(&["-S", "src", "verify", "--repair", "origin"]);
    assert!(said.contains("; repaired from '") && said.contains("/other/.emu/trees/"), "{said}");
    assert!(std::fs::read(file(&job, "sink")).unwrap() == good);
    job.ok(&["-S", "src", "verify"]);
}

#[test]
fn a_good_copy_that_is_bad_itself_is_passed_over() {
    let job = two_sinks();
    spoil(&file(&job, "sink"));
    spoil(&file(&job, "other"));
    let said = job.ok(&["-S", "src", "verify", "--repair", "origin"]);
    assert!(said.contains(&format!("; repaired from '{}'", job.src().join("f").display())), "{said}");
    // The same size and times, and other bytes: then there is none.
    spoil(&job.src().join("f"));
    spoil(&file(&job, "sink"));
    let bad = std::fs::read(file(&job, "sink")).unwrap();
    let said = job.emu.run(&["-S", "src", "verify", "--repair", "origin"]).exits(3).stdout;
    assert!(said.contains("not repaired: there is no good copy"), "{said}");
    assert!(std::fs::read(file(&job, "sink")).unwrap() == bad);
}

#[test]
fn another_path_of_another_snapshot_has_the_bytes_and_no_source_is_needed() {
    let emu = Emu::new();
    emu.tree("src", "file old/f 0600 size=5000 seed=1 mtime=5");
    emu.ok(&["push", "-S", "src", "--to", "./sink"]);
    // Another mode: an inode of its own.
    emu.shell("mv src/old src/new && chmod 0644 src/new/f").succeeds();
    emu.ok(&["push", "-S", "src", "--to", "./sink"]);
    std::fs::remove_dir_all(emu.path("src")).unwrap();
    let latest = emu.path("sink/latest").canonicalize().unwrap();
    spoil(&latest.join("new/f"));
    let said = emu.ok(&["verify", "--repair", "./sink"]);
    assert!(said.contains("/old/f'\n"), "{said}");
    emu.ok(&["verify", "./sink"]);
}

#[test]
fn the_bytes_of_a_file_with_wrong_attributes_are_its_own() {
    let saved = saved();
    std::fs::remove_dir_all(saved.emu.path("src")).unwrap();
    build(&saved.tree(), "attr a/big 0600 mtime=3");
    let said = saved.emu.ok(&["verify", "--repair", "./sink"]);
    assert!(said.contains("; repaired from '") && said.contains("/a/big'\n"), "{said}");
    saved.finds(&[]);
}

#[test]
fn many_names_in_many_snapshots_get_one_inode_each() {
    let saved = saved();
    for _ in 0..3 {
        saved.emu.ok(&["push", "-S", "src", "--to", "./sink"]);
    }
    saved.flip(&saved.tree().join("new"), 0);
    saved.flip(&saved.tree().join("a/x"), 0);
    saved.emu.ok(&["-S", "src", "verify", "--repair", "./sink"]);
    let said = saved.emu.ok(&["verify", "--json", "./sink"]);
    let bytes: u64 = 300_000 + "new".len() as u64 + "text".len() as u64;
    assert!(said.contains(&format!("\"bytes\":{bytes}")), "{said}");
}
