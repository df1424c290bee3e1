//! `emu verify --repair`: what is damaged becomes what was saved, from whatever good copy there
//! is, and nothing else changes.

mod copies;
mod cut;
mod left;
mod manifests;
mod random;
mod records;

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Saved, saved};
use crate::env::{Emu, Output};
use crate::job::ino;
use crate::tree::{Show, build, print_with};

/// A snapshot's tree with times and hard links.
fn printed(tree: &Path) -> String {
    print_with(tree, Show { mtimes: true, emu: false })
}

impl Saved {
    /// The trees of both snapshots, the newest first.
    fn trees(&self) -> Vec<PathBuf> {
        self.ids.iter().map(|id| self.inside("trees").join(id)).collect()
    }

    fn printed(&self) -> Vec<String> {
        self.trees().iter().map(|tree| printed(tree)).collect()
    }

    /// Repairs the sink, with the source at hand.
    fn repair(&self) -> Output {
        self.emu.run(&["-S", "src", "verify", "--repair", "./sink"])
    }

    /// Damages the sink, repairs it, and proves that all is as it was.
    fn repairs(&self, damage: impl FnOnce(&Saved)) -> Output {
        let before = self.printed();
        damage(self);
        let said = self.repair().succeeds();
        assert_eq!(self.printed(), before, "{said}");
        self.finds(&[]);
        said
    }
}

#[test]
fn a_flipped_byte_is_repaired_in_every_snapshot_that_shares_it() {
    let saved = saved();
    let bad = ino(&saved.tree().join("a/big"));
    let said = saved.repairs(|saved| saved.flip(&saved.tree().join("a/big"), 123_456));
    let both: Vec<u64> = saved.trees().iter().map(|tree| ino(&tree.join("a/big"))).collect();
    assert!(both[0] == both[1] && both[0] != bad, "{both:?} {bad}");
    let line = said.stdout.lines().next().unwrap();
    assert!(line.contains("'a/big': content: ") && line.contains("(shared with "), "{said}");
    assert!(
        line.ends_with(&format!("; repaired from '{}'", saved.emu.path("src/a/big").display())),
        "{said}"
    );
    // Damage that snapshots share is told once.
    assert_eq!(said.stdout.lines().filter(|line| line.contains("a/big")).count(), 1, "{said}");
    assert_eq!(said.stdout.lines().filter(|line| line.ends_with("1 finding, repaired")).count(), 2, "{said}");
}

#[test]
fn the_bad_inode_itself_is_never_written() {
    let saved = saved();
    saved.flip(&saved.tree().join("a/big"), 5);
    saved.damage("attr z 0644 mtime=5");
    let kept = ["a/big", "z"].map(|name| {
        let kept = saved.emu.path(name.replace('/', "-"));
        std::fs::hard_link(saved.tree().join(name), &kept).unwrap();
        (kept.clone(), std::fs::read(&kept).unwrap(), kept.metadata().unwrap())
    });
    saved.repair().succeeds();
    for (path, bytes, stat) in kept {
        let now = path.metadata().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
        assert_eq!((now.mode(), now.mtime(), now.nlink()), (stat.mode(), stat.mtime(), 1));
    }
    saved.finds(&[]);
}

#[test]
fn wrong_attributes_make_a_new_inode_and_those_of_directories_are_corrected() {
    let saved = saved();
    let root = ino(&saved.tree());
    let old = ino(&saved.tree().join("z"));
    let said = saved.repairs(|saved| {
        saved.damage("attr z 0644 mtime=5 xattr user.k=v\nattr . 0700\nattr empty 0711 xattr user.k=v\nattr a/x 0600 mtime=1700000003");
    });
    assert_eq!(ino(&saved.tree()), root);
    assert_ne!(ino(&saved.tree().join("z")), old);
    assert!(
        said.stdout.contains("'empty': mode: expected 0755, found 0711; repaired from its record"),
        "{said}"
    );
    let both: Vec<u64> = saved.trees().iter().map(|tree| ino(&tree.join("z"))).collect();
    assert_eq!(both[0], both[1]);
}

#[test]
fn another_owner_is_repaired() {
    if !crate::env::need_root() {
        return;
    }
    saved().repairs(|saved| {
        saved.damage("attr z 0600 uid=7 gid=8\nattr b uid=7");
    });
}

#[test]
fn what_is_missing_is_put_back_with_all_that_it_held() {
    saved().repairs(|saved| {
        saved.damage("remove z\nremove s\nremove empty\nremove a/x");
        build(&saved.tree(), "remove b/y\nremove b\nattr . mtime=1700000009");
    });
}

#[test]
fn what_stands_in_the_place_of_a_file_or_leads_elsewhere_is_replaced() {
    saved().repairs(|saved| {
        saved.damage("symlink s -> /etc/passwd mtime=1700000006\nremove z\nsymlink z -> s mtime=1700000007");
    });
}

#[test]
fn names_of_a_group_stay_names_of_one_inode() {
    let saved = saved();
    saved.repairs(|saved| saved.flip(&saved.tree().join("b/y"), 0));
    let names: Vec<u64> =
        saved.trees().iter().flat_map(|tree| ["a/x", "b/y"].map(|name| ino(&tree.join(name)))).collect();
    assert!(names.iter().all(|name| *name == names[0]), "{names:?}");
}

