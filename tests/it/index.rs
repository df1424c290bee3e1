//! The index of HEAD is a cache: whatever becomes of it, a push saves what is there, says nothing
//! of it, and leaves a good index. What did not change of a manifest is taken over.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use emu::sink::Index;

use crate::crash::scene::{assert_calm, copy};
use crate::job::{Job, id, ino, nodes, tree_of};

const TREE: &str = r#"
    dir . 0755 mtime=1700000000
    dir a 0750 mtime=1700000001
    file a/x 0640 "text" mtime=1700000003 xattr user.k=v
    link b/y = a/x
    dir b/empty 0700 mtime=1700000005
    file b/\xff\n 0644 "odd" mtime=1700000006
    symlink s -> a/x mtime=1700000006
    dir z/empty 0700 xattr user.d=v
    file z/one 0600 "1" mtime=1700000007
    file zz 0600 "" mtime=1700000007
"#;

fn settled() -> Job {
    let job = Job::new(TREE);
    job.settle().push(&[]).succeeds();
    job.edit("file a/x 0640 \"longer\" mtime=1700000004").settle().push(&[]).succeeds();
    assert_good(&job);
    job
}

fn file(job: &Job, name: &str) -> PathBuf {
    job.sink().join(".emu").join(name)
}

/// The index is whole, for HEAD, and has the inodes of its tree.
#[track_caller]
fn assert_good(job: &Job) {
    let raw = fs::read(file(job, "index")).unwrap();
    let of: serde_json::Value = serde_json::from_slice(&fs::read(file(job, "index-of")).unwrap()).unwrap();
    let head = fs::read_to_string(file(job, "HEAD")).unwrap();
    assert_eq!(of["snapshot"], head.trim());
    assert_eq!(of["index"], HEXLOWER.encode(&raw[raw.len() - 32..]));
    let index = Index::read(fs::File::open(file(job, "index")).unwrap()).unwrap();
    let tree = job.sink().join(".emu/trees").join(head.trim());
    let mut paths = 1;
    for number in 0..index.directories() {
        let block = index.block(number).unwrap();
        let dir = tree.join(std::ffi::OsStr::from_bytes(block.path()));
        assert_eq!(fs::read_dir(&dir).unwrap().count(), block.len(), "{dir:?}");
        paths += block.len();
        for record in block.records().filter(|record| record.kind() != Some(emu::tree::Kind::Dir)) {
            let name = dir.join(std::ffi::OsStr::from_bytes(record.name));
            assert_eq!(record.sink_ino(), ino(&name), "{name:?}");
        }
    }
    assert_eq!(job.node()["manifest"]["entries"], paths);
}

/// The next push, after something was done to the index, is like any other.
#[track_caller]
fn pushes_well(job: &Job, what: &str) {
    let said = job.push(&[]);
    assert_calm(&said);
    job.same();
    assert_good(job);
    let last = job.nodes().len();
    for path in ["a/x", "b/y", "s", "z/one", "zz"] {
        assert!(job.shared(path, last - 1, last), "{what}: {path}");
    }
    assert_eq!(job.ok(&["verify", "-q", "./sink"]), "", "{what}");
}

#[test]
fn an_index_that_is_gone_is_made_anew() {
    let job = settled();
    for names in [&["index"][..], &["index-of"], &["index", "index-of"]] {
        names.iter().for_each(|name| fs::remove_file(file(&job, name)).unwrap());
        pushes_well(&job, "gone");
    }
}

#[test]
fn an_index_that_is_cut_off_or_too_long_is_made_anew() {
    let job = settled();
    let length = fs::metadata(file(&job, "index")).unwrap().len();
    for cut in [0, 1, 16, 47, 48, length / 2, length - 48, length - 1, length + 1, length + 4096] {
        let index = fs::File::options().write(true).open(file(&job, "index")).unwrap();
        index.set_len(cut).unwrap();
        pushes_well(&job, &format!("{cut} of {length}"));
    }
}

#[test]
fn an_index_with_one_wrong_byte_is_made_anew() {
    let job = settled();
    let length = fs::metadata(file(&job, "index")).unwrap().len() as usize;
    let ends = [0, 15, 16, 20, 24, length - 48, length - 40, length - 36, length - 32, length - 1];
    for at in (30..length).step_by(length / 17).chain(ends) {
        let mut raw = fs::read(file(&job, "index")).unwrap();
        raw[at] ^= 0x41;
        fs::write(file(&job, "index"), raw).unwrap();
        pushes_well(&job, &format!("byte {at} of {length}"));
    }
    let of = fs::read(file(&job, "index-of")).unwrap();
    for at in (0..of.len()).step_by(of.len() / 9) {
        let mut of = fs::read(file(&job, "index-of")).unwrap();
        of[at] ^= 0x01;
        fs::write(file(&job, "index-of"), of).unwrap();
        pushes_well(&job, &format!("byte {at} of index-of"));
    }
}

#[test]
fn an_index_of_another_snapshot_is_made_anew() {
    let job = Job::new(TREE);
    job.settle().push(&[]).succeeds();
    let old = ["index", "index-of"].map(|name| fs::read(file(&job, name)).unwrap());
    job.edit("file z/one 0600 \"2\" mtime=1700000007\nremove zz\nfile zz \"new\"")
        .settle()
        .push(&[])
        .succeeds();
    let new = ["index", "index-of"].map(|name| fs::read(file(&job, name)).unwrap());
    for [index, of] in [[&old[0], &old[1]], [&old[0], &new[1]], [&new[0], &old[1]]] {
        fs::write(file(&job, "index"), index).unwrap();
        fs::write(file(&job, "index-of"), of).unwrap();
        pushes_well(&job, "of another snapshot");
    }
}

