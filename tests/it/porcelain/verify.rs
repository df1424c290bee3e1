//! `emu verify`: every kind of damage is named, in every snapshot that shares it, and sound
//! snapshots are read once.

mod frames;
mod repair;
mod several;
mod subset;
mod unchecked;

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::env::{Emu, LoopFs, assert_shows, need_root, need_tool};
use crate::tree::build;

/// A source with two snapshots in `sink`; `new` is in the second alone, all else is shared.
struct Saved {
    emu: Emu,
    /// Ids, the newest first.
    ids: Vec<String>,
}

const SOURCE: &str = r#"
    dir . 0755 mtime=1700000000
    dir a 0755 mtime=1700000001
    file a/big 0644 size=300000 seed=7 mtime=1700000002
    file a/x 0640 "text" mtime=1700000003
    link b/y = a/x
    dir b 0755 mtime=1700000004
    dir empty 0755 mtime=1700000005
    symlink s -> a/x mtime=1700000006
    file z 0600 "" mtime=1700000007
"#;

fn saved() -> Saved {
    saved_to("sink")
}

fn saved_to(sink: &str) -> Saved {
    let emu = Emu::new();
    emu.tree("src", SOURCE);
    let to = format!("./{sink}");
    emu.ok(&["push", "-S", "src", "--to", &to]);
    emu.tree("src", "file new \"new\" mtime=1700000008\nattr . mtime=1700000009");
    emu.ok(&["push", "-S", "src", "--to", &to]);
    let nodes = std::fs::read_dir(emu.path(sink).join(".emu/nodes")).unwrap();
    let mut ids: Vec<String> = nodes.map(|node| node.unwrap().file_name().into_string().unwrap()).collect();
    ids.sort();
    ids.reverse();
    assert_eq!(ids.len(), 2);
    Saved { emu, ids }
}

impl Saved {
    fn inside(&self, what: &str) -> PathBuf {
        self.emu.path("sink/.emu").join(what)
    }

    /// The tree of the newest snapshot.
    fn tree(&self) -> PathBuf {
        self.inside("trees").join(&self.ids[0])
    }

    /// Changes the newest tree, and puts the times of its directories back.
    fn damage(&self, change: &str) -> &Saved {
        build(&self.tree(), change);
        let times = "attr a mtime=1700000001\nattr b mtime=1700000004\nattr . mtime=1700000009";
        build(&self.tree(), times);
        self
    }

    /// Writes over a byte of a file and puts its time back.
    fn flip(&self, path: &Path, at: u64) {
        use std::os::unix::fs::FileExt;
        let time = path.metadata().unwrap().modified().unwrap();
        let file = std::fs::OpenOptions::new().read(true).write(true).open(path).unwrap();
        let mut byte = [0];
        file.read_exact_at(&mut byte, at).unwrap();
        file.write_all_at(&[byte[0] ^ 1], at).unwrap();
        file.set_modified(time).unwrap();
    }

    /// The findings of `emu verify`, as `N what path expected>found +N`: N is 1 for the newest
    /// snapshot, and those behind the `+` share the damage.
    fn findings(&self, options: &[&str]) -> Vec<String> {
        let output = self.emu.run(&[&["verify", "--json", "./sink"], options].concat());
        let records = output.records();
        let number = |id: &Value| self.ids.iter().position(|known| id == known).unwrap() + 1;
        let line = |record: &Value| {
            let shared = record["shared"].as_array().unwrap().iter();
            let shared: String = shared.map(|id| format!(" +{}", number(id))).collect();
            let text = |field: &str| record[field].as_str().unwrap_or("?").to_owned();
            let short = |field: &str| text(field).chars().take(30).collect::<String>();
            let (expected, found) = (short("expected"), short("found"));
            format!("{} {} {} {expected}>{found}{shared}", number(&record["id"]), text("what"), text("path"))
        };
        let is_finding = |record: &&Value| record["type"] == "finding";
        let found: Vec<String> = records.iter().filter(is_finding).map(line).collect();
        assert_eq!(output.status, if found.is_empty() { 0 } else { 4 }, "{output}");
        assert_eq!(records.last().unwrap()["findings"], found.len());
        found
    }

