//! Checkout: a snapshot's tree back on disk. The plan is made and looked at before anything is
//! changed; the guard refuses to destroy what no snapshot holds; every byte is hashed on its way
//! out of the sink, and nothing is ever linked to it.

use super::apply::Applier;
use super::chosen::Chosen;
use super::cloning::Cloning;
use super::content::Origin;
use super::decide::Full;
use super::judge::Powers;
use super::plan::Planner;
use super::rescue::Candidates;
use super::select::{Into, Selected, first_missing};
use super::target;
use crate::config::Config;
use crate::error::{Error, Kind, Result};
use crate::fs::{Dir, Errno};
use crate::progress::{Event, Observer};
use crate::quote::quoted;
use crate::sink::{Catalog, Node, Sink, Wait};
use crate::source::Source;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use super::apply::{Damaged, Done};
pub use super::change::{Change, How, Step, Trouble};
pub use super::guard::{Caution, Risks};
pub use super::judge::Ownership;
pub use super::select::Overwrite;
pub use super::target::{Cloned, Unfinished, inside_snapshot, inside_source};

/// Where a snapshot goes.
#[derive(Clone, Copy)]
pub enum Target<'a> {
    /// The source becomes the snapshot; what the snapshot lacks is removed.
    Source {
        /// The source.
        source: &'a Source,
        /// What the guard does.
        caution: Caution,
    },
    /// Single paths of the source; what they replace is kept in its `.emu`.
    Paths {
        /// The source.
        source: &'a Source,
        /// What becomes of files that stand there.
        overwrite: Overwrite,
    },
    /// Another directory; nothing is removed there.
    Elsewhere {
        /// The directory; its last component may be missing.
        path: &'a Path,
        /// What becomes of files that stand there; `None`: the directory must be empty.
        overwrite: Option<Overwrite>,
    },
    /// A directory that becomes a source, maybe from where a clone before was cut off; nothing is
    /// removed there, and what is replaced is kept in its `.emu`.
    Clone(&'a Cloning),
}

/// Opens the other sinks when they are needed; absent ones are left out.
pub type Others<'a> = dyn Fn() -> Vec<(&'a Sink, &'a Catalog)> + 'a;

/// What is asked for.
pub struct Request<'a> {
    /// The sink that has the snapshot.
    pub sink: &'a Sink,
    /// What it holds.
    pub catalog: &'a Catalog,
    /// The snapshot.
    pub node: &'a Node,
    /// Opens further sinks, where content is sought if the snapshot's own copy is damaged.
    pub others: &'a Others<'a>,
    /// Where it goes.
    pub target: Target<'a>,
    /// Configuration of the source, if it goes there.
    pub config: &'a Config,
    /// Which paths of the snapshot; none means all. Ignored for [`Target::Source`].
    pub paths: Vec<Box<[u8]>>,
    /// Whether owners are restored.
    pub ownership: Ownership,
    /// Whether FIFOs, sockets and devices are restored.
    pub special: bool,
    /// What is done with damaged files.
    pub damaged: Damaged,
    /// How long to wait for locks.
    pub wait: Wait,
    /// How the holder of the locks is called.
    pub command: &'a str,
}

/// What a plan says beside its steps.
#[derive(Debug, Default)]
pub struct Foreseen {
    /// What no snapshot holds and the plan would destroy.
    pub risks: Risks,
    /// What cannot be done.
    pub troubles: Vec<Trouble>,
    /// Files that were left because they stand there already.
    pub left: u64,
    /// Entries of the snapshot that are excluded now, and left alone.
    pub excluded: u64,
}

/// What became of HEAD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Head {
    /// It stays where it is, as this kind of checkout leaves it.
    Stays,
    /// It names the snapshot now.
    Moved,
    /// It should have moved, and the sink cannot be written; why.
    Unmovable(String),
}

