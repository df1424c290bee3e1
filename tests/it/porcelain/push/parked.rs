//! Spares: when they are kept, used, left alone and given up.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use crate::crash::scene::{copy, names, seen};
use crate::env::{LoopFs, Output, need_root};
use crate::job::{Job, id, tree_of};
use crate::tree::differences;

pub(super) const CONFIG: &str = "[rotate]\nkeep-last = 2\nspare-rest = 0\n";

/// So many entries that a few changes do not make a spare dear.
fn tree() -> String {
    let pad: String =
        (0..200).map(|n| format!("file pad/{}/{n} \"{n}\" mtime=1600000000\n", n % 5)).collect();
    pad + r#"
        dir . 0755
        file kept 0644 "kept" mtime=1700000001
        file edited 0644 "one" mtime=1700000002
        dir d 0750 mtime=1700000003
        file d/in 0600 "in" mtime=1700000004
        file d/edited 0600 "first" mtime=1700000004
        symlink d/s -> in mtime=1700000005
    "#
}

/// Three pushes, of which the first is a spare now, without the last edits.
pub(super) fn parked(config: &str) -> Job {
    let job = Job::new(&tree());
    job.config(config).settle().push(&[]).succeeds();
    job.edit("file edited 0644 \"two\" mtime=1700000002\nfile d/edited 0600 \"later\" mtime=1700000004");
    job.settle().push(&[]).succeeds();
    job.push(&[]).succeeds();
    assert_eq!(spares(&job).len(), 1);
    job
}

fn spares(job: &Job) -> Vec<String> {
    let dir = job.sink().join(".emu/spare");
    if dir.exists() { names(&dir) } else { Vec::new() }
}

/// The tree of the only spare.
pub(super) fn spare(job: &Job) -> PathBuf {
    job.sink().join(".emu/spare").join(&spares(job)[0])
}

fn used(said: &Output) -> bool {
    said.to_string().contains("beginning with the spare")
}

/// All that is listed, as it is now.
fn all(job: &Job) -> Vec<(PathBuf, String)> {
    let trees = job.nodes().into_iter().map(|node| tree_of(&job.sink(), &node));
    trees.map(|tree| (tree.clone(), seen(&tree))).collect()
}

/// A push over the spare saves the source, changes nothing that is listed, and leaves it sound.
#[track_caller]
pub(super) fn saves_over(job: &Job, status: i32) -> Output {
    let before = all(job);
    let said = job.push(&["-v"]).exits(status);
    assert!(used(&said), "{said}");
    job.same();
    for (tree, was) in before.into_iter().filter(|(tree, _)| tree.exists()) {
        crate::env::assert_text(&seen(&tree), &was);
    }
    said
}

#[track_caller]
pub(super) fn is_sound(job: &Job) {
    assert_eq!(job.ok(&["verify", "-q", "./sink"]), "");
    assert_eq!(names(&job.sink().join(".emu/staging")), [""; 0]);
}

#[test]
fn a_spare_rests_before_it_is_used() {
    // A command is an hour later than the one before.
    let job = parked("[rotate]\nkeep-last = 2\nspare-rest = \"2h\"\n");
    let first = spares(&job).remove(0);
    let said = job.push(&["-v"]).succeeds();
    assert!(said.stderr.contains("still rests"), "{said}");
    assert!(
        said.stderr.contains("/sink': beginning with a fresh tree: no spare is worth it now\n"),
        "{said}"
    );
    let said = job.push(&["-v"]).succeeds();
    assert!(said.to_string().contains("beginning with the spare"), "{said}");
    assert!(!spares(&job).contains(&first));
    is_sound(&job);
}

#[test]
fn a_spare_of_the_future_rests() {
    let job = parked(CONFIG);
    job.emu.at("2026-01-01T00:00:00Z");
    assert!(!used(&job.push(&["-v", "--allow-clock"]).succeeds()));
}