    #[track_caller]
    fn finds(&self, expected: &[&str]) {
        assert_eq!(self.findings(&[]), expected);
    }
}

#[test]
fn sound_snapshots_have_no_findings() {
    let saved = saved();
    assert_shows(
        &saved.emu.run(&["verify", "./sink"]),
        "
        $ emu verify ./sink
        snapshot <id2> 2026-11-22 19:00: 10 entries, 300 kB read, no damage
        snapshot <id1> 2026-11-22 18:00: 9 entries, 0 B read, no damage
        ",
    );
    assert_eq!(saved.emu.ok(&["verify", "-q", "./sink"]), "");
    saved.finds(&[]);
}

#[test]
fn without_an_argument_all_sinks_of_the_source_are_verified() {
    let saved = saved();
    saved.emu.ok(&["push", "-S", "src", "--to", "./other"]);
    let said = saved.emu.inside("src").ok(&["verify"]);
    assert_eq!(said.lines().filter(|line| line.ends_with("no damage")).count(), 3, "{said}");
    let said = saved.emu.inside("src").ok(&["verify", &saved.ids[1]]);
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn a_flipped_byte_is_named_in_every_snapshot_that_shares_it() {
    let saved = saved();
    saved.flip(&saved.tree().join("a/big"), 123_456);
    let found = saved.findings(&[]);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("1 content a/big ") && found[0].ends_with(" +2"), "{found:?}");
    assert!(found[1].starts_with("2 content a/big ") && found[1].ends_with(" +1"), "{found:?}");
    assert_eq!(saved.findings(&["--quick"]).len(), 0);
    let said = saved.emu.fails(&["verify", "-q", "./sink"], 4);
    assert!(said.contains("'a/big': content: expected "), "{said}");
}

#[test]
fn damage_of_a_group_is_named_for_each_of_its_names() {
    let saved = saved();
    saved.flip(&saved.tree().join("b/y"), 0);
    let found = saved.findings(&[]);
    let starts: Vec<&str> = found.iter().map(|line| line.split(' ').nth(2).unwrap()).collect();
    assert_eq!(starts, ["a/x", "b/y", "a/x", "b/y"], "{found:?}");
}

#[test]
fn a_truncated_file_is_found() {
    let saved = saved();
    saved.damage("file a/big 0644 size=10 seed=7 mtime=1700000002");
    saved.finds(&["1 size a/big 300000>10 +2", "2 size a/big 300000>10 +1"]);
    assert_eq!(saved.findings(&["--quick"]).len(), 2);
}

#[test]
fn changed_attributes_are_found_in_every_snapshot_that_shares_the_inode() {
    let saved = saved();
    saved.damage("attr z 0644 mtime=5");
    let time = "1700000007.000000000>5.000000000";
    saved.finds(&[
        "1 mode z 0600>0644 +2",
        &format!("1 mtime z {time} +2"),
        "2 mode z 0600>0644 +1",
        &format!("2 mtime z {time} +1"),
    ]);
}

#[test]
fn a_changed_directory_damages_one_snapshot() {
    let saved = saved();
    saved.damage("attr . 0700\nattr empty 0711 mtime=1700000005");
    saved.finds(&["1 mode  0755>0700", "1 mode empty 0755>0711"]);
}

#[test]
fn another_owner_is_found() {
    if !need_root() {
        return;
    }
    let saved = saved();
    saved.damage("attr z 0600 uid=7 gid=8");
    saved.finds(&["1 owner z 0:0>7:8 +2", "2 owner z 0:0>7:8 +1"]);
}

#[test]
fn changed_extended_attributes_are_found_unless_quick() {
    let saved = saved();
    saved.damage("attr z xattr user.k=v\nattr empty xattr user.k=v");
    saved.finds(&[
        "1 xattrs empty no user.k>user.k=v",
        "1 xattrs z no user.k>user.k=v +2",
        "2 xattrs z no user.k>user.k=v +1",
    ]);
    assert_eq!(saved.findings(&["--quick"]).len(), 0);
}

