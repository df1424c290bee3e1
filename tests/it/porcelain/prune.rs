//! `emu prune`: the whole list is checked before anything goes.

use std::fs;

use crate::env::{Emu, LoopFs, assert_shows, need_loop, need_tool};
use crate::job::{Job, id, listing, nodes};
use crate::made::{Made, Special};

fn short(id: &str) -> &str {
    &id[..12]
}

/// A source pushed so many times, each time with a file of 100 kB more.
fn steps(count: usize) -> Job {
    let job = Job::new("file same \"same\"");
    for number in 1..=count {
        job.edit(&format!("file f{number} size=100000 seed={number}"));
        job.push(&["-m", &format!("step {number}")]).succeeds();
    }
    job
}

/// A source pushed so many times to a sink on a disk of 8 MB, which each time takes 300 kB more.
fn on_a_small_disk(count: usize) -> (Job, LoopFs) {
    let job = Job::new("file a size=300000 seed=1");
    let disk = LoopFs::tmpfs(&job.emu.path("full"), 8);
    job.ok(&["-S", "src", "sink", "rm", "origin"]);
    job.ok(&["-S", "src", "sink", "add", "full", disk.path("sink").to_str().unwrap()]);
    for seed in 1..=count {
        job.edit(&format!("file a size=300000 seed={}", seed + 1)).push(&[]).succeeds();
    }
    (job, disk)
}

fn ids(job: &Job) -> Vec<String> {
    job.nodes().iter().map(|node| id(node).to_owned()).collect()
}

#[test]
fn what_goes_is_shown_first_and_its_room_is_free_afterwards() {
    let job = steps(4);
    job.edit("remove f2").push(&[]).succeeds();
    let said = job.emu.inside("src").run(&["prune", "HEAD~", "HEAD~2", "HEAD~3"]).succeeds();
    // f2 is in no other snapshot; the directories are each snapshot's own.
    assert!(said.stdout.starts_with("origin: removing 3 snapshots, which frees about 11"), "{said}");
    for step in 2..=4 {
        assert!(said.stdout.contains(&format!("step {step}\n")), "{said}");
    }
    assert_eq!(job.nodes().len(), 2);
    assert_eq!(said.stderr.matches("freed").count(), 3, "{said}");
    job.same();
    job.ok(&["-S", "src", "verify"]);
    assert_eq!(fs::read_dir(job.sink().join(".emu/trees")).unwrap().count(), 2);
    assert_eq!(fs::read_dir(job.sink().join(".emu/spare")).unwrap().count(), 0, "nothing is parked");
}

#[test]
fn a_dry_run_changes_nothing() {
    let job = steps(3);
    let before = listing(&job.sink());
    let all = ids(&job);
    let src = job.emu.inside("src");
    assert_shows(
        &src.run(&["prune", "--dry-run", "origin:HEAD~"]),
        "
        $ emu prune --dry-run origin:HEAD~
        origin: would remove 1 snapshot, which frees about 4.1 kB
          <id2>  2026-11-22 21:00  step 2
        ",
    );
    let records = src.run(&["prune", "-n", "--json", "HEAD~", "TAIL"]).succeeds().records();
    let going: Vec<_> = records.iter().map(|record| record["id"].as_str().unwrap()).collect();
    assert_eq!(going, all[..2]);
    assert!(records.iter().all(|record| record["type"] == "rotation" && record["action"] == "remove"));
    assert_eq!(listing(&job.sink()), before);
}

#[test]
fn a_bare_sink_or_nothing_is_refused() {
    let job = steps(2);
    let before = listing(&job.sink());
    let src = job.emu.inside("src");
    let path = job.sink().to_str().unwrap().to_owned();
    for args in [&["prune"][..], &["prune", "origin"], &["prune", &path], &["prune", "origin:"]] {
        let said = src.fails(args, 2);
        assert!(
            said.contains("to apply the retention policy: emu rotate; to free leftovers: emu clean"),
            "{said}"
        );
    }
    assert_eq!(listing(&job.sink()), before);
}

