//! The schemas of `emu-json.5`, declared once more: a field that is renamed, re-typed or added
//! without a word in the page fails here.

use crate::env::{Output, need_tool};
use crate::job::Job;
use std::collections::{BTreeMap, BTreeSet};

/// (type, fields that every record of it has, fields that it may have).
const SCHEMAS: &[(&str, &str, &str)] = &[
    (
        "snapshot",
        "v id seq line push source machine sink time tz host user uid name manifest tree counts durability \
         compare tool head pinned path",
        "parent fork message partial shrunk churned misdated churn source_fs mounts excluded unread pinned_until damaged",
    ),
    ("summary", "command seconds exit", "*"),
    ("rotation", "id action reasons", ""),
    ("removed", "id freed", ""),
    ("rev", "rev id sink sink_path tree_path", ""),
    ("staged", "txid sink manifest tree entries unread", "parent"),
    ("change", "path kind how", "before after from from_b64"),
    (
        "status",
        "name path present too_old",
        "why head time age snapshots damaged damaged_entries spares free changes",
    ),
    ("found", "path sink first last snapshots entry", "path_b64"),
    ("finding", "id what shared", "path path_b64 expected found repaired unrepaired anew"),
    ("setting", "key origin", "value"),
    ("excluded", "path excluded", "path_b64 pattern origin line mark larger_than"),
    ("installed", "path", "path_b64"),
    ("usage", "sink snapshots bytes", "alone id at_most"),
    ("leftover", "sink what name bytes", ""),
    ("error", "class exit message", "hint"),
    ("manifest", "v users groups", ""),
    (
        "entry",
        "kind mode uid gid mtime ino ctime",
        "path path_b64 size sha256 target nlink racy torn xattrs links made made_as made_as_b64",
    ),
    ("unread", "path errno text", ""),
    ("exclusions", "v rules count paths mounts", ""),
    ("tree", "entries bytes tree", ""),
    ("sink", "name path id optional present", "device mount_point file_system free snapshots head why"),
];

fn words(text: &str) -> BTreeSet<&str> {
    text.split_whitespace().collect()
}

/// Checks every record of an output; returns the types that were met.
fn check(output: &Output, met: &mut BTreeMap<String, String>) {
    for record in output.records() {
        let fields = record.as_object().unwrap();
        let ty = fields["type"].as_str().unwrap();
        let (_, needed, optional) =
            SCHEMAS.iter().find(|(name, ..)| *name == ty).unwrap_or_else(|| panic!("{ty}"));
        let (needed, optional) = (words(needed), words(optional));
        for field in &needed {
            assert!(fields.contains_key(*field), "{ty} lacks {field}: {record}");
        }
        for field in fields.keys().filter(|field| *field != "type") {
            let known = needed.contains(field.as_str()) || optional.contains(field.as_str());
            let counted = optional.contains("*") && fields[field].is_u64();
            assert!(known || counted, "{ty} has a field that no page knows, {field}: {record}");
        }
        met.insert(ty.to_owned(), record.to_string());
    }
}

#[test]
fn every_record_has_the_fields_of_its_page_and_no_others() {
    let job = Job::new("file a 0644 \"one\"\nsymlink s -> a\nlink b = a\nfifo p 0644\nfile shut 0000 \"x\"");
    job.push_blind(&[]).exits(3);
    let mut met = BTreeMap::new();
    let sink = job.sink();
    let sink = sink.to_str().unwrap();
    job.edit("file c 0644 \"two\"");
    check(&job.emu.run(&["-S", "src", "push", "--dry-run", "--json"]), &mut met);
    check(&job.emu.run(&["-S", "src", "push", "--json", "-m", "second"]), &mut met);
    check(&job.emu.run(&["log", "--json", sink]), &mut met);
    check(&job.emu.run(&["-S", "src", "sink", "list", "--json"]), &mut met);
    check(&job.emu.program("emu-rev-parse", &[&format!("{sink}:HEAD~")]), &mut met);
    check(&job.emu.program("emu-ls-tree", &[&format!("{sink}:HEAD")]), &mut met);
    let manifest = job.emu.blind().pipe("emu-hash-tree", &["src"], b"");
    check(&manifest, &mut met);
    let staged = job.emu.pipe("emu-link-snapshot", &["--sink", sink, "--source", "src"], &manifest.bytes);
    check(&staged, &mut met);
    check(&job.emu.pipe("emu-commit-snapshot", &["--sink", sink], &staged.bytes), &mut met);
    check(&job.emu.program("emu-rotate", &["--sink", sink, "--keep-last", "1"]), &mut met);
    check(&job.emu.program("emu-rev-parse", &[&format!("{sink}:nothing")]), &mut met);
    std::fs::remove_file(format!("{sink}/latest/c")).unwrap();
    check(&job.emu.run(&["verify", "--json", sink]), &mut met);
    std::fs::write(format!("{sink}/latest/more"), "").unwrap();
    check(&job.emu.run(&["-S", "src", "verify", "--repair", "--json", sink]).exits(3), &mut met);
    check(&job.emu.run(&["-S", "src", "status", "--json"]), &mut met);
    check(&job.emu.run(&["find", "--json", "*", sink]), &mut met);
    std::os::unix::fs::symlink(format!(".emu/trees/{}", "0".repeat(40)), format!("{sink}/gone")).unwrap();
    check(&job.emu.run(&["du", "--json", sink]), &mut met);
    check(&job.emu.run(&["-S", "src", "config", "--json", "set", "rotate.keep-last", "2"]), &mut met);
    check(&job.emu.run(&["-S", "src", "config", "--json", "unset", "rotate.keep-last"]), &mut met);
    check(&job.emu.inside("src").run(&["check-exclude", "--exclude", "*.o", "x.o", "y"]), &mut met);
    check(&job.emu.run(&["install-files", "--prefix", "p", "--json"]), &mut met);
    let all: BTreeSet<String> = SCHEMAS.iter().map(|(name, ..)| (*name).to_owned()).collect();
    let types: BTreeSet<String> = met.keys().cloned().collect();
    assert_eq!(types, all, "a record type that no command printed here");
    one_line_of_jq(&job, &met);
}

