//! What lies about in a sink and is no snapshot: pushes that were cut off, spares, trash, and names
//! that lead nowhere.

use super::{lane, remove, spare};
use crate::error::{Doing as _, Result};
use crate::fs;
use crate::quote::quoted_path;
use crate::sink::{Catalog, Sink, SinkLock, Standing, layout};

/// Staging made by plumbing waits so long for its commit, in seconds.
const WAITS: i64 = 24 * 3600;

/// What kind of leftover something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A push or a pipeline that was cut off.
    CutOff,
    /// The tree of a retired snapshot, which a push may begin with.
    Spare,
    /// A tree on its way out.
    Trash,
    /// A link at the sink's root that leads to no snapshot.
    Name,
}

impl What {
    /// The word in records.
    pub fn word(self) -> &'static str {
        match self {
            What::CutOff => "staging",
            What::Spare => "spare",
            What::Trash => "trash",
            What::Name => "name",
        }
    }
}

/// Something that is no snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// What it is.
    pub what: What,
    /// Its name there.
    pub name: String,
    /// Bytes that removing it would free, as far as they can be told.
    pub bytes: u64,
}

/// Everything in a sink that `clean` removes. Changes nothing.
///
/// # Errors
/// The sink cannot be read.
pub fn leftovers(sink: &Sink) -> Result<Vec<Leftover>> {
    let catalog = Catalog::read(sink)?;
    let mut found = Vec::new();
    for txid in cut_off(sink)? {
        found.push(measured(sink, What::CutOff, layout::STAGING, txid)?);
    }
    for spare in spare::list(sink)? {
        found.push(measured(sink, What::Spare, layout::SPARE, spare.id)?);
    }
    let trash = sink.dir(layout::TRASH)?.list().doing(|| cannot(sink))?;
    for item in trash.into_iter().filter(|item| *item.name != *layout::LOCK) {
        let name = String::from_utf8_lossy(&item.name).into_owned();
        found.push(measured(sink, What::Trash, layout::TRASH, name)?);
    }
    for name in dead_names(sink, &catalog)? {
        found.push(Leftover { what: What::Name, name, bytes: 0 });
    }
    Ok(found)
}

/// Removes what [`leftovers`] lists but for the trash, to which spares and stagings go: emptying it
/// needs no lock of the sink. What went there is returned without the bytes that this will free.
///
/// # Errors
/// The system's; what is left is found the next time.
pub fn clean(sink: &Sink, lock: &SinkLock) -> Result<Vec<Leftover>> {
    let catalog = Catalog::read(sink)?;
    let mut removed = Vec::new();
    for txid in cut_off(sink)? {
        // Deleting it takes long, and needs no lock.
        let trash = sink.dir(layout::TRASH)?;
        match sink.dir(layout::STAGING)?.rename_new(txid.as_bytes(), &trash, txid.as_bytes()) {
            Ok(()) => removed.push(Leftover { what: What::CutOff, name: txid, bytes: 0 }),
            Err(fs::Errno::NOENT) => {}
            Err(fs::Errno::EXIST) => drop(lane::discard(sink, &txid)?),
            Err(errno) => {
                return Err(errno).doing(|| format!("cannot remove {}", sink.inside(layout::STAGING)));
            }
        }
    }
    for spare in spare::list(sink)? {
        if spare::discard(sink, lock, &spare.id)? {
            removed.push(Leftover { what: What::Spare, name: spare.id, bytes: 0 });
        }
    }
    for name in dead_names(sink, &catalog)? {
        match sink.root().remove_file(name.as_bytes()) {
            Ok(()) => removed.push(Leftover { what: What::Name, name, bytes: 0 }),
            Err(fs::Errno::NOENT) => {}
            Err(errno) => return Err(errno).doing(|| format!("cannot remove the link {name}")),
        }
    }
    Ok(removed)
}

/// Deletes what lies in the trash; `None` if somebody else is at it.
///
/// # Errors
/// The system's.
pub fn empty_trash(sink: &Sink) -> Result<Option<Vec<Leftover>>> {
    let trees = remove::empty_trash(sink)?;
    let gone =
        |(name, freed): (String, fs::Removal)| Leftover { what: What::Trash, name, bytes: freed.bytes };
    Ok(trees.map(|trees| trees.into_iter().map(gone).collect()))
}

/// Stagings that nobody fills and nobody will come back for. One that is sealed is a snapshot that
/// the next command publishes.
fn cut_off(sink: &Sink) -> Result<Vec<String>> {
    let now = crate::clock::now().as_second();
    let left = sink.standings()?.into_iter().filter(|(_, standing)| match standing {
        Standing::CutOff { .. } => true,
        Standing::Waiting { since } => now.saturating_sub(since.sec) > WAITS,
        Standing::Held | Standing::Sealed(_) | Standing::Unknown(_) => false,
    });
    Ok(left.map(|(txid, _)| txid).collect())
}

/// Links that lead to trees which are not there, and those that were on their way to a name.
fn dead_names(sink: &Sink, catalog: &Catalog) -> Result<Vec<String>> {
    let stands =
        |id: &str| catalog.get(id).is_some() || catalog.damaged.iter().any(|damaged| damaged.id == id);
    let names = sink.names()?.into_iter();
    let dead = names.filter(|(name, id)| name.starts_with(".emu-") || !stands(id));
    Ok(dead.map(|(name, _)| name).collect())
}

fn measured(sink: &Sink, what: What, place: &[u8], name: String) -> Result<Leftover> {
    let dir = sink.dir(place)?.open_dir(name.as_bytes());
    let bytes = match dir.and_then(fs::measure_tree) {
        Ok(removal) => removal.bytes,
        // A file, or gone meanwhile, or not to be looked at by this user.
        Err(fs::Errno::NOTDIR | fs::Errno::NOENT | fs::Errno::ACCESS | fs::Errno::LOOP) => 0,
        Err(errno) => return Err(errno).doing(|| cannot(sink)),
    };
    Ok(Leftover { what, name, bytes })
}

fn cannot(sink: &Sink) -> String {
    format!("cannot look into {}", quoted_path(&sink.path))
}
