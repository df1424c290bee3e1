//! How far the work is: a line on the terminal that is redrawn, and warnings above it.

use super::text::{bytes, cut, width};
use super::{Ui, take};
use crate::progress::{Counters, Event, Observer};
use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::fmt::Write;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Time between two looks at the counters.
const TICK: Duration = Duration::from_millis(200);

/// Shows the work while it goes on; its line is cleared when this is dropped.
pub struct Progress {
    ui: Ui,
    counters: Arc<Counters>,
    phase: Arc<Mutex<&'static str>>,
    bar: Option<ProgressBar>,
}

impl Ui {
    /// Watches a piece of work. Without a terminal only warnings are printed, and details with `-v`.
    pub fn observer(&self) -> Progress {
        let counters = Arc::new(Counters::default());
        let settings = &self.shared.settings;
        let wanted = !settings.quiet && !settings.script && !settings.dumb;
        let shown = wanted && self.shared.err_terminal && !self.is_paging();
        let phase: Arc<Mutex<&'static str>> = Arc::default();
        let bar = shown.then(|| bar(Arc::clone(&counters), Arc::clone(&phase), settings.ascii));
        take(&self.shared.bar).clone_from(&bar);
        Progress { ui: self.clone(), counters, phase, bar }
    }
}

fn bar(counters: Arc<Counters>, phase: Arc<Mutex<&'static str>>, ascii: bool) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let line = move |state: &ProgressState, line: &mut dyn Write| {
        let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        let entries = count(&counters.entries);
        let done = match (count(&counters.files), count(&counters.bytes)) {
            (0, 0) => format!("{entries} entries"),
            (files, read) => format!("{entries} entries, {files} files, {}", bytes(read)),
        };
        let (phase, time) = (*take(&phase), format!("{:#}", HumanDuration(state.elapsed())));
        // The numbers are what moves; where there is little room, words give way first.
        let lines = [
            format!("{phase} {done} ({time})").trim_start().to_owned(),
            format!("{done} ({time})"),
            format!("{entries} entries ({time})"),
            format!("{entries} entries"),
        ];
        let fitting = lines.iter().find(|line| width(line) <= room()).or(lines.last());
        let _ = line.write_str(&cut(fitting.map_or("", String::as_str), room()));
    };
    if let Ok(style) = ProgressStyle::with_template("{spinner} {line}") {
        let style = style.with_key("line", line);
        bar.set_style(if ascii { style.tick_chars("|/-\\ ") } else { style });
    }
    bar.enable_steady_tick(TICK);
    bar
}

/// Columns of the terminal behind the spinner; a line that is broken could not be cleared whole.
fn room() -> usize {
    let size = rustix::termios::tcgetwinsize(std::io::stderr()).map_or(0, |size| usize::from(size.ws_col));
    // The last column stays free: some terminals break the line there.
    if size == 0 { 77 } else { size.saturating_sub(3) }
}

impl Observer for Progress {
    fn event(&self, event: Event) {
        match event {
            Event::Phase(phase) => *take(&self.phase) = phase,
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
