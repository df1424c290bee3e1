//! `emu-link-snapshot`.

use crate::cmd::{AllowArgs, Class, Context, Entry, Status, WaitArgs};
use crate::error::{Doing as _, Error, Kind, Result};
use crate::fs;
use crate::quote::quoted_path;
use crate::record::StagedRecord;
use crate::sink::Sink;
use crate::snapshot::{self, LinkRequest};
use crate::source::Source;
use crate::tree::ManifestReader;
use clap::Args as _;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

pub(crate) const ENTRY: Entry = Entry {
    name: "link-snapshot",
    class: Class::Plumbing,
    summary: "stage the tree that a manifest on stdin describes",
    prose: "\
## DESCRIPTION
Reads a manifest from stdin, as emu-hash-tree writes it, and stages its tree in the sink: what the
sink's HEAD has is linked, the rest is copied from --source. A file whose bytes changed since the
manifest was made is saved as it is now and marked 'torn', and the tree hash is computed anew.
The snapshot records what an 'exclusions' record says; without one, it is unknown what was left out.
Prints one 'staged' record, for emu-commit-snapshot.

The manifest is taken for hostile: what is not in order, leaves the tree, stands twice or is cut
off is refused, and nothing stays in the sink. The sink is locked only after input has begun to
arrive, and no longer when the record is printed.

## EXIT STATUS
0; 1 if the sink fails; 2 if the manifest is malformed; 3 if files could not be saved; 10 if there
is no such sink or the source is empty or has moved; 11 if the sink is locked.
## EXAMPLES
A snapshot without a rotation:

    emu-hash-tree SRC | emu-link-snapshot --sink ./S --source SRC | emu-commit-snapshot --sink ./S
## SEE ALSO
emu-hash-tree(1), emu-commit-snapshot(1), emu-json(5)
",
    build: |command| LinkArgs::augment_args(command),
    run: |matches, context| run(&crate::cmd::read(matches)?, context),
};

#[derive(Debug, clap::Args)]
struct LinkArgs {
    /// The sink: a name, or a path with a '/'
    #[arg(long, value_name = "SINK")]
    sink: String,

    /// Do not give the files in the sink to their owners
    #[arg(long)]
    no_owner: bool,

    #[command(flatten)]
    allow: AllowArgs,

    #[command(flatten)]
    wait: WaitArgs,
}

fn run(args: &LinkArgs, context: &Context) -> Result<Status> {
    let opened = context.open_sink(&args.sink)?;
    let path = match &context.global.source {
        Some(path) => path.clone(),
        None => context.source().map(|source| source.path)?,
    };
    let root = fs::open_operator(&path).doing(|| format!("cannot open {}", quoted_path(&path)))?;
    let source = Source::at(&path)?;
    refuse_foreign(&opened.sink, source.as_ref(), &path)?;
    let config = context.config(source.as_ref())?;
    // Blocks until the header is there: only then is the sink locked.
    let input = BufReader::with_capacity(256 * 1024, std::io::stdin());
    let manifest = ManifestReader::new(input, "the manifest on stdin")?;
    let observer = context.ui.observer();
    let fresh = Sink::open(&opened.sink.path)?;
    let ready =
        snapshot::ready(&opened.name, fresh, !args.no_owner, args.wait.wait(), context.command, &observer)?;
    let request = LinkRequest {
        root: Arc::new(root),
        path: &path,
        source: source.as_ref(),
        config: &config,
        allowed: args.allow.allowed(),
    };
    let staged = snapshot::link_snapshot(manifest, ready, &request, &observer)?;
    let mut record = StagedRecord::new(&staged.txid, &opened.sink.info.id, staged.manifest, staged.tree.tree);
    record.parent = staged.parent;
    record.entries = staged.tree.entries;
    record.unread = staged.unread;
    context.ui.record(&record)?;
    Ok((staged.unread > 0).then_some(Kind::Incomplete))
}

fn refuse_foreign(sink: &Sink, source: Option<&Source>, path: &Path) -> Result<()> {
    match source {
        Some(source) if source.id != sink.info.source => Err(Error::not_found(format!(
            "cannot stage {} in {}",
            quoted_path(path),
            quoted_path(&sink.path)
        ))
        .because("the sink belongs to another source")),
        _ => Ok(()),
    }
}
