//! `emu init`.

use crate::env::{Emu, assert_shows};
use crate::tree::{Show, print_with};

#[test]
fn a_directory_becomes_a_source() {
    let emu = Emu::new();
    emu.tree("src", "file a \"text\"");
    assert_shows(&emu.run(&["init", "src"]), "$ emu init src\nsource 'ROOT/src': id <uuid1>");
    // A second time changes nothing.
    assert_shows(&emu.inside("src").run(&["init"]), "$ emu init\nsource 'ROOT/src': id <uuid1>");
    for name in ["source", "config", "excludes", "hooks", "sinks"] {
        assert!(emu.path("src/.emu").join(name).exists(), "{name}");
    }
}

#[test]
fn records_say_whether_the_source_is_new() {
    let emu = Emu::new();
    emu.tree("src", "");
    let new = || emu.run(&["init", "--json", "src"]).succeeds().records()[0]["new"].clone();
    assert_eq!([new(), new()], [true, false]);
}

#[test]
fn what_is_missing_is_made_again_and_the_id_comes_back_from_a_sink() {
    let emu = Emu::new();
    emu.tree("src", "");
    let id = || emu.run(&["init", "--json", "src"]).succeeds().records()[0]["id"].clone();
    let first = id();
    emu.inside("src").ok(&["sink", "add", "../sink"]);
    std::fs::write(emu.path("src/.emu/source"), "garbage").unwrap();
    std::fs::remove_file(emu.path("src/.emu/excludes")).unwrap();
    std::fs::write(emu.path("src/.emu/config"), "[push]\ncompare = \"mtime\"\n").unwrap();
    assert_eq!(id(), first);
    assert!(emu.path("src/.emu/excludes").exists());
    let config = std::fs::read_to_string(emu.path("src/.emu/config")).unwrap();
    assert_eq!(config, "[push]\ncompare = \"mtime\"\n");
}

#[test]
fn a_template_is_copied_without_what_is_the_sources_own() {
    let emu = Emu::new();
    emu.tree("src", "");
    emu.tree(
        "template",
        r#"
        file config "[push]\ntorn = \"error\"\n"
        file source "not this"
        dir sinks
        file sinks/other "nor this"
        dir hooks
        file hooks/pre-push 0755 "\#!/bin/sh\n"
        file hooks/readme 0644 "text"
        "#
        .replace("\\#", "#")
        .as_str(),
    );
    emu.ok(&["init", "--template-dir", "template", "src"]);
    let mode = |name: &str| {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::metadata(emu.path("src/.emu").join(name)).unwrap().permissions().mode() & 0o777
    };
    assert_eq!((mode("hooks/pre-push"), mode("hooks/readme")), (0o700, 0o600));
    let read = |name: &str| std::fs::read_to_string(emu.path("src/.emu").join(name)).unwrap();
    assert_eq!(read("config"), "[push]\ntorn = \"error\"\n");
    assert_ne!(read("source"), "not this");
    assert!(!emu.path("src/.emu/sinks/other").exists());
    // Again, after an edit: nothing is overwritten.
    std::fs::write(emu.path("src/.emu/config"), "").unwrap();
    emu.ok(&["init", "--template-dir", "template", "src"]);
    assert_eq!(read("config"), "");
}

/// What a push of a source with this preset leaves out of `tree`.
fn left_out(preset: &str, tree: &str) -> String {
    let emu = Emu::new();
    emu.tree("src", tree);
    emu.ok(&["init", "--preset", preset, "src"]);
    let said = emu.run(&["push", "--source", "src", "--to", "./sink"]).succeeds();
    assert!(!said.stderr.contains("warning"), "{said}");
    emu.ok(&["ls", "--excluded", "./sink:HEAD"])
}

#[test]
fn the_preset_home_excludes_caches_the_trash_and_thumbnails() {
    let tree = r#"
        file .cache/mozilla/x "x"
        file .local/share/Trash/files/x "x"
        file .local/share/keyrings/login "kept"
        file .thumbnails/x "x"
        dir .gvfs
        file .config/Code/Code\x20Cache/x "x"
        file .config/chromium/Default/Cache/x "x"
        file .config/chromium/Default/Bookmarks "kept"
        file .cargo/registry/x "x"
        file .cargo/config.toml "kept"
        file Documents/.cache/x "kept"
        file .bashrc "kept"
    "#;
    let expected = ".cache\n.gvfs\n.thumbnails\n.cargo/registry\n.config/Code/Code Cache\n\
                    .config/chromium/Default/Cache\n.local/share/Trash\n";
    assert_eq!(left_out("home", tree), expected);
}

