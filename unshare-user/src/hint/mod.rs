//! From a refused map or identity to a cause and a remedy.

pub mod table;

use common::hint::causes::{apparmor, proc_file};
use common::hint::facts::Facts;
use common::hint::table::Cause;
use common::mountinfo;
use common::sys::look::has_capabilities;
use nix::errno::Errno;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// What is known of a map that was refused.
#[derive(Debug, Clone, Copy)]
pub struct MapStep {
    /// Does it map the user ID 0 of the caller's namespace?
    pub maps_outer_root: bool,
    /// The effective capabilities that the caller had before unshare(2).
    pub capabilities: u64,
}

/// Why `uid_map`, `gid_map` or `setgroups` could not be written.
pub fn map(step: MapStep, errno: Errno) -> Option<String> {
    map_cause(step, errno, &Facts::gather()).and_then(Into::into)
}

/// The same from facts.
pub fn map_cause(step: MapStep, errno: Errno, facts: &Facts) -> Option<Cause> {
    const CAP_SETFCAP: u64 = 1 << 31;
    match errno {
        Errno::EPERM if step.maps_outer_root && step.capabilities & CAP_SETFCAP == 0 => {
            Some(table::ROOT_NEEDS_SETFCAP.with([]))
        }
        Errno::EPERM | Errno::EACCES => apparmor(facts),
        _ => proc_file(errno, facts),
    }
}

/// Why setgroups(2) was refused, though the ID is mapped.
pub fn set_groups(errno: Errno) -> Option<String> {
    if errno == Errno::EPERM { table::SETGROUPS_DENIED.with([]).into() } else { None }
}

/// Why newuidmap(1) or newgidmap(1) failed. `own` is the file with the ranges, their owner, and the ranges.
pub fn map_program(program: &Path, own: [&str; 3]) -> Option<String> {
    let (shown, facts) = (program.display().to_string(), Facts::gather());
    if facts.no_new_privs {
        table::HELPER_NO_NEW_PRIVS.with([&shown])
    } else if gets_no_rights(program, &facts) {
        table::HELPER_NOT_PRIVILEGED.with([&shown])
    } else {
        table::HELPER_RANGE.with(own)
    }
    .into()
}

/// Does executing it give no rights: neither a setuid bit of what is root as seen from here, nor capabilities?
fn gets_no_rights(program: &Path, facts: &Facts) -> bool {
    let is_setuid_root = fs::metadata(program).is_ok_and(|data| data.mode() & 0o4000 != 0 && data.uid() == 0);
    let is_nosuid = || facts.mount_of(program).is_some_and(|mount| mountinfo::has(&mount.options, "nosuid"));
    !(is_setuid_root || has_capabilities(program)) || is_nosuid()
}
