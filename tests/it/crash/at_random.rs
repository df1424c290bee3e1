//! `kill -9` at random moments, with all threads at work.

use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use super::scene::{Scene, assert_calm, reported};

/// Pseudo-random numbers (an LCG), the same in each run.
pub struct Chance(pub u64);

impl Chance {
    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// Some thousand files in some dozen directories, for `round`.
pub fn many(files: u64, round: u64) -> String {
    let file = |n: u64| {
        let changed = if n % 7 == round % 7 { round } else { 0 };
        format!("file d{}/f{n} 0644 size={} seed={}\n", n % 50, 200 + n % 4000, n + changed * 10_000)
    };
    (1..=files).map(file).collect()
}

/// Enough that a push takes some time.
const FILES: u64 = 1500;

/// A push that is killed after `delay`.
pub fn killed_push(scene: &Scene, delay: Duration) -> Output {
    let mut command = scene.emu.command("emu", &["-S", "src", "push"]);
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(delay);
    drop(child.kill());
    child.wait_with_output().unwrap()
}

#[test]
fn thirty_pushes_killed_at_random_moments_harm_nothing() {
    let scene = Scene::new(&many(FILES, 0), "[rotate]\nkeep-last = 2\n");
    scene.emu.step(60);
    scene.push();
    scene.edit(&many(FILES, 1));
    let begin = Instant::now();
    scene.push();
    let usual = u64::try_from(begin.elapsed().as_millis()).unwrap();
    let mut chance = Chance(30);
    let mut killed = 0;
    for round in 2..32 {
        // A few hundred files change each time.
        let changed: String =
            many(FILES, round).lines().skip(round as usize % 4).step_by(8).collect::<Vec<_>>().join("\n");
        scene.edit(&changed);
        let before = scene.stamps();
        let delay = chance.below(usual + usual / 4);
        let done = killed_push(&scene, Duration::from_millis(delay));
        killed += u32::from(done.status.code().is_none());
        let after = scene.stamps();
        if let Some(id) = reported(&String::from_utf8_lossy(&done.stdout)) {
            assert!(after.keys().any(|known| known.starts_with(&id)), "{delay} ms: {id} was reported");
        }
        let saved = after.keys().any(|id| !before.contains_key(id));
        for (id, seen) in &before {
            assert!(after.get(id).map_or(saved, |now| now == seen), "{delay} ms: {id} is not what it was");
        }
        scene.verify();
        let next = scene.push();
        assert_calm(&next);
    }
    scene.assert_tidy();
    scene.assert_saved();
    scene.verify();
    assert!(killed > 5, "only {killed} of 30 pushes were killed before their end");
}
