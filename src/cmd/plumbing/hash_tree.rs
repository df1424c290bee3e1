//! `emu-hash-tree`.

use crate::cmd::{Class, Context, Entry, Status};
use crate::error::{Doing as _, Kind, Result};
use crate::fs;
use crate::quote::quoted_path;
use crate::snapshot::{self, HashRequest};
use crate::source::Source;
use crate::tree::Framing;
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
entry in manifest order, 'unread' records for what could not be read, and a 'tree' record with the
tree hash. A stream without its 'tree' record is not complete.

If DIR is a source, its excludes and borders apply as in a push.

With --against, a file whose stamps are those of the snapshot is not opened; its hash stands for
it.

## EXIT STATUS
0; 3 if something could not be read.

## EXAMPLES
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
    #[arg(value_name = "DIR")]
    dir: PathBuf,

    /// A snapshot whose hashes stand for files that did not change; of a sink, its HEAD
    #[arg(long, value_name = "SINK[:REV]")]
    against: Option<String>,
}

fn run(args: &HashArgs, context: &Context) -> Result<Status> {
    let source = Source::at(&args.dir)?;
    let config = context.config(source.as_ref())?;
    let root = fs::open_operator(&args.dir).doing(|| format!("cannot open {}", quoted_path(&args.dir)))?;
    let against = match &args.against {
        Some(spec) => match context.revision(spec, None) {
            // A sink without a snapshot: everything is hashed.
            Err(error) if error.kind() == Kind::NotFound && is_empty_sink(spec, context) => None,
            found => Some(found?),
        },
        None => None,
    };
    let request = HashRequest {
        root: Arc::new(root),
        source: source.as_ref(),
        against: against.as_ref().map(|found| (&*found.opened.sink, &found.node)),
        config: &config,
    };
    let out = Box::new(context.ui.stream());
    let (_, counts, _) = snapshot::hash_tree(&request, out, Framing::Plain, &context.ui.observer())?;
    Ok((counts.unread > 0).then_some(Kind::Incomplete))
}

fn is_empty_sink(spec: &str, context: &Context) -> bool {
    context.open_sink(spec).is_ok_and(|opened| opened.catalog.snapshots.is_empty())
}
