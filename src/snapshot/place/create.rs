//! Creates entries that are never opened: symbolic links, FIFOs, sockets and devices.
//!
//! If neither the user nor the sink's file system can create a FIFO, a socket or a device, the
//! record alone holds it, and nothing stands under its path in the new tree.

use super::{Done, Place, is_unfit};
use crate::error::Result;
use crate::fs::{self, Errno};
use crate::snapshot::copy::NotRead;
use crate::snapshot::lane::attributes;
use crate::snapshot::plan::Planned;
use crate::snapshot::scan;
use crate::tree::{Entry, Held, Kind, path};

impl Place<'_> {
    /// Creates an entry that is never opened, in each lane of `copying`.
    pub(super) fn without_bytes(&self, copying: Vec<(usize, Planned)>, done: &mut [Option<Done>]) {
        for (lane, plan) in copying {
            match self.create(lane, plan) {
                Ok(outcome) => done[lane] = Some(outcome),
                Err(error) => self.lanes[lane].fail(error),
            }
        }
    }

    /// Creates a symbolic link, FIFO, socket or device.
    fn create(&self, lane: usize, plan: Planned) -> Result<Done> {
        let mut entry = plan.entry;
        let name = entry.name.clone();
        let needs_target = entry.kind == Kind::Symlink && entry.target.is_none();
        if needs_target || !plan.xattrs_known {
            entry = match self.look_again(&entry) {
                Ok(Some(entry)) => entry,
                Ok(None) => return Ok(Done::Vanished),
                Err(errno) => return Ok(self.not_read(NotRead::from(errno), &name)),
            };
        }
        let Some(to) = &self.sinks[lane].1 else { return Ok(Done::Made(entry)) };
        let want = attributes(&entry, self.lanes[lane].set_owner);
        let made = match self.make(lane, to, &name, || fs::create_unopened(to, &name, &entry)) {
            Err(errno) if entry.kind.is_special() && fs::is_unable(errno) => {
                self.clear(lane, &name)?;
                entry.held = Held { absent: true, ..Held::default() }.some();
                return Ok(Done::Made(entry));
            }
            Ok(()) => fs::apply_to_unopened(to, &name, entry.kind, &want).inspect_err(|_| {
                let _ = self.withdraw(lane, &name);
            }),
            Err(errno) => Err(errno),
        };
        let (held, now) = match made {
            Err(errno) if is_unfit(errno) => {
                return Ok(Done::Unread(scan::unread(path::join(self.at, &name), errno)));
            }
            made => made.map_err(|errno| self.sink_error(lane, errno, &name))?,
        };
        entry.held = held.some();
        entry.sink_ino = now.ino;
        Ok(Done::Made(entry))
    }

    /// An entry that is never opened, as the source shows it now; `None`: something else stands there.
    fn look_again(&self, entry: &Entry) -> fs::Result<Option<Entry>> {
        let source = self.source.ok_or(Errno::NOENT)?;
        let mut now = entry.clone();
        if entry.kind == Kind::Symlink {
            match source.read_link(&entry.name) {
                Ok(target) => now.target = Some(target),
                Err(Errno::INVAL) => return Ok(None),
                Err(errno) => return Err(errno),
            }
        } else {
            let stat = source.stat(&entry.name)?;
            if !stat.is_like(entry) {
                return Ok(None);
            }
            now = scan::entry_of(&entry.name, &stat, self.racy_limit);
            now.nlink = now.nlink.max(entry.nlink);
        }
        now.xattrs = fs::read_xattrs(source, &entry.name)?;
        Ok(Some(now))
    }
}
