//! What a repair leaves to people, saying so.

use super::super::saved;
use crate::tree::build;

#[test]
fn without_a_good_copy_nothing_is_changed() {
    let saved = saved();
    saved.flip(&saved.tree().join("a/big"), 0);
    saved.flip(&saved.tree().join("b/y"), 0);
    let before = saved.printed();
    let said = saved.emu.run(&["verify", "--repair", "./sink"]).exits(3).stdout;
    assert!(
        said.contains("'a/big': content: ") && said.contains("; not repaired: there is no good copy"),
        "{said}"
    );
    assert!(said.contains("'b/y'") && said.contains("the first of its hard links is not repaired"), "{said}");
    assert!(said.contains("3 findings, 3 not repaired"), "{said}");
    assert_eq!(saved.printed(), before);
    assert_eq!(saved.findings(&[]).len(), 6);
}

#[test]
fn an_extra_name_is_reported_and_stays() {
    let saved = saved();
    saved.damage("file a/more 0600 \"mine\"\nattr z 0644");
    let said = saved.repair().exits(3).stdout;
    assert!(
        said.contains("'a/more': extra: ") && said.contains("no record knows it, and it is not removed"),
        "{said}"
    );
    assert_eq!(std::fs::read(saved.tree().join("a/more")).unwrap(), b"mine");
    saved.finds(&["1 extra a/more nothing>file"]);
}

#[test]
fn a_directory_in_the_place_of_a_file_stays_and_so_does_what_stands_for_a_directory() {
    let saved = saved();
    saved.damage("remove z\ndir z\nfile z/in 0600 \"in\"");
    build(&saved.tree(), "remove b/y\nremove b\nsymlink b -> a\nattr . mtime=1700000009");
    let said = saved.repair().exits(3).stdout;
    assert!(said.contains("a directory stands in its place, and is not removed"), "{said}");
    assert!(said.contains("something else stands where a directory should, and is left"), "{said}");
    assert!(said.contains("'b/y': missing") && said.contains("its directory is not repaired"), "{said}");
    assert!(saved.tree().join("z/in").exists());
    // Nothing was made where the link leads.
    assert!(!saved.tree().join("a/y").exists());
}

#[test]
fn a_lost_tree_is_left() {
    let saved = saved();
    std::fs::remove_dir_all(&saved.trees()[1]).unwrap();
    let said = saved.repair().exits(3).stdout;
    assert!(
        said.contains("its tree is missing; not repaired: a tree that is lost is not made anew"),
        "{said}"
    );
    assert!(saved.inside("nodes").join(&saved.ids[1]).exists());
}

#[test]
fn some_snapshots_of_a_sink_are_not_repaired_alone() {
    let saved = saved();
    let said = saved.emu.fails(&["-S", "src", "verify", "--repair", "./sink:HEAD"], 2);
    assert!(said.contains("hint: name the sink alone"), "{said}");
}
