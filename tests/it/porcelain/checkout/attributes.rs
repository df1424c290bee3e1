//! Extended attributes that the snapshot lacks: a checkout removes them, or says that it could not.

use std::path::Path;

use rustix::fs::{XattrFlags, lgetxattr, lsetxattr};

use crate::env::{Emu, give, need_root, need_tool};

/// `cap_setuid+ep`, as setcap(8) stores it.
const CAPABILITY: &[u8] = &[1, 0, 0, 2, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

fn set(path: &Path, name: &str, value: &[u8]) {
    lsetxattr(path, name, value, XattrFlags::empty()).unwrap();
}

fn has(path: &Path, name: &str) -> bool {
    lgetxattr(path, name, &mut [0_u8; 256][..]).is_ok()
}

/// A source and a sink with one snapshot of it.
fn saved() -> Emu {
    let emu = Emu::new();
    emu.tree("src", "dir d\nfile d/tool 0755 \"tool\"\nsymlink s -> d/tool");
    emu.ok(&["push", "-S", "src", "--to", "./sink"]);
    emu
}

#[test]
fn checkout_by_root_removes_capabilities_and_trusted_attributes_that_the_snapshot_lacks() {
    if !need_root() {
        return;
    }
    let emu = saved();
    let extra = [
        ("src/d/tool", "security.capability", CAPABILITY),
        ("src/d/tool", "trusted.mine", b"x"),
        ("src/d/tool", "user.mine", b"x"),
        ("src/d", "trusted.mine", b"x"),
        ("src/s", "trusted.mine", b"x"),
        ("src", "trusted.mine", b"x"),
    ];
    for (path, name, value) in extra {
        set(&emu.path(path), name, value);
    }
    let said = emu.inside("src").ok(&["checkout", "HEAD"]);
    assert!(said.ends_with("attributes of 4 entries\n"), "{said}");
    for (path, name, _) in extra {
        assert!(!has(&emu.path(path), name), "{path} {name}");
    }
    assert!(emu.inside("src").ok(&["checkout", "HEAD"]).contains("nothing to change"));
    assert_eq!(emu.inside("src").ok(&["diff"]), "");
}

#[test]
fn checkout_leaves_the_labels_of_the_machine() {
    if !need_root() {
        return;
    }
    let emu = saved();
    let tool = emu.path("src/d/tool");
    // Which labels can be set depends on the kernel.
    if lsetxattr(&tool, "security.selinux", b"some_t\0", XattrFlags::empty()).is_err() {
        return;
    }
    assert!(emu.inside("src").ok(&["checkout", "HEAD"]).contains("nothing to change"));
    assert!(has(&tool, "security.selinux"));
}

#[test]
fn checkout_that_may_not_remove_a_capability_warns_and_exits_with_3() {
    if !(need_root() && need_tool("setpriv")) {
        return;
    }
    let emu = saved();
    emu.shell("chmod -R a+rX sink").succeeds();
    emu.tree("away", "dir d 0755");
    give(&emu.path("away"), 1234);
    let user = emu.as_user(1234);
    user.ok(&["checkout", "./sink:HEAD", "--to", "away", "--overwrite"]);
    set(&emu.path("away/d/tool"), "security.capability", CAPABILITY);
    let said = user.run(&["checkout", "./sink:HEAD", "--to", "away", "--overwrite"]).exits(3);
    let warning = "warning: cannot restore the attribute 'security.capability' of 'd/tool'";
    assert!(said.stderr.contains(warning), "{said}");
    assert!(said.stderr.contains("extended attributes of 1 entry could not be restored"), "{said}");
}

#[test]
fn checkout_removes_access_lists_that_the_snapshot_lacks() {
    if !need_tool("setfacl") {
        return;
    }
    let emu = saved();
    emu.shell("setfacl -m u:7:r src/d/tool && setfacl -d -m u:7:r src/d").succeeds();
    emu.inside("src").ok(&["checkout", "HEAD", "--force"]);
    for path in ["src/d/tool", "src/d"] {
        for name in ["system.posix_acl_access", "system.posix_acl_default"] {
            assert!(!has(&emu.path(path), name), "{path} {name}");
        }
    }
}
