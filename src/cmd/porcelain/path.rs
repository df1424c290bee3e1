//! `emu path`: where the tree of a snapshot is.

use crate::cmd::{Class, Context, Entry, Found, Status, read};
use crate::error::{Doing as _, Error, Result};
use crate::fs::Errno;
use crate::quote::{quoted, quoted_path};
use crate::record::RevRecord;
use clap::Args as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

pub(crate) const ENTRY: Entry = Entry {
    name: "path",
    class: Class::Porcelain,
    summary: "show where the tree of a snapshot is",
    prose: "\
## DESCRIPTION
A snapshot is a plain directory. This command prints where it is, so that other programs can read
it. Look, but do not write: files in it are shared with other snapshots.

With PATH, the path of that entry inside the snapshot is printed, if it is there. PATH is relative
to the root of the source. No symbolic link is followed on the way.
## EXIT STATUS
0; 1 if there is no such PATH in the snapshot; 10 if there is no such snapshot.
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
    #[arg(value_name = "REV")]
    rev: String,

    /// An entry of the snapshot, relative to its root
    #[arg(value_name = "PATH")]
    path: Option<PathBuf>,

    /// The sink in which to look, a name or a path
    #[arg(long, value_name = "SINK")]
    sink: Option<String>,
}

fn run(args: &Args, context: &Context) -> Result<Status> {
    let found = context.revision(&args.rev, args.sink.as_deref())?;
    let sink = &found.opened.sink;
    let mut path = sink.tree_path(&found.node.id);
    if let Some(below) = args.path.as_deref().map(clean).transpose()? {
        look_up(&found, &below)?;
        path.extend(&below);
    }
    if context.ui.json() {
        let id = &found.node.id;
        context.ui.record(&RevRecord::new(&args.rev, id, &found.opened.name, &sink.path, &path))?;
    } else {
        context.ui.path(path.as_os_str().as_bytes())?;
    }
    Ok(None)
}

/// The path without dots and doubled slashes.
fn clean(path: &Path) -> Result<PathBuf> {
    let cannot = || Error::usage(format!("cannot look up {}", quoted_path(path)));
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => clean.push(name),
            Component::CurDir => {}
            Component::ParentDir => return Err(cannot().because("'..' leads out of the snapshot")),
            Component::RootDir | Component::Prefix(_) => {
                return Err(cannot().because("the path is relative to the snapshot's root"));
            }
        }
    }
    Ok(clean)
}

/// Makes sure that the entry is there, one component at a time.
fn look_up(found: &Found, path: &Path) -> Result<()> {
    let mut dir = found.opened.sink.open_tree(&found.node.id)?;
    let mut names = path.components().map(|component| component.as_os_str().as_bytes()).peekable();
    while let Some(name) = names.next() {
        let step = match names.peek() {
            Some(_) => dir.open_path(name).map(|below| dir = below),
            None => dir.stat(name).map(drop),
        };
        match step {
            Ok(()) => {}
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => {
                let kind = if names.peek().is_some() { "directory" } else { "entry" };
                let none = format!("no {} in snapshot {}", quoted_path(path), found.node.short());
                return Err(Error::failed(none).because(format!("there is no {kind} {}", quoted(name))));
            }
            failed => failed.doing(|| format!("cannot look up {}", quoted_path(path)))?,
        }
    }
    Ok(())
}
