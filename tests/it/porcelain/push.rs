//! `emu push`: what is linked and what is made anew, and what a push says when something is wrong.

mod altered;
mod avoided;
mod churn;
mod damage;
mod excluded;
mod expiry;
mod found;
mod hooks;
mod kept;
mod limits;
mod links;
mod lock;
mod moment;
mod moved;
mod output;
mod parked;
mod reflink;
mod refusals;
mod renewed;
mod resume;
mod sinks;
mod spare;
mod special;
mod unread;

use std::fs;

use crate::job::{Job, ino};

const TREE: &str = r#"
    dir . 0755 mtime=1700000000
    dir a 0750 mtime=1700000001
    file a/big 0644 size=300000 seed=7 mtime=1700000002
    file a/x 0640 "text" mtime=1700000003
    link b/y = a/x
    dir b 0755 mtime=1700000004
    dir empty 0700 mtime=1700000005
    symlink s -> a/x mtime=1700000006
    file z 0600 "" mtime=1700000007
"#;

#[test]
fn unchanged_entries_share_their_inodes() {
    let job = Job::pushed(TREE);
    job.settle().push(&[]).succeeds();
    job.push(&[]).succeeds();
    for (one, other) in [(1, 2), (2, 3)] {
        for path in ["a/big", "a/x", "b/y", "s", "z"] {
            assert!(job.shared(path, one, other), "{path} in {one} and {other}");
        }
    }
    assert!(!job.shared("a", 1, 2));
    job.same();
    assert_eq!(job.node()["counts"]["copied"], 0);
    assert_eq!(job.node()["counts"]["bytes"], 0);
}

#[test]
fn changed_content_leaves_the_old_snapshot_alone() {
    let job = Job::pushed(TREE);
    let before = crate::tree::print(&job.tree(1));
    job.edit("file a/big 0644 size=200000 seed=5\nremove z\nfile new \"new\"").push(&[]).succeeds();
    job.same();
    assert_eq!(crate::tree::print(&job.tree(1)), before);
    assert!(!job.shared("a/big", 1, 2) && job.shared("s", 1, 2));
}

#[test]
fn same_size_and_restored_mtime_is_noticed_by_ctime() {
    let job = Job::new(TREE);
    job.settle().push(&[]).succeeds();
    assert!(job.entries()["a/big"].get("racy").is_none());
    job.edit("file a/big 0644 size=300000 seed=8 mtime=1700000002").push(&[]).succeeds();
    job.same();
    assert!(!job.shared("a/big", 1, 2));
}

#[test]
fn a_change_right_after_a_push_is_noticed() {
    let job = Job::new("file a \"1\" mtime=1700000000");
    for round in 1..6 {
        let content = round % 10;
        job.edit(&format!("file a \"{content}\" mtime=1700000000")).push(&[]).succeeds();
        assert_eq!(fs::read_to_string(job.newest().join("a")).unwrap(), content.to_string());
    }
    assert_eq!(job.entries()["a"]["racy"], true);
}

#[test]
fn same_bytes_written_again_are_read_and_linked() {
    let job = Job::new(TREE);
    job.settle().push(&[]).succeeds();
    job.edit("remove a/big\nfile a/big 0644 size=300000 seed=7 mtime=1700000002").push(&[]).succeeds();
    job.same();
    assert!(job.shared("a/big", 1, 2));
}

/// The inode in the second snapshot is new, and the first snapshot is as it was.
fn anew(path: &str, change: &str) {
    let job = Job::pushed(TREE);
    let before = crate::tree::print_with(&job.tree(1), crate::tree::Show { mtimes: true, emu: false });
    job.edit(change).push(&[]).succeeds();
    job.same();
    assert!(!job.shared(path, 1, 2), "{change}");
    let after = crate::tree::print_with(&job.tree(1), crate::tree::Show { mtimes: true, emu: false });
    assert_eq!(after, before, "{change}");
}

#[test]
fn changed_attributes_are_copied_to_a_new_inode() {
    anew("a/big", "attr a/big 0400");
    anew("a/big", "attr a/big mtime=1600000000.25");
    anew("a/big", "attr a/big xattr user.new=value");
    anew("a/x", "attr b/y 4755");
}

#[test]
fn a_changed_owner_is_a_new_inode() {
    if crate::env::need_root() {
        anew("a/big", "attr a/big uid=7");
        anew("a/big", "attr a/big gid=8");
        anew("s", "symlink s -> a/x uid=9 mtime=1700000006");
    }
}

#[test]
fn shared_metadata_changes_keep_the_inode_and_are_declared() {
    let job = Job::pushed(TREE);
    job.config("[push]\nmetadata-change = \"share\"\n");
    job.edit("attr a/big 0400 xattr user.new=value").push(&[]).succeeds();
    assert!(job.shared("a/big", 1, 2));
    let entry = &job.entries()["a/big"];
    assert_eq!(entry["mode"], "0400");
    assert_eq!(entry["held"]["mode"], "0644");
    assert_eq!(entry["held"]["xattrs"][0], "user.new");
    job.edit("attr a/x mtime=1600000000").push(&[]).succeeds();
    assert!(job.shared("a/x", 1, 3) && job.shared("a/big", 1, 3));
    assert_eq!(job.entries()["a/x"]["held"]["mtime"], "1700000003.000000000");
    assert_eq!(job.ok(&["verify", "-q", "./sink"]), "");
    job.config("").push(&[]).succeeds();
    job.push(&[]).succeeds();
    assert_eq!(job.ok(&["verify", "-q", "./sink"]), "");
}

#[test]
fn a_directory_that_became_a_file_and_back_is_saved() {
    let job = Job::pushed(TREE);
    job.edit("remove a\nfile a size=300000 seed=1\nremove s\ndir s\nremove z\nsymlink z -> s")
        .push(&[])
        .succeeds();
    job.same();
    job.edit("remove a\ndir a\nfile a/x size=300000 seed=2\nremove s\nfile s \"\"").push(&[]).succeeds();
    job.same();
}

#[test]
fn a_renamed_directory_is_saved_whole() {
    let job = Job::pushed(TREE);
    job.edit("move a -> c/d\nattr . mtime=5").push(&[]).succeeds();
    job.same();
    assert_eq!(ino(&job.tree(2).join("c/d/x")), ino(&job.tree(2).join("b/y")));
}
