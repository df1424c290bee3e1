//! Colour: what is painted how, and whether at all. The palette, which emu(1) names: it only helps
//! to find what the words say as well.

use super::Ui;

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How a piece of text stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// The word `error:`.
    Error,
    /// The word `warning:`, and what is partial or shrunk.
    Warning,
    /// What is damaged.
    Damage,
    /// The word `hint:`.
    Hint,
    /// The id of a snapshot.
    Id,
    /// HEAD.
    Head,
    /// A sink.
    Sink,
    /// What is pinned.
    Mark,
    /// Titles of tables.
    Title,
    /// What a tree has that another has not.
    Added,
    /// What it has not any more.
    Removed,
    /// What is not as it was.
    Changed,
    /// What stands elsewhere now.
    Moved,
}

impl Paint {
    fn code(self) -> &'static str {
        match self {
            Paint::Error | Paint::Damage => "1;31",
            Paint::Warning => "1;33",
            Paint::Head => "1;36",
            Paint::Sink => "1;32",
            Paint::Hint | Paint::Mark | Paint::Moved => "36",
            Paint::Id | Paint::Changed => "33",
            Paint::Added => "32",
            Paint::Removed => "31",
            Paint::Title => "1",
        }
    }

    fn on(self, text: &str) -> String {
        format!("\u{1b}[{}m{text}\u{1b}[0m", self.code())
    }
}

impl Ui {
    /// `text` in colour, if stdout shall have it.
    pub fn paint(&self, paint: Paint, text: &str) -> String {
        if self.colors(self.shared.out_terminal) { paint.on(text) } else { text.to_owned() }
    }

    /// `text` in colour, if stderr shall have it.
    pub(super) fn paint_err(&self, paint: Paint, text: &str) -> String {
        if self.colors(self.shared.err_terminal) { paint.on(text) } else { text.to_owned() }
    }

    fn colors(&self, terminal: bool) -> bool {
        match self.shared.settings.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => terminal && !self.shared.settings.plain,
        }
    }
}
