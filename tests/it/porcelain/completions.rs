//! `emu completions`: the scripts, and what fits at the end of a line. The shells themselves are
//! tested in `completions/`.

use std::os::unix::fs::PermissionsExt;

use crate::env::{Emu, give, need_root, need_tool};
use crate::job::Job;

/// What fits behind these words, as zsh asks.
fn fits(job: &Job, words: &[&str]) -> Vec<String> {
    let args = [&["completions", "zsh", "--answer", "--"], words].concat();
    let said = job.emu.inside("src").run(&args).succeeds();
    assert_eq!(said.stderr, "", "{words:?}");
    said.stdout.lines().skip(1).map(|line| line.split('\t').next().unwrap().to_owned()).collect()
}

/// What the shell is to add for these words.
fn files(job: &Job, words: &[&str]) -> String {
    let args = [&["completions", "zsh", "--answer", "--"], words].concat();
    job.emu.inside("src").ok(&args).lines().next().unwrap().to_owned()
}

fn job() -> Job {
    let job = Job::new("dir d 0755\nfile d/x 0644 \"x\"\nfile .hid 0644 \"h\"\nfile paper 0644 \"p\"");
    std::fs::write(job.src().join("my file"), "m").unwrap();
    job.ok(&["-S", "src", "sink", "add", "usb", "./usb"]);
    job.push(&["-m", "one"]).succeeds();
    job.push(&["-m", "two"]).succeeds();
    job
}

#[test]
fn the_script_of_each_shell_is_printed() {
    let emu = Emu::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = emu.ok(&["completions", shell]);
        assert!(script.contains("emu completions ") && script.contains("emu-hash-tree"), "{script}");
    }
    assert!(emu.fails(&["completions", "csh"], 2).contains("allowed are bash, zsh, fish"));
    emu.fails(&["completions"], 2);
}

#[test]
fn commands_options_and_values_are_offered() {
    let job = job();
    assert_eq!(fits(&job, &["emu", "pu"]), ["push"]);
    assert_eq!(
        fits(&job, &["emu", "sink", ""]),
        ["list", "add", "rm", "rename", "set", "move", "adopt", "clean"]
    );
    assert_eq!(fits(&job, &["emu", "push", "--allow-m"]), ["--allow-moved"]);
    assert_eq!(fits(&job, &["emu", "log", "--color", "a"]), ["auto", "always"]);
    assert_eq!(fits(&job, &["emu", "checkout", "--overwrite=if-n"]), ["--overwrite=if-newer"]);
    assert_eq!(fits(&job, &["emu", "help", "rev"]), ["rev-parse", "revisions"]);
    assert_eq!(fits(&job, &["emu", "completions", ""]), ["bash", "zsh", "fish"]);
    assert_eq!(fits(&job, &["/usr/bin/emu-rotate", "--sin"]), ["--sink"]);
    assert!(fits(&job, &["emu", "version", ""]).contains(&"--json".to_owned()));
    assert_eq!(fits(&job, &["emu", "log", "-n", ""]), [""; 0]);
}

#[test]
fn values_of_settings_are_offered_where_they_are_few() {
    let job = job();
    assert!(fits(&job, &["emu", "config", "get", ""]).contains(&"push.torn".to_owned()));
    assert_eq!(fits(&job, &["emu", "config", "unset", "push.o"]), ["push.one-file-system"]);
    assert_eq!(fits(&job, &["emu", "config", "add", ""]), ["push.unread-ok", "safe.directory"]);
    let set = |key: &str, begun: &str| fits(&job, &["emu", "config", "--user", "set", key, begun]);
    assert_eq!(set("rotate.spare", ""), ["true", "false"]);
    assert_eq!(set("push.compare", ""), ["strict", "no-inode", "mtime"]);
    assert_eq!(set("push.torn", "e"), ["error"]);
    assert_eq!(set("core.default-sink", ""), ["origin", "usb"]);
    assert_eq!(set("rotate.keep-daily", ""), [""; 0]);
    assert_eq!(set("no.such", ""), [""; 0]);
    assert_eq!(files(&job, &["emu", "config", "add", "safe.directory", ""]), "directories");
    // What is offered can be set.
    for (key, value) in
        [("rotate.spare", "false"), ("push.compare", "no-inode"), ("core.default-sink", "usb")]
    {
        job.ok(&["-S", "src", "config", "set", key, value]);
    }
}

#[test]
fn nothing_is_offered_behind_an_option_that_a_command_does_not_have() {
    let job = job();
    for words in
        [&["emu", "rotate", "--sink", ""][..], &["emu", "push", "--frob=1", "u"], &["emu", "push", "-vX", ""]]
    {
        assert_eq!(fits(&job, words), [""; 0], "{words:?}");
    }
    // Other names of options, flags in one word, and numbers are no such options.
    for words in [
        &["emu", "log", "--oneline", "o"][..],
        &["emu", "log", "--after", "2d", "o"],
        &["emu", "log", "-rs", "-n", "3", "o"],
        &["emu", "log", "-rsn3", "o"],
        &["emu", "log", "-3", "o"],
    ] {
        assert_eq!(fits(&job, words), ["origin:"], "{words:?}");
    }
}

