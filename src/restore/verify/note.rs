//! The note that a verify leaves in the sink, in `verified/<id>`.

use super::{Checked, Reading};
use crate::error::{Doing as _, Result};
use crate::fs;
use crate::sink::{Sink, UNSOUND, layout};
use serde::Serialize;

/// The note of the last verify.
#[derive(Serialize)]
struct Verified<'a> {
    v: u32,
    id: &'a str,
    at: String,
    quick: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    subset: bool,
    entries: u64,
    bytes: u64,
    findings: u64,
    #[serde(skip_serializing_if = "is_zero")]
    unchecked: u64,
    #[serde(skip_serializing_if = "is_zero")]
    unattested: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    manifest: Option<&'static str>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference over")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// Leaves a note of the result. A sink that must not be written is no failure.
///
/// # Errors
/// It cannot be written for another reason.
pub fn note(sink: &Sink, checked: &Checked, reading: Reading) -> Result<()> {
    let cannot = || format!("cannot write {}", sink.inside(layout::VERIFIED));
    let note = Verified {
        v: 1,
        id: &checked.id,
        at: crate::clock::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        quick: reading == Reading::Nothing,
        subset: matches!(reading, Reading::Some(_)),
        entries: checked.entries,
        bytes: checked.bytes,
        findings: checked.findings,
        unchecked: checked.unchecked,
        unattested: checked.unattested,
        manifest: (!checked.sound).then_some(UNSOUND),
    };
    let text = serde_json::to_string(&note).doing(cannot)? + "\n";
    let Ok(dir) = sink.dir(layout::VERIFIED) else { return Ok(()) };
    match fs::replace_file(&dir, checked.id.as_bytes(), text.as_bytes()) {
        // EEXIST: another verify writes its own note just now.
        Err(fs::Errno::ROFS | fs::Errno::ACCESS | fs::Errno::PERM | fs::Errno::EXIST) => Ok(()),
        result => result.doing(cannot),
    }
}