#[test]
fn head_what_is_pinned_and_the_last_complete_one_stay_unless_forced() {
    let emu = Emu::new();
    let sink = Made::new(&emu, "disk");
    let all: Vec<String> =
        (1..=4).map(|seq| sink.add(seq, Special { partial: seq == 4, ..Special::default() })).collect();
    sink.pin(&all[1]);
    let src = emu.inside("src");
    let said = src.fails(&["prune", "TAIL..HEAD"], 1);
    for why in [
        format!("{} is pinned", short(&all[1])),
        format!("{} is the last complete one", short(&all[2])),
        format!("{} is HEAD", short(&all[3])),
        "--force".to_owned(),
    ] {
        assert!(said.contains(&why), "{said}");
    }
    assert_eq!(fs::read_dir(sink.path.join(".emu/nodes")).unwrap().count(), 4);
    let said = src.ok(&["prune", "--force", "TAIL..HEAD"]);
    assert!(said.contains(&format!("HEAD moves to {}", short(&all[0]))), "{said}");
    assert_eq!(src.ok(&["log", "-s"]).lines().count(), 1);
    assert_eq!(fs::read_to_string(sink.path.join(".emu/HEAD")).unwrap().trim(), all[0]);
}

#[test]
fn the_last_snapshot_never_goes() {
    let job = steps(2);
    let before = listing(&job.sink());
    let said = job.emu.inside("src").fails(&["prune", "--force", "HEAD", "HEAD~"], 1);
    assert!(said.contains("it would leave no snapshot at all"), "{said}");
    assert_eq!(listing(&job.sink()), before);
}

#[test]
fn nothing_goes_if_one_of_the_list_is_not_there() {
    let job = steps(2);
    let before = listing(&job.sink());
    assert!(job.emu.inside("src").fails(&["prune", "TAIL", "2020-01-01-000000"], 10).contains("no snapshot"));
    assert_eq!(listing(&job.sink()), before);
}

#[test]
fn a_push_after_head_was_removed_goes_on_from_its_ancestor() {
    let job = steps(3);
    job.emu.inside("src").ok(&["prune", "-f", "HEAD"]);
    job.edit("file f4 \"four\"");
    job.push(&[]).succeeds();
    job.same();
    assert_eq!(job.nodes().len(), 3);
    // The number of a snapshot that is gone is not given again.
    assert_eq!(job.node()["seq"], 4);
}

#[test]
fn where_there_are_several_sinks_one_is_named() {
    let job = steps(2);
    job.ok(&["-S", "src", "sink", "add", "usb", "usb"]);
    let src = job.emu.inside("src");
    assert!(src.fails(&["prune", "HEAD~"], 2).contains("say SINK:REV, or --sink SINK"));
    assert!(src.ok(&["prune", "-n", "--sink", "origin", "HEAD~"]).contains("would remove 1 snapshot"));
    assert!(src.ok(&["prune", "-n", "origin:HEAD~"]).contains("would remove 1 snapshot"));
    // An id says by itself where it is.
    assert!(src.ok(&["prune", "-n", short(&ids(&job)[0])]).contains("would remove 1 snapshot"));
}

#[test]
fn a_snapshot_that_is_read_stays_and_head_with_it() {
    if !need_tool("flock") {
        return;
    }
    let job = steps(2);
    let all = ids(&job);
    let node = job.sink().join(".emu/nodes").join(&all[1]);
    let mut command = std::process::Command::new("flock");
    let emu = job.emu.command("emu", &[]).get_program().to_owned();
    let root = job.src();
    command.args(["--shared".as_ref(), node.as_os_str(), emu.as_os_str()]);
    command.args(["prune", "--force", "HEAD"]).current_dir(root);
    command.env("HOME", job.emu.path("home")).env_remove("EMU_SOURCE");
    let said = job.emu.session().collect(command, "flock … emu prune".into(), b"").exits(3);
    assert!(said.stderr.contains("is being read, and stays"), "{said}");
    assert_eq!(fs::read_to_string(job.sink().join(".emu/HEAD")).unwrap().trim(), all[1]);
    assert!(fs::read_link(job.sink().join("latest")).unwrap().ends_with(&all[1]));
    assert_eq!(job.nodes().len(), 2);
}

#[test]
fn a_locked_sink_is_left_alone() {
    if !need_tool("flock") {
        return;
    }
    let job = steps(2);
    let before = listing(&job.sink());
    let emu = job.emu.command("emu", &[]).get_program().to_owned();
    let mut command = std::process::Command::new("flock");
    command.args([job.sink().join(".emu/LOCK").as_os_str(), emu.as_os_str()]);
    command.args(["prune", "TAIL"]).current_dir(job.src()).env("HOME", job.emu.path("home"));
    let said = job.emu.session().collect(command, "flock … emu prune".into(), b"").exits(11);
    assert!(said.stderr.contains("is locked"), "{said}");
    assert_eq!(listing(&job.sink()), before);
}