#[test]
fn sinks_are_offered_where_a_sink_belongs() {
    let job = job();
    for words in [&["emu", "push", ""][..], &["emu", "ls", "--sink", ""], &["emu", "sink", "rm", ""]] {
        assert_eq!(fits(&job, words), ["origin", "usb"], "{words:?}");
    }
    assert_eq!(fits(&job, &["emu", "ls", "--sink=u"]), ["--sink=usb"]);
    // One that is there already may stand there twice; a path is the shell's business.
    assert_eq!(files(&job, &["emu", "push", "/tm"]), "directories");
    assert_eq!(files(&job, &["emu", "push", "us"]), "none");
    assert_eq!(files(&job, &["emu", "init", ""]), "directories");
}

#[test]
fn revisions_are_offered_with_and_without_a_sink() {
    let job = job();
    assert_eq!(fits(&job, &["emu", "checkout", "H"]), ["HEAD"]);
    assert_eq!(fits(&job, &["emu", "checkout", "origin:H"]), ["origin:HEAD"]);
    assert_eq!(fits(&job, &["emu", "log", "TAIL..H"]), ["TAIL..HEAD"]);
    assert_eq!(fits(&job, &["emu", "show", "HEAD~"]), ["HEAD~1"]);
    assert_eq!(fits(&job, &["emu", "show", "--sink", "usb", "TAIL~"]), ["TAIL~1"]);
    assert_eq!(fits(&job, &["emu", "show", "@{y"]), ["@{yesterday}"]);
    let all = fits(&job, &["emu", "log", ""]);
    let node = job.node();
    let (id, name) = (node["id"].as_str().unwrap(), node["name"].as_str().unwrap());
    assert!(
        ["HEAD", "TAIL", "origin:", "usb:", name].iter().all(|word| all.contains(&(*word).to_owned())),
        "{all:?}"
    );
    assert!(!all.contains(&id[..12].to_owned()), "{all:?}");
    assert!(fits(&job, &["emu", "log", &id[..5]]).contains(&id[..12].to_owned()));
    let path = job.sink();
    let path = path.to_str().unwrap();
    assert_eq!(fits(&job, &["emu", "log", path]), [format!("{path}:")]);
    assert_eq!(fits(&job, &["emu", "log", &format!("{path}:H")]), [format!("{path}:HEAD")]);
}

#[test]
fn paths_are_those_of_the_snapshot() {
    let job = job();
    std::fs::remove_file(job.src().join("paper")).unwrap();
    assert_eq!(fits(&job, &["emu", "cat", "HEAD:"]), ["HEAD:d/", "HEAD:my file", "HEAD:paper"]);
    assert_eq!(fits(&job, &["emu", "cat", "HEAD:."]), ["HEAD:.hid"]);
    assert_eq!(fits(&job, &["emu", "ls", "origin:HEAD:d/"]), ["origin:HEAD:d/x"]);
    assert_eq!(fits(&job, &["emu", "cat", "HE"]), ["HEAD:"]);
    assert_eq!(fits(&job, &["emu", "checkout", "HEAD", "--", "pa"]), ["paper"]);
    assert_eq!(fits(&job, &["emu", "log", "--", "d/"]), ["d/x"]);
    assert_eq!(fits(&job, &["emu", "path", "usb:HEAD", "pa"]), ["paper"]);
    assert_eq!(fits(&job, &["emu-ls-tree", "HEAD", "d/", "my"]), ["my file"]);
    // Relative to where the user is; with --to to the root.
    let ask = |words: &[&str]| {
        let args = [&["completions", "fish", "--answer", "--", "emu", "-C", "d", "checkout"], words].concat();
        job.emu.inside("src").ok(&args)
    };
    assert_eq!(ask(&["HEAD", "--", ""]), "none\nx\t\n");
    assert_eq!(ask(&["HEAD", "--", "../pa"]), "none\n../paper\t\n");
    assert_eq!(ask(&["HEAD", "--to", "y", "--", "pa"]), "none\npaper\t\n");
    assert_eq!(fits(&job, &["emu", "cat", "HEAD:/"]), ["HEAD:/d/", "HEAD:/my file", "HEAD:/paper"]);
    for outside in ["HEAD:../", "HEAD:d/../", "HEAD:/../", "HEAD:none/", "HEAD:paper/"] {
        assert_eq!(fits(&job, &["emu", "cat", outside]), [""; 0], "{outside}");
    }
}

