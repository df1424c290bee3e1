//! A checkout of the snapshot that the sink's index is for: what the index proves is passed over,
//! and whatever it does not prove is found as without it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use emu::sink::{Catalog, Index, Sink};
use emu::tree::Digest;

use super::flip;
use crate::env::{Emu, LoopFs, need_root, need_tool};
use crate::tree::{assert_same, print};

const TREE: &str = r#"
    dir . 0755
    file attr/a 0640 "a" xattr user.k=v
    file content/a "content" mtime=1700000001
    file deep/er/and/deeper/a "a"
    dir empty 0755
    file extra/a "a"
    file extra/b/c "c"
    file gone/below/deeper/a "a"
    file gone/below/b "b"
    file hard/a "a"
    link hard/b = deep/er/and/deeper/a
    file kept/a size=300000 seed=7
    file kept/out.o "object"
    file kind/dir/a "a"
    file kind/dir/b/c "c"
    file kind/file "file"
    file time/a "a" mtime=1700000002
    symlink to/s -> a
"#;

/// A source whose stamps prove something, as its sink has it.
fn settled() -> Emu {
    let emu = Emu::new();
    emu.tree("src", TREE);
    emu.ok(&["init", "src"]);
    std::thread::sleep(Duration::from_millis(2300));
    emu.ok(&["push", "-S", "src", "--to", "./sink"]);
    emu.shell("cp -a src saved && rm -r saved/.emu && touch -r src saved").succeeds();
    emu
}

/// The plan for HEAD with the index, which must be the one without it.
#[track_caller]
fn plan(emu: &Emu) -> String {
    let plan = || emu.inside("src").run(&["checkout", "HEAD", "-n", "--force"]).to_string();
    let (index, aside) = (emu.path("sink/.emu/index-of"), emu.path("sink/.emu/aside"));
    assert!(index.exists());
    let with = plan();
    fs::rename(&index, &aside).unwrap();
    let without = plan();
    fs::rename(&aside, &index).unwrap();
    assert_eq!(lines(&with), lines(&without));
    lines(&with).join("\n")
}

/// The lines of a plan: without the call and its time.
fn lines(output: &str) -> Vec<&str> {
    let how = ["remove ", "create ", "replace ", "attributes "];
    output.lines().map(str::trim).filter(|line| how.iter().any(|how| line.starts_with(how))).collect()
}

#[track_caller]
fn nothing_to_change(emu: &Emu) {
    let said = emu.inside("src").run(&["checkout", "HEAD"]).succeeds();
    assert!(said.stdout.ends_with(": nothing to change\n"), "{said}");
}

#[test]
fn nothing_changes_whether_the_index_is_sound_damaged_or_missing() {
    let emu = settled();
    nothing_to_change(&emu);
    let index = emu.path("sink/.emu/index");
    let sound = fs::read(&index).unwrap();
    let mut damaged = sound.clone();
    damaged[200] ^= 1;
    fs::write(&index, &damaged).unwrap();
    nothing_to_change(&emu);
    fs::write(&index, &sound[..100]).unwrap();
    nothing_to_change(&emu);
    fs::remove_file(&index).unwrap();
    nothing_to_change(&emu);
    // Nobody who only reads makes it anew.
    assert!(!index.exists());
}

#[test]
fn a_damaged_index_hides_nothing() {
    let emu = settled();
    let index = emu.path("sink/.emu/index");
    let mut damaged = fs::read(&index).unwrap();
    damaged[200] ^= 1;
    fs::write(&index, &damaged).unwrap();
    emu.tree("src", "remove gone\nfile content/a \"CONTENT\" mtime=1700000001");
    emu.inside("src").ok(&["checkout", "HEAD", "--force"]);
    assert_same(&emu.path("saved"), &emu.path("src"));
}

#[test]
fn an_index_for_another_snapshot_says_nothing_of_this_one() {
    let emu = settled();
    emu.tree("src", "file content/a \"other\"\nfile more/new \"new\"\nremove gone");
    emu.ok(&["push", "-S", "src"]);
    let second = print(&emu.path("src"));
    emu.inside("src").ok(&["checkout", "HEAD~"]);
    assert_same(&emu.path("saved"), &emu.path("src"));
    // HEAD is the first now, the index still that of the second.
    nothing_to_change(&emu);
    let newest = emu.inside("src").ok(&["path", "@{now}"]);
    emu.inside("src").ok(&["checkout", newest.trim_end().rsplit('/').next().unwrap()]);
    assert_eq!(print(&emu.path("src")), second);
}

