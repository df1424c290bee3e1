//! `emu-ls-tree`: the entries of a snapshot, from its manifest.

use crate::cmd::{self, Class, Context, Found, Status, read};
use crate::cmd::{input, inside};
use crate::error::{Error, Result};
use crate::interrupt;
use crate::quote::quoted;
use crate::tree::{Entry, EntryRecord, path};
use clap::Args as _;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;

pub(crate) const ENTRY: cmd::Entry = cmd::Entry {
    name: "ls-tree",
    class: Class::Plumbing,
    summary: "print the entries of a snapshot",
    prose: "\
## DESCRIPTION
Prints one record of type 'entry' for each entry of the snapshot, in the order of its manifest: the
entries of a directory stand together, and parents come before what they hold. The root has an empty
path. With PATHs, only those entries and what is below them are printed.

The manifest is read, not the tree: this is what was saved. Its digest is compared with the one in
the snapshot's node first, so that nothing is printed of a manifest that is damaged.
## EXIT STATUS
0; 1 if a PATH is not in the snapshot or the manifest is damaged; 10 if there is no such snapshot.
## EXAMPLES
The ten largest files below doc:

    emu-ls-tree HEAD doc | jq -r '[.size, .path] | @tsv' | sort -rn | head
## SEE ALSO
emu-ls(1), emu-revisions(7), emu-format(5), emu-json(5)
",
    build: Args::augment_args,
    run: |matches, context| run(&read(matches)?, context),
};

/// Prints the entries of a snapshot.
#[derive(Debug, clap::Args)]
struct Args {
    /// The snapshot; `-` reads snapshots from standard input, a line each
    #[arg(value_name = "REV")]
    rev: String,

    /// Entries to print with all that is below them, relative to the snapshot's root
    #[arg(value_name = "PATH")]
    paths: Vec<OsString>,

    /// The sink of a revision that names none
    #[arg(long, value_name = "SINK")]
    sink: Option<String>,
}

fn run(args: &Args, context: &Context) -> Result<Status> {
    let wanted = args.paths.iter().map(|path| inside::clean(path.as_bytes())).collect::<Result<Vec<_>>>()?;
    input::each(std::slice::from_ref(&args.rev), |rev| {
        let found = context.revision(rev, args.sink.as_deref())?;
        print(context, &found, &wanted)
    })?;
    Ok(None)
}

fn print(context: &Context, found: &Found, wanted: &[Box<[u8]>]) -> Result<()> {
    let mut manifest = found.opened.sink.open_manifest(&found.node)?;
    let mut missing: Vec<&[u8]> = wanted.iter().map(|path| &**path).collect();
    let mut print = |whole: &[u8], entry: &Entry| {
        missing.retain(|path| *path != whole);
        let asked = wanted.is_empty() || wanted.iter().any(|path| path::is_within(whole, path));
        if asked { context.ui.record(&EntryRecord::new(whole, entry)) } else { Ok(()) }
    };
    print(b"", manifest.root())?;
    while let Some(listing) = manifest.next_listing()? {
        interrupt::check()?;
        for entry in &listing.entries {
            print(&path::join(&listing.dir, &entry.name), entry)?;
        }
    }
    match missing.first() {
        None => Ok(()),
        Some(path) => Err(Error::failed(format!("no {} in snapshot {}", quoted(path), found.node.short()))),
    }
}
