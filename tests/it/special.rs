//! FIFOs, sockets and devices are entries like others: saved, linked, compared, verified and
//! restored, and never opened.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::env::{Emu, Output, Session, give, need_root, need_tool};
use crate::job::{self, Job, ino};
use crate::tree::{assert_same, build};

/// What everybody can create.
const PLAIN: &str = "
    dir . 0755 mtime=1500000000
    file a 0644 \"text\" mtime=10
    dir d 0755 mtime=11
    fifo d/pipe 0640 mtime=12.5
    link d/pipe2 = d/pipe
    socket d/sock 1755 mtime=-1.5
    fifo one 0000 mtime=13
    link z/sock2 = d/sock
";

/// What needs a privilege.
const DEVICES: &str = "
    char d/null 0666 rdev=1:3 gid=6 mtime=14
    link d/null2 = d/null
    block d/disk 4660 rdev=7:300 uid=5 gid=6 mtime=15
    char tty 0620 rdev=4:70 mtime=16
";

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Every special kind that whoever runs the tests can create.
fn everything() -> String {
    // So many that a test can leave out all others.
    let more: String = (0..30).map(|n| format!("file more/{n} 0644 \"more text\" mtime=9\n")).collect();
    if need_root() { format!("{PLAIN}{more}{DEVICES}") } else { format!("{PLAIN}{more}") }
}

/// A pushed source, old enough that its stamps prove something.
fn settled() -> Job {
    let job = Job::new(&everything());
    job.settle();
    assert_eq!(job.push(&[]).succeeds().stderr, "");
    job
}

fn special(job: &Job) -> Vec<String> {
    let is_special = |entry: &Value| !["file", "dir", "symlink"].contains(&entry["kind"].as_str().unwrap());
    job.entries().into_iter().filter(|(_, entry)| is_special(entry)).map(|(path, _)| path).collect()
}

/// A user's source with devices that it cannot create, and a sink that it can write.
struct Theirs {
    emu: Emu,
}

impl Theirs {
    fn new() -> Option<Theirs> {
        if !(need_root() && need_tool("setpriv")) {
            return None;
        }
        let emu = Emu::new();
        let src = emu.tree("src", PLAIN);
        fs::create_dir(emu.path("disk")).unwrap();
        give(&src, 1234);
        give(&emu.path("disk"), 1234);
        build(&src, DEVICES);
        let theirs = Theirs { emu };
        theirs.user().ok(&["init", "src"]);
        theirs.user().ok(&["-S", "src", "sink", "add", "origin", "disk/sink"]);
        std::thread::sleep(std::time::Duration::from_millis(2300));
        Some(theirs)
    }

    fn user(&self) -> Session<'_> {
        self.emu.as_user(1234)
    }

    fn push(&self, session: &Session<'_>) -> Output {
        session.run(&["push", "-S", "src"]).succeeds()
    }

    fn newest(&self) -> std::path::PathBuf {
        let sink = self.emu.path("disk/sink");
        job::tree_of(&sink, job::nodes(&sink).last().unwrap())
    }

    fn node(&self) -> Value {
        job::nodes(&self.emu.path("disk/sink")).pop().unwrap()
    }

    /// The entries of HEAD that stand in no tree.
    fn absent(&self) -> Vec<String> {
        let listed = self.emu.program("emu-ls-tree", &["./disk/sink:HEAD"]).succeeds().records();
        let absent = listed.iter().filter(|entry| entry["held"] == json!({"absent": true}));
        absent.map(|entry| entry["path"].as_str().unwrap().to_owned()).collect()
    }
}

const ABSENT: [&str; 4] = ["tty", "d/disk", "d/null", "d/null2"];

#[test]
fn every_special_kind_is_saved_without_a_word() {
    let job = settled();
    job.same();
    let node = job.node();
    assert_eq!(node["counts"]["unread"], 0);
    assert!(node.get("partial").is_none(), "{node}");
    assert_eq!(job.entries()["z/sock2"]["links"], "d/sock");
    if is_root() {
        assert_eq!(
            (&job.entries()["d/disk"]["rdev"], &job.entries()["tty"]["rdev"]),
            (&"7:300".into(), &"4:70".into())
        );
        assert!(job.entries().values().all(|entry| entry.get("held").is_none()));
    }
    assert_eq!(job.ok(&["verify", "-q", "./sink"]), "");
}

