//! `emu sink`.

mod changes;

use crate::env::{Emu, assert_shows};

fn source(emu: &Emu) {
    emu.tree("src", "file a \"text\"");
    emu.ok(&["init", "src"]);
}

#[test]
fn a_sink_is_made_listed_forgotten_and_attached_again() {
    let emu = Emu::new();
    source(&emu);
    let src = emu.inside("src");
    let made = src.run(&["sink", "add", "../sink"]).succeeds();
    let mut lines = made.stdout.lines();
    assert_eq!(lines.next().unwrap(), format!("sink origin: made at '{}'", emu.path("sink").display()));
    let where_it_is = lines.next().unwrap();
    assert!(where_it_is.contains(" mounted at '/") && where_it_is.ends_with(" free"), "{made}");
    let listed = src.ok(&["sink"]);
    let row: Vec<&str> = listed.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(row[..4], ["origin", "present", "0", "-"]);
    assert_shows(
        &src.run(&["sink", "rm", "origin"]),
        "$ emu sink rm origin\nsink origin: forgotten; its data stays in 'ROOT/sink'",
    );
    let again = src.ok(&["sink", "add", "usb", "../sink", "--optional"]);
    assert!(again.starts_with("sink usb: attached at "), "{again}");
    let record = &src.run(&["sink", "list", "--json"]).succeeds().records()[0];
    assert_eq!((record["name"].as_str(), record["optional"].as_bool()), (Some("usb"), Some(true)));
    assert_eq!((&record["present"], &record["snapshots"]), (&true.into(), &0.into()));
}

#[test]
fn a_list_tells_an_absent_sink_from_a_wrong_disk() {
    let emu = Emu::new();
    source(&emu);
    let src = emu.inside("src");
    for name in ["one", "two", "three"] {
        src.ok(&["sink", "add", name, &format!("../{name}")]);
    }
    std::fs::remove_dir_all(emu.path("one")).unwrap();
    std::fs::remove_dir_all(emu.path("two")).unwrap();
    std::fs::rename(emu.path("three"), emu.path("two")).unwrap();
    let listed = src.ok(&["sink"]);
    let states: Vec<_> = listed.lines().skip(1).map(|line| line.split("  ").nth(1).unwrap_or("")).collect();
    assert!(listed.contains("absent") && listed.contains("wrong disk"), "{listed}");
    assert_eq!(states.len(), 3);
    let records = src.run(&["sink", "--json"]).succeeds().records();
    assert!(records.iter().all(|record| record["present"] == false && record["why"].is_string()));
}

#[test]
fn a_sink_of_another_source_is_refused() {
    let emu = Emu::new();
    source(&emu);
    emu.tree("other", "");
    emu.ok(&["init", "other"]);
    emu.inside("src").ok(&["sink", "add", "../sink"]);
    let said = emu.inside("other").fails(&["sink", "add", "../sink"], 10);
    assert!(said.starts_with("error: cannot add the sink at ") && said.contains("\nhint: "), "{said}");
    assert_eq!(emu.inside("other").ok(&["sink", "--json"]), "");
}

#[test]
fn what_cannot_be_a_sink_is_left_as_it_was() {
    let emu = Emu::new();
    source(&emu);
    emu.tree("full", "file a \"text\"");
    let src = emu.inside("src");
    for (args, status, expected) in [
        (&["../full"][..], 1, "the directory is not empty"),
        (&["../no/such"], 10, "does not exist"),
        (&["HEAD", "../sink"], 2, "cannot call a sink 'HEAD'"),
        (&["a/b", "../sink"], 2, "cannot call a sink 'a/b'"),
        (&["."], 1, "the directory is not empty"),
    ] {
        let said = src.fails(&[&["sink", "add"], args].concat(), status);
        assert!(said.starts_with("error: ") && said.contains(expected), "{args:?}: {said}");
    }
    assert!(!emu.path("sink").exists() && !emu.path("full/.emu").exists() && !emu.path("no").exists());
    src.ok(&["sink", "add", "../sink"]);
    let said = src.fails(&["sink", "add", "../second"], 1);
    assert!(said.starts_with("error: cannot call a sink 'origin': it is the name of the sink at"));
    let said = src.fails(&["sink", "add", "inner", "../sink/inner"], 1);
    assert!(said.contains("it lies in the sink"), "{said}");
    assert!(src.fails(&["sink", "rm", "usb"], 10).contains("the sinks are: origin"));
    assert!(!emu.path("second").exists() && !emu.path("sink/inner").exists());
}

