//! `emu checkout`: the three ways, what each leaves alone, what the guard refuses, and damage.

mod attributes;
mod chosen;
mod excluded;
mod first;
mod index;
mod owners;

use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::env::{Emu, LoopFs, Session, assert_shows, assert_text, give, need_loop, need_root, need_tool};
use crate::tree::{Show, assert_same, build, print, print_with};

const FIRST: &str = r#"
    dir . 0755 mtime=1700000000
    dir a 0750 mtime=1700000001.25
    file a/big 0644 size=300000 seed=7 mtime=1700000002.000000003
    file a/x 0640 "text" mtime=1700000003 xattr user.k=v
    dir b 0755 mtime=1700000004
    link b/y = a/x
    dir closed 0555 mtime=1700000005
    file closed/in 0400 "in" mtime=1700000006
    dir empty 0755 mtime=1700000007
    file holes 0644 size=1000000 seed=9 hole=8192+901120 mtime=1700000008
    symlink s -> a/x mtime=1700000009
    file \xff\n 0644 "name" mtime=1700000010
"#;

/// A source and a sink with two snapshots: FIRST, and then some edits.
struct Saved {
    emu: Emu,
}

fn saved() -> Saved {
    let emu = Emu::new();
    emu.tree("src", FIRST);
    emu.ok(&["init", "src"]);
    emu.tree("src", "attr . mtime=1700000000");
    emu.ok(&["push", "-S", "src", "--to", "./sink"]);
    // Beside it, what the source looked like.
    emu.shell("cp -a src first && rm -r first/.emu && touch -d @1700000000 first").succeeds();
    let edits = "file a/x \"other text\"\nremove a/big\nremove s\nfile s \"no link\"\nfile new \"new\"\n\
                 dir more\nfile more/new \"new\"\nattr empty 0700\nremove b/y\nfile b/y \"alone\"";
    emu.tree("src", edits);
    emu.ok(&["push", "-S", "src"]);
    emu.shell("cp -a src second && rm -r second/.emu && touch -r src second").succeeds();
    Saved { emu }
}

impl Saved {
    fn src(&self) -> Session<'_> {
        self.emu.inside("src")
    }

    fn path(&self, below: &str) -> PathBuf {
        self.emu.path(below)
    }

    fn is_first(&self, what: &str) {
        assert_same(&self.path("first"), &self.path(what));
    }

    fn is_second(&self, what: &str) {
        assert_same(&self.path("second"), &self.path(what));
    }

    /// The tree of the snapshot that a revision names.
    fn tree(&self, revision: &str) -> PathBuf {
        PathBuf::from(self.src().ok(&["path", revision]).trim_end())
    }

    /// Writes over the first byte of a file in a snapshot and puts its time back.
    fn damage(&self, revision: &str, path: &str) {
        flip(&self.tree(revision).join(path));
    }

    fn text(&self, path: &str) -> String {
        std::fs::read_to_string(self.path(path)).unwrap()
    }
}

fn flip(path: &Path) {
    let time = path.metadata().unwrap().modified().unwrap();
    let file = std::fs::OpenOptions::new().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, 0).unwrap();
    file.write_all_at(&[byte[0] ^ 1], 0).unwrap();
    file.set_modified(time).unwrap();
}

/// Names in a directory and below that no checkout may leave.
fn leftovers(root: &Path) -> Vec<PathBuf> {
    let entries = walkdir::WalkDir::new(root).into_iter().map(|entry| entry.unwrap().into_path());
    entries.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with(".emu-")).collect()
}

#[test]
fn the_source_becomes_the_snapshot_and_head_moves() {
    let saved = saved();
    saved.src().ok(&["checkout", "HEAD~"]);
    saved.is_first("src");
    assert!(
        saved.src().ok(&["log", "-n", "1"]).contains("HEAD") || saved.src().ok(&["log"]).contains("HEAD")
    );
    assert_eq!(saved.src().ok(&["path", "HEAD"]), saved.src().ok(&["path", "TAIL"]));
    assert!(!saved.path("src/.emu/checkout").exists());
    let newest = saved.src().ok(&["path", "@{now}"]);
    let id = newest.trim_end().rsplit('/').next().unwrap();
    saved.src().ok(&["checkout", id]);
    saved.is_second("src");
    assert_eq!(leftovers(&saved.path("src")), Vec::<PathBuf>::new());
}

