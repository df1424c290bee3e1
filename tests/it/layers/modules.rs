//! Layers point down, stages do not call stages, threads start in few places.

use super::uses::{module, references};
use super::{none, shipped, sources};

/// From the top to the bottom. A module may use its own folder and what stands on a lower line.
const LAYERS: &[&[&str]] = &[
    &["bin"],
    &["cmd"],
    &["ui", "record"],
    &["snapshot", "restore", "history"],
    &["source"],
    &["sink"],
    &["fs"],
    &["config", "clock"],
    &["tree"],
    &["progress", "interrupt"],
    &["error"],
    &["quote"],
];

/// (file or folder, module): what may be used on the same or a higher line, and why.
const SIDEWAYS: &[(&str, &str)] = &[];

/// Files of the pipeline that compose stages, beside `mod.rs`: each is one way through it.
const COMPOSERS: &[&str] = &["admit", "begin", "feed", "link", "list"];

/// Files of the pipeline that hold what stages hand to each other; any stage may name them.
const VALUES: &[&str] = &["plan", "lane", "copy", "journal", "unchanged"];

/// (stage, what of another stage it may name), and why.
const STAGE_VALUES: &[(&str, &str)] = &[
    // A stage is its threads; what a worker and the sealing thread do stands in files of their own.
    ("stage", "place"),
    ("stage", "seal"),
    ("seal", "stage::Placed"),
    ("seal", "place"),
    ("stage", "old"),
    ("old", "stage::Batch"),
    // What was read is an entry by the scan's rules, whoever reads it.
    ("place", "scan"),
    ("unchanged", "scan"),
    // Recovery finishes what a commit or a removal began, by their own steps.
    ("recover", "commit"),
    ("recover", "remove"),
    // Rotation applied: verdicts, then removals.
    ("retire", "rotate"),
    ("retire", "remove"),
    // A tree that is retired may become a spare.
    ("remove", "spare"),
    ("retire", "spare"),
    // Spares are given up together with stagings.
    ("bases", "spare"),
    // The verdicts on a staged tree compare it with the last complete snapshot, and are plain values.
    ("limits", "survival"),
    ("commit", "limits::Marks"),
    ("lane", "survival::Fresh"),
    ("seal", "survival::Fresh"),
    // What was met on the way, and what a rotation did, as plain values.
    ("limits", "feed::Met"),
    ("report", "retire::Rotated"),
    // Removals that somebody asked for, by the steps of all removals.
    ("prune", "remove"),
    ("clean", "remove"),
    ("clean", "spare"),
    // A test beside its file.
    ("rotate_tests", "rotate"),
];

/// Files and folders that start threads; all are joined before the call returns, but for the one that
/// waits for signals as long as the process lives.
const THREADS: &[&str] = &[
    "src/fs/walk",
    "src/fs/remove",
    "src/snapshot/stage",
    "src/restore/verify",
    "src/history/frames",
    "src/ui/progress",
    "src/interrupt",
];

/// Words that no module is named with, because everything fits in it.
const VAGUE: &[&str] = &["util", "utils", "misc", "common", "shared", "stuff"];

/// Whether `path` is `allowed` or inside it.
fn within(path: &str, allowed: &str) -> bool {
    path == allowed || path.strip_prefix(allowed).is_some_and(|rest| rest.starts_with("::"))
}

fn level(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

#[test]
fn layers_point_down() {
    let mut found = Vec::new();
    for source in shipped().iter().filter(|source| source.path != "src/lib.rs") {
        let own = module(&source.path).remove(0);
        let Some(own_level) = level(&own) else {
            found.push(format!("{}: '{own}' stands on no layer", source.path));
            continue;
        };
        for (at, path) in references(source) {
            let Some(target) = path.first().filter(|target| **target != own) else { continue };
            let below = level(target).is_some_and(|level| level > own_level);
            let joined = path.join("::");
            let excepted =
                SIDEWAYS.iter().any(|(who, what)| source.path.starts_with(who) && within(&joined, what));
            if !below && !excepted {
                found.push(format!("{} ({own}) uses {joined}", source.place(at)));
            }
        }
    }
    none("a module uses only what stands below it", found);
}

#[test]
fn only_the_pipeline_itself_composes_stages() {
    let stages = shipped().into_iter().filter(|source| source.path.starts_with("src/snapshot/"));
    let stages: Vec<_> = stages.filter(|source| source.path != "src/snapshot/mod.rs").collect();
    let composes = |own: &String| COMPOSERS.contains(&own.as_str());
    let names: Vec<String> =
        stages.iter().filter_map(|source| module(&source.path).get(1).cloned()).collect();
    let mut found = Vec::new();
    for source in &stages {
        let own = &module(&source.path)[1];
        for (at, path) in references(source) {
            let [folder, stage, ..] = path.as_slice() else { continue };
            let value = path[1..].join("::");
            let excepted = STAGE_VALUES.iter().any(|(who, what)| who == own && within(&value, what));
            let allowed = excepted || composes(own) || VALUES.contains(&stage.as_str());
            if folder == "snapshot" && stage != own && names.contains(stage) && !allowed {
                found.push(format!("{} uses {value}", source.place(at)));
            }
        }
    }
    none("no stage uses another; src/snapshot/mod.rs composes them", found);
}

#[test]
fn threads_start_in_few_places() {
    let mut found = Vec::new();
    for source in
        shipped().iter().filter(|source| !THREADS.iter().any(|allowed| source.path.starts_with(allowed)))
    {
        for word in ["thread::scope", "thread::spawn", "thread::Builder", "spawn("] {
            // A process is spawned without arguments.
            let is_thread = |at: &usize| !source.code[*at..].starts_with("spawn()");
            found.extend(source.find(word).into_iter().filter(is_thread).map(|at| source.place(at)));
        }
    }
    none("threads start in other files only", found);
}

#[test]
fn no_module_is_a_drawer_for_everything() {
    let is_vague = |name: &str| VAGUE.contains(&name) || (name.starts_with("help") && name != "help");
    let vague = |path: &str| module(path).iter().any(|name| is_vague(name));
    let files = [sources("src"), sources("tests"), sources("benches")].concat();
    none(
        "a module is named for what it holds",
        files.into_iter().map(|source| source.path).filter(|path| vague(path)),
    );
}

#[test]
fn every_file_opens_with_what_it_is_for() {
    let files = [sources("src"), sources("tests"), sources("benches")].concat();
    let silent = files.into_iter().filter(|source| !source.text.starts_with("//!"));
    none("the first line begins with //!", silent.map(|source| source.path));
}
