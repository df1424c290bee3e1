//! `emu sink rename`, `set`, `move`, `adopt` and `clean`.

use std::fs;

use serde_json::Value;

use crate::env::Emu;
use crate::job::{Job, listing};
use crate::made::{Made, Special};

fn copied(job: &Job, to: &str) -> String {
    let to = job.emu.path(to);
    job.emu.shell(&format!("cp -a sink {}", to.display())).succeeds();
    to.to_str().unwrap().to_owned()
}

#[test]
fn a_sink_that_was_moved_by_hand_is_found_again() {
    let job = Job::pushed("file a \"a\"");
    fs::rename(job.sink(), job.emu.path("elsewhere")).unwrap();
    let src = job.emu.inside("src");
    src.run(&["push"]).exits(10);
    let said = src.ok(&["sink", "move", "--dry-run", "origin", "../elsewhere"]);
    assert!(said.contains("would be at"), "{said}");
    src.run(&["push"]).exits(10);
    let said = src.run(&["sink", "move", "origin", "../elsewhere"]).succeeds();
    assert!(said.stdout.starts_with("sink origin: is now at '") && said.stderr.is_empty(), "{said}");
    src.run(&["push"]).succeeds();
    assert!(src.ok(&["sink"]).contains("origin  present  2"));
}

#[test]
fn where_the_sink_is_not_it_is_not_moved_to() {
    let job = Job::pushed("file a \"a\"");
    job.ok(&["-S", "src", "sink", "add", "two", "two"]);
    let src = job.emu.inside("src");
    let before = listing(&job.src().join(".emu"));
    assert!(src.fails(&["sink", "move", "origin", "../nowhere"], 10).contains("cp -a"));
    assert!(src.fails(&["sink", "move", "origin", "../two"], 10).contains("there is the sink"));
    assert!(src.fails(&["sink", "move", "none", "../sink"], 10).contains("no sink 'none'"));
    assert_eq!(listing(&job.src().join(".emu")), before);
}

#[test]
fn a_copy_has_the_same_id_and_gets_its_own_by_being_adopted() {
    let job = Job::pushed("file a \"a\"");
    let copy = copied(&job, "copy");
    let src = job.emu.inside("src");
    assert!(src.fails(&["sink", "add", "two", &copy], 1).contains("the same sink is known as 'origin'"));
    let before = listing(&job.emu.path("copy"));
    assert!(src.ok(&["sink", "adopt", "--dry-run", "two", &copy]).contains("would be adopted"));
    assert_eq!(listing(&job.emu.path("copy")), before);
    assert!(src.ok(&["sink", "adopt", "two", &copy]).contains("as a copy it gets an id of its own"));
    job.edit("file b \"b\"");
    src.run(&["push"]).succeeds();
    for sink in ["sink", "copy"] {
        assert_eq!(fs::read_dir(job.emu.path(sink).join(".emu/nodes")).unwrap().count(), 2, "{sink}");
    }
    job.ok(&["-S", "src", "verify"]);
}

#[test]
fn a_copy_that_takes_the_place_of_a_sink_keeps_its_id() {
    let job = Job::pushed("file a \"a\"");
    let copy = copied(&job, "bigger");
    let said = job.emu.inside("src").run(&["sink", "move", "origin", &copy]).succeeds();
    assert!(said.stderr.contains("has the same id"), "{said}");
    job.emu.inside("src").run(&["push"]).succeeds();
    assert_eq!(fs::read_dir(job.emu.path("bigger/.emu/nodes")).unwrap().count(), 2);
    assert_eq!(job.nodes().len(), 1);
}

#[test]
fn a_new_source_goes_on_with_the_sink_of_a_lost_one() {
    let job = Job::pushed("file a \"a\"\nfile b size=9000 seed=1");
    job.emu.shell("cp -a src new && rm -rf new/.emu src").succeeds();
    job.ok(&["init", "new"]);
    let new = job.emu.inside("new");
    assert!(new.fails(&["sink", "add", "../sink"], 10).contains("emu sink adopt NAME PATH"));
    let said = new.ok(&["sink", "adopt", "../sink"]);
    assert!(said.starts_with("sink origin: adopted; it was of the source "), "{said}");
    // The inodes are others: everything is read, and linked all the same.
    let said = new.ok(&["push"]);
    assert!(said.contains("0 copied (0 B), 2 linked"), "{said}");
    assert!(new.ok(&["log", "-s"]).lines().count() == 2);
}