#[test]
fn what_is_equal_is_not_touched() {
    let saved = saved();
    let before = saved.path("src/holes").metadata().unwrap();
    let output = saved.src().run(&["checkout", "HEAD~"]).succeeds();
    let after = saved.path("src/holes").metadata().unwrap();
    assert_eq!((before.ino(), before.ctime_nsec()), (after.ino(), after.ctime_nsec()));
    assert!(output.stdout.starts_with("checked out "), "{output}");
    // The second time nothing at all is done; what was restored is proven by its content.
    let again = saved.src().run(&["checkout", "HEAD"]).succeeds();
    assert!(again.stdout.ends_with(": nothing to change\n"), "{again}");
}

#[test]
fn a_dry_run_prints_the_plan_and_does_nothing() {
    let saved = saved();
    let plan = saved.src().run(&["checkout", "HEAD~", "--dry-run"]).succeeds();
    assert_text(
        &plan.stdout,
        "
        remove more
        remove new
        attributes a
        attributes b
        attributes empty
        replace s
        attributes .
        create a/big
        replace a/x
        replace b/y
        remove more/new
        ",
    );
    saved.is_second("src");
    let records = saved.src().run(&["checkout", "HEAD~", "--dry-run", "--json"]).succeeds().records();
    let change = records.iter().find(|record| record["path"] == "s").unwrap();
    assert_eq!(
        (&change["type"], &change["kind"], &change["how"]),
        (&"change".into(), &"symlink".into(), &"replace".into())
    );
    assert_eq!(records.last().unwrap()["type"], "summary");
    assert!(
        saved
            .emu
            .run(&["checkout", "./sink:HEAD", "--to", "out", "-n"])
            .succeeds()
            .stdout
            .contains("create a")
    );
    assert!(!saved.path("out").exists());
}

#[test]
fn what_no_snapshot_holds_is_not_destroyed() {
    let saved = saved();
    saved.emu.tree("src", "file a/x \"precious\"\nfile mine \"mine\"\nattr more/new 0600");
    let said = saved.src().fails(&["checkout", "HEAD~"], 1);
    assert_text(
        &said,
        "
        error: checkout would destroy 3 files that no snapshot holds: 'mine', 'a/x', 'more/new'
        hint: `emu push` saves them; --force destroys them
        ",
    );
    assert_eq!((saved.text("src/a/x"), saved.text("src/mine")), ("precious".into(), "mine".into()));
    saved.src().fails(&["checkout", "HEAD~", "--dry-run"], 1);
    saved.src().ok(&["checkout", "HEAD~", "--force"]);
    saved.is_first("src");
}

#[test]
fn the_guard_names_twenty_and_counts_the_rest() {
    let saved = saved();
    let files: Vec<String> = (10..40).map(|n| format!("file mine{n} \"\"")).collect();
    saved.emu.tree("src", &files.join("\n"));
    let said = saved.src().fails(&["checkout", "HEAD~"], 1);
    assert!(said.contains("destroy 30 files") && said.contains("'mine29', and 10 more"), "{said}");
}

#[test]
fn an_edit_that_keeps_size_and_mtime_is_seen_by_the_guard() {
    let saved = saved();
    let time = std::fs::metadata(saved.path("src/new")).unwrap().modified().unwrap();
    std::fs::write(saved.path("src/new"), "NEW").unwrap();
    std::fs::File::options().write(true).open(saved.path("src/new")).unwrap().set_modified(time).unwrap();
    assert!(saved.src().fails(&["checkout", "HEAD~"], 1).contains("'new'"));
}

#[test]
fn what_equals_the_target_is_no_risk() {
    let saved = saved();
    // As another program would have brought it back.
    saved.emu.shell("cp first/a/x src/a/x && cp first/a/big src/a/big").succeeds();
    saved.src().ok(&["checkout", "HEAD~"]);
    saved.is_first("src");
}

#[test]
fn excluded_files_and_sinks_inside_the_source_are_left_alone() {
    let emu = Emu::new();
    emu.tree("src", "dir .\nfile a \"a\"\nfile d/b \"b\"");
    emu.ok(&["push", "-S", "src", "--to", "src/sink"]);
    emu.tree("src", "file x.o \"object\"\nfile extra/y.o \"object\"\nfile extra/y \"y\"\nfile a \"A\"");
    std::fs::write(emu.path("src/.emu/excludes"), "*.o\n").unwrap();
    emu.ok(&["push", "-S", "src"]);
    emu.inside("src").ok(&["checkout", "HEAD~"]);
    assert_eq!(std::fs::read_to_string(emu.path("src/x.o")).unwrap(), "object");
    assert_eq!(std::fs::read_to_string(emu.path("src/extra/y.o")).unwrap(), "object");
    assert!(!emu.path("src/extra/y").exists());
    assert_eq!(std::fs::read_to_string(emu.path("src/a")).unwrap(), "a");
    assert!(emu.path("src/sink/.emu/HEAD").exists() && emu.path("src/.emu/source").exists());
    emu.inside("src").ok(&["verify"]);
}

