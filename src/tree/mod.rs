//! The vocabulary: plain values of a tree and their written forms. No system call is made here.

mod block;
mod digest;
mod entry;
mod frames;
mod hash;
mod held;
mod json;
mod lines;
mod manifest;
mod merge;
pub mod path;
pub mod policy;
mod reader;
mod records;
mod reseal;
mod time;

pub use block::{Block, Part, Piece};
pub use digest::Digest;
pub use entry::{Entry, Kind, Listing, Made, Xattrs};
pub use frames::{FrameSpan, OldManifest, ReadAt};
pub use hash::TreeHasher;
pub use held::{Held, Shown};
pub use json::{EntryRecord, HeldRecord, bytes_from, text_or_b64};
pub use lines::Lines;
pub use manifest::{Finished, Framing, ManifestWriter, Owners, Position, Sealed, TreeRecord, Unread};
pub use merge::Follower;
pub use reader::{MAX_LINE, ManifestReader};
pub use reseal::reseal;
pub use time::Time;