#[test]
fn a_group_that_was_split_is_one_again_and_a_damaged_member_is_linked_to_the_first() {
    let saved = saved();
    saved.repairs(|saved| {
        saved.damage("remove b/y\nfile b/y 0640 \"text\" mtime=1700000003");
    });
    saved.repairs(|saved| {
        saved.damage("remove b/y\nfile b/y 0600 \"texd\" mtime=1700000005");
    });
    saved.repairs(|saved| {
        saved.damage("remove a/x\nfile a/x 0600 \"texd\" mtime=1700000005");
    });
}

#[test]
fn names_that_share_an_inode_without_a_reason_get_their_own() {
    let emu = Emu::new();
    emu.tree("src", "file a 0644 \"same\" mtime=5\nfile b 0644 \"same\" mtime=5\nattr . mtime=6");
    for _ in 0..2 {
        emu.ok(&["push", "-S", "src", "--to", "./sink"]);
    }
    let tree = emu.path("sink/latest/").canonicalize().unwrap();
    let before = printed(&tree);
    build(&tree, "remove b\nlink b = a\nattr . mtime=6");
    emu.ok(&["verify", "--repair", "./sink"]);
    assert_eq!(printed(&tree), before);
    emu.ok(&["verify", "./sink"]);
}

#[test]
fn a_push_and_a_checkout_after_a_repair_work_as_before() {
    let saved = saved();
    saved.repairs(|saved| saved.flip(&saved.tree().join("a/big"), 0));
    let said = saved.emu.ok(&["push", "-S", "src", "--to", "./sink", "--json"]);
    let records: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let snapshot = records.iter().find(|record| record["type"] == "snapshot").unwrap();
    assert_eq!(
        (&snapshot["counts"]["copied"], &snapshot["counts"]["damaged"]),
        (&0.into(), &0.into()),
        "{said}"
    );
    let newest = saved.emu.path("sink/latest/a/big");
    assert_eq!(ino(&newest), ino(&saved.tree().join("a/big")));
    saved.emu.ok(&["verify", "./sink"]);
    for (number, id) in saved.ids.iter().enumerate() {
        let to = format!("out{number}");
        saved.emu.ok(&["checkout", &format!("./sink:{id}"), "--to", &to]);
        let bytes = |path: PathBuf| std::fs::read(path).unwrap();
        assert!(bytes(saved.emu.path(to).join("a/big")) == bytes(saved.emu.path("src/a/big")));
    }
}

#[test]
fn the_records_say_what_it_was_repaired_from() {
    let saved = saved();
    saved.flip(&saved.tree().join("a/big"), 0);
    saved.damage("attr empty 0711 mtime=1700000005\nfile more 0600 \"\"");
    let said = saved.emu.run(&["-S", "src", "verify", "--repair", "--json", "./sink"]).exits(3);
    let records = said.records();
    let of = |path: &str| {
        let mut all = records.iter().filter(|record| record["path"] == path);
        let first = all.next().unwrap();
        (first["repaired"].as_str().unwrap_or("").to_owned(), first["unrepaired"].is_string())
    };
    assert_eq!(of("a/big"), (saved.emu.path("src/a/big").display().to_string(), false));
    assert_eq!(of("empty"), ("manifest".to_owned(), false));
    assert_eq!(of("more"), (String::new(), true));
    let summary = records.last().unwrap();
    assert_eq!(
        (&summary["findings"], &summary["repaired"], &summary["exit"]),
        (&4.into(), &3.into(), &3.into())
    );
}

#[test]
fn the_note_of_a_repaired_snapshot_counts_what_is_left() {
    let saved = saved();
    saved.flip(&saved.tree().join("a/big"), 0);
    saved.damage("file more 0600 \"\"");
    saved.repair().exits(3);
    let findings = |id: &String| {
        let text = std::fs::read_to_string(saved.inside("verified").join(id)).unwrap();
        serde_json::from_str::<Value>(&text).unwrap()["findings"].as_u64().unwrap()
    };
    assert_eq!(saved.ids.iter().map(findings).collect::<Vec<_>>(), [1, 0]);
}

#[test]
fn with_quick_what_needs_no_reading_is_repaired() {
    let saved = saved();
    let before = saved.printed();
    saved.damage("attr z 0644\nremove a/big\nattr empty 0711 mtime=1700000005");
    saved.emu.ok(&["-S", "src", "verify", "--repair", "--quick", "./sink"]);
    assert_eq!(saved.printed(), before);
    // What it did not read it does not know.
    saved.flip(&saved.tree().join("a/big"), 0);
    saved.emu.ok(&["-S", "src", "verify", "--repair", "--quick", "./sink"]);
    assert_eq!(saved.findings(&[]).len(), 1);
}

#[test]
fn a_quiet_repair_says_what_is_left_alone() {
    let saved = saved();
    saved.damage("attr z 0644");
    let said = saved.emu.run(&["-S", "src", "verify", "--repair", "-q", "./sink"]).succeeds();
    assert_eq!((said.stdout.as_str(), said.stderr.as_str()), ("", ""));
    saved.damage("attr z 0644\nfile more 0600 \"\"");
    let said = saved.emu.run(&["-S", "src", "verify", "--repair", "-q", "./sink"]).exits(3);
    assert!(said.stderr.contains("'more': extra") && !said.stderr.contains("'z'"), "{said}");
}