#[test]
fn an_unchanged_push_links_every_special_file() {
    let job = settled();
    job.push(&[]).succeeds();
    job.same();
    let names = special(&job);
    assert!(names.len() >= 5, "{names:?}");
    assert!(names.iter().all(|name| job.shared(name, 1, 2)));
    assert_eq!(job.nodes()[0]["manifest"], job.nodes()[1]["manifest"]);
    assert_eq!(job.node()["counts"]["copied"], 0);
    let (_, preview) = (job.push(&[]).succeeds(), job.push(&["--dry-run"]).succeeds());
    assert!(!names.iter().any(|name| preview.stdout.contains(name)), "{preview}");
    assert_eq!(job.emu.run(&["-S", "src", "status", "--exit-code"]).status, 0);
    job.emu.run(&["-S", "src", "diff", "--exit-code"]).succeeds();
}

#[test]
fn special_files_are_never_opened() {
    if !need_tool("strace") {
        return;
    }
    let job = Job::new(&everything());
    job.settle();
    let traced = |line: &str| {
        let strace = format!("strace -f -y -s 300 -o trace -e trace=open,openat,openat2 {line}");
        job.emu.shell(&strace).succeeds();
        let trace = fs::read_to_string(job.emu.path("trace")).unwrap();
        let names =
            ["\"pipe\"", "\"pipe2\"", "\"sock\"", "\"one\"", "\"null\"", "\"disk\"", "\"tty\"", "\"sock2\""];
        let opened = trace.lines().filter(|line| names.iter().any(|name| line.contains(name)));
        let opened: Vec<&str> = opened.filter(|line| !line.contains("O_PATH")).collect();
        assert!(opened.is_empty(), "{line}: {opened:?}");
        assert!(trace.contains("openat("), "{line}");
    };
    traced("emu push -q -S src");
    build(&job.src(), "attr one 0600\nattr d/pipe mtime=99");
    traced("emu push -q -S src");
    traced("emu verify -q ./sink");
    traced("emu-hash-tree src");
    traced("emu diff -S src");
    traced("emu checkout -q ./sink:HEAD --to there");
    traced("emu clone -q ./sink cloned");
    traced("emu checkout -q -S src HEAD~ --force");
    traced("emu du ./sink");
    fs::remove_file(job.newest().join("one")).unwrap();
    fs::remove_file(job.newest().join("d/pipe")).unwrap();
    traced("emu verify -q --repair ./sink");
    traced("emu rotate -q ./sink --keep-last 1");
}

#[test]
fn a_changed_special_file_is_saved_anew() {
    let job = settled();
    job.edit("attr one 0600\nremove d/sock\nsocket d/sock 0700\nfifo new 0600\nremove a\nfifo a");
    if is_root() {
        job.edit("attr tty uid=9\nremove d/disk\nblock d/disk 0660 rdev=7:1");
    }
    job.push(&[]).succeeds();
    job.same();
    assert!(!job.shared("one", 1, 2) && !job.shared("d/sock", 1, 2) && job.shared("d/pipe", 1, 2));
    let said = job.ok(&["-S", "src", "diff", "HEAD~", "HEAD"]);
    for name in ["one", "d/sock", "new", "a"] {
        assert!(said.lines().any(|line| line.ends_with(&format!(" {name}"))), "{name}: {said}");
    }
    assert_eq!(said.lines().any(|line| line.ends_with(" d/disk")), is_root(), "{said}");
    assert_eq!(job.ok(&["verify", "-q", "./sink"]), "");
}

#[test]
fn moved_special_files_are_linked() {
    let job = settled();
    let before = ino(&job.newest().join("one"));
    job.edit("move d -> elsewhere/d\nmove one -> two");
    job.settle().push(&[]).succeeds();
    job.same();
    assert_eq!(ino(&job.newest().join("two")), before);
    // The names of the groups are linked to names that are created anew.
    let moved = if is_root() { 2 } else { 1 };
    assert_eq!(job.node()["counts"]["moved"], moved, "{}", job.node());
    let said = job.ok(&["-S", "src", "diff", "HEAD~", "HEAD"]);
    assert!(said.contains("two"), "{said}");
}

