//! A push that was cut off is gone on with: what can be proven is not copied again, and what
//! cannot be proven is.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::crash::scene::{Scene, names};
use crate::env::{Output, need_tool};
use crate::job::ino;
use crate::tree::build;

/// The journal is written at once for files of a mebibyte.
const TREE: &str = r#"
    dir . 0755 mtime=1700000000
    dir d 0555 mtime=1700000001
    file big-1 0644 size=1100000 seed=1 mtime=1700000002
    file big-2 0640 size=1200000 seed=2 mtime=1700000002 xattr user.k=v
    file d/big-3 0600 size=1300000 seed=3 mtime=1700000003
    link d/big-4 = d/big-3
    file d/big-5 0600 size=1100000 seed=5 mtime=1700000003
    file d/small 0600 "small" mtime=1700000003
    symlink d/s -> small mtime=1700000003
    file e/big-6 0600 size=1100000 seed=6 mtime=1700000003
    file e/big-7 0600 size=1100000 seed=7 mtime=1700000003
    link e/big-8 = d/big-3
    file e/last 0600 "last" mtime=1700000003
"#;
const CONFIG: &str = "[core]\nthreads = 1\n";

/// A push that was killed, at a call after which some of its files can be proven.
struct Cut {
    scene: Scene,
}

fn settle() {
    std::thread::sleep(std::time::Duration::from_millis(2300));
}

impl Cut {
    /// The first push of all, killed so late that `least` files are noted.
    fn first(least: usize) -> Cut {
        let scene = Scene::new(TREE, CONFIG);
        settle();
        Cut { scene }.kill(least)
    }

    /// Kills a push, later and later, until so many files are noted.
    fn kill(self, least: usize) -> Cut {
        for n in (10..400).step_by(5) {
            drop(fs::remove_dir_all(self.scene.sink(".emu/staging")));
            fs::create_dir(self.scene.sink(".emu/staging")).unwrap();
            let done = self.scene.faulty(&format!("kill:{n}"), &["-S", "src", "push"], b"");
            assert_eq!(done.status, 137, "{done}");
            if !names(&self.scene.sink(".emu/staging")).is_empty() && self.noted().len() >= least {
                return self;
            }
        }
        panic!("nothing was noted");
    }

    fn staging(&self) -> PathBuf {
        let all = names(&self.scene.sink(".emu/staging"));
        assert_eq!(all.len(), 1);
        self.scene.sink(".emu/staging").join(&all[0])
    }

    fn journal(&self) -> PathBuf {
        self.staging().join("journal")
    }

    /// The files of the journal that stand in the staging, with their inodes.
    fn noted(&self) -> BTreeMap<String, u64> {
        let text = fs::read(self.journal()).unwrap_or_default();
        let lines = text.split(|byte| *byte == b'\n');
        let records = lines.filter_map(|line| serde_json::from_slice::<serde_json::Value>(line).ok());
        let path = |record: serde_json::Value| Some(record.get("path")?.as_str()?.to_owned());
        records
            .filter_map(path)
            .map(|path| (path.clone(), ino(&self.staging().join("tree").join(path))))
            .collect()
    }

    fn src(&self) -> PathBuf {
        self.scene.emu.path("src")
    }

    /// The newest tree.
    fn newest(&self) -> PathBuf {
        self.scene.tree(self.scene.ids().last().unwrap())
    }

    /// Pushes, which goes on; all is saved, sound and tidy.
    #[track_caller]
    fn goes_on(&self) -> Output {
        let said = self.scene.emu.run(&["-S", "src", "push", "-v"]).succeeds();
        assert!(said.to_string().contains("going on with"), "{said}");
        self.is_sound();
        said
    }

    #[track_caller]
    fn is_sound(&self) {
        self.scene.assert_saved();
        self.scene.verify();
        self.scene.assert_tidy();
    }

    /// Whether a file of the newest snapshot is the inode that was noted.
    fn is_kept(&self, noted: &BTreeMap<String, u64>, path: &str) -> bool {
        ino(&self.newest().join(path)) == noted[path]
    }

    /// Writes the journal as if another boot of the machine had written it.
    fn of_another_boot(&self) {
        let text = fs::read_to_string(self.journal()).unwrap();
        let lines = text.lines().map(|line| match line.starts_with("{\"boot\"") {
            true => "{\"boot\":\"00000000-0000-4000-8000-000000000000\"}",
            false => line,
        });
        fs::write(self.journal(), lines.map(|line| line.to_owned() + "\n").collect::<String>()).unwrap();
    }

