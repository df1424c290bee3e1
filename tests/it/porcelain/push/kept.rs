//! Directories of which no record changed, in sinks that keep everything: linked from the records
//! of the index, unless something about an inode is not as it should be.

use std::fs;
use std::path::Path;

use crate::env::need_root;
use crate::job::{Job, ino, nodes, tree_of};
use crate::tree::{assert_same, build};

const TREE: &str = "file d/a \"alpha\" mtime=1700000000\nfile d/b \"beta\" mtime=1700000000\n\
                    file d/e/x \"x\" mtime=1700000000\nsymlink d/l -> a";

/// Inodes of a path in all snapshots of a sink, the oldest first.
fn inodes(sink: &Path, path: &str) -> Vec<u64> {
    nodes(sink).iter().map(|node| ino(&tree_of(sink, node).join(path))).collect()
}

#[test]
fn damage_in_one_of_two_sinks_is_made_good_there_alone() {
    let job = Job::new(TREE);
    job.ok(&["-S", "src", "sink", "add", "late", "./late"]);
    job.settle().push(&[]).succeeds();
    let late = job.emu.path("late");
    build(&tree_of(&late, &nodes(&late)[0]), "file d/a \"ALPHA\" mtime=1700000001");
    let said = job.push(&[]).exits(3);
    assert!(said.stderr.contains("'d/a'"), "{said}");
    let sink = job.sink();
    for path in ["d/a", "d/b", "d/e/x", "d/l"] {
        let (one, two) = (inodes(&sink, path), inodes(&late, path));
        assert_eq!(one[0], one[1], "{path}");
        assert_eq!(two[0] == two[1], path != "d/a", "{path}");
    }
    for sink in [&sink, &late] {
        assert_same(&job.src(), &tree_of(sink, &nodes(sink)[1]));
    }
    assert_eq!(nodes(&late)[1]["counts"]["linked"], 3);
    job.push(&[]).succeeds();
    job.ok(&["verify", "./sink"]);
    job.ok(&["verify", "./late:HEAD"]);
}

#[test]
fn a_directory_that_cannot_have_its_owner_any_more_says_so() {
    if !need_root() {
        return;
    }
    let job = Job::new(&format!("{TREE}\nattr d uid=1234 gid=1234\nattr d/e uid=1234 gid=1234"));
    job.settle().push(&[]).succeeds();
    job.push(&["--no-owner"]).succeeds();
    for path in ["d/a", "d/e/x"] {
        assert!(job.shared(path, 1, 2), "{path}");
    }
    let entries = job.entries();
    assert_eq!(entries["d"]["held"]["uid"], 0, "{}", entries["d"]);
    assert_eq!(entries["d/e"]["held"]["uid"], 0);
    assert!(entries["d/a"].get("held").is_none());
    job.ok(&["verify", "./sink"]);
    // And has it again once that is wanted.
    job.push(&[]).succeeds();
    assert!(job.entries()["d/e"].get("held").is_none());
    job.same();
    job.ok(&["verify", "./sink"]);
}

#[test]
fn an_inode_with_as_many_names_as_it_can_have_is_copied() {
    let job = Job::new(TREE);
    let record = job.sink().join(".emu/sink");
    let mut info: serde_json::Value = serde_json::from_str(&fs::read_to_string(&record).unwrap()).unwrap();
    info["abilities"]["max_links"] = 2.into();
    fs::write(&record, info.to_string()).unwrap();
    job.settle().push(&[]).succeeds();
    for _ in 0..3 {
        job.push(&[]).succeeds();
    }
    let all = inodes(&job.sink(), "d/a");
    assert!(all[0] == all[1] && all[1] != all[2] && all[2] == all[3], "{all:?}");
    job.same();
    job.ok(&["verify", "./sink"]);
}

#[test]
fn a_name_that_is_gone_from_the_parent_is_saved_again() {
    let job = Job::new(TREE);
    job.settle().push(&[]).succeeds();
    fs::remove_file(job.tree(1).join("d/b")).unwrap();
    fs::remove_dir_all(job.tree(1).join("d/e")).unwrap();
    job.push(&[]).exits(3);
    job.same();
    assert!(job.shared("d/a", 1, 2));
    assert_eq!(job.node()["counts"]["damaged"], 2);
    job.ok(&["verify", "./sink:HEAD"]);
}
