//! `emu-diff-tree`: the differences between two trees, as records.

use crate::cmd::{Class, Context, Entry, Status, compare, read};
use crate::error::{Doing as _, Error, Result};
use crate::fs;
use crate::history::diff::{self, Tree};
use crate::quote::quoted_path;
use crate::source::Source;
use crate::tree::ManifestReader;
use clap::Args as _;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::Arc;

pub(crate) const ENTRY: Entry = Entry {
    name: "diff-tree",
    class: Class::Plumbing,
    summary: "print the differences between two trees",
    prose: "\
## DESCRIPTION
Prints a record of type 'change' for each difference from A to B, in manifest order. A tree is a
revision; dir:PATH, a directory as it is now, all of which is read, with the excludes and borders of a
source if it is one; file:PATH, a manifest in a file, as it is stored or as JSON lines; or '-', a
manifest on standard input.

Records are compared: the time of a directory is a difference here. 'how' is added, removed, content,
attributes, kind or moved, as emu-diff(1) explains them.
## EXIT STATUS
0; 3 if something in a directory could not be read; 1 if a manifest is damaged; 2 if one is malformed; 10
if there is no such snapshot.
## EXAMPLES
Is a copy that was restored by hand what was saved?

    emu-diff-tree /mnt/usb/home:HEAD dir:/srv/restored
## SEE ALSO
emu-diff(1), emu-revisions(7), emu-json(5)
",
    build: Args::augment_args,
    run: |matches, context| run(&read(matches)?, context),
};

/// Prints the differences from one tree to another.
#[derive(Debug, clap::Args)]
struct Args {
    /// The first tree: a revision, dir:PATH, file:MANIFEST, or `-`
    #[arg(value_name = "A")]
    before: OsString,

    /// The second tree
    #[arg(value_name = "B")]
    after: OsString,

    /// The sink of revisions that name none
    #[arg(long, value_name = "SINK")]
    sink: Option<String>,
}

/// zstd's magic number.
const PACKED: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

fn run(args: &Args, context: &Context) -> Result<Status> {
    if args.before == "-" && args.after == "-" {
        return Err(Error::usage("cannot compare standard input with itself"));
    }
    let (before, after) = (tree(&args.before, args, context)?, tree(&args.after, args, context)?);
    let unknown = !after.unknown.is_empty() || !before.unknown.is_empty();
    for change in diff::diff(before, after, &[])? {
        context.ui.record(&compare::record(&change))?;
    }
    Ok(compare::status(false, false, unknown))
}

fn tree(named: &OsStr, args: &Args, context: &Context) -> Result<Tree<'static>> {
    let path_after = |what: &str| {
        let path = named.as_bytes().strip_prefix(what.as_bytes())?;
        Some(Path::new(OsStr::from_bytes(path)))
    };
    if named == "-" {
        return manifest(Box::new(BufReader::new(std::io::stdin())), "standard input");
    }
    if let Some(path) = path_after("dir:") {
        let source = Source::at(path)?;
        let root = fs::open_operator(path).doing(|| format!("cannot open {}", quoted_path(path)))?;
        return compare::of_directory(Arc::new(root), source.as_ref(), None, context);
    }
    if let Some(path) = path_after("file:") {
        let file = fs::open_operator_file(path).doing(|| format!("cannot open {}", quoted_path(path)))?;
        return manifest(Box::new(BufReader::new(File::from(file))), &quoted_path(path));
    }
    let rev = named.to_str().ok_or_else(|| {
        Error::usage(format!("cannot read the revision {}", quoted_path(Path::new(named))))
            .because("it is not UTF-8")
    })?;
    compare::of_snapshot(&context.revision(rev, args.sink.as_deref())?)
}

/// A manifest as it is stored, or as JSON lines.
fn manifest(mut input: Box<dyn BufRead>, what: &str) -> Result<Tree<'static>> {
    let cannot = || format!("cannot read {what}");
    if !input.fill_buf().doing(cannot)?.starts_with(&PACKED) {
        return ManifestReader::new(input, what).map(Tree::from);
    }
    let records = zstd::Decoder::with_buffer(input).doing(cannot)?;
    ManifestReader::new(BufReader::new(records), what).map(Tree::from)
}
