//! What is not saved: patterns, and directories that carry a mark.

use std::fs;

use crate::job::{Job, listing};

const TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\\n# a cache\\n";

fn saved(job: &Job) -> Vec<String> {
    job.entries().keys().filter(|path| !path.is_empty()).cloned().collect()
}

fn marked() -> Job {
    let job = Job::new("file keep \"k\"");
    job.edit(&format!(
        "dir cache\nfile cache/CACHEDIR.TAG \"{TAG}\"\nfile cache/x \"x\"\ndir cache/deep\nfile cache/deep/y \"y\"\n\
         dir fake\nfile fake/CACHEDIR.TAG \"no signature\"\nfile fake/x \"x\"\n\
         dir d/private\nfile d/private/.nobackup \"\"\nfile d/private/x \"x\"",
    ));
    job
}

#[test]
fn of_a_directory_with_a_mark_the_mark_alone_is_saved() {
    let job = marked();
    job.push(&[]).succeeds();
    let expected = [
        "cache",
        "cache/CACHEDIR.TAG",
        "d",
        "d/private",
        "d/private/.nobackup",
        "fake",
        "fake/CACHEDIR.TAG",
        "fake/x",
        "keep",
    ];
    assert_eq!(saved(&job), expected);
    let again = job.push(&[]).succeeds();
    assert!(again.stdout.contains("0 copied"), "{again}");
    // Without the settings, as sources that were made before have them, all is saved.
    job.config("");
    job.push(&[]).succeeds();
    job.same();
}

#[test]
fn a_checkout_leaves_what_stands_beside_a_mark() {
    let job = marked();
    job.push(&[]).succeeds();
    job.edit("file keep \"changed\"");
    job.push(&[]).succeeds();
    job.edit("file cache/x \"a new thing\"\nfile d/private/more \"more\"");
    let said = job.emu.inside("src").ok(&["checkout", "HEAD~"]);
    assert!(said.contains("1 file"), "{said}");
    assert_eq!(fs::read_to_string(job.src().join("cache/x")).unwrap(), "a new thing");
    assert_eq!(fs::read_to_string(job.src().join("d/private/more")).unwrap(), "more");
    assert_eq!(fs::read_to_string(job.src().join("keep")).unwrap(), "k");
}

#[test]
fn a_mark_that_came_later_protects_what_was_saved_before() {
    let job = Job::new("dir d\nfile d/x \"old\"\nfile keep \"k\"");
    job.push(&[]).succeeds();
    job.edit("file d/.nobackup \"\"\nfile d/x \"new\"");
    job.push(&["--allow-shrunk"]).succeeds();
    let said = job.emu.inside("src").ok(&["checkout", "HEAD~"]);
    assert!(said.contains("excluded and left alone"), "{said}");
    assert_eq!(fs::read_to_string(job.src().join("d/x")).unwrap(), "new");
}

#[test]
fn a_mark_at_the_root_leaves_nothing_out() {
    let job = Job::new("file .nobackup \"\"\nfile a \"a\"");
    job.push(&[]).succeeds();
    assert_eq!(saved(&job), [".nobackup", "a"]);
}

#[test]
fn patterns_of_the_command_line_count_this_once_and_last() {
    let job = Job::new(
        "file a.o \"o\"\nfile b.c \"c\"\nfile keep.o \"k\"\ndir tmp\nfile tmp/x \"x\"\nfile big.iso \"i\"",
    );
    fs::write(job.src().join(".emu/excludes"), "*.iso\n").unwrap();
    fs::write(job.emu.path("list"), "/tmp/\n*.o\n").unwrap();
    let from = job.emu.path("list");
    let args = ["--exclude-from", from.to_str().unwrap(), "--exclude", "!keep.o", "--exclude", "!*.iso"];
    let plan = job.push(&[&["--dry-run"][..], &args].concat()).succeeds().stdout;
    assert!(plan.contains("keep.o") && plan.contains("big.iso") && !plan.contains("a.o"), "{plan}");
    job.push(&args).succeeds();
    assert_eq!(saved(&job), ["b.c", "big.iso", "keep.o"]);
    let entries = job.emu.program("emu-hash-tree", &[&["src"][..], &args].concat()).succeeds().stdout;
    assert!(entries.contains("keep.o") && !entries.contains("tmp/x"));
    job.push(&[]).succeeds();
    assert_eq!(saved(&job), ["a.o", "b.c", "keep.o", "tmp", "tmp/x"]);
}

#[test]
fn what_is_no_pattern_on_the_command_line_is_refused() {
    let job = Job::new("file a \"a\"");
    let before = listing(&job.sink());
    assert!(job.push(&["--exclude", "[a"]).exits(2).stderr.contains("--exclude line 1: no valid pattern"));
    job.push(&["--exclude-from", "nowhere"]).exits(1);
    assert_eq!(listing(&job.sink()), before);
}

