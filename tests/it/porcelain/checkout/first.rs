//! `emu checkout --push-first`.

use std::fs;

use crate::job::Job;

#[test]
fn what_would_be_destroyed_is_pushed_first() {
    let job = Job::pushed("file a \"one\"");
    job.edit("file a \"two!\"").push(&[]).succeeds();
    job.edit("file a \"never saved\"\nfile new \"new\"");
    let src = job.emu.inside("src");
    src.fails(&["checkout", "HEAD~"], 1);
    let said = src.run(&["checkout", "--push-first", "HEAD~"]).succeeds();
    assert!(said.stderr.contains("origin: saved as "), "{said}");
    assert_eq!(fs::read_to_string(job.src().join("a")).unwrap(), "one");
    assert!(!job.src().join("new").exists());
    assert_eq!(job.nodes().len(), 3);
    assert_eq!(fs::read_to_string(job.newest().join("a")).unwrap(), "never saved");
    // HEAD is what was checked out, and the way back is open.
    src.ok(&["checkout", &job.nodes()[2]["id"].as_str().unwrap()[..12]]);
    assert_eq!(fs::read_to_string(job.src().join("new")).unwrap(), "new");
}

#[test]
fn nothing_is_checked_out_if_the_push_before_it_fails() {
    let job = Job::pushed("file a \"one\"\nfile b \"b\"");
    job.emu.shell("rm src/a src/b").succeeds();
    let said = job.emu.inside("src").fails(&["checkout", "--push-first", "HEAD"], 10);
    assert!(said.contains("is empty"), "{said}");
    assert!(!job.src().join("a").exists());
    assert_eq!(job.nodes().len(), 1);
}
