//! `emu cat`: the content of files in snapshots.

use crate::cmd::inside::{self, Inside};
use crate::cmd::{Class, Context, Entry, Status, read};
use crate::error::{Doing as _, Error, Result};
use crate::fs;
use crate::interrupt;
use crate::quote::quoted;
use crate::sink::{ReadLock, layout};
use crate::tree::{Kind, path};
use clap::Args as _;
use rustix::fd::OwnedFd;
use std::ffi::OsString;
use std::fs::File;
use std::io::{Read as _, Seek as _};

pub(crate) const ENTRY: Entry = Entry {
    name: "cat",
    class: Class::Porcelain,
    summary: "print files of a snapshot",
    prose: "\
## DESCRIPTION
Prints the content of files, one after the other. PATH is relative to the snapshot's root, or, if
it begins with './' or '../', to the current directory in the source. A file is
read and hashed before anything of it is printed: what is not what was saved is not printed, but
named. What a repair recorded without knowing what was saved is printed with a warning. --json
changes nothing: content has no records.
## EXIT STATUS
0; 3 if nobody attests what is printed; 1 if it is no file, or damaged; 10 if there is no such snapshot, or no such file in it.
## EXAMPLES
    emu cat HEAD~:notes.txt | diff - notes.txt
    emu cat /mnt/usb/home:HEAD:.bashrc
## SEE ALSO
emu-ls(1), emu-checkout(1), emu-revisions(7)
",
    build: Args::augment_args,
    run: |matches, context| run(&read(matches)?, context),
};

/// Bytes between two looks at whether a signal came.
const BLOCK: u64 = 1 << 20;

/// Prints the content of files in snapshots.
#[derive(Debug, clap::Args)]
struct Args {
    /// Files: a snapshot, a colon, and the path in it
    #[arg(value_name = "REV:PATH", required = true)]
    files: Vec<OsString>,

    /// The sink of revisions that name none
    #[arg(long, value_name = "SINK")]
    sink: Option<String>,
}

fn run(args: &Args, context: &Context) -> Result<Status> {
    let mut status = None;
    for named in &args.files {
        let inside = inside::look_up(named, args.sink.as_deref(), context)?;
        let cannot = || format!("cannot print {} of {}", quoted(&inside.path), inside.found.node.short());
        if inside.entry.kind != Kind::File {
            let error = Error::failed(cannot()).because(format!("it is a {}", inside.entry.kind.word()));
            let is_dir = inside.entry.kind == Kind::Dir;
            return Err(if is_dir { error.hint("`emu ls REV:PATH` lists what is in it") } else { error });
        }
        let sink = &inside.found.opened.sink;
        let _reading = ReadLock::take(&sink.dir(layout::NODES)?, &inside.found.node.id)?;
        let mut file = File::from(proven(&inside)?);
        file.rewind().doing(cannot)?;
        if inside.entry.unattested {
            let path = quoted(&inside.path);
            context.ui.warn(&format!("nobody attests the content of {path}: a repair found no record of it"));
            status = Some(crate::error::Kind::Incomplete);
        }
        if !context.global.quiet {
            let size = inside.entry.size;
            let (mut rest, mut out) = (file.take(size), context.ui.stream());
            while std::io::copy(&mut rest.by_ref().take(BLOCK), &mut out).doing(cannot)? > 0 {
                interrupt::check()?;
            }
        }
    }
    Ok(status)
}

/// Opens the file in the tree, if that has what was saved.
fn proven(inside: &Inside) -> Result<OwnedFd> {
    let Inside { found, path: whole, entry, .. } = inside;
    let cannot = || format!("cannot read {} of {}", quoted(whole), found.node.short());
    let mut dir = found.opened.sink.open_tree(&found.node.id)?;
    let (above, name) = path::split(whole).unwrap_or_default();
    for part in path::components(above) {
        dir = dir.open_path(part).doing(cannot)?;
    }
    let file = dir.open_file(name).doing(cannot)?;
    let read = fs::hash_content(&file, entry.size, false, &mut Vec::new());
    interrupt::check()?;
    let read = read.doing(cannot)?;
    let size = fs::Stat::of(rustix::fd::AsFd::as_fd(&file)).doing(cannot)?.size;
    if entry.sha256.is_some_and(|saved| saved != read.sha256) || size != entry.size {
        return Err(Error::failed(cannot())
            .because("its content is not what was saved")
            .hint("`emu verify` says what else is damaged; another snapshot or sink may have the file"));
    }
    Ok(file)
}
