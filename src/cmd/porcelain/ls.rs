//! `emu ls`: what is in a directory of a snapshot.

use crate::cmd::inside::{self, Inside};
use crate::cmd::{Class, Context, Entry, Status, read};
use crate::error::{Error, Result};
use crate::interrupt;
use crate::quote::escaped;
use crate::record::ExcludedRecord;
use crate::tree::{self, EntryRecord, Kind, Owners, path};
use crate::ui::text;
use clap::Args as _;
use jiff::Timestamp;
use std::ffi::{OsStr, OsString};

pub(crate) const ENTRY: Entry = Entry {
    name: "ls",
    class: Class::Porcelain,
    summary: "list the entries of a snapshot",
    prose: "\
## DESCRIPTION
Lists what is in a directory of a snapshot, or a single entry, from the manifest: this is what was
saved. Without an argument it is the root of HEAD. PATH is relative to the snapshot's root.

With -l, the kind and mode, the owner, the group, the size, and the time of the last change stand
before the name. On a terminal names are escaped; in a pipe they are printed as they are, and with -z
each ends in a NUL. A PATH that begins with './' or '../' is relative to the current directory in the source.
With --excluded, the paths are listed that the push met and was told to leave out, at and below PATH: excluded
files, and excluded directories without what is below them. They are relative to the snapshot's root. If a push
met more than 10,000 such paths, they are not recorded.
## EXIT STATUS
0; 1 if with --excluded the paths are not recorded; 10 if there is no such snapshot, or no such path in it.
## JSON
With --json a record of type 'entry' for each, with --excluded of type 'excluded'; see emu-json(5).
## EXAMPLES
    emu ls
    emu ls -l origin:HEAD~2:src
    emu ls -R '@{yesterday}:Documents'
    emu ls --excluded
## SEE ALSO
emu-cat(1), emu-find(1), emu-ls-tree(1), emu-revisions(7)
",
    build: Args::augment_args,
    run: |matches, context| run(&read(matches)?, context),
};

/// Lists entries of a snapshot.
#[derive(Debug, clap::Args)]
struct Args {
    /// A snapshot, or one and a path in it; otherwise HEAD
    #[arg(value_name = "REV[:PATH]")]
    named: Vec<OsString>,

    /// Mode, owner, group, size and time as well
    #[arg(short, long)]
    long: bool,

    /// All that is below, too, each with its path
    #[arg(short = 'R', long)]
    recursive: bool,

    /// List the topmost paths that the snapshot was told to leave out
    #[arg(long, conflicts_with_all = ["long", "recursive"])]
    excluded: bool,

    /// End each name with a NUL instead of a line end
    #[arg(short = 'z', long = "null", conflicts_with = "long")]
    zero: bool,

    /// The sink of revisions that name none
    #[arg(long, value_name = "SINK")]
    sink: Option<String>,
}

fn run(args: &Args, context: &Context) -> Result<Status> {
    let head = [OsString::from("HEAD")];
    let all = if args.named.is_empty() { &head[..] } else { &args.named };
    for named in all {
        if args.excluded {
            excluded(named, args, context)?;
            continue;
        }
        let inside = inside::look_up(named, args.sink.as_deref(), context)?;
        if args.recursive && inside.entry.kind == Kind::Dir {
            recurse(&inside, args, context)?;
            continue;
        }
        let (dir, entries): (&[u8], _) = match inside.entry.kind {
            Kind::Dir => (&inside.path, &inside.below[..]),
            _ => (path::split(&inside.path).unwrap_or_default().0, std::slice::from_ref(&inside.entry)),
        };
        print(dir, entries, &inside.owners, args, context)?;
    }
    Ok(None)
}

/// Lists the paths that the push of a snapshot left out.
fn excluded(named: &OsStr, args: &Args, context: &Context) -> Result<()> {
    let ui = &context.ui;
    let (rev, below) = inside::parse(named, context)?;
    let (found, below) = (context.revision(rev, args.sink.as_deref())?, below.unwrap_or_default());
    let cannot = || format!("cannot list what {} was told to leave out", found.node.short());
    let Some(record) = found.opened.sink.excluded(&found.node)? else {
        return Err(Error::failed(cannot()).because("that was not recorded"));
    };
    if !record.is_listed() {
        return Err(Error::failed(cannot())
            .because(format!("{} paths were excluded, too many to be recorded by name", record.count))
            .hint("`emu show` tells the rules"));
    }
    for field in record.paths {
        let Some(path) = field.bytes().filter(|path| path::is_within(path, &below)) else { continue };
        match (ui.json(), args.zero) {
            (true, _) => ui.record(&ExcludedRecord::recorded(field))?,
            (false, true) => ui.zero_ended(&path)?,
            (false, false) => ui.path(&path)?,
        }
    }
    Ok(())
}

