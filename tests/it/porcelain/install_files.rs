//! `emu install-files`.

use std::collections::BTreeSet;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use emu::cmd::pages;

use crate::env::{Emu, need_root, need_tool};

#[test]
fn pages_and_completions_go_where_others_look() {
    let emu = Emu::new();
    let said = emu.session().shell("umask 077; emu install-files --prefix p").succeeds().stdout;
    let printed: BTreeSet<&str> = said.lines().collect();
    let found = emu.shell("find $PWD/p -type f").succeeds().stdout;
    assert_eq!(found.lines().collect::<BTreeSet<_>>(), printed);
    assert_eq!(printed.len(), pages::ALL.len() + 3);
    for (path, text) in [
        ("man/man1/emu-push.1", include_str!("../../../man/emu-push.1")),
        ("man/man5/emu-format.5", include_str!("../../../man/emu-format.5")),
        ("man/man7/emu-revisions.7", include_str!("../../../man/emu-revisions.7")),
        ("bash-completion/completions/emu", include_str!("../../../completions/emu.bash")),
        ("zsh/site-functions/_emu", include_str!("../../../completions/_emu")),
        ("fish/vendor_completions.d/emu.fish", include_str!("../../../completions/emu.fish")),
    ] {
        assert_eq!(std::fs::read_to_string(emu.path("p/share").join(path)).unwrap(), text, "{path}");
    }
    let modes = emu.shell("find p -printf '%y %m\\n' | sort -u").succeeds().stdout;
    assert_eq!(modes, "d 755\nf 644\n");
}

#[test]
fn a_dry_run_prints_the_same_paths_and_writes_nothing() {
    let emu = Emu::new();
    let planned = emu.ok(&["install-files", "--prefix", "p", "--dry-run"]);
    assert!(!emu.path("p").exists());
    assert_eq!(emu.ok(&["install-files", "--prefix", "p"]), planned);
}

#[test]
fn a_file_is_replaced_as_a_whole_and_others_stay() {
    let emu = Emu::new();
    emu.tree("p/share/man/man1", "file emu.1 0600 \"old\"\nfile other.1 0644 \"mine\"");
    let file = emu.path("p/share/man/man1/emu.1");
    let old = std::fs::metadata(&file).unwrap().ino();
    emu.shell("exec 3<p/share/man/man1/emu.1; emu install-files --prefix p >/dev/null; cat <&3 >kept")
        .succeeds();
    assert_eq!(std::fs::read_to_string(emu.path("kept")).unwrap(), "old");
    let new = std::fs::metadata(&file).unwrap();
    assert_eq!(new.permissions().mode() & 0o7777, 0o644);
    assert_ne!(new.ino(), old);
    assert_eq!(std::fs::read_to_string(emu.path("p/share/man/man1/other.1")).unwrap(), "mine");
    // Nothing temporary is left.
    assert_eq!(emu.shell("find p -name '*.new'").succeeds().stdout, "");
}

#[test]
fn a_place_that_cannot_be_written_is_one_error() {
    let emu = Emu::new();
    emu.tree("", "file p 0644 \"no directory\"");
    let said = emu.fails(&["install-files", "--prefix", "p"], 1);
    let wrong = format!("error: cannot write '{}/share/man/man1/emu.1': ", emu.path("p").display());
    assert!(said.starts_with(&wrong) && said.lines().count() == 1, "{said}");
    emu.fails(&["install-files"], 2);
    if need_root() && need_tool("setpriv") {
        let said = emu.as_user(1234).fails(&["install-files", "--prefix", "/usr/local"], 1);
        assert!(said.contains("permission denied") || said.contains("Permission denied"), "{said}");
    }
}

#[test]
fn records_name_the_files() {
    let emu = Emu::new();
    let records = emu.run(&["install-files", "--prefix", "p", "--json"]).succeeds().records();
    assert!(records.iter().all(|record| record["type"] == "installed"));
    assert_eq!(records.len(), pages::ALL.len() + 3);
}
