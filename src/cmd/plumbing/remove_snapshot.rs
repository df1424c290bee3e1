//! `emu-remove-snapshot`: removes the snapshots whose ids come on standard input.

use crate::cmd::removal::{self, RemovalArgs};
use crate::cmd::{Class, Context, Entry, Status, input, read};
use crate::error::{Error, Result};
use crate::quote::quoted;
use clap::Args as _;
use serde::Deserialize;

pub(crate) const ENTRY: Entry = Entry {
    name: "remove-snapshot",
    class: Class::Plumbing,
    summary: "remove snapshots of a sink",
    prose: "\
## DESCRIPTION
Reads whole ids of snapshots from standard input, a line each, or records in JSON with a field id, such
as those of emu-rev-parse(1), of emu log --json, or of emu-rotate --dry-run, of which only those with the
action 'remove' count. All of them are checked before
anything goes: HEAD, pinned snapshots and the last complete one need --force, and the last one of a sink
never goes. The lock is taken after the input has ended.
## OUTPUT
A 'removed' record for each snapshot after it was deleted, with the bytes that became free. With
--dry-run a 'rotation' record for each.
## EXIT STATUS
0; 1 if one of them must not go, and nothing was removed; 2 if the input is not what it should be; 3 if
one is being read and stays; 10 if there is no such sink or snapshot; 11 if the sink is locked.
## EXAMPLES
    emu log --json origin | jq -c 'select(.message == \"test\")' | emu-remove-snapshot --sink origin
## SEE ALSO
emu-prune(1), emu-json(5)
",
    build: Args::augment_args,
    run: |matches, context| run(&read(matches)?, context),
};

/// Removes snapshots of a sink.
#[derive(Debug, clap::Args)]
struct Args {
    /// The sink: a name, or a path with a '/'
    #[arg(long, value_name = "SINK")]
    sink: String,

    #[command(flatten)]
    removal: RemovalArgs,
}

#[derive(Deserialize)]
struct Identified {
    id: String,
    action: Option<String>,
}

fn run(args: &Args, context: &Context) -> Result<Status> {
    let mut ids: Vec<String> = Vec::new();
    input::each(&["-".to_owned()], |line| {
        if let Some(id) = id_of(line)?.filter(|id| !ids.contains(id)) {
            ids.push(id);
        }
        Ok(())
    })?;
    let opened = context.open_sink(&args.sink)?;
    if ids.is_empty() {
        return Ok(None);
    }
    removal::remove(&[(opened, ids)], "removed by a program", args.removal, context)
}

/// The id in a line; `None` for a record that says that its snapshot is kept.
fn id_of(line: &str) -> Result<Option<String>> {
    let id = match line.trim() {
        record if record.starts_with('{') => match serde_json::from_str::<Identified>(record) {
            Ok(Identified { action: Some(action), .. }) if action != "remove" => return Ok(None),
            identified => identified.ok().map(|identified| identified.id),
        },
        id => Some(id.to_owned()),
    };
    let id = id.filter(|id| crate::sink::node::is_id(id));
    id.map(Some).ok_or_else(|| {
        let line: String = line.chars().take(80).collect();
        Error::usage(format!("cannot read {}", quoted(&line)))
            .because("it is no whole id of a snapshot and no record with one")
            .hint("emu-rev-parse REV prints such records")
    })
}