#[test]
fn missing_and_extra_names_are_found() {
    let saved = saved();
    saved.damage("remove z\nfile a/more \"\"\ndir empty/more\nattr empty mtime=1700000005");
    saved.finds(&[
        "1 missing z file>nothing",
        "1 extra a/more nothing>file",
        "1 extra empty/more nothing>dir",
    ]);
}

#[test]
fn what_a_missing_directory_held_is_missing() {
    let saved = saved();
    saved.damage("remove b\ndir b mtime=1700000004\nremove a\nsymlink a -> b");
    build(&saved.tree(), "remove b\nattr . mtime=1700000009");
    saved.finds(&[
        "1 kind a dir>symlink",
        "1 missing b dir>nothing",
        "1 missing a/big file>nothing",
        "1 missing a/x file>nothing",
        "1 missing b/y file>nothing",
    ]);
}

#[test]
fn a_swapped_link_and_another_kind_are_found() {
    let saved = saved();
    saved.damage("symlink s -> /etc/passwd mtime=1700000006\nremove z\nsymlink z -> s mtime=1700000007");
    saved.finds(&["1 target s a/x>/etc/passwd", "1 kind z file>symlink"]);
}

#[test]
fn a_group_that_was_split_is_found() {
    let saved = saved();
    saved.damage("remove b/y\nfile b/y 0640 \"text\" mtime=1700000003");
    saved.finds(&["1 links b/y the inode of 'a/x'>another inode"]);
}

#[test]
fn a_group_of_symbolic_links_that_was_split_is_found() {
    let emu = Emu::new();
    emu.tree("src", "dir d mtime=2\nsymlink d/s -> x mtime=1\nlink d/t = d/s");
    emu.ok(&["push", "-S", "src", "--to", "./sink"]);
    emu.ok(&["verify", "./sink"]);
    build(&emu.path("sink/latest/"), "remove d/t\nsymlink d/t -> x mtime=1\nattr d mtime=2");
    let said = emu.run(&["verify", "./sink"]).exits(4).stdout;
    assert!(said.contains("'d/t': links: expected the inode of 'd/s', found another inode"), "{said}");
    assert!(said.contains(", 1 finding"), "{said}");
}

#[test]
fn files_that_share_an_inode_without_a_reason_are_found() {
    let saved = saved();
    saved.damage("remove new\nfile z 0600 \"new\" mtime=1700000008\nlink new = z");
    let found = saved.findings(&["--quick"]);
    assert!(
        found.contains(&"1 links z an inode of its own>the inode of another path".to_owned()),
        "{found:?}"
    );
}

#[test]
fn a_broken_or_missing_manifest_is_a_finding_and_no_end() {
    let saved = saved();
    let manifest = saved.inside("manifests").join(&saved.ids[0]);
    saved.flip(&manifest, 40);
    let found = saved.findings(&[]);
    assert!(found.len() == 1 && found[0].starts_with("1 manifest "), "{found:?}");
    std::fs::remove_file(manifest).unwrap();
    let found = saved.findings(&[]);
    assert!(found.len() == 1 && found[0].starts_with("1 manifest "), "{found:?}");
}