/// How a checkout ended.
#[derive(Debug)]
pub struct Outcome {
    /// What was done.
    pub done: Done,
    /// Files that were left because they stand there already.
    pub left: u64,
    /// Entries of the snapshot that are excluded now, and left alone.
    pub excluded: u64,
    /// Where replaced entries are, if any were kept.
    pub replaced: Option<PathBuf>,
    /// What became of HEAD.
    pub head: Head,
}

impl Outcome {
    /// Whether everything was restored that was asked for.
    pub fn is_complete(&self) -> bool {
        self.done.troubles.is_empty() && self.done.owners == 0 && self.done.xattrs == 0
    }
}

/// Says what a checkout would do, step by step, and changes nothing.
///
/// # Errors
/// The snapshot cannot be read, the target is none, or a path is not in the snapshot.
pub fn plan(
    request: &Request<'_>,
    each: &mut dyn FnMut(Step) -> Result<()>,
    observer: &dyn Observer,
) -> Result<Foreseen> {
    check_paths(request)?;
    let root = open_target(request)?;
    let unfinished = match request.target {
        Target::Source { source, .. } => Unfinished::read(source.emu()),
        _ => None,
    };
    decide(request, root.as_ref(), unfinished.as_ref(), each, observer)
}

/// Does what is asked for.
///
/// # Errors
/// As [`plan`]; the guard refuses; a lock is held; or nothing more can be written.
pub fn run(request: &Request<'_>, observer: &dyn Observer) -> Result<Outcome> {
    match request.target {
        Target::Source { source, .. } => {
            let _lock = source.lock(request.command, request.wait)?;
            super::full::run(request, source, observer)
        }
        Target::Paths { source, .. } => {
            let _lock = source.lock(request.command, request.wait)?;
            check_paths(request)?;
            keeping(request, source.root(), source.emu(), &source.path, observer)
        }
        Target::Clone(cloning) => {
            let (root, emu) = cloning.begun()?;
            match cloning.before() {
                None => stream(request, Arc::clone(root), None, observer),
                Some(_) => keeping(request, root, emu, &cloning.path, observer),
            }
        }
        Target::Elsewhere { path, .. } => {
            check_paths(request)?;
            let root = match open_target(request)? {
                Some(root) => root,
                None => Arc::new(target::make(path)?),
            };
            stream(request, root, None, observer)
        }
    }
}

/// What is replaced moves to a directory in this `.emu`.
fn keeping(
    request: &Request<'_>,
    root: &Arc<Dir>,
    emu: &Dir,
    path: &Path,
    observer: &dyn Observer,
) -> Result<Outcome> {
    let (kept, made) = target::make_replaced(emu, path)?;
    let outcome = stream(request, Arc::clone(root), Some(&kept), observer);
    let used = kept.list().is_ok_and(|items| !items.is_empty());
    if !used {
        target::drop_replaced(emu, &made);
    }
    Ok(Outcome { replaced: used.then_some(made), ..outcome? })
}

/// Plans and applies directory by directory: nothing is removed, so nothing has to be guarded.
fn stream(
    request: &Request<'_>,
    root: Arc<Dir>,
    kept: Option<&Dir>,
    observer: &dyn Observer,
) -> Result<Outcome> {
    observer.event(Event::Phase("restoring"));
    let mut origin = Origin::open(request.sink, request.node)?;
    let powers = Powers::new(request.ownership);
    let prefix = match request.target {
        Target::Clone(cloning) => cloning.prefix()?,
        _ => target::temporary_prefix()?,
    };
    let mut applier = Applier::new(Arc::clone(&root), powers, kept, prefix, observer);
    let mut each = |step| {
        applier.remove(&step)?;
        applier.apply(&mut origin, step)
    };
    let foreseen = decide(request, Some(&root), None, &mut each, observer);
    let settled = foreseen.and_then(|foreseen| {
        complete(request, &mut applier, &mut origin, &foreseen)?;
        Ok(foreseen)
    });
    let finished = applier.finish();
    let foreseen = settled?;
    finished?;
    let (left, excluded) = (foreseen.left, foreseen.excluded);
    Ok(Outcome { done: applier.done, left, excluded, replaced: None, head: Head::Stays })
}

