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

/// Runs a line of shell on a machine that has these users and groups; needs root and unshare.
fn with_users(emu: &Emu, users: &str, line: &str) -> crate::env::Output {
    let root = "root:x:0:0::/root:/bin/sh\n";
    std::fs::write(emu.path("passwd"), format!("{root}{users}")).unwrap();
    let groups: String = users
        .lines()
        .map(|user| {
            let fields: Vec<&str> = user.split(':').collect();
            format!("{}:x:{}:\n", fields[0], fields[3])
        })
        .collect();
    std::fs::write(emu.path("group"), format!("root:x:0:\n{groups}")).unwrap();
    let mounts = "mount --bind passwd /etc/passwd && mount --bind group /etc/group";
    emu.program("unshare", &["-m", "bash", "-c", &format!("{mounts} && {line}")])
}

#[test]
fn checkout_by_root_restores_owners_by_name() {
    if !(need_root() && need_tool("unshare")) {
        return;
    }
    let emu = Emu::new();
    emu.tree("src", "dir d uid=2001 gid=2001\nfile d/ada \"a\" uid=2001 gid=2001\nfile d/bob \"b\" uid=2002 gid=2002\nfile d/none \"c\" uid=2003 gid=2003");
    let there = "ada:x:2001:2001::/:/bin/sh\nbob:x:2002:2002::/:/bin/sh\n";
    with_users(&emu, there, "emu push -S src --to ./sink").succeeds();
    // Ada has another number here, somebody else has hers, and bob is unknown.
    let here = "ada:x:3001:3002::/:/bin/sh\neve:x:2001:2001::/:/bin/sh\n";
    let to = |dir: &str, options: &str| {
        with_users(&emu, here, &format!("emu checkout ./sink:HEAD --to {dir} {options}")).succeeds()
    };
    to("out", "");
    assert_eq!(owner(&emu, "out/d"), (3001, 3002));
    assert_eq!(owner(&emu, "out/d/ada"), (3001, 3002));
    assert_eq!(owner(&emu, "out/d/bob"), (2002, 2002));
    assert_eq!(owner(&emu, "out/d/none"), (2003, 2003));
    assert!(to("out", "--overwrite").stdout.contains("nothing to change"));
    assert!(to("out", "--overwrite --numeric-ids").stdout.contains("attributes of 2 entries"));
    assert_eq!(owner(&emu, "out/d/ada"), (2001, 2001));
    // In the source itself, where the index would prove that nothing has to be done.
    let back = "cd src && emu checkout HEAD && emu checkout HEAD";
    let said = with_users(&emu, here, back).succeeds();
    let lines: Vec<&str> = said.stdout.lines().collect();
    assert!(lines[0].ends_with("attributes of 2 entries"), "{said}");
    assert!(lines[1].ends_with("nothing to change"), "{said}");
    assert_eq!(owner(&emu, "src/d/ada"), (3001, 3002));
    let said =
        with_users(&emu, here, "emu clone ./sink copy && emu clone --numeric-ids ./sink same").succeeds();
    assert_eq!(owner(&emu, "copy/d/ada"), (3001, 3002), "{said}");
    assert_eq!(owner(&emu, "same/d/ada"), (2001, 2001), "{said}");
}

#[test]
fn numeric_ids_restore_the_recorded_numbers() {
    if !need_root() {
        return;
    }
    let job = crate::job::Job::new("file a \"a\"");
    std::os::unix::fs::lchown(job.src().join("a"), Some(54_321), Some(54_322)).unwrap();
    job.push(&[]).succeeds();
    job.ok(&["checkout", "./sink:HEAD", "--to", "out", "--numeric-ids"]);
    job.ok(&["clone", "./sink", "cloned", "--numeric-ids"]);
    for place in ["out/a", "cloned/a"] {
        let stat = std::fs::metadata(job.emu.path(place)).unwrap();
        assert_eq!((stat.uid(), stat.gid()), (54_321, 54_322), "{place}");
    }
}
