//! `emu-hash-tree`.

use crate::cmd::{Class, Context, Entry, ExcludeArgs, Status};
use crate::error::{Doing as _, Kind, Result};
use crate::fs;
use crate::quote::quoted_path;
use crate::snapshot::{self, HashRequest};
use crate::source::Source;
use crate::tree::{Framing, reseal};
use clap::Args as _;
use std::path::PathBuf;
use std::sync::Arc;

pub(crate) const ENTRY: Entry = Entry {
    name: "hash-tree",
    class: Class::Plumbing,
    summary: "list and hash a directory tree as a manifest",
    prose: "\
## DESCRIPTION
A manifest as JSON lines, as emu-format(5) describes it: a 'manifest' record, an 'entry' for each
entry in manifest order, 'unread' records for what could not be read, an 'exclusions' record with the rules
and the paths that were left out, and a 'tree' record with the
tree hash. A stream without its 'tree' record is not complete.

If DIR is a source, its excludes and borders apply as in a push.

With --stdin, the records of a manifest are read instead, in any order, with or without their first and
last: what jq selected or changed becomes a manifest again. Nothing is printed unless it is a sound one.

With --against, a file whose stamps are those of the snapshot is not opened; its hash stands for
it.

## EXIT STATUS
0; 1 if the input of --stdin makes no manifest; 3 if something could not be read.

## EXAMPLES
A snapshot's manifest without its large files:

    emu-ls-tree origin:HEAD | jq -c 'select((.size // 0) < 1e9)' | emu-hash-tree --stdin

The pipeline that makes the snapshot that emu push makes:

    emu-hash-tree SRC --against S | emu-link-snapshot --sink S --source SRC | emu-commit-snapshot --sink S && emu-rotate --sink S
## SEE ALSO
emu-link-snapshot(1), emu-push(1), emu-format(5), emu-json(5)
",
    build: |command| HashArgs::augment_args(command),
    run: |matches, context| run(&crate::cmd::read(matches)?, context),
};

#[derive(Debug, clap::Args)]
struct HashArgs {
    /// The tree
    #[arg(value_name = "DIR", required_unless_present = "stdin")]
    dir: Option<PathBuf>,

    /// Read entries from standard input, sort and check them, and seal them anew
    #[arg(long, conflicts_with_all = ["dir", "against", "exclude", "exclude_from", "exclude_larger_than"])]
    stdin: bool,

    /// A snapshot whose hashes stand for files that did not change; of a sink, its HEAD
    #[arg(long, value_name = "SINK[:REV]")]
    against: Option<String>,

    #[command(flatten)]
    exclude: ExcludeArgs,
}

fn run(args: &HashArgs, context: &Context) -> Result<Status> {
    let Some(dir) = &args.dir else {
        reseal(std::io::stdin().lock(), &mut context.ui.stream())?;
        return Ok(None);
    };
    let source = Source::at(dir)?;
    let config = args.exclude.over(context.config(source.as_ref())?)?;
    let root = fs::open_operator(dir).doing(|| format!("cannot open {}", quoted_path(dir)))?;
    let against = match &args.against {
        Some(spec) => match context.revision(spec, None) {
            // A sink without a snapshot: everything is hashed.
            Err(error) if error.kind() == Kind::NotFound && is_empty_sink(spec, context) => None,
            found => Some(found?),
        },
        None => None,
    };
    let excludes = args.exclude.patterns()?;
    if let Some(source) = &source {
        context.warn_of_excludes(source, &config, &excludes)?;
    }
    let request = HashRequest {
        root: Arc::new(root),
        source: source.as_ref(),
        against: against.as_ref().map(|found| (&*found.opened.sink, &found.node)),
        config: &config,
        excludes: &excludes,
        earlier: None,
    };
    let out = Box::new(context.ui.stream());
    let (_, counts, _) = snapshot::hash_tree(&request, out, Framing::Plain, &context.ui.observer())?;
    Ok((counts.unread > 0).then_some(Kind::Incomplete))
}

fn is_empty_sink(spec: &str, context: &Context) -> bool {
    context.open_sink(spec).is_ok_and(|opened| opened.catalog.snapshots.is_empty())
}
