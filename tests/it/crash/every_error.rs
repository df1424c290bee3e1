//! The first changing call fails, the second, the third: once, or from there on.

use super::scene::{Scene, each_call, history, reported};

/// One push in which call `n` fails. True if it was never reached.
fn broken_push(scene: &Scene, fault: &str, source: &str) -> bool {
    scene.restore();
    let before = scene.seen();
    let all = scene.ids();
    scene.emu.at("2026-11-02T00:00:00Z");
    let done = scene.faulty(fault, &["-S", "src", "push"], b"");
    let after = scene.seen();
    let added = after.keys().find(|id| !before.contains_key(*id));
    match added {
        // Published all the same: what failed after that is said, not made an error of saving.
        Some(id) => {
            assert!(matches!(done.status, 0 | 3), "{fault}: {id} is listed:\n{done}");
            assert!(done.status == 0 || !done.stderr.is_empty(), "{fault}:\n{done}");
            let shown = reported(&done.stdout).unwrap_or_default();
            assert!(shown.len() == 12 && id.starts_with(&shown), "{fault}: not reported:\n{done}");
        }
        None => {
            assert!(matches!(done.status, 1 | 3), "{fault}: nothing is listed:\n{done}");
            assert_eq!(done.status, 1, "{fault}:\n{done}");
            assert!(done.stderr.contains("error: "), "{fault}:\n{done}");
            assert_eq!(reported(&done.stdout), None, "{fault}:\n{done}");
        }
    }
    for (id, seen) in &before {
        match after.get(id) {
            Some(now) => assert_eq!(now, seen, "{fault}: {id} is not what it was"),
            None => assert!(added.is_some() && *id == all[0], "{fault}: {id} is gone"),
        }
    }
    scene.verify();
    assert_eq!(scene.source(), source, "{fault}: the source has changed");
    scene.push();
    scene.assert_saved();
    scene.verify();
    scene.assert_tidy();
    done.status == 0 && !done.stderr.contains("warning: ")
}

/// A push in which one call after the other fails. A single failure can be made good unnoticed;
/// many in a row mean the end.
fn every_call_fails(errno: i32, how: &str, step: usize) {
    let scene = history();
    let source = scene.source();
    each_call(step, 60, 12, |n| broken_push(&scene, &format!("{errno}:{n}{how}"), &source));
}

#[test]
fn a_disk_that_is_full_from_some_call_on_fails_the_push_and_nothing_else() {
    every_call_fails(28, ":sticky", 1);
}

#[test]
fn a_disk_that_is_full_for_one_call_fails_the_push_and_nothing_else() {
    every_call_fails(28, "", 2);
}

#[test]
fn an_input_output_error_at_one_call_fails_the_push_and_nothing_else() {
    every_call_fails(5, "", 1);
}

#[test]
fn a_disk_with_input_output_errors_from_some_call_on_fails_the_push_and_nothing_else() {
    every_call_fails(5, ":sticky", 3);
}

#[test]
fn a_disk_that_is_read_only_from_some_call_on_fails_the_push_and_nothing_else() {
    every_call_fails(30, ":sticky", 2);
}

#[test]
fn a_disk_that_is_read_only_for_one_call_fails_the_push_and_nothing_else() {
    every_call_fails(30, "", 3);
}
