//! What verify found damaged is saved anew by the next push and is never linked again.

use std::fs;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

use crate::env::{Emu, LoopFs, need_loop};
use crate::job::{Job, ino, nodes, tree_of};
use crate::tree::build;

const TREE: &str = r#"
    dir . 0755 mtime=1700000000
    file a 0644 size=9000 seed=1 mtime=1700000001
    file b 0644 "b" mtime=1700000002
    dir d 0755 mtime=1700000003
    file d/c 0640 size=70000 seed=2 mtime=1700000004 xattr user.k=v
    link d/e = d/c
    symlink d/s -> c mtime=1700000005
    dir unchanged 0755 mtime=1700000006
    file unchanged/f 0644 "f" mtime=1700000007
"#;

/// Changes a byte in the middle of a file and puts its time back.
fn flip(path: &Path) {
    let stat = path.metadata().unwrap();
    let file = fs::OpenOptions::new().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, stat.size() / 2).unwrap();
    file.write_all_at(&[byte[0] ^ 1], stat.size() / 2).unwrap();
    file.set_modified(stat.modified().unwrap()).unwrap();
}

fn settled(config: &str) -> Job {
    let job = Job::new(TREE);
    job.config(config).settle().push(&[]).succeeds();
    job
}

fn verify(job: &Job, more: &[&str]) -> crate::env::Output {
    job.emu.run(&[&["-S", "src", "verify"], more].concat())
}

fn is_listed(job: &Job) -> bool {
    job.sink().join(".emu/damaged").exists()
}

/// The push says that it saves this path anew, and the new snapshot is sound.
#[track_caller]
fn saves_anew(job: &Job, path: &str) {
    let said = job.push(&[]).exits(3);
    assert!(said.stderr.contains(&format!("'{path}' in the parent snapshot")), "{said}");
    assert_eq!(job.node()["counts"]["damaged"], 1, "{said}");
    job.same();
    verify(job, &["origin:HEAD"]).succeeds();
    let (last, before) = (job.nodes().len(), job.nodes().len() - 1);
    assert!(!job.shared(path, before, last));
    let said = job.push(&[]).succeeds();
    assert!(!said.stderr.contains("warning"), "{said}");
    assert!(job.shared(path, last, last + 1));
}

#[test]
fn damaged_content_is_saved_anew_and_repaired_from_the_source() {
    let job = settled("");
    job.push(&[]).succeeds();
    flip(&job.tree(1).join("a"));
    verify(&job, &[]).exits(4);
    assert!(is_listed(&job));
    let told = job.ok(&["-S", "src", "status", "--no-scan"]);
    assert!(told.contains("2 entries known to be damaged: `emu verify --repair`"), "{told}");
    let said = job.push(&[]).exits(3);
    for text in ["'a' in the parent snapshot", "recorded content of 1 damaged file", "emu verify --repair"] {
        assert!(said.stderr.contains(text), "{text}: {said}");
    }
    job.same();
    assert!(job.shared("unchanged/f", 1, 3) && job.shared("b", 1, 3) && !job.shared("a", 2, 3));
    assert_eq!(job.node()["counts"]["damaged"], 1);
    let said = job.push(&[]).succeeds();
    assert!(!said.stderr.contains("warning"), "{said}");
    assert!(is_listed(&job), "older snapshots still have the damaged inode");
    verify(&job, &["--repair"]).succeeds();
    assert!(!is_listed(&job));
    verify(&job, &[]).succeeds();
    job.push(&[]).succeeds();
    assert_eq!(job.node()["counts"]["damaged"], 0);
}

#[test]
fn damage_is_avoided_in_a_spare() {
    let job = settled("[rotate]\nkeep-last = 2\nspare-rest = 0\n");
    for _ in 0..3 {
        job.push(&[]).succeeds();
    }
    assert_eq!(fs::read_dir(job.sink().join(".emu/spare")).unwrap().count(), 1);
    flip(&job.newest().join("a"));
    verify(&job, &[]).exits(4);
    let said = job.push(&["-v"]).exits(3);
    assert!(said.stderr.contains("beginning with the spare"), "{said}");
    job.same();
    verify(&job, &["origin:HEAD"]).succeeds();
    // The spare that comes next has the damaged inode, too.
    job.push(&[]).succeeds();
    job.push(&[]).succeeds();
    verify(&job, &[]).succeeds();
    assert!(!is_listed(&job));
}

