//! What a command works with: its options, the source, the sinks, the configuration, and the
//! snapshots that a revision names. Everything is opened when it is asked for: a command that
//! needs no source works without one.

use super::args::Global;
use super::spec::Spec;
use super::{Class, misread, place};
use crate::config::{Config, Layer, env};
use crate::error::{Doing as _, Error, Kind, Result};
use crate::fs;
use crate::quote::{quoted, quoted_path};
use crate::sink::{Catalog, Node, Sink, Snapshot, Soundness, node, rev};
use crate::source::{Excludes, Patterns, SinkRef, Source};
use crate::ui::Ui;
use std::cell::{OnceCell, RefCell};
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// The largest configuration file that is read, in bytes.
const MAX_CONFIG: u64 = 1 << 20;

/// What a command works with.
pub struct Context {
    /// The only way to print.
    pub ui: Ui,
    /// The options that every command has.
    pub global: Global,
    /// Who the command is for.
    pub class: Class,
    /// How it was called, for whoever waits for a lock: `emu push`, `emu-hash-tree`.
    pub command: &'static str,
    /// Sinks that are open already, by absolute path.
    opened: RefCell<Vec<Opened>>,
}

/// An open sink and what it holds.
#[derive(Debug, Clone)]
pub struct Opened {
    /// Its name in the source, or its path.
    pub name: String,
    /// The sink.
    pub sink: Rc<Sink>,
    /// What it held when it was opened.
    pub catalog: Rc<Catalog>,
    /// Which of its snapshots have no sound manifest, once somebody asks.
    sound: Rc<OnceCell<Soundness>>,
}

/// A snapshot that a revision named.
#[derive(Debug, Clone)]
pub struct Found {
    /// The sink that has it.
    pub opened: Opened,
    /// Its record.
    pub node: Node,
    /// Whether nothing may remove it.
    pub pinned: bool,
    /// Until when it is pinned, if that is not for good.
    pub pinned_until: Option<jiff::Timestamp>,
    /// Whether it is the sink's HEAD.
    pub head: bool,
}

impl Found {
    /// What is known to be wrong with its manifest, in a few words.
    pub fn damage(&self) -> Option<String> {
        self.opened.sound.get_or_init(|| Soundness::of(&self.opened.sink)).damage(&self.node)
    }
}

impl Opened {
    /// A sink that is open, and what it holds.
    pub fn new(name: String, sink: Sink, catalog: Catalog) -> Opened {
        Opened { name, sink: Rc::new(sink), catalog: Rc::new(catalog), sound: Rc::default() }
    }

    /// The snapshot as an answer.
    fn found(&self, snapshot: &Snapshot) -> Found {
        Found {
            opened: self.clone(),
            node: snapshot.node.clone(),
            pinned: snapshot.pinned,
            pinned_until: snapshot.pinned_until,
            head: self.catalog.head.as_deref() == Some(&snapshot.node.id),
        }
    }
}

impl Context {
    /// A context; nothing is opened yet.
    pub fn new(ui: Ui, global: Global, class: Class, command: &'static str) -> Context {
        Context { ui, global, class, command, opened: RefCell::default() }
    }

    /// The source: `-S`, then `EMU_SOURCE`, then the nearest at or above the working directory.
    ///
    /// # Errors
    /// [`crate::error::Kind::NotFound`] if there is none.
    pub fn source(&self) -> Result<Source> {
        let named = self.global.source.clone().or_else(|| env("EMU_SOURCE").map(PathBuf::from));
        match named {
            Some(path) => Source::open(&path),
            None => Source::find(&fs::working_directory().doing(|| "cannot tell the working directory")?),
        }
    }

    /// The source, for commands that can do without one.
    pub fn try_source(&self) -> Option<Source> {
        self.source().ok()
    }

    /// Warns of exclude patterns that are invalid or can never match.
    ///
    /// # Errors
    /// The patterns of the source cannot be read.
    pub fn warn_of_excludes(&self, source: &Source, config: &Config, more: &[Patterns]) -> Result<()> {
        let excludes = Excludes::of(source, config, more)?;
        excludes.warnings().for_each(|warning| self.ui.warn(warning));
        Ok(())
    }

