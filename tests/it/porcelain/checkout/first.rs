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

#[test]
fn the_refusal_does_not_promise_that_a_push_saves_what_it_cannot_read() {
    if !(crate::env::need_root() && crate::env::need_tool("setpriv")) {
        return;
    }
    let emu = crate::env::Emu::new();
    crate::env::give(&emu.tree("src", "file a \"a\"\nfile b \"b\""), 1234);
    emu.shell("mkdir disk && chown 1234:1234 disk").succeeds();
    let user = emu.as_user(1234);
    user.ok(&["push", "-S", "src", "--to", "disk/sink"]);
    user.shell("echo new > src/a && chmod 0 src/a").succeeds();
    let said = user.clone().inside("src").fails(&["checkout", "HEAD"], 1);
    assert!(
        said.contains("hint: no push can save what this user may not read; --force destroys them"),
        "{said}"
    );
    user.shell("echo new > src/b").succeeds();
    let said = user.clone().inside("src").fails(&["checkout", "HEAD"], 1);
    assert!(said.contains("hint: `emu push` saves all but 1 that this user may not read"), "{said}");
}