#[test]
fn special_files_come_back_wherever_they_are_restored() {
    let job = settled();
    job.ok(&["checkout", "./sink:HEAD", "--to", "there"]);
    assert_same(&job.src(), &job.emu.path("there"));
    job.ok(&["clone", "./sink", "cloned"]);
    assert_same(&job.newest(), &job.emu.path("cloned"));
    job.edit(
        "remove d/pipe\nattr one 0600 mtime=77\nremove z\nremove a\nfifo a\nremove d/sock\nfile d/sock \"x\"",
    );
    if is_root() {
        job.edit("attr tty 0600 uid=7\nremove d/disk\nblock d/disk rdev=7:9");
    }
    let kept = ino(&job.src().join("one"));
    job.ok(&["-S", "src", "checkout", "HEAD", "--force"]);
    job.same();
    assert_eq!(ino(&job.src().join("one")), kept, "attributes are corrected in place");
    job.edit("remove d/pipe2\nattr d/sock 0700");
    job.emu.inside("src").ok(&["checkout", "HEAD", "--", "d", "z"]);
    job.same();
    let said = job.ok(&["-S", "src", "checkout", "HEAD"]);
    assert!(said.contains("nothing to change"), "{said}");
}

#[test]
fn access_control_lists_of_special_files_are_kept() {
    if !need_tool("setfacl") {
        return;
    }
    let job = Job::new("fifo p 0640 mtime=1\nsocket s 0600 mtime=2\ndir d\nfifo d/inherits 0600");
    let set = job.emu.shell("setfacl -m u:1000:rw src/p && setfacl -m d:u:1001:rwx src/d");
    if set.status != 0 {
        return;
    }
    job.settle().push(&[]).succeeds();
    job.same();
    job.emu
        .shell("setfacl -b src/p && setfacl -m g:7:r src/s src/d/inherits && rm src/d/inherits")
        .succeeds();
    job.ok(&["-S", "src", "checkout", "HEAD", "--force"]);
    job.same();
    assert_eq!(job.ok(&["verify", "-q", "./sink"]), "");
}

#[test]
fn damaged_special_files_are_found_saved_anew_and_repaired() {
    let job = settled();
    let first = job.newest();
    build(&first, "remove one\nattr d/pipe 0777\nremove z/sock2\nfifo z/sock2");
    if is_root() {
        build(&first, "remove tty\nchar tty 0620 rdev=1:5 mtime=16");
    }
    let said = job.emu.run(&["verify", "./sink"]).exits(4);
    for name in ["one", "d/pipe", "z/sock2"] {
        assert!(said.stdout.contains(name), "{said}");
    }
    assert_eq!(said.stdout.contains("tty"), is_root(), "{said}");
    let said = job.push(&[]);
    assert!(said.stderr.contains("'one'") && said.stderr.contains("saved anew"), "{said}");
    job.same();
    job.ok(&["verify", "--repair", "./sink"]);
    assert_same(&job.src(), &first);
    assert_eq!(job.ok(&["verify", "-q", "./sink"]), "");
}

#[test]
fn special_false_leaves_special_files_out_and_alone() {
    let job = settled();
    job.config("[push]\nspecial = false\n");
    assert_eq!(job.push(&[]).succeeds().stderr, "");
    assert_eq!(special(&job), Vec::<String>::new());
    assert_eq!(job.node()["counts"]["unread"], 0);
    let before = ino(&job.src().join("one"));
    job.edit("attr one 0600\nremove d/pipe");
    job.ok(&["-S", "src", "checkout", "HEAD~"]);
    assert_eq!(ino(&job.src().join("one")), before);
    assert!(!job.src().join("d/pipe").exists());
    assert_eq!(
        fs::symlink_metadata(job.src().join("one")).unwrap().permissions(),
        std::os::unix::fs::PermissionsExt::from_mode(0o010_600)
    );
    job.push(&[]).succeeds();
    job.ok(&["-S", "src", "checkout", "HEAD"]);
    assert!(job.src().join("one").symlink_metadata().is_ok());
}

