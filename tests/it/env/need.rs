//! What a test needs and not every machine has. A test that must skip says so; where
//! `EMU_TEST_REQUIRE_ALL=1` is set nothing may skip, so it fails instead.

use std::io::Write;
use std::path::Path;

/// True if the tests run as root.
pub fn need_root() -> bool {
    need(rustix::process::geteuid().is_root(), "root")
}

/// True if this program is installed.
pub fn need_tool(tool: &str) -> bool {
    need(installed(tool), tool)
}

/// True if images with this file system ("ext4", "xfs", "btrfs") can be made and mounted.
pub fn need_loop(kind: &str) -> bool {
    need(rustix::process::geteuid().is_root(), "root")
        && need(Path::new("/dev/loop-control").exists(), "loop devices")
        && need_tool(&format!("mkfs.{kind}"))
        && (kind == "btrfs" || need_tool("xfs_io"))
}

/// Searches PATH and the places of system programs.
fn installed(tool: &str) -> bool {
    let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin";
    path.split(':').any(|dir| Path::new(dir).join(tool).is_file())
}

/// The standard library names the thread of a test after the test.
fn need(there: bool, what: &str) -> bool {
    if there {
        return true;
    }
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    let must_run = std::env::var("EMU_TEST_REQUIRE_ALL").is_ok_and(|value| value == "1");
    assert!(!must_run, "{test} needs {what}, and EMU_TEST_REQUIRE_ALL=1 lets no test skip");
    // Not eprintln!, which the test runner keeps back when a test passes.
    drop(writeln!(std::io::stderr(), "skipped: {test} needs {what}"));
    false
}