#[test]
fn a_mark_stays_where_a_snapshot_has_not_even_its_directory() {
    let job = Job::pushed("file keep \"k\"");
    job.edit(&format!("dir build\nfile build/CACHEDIR.TAG \"{TAG}\"\nfile build/x \"x\""))
        .push(&[])
        .succeeds();
    job.emu.inside("src").run(&["checkout", "HEAD~"]);
    assert!(job.src().join("build/CACHEDIR.TAG").exists() && job.src().join("build/x").exists());
}

#[test]
fn push_status_and_check_exclude_warn_about_a_pattern_once_and_other_commands_do_not() {
    let job = Job::new("file a \"a\"\ndir build");
    job.ok(&["-S", "src", "sink", "add", "second", "./second"]);
    fs::write(job.src().join(".emu/excludes"), "[a\n/build/\n!/build/x\n").unwrap();
    let warnings =
        |stderr: &str| (stderr.matches("no valid pattern").count(), stderr.matches("no effect").count());
    let run = |args: &[&str]| warnings(&job.emu.inside("src").run(args).stderr);
    assert_eq!(warnings(&job.push(&["--dry-run"]).succeeds().stderr), (1, 1));
    assert_eq!(warnings(&job.push(&[]).succeeds().stderr), (1, 1));
    assert_eq!(run(&["status"]), (1, 1));
    assert_eq!(run(&["check-exclude", "a"]), (1, 1));
    assert_eq!(warnings(&job.emu.program("emu-hash-tree", &["src"]).stderr), (1, 1));
    job.edit("file a \"changed\"");
    assert_eq!(run(&["status", "--no-scan"]), (0, 0));
    assert_eq!(run(&["diff"]), (0, 0));
    assert_eq!(run(&["checkout", "--force", "origin:HEAD"]), (0, 0));
    assert_eq!(run(&["log"]), (0, 0));
}

#[test]
fn files_above_a_size_are_left_out_and_listed() {
    let job = Job::new(
        "dir d\nfile d/exact size=4096 seed=1\nfile d/large size=4097 seed=2\nsymlink d/link -> large",
    );
    job.config("[push]\nexclude-larger-than = \"4K\"\n");
    job.push(&[]).succeeds();
    assert_eq!(saved(&job), ["d", "d/exact", "d/link"]);
    let inside = job.emu.inside("src");
    assert_eq!(inside.ok(&["ls", "--excluded"]), "d/large\n");
    assert!(
        inside.ok(&["show"]).contains("\nexcluded: 1 path (files larger than 4.1 kB, other file systems)\n")
    );
    let said = inside.run(&["check-exclude", "d/large", "d/exact", "d"]).succeeds().records();
    assert_eq!((&said[0]["excluded"], &said[0]["larger_than"]), (&true.into(), &4096.into()));
    assert!(said[1]["excluded"] == false && said[2]["excluded"] == false);
    inside.run(&["check-exclude", "--exclude-larger-than", "0", "d/large"]).exits(1);
    // The option goes before the configuration, and 0 leaves out none.
    let plan = job.push(&["--dry-run", "--exclude-larger-than", "0"]).succeeds().stdout;
    assert!(plan.contains("d/large"), "{plan}");
    job.push(&["--allow-shrunk", "--exclude-larger-than", "1K"]).succeeds();
    assert_eq!(saved(&job), ["d", "d/link"]);
    let entries = job.emu.program("emu-hash-tree", &["src", "--exclude-larger-than", "1G"]).succeeds();
    assert!(
        entries.stdout.contains("\"path\":\"d/large\",\"kind\"")
            && entries.stdout.contains("\"larger_than\":1073741824")
    );
    job.push(&["--exclude-larger-than", "0"]).succeeds();
    assert_eq!(saved(&job), ["d", "d/exact", "d/large", "d/link"]);
}

#[test]
fn a_size_that_is_no_number_of_bytes_is_refused() {
    let job = Job::new("file a \"a\"");
    let said = job.push(&["--exclude-larger-than", "1X"]).exits(2);
    assert!(
        said.stderr.contains("cannot use --exclude-larger-than '1X': allowed is a number of bytes"),
        "{said}"
    );
    job.config("[push]\nexclude-larger-than = \"big\"\n");
    assert!(job.push(&[]).exits(2).stderr.contains("push.exclude-larger-than"));
}

#[test]
fn a_checkout_does_not_remove_files_above_the_size_of_then_and_restores_those_below() {
    let job = Job::new("file keep \"k\"\nfile grows \"small\"\nfile large size=5000 seed=1");
    job.push(&["--exclude-larger-than", "4K"]).succeeds();
    job.edit("file grows size=6000 seed=2\nfile later size=7000 seed=3\nfile extra \"e\"")
        .push(&[])
        .succeeds();
    job.emu.inside("src").ok(&["checkout", "HEAD~"]);
    assert!(job.src().join("large").exists() && job.src().join("later").exists());
    assert!(!job.src().join("extra").exists());
    assert_eq!(fs::read_to_string(job.src().join("grows")).unwrap(), "small");
}
