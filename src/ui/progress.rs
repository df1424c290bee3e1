//! How far the work is: a line on the terminal that is redrawn, and warnings above it.

use super::text::bytes;
use super::{Ui, take};
use crate::progress::{Counters, Event, Observer};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Time between two looks at the counters.
const TICK: Duration = Duration::from_millis(200);

/// Shows the work while it goes on; its line is cleared when this is dropped.
pub struct Progress {
    ui: Ui,
    counters: Arc<Counters>,
    bar: Option<ProgressBar>,
}

impl Ui {
    /// Watches a piece of work. Without a terminal only warnings are printed, and details with `-v`.
    pub fn observer(&self) -> Progress {
        let counters = Arc::new(Counters::default());
        let settings = &self.shared.settings;
        let shown = self.shared.err_terminal && !settings.quiet && !settings.script && !settings.dumb;
        let bar = shown.then(|| bar(Arc::clone(&counters)));
        take(&self.shared.bar).clone_from(&bar);
        Progress { ui: self.clone(), counters, bar }
    }
}

fn bar(counters: Arc<Counters>) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let counted = move |_: &ProgressState, line: &mut dyn Write| {
        let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        let entries = count(&counters.entries);
        let _ = match (count(&counters.files), count(&counters.bytes)) {
            (0, 0) => write!(line, "{entries} entries"),
            (files, read) => write!(line, "{entries} entries, {files} files, {}", bytes(read)),
        };
    };
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {counted} ({elapsed})") {
        bar.set_style(style.with_key("counted", counted));
    }
    bar.enable_steady_tick(TICK);
    bar
}

impl Observer for Progress {
    fn event(&self, event: Event) {
        match event {
            Event::Phase(phase) => {
                if let Some(bar) = &self.bar {
                    bar.set_message(phase);
                }
            }
            Event::Warning(text) => self.ui.warn(&text),
            Event::Detail(text) if self.ui.verbose() => self.ui.note(&text),
            Event::Detail(_) => {}
        }
    }

    fn counters(&self) -> &Counters {
        &self.counters
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
            *take(&self.ui.shared.bar) = None;
        }
    }
}
