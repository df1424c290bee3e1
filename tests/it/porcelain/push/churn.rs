//! Mass changes: most files of the last complete snapshot are removed or changed.

use std::fs;

use crate::job::Job;

const KEEP_ONE: &str = "[rotate]\nkeep-last = 1\n";

/// So many files whose content follows from their number.
fn documents(count: usize) -> String {
    (0..count).map(|n| format!("file docs/d{}/f{n}.txt \"document {n}\"\n", n % 7)).collect()
}

/// Replaces so many of the documents by other content under a name with a suffix.
fn encrypt(job: &Job, count: usize, suffix: &str) {
    for n in 0..count {
        let path = job.src().join(format!("docs/d{}/f{n}.txt", n % 7));
        fs::remove_file(&path).unwrap();
        fs::write(format!("{}{suffix}", path.display()), format!("random {n} {n}")).unwrap();
    }
}

fn saved(count: usize) -> Job {
    let job = Job::new(&documents(count));
    job.config(KEEP_ONE).push(&[]).succeeds();
    job
}

/// Pushes three times, each of which must remove nothing and name the mass change.
fn held_back(job: &Job, words: &str) {
    let before = job.nodes().len();
    for pushes in 1..4 {
        let said = job.push(&["-q", "--ignore-errors"]).exits(3);
        assert!(said.stderr.contains(words) && said.stderr.contains("--allow-churn"), "{said}");
        assert_eq!(job.nodes().len(), before + pushes);
        assert_eq!(job.node()["churned"], true);
    }
}

#[test]
fn encrypted_files_do_not_push_the_good_snapshot_out() {
    let job = saved(200);
    encrypt(&job, 200, ".locked");
    held_back(&job, "200 of the 200 files of the last complete snapshot");
    assert_eq!(job.node()["churn"]["suffix"], ".locked");
    assert!(job.tree(1).join("docs/d0/f0.txt").exists());
    // Allowed once, the good snapshot stays for a week all the same.
    job.push(&["--allow-churn"]).succeeds();
    assert!(job.node().get("churned").is_none());
    assert_eq!(job.node()["churn"]["lost_files"], 200);
    assert_eq!(job.nodes()[0]["seq"], 1);
    job.push(&[]).succeeds();
    assert_eq!(job.nodes()[0]["seq"], 1);
    job.emu.at("2026-12-02T18:00:00Z");
    job.push(&[]).succeeds();
    job.push(&[]).succeeds();
    assert_eq!(job.nodes().len(), 1);
}

#[test]
fn files_changed_in_place_are_a_mass_change() {
    let job = saved(100);
    let text: String = (0..60).map(|n| format!("file docs/d{}/f{n}.txt \"other {n}\"\n", n % 7)).collect();
    job.edit(&text);
    held_back(&job, "60 of the 100 files");
}

#[test]
fn many_new_files_do_not_hide_what_was_removed() {
    let job = saved(100);
    for n in 0..78 {
        fs::remove_file(job.src().join(format!("docs/d{}/f{n}.txt", n % 7))).unwrap();
    }
    let new: String = (0..900).map(|n| format!("file new/f{n} \"something new {n}\"\n")).collect();
    job.edit(&new);
    held_back(&job, "78 of the 100 files");
}

#[test]
fn a_new_suffix_on_a_tenth_of_the_files_is_a_mass_change() {
    let job = saved(300);
    encrypt(&job, 40, ".crypt");
    held_back(&job, "most of them replaced by names in '.crypt'");
}

#[test]
fn an_import_a_move_and_an_upgrade_are_no_mass_change() {
    let job = saved(100);
    let import: String = (0..900).map(|n| format!("file import/f{n} \"imported {n}\"\n")).collect();
    job.edit(&import).push(&[]).succeeds();
    fs::rename(job.src().join("docs"), job.src().join("moved")).unwrap();
    job.push(&[]).succeeds();
    let upgrade: String = (0..480).map(|n| format!("file import/f{n} \"version 2 {n}\"\n")).collect();
    job.edit(&upgrade).push(&[]).succeeds();
    assert!(job.node().get("churn").is_none());
    assert_eq!(job.nodes().len(), 1);
}

#[test]
fn a_few_large_files_that_change_are_no_mass_change() {
    let job = Job::new("file dump size=100000 seed=1\nfile a \"a\"\nfile b \"b\"");
    job.config(KEEP_ONE).push(&[]).succeeds();
    for seed in 2..5 {
        job.edit(&format!("file dump size=100000 seed={seed}")).push(&[]).succeeds();
    }
    assert_eq!(job.nodes().len(), 1);
}

#[test]
fn the_limit_of_a_mass_change_can_be_set() {
    let job = saved(100);
    job.config(&format!("[push]\nchurn-limit = 70\n{KEEP_ONE}"));
    let change = |count: usize, word: &str| -> String {
        (0..count).map(|n| format!("file docs/d{}/f{n}.txt \"{word} {n}\"\n", n % 7)).collect()
    };
    job.edit(&change(60, "second")).push(&[]).succeeds();
    job.edit(&change(80, "third"));
    held_back(&job, "80 of the 100 files");
}
