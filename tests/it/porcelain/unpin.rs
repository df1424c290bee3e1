//! `emu unpin`.

use crate::env::Emu;
use crate::job::listing;
use crate::made::{Made, Special};

#[test]
fn what_is_unpinned_can_be_removed() {
    let emu = Emu::new();
    let sink = Made::new(&emu, "disk");
    let id = sink.add(1, Special::default());
    sink.add(2, Special::default());
    sink.pin(&id);
    let src = emu.inside("src");
    let before = listing(&sink.path);
    assert_eq!(src.ok(&["unpin", "-n", "TAIL"]), format!("{} of disk: would be not pinned\n", &id[..12]));
    assert_eq!(listing(&sink.path), before);
    assert_eq!(src.ok(&["unpin", "TAIL"]), format!("{} of disk: not pinned\n", &id[..12]));
    // And once more, which changes nothing.
    let record = &src.run(&["unpin", "--json", "TAIL"]).succeeds().records()[0];
    assert_eq!((&record["type"], &record["pinned"]), (&"snapshot".into(), &false.into()));
    src.ok(&["rotate", "--keep-last", "1"]);
    assert!(!sink.path.join(".emu/nodes").join(&id).exists());
}

#[test]
fn a_locked_sink_is_waited_for_only_if_asked() {
    let emu = Emu::new();
    let sink = Made::new(&emu, "disk");
    let id = sink.add(1, Special::default());
    sink.pin(&id);
    let lock = std::fs::File::create(sink.path.join(".emu/LOCK")).unwrap();
    fs2::FileExt::lock_exclusive(&lock).unwrap();
    assert!(emu.inside("src").fails(&["unpin", "HEAD"], 11).contains("is locked"));
    drop(lock);
    emu.inside("src").ok(&["unpin", "--wait", "1", "HEAD"]);
}
