//! What records say about inodes is what stat(2) shows, and what du promises is what becomes free.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use serde_json::Value;

use crate::env::{Emu, LoopFs, need_loop};
use crate::job::{Job, id, nodes, tree_of};

const TREE: &str = "dir . 0755 mtime=1700000000\n\
    file a size=1000000 seed=1 mtime=1700000001\n\
    file b size=300000 seed=2 mtime=1700000002\n\
    dir d 0755\n\
    file d/c size=200000 seed=3 mtime=1700000003\n\
    link d/e = d/c\n\
    symlink s -> a mtime=1700000004\n\
    file racy size=50000 seed=4";

fn records(sink: &Path, node: &Value) -> Vec<Value> {
    let stored = fs::read(sink.join(".emu/manifests").join(id(node))).unwrap();
    let text = String::from_utf8(zstd::decode_all(stored.as_slice()).unwrap()).unwrap();
    let records = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    records.filter(|record| record["type"] == "entry" && record["kind"] != "dir").collect()
}

/// The name that a record gives its inode: the snapshot that created it, and the path that it had there.
fn origin(record: &Value) -> (u64, String) {
    let split = record["held"]["split"] == true;
    let own = record["links"].as_str().filter(|_| !split).or(record["path"].as_str());
    (record["made"].as_u64().unwrap(), record["made_as"].as_str().or(own).unwrap().to_owned())
}

/// In all snapshots of a sink, records name the same inode if and only if their paths have the same inode.
#[track_caller]
fn names_are_inodes(sink: &Path) {
    let (mut inode_of, mut name_of) = (HashMap::new(), HashMap::new());
    for node in nodes(sink) {
        for record in records(sink, &node) {
            let path = tree_of(sink, &node).join(record["path"].as_str().unwrap());
            let ino = path.symlink_metadata().unwrap().ino();
            let name = origin(&record);
            assert_eq!(*inode_of.entry(name.clone()).or_insert(ino), ino, "{name:?}: {record}");
            assert_eq!(*name_of.entry(ino).or_insert_with(|| name.clone()), name, "{record}");
        }
    }
}

/// What du promises for a snapshot, and whether it is at most that.
fn promise(job: &Job, rev: &str) -> (u64, bool) {
    let records = job.emu.run(&["-S", "src", "du", "--json", rev]).succeeds().records();
    (records[0]["alone"].as_u64().unwrap(), records[0]["at_most"] == true)
}

/// Removes snapshots one by one, the oldest first and every second from the newest, and compares.
#[track_caller]
fn keeps_its_promise(job: &Job) {
    names_are_inodes(&job.sink());
    while job.nodes().len() > 1 {
        let rev = if job.nodes().len().is_multiple_of(2) { "origin:TAIL" } else { "origin:HEAD~" };
        let (said, at_most) = promise(job, rev);
        let removed = job.emu.run(&["-S", "src", "prune", "--json", rev]).succeeds().records();
        let freed = removed[0]["freed"].as_u64().unwrap();
        assert!(freed == said || (at_most && freed < said), "{rev}: said {said}, freed {freed}");
    }
    names_are_inodes(&job.sink());
}

fn settled() -> Job {
    let job = Job::new(TREE);
    job.settle().push(&[]).succeeds();
    job
}

#[test]
fn a_file_renamed_right_after_a_push_is_counted_as_the_copy_that_it_is() {
    let job = Job::new(TREE);
    job.push(&[]).succeeds();
    job.edit("move racy -> renamed").push(&[]).succeeds();
    assert_eq!(job.same().node()["counts"]["copied"], 1);
    assert!(promise(&job, "origin:HEAD").0 >= 50000, "the copy belongs to HEAD alone");
    keeps_its_promise(&job);
}