    /// The configuration that applies: the source's own, the user's, the system's. From a source
    /// that is not to be trusted its `[rotate]` is left out. Needs neither source nor HOME.
    ///
    /// # Errors
    /// A file cannot be read or understood.
    pub fn config(&self, source: Option<&Source>) -> Result<Config> {
        let user = user_directory();
        let mut layers = Vec::new();
        for dir in user.into_iter().chain([PathBuf::from("/etc/emu")]) {
            layers.extend(operator_layer(&dir)?);
        }
        if let Some(source) = source
            && let Some(text) = source.config_text()?
        {
            let origin = source.path.join(".emu/config");
            let layer = Layer::parse(&origin.to_string_lossy(), &text)?;
            let safe = Config::new(layers.clone()).safe_directories();
            let trusted = source.distrust(&safe).is_none();
            layers.insert(0, if trusted { layer } else { layer.without("rotate") });
        }
        Ok(Config::new(layers))
    }

    /// The sinks that the source knows, in the order in which they were added.
    ///
    /// # Errors
    /// There is no source, it is not to be trusted, or a record cannot be read.
    pub fn known_sinks(&self) -> Result<(Source, Vec<SinkRef>)> {
        let source = self.source()?;
        source.require_trust(&self.config(Some(&source))?.safe_directories())?;
        let sinks = source.sinks()?;
        Ok((source, sinks))
    }

    /// Opens a sink: a path if there is a `/` in it, else a name that the source knows.
    ///
    /// # Errors
    /// [`crate::error::Kind::NotFound`] if there is no such sink, or another one in its place.
    pub fn open_sink(&self, spec: &str) -> Result<Opened> {
        if spec.contains('/') {
            let path = place::of_sink(Path::new(spec))?;
            return self.open(spec, &path, || Sink::open(&path));
        }
        let (source, sinks) = self.known_sinks()?;
        match sinks.iter().find(|sink| sink.name == spec) {
            Some(known) => self.open_known(&source, known),
            None if sinks.is_empty() => Err(Error::not_found(format!("no sink {}", quoted(spec)))
                .hint("`emu sink add PATH` adds one; a path to a sink has a '/' in it")),
            None => source.sink(spec).and_then(|known| self.open_known(&source, &known)),
        }
    }

    /// Opens every sink that the source knows; one that is absent does not stop the others.
    ///
    /// # Errors
    /// As [`Context::known_sinks`].
    pub fn all_sinks(&self) -> Result<Vec<(SinkRef, Result<Opened>)>> {
        let (source, sinks) = self.known_sinks()?;
        let open = |known: SinkRef| {
            let opened = self.open_known(&source, &known);
            (known, opened)
        };
        Ok(sinks.into_iter().map(open).collect())
    }

    /// The sink that a bare `HEAD` means: `core.default-sink`, else the one added first.
    ///
    /// # Errors
    /// There is none, or it cannot be opened.
    pub fn default_sink(&self) -> Result<Opened> {
        let (source, sinks) = self.known_sinks()?;
        if let Some(name) = self.config(Some(&source))?.default_sink() {
            let named = "core.default-sink names it; `emu config` says in which file";
            return self.open_sink(&name).map_err(|error| error.hint(named));
        }
        match sinks.first() {
            Some(known) => self.open_known(&source, known),
            None => Err(Error::not_found(format!("the source {} has no sink", quoted_path(&source.path)))
                .hint("`emu sink add PATH` adds one")),
        }
    }

    /// The one snapshot that a revision names. `sink` is the value of `--sink`; it stands for the
    /// prefix that a revision lacks. A bare sink is its HEAD.
    ///
    /// # Errors
    /// [`crate::error::Kind::NotFound`] if there is none, [`crate::error::Kind::Usage`] if several fit.
    pub fn revision(&self, spec: &str, sink: Option<&str>) -> Result<Found> {
        let one = |opened: &Opened, text: &str| match rev::resolve(&opened.catalog, text)?.as_slice() {
            [one] => Ok(opened.found(one)),
            several => Err(Error::usage(format!("cannot use the revision {}", quoted(spec)))
                .because(format!("it names {} snapshots, where one is wanted", several.len()))),
        };
        let found = self.parse(spec, sink).and_then(|parsed| match parsed {
            Spec::Sink(sink) => one(&self.open_sink(&sink)?, "HEAD"),
            Spec::In(sink, text) => one(&self.open_sink(&sink)?, &text),
            Spec::Default(text) => one(&self.default_sink()?, &text),
            Spec::Anywhere(text) => self.anywhere(&text, |opened| one(opened, &text)),
        });
        found.map_err(|error| misread::explained(spec, error, self))
    }

