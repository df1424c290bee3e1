//! The only system calls on paths, each relative to a held directory descriptor, one component
//! at a time, following no link below the place that the operator named (promise 9).
//!
//! Calls here return the bare error number; the caller knows the path and says what it did.

mod alter;
mod copy;
mod cursor;
mod dir;
pub mod fault;
mod file;
mod folder;
mod measure;
mod meta;
mod open;
mod remove;
mod space;
mod unopened;
mod users;
mod walk;

pub use alter::{
    has_default_acl, is_removable_xattr, is_users_xattr, real_path, set_own_mode, trim_xattrs, trim_xattrs_at,
};
pub use copy::{Copied, Slot, copy_content, hash_content, is_shareable, share_content};
pub use cursor::Cursor;
pub use dir::{Dir, Item};
pub use file::{
    begins_with, publish, put_file, read_limited, replace_cache, replace_file, sync_file, touch, write_new,
};
pub use folder::{drop_default_acl, finish_dir, fit_dir, has_xattrs, open_up, prepare_dir, set_mtime};
pub use measure::measure_tree;
pub use meta::{Applied, Attributes, Inode, Stat, apply_and_stat, apply_to_file, read_xattrs};
pub use open::{open_operator, open_operator_file, working_directory};
pub use remove::{Removal, remove_tree, usual_threads};
pub use space::{
    FsKind, Space, boot_id, host_name, identity, machine_id, raise_descriptor_limit, random_hex, space,
    sync_fs, system_file,
};
pub use unopened::{apply_to_unopened, create_unopened, is_unable};
pub use users::is_in_use;
pub use walk::{Found, Rules, Scanned, Visit, Walk};

/// The bare result of a system call.
pub type Result<T> = std::result::Result<T, rustix::io::Errno>;
/// The system's error number.
pub type Errno = rustix::io::Errno;