#[test]
fn moved_files_and_directories_keep_their_inodes() {
    let job = settled();
    job.edit("move a -> moved").push(&[]).succeeds();
    job.edit("move b -> a").push(&[]).succeeds();
    job.edit("move d -> n\nmove moved -> b").push(&[]).succeeds();
    job.edit("move n/e -> n/z\nmove a -> n/a").push(&[]).succeeds();
    job.push(&[]).succeeds();
    keeps_its_promise(&job);
}

#[test]
fn hard_links_that_come_and_go_are_counted_once() {
    let job = settled();
    job.edit("link d/f = d/c").push(&[]).succeeds();
    job.edit("remove d/c").push(&[]).succeeds();
    job.edit("link b2 = b\nlink 0 = d/e").push(&[]).succeeds();
    job.edit("remove d/e\nremove d/f").push(&[]).succeeds();
    keeps_its_promise(&job);
}

#[test]
fn files_that_come_back_and_files_that_change_are_counted_for_themselves() {
    let job = settled();
    job.emu.shell("cp -a src/a back").succeeds();
    job.edit("remove a").push(&["--allow-shrunk"]).succeeds();
    job.emu.shell("cp -a back src/a").succeeds();
    job.push(&[]).succeeds();
    job.edit("attr b 0600\nfile d/c size=200001 seed=9").push(&[]).succeeds();
    job.emu.shell("touch src/a && cp -a src/b src/copy").succeeds();
    job.push(&[]).succeeds();
    keeps_its_promise(&job);
}

#[test]
fn squash_and_prune_in_the_middle_leave_exact_numbers() {
    let job = settled();
    for n in 1..=5 {
        job.edit(&format!("file n{n} size={} seed={n}\nfile b size=300000 seed=1{n}", n * 40000));
        job.push(&[]).succeeds();
    }
    job.ok(&["-S", "src", "squash", "origin:HEAD~3..HEAD~1"]);
    names_are_inodes(&job.sink());
    job.ok(&["-S", "src", "prune", "origin:HEAD~1"]);
    job.edit("move n1 -> n2").push(&[]).succeeds();
    keeps_its_promise(&job);
}

#[test]
fn a_repaired_inode_is_counted_once() {
    let job = settled();
    job.push(&[]).succeeds();
    job.edit("move a -> z").push(&[]).succeeds();
    let path = job.newest().join("z");
    let time = path.metadata().unwrap().modified().unwrap();
    let mut bytes = fs::read(&path).unwrap();
    bytes[5000] ^= 1;
    fs::write(&path, bytes).unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    job.emu.run(&["-S", "src", "verify", "--repair"]).succeeds();
    job.push(&[]).succeeds();
    keeps_its_promise(&job);
}

#[test]
fn trees_that_began_with_a_spare_have_exact_numbers() {
    let job = settled();
    job.config("[rotate]\nkeep-last = 3\nspare-rest = 0\n");
    job.ok(&["-S", "src", "rotate"]);
    for n in 1..=5 {
        job.edit(
            &format!("file b size=300000 seed=1{n}\nmove {} -> {}", n - 1, n).replace("move 0 ", "move a "),
        );
        job.push(&[]).succeeds();
    }
    let (_, at_most) = promise(&job, "origin:HEAD");
    assert!(at_most, "the spare may hold the same inodes");
    job.ok(&["-S", "src", "clean"]);
    assert!(!promise(&job, "origin:HEAD").1);
    keeps_its_promise(&job);
}

#[test]
fn a_file_with_holes_frees_no_more_than_promised() {
    let job = Job::new("file holes size=3000000 seed=3 hole=65536+1048576\nfile a size=5000 seed=1");
    job.push(&[]).succeeds();
    job.edit("remove holes").push(&["--allow-shrunk"]).succeeds();
    let (said, _) = promise(&job, "origin:TAIL");
    let removed = job.emu.run(&["-S", "src", "prune", "--json", "origin:TAIL"]).succeeds().records();
    assert!(removed[0]["freed"].as_u64().unwrap() < said);
}

