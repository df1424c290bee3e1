//! Any damage to any paths of any snapshots is repaired to the very trees that were saved.

use std::path::{Path, PathBuf};

use super::printed;
use crate::env::Emu;
use crate::tree::build;

/// Numbers that are the same in each run (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }
}

const SOURCE: &str = r#"
    dir d 0755 mtime=10
    file d/a 0644 size=3000 seed=1 mtime=1
    file d/b 0600 "b" mtime=2
    link d/c = d/b
    dir d/deep 0750 xattr user.k=v mtime=11
    file d/deep/x 0444 size=2000 seed=2 mtime=3 xattr user.k=v
    link e/x = d/deep/x
    file e/same 0644 size=3000 seed=1 mtime=4
    symlink e/l -> d/a mtime=5
    file e/empty 0644 "" mtime=6
    fifo e/p 0640
"#;

const EDITS: [&str; 3] = [
    "file d/b 0600 \"other\" mtime=20",
    "attr e/same 0600\nfile new 0644 \"new\" mtime=21",
    "remove d/a\nfile e/y 0644 size=3000 seed=1 mtime=1",
];

/// All that is below a tree and is no directory.
fn names(tree: &Path) -> Vec<PathBuf> {
    let all = walkdir::WalkDir::new(tree).sort_by_file_name().into_iter().map(|entry| entry.unwrap());
    all.filter(|entry| !entry.file_type().is_dir()).map(|entry| entry.into_path()).collect()
}

/// Damages one path of a tree in one way.
fn spoil(tree: &Path, numbers: &mut Numbers) {
    let names = names(tree);
    if names.is_empty() {
        return;
    }
    let path = &names[numbers.below(names.len())];
    let name = path.strip_prefix(tree).unwrap().to_str().unwrap();
    let is_file = path.symlink_metadata().unwrap().is_file();
    match numbers.below(7) {
        0 if is_file => std::fs::write(path, "overwritten").unwrap(),
        1 if is_file => build(tree, &format!("attr {name} 0611 mtime=77")),
        2 if is_file => build(tree, &format!("attr {name} 0644 xattr user.bad=1")),
        // An inode of its own with the same bytes.
        3 if is_file => {
            let bytes = std::fs::read(path).unwrap();
            std::fs::remove_file(path).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        4 => {
            let whole = path.parent().unwrap();
            if whole != tree {
                std::fs::remove_dir_all(whole).unwrap();
            }
        }
        5 => {
            std::fs::remove_file(path).unwrap();
            let other = &names[numbers.below(names.len())];
            if other != path {
                std::fs::hard_link(other, path).unwrap();
            }
        }
        _ => std::fs::remove_file(path).unwrap(),
    }
}

#[test]
fn any_damage_is_repaired_to_the_trees_that_were_saved() {
    let emu = Emu::new();
    emu.tree("src", SOURCE);
    // The other sink is never damaged.
    let push = || {
        for sink in ["./sink", "./other"] {
            emu.run(&["push", "-S", "src", "--to", sink]);
        }
    };
    push();
    for edit in EDITS {
        emu.tree("src", edit);
        push();
    }
    let mut trees: Vec<PathBuf> =
        std::fs::read_dir(emu.path("sink/.emu/trees")).unwrap().map(|tree| tree.unwrap().path()).collect();
    trees.sort();
    assert_eq!(trees.len(), 4);
    let before: Vec<String> = trees.iter().map(|tree| printed(tree)).collect();
    let mut numbers = Numbers(0x2545_f491_4f6c_dd1d);
    for round in 0..25 {
        for _ in 0..=numbers.below(6) {
            spoil(&trees[numbers.below(trees.len())], &mut numbers);
        }
        let said = emu.run(&["-S", "src", "verify", "--repair", "./sink"]).succeeds();
        let after: Vec<String> = trees.iter().map(|tree| printed(tree)).collect();
        assert_eq!(after, before, "round {round}: {said}");
        emu.run(&["verify", "./sink"]).succeeds();
    }
}
