//! Lost nodes and manifests: made anew from the tree, from neighbours and from other sinks, and never
//! from a hash of what stands there.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::crash::scene::Scene;
use crate::job::{Job, id, ino, nodes};
use crate::tree::build;

const SOURCE: &str = r#"
    dir . 0755 mtime=1700000000
    dir a 0750 mtime=1700000001
    file a/f 0644 size=5000 seed=7 mtime=1700000002
    link b/g = a/f
    dir b 0755 mtime=1700000004
    symlink l -> a/f
    file c 0600 "c" mtime=1700000005
"#;

impl Job {
    fn node_path(&self, node: &Value) -> PathBuf {
        self.sink().join(".emu/nodes").join(id(node))
    }

    fn manifest_path(&self, node: &Value) -> PathBuf {
        self.sink().join(".emu/manifests").join(id(node))
    }

    /// Repairs the sink `origin`; the exit status is told.
    #[track_caller]
    fn repairs(&self, status: i32) -> String {
        self.emu.run(&["-S", "src", "verify", "--repair", "origin"]).exits(status).stdout
    }
}

/// A source with two sinks and three snapshots in each.
fn two_sinks() -> Job {
    let job = Job::new(SOURCE);
    job.ok(&["-S", "src", "sink", "add", "other", "./other"]);
    for (at, edit) in ["", "file n1 0644 \"one\"\nattr a/f mtime=1700000010", "file n2 0644 \"two\""]
        .into_iter()
        .enumerate()
    {
        job.edit(edit);
        job.push(&["-m", &format!("push {at}")]).succeeds();
    }
    job
}

#[test]
fn a_lost_node_comes_back_with_what_another_sink_knows_of_the_same_push() {
    let job = two_sinks();
    let before = job.nodes();
    for node in &before {
        std::fs::remove_file(job.node_path(node)).unwrap();
        let said = job.emu.run(&["-S", "src", "verify", "--repair", "--dry-run", "origin"]).exits(4).stdout;
        assert!(said.contains("its node is missing; can be repaired from the tree\n"), "{said}");
        let said = job.repairs(0);
        assert!(said.contains("its node is missing; repaired from the tree\n"), "{said}");
        // To the last byte: its id proves it.
        assert_eq!(job.nodes(), before);
        job.ok(&["-S", "src", "verify"]);
    }
    // What only the other sink says of itself cannot be told from it.
    let twins = nodes(&job.emu.path("other"));
    let node = job.emu.path("other/.emu/nodes").join(id(&twins[2]));
    std::fs::remove_file(&node).unwrap();
    std::fs::remove_file(job.manifest_path(&before[2])).unwrap();
    std::fs::write(job.node_path(&before[2]), "garbage").unwrap();
    job.repairs(3);
    job.edit("file n3 0644 \"three\"");
    job.push(&["origin"]).succeeds();
    assert!(job.node()["parent"] == before[2]["id"] && job.node()["seq"] == 4, "{}", job.node());
    job.ok(&["-S", "src", "verify", "origin"]);
}

#[test]
fn a_node_with_a_wrong_place_is_put_right_and_proven_by_its_id() {
    let job = Job::new(SOURCE);
    for message in ["first", "second", "third"] {
        job.push(&["-m", message]).succeeds();
    }
    let before = job.nodes();
    for (old, new) in [("\"seq\":2", "\"seq\":7"), ("\"line\":1", "\"line\":3")] {
        let altered = before[1].to_string().replace(old, new) + "\n";
        std::fs::write(job.node_path(&before[1]), altered).unwrap();
        assert!(job.repairs(0).contains("its node was altered; repaired from the tree"));
        assert_eq!(job.nodes(), before);
    }
}

#[test]
fn what_an_altered_node_says_is_kept_for_people_and_not_decided_by() {
    let job = Job::new(SOURCE);
    job.push(&["-m", "first"]).succeeds();
    job.push(&["-m", "second"]).succeeds();
    let node = job.node();
    let other = format!("\"machine\":\"{}\"", "0".repeat(32));
    let own = format!("\"machine\":{}", node["machine"]);
    for (old, new) in [("second", "seconf"), (&*own, &*other)] {
        std::fs::write(job.node_path(&node), node.to_string().replace(old, new)).unwrap();
        assert!(job.repairs(3).contains("repaired from the tree, unproven"));
        let now = job.node();
        assert!(now["recovered"].is_object() && now["partial"] == true, "{now}");
        assert_eq!(
            (&now["machine"], &now["seq"], &now["user"]),
            (&node["machine"], &node["seq"], &node["user"])
        );
    }
    let said = job.ok(&["-S", "src", "log"]);
    assert!(said.contains("second") && said.contains("recovered"), "{said}");
}

