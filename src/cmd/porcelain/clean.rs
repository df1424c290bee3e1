//! `emu clean`: removes what lies about and is no snapshot.

use crate::cmd::{Class, Context, Entry, Opened, Status, WaitArgs, describe, read, several};
use crate::error::{Error, Kind, Result};
use crate::quote::escaped;
use crate::record::LeftoverRecord;
use crate::snapshot::{self, clean};
use crate::source::Source;
use crate::ui::text;
use clap::Args as _;

pub(crate) const ENTRY: Entry = Entry {
    name: "clean",
    class: Class::Porcelain,
    summary: "remove what is no snapshot from sinks",
    prose: "\
## DESCRIPTION
Removes from sinks what is no snapshot: pushes that were cut off, spares, trash, and names that lead
nowhere. No snapshot is touched, and none that is damaged. It is never necessary: a push goes on
with what was cut off, begins with a spare, and empties the trash. It makes room at once.

What emu-link-snapshot staged goes when it is older than a day.

With --replaced, what checkouts of single paths replaced goes as well: '.emu/replaced' in the source.
## EXIT STATUS
0; 3 if the trash could not be emptied; 10 if there is no such sink; 11 if somebody else holds a lock.
## JSON
With --json a record of type 'leftover' for each thing that went, with --dry-run for each that would; see
emu-json(5).
## EXAMPLES
    emu clean --dry-run
    emu clean usb
## SEE ALSO
emu-du(1), emu-rotate(1), emu-prune(1)
",
    build: Args::augment_args,
    run: |matches, context| run(&read(matches)?, context),
};

/// Removes what is no snapshot from sinks.
#[derive(Debug, clap::Args)]
struct Args {
    /// The sinks, names or paths; otherwise all sinks of the source
    #[arg(value_name = "SINK")]
    sinks: Vec<String>,

    /// Print what would be removed, and remove nothing
    #[arg(long, short = 'n')]
    dry_run: bool,

    /// Remove what checkouts of single paths replaced in the source, too
    #[arg(long, short)]
    replaced: bool,

    #[command(flatten)]
    wait: WaitArgs,
}

fn run(args: &Args, context: &Context) -> Result<Status> {
    let mut kinds = Vec::new();
    let sinks = several::to_change(&args.sinks, context, &mut kinds)?;
    if sinks.is_empty() && kinds.is_empty() && !args.replaced {
        return Err(Error::usage("there is no sink to clean").hint("`emu sink add PATH` adds one"));
    }
    let mut count = 0;
    for opened in &sinks {
        match one(opened, args, context) {
            Ok((gone, status)) => {
                count += gone;
                kinds.extend(status);
            }
            Err(error) => {
                context.ui.error(&error);
                kinds.push(error.kind());
            }
        }
    }
    if args.replaced {
        count += replaced(&context.source()?, args, context)?;
    }
    if count == 0 && kinds.is_empty() {
        context.ui.note("there is nothing to remove");
    }
    Ok(Kind::worst(kinds))
}

/// How many things went, or would.
fn one(opened: &Opened, args: &Args, context: &Context) -> Result<(usize, Status)> {
    let sink = &opened.sink;
    if args.dry_run {
        let found = clean::leftovers(sink)?;
        say(&opened.name, &found, "would remove", context)?;
        return Ok((found.len(), None));
    }
    let lock = snapshot::tidy(sink, args.wait.wait(), context.command, &context.ui.observer())?;
    let removed = clean::clean(sink, &lock)?;
    drop(lock);
    let names: Vec<_> = removed.iter().filter(|gone| gone.what == clean::What::Name).cloned().collect();
    say(&opened.name, &names, "removed", context)?;
    match clean::empty_trash(sink) {
        Ok(Some(mut emptied)) => {
            for gone in &mut emptied {
                let was = removed.iter().find(|was| was.name == gone.name);
                gone.what = was.map_or(gone.what, |was| was.what);
            }
            say(&opened.name, &emptied, "removed", context)?;
            Ok((names.len() + emptied.len(), None))
        }
        Ok(None) => {
            context.ui.note(&format!("{}: somebody else empties the trash", escaped(opened.name.as_bytes())));
            Ok((removed.len(), None))
        }
        Err(error) => {
            context.ui.warn(&format!("{error}; the next push tries again"));
            Ok((removed.len(), Some(Kind::Incomplete)))
        }
    }
}

fn say(sink: &str, leftovers: &[clean::Leftover], verb: &str, context: &Context) -> Result<()> {
    for clean::Leftover { what, name, bytes } in leftovers {
        if context.ui.json() {
            context.ui.record(&LeftoverRecord::new(sink, what.word(), name, *bytes))?;
        } else {
            let what = describe::leftover(*what, name);
            let sink = escaped(sink.as_bytes());
            context.ui.out(&format!("{sink}: {verb} {what} ({})", text::bytes(*bytes)))?;
        }
    }
    Ok(())
}

/// What checkouts of single paths replaced.
fn replaced(source: &Source, args: &Args, context: &Context) -> Result<usize> {
    let _lock = match args.dry_run {
        true => None,
        false => Some(source.lock(context.command, args.wait.wait())?),
    };
    let found = source.replaced()?;
    let verb = if args.dry_run { "would remove" } else { "removed" };
    for (name, measured) in &found {
        let bytes = match args.dry_run {
            true => *measured,
            false => source.remove_replaced(name)?,
        };
        if context.ui.json() {
            context.ui.record(&LeftoverRecord::new("", "replaced", name, bytes))?;
        } else {
            let name = escaped(name.as_bytes());
            context
                .ui
                .out(&format!("source: {verb} what was replaced at {name} ({})", text::bytes(bytes)))?;
        }
    }
    Ok(found.len())
}
