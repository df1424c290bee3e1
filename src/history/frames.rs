//! Many snapshots by the frames of their manifests: a frame that several have in common, as the
//! manifests of neighbours have nearly all of theirs, is unpacked and looked at once.

use crate::error::{Doing as _, Error, Kind, Result};
use crate::fs::Errno;
use crate::interrupt;
use crate::sink::frames::{Frames, unpack};
use crate::sink::{Damaged, Node, Sink, layout};
use crate::tree::{Block, Listing, Piece};
use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What is to be found out of the entries of directories.
pub type Look<'a, T> = &'a (dyn Fn(&mut T, &Listing) + Sync);

/// What was found out of a snapshot: a part for each of its frames, in no order; or what is wrong with
/// its manifest.
pub type Parts<T> = Result<Vec<Arc<T>>, Damaged>;

/// What `look` found out of each snapshot, in their order. Memory: the parts, of equal frames once, and
/// a few words for each frame of each snapshot.
///
/// # Errors
/// A signal came, or the sink as a whole cannot be read: a manifest that is missing or damaged is part of
/// the answer.
pub fn look<T: Default + Send + Sync>(
    sink: &Sink,
    nodes: &[&Node],
    threads: usize,
    look: Look<'_, T>,
) -> Result<Vec<Parts<T>>> {
    sink.dir(layout::MANIFESTS)?;
    let looking = Looking { sink, look, known: Mutex::default(), keys: RandomState::new() };
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(node) = nodes.get(at) else { return Ok(done) };
            match looking.snapshot(node) {
                Err(error) if ends_all(&error) => return Err(error),
                parts => done.push((at, parts)),
            }
        }
    };
    let done: Result<Vec<_>> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.clamp(1, nodes.len().max(1))).map(|_| scope.spawn(work)).collect();
        let join = |worker: std::thread::ScopedJoinHandle<'_, _>| {
            worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        workers.into_iter().map(join).collect()
    });
    let mut done: Vec<(usize, Result<Vec<Arc<T>>>)> = done?.into_iter().flatten().collect();
    done.sort_by_key(|(at, _)| *at);
    // Where not one of several can be read, it is the disk.
    let failed = |parts: &Result<_>| parts.as_ref().is_err_and(|error| error.errno() == Some(Errno::IO));
    if done.len() > 1 && done.iter().all(|(_, parts)| failed(parts)) {
        done.truncate(1);
        return done.remove(0).1.map(|_| Vec::new());
    }
    let or_damaged = |(at, parts): (usize, Result<_>)| parts.map_err(|error| damaged(nodes[at], &error));
    Ok(done.into_iter().map(or_damaged).collect())
}

/// Whether a failure is none of the one manifest that was being read.
fn ends_all(error: &Error) -> bool {
    // What a file system answers for a file that is gone, closed or spoiled, or is none.
    const OF_ONE: [Errno; 9] = [
        Errno::NOENT,
        Errno::ACCESS,
        Errno::PERM,
        Errno::IO,
        Errno::UCLEAN,
        Errno::BADMSG,
        Errno::LOOP,
        Errno::ISDIR,
        Errno::NXIO,
    ];
    matches!(error.kind(), Kind::Interrupted(_))
        || error.errno().is_some_and(|errno| !OF_ONE.contains(&errno))
}

fn damaged(node: &Node, error: &Error) -> Damaged {
    let why = error.cause().map_or_else(|| error.to_string(), str::to_owned);
    Damaged { id: node.id.clone(), why }
}

/// Length and keyed hash of a stored frame.
type Name = (usize, u64);

struct Looking<'a, T> {
    sink: &'a Sink,
    look: Look<'a, T>,
    known: Mutex<HashMap<Name, Arc<T>>>,
    keys: RandomState,
}

impl<T: Default> Looking<'_, T> {
    fn snapshot(&self, node: &Node) -> Result<Vec<Arc<T>>> {
        interrupt::check()?;
        match self.by_frames(node)? {
            Some(parts) => Ok(parts),
            None => self.by_lines(node),
        }
    }

    /// `None`: something about the manifest is unusual or wrong.
    fn by_frames(&self, node: &Node) -> Result<Option<Vec<Arc<T>>>> {
        let mut frames = Frames::open(self.sink, node)?;
        let mut parts = Vec::new();
        while let Some((frame, size)) =
            frames.next_frame().doing(|| format!("cannot read snapshot {}", node.short()))?
        {
            // The first frame begins with the header and the root.
            let skip = if parts.is_empty() { 2 } else { 0 };
            let name = (frame.len(), self.keys.hash_one((skip, frame)));
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&name).cloned();
            let part = match known {
                Some(part) => part,
                None => {
                    let Some(block) = unpack(frame, size).ok().and_then(|text| Block::parse(&text, skip))
                    else {
                        return Ok(None);
                    };
                    let part = Arc::new(self.fold(&block));
                    let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
                    Arc::clone(known.entry(name).or_insert(part))
                }
            };
            parts.push(part);
        }
        Ok(frames.prove(node).then_some(parts))
    }

    fn fold(&self, block: &Block) -> T {
        let mut part = T::default();
        for piece in &block.pieces {
            if let Piece::Part(listed) = piece {
                (self.look)(&mut part, &listed.listing);
            }
        }
        part
    }

    /// As everybody else reads a manifest: what is wrong is said here.
    fn by_lines(&self, node: &Node) -> Result<Vec<Arc<T>>> {
        let mut manifest = self.sink.open_manifest(node)?;
        let mut whole = T::default();
        while let Some(listing) = manifest.next_listing()? {
            interrupt::check()?;
            (self.look)(&mut whole, &listing);
        }
        Ok(vec![Arc::new(whole)])
    }
}
