//! `emu sink`: which sinks a source has, a new one, and what becomes of one.

mod add;
mod changes;

pub(super) use add::undo;

use crate::cmd::mounts::{self, Mount};
use crate::cmd::{Class, Context, Entry, Opened, Status, WaitArgs, read};
use crate::error::{Error, Result};
use crate::fs;
use crate::quote::escaped;
use crate::record::{SinkPlace, SinkRecord};
use crate::sink::{Node, Sink};
use crate::source::{SinkRef, Source, SourceLock};
use crate::ui::{Paint, text};
use clap::Args as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

pub(crate) const ENTRY: Entry = Entry {
    name: "sink",
    class: Class::Porcelain,
    summary: "list, add, change, adopt and forget sinks",
    prose: "\
## DESCRIPTION
A sink is a directory that holds snapshots of one source, on a disk that should be another one than
the source's. A source has any number of sinks, and they share nothing.

Without arguments, the sinks are listed: whether they are there, how many snapshots they hold, the
latest of them and its age, and how much room is left. A sink whose disk is not mounted is absent; where another
disk is mounted in its place, the list says so.

emu sink add makes a sink in an empty directory, or in a new one whose parent exists. A sink of this
source that exists already is attached: so a disk moves to another machine, or comes back after emu
sink rm. A sink may lie inside the source; it is not saved then.

emu sink rm makes the source forget a sink. The snapshots in it stay as they are. emu sink clean does so
for all sinks that are absent, or have another one in their place, but for those that are optional.

emu sink rename gives a sink another name in this source. emu sink set says whether it may be absent. Neither
touches the sink, which may be absent.

emu sink move says where a sink stands now that its directory was moved or copied by other means. If both
are there, they have the same id, and only the new one counts.

emu sink adopt makes a sink this machine's: a push from another machine than the one that made HEAD is
refused until then, and afterwards the other machine is. With a NAME and a PATH it takes over a sink that is
of another source, such as one that was lost, and adds it; a copy of a sink that the source has elsewhere
gets an id of its own. A sink whose own record, '.emu/sink', is missing or cannot be read gets one again, from
its snapshots. No snapshot is changed.
## OPTIONS OF ADD AND SET
With --optional, it is no failure of a push when the sink is absent; with --required, which is how sinks are
added otherwise, it is one.
## EXIT STATUS
0; 1 if a sink cannot be made there, or a name is taken; 2 if a name is no name; 10 if there is no such sink, or another one in
its place; 11 if somebody else holds a lock.
## JSON
With --json a record of type 'sink' for each sink that is listed or changed; see emu-json(5).
## EXAMPLES
A disk that is always there, and one that is plugged in now and then:

    emu sink add /mnt/backup/home
    emu sink add --optional usb /media/usb/home
    emu sink

Another name, and no failure any more when it is absent:

    emu sink rename origin office
    emu sink set office --optional

A bigger disk:

    cp -a /mnt/old/home /mnt/new/home
    emu sink move origin /mnt/new/home

A new source goes on with the sink of one that was lost:

    emu init
    emu sink adopt origin /mnt/usb/home
## SEE ALSO
emu-push(1), emu-status(1), emu-clone(1), emu-clean(1), emu-config(5), emu-format(5)
",
    build: Args::augment_args,
    run: |matches, context| run(&read(matches)?, context),
};

/// Lists the sinks of the source, adds one, or forgets one.
#[derive(Debug, clap::Args)]
struct Args {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// List the sinks and what is in them
    List,
    /// Make a directory a sink of this source, or attach one that is
    #[command(allow_missing_positional = true)]
    Add {
        /// What to call it
        #[arg(value_name = "NAME", default_value = "origin")]
        name: String,
        /// Its directory; at most the last component is made
        #[arg(value_name = "PATH", required = true)]
        path: PathBuf,
        /// It is no failure when this sink is absent
        #[arg(long)]
        optional: bool,
        #[command(flatten)]
        change: ChangeArgs,
    },
    /// Forget a sink; its snapshots stay
    Rm {
        /// Its name
        #[arg(value_name = "SINK")]
        name: String,
        #[command(flatten)]
        change: ChangeArgs,
    },
    /// Give a sink another name
    Rename {
        /// Its name
        #[arg(value_name = "SINK")]
        name: String,
        /// What to call it
        #[arg(value_name = "NEW")]
        new: String,
        #[command(flatten)]
        change: ChangeArgs,
    },
    /// Say whether a sink may be absent
    Set {
        /// Its name
        #[arg(value_name = "SINK")]
        name: String,
        /// It is no failure when this sink is absent
        #[arg(long, required_unless_present = "required", conflicts_with = "required")]
        optional: bool,
        /// It is a failure when this sink is absent
        #[arg(long)]
        required: bool,
        #[command(flatten)]
        change: ChangeArgs,
    },
    /// Say where a sink stands now
    Move {
        /// Its name
        #[arg(value_name = "SINK")]
        name: String,
        /// Where it is
        #[arg(value_name = "PATH")]
        path: PathBuf,
        #[command(flatten)]
        change: ChangeArgs,
    },
    /// Make a sink this source's and this machine's
    Adopt {
        /// Its name, or a path with a '/'
        #[arg(value_name = "NAME")]
        name: Option<String>,
        /// Where it is, if the source does not know it yet
        #[arg(value_name = "PATH")]
        path: Option<PathBuf>,
        #[command(flatten)]
        change: ChangeArgs,
    },
    /// Forget the sinks that are not there, but for optional ones
    Clean {
        #[command(flatten)]
        change: ChangeArgs,
    },
}