#[test]
fn single_paths_come_back_and_what_they_replace_is_kept() {
    let saved = saved();
    saved
        .emu
        .tree("src", "file a/x \"precious\"\nremove s\ndir s\nfile s/inside \"inside\"\nfile extra \"\"");
    let output = saved.emu.inside("src/a").run(&["checkout", "HEAD~", "--", "x", "../s", "big"]).succeeds();
    assert_eq!(saved.text("src/a/x"), "text");
    assert_eq!(std::fs::read_link(saved.path("src/s")).unwrap(), Path::new("a/x"));
    assert!(saved.path("src/extra").exists(), "nothing is removed");
    let line = output.stdout.lines().find_map(|line| line.strip_prefix("what was replaced is in '")).unwrap();
    let kept = PathBuf::from(line.strip_suffix('\'').unwrap());
    assert_eq!(kept.parent().unwrap(), saved.path("src/.emu/replaced"));
    assert_eq!(std::fs::read_to_string(kept.join("a/x")).unwrap(), "precious");
    assert_eq!(std::fs::read_to_string(kept.join("s/inside")).unwrap(), "inside");
    assert_ne!(saved.src().ok(&["path", "HEAD"]), saved.src().ok(&["path", "TAIL"]), "HEAD stays");
    // Nothing to replace: nothing is kept.
    saved.src().ok(&["checkout", "HEAD~", "--", "a/x"]);
    assert_eq!(std::fs::read_dir(saved.path("src/.emu/replaced")).unwrap().count(), 1);
}

#[test]
fn a_missing_parent_of_a_path_is_made_as_it_was() {
    let saved = saved();
    saved.emu.shell("chmod -R u+w src/closed && rm -r src/closed src/a").succeeds();
    saved.src().ok(&["checkout", "HEAD~", "--", "a/big", "closed/in"]);
    let mode = |path: &str| saved.path(path).metadata().unwrap().mode() & 0o7777;
    assert_eq!((mode("src/a"), mode("src/closed")), (0o750, 0o555));
    assert_eq!(std::fs::read_dir(saved.path("src/a")).unwrap().count(), 1);
}

#[test]
fn a_path_that_the_snapshot_lacks_or_the_source_is_refused() {
    let saved = saved();
    assert!(saved.src().fails(&["checkout", "HEAD~", "--", "a/x", "nothing"], 10).contains("'nothing'"));
    let said = saved.emu.inside("src/a").fails(&["checkout", "HEAD~", "--", "x", "bug"], 10);
    assert!(said.starts_with("error: no 'a/bug' in snapshot "), "{said}");
    assert!(said.ends_with("hint: did you mean 'a/big'?\n"), "{said}");
    assert!(saved.src().fails(&["checkout", "HEAD~", "--", "/etc/passwd"], 2).contains("--to DIR"));
    assert!(saved.src().fails(&["checkout", "HEAD~", "--", "../sink"], 2).contains("not inside the source"));
    assert!(saved.src().fails(&["checkout", "HEAD~", "--", ".emu/config"], 2).contains("in no snapshot"));
    saved.src().fails(&["checkout", "HEAD~", "--force", "--", "a/x"], 2);
    saved.src().fails(&["checkout", "nonsense"], 10);
    saved.src().fails(&["checkout"], 2);
    saved.is_second("src");
}

#[test]
fn elsewhere_needs_neither_source_nor_home() {
    let saved = saved();
    std::fs::remove_dir_all(saved.path("src/.emu")).unwrap();
    let sink = saved.path("sink").display().to_string();
    let mut command = saved.emu.command("emu", &["checkout", &format!("{sink}:HEAD~"), "--to"]);
    command.arg(saved.path("out")).current_dir("/").env_remove("HOME").env_remove("XDG_CONFIG_HOME");
    saved.emu.session().collect(command, "emu checkout".into(), b"").succeeds();
    saved.is_first("out");
    let tree = saved.emu.shell("readlink -f sink/.emu/trees/$(cat sink/.emu/HEAD)").succeeds();
    assert_same(Path::new(tree.stdout.trim_end()), &saved.path("second"));
}

