//! A small language for directory trees: `build` makes a tree from it, `print` writes any
//! directory down in it, hard links included, so that a fixture and an expectation read alike.
//!
//! One entry a line; `#` begins a comment line. Modes are octal and may be left out (0755 for
//! directories, 0644 for files). `build` works on an existing tree too: files are written in
//! place, as an editor would.
//! ```text
//! dir a 0755                                the root is `dir .`; missing parents are made
//! file a/x 0644 "content"                   in names and content: \n \t \s (blank) \" \\ \xff
//! file a/big size=70000 seed=3              pseudo-random bytes; seed=0 or none: zeros
//! file a/holes size=1000000 seed=3 hole=4096+8192
//! link a/y = a/x                            one more name of an inode
//! symlink s -> target
//! fifo p 0600                               socket likewise
//! char c 0600 rdev=1:3                      block likewise; both need root
//! attr a 0700 mtime=1700000000.5            changes an entry that exists
//! move a/x -> b/x
//! remove a
//! ```
//! Any entry but `link` takes `mtime=SECONDS[.FRACTION]` (the fraction counts upwards, as in the
//! kernel), `uid=N`, `gid=N` and `xattr user.name=value`.

mod build;
mod content;
mod line;
mod print;
mod same;

pub use build::build;
pub use print::{Show, print, print_with};
pub use same::{assert_same, differences};

#[cfg(test)]
mod tests {
    use super::{Show, assert_same, build, differences, print, print_with};
    use crate::env::{assert_text, need_root};

    fn fresh() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    const EVERYTHING: &str = r#"
        dir . 0750
        symlink Latest\n -> nowhere/\xff
        dir a 0700
        file a/big 0644 size=70000 seed=3
        file a/empty 0600 ""
        file a/x 0444 "line\nand \"quotes\" \\ \xff"
        file a/zeros 0644 size=5000
        dir b\sc 1777
        link b\sc/later = a/x
        fifo b\sc/pipe 0600
        socket b\sc/sock 0755
        dir closed 0500
        file closed/in 0400 "x" xattr user.k=v\s1
        file holes 0644 size=1000000 seed=9 hole=8192+901120
        file \xff\x1b 0644 "name"
    "#;

    /// An ordinary user can remove the tree only then.
    const REOPEN: &str = "attr closed 0700";

    #[test]
    fn what_is_printed_is_what_was_built() {
        let dir = fresh();
        build(dir.path(), EVERYTHING);
        assert_text(&print(dir.path()), EVERYTHING);
        build(dir.path(), REOPEN);
    }

    #[test]
    fn what_is_printed_builds_the_same_tree() {
        let (first, second) = (fresh(), fresh());
        build(first.path(), EVERYTHING);
        build(first.path(), "attr a mtime=-1.5\nattr Latest\\n mtime=5.000000007\nattr . mtime=1700000000");
        let shown = print_with(first.path(), Show { mtimes: true, emu: true });
        build(second.path(), &shown);
        assert_text(&print_with(second.path(), Show { mtimes: true, emu: true }), &shown);
        assert_same(first.path(), second.path());
        build(first.path(), REOPEN);
        build(second.path(), REOPEN);
    }

    #[test]
    fn edits_move_remove_and_rewrite() {
        let dir = fresh();
        build(dir.path(), "dir . 0755\nfile a/x \"1\"\nlink a/y = a/x\nfile gone \"\"");
        build(dir.path(), "file a/x \"2\"\nremove gone\nmove a/y -> z\nattr a/x 0600 mtime=1.5");
        let expected = "dir . 0755\ndir a 0755\nfile a/x 0600 \"2\"\nlink z = a/x";
        assert_text(&print(dir.path()), expected);
    }

    #[test]
    fn each_kind_of_difference_is_named() {
        let base = "attr . 0755 mtime=1\nfile a \"1\" mtime=1\nfile b \"b\" mtime=1\nlink c = a\nsymlink s -> t mtime=1\ndir d mtime=1";
        let found = |edit: &str| {
            let (left, right) = (fresh(), fresh());
            build(left.path(), base);
            build(right.path(), base);
            build(right.path(), edit);
            build(left.path(), "attr . mtime=1");
            build(right.path(), "attr . mtime=1");
            differences(left.path(), right.path()).join("; ")
        };
        assert_eq!(found(""), "");
        assert_eq!(found("dir .emu\nfile .emu/x \"\""), "");
        assert_eq!(found("attr . 0700"), ".: mode 0755, then 0700");
        assert_eq!(found("file b \"c\" mtime=1"), "b: content differs from byte 0");
        assert_eq!(found("file b \"bb\" mtime=1"), "b: size 1, then 2");
        assert_eq!(found("attr b mtime=1.000000001"), "b: mtime 1.000000000, then 1.000000001");
        assert_eq!(found("symlink s -> u mtime=1"), "s: target t, then u");
        assert_eq!(found("attr d xattr user.k=v mtime=1"), "d: xattr user.k none, then v");
        assert_eq!(found("remove c\nfile c \"1\" mtime=1"), "c: one inode with a, then c");
        assert_eq!(found("remove d"), "d: dir, then missing");
        assert_eq!(found("file e \"\""), "e: missing, then file");
        assert_eq!(found("remove s\nfile s \"\""), "s: symlink, then file");
    }

    #[test]
    fn owners_that_are_not_ours_and_devices_are_printed() {
        if !need_root() {
            return;
        }
        let dir = fresh();
        let text = "dir . 0755\nblock D 0660 rdev=7:300 gid=6\nfile a 4755 \"\" uid=7 gid=8\nchar c 0666 rdev=1:3\nsymlink s -> a uid=9";
        build(dir.path(), text);
        assert_text(&print(dir.path()), text);
    }
}