#[test]
fn damage_is_avoided_in_an_interrupted_push() {
    let job = settled("[core]\nthreads = 1\n");
    flip(&job.tree(1).join("a"));
    // The interrupted push links the file, because nobody knows of the damage.
    let big: String = (0..9).map(|n| format!("file z{n} size=1100000 seed={n}\n")).collect();
    job.edit(&big);
    let mut linked = false;
    for n in (20..400).step_by(5) {
        drop(fs::remove_dir_all(job.sink().join(".emu/staging")));
        fs::create_dir(job.sink().join(".emu/staging")).unwrap();
        let session = job.emu.session();
        let done = session.env("EMU_TEST_FAULT", &format!("kill:{n}")).run(&["-S", "src", "push"]);
        assert_eq!(done.status, 137, "{done}");
        let staging = fs::read_dir(job.sink().join(".emu/staging")).unwrap().next();
        let Some(staging) = staging.map(|staging| staging.unwrap().path()) else { continue };
        linked = staging.join("tree/a").exists() && fs::read(staging.join("journal")).unwrap().len() > 1000;
        if linked {
            break;
        }
    }
    assert!(linked, "no push was interrupted at the right time");
    verify(&job, &[]).exits(4);
    let said = job.push(&["-v"]).exits(3);
    assert!(said.stderr.contains("'a' in the parent snapshot"), "{said}");
    job.same();
    verify(&job, &["origin:HEAD"]).succeeds();
}

#[test]
fn damage_found_in_an_older_snapshot_is_avoided_where_its_inode_is_linked() {
    let job = settled("");
    job.edit("move a -> moved").push(&[]).succeeds();
    assert_eq!(ino(&job.tree(1).join("a")), ino(&job.tree(2).join("moved")));
    flip(&job.tree(1).join("a"));
    verify(&job, &["origin:HEAD~"]).exits(4);
    let said = job.push(&[]).exits(3);
    assert!(said.stderr.contains("'moved' in the parent snapshot"), "{said}");
    job.same();
    verify(&job, &["origin:HEAD"]).succeeds();
    // It stays known when the snapshot in which it was found is gone.
    job.ok(&["-S", "src", "prune", "origin:HEAD~2"]);
    job.ok(&["-S", "src", "prune", "--force", "origin:HEAD"]);
    job.push(&[]).exits(3);
    verify(&job, &["origin:HEAD"]).succeeds();
}

#[test]
fn hard_links_moves_and_changed_attributes_take_nothing_from_a_damaged_inode() {
    for edit in ["", "move d/c -> moved", "attr d/c 0600", "move d -> renamed"] {
        let job = settled("");
        flip(&job.tree(1).join("d/e"));
        verify(&job, &[]).exits(4);
        if !edit.is_empty() {
            job.edit(edit);
        }
        let said = job.push(&[]);
        job.same();
        let verified = verify(&job, &["origin:HEAD"]);
        assert_eq!(verified.status, 0, "{edit}: {said}{verified}");
    }
}

#[test]
fn bytes_of_a_damaged_inode_are_not_shared() {
    if !need_loop("xfs") {
        return;
    }
    let emu = Emu::new();
    let disk = LoopFs::new(&emu.path("disk"), "xfs", 300);
    emu.tree("src", TREE);
    emu.ok(&["push", "-S", "src", "--to", "./disk/sink"]);
    let sink = emu.path("disk/sink");
    let first = tree_of(&sink, &nodes(&sink)[0]);
    flip(&first.join("d/c"));
    emu.run(&["-S", "src", "verify"]).exits(4);
    // Only its attributes change: without damage, the new inode would share the bytes of the old one.
    emu.tree("src", "attr d/c 0600");
    let said = emu.run(&["-S", "src", "push"]).exits(3);
    assert!(said.stderr.contains("'d/c' in the parent snapshot"), "{said}");
    crate::tree::assert_same(&emu.path("src"), &tree_of(&sink, nodes(&sink).last().unwrap()));
    drop(disk);
}

