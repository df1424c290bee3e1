//! What happens on the way, for whoever watches: warnings, damage, and how far the work is.
//! Knows no terminal.

use std::sync::atomic::{AtomicU64, Ordering};

/// Something that does not end the work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A new part of the work begins ("scanning", "syncing", …).
    Phase(&'static str),
    /// Something a person should know; it is in the result as well.
    Warning(String),
    /// A remark that only `-v` shows.
    Detail(String),
}

/// Watches the work. Called from several threads.
pub trait Observer: Sync {
    /// Takes note of an event.
    fn event(&self, event: Event);

    /// The counters that the work moves.
    fn counters(&self) -> &Counters;

    /// Shorthand for [`Event::Warning`].
    fn warn(&self, text: String) {
        self.event(Event::Warning(text));
    }
}

/// How far the work is; read by a progress line while it goes on.
#[derive(Debug, Default)]
pub struct Counters {
    /// Entries looked at.
    pub entries: AtomicU64,
    /// Files read.
    pub files: AtomicU64,
    /// Bytes read.
    pub bytes: AtomicU64,
}

impl Counters {
    /// Adds to one of the counters.
    pub fn add(counter: &AtomicU64, n: u64) {
        counter.fetch_add(n, Ordering::Relaxed);
    }
}

/// An observer that keeps quiet; plumbing uses it where its records say all.
#[derive(Debug, Default)]
pub struct Silent(Counters);

impl Observer for Silent {
    fn event(&self, _: Event) {}

    fn counters(&self) -> &Counters {
        &self.0
    }
}