/// How a change is made.
#[derive(Debug, Clone, Copy, clap::Args)]
struct ChangeArgs {
    /// Print what would be done, and do nothing
    #[arg(long, short = 'n')]
    dry_run: bool,

    #[command(flatten)]
    wait: WaitArgs,
}

impl ChangeArgs {
    /// The lock of the source, if something is to be changed.
    fn lock(self, source: &Source, context: &Context) -> Result<Option<SourceLock>> {
        let lock = || source.lock(context.command, self.wait.wait());
        if self.dry_run { Ok(None) } else { lock().map(Some) }
    }
}

fn run(args: &Args, context: &Context) -> Result<Status> {
    match &args.action {
        None | Some(Action::List) => list(context),
        Some(Action::Add { name, path, optional, change }) => {
            add::add(context, name, path, *optional, *change)
        }
        Some(Action::Rm { name, change }) => changes::forget(context, name, *change),
        Some(Action::Rename { name, new, change }) => changes::rename(context, name, new, *change),
        Some(Action::Set { name, optional, change, .. }) => changes::set(context, name, *optional, *change),
        Some(Action::Move { name, path, change }) => changes::relocate(context, name, path, *change),
        Some(Action::Adopt { name, path, change }) => {
            changes::adopt(context, name.as_deref(), path.as_deref(), *change)
        }
        Some(Action::Clean { change }) => changes::clean(context, *change),
    }
}

const TITLES: [&str; 9] =
    ["NAME", "STATE", "SNAPSHOTS", "HEAD", "AGE", "FREE", "DEVICE", "MOUNTED ON", "PATH"];

fn list(context: &Context) -> Result<Status> {
    let mounts = mounts::all();
    let mut rows = vec![TITLES.map(str::to_owned).to_vec()];
    for (known, opened) in context.all_sinks()? {
        if context.ui.json() {
            print_record(context, &mounts, &known, opened.as_ref())?;
            continue;
        }
        let path = escaped(known.path.as_os_str().as_bytes());
        rows.push(match &opened {
            Ok(opened) => {
                let head = opened.catalog.head().map(|snapshot| &snapshot.node);
                let age = head.and_then(Node::timestamp).map(|time| text::age(time, crate::clock::now()));
                let head = head.map_or("-".to_owned(), |node| context.ui.paint(Paint::Id, node.short()));
                let free = fs::space(opened.sink.root()).map(|space| text::bytes(space.available));
                let snapshots = opened.catalog.snapshots.len().to_string();
                let free = free.unwrap_or_else(|_| "-".to_owned());
                let age = age.unwrap_or_else(|| "-".to_owned());
                let mount = mounts::of(&mounts, opened.sink.root());
                let [device, point] = match mount {
                    Some(mount) => [mount.device.as_bytes(), mount.point.as_os_str().as_bytes()].map(escaped),
                    None => ["-", "-"].map(str::to_owned),
                };
                vec![known.name, "present".to_owned(), snapshots, head, age, free, device, point, path]
            }
            Err(_) => {
                let state = context.ui.paint(Paint::Warning, state(&known));
                let unknown = std::iter::repeat_n("-".to_owned(), 6);
                [known.name, state].into_iter().chain(unknown).chain([path]).collect()
            }
        });
    }
    let mut lines = context.ui.columns(&rows, 0).into_iter();
    let title = lines.next().unwrap_or_default();
    if rows.len() > 1 {
        context.ui.out(&context.ui.paint(Paint::Title, &title))?;
        lines.try_for_each(|line| context.ui.out(&line))?;
    } else if !context.ui.json() {
        context.ui.note("no sinks yet; `emu sink add PATH` adds one");
    }
    Ok(None)
}

/// Why a sink cannot be used, in a word or two.
fn state(known: &SinkRef) -> &'static str {
    match Sink::open(&known.path) {
        Ok(_) => "wrong disk",
        Err(error) if error.kind() == crate::error::Kind::NotFound => "absent",
        Err(_) => "unreadable",
    }
}

fn print_record(
    context: &Context,
    mounts: &[Mount],
    known: &SinkRef,
    opened: std::result::Result<&Opened, &Error>,
) -> Result<()> {
    let why = opened.err().map(ToString::to_string);
    let place = opened.map(|opened| describe(&opened.sink, mounts, Some(opened)));
    let place = place.map_err(|_| why.as_deref().unwrap_or_default());
    context.ui.record(&SinkRecord::new(&known.name, &known.path, &known.id, known.optional, place))
}

fn describe<'a>(sink: &'a Sink, mounts: &'a [Mount], opened: Option<&'a Opened>) -> SinkPlace<'a> {
    let mount = mounts::of(mounts, sink.root());
    let snapshots = opened.map_or(0, |opened| opened.catalog.snapshots.len());
    SinkPlace {
        device: mount.map(|mount| &*mount.device),
        mount_point: mount.and_then(|mount| mount.point.to_str()),
        file_system: mount.map_or(&sink.info.abilities.kind, |mount| &mount.kind),
        free: fs::space(sink.root()).map_or(0, |space| space.available),
        snapshots: u64::try_from(snapshots).unwrap_or(u64::MAX),
        head: opened.and_then(|opened| opened.catalog.head.as_deref()),
    }
}

fn trusted_source(context: &Context) -> Result<Source> {
    context.known_sinks().map(|(source, _)| source)
}