#[test]
fn no_special_creates_none_and_leaves_those_that_exist() {
    let job = settled();
    let said = job.emu.run(&["checkout", "./sink:HEAD", "--to", "there", "--no-special"]).succeeds();
    assert_eq!(said.stderr, "");
    for name in special(&job) {
        assert!(job.emu.path("there").join(&name).symlink_metadata().is_err(), "{name}");
    }
    assert!(job.emu.path("there/a").exists());
    let before = ino(&job.src().join("one"));
    job.edit("attr one 0600\nremove d/sock\nremove d/pipe\nfile d/pipe \"mine\"\nfile a \"other\"");
    job.edit("remove z/sock2\nfile z/sock2/mine \"mine\"");
    job.ok(&["-S", "src", "checkout", "HEAD", "--no-special", "--force"]);
    assert_eq!(ino(&job.src().join("one")), before);
    assert!(job.src().join("d/sock").symlink_metadata().is_err());
    assert_eq!(fs::read_to_string(job.src().join("d/pipe")).unwrap(), "mine");
    assert_eq!(fs::read_to_string(job.src().join("z/sock2/mine")).unwrap(), "mine");
    assert_eq!(fs::read_to_string(job.src().join("a")).unwrap(), "text");
}

#[test]
fn a_socket_that_no_snapshot_has_is_left_alone_by_a_checkout() {
    let job = settled();
    job.edit("socket agent 0600\nremove one");
    job.ok(&["-S", "src", "checkout", "HEAD"]);
    assert!(job.src().join("agent").symlink_metadata().is_ok());
    job.push(&[]).succeeds();
    job.ok(&["-S", "src", "checkout", "HEAD~"]);
    assert!(job.src().join("agent").symlink_metadata().is_err(), "HEAD had it, so it is saved");
}

#[test]
fn devices_that_a_user_cannot_create_are_recorded() {
    let Some(theirs) = Theirs::new() else { return };
    assert_eq!(theirs.push(&theirs.user()).stderr, "");
    assert_eq!(theirs.absent(), ABSENT);
    assert_eq!(theirs.node()["counts"]["unread"], 0);
    assert!(ABSENT.iter().all(|name| theirs.newest().join(name).symlink_metadata().is_err()));
    assert!(theirs.newest().join("d/pipe").symlink_metadata().is_ok());
    assert_eq!(theirs.user().ok(&["verify", "-q", "./disk/sink"]), "");
    assert_eq!(theirs.push(&theirs.user()).stderr, "");
    assert_eq!(
        (theirs.absent(), &theirs.node()["counts"]["copied"]),
        (ABSENT.map(str::to_owned).to_vec(), &json!(0))
    );
    theirs.user().run(&["diff", "-S", "src", "--exit-code"]).succeeds();
    let preview = theirs.user().ok(&["push", "-S", "src", "--dry-run"]);
    assert!(!ABSENT.iter().any(|name| preview.contains(name)), "{preview}");
    let listed = theirs.user().ok(&["ls", "-l", "./disk/sink:HEAD:d"]);
    assert!(listed.contains("7, 300") || listed.contains("7:300"), "{listed}");
}

#[test]
fn the_next_push_of_root_creates_what_was_only_recorded() {
    let Some(theirs) = Theirs::new() else { return };
    theirs.push(&theirs.user());
    theirs.emu.ok(&["push", "-S", "src", "--to", "./disk/sink"]);
    assert_eq!(theirs.absent(), Vec::<String>::new());
    assert_same(&theirs.emu.path("src"), &theirs.newest());
    assert_eq!(theirs.emu.ok(&["verify", "-q", "./disk/sink"]), "");
}

#[test]
fn a_user_restores_all_but_the_devices_with_one_warning() {
    let Some(theirs) = Theirs::new() else { return };
    theirs.push(&theirs.user());
    let said = theirs.user().run(&["checkout", "./disk/sink:HEAD", "--to", "disk/there"]).succeeds();
    assert_eq!(said.stderr.matches("warning").count(), 1, "{said}");
    assert!(said.stderr.contains("4 FIFOs, sockets and devices were not created"), "{said}");
    let there = theirs.emu.path("disk/there");
    assert!(ABSENT.iter().all(|name| there.join(name).symlink_metadata().is_err()));
    assert!(there.join("one").symlink_metadata().is_ok());
    let said = theirs.user().run(&["checkout", "./disk/sink:HEAD", "--to", "disk/more", "--json"]).succeeds();
    assert_eq!(said.records().last().unwrap()["special"], 4);
    let said = theirs.user().run(&["-S", "src", "checkout", "HEAD"]).succeeds();
    assert_eq!(said.stderr, "", "they stand in the source");
}