/// Everything below a directory; the manifest is read once more.
fn recurse(inside: &Inside, args: &Args, context: &Context) -> Result<()> {
    let mut manifest = inside.found.opened.sink.open_manifest(&inside.found.node)?;
    while let Some(listing) = manifest.next_listing()? {
        interrupt::check()?;
        if path::is_within(&listing.dir, &inside.path) {
            print(&listing.dir, &listing.entries, &inside.owners, args, context)?;
        }
    }
    Ok(())
}

fn print(dir: &[u8], entries: &[tree::Entry], owners: &Owners, args: &Args, context: &Context) -> Result<()> {
    let ui = &context.ui;
    let whole = |entry: &tree::Entry| path::join(dir, &entry.name);
    if ui.json() {
        return entries.iter().try_for_each(|entry| ui.record(&EntryRecord::new(&whole(entry), entry)));
    }
    let name = |entry: &tree::Entry| if args.recursive { whole(entry) } else { entry.name.clone() };
    if args.zero {
        return entries.iter().try_for_each(|entry| ui.zero_ended(&name(entry)));
    }
    if !args.long {
        return entries.iter().try_for_each(|entry| ui.path(&name(entry)));
    }
    let row = |entry: &tree::Entry| match entry.target.as_deref() {
        Some(target) => (long(entry, owners), [&*name(entry), b" -> ", target].concat()),
        None => (long(entry, owners), name(entry).into_vec()),
    };
    ui.named_rows(&entries.iter().map(row).collect::<Vec<_>>())
}

/// What stands before the name.
fn long(entry: &tree::Entry, owners: &Owners) -> Vec<String> {
    let owner = |names: &std::collections::BTreeMap<String, String>, id: u32| {
        let id = id.to_string();
        names.get(&id).map_or(id.clone(), |name| escaped(name.as_bytes()))
    };
    let size = match (entry.kind, entry.rdev) {
        (Kind::File, _) => text::bytes(entry.size),
        (_, Some((major, minor))) => format!("{major}, {minor}"),
        _ => "-".to_owned(),
    };
    let time = Timestamp::from_second(entry.mtime.sec);
    vec![
        mode(entry.kind, entry.mode),
        owner(&owners.users, entry.uid),
        owner(&owners.groups, entry.gid),
        format!("{size:>8}"),
        time.map_or(entry.mtime.sec.to_string(), text::local_short),
    ]
}

/// `drwxr-xr-x`, as ls(1) writes it.
fn mode(kind: Kind, mode: u16) -> String {
    let kind = match kind {
        Kind::File => '-',
        Kind::Dir => 'd',
        Kind::Symlink => 'l',
        Kind::Fifo => 'p',
        Kind::Socket => 's',
        Kind::Char => 'c',
        Kind::Block => 'b',
    };
    let mut text = String::from(kind);
    for (shift, special, letter) in [(6, 0o4000, 's'), (3, 0o2000, 's'), (0, 0o1000, 't')] {
        let bits = mode >> shift;
        text.push(if bits & 4 != 0 { 'r' } else { '-' });
        text.push(if bits & 2 != 0 { 'w' } else { '-' });
        text.push(match (bits & 1 != 0, mode & special != 0) {
            (true, true) => letter,
            (false, true) => letter.to_ascii_uppercase(),
            (true, false) => 'x',
            (false, false) => '-',
        });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_written_as_by_ls() {
        assert_eq!(mode(Kind::Dir, 0o755), "drwxr-xr-x");
        assert_eq!(mode(Kind::File, 0o4711), "-rws--x--x");
        assert_eq!(mode(Kind::Dir, 0o1777), "drwxrwxrwt");
        assert_eq!(mode(Kind::File, 0o2644), "-rw-r-Sr--");
        assert_eq!(mode(Kind::Symlink, 0o777), "lrwxrwxrwx");
    }
}
