//! Hard links of the source, and no others, within a snapshot.

use crate::job::{Job, ino};

const GROUP: &str = r#"
    dir . 0755 mtime=1700000000
    file a "same" mtime=1700000001
    link b = a
    link d/c = a
    file other "same" mtime=1700000001
"#;

fn groups(job: &Job, paths: &[&str]) -> Vec<usize> {
    let inodes: Vec<u64> = paths.iter().map(|path| ino(&job.newest().join(path))).collect();
    inodes.iter().map(|inode| inodes.iter().position(|other| other == inode).unwrap()).collect()
}

#[test]
fn a_group_is_one_inode_in_the_snapshot_and_equal_files_are_not() {
    let job = Job::pushed(GROUP);
    assert_eq!(groups(&job, &["a", "b", "d/c", "other"]), [0, 0, 0, 3]);
    job.settle().push(&[]).succeeds();
    job.same();
    assert!(job.shared("a", 1, 2) && job.shared("d/c", 1, 2) && job.shared("other", 1, 2));
    assert_eq!(job.entries()["d/c"]["links"], "a");
}

#[test]
fn a_file_that_leaves_a_group_gets_an_inode_of_its_own() {
    let job = Job::pushed(GROUP);
    job.edit("remove b\nfile b \"same\" mtime=1700000001\nattr . mtime=1700000000").push(&[]).succeeds();
    job.same();
    assert_eq!(groups(&job, &["a", "b", "d/c", "other"]), [0, 1, 0, 3]);
    assert_eq!(groups(&job, &["a", "b"]), [0, 1]);
}

#[test]
fn the_first_name_that_leaves_does_not_take_the_others_along() {
    let job = Job::new(GROUP);
    job.settle().push(&[]).succeeds();
    job.edit("remove a\nfile a \"same\" mtime=1700000001\nattr . mtime=1700000000").push(&[]).succeeds();
    job.same();
    assert_eq!(groups(&job, &["a", "b", "d/c"]), [0, 1, 1]);
}

#[test]
fn a_broken_group_does_not_stay_shared() {
    let job = Job::pushed(GROUP);
    job.edit("remove b\nremove d/c\nfile b \"same\" mtime=1700000001\nfile d/c \"same\" mtime=1700000001");
    job.push(&[]).succeeds();
    job.same();
    assert_eq!(groups(&job, &["a", "b", "d/c", "other"]), [0, 1, 2, 3]);
    job.push(&[]).succeeds();
    job.same();
}

#[test]
fn files_that_were_newly_linked_become_one_inode() {
    let job = Job::pushed(GROUP);
    job.edit("link other = a").push(&[]).succeeds();
    job.same();
    assert_eq!(groups(&job, &["a", "b", "d/c", "other"]), [0, 0, 0, 0]);
}

#[test]
fn two_groups_that_exchange_members_are_as_in_the_source() {
    let job = Job::new("file a \"1\" mtime=1\nlink b = a\nfile c \"1\" mtime=1\nlink d = c");
    job.settle().push(&[]).succeeds();
    job.edit("move b -> t\nmove d -> b\nmove t -> d").push(&[]).succeeds();
    job.same();
    assert_eq!(groups(&job, &["a", "b", "c", "d"]), [0, 1, 1, 0]);
}

#[test]
fn a_group_with_names_outside_the_source_is_a_plain_file() {
    let job = Job::new("file a \"1\"");
    std::fs::hard_link(job.emu.path("src/a"), job.emu.path("outside")).unwrap();
    job.push(&[]).succeeds();
    job.same();
    job.settle().push(&[]).succeeds();
    assert!(job.shared("a", 1, 2));
    assert!(job.entries()["a"].get("links").is_none());
}

#[test]
fn names_of_one_symbolic_link_stay_one_inode() {
    let job = Job::new("symlink a -> target");
    std::fs::hard_link(job.emu.path("src/a"), job.emu.path("src/b")).unwrap();
    job.push(&[]).succeeds();
    job.same();
}

#[test]
fn a_changed_group_is_copied_once() {
    let job = Job::pushed(GROUP);
    job.edit("file b \"more\"").push(&[]).succeeds();
    job.same();
    assert_eq!(job.node()["counts"]["copied"], 1);
}

#[test]
fn an_excluded_first_name_leaves_the_others_together() {
    let job = Job::pushed(GROUP);
    std::fs::write(job.src().join(".emu/excludes"), "/a\n").unwrap();
    job.push(&[]).succeeds();
    assert!(!job.newest().join("a").exists());
    assert_eq!(groups(&job, &["b", "d/c", "other"]), [0, 0, 2]);
    job.push(&[]).succeeds();
    assert_eq!(groups(&job, &["b", "d/c", "other"]), [0, 0, 2]);
    assert_eq!(job.ok(&["verify", "-q", "./sink"]), "");
}