#[test]
fn what_is_wrong_with_a_whole_snapshot_and_with_a_time_reads_well() {
    let saved = saved();
    saved.damage("file z 0600 \"\" mtime=1700000007.000000009\nfile a/x 0640 \"text\" mtime=1700000013");
    let said = saved.emu.run(&["verify", "./sink"]).exits(4).stdout;
    assert!(said.contains("'a/x': mtime: expected 2023-11-14 22:13:23, found 2023-11-14 22:13:33"), "{said}");
    let exact = "expected 2023-11-14 22:13:27.000000000 +0000, found 2023-11-14 22:13:27.000000009 +0000";
    assert!(said.contains(exact), "{said}");
    let found = saved.findings(&[]);
    let machine = "mtime a/x 1700000003.000000000>1700000013.000000000";
    assert!(found.iter().any(|line| line.contains(machine)), "{found:?}");
    std::fs::remove_file(saved.inside("manifests").join(&saved.ids[0])).unwrap();
    std::fs::remove_file(saved.inside("nodes").join(&saved.ids[1])).unwrap();
    let said = saved.emu.run(&["verify", "./sink"]).exits(4).stdout;
    let [one, other] = [&saved.ids[0][..12], &saved.ids[1][..12]];
    assert!(
        said.contains(&format!("{one}: manifest: expected a sound manifest, but its manifest is missing\n")),
        "{said}"
    );
    assert!(
        said.contains(&format!("{other}: node: expected a whole snapshot, but its node is missing\n")),
        "{said}"
    );
}

#[test]
fn a_broken_node_and_a_missing_tree_are_findings() {
    let saved = saved();
    saved.flip(&saved.inside("nodes").join(&saved.ids[0]), 5);
    let found = saved.findings(&[]);
    assert!(found.len() == 1 && found[0].starts_with("1 node "), "{found:?}");
    std::fs::remove_dir_all(saved.inside("trees").join(&saved.ids[1])).unwrap();
    let found = saved.findings(&[]);
    assert!(found.len() == 2 && found.iter().any(|line| line.starts_with("2 node ")), "{found:?}");
}

#[test]
fn each_inode_is_read_once_however_many_snapshots_link_it() {
    if !need_tool("strace") {
        return;
    }
    let saved = saved();
    let trace = saved.emu.path("trace");
    let count = |options: &[&str], call: &str| {
        let args =
            ["-f", "-e", "trace=pread64,llistxattr,statx", "-o", trace.to_str().unwrap(), "emu", "verify"];
        saved.emu.program("strace", &[&args[..], &["./sink"], options].concat()).succeeds();
        std::fs::read_to_string(&trace).unwrap().matches(call).count()
    };
    // 300,000 bytes in two reads, one for each of "text" and "new", nothing for no bytes; what is
    // left with --quick is the loader's.
    assert_eq!(count(&[], "pread64(") - count(&["--quick"], "pread64("), 4);
    assert_eq!(count(&["--quick"], "llistxattr("), 0);
}

#[test]
fn damage_in_a_tree_of_many_directories_is_told_in_order() {
    let emu = Emu::new();
    let name = |dir: usize, file: usize| format!("d-{dir:02}/f-{file:02}");
    let files = (0..30).flat_map(|dir| (0..40).map(move |file| (dir, file)));
    let text: String = files.map(|(dir, file)| format!("file {} 0644 \"x\"\n", name(dir, file))).collect();
    emu.tree("src", &text);
    for _ in 0..2 {
        emu.ok(&["push", "-S", "src", "--to", "./sink"]);
    }
    let latest = emu.path("sink/latest").canonicalize().unwrap();
    let bad = [(0, 0), (6, 39), (7, 0), (13, 20), (29, 39)].map(|(dir, file)| name(dir, file));
    for path in &bad {
        build(&latest, &format!("attr {path} 0600"));
    }
    let records = emu.run(&["verify", "--json", "./sink"]).records();
    let found = records.iter().filter(|record| record["type"] == "finding");
    let found: Vec<&str> = found.map(|record| record["path"].as_str().unwrap()).collect();
    assert_eq!(found, [&bad[..], &bad[..]].concat());
    assert_eq!(records.last().unwrap()["entries"], 2 * 1231);
}

