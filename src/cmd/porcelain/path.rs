//! `emu path`: where the tree of a snapshot is.

use crate::cmd::{Class, Context, Entry, Found, Status, compare, inside, read};
use crate::error::{Doing as _, Error, Result};
use crate::fs::Errno;
use crate::quote::quoted;
use crate::record::RevRecord;
use crate::tree::path;
use clap::Args as _;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

pub(crate) const ENTRY: Entry = Entry {
    name: "path",
    class: Class::Porcelain,
    summary: "show where the tree of a snapshot is",
    prose: "\
## DESCRIPTION
A snapshot is a plain directory. This command prints where it is, so that other programs can read
it. Look, but do not write: files in it are shared with other snapshots.

With PATH, the path of that entry inside the snapshot is printed, if it is there. PATH is relative
to the current directory if that is in the source, otherwise to the snapshot's root; behind a colon it
is relative to the root, as for emu-ls(1). No symbolic link is followed on the way.

On a terminal the path is escaped; in a pipe it is printed as it is, and with -z a NUL ends it.
## EXIT STATUS
0; 10 if there is no such snapshot, or no such path in it.
## EXAMPLES
Compare a file with what it was two days ago:

    diff \"$(emu path '@{2 days ago}' notes.txt)\" notes.txt
## SEE ALSO
emu-ls(1), emu-rev-parse(1), emu-revisions(7)
",
    build: Args::augment_args,
    run: |matches, context| run(&read(matches)?, context),
};

/// Prints the path of a snapshot's tree, or of an entry in it.
#[derive(Debug, clap::Args)]
struct Args {
    /// The snapshot: HEAD~2, origin:@{yesterday}, an id; emu-revisions(7) has all forms
    #[arg(value_name = "REV[:PATH]")]
    rev: OsString,

    /// An entry of the snapshot
    #[arg(value_name = "PATH")]
    path: Option<PathBuf>,

    /// End the path with a NUL instead of a line end
    #[arg(short = 'z', long = "null")]
    zero: bool,

    /// The sink in which to look, a name or a path
    #[arg(long, value_name = "SINK")]
    sink: Option<String>,
}

fn run(args: &Args, context: &Context) -> Result<Status> {
    let (rev, below) = inside::parse(&args.rev, context)?;
    let below = match &args.path {
        Some(path) if below.is_none() => {
            compare::paths(std::slice::from_ref(path), context.try_source().as_ref())?.pop()
        }
        Some(_) => return Err(Error::usage("cannot look up two paths at once")),
        None => below,
    };
    let found = context.revision(rev, args.sink.as_deref())?;
    let sink = &found.opened.sink;
    let mut path = sink.tree_path(&found.node.id);
    if let Some(below) = &below {
        look_up(&found, below)?;
        path.extend(path::components(below).map(OsStr::from_bytes));
    }
    if context.ui.json() {
        let id = &found.node.id;
        context.ui.record(&RevRecord::new(rev, id, &found.opened.name, &sink.path, &path))?;
    } else if args.zero {
        context.ui.zero_ended(path.as_os_str().as_bytes())?;
    } else {
        context.ui.path(path.as_os_str().as_bytes())?;
    }
    Ok(None)
}

/// Makes sure that the entry is there, one component at a time.
fn look_up(found: &Found, whole: &[u8]) -> Result<()> {
    let mut dir = found.opened.sink.open_tree(&found.node.id)?;
    let mut names = path::components(whole).peekable();
    while let Some(name) = names.next() {
        let step = match names.peek() {
            Some(_) => dir.open_path(name).map(|below| dir = below),
            None => dir.stat(name).map(drop),
        };
        match step {
            Ok(()) => {}
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => {
                // The manifest knows what was meant; what it has should be in the tree.
                inside::at(found.clone(), whole.into())?;
                let none = format!("no {} in the tree of snapshot {}", quoted(whole), found.node.short());
                return Err(Error::not_found(none)
                    .because("it was saved, and is missing now")
                    .hint("`emu verify` says what else is damaged"));
            }
            failed => failed.doing(|| format!("cannot look up {}", quoted(whole)))?,
        }
    }
    Ok(())
}
