//! A push that begins with a spare makes what a push without one makes.

use crate::env::{need_root, need_tool};
use crate::pair::Pair;

const TREE: &str = r#"
    dir . 0755 mtime=1700000000
    dir a 0750 mtime=1700000001
    file a/big 0644 size=300000 seed=7 mtime=1700000002
    file a/x 0640 "text" mtime=1700000003
    link a/y = a/x
    dir a/b 0755 mtime=1700000004
    file a/b/one 0644 "1" mtime=1700000004
    dir empty 0700 mtime=1700000005
    dir more/d/e 0755 mtime=1700000005
    file more/d/e/f 0600 "f" mtime=1700000005
    symlink s -> a/x mtime=1700000006
    file z 0600 "" mtime=1700000007
    file odd\n\xff\\name/\x01\xfe 0644 "odd" mtime=1700000008
"#;

#[test]
fn files_that_come_go_and_change_are_the_same_with_and_without_a_spare() {
    let mut pair = Pair::ready(None, TREE);
    pair.push();
    pair.edit("file new \"new\"\nfile a/b/two \"2\"\nremove z\nfile a/big 0644 size=200000 seed=5").push();
    // Same size, same time: only the inode's ctime differs.
    pair.edit("file a/b/one 0644 \"2\" mtime=1700000004\nfile a/x 0640 \"TEXT\" mtime=1700000003").push();
    pair.edit("file z 0600 \"\" mtime=1700000007\nremove new\nfile odd\\n\\xff\\\\name/\\x01\\xfe \"even\"")
        .push();
    pair.push();
    pair.edit("remove a/b/one\nfile a/b/one 0644 \"2\" mtime=1700000004\nattr a/big mtime=5.25").push();
}

#[test]
fn attributes_that_change_are_the_same_with_and_without_a_spare() {
    let mut pair = Pair::ready(None, TREE);
    pair.edit(
        "attr a/big 0400\nattr a 0555\nattr z xattr user.one=1\nattr more/d xattr user.dir=1\nattr . 0711",
    )
    .push();
    pair.edit("attr a 0700\nattr more/d/e 0700 xattr user.deep=1\nattr a/x 4755\nattr empty mtime=9").push();
    pair.shell("setfattr -x user.one z; setfattr -x user.dir more/d; setfattr -n user.root -v 1 .").push();
    pair.edit("attr more/d/e xattr user.deep=2\nattr a 0755\nattr a/b mtime=3.000000004\nattr empty 1777")
        .push();
    pair.shell("setfattr -x user.root .; setfattr -x user.deep more/d/e").push();
    if need_root() {
        pair.edit("attr a/big uid=7\nattr more/d uid=8 gid=9\nsymlink s -> a/x uid=9 mtime=1700000006")
            .push();
        pair.edit("attr a/big uid=0\nattr more/d gid=0\nattr . gid=4\nattr a 0000").push();
        pair.push();
    }
}

#[test]
fn kinds_that_swap_are_the_same_with_and_without_a_spare() {
    let mut pair = Pair::ready(None, TREE);
    pair.edit(
        "remove a\nfile a size=3000 seed=1\nremove s\ndir s\nfile s/in \"in\"\nremove z\nsymlink z -> s",
    )
    .push();
    pair.edit(
        "remove a\ndir a\nfile a/x size=3000 seed=2\nremove s\nfile s \"\"\nremove more\nsymlink more -> a",
    )
    .push();
    pair.edit("symlink more -> s\nremove empty\nsymlink empty -> .\nremove z\ndir z 0555").push();
    pair.edit(
        "remove more\nfile more/d/e/f \"again\"\nremove empty\nfile empty \"full\"\nremove z\nfile z \"\"",
    )
    .push();
}

#[test]
fn hard_links_that_change_are_the_same_with_and_without_a_spare() {
    let mut pair = Pair::ready(None, TREE);
    pair.edit("link more/l = a/x\nlink b/early = a/x\nlink s2 = s").push();
    // A group is broken, its first name goes, another is made of what were two files.
    pair.edit("remove a/x\nfile a/x 0640 \"text\" mtime=1700000003\nremove a/b/one\nlink a/b/one = a/big")
        .push();
    pair.edit("remove b/early\nlink zz = a/big\nfile a/big 0644 size=300000 seed=8 mtime=1700000002").push();
    pair.edit("remove a/y\nremove more/l\nlink a/y = a/x\nlink more/l = z\nremove s2").push();
    pair.edit("remove zz\nremove a/b/one\nattr a/x 0600").push();
}

