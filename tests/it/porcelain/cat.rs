//! `emu cat`.

use std::fs;

use crate::job::Job;
use crate::tree::build;

#[test]
fn files_are_printed_one_after_the_other() {
    let job = Job::pushed("file a \"alpha\"\nfile d/x \"x\\n\"\nfile big size=3000000 seed=7");
    let src = job.emu.inside("src");
    assert_eq!(src.ok(&["cat", "HEAD:a", "origin:HEAD:d/x"]), "alphax\n");
    assert_eq!(src.run(&["cat", "HEAD:big"]).succeeds().bytes, fs::read(job.src().join("big")).unwrap());
    job.edit("file a \"another\"");
    job.push(&[]).succeeds();
    assert_eq!(src.ok(&["cat", "HEAD~:a"]), "alpha");
    assert_eq!(src.ok(&["cat", "-q", "HEAD~:a"]), "");
}

#[test]
fn what_is_damaged_is_not_printed() {
    let job = Job::pushed("file a \"alpha\"\nfile b \"beta\"");
    for content in ["ALPHA", "alphabet", "al"] {
        build(&job.newest(), &format!("file a \"{content}\""));
        let said = job.emu.inside("src").run(&["cat", "HEAD:b", "HEAD:a"]).exits(1);
        assert_eq!(said.stdout, "beta");
        assert!(said.stderr.contains("its content is not what was saved"), "{said}");
    }
    fs::remove_file(job.newest().join("a")).unwrap();
    std::os::unix::fs::symlink("b", job.newest().join("a")).unwrap();
    assert_eq!(job.emu.inside("src").run(&["cat", "HEAD:a"]).exits(1).stdout, "");
}

#[test]
fn only_files_have_a_content() {
    let job = Job::pushed("file d/x \"x\"\nsymlink s -> d/x");
    let fails = |what: &str, status| job.emu.inside("src").fails(&["cat", what], status);
    assert!(fails("HEAD:d", 1).contains("it is a dir"));
    assert!(fails("HEAD", 1).contains("it is a dir"));
    assert!(fails("HEAD:s", 1).contains("it is a symlink"));
    assert!(fails("HEAD:s/x", 10).starts_with("error: no 's/x' in snapshot "));
    assert!(fails("none:a", 10).starts_with("error: no s"));
}