    /// Other bytes in a staged file whose size and times stay.
    fn alter(&self, path: &str) {
        let path = self.staging().join("tree").join(path);
        let file = fs::File::options().read(true).write(true).open(path).unwrap();
        let mtime = file.metadata().unwrap().modified().unwrap();
        file.write_all_at(b"altered", 70_000).unwrap();
        file.set_modified(mtime).unwrap();
    }
}

#[test]
fn finished_files_of_a_push_that_was_killed_are_not_copied_again() {
    for least in [1, 2, 4, 5] {
        let cut = Cut::first(least);
        let noted = cut.noted();
        cut.goes_on();
        for path in noted.keys() {
            assert!(cut.is_kept(&noted, path), "{path} of {noted:?}");
        }
    }
}

#[test]
fn finished_files_are_not_even_opened_again() {
    if !need_tool("strace") {
        return;
    }
    let cut = Cut::first(4);
    let noted = cut.noted();
    let trace = cut.scene.emu.path("trace");
    let emu = cut.scene.emu.command("emu", &["-S", "src", "push"]);
    let mut command =
        cut.scene.emu.command("strace", &["-f", "-qq", "-e", "trace=open,openat,openat2", "-o"]);
    command.arg(&trace).arg(emu.get_program()).args(emu.get_args());
    cut.scene.emu.session().collect(command, "push".to_owned(), b"").succeeds();
    let text = fs::read_to_string(&trace).unwrap();
    let is_opened =
        |path: &str| text.contains(&format!("\"{}\"", Path::new(path).file_name().unwrap().display()));
    for path in noted.keys() {
        assert!(!is_opened(path) && cut.is_kept(&noted, path), "{path}");
    }
    assert!(is_opened("e/last"));
    cut.is_sound();
}

#[test]
fn sources_that_changed_since_the_push_was_killed_are_copied_anew() {
    let cut = Cut::first(5);
    let noted = cut.noted();
    // Same size and times; another time alone; other attributes alone; gone.
    cut.scene.edit("file big-1 0644 size=1100000 seed=11 mtime=1700000002\nattr big-2 mtime=1700000009");
    cut.scene.edit("attr d/big-3 0640 mtime=1700000003\nremove d/big-5\nfile d/big-5 0600 \"\"\nattr d 0555");
    cut.goes_on();
    for path in ["big-1", "big-2", "d/big-3", "d/big-5"] {
        assert!(noted.contains_key(path) && !cut.is_kept(&noted, path), "{path}");
    }
    assert!(cut.is_kept(&noted, "e/big-6"));
    assert_eq!(ino(&cut.newest().join("d/big-4")), ino(&cut.newest().join("e/big-8")));
}

#[test]
fn names_that_swapped_since_the_push_was_killed_are_saved_as_they_are() {
    let cut = Cut::first(5);
    cut.scene.edit(
        "move big-1 -> was\nmove big-2 -> big-1\nmove was -> big-2\nremove d/big-4\nfile d/big-4 \"own\"",
    );
    cut.scene.edit("remove e/big-6\nsymlink e/big-6 -> /etc/passwd\nattr d 0555");
    cut.goes_on();
}

#[test]
fn other_bytes_in_a_staged_file_are_found_after_another_boot() {
    let cut = Cut::first(5);
    let noted = cut.noted();
    cut.of_another_boot();
    cut.alter("big-1");
    cut.alter("d/big-3");
    cut.goes_on();
    assert!(!cut.is_kept(&noted, "big-1") && !cut.is_kept(&noted, "d/big-3"));
    // What was read again and is right stays.
    assert!(cut.is_kept(&noted, "big-2") && cut.is_kept(&noted, "d/big-5"));
}

#[test]
fn staged_files_that_show_something_else_are_copied_anew_in_the_same_boot() {
    let cut = Cut::first(5);
    let noted = cut.noted();
    build(
        &cut.staging().join("tree"),
        "attr big-1 0600\nattr big-2 mtime=1700000003\nremove d/big-3\nfile d/big-3 0600 size=1300000 seed=3 mtime=1700000003
         remove d/big-5\nsymlink d/big-5 -> /etc/passwd\nfile e/big-6 0600 size=1100001 seed=6 mtime=1700000003",
    );
    cut.goes_on();
    for path in ["big-1", "big-2", "d/big-3", "d/big-5"] {
        assert!(!cut.is_kept(&noted, path), "{path}");
    }
}