    /// All snapshots that a revision names, for reading: a bare sink is all of its snapshots,
    /// `A..B` what is reachable from B and not from A. Oldest first.
    ///
    /// # Errors
    /// As [`Context::revision`].
    pub fn revisions(&self, spec: &str, sink: Option<&str>) -> Result<Vec<Found>> {
        let several = |opened: &Opened, text: &str| {
            let snapshots = rev::resolve(&opened.catalog, text)?;
            Ok(snapshots.into_iter().map(|snapshot| opened.found(snapshot)).collect())
        };
        let found = self.parse(spec, sink).and_then(|parsed| match parsed {
            Spec::Sink(sink) => Ok(self.open_sink(&sink)?.all()),
            Spec::In(sink, text) => several(&self.open_sink(&sink)?, &text),
            Spec::Default(text) => several(&self.default_sink()?, &text),
            Spec::Anywhere(text) => self.anywhere(&text, |opened| several(opened, &text)),
        });
        found.map_err(|error| misread::explained(spec, error, self))
    }

    /// The snapshots that an explicit revision or range names, for a command that changes what becomes
    /// of them: a bare sink says too little, and so does a place in history where there are several sinks.
    /// `otherwise` is a hint at what may have been meant by a bare sink.
    ///
    /// # Errors
    /// [`Kind::Usage`] for those; the errors of [`Context::revisions`].
    pub fn explicit(&self, spec: &str, sink: Option<&str>, otherwise: &str) -> Result<Vec<Found>> {
        match self.parse(spec, sink)? {
            Spec::Sink(_) => Err(Error::usage(format!("{} is a sink and no snapshot", quoted(spec)))
                .hint(format!("for its newest snapshot say {}:HEAD{otherwise}", spec.trim_end_matches(':')))),
            Spec::Default(_) if self.known_sinks()?.1.len() > 1 => {
                Err(Error::usage(format!("cannot tell in which sink {} is meant", quoted(spec)))
                    .because("the source has several")
                    .hint("say SINK:REV, or --sink SINK"))
            }
            Spec::Anywhere(text) if self.known_sinks()?.1.len() > 1 && !is_hex(&text) => {
                Err(Error::usage(format!("cannot tell in which sink {} is meant", quoted(spec)))
                    .because("snapshots of several sinks have the same name")
                    .hint("say SINK:REV, or --sink SINK"))
            }
            _ => self.revisions(spec, sink),
        }
    }

    fn parse(&self, spec: &str, sink: Option<&str>) -> Result<Spec> {
        let is_sink = |name: &str| {
            let known = self.known_sinks();
            known.is_ok_and(|(_, sinks)| sinks.iter().any(|known| known.name == name))
        };
        Spec::parse(spec, sink, is_sink)
    }

    /// Looks a bare id or name up in all sinks. Where several have it, one push made all of them
    /// and the default sink's is taken; otherwise the text is ambiguous.
    fn anywhere<T: Snapshots>(&self, text: &str, look: impl Fn(&Opened) -> Result<T>) -> Result<T> {
        let mut found: Vec<T> = Vec::new();
        let (mut failures, mut absent) = (Vec::new(), Vec::new());
        for (known, opened) in self.all_sinks()? {
            match opened.map(|opened| look(&opened)) {
                Ok(Ok(hit)) => found.push(hit),
                // Several fit in one sink alone: what others have cannot decide it.
                Ok(Err(error)) if error.kind() == Kind::Usage => return Err(error),
                Ok(Err(error)) => failures.push(error),
                Err(error) => absent.push((known.name, error)),
            }
        }
        if found.iter().any(|hit| hit.pushes() != found[0].pushes()) {
            let names: Vec<String> = found.iter().map(|hit| format!("{}:{text}", hit.sink())).collect();
            return Err(Error::usage(format!("the revision {} is ambiguous", quoted(text)))
                .because(format!("it fits {}", names.join(", "))));
        }
        let preferred = self.default_sink().map(|opened| opened.name).unwrap_or_default();
        let at = found.iter().position(|hit| hit.sink() == preferred).unwrap_or(0);
        if at < found.len() {
            return Ok(found.swap_remove(at));
        }
        if let Some(error) = failures.into_iter().next() {
            for (name, why) in absent {
                self.ui.note(&format!("sink {name} left out: {why}"));
            }
            return Err(error);
        }
        Err(absent.into_iter().next().map_or_else(
            || {
                Error::not_found(format!("no snapshot {}", quoted(text)))
                    .because("the source has no sink")
                    .hint("`emu sink add PATH` adds one")
            },
            |(_, error)| error,
        ))
    }

