//! Spares as the library sees them, and directories of a spare that are far too large.

use std::path::Path;

use emu::sink::{Sink, Wait};
use emu::snapshot::spare;

use crate::job::{Job, id, ino};

const POLICY: &str = "[rotate]\nkeep-last = 2\nspare-rest = 0\n";

fn size(path: &Path) -> u64 {
    path.symlink_metadata().unwrap().len()
}

#[test]
fn a_directory_that_was_once_huge_is_small_again_in_a_spare() {
    let job =
        Job::new("file big/sub/below \"text\" mtime=1700000001\nfile big/stays \"text\" mtime=1700000002");
    job.config(POLICY);
    let name = |n: u32| job.src().join(format!("big/{n:0>120}"));
    (0..2000).for_each(|n| std::fs::write(name(n), "").unwrap());
    job.settle();
    for _ in 0..3 {
        job.push(&[]).succeeds();
    }
    let huge = size(&job.newest().join("big"));
    let below = ino(&job.newest().join("big/sub/below"));
    (0..2000).for_each(|n| std::fs::remove_file(name(n)).unwrap());
    for options in [&["--allow-shrunk"][..], &[], &[]] {
        job.push(options).succeeds();
        job.same();
        assert_eq!(ino(&job.newest().join("big/sub/below")), below);
        let now = size(&job.newest().join("big"));
        // File systems whose directories shrink by themselves have nothing to show.
        assert!(now <= 16 * 1024, "{now} bytes, {huge} before");
    }
    assert_eq!(job.ok(&["verify", "-q", "./sink"]), "");
}

#[test]
fn the_library_lists_spares_and_gives_them_up() {
    let job = Job::new("file a \"text\" mtime=1700000001");
    job.config(POLICY);
    for _ in 0..3 {
        job.push(&[]).succeeds();
    }
    let sink = Sink::open(&job.sink()).unwrap();
    let parked = spare::list(&sink).unwrap();
    assert_eq!(parked.len(), 1);
    let (node, _) = parked[0].retired.as_ref().unwrap();
    assert_eq!((node.seq, &node.id), (1, &parked[0].id));
    assert!(job.nodes().iter().all(|node| id(node) != parked[0].id));
    let lock = sink.lock("a test", Wait::default()).unwrap();
    assert!(!spare::discard(&sink, &lock, "no such name").unwrap());
    assert_eq!(spare::discard_all(&sink, &lock).unwrap(), 1);
    assert!(spare::list(&sink).unwrap().is_empty());
    drop(lock);
    // What was given up is deleted after the next push.
    job.push(&[]).succeeds();
    assert!(!job.sink().join(".emu/trash").join(&parked[0].id).exists());
}

#[test]
fn what_verify_finds_makes_the_index_doubtful() {
    let job = Job::new("file a \"text\" mtime=1700000001\nfile b \"more\" mtime=1700000002");
    job.settle().push(&[]).succeeds();
    let index = job.sink().join(".emu/index");
    let before = ino(&index);
    assert_eq!(job.ok(&["verify", "-q", "./sink"]), "");
    job.push(&[]).succeeds();
    assert_eq!(ino(&index), before, "nothing was found");
    // A further name keeps its number from being given to the next one.
    std::fs::hard_link(&index, job.emu.path("before")).unwrap();
    let file = job.newest().join("a");
    let moment = std::fs::metadata(&file).unwrap().modified().unwrap();
    std::fs::write(&file, "tezt").unwrap();
    std::fs::File::options().write(true).open(&file).unwrap().set_modified(moment).unwrap();
    job.emu.fails(&["verify", "./sink"], 4);
    // The damaged file is saved anew.
    job.push(&[]).exits(3);
    assert_ne!(ino(&index), before);
}
