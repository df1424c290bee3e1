//! What a user may not read cannot be checked, and is not damaged.

use serde_json::Value;

use crate::env::{Emu, Session, give, need_root, need_tool};

/// A sink of an ordinary user, with a directory in its snapshot that its owner may not read.
fn saved() -> Emu {
    let emu = Emu::new();
    emu.tree("src", "file f 0644 \"f\" xattr user.k=v\ndir w 0755\nfile w/in \"w\"\ndir x\nfile x/in \"x\"\ndir e 0300\nfile z \"z\"");
    give(&emu.path("src"), 1234);
    emu.shell("mkdir disk && chown 1234:1234 disk").succeeds();
    let user = emu.as_user(1234);
    user.run(&["push", "-S", "src", "--to", "disk/sink"]);
    emu
}

/// The tree of the newest snapshot.
fn tree_of(emu: &Emu) -> String {
    let tree = emu.as_user(1234).ok(&["path", "disk/sink:HEAD"]);
    tree.trim_end().to_owned()
}

fn user(emu: &Emu) -> Session<'_> {
    emu.as_user(1234)
}

#[test]
fn entries_that_the_user_may_not_read_are_counted_and_are_no_damage() {
    if !(need_root() && need_tool("setpriv")) {
        return;
    }
    let emu = saved();
    let output = user(&emu).run(&["verify", "disk/sink"]).exits(3);
    assert!(output.stdout.contains("no damage, 1 entry cannot be checked"), "{output}");
    let warning = "warning: 1 entry cannot be checked: this user may not read them; -v lists what\n";
    assert_eq!(output.stderr, warning);
    let output = user(&emu).run(&["verify", "-v", "disk/sink"]).exits(3);
    assert!(
        output.stdout.contains("'e': unchecked: expected a directory, found permission denied"),
        "{output}"
    );
    let records = user(&emu).run(&["verify", "--json", "disk/sink"]).exits(3).records();
    let told: Vec<_> = records.iter().map(|record| (&record["what"], &record["path"])).collect();
    assert_eq!(told[0], (&Value::from("unchecked"), &Value::from("e")));
    assert_eq!((&records[1]["findings"], &records[1]["unchecked"]), (&Value::from(0), &Value::from(1)));
    // Root can check all of it.
    emu.ok(&["verify", "disk/sink"]);
    // A push does not warn of damage that there is not.
    user(&emu).run(&["verify", "disk/sink"]).exits(3);
    let pushed = user(&emu).run(&["push", "-S", "src"]);
    assert!(!pushed.stderr.contains("damage"), "{pushed}");
}

#[test]
fn what_is_below_a_closed_directory_is_counted_and_damage_beside_it_is_found() {
    if !(need_root() && need_tool("setpriv")) {
        return;
    }
    let emu = saved();
    let tree = tree_of(&emu);
    emu.shell(&format!("chmod 0000 {tree}/f && chmod 0111 {tree}/x")).succeeds();
    let output = user(&emu).run(&["verify", "--json", "disk/sink"]).exits(4);
    let records = output.records();
    let mut found: Vec<_> = records
        .iter()
        .filter(|record| record["type"] == "finding")
        .map(|record| format!("{} {}", record["what"].as_str().unwrap(), record["path"].as_str().unwrap()))
        .collect();
    found.sort_unstable();
    found.dedup();
    assert_eq!(found, ["mode f", "mode x", "unchecked e", "unchecked f", "unchecked x"]);
    let summary = records.last().unwrap();
    // `x/in` is hidden behind `x`.
    assert_eq!((&summary["findings"], &summary["unchecked"]), (&Value::from(2), &Value::from(4)));
    let plumbing = user(&emu).pipe("emu-verify-tree", &["disk/sink:HEAD"], b"").exits(4);
    assert_eq!(plumbing.records().len(), found.len() + 1, "{plumbing}");
}

#[test]
fn repair_leaves_what_cannot_be_checked_alone() {
    if !(need_root() && need_tool("setpriv")) {
        return;
    }
    let emu = saved();
    let tree = tree_of(&emu);
    emu.shell(&format!("rm {tree}/z && touch -r src {tree}")).succeeds();
    let output = user(&emu).inside("src").run(&["verify", "--repair"]).exits(3);
    assert!(output.stdout.contains("'z': missing: expected file, found nothing; repaired from"), "{output}");
    assert!(output.stdout.contains("1 finding, repaired, 1 entry cannot be checked"), "{output}");
    user(&emu).pipe("emu-verify-tree", &["disk/sink:HEAD"], b"").exits(3);
}
