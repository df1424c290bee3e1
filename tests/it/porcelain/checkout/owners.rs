//! Owners: what root restores, what an ordinary user gets, and what is said about it.

use std::os::unix::fs::MetadataExt;

use crate::env::{Emu, give, need_root, need_tool};

/// A sink that everybody can read, with one snapshot of four entries.
fn saved(tree: &str) -> Emu {
    let emu = Emu::new();
    emu.tree("src", tree);
    emu.ok(&["push", "-S", "src", "--to", "./sink"]);
    emu.shell("chmod -R a+rX sink && chmod 1777 .").succeeds();
    emu
}

const FOUR: &str = "dir d 0755\nfile d/f 0644 \"text\"\nsymlink s -> d/f";

fn owner(emu: &Emu, path: &str) -> (u32, u32) {
    let stat = emu.path(path).symlink_metadata().unwrap();
    (stat.uid(), stat.gid())
}

#[test]
fn checkout_by_an_ordinary_user_sets_no_owner_and_succeeds() {
    if !(need_root() && need_tool("setpriv")) {
        return;
    }
    let emu = saved(FOUR);
    let user = emu.as_user(1234);
    let said = user.run(&["checkout", "./sink:HEAD", "--to", "out"]).succeeds();
    let note = "4 entries do not have the recorded owner or group: only root can set it\n";
    assert_eq!(said.stderr, note);
    assert_eq!(owner(&emu, "out/d/f"), (1234, 1234));
    let again = user.run(&["checkout", "./sink:HEAD", "--to", "out", "--overwrite"]).succeeds();
    assert!(again.stdout.contains("nothing to change") && again.stderr.is_empty(), "{again}");
    // Somebody who does not want owners is told nothing about them.
    let said = user.run(&["checkout", "./sink:HEAD", "--to", "other", "--no-owner"]).succeeds();
    assert_eq!(said.stderr, "");
    let records = user.run(&["checkout", "./sink:HEAD", "--to", "third", "--json"]).succeeds().records();
    assert_eq!(records.last().unwrap()["owners"], 4);
}

#[test]
fn clone_by_an_ordinary_user_sets_no_owner_and_succeeds() {
    if !(need_root() && need_tool("setpriv")) {
        return;
    }
    let emu = saved(FOUR);
    let said = emu.as_user(1234).run(&["clone", "./sink", "copy"]).succeeds();
    assert!(said.stderr.contains("4 entries do not have the recorded owner or group"), "{said}");
    assert_eq!(owner(&emu, "copy/d/f"), (1234, 1234));
}

#[test]
fn checkout_by_an_ordinary_user_sets_a_group_of_the_user() {
    if !(need_root() && need_tool("setpriv")) {
        return;
    }
    let emu = saved("file mine 0644 \"a\" uid=1234 gid=1234\nfile ours 0644 \"b\" uid=7 gid=1234");
    // New files in this directory get its group.
    emu.shell("mkdir out && chown 1234:4321 out && chmod 2777 out").succeeds();
    let said = emu.as_user(1234).run(&["checkout", "./sink:HEAD", "--to", "out", "--overwrite"]).succeeds();
    assert!(said.stderr.starts_with("2 entries do not have the recorded owner or group"), "{said}");
    assert_eq!(owner(&emu, "out/mine"), (1234, 1234));
    assert_eq!(owner(&emu, "out/ours"), (1234, 1234));
}

#[test]
fn set_id_bits_are_restored_only_with_their_owner_and_group() {
    if !(need_root() && need_tool("setpriv")) {
        return;
    }
    let emu =
        saved("file mine 6755 \"a\" uid=1234 gid=1234\nfile ours 6755 \"b\" gid=1234\nfile roots 6755 \"c\"");
    give(&emu.tree("away", "dir ."), 1234);
    emu.as_user(1234).ok(&["checkout", "./sink:HEAD", "--to", "away", "--overwrite"]);
    let mode = |path: &str| emu.path(path).metadata().unwrap().mode() & 0o7777;
    assert_eq!(["away/mine", "away/ours", "away/roots"].map(mode), [0o6755, 0o2755, 0o755]);
}
