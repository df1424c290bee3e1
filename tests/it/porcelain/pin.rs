//! `emu pin`.

use std::fs;

use crate::env::{Emu, assert_shows};
use crate::job::listing;
use crate::made::{Made, Special};

fn three(emu: &Emu) -> (Made, Vec<String>) {
    let sink = Made::new(emu, "disk");
    let ids = (1..=3).map(|seq| sink.add(seq, Special::default())).collect();
    (sink, ids)
}

#[test]
fn what_is_pinned_is_not_removed() {
    let emu = Emu::new();
    let (sink, ids) = three(&emu);
    let src = emu.inside("src");
    assert_eq!(src.ok(&["pin", "HEAD~2"]), format!("{} of disk: pinned\n", &ids[0][..12]));
    src.ok(&["rotate", "--keep-last", "1"]);
    let left = |seq: usize| sink.path.join(".emu/nodes").join(&ids[seq]).exists();
    assert!(left(0) && !left(1) && left(2));
    assert!(src.ok(&["log", "-s"]).contains("(pinned)"));
}

#[test]
fn a_pin_for_a_time_ends_by_itself() {
    let emu = Emu::new();
    let (sink, ids) = three(&emu);
    emu.at("2026-11-22T18:00:00Z").step(60);
    let src = emu.inside("src");
    assert_shows(
        &src.run(&["pin", "--for", "2h", "HEAD~2", "disk:HEAD~"]),
        "
        $ emu pin --for 2h HEAD~2 disk:HEAD~
        <id1> of disk: pinned until Sun 2026-11-22 20:00:00 +0000
        <id2> of disk: pinned until Sun 2026-11-22 20:00:00 +0000
        ",
    );
    assert!(src.ok(&["log", "-s", "HEAD~2"]).contains("(pinned until 2026-11-22 20:00)"));
    let record = &src.run(&["log", "--json", "HEAD~2"]).succeeds().records()[0];
    assert_eq!((&record["pinned"], &record["pinned_until"]), (&true.into(), &"2026-11-22T20:00:00Z".into()));
    // For longer, and one of them for good.
    src.ok(&["pin", "HEAD~"]);
    emu.at("2026-11-22T20:00:01Z");
    assert!(!src.ok(&["log", "-s", "HEAD~2"]).contains("pinned"));
    src.ok(&["rotate", "--keep-last", "1"]);
    assert!(!sink.path.join(".emu/nodes").join(&ids[0]).exists());
    assert!(sink.path.join(".emu/nodes").join(&ids[1]).exists());
}

#[test]
fn a_pin_that_cannot_be_read_is_one_for_good() {
    let emu = Emu::new();
    let (sink, ids) = three(&emu);
    let src = emu.inside("src");
    for content in ["", "{", "{\"v\":2,\"until\":\"2020-01-01T00:00:00Z\"}", "forever"] {
        fs::write(sink.path.join(".emu/pins").join(&ids[0]), content).unwrap();
        assert!(src.ok(&["log", "-s", "TAIL"]).contains("(pinned)"), "{content}");
    }
}

#[test]
fn a_dry_run_changes_nothing() {
    let emu = Emu::new();
    let (sink, ids) = three(&emu);
    let before = listing(&sink.path);
    let said = emu.inside("src").ok(&["pin", "-n", "TAIL"]);
    assert_eq!(said, format!("{} of disk: would be pinned\n", &ids[0][..12]));
    assert_eq!(listing(&sink.path), before);
}

#[test]
fn nothing_is_pinned_unless_all_can_be() {
    let emu = Emu::new();
    let (sink, _) = three(&emu);
    let src = emu.inside("src");
    assert!(src.fails(&["pin", "HEAD", "none"], 10).contains("no snapshot 'none'"));
    for bad in ["soon", "1h30m", "90s"] {
        let said = src.fails(&["pin", "--for", bad, "HEAD"], 2);
        assert!(said.contains("a length of time in y, m (months), w, d, h and min"), "{said}");
    }
    src.run(&["pin"]).exits(2);
    assert!(src.fails(&["pin", "disk"], 2).contains("say disk:HEAD"));
    assert!(src.fails(&["pin", "--for", "0h", "HEAD"], 2).contains("for no time at all"));
    assert_eq!(fs::read_dir(sink.path.join(".emu/pins")).unwrap().count(), 0);
}

#[test]
fn one_sink_under_two_names_is_locked_once() {
    let emu = Emu::new();
    let (sink, ids) = three(&emu);
    let named = format!("{}:HEAD~", sink.path.display());
    let said = emu.inside("src").ok(&["pin", "disk:HEAD", &named]);
    assert_eq!(said.lines().count(), 2, "{said}");
    for id in &ids[1..] {
        assert!(sink.path.join(".emu/pins").join(id).exists());
    }
}