#[test]
fn what_was_found_before_a_signal_is_told() {
    if !need_tool("strace") {
        return;
    }
    let saved = saved();
    saved.damage("attr z 0640");
    // The root's listing has been checked by the time that this file is read.
    let big = saved.tree().join("a/big");
    let inject = ["-f", "-o", "/dev/null", "-e", "inject=pread64:signal=INT", "-P", big.to_str().unwrap()];
    let said = saved.emu.program("strace", &[&inject[..], &["emu", "verify", "--json", "./sink"]].concat());
    assert_eq!(said.status, 130, "{said}");
    let records = said.records();
    let found = records.iter().filter(|record| record["type"] == "finding");
    let found: Vec<_> = found.map(|record| (&record["what"], &record["path"])).collect();
    // And none of the file that was being read.
    assert_eq!(found, [(&"mode".into(), &"z".into())], "{said}");
    assert!(!saved.inside("verified").join(&saved.ids[0]).exists());
}

#[test]
fn the_result_is_noted_in_the_sink() {
    let saved = saved();
    saved.emu.at("2027-01-01T00:00:00Z").ok(&["verify", "./sink", "--quick"]);
    let text = std::fs::read_to_string(saved.inside("verified").join(&saved.ids[0])).unwrap();
    let note: Value = serde_json::from_str(&text).unwrap();
    let expected = serde_json::json!({
        "v": 1, "id": saved.ids[0], "at": "2027-01-01T00:00:00Z", "quick": true,
        "entries": 10, "bytes": 0, "findings": 0,
    });
    assert_eq!(note, expected);
}

#[test]
fn a_read_only_sink_is_verified_without_source_and_home() {
    if !need_root() {
        return;
    }
    let emu = Emu::new();
    let disk = LoopFs::tmpfs(&emu.path("disk"), 16);
    emu.tree("src", SOURCE);
    emu.ok(&["push", "-S", "src", "--to", "./disk/sink"]);
    std::fs::remove_dir_all(emu.path("src")).unwrap();
    disk.remount_ro();
    let mut bare = emu.command("emu", &["verify", disk.path("sink").to_str().unwrap()]);
    bare.current_dir("/").env_clear();
    let said = emu.session().collect(bare, "emu verify".to_owned(), b"").succeeds();
    assert!(said.stdout.contains("no damage"), "{said}");
    assert_eq!(said.stderr, "");
}

#[test]
fn verifying_changes_nothing_in_a_tree() {
    let saved = saved();
    let stamps = || {
        let stat = |path: &str| saved.tree().join(path).symlink_metadata().unwrap();
        ["", "a", "a/big", "a/x", "s"].map(|path| (stat(path).ctime_nsec(), stat(path).mtime_nsec()))
    };
    let before = stamps();
    saved.finds(&[]);
    assert_eq!(stamps(), before);
}

#[test]
fn a_sink_or_snapshot_that_is_not_there_is_exit_10() {
    let saved = saved();
    saved.emu.fails(&["verify", "./nowhere"], 10);
    saved.emu.fails(&["verify", "./sink:ffffffff"], 10);
    saved.emu.fails(&["verify"], 10);
}

#[test]
fn damage_that_snapshots_share_is_told_once_to_people() {
    let saved = saved();
    saved.flip(&saved.tree().join("a/big"), 0);
    let said = saved.emu.run(&["verify", "./sink"]).exits(4).stdout;
    let lines: Vec<&str> = said.lines().filter(|line| line.contains("'a/big'")).collect();
    assert_eq!(lines.len(), 1, "{said}");
    assert!(lines[0].ends_with(&format!("(shared with {})", &saved.ids[1][..12])), "{said}");
    assert_eq!(said.lines().filter(|line| line.ends_with(", 1 finding")).count(), 2, "{said}");
    assert_eq!(saved.findings(&[]).len(), 2);
}

#[test]
fn an_absent_sink_is_named_once() {
    let saved = saved();
    let absent = || std::fs::rename(saved.emu.path("sink"), saved.emu.path("away")).unwrap();
    absent();
    let said = saved.emu.inside("src").fails(&["verify"], 10);
    assert_eq!(said.matches("there is no such directory").count(), 1, "{said}");
    // Beside another one it is noted.
    saved.emu.ok(&["-S", "src", "push", "--to", "./other"]);
    let said = saved.emu.inside("src").run(&["verify"]).succeeds();
    assert_eq!(said.stderr.matches("is left out: ").count(), 1, "{said}");
}
