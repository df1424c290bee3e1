//! Every row of the recovery table in emu-format(5), made by hand: what a sink looks like after
//! a crash between two steps, and what the next command makes of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::crash::scene::{BEFORE, Scene, assert_calm, names};
use crate::env::{Emu, LoopFs, need_loop};
use crate::tree::{self, Show};

const TXID: &str = "0a0a0a0a-1111-4222-8333-444444444444";

/// A sink with three snapshots whose ids are known, and nothing to save.
struct Case {
    scene: Scene,
    ids: Vec<String>,
    seen: BTreeMap<String, String>,
}

impl Case {
    fn new() -> Case {
        Case::of(Scene::new(BEFORE, "[rotate]\nkeep-last = 9\n"))
    }

    fn of(scene: Scene) -> Case {
        scene.push();
        for n in ["2", "3"] {
            scene.edit(&format!("file d/edited \"{n}\""));
            scene.push();
        }
        let (ids, seen) = (scene.ids(), scene.seen());
        Case { scene, ids, seen }
    }

    fn emu(&self, below: &str) -> PathBuf {
        self.scene.sink(".emu").join(below)
    }

    /// A part of the newest snapshot ("trees", "nodes").
    fn newest(&self, part: &str) -> PathBuf {
        self.emu(part).join(&self.ids[2])
    }

    fn staging(&self, below: &str) -> PathBuf {
        self.emu("staging").join(TXID).join(below)
    }

    /// A staging of the newest snapshot that is as far as `stage` says; empty but for that.
    fn begin(&self, stage: &str) {
        let node: serde_json::Value =
            serde_json::from_slice(&fs::read(self.newest("nodes")).unwrap()).unwrap();
        fs::create_dir(self.staging("")).unwrap();
        let mut intent = serde_json::json!({"v": 1, "txid": TXID, "stage": stage, "boot_id": "another",
            "parent": self.ids[1]});
        if stage == "sealed" {
            for key in ["id", "seq", "name"] {
                intent[key] = node[key].clone();
            }
        }
        fs::write(self.staging("intent"), intent.to_string() + "\n").unwrap();
        fs::write(self.staging("LOCK"), "").unwrap();
        fs::write(self.staging("journal"), "{\"torn").unwrap();
    }

    /// HEAD, latest and the name are as before the newest snapshot.
    fn forget_newest(&self) {
        fs::write(self.emu("HEAD"), format!("{}\n", self.ids[1])).unwrap();
        let node =
            [self.staging("node"), self.newest("nodes")].into_iter().find(|path| path.exists()).unwrap();
        let node: serde_json::Value = serde_json::from_slice(&fs::read(node).unwrap()).unwrap();
        fs::remove_file(self.scene.sink(node["name"].as_str().unwrap())).unwrap();
        fs::remove_file(self.scene.sink("latest")).unwrap();
        std::os::unix::fs::symlink(format!(".emu/trees/{}", self.ids[1]), self.scene.sink("latest")).unwrap();
    }

    /// Takes the newest snapshot back into a sealed staging, as far as `parts` say.
    fn unpublish(&self, parts: &[(&str, &str)]) {
        self.begin("sealed");
        for (place, part) in parts {
            fs::rename(self.newest(place), self.staging(part)).unwrap();
        }
        self.forget_newest();
    }

    /// The next push completes the newest snapshot and stands on it.
    #[track_caller]
    fn assert_completed(&self) {
        self.assert_readers_write_nothing();
        let next = self.scene.push();
        assert_calm(&next);
        let records = self.scene.log();
        assert_eq!(records.len(), 4);
        assert_eq!(records[0]["parent"], self.ids[2].as_str());
        assert_eq!(records[0]["counts"]["copied"], 0, "{}", records[0]);
        self.assert_rest(&self.ids);
        self.scene.assert_tidy();
    }

    /// These snapshots are what they were, and sound.
    #[track_caller]
    fn assert_rest(&self, ids: &[String]) {
        let now = self.scene.seen();
        for id in ids {
            assert_eq!(now.get(id), Some(&self.seen[id]), "{id}");
        }
        self.scene.verify();
    }

