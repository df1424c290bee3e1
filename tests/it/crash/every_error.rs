//! The first changing call fails, the second, the third: once, or from there on.

use super::scene::{Scene, history, reported};

const END: u32 = 3000;

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
    done.status == 0 && done.stderr.is_empty()
}

/// A push in which one call after the other fails. All that is wrong is shown at the end.
fn every_call_fails(errno: i32, how: &str, step: usize) {
    let scene = history();
    let source = scene.source();
    let mut wrong = Vec::new();
    let mut quiet = 0;
    for n in (1..END).step_by(step) {
        let fault = format!("{errno}:{n}{how}");
        let attempt = std::panic::AssertUnwindSafe(|| broken_push(&scene, &fault, &source));
        match std::panic::catch_unwind(attempt) {
            Ok(unharmed) => quiet = if unharmed { quiet + 1 } else { 0 },
            Err(why) => {
                quiet = 0;
                wrong.push(why.downcast_ref::<String>().cloned().unwrap_or_default());
            }
        }
        // Single failures can be made good unnoticed; so many in a row mean the end.
        if quiet > 12 {
            assert!(n > 60, "only {n} calls: the faults are not armed");
            assert!(wrong.is_empty(), "{} faults did harm:\n{}", wrong.len(), wrong.join("\n---\n"));
            return;
        }
    }
    panic!("a push makes more than {END} calls");
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