/// A process that stays until it is told to go.
struct Stays(Child);

impl Stays {
    fn new(job: &Job, line: &str, dir: &Path) -> Stays {
        let mut command = job.emu.command("bash", &["-c", &format!("{line}; echo ready; read")]);
        command.current_dir(dir).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut ready = [0; 6];
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut ready).unwrap();
        Stays(child)
    }
}

impl Drop for Stays {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        self.0.wait().unwrap();
    }
}

#[test]
fn a_spare_in_which_somebody_works_is_left_alone() {
    let uses = [
        ("true", "."),
        ("true", "pad/3"),
        ("exec 7< d/edited", "/"),
        ("exec 7< kept", "/"),
        ("exec 7< pad", "/"),
    ];
    let job = parked(CONFIG);
    for (line, dir) in uses {
        let spare = spare(&job);
        let line = line.replace("< ", &format!("< {}/", spare.display()));
        let stays = Stays::new(&job, &line, &spare.join(dir));
        let before = seen(&spare);
        let said = job.push(&["-v"]).succeeds();
        assert!(!used(&said) && said.to_string().contains("in use by another process"), "{line}: {said}");
        crate::env::assert_text(&seen(&spare), &before);
        drop(stays);
        // Both are free now; the one that was in use is the older.
        saves_over(&job, 0);
        job.config("[rotate]\nkeep-last = 2\nspare = false\n").push(&[]).succeeds();
        job.config(CONFIG).push(&[]).succeeds();
        assert_eq!(spares(&job).len(), 1);
    }
}

#[test]
fn at_most_two_spares_are_kept() {
    let job = parked("[rotate]\nkeep-last = 2\nspare-rest = \"1000h\"\n");
    let listed = |job: &Job| -> Vec<String> { job.nodes().iter().map(|node| id(node).to_owned()).collect() };
    let mut retired = vec![spares(&job).remove(0)];
    for _ in 0..4 {
        let before = listed(&job);
        job.push(&[]).succeeds();
        retired.extend(before.into_iter().filter(|id| !listed(&job).contains(id)));
        let mut newest = retired[retired.len() - 2..].to_vec();
        newest.sort();
        assert_eq!(spares(&job), newest);
    }
    assert_eq!(names(&job.sink().join(".emu/trash")), ["LOCK"]);
    is_sound(&job);
}

#[test]
fn spares_are_dropped_where_none_are_wanted() {
    let job = parked(CONFIG);
    job.config("[rotate]\nkeep-last = 2\nspare = false\n");
    let said = job.push(&["-v"]).succeeds();
    assert!(said.stderr.contains("/sink': beginning with a fresh tree: rotate.spare is false\n"), "{said}");
    assert_eq!(spares(&job), [""; 0]);
    assert_eq!(names(&job.sink().join(".emu/trash")), ["LOCK"]);
    job.push(&[]).succeeds();
    assert_eq!(spares(&job), [""; 0]);
    is_sound(&job);
}

#[test]
fn a_rotation_by_hand_deletes_and_does_not_park() {
    let job = parked(CONFIG);
    let before = spares(&job);
    let gone = id(&job.nodes()[0]).to_owned();
    job.ok(&["rotate", "./sink", "--keep-last", "1"]);
    assert_eq!(job.nodes().len(), 1);
    assert!(spares(&job).iter().all(|spare| before.contains(spare)));
    let trees = job.sink().join(".emu");
    assert!(["trees", "trash", "spare"].iter().all(|dir| !trees.join(dir).join(&gone).exists()));
    is_sound(&job);
}