#[test]
fn nothing_shares_an_inode_with_the_sink() {
    let saved = saved();
    saved.src().ok(&["checkout", "HEAD~"]);
    saved.emu.ok(&["checkout", "./sink:HEAD", "--to", "out"]);
    let inodes = |root: &Path| -> std::collections::HashSet<u64> {
        let files = walkdir::WalkDir::new(root).into_iter().map(|entry| entry.unwrap());
        let files =
            files.filter(|entry| !entry.file_type().is_dir() && !entry.path().starts_with(root.join(".emu")));
        files.map(|entry| entry.metadata().unwrap().ino()).collect()
    };
    let sink: std::collections::HashSet<u64> =
        ["HEAD", "@{now}"].iter().flat_map(|rev| inodes(&saved.tree(rev))).collect();
    for place in ["src", "out"] {
        assert_eq!(inodes(&saved.path(place)).intersection(&sink).count(), 0, "{place}");
    }
    let [x, y] = ["out/a/x", "out/b/y"].map(|path| saved.path(path).metadata().unwrap().ino());
    assert_eq!(x, y, "a hard link of the snapshot is one again");
}

#[test]
fn a_directory_elsewhere_must_be_empty_unless_overwriting_is_allowed() {
    let saved = saved();
    saved.emu.tree("out", "file mine \"mine\"\nfile a/x \"mine\"");
    let refusal = saved.emu.run(&["checkout", "./sink:HEAD~", "--to", "out"]).exits(1);
    assert_shows(
        &refusal,
        "
        $ emu checkout ./sink:HEAD~ --to out
        [stderr]
        error: cannot write to 'out': the directory is not empty
        hint: name one that is empty or missing, or say --overwrite
        [exit 1]
        ",
    );
    saved.emu.ok(&["checkout", "./sink:HEAD~", "--to", "out", "--overwrite"]);
    assert_eq!((saved.text("out/a/x"), saved.text("out/mine")), ("text".into(), "mine".into()));
    saved.emu.fails(&["checkout", "./sink:HEAD~", "--to", "out/no/where"], 10);
    saved.emu.fails(&["checkout", "./sink:HEAD~", "--overwrite=never"], 2);
    saved.emu.fails(&["checkout", "./sink:HEAD~", "--to", "out", "--force"], 2);
}

#[test]
fn each_rule_of_overwriting_does_what_it_says() {
    let saved = saved();
    let text = "file a/x \"TEXT\" 0640 mtime=1700000003\nfile holes \"newer\" mtime=1800000000\n\
                file \\xff\\n \"older\" mtime=1600000000";
    let after = |rule: &str| {
        saved.emu.shell("rm -rf out").succeeds();
        saved.emu.tree("out", text);
        saved.emu.ok(&["checkout", "./sink:HEAD~", "--to", "out", "--overwrite", rule]);
        let size = |path: &std::ffi::OsStr| saved.path("out").join(path).metadata().unwrap().len();
        let odd = std::os::unix::ffi::OsStrExt::from_bytes(b"\xff\n");
        let name = std::fs::read(saved.path("out").join::<&std::ffi::OsStr>(odd)).unwrap();
        (saved.text("out/a/x"), size("holes".as_ref()), String::from_utf8(name).unwrap())
    };
    assert_eq!(after("always"), ("text".into(), 1_000_000, "name".into()));
    saved.is_first("out");
    assert_eq!(after("if-changed"), ("TEXT".into(), 1_000_000, "name".into()));
    assert_eq!(after("if-newer"), ("TEXT".into(), 5, "name".into()));
    assert_eq!(after("never"), ("TEXT".into(), 5, "older".into()));
}

#[test]
fn a_directory_elsewhere_is_never_removed_for_a_file() {
    let saved = saved();
    saved.emu.tree("out", "file holes/mine \"mine\"\nfile b \"in the way\"");
    let said = saved.emu.fails(&["checkout", "./sink:HEAD~", "--to", "out", "--overwrite"], 3);
    assert!(said.contains("cannot restore 'holes': a directory stands there"), "{said}");
    assert_eq!(saved.text("out/holes/mine"), "mine");
    assert_eq!(saved.text("out/b/y"), "text");
}

