//! The one error type: what failed, on what, why, and what to do next.
//!
//! `kind` decides the exit status; everything else is for people. Names inside messages are
//! quoted by [`crate::quote`] when the message is made, so an error can be printed anywhere.

use std::fmt;

/// What class a failure has; the exit statuses are those of restic where they mean the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The command failed, or a sink that was asked for got no snapshot: 1.
    Failed,
    /// The command line, a configuration or an input cannot be understood: 2.
    Usage,
    /// Done, but something that was asked for was left out: 3.
    Incomplete,
    /// The answer is "differs" or "damaged": 4.
    Differs,
    /// No such source, sink or snapshot, or the wrong disk: 10.
    NotFound,
    /// Somebody else holds a lock: 11.
    Locked,
    /// Ended by a signal; the number is the signal's: 128 + n.
    Interrupted(u8),
}

impl Kind {
    /// The exit status of a program that ends for this reason.
    pub fn exit(self) -> u8 {
        match self {
            Kind::Failed => 1,
            Kind::Usage => 2,
            Kind::Incomplete => 3,
            Kind::Differs => 4,
            Kind::NotFound => 10,
            Kind::Locked => 11,
            Kind::Interrupted(signal) => 128 + (signal & 0x7f),
        }
    }

    /// The word for JSON records.
    pub fn class(self) -> &'static str {
        match self {
            Kind::Failed => "failed",
            Kind::Usage => "usage",
            Kind::Incomplete => "incomplete",
            Kind::Differs => "differs",
            Kind::NotFound => "not-found",
            Kind::Locked => "locked",
            Kind::Interrupted(_) => "interrupted",
        }
    }

    /// The kind that a JSON record's `class` names.
    pub fn from_class(class: &str) -> Option<Kind> {
        [Kind::Failed, Kind::Usage, Kind::Incomplete, Kind::Differs, Kind::NotFound, Kind::Locked]
            .into_iter()
            .find(|kind| kind.class() == class)
    }

    /// How much this outcome outweighs others when several sinks ended differently.
    fn weight(self) -> u8 {
        match self {
            Kind::Interrupted(_) => 7,
            Kind::Usage => 6,
            Kind::Failed => 5,
            Kind::NotFound => 4,
            Kind::Locked => 3,
            Kind::Differs => 2,
            Kind::Incomplete => 1,
        }
    }

    /// The outcome of several parts: the first of 130/143, 2, 1, 10, 11, 4, 3.
    pub fn worst(outcomes: impl IntoIterator<Item = Kind>) -> Option<Kind> {
        outcomes.into_iter().max_by_key(|kind| kind.weight())
    }
}

/// A failure with its action, cause and hint.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    action: String,
    cause: Option<String>,
    errno: Option<rustix::io::Errno>,
    hint: Option<String>,
}

/// What every fallible function here returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A failure of `kind`; `action` says what failed and on what ("cannot open 'x'").
    pub fn new(kind: Kind, action: impl Into<String>) -> Self {
        Error { kind, action: action.into(), cause: None, errno: None, hint: None }
    }

    /// A command line or input that cannot be understood.
    pub fn usage(action: impl Into<String>) -> Self {
        Error::new(Kind::Usage, action)
    }

    /// A command that failed.
    pub fn failed(action: impl Into<String>) -> Self {
        Error::new(Kind::Failed, action)
    }

    /// Something that is not there.
    pub fn not_found(action: impl Into<String>) -> Self {
        Error::new(Kind::NotFound, action)
    }

    /// A failed system call.
    pub fn os(errno: rustix::io::Errno, action: impl Into<String>) -> Self {
        let error = Error::failed(action).because(errno_text(errno));
        Error { errno: Some(errno), ..error }
    }

    /// Adds why it failed.
    #[must_use]
    pub fn because(mut self, cause: impl fmt::Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same failure, of another kind.
    #[must_use]
    pub fn with_kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// Why it failed, without what was being done.
    pub fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// The class of the failure.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The system's error number, if a system call failed.
    pub fn errno(&self) -> Option<rustix::io::Errno> {
        self.errno
    }

    /// What to do next, if that is known.
    pub fn next_step(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.action)?;
        match &self.cause {
            Some(cause) => write!(f, ": {cause}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

/// The system's words for an error number, in the style of messages: lower case, no number.
pub fn errno_text(errno: rustix::io::Errno) -> String {
    let text = std::io::Error::from_raw_os_error(errno.raw_os_error()).to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => String::new(),
    }
}

/// Says what was being done when a call failed.
pub trait Doing<T> {
    /// Turns the failure into an [`Error`] whose action is `what()`.
    fn doing<S: Into<String>>(self, what: impl FnOnce() -> S) -> Result<T>;
}

impl<T> Doing<T> for std::result::Result<T, rustix::io::Errno> {
    fn doing<S: Into<String>>(self, what: impl FnOnce() -> S) -> Result<T> {
        self.map_err(|errno| Error::os(errno, what()))
    }
}

impl<T> Doing<T> for std::io::Result<T> {
    fn doing<S: Into<String>>(self, what: impl FnOnce() -> S) -> Result<T> {
        self.map_err(|error| match rustix::io::Errno::from_io_error(&error) {
            Some(errno) => Error::os(errno, what()),
            None => Error::failed(what()).because(error),
        })
    }
}

impl<T> Doing<T> for serde_json::Result<T> {
    fn doing<S: Into<String>>(self, what: impl FnOnce() -> S) -> Result<T> {
        self.map_err(|error| match error.io_error_kind() {
            Some(_) => return_io(error.into(), what()),
            None => Error::failed(what()).because(error),
        })
    }
}

fn return_io(error: std::io::Error, what: impl Into<String>) -> Error {
    match rustix::io::Errno::from_io_error(&error) {
        Some(errno) => Error::os(errno, what),
        None => Error::failed(what).because(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_outcomes_give_the_gravest() {
        let worst = |kinds: &[Kind]| Kind::worst(kinds.iter().copied()).map(Kind::exit);
        assert_eq!(worst(&[Kind::Incomplete, Kind::Locked, Kind::NotFound]), Some(10));
        assert_eq!(worst(&[Kind::Failed, Kind::Failed]), Some(1));
        assert_eq!(worst(&[Kind::Failed, Kind::Interrupted(15)]), Some(143));
        assert_eq!(worst(&[]), None);
    }

    #[test]
    fn a_message_names_action_and_cause_once() {
        let error = Error::os(rustix::io::Errno::MLINK, "cannot link 'a/b'");
        assert_eq!(error.to_string(), "cannot link 'a/b': too many links");
    }
}
