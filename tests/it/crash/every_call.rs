//! Killed before the first changing call, the second, the third, until it runs to its end.

use std::collections::BTreeMap;

use super::scene::{CONFIG, Scene, assert_calm, each_call, history, names, reported};

/// What holds after whatever happened to a command that may add one snapshot and remove
/// `removable`: all listed is whole, what is left of `before` is as it was.
#[track_caller]
fn assert_whole(scene: &Scene, before: &BTreeMap<String, String>, removable: &[String], at: &str) {
    let after = scene.seen();
    for (id, seen) in before {
        match after.get(id) {
            Some(now) => assert_eq!(now, seen, "{at}: {id} is not what it was"),
            None => assert!(removable.contains(id), "{at}: {id} is gone"),
        }
    }
    assert!(after.len() <= before.len() + 1, "{at}: {:?}", after.keys());
    scene.verify();
}

#[test]
fn a_push_killed_at_any_call_leaves_all_that_is_listed_whole() {
    let scene = history();
    let (source, all) = (scene.source(), scene.ids());
    each_call(1, 60, 1, |n| {
        scene.restore();
        let before = scene.seen();
        let at = format!("kill:{n}");
        scene.emu.at("2026-11-02T00:00:00Z");
        let done = scene.faulty(&at, &["-S", "src", "push"], b"");
        assert!(matches!(done.status, 0 | 137), "{at}: {done}");
        let ids = scene.ids();
        let added = ids.iter().find(|id| !all.contains(id));
        // Saved first, expired afterwards.
        let removable = if added.is_some() { &all[..1] } else { &[] };
        assert_whole(&scene, &before, removable, &at);
        if let Some(id) = reported(&done.stdout) {
            assert!(added.is_some_and(|added| added.starts_with(&id)), "{at}: {id} was reported");
        }
        assert_eq!(scene.source(), source, "{at}: the source has changed");
        let next = scene.push();
        assert_calm(&next);
        assert_whole(&scene, &before, &all, &at);
        scene.assert_saved();
        scene.assert_tidy();
        done.status == 0
    });
}

#[test]
fn a_rotation_killed_at_any_call_leaves_all_that_is_listed_whole() {
    let scene = Scene::new(super::scene::BEFORE, "[rotate]\nkeep-last = 9\n");
    scene.emu.at("2026-11-01T00:00:00Z");
    for n in 0..5 {
        scene.edit(&format!("file d/n{n} 0644 \"{n}\"\nfile d/edited 0644 \"edit {n}\""));
        scene.push();
    }
    scene.configure(CONFIG);
    scene.keep();
    let all = scene.ids();
    each_call(1, 20, 1, |n| {
        scene.restore();
        let before = scene.seen();
        let at = format!("kill:{n}");
        scene.emu.at("2026-11-03T00:00:00Z");
        let done = scene.faulty(&at, &["-S", "src", "rotate"], b"");
        assert!(matches!(done.status, 0 | 137), "{at}: {done}");
        assert_whole(&scene, &before, &all[..3], &at);
        scene.emu.run(&["-S", "src", "rotate"]).succeeds();
        assert_eq!(scene.ids(), all[3..], "{at}");
        scene.assert_tidy();
        assert_whole(&scene, &before, &all[..3], &at);
        scene.push();
        scene.assert_tidy();
        done.status == 0
    });
}

/// The pipeline up to the record that `emu-commit-snapshot` reads.
fn stage(scene: &Scene) -> Vec<u8> {
    let sink = scene.sink("").display().to_string();
    let line = format!("emu-hash-tree src --against {sink} | emu-link-snapshot --sink {sink} --source src");
    scene.emu.shell(&line).succeeds().bytes
}

#[test]
fn a_commit_killed_at_any_call_publishes_the_staged_tree_once_or_not_at_all() {
    let scene = history();
    let staged = stage(&scene);
    scene.keep();
    let all = scene.ids();
    let sink = scene.sink("").display().to_string();
    let commit = ["commit-snapshot", "--sink", &sink];
    each_call(1, 15, 1, |n| {
        scene.restore();
        let before = scene.seen();
        let at = format!("kill:{n}");
        scene.emu.at("2026-11-02T00:00:00Z");
        let done = scene.faulty(&at, &commit, &staged);
        assert!(matches!(done.status, 0 | 137), "{at}: {done}");
        assert_whole(&scene, &before, &[], &at);
        if done.stdout.contains("\"type\":\"snapshot\"") {
            assert_eq!(scene.ids().len(), all.len() + 1, "{at}: it was reported");
        }
        // Again: it is published now, or was before.
        let again = scene.emu.pipe("emu", &commit, &staged);
        assert!(matches!(again.status, 0 | 1 | 10), "{at}: {again}");
        assert_eq!(scene.ids().len(), all.len() + 1, "{at}: {again}");
        assert_whole(&scene, &before, &[], &at);
        scene.assert_saved();
        scene.assert_tidy();
        scene.push();
        scene.assert_tidy();
        done.status == 0
    });
}

#[test]
fn staging_by_the_pipeline_killed_at_any_call_is_cleared_by_the_next_push() {
    let scene = history();
    let sink = scene.sink("").display().to_string();
    let manifest = scene.emu.program("emu-hash-tree", &["src", "--against", &sink]).succeeds().bytes;
    let link = ["-S", "src", "link-snapshot", "--sink", &sink];
    let kept = scene.seen();
    each_call(3, 40, 1, |n| {
        scene.restore();
        let before = scene.seen();
        let at = format!("kill:{n}");
        scene.emu.at("2026-11-02T00:00:00Z");
        let done = scene.faulty(&at, &link, &manifest);
        assert!(matches!(done.status, 0 | 137), "{at}: {done}");
        assert_eq!(scene.ids().len(), kept.len(), "{at}: staging lists nothing");
        let whole = names(&scene.sink(".emu/staging")).iter().any(|txid| {
            let intent = std::fs::read_to_string(scene.sink(".emu/staging").join(txid).join("intent"));
            intent.is_ok_and(|intent| intent.contains("\"staged\""))
        });
        scene.push();
        assert_whole(&scene, &before, &kept.keys().cloned().collect::<Vec<_>>(), &at);
        // A staging that is sealed belongs to who made it.
        assert_eq!(names(&scene.sink(".emu/staging")).len(), usize::from(whole), "{at}");
        done.status == 0
    });
}