#[test]
fn selected_paths_go_elsewhere_under_their_own_path() {
    let saved = saved();
    saved.emu.ok(&["checkout", "./sink:HEAD~", "--to", "out", "--", "b", "closed/in"]);
    let shown = print(&saved.path("out"));
    assert_text(
        &shown.lines().skip(1).collect::<Vec<_>>().join("\n"),
        "dir b 0755\nfile b/y 0640 \"text\" xattr user.k=v\ndir closed 0555\nfile closed/in 0400 \"in\"",
    );
    saved.emu.fails(&["checkout", "./sink:HEAD~", "--to", "other", "--", "../x"], 2);
    saved.emu.fails(&["checkout", "./sink:HEAD~", "--to", "other", "--", "x"], 10);
    assert!(!saved.path("other").exists());
}

#[test]
fn nothing_is_written_into_a_sink() {
    let saved = saved();
    for place in ["sink", "sink/new", "sink/.emu/trees/new", "sink/latest"] {
        let said = saved.emu.fails(&["checkout", "./sink:HEAD~", "--to", place, "--overwrite"], 1);
        assert!(said.contains("it lies in the sink"), "{place}: {said}");
    }
    std::os::unix::fs::symlink(saved.path("sink/latest"), saved.path("way")).unwrap();
    saved.emu.fails(&["checkout", "./sink:HEAD~", "--to", "way", "--overwrite"], 1);
    // A sink below the target is not entered either.
    saved.emu.tree("around", "dir .");
    std::fs::rename(saved.path("sink"), saved.path("around/a")).unwrap();
    let said = saved.emu.fails(&["checkout", "./around/a:HEAD~", "--to", "around", "--overwrite"], 3);
    assert!(said.contains("it is a sink"), "{said}");
    assert!(!saved.path("around/a/x").exists());
    saved.emu.ok(&["verify", "./around/a"]);
}

#[test]
fn a_damaged_file_is_named_and_not_written() {
    let saved = saved();
    saved.damage("HEAD~", "a/big");
    let output = saved.emu.run(&["checkout", "./sink:HEAD~", "--to", "out", "--json"]).exits(3);
    let record = &output.records()[0];
    assert_eq!((&record["type"], &record["path"]), (&"unread".into(), &"a/big".into()));
    assert!(record["text"].as_str().unwrap().contains("damaged"));
    assert!(!saved.path("out/a/big").exists());
    let output = saved.emu.run(&["checkout", "./sink:HEAD~", "--to", "out", "--overwrite"]).exits(3);
    assert!(output.stdout.ends_with(": 1 not restored\n"), "{output}");
    assert!(
        output.stderr.contains("hint: another sink may have what was saved; --damaged keep "),
        "{output}"
    );
    assert_eq!(leftovers(&saved.path("out")), Vec::<PathBuf>::new());
    let said = saved.src().fails(&["checkout", "HEAD~", "--damaged", "keep"], 3);
    assert!(
        said.contains("cannot restore 'a/big': its content is damaged; it is written all the same"),
        "{said}"
    );
    assert_eq!(saved.path("src/a/big").metadata().unwrap().len(), 300_000);
}

#[test]
fn a_damaged_file_comes_from_another_snapshot_or_sink() {
    let saved = saved();
    saved.src().ok(&["checkout", "HEAD~"]);
    // The same content again, on inodes of their own: a second sink, made from the first state.
    saved.emu.ok(&["push", "-S", "src", "--to", "./second-sink"]);
    let first = saved.src().ok(&["path", "origin:TAIL"]).trim_end().to_owned();
    flip(&Path::new(&first).join("a/big"));
    flip(&Path::new(&first).join("a/x"));
    saved.emu.shell("rm -rf src/a src/b").succeeds();
    let output = saved.src().run(&["checkout", "origin:TAIL", "--to", "../out"]).succeeds();
    assert!(output.stdout.contains("3 from other snapshots"), "{output}");
    saved.is_first("out");
}

#[test]
fn a_file_that_the_sink_lost_does_not_stop_the_rest() {
    let saved = saved();
    let tree = saved.tree("HEAD~");
    std::fs::remove_file(tree.join("a/big")).unwrap();
    let said = saved.emu.fails(&["checkout", "./sink:HEAD~", "--to", "out"], 3);
    assert!(
        said.contains("cannot restore 'a/big': it cannot be opened: no such file or directory"),
        "{said}"
    );
    assert_eq!(saved.text("out/a/x"), "text");
}