#[test]
fn a_push_from_another_machine_is_refused_until_it_adopts_the_sink() {
    let emu = Emu::new();
    let sink = Made::new(&emu, "disk");
    sink.add(1, Special::default());
    emu.tree("src", "file a \"mine\"");
    let src = emu.inside("src");
    let before = listing(&sink.path);
    let said = src.fails(&["push"], 10);
    assert!(said.contains("from this machine") && said.contains("emu sink adopt disk"), "{said}");
    assert_eq!(listing(&sink.path), before);
    let said = src.ok(&["sink", "adopt", "disk"]);
    assert!(said.contains("its last snapshot is of "), "{said}");
    src.run(&["push", "--allow-shrunk"]).succeeds();
    src.run(&["push"]).succeeds();
    // Now the other machine would be refused.
    let record = fs::read_to_string(sink.path.join(".emu/sink")).unwrap();
    let mut info: serde_json::Value = serde_json::from_str(&record).unwrap();
    info["machine"] = "other".into();
    fs::write(sink.path.join(".emu/sink"), info.to_string()).unwrap();
    assert!(src.fails(&["push"], 10).contains("another machine has adopted the sink"));
    src.run(&["push", "--allow-moved"]).succeeds();
}

#[test]
fn adopting_without_a_name_needs_a_single_sink() {
    let job = Job::pushed("file a \"a\"");
    assert!(job.ok(&["-S", "src", "sink", "adopt", "--wait", "1"]).starts_with("sink origin: adopted"));
    job.ok(&["-S", "src", "sink", "add", "two", "two"]);
    assert!(job.emu.inside("src").fails(&["sink", "adopt"], 2).contains("no sink is named"));
    assert!(
        job.emu.inside("src").fails(&["sink", "adopt", "two", "../sink"], 1).contains("it is the name of")
    );
}

#[test]
fn sinks_that_are_gone_are_forgotten_and_others_are_not() {
    let job = Job::pushed("file a \"a\"");
    let src = job.emu.inside("src");
    for (name, options) in [("gone", &[][..]), ("usb", &["--optional"]), ("other", &[])] {
        src.ok(&[&["sink", "add", name, &format!("../{name}")][..], options].concat());
    }
    fs::remove_dir_all(job.emu.path("gone")).unwrap();
    fs::remove_dir_all(job.emu.path("usb")).unwrap();
    fs::remove_dir_all(job.emu.path("other")).unwrap();
    copied(&job, "other");
    let before = listing(&job.src().join(".emu"));
    let said = src.ok(&["sink", "clean", "--dry-run"]);
    assert!(said.contains("sink gone: would be forgotten (absent at"), "{said}");
    assert!(said.contains("sink other: would be forgotten (wrong disk at"), "{said}");
    assert_eq!(said.lines().count(), 2);
    assert_eq!(listing(&job.src().join(".emu")), before);
    src.ok(&["sink", "clean"]);
    let left: Vec<String> =
        src.run(&["sink", "--json"]).succeeds().records().iter().map(|r| r["name"].to_string()).collect();
    assert_eq!(left, ["\"origin\"", "\"usb\""]);
    assert!(src.run(&["sink", "clean"]).succeeds().stderr.contains("every sink is there"));
}

#[test]
fn dry_runs_of_add_and_rm_change_nothing() {
    let job = Job::pushed("file a \"a\"");
    let src = job.emu.inside("src");
    let before = (listing(&job.src()), listing(&job.sink()));
    let said = src.ok(&["sink", "add", "-n", "new", "../new"]);
    assert!(said.contains("sink new: would be made at") && said.contains(" free"), "{said}");
    assert!(!job.emu.path("new").exists());
    assert!(src.ok(&["sink", "rm", "--dry-run", "origin"]).contains("would be forgotten"));
    src.fails(&["sink", "rm", "-n", "none"], 10);
    assert!(src.ok(&["sink", "add", "--dry-run", "again", "../sink"]).contains("would be attached"));
    src.fails(&["sink", "add", "-n", "new", "../no/such/place"], 1);
    let record = |args: &[&str]| {
        let said = src.run(&[&["sink", "add", "-n", "--json", "--optional"], args].concat()).succeeds();
        said.records().pop().unwrap()
    };
    let made = record(&["new", "../new"]);
    assert_eq!(
        (&made["type"], &made["id"], &made["why"]),
        (&"sink".into(), &"".into(), &"would be made".into())
    );
    assert_eq!((&made["name"], &made["optional"]), (&"new".into(), &true.into()));
    assert_eq!(record(&["again", "../sink"])["why"], "would be attached");
    assert_eq!((listing(&job.src()), listing(&job.sink())), before);
}