#[test]
fn a_sink_inside_the_source_is_allowed() {
    let emu = Emu::new();
    source(&emu);
    emu.inside("src").ok(&["sink", "add", "backup"]);
    assert!(emu.path("src/backup/.emu/sink").exists());
}

#[test]
fn nothing_is_made_inside_a_sink_or_the_directory_of_a_source() {
    let job = crate::job::Job::pushed("file docs/a \"text\"");
    job.emu.tree("other", "file b \"text\"");
    job.ok(&["init", "other"]);
    let before = crate::job::listing(&job.sink());
    for place in ["./sink/latest/docs/b", "./sink/.emu/staging/z", "./sink/inner", "./other/.emu/k"] {
        let commands: [&[&str]; 6] = [
            &["push", "-S", "other", "--to", place],
            &["-S", "other", "sink", "add", "inner", place],
            &["-S", "other", "sink", "add", "inner", place, "--dry-run"],
            &["checkout", "./sink:HEAD", "--to", place],
            &["clone", "./sink", place],
            &["install-files", "--prefix", place],
        ];
        for args in commands {
            let said = job.emu.fails(args, 1);
            let expected =
                if place.contains("other") { "which emu uses for the source" } else { "it lies in the sink" };
            assert!(said.contains(expected), "{args:?}: {said}");
        }
    }
    assert_eq!(crate::job::listing(&job.sink()), before);
    assert!(!job.emu.path("other/.emu/k").exists());
}

#[test]
fn places_on_other_machines_are_not_taken_for_local_paths() {
    let job = crate::job::Job::pushed("file a \"text\"");
    for place in ["ssh://me@nas/x", "me@nas:/x", "nas:home", "s3:bucket"] {
        let commands: [&[&str]; 4] = [
            &["sink", "add", "far", place],
            &["push", "--to", place],
            &["sink", "move", "origin", place],
            &["sink", "adopt", "origin", place],
        ];
        for args in commands {
            let said = job.emu.inside("src").fails(args, 2);
            assert!(said.contains("sinks on other machines are not supported"), "{args:?}: {said}");
            assert!(said.contains("./a:b"), "{args:?}: {said}");
        }
    }
    for args in [&["log", "me@nas:/x"][..], &["push", "-S", "src", "me@nas:/x"]] {
        assert!(job.emu.fails(args, 2).contains("sinks on other machines are not supported"), "{args:?}");
    }
    assert_eq!(std::fs::read_dir(job.src()).unwrap().count(), 2, "nothing was made in the source");
    job.ok(&["-S", "src", "sink", "add", "colon", "./a:b"]);
    assert!(job.emu.path("a:b/.emu/sink").exists());
}

#[test]
fn the_list_shows_device_and_mount_point() {
    let job = crate::job::Job::pushed("file a \"a\"");
    let src = job.emu.inside("src");
    let record = src.run(&["sink", "list", "--json"]).succeeds().records().remove(0);
    let listed = src.ok(&["sink", "list"]);
    let (titles, row) = listed.split_once('\n').unwrap();
    let words: Vec<&str> = titles.split("  ").map(str::trim).filter(|word| !word.is_empty()).collect();
    assert_eq!(words, ["NAME", "STATE", "SNAPSHOTS", "HEAD", "AGE", "FREE", "DEVICE", "MOUNTED ON", "PATH"]);
    for field in ["device", "mount_point"] {
        assert!(row.contains(&format!("  {}  ", record[field].as_str().unwrap())), "{row}");
    }
}
