//! `emu find`: names across snapshots.

use crate::cmd::{Class, Context, Entry, Found, Status, read, several};
use crate::error::{Kind, Result};
use crate::history::find::{self, Pattern, Version};
use crate::record::FoundRecord;
use crate::sink::Node;
use crate::tree::Kind as EntryKind;
use crate::ui::text;
use clap::Args as _;

pub(crate) const ENTRY: Entry = Entry {
    name: "find",
    class: Class::Porcelain,
    summary: "find names in all snapshots",
    prose: "\
## DESCRIPTION
Looks for entries whose name fits PATTERN in all snapshots of all sinks, or in those that are given, and
prints each version of each path once: its size, the time of its last change, how many snapshots have
it, the oldest and the newest of them, and the path. Versions differ in content or attributes.

A PATTERN is what a line of '.emu/excludes' is: without a slash it fits a name at any depth; with one
it fits the path from the root; '*', '?', '[a-z]' and '**' as there; a slash at its end fits directories
only. Put it into quotes.

Manifests are read, not trees. What neighbours have in common is read once.
## EXIT STATUS
0; 1 if nothing fits; 10 if there is no such snapshot.
## JSON
With --json a record of type 'found' for each version; see emu-json(5).
## EXAMPLES
    emu find '*.odt'
    emu find -i 'invoice*2024*' origin
    emu find /etc/fstab HEAD~10..HEAD
## SEE ALSO
emu-log(1), emu-ls(1), emu-revisions(7)
",
    build: Args::augment_args,
    run: |matches, context| run(&read(matches)?, context),
};

/// Finds names in snapshots.
#[derive(Debug, clap::Args)]
struct Args {
    /// What names have to fit
    #[arg(value_name = "PATTERN")]
    pattern: String,

    /// Snapshots, ranges or sinks; otherwise all sinks of the source
    #[arg(value_name = "REV")]
    revs: Vec<String>,

    /// Letters fit in either case
    #[arg(short, long)]
    ignore_case: bool,

    /// The sink in which to look, a name or a path
    #[arg(long, value_name = "SINK")]
    sink: Option<String>,
}

fn run(args: &Args, context: &Context) -> Result<Status> {
    let pattern = Pattern::new(&args.pattern, args.ignore_case)?;
    let threads = several::threads(context)?;
    let groups = several::snapshots(&args.revs, args.sink.as_deref(), context)?;
    let many = groups.len() > 1;
    let mut hits = 0;
    for (name, found) in &groups {
        let Some(first) = found.first() else { continue };
        let nodes: Vec<&Node> = found.iter().map(|found| &found.node).collect();
        let versions = find::find(&first.opened.sink, &nodes, &pattern, threads)?;
        if many && !versions.is_empty() && !context.ui.json() {
            context.ui.out(&format!("sink {}:", crate::quote::escaped(name.as_bytes())))?;
        }
        for (path, versions) in &versions {
            hits += versions.len();
            versions.iter().try_for_each(|version| print(path, version, name, found, context))?;
        }
    }
    Ok((hits == 0).then_some(Kind::Failed))
}

fn print(path: &[u8], version: &Version, sink: &str, found: &[Found], context: &Context) -> Result<()> {
    let Version { entry, snapshots } = version;
    let node = |at: Option<&usize>| at.and_then(|at| found.get(*at)).map(|found| &found.node);
    let (Some(first), Some(last)) = (node(snapshots.first()), node(snapshots.last())) else { return Ok(()) };
    if context.ui.json() {
        let count = snapshots.len() as u64;
        return context.ui.record(&FoundRecord::new(path, entry, sink, (&first.id, &last.id), count));
    }
    let size =
        if entry.kind == EntryKind::File { text::bytes(entry.size) } else { entry.kind.word().to_owned() };
    let time = jiff::Timestamp::from_second(entry.mtime.sec);
    let time = time.map_or(entry.mtime.sec.to_string(), text::local_short);
    let which = if first.id == last.id {
        first.short().to_owned()
    } else {
        format!("{}..{}", first.short(), last.short())
    };
    let count = snapshots.len();
    context.ui.named(&format!("{size:>8}  {time}  {count:>4}  {which:<26}  "), path)
}
