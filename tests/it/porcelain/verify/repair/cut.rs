//! Repairs that are cut off, refused or fail: each path has the old inode or the new one.

use std::path::{Path, PathBuf};

use crate::crash::scene::Scene;
use crate::env::{LoopFs, need_root, need_tool};
use crate::job::{ino, strict_listing};
use crate::tree::{Show, build, print_with};

const SOURCE: &str = r#"
    dir . 0755 mtime=1700000000
    dir a 0755 mtime=1700000001
    file a/f 0644 size=5000 seed=7 mtime=1700000002
    link b/g = a/f
    dir b 0755 mtime=1700000004
    file c 0600 "c" mtime=1700000005
"#;

fn printed(tree: &Path) -> String {
    print_with(tree, Show { mtimes: true, emu: false })
}

/// Writes over a byte and keeps the times.
fn spoil(path: &Path) {
    let time = path.metadata().unwrap().modified().unwrap();
    let mut bytes = std::fs::read(path).unwrap();
    bytes[0] ^= 1;
    std::fs::write(path, bytes).unwrap();
    std::fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}

/// Two snapshots with a damaged group, a wrong mode and a file that is gone.
fn damaged() -> (Scene, Vec<String>) {
    let scene = Scene::new(SOURCE, "");
    scene.push();
    scene.push();
    let trees: Vec<_> = scene.ids().iter().map(|id| scene.tree(id)).collect();
    let whole: Vec<String> = trees.iter().map(|tree| printed(tree)).collect();
    spoil(&trees[0].join("a/f"));
    build(&trees[1], "attr a 0700 mtime=1700000001\nremove c\nattr . mtime=1700000000");
    scene.keep();
    (scene, whole)
}

#[test]
fn cut_off_at_any_call_each_path_is_old_or_new_and_a_second_run_goes_on() {
    let (scene, whole) = damaged();
    let repair = ["-S", "src", "verify", "--repair", "origin"];
    let ids = scene.ids();
    let content = |id: &String, path: &str| std::fs::read(scene.tree(id).join(path)).unwrap();
    let (bad, good) = (content(&ids[0], "a/f"), std::fs::read(scene.emu.path("src/a/f")).unwrap());
    for round in 1.. {
        scene.restore();
        let said = scene.faulty(&format!("kill:{round}"), &repair, b"");
        if said.status == 0 {
            assert!(round > 20, "{said}");
            break;
        }
        for id in &ids {
            for path in ["a/f", "b/g"] {
                let now = content(id, path);
                assert!(now == bad || now == good, "{path} of {id} in round {round}");
            }
            let names = printed(&scene.tree(id));
            assert!(names.lines().count() <= 7, "{names}");
        }
        scene.emu.run(&repair).succeeds();
        let now: Vec<String> = ids.iter().map(|id| printed(&scene.tree(id))).collect();
        assert_eq!(now, whole, "round {round}");
        scene.verify();
        assert_eq!(std::fs::read_dir(scene.sink(".emu/staging")).unwrap().count(), 0);
    }
}

#[test]
fn a_full_disk_in_the_midst_leaves_the_old_inode_and_is_said() {
    let (scene, whole) = damaged();
    let repair = ["-S", "src", "verify", "--repair", "origin"];
    let ids = scene.ids();
    let mut failed = 0;
    for round in 1..200 {
        scene.restore();
        let said = scene.faulty(&format!("28:{round}"), &repair, b"");
        if said.status == 0 {
            // Beyond the last call, or at one that did no harm.
            scene.verify();
            continue;
        }
        failed += 1;
        scene.emu.run(&repair).succeeds();
        let now: Vec<String> = ids.iter().map(|id| printed(&scene.tree(id))).collect();
        assert_eq!(now, whole, "round {round}: {said}");
    }
    assert!(failed > 10, "{failed}");
}

#[test]
fn a_dry_run_shows_the_plan_and_changes_nothing() {
    let (scene, _) = damaged();
    let before = strict_listing(&scene.sink(""));
    let said = scene.emu.run(&["-S", "src", "verify", "--repair", "--dry-run", "origin"]).exits(4).stdout;
    assert!(said.contains("'a/f': content: ") && said.contains("; can be repaired from '"), "{said}");
    assert_eq!(strict_listing(&scene.sink("")), before);
    let said = scene.emu.run(&["-S", "src", "verify", "--repair", "--dry-run", "--json", "origin"]).exits(4);
    let records = said.records();
    assert_eq!(records.last().unwrap()["repairable"], records.last().unwrap()["findings"]);
    scene.emu.fails(&["-S", "src", "verify", "--dry-run", "origin"], 2);
}

/// The only spare of a sink.
fn spare(scene: &Scene) -> PathBuf {
    std::fs::read_dir(scene.sink(".emu/spare")).unwrap().next().unwrap().unwrap().path()
}

#[test]
fn a_spare_that_may_hold_the_bad_inode_is_given_up() {
    let scene = Scene::new(SOURCE, "[rotate]\nkeep-last = 2\nspare-rest = 0\n");
    for _ in 0..3 {
        scene.push();
    }
    let spare = spare(&scene);
    let newest = scene.tree(scene.ids().last().unwrap());
    assert_eq!(ino(&spare.join("c")), ino(&newest.join("c")));
    spoil(&newest.join("c"));
    scene.emu.run(&["-S", "src", "verify", "--repair", "origin"]).succeeds();
    assert!(!spare.exists());
    assert_eq!(std::fs::read(newest.join("c")).unwrap(), b"c");
    scene.push();
    scene.verify();
}

