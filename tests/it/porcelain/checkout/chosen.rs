//! Which paths come back, and over which files.

use crate::env::Emu;
use crate::tree::print;

const TREE: &str = "file a.txt \"a\" mtime=1700000000\nfile b.odt \"b\"\nfile d/c.txt \"c\" mtime=1700000000\n\
                    file d/e/f.odt \"f\"\nfile d/e/g.txt \"g\"\nfile [x] \"x\"";

fn saved() -> Emu {
    let emu = Emu::new();
    emu.tree("src", TREE);
    emu.ok(&["push", "-S", "src", "--to", "./sink"]);
    emu
}

fn text(emu: &Emu, path: &str) -> Option<String> {
    std::fs::read_to_string(emu.path(path)).ok()
}

/// Files of the source that are there, of all that the snapshot has.
fn there(emu: &Emu) -> Vec<&'static str> {
    let all = ["a.txt", "b.odt", "d/c.txt", "d/e/f.odt", "d/e/g.txt", "[x]"];
    all.into_iter().filter(|path| emu.path("src").join(path).exists()).collect()
}

#[test]
fn a_path_may_be_a_pattern_relative_to_the_current_directory() {
    let emu = saved();
    let after = |dir: &str, pattern: &str| {
        emu.shell("mkdir -p src/d/e && find src -path src/.emu -prune -o -type f -exec rm {} +").succeeds();
        emu.inside(dir).ok(&["checkout", "HEAD", "--", pattern]);
        there(&emu)
    };
    assert_eq!(after("src", "*.txt"), ["a.txt", "d/c.txt", "d/e/g.txt"]);
    assert_eq!(after("src", "d/**/*.odt"), ["d/e/f.odt"]);
    assert_eq!(after("src", "?.odt"), ["b.odt", "d/e/f.odt"]);
    assert_eq!(after("src/d", "*.txt"), ["d/c.txt", "d/e/g.txt"]);
    assert_eq!(after("src/d", "../*.txt"), ["a.txt"]);
    assert_eq!(after("src", "d*"), ["d/c.txt", "d/e/f.odt", "d/e/g.txt"]);
    // A name that is there is no pattern.
    assert_eq!(after("src", "[x]"), ["[x]"]);
    let said = emu.inside("src").fails(&["checkout", "HEAD", "--", "*.pdf"], 10);
    assert!(said.contains("nothing in snapshot ") && said.contains(" matches '*.pdf'"), "{said}");
    emu.ok(&["checkout", "./sink:HEAD", "--to", "out", "--", "*.odt"]);
    let out = print(&emu.path("out"));
    assert!(out.contains("b.odt") && out.contains("d/e/f.odt") && !out.contains("txt"), "{out}");
}

#[test]
fn overwrite_says_which_files_of_the_source_are_replaced() {
    let emu = saved();
    let after = |rule: &str| {
        emu.tree("src", "file a.txt \"A\" mtime=1700000000\nfile b.odt \"newer\" mtime=4000000000\nfile d/c.txt \"old\" mtime=1");
        emu.shell("rm -f src/d/e/f.odt").succeeds();
        emu.inside("src").ok(&["checkout", "HEAD", "--overwrite", rule, "--", "a.txt", "b.odt", "d"]);
        assert_eq!(text(&emu, "src/d/e/f.odt").as_deref(), Some("f"), "{rule}");
        ["src/a.txt", "src/b.odt", "src/d/c.txt"].map(|path| text(&emu, path).unwrap())
    };
    assert_eq!(after("always"), ["a", "b", "c"]);
    assert_eq!(after("if-changed"), ["A", "b", "c"]);
    assert_eq!(after("if-newer"), ["A", "newer", "c"]);
    assert_eq!(after("never"), ["A", "newer", "old"]);
    emu.inside("src").fails(&["checkout", "HEAD", "--overwrite=never"], 2);
    // What is in the way of something else stays as well.
    emu.shell("rm -r src/d && echo mine > src/d").succeeds();
    let said = emu.inside("src").ok(&["checkout", "HEAD", "--overwrite=never", "--", "d"]);
    assert!(said.contains("1 left as they are"), "{said}");
    assert_eq!(text(&emu, "src/d").as_deref(), Some("mine\n"));
}