#[test]
fn damaged_attributes_targets_and_missing_names_are_saved_anew() {
    let job = settled("");
    build(&job.newest(), "attr a 0600\nattr d mtime=1700000003\nattr . mtime=1700000000");
    verify(&job, &[]).exits(4);
    saves_anew(&job, "a");

    let job = settled("");
    job.emu.shell(&format!("setfattr -n user.k -v w {}", job.newest().join("d/c").display())).succeeds();
    verify(&job, &[]).exits(4);
    saves_anew(&job, "d/c");

    let job = settled("");
    let link = "remove d/s\nsymlink d/s -> x mtime=1700000005\nattr d mtime=1700000003";
    build(&job.newest(), link);
    verify(&job, &[]).exits(4);
    saves_anew(&job, "d/s");

    let job = settled("");
    build(&job.newest(), "remove b\nattr . mtime=1700000000");
    verify(&job, &["--quick"]).exits(4);
    job.push(&[]).exits(3);
    job.same();
    verify(&job, &["origin:HEAD"]).succeeds();
}

#[test]
fn a_path_that_shares_an_inode_it_should_not_share_gets_its_own() {
    let job = settled("");
    job.edit("file twin 0644 \"b\" mtime=1700000002").push(&[]).succeeds();
    let tree = job.newest();
    fs::remove_file(tree.join("twin")).unwrap();
    fs::hard_link(tree.join("b"), tree.join("twin")).unwrap();
    build(&tree, "attr . mtime=1700000000");
    job.edit("attr . mtime=1700000000");
    verify(&job, &["--quick", "origin:HEAD"]).exits(4);
    job.push(&[]);
    job.same();
    verify(&job, &["origin:HEAD"]).succeeds();
}

#[test]
fn a_verify_forgets_only_what_it_checked() {
    let job = settled("");
    let path = job.newest().join("a");
    flip(&path);
    verify(&job, &[]).exits(4);
    // The file is sound again.
    flip(&path);
    verify(&job, &["--quick"]).succeeds();
    assert!(is_listed(&job));
    for part in ["1/4", "2/4", "3/4", "4/4"] {
        assert!(is_listed(&job));
        verify(&job, &["--read-data-subset", part]).succeeds();
        if !is_listed(&job) {
            break;
        }
    }
    assert!(!is_listed(&job));
    flip(&path);
    let parts = ["1/4", "2/4", "3/4", "4/4"];
    let found = parts.iter().filter(|part| verify(&job, &["--read-data-subset", part]).status == 4).count();
    assert_eq!(found, 1);
    assert!(is_listed(&job), "the parts that did not read it did not clear it");
    saves_anew(&job, "a");
}

#[test]
fn a_new_file_with_the_inode_number_of_a_damaged_one_is_linked() {
    let job = settled("");
    let damaged = ino(&job.newest().join("a"));
    flip(&job.newest().join("a"));
    verify(&job, &[]).exits(4);
    job.push(&[]).exits(3);
    job.ok(&["-S", "src", "prune", "origin:HEAD~"]);
    let many: String = (0..200).map(|n| format!("file n/{n} \"{n}\"\n")).collect();
    job.edit(&many).settle().push(&[]).succeeds();
    let reused = crate::job::listing(&job.newest())
        .values()
        .any(|facts| facts.split(' ').nth(1) == Some(&damaged.to_string()));
    let said = job.push(&[]).succeeds();
    assert!(!said.stderr.contains("warning"), "reused: {reused}: {said}");
    assert_eq!(job.node()["counts"]["copied"], 0);
}

#[test]
fn a_list_of_damage_that_cannot_be_read_is_told_and_written_anew() {
    let job = settled("");
    fs::write(job.sink().join(".emu/damaged"), "{\"v\":1}\n{\"id\":").unwrap();
    let said = job.push(&[]).succeeds();
    assert!(said.stderr.contains("run `emu verify`"), "{said}");
    verify(&job, &[]).succeeds();
    assert!(!is_listed(&job));
}

#[test]
fn more_damage_than_fits_into_the_list_keeps_a_push_from_linking_anything() {
    let job = settled("");
    fs::write(job.sink().join(".emu/damaged"), "{\"v\":1,\"more\":true}\n").unwrap();
    let said = job.push(&[]).succeeds();
    assert!(said.stderr.contains("all files are saved anew"), "{said}");
    job.same();
    assert!(!job.shared("a", 1, 2) && !job.shared("unchanged/f", 1, 2));
    verify(&job, &[]).succeeds();
    assert!(!is_listed(&job));
}
