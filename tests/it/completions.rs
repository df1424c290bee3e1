//! The completion scripts in the shells themselves, where keys are typed into a terminal.

mod bash;
mod fish;
mod zsh;

use crate::env::need_tool;
use crate::job::Job;

/// Types `keys` into a shell on a terminal, and then a marker; prints the line that was edited. The
/// arguments: what the shell says when it is ready, the keys, the command of the shell.
const TYPE: &str = r#"
import os, pty, select, sys, time
ready, keys, shell = sys.argv[1].encode(), sys.argv[2].encode().decode('unicode_escape').encode('latin-1'), sys.argv[3:]
pid, fd = pty.fork()
if pid == 0:
    os.execvp(shell[0], shell)
def until(mark, seconds):
    seen, end = b'', time.time() + seconds
    while mark not in seen and time.time() < end:
        if select.select([fd], [], [], 0.1)[0]:
            try: seen += os.read(fd, 4096)
            except OSError: break
    return seen
seen = until(ready, 20)
for key in keys.split(b'|'):
    os.write(fd, key)
    time.sleep(0.4 if key == b'\t' else 0.1)
os.write(fd, b'\r')
seen += until(b'<END>', 20)
os.kill(pid, 9)
sys.stdout.buffer.write(seen)
"#;

/// A source with two snapshots in `origin` and `usb`, and a stand-in that prints its arguments.
fn job() -> Job {
    let job = Job::new("dir d 0755\nfile d/x 0644 \"x\"\nfile paper 0644 \"p\"\ndir other 0755");
    std::fs::write(job.src().join("my file"), "m").unwrap();
    job.ok(&["-S", "src", "sink", "add", "usb", "./usb"]);
    job.push(&[]).succeeds();
    job.push(&[]).succeeds();
    job
}

/// Types into a shell; the arguments that the command got in the end.
fn typed(job: &Job, shell: &[&str], keys: &str) -> String {
    assert!(need_tool("python3"));
    let args = [&["-c", TYPE, "READY>", keys], shell].concat();
    let session = job.emu.inside("src").env("TERM", "dumb").env("PS1", "READY>");
    let said = session.pipe("python3", &args, b"").succeeds().stdout;
    let got = said.rfind("GOT").unwrap_or_else(|| panic!("{keys}: {said}"));
    said[got + 3..].split("<END>").next().unwrap().to_owned()
}