#[test]
fn spares_go_before_snapshots_where_there_is_little_room() {
    if !need_root() {
        return;
    }
    let job = Job::new("file small \"x\"");
    let disk = LoopFs::tmpfs(&job.emu.path("disk"), 64);
    job.ok(&["-S", "src", "sink", "add", "small", disk.path("sink").to_str().unwrap()]);
    let sink = disk.path("sink");
    let listed = || crate::job::nodes(&sink).len();
    job.config("[rotate]\nkeep-last = 2\nspare-rest = \"1000h\"\nmin-free = \"44M\"\nmin-keep = 1\n");
    for n in 1..=3 {
        job.edit(&format!("file big size=4000000 seed={n}"));
        job.push(&["small"]).succeeds();
    }
    assert_eq!((listed(), names(&sink.join(".emu/spare")).len()), (2, 1));
    std::fs::write(disk.path("other"), vec![1; 10_000_000]).unwrap();
    job.push(&["small"]).succeeds();
    assert_eq!((listed(), names(&sink.join(".emu/spare")).len()), (2, 0));
}

/// A tar of the newest snapshot whose output nobody takes yet.
fn tar(job: &Job) -> Child {
    let latest = job.sink().join("latest");
    let mut command = job.emu.command("tar", &["-cf", "-", "-C", latest.to_str().unwrap(), "."]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

#[test]
fn a_slow_reader_gets_the_snapshot_that_it_began_with_or_an_error() {
    // More than a pipe holds, before and after most of the rest.
    let early =
        "file aa size=150000 seed=3 mtime=1700000009\nfile zz/late size=150000 seed=4 mtime=1700000009\n";
    let mut whole = 0;
    for pushes in 1..=5 {
        let job = Job::new(&(tree() + early));
        job.config(CONFIG).settle().push(&[]).succeeds();
        let then = job.emu.path("then");
        copy(&job.newest(), &then);
        let mut reader = tar(&job);
        std::thread::sleep(std::time::Duration::from_millis(200));
        for n in 0..pushes {
            job.edit(&format!(
                "file edited \"{n}{n}{n}\" mtime=1700000002\nfile pad/0/0 \"{n}\" mtime=1600000000"
            ));
            job.edit(&format!(
                "file zz/late size=150000 seed={n} mtime=1700000009\nremove d\nfile d/in \"new {n}\""
            ));
            job.push(&["-v"]).succeeds();
        }
        let mut stream = Vec::new();
        std::io::Read::read_to_end(&mut reader.stdout.take().unwrap(), &mut stream).unwrap();
        let said = reader.wait_with_output().unwrap();
        let said = String::from_utf8(said.stderr).unwrap();
        // New names of an inode move its ctime, and a spare is renamed: that says nothing yet.
        let calm =
            |line: &str| line.ends_with("changed as we read it") || line.contains("due to previous errors");
        if !said.lines().all(calm) {
            continue;
        }
        whole += 1;
        let got = job.emu.tree("got", "");
        fs::write(job.emu.path("tar"), &stream).unwrap();
        job.emu.shell("tar -xpf tar -C got").succeeds();
        let found: Vec<String> =
            differences(&then, &got).into_iter().filter(|d| !d.contains("mtime")).collect();
        assert!(found.is_empty(), "after {pushes} pushes: {found:#?}");
    }
    assert!(whole >= 2, "a spare that is read stays for a while");
}

#[test]
fn many_directories_in_several_spares_need_few_descriptors() {
    let job = Job::new("file first \"x\"");
    for name in ["b", "c"] {
        job.ok(&["-S", "src", "sink", "add", name, &format!("./{name}")]);
    }
    let line = "mkdir src/many; cd src/many; for a in $(seq 20); do mkdir $a; (cd $a; seq -f 'd%g' 200 | xargs mkdir; \
                for d in d*; do : > $d/f; done); done";
    job.emu.shell(line).succeeds();
    job.config("[core]\nthreads = 4\n[rotate]\nkeep-last = 2\nspare-rest = 0\n").settle();
    for _ in 0..3 {
        job.push(&[]).succeeds();
    }
    let said = job.emu.shell("ulimit -n 700; emu push -S src -v").succeeds();
    assert_eq!(said.to_string().matches("beginning with the spare").count(), 3, "{said}");
    job.same();
}