#[test]
fn root_restores_devices_that_are_only_recorded() {
    let Some(theirs) = Theirs::new() else { return };
    theirs.push(&theirs.user());
    theirs.emu.ok(&["checkout", "./disk/sink:HEAD", "--to", "there"]);
    assert_same(&theirs.emu.path("src"), &theirs.emu.path("there"));
    theirs.emu.ok(&["clone", "./disk/sink", "cloned"]);
    assert_same(&theirs.emu.path("src"), &theirs.emu.path("cloned"));
}

#[test]
fn what_stands_where_a_record_says_absent_is_a_finding() {
    let Some(theirs) = Theirs::new() else { return };
    theirs.push(&theirs.user());
    build(&theirs.newest(), "char tty 0620 rdev=4:70 mtime=16");
    let said = theirs.emu.run(&["verify", "./disk/sink"]).exits(4);
    assert!(said.stdout.contains("tty") && said.stdout.contains("extra"), "{said}");
    theirs.emu.run(&["verify", "--repair", "./disk/sink"]).exits(3);
    assert!(theirs.newest().join("tty").symlink_metadata().is_ok(), "nothing is removed");
}

#[test]
fn a_spare_shows_what_the_records_say_with_and_without_the_privilege() {
    if !(need_root() && need_tool("setpriv")) {
        return;
    }
    let job = Job::new(&everything());
    job.config("[rotate]\nkeep-last = 1\nspare-rest = 0\n").settle();
    for pushes in 0..9 {
        if pushes == 4 {
            job.edit("remove tty\nchar tty 0600 rdev=4:71\nremove one\nfifo one 0600\nremove d/disk")
                .settle();
        }
        let able = pushes % 3 != 1;
        let session = if able { job.emu.session() } else { job.emu.without("-mknod") };
        let said = job::push(&session, &["-v"]).succeeds();
        assert!(pushes < 2 || said.stderr.contains("beginning with the spare"), "{said}");
        // What an earlier push created is linked by one that cannot create it.
        let absent = !able && pushes == 4;
        let tty = job.newest().join("tty").symlink_metadata();
        assert_eq!(tty.is_err(), absent, "push {pushes}: {said}");
        assert_eq!(job.entries()["tty"]["held"] == json!({"absent": true}), absent);
        assert_eq!(job.ok(&["verify", "-q", "./sink:HEAD"]), "", "push {pushes}");
    }
    job.same();
}

#[test]
fn an_old_device_does_not_stay_in_a_spare_where_the_new_one_cannot_be_created() {
    if !(need_root() && need_tool("setpriv")) {
        return;
    }
    let job = Job::new("file a \"x\"\nchar c 0600 rdev=1:3\nlink d = c");
    job.config("[rotate]\nkeep-last = 1\nspare-rest = 0\n").push(&[]).succeeds();
    job.push(&[]).succeeds();
    job.edit("remove c\nremove d\nchar c 0600 rdev=1:5\nlink d = c");
    let said = job::push(&job.emu.without("-mknod"), &["-v"]).succeeds();
    assert!(said.stderr.contains("beginning with the spare"), "{said}");
    for name in ["c", "d"] {
        assert!(job.newest().join(name).symlink_metadata().is_err(), "{name}");
        assert_eq!(job.entries()[name]["held"], json!({"absent": true}));
    }
    assert_eq!(job.ok(&["verify", "-q", "./sink:HEAD"]), "");
    job.push(&[]).succeeds();
    job.same();
}

