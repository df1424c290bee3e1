//! Lost manifests: put back if the very same bytes stand elsewhere.

use crate::job::{Job, id};

/// A source with two sinks that have had the same pushes.
fn two_sinks() -> Job {
    let job = Job::new("file f 0644 size=5000 seed=1 mtime=5");
    job.ok(&["-S", "src", "sink", "add", "other", "./other"]);
    job.push(&[]).succeeds();
    job
}

#[test]
fn another_sink_has_the_manifest_and_then_the_files_are_checked_by_it() {
    let job = two_sinks();
    let manifest = job.sink().join(".emu/manifests").join(id(&job.nodes()[0]));
    let good = std::fs::read(&manifest).unwrap();
    let file = job.sink().join("latest/f").canonicalize().unwrap();
    for damage in [&b"garbage"[..], b""] {
        std::fs::write(&manifest, damage).unwrap();
        std::fs::write(&file, "damaged").unwrap();
        let said = job.emu.run(&["-S", "src", "verify", "--repair", "--dry-run", "origin"]).exits(4).stdout;
        assert!(
            said.contains("; can be repaired from '") && said.contains("/other/.emu/manifests/"),
            "{said}"
        );
        assert_eq!(std::fs::read(&manifest).unwrap(), damage);
        let said = job.ok(&["-S", "src", "verify", "--repair", "origin"]);
        assert!(said.contains("manifest: expected a sound manifest") && said.contains("'f': size"), "{said}");
        assert!(std::fs::read(&manifest).unwrap() == good);
        assert_eq!(std::fs::metadata(&file).unwrap().len(), 5000);
        job.ok(&["-S", "src", "verify"]);
    }
    std::fs::remove_file(&manifest).unwrap();
    job.ok(&["-S", "src", "verify", "--repair", "origin"]);
    job.ok(&["-S", "src", "verify"]);
    job.push(&[]).succeeds();
}
