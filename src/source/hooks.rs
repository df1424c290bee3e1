//! Hooks: executables in the source's `.emu/hooks` that run before and after a push or a checkout.

use super::{Source, layout};
use crate::error::{Doing as _, Error, Result};
use crate::fs::Errno;
use crate::quote::quoted_path;
use crate::tree::Kind;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// When a hook runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hook {
    /// Before any sink is opened; a failure ends the push.
    PrePush,
    /// After every sink got its snapshot.
    PostPush,
    /// After a push that failed.
    PushFailed,
    /// Before a checkout changes the source; a failure ends it.
    PreCheckout,
    /// After a checkout of the source.
    PostCheckout,
}

/// Every hook, in the order of the manual.
pub const HOOKS: [Hook; 5] =
    [Hook::PrePush, Hook::PostPush, Hook::PushFailed, Hook::PreCheckout, Hook::PostCheckout];

/// What `init` puts there: examples that do nothing until they are renamed and made executable.
pub(super) const SAMPLES: [(&str, &str); 5] = [
    ("pre-push.sample", include_str!("samples/pre-push")),
    ("post-push.sample", include_str!("samples/post-push")),
    ("push-failed.sample", include_str!("samples/push-failed")),
    ("push-from-lvm.sample", include_str!("samples/push-from-lvm")),
    ("push-from-btrfs.sample", include_str!("samples/push-from-btrfs")),
];

impl Hook {
    /// The name of its file.
    pub fn name(self) -> &'static str {
        match self {
            Hook::PrePush => "pre-push",
            Hook::PostPush => "post-push",
            Hook::PushFailed => "push-failed",
            Hook::PreCheckout => "pre-checkout",
            Hook::PostCheckout => "post-checkout",
        }
    }
}

/// What a hook is told.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// The exit status so far; empty before the work.
    pub result: &'a str,
    /// What comes on its standard input: a record of type `summary`, or nothing.
    pub input: &'a str,
}

impl Source {
    /// The file of a hook, if it is there and may be run.
    ///
    /// # Errors
    /// The directory of hooks cannot be looked at.
    pub fn hook(&self, hook: Hook) -> Result<Option<PathBuf>> {
        let place = self.path.join(".emu/hooks");
        let cannot = || format!("cannot look into {}", quoted_path(&place));
        let dir = match self.emu.open_dir(layout::HOOKS) {
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => return Ok(None),
            dir => dir.doing(cannot)?,
        };
        let stat = dir.stat_if_there(hook.name().as_bytes()).doing(cannot)?;
        let runs = stat.is_some_and(|stat| stat.kind == Kind::File && stat.mode & 0o111 != 0);
        Ok(runs.then(|| place.join(hook.name())))
    }

    /// Runs a hook in the source's root, if there is one; what it prints goes to `output`.
    ///
    /// # Errors
    /// It cannot be started, or ended with another status than 0.
    pub fn run_hook(&self, hook: Hook, told: Told<'_>, output: Stdio) -> Result<()> {
        let Some(path) = self.hook(hook)? else { return Ok(()) };
        let cannot = || format!("cannot run the hook {}", quoted_path(&path));
        let mut command = Command::new(&path);
        command.current_dir(&self.path).env("EMU_SOURCE", &self.path).env("EMU_RESULT", told.result);
        let child = command.stdin(Stdio::piped()).stdout(output).spawn();
        let interpreter = "is what its first line (#!) names installed?";
        let mut child = child.doing(cannot).map_err(|error| error.hint(interpreter))?;
        if let Some(mut stdin) = child.stdin.take() {
            // A hook that does not read it is none the worse for that.
            let _ = stdin.write_all(told.input.as_bytes());
        }
        let status = child.wait().doing(cannot)?;
        if status.success() {
            return Ok(());
        }
        let how = match status.code() {
            Some(code) => format!("it ended with exit status {code}"),
            None => "it was ended by a signal".to_owned(),
        };
        Err(Error::failed(format!("the hook {} failed", quoted_path(&path)))
            .because(how)
            .hint("--no-hooks goes on without hooks"))
    }
}