#[test]
fn the_pipeline_makes_the_snapshot_that_push_makes() {
    let job = settled();
    job.edit("attr one 0600\nfifo new 0600\nremove z/sock2");
    let line = "emu-hash-tree src --against ./sink | emu-link-snapshot --sink ./sink --source src | emu-commit-snapshot --sink ./sink";
    job.emu.shell(line).succeeds();
    job.same();
    assert_eq!(job.node()["counts"]["unread"], 0);
    assert!(job.shared("d/pipe", 1, 2) && !job.shared("one", 1, 2));
    let by_pipeline = job.entries();
    job.emu.ok(&["push", "-S", "src", "--to", "./other"]);
    let listed = job.emu.program("emu-ls-tree", &["./other:HEAD"]).succeeds().records();
    for entry in listed {
        let known = &by_pipeline[entry["path"].as_str().unwrap()];
        for field in ["kind", "mode", "uid", "gid", "rdev", "nlink", "links", "held"] {
            assert_eq!(known.get(field), entry.get(field), "{entry}");
        }
    }
    let trees: Vec<_> = [job.node(), job::nodes(&job.emu.path("other")).pop().unwrap()]
        .map(|node| node["tree"].clone())
        .into();
    assert_eq!(trees[0], trees[1]);
    assert_eq!(job.ok(&["verify", "-q", "./sink"]), "");
}

#[test]
fn the_pipeline_records_devices_that_it_cannot_create() {
    if !(need_root() && need_tool("setpriv")) {
        return;
    }
    let job = Job::new(&everything());
    let line = "emu-hash-tree src --against ./sink | emu-link-snapshot --sink ./sink --source src | emu-commit-snapshot --sink ./sink";
    let first = line.replace("--against ./sink ", "");
    job.settle().emu.without("-mknod").shell(&first).succeeds();
    assert_eq!(job.entries()["d/null2"]["held"], json!({"absent": true}));
    job.emu.without("-mknod").shell(line).succeeds();
    assert_eq!(job.nodes()[0]["manifest"]["entries"], job.node()["manifest"]["entries"]);
    assert!(job.newest().join("tty").symlink_metadata().is_err());
    assert_eq!(job.ok(&["verify", "-q", "./sink"]), "");
    job.emu.shell(line).succeeds();
    job.same();
}

#[test]
fn a_file_system_that_has_no_fifos_gets_the_record_alone() {
    let job = Job::new("file a \"x\"\nfifo p 0640\nlink q = p");
    job.config("[core]\nthreads = 1\n").settle();
    job.push(&[]).succeeds();
    let mut refused = 0;
    for call in 1..150 {
        // One call in the sink fails with EOPNOTSUPP. If it is not the one that creates the FIFO, the
        // push fails or copes in another way.
        let sink = format!("./sink-{call}");
        let session = job.emu.session().env("EMU_TEST_FAULT", &format!("95:{call}"));
        let said = session.run(&["push", "-S", "src", "--to", &sink]);
        let listed = job.emu.program("emu-ls-tree", &[&format!("{sink}:HEAD")]);
        let absent = json!({"absent": true});
        if listed.status != 0 || !listed.records().iter().any(|entry| entry["held"] == absent) {
            continue;
        }
        refused += 1;
        assert!(said.status == 0 && !said.stderr.contains("warning"), "{said}");
        let tree = || {
            let sink = job.emu.path(&sink);
            job::tree_of(&sink, job::nodes(&sink).last().unwrap())
        };
        assert!(["p", "q"].iter().all(|name| tree().join(name).symlink_metadata().is_err()));
        assert_eq!(job.ok(&["verify", "-q", &sink]), "");
        job.ok(&["push", "-S", "src", "--to", &sink]);
        assert_same(&job.src(), &tree());
        assert_eq!(job.ok(&["verify", "-q", &sink]), "");
        break;
    }
    assert_eq!(refused, 1);
}

#[test]
fn a_special_file_has_no_content_to_print() {
    let job = settled();
    let said = job.emu.run(&["cat", "./sink:HEAD:one"]).exits(1);
    assert!(said.stderr.contains("it is a fifo"), "{said}");
    let found = job.ok(&["find", "sock*", "./sink"]);
    assert!(found.contains("d/sock") && found.contains("z/sock2"), "{found}");
    assert!(Path::new(&job.newest()).join("d/sock").symlink_metadata().is_ok());
}
