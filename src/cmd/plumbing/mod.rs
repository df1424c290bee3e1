//! Programs for scripts, a file each.
