//! Taking apart what names a snapshot on a command line: `SINK:REV`, `/PATH/TO/SINK:REV`, a
//! bare sink, a bare revision.

use crate::error::{Error, Result};
use crate::quote::quoted;

/// Where to look for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Spec {
    /// A sink alone.
    Sink(String),
    /// A revision in a sink.
    In(String, String),
    /// A revision of the default sink, such as `HEAD~2`.
    Default(String),
    /// An id or a name, in whichever sink has it.
    Anywhere(String),
}

impl Spec {
    /// `sink` stands for the prefix that is missing; `is_sink` tells names of sinks.
    pub(super) fn parse(text: &str, sink: Option<&str>, is_sink: impl Fn(&str) -> bool) -> Result<Spec> {
        if text.is_empty() {
            return Err(Error::usage("a revision is empty").hint("HEAD is the latest, `emu log` lists all"));
        }
        if let Some(at) = colon(text) {
            let (prefix, revision) = (&text[..at], &text[at + 1..]);
            if prefix.is_empty() {
                return Err(Error::usage(format!("cannot read the revision {}", quoted(text)))
                    .because("there is no sink before the ':'"));
            }
            // `origin:A..origin:B` is `origin:A..B`.
            let revision = revision.replacen(&format!("..{prefix}:"), "..", 1);
            return Ok(if revision.is_empty() {
                Spec::Sink(prefix.to_owned())
            } else {
                Spec::In(prefix.to_owned(), revision)
            });
        }
        if text.contains('/') {
            return Ok(Spec::Sink(text.to_owned()));
        }
        if let Some(sink) = sink {
            return Ok(if sink == text {
                Spec::Sink(text.to_owned())
            } else {
                Spec::In(sink.to_owned(), text.to_owned())
            });
        }
        if is_symbolic(text) {
            return Ok(Spec::Default(text.to_owned()));
        }
        Ok(if is_sink(text) { Spec::Sink(text.to_owned()) } else { Spec::Anywhere(text.to_owned()) })
    }
}

/// The colon between sink and revision: the last one behind a path, the first one behind a name;
/// those in `@{...}` are times.
fn colon(text: &str) -> Option<usize> {
    let plain = text.find("@{").unwrap_or(text.len());
    match text[..plain].rfind('/') {
        Some(slash) => text[slash..plain].rfind(':').map(|at| slash + at),
        None => text[..plain].find(':'),
    }
}

/// Whether a revision says which snapshot by its place in history alone.
fn is_symbolic(text: &str) -> bool {
    let (from, to) = text.split_once("..").unwrap_or((text, ""));
    [from, to].iter().all(|side| {
        let base = side.split('~').next().unwrap_or_default();
        matches!(base, "HEAD" | "TAIL" | "@" | "") || base.starts_with("@{")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Spec {
        Spec::parse(text, None, |name| name == "origin").unwrap()
    }

    fn within(sink: &str, revision: &str) -> Spec {
        Spec::In(sink.to_owned(), revision.to_owned())
    }

    #[test]
    fn a_sink_stands_before_the_colon() {
        assert_eq!(parse("origin:HEAD~2"), within("origin", "HEAD~2"));
        assert_eq!(parse("/mnt/usb/emu:HEAD~"), within("/mnt/usb/emu", "HEAD~"));
        assert_eq!(parse("/mnt/a:b/emu:6b03"), within("/mnt/a:b/emu", "6b03"));
        assert_eq!(parse("../sink:A..B"), within("../sink", "A..B"));
        assert_eq!(parse("origin:@{2026-11-20 10:30}"), within("origin", "@{2026-11-20 10:30}"));
        assert_eq!(parse("origin:A..origin:B"), within("origin", "A..B"));
    }

    #[test]
    fn a_bare_sink_is_a_name_or_has_a_slash() {
        for text in ["origin", "/mnt/usb/emu", "/mnt/a:b/emu", "./sink"] {
            assert_eq!(parse(text), Spec::Sink(text.to_owned()));
        }
        assert_eq!(parse("origin:"), Spec::Sink("origin".to_owned()));
    }

    #[test]
    fn what_has_no_sink_is_of_the_default_one_or_of_any() {
        for text in ["HEAD", "HEAD~3", "TAIL~", "@", "@{2 days ago}", "@{10:30}", "HEAD~4..HEAD", "HEAD.."] {
            assert_eq!(parse(text), Spec::Default(text.to_owned()));
        }
        for text in ["6b0332a0", "2026-11-22-180724", "6b03~2", "6b03..HEAD", "HEADS"] {
            assert_eq!(parse(text), Spec::Anywhere(text.to_owned()));
        }
    }

    #[test]
    fn the_option_supplies_a_missing_prefix_only() {
        let parse = |text| Spec::parse(text, Some("usb"), |_| true).unwrap();
        assert_eq!(parse("HEAD"), within("usb", "HEAD"));
        assert_eq!(parse("6b03"), within("usb", "6b03"));
        assert_eq!(parse("origin:6b03"), within("origin", "6b03"));
        assert_eq!(parse("usb"), Spec::Sink("usb".to_owned()));
    }

    #[test]
    fn nothing_is_no_revision() {
        for text in ["", ":HEAD"] {
            assert!(Spec::parse(text, None, |_| true).is_err(), "{text}");
        }
    }
}
