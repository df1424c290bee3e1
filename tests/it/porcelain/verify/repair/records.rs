//! Lost nodes and manifests: made anew from the tree, from neighbours and from other sinks, and never
//! from a hash of what stands there.

use std::collections::BTreeMap;
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

/// A node without what a repair adds.
fn plain(node: &Value) -> Value {
    let mut node = node.clone();
    let fields = node.as_object_mut().unwrap();
    fields.remove("recovered");
    node
}

#[test]
fn a_lost_node_comes_back_with_what_another_sink_knows_of_the_same_push() {
    let job = two_sinks();
    let before = job.nodes();
    for node in &before {
        std::fs::remove_file(job.node_path(node)).unwrap();
        let said = job.emu.run(&["-S", "src", "verify", "--repair", "--dry-run", "origin"]).exits(4).stdout;
        assert!(
            said.contains("node: expected a whole snapshot") && said.contains("can be repaired"),
            "{said}"
        );
        let said = job.repairs(0);
        assert!(said.contains("its node is missing; repaired from the tree\n"), "{said}");
        let after = job.nodes();
        assert_eq!(after.iter().map(plain).collect::<Vec<_>>(), before);
        job.ok(&["-S", "src", "verify"]);
    }
    let log = job.ok(&["-S", "src", "log", "origin"]);
    assert_eq!(log.matches("recovered").count(), 3, "{log}");
    assert!(job.node()["recovered"]["unattested"] == 0, "{}", job.node());
    job.edit("file n3 0644 \"three\"");
    job.push(&[]).succeeds();
    assert!(job.node()["parent"] == before[2]["id"] && job.node()["seq"] == 4, "{}", job.node());
    job.ok(&["-S", "src", "verify"]);
}

#[test]
fn a_node_that_was_altered_keeps_what_can_be_read_of_it() {
    let job = Job::new(SOURCE);
    for message in ["first", "second", "third"] {
        job.push(&["-m", message]).succeeds();
    }
    let before = job.nodes();
    let altered = before[1].to_string().replace("\"seq\":2", "\"seq\":7") + "\n";
    std::fs::write(job.node_path(&before[1]), altered).unwrap();
    assert!(job.repairs(0).contains("its node was altered; repaired from the tree"));
    assert_eq!(job.nodes().iter().map(plain).collect::<Vec<_>>(), before);
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
    let said = job.repairs(0);
    assert_eq!(said.matches("its node cannot be read; repaired from the tree").count(), 3, "{said}");
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

#[test]
fn a_lost_manifest_keeps_the_hashes_of_neighbours_and_marks_the_rest() {
    let job = Job::new(SOURCE);
    job.settle().push(&[]).succeeds();
    job.edit("file n 0644 \"new\" mtime=1700000009\nfile sub/k 0600 size=70000 seed=3\nlink sub/m = sub/k\nattr c 0640");
    job.settle().push(&[]).succeeds();
    let (node, before) = (job.node(), job.entries());
    std::fs::write(job.manifest_path(&node), "garbage").unwrap();
    let dry = job.emu.run(&["-S", "src", "verify", "--repair", "--dry-run", "origin"]).exits(4).stdout;
    // The root, `n`, `sub`, `sub/k` and its other name.
    assert!(dry.contains("can be repaired from the tree, 5 entries unattested"), "{dry}");
    let said = job.repairs(3);
    assert!(said.contains("; repaired from the tree, 5 entries unattested"), "{said}");
    let said = job.ok(&["-S", "src", "verify", "origin"]);
    assert!(said.contains("no damage, 5 entries unattested"), "{said}");
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
    let changed: BTreeMap<&str, &Value> = BTreeMap::from([("id", &node["id"]), ("name", &node["name"])]);
    for (field, value) in changed {
        assert_eq!(&job.node()[field], value);
    }
}

/// A sink whose only snapshot has a file that nobody attests.
fn unattested() -> Job {
    let job = Job::pushed(SOURCE);
    std::fs::remove_file(job.manifest_path(&job.node())).unwrap();
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
    // The one before knows all of it as well.
    job.ok(&["-S", "src", "prune", "--force", id(&job.nodes()[0])]);
    let said = job.repairs(0);
    assert!(said.contains("; repaired from the tree\n"), "{said}");
    assert_eq!(job.entries(), before);
    job.ok(&["-S", "src", "verify"]);
}

#[test]
fn bytes_that_no_record_fits_are_neither_believed_nor_replaced() {
    let job = Job::pushed("file f 0644 \"old\" mtime=1700000002\nfile g 0644 \"same\" mtime=1700000003");
    // Of the same size and time, and not the same: another version, or damage.
    job.edit("remove f\nfile f 0644 \"new\" mtime=1700000002");
    job.push(&[]).succeeds();
    assert!(!job.shared("f", 1, 2) && job.shared("g", 1, 2));
    build(&job.newest(), "file g 0644 \"SAME\" mtime=1700000003");
    std::fs::remove_file(job.manifest_path(&job.node())).unwrap();
    let said = job.repairs(3);
    assert!(said.contains("'g': content: "), "the inode of the neighbour is known to be damaged: {said}");
    assert_eq!(std::fs::read(job.newest().join("f")).unwrap(), b"new");
    assert_eq!(std::fs::read(job.newest().join("g")).unwrap(), b"same");
    assert!(job.entries()["f"]["unattested"] == true && job.entries()["g"]["unattested"].is_null());
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
        let told = scene.emu.run(&["-S", "src", "verify"]).succeeds().stdout;
        assert!(told.contains("unattested") && !told.contains("finding"), "round {round}: {told}");
        assert_eq!(std::fs::read_dir(scene.sink(".emu/staging")).unwrap().count(), 0);
    }
}
