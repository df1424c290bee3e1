//! `emu verify --read-data-subset`: a part of the contents, and some runs read everything once.

use std::collections::BTreeSet;
use std::path::Path;

use super::saved;
use crate::env::{Emu, LoopFs, need_root};
use crate::tree::build;

/// So many files of 1,000 bytes each.
const FILES: usize = 60;

fn pushed() -> Emu {
    let emu = Emu::new();
    let text: String = (0..FILES).map(|n| format!("file f{n} 0644 size=1000 seed={n} mtime=5\n")).collect();
    emu.tree("src", &text);
    for _ in 0..2 {
        emu.ok(&["push", "-S", "src", "--to", "./sink"]);
    }
    emu
}

/// Damages all files; which of them are found tells which were read.
fn spoil(sink: &Path) {
    let tree = sink.join("latest").canonicalize().unwrap();
    let text: String =
        (0..FILES).map(|n| format!("file f{n} 0644 size=1000 seed={} mtime=5\n", n + 1000)).collect();
    build(&tree, &text);
}

/// The paths that a run reads.
fn read(emu: &Emu, subset: &str) -> BTreeSet<String> {
    let said = emu.run(&["verify", "--json", "--read-data-subset", subset, "./sink"]);
    let records = said.records();
    let found = records.iter().filter(|record| record["what"] == "content");
    found.map(|record| record["path"].as_str().unwrap().to_owned()).collect()
}

/// Fails unless the runs have all files, each once.
fn assert_all(runs: &[BTreeSet<String>]) {
    let count: usize = runs.iter().map(BTreeSet::len).sum();
    let all: BTreeSet<&String> = runs.iter().flatten().collect();
    assert_eq!((count, all.len()), (FILES, FILES), "{runs:?}");
}

#[test]
fn the_parts_of_all_have_every_file_once_and_are_the_same_each_time() {
    let emu = pushed();
    spoil(&emu.path("sink"));
    let runs: Vec<_> = (1..=4).map(|n| read(&emu, &format!("{n}/4"))).collect();
    assert_all(&runs);
    assert!(runs.iter().all(|run| run.len() > 3), "{runs:?}");
    assert_eq!(read(&emu, "2/4"), runs[1]);
    assert!(!emu.path("sink/.emu/verified/next").exists());
}

#[test]
fn shares_go_on_where_the_last_run_ended_and_begin_again() {
    let emu = pushed();
    spoil(&emu.path("sink"));
    let runs: Vec<_> = (0..4).map(|_| read(&emu, "25%")).collect();
    assert_all(&runs);
    assert_eq!(read(&emu, "25%"), runs[0]);
}

#[test]
fn bytes_go_on_where_the_last_run_ended() {
    let emu = pushed();
    spoil(&emu.path("sink"));
    let mut runs = Vec::new();
    while runs.iter().map(BTreeSet::len).sum::<usize>() < FILES {
        let run = read(&emu, "20K");
        assert!((1..=21).contains(&run.len()), "{run:?}");
        runs.push(run);
    }
    assert_all(&runs);
    assert!((3..=5).contains(&runs.len()), "{}", runs.len());
    // Less than a file is a file, or no run would get on.
    assert_eq!(read(&emu, "1").len(), 1);
}

#[test]
fn attributes_are_checked_of_everything_and_each_inode_is_read_once() {
    let saved = saved();
    saved.damage("attr z 0640 mtime=1700000007\nattr a/x xattr user.k=v");
    let attributes = |subset: &str| {
        let found = saved.findings(&["--read-data-subset", subset]);
        assert_eq!(found.iter().filter(|line| line.contains(" mode z ")).count(), 2, "{found:?}");
        assert_eq!(found.iter().filter(|line| line.contains(" xattrs ")).count(), 4, "{found:?}");
    };
    attributes("1/2");
    attributes("2/2");
    let bytes = |subset: &str| {
        let said = saved.emu.run(&["verify", "--json", "--read-data-subset", subset, "./sink"]);
        said.records().last().unwrap()["bytes"].as_u64().unwrap()
    };
    assert_eq!((1..=3).map(|n| bytes(&format!("{n}/3"))).sum::<u64>(), 300_007);
    let note = std::fs::read_to_string(saved.inside("verified").join(&saved.ids[0])).unwrap();
    assert!(note.contains("\"subset\":true"), "{note}");
}

#[test]
fn a_part_is_repaired_as_well() {
    let emu = pushed();
    spoil(&emu.path("sink"));
    let part = read(&emu, "1/2").len();
    emu.ok(&["-S", "src", "verify", "--repair", "--read-data-subset", "1/2", "./sink"]);
    assert_eq!(read(&emu, "1/2").len(), 0);
    assert_eq!(read(&emu, "2/2").len(), FILES - part);
}

#[test]
fn what_cannot_be_remembered_is_said() {
    if !need_root() {
        return;
    }
    let emu = Emu::new();
    let disk = LoopFs::tmpfs(&emu.path("disk"), 16);
    emu.tree("src", "file a 0644 \"a\"");
    emu.ok(&["push", "-S", "src", "--to", "./disk/sink"]);
    disk.remount_ro();
    let said = emu.run(&["verify", "--read-data-subset", "50%", "./disk/sink"]).succeeds();
    assert!(said.stderr.contains("the next run reads the same part again"), "{said}");
    assert_eq!(emu.run(&["verify", "--read-data-subset", "1/2", "./disk/sink"]).succeeds().stderr, "");
}

#[test]
fn a_share_is_one_of_all_snapshots() {
    let saved = saved();
    let said = saved.emu.fails(&["verify", "--read-data-subset", "5%", "./sink:HEAD"], 2);
    assert!(said.contains("a share of the contents is for all of them"), "{said}");
    saved.emu.ok(&["verify", "--read-data-subset", "1/2", "./sink:HEAD"]);
    for wrong in ["0/3", "4/3", "x", "0%"] {
        let said = saved.emu.fails(&["verify", "--read-data-subset", wrong, "./sink"], 2);
        assert!(said.contains("allowed is N/T"), "{said}");
    }
    saved.emu.fails(&["verify", "--quick", "--read-data-subset", "1/2", "./sink"], 2);
}