#[test]
fn another_disk_in_the_place_of_a_sink_is_not_adopted_by_its_name() {
    let job = Job::pushed("file a \"a\"");
    job.emu.tree("other", "file b \"b\"");
    job.ok(&["init", "other"]);
    job.ok(&["-S", "other", "sink", "add", "foreign"]);
    fs::rename(job.sink(), job.emu.path("away")).unwrap();
    fs::rename(job.emu.path("foreign"), job.sink()).unwrap();
    let before = listing(&job.sink());
    let said = job.emu.inside("src").fails(&["sink", "adopt", "origin"], 10);
    assert!(said.contains("is the right disk mounted there?"), "{said}");
    assert_eq!(listing(&job.sink()), before);
}

#[test]
fn a_copy_that_is_older_does_not_take_the_place_of_the_sink() {
    let job = Job::pushed("file a \"a\"");
    let copy = copied(&job, "old");
    job.push(&[]).succeeds();
    assert!(job.emu.inside("src").fails(&["sink", "move", "origin", &copy], 1).contains("newer snapshots"));
    // Without the other one it is all there is.
    fs::rename(job.sink(), job.emu.path("away")).unwrap();
    job.ok(&["-S", "src", "sink", "move", "origin", &copy]);
}

#[test]
fn what_an_adopted_sink_has_can_be_checked_out() {
    let job = Job::pushed("file a \"old\"");
    job.emu.shell("cp -a src new && rm -rf new/.emu src").succeeds();
    job.ok(&["init", "new"]);
    job.ok(&["-S", "new", "sink", "adopt", "./sink"]);
    fs::write(job.emu.path("new/a"), "new").unwrap();
    job.ok(&["-S", "new", "checkout", "--force", "HEAD"]);
    assert_eq!(fs::read_to_string(job.emu.path("new/a")).unwrap(), "old");
}

#[test]
fn a_record_that_is_garbage_is_one_absent_sink_and_can_be_removed() {
    let job = Job::pushed("file a \"a\"");
    job.ok(&["-S", "src", "sink", "add", "bad", "bad"]);
    fs::write(job.src().join(".emu/sinks/bad"), "garbage").unwrap();
    let src = job.emu.inside("src");
    src.run(&["push", "origin"]).succeeds();
    let said = src.run(&["push"]).exits(10);
    assert!(said.stdout.contains("origin: snapshot") && said.stderr.contains("emu sink rm bad"), "{said}");
    assert_eq!(src.ok(&["log", "-s"]).lines().count(), 3);
    src.ok(&["sink", "rm", "bad"]);
    src.run(&["push"]).succeeds();
}