#[test]
fn torn_and_foreign_lines_of_a_journal_prove_nothing() {
    let cut = Cut::first(5);
    let noted = cut.noted();
    let whole = fs::read(cut.journal()).unwrap();
    let line = |path: &str| {
        let lines = whole.split(|byte| *byte == b'\n');
        let mut found = lines.filter(|line| String::from_utf8_lossy(line).contains(&format!("\"{path}\"")));
        String::from_utf8(found.next().unwrap().to_vec()).unwrap()
    };
    let mut file = fs::File::options().append(true).open(cut.journal()).unwrap();
    file.write_all(b"{\"boot\":17}\n\0\xff\xfe\n{}\n[]\n\n\n{\"path\":\"d\"}\n").unwrap();
    // One file said to be another's inode, or of other content; both lines count as the last word.
    let wrong = line("big-1").replace("\"sink_ino\":\"", "\"sink_ino\":\"9");
    writeln!(file, "{wrong}\n{}", line("big-2").replace("1200000", "1200001")).unwrap();
    write!(file, "{}", &line("d/big-5")[..40]).unwrap();
    drop(file);
    cut.goes_on();
    assert!(!cut.is_kept(&noted, "big-1") && !cut.is_kept(&noted, "big-2"));
    assert!(cut.is_kept(&noted, "d/big-3") && cut.is_kept(&noted, "d/big-5"));
}

#[test]
fn a_journal_that_is_gone_or_garbage_proves_nothing() {
    for text in [None, Some(&b"\xff\xff\xff"[..]), Some(&[b'x'; 300_000])] {
        let cut = Cut::first(4);
        let noted = cut.noted();
        match text {
            Some(text) => fs::write(cut.journal(), text).unwrap(),
            None => fs::remove_file(cut.journal()).unwrap(),
        }
        cut.scene.push();
        cut.is_sound();
        assert!(noted.keys().all(|path| !cut.is_kept(&noted, path)));
    }
}

#[test]
fn a_push_killed_again_and_again_comes_to_its_end() {
    let scene = Scene::new(TREE, CONFIG);
    settle();
    let mut kills = 0;
    for n in (20..).step_by(11) {
        let done = scene.faulty(&format!("kill:{n}"), &["-S", "src", "push"], b"");
        if done.status == 0 {
            break;
        }
        kills += 1;
    }
    assert!(kills > 3, "{kills}");
    let cut = Cut { scene };
    cut.is_sound();
}

/// A scene with a spare and a source that has changed since.
fn with_spare() -> Scene {
    let pad: String =
        (0..150).map(|n| format!("file pad/{}/{n} \"{n}\" mtime=1600000000\n", n % 5)).collect();
    let config = "[core]\nthreads = 1\n[rotate]\nkeep-last = 2\nspare-rest = 0\n";
    let scene = Scene::new(&(pad + TREE + "attr d 0755 mtime=1700000001"), config);
    scene.push();
    scene
        .edit("file pad/0/0 \"edit\"\nfile d/small \"other\"\nremove d/s\nsymlink d/s -> other\nattr d 0700");
    scene.push();
    scene.push();
    scene.edit("file pad/1/1 \"edit\"\nremove pad/3/3\nremove pad/2\nfile pad/2 \"\"\nfile e/big-7 \"\"\nmove e -> f/e");
    scene.edit(
        "file new size=1100000 seed=9\nlink pad/late = d/big-3\nattr d 0500 xattr user.k=v\nattr pad/4 0500",
    );
    settle();
    scene.push();
    scene.edit("file pad/1/6 \"edit\"\nattr pad/4 0700\nfile pad/4/n \"\"\nattr pad/4 0511\nfile big-1 size=1100000 seed=99");
    settle();
    scene.keep();
    scene
}

#[test]
fn a_spare_that_was_half_made_into_a_snapshot_is_gone_on_with() {
    let scene = with_spare();
    crate::crash::scene::each_call(3, 30, 1, |n| {
        scene.restore();
        // The copy has other inodes: the index has to be made for those.
        drop(fs::remove_file(scene.sink(".emu/index-of")));
        let (before, at) = (scene.seen(), format!("kill:{n}"));
        let done = scene.faulty(&at, &["-S", "src", "push", "-v"], b"");
        assert!(matches!(done.status, 0 | 137), "{at}: {done}");
        let next = scene.push();
        crate::crash::scene::assert_calm(&next);
        for (id, seen) in scene.seen() {
            assert!(before.get(&id).is_none_or(|was| *was == seen), "{at}: {id} is not what it was");
        }
        scene.assert_saved();
        scene.verify();
        scene.assert_tidy();
        done.status == 0
    });
    scene.restore();
    let said = scene.emu.run(&["-S", "src", "push", "-v"]).succeeds();
    assert!(said.to_string().contains("beginning with the spare"), "{said}");
}