#[test]
fn every_kind_of_change_is_found_beside_what_the_index_proves() {
    let emu = settled();
    assert_eq!(plan(&emu), "");
    let edits: &[(&str, &str)] = &[
        ("chmod 0600 src/attr/a", "attributes attr/a"),
        ("setfattr -n user.k -v w src/attr/a", "attributes attr/a"),
        ("touch -d @1700000009 src/time/a", "attributes time/a"),
        ("chmod 0700 src/empty", "attributes empty"),
        ("ln -sfn b src/to/s", "replace to/s"),
        ("rm src/deep/er/and/deeper/a", "create deep/er/and/deeper/a"),
        ("rm src/hard/b", "create hard/b"),
        ("echo more > src/extra/b/more", "remove extra/b/more"),
        ("mkdir -p src/extra/d && echo x > src/extra/d/x", "remove extra/d/x"),
        ("rm -r src/gone", "create gone/below/deeper/a"),
        ("rm -r src/kind/dir && echo file > src/kind/dir", "create kind/dir/b/c"),
        ("rm src/kind/file && mkdir src/kind/file && echo x > src/kind/file/x", "remove kind/file/x"),
        ("rm -r src/deep", "create deep/er/and/deeper/a"),
        ("touch -d @5 src", "attributes ."),
    ];
    for (edit, line) in edits {
        emu.shell(edit).succeeds();
        let found = plan(&emu);
        assert!(found.lines().any(|found| found == *line), "{edit}:\n{found}");
    }
    // All at once, and each by itself.
    emu.inside("src").ok(&["checkout", "HEAD", "--force"]);
    assert_same(&emu.path("saved"), &emu.path("src"));
    for (edit, line) in edits {
        emu.shell(edit).succeeds();
        let found = plan(&emu);
        assert!(found.lines().any(|found| found == *line), "{edit}:\n{found}");
        emu.inside("src").ok(&["checkout", "HEAD", "--force"]);
        assert_same(&emu.path("saved"), &emu.path("src"));
    }
}

#[test]
fn content_that_changed_under_the_same_size_and_mtime_is_found() {
    let emu = settled();
    flip(&emu.path("src/content/a"));
    assert_eq!(plan(&emu), "replace content/a");
    let said = emu.inside("src").fails(&["checkout", "HEAD"], 1);
    assert!(said.contains("destroy 1 file") && said.contains("'content/a'"), "{said}");
    emu.inside("src").ok(&["checkout", "HEAD", "--force"]);
    assert_same(&emu.path("saved"), &emu.path("src"));
}

#[test]
fn what_was_recorded_too_fresh_is_read() {
    let emu = Emu::new();
    emu.tree("src", "dir . 0755\nfile d/a \"content\" mtime=1700000001\nfile d/b \"b\"");
    emu.ok(&["push", "-S", "src", "--to", "./sink"]);
    nothing_to_change(&emu);
    flip(&emu.path("src/d/a"));
    assert_eq!(plan(&emu), "replace d/a");
}

#[test]
fn what_is_excluded_now_is_left_alone_beside_what_the_index_proves() {
    let emu = settled();
    fs::write(emu.path("src/.emu/excludes"), "*.o\n/gone/\n").unwrap();
    assert_eq!(plan(&emu), "");
    let records = emu.inside("src").run(&["checkout", "HEAD", "--json"]).succeeds().records();
    assert_eq!(records.last().unwrap()["excluded"], 2, "{records:?}");
    emu.shell("rm src/kept/out.o src/kept/a && rm -r src/gone && echo x > src/new.o").succeeds();
    let plan = plan(&emu);
    assert!(plan.lines().any(|line| line == "create kept/a"), "{plan}");
    assert!(!plan.contains("gone") && !plan.contains(".o"), "{plan}");
    emu.inside("src").ok(&["checkout", "HEAD"]);
    assert!(!emu.path("src/gone").exists() && emu.path("src/new.o").exists());
}