#[test]
fn numbers_are_at_most_where_files_can_share_blocks() {
    if !need_loop("xfs") {
        return;
    }
    let emu = Emu::new();
    let disk = LoopFs::new(&emu.path("disk"), "xfs", 300);
    emu.tree("disk/src", TREE);
    emu.ok(&["push", "-S", "disk/src", "--to", "./disk/sink"]);
    emu.tree("disk/src", "attr a 0600");
    emu.ok(&["push", "-S", "disk/src", "--to", "./disk/sink"]);
    names_are_inodes(&emu.path("disk/sink"));
    let text = emu.ok(&["du", "./disk/sink"]);
    assert!(text.contains("2 snapshots, at most ") && text.contains("  at most 1.0 MB"), "{text}");
    let text = emu.ok(&["prune", "--dry-run", "./disk/sink:TAIL"]);
    assert!(text.contains("which frees at most "), "{text}");
    drop(disk);
}

#[test]
fn the_disk_has_as_much_more_room_as_was_promised() {
    if !need_loop("ext4") {
        return;
    }
    let emu = Emu::new();
    let disk = LoopFs::new(&emu.path("disk"), "ext4", 100);
    let free = || {
        emu.shell("sync").succeeds();
        let room = emu.shell("df --output=avail -B1 disk | tail -1").succeeds().stdout;
        room.trim().parse::<u64>().unwrap()
    };
    emu.tree("src", TREE);
    emu.ok(&["push", "-S", "src", "--to", "./disk/sink"]);
    emu.tree("src", "move racy -> renamed\nfile new size=5000000 seed=8");
    emu.ok(&["push", "-S", "src", "--to", "./disk/sink"]);
    emu.tree("src", "remove new");
    emu.ok(&["push", "-S", "src", "--allow-shrunk", "--to", "./disk/sink"]);
    let records = emu.run(&["du", "--json", "./disk/sink:HEAD~"]).succeeds().records();
    let (said, before) = (records[0]["alone"].as_u64().unwrap(), free());
    emu.ok(&["prune", "./disk/sink:HEAD~"]);
    let freed = free() - before;
    assert!(freed.abs_diff(said) < 64 * 1024, "said {said}, freed {freed}");
    drop(disk);
}

#[test]
fn snapshots_of_the_pipeline_name_their_inodes_and_its_manifests_do_not() {
    let job = settled();
    job.edit("file new size=9000 seed=7\nmove b -> c");
    let hashed = job.emu.program("emu-hash-tree", &["src", "--against", "./sink"]).succeeds().stdout;
    assert!(!hashed.contains("\"made\""), "{hashed}");
    let staged =
        job.emu.pipe("emu-link-snapshot", &["--sink", "./sink", "--source", "src"], hashed.as_bytes());
    let record = staged.succeeds().stdout;
    job.emu.pipe("emu-commit-snapshot", &["--sink", "./sink"], record.as_bytes()).succeeds();
    job.push(&[]).succeeds();
    keeps_its_promise(&job);
}

#[test]
fn a_staged_tree_whose_place_in_history_is_taken_is_refused() {
    let job = settled();
    job.push(&[]).succeeds();
    let hashed = job.emu.program("emu-hash-tree", &["src"]).succeeds().stdout;
    let staged =
        job.emu.pipe("emu-link-snapshot", &["--sink", "./sink", "--source", "src"], hashed.as_bytes());
    let record = staged.succeeds().stdout;
    // HEAD is where it was, but the next place in history is taken.
    let head = fs::read(job.sink().join(".emu/HEAD")).unwrap();
    job.edit("file new \"new\"").push(&[]).succeeds();
    job.ok(&["-S", "src", "prune", "--force", "origin:HEAD"]);
    assert_eq!(fs::read(job.sink().join(".emu/HEAD")).unwrap(), head);
    let said = job.emu.pipe("emu-commit-snapshot", &["--sink", "./sink"], record.as_bytes());
    assert_eq!(said.status, 1, "{said}");
    assert!(said.stderr.contains("run the pipeline again"), "{said}");
}
