//! `emu path`.

use crate::env::Emu;
use crate::made::{Made, Special};

#[test]
fn the_tree_and_what_is_in_it_are_found() {
    let emu = Emu::new();
    let sink = Made::new(&emu, "disk");
    let first = sink.add(1, Special::default());
    sink.add(2, Special::default());
    let tree = sink.path.join(".emu/trees").join(&first);
    let src = emu.inside("src");
    assert_eq!(src.ok(&["path", "HEAD~"]), format!("{}\n", tree.display()));
    assert_eq!(src.ok(&["path", "HEAD~", "./d//x"]), format!("{}/d/x\n", tree.display()));
    assert_eq!(src.ok(&["path", &first[..8], "out"]), format!("{}/out\n", tree.display()));
    let by_path = format!("{}:TAIL", sink.path.display());
    assert_eq!(emu.ok(&["path", &by_path]), format!("{}\n", tree.display()));
    let record = &src.run(&["path", "--json", "disk:HEAD~"]).succeeds().records()[0];
    assert_eq!((record["type"].as_str(), record["id"].as_str()), (Some("rev"), Some(&*first)));
    assert_eq!(record["tree_path"], tree.to_str().unwrap());
}

#[test]
fn no_path_leads_out_of_the_snapshot() {
    let emu = Emu::new();
    let sink = Made::new(&emu, "disk");
    sink.add(1, Special::default());
    let src = emu.inside("src");
    for (path, status) in
        [("none", 10), ("a/b", 10), ("out/nodes", 10), ("d/l/x", 10), ("../x", 2), ("/etc", 2)]
    {
        let said = src.run(&["path", "HEAD", path]).exits(status);
        assert!(said.stdout.is_empty() && said.stderr.starts_with("error: "), "{said}");
    }
}

#[test]
fn a_path_is_relative_to_where_one_is() {
    let job = crate::job::Job::pushed("file d/x \"x\"\nfile top \"x\"");
    let tree = job.newest();
    let there = |below: &str| format!("{}/{below}\n", tree.display());
    let d = job.emu.inside("src/d");
    assert_eq!(d.ok(&["path", "HEAD", "x"]), there("d/x"));
    assert_eq!(d.ok(&["path", "HEAD", "../top"]), there("top"));
    assert_eq!(d.ok(&["path", "HEAD", job.src().join("top").to_str().unwrap()]), there("top"));
    assert_eq!(d.ok(&["path", "HEAD:d/x"]), there("d/x"));
    assert_eq!(d.ok(&["path", "HEAD:./x", "-z"]), format!("{}/d/x\0", tree.display()));
    // Outside of any source, it is relative to the snapshot's root.
    let by_path = format!("{}:HEAD", job.sink().display());
    assert_eq!(job.emu.inside("home").ok(&["path", &by_path, "d/x"]), there("d/x"));
    let said = d.fails(&["path", "HEAD", "top"], 10);
    assert!(said.starts_with("error: no 'd/top' in snapshot "), "{said}");
    assert!(said.ends_with("hint: did you mean 'top'?\n"), "{said}");
    d.fails(&["path", "HEAD:d", "x"], 2);
    std::fs::remove_file(tree.join("top")).unwrap();
    assert!(d.fails(&["path", "HEAD:top"], 10).contains("it was saved, and is missing now"));
}

#[test]
fn the_first_sink_is_meant_unless_another_is_configured() {
    let emu = Emu::new();
    let (one, two) = (Made::new(&emu, "one"), Made::new(&emu, "two"));
    one.add(1, Special::default());
    two.add(1, Special::default());
    let src = emu.inside("src");
    let path = |args: &[&str]| src.ok(&[&["path"], args].concat());
    assert!(path(&["HEAD"]).starts_with(one.path.to_str().unwrap()));
    assert!(path(&["HEAD", "--sink", "two"]).starts_with(two.path.to_str().unwrap()));
    std::fs::write(emu.path("src/.emu/config"), "[core]\ndefault-sink = \"two\"\n").unwrap();
    assert!(path(&["HEAD"]).starts_with(two.path.to_str().unwrap()));
    // One push made both, so that a name which both have is not ambiguous.
    assert!(path(&["2026-11-22-010000"]).starts_with(two.path.to_str().unwrap()));
}

#[test]
fn a_name_that_two_pushes_share_is_ambiguous() {
    let emu = Emu::new();
    let (one, two) = (Made::new(&emu, "one"), Made::new(&emu, "two"));
    let first = one.add(1, Special::default());
    two.add(1, Special::default());
    two.add(2, Special::default());
    // The same second, another push: the first eight digits of ids are the second.
    let said = emu.inside("src").fails(&["path", &first[..4]], 2);
    assert!(said.contains("ambiguous"), "{said}");
}
