//! `emu init`: makes a directory a source, or completes one in which something is missing.

use crate::cmd::{Class, Context, Entry, Status, place, read};
use crate::config::env;
use crate::error::{Doing as _, Error, Result};
use crate::fs::{self, Attributes, Dir, Stat};
use crate::quote::quoted_path;
use crate::record::SourceRecord;
use crate::sink::layout;
use crate::source::{Preset, Source};
use crate::tree::{Kind, Time, Xattrs};
use clap::Args as _;
use rustix::fd::AsFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

pub(crate) const ENTRY: Entry = Entry {
    name: "init",
    class: Class::Porcelain,
    summary: "make a directory a source",
    prose: "\
## DESCRIPTION
A source is a directory tree that is to be saved. What emu knows of it stands at its root in .emu:
an id, the sinks, the configuration, and what is not to be saved. Nothing else in the tree is
touched.

Run in a source, init adds what is missing there and changes nothing that exists. If the id was
lost, it is taken from a sink that the source knows.
## TEMPLATES
Everything below the directory given with --template-dir is copied into .emu, but for what exists
already, the id, the sinks and the lock. Executables in hooks stay executable.
## PRESETS
With --preset, .emu/excludes gets the patterns that fit a kind of source, each with a comment. Excludes that are
there already are not overwritten.

    home     caches, the trash, thumbnails, downloads of package managers
    system   /proc, /sys, /dev, /run, temporary files, swap files, layers of container images, lost+found
    project  node_modules, target, .venv, __pycache__ and other files that tools create again
## EXIT STATUS
0; 1 if something cannot be written.
## EXAMPLES
Save the home directory to a disk:

    cd ~
    emu init --preset home
    emu sink add /mnt/usb/home
    emu push
## SEE ALSO
emu-sink(1), emu-push(1), emu-config(5), emu-format(5)
",
    build: Args::augment_args,
    run: |matches, context| run(&read(matches)?, context),
};

/// Makes a directory a source: a tree that emu saves.
#[derive(Debug, clap::Args)]
struct Args {
    /// The directory; otherwise the source named with -S, or the working directory
    #[arg(value_name = "DIR")]
    dir: Option<PathBuf>,

    /// Copy what is in this directory into .emu, overwriting nothing
    #[arg(long, value_name = "DIR")]
    template_dir: Option<PathBuf>,

    /// Write the excludes that fit a home directory, a whole system, or programming projects
    #[arg(long, value_name = "KIND", value_enum, conflicts_with = "template_dir")]
    preset: Option<Preset>,
}

fn run(args: &Args, context: &Context) -> Result<Status> {
    let named = args.dir.as_ref().or(context.global.source.as_ref());
    let dir = &place::settled(named.map_or(Path::new("."), PathBuf::as_path))?;
    let template = args.template_dir.as_deref().map(open_template).transpose()?;
    let missing = missing(dir);
    let (source, is_new) = Source::init(dir)?;
    if let (Some(path), Some(template)) = (&args.template_dir, template) {
        apply(path, &template, &source, &missing, context)?;
    }
    if let Some(preset) = args.preset {
        source.apply_preset(preset)?;
    }
    if context.ui.json() {
        context.ui.record(&SourceRecord::new(&source.path, &source.id, is_new))?;
    } else {
        context.ui.out(&format!("source {}: id {}", quoted_path(&source.path), source.id))?;
    }
    if is_home(&source) && source.has_initial_excludes()? {
        context.ui.hint("`emu init --preset home` excludes caches, the trash and thumbnails");
    }
    Ok(None)
}

/// Whether the source is the home directory of the user.
fn is_home(source: &Source) -> bool {
    let home = env("HOME").and_then(|home| fs::open_operator(Path::new(&home)).ok()?.stat_self().ok());
    let root = source.root().stat_self();
    home.zip(root.ok()).is_some_and(|(home, root)| (home.dev, home.ino) == (root.dev, root.ino))
}

