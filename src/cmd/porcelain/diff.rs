//! `emu diff`: what differs between two snapshots, or between one and the source as it is.

use crate::cmd::compare::{self, Style, StyleArgs};
use crate::cmd::{Class, Context, Entry, Status, read};
use crate::error::{Error, Result};
use crate::record::SummaryRecord;
use crate::sink::Node;
use crate::source::Source;
use clap::Args as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

pub(crate) const ENTRY: Entry = Entry {
    name: "diff",
    class: Class::Porcelain,
    summary: "show what differs between snapshots, or from the source",
    prose: "\
## DESCRIPTION
Shows what differs from the first snapshot to the second. With one revision, or none, which is HEAD,
the second one is the source as it is now: files whose size, times and inode are those of the
snapshot are not read, the others are hashed.

    added       only the second has it
    removed     only the first has it
    content     content, target of a link, or device number differ
    attributes  content is the same; mode, owner, time, or extended attributes differ
    kind        a file is a directory now, or the like
    moved       it had another path, which is gone: the same content and the same inode or time

Records are compared, not trees: what was damaged in a sink is no difference; `emu verify` finds it.
Directories of which nothing but the time differs are shown with -v only, and are no difference
for --exit-code. What cannot be read in the source is named, and not taken for removed. What the snapshot was
told to leave out is not taken for added.

With PATHs, only these and what is below them are compared; in the source they are relative to the
current directory, otherwise to the snapshot's root.
## OUTPUT
A word and the path for each difference, in the order of directories. --name-status prints a letter,
a tab and the path: A added, D removed, M content, U attributes, T kind, R moved. With -z, the letter
and the path each end in a NUL, and a path that was moved follows the one it had. On a terminal,
names are escaped; in a pipe they are printed as they are.
## EXIT STATUS
0; with --exit-code 4 if something differs; 3 if something in the source could not be read; 10 if
there is no such snapshot.
## JSON
With --json a record of type 'change' for each difference, with the entry before and after, and one
of type 'summary'; see emu-json(5).
## EXAMPLES
What a push would find, the last change, and whether anything in src changed in two days:

    emu diff
    emu diff HEAD~ HEAD --stat
    emu diff --exit-code '@{2 days ago}' -- src
## SEE ALSO
emu-show(1), emu-status(1), emu-diff-tree(1), emu-revisions(7)
",
    build: Args::augment_args,
    run: |matches, context| run(&read(matches)?, context),
};

/// Shows what differs between two snapshots, or between one and the source.
#[derive(Debug, clap::Args)]
struct Args {
    /// One or two snapshots, or A..B; otherwise HEAD
    #[arg(value_name = "REV", num_args = 0..=2)]
    revs: Vec<String>,

    #[command(flatten)]
    style: StyleArgs,

    /// Like --name-status, and what is printed ends in NULs instead of line ends
    #[arg(short = 'z', long = "null", conflicts_with = "stat")]
    zero: bool,

    /// Exit with 4 if something differs
    #[arg(long)]
    exit_code: bool,

    /// The sink of revisions that name none
    #[arg(long, value_name = "SINK")]
    sink: Option<String>,

    /// Compare only these
    #[arg(last = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

fn run(args: &Args, context: &Context) -> Result<Status> {
    let begin = Instant::now();
    if args.revs.len() > 2 {
        return Err(Error::usage("cannot compare more than two snapshots"));
    }
    let sink = args.sink.as_deref();
    let revs = ends(&args.revs);
    let source = if revs.len() < 2 { Some(context.source()?) } else { context.try_source() };
    let paths = compare::paths(&args.paths, source.as_ref())?;
    let first = context.revision(revs.first().map_or("HEAD", String::as_str), sink)?;
    let after = match (revs.get(1), &source) {
        (Some(second), _) => compare::of_snapshot(&context.revision(second, sink)?)?,
        (None, Some(source)) => {
            warn_foreign(source, &first.node, context);
            compare::of_directory(Arc::clone(source.root()), Some(source), Some(&first), context)?
        }
        (None, None) => return Ok(None),
    };
    let unknown = !after.unknown.is_empty();
    let changes = compare::between(compare::of_snapshot(&first)?, after, &paths, context)?;
    let style = if args.zero { Some(Style::Letters(true)) } else { args.style.style() };
    let counts = compare::print(&changes, style.unwrap_or(Style::Words), "", context)?;
    let status = compare::status(!changes.is_empty(), args.exit_code, unknown);
    if context.ui.json() {
        context.ui.record(&SummaryRecord::new("diff", counts, begin.elapsed(), status))?;
    }
    Ok(status)
}

/// `A..B` is the two ends, as in git.
fn ends(revs: &[String]) -> Vec<String> {
    let [range] = revs else { return revs.to_vec() };
    let Some((from, to)) = range.split_once("..") else { return revs.to_vec() };
    let sink = from.rsplit_once(':').map_or("", |(sink, _)| sink);
    let head = |text: &str| if text.is_empty() { "HEAD".to_owned() } else { text.to_owned() };
    let from = if from.ends_with(':') || from.is_empty() { format!("{from}HEAD") } else { from.to_owned() };
    let to = if sink.is_empty() || to.contains(':') { head(to) } else { format!("{sink}:{}", head(to)) };
    vec![from, to]
}

/// Snapshots of other sources are compared all the same; everything may differ.
fn warn_foreign(source: &Source, node: &Node, context: &Context) {
    if source.id != node.source {
        context.ui.warn(&format!("{} is a snapshot of another source", node.short()));
    }
}
