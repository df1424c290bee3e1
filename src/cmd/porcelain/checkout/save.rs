//! `--push-first`: what a checkout would destroy is saved before it.

use crate::cmd::{Context, Found, Opened};
use crate::config::Config;
use crate::error::Result;
use crate::sink::{Catalog, Sink, Wait};
use crate::snapshot::{self, Allowed, PushRequest, Target};
use crate::source::Source;

/// Pushes the source to the sink that a snapshot is checked out from. What could not be saved is still
/// held back by the guard, which knows the sink as it is returned.
///
/// # Errors
/// The push failed: nothing is checked out.
pub(super) fn push_first(
    source: &Source,
    config: &Config,
    found: Found,
    wait: Wait,
    context: &Context,
) -> Result<Found> {
    let name = found.opened.name.clone();
    let sink = Sink::open(&found.opened.sink.path);
    let request = PushRequest {
        source,
        config,
        targets: vec![Target { name: name.clone(), optional: false, sink }],
        from: None,
        excludes: Vec::new(),
        message: Some(format!("before a checkout of {}", found.node.short())),
        set_owner: true,
        allowed: Allowed::default(),
        wait,
        command: context.command,
    };
    let observer = context.ui.observer();
    let reports = snapshot::push(request, &observer)?;
    drop(observer);
    for report in reports {
        let pushed = report.outcome?;
        context.ui.note(&format!("{name}: saved as {}", pushed.node.short()));
        for remark in &pushed.remarks {
            context.ui.warn(&format!("{name}: {remark}"));
        }
    }
    let sink = Sink::open(&found.opened.sink.path)?;
    let catalog = Catalog::listed(&sink)?;
    Ok(Found { opened: Opened::new(name, sink, catalog), ..found })
}