fn open_template(path: &Path) -> Result<Dir> {
    fs::open_operator(path).doing(|| format!("cannot open the template {}", quoted_path(path)))
}

/// The files that init fills with its own text unless a template has them.
fn missing(dir: &Path) -> Vec<&'static [u8]> {
    let emu = fs::open_operator(dir).and_then(|root| root.open_dir(layout::EMU));
    let there = |name: &[u8]| emu.as_ref().is_ok_and(|emu| emu.stat(name).is_ok());
    [layout::CONFIG, layout::EXCLUDES].into_iter().filter(|name| !there(name)).collect()
}

/// Copies the template into the source's `.emu`. `replaceable` are files that init wrote just now.
fn apply(
    path: &Path,
    template: &Dir,
    source: &Source,
    replaceable: &[&[u8]],
    context: &Context,
) -> Result<()> {
    let own: [&[u8]; 3] = [layout::SOURCE, layout::SINKS, layout::LOCK];
    let walk = walkdir::WalkDir::new(path).min_depth(1).sort_by_file_name();
    let mut walk = walk.into_iter();
    while let Some(item) = walk.next() {
        let cannot = || format!("cannot read the template {}", quoted_path(path));
        let item = item.map_err(|error| {
            let why = error.io_error().map(ToString::to_string).unwrap_or_else(|| "a loop of links".into());
            Error::failed(cannot()).because(why)
        })?;
        let below = item.path().strip_prefix(path).unwrap_or(item.path());
        let name = item.file_name().as_bytes();
        if item.depth() == 1 && own.contains(&name) {
            context.ui.note(&format!("left out of the template: {}", quoted_path(below)));
            if item.file_type().is_dir() {
                walk.skip_current_dir();
            }
            continue;
        }
        let from = parent(template, below).doing(cannot)?;
        let to = parent(source.emu(), below).doing(|| format!("cannot copy {}", quoted_path(below)))?;
        let replace = item.depth() == 1 && replaceable.contains(&name);
        copy(&from, &to, name, replace).doing(|| format!("cannot copy {}", quoted_path(below)))?;
    }
    source.emu().sync().doing(|| format!("cannot write {}", quoted_path(&source.path.join(".emu"))))
}

/// The directory that holds the last component of `below`.
fn parent(top: &Dir, below: &Path) -> fs::Result<Dir> {
    let mut dir = top.duplicate()?;
    for component in below.parent().into_iter().flat_map(Path::components) {
        dir = dir.open_dir(component.as_os_str().as_bytes())?;
    }
    Ok(dir)
}

/// Copies one entry, unless there is one already that must stay.
fn copy(from: &Dir, to: &Dir, name: &[u8], replace: bool) -> fs::Result<()> {
    let stat = from.stat(name)?;
    if stat.kind == Kind::Dir {
        return to.ensure_dir(name, 0o700).map(drop);
    }
    if to.stat_if_there(name)?.is_some() {
        if !replace {
            return Ok(());
        }
        to.remove_file(name)?;
    }
    match stat.kind {
        Kind::Symlink => to.make_symlink(&from.read_link(name)?, name),
        Kind::File => copy_file(from, to, name, &stat),
        _ => Err(fs::Errno::NOTSUP),
    }
}

fn copy_file(from: &Dir, to: &Dir, name: &[u8], stat: &Stat) -> fs::Result<()> {
    /// More than any hook needs.
    const LIMIT: u64 = 64 << 20;
    let content = fs::read_limited(from, name, LIMIT)?;
    fs::write_new(to, name, &content)?;
    let mode = if stat.mode & 0o100 == 0 { 0o600 } else { 0o700 };
    let mtime = Time { sec: stat.mtime.sec, nanos: stat.mtime.nanos };
    let xattrs = Xattrs::new();
    let want = Attributes { mode, owner: (stat.uid, stat.gid), set_owner: false, mtime, xattrs: &xattrs };
    fs::apply_to_file(to.open_file(name)?.as_fd(), &want).map(drop)
}
