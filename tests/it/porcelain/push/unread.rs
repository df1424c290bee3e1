//! What cannot be saved is named, counted, and seen in the exit status.

use crate::env::{LoopFs, need_root};
use crate::job::Job;

/// Enough entries that a few unread ones are no reason to mistrust the snapshot.
fn many(more: &str) -> String {
    (0..400).map(|n| format!("file d/{n} \"\"\n")).collect::<String>() + more
}

#[test]
fn unreadable_files_are_named_and_do_not_hinder_the_rest() {
    let job = Job::new(&many("file d/locked 0000 \"x\"\nfile d/shut 0000 \"y\"\nfile x \"x\""));
    let names = ["d/locked", "d/shut"];
    let said = job.push_blind(&[]).exits(3);
    for name in &names {
        assert!(said.stderr.contains(&format!("'{name}'")), "{said}");
        assert!(!job.newest().join(name).exists());
    }
    assert_eq!(job.node()["counts"]["unread"], names.len());
    assert_eq!(job.node()["unread"].as_array().unwrap().len(), names.len());
    assert!(job.newest().join("x").exists());
    job.push_blind(&["--ignore-errors"]).succeeds();
    assert_eq!(job.nodes().len(), 2);
}

#[test]
fn too_much_unread_is_partial_even_if_errors_are_ignored() {
    let job = Job::new("file a \"x\"\nfile p 0000 \"x\"");
    let said = job.push_blind(&["--ignore-errors"]).exits(3);
    assert!(said.stdout.contains("partial"), "{said}");
    assert_eq!(job.node()["partial"], true);
}

#[test]
fn excluded_unreadable_files_are_nobodys_concern() {
    let job = Job::new("file a \"x\"\nfile p 0000 \"x\"");
    std::fs::write(job.src().join(".emu/excludes"), "p\n").unwrap();
    assert_eq!(job.push_blind(&[]).succeeds().stderr, "");
}

#[test]
fn excludes_are_gitignore_patterns() {
    let job = Job::new(
        "file a.o \"\"\nfile keep.o \"\"\nfile d/b.o \"\"\nfile d/cache/x \"\"\nfile cache/x \"\"\nfile t/u \"\"\nfile d/t \"\"\nfile \\xff.o \"\"",
    );
    std::fs::write(job.src().join(".emu/excludes"), "# objects\n*.o\n!keep.o\n/cache/\nt/\n").unwrap();
    job.push(&[]).succeeds();
    let paths: Vec<String> = job.entries().into_keys().collect();
    assert_eq!(paths, ["", "d", "d/cache", "d/cache/x", "d/t", "keep.o"]);
}

#[test]
fn a_bad_pattern_is_reported_and_the_others_apply() {
    let job = Job::new("file a.o \"\"\nfile b \"\"\nfile c.x \"\"");
    std::fs::write(job.src().join(".emu/excludes"), "*.o\n[z-a\n*.x\n").unwrap();
    let said = job.push(&[]);
    assert!(said.stderr.contains(".emu/excludes") && said.stderr.contains("line 2"), "{said}");
    assert_eq!(job.entries().into_keys().collect::<Vec<_>>(), ["", "b"]);
}

#[test]
fn what_becomes_excluded_is_left_out_of_the_next_snapshot() {
    let job = Job::pushed("file a \"\"\nfile b \"\"\nfile c \"\"");
    std::fs::write(job.src().join(".emu/excludes"), "a\n").unwrap();
    job.push(&[]).succeeds();
    assert!(job.tree(1).join("a").exists() && !job.tree(2).join("a").exists());
}

#[test]
fn sinks_inside_the_source_are_skipped() {
    let job = Job::new("file a \"x\"\ndir backups");
    job.ok(&["-S", "src", "sink", "add", "inner", "src/backups/inner"]);
    job.push(&["inner"]).succeeds();
    job.push(&["origin"]).succeeds();
    job.push(&["inner"]).succeeds();
    assert_eq!(job.entries().into_keys().collect::<Vec<_>>(), ["", "a", "backups"]);
    let inner = job.src().join("backups/inner");
    let nodes = crate::job::nodes(&inner);
    assert_eq!(nodes.len(), 2);
    assert_eq!(nodes[1]["manifest"]["entries"], 3);
}

#[test]
fn mounts_are_listed_and_not_entered() {
    if !need_root() {
        return;
    }
    let job = Job::new("file a \"x\"\ndir m");
    let disk = LoopFs::tmpfs(&job.src().join("m"), 1);
    std::fs::write(disk.path("inside"), "x").unwrap();
    let said = job.push(&[]).succeeds();
    assert!(said.stderr.contains("'m'"), "{said}");
    assert_eq!(std::fs::read_dir(job.newest().join("m")).unwrap().count(), 0);
    assert_eq!(job.node()["mounts"][0]["path"], "m");
    assert!(!job.push(&[]).succeeds().stderr.contains("'m'"), "listed once only");
    let other = LoopFs::tmpfs(&job.src().join("other"), 1);
    let said = job.push(&[]).succeeds();
    assert!(said.stderr.contains("are not saved: 'other'\n"), "{said}");
    other.unplug();
    let said = job.push(&[]).succeeds();
    assert!(
        said.stderr.contains("no longer mounted, and saved as directories of the source: 'other'\n"),
        "{said}"
    );
    assert!(!said.stderr.contains("none"), "{said}");
    job.config("[push]\none-file-system = false\n").push(&[]).succeeds();
    assert!(job.newest().join("m/inside").exists());
    disk.unplug();
    let said = job.push(&[]).exits(3);
    assert!(said.stderr.contains("'m'"), "{said}");
}
