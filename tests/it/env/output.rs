//! What a command said, as one text that holds still from run to run: the test's directory is
//! `ROOT`, ids are numbered in the order in which they first appeared, times have no digits.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex};

/// The end of a command: what it printed, what it said, its exit status.
pub struct Output {
    /// Standard output, as text.
    pub stdout: String,
    /// Standard error, as text.
    pub stderr: String,
    /// The exit status, or 128 and the number of the signal that ended it.
    pub status: i32,
    /// Standard output, as it was.
    pub bytes: Vec<u8>,
    line: String,
    names: Arc<Mutex<Names>>,
}

impl Output {
    pub(super) fn new(line: String, done: &std::process::Output, names: &Arc<Mutex<Names>>) -> Output {
        use std::os::unix::process::ExitStatusExt;
        let stdout = String::from_utf8_lossy(&done.stdout).into_owned();
        let stderr = String::from_utf8_lossy(&done.stderr).into_owned();
        let signal = || 128 + done.status.signal().unwrap_or(0);
        let status = done.status.code().unwrap_or_else(signal);
        let output =
            Output { stdout, stderr, status, bytes: done.stdout.clone(), line, names: Arc::clone(names) };
        // An id gets its number when it first appears, whether or not that output is looked at.
        let _numbered = output.to_string();
        output
    }

    /// This output, if the command succeeded.
    #[track_caller]
    pub fn succeeds(self) -> Output {
        self.exits(0)
    }

    /// This output, if the command ended with `status`.
    #[track_caller]
    pub fn exits(self, status: i32) -> Output {
        assert!(self.status == status, "expected exit {status}, got {}:\n{self}", self.status);
        self
    }

    /// The records on standard output, one JSON value a line.
    #[track_caller]
    pub fn records(&self) -> Vec<serde_json::Value> {
        let parse = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        self.stdout.lines().map(parse).collect()
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = format!("$ {}\n{}", self.line, self.stdout);
        let end_line = |text: &mut String| {
            if !text.ends_with('\n') {
                text.push('\n');
            }
        };
        end_line(&mut text);
        if !self.stderr.is_empty() {
            text.push_str("[stderr]\n");
            text.push_str(&self.stderr);
            end_line(&mut text);
        }
        if self.status != 0 {
            text.push_str(&format!("[exit {}]\n", self.status));
        }
        f.write_str(&self.names.lock().unwrap().steady(&text))
    }
}

/// The ids that the commands of one test have shown, in order.
pub(super) struct Names {
    root: String,
    ids: Vec<String>,
    uuids: Vec<String>,
}

impl Names {
    pub(super) fn new(root: &Path) -> Names {
        Names { root: root.to_string_lossy().into_owned(), ids: Vec::new(), uuids: Vec::new() }
    }

    /// `text` with everything replaced that differs from run to run.
    fn steady(&mut self, text: &str) -> String {
        let text = text.replace(&self.root, "ROOT");
        let mut steady = String::new();
        for (word, between) in words(&text) {
            match self.name(word) {
                Some(name) => steady.push_str(&name),
                None => steady.push_str(word),
            }
            steady.push_str(between);
        }
        without_durations(&steady)
    }

    /// The name for a word that is an id (in full or its first twelve digits) or a UUID.
    fn name(&mut self, word: &str) -> Option<String> {
        let is_hex = |part: &str| part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let parts: Vec<&str> = word.split('-').collect();
        if parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12]) && parts.iter().all(|part| is_hex(part)) {
            return Some(format!("<uuid{}>", number(&mut self.uuids, word)));
        }
        // Ids of our century have a letter among their first eight digits; sizes have none.
        let is_id = matches!(word.len(), 12 | 40)
            && is_hex(word)
            && word[..8].bytes().any(|byte| byte.is_ascii_lowercase());
        is_id.then(|| format!("<id{}>", number(&mut self.ids, &word[..12])))
    }
}

/// The place of `name` in the list, from one; added if it is new.
fn number(list: &mut Vec<String>, name: &str) -> usize {
    let place = list.iter().position(|known| known == name).unwrap_or_else(|| {
        list.push(name.to_owned());
        list.len() - 1
    });
    place + 1
}

/// Each run of letters, digits and dashes, with what stands between it and the next.
fn words(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let in_word = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (word, after) = rest.split_at(rest.find(|c| !in_word(c)).unwrap_or(rest.len()));
        let (between, after) = after.split_at(after.find(in_word).unwrap_or(after.len()));
        rest = after;
        Some((word, between))
    })
}

/// Replaces `1.2 s`, `30ms`, `4 MB/s` and `"seconds":0.1` by their units alone.
fn without_durations(text: &str) -> String {
    let mut steady = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(at);
        let end = from.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(from.len());
        let (digits, after) = from.split_at(end);
        let inside_word = before.ends_with(|c: char| c.is_ascii_alphanumeric() || "-_.:+".contains(c));
        let timed = before.ends_with("\"seconds\":") || (!inside_word && has_unit(after));
        steady.push_str(before);
        steady.push_str(if timed { "<n>" } else { digits });
        rest = after;
    }
    steady + rest
}

/// Whether a unit of time or speed follows, as a word of its own.
fn has_unit(after: &str) -> bool {
    let after = after.strip_prefix(' ').unwrap_or(after);
    let unit = &after[..after.find(|c: char| !c.is_alphabetic() && c != '/').unwrap_or(after.len())];
    matches!(unit, "s" | "ms" | "µs") || unit.ends_with("B/s")
}

#[cfg(test)]
mod tests {
    use super::Names;
    use crate::env::{Emu, assert_shows};

    #[test]
    fn an_output_is_one_snapshot() {
        let emu = Emu::new();
        let said = emu.shell("echo in $PWD; echo 6b0332a01234 >&2; exit 3");
        assert_shows(
            &said,
            "
            $ echo in $PWD; echo <id1> >&2; exit 3
            in ROOT
            [stderr]
            <id1>
            [exit 3]
            ",
        );
        assert_shows(&emu.pipe("cat", &[], b"no line end"), "$ cat\nno line end");
    }

    #[test]
    fn what_changes_from_run_to_run_gets_a_steady_name() {
        let mut names = Names::new(std::path::Path::new("/tmp/emu-1"));
        let id = "6b0332a0".to_owned() + &"a1".repeat(16);
        let text = format!("in /tmp/emu-1/src: {id} {}, not {}", &id[..12], "6b".repeat(32));
        assert_eq!(names.steady(&text), format!("in ROOT/src: <id1> <id1>, not {}", "6b".repeat(32)));
        assert_eq!(names.steady("6b0332b00000:a/x 123456789012"), "<id2>:a/x 123456789012");
        assert_eq!(names.steady("6b0332b0-0000-4000-8000-0123456789ab"), "<uuid1>");
        assert_eq!(
            names.steady("3 files, 5.2 MB in 1.25 s (4.1 MB/s), 12ms"),
            "3 files, 5.2 MB in <n> s (<n> MB/s), <n>ms"
        );
        assert_eq!(names.steady("{\"seconds\":0.25,\"n\":7}"), "{\"seconds\":<n>,\"n\":7}");
        assert_eq!(
            names.steady("2026-11-22T18:00:00Z mode 0644 v1.0.0"),
            "2026-11-22T18:00:00Z mode 0644 v1.0.0"
        );
    }
}