/// What comes after the steps: damaged files are sought elsewhere, and what is left is named.
pub(super) fn complete(
    request: &Request<'_>,
    applier: &mut Applier<'_>,
    origin: &mut Origin,
    foreseen: &Foreseen,
) -> Result<()> {
    for trouble in &foreseen.troubles {
        applier.trouble(&trouble.path, trouble.errno, trouble.text.clone());
    }
    let candidates = Candidates { sink: request.sink, catalog: request.catalog, others: request.others };
    applier.rescue_all(request.node, &candidates)?;
    if request.damaged == Damaged::Keep {
        applier.keep_damaged(origin)?;
    }
    applier.give_up();
    Ok(())
}

fn check_paths(request: &Request<'_>) -> Result<()> {
    if matches!(request.target, Target::Source { .. }) || request.paths.is_empty() {
        return Ok(());
    }
    let mut manifest = request.sink.open_manifest(request.node)?;
    match first_missing(&mut manifest, &request.paths)? {
        None => Ok(()),
        Some(missing) => {
            Err(Error::not_found(format!("snapshot {} has no {}", request.node.short(), quoted(missing)))
                .hint("`emu-ls-tree REV` lists what a snapshot has"))
        }
    }
}

fn open_target(request: &Request<'_>) -> Result<Option<Arc<Dir>>> {
    let (path, overwrite) = match request.target {
        Target::Source { source, .. } | Target::Paths { source, .. } => {
            return Ok(Some(Arc::clone(source.root())));
        }
        Target::Clone(cloning) => return Ok(cloning.root.clone()),
        Target::Elsewhere { path, overwrite } => (path, overwrite),
    };
    let Some(dir) = target::look(path)? else { return Ok(None) };
    if overwrite.is_none() && !target::is_empty(&dir, path)? {
        return Err(Error::failed(format!("cannot write to {}", crate::quote::quoted_path(path)))
            .because("the directory is not empty")
            .hint("name one that is empty or missing, or say --overwrite"));
    }
    Ok(Some(Arc::new(dir)))
}

/// Makes the plan.
pub(super) fn decide(
    request: &Request<'_>,
    root: Option<&Arc<Dir>>,
    unfinished: Option<&Unfinished>,
    each: &mut dyn FnMut(Step) -> Result<()>,
    observer: &dyn Observer,
) -> Result<Foreseen> {
    let (into, skip) = match request.target {
        Target::Source { source, caution } => {
            let whole = Full {
                request,
                source,
                caution,
                unfinished,
                skip: target::not_the_sources(source)?,
                observer,
            };
            return whole.decide(each);
        }
        Target::Paths { source, overwrite } => (Into::Source(overwrite), target::not_the_sources(source)?),
        Target::Clone(_) => (Into::Source(Overwrite::Always), HashSet::new()),
        Target::Elsewhere { overwrite, .. } => {
            (Into::Elsewhere(overwrite.unwrap_or(Overwrite::Always)), HashSet::new())
        }
    };
    let mut planner = Planner::new(Powers::new(request.ownership), true, request.special);
    let mut manifest = request.sink.open_manifest(request.node)?;
    let chosen = Chosen::new(&request.paths);
    let before = match request.target {
        Target::Clone(cloning) => cloning.before(),
        _ => None,
    };
    let mut selected = Selected { planner: &mut planner, chosen, into, skip: &skip, before, left: 0 };
    selected.run(root, &mut manifest, each, observer)?;
    let left = selected.left;
    Ok(Foreseen { troubles: planner.troubles, left, ..Foreseen::default() })
}

/// Whether a sink cannot be written for good, as opposed to being busy.
pub(super) fn is_read_only(error: &Error) -> bool {
    error.kind() != Kind::Locked && matches!(error.errno(), Some(Errno::ROFS | Errno::ACCESS | Errno::PERM))
}
