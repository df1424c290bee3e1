//! `emu-check-exclude`: which rule leaves a path out of snapshots.

use crate::cmd::{Class, Context, Entry, ExcludeArgs, Status, input, read};
use crate::error::{Doing as _, Error, Kind, Result};
use crate::fs;
use crate::quote::quoted;
use crate::record::ExcludedRecord;
use crate::restore::checkout;
use crate::source::{Excludes, Source};
use crate::tree::{Kind as EntryKind, path};
use clap::Args as _;
use std::path::Path;

pub(crate) const ENTRY: Entry = Entry {
    name: "check-exclude",
    class: Class::Plumbing,
    summary: "say which rule leaves a path out",
    prose: "\
## DESCRIPTION
Prints for each PATH whether a push would leave it out, and why: the pattern, with the file and line that
has it, or the mark beside it, which is a CACHEDIR.TAG or the file that push.exclude-if-present names, or
the size that a file exceeds. A directory that is left out takes all below it along. A PATH is relative to the working directory, and
need not exist; with a slash at its end it is taken for a directory.

It warns about patterns that are invalid, that match nothing because they are written as absolute paths or
with a '.' component, and about patterns that cannot include something again because its directory is
excluded.

Borders between file systems and sinks inside the source are no rules of this kind.
## OUTPUT
A record of type 'excluded' for each PATH; see emu-json(5).
## EXIT STATUS
0 if at least one of them is left out, 1 if none is; 10 if there is no source.
## EXAMPLES
    emu-check-exclude target/debug/emu build/
    find . -size +1G | emu-check-exclude - | jq -r 'select(.excluded | not) | .path'
## SEE ALSO
emu-push(1), emu-config(5)
",
    build: Args::augment_args,
    run: |matches, context| run(&read(matches)?, context),
};

/// Says which rule leaves a path out.
#[derive(Debug, clap::Args)]
struct Args {
    /// The paths; `-` reads them from standard input, a line each
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<String>,

    #[command(flatten)]
    exclude: ExcludeArgs,
}

fn run(args: &Args, context: &Context) -> Result<Status> {
    let source = context.source()?;
    let config = args.exclude.over(context.config(Some(&source))?)?;
    let excludes = Excludes::of(&source, &config, &args.exclude.patterns()?)?;
    excludes.warnings().for_each(|warning| context.ui.warn(warning));
    let here = fs::working_directory().doing(|| "cannot tell the working directory")?;
    let mut hits = 0;
    input::each(&args.paths, |text| {
        let whole = checkout::inside_source(&source, &here, Path::new(text))
            .map_err(|_| Error::usage(format!("{} is no path in the source that is saved", quoted(text))))?;
        let is_dir = text.ends_with('/') || is_directory(&source, &whole);
        // A pattern is looked at before what stands in a directory.
        if let Some(mark) = mark_beside(&source, &excludes, &whole)
            && excludes.explain(&whole, is_dir).is_none()
        {
            hits += 1;
            return context.ui.record(&ExcludedRecord::by_mark(&whole, &mark));
        }
        let rule = excludes.explain(&whole, is_dir);
        if let (None, Some(limit)) = (rule, excludes.larger_than())
            && size(&source, &whole).is_some_and(|size| size > limit)
        {
            hits += 1;
            return context.ui.record(&ExcludedRecord::by_size(&whole, limit));
        }
        hits += u32::from(rule.is_some());
        context.ui.record(&ExcludedRecord::by_rule(&whole, rule))
    })?;
    Ok((hits == 0).then_some(Kind::Failed))
}

fn is_directory(source: &Source, whole: &[u8]) -> bool {
    let (parent, name) = path::split(whole).unwrap_or_default();
    let dir = open(source, parent);
    dir.is_ok_and(|dir| dir.stat(name).is_ok_and(|stat| stat.kind == EntryKind::Dir))
}

/// The bytes of a regular file.
fn size(source: &Source, whole: &[u8]) -> Option<u64> {
    let (parent, name) = path::split(whole)?;
    let stat = open(source, parent).ok()?.stat(name).ok()?;
    (stat.kind == EntryKind::File).then_some(stat.size)
}

fn open(source: &Source, whole: &[u8]) -> fs::Result<fs::Dir> {
    let mut dir = source.root().duplicate()?;
    for name in path::components(whole) {
        dir = dir.open_dir(name)?;
    }
    Ok(dir)
}

/// The mark in the first directory on the way that has one, unless the path is the mark itself.
fn mark_beside(source: &Source, excludes: &Excludes, whole: &[u8]) -> Option<Box<[u8]>> {
    let ends = whole.iter().enumerate().filter(|(_, b)| **b == b'/').map(|(at, _)| at);
    ends.map(|end| &whole[..end]).find_map(|above| {
        let dir = open(source, above).ok()?;
        let names = dir.list().ok()?;
        let mark = path::join(above, &names.get(excludes.mark_in(&dir, &names)?)?.name);
        (*mark != *whole).then_some(mark)
    })
}
