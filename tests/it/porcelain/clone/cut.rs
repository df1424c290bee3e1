//! A clone that is cut off is gone on with by the same command.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::env::{Output, need_root, need_tool};
use crate::job::{Job, listing};
use crate::tree::{assert_same, build};

const TREE: &str = r#"
    dir . 0755 mtime=1700000000
    dir a 0750 mtime=1700000001
    file a/big 0640 size=300000 seed=7 mtime=1700000002
    file a/x 0640 "text" mtime=1700000003
    dir b 0755 mtime=1700000004
    link b/y = a/x
    dir closed 0555 mtime=1700000005
    file closed/in 0400 "in" mtime=1700000006
    dir empty 0755 mtime=1700000007
    symlink s -> a/x mtime=1700000009
    file z 0644 "last" mtime=1700000010
"#;

/// Regular files of the tree, hard links counted once.
const FILES: usize = 4;

/// Runs a clone of the sink into `copy` with a fault armed.
fn faulty(job: &Job, fault: &str, args: &[&str]) -> Output {
    job.emu.session().env("EMU_TEST_FAULT", fault).run(&[&["clone", "./sink", "copy"], args].concat())
}

/// The inodes of the files in `copy` that have their final name.
fn finished(copy: &Path) -> usize {
    let walk = walkdir::WalkDir::new(copy).into_iter();
    let own = walk.filter_entry(|entry| !entry.file_name().to_string_lossy().starts_with(".emu"));
    let files = own.filter_map(Result::ok).filter(|entry| entry.file_type().is_file());
    files.map(|entry| entry.metadata().unwrap().ino()).collect::<HashSet<_>>().len()
}

/// The copy is a whole source, and nothing of the way there is left.
#[track_caller]
fn assert_whole(job: &Job, at: &str) {
    let copy = job.emu.path("copy");
    assert_same(&job.src(), &copy);
    let left: Vec<_> =
        listing(&copy).into_keys().filter(|path| path.to_string_lossy().contains(".emu-")).collect();
    assert!(left.is_empty(), "{at}: {left:?}");
    assert!(!copy.join(".emu/checkout").exists(), "{at}");
    assert!(copy.join(".emu/sinks/origin").exists() && copy.join(".emu/source").exists(), "{at}");
}

#[test]
fn a_clone_that_was_killed_goes_on_with_what_is_there() {
    if !cfg!(debug_assertions) {
        return;
    }
    let job = Job::new(TREE);
    job.config("[rotate]\nkeep-last = 9\n").push(&[]).succeeds();
    let sink = listing(&job.sink());
    for n in 1..400 {
        let at = format!("kill:{n}");
        job.emu.shell("rm -rf copy").succeeds();
        let cut = faulty(&job, &at, &[]);
        if cut.status == 0 {
            assert!(n > 40, "only {n} calls");
            assert_eq!(listing(&job.sink()), sink);
            return;
        }
        assert_eq!(cut.status, 137, "{at}: {cut}");
        if job.emu.path("copy/.emu/source").exists() && !job.emu.path("copy/.emu/checkout").exists() {
            // Only the sync after its last step was missed.
            assert_whole(&job, &at);
            continue;
        }
        let there = if job.emu.path("copy").exists() { finished(&job.emu.path("copy")) } else { 0 };
        let again = job.emu.run(&["clone", "./sink", "copy", "--json"]).succeeds();
        let summary = again.records().pop().unwrap();
        assert_eq!(summary["files"], FILES - there, "{at}: {summary}");
        assert_whole(&job, &at);
        assert!(
            !job.emu.path("copy/.emu/replaced").exists()
                || finished(&job.emu.path("copy/.emu/replaced")) == 0
        );
    }
    panic!("it never ran to its end");
}

#[test]
fn a_clone_on_a_disk_that_is_full_says_that_the_same_command_goes_on() {
    if !cfg!(debug_assertions) {
        return;
    }
    let job = Job::pushed(TREE);
    for n in (1..60).step_by(3) {
        job.emu.shell("rm -rf copy").succeeds();
        let cut = faulty(&job, &format!("28:{n}:sticky"), &[]).exits(1);
        let said = &cut.stderr;
        assert!(
            said.contains("again goes on") || said.contains("run the command again to go on"),
            "{n}: {said}"
        );
        job.ok(&["clone", "./sink", "copy"]);
        assert_whole(&job, &n.to_string());
    }
}

/// A clone that was cut off after some files.
fn cut_off() -> Option<Job> {
    if !cfg!(debug_assertions) {
        return None;
    }
    let job = Job::pushed(TREE);
    let cut = faulty(&job, "28:25:sticky", &[]).exits(1);
    let there = finished(&job.emu.path("copy"));
    assert!(there > 0 && there < FILES, "{there}: {cut}");
    Some(job)
}

#[test]
fn a_clone_goes_on_with_the_snapshot_that_it_began_with() {
    let Some(job) = cut_off() else { return };
    let before = listing(&job.emu.path("copy"));
    job.emu.shell("cp -a src first && touch -r src first").succeeds();
    job.edit("remove a/x\nfile new \"new\"").push(&[]).succeeds();
    // Another snapshot is another command.
    let said = job.emu.fails(&["clone", "./sink:HEAD", "copy"], 1);
    assert!(said.contains("was cut off there"), "{said}");
    assert_eq!(listing(&job.emu.path("copy")), before);
    let said = job.emu.run(&["clone", "./sink", "copy"]).succeeds();
    assert!(said.stderr.contains("going on with a clone that was cut off"), "{said}");
    assert_same(&job.emu.path("first"), &job.emu.path("copy"));
    assert!(job.emu.fails(&["clone", "./sink", "copy"], 1).contains("not empty"));
}