#[test]
fn a_manifest_that_no_node_proves_does_not_change_the_tree() {
    let job = Job::pushed(SOURCE);
    let node = job.node();
    let before = crate::job::strict_listing(&job.newest());
    std::fs::remove_file(job.node_path(&node)).unwrap();
    let manifest = job.manifest_path(&node);
    let text = zstd::decode_all(&*std::fs::read(&manifest).unwrap()).unwrap();
    let text = String::from_utf8(text).unwrap().replace("1700000002.0", "1700000009.0");
    std::fs::write(&manifest, zstd::encode_all(text.as_bytes(), 3).unwrap()).unwrap();
    let said = job.repairs(3);
    assert!(said.contains("repaired from the tree, unproven, and not all is as it was saved"), "{said}");
    assert_eq!(crate::job::strict_listing(&job.newest()), before);
    assert_eq!(job.entries()["a/f"]["mtime"], "1700000002.000000000");
    let said = job.ok(&["-S", "src", "verify"]);
    assert!(said.contains("no damage, not all as it was saved"), "{said}");
    job.push(&[]).succeeds();
    job.same();
}

#[test]
fn of_a_node_that_nobody_knows_the_place_is_found_and_the_rest_is_unknown() {
    let job = Job::new(SOURCE);
    for at in 0..4 {
        job.edit(&format!("file n{at} 0644 \"{at}\""));
        job.push(&[]).succeeds();
    }
    let before = job.nodes();
    for node in [&before[0], &before[2], &before[3]] {
        std::fs::write(job.node_path(node), "garbage").unwrap();
    }
    job.emu.fails(&["-S", "src", "prune", id(&before[2])], 10);
    let said = job.repairs(3);
    assert_eq!(
        said.matches("its node cannot be read; repaired from the tree, unproven").count(),
        3,
        "{said}"
    );
    let after = job.nodes();
    for (node, old) in after.iter().zip(&before) {
        for field in
            ["id", "seq", "line", "fork", "parent", "time", "name", "machine", "manifest", "tree", "sink"]
        {
            assert_eq!(node[field], old[field], "{field}");
        }
        let was_lost = node["recovered"].is_object();
        assert_eq!(node["partial"], if was_lost { json!(true) } else { Value::Null }, "{node}");
        assert!(!was_lost || node["host"] == "unknown" && node["counts"]["files"] == old["counts"]["files"]);
    }
    assert!(job.ok(&["-S", "src", "log", "--oneline"]).contains("(HEAD, partial, recovered)"));
    job.ok(&["-S", "src", "verify"]);
    job.ok(&["-S", "src", "prune", id(&before[2])]);
    job.push(&[]).succeeds();
    job.same();
}

/// Two snapshots, the second with things that the first has not.
fn with_more() -> Job {
    let job = Job::new(SOURCE);
    job.settle().push(&[]).succeeds();
    job.edit("file n 0644 \"new\" mtime=1700000009\nfile sub/k 0600 size=70000 seed=3\nlink sub/m = sub/k\nattr c 0640");
    job.settle().push(&[]).succeeds();
    job
}