#[test]
fn names_with_control_characters_are_not_offered() {
    let job = Job::pushed("file a 0644 \"a\"");
    std::fs::write(job.src().join("b\nc\tx"), "").unwrap();
    std::fs::write(job.src().join("e\u{1b}[31m"), "").unwrap();
    std::fs::write(job.src().join("f\u{202e}txt.exe"), "").unwrap();
    job.push(&[]).succeeds();
    assert_eq!(fits(&job, &["emu", "cat", "HEAD:"]), ["HEAD:a"]);
}

#[test]
fn nothing_is_said_where_nothing_can_be_known() {
    let job = job();
    std::fs::rename(job.emu.path("usb"), job.emu.path("away")).unwrap();
    assert_eq!(fits(&job, &["emu", "log", "usb:"]), [""; 0]);
    assert_eq!(fits(&job, &["emu", "log", "H"]), ["HEAD"]);
    // A damaged record, a damaged HEAD, no sink at all.
    let node = job.sink().join(".emu/nodes").join(job.node()["id"].as_str().unwrap());
    std::fs::write(node, "garbage").unwrap();
    std::fs::write(job.sink().join(".emu/HEAD"), "garbage").unwrap();
    assert_eq!(fits(&job, &["emu", "log", "H"]), ["HEAD"]);
    std::fs::write(job.sink().join(".emu/sink"), "garbage").unwrap();
    assert_eq!(fits(&job, &["emu", "log", "H"]), [""; 0]);
    std::fs::write(job.src().join(".emu/config"), "garbage").unwrap();
    assert_eq!(fits(&job, &["emu", "push", ""]), [""; 0]);
    for words in [
        &["emu", "-C", "none", "log", ""][..],
        &["emu", "nothing", ""],
        &["emu", "log", "--", "..", ""],
        &["emu"],
        &[],
    ] {
        fits(&job, words);
    }
    let no_source = Emu::new().ok(&["completions", "zsh", "--answer", "--", "emu", "push", ""]);
    assert_eq!(no_source, "none\n");
}

#[test]
fn asking_writes_nothing_and_waits_for_no_lock() {
    let job = job();
    let stamp = |job: &Job| job.emu.shell("find src sink -printf '%p %C@ %T@\\n' | sort").succeeds().stdout;
    let before = stamp(&job);
    let locked = "exec 9<>sink/.emu/LOCK; flock 9; cd src; emu completions zsh --answer -- emu cat HEAD:d/";
    assert_eq!(job.emu.shell(locked).succeeds().stdout, "none\nHEAD:d/x\t\n");
    fits(&job, &["emu", "checkout", "origin:"]);
    assert_eq!(stamp(&job), before);
}

#[test]
fn a_path_costs_one_directory_and_no_manifest() {
    if !need_tool("strace") {
        return;
    }
    let job = job();
    let line = "strace -f -qq -o trace -e trace=openat,openat2,flock \
                emu -C src completions zsh --answer -- emu cat HEAD:d/";
    job.emu.shell(line).succeeds();
    let trace = std::fs::read_to_string(job.emu.path("trace")).unwrap();
    for never in ["\"manifests\"", "\"index\"", "O_CREAT", "O_WRONLY", "O_RDWR", "flock("] {
        assert!(!trace.contains(never), "{never}: {trace}");
    }
    assert_eq!(trace.matches("\"d\"").count(), 1, "{trace}");
}

#[test]
fn root_reads_no_sinks_of_a_source_that_is_not_its_own() {
    if !(need_root() && need_tool("setpriv")) {
        return;
    }
    let job = job();
    give(&job.src(), 1234);
    assert_eq!(fits(&job, &["emu", "push", ""]), [""; 0]);
    assert_eq!(fits(&job, &["emu", "log", "H"]), [""; 0]);
}

#[test]
fn a_directory_that_may_not_be_read_has_no_names() {
    if !(need_root() && need_tool("setpriv")) {
        return;
    }
    let job = job();
    let sink = job.sink();
    std::fs::set_permissions(&sink, PermissionsExt::from_mode(0o700)).unwrap();
    let word = format!("{}:HEAD:", sink.display());
    let user = job.emu.as_user(1234);
    let said = user.run(&["completions", "zsh", "--answer", "--", "emu", "cat", &word]).succeeds();
    assert_eq!((said.stdout.lines().count(), &*said.stderr), (1, ""));
}

#[test]
fn bash_gets_what_replaces_its_piece_of_the_line() {
    let job = job();
    let ask = |line: &str, piece: &str| {
        job.emu.inside("src").ok(&["completions", "bash", "--answer", "--", line, piece])
    };
    assert_eq!(ask("emu checkout origin:H", "H"), "none\nHEAD \n");
    assert_eq!(ask("emu cat HEAD:my", "my"), "none\nmy\\ file \n");
    assert_eq!(ask("emu cat 'HEAD:my", "HEAD:my"), "none\nHEAD:my file\n");
    assert_eq!(ask("emu cat HEAD:", ""), "none\nd/\nmy\\ file \npaper \n");
    assert_eq!(ask("emu ls --sink=o", "o"), "none\norigin \n");
}
