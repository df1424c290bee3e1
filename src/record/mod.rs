//! What scripts read: one JSON record type per file, as `emu-json.5` describes them. Every record
//! begins with its `type`; fields may be added, never removed or given another meaning.

mod change;
mod excluded;
mod failure;
mod finding;
mod found;
mod installed;
mod leftover;
mod removed;
mod rev;
mod rotation;
mod setting;
mod sink;
mod snapshot;
mod source;
mod staged;
mod status;
mod summary;
mod usage;
mod version;

pub use change::ChangeRecord;
pub use excluded::ExcludedRecord;
pub use failure::FailureRecord;
pub use finding::FindingRecord;
pub use found::FoundRecord;
pub use installed::InstalledRecord;
pub use leftover::LeftoverRecord;
pub use removed::RemovedRecord;
pub use rev::RevRecord;
pub use rotation::RotationRecord;
pub use setting::SettingRecord;
pub use sink::{SinkPlace, SinkRecord};
pub use snapshot::SnapshotRecord;
pub use source::SourceRecord;
pub use staged::StagedRecord;
pub use status::{SinkState, StatusRecord};
pub use summary::SummaryRecord;
pub use usage::UsageRecord;
pub use version::VersionRecord;
