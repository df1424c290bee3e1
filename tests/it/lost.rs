//! The bad day: the source is gone, and so is everything else but the sink.

use crate::env::{Emu, need_tool};
use crate::job::Job;
use crate::tree;

#[test]
fn a_sink_alone_is_enough_to_see_check_and_restore() {
    let job = Job::pushed("dir d 0755\nfile d/a 0640 \"content\"\nlink b = d/a\nsymlink s -> d/a");
    let sink = job.sink();
    let sink = sink.to_str().unwrap();
    let before = tree::print(&job.src());
    std::fs::remove_dir_all(job.src()).unwrap();
    let bare = |args: &[&str]| {
        let mut command = job.emu.command("emu", args);
        command.current_dir("/").env_remove("HOME").env_remove("XDG_CONFIG_HOME");
        job.emu.session().collect(command, format!("emu {}", args.join(" ")), b"").succeeds()
    };
    assert!(bare(&["log", sink]).stdout.contains("HEAD"));
    assert!(bare(&["verify", sink]).stdout.contains("no damage"));
    let to = job.emu.path("back");
    bare(&["checkout", &format!("{sink}:HEAD"), "--to", to.to_str().unwrap()]);
    assert_eq!(tree::print(&to), before);
}

/// The pipeline in a loop while pushes run beside it: each run says what happened, none hangs,
/// and nothing is left over.
#[test]
fn pipelines_and_pushes_side_by_side_leave_no_staging() {
    if !need_tool("bash") {
        return;
    }
    let job = Job::pushed("dir d 0755\nfile d/a 0644 size=200000 seed=1\nfile b 0644 size=90000 seed=2");
    let sink = job.sink();
    let sink = sink.to_str().unwrap();
    let pushes = std::thread::scope(|scope| {
        let pushing = scope.spawn(|| {
            let run = |n: u32| {
                std::fs::write(job.src().join("changing"), n.to_string()).unwrap();
                job.emu.run(&["-S", "src", "push"]).status
            };
            (0..25).map(run).collect::<Vec<i32>>()
        });
        for _ in 0..25 {
            let line = format!(
                "emu-hash-tree src --against {sink} | emu-link-snapshot --sink {sink} --source src | \
                 emu-commit-snapshot --sink {sink}"
            );
            let output = job.emu.shell(&line);
            assert!([0, 1, 11].contains(&output.status), "{output}");
        }
        pushing.join().unwrap()
    });
    assert!(pushes.iter().all(|status| [0, 11].contains(status)), "{pushes:?}");
    let left = std::fs::read_dir(format!("{sink}/.emu/staging")).unwrap().count();
    assert_eq!(left, 0, "stagings left over");
    job.ok(&["verify", sink]);
    quiet_pipeline_equals_push(&job, sink);
}

fn quiet_pipeline_equals_push(job: &Job, sink: &str) {
    job.ok(&["-S", "src", "push"]);
    let line = format!(
        "emu-hash-tree src --against {sink} | emu-link-snapshot --sink {sink} --source src | \
         emu-commit-snapshot --sink {sink} && emu-rotate --sink {sink}"
    );
    job.emu.shell(&line).succeeds();
    let trees: Vec<String> = job
        .emu
        .run(&["log", "--json", sink])
        .records()
        .iter()
        .take(2)
        .map(|record| record["tree"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(trees[0], trees[1]);
    tree::assert_same(&job.src(), &std::fs::canonicalize(format!("{sink}/latest")).unwrap());
}

/// Not used elsewhere, but a source that never was one gets the same plain answer.
#[test]
fn a_directory_that_is_no_source_is_named_with_the_way_out() {
    let emu = Emu::new();
    std::fs::create_dir(emu.path("plain")).unwrap();
    let said = emu.fails(&["-S", "plain", "push"], 10);
    assert!(said.starts_with("error: ") && said.contains("hint: "), "{said}");
}
