//! fish, which says by itself what it would offer.

use super::job;
use crate::env::need_tool;
use crate::job::Job;

/// What fish offers at the end of a line, without the descriptions.
fn offered(job: &Job, line: &str) -> Vec<String> {
    let script = "emu completions fish | source; complete -C \"$argv[1]\"";
    let said = job.emu.inside("src").pipe("fish", &["--no-config", "-c", script, line], b"").succeeds();
    assert_eq!(said.stderr, "", "{line}");
    said.stdout.lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect()
}

#[test]
fn fish_offers_what_fits() {
    if !need_tool("fish") {
        return;
    }
    let job = job();
    assert_eq!(offered(&job, "emu pus"), ["push"]);
    assert_eq!(offered(&job, "emu push "), ["origin", "usb"]);
    assert_eq!(offered(&job, "emu checkout origin:H"), ["origin:HEAD"]);
    assert_eq!(offered(&job, "emu cat HEAD:my"), ["HEAD:my file"]);
    assert_eq!(offered(&job, "emu cat 'HEAD:my"), ["HEAD:my file"]);
    assert_eq!(offered(&job, "emu checkout origin:HEAD -- pa"), ["paper"]);
    assert_eq!(offered(&job, "emu ls --sink=u"), ["--sink=usb"]);
    assert_eq!(offered(&job, "emu-ls-tree HEAD d/"), ["d/x"]);
    assert_eq!(offered(&job, "emu init oth"), ["other/"]);
    assert_eq!(offered(&job, "emu push zz"), [""; 0]);
}