#[test]
fn a_removal_that_was_cut_off_is_finished_by_the_next_command() {
    if cfg!(not(debug_assertions)) {
        return;
    }
    for at in 1..200 {
        let job = steps(3);
        let fault = format!("kill:{at}");
        let said = job.emu.inside("src").env("EMU_TEST_FAULT", &fault).run(&["prune", "-f", "HEAD", "TAIL"]);
        let done = said.status == 0;
        // Whatever was cut off: what is listed is whole, and HEAD leads to it.
        job.ok(&["-S", "src", "verify"]);
        job.edit("file more \"more\"");
        job.push(&[]).succeeds();
        job.same();
        job.ok(&["-S", "src", "clean"]);
        job.ok(&["-S", "src", "verify"]);
        let trees = fs::read_dir(job.sink().join(".emu/trees")).unwrap().count();
        assert_eq!(trees, job.nodes().len(), "cut off at {at}");
        if done {
            assert_eq!(trees, 2);
            return;
        }
    }
    panic!("never done");
}

#[test]
fn a_line_of_history_knows_where_it_began_after_its_first_snapshot_went() {
    let job = steps(3);
    job.ok(&["-S", "src", "checkout", "--force", "HEAD~"]);
    for step in 4..=6 {
        job.edit(&format!("file f{step} \"{step}\"")).push(&["-m", &format!("step {step}")]).succeeds();
    }
    job.ok(&["-S", "src", "prune", "HEAD~2"]);
    let log = job.ok(&["-S", "src", "log", "-s", "TAIL..HEAD"]);
    assert_eq!(log.lines().count(), 3, "{log}");
    assert!(job.ok(&["-S", "src", "log", "-s", "HEAD~2"]).contains("step 2"));
    assert!(job.ok(&["-S", "src", "log", "-s", "TAIL"]).contains("step 1"));
}

#[test]
fn a_name_that_snapshots_of_several_sinks_have_is_refused() {
    let job = steps(2);
    job.ok(&["-S", "src", "sink", "add", "usb", "usb"]);
    let name = job.nodes()[0]["name"].as_str().unwrap().to_owned();
    assert!(job.emu.inside("src").fails(&["prune", &name], 2).contains("say SINK:REV, or --sink SINK"));
    assert_eq!(job.nodes().len(), 2);
}

#[test]
fn room_is_made_on_a_disk_without_a_free_byte() {
    if !need_loop("ext4") {
        return;
    }
    let (job, disk) = on_a_small_disk(3);
    job.emu.shell("dd if=/dev/zero of=full/filler bs=4096 status=none; true");
    assert!(fs::write(disk.path("more"), [1; 5000]).is_err(), "the disk is full");
    job.ok(&["-S", "src", "prune", "TAIL"]);
    job.ok(&["-S", "src", "rotate", "full", "--keep-last", "1"]);
    job.ok(&["-S", "src", "verify"]);
    assert_eq!(job.ok(&["-S", "src", "log", "-s"]).lines().count(), 1);
    drop(disk);
}

#[test]
fn a_snapshot_without_a_sound_manifest_can_be_removed_by_name() {
    let job = steps(4);
    fs::remove_file(job.manifest(2)).unwrap();
    job.spoil_manifest(3);
    let src = job.emu.inside("src");
    let said = src.ok(&["prune", "--dry-run", "HEAD~2"]);
    assert!(
        said.starts_with(
            "origin: would remove 1 snapshot; what that frees is not known, because a manifest is"
        ),
        "{said}"
    );
    let said = src.ok(&["prune", "--dry-run", "TAIL"]);
    assert!(said.starts_with("origin: would remove 1 snapshot, which frees at most "), "{said}");
    let said = src.run(&["prune", "HEAD~2", "HEAD~"]).succeeds();
    assert_eq!(said.stderr.matches("freed 4.1 kB of ").count(), 2, "{said}");
    assert_eq!(job.nodes().len(), 2);
    job.ok(&["verify", "./sink"]);
    // HEAD is not the last complete one, but HEAD it is.
    fs::remove_file(job.manifest(2)).unwrap();
    let said = src.fails(&["prune", "HEAD"], 1);
    assert!(said.contains(" is HEAD\n") && said.contains("--force removes it all the same"), "{said}");
    let said = src.fails(&["prune", "TAIL"], 1);
    assert!(said.contains(" is the last complete one\n"), "{said}");
    src.run(&["prune", "--force", "HEAD"]).succeeds();
    assert_eq!(job.nodes().len(), 1);
}