#[test]
fn a_lost_manifest_keeps_the_hashes_of_neighbours_and_marks_the_rest() {
    let job = with_more();
    let (node, before) = (job.node(), job.entries());
    std::fs::write(job.manifest_path(&node), "garbage").unwrap();
    // Its times are not told by the tree hash, its bytes are.
    let n = job.newest().join("n");
    std::fs::set_permissions(&n, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let dry = job.emu.run(&["-S", "src", "verify", "--repair", "--dry-run", "origin"]).exits(4).stdout;
    // The root, `n`, `sub`, `sub/k` and its other name.
    let told = "from the tree, unproven, 5 entries unattested, and not all is as it was saved";
    assert!(dry.contains(&format!("can be repaired {told}")), "{dry}");
    let said = job.repairs(3);
    assert!(said.contains(&format!("; repaired {told}")), "{said}");
    let said = job.ok(&["-S", "src", "verify", "origin"]);
    assert!(said.contains("no damage, 5 entries unattested, not all as it was saved"), "{said}");
    let said = job.ok(&["-S", "src", "--json", "verify", "origin"]);
    assert!(said.contains("\"unattested\":5"), "{said}");
    let after = job.entries();
    let marked: Vec<&str> =
        after.iter().filter(|(_, entry)| entry["unattested"] == true).map(|(path, _)| &**path).collect();
    assert_eq!(marked, ["", "n", "sub", "sub/k", "sub/m"]);
    assert_eq!(after["sub/m"]["links"], "sub/k");
    assert!(marked.iter().all(|path| after[*path]["sha256"].is_null()));
    for path in ["a", "a/f", "b", "b/g", "l"] {
        assert_eq!(after[path], before[path], "{path}");
    }
    // Its attributes changed since; its bytes are those that were recorded.
    assert!(after["c"]["sha256"] == before["c"]["sha256"] && after["c"]["mode"] == "0640", "{}", after["c"]);
    for field in ["id", "name", "seq", "message", "push"] {
        assert_eq!(job.node()[field], node[field]);
    }
}

#[test]
fn the_tree_hash_of_a_sound_node_attests_all_of_a_tree() {
    let job = with_more();
    let (node, before) = (job.node(), job.entries());
    std::fs::remove_file(job.manifest_path(&node)).unwrap();
    // Its times and owners it does not attest.
    let said = job.repairs(3);
    assert!(said.contains("; repaired from the tree, unproven\n"), "{said}");
    let after = job.entries();
    for (path, entry) in &before {
        for field in ["kind", "mode", "size", "sha256", "links", "mtime", "target"] {
            assert_eq!(after[path][field], entry[field], "{path} {field}");
        }
    }
    assert!(job.node()["tree"] == node["tree"] && job.node()["recovered"]["unattested"] == 0);
    job.ok(&["-S", "src", "verify"]);
}

#[test]
fn what_is_missing_in_the_tree_is_missed() {
    let job = with_more();
    std::fs::remove_file(job.manifest_path(&job.node())).unwrap();
    build(&job.newest(), "remove b/g\nattr b mtime=1700000004");
    let said = job.repairs(3);
    assert!(said.contains("and not all is as it was saved"), "{said}");
}

/// A sink whose only snapshot has files that nobody attests.
fn unattested() -> Job {
    let job = Job::pushed(SOURCE);
    std::fs::remove_file(job.manifest_path(&job.node())).unwrap();
    std::fs::remove_file(job.node_path(&job.node())).unwrap();
    assert!(job.repairs(3).contains("7 entries unattested"));
    job
}

#[test]
fn what_nobody_attests_is_given_out_with_a_warning() {
    let job = unattested();
    let said = job.emu.run(&["-S", "src", "cat", "HEAD:c"]).exits(3);
    assert!(said.stdout == "c" && said.stderr.contains("nobody attests the content of 'c'"), "{said}");
    let said = job.emu.run(&["-S", "src", "checkout", "--to", "./out", "HEAD"]).exits(3);
    assert!(said.stderr.contains("nobody attests the content of 2 files"), "{said}");
    assert_eq!(std::fs::read(job.emu.path("out/c")).unwrap(), b"c");
    assert_eq!(ino(&job.emu.path("out/a/f")), ino(&job.emu.path("out/b/g")));
    let said = job.emu.run(&["-S", "src", "--json", "checkout", "--force", "HEAD"]).exits(3).stdout;
    assert!(said.contains("\"unattested\":2"), "{said}");
}

#[test]
fn what_nobody_attests_is_no_state_of_a_source() {
    let job = unattested();
    let said = job.emu.run(&["-S", "src", "status", "--exit-code"]).exits(4);
    assert!(said.stdout.contains("since HEAD: 2 doubtful"), "{said}");
    let said = job.emu.run(&["-S", "src", "push", "--dry-run"]).succeeds();
    assert!(said.stderr.contains("would save 2 entries that differ"), "{said}");
    let manifest = job.manifest_path(&job.node());
    let line = format!("zstdcat <{} | emu link-snapshot --sink ./sink --source src", manifest.display());
    let said = job.emu.shell(&line);
    assert!(said.status != 0 && said.stderr.contains("'.' is unattested"), "{said}");
}

#[test]
fn a_push_links_no_file_that_nobody_attests() {
    for compare in ["strict", "no-inode", "mtime"] {
        let job = unattested();
        job.config(&format!("[push]\ncompare = \"{compare}\"\n"));
        job.push(&[]).succeeds();
        for path in ["c", "a/f"] {
            assert!(!job.shared(path, 1, 2), "{compare} {path}");
        }
        assert!(job.entries().values().all(|entry| entry["unattested"].is_null()));
        job.same();
        // What was read then may be linked.
        job.settle().push(&[]).succeeds();
        job.settle().push(&[]).succeeds();
        assert!(job.shared("c", 3, 4), "{compare}");
        job.ok(&["-S", "src", "verify"]);
    }
}

#[test]
fn the_same_push_in_another_sink_attests_all_of_it() {
    let mut tree = String::new();
    for dir in 0..6 {
        tree += &format!("dir d{dir}\n");
        (0..100).for_each(|at| tree += &format!("file d{dir}/{at} 0644 \"{dir} {at}\"\n"));
    }
    let job = Job::new(&tree);
    job.ok(&["-S", "src", "sink", "add", "other", "./other"]);
    job.settle().ok(&["-S", "src", "push", "other"]);
    // In one sink a large directory comes first for a while, which moves the frames.
    let first: Vec<String> = (0..150).map(|at| format!("file d0/0{at} 0644 \"first\"")).collect();
    job.edit(&first.join("\n"));
    job.ok(&["-S", "src", "push", "origin"]);
    let gone: Vec<String> = (0..150).map(|at| format!("remove d0/0{at}")).collect();
    job.edit(&gone.join("\n"));
    job.push(&[]).succeeds();
    let (node, before) = (job.node(), job.entries());
    let twin = nodes(&job.emu.path("other")).pop().unwrap();
    assert_ne!(node["manifest"]["sha256"], twin["manifest"]["sha256"]);
    assert_eq!(node["tree"], twin["tree"]);
    std::fs::write(job.manifest_path(&node), "").unwrap();
    // Damage is not believed: what the other sink recorded comes back.
    let tree = job.newest();
    let spoiled = tree.join("d1/7");
    let time = spoiled.metadata().unwrap().modified().unwrap();
    build(&tree, "remove d5\nattr d2/1 4777");
    std::fs::write(&spoiled, "1-7").unwrap();
    std::fs::File::options().write(true).open(&spoiled).unwrap().set_modified(time).unwrap();
    let said = job.repairs(0);
    assert!(said.contains("manifest: ") && said.contains("; repaired from the tree\n"), "{said}");
    assert!(said.contains("'d1/7': content: ") && said.contains("'d2/1': mode: "), "{said}");
    // The other sink does not know which snapshot created an inode of this one.
    let mut expected = before;
    expected.values_mut().for_each(|entry| drop(entry.as_object_mut().unwrap().remove("made")));
    assert_eq!(job.entries(), expected);
    assert!(job.ok(&["-S", "src", "du", "origin"]).contains("at most"));
    job.same();
    job.ok(&["-S", "src", "verify"]);
}

#[test]
fn another_push_of_the_same_second_attests_no_attributes() {
    let job = Job::new("file f 0644 \"secret\"\nfile g 0644 \"g\"");
    job.ok(&["-S", "src", "sink", "add", "other", "./other"]);
    let at = |args: &[&str]| {
        job.emu.session().env("EMU_DATE", "2026-11-23T10:00:00Z").run(&[&["-S", "src"], args].concat())
    };
    at(&["push", "other"]).succeeds();
    job.edit("attr f 0600");
    at(&["push", "origin"]).succeeds();
    std::fs::remove_file(job.manifest_path(&job.node())).unwrap();
    job.repairs(3);
    assert!(job.entries()["f"]["mode"] == "0600" && job.entries()["f"]["held"].is_null());
}

#[test]
fn another_push_of_the_same_second_took_the_place_of_a_lost_snapshot() {
    let job = Job::new("file c 0644 \"c\"");
    job.ok(&["-S", "src", "sink", "add", "other", "./other"]);
    let at = |args: &[&str]| {
        job.emu.session().env("EMU_DATE", "2026-11-23T10:00:00Z").run(&[&["-S", "src"], args].concat())
    };
    at(&["push", "-m", "one", "origin"]).succeeds();
    job.edit("file c 0644 \"CCCC\"\nfile new 0644 \"new\"");
    at(&["push", "-m", "two", "other"]).succeeds();
    let node = job.node();
    for with_manifest in [true, false] {
        if with_manifest {
            std::fs::remove_file(job.manifest_path(&node)).unwrap();
        }
        std::fs::remove_file(job.node_path(&node)).unwrap();
        job.repairs(3);
        assert_eq!(std::fs::read(job.newest().join("c")).unwrap(), b"c");
        assert!(!job.newest().join("new").exists());
        let now = job.node();
        assert!(now["message"].is_null() && now["partial"] == true && now["push"] != node["push"], "{now}");
    }
}

#[test]
fn a_sink_that_is_away_may_know_more() {
    let job = two_sinks();
    let (node, before) = (job.node(), job.entries());
    std::fs::write(job.manifest_path(&node), "").unwrap();
    std::fs::rename(job.emu.path("other"), job.emu.path("away")).unwrap();
    let said = job.repairs(3);
    assert!(said.contains("not repaired: other cannot be asked, and may know more"), "{said}");
    assert_eq!(std::fs::read(job.manifest_path(&node)).unwrap(), b"");
    std::fs::rename(job.emu.path("away"), job.emu.path("other")).unwrap();
    job.repairs(0);
    assert_eq!(job.entries(), before);
}

#[test]
fn how_certain_a_record_is_that_was_made_anew_is_told_to_scripts_and_when_quiet() {
    let job = with_more();
    std::fs::remove_file(job.node_path(&job.node())).unwrap();
    let repair = ["-S", "src", "--json", "verify", "--repair", "--dry-run", "origin"];
    let said = job.emu.run(&repair).exits(4).stdout;
    let anew = r#""anew":{"proven":false,"unattested":0,"differs":false,"guessed":false}"#;
    assert!(said.contains(anew), "{said}");
    let said = job.emu.run(&["-S", "src", "-q", "verify", "--repair", "origin"]).exits(3);
    assert!(said.stderr.contains("repaired from the tree, unproven"), "{said}");
}

#[test]
fn a_manifest_that_cannot_be_read_now_is_left_alone() {
    let job = Job::pushed(SOURCE);
    let (node, manifest) = (job.node(), job.manifest_path(&job.node()));
    let stored = std::fs::read(&manifest).unwrap();
    // Nobody can tell now what it says.
    std::fs::remove_file(&manifest).unwrap();
    std::os::unix::fs::symlink("elsewhere", &manifest).unwrap();
    let said = job.repairs(3);
    assert!(
        said.contains("not repaired: ") && said.contains("if that stays so, remove .emu/manifests/"),
        "{said}"
    );
    std::fs::remove_file(&manifest).unwrap();
    // It is of a later version, and no node says what it should be.
    let text = String::from_utf8(zstd::decode_all(&*stored).unwrap()).unwrap();
    let later = zstd::encode_all(text.replacen("\"v\":1", "\"v\":2", 1).as_bytes(), 3).unwrap();
    std::fs::write(&manifest, &later).unwrap();
    std::fs::remove_file(job.node_path(&node)).unwrap();
    let said = job.repairs(3);
    assert!(said.contains("has a later version; use a newer emu"), "{said}");
    assert!(std::fs::read(&manifest).unwrap() == later && !job.node_path(&node).exists());
}

#[test]
fn whoever_reads_a_snapshot_by_its_old_records_is_not_surprised() {
    let job = Job::pushed(SOURCE);
    let (node, manifest) = (job.node_path(&job.node()), job.manifest_path(&job.node()));
    std::fs::write(&manifest, "garbage").unwrap();
    let line = format!("flock -s {} emu -S src verify --repair origin", node.display());
    let said = job.emu.shell(&line).exits(3);
    assert!(said.stdout.contains("somebody reads the snapshot"), "{said}");
    assert_eq!(std::fs::read(&manifest).unwrap(), b"garbage");
    assert!(job.repairs(3).contains("repaired from the tree"));
}

#[test]
fn bytes_that_no_record_fits_are_neither_believed_nor_replaced() {
    let job = Job::pushed(
        "file f 0644 \"old\" mtime=1700000002\nfile g 0644 \"same\" mtime=1700000003\nfile h 0644 \"h\"",
    );
    // Of the same size and time, and not the same: another version, or damage.
    job.edit("remove f\nfile f 0644 \"new\" mtime=1700000002");
    job.settle().push(&[]).succeeds();
    assert!(!job.shared("f", 1, 2) && job.shared("g", 1, 2) && job.shared("h", 1, 2));
    build(&job.newest(), "file g 0644 \"SAME\" mtime=1700000003\nattr h 0666 mtime=1700000008");
    std::fs::remove_file(job.manifest_path(&job.node())).unwrap();
    std::fs::remove_file(job.node_path(&job.node())).unwrap();
    let said = job.repairs(3);
    // The inode of the neighbour is known to be damaged.
    assert!(said.contains("'g': content: ") && said.contains("'h': mode: "), "{said}");
    assert_eq!(std::fs::read(job.newest().join("f")).unwrap(), b"new");
    assert_eq!(std::fs::read(job.newest().join("g")).unwrap(), b"same");
    let entries = job.entries();
    assert!(entries["f"]["unattested"] == true && entries["g"]["unattested"].is_null());
    assert!(entries["h"]["mode"] == "0644" && entries["h"]["sha256"].is_string(), "{}", entries["h"]);
}

#[test]
fn a_node_of_a_later_version_is_left_alone() {
    let job = Job::pushed(SOURCE);
    let node = job.node();
    let later = node.to_string().replace("\"v\":1", "\"v\":2");
    std::fs::write(job.node_path(&node), &later).unwrap();
    let said = job.repairs(3);
    assert!(said.contains("not repaired: it may be sound, and has version 2; use a newer emu"), "{said}");
    assert_eq!(std::fs::read_to_string(job.node_path(&node)).unwrap(), later);
}

#[test]
fn a_recovered_tree_is_no_spare() {
    let job = Job::new(SOURCE);
    job.config("[rotate]\nkeep-last = 2\n");
    job.push(&[]).succeeds();
    std::fs::remove_file(job.manifest_path(&job.node())).unwrap();
    std::fs::remove_file(job.node_path(&job.node())).unwrap();
    job.repairs(3);
    let spares = || std::fs::read_dir(job.sink().join(".emu/spare")).unwrap().count();
    for expected in [0, 0, 1] {
        job.push(&[]).succeeds();
        assert_eq!(spares(), expected, "{:?}", job.nodes());
    }
    assert_eq!(job.nodes().len(), 2);
}

#[test]
fn cut_off_at_any_call_a_second_run_ends_the_same() {
    let scene = Scene::new(SOURCE, "");
    for at in 0..3 {
        build(&scene.emu.path("src"), &format!("file n{at} 0644 \"{at}\""));
        scene.push();
    }
    let ids = scene.ids();
    std::fs::remove_file(scene.sink(&format!(".emu/nodes/{}", ids[0]))).unwrap();
    std::fs::remove_file(scene.sink(&format!(".emu/nodes/{}", ids[1]))).unwrap();
    std::fs::write(scene.sink(&format!(".emu/manifests/{}", ids[1])), "garbage").unwrap();
    std::fs::write(scene.sink(&format!(".emu/manifests/{}", ids[2])), "garbage").unwrap();
    scene.keep();
    let repair = ["-S", "src", "verify", "--repair", "origin"];
    for round in 1.. {
        scene.restore();
        let said = scene.faulty(&format!("kill:{round}"), &repair, b"");
        if said.status == 3 {
            assert!(round > 10, "{said}");
            break;
        }
        let said = scene.emu.run(&repair);
        assert!(said.status == 0 || said.status == 3, "round {round}: {said}");
        assert_eq!(scene.ids(), ids, "round {round}");
        let places: Vec<_> = nodes(&scene.sink("")).iter().map(|node| node["seq"].clone()).collect();
        assert_eq!(places, [1, 2, 3], "round {round}");
        let told = scene.emu.run(&["-S", "src", "verify"]).succeeds().stdout;
        assert!(told.contains("unattested") && !told.contains("finding"), "round {round}: {told}");
        assert_eq!(std::fs::read_dir(scene.sink(".emu/staging")).unwrap().count(), 0);
    }
}