#[test]
fn a_staged_tree_that_may_hold_the_bad_inode_is_given_up() {
    let scene = Scene::new(SOURCE, "");
    scene.push();
    let manifest = scene.emu.program("emu-hash-tree", &["src"]).succeeds();
    let sink = scene.sink("");
    let link = ["--sink", sink.to_str().unwrap(), "--source", "src"];
    let staged = scene.emu.pipe("emu-link-snapshot", &link, &manifest.bytes).succeeds();
    // Nothing is repaired, and nothing given up.
    scene.emu.run(&["-S", "src", "verify", "--repair", "origin"]).succeeds();
    let stagings = || std::fs::read_dir(scene.sink(".emu/staging")).unwrap().count();
    assert_eq!(stagings(), 1);
    spoil(&scene.tree(&scene.ids()[0]).join("c"));
    scene.emu.run(&["-S", "src", "verify", "--repair", "origin"]).succeeds();
    assert_eq!(stagings(), 0);
    let said = scene.emu.pipe("emu-commit-snapshot", &link[..2], &staged.bytes);
    assert_ne!(said.status, 0, "{said}");
    scene.verify();
}

#[test]
fn damage_of_a_spare_alone_harms_no_push() {
    let scene = Scene::new(SOURCE, "[rotate]\nkeep-last = 1\nspare-rest = 0\n");
    scene.push();
    scene.edit("file c 0600 \"d\" mtime=1700000006");
    scene.push();
    let spare = spare(&scene);
    spoil(&spare.join("c"));
    scene.emu.run(&["-S", "src", "verify", "--repair", "origin"]).succeeds();
    scene.push();
    scene.verify();
}

#[test]
fn a_sink_that_is_locked_or_cannot_be_written_is_not_repaired() {
    let (scene, _) = damaged();
    if need_tool("flock") {
        let lock = scene.sink(".emu/LOCK");
        let line = format!("flock {} emu -S src verify --repair origin", lock.display());
        let said = scene.emu.shell(&line).exits(11);
        assert!(said.stderr.contains("--wait"), "{said}");
    }
    if need_root() {
        let emu = &scene.emu;
        let disk = LoopFs::tmpfs(&emu.path("ro"), 16);
        emu.tree("one", SOURCE);
        emu.ok(&["push", "-S", "one", "--to", "./ro/sink"]);
        let file = emu.path("ro/sink/latest/c").canonicalize().unwrap();
        spoil(&file);
        disk.remount_ro();
        let said = emu.fails(&["-S", "one", "verify", "--repair", "./ro/sink"], 1);
        assert!(said.contains("read-only file system"), "{said}");
        emu.run(&["-S", "one", "verify", "--repair", "--dry-run", "./ro/sink"]).exits(4);
    }
}

#[test]
fn an_ordinary_user_repairs_its_own_sink_closed_directories_included() {
    if !(need_root() && need_tool("setpriv")) {
        return;
    }
    let emu = crate::env::Emu::new();
    let user = emu.as_user(1234);
    emu.tree("src", "dir d 0555 mtime=3\nfile d/f 0444 size=5000 seed=1 mtime=5\nfile d/e 0600 \"\" mtime=5");
    std::fs::create_dir(emu.path("sinks")).unwrap();
    for dir in ["src", "sinks"] {
        crate::env::give(&emu.path(dir), 1234);
    }
    for _ in 0..2 {
        user.ok(&["push", "-S", "src", "--to", "./sinks/sink"]);
    }
    let tree = emu.path("sinks/sink/latest").canonicalize().unwrap();
    let before = printed(&tree);
    spoil(&tree.join("d/f"));
    build(&tree, "remove d/e\nattr d mtime=3");
    user.ok(&["-S", "src", "verify", "--repair", "./sinks/sink"]);
    assert_eq!(printed(&tree), before);
    user.ok(&["verify", "./sinks/sink"]);
}

#[test]
fn a_locked_sink_keeps_no_other_from_being_repaired() {
    if !need_tool("flock") {
        return;
    }
    let (scene, _) = damaged();
    scene.emu.ok(&["-S", "src", "sink", "add", "other", "./other"]);
    scene.emu.ok(&["-S", "src", "push", "other"]);
    let other = scene.emu.path("other/latest").canonicalize().unwrap().join("c");
    spoil(&other);
    let lock = scene.sink(".emu/LOCK");
    let line = format!("flock {} emu -S src verify --repair", lock.display());
    let said = scene.emu.shell(&line).exits(11);
    assert_eq!(std::fs::read(&other).unwrap(), b"c");
    assert!(said.stderr.contains("is locked") && said.stdout.contains("'c': content: "), "{said}");
}

#[test]
fn a_signal_ends_a_repair_and_what_was_found_is_told() {
    if !need_tool("strace") {
        return;
    }
    let (scene, whole) = damaged();
    // While the good copy is looked for: it is the source's.
    let good = scene.emu.path("src/a/f");
    let inject = ["-f", "-o", "/dev/null", "-e", "inject=pread64:signal=INT", "-P", good.to_str().unwrap()];
    let repair = ["emu", "-S", "src", "verify", "--repair", "origin"];
    let said = scene.emu.program("strace", &[&inject[..], &repair].concat()).exits(130);
    assert!(said.stdout.contains("'a/f': content: ") && !said.stdout.contains("repaired"), "{said}");
    scene.emu.run(&repair[1..]).succeeds();
    let now: Vec<String> = scene.ids().iter().map(|id| printed(&scene.tree(id))).collect();
    assert_eq!(now, whole);
}