    /// Log, verify, path and checkout say the same on a sink that cannot be written, and write
    /// nothing where they could.
    #[track_caller]
    fn assert_readers_write_nothing(&self) -> Vec<String> {
        let before = everything(&self.scene.sink(""));
        let said = self.read();
        crate::env::assert_text(&everything(&self.scene.sink("")), &before);
        said
    }

    fn read(&self) -> Vec<String> {
        let emu = &self.scene.emu;
        let sink = self.scene.sink("").display().to_string();
        let sink = sink.trim_end_matches('/');
        let to = emu.path("checkout");
        drop(fs::remove_dir_all(&to));
        let head = format!("{sink}:HEAD");
        let commands: [&[&str]; 4] = [
            &["log", "--json", sink],
            &["verify", sink],
            &["path", &head],
            &["checkout", &head, "--to", to.to_str().unwrap()],
        ];
        let run = |args: &&[&str]| {
            let output = emu.run(args);
            format!("{}{}[exit {}]", output.stdout, output.stderr, output.status)
        };
        commands.iter().map(run).collect()
    }
}

/// All that is in a sink but its locks and what verify notes of its result.
fn everything(sink: &Path) -> String {
    let text = tree::print_with(sink, Show { mtimes: true, emu: true });
    let passing = ["/LOCK ", " .emu/verified"];
    let lasting = |line: &&str| !passing.iter().any(|word| line.contains(word));
    text.lines().filter(lasting).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_staging_that_was_cut_off_is_cleared() {
    let case = Case::new();
    case.begin("open");
    crate::crash::scene::copy(&case.newest("trees"), &case.staging("tree"));
    // These have no intent that can be read.
    fs::create_dir(case.emu("staging/1b1b1b1b-1111-4222-8333-444444444444")).unwrap();
    fs::create_dir_all(case.emu("staging/2c2c2c2c-1111-4222-8333-444444444444/tree/d")).unwrap();
    fs::write(case.emu("staging/2c2c2c2c-1111-4222-8333-444444444444/intent"), "{\"v\":1,").unwrap();
    case.assert_readers_write_nothing();
    assert_eq!(case.scene.ids(), case.ids);
    assert_calm(&case.scene.push());
    case.scene.assert_tidy();
    case.assert_rest(&case.ids);
}

#[test]
fn a_sealed_tree_that_is_still_staged_is_published() {
    let case = Case::new();
    case.unpublish(&[("trees", "tree"), ("manifests", "manifest"), ("nodes", "node")]);
    assert_eq!(case.scene.ids().len(), 2);
    case.assert_completed();
}

#[test]
fn a_sealed_tree_that_is_in_place_is_published() {
    let case = Case::new();
    case.unpublish(&[("manifests", "manifest"), ("nodes", "node")]);
    case.assert_completed();
}

#[test]
fn a_sealed_tree_whose_manifest_is_in_place_is_published() {
    let case = Case::new();
    case.unpublish(&[("nodes", "node")]);
    case.assert_completed();
}

#[test]
fn a_snapshot_whose_node_is_in_place_gets_its_head_and_names() {
    let case = Case::new();
    case.unpublish(&[]);
    // Committed: readers list it, and HEAD is what it will be.
    let records = case.scene.log();
    assert_eq!((records.len(), &records[0]["head"]), (3, &serde_json::Value::Bool(true)));
    case.assert_completed();
}

#[test]
fn a_sealed_tree_whose_manifest_is_not_the_one_of_its_node_is_reported_and_kept() {
    let case = Case::new();
    case.unpublish(&[("nodes", "node")]);
    fs::write(case.newest("manifests"), "damaged").unwrap();
    let next = case.scene.emu.run(&["-S", "src", "push"]);
    assert!(matches!(next.status, 0 | 3) && next.stderr.contains("warning: "), "{next}");
    assert!(case.newest("trees").exists(), "{next}");
    assert!(case.scene.log().len() == 3, "the new one is listed, the damaged one is not");
    let again = case.scene.emu.run(&["-S", "src", "push"]);
    assert!(again.stderr.contains("warning: ") && case.newest("trees").exists(), "{again}");
    case.assert_rest(&case.ids[..2]);
}

/// What a removal writes first.
fn removal_record(case: &Case, id: &str) {
    fs::copy(case.emu("nodes").join(id), case.emu("removed").join(id)).unwrap();
}

#[test]
fn a_removal_that_was_cut_off_after_its_commit_goes_on() {
    let case = Case::new();
    let first = &case.ids[0];
    removal_record(&case, first);
    fs::write(case.emu("pins").join(first), "").unwrap();
    fs::remove_file(case.emu("nodes").join(first)).unwrap();
    assert_eq!(case.scene.ids(), case.ids[1..]);
    case.assert_readers_write_nothing();
    assert_calm(&case.scene.push());
    case.assert_rest(&case.ids[1..]);
    case.scene.assert_tidy();
    assert!(names(&case.emu("pins")).is_empty());
    assert_eq!(names(&case.emu("removed")), std::slice::from_ref(first));
}

#[test]
fn a_removal_that_was_cut_off_after_its_tree_was_moved_goes_on() {
    let case = Case::new();
    let first = &case.ids[0];
    removal_record(&case, first);
    fs::write(case.emu("pins").join(first), "").unwrap();
    fs::remove_file(case.emu("nodes").join(first)).unwrap();
    fs::rename(case.emu("trees").join(first), case.emu("trash").join(first)).unwrap();
    assert_eq!(case.scene.ids(), case.ids[1..]);
    assert_calm(&case.scene.push());
    case.assert_rest(&case.ids[1..]);
    case.scene.assert_tidy();
    assert!(names(&case.emu("pins")).is_empty());
}

#[test]
fn a_removal_that_was_not_committed_is_forgotten() {
    let case = Case::new();
    removal_record(&case, &case.ids[0]);
    assert_eq!(case.scene.ids(), case.ids);
    case.assert_readers_write_nothing();
    assert_calm(&case.scene.push());
    case.assert_rest(&case.ids);
    case.scene.assert_tidy();
    assert!(names(&case.emu("removed")).is_empty());
}

/// The first snapshot is damaged: every command says so, and none removes it.
#[track_caller]
fn assert_reported_and_kept(case: &Case, why: &str) {
    let emu = &case.scene.emu;
    let short = &case.ids[0][..12];
    let names_it = |text: &str| assert!(text.contains(short) && text.contains(why), "{text}");
    names_it(&emu.run(&["-S", "src", "log"]).succeeds().stderr);
    let verify = emu.run(&["-S", "src", "verify"]).exits(4);
    names_it(&(verify.stdout + &verify.stderr));
    case.scene.configure("[rotate]\nkeep-last = 1\n");
    let push = emu.run(&["-S", "src", "push"]);
    assert!(matches!(push.status, 0 | 3), "{push}");
    names_it(&push.stderr);
    names_it(&emu.run(&["-S", "src", "rotate"]).succeeds().stderr);
    let tree = case.emu("trees").join(&case.ids[0]);
    let now = crate::crash::scene::seen(&tree);
    assert_eq!(now, case.seen[&case.ids[0]], "it was touched");
    assert!(case.emu("manifests").join(&case.ids[0]).exists());
    let listed = emu.run(&["-S", "src", "log", "--json"]).succeeds().records();
    assert_eq!(listed.len(), 1, "rotation still works: {listed:?}");
    names_it(&emu.run(&["-S", "src", "push"]).stderr);
    assert_eq!(names(&case.emu("staging")).len(), 0);
}

#[test]
fn a_tree_without_a_node_is_reported_and_never_removed() {
    let case = Case::new();
    fs::remove_file(case.emu("nodes").join(&case.ids[0])).unwrap();
    assert_reported_and_kept(&case, "node is missing");
}

#[test]
fn a_tree_whose_node_cannot_be_read_is_reported_and_never_removed() {
    let case = Case::new();
    fs::write(case.emu("nodes").join(&case.ids[0]), "{\"v\":1,").unwrap();
    assert_reported_and_kept(&case, "");
    assert!(case.emu("nodes").join(&case.ids[0]).exists());
}

#[test]
fn the_newest_tree_without_a_node_is_kept_too_and_its_number_is_not_needed() {
    let case = Case::new();
    fs::remove_file(case.newest("nodes")).unwrap();
    let push = case.scene.emu.run(&["-S", "src", "push"]);
    assert!(matches!(push.status, 0 | 3), "{push}");
    assert!(push.stderr.contains(&case.ids[2][..12]), "{push}");
    assert_eq!(crate::crash::scene::seen(&case.newest("trees")), case.seen[&case.ids[2]]);
    let verify = case.scene.emu.run(&["-S", "src", "verify"]).exits(4);
    assert!(verify.stdout.contains("no damage"), "{verify}");
}

/// HEAD says `head` (nothing: it is missing): the newest is taken, and that is said.
#[track_caller]
fn assert_newest_is_head(case: &Case, head: Option<&[u8]>) {
    match head {
        Some(head) => fs::write(case.emu("HEAD"), head).unwrap(),
        None => fs::remove_file(case.emu("HEAD")).unwrap(),
    }
    let newest = case.ids.last().unwrap();
    let log = case.scene.emu.run(&["-S", "src", "log", "--json"]).succeeds();
    assert!(log.stderr.contains("HEAD") && log.stderr.contains(&newest[..12]), "{log}");
    assert_eq!(log.records()[0]["head"], true);
    case.assert_readers_write_nothing();
    let push = case.scene.push();
    assert!(push.stderr.contains("HEAD") && push.stderr.contains(&newest[..12]), "{push}");
    assert_eq!(case.scene.log()[0]["parent"], newest.as_str());
    case.assert_rest(&case.ids);
    case.scene.assert_tidy();
}

#[test]
fn a_head_that_is_garbage_is_the_newest_snapshot() {
    assert_newest_is_head(&Case::new(), Some(b"\xff\x00 no id at all\n"));
}

#[test]
fn an_empty_head_is_the_newest_snapshot() {
    assert_newest_is_head(&Case::new(), Some(b""));
}

#[test]
fn a_head_that_is_missing_is_the_newest_snapshot() {
    assert_newest_is_head(&Case::new(), None);
}

#[test]
fn a_head_that_names_a_removed_snapshot_is_the_newest_one() {
    let gone = format!("{}\n", "6b0332a0".repeat(5));
    assert_newest_is_head(&Case::new(), Some(gone.as_bytes()));
}

#[test]
fn readers_see_the_same_on_a_disk_that_cannot_be_written() {
    if !need_loop("ext4") {
        return;
    }
    type State = (&'static str, fn(&Case));
    let states: [State; 6] = [
        ("sealed, staged", |case| {
            case.unpublish(&[("trees", "tree"), ("manifests", "manifest"), ("nodes", "node")])
        }),
        ("sealed, in place", |case| case.unpublish(&[("manifests", "manifest"), ("nodes", "node")])),
        ("committed", |case| case.unpublish(&[])),
        ("half removed", |case| {
            removal_record(case, &case.ids[0]);
            fs::remove_file(case.emu("nodes").join(&case.ids[0])).unwrap();
        }),
        ("no node", |case| fs::remove_file(case.emu("nodes").join(&case.ids[1])).unwrap()),
        ("no HEAD", |case| fs::remove_file(case.emu("HEAD")).unwrap()),
    ];
    let emu = Emu::new();
    let disk = LoopFs::new(&emu.path("disk"), "ext4", 32);
    let case = Case::of(Scene::at(emu, &disk.path("sink"), BEFORE, "[rotate]\nkeep-last = 9\n"));
    // Unmounted before the scene removes the directory around it.
    let disk = disk;
    case.scene.keep();
    for (state, make) in states {
        case.scene.restore();
        make(&case);
        let writable = case.assert_readers_write_nothing();
        disk.remount_ro();
        let read_only = case.read();
        let push = case.scene.emu.run(&["-S", "src", "push"]);
        disk.remount_rw();
        assert_eq!(read_only, writable, "{state}");
        assert!(read_only[3].ends_with("[exit 0]"), "{state}: {}", read_only[3]);
        assert!(push.status == 1 && push.stderr.contains("error: "), "{state}: {push}");
    }
}