#[test]
fn a_checkout_that_was_cut_off_is_completed_by_the_next() {
    if !cfg!(debug_assertions) {
        return;
    }
    let saved = saved();
    let first = saved.tree("HEAD~").file_name().unwrap().to_str().unwrap().to_owned();
    let second = saved.tree("HEAD").file_name().unwrap().to_str().unwrap().to_owned();
    // Each time cut off a little later, and then completed, forth and back.
    for (round, id) in [&first, &second].into_iter().cycle().enumerate().take(200) {
        let session = saved.src().env("EMU_TEST_FAULT", &format!("kill:{}", round + 1));
        let cut = session.run(&["checkout", id]);
        saved.src().ok(&["checkout", id]);
        if round % 2 == 0 {
            saved.is_first("src")
        } else {
            saved.is_second("src")
        }
        assert!(!saved.path("src/.emu/checkout").exists());
        assert_eq!(leftovers(&saved.path("src")), Vec::<PathBuf>::new());
        if cut.status == 0 {
            assert!(round > 20);
            return;
        }
        assert_eq!(cut.status, 128 + 9, "{cut}");
    }
}

#[test]
fn a_cut_off_checkout_of_another_snapshot_is_no_risk() {
    let saved = saved();
    let id = |rev: &str| saved.tree(rev).file_name().unwrap().to_str().unwrap().to_owned();
    let (first, second) = (id("HEAD~"), id("HEAD"));
    let info: serde_json::Value = serde_json::from_str(&saved.text("sink/.emu/sink")).unwrap();
    saved.emu.tree("src", "file third \"third\"");
    saved.src().ok(&["push"]);
    // Half of the first snapshot is back, when the second one is wanted instead.
    saved.emu.shell("rm -r src/a src/s && cp -a first/a src/a && cp -a first/s src/s").succeeds();
    let note = serde_json::json!({"v": 1, "snapshot": first, "sink": info["id"], "since": "", "temporary": ".emu-0123456789abcdef-"});
    std::fs::write(saved.path("src/.emu/checkout"), note.to_string()).unwrap();
    std::fs::write(saved.path("src/a/.emu-0123456789abcdef-00aa-7"), "half").unwrap();
    saved.src().ok(&["checkout", &second]);
    saved.is_second("src");
}

#[test]
fn a_sink_that_cannot_be_written_keeps_its_head_and_says_so() {
    if !(need_root() && need_tool("setpriv")) {
        return;
    }
    let saved = saved();
    give(&saved.path("src"), 1234);
    saved.emu.shell("chmod -R a+rX sink && chmod a+x .").succeeds();
    let before = saved.text("sink/.emu/HEAD");
    let user = saved.emu.as_user(1234);
    let output = user.clone().inside("src").run(&["checkout", "../sink:HEAD~", "--no-owner"]).exits(3);
    assert!(output.stderr.contains("HEAD of sink") && output.stderr.contains("stays"), "{output}");
    assert_eq!(saved.text("sink/.emu/HEAD"), before);
    assert_eq!(saved.text("src/a/x"), "text");
}

#[test]
fn an_ordinary_user_gets_everything_back_even_below_closed_directories() {
    if !(need_root() && need_tool("setpriv")) {
        return;
    }
    let emu = Emu::new();
    give(&emu.tree("src", FIRST), 1234);
    std::fs::create_dir(emu.path("disk")).unwrap();
    give(&emu.path("disk"), 1234);
    let user = emu.as_user(1234);
    user.ok(&["push", "-S", "src", "--to", "disk/sink"]);
    emu.shell("cp -a src first && rm -r first/.emu && touch -r src first").succeeds();
    user.shell(
        "chmod u+w src/closed && echo more > src/closed/extra && rm -f src/closed/in && chmod u-w src/closed",
    )
    .succeeds();
    user.clone().inside("src").ok(&["push"]);
    user.clone().inside("src").ok(&["checkout", "HEAD~"]);
    assert_same(&emu.path("first"), &emu.path("src"));
    user.ok(&["checkout", "disk/sink:HEAD", "--to", "disk/out"]);
    assert_same(&emu.path("first"), &emu.path("disk/out"));
    user.clone().inside("src").ok(&["verify"]);
}

