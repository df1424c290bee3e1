//! A group of hard links that is larger than an inode of the sink can have names.

use crate::fs::{self, Dir, Errno};
use crate::snapshot::copy::{self, Destination};
use crate::snapshot::lane::{Lane, attributes};
use crate::tree::{Entry, Held, Kind};
use rustix::fd::AsFd;

/// A name that cannot share its group's inode gets one of its own, with the same bytes.
pub(super) fn split(from: &Dir, first: &[u8], to: &Dir, named: &mut Entry, lane: &Lane) -> fs::Result<()> {
    named.made = lane.made();
    if named.kind != Kind::File {
        fs::create_unopened(to, &named.name, named)?;
        let want = attributes(named, lane.set_owner);
        let (held, now) = fs::apply_to_unopened(to, &named.name, named.kind, &want)?;
        named.held = Held { split: true, ..held }.some();
        named.sink_ino = now.ino;
        return Ok(());
    }
    let mut destination = [Destination::new(to.create_file(&named.name)?, &lane.shares)];
    let read = copy::read_file(from, first, &mut destination, false, &mut Vec::new());
    let [destination] = destination;
    let (file, _) = destination.finished()?;
    match read {
        Ok(read) if Some(read.sha256) == named.sha256 => {}
        Err(copy::NotRead::Failed(errno)) => return Err(errno),
        _ => return Err(Errno::IO),
    }
    let (held, now) = fs::apply_and_stat(file.as_fd(), &attributes(named, lane.set_owner))?;
    if lane.sync_each {
        rustix::fs::fsync(&file)?;
    }
    named.sink_ino = now.ino;
    named.held = Held { split: true, ..held }.some();
    Ok(())
}

/// Removes what an old tree has under a name, if there is anything.
pub(super) fn clear(dir: &Dir, name: &[u8]) -> fs::Result<()> {
    match dir.remove_file(name) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(errno) => Err(errno),
    }
}
