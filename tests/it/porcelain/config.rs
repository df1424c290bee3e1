//! `emu config`.

use std::fs;

use crate::env::assert_shows;
use crate::job::{Job, listing};

#[test]
fn settings_are_listed_with_the_file_that_wins() {
    let job = Job::new("file a \"a\"");
    job.config("[push]\ntorn = \"error\"\n");
    let src = job.emu.inside("src");
    src.ok(&["config", "--user", "set", "push.torn", "warn"]);
    src.ok(&["config", "--user", "set", "core.threads", "2"]);
    assert_shows(
        &src.run(&["config"]),
        "
        $ emu config
        core.threads = 2  (ROOT/home/.config/emu/config)
        push.torn = error  (ROOT/src/.emu/config)
        ",
    );
    assert_eq!(src.ok(&["config", "get", "push.torn"]), "error\n");
    assert_eq!(src.ok(&["config", "--user", "get", "push.torn"]), "warn\n");
    assert!(src.ok(&["config", "list", "--user"]).starts_with("core.threads = 2"));
    assert_eq!(src.run(&["config", "get", "push.compare"]).exits(1).stdout, "");
    let records = src.run(&["config", "list", "--json"]).succeeds().records();
    assert_eq!((&records[1]["key"], &records[1]["value"]), (&"push.torn".into(), &"error".into()));
}

#[test]
fn a_change_keeps_comments_and_says_what_follows() {
    let job = Job::new("file a \"a\"");
    for number in 0..3 {
        job.edit(&format!("file a \"{number}\"")).push(&[]).succeeds();
    }
    let src = job.emu.inside("src");
    let before = fs::read_to_string(job.src().join(".emu/config")).unwrap();
    let said = src.run(&["config", "set", "rotate.keep-last", "1"]).succeeds();
    let policy =
        format!("origin: keep-last 1 ({}/.emu/config); it would remove 2 snapshots", job.src().display());
    assert!(said.stderr.contains(&policy), "{said}");
    assert_eq!(job.nodes().len(), 3, "nothing is removed");
    let after = fs::read_to_string(job.src().join(".emu/config")).unwrap();
    assert!(after.starts_with(before.trim_end()) && after.ends_with("[rotate]\nkeep-last = 1\n"), "{after}");
    src.ok(&["config", "unset", "rotate.keep-last"]);
    assert!(!fs::read_to_string(job.src().join(".emu/config")).unwrap().contains("\nkeep-last"));
}

#[test]
fn a_sink_has_a_policy_of_its_own_and_nothing_else() {
    let job = Job::pushed("file a \"a\"");
    let src = job.emu.inside("src");
    let said =
        src.run(&["config", "--sink", "origin", "--wait", "1", "set", "rotate.keep-daily", "5"]).succeeds();
    assert!(said.stderr.contains("keep-daily 5"), "{said}");
    assert_eq!(src.ok(&["config", "get", "--sink", "origin", "rotate.keep-daily"]), "5\n");
    assert_eq!(src.run(&["config", "get", "rotate.keep-daily"]).exits(1).stdout, "");
    assert!(
        src.fails(&["config", "--sink", "origin", "set", "push.torn", "warn"], 2).contains("only [rotate]")
    );
    src.fails(&["config", "--sink", "none", "list"], 10);
}

#[test]
fn a_dry_run_prints_the_file_and_writes_nothing() {
    let job = Job::new("file a \"a\"");
    let src = job.emu.inside("src");
    let before = listing(job.emu.root());
    let said = src.ok(&["config", "--dry-run", "set", "rotate.keep-last", "7"]);
    assert!(said.ends_with("[rotate]\nkeep-last = 7\n"), "{said}");
    src.ok(&["config", "--system", "-n", "add", "safe.directory", "/srv/www"]);
    src.ok(&["config", "--user", "-n", "add", "safe.directory", "/srv/www"]);
    assert_eq!(listing(job.emu.root()), before);
}

#[test]
fn what_is_no_key_or_value_changes_nothing() {
    let job = Job::new("file a \"a\"");
    let src = job.emu.inside("src");
    let before = listing(&job.src());
    for (args, why) in [
        (&["set", "rotate.keep-daily", "many"][..], "allowed is a whole number"),
        (&["set", "push.nothing", "1"], "unknown key"),
        (&["get", "push.nothing"], "unknown key"),
        (&["set", "nothing", "1"], "unknown section"),
        (&["add", "push.torn", "warn"], "it is no list"),
        (&["unset", "rotate"], "unknown key"),
    ] {
        let said = src.fails(&[&["config"], args].concat(), 2);
        assert!(said.contains(why), "{said}");
    }
    assert_eq!(listing(&job.src()), before);
    job.config("[push\n");
    assert!(src.fails(&["config", "set", "push.torn", "warn"], 2).contains("line 1"));
    assert_eq!(fs::read_to_string(job.src().join(".emu/config")).unwrap(), "[push\n");
}

#[test]
fn without_a_home_there_is_no_file_of_the_user() {
    let job = Job::new("file a \"a\"");
    let src = job.emu.inside("src").env("HOME", "").env("XDG_CONFIG_HOME", "");
    assert!(src.fails(&["config", "--user", "set", "core.threads", "2"], 10).contains("HOME is not set"));
    src.ok(&["config", "list"]);
}

#[test]
fn a_source_does_not_vouch_for_itself() {
    let job = Job::new("file a \"a\"");
    let said = job.emu.inside("src").fails(&["config", "add", "safe.directory", "/srv"], 2);
    assert!(said.contains("--user or --system"), "{said}");
}