#[test]
fn a_copy_of_the_source_is_compared_by_content() {
    let emu = settled();
    // Same id, other inodes.
    emu.shell("cp -a src copy").succeeds();
    flip(&emu.path("copy/content/a"));
    let plan = emu.inside("copy").run(&["checkout", "HEAD", "-n", "--force"]).succeeds().stdout;
    assert!(plan.lines().any(|line| line == "replace content/a"), "{plan}");
    assert!(!plan.contains("kept"), "{plan}");
}

#[test]
fn a_source_without_stable_stamps_is_compared_by_content() {
    let emu = Emu::new();
    emu.tree("src", TREE);
    emu.ok(&["init", "src"]);
    fs::write(emu.path("src/.emu/config"), "[push]\ncompare = \"mtime\"\n").unwrap();
    std::thread::sleep(Duration::from_millis(2300));
    emu.ok(&["push", "-S", "src", "--to", "./sink"]);
    nothing_to_change(&emu);
    flip(&emu.path("src/content/a"));
    assert_eq!(plan(&emu), "replace content/a");
}

#[test]
fn a_mount_over_what_the_index_proves_is_not_entered() {
    if !need_root() {
        return;
    }
    let emu = settled();
    let inside = LoopFs::tmpfs(&emu.path("src/empty"), 8);
    fs::write(inside.path("mine"), "mine").unwrap();
    emu.shell("rm src/kept/a").succeeds();
    assert!(plan(&emu).contains("create kept/a"));
    emu.inside("src").ok(&["checkout", "HEAD"]);
    assert_eq!(read(&inside.path("mine")), "mine");
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn what_the_index_alone_says_is_not_restored() {
    let emu = settled();
    emu.tree("src", "file unique/precious \"p\"");
    std::thread::sleep(Duration::from_millis(2300));
    emu.ok(&["push", "-S", "src"]);
    // Sound in itself, with a name that the manifest does not have.
    let (index, binding) = (emu.path("sink/.emu/index"), emu.path("sink/.emu/index-of"));
    let mut forged = fs::read(&index).unwrap();
    let at = forged.windows(8).position(|name| name == b"precious").unwrap();
    forged[at + 7] = b'z';
    let end = forged.len() - 32;
    let before = Digest(forged[end..].try_into().unwrap());
    let after = Digest::of(&forged[..end]);
    forged[end..].copy_from_slice(&after.0);
    fs::write(&index, &forged).unwrap();
    let text = fs::read_to_string(&binding).unwrap();
    assert!(text.contains(&before.to_string()));
    fs::write(&binding, text.replace(&before.to_string(), &after.to_string())).unwrap();

    let sink = Sink::open(&emu.path("sink")).unwrap();
    let head = Catalog::listed(&sink).unwrap().head().unwrap().node.clone();
    assert!(Index::open(&sink, &head).is_some(), "the forged index would not be believed");

    emu.shell("rm src/unique/precious").succeeds();
    emu.inside("src").run(&["checkout", "HEAD"]).succeeds();
    assert_eq!(print(&emu.path("src/unique")).matches("precious").count(), 1);
    assert_eq!(fs::read(emu.path("src/unique/precious")).unwrap(), b"p");
    assert!(!emu.path("src/unique/preciouz").exists());
}

#[test]
fn content_is_read_by_the_plan_that_is_carried_out_and_by_no_other() {
    if !need_tool("strace") {
        return;
    }
    let emu = settled();
    // Every file has to be read to see that none differs, but for one at the end.
    emu.shell(
        "for f in $(find src -type f -links 1 -not -path '*/.emu/*'); do cp -a $f new; mv new $f; done",
    )
    .succeeds();
    emu.shell("rm src/time/a; cd saved; for d in $(find . -type d); do touch -r $d ../src/$d; done")
        .succeeds();
    let trace = emu.path("trace");
    let args =
        ["-f", "-y", "-e", "trace=openat", "-o", trace.to_str().unwrap(), "emu", "checkout", "HEAD", "-n"];
    let plan = emu.inside("src").pipe("strace", &args, b"").succeeds();
    assert_eq!(lines(&plan.stdout), ["create time/a"]);
    let calls = fs::read_to_string(&trace).unwrap();
    let opens = calls.lines().filter(|line| line.contains("/src/kept>, \"out.o\""));
    assert_eq!(opens.count(), 1, "{calls}");
}