#[test]
fn records_of_a_sink_with_a_damaged_manifest_have_no_other_fields() {
    let job = Job::pushed("file a 0644 \"one\"");
    job.edit("file a 0644 \"two\"").push(&[]).succeeds();
    std::fs::remove_file(job.manifest(1)).unwrap();
    let mut met = BTreeMap::new();
    for args in [&["log"][..], &["show", "TAIL"], &["du"], &["status"], &["rotate", "--dry-run"]] {
        check(&job.emu.inside("src").run(&[args, &["--json"]].concat()), &mut met);
    }
    let types: Vec<&str> = met.keys().map(String::as_str).collect();
    assert_eq!(types, ["exclusions", "rotation", "snapshot", "status", "usage"]);
}

/// (type, what a script would ask of such records): none may answer with null or nothing.
const QUESTIONS: &[(&str, &str)] = &[
    ("snapshot", r#""\(.time | fromdate) \(.id[:12]) \(.counts.copied)""#),
    ("summary", "[.command, .exit, .seconds] | @tsv"),
    ("rotation", r#""\(.action) \(.id) \(.reasons | join(", "))""#),
    ("removed", "[.id, .freed] | @tsv"),
    ("rev", ".tree_path"),
    ("staged", "[.txid, .tree, .entries] | @tsv"),
    ("change", "[.how, .kind, .path] | @tsv"),
    ("status", r#""\(.name): \(if .present then "\(.snapshots) snapshots" else .why end)""#),
    ("found", "[.path, .snapshots, .entry.mode] | @tsv"),
    ("finding", r#""\(.id[:12]) \(.what) \(.shared | length)""#),
    ("setting", "[.key, .origin] | @tsv"),
    ("excluded", r#"select(.excluded) | "\(.path): \(.pattern // .mark.path)""#),
    ("usage", "[.snapshots, .bytes, .alone] | @tsv"),
    ("leftover", "[.what, .name, .bytes] | @tsv"),
    ("installed", ".path"),
    ("error", r#""\(.class) \(.exit): \(.message)""#),
    ("manifest", ".v"),
    ("entry", r#""\(.kind) \(.mode) \(.path // (.path_b64 | @base64d))""#),
    ("unread", r#""\(.path): \(.text)""#),
    ("exclusions", r#""\(.count) \(.rules.patterns[0].from)""#),
    ("tree", "[.tree, .entries, .bytes] | @tsv"),
    ("sink", r#""\(.name) \(if .present then .free else .why end)""#),
];

fn one_line_of_jq(job: &Job, met: &BTreeMap<String, String>) {
    assert_eq!(QUESTIONS.len(), SCHEMAS.len());
    if !need_tool("jq") {
        return;
    }
    for (ty, question) in QUESTIONS {
        let mut record = met[*ty].clone();
        if *ty == "excluded" {
            record = record.replace("\"excluded\":false", "\"excluded\":true,\"pattern\":\"*.o\"");
        }
        let answer = job.emu.pipe("jq", &["-re", question], record.as_bytes()).succeeds().stdout;
        assert!(!answer.trim().is_empty() && !answer.contains("null"), "{ty}: {answer}");
    }
}