#[test]
fn a_clone_of_another_sink_does_not_go_on_there() {
    let Some(job) = cut_off() else { return };
    let before = listing(&job.emu.path("copy"));
    job.ok(&["-S", "src", "push", "--to", "./other"]);
    assert!(job.emu.fails(&["clone", "./other", "copy"], 1).contains("a clone of another sink"));
    let said = job.ok(&["clone", "-n", "./sink", "copy"]);
    assert!(said.starts_with("would check out "), "{said}");
    assert_eq!(listing(&job.emu.path("copy")), before);
}

#[test]
fn half_a_clone_became_a_source_and_was_pushed() {
    let Some(job) = cut_off() else { return };
    let before = listing(&job.emu.path("copy"));
    for args in [&["init", "copy"][..], &["-S", "copy", "push", "--to", "./new"], &["-S", "copy", "push"]] {
        let said = job.emu.run(args);
        assert!(said.status != 0, "{said}");
        assert_eq!(listing(&job.emu.path("copy")), before);
    }
    assert!(job.emu.fails(&["init", "copy"], 1).contains("the same `emu clone` again goes on with it"));
    job.emu.run(&["clone", "./sink", "copy"]).succeeds();
    assert_whole(&job, "copy");
}

#[test]
fn what_a_stranger_began_is_not_gone_on_with() {
    if !need_root() {
        return;
    }
    let Some(job) = cut_off() else { return };
    let before = listing(&job.emu.path("copy"));
    for owned in ["attr .emu/checkout uid=1234", "attr .emu uid=1234"] {
        build(&job.emu.path("copy"), owned);
        assert!(job.emu.fails(&["clone", "./sink", "copy"], 1).contains("no clone was cut off in it"));
        build(&job.emu.path("copy"), &owned.replace("1234", "0"));
    }
    assert_eq!(listing(&job.emu.path("copy")), before);
    job.emu.run(&["clone", "./sink", "copy"]).succeeds();
}

#[test]
fn what_was_changed_in_an_unfinished_clone_is_kept_and_files_of_others_stay() {
    let Some(job) = cut_off() else { return };
    let copy = job.emu.path("copy");
    fs::write(copy.join("a/big"), "mine").unwrap();
    fs::write(copy.join("mine"), "mine too").unwrap();
    let said = job.emu.run(&["clone", "./sink", "copy"]).succeeds();
    assert!(said.stderr.contains("what stood there and differed is kept in "), "{said}");
    let kept = job.emu.shell("cat copy/.emu/replaced/*/a/big").succeeds();
    assert_eq!(kept.stdout, "mine");
    assert_eq!(fs::read_to_string(copy.join("mine")).unwrap(), "mine too");
    fs::remove_file(copy.join("mine")).unwrap();
    job.emu.shell("touch -r src copy").succeeds();
    assert_whole(&job, "");
}

#[test]
fn after_a_power_cut_what_is_there_is_read() {
    let Some(job) = cut_off() else { return };
    let copy = job.emu.path("copy");
    // Right size, right time, wrong bytes, under another boot.
    job.emu.shell("cp -p copy/z t && printf lost > copy/z && touch -r t copy/z").succeeds();
    let note = fs::read_to_string(copy.join(".emu/checkout")).unwrap();
    let mut note: serde_json::Value = serde_json::from_str(&note).unwrap();
    note["clone"]["boot"] = "another".into();
    fs::write(copy.join(".emu/checkout"), note.to_string()).unwrap();
    job.ok(&["clone", "./sink", "copy"]);
    assert_whole(&job, "");
}

#[test]
fn a_clone_that_is_interrupted_says_that_the_same_command_goes_on() {
    if !need_tool("strace") {
        return;
    }
    let job = Job::pushed(TREE);
    let emu = job.emu.command("emu", &["clone", "./sink", "copy"]);
    // The signal comes with the second file that gets its name.
    let inject = "inject=renameat2:signal=INT:when=2";
    let mut command = job.emu.command("strace", &["-f", "-qq", "-o", "/dev/null", "-e", inject]);
    command.arg(emu.get_program()).args(emu.get_args());
    let said = job.emu.session().collect(command, "clone".to_owned(), b"").exits(130);
    assert!(said.stderr.contains("hint: the same `emu clone` again goes on with what is there"), "{said}");
    job.ok(&["clone", "./sink", "copy"]);
    assert_whole(&job, "");
}

#[test]
fn two_clones_into_one_directory_do_not_meet() {
    let Some(job) = cut_off() else { return };
    let lock = fs::File::open(job.emu.path("copy/.emu/LOCK")).unwrap();
    fs2::FileExt::lock_exclusive(&lock).unwrap();
    let before = listing(&job.emu.path("copy"));
    let said = job.emu.fails(&["clone", "./sink", "copy"], 11);
    assert!(said.contains("is locked") && said.contains("--wait"), "{said}");
    assert_eq!(listing(&job.emu.path("copy")), before);
    drop(lock);
    job.ok(&["clone", "./sink", "copy", "--wait", "1"]);
    assert_whole(&job, "");
}
