//! Two pushes at once.

use std::process::Stdio;
use std::time::{Duration, Instant};

use fs2::FileExt;

use crate::job::Job;

/// Holds the sink's lock as another program would.
fn held(job: &Job, lock: &str) -> std::fs::File {
    let file = std::fs::OpenOptions::new().read(true).write(true).open(job.emu.path(lock)).unwrap();
    file.try_lock_exclusive().unwrap();
    file
}

#[test]
fn a_locked_sink_or_source_is_refused_at_once() {
    let job = Job::pushed("file a \"x\"");
    for lock in ["sink/.emu/LOCK", "src/.emu/LOCK"] {
        let file = held(&job, lock);
        let begin = Instant::now();
        let said = job.push(&[]).exits(11);
        assert!(begin.elapsed() < Duration::from_secs(5));
        assert!(said.stderr.contains("is locked") && said.stderr.contains("--wait"), "{said}");
        drop(file);
    }
    assert_eq!(job.nodes().len(), 1);
    job.push(&[]).succeeds();
}

#[test]
fn waiting_for_a_lock_ends_when_it_is_free() {
    let job = Job::pushed("file a \"x\"");
    let file = held(&job, "sink/.emu/LOCK");
    let waiting = {
        let mut command = job.emu.command("emu", &["push", "-S", "src", "--wait", "60"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    std::thread::sleep(Duration::from_millis(500));
    drop(file);
    let done = waiting.wait_with_output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(job.nodes().len(), 2);
    let file = held(&job, "sink/.emu/LOCK");
    let begin = Instant::now();
    job.push(&["--wait", "1"]).exits(11);
    assert!(begin.elapsed() >= Duration::from_secs(1));
    drop(file);
}

#[test]
fn of_two_pushes_one_succeeds_and_the_other_names_it() {
    let job = Job::new("file a size=20000000 seed=1\nfile b size=20000000 seed=2");
    let start = |more: &[&str]| {
        let mut command = job.emu.command("emu", &[&["push", "-S", "src"], more].concat());
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let first = start(&[]);
    let pid = first.id();
    let lock = job.src().join(".emu/LOCK");
    let begin = Instant::now();
    while !std::fs::read_to_string(&lock).unwrap_or_default().contains(&format!("{pid}")) {
        assert!(begin.elapsed() < Duration::from_secs(20), "the first push takes its lock");
    }
    let second = job.push(&[]).exits(11);
    assert!(second.stderr.contains(&format!("process {pid}")), "{second}");
    assert!(first.wait_with_output().unwrap().status.success());
    let both = [start(&["--wait", "60"]), start(&["--wait", "60"])];
    for child in both {
        let done = child.wait_with_output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
    assert_eq!(job.nodes().len(), 3);
    job.same();
}
