//! `emu squash`.

use std::fs;

use crate::env::Emu;
use crate::job::listing;
use crate::made::{Made, Special};

fn five(emu: &Emu) -> (Made, Vec<String>) {
    let sink = Made::new(emu, "disk");
    let ids = (1..=5).map(|seq| sink.add(seq, Special::default())).collect();
    (sink, ids)
}

fn standing(sink: &Made, ids: &[String]) -> Vec<bool> {
    ids.iter().map(|id| sink.path.join(".emu/nodes").join(id).exists()).collect()
}

#[test]
fn the_ends_of_a_range_stay_and_what_lies_between_goes() {
    let emu = Emu::new();
    let (sink, ids) = five(&emu);
    let src = emu.inside("src");
    let before = listing(&sink.path);
    src.ok(&["squash", "--dry-run", "disk:HEAD~4..HEAD~"]);
    assert_eq!(listing(&sink.path), before);
    src.ok(&["squash", "HEAD~4..HEAD~"]);
    assert_eq!(standing(&sink, &ids), [true, false, false, true, true]);
    let removed = fs::read_to_string(sink.path.join(".emu/removed").join(&ids[1])).unwrap();
    assert!(removed.contains(&format!("squashed into {}", ids[3])), "{removed}");
}

#[test]
fn what_is_pinned_stops_all_of_it_unless_forced() {
    let emu = Emu::new();
    let (sink, ids) = five(&emu);
    sink.pin(&ids[2]);
    let src = emu.inside("src");
    assert!(src.fails(&["squash", "TAIL..HEAD"], 1).contains("is pinned"));
    assert_eq!(standing(&sink, &ids), [true; 5]);
    src.ok(&["squash", "--force", "--sink", "disk", "--wait", "1", "TAIL..HEAD"]);
    assert_eq!(standing(&sink, &ids), [true, false, false, false, true]);
}

#[test]
fn what_is_no_range_and_what_is_empty_removes_nothing() {
    let emu = Emu::new();
    let (sink, ids) = five(&emu);
    let src = emu.inside("src");
    for wrong in ["HEAD~2", "disk", "disk:HEAD"] {
        assert!(src.fails(&["squash", wrong], 2).contains("is no range"));
    }
    for nothing in ["HEAD~..HEAD", "HEAD..HEAD~2"] {
        let said = src.run(&["squash", nothing]).succeeds();
        assert!(said.stderr.contains("nothing to squash"), "{said}");
    }
    assert_eq!(standing(&sink, &ids), [true; 5]);
}
