//! `emu find`: names across snapshots.

use crate::cmd::{Class, Context, Entry, Found, Status, read, several};
use crate::error::{Kind, Result};
use crate::history::find::{self, Pattern, Version};
use crate::quote::escaped;
use crate::record::FoundRecord;
use crate::sink::Node;
use crate::tree::Kind as EntryKind;
use crate::ui::{NamedRow, Paint, text};
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

On a terminal names are escaped, in a pipe they are printed as they are; -z prints paths alone, for xargs -0.

Manifests are read, not trees. What neighbours have in common is read once. A snapshot whose manifest is
missing or damaged is left out, with a warning.
## EXIT STATUS
0; 1 if nothing fits; 3 if a snapshot was left out, whether or not anything fits in the others; 10 if there
is no such snapshot.
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

    /// Print only paths, each once in a sink and ended with a NUL
    #[arg(short = 'z', long = "null")]
    zero: bool,

    /// The sink in which to look, a name or a path
    #[arg(long, value_name = "SINK")]
    sink: Option<String>,
}

fn run(args: &Args, context: &Context) -> Result<Status> {
    let pattern = Pattern::new(&args.pattern, args.ignore_case)?;
    let threads = several::threads(context)?;
    let groups = several::snapshots(&args.revs, args.sink.as_deref(), context)?;
    let (ui, many) = (&context.ui, groups.len() > 1);
    let (mut hits, mut incomplete) = (0, None);
    for (name, found) in &groups {
        let Some(first) = found.first() else { continue };
        let nodes: Vec<&Node> = found.iter().map(|found| &found.node).collect();
        let (versions, damaged) = find::find(&first.opened.sink, &nodes, &pattern, threads)?;
        incomplete = incomplete.or(several::left_out(&damaged, &first.opened, context));
        hits += versions.values().map(Vec::len).sum::<usize>();
        let mut each = versions.iter().flat_map(|(path, of_path)| of_path.iter().map(move |one| (path, one)));
        if ui.json() {
            each.try_for_each(|(path, version)| print_record(path, version, name, found, context))?;
            continue;
        }
        if args.zero {
            versions.iter().try_for_each(|(path, _)| ui.zero_ended(path))?;
            continue;
        }
        if many && !versions.is_empty() {
            ui.out(&ui.paint(Paint::Title, &format!("sink {}:", escaped(name.as_bytes()))))?;
        }
        ui.named_rows(&each.filter_map(|(path, version)| row(path, version, found)).collect::<Vec<_>>())?;
    }
    // Without some of the snapshots, nobody can say that nothing fits.
    Ok(incomplete.or((hits == 0).then_some(Kind::Failed)))
}

/// A version, for people.
fn row(path: &[u8], version: &Version, found: &[Found]) -> Option<NamedRow> {
    let Version { entry, snapshots } = version;
    let (first, last) = ends(version, found)?;
    let size =
        if entry.kind == EntryKind::File { text::bytes(entry.size) } else { entry.kind.word().to_owned() };
    let time = jiff::Timestamp::from_second(entry.mtime.sec);
    let which = if first.id == last.id {
        first.short().to_owned()
    } else {
        format!("{}..{}", first.short(), last.short())
    };
    let cells = vec![
        format!("{size:>8}"),
        time.map_or(entry.mtime.sec.to_string(), text::local_short),
        format!("{:>4}", snapshots.len()),
        format!("{which:<26}"),
    ];
    Some((cells, path.to_vec()))
}

/// The oldest and the newest snapshot that have a version.
fn ends<'a>(version: &Version, found: &'a [Found]) -> Option<(&'a Node, &'a Node)> {
    let node = |at: Option<&usize>| at.and_then(|at| found.get(*at)).map(|found| &found.node);
    Some((node(version.snapshots.first())?, node(version.snapshots.last())?))
}

fn print_record(
    path: &[u8],
    version: &Version,
    sink: &str,
    found: &[Found],
    context: &Context,
) -> Result<()> {
    let Some((first, last)) = ends(version, found) else { return Ok(()) };
    let count = version.snapshots.len() as u64;
    context.ui.record(&FoundRecord::new(path, &version.entry, sink, (&first.id, &last.id), count))
}