#[test]
fn the_preset_system_keeps_mount_points_and_volumes_of_containers() {
    let tree = r#"
        file proc/1/status "x"
        dir sys
        file tmp/x "x"
        file swapfile "x"
        dir lost+found
        file var/lib/docker/overlay2/l/x "x"
        file var/lib/docker/volumes/db/x "kept"
        file etc/fstab "kept"
        file home/me/.cache/x "x"
        file home/me/tmp/x "kept"
    "#;
    let expected = "lost+found\nswapfile\nhome/me/.cache\nproc/1\ntmp/x\nvar/lib/docker/overlay2\n";
    assert_eq!(left_out("system", tree), expected);
}

#[test]
fn the_preset_project_excludes_what_tools_create_again() {
    let tree = r#"
        file web/node_modules/x/index.js "x"
        file web/src/index.js "kept"
        file rust/target/debug/x "x"
        file rust/src/target.rs "kept"
        file py/.venv/bin/python "x"
        file py/a/__pycache__/a.pyc "x"
        file py/a/a.py "kept"
        file build/keep "kept"
    "#;
    let expected = "py/.venv\npy/a/__pycache__\nrust/target\nweb/node_modules\n";
    let mut said: Vec<String> = left_out("project", tree).lines().map(|line| format!("{line}\n")).collect();
    said.sort();
    assert_eq!(said.concat(), expected);
}

#[test]
fn every_preset_is_made_of_valid_patterns_with_comments() {
    for preset in ["home", "system", "project"] {
        let emu = Emu::new();
        emu.tree("src", "file a \"a\"");
        emu.ok(&["init", "--preset", preset, "src"]);
        assert_eq!(emu.inside("src").run(&["check-exclude", "a"]).exits(1).stderr, "", "{preset}");
        let text = std::fs::read_to_string(emu.path("src/.emu/excludes")).unwrap();
        assert!(text.lines().filter(|line| line.starts_with("# ")).count() > 5, "{preset}");
    }
}

#[test]
fn a_preset_overwrites_no_excludes_of_the_user() {
    let emu = Emu::new();
    emu.tree("src", "");
    let text = || std::fs::read_to_string(emu.path("src/.emu/excludes")).unwrap();
    emu.ok(&["init", "src"]);
    // What init itself wrote gives way, and the same preset again changes nothing.
    emu.ok(&["init", "--preset", "project", "src"]);
    let preset = text();
    assert!(preset.contains("\nnode_modules/\n"));
    emu.ok(&["init", "--preset", "project", "src"]);
    assert_eq!(text(), preset);
    let said = emu.run(&["init", "--preset", "home", "src"]).exits(1);
    assert!(said.stderr.contains("it has other excludes already"), "{said}");
    assert_eq!(text(), preset);
    emu.run(&["init", "--preset", "office", "src"]).exits(2);
}

#[test]
fn init_in_a_home_directory_proposes_its_preset() {
    let emu = Emu::new();
    let home = emu.path("home");
    let hint = "hint: `emu init --preset home`";
    assert!(emu.run(&["init", home.to_str().unwrap()]).succeeds().stderr.contains(hint));
    emu.tree("src", "");
    assert_eq!(emu.run(&["init", "src"]).succeeds().stderr, "");
    let said = emu.run(&["init", "--preset", "home", home.to_str().unwrap()]).succeeds();
    assert_eq!(said.stderr, "");
}

#[test]
fn a_directory_that_cannot_be_a_source_is_left_as_it_was() {
    let emu = Emu::new();
    emu.tree("src", "");
    emu.ok(&["init", "src"]);
    emu.inside("src").ok(&["sink", "add", "../sink"]);
    emu.tree("sink/inner", "");
    let before = print_with(&emu.path("sink/inner"), Show::default());
    let said = emu.fails(&["init", "sink/inner"], 1);
    assert!(said.starts_with("error: cannot make a source of ") && said.contains("it lies in the sink"));
    assert_eq!(print_with(&emu.path("sink/inner"), Show::default()), before);
    assert!(emu.fails(&["init", "missing"], 10).contains("there is no such directory"));
    let said = emu.fails(&["init", "--template-dir", "missing", "src"], 1);
    assert!(said.starts_with("error: cannot open the template 'missing'"));
}
