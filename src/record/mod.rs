//! What scripts read: one JSON record type per file, as `emu-json.5` describes them. Every record
//! begins with its `type`; fields may be added, never removed or given another meaning.

mod change;
mod failure;
mod finding;
mod found;
mod installed;
mod removed;
mod rev;
mod rotation;
mod sink;
mod snapshot;
mod source;
mod staged;
mod status;
mod summary;
mod version;

pub use change::ChangeRecord;
pub use failure::FailureRecord;
pub use finding::FindingRecord;
pub use found::FoundRecord;
pub use installed::InstalledRecord;
pub use removed::RemovedRecord;
pub use rev::RevRecord;
pub use rotation::RotationRecord;
pub use sink::{SinkPlace, SinkRecord};
pub use snapshot::SnapshotRecord;
pub use source::SourceRecord;
pub use staged::StagedRecord;
pub use status::{SinkState, StatusRecord};
pub use summary::SummaryRecord;
pub use version::VersionRecord;