#[test]
fn directories_that_move_are_the_same_with_and_without_a_spare() {
    let mut pair = Pair::ready(None, TREE);
    pair.edit("move a -> c/d\ndir a 0700").push();
    pair.edit("move c/d -> a/back\nmove pad/3 -> pad/0/three").push();
    pair.edit("move pad/0/three -> pad/3\nremove a/back/b\nremove c\nfile new/deep/dir/f \"f\"").push();
    pair.edit("move more -> empty/more\nremove new").push();
}

#[test]
fn excluded_paths_are_the_same_with_and_without_a_spare() {
    let mut pair = Pair::ready(None, TREE);
    let excludes = |text: &str| std::fs::write(pair.src().join(".emu/excludes"), text).unwrap();
    excludes("*.o\n/a/b\nz\n");
    pair.edit("file a/new.o \"o\"\nfile a/new.c \"c\"");
    // What is left out is no part of what must be equal.
    pair.push_exits(0, false);
    assert!(!pair.newest("spare").join("a/b").exists() && pair.newest("spare").join("a/new.c").exists());
    std::fs::write(pair.src().join(".emu/excludes"), "").unwrap();
    pair.edit("attr a/new.o mtime=7").push();
}

#[test]
fn default_lists_of_directories_colour_nothing_made_in_a_spare() {
    if !need_tool("setfacl") {
        return;
    }
    let mut pair = Pair::ready(None, TREE);
    pair.shell("setfacl -d -m u:3:rwx a more/d/e . && setfacl -m u:1:rw,g:2:r more/d/e/f").push();
    pair.push().push();
    // In place: the directories' own stamps stay.
    pair.edit("file a/x 0640 \"TEXT\"\nfile more/d/e/f \"g\"\nfile z \"z\"\nfile a/b/one \"one\"").push();
    pair.edit("file a/new \"\"\ndir a/sub\nfile more/d/e/new \"\"\ndir more/d/e/sub").push();
    pair.shell("setfacl -k a more/d/e .").push();
}

/// Modes that an ordinary user cannot pass.
fn user() -> Option<Pair> {
    let able = need_root() && need_tool("setpriv") && need_tool("setfattr");
    able.then(|| Pair::ready(Some(1234), TREE))
}

#[test]
fn closed_directories_of_an_ordinary_user_are_the_same_with_and_without_a_spare() {
    let Some(mut pair) = user() else { return };
    pair.edit("attr a 0555\nattr a/b 0500\nattr more/d/e 0555 xattr user.k=v\nattr more/d 0511").push();
    pair.push();
    pair.edit("file a/b/one \"changed\"\nfile more/d/e/f \"changed too\"").push();
    pair.shell("chmod 700 more/d/e; setfattr -x user.k more/d/e; chmod 555 more/d/e").push();
    pair.shell("chmod 700 more/d/e; setfattr -n user.k -v 2 more/d/e; chmod 555 more/d/e").push();
    pair.shell("chmod 700 more/d more/d/e a/b a; mv more/d more/moved; rm -r a/b; chmod 555 more/moved")
        .push();
    pair.shell("chmod 755 more/moved; rm -r more/moved a; echo a > a").push();
}

#[test]
fn what_an_ordinary_user_cannot_read_is_the_same_with_and_without_a_spare() {
    let Some(mut pair) = user() else { return };
    // Otherwise nothing expires, and no tree becomes a spare.
    let accepted = "[push]\\nunread-ok = [\"a/b\", \"more/d/e/f\", \"more/shut\"]";
    pair.shell(&format!("sed -i 's|^\\[push\\]$|{accepted}|' .emu/config"));
    pair.edit("attr a/b 0000\nattr more/d/e/f 0000\nfile more/shut/f \"\"\nattr more/shut 0000")
        .push_exits(0, false);
    assert!(!pair.newest("spare").join("a/b/one").exists());
    assert!(!pair.newest("spare").join("more/d/e/f").exists());
    // The next spare has the closed directory too.
    for _ in 0..3 {
        pair.push_exits(0, false);
    }
    pair.edit("attr a/b 0300\nattr more/shut 0300").push_exits(0, false);
    pair.push_exits(0, false).push_exits(0, false);
    pair.edit("attr a/b 0400\nattr more/shut 0400").push_exits(0, false);
    pair.edit("attr a/b 0755\nattr more/d/e/f 0600\nattr more/shut 0700").push();
}
