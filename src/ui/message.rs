//! Messages on stderr: `error: …`, `hint: …`, `warning: …`, and chatter without a word before it.

use super::{Paint, Ui, take};
use crate::error::Error;
use std::io::Write as _;

impl Ui {
    /// Says that something is not as it should be, though the work goes on. With `-q` it is held
    /// back until the command fails.
    pub fn warn(&self, text: &str) {
        let line = format!("{} {text}", self.paint_err(Paint::Warning, "warning:"));
        if self.shared.settings.quiet {
            take(&self.shared.held_back).push(line);
        } else {
            self.say(&line);
        }
    }

    /// Chatter for people: what is going on. Nothing with `-q` or for scripts.
    pub fn note(&self, text: &str) {
        let settings = &self.shared.settings;
        if !settings.quiet && !settings.script {
            self.say(text);
        }
    }

    /// Explains a failure; where records are printed, one of type `error` as well.
    pub fn error(&self, error: &Error) {
        self.tell_held_back();
        self.say(&format!("{} {error}", self.paint_err(Paint::Error, "error:")));
        if let Some(hint) = error.next_step() {
            self.say(&format!("{} {hint}", self.paint_err(Paint::Hint, "hint:")));
        }
        if self.json() {
            // A reader that is gone needs no record.
            let _ = self.write_out((self.shared.failure)(error).as_bytes());
        }
    }

    /// Says what to do next about something that was warned of.
    pub fn hint(&self, text: &str) {
        self.note(&format!("{} {text}", self.paint_err(Paint::Hint, "hint:")));
    }

    /// Prints the help of a command line that has no command.
    pub fn usage(&self, text: &str) {
        self.say(text.trim_end());
    }

    /// Says what `-q` kept back, because the command did not end with 0 after all.
    pub fn tell_held_back(&self) {
        for line in std::mem::take(&mut *take(&self.shared.held_back)) {
            self.say(&line);
        }
    }

    /// One piece of text on stderr, in its place among what stdout got; after the pager, if there is one.
    pub(super) fn say(&self, text: &str) {
        let _ = self.flush();
        if self.shared.err_terminal && self.is_paging() {
            take(&self.shared.afterwards).push(text.to_owned());
            return;
        }
        let text = self.fit(text, self.shared.err_terminal);
        self.aside(|| {
            // There is nowhere to complain about a closed stderr.
            let _ = writeln!(std::io::stderr(), "{text}");
        });
    }
}