#[test]
fn head_goes_from_a_disk_without_a_free_byte() {
    if !need_loop("ext4") {
        return;
    }
    let (job, disk) = on_a_small_disk(7);
    let fill = || {
        job.emu.shell("dd if=/dev/zero of=full/filler$RANDOM bs=4096 status=none; true");
        assert!(fs::write(disk.path("more"), [1; 5000]).is_err(), "the disk is full");
    };
    fill();
    // The index makes way for the first record, and what went by then for the others.
    job.emu.run(&["-S", "src", "prune", "--force", "HEAD", "TAIL", "HEAD~2", "HEAD~3"]).succeeds();
    let head = || fs::read_to_string(disk.path("sink/.emu/HEAD")).unwrap().trim().to_owned();
    let left =
        || -> Vec<String> { nodes(&disk.path("sink")).iter().map(|node| id(node).to_owned()).collect() };
    let before = left();
    assert_eq!((before.len(), head()), (3, before[2].clone()));
    // Where nothing makes way, nothing goes.
    fill();
    let said = job.emu.fails(&["-S", "src", "prune", "--force", "HEAD"], 1);
    assert!(said.contains("hint: it takes a few kilobytes"), "{said}");
    assert_eq!((left(), head()), (before.clone(), before[2].clone()));
    job.ok(&["-S", "src", "verify"]);
    drop(disk);
}

#[test]
fn a_removal_of_head_that_fails_midway_leaves_head_where_it_is() {
    if !cfg!(debug_assertions) {
        return;
    }
    let job = steps(4);
    let head = || fs::read_to_string(job.sink().join(".emu/HEAD")).unwrap().trim().to_owned();
    job.emu.shell("cp -a sink kept").succeeds();
    let (first, all) = (head(), ids(&job));
    let (mut whole, mut gone) = (0, 0);
    for n in 1..100 {
        job.emu.shell("rm -rf sink && cp -a kept sink").succeeds();
        let fault = job.emu.session().env("EMU_TEST_FAULT", &format!("5:{n}"));
        let done = fault.run(&["-S", "src", "prune", "--force", "HEAD~", "HEAD"]);
        let left = ids(&job);
        let expected = if left.contains(&first) { &first } else { &all[1] };
        assert_eq!(head(), *expected, "5:{n}: {done}");
        if left.contains(&first) {
            whole += 1
        } else {
            gone += 1
        };
        if done.status == 0 {
            assert!(whole > 5 && gone > 1, "{whole} {gone}");
            return;
        }
        job.emu.run(&["-S", "src", "clean"]).succeeds();
        assert_eq!(ids(&job), left);
        job.ok(&["-S", "src", "verify"]);
    }
    panic!("it never ran to its end");
}

#[test]
fn a_snapshot_that_lost_its_tree_could_never_be_removed() {
    let job = steps(3);
    let all = ids(&job);
    let src = job.emu.inside("src");
    for at in [1, 2] {
        let id = &all[at];
        fs::remove_dir_all(job.sink().join(".emu/trees").join(id)).unwrap();
        // What is recorded of it can be read.
        assert!(src.ok(&["ls", &format!("{id}:")]).contains('a'));
        let said = src.fails(&["prune", id], 1);
        assert!(said.contains("has lost its tree") && said.contains("--force"), "{said}");
        src.run(&["prune", "--force", "--dry-run", &id[..12]]).succeeds();
        src.run(&["prune", "--force", &id[..12]]).succeeds();
        let said = src.run(&["log"]).succeeds();
        assert!(said.stderr.is_empty() && !said.stdout.contains(&id[..12]), "{said}");
    }
    assert_eq!(ids(&job), [all[0].clone()]);
    job.ok(&["verify", "./sink"]);
    job.push(&[]).succeeds();
    assert_eq!(job.node()["parent"], *all[0]);
}
