//! A disk that fails while what was written is made durable.

use super::scene::Scene;

const TREE: &str = "file a \"text\" mtime=1700000001\nfile b \"more\" mtime=1700000002";

/// Stagings that have something of this name.
fn in_staging(scene: &Scene, name: &str) -> usize {
    let stagings = std::fs::read_dir(scene.sink(".emu/staging")).unwrap();
    stagings.filter(|staging| staging.as_ref().unwrap().path().join(name).exists()).count()
}

/// A first push in which the n-th changing call fails; whether that was the barrier.
fn fails_at_the_barrier(scene: &Scene, n: usize) -> bool {
    let said = scene.faulty(&format!("5:{n}"), &["-S", "src", "push"], b"");
    said.stderr.contains("cannot make the new snapshot in") && said.stderr.contains("durable")
}

#[test]
fn what_could_not_be_made_durable_proves_nothing_to_the_next_push() {
    let barrier = (1..200).find(|n| fails_at_the_barrier(&Scene::new(TREE, ""), *n));
    let scene = Scene::new(TREE, "");
    assert!(fails_at_the_barrier(&scene, barrier.expect("because every push has a barrier")));
    // The next push may go on with the tree, but makes every file in it again.
    assert_eq!((in_staging(&scene, "tree"), in_staging(&scene, "journal")), (1, 0));
    scene.push();
    assert_eq!(scene.log()[0]["counts"]["copied"], 2);
    scene.assert_saved();
    scene.verify();
    scene.assert_tidy();
}