    fn open_known(&self, source: &Source, known: &SinkRef) -> Result<Opened> {
        self.open(&known.name, &known.path, || source.open_sink(known))
    }

    /// Each sink is opened once; what was guessed or is damaged in it is said then.
    fn open(&self, name: &str, path: &Path, open: impl FnOnce() -> Result<Sink>) -> Result<Opened> {
        let known = self.opened.borrow().iter().find(|opened| opened.sink.path == path).cloned();
        if let Some(known) = known.filter(|known| known.name == name) {
            return Ok(known);
        }
        let sink = open()?;
        let catalog = Catalog::listed(&sink)?;
        for note in &catalog.notes {
            self.ui.warn(note);
        }
        for damaged in &catalog.damaged {
            let short = node::short(&damaged.id);
            self.ui.warn(&format!("snapshot {short} in {} is damaged: {}", quoted_path(path), damaged.why));
        }
        let opened = Opened::new(name.to_owned(), sink, catalog);
        self.opened.borrow_mut().push(opened.clone());
        Ok(opened)
    }
}

impl Found {
    /// The nearest of those that led to it and are still there: the one it was pushed after, unless
    /// that was removed.
    pub fn before(&self) -> Option<Found> {
        let ancestors = self.opened.catalog.ancestors(&self.node);
        ancestors.first().map(|snapshot| self.opened.found(snapshot))
    }
}

impl Opened {
    /// All snapshots of the sink, oldest first.
    pub fn all(&self) -> Vec<Found> {
        self.catalog.snapshots.iter().map(|snapshot| self.found(snapshot)).collect()
    }
}

/// One snapshot or several of one sink, as far as the search in all sinks compares them.
trait Snapshots {
    fn pushes(&self) -> Vec<&str>;
    fn sink(&self) -> &str;
}

impl Snapshots for Found {
    fn pushes(&self) -> Vec<&str> {
        vec![&self.node.push]
    }

    fn sink(&self) -> &str {
        &self.opened.name
    }
}

impl Snapshots for Vec<Found> {
    fn pushes(&self) -> Vec<&str> {
        self.iter().map(|found| found.node.push.as_str()).collect()
    }

    fn sink(&self) -> &str {
        self.first().map_or("", |found| &found.opened.name)
    }
}

/// Whether a text can be the beginning of an id, of which no two sinks have the same.
fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Where the user's configuration stands; `None` without a home.
pub(super) fn user_directory() -> Option<PathBuf> {
    match env("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute()) {
        Some(path) => Some(path.join("emu")),
        None => env("HOME").map(|home| PathBuf::from(home).join(".config/emu")),
    }
}

/// The operator's configuration file in a directory, if there is one that may be read.
fn operator_layer(dir: &Path) -> Result<Option<Layer>> {
    let path = dir.join("config");
    let cannot = || format!("cannot read {}", quoted_path(&path));
    let read = fs::open_operator(dir).and_then(|dir| fs::read_limited(&dir, b"config", MAX_CONFIG));
    let content = match read {
        Err(fs::Errno::NOENT | fs::Errno::NOTDIR | fs::Errno::ACCESS) => return Ok(None),
        result => result.doing(cannot)?,
    };
    let text = String::from_utf8(content).map_err(|_| Error::usage(cannot()).because("it is not UTF-8"))?;
    Layer::parse(&path.to_string_lossy(), &text).map(|layer| Some(layer.of_operator()))
}
