//! Hooks around a command: run if they are there and the source may be trusted.

use super::{Context, Status};
use crate::error::{Kind, Result};
use crate::record::SummaryRecord;
use crate::source::{Hook, Source, Told};
use std::fmt::Write as _;

/// The hooks of a source, as far as they may run.
pub(super) struct Hooks<'a> {
    source: Option<&'a Source>,
    context: &'a Context,
}

impl<'a> Hooks<'a> {
    /// The hooks of a source; none if they are switched off.
    ///
    /// # Errors
    /// [`Kind::NotFound`] if there is one of `wanted` and the source is not to be trusted.
    pub(super) fn of(
        source: &'a Source,
        wanted: &[Hook],
        off: bool,
        context: &'a Context,
    ) -> Result<Hooks<'a>> {
        if off {
            return Ok(Hooks { source: None, context });
        }
        let safe = context.config(Some(source))?.safe_directories();
        for hook in wanted {
            if source.hook(*hook)?.is_some() {
                source.require_trust(&safe)?;
            }
        }
        // What somebody else puts there meanwhile is not run either.
        let trusted = source.distrust(&safe).is_none();
        Ok(Hooks { source: trusted.then_some(source), context })
    }

    /// Runs a hook before the work.
    ///
    /// # Errors
    /// It failed, and nothing is to be done.
    pub(super) fn before(&self, hook: Hook) -> Result<()> {
        self.run(hook, Told { result: "", input: "" })
    }

    /// Runs a hook after the work and says how that ended with it.
    pub(super) fn after(&self, hook: Hook, summary: &SummaryRecord<'_>, status: Status) -> Status {
        // What was printed by then comes before what the hook prints.
        let _ = self.context.ui.flush();
        let mut input = serde_json::to_string(summary).unwrap_or_default();
        input += "\n";
        let mut result = String::new();
        let _ = write!(result, "{}", status.map_or(0, Kind::exit));
        match self.run(hook, Told { result: &result, input: &input }) {
            Ok(()) => status,
            Err(error) => {
                self.context.ui.error(&error);
                Kind::worst(status.into_iter().chain([Kind::Incomplete]))
            }
        }
    }

    fn run(&self, hook: Hook, told: Told<'_>) -> Result<()> {
        match self.source {
            Some(source) => source.run_hook(hook, told, self.context.ui.for_programs()?),
            None => Ok(()),
        }
    }
}