#[test]
fn foreign_owners_and_set_id_bits_come_back_for_root() {
    if !need_root() {
        return;
    }
    let emu = Emu::new();
    emu.tree("src", "dir . 0755\nfile a 4755 \"\" uid=7 gid=8\nsymlink s -> a uid=9\ndir d 2775 uid=5 gid=6");
    emu.ok(&["push", "-S", "src", "--to", "./sink"]);
    emu.ok(&["checkout", "./sink:HEAD", "--to", "out"]);
    assert_same(&emu.path("src"), &emu.path("out"));
}

#[test]
fn only_attributes_are_corrected_where_content_is_right() {
    let saved = saved();
    saved.src().ok(&["checkout", "HEAD~"]);
    let before = saved.path("src/a/big").metadata().unwrap().ino();
    saved.emu.tree("src", "attr a/big 0600 mtime=5 xattr user.extra=1");
    saved.src().ok(&["push"]);
    let output = saved.src().run(&["checkout", "HEAD~"]).succeeds();
    saved.is_first("src");
    assert_eq!(saved.path("src/a/big").metadata().unwrap().ino(), before);
    assert!(output.stdout.ends_with(": attributes of 1 entry\n"), "{output}");
    // The same where what no snapshot holds is destroyed.
    saved.emu.tree("src", "attr a/big 0600 mtime=5\nattr a 0700");
    let output = saved.src().run(&["checkout", "HEAD", "--force"]).succeeds();
    assert!(output.stdout.ends_with(": attributes of 2 entries\n"), "{output}");
}

#[test]
fn an_inode_with_other_names_is_not_changed_in_place() {
    let saved = saved();
    // The user brought a snapshot back by linking to it.
    let tree = saved.tree("HEAD~");
    saved.emu.shell(&format!("rm -rf out && cp -al {} out && chmod 700 out", tree.display())).succeeds();
    let shown = print_with(&tree, Show { mtimes: true, emu: false });
    build(&saved.path("out"), "dir other");
    saved.emu.ok(&["checkout", "./sink:HEAD", "--to", "out", "--overwrite"]);
    assert_text(&print_with(&tree, Show { mtimes: true, emu: false }), &shown);
    saved.src().ok(&["verify"]);
}

#[test]
fn two_files_on_one_inode_become_two_again() {
    let emu = Emu::new();
    emu.tree("src", "dir .\nfile a \"same\" mtime=1700000000\nfile b \"same\" mtime=1700000000");
    emu.ok(&["push", "-S", "src", "--to", "./sink"]);
    emu.shell("rm src/b && ln src/a src/b").succeeds();
    emu.inside("src").ok(&["checkout", "HEAD"]);
    let [a, b] = ["src/a", "src/b"].map(|path| emu.path(path).metadata().unwrap().ino());
    assert_ne!(a, b);
}

#[test]
fn kinds_change_both_ways() {
    let emu = Emu::new();
    emu.tree("src", "dir .\nfile a/in/deep \"\"\nfile b \"b\"\nsymlink c -> b\nfile keep \"\"");
    emu.ok(&["push", "-S", "src", "--to", "./sink"]);
    let before = print(&emu.path("src"));
    emu.tree("src", "remove a\nfile a \"a\"\nremove b\nfile b/in/deep \"\"\nremove c\ndir c");
    emu.ok(&["push", "-S", "src"]);
    let after = print(&emu.path("src"));
    let newest = emu.inside("src").ok(&["path", "HEAD"]);
    emu.inside("src").ok(&["checkout", "HEAD~"]);
    assert_text(&print(&emu.path("src")), &before);
    emu.inside("src").ok(&["checkout", newest.trim_end().rsplit('/').next().unwrap()]);
    assert_text(&print(&emu.path("src")), &after);
}

#[test]
fn a_tree_deeper_than_any_path_comes_back() {
    let emu = Emu::new();
    emu.tree("src", "dir .");
    let name = "d".repeat(200);
    let enter = format!("mkdir {name} && cd {name}");
    let script = format!("cd src && for i in $(seq 40); do {enter}; done && echo deep > file");
    emu.shell(&script).succeeds();
    emu.ok(&["push", "-S", "src", "--to", "./sink"]);
    emu.ok(&["checkout", "./sink:HEAD", "--to", "out"]);
    let look = format!("cd out && for i in $(seq 40); do cd {name}; done && cat file");
    assert_eq!(emu.shell(&look).succeeds().stdout, "deep\n");
    emu.shell("rm -rf src/d*").succeeds();
    emu.inside("src").ok(&["checkout", "HEAD"]);
    let again = look.replace("out", "src");
    assert_eq!(emu.shell(&again).succeeds().stdout, "deep\n");
    emu.shell("rm -rf src out sink").succeeds();
}