#[test]
fn a_sink_gets_another_name_that_no_other_has() {
    let job = Job::pushed("file a \"a\"");
    job.ok(&["-S", "src", "sink", "add", "two", "two"]);
    let src = job.emu.inside("src");
    let before = listing(&job.src());
    assert_eq!(
        src.ok(&["sink", "rename", "-n", "origin", "usb"]),
        "sink usb: would be renamed from 'origin'\n"
    );
    src.fails(&["sink", "rename", "origin", "two"], 1);
    src.fails(&["sink", "rename", "-n", "origin", "origin"], 1);
    src.fails(&["sink", "rename", "origin", "HEAD~"], 2);
    src.fails(&["sink", "rename", "origin", "a.new"], 2);
    assert!(src.fails(&["sink", "rename", "none", "usb"], 10).contains("no sink 'none'"));
    assert_eq!(listing(&job.src()), before);
    job.config("[core]\ndefault-sink = \"origin\"\n");
    let said = src.run(&["sink", "rename", "origin", "usb", "--wait", "1"]).succeeds();
    assert_eq!(said.stdout, "sink usb: renamed from 'origin'\n");
    assert!(said.stderr.contains("emu config set core.default-sink usb"), "{said}");
    src.ok(&["config", "set", "core.default-sink", "usb"]);
    assert!(src.ok(&["log", "usb:HEAD"]).contains("HEAD"));
    src.run(&["push"]).succeeds();
    // It keeps its place, and one that is absent can be renamed too.
    let names: Vec<_> =
        src.run(&["sink", "--json"]).succeeds().records().iter().map(|r| r["name"].to_string()).collect();
    assert_eq!(names, ["\"usb\"", "\"two\""]);
    fs::remove_dir_all(job.emu.path("two")).unwrap();
    src.ok(&["sink", "rename", "two", "three"]);
}

#[test]
fn a_sink_may_be_absent_from_now_on_or_no_longer() {
    let job = Job::pushed("file a \"a\"");
    job.ok(&["-S", "src", "sink", "add", "usb", "usb"]);
    fs::remove_dir_all(job.emu.path("usb")).unwrap();
    let src = job.emu.inside("src");
    src.run(&["push"]).exits(10);
    assert_eq!(src.ok(&["sink", "set", "--dry-run", "usb", "--optional"]), "sink usb: would be optional\n");
    src.run(&["push"]).exits(10);
    assert_eq!(src.ok(&["sink", "set", "usb", "--optional"]), "sink usb: is optional\n");
    src.run(&["push"]).succeeds();
    let record = src.run(&["sink", "set", "usb", "--required", "--json"]).succeeds().records().pop().unwrap();
    assert_eq!((&record["optional"], &record["why"]), (&false.into(), &"is required".into()));
    src.run(&["push"]).exits(10);
    src.fails(&["sink", "set", "usb"], 2);
    src.fails(&["sink", "set", "usb", "--optional", "--required"], 2);
    fs::write(job.src().join(".emu/sinks/usb"), "garbage").unwrap();
    src.fails(&["sink", "set", "usb", "--required"], 10);
    assert_eq!(fs::read_to_string(job.src().join(".emu/sinks/usb")).unwrap(), "garbage");
}

#[test]
fn a_sink_that_lost_its_own_record_could_not_be_used_any_more() {
    let job = Job::pushed("file a \"x\"");
    let src = job.emu.inside("src");
    let record = job.sink().join(".emu/sink");
    let whole: Value = serde_json::from_slice(&fs::read(&record).unwrap()).unwrap();
    let damage: [&dyn Fn(); 3] =
        [&|| fs::remove_file(&record).unwrap(), &|| fs::write(&record, "").unwrap(), &|| {
            fs::write(&record, whole.to_string().replace("\"id\"", "\"ie\"")).unwrap()
        }];
    for damage in damage {
        damage();
        let said = src.fails(&["push"], 10);
        assert!(said.contains("hint: `emu sink adopt NAME PATH` makes it anew"), "{said}");
        let said = src.ok(&["sink", "adopt", "--dry-run", "origin"]);
        assert!(said.contains("would be adopted"), "{said}");
        src.ok(&["sink", "adopt", "origin"]);
        let mut now: Value = serde_json::from_slice(&fs::read(&record).unwrap()).unwrap();
        now.as_object_mut().unwrap().remove("machine");
        assert_eq!(now, whole);
        src.run(&["push"]).succeeds();
        src.ok(&["verify"]);
    }
    // One of a later version is not lost, and one without a snapshot says nothing.
    fs::write(&record, whole.to_string().replace("\"v\":1", "\"v\":2")).unwrap();
    assert!(src.fails(&["sink", "adopt", "origin"], 10).contains("use a newer emu"));
    fs::remove_file(&record).unwrap();
    for node in fs::read_dir(job.sink().join(".emu/nodes")).unwrap() {
        fs::remove_file(node.unwrap().path()).unwrap();
    }
    let said = src.fails(&["sink", "adopt", "origin"], 10);
    assert!(said.contains("no snapshot says which sink it is"), "{said}");
    assert!(!record.exists());
}