#[test]
fn a_sink_that_was_copied_and_has_other_inodes_is_pushed_to_as_before() {
    for config in ["", "[rotate]\nkeep-last = 2\nspare-rest = 0\n"] {
        let pad: String = (0..150).map(|n| format!("file pad/{n} \"{n}\" mtime=1600000000\n")).collect();
        let job = Job::new(&(pad + TREE));
        job.config(config).settle();
        for n in 0..3 {
            job.push(&[]).succeeds();
            job.edit(&format!("file edited \"{n}\"")).settle();
        }
        job.push(&[]).succeeds();
        let away = job.emu.path("away");
        fs::rename(job.sink(), &away).unwrap();
        copy(&away, &job.sink());
        let before = crate::crash::scene::seen(&job.newest());
        pushes_well(&job, "copied");
        let nodes = job.nodes();
        let parent = tree_of(&job.sink(), &nodes[nodes.len() - 2]);
        crate::env::assert_text(&crate::crash::scene::seen(&parent), &before);
        job.edit("file z/one 0600 \"2\" mtime=1700000007").push(&[]).succeeds();
        job.same();
        assert_good(&job);
    }
}

#[test]
fn a_push_after_head_was_moved_has_an_index_of_the_older_snapshot() {
    let job = Job::new(TREE);
    job.settle().push(&[]).succeeds();
    let first = id(&job.node()).to_owned();
    job.edit("file z/one 0600 \"2\" mtime=1700000007\nremove zz\nfile n \"new\"")
        .settle()
        .push(&[])
        .succeeds();
    job.ok(&["-S", "src", "checkout", &first]);
    assert_eq!(fs::read_to_string(file(&job, "HEAD")).unwrap().trim(), first);
    let said = job.push(&[]);
    assert_calm(&said);
    job.same();
    assert_good(&job);
    assert!(job.shared("s", 1, 3) && job.shared("a/x", 1, 3));
    assert_eq!(job.node()["parent"], first);
}

fn manifest(sink: &Path) -> PathBuf {
    sink.join(".emu/manifests").join(id(&nodes(sink).pop().unwrap()))
}

#[test]
fn a_push_without_change_writes_neither_manifest_nor_index() {
    // Names of one inode are always decided anew.
    let job = Job::new(&TREE.replace("link b/y = a/x", "file b/y \"\""));
    job.settle().push(&[]).succeeds();
    let before = (ino(&manifest(&job.sink())), ino(&file(&job, "index")));
    for _ in 0..3 {
        job.push(&[]).succeeds();
        assert_eq!((ino(&manifest(&job.sink())), ino(&file(&job, "index"))), before);
        assert_good(&job);
    }
    assert!(fs::metadata(manifest(&job.sink())).unwrap().nlink() >= 4);
    assert_eq!(job.ok(&["verify", "-q", "./sink"]), "");
}

/// Some thousand files and as many frames as that makes.
fn large() -> Job {
    let job = Job::new("dir empty/1\ndir empty/2\nfile top \"top\"");
    let line = "for d in $(seq -w 40); do mkdir -p src/d$d/sub src/d$d/none; \
                for f in $(seq 60); do echo $d$f > src/d$d/file-$f; ln -s $f src/d$d/sub/link-$f; done; done";
    job.emu.shell(line).succeeds();
    job.settle().push(&[]).succeeds();
    job
}

#[test]
fn a_manifest_beside_an_old_one_has_the_records_of_one_that_is_written_alone() {
    let job = large();
    let edits = [
        "file d20/file-7 \"changed\"",
        "file d01/file-1 \"the first\"\nfile d40/file-9 \"the last\"",
        "remove d10\ndir new/deep\nfile new/deep/f \"f\"\nremove empty/1",
        "attr . mtime=7\nattr d30 0700",
        "move d05 -> e05\nfile d35/sub/more \"\"",
        "remove d40\nremove top\nattr d02/sub mtime=3\nattr empty mtime=9",
    ];
    for (n, edit) in edits.into_iter().enumerate() {
        let name = format!("fresh-{n}");
        job.ok(&["-S", "src", "sink", "add", &name, &format!("./{name}")]);
        let old = fs::read(manifest(&job.sink())).unwrap();
        job.edit(edit).settle().push(&["origin", &name]).succeeds();
        job.same();
        assert_good(&job);
        let (new, fresh) =
            (fs::read(manifest(&job.sink())).unwrap(), fs::read(manifest(&job.emu.path(&name))).unwrap());
        let text = |stored: &[u8]| String::from_utf8(zstd::decode_all(stored).unwrap()).unwrap();
        // The other sink's history is another one.
        let without_made = |text: String| {
            let mut records: Vec<serde_json::Value> =
                text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            for record in &mut records {
                record.as_object_mut().unwrap().retain(|field, _| !field.starts_with("made"));
            }
            records.into_iter().map(|record| record.to_string() + "\n").collect::<String>()
        };
        let (shared, alone) = (without_made(text(&new)), without_made(text(&fresh)));
        for (one, other) in shared.lines().zip(alone.lines()) {
            assert_eq!(one, other, "after {edit}");
        }
        assert_eq!(shared.lines().count(), alone.lines().count());
        if n == 0 {
            let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
            let tail = old.iter().rev().zip(new.iter().rev()).take_while(|(a, b)| a == b).count();
            // The last frame has the tree's hash, which is another one.
            let last = 400;
            let tail = tail.max(
                old[..old.len() - last]
                    .windows(200)
                    .rposition(|part| new.windows(200).any(|other| other == part))
                    .map_or(0, |at| at.saturating_sub(head)),
            );
            assert!((head + tail) * 2 > old.len(), "{head} and {tail} of {}", old.len());
        }
        assert_eq!(job.ok(&["verify", "-q", "./sink"]), "");
    }
}