#[test]
fn other_file_systems_inside_the_source_are_not_entered() {
    if !need_root() {
        return;
    }
    let saved = saved();
    saved.emu.tree("src", "dir more/mount");
    saved.src().ok(&["push"]);
    saved.emu.shell("mount -t tmpfs none src/more/mount && echo mine > src/more/mount/mine").succeeds();
    let output = saved.src().run(&["checkout", "TAIL"]);
    let stands = saved.emu.shell("cat src/more/mount/mine; umount src/more/mount");
    assert_eq!(stands.stdout, "mine\n", "{output}");
}

#[test]
fn links_on_the_way_are_not_followed() {
    let saved = saved();
    saved.emu.tree("outside", "file x \"outside\"");
    saved.emu.shell("rm -r src/a && ln -s ../outside src/a").succeeds();
    saved.src().ok(&["checkout", "HEAD~", "--", "a/x"]);
    assert_eq!((saved.text("outside/x"), saved.text("src/a/x")), ("outside".into(), "text".into()));
    saved.emu.shell("rm -r src/a && ln -s ../outside src/a").succeeds();
    saved.src().ok(&["checkout", "HEAD~", "--force"]);
    assert_eq!(saved.text("outside/x"), "outside");
    saved.is_first("src");
}

#[test]
fn a_busy_source_or_sink_ends_at_once_and_changes_nothing() {
    let saved = saved();
    let lock = |path: &str| {
        let file = std::fs::File::options().write(true).open(saved.path(path)).unwrap();
        file.lock().unwrap();
        file
    };
    let held = lock("src/.emu/LOCK");
    saved.src().fails(&["checkout", "HEAD~"], 11);
    saved.is_second("src");
    drop(held);
    let held = lock("sink/.emu/LOCK");
    saved.src().fails(&["checkout", "HEAD~"], 11);
    assert!(!saved.path("src/.emu/checkout").exists());
    saved.is_second("src");
    drop(held);
    saved.src().ok(&["checkout", "HEAD~"]);
    saved.is_first("src");
}

#[test]
fn a_snapshot_of_another_source_goes_elsewhere_only() {
    let saved = saved();
    saved.emu.tree("other", "dir .\nfile mine \"mine\"");
    saved.emu.ok(&["init", "other"]);
    let said = saved.emu.inside("other").fails(&["checkout", "../sink:HEAD"], 10);
    assert!(said.contains("it is a snapshot of another source"), "{said}");
    saved.emu.inside("other").ok(&["checkout", "../sink:HEAD~", "--to", "../out"]);
    saved.is_first("out");
}

#[test]
fn a_full_disk_ends_the_work_with_one_message() {
    if !need_root() {
        return;
    }
    let emu = Emu::new();
    emu.tree("src", "dir .\nfile a size=3000000 seed=1");
    emu.ok(&["push", "-S", "src", "--to", "./sink"]);
    let _small = LoopFs::tmpfs(&emu.path("small"), 1);
    let output = emu.run(&["checkout", "./sink:HEAD", "--to", "small/out"]);
    assert_eq!(output.status, 1, "{output}");
    assert!(output.stderr.contains("no space left on device"), "{output}");
}

#[test]
fn every_file_system_gives_everything_back() {
    for (kind, megabytes) in [("ext4", 64), ("xfs", 320), ("btrfs", 128)] {
        if !need_loop(kind) {
            continue;
        }
        let emu = Emu::new();
        let disk = LoopFs::new(&emu.path("disk"), kind, megabytes);
        emu.tree("src", FIRST);
        emu.ok(&["push", "-S", "src", "--to", "./sink"]);
        let out = disk.path("out");
        emu.ok(&["checkout", "./sink:HEAD", "--to", out.to_str().unwrap()]);
        assert_same(&emu.path("src"), &out);
        std::fs::set_permissions(out.join("closed"), PermissionsExt::from_mode(0o755)).unwrap();
    }
}

#[test]
fn what_is_made_in_a_directory_with_a_default_list_inherits_nothing() {
    if !need_tool("setfacl") {
        return;
    }
    let saved = saved();
    saved.emu.shell("setfacl -d -m u:3:rwx src/a src").succeeds();
    saved.src().ok(&["checkout", "HEAD~", "--force"]);
    saved.is_first("src");
}
