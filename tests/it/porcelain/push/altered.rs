//! What somebody did to a spare does not get into a snapshot, nor out of the spare.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::parked::{CONFIG, is_sound, parked, saves_over, spare};
use crate::crash::scene::seen;
use crate::env::{need_root, need_tool};
use crate::tree::build;

#[test]
fn files_that_were_changed_in_a_spare_are_made_anew() {
    let job = parked(CONFIG);
    // Of these HEAD has other inodes.
    build(
        &spare(&job),
        "file edited 0644 \"bad\" mtime=1700000002\nfile d/edited 0777 \"worse\" mtime=1700000004",
    );
    saves_over(&job, 0);
    is_sound(&job);
    assert!(job.shared("edited", 1, 2) && job.shared("d/edited", 1, 2));
}

#[test]
fn files_that_were_replaced_in_a_spare_are_linked_from_the_newest_snapshot() {
    let job = parked(CONFIG);
    let text = "remove kept\nfile kept 0644 \"KEPT\" mtime=1700000001\nremove d/in\nfile d/in 0600 \"IN\" mtime=1700000004
        remove edited\nfile edited 0644 \"TWO\" mtime=1700000002\nremove d/s\nsymlink d/s -> IN mtime=1700000005
        attr d 0750 mtime=1700000003";
    build(&spare(&job), text);
    saves_over(&job, 0);
    is_sound(&job);
    assert!(["kept", "d/in", "edited", "d/s"].iter().all(|path| job.shared(path, 1, 2)));
}

#[test]
fn a_file_that_was_changed_in_a_spare_and_thus_everywhere_is_saved_anew() {
    let job = parked(CONFIG);
    build(&spare(&job), "file kept 0644 \"KEPT\" mtime=1700000009\nattr d/in 0640 mtime=1700000004");
    let said = saves_over(&job, 3);
    assert!(said.stderr.contains("'kept'") && said.stderr.contains("'d/in'"), "{said}");
    assert_eq!(job.node()["counts"]["damaged"], 2);
    assert!(!job.shared("kept", 1, 2) && !job.shared("d/in", 1, 2));
}

#[test]
fn foreign_things_in_a_spare_go_and_nothing_outside_is_touched() {
    let job = parked(CONFIG);
    let canary = job.emu.tree(
        "canary",
        "dir . 0700\nfile in 0600 \"in\" mtime=1700000004\nfile edited 0600 \"later\" mtime=1700000004\nfile kept 0644 \"kept\" mtime=1700000001\ndir 0 0711\nfile 0/0 \"0\"\nfile 0/5 \"5\" mtime=1600000000",
    );
    let ctime = |path: &Path| {
        let stat = path.symlink_metadata().unwrap();
        (stat.ctime(), stat.ctime_nsec(), stat.nlink())
    };
    let inside = ["", "in", "edited", "0", "0/0", "0/5"];
    let state = || (seen(&canary), inside.map(|name| ctime(&canary.join(name))));
    let spare = spare(&job);
    fs::remove_file(spare.join("edited")).unwrap();
    fs::hard_link(canary.join("edited"), spare.join("edited")).unwrap();
    let before = state();
    let text = format!(
        "fifo foreign\nfile d/foreign \"x\"\ndir d/in2/deep 0000\nfile pad/1/extra \"\"\nremove kept\nfifo kept
         remove d\nsymlink d -> {0}\nremove pad/0\nsymlink pad/0 -> {0}/0\nsymlink l -> {0}\nattr pad/2 0000 xattr user.x=1
         remove pad/3/3\ndir pad/3/3 0000\nremove pad/4\nfile pad/4 \"a file\"\nattr . 0700 xattr user.y=2",
        canary.display()
    );
    build(&spare, &text);
    saves_over(&job, 0);
    is_sound(&job);
    let after = state();
    assert_eq!(before.0, after.0);
    assert_eq!(before.1[..2], after.1[..2]);
    assert_eq!(before.1[3..], after.1[3..]);
    assert!(!spare.exists());
}

#[test]
fn a_spare_that_cannot_be_changed_does_not_keep_the_next_push_from_saving() {
    if !(need_root() && need_tool("chattr")) {
        return;
    }
    let job = parked(CONFIG);
    let file = spare(&job).join("edited");
    if job.emu.program("chattr", &["+i", file.to_str().unwrap()]).status != 0 {
        return;
    }
    let first = job.push(&["-v"]);
    let second = job.push(&["-v"]);
    let unlock = "find sink -name edited -exec chattr -i {} +";
    job.emu.shell(unlock);
    assert!(second.status == 0, "{first}\n{second}");
    job.same();
    job.push(&[]).succeeds();
    is_sound(&job);
}
