//! Several snapshots that share the pieces of their manifests and their inodes: what is known of
//! one is no excuse for another.

use std::path::PathBuf;

use super::Saved;
use crate::env::Emu;
use crate::tree::build;

const SOURCE: &str = r#"
    dir . 0755 mtime=1700000000
    dir d 0755 mtime=1700000001
    file d/a 0644 "same" mtime=1700000002
    file d/b 0644 "same" mtime=1700000002
    symlink d/l -> a mtime=1700000003
    dir e 0755 mtime=1700000004
    file e/x 0640 "text" mtime=1700000005
    file e/y 0640 "gone" mtime=1700000005
"#;

/// Three snapshots of one unchanged source, the newest first.
fn three() -> Saved {
    let emu = Emu::new();
    emu.tree("src", SOURCE);
    emu.ok(&["init", "src"]);
    emu.tree("src", "attr . mtime=1700000000");
    for _ in 0..3 {
        emu.ok(&["push", "-S", "src", "--to", "./sink"]);
    }
    let nodes = std::fs::read_dir(emu.path("sink/.emu/nodes")).unwrap();
    let mut ids: Vec<String> = nodes.map(|node| node.unwrap().file_name().into_string().unwrap()).collect();
    ids.sort();
    ids.reverse();
    assert_eq!(ids.len(), 3);
    Saved { emu, ids }
}

impl Saved {
    fn tree_of(&self, number: usize) -> PathBuf {
        self.inside("trees").join(&self.ids[number - 1])
    }

    /// Changes the tree of one snapshot, and puts the times of its directories back.
    fn change(&self, number: usize, change: &str) {
        build(&self.tree_of(number), change);
        let times = "attr d mtime=1700000001\nattr e mtime=1700000004\nattr . mtime=1700000000";
        build(&self.tree_of(number), times);
    }
}

#[test]
fn a_name_that_is_gone_is_missed_in_the_one_snapshot_that_lost_it() {
    for number in 1..=3 {
        let saved = three();
        saved.change(number, "remove d/b");
        saved.finds(&[&format!("{number} missing d/b file>nothing")]);
    }
}

#[test]
fn a_name_too_many_is_found_in_the_one_snapshot_that_has_it() {
    for number in 1..=3 {
        let saved = three();
        saved.change(number, "file d/aa \"\"\nsymlink d/z -> a");
        saved.finds(&[
            &format!("{number} extra d/aa nothing>file"),
            &format!("{number} extra d/z nothing>symlink"),
        ]);
    }
}

#[test]
fn a_name_that_got_another_inode_is_looked_at_anew_in_its_snapshot_alone() {
    for number in 1..=3 {
        let saved = three();
        saved.change(number, "remove e/x\nfile e/x 0640 \"teXt\" mtime=1700000005");
        saved.change(number, "remove d/l\nsymlink d/l -> b mtime=1700000003");
        saved.change(number, "remove e/y\nfile e/y 0600 \"gone\" mtime=1700000005");
        let found = saved.findings(&[]);
        let starts: Vec<String> =
            found.iter().map(|line| line.splitn(4, ' ').take(3).collect::<Vec<_>>().join(" ")).collect();
        let expected = ["target d/l", "content e/x", "mode e/y"].map(|finding| format!("{number} {finding}"));
        assert_eq!(starts, expected, "{found:?}");
        assert!(found.iter().all(|line| !line.contains('+')), "{found:?}");
    }
}

#[test]
fn another_inode_that_is_just_as_good_is_no_finding() {
    let saved = three();
    saved.change(2, "remove e/x\nfile e/x 0640 \"text\" mtime=1700000005");
    saved.finds(&[]);
}

#[test]
fn two_names_on_one_inode_are_found_in_the_one_snapshot_that_has_them() {
    for (number, (name, first)) in [1, 2, 3].into_iter().flat_map(|n| [(n, ("b", "a")), (n, ("a", "b"))]) {
        let saved = three();
        saved.change(number, &format!("remove d/{name}\nlink d/{name} = d/{first}"));
        saved.finds(&[&format!("{number} links d/b an inode of its own>the inode of another path")]);
        assert_eq!(saved.findings(&["--quick"]).len(), 1);
    }
}

#[test]
fn damage_of_an_inode_is_named_for_each_snapshot() {
    let saved = three();
    saved.change(2, "attr e/x 0644\nattr d/a mtime=9");
    let time = "1700000002.000000000>9.000000000";
    let line = |of: usize, what: &str| {
        let others: String = (1..=3).filter(|n| *n != of).map(|n| format!(" +{n}")).collect();
        format!("{of} {what}{others}")
    };
    let expected: Vec<String> = (1..=3)
        .flat_map(|of| [line(of, &format!("mtime d/a {time}")), line(of, "mode e/x 0640>0644")])
        .collect();
    assert_eq!(saved.findings(&[]), expected);
    assert_eq!(saved.findings(&["--quick"]), expected);
}

#[test]
fn an_unchanged_snapshot_is_listed_and_its_files_are_not_looked_at_again() {
    if !crate::env::need_tool("strace") {
        return;
    }
    let saved = three();
    let trace = saved.emu.path("trace");
    let args = ["-f", "-e", "trace=statx", "-o", trace.to_str().unwrap(), "emu", "verify", "./sink"];
    saved.emu.program("strace", &args).succeeds();
    let calls = std::fs::read_to_string(&trace).unwrap();
    for name in ["\"a\"", "\"l\"", "\"x\""] {
        assert_eq!(calls.matches(name).count(), 1, "{name}: {calls}");
    }
    // Directories are each snapshot's own.
    assert_eq!(calls.matches("\"d\"").count(), 3, "{calls}");
}
