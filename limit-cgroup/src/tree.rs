//! The cgroup v2 tree: where it is mounted, which group this process is in, which one is meant (cgroups(7)).

use crate::hint::table;
use common::failure::{Failure, errno_of};
use common::mountinfo::{self, Mount};
use common::text::quoted;
use nix::sys::statfs::{CGROUP2_SUPER_MAGIC, statfs};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Where the v1 hierarchy with this controller is mounted.
pub fn v1_mount(controller: &str) -> Option<Mount> {
    let is_it = |mount: &Mount| mount.kind == "cgroup" && mountinfo::has(&mount.system_options, controller);
    mountinfo::own().into_iter().find(is_it)
}

/// The group that `--parent` names, else the one that this process is in.
///
/// # Errors
/// There is no cgroup v2 tree here, or no such group in it.
pub fn parent(given: Option<&OsStr>) -> Result<PathBuf, Failure> {
    let Some(given) = given else { return own() };
    let wrong = |why: &str| Failure::input(format_args!("--parent {}: {why}", quoted(given)));
    let as_in_proc = given.as_bytes().starts_with(b"/").then(|| in_tree(Path::new(given))).flatten();
    // A directory, as the shell completes it; or a path as /proc/PID/cgroup tells it.
    let candidates = [Some(PathBuf::from(given)), as_in_proc];
    let group = candidates.into_iter().flatten().find(|path| is_group(path));
    let group = group.ok_or_else(|| wrong("not a control group (cgroup v2)").hint(table::NO_GROUP.with([])))?;
    group
        .canonicalize()
        .map_err(|error| Failure::refused(format_args!("realpath({})", quoted(&group)), errno_of(error)))
}

/// The group of this process.
fn own() -> Result<PathBuf, Failure> {
    let path = "/proc/self/cgroup";
    let text = fs::read(path).map_err(|error| {
        Failure::refused(format_args!("read({path:?})"), errno_of(error)).hint(table::NO_PROC.with([]))
    })?;
    // The v2 tree is the line with number 0.
    let group = text.split(|&b| b == b'\n').find_map(|line| line.strip_prefix(b"0::"));
    let Some(group) = group else {
        return Err(Failure::input("this kernel has no cgroup v2, or only v1 is in use").hint(table::NO_V2.with([])));
    };
    let group = Path::new(OsStr::from_bytes(group));
    in_tree(group).ok_or_else(|| {
        let trees = mountinfo::own().iter().filter(|mount| mount.kind == "cgroup2").count();
        let hint = if trees == 0 { table::NO_TREE.with([]) } else { table::OTHER_TREE.with([]) };
        Failure::input(format_args!("the group of this process, {}, is not found in a file system", quoted(group)))
            .hint(hint)
    })
}

/// The directory of a group that `/proc/PID/cgroup` names.
fn in_tree(group: &Path) -> Option<PathBuf> {
    // Both paths count from the root of our cgroup namespace. One outside of it begins with `/..`, and its names say nothing.
    let is_outside = |path: &Path| path.starts_with("/..");
    mountinfo::own().into_iter().filter(|mount| mount.kind == "cgroup2" && !is_outside(&mount.root)).find_map(|mount| {
        let below = group.strip_prefix(&mount.root).ok().filter(|_| !is_outside(group))?;
        // join would add a slash for an empty path.
        let path = if below.as_os_str().is_empty() { mount.point } else { mount.point.join(below) };
        is_group(&path).then_some(path)
    })
}

/// Is this a directory of a cgroup2 file system?
fn is_group(path: &Path) -> bool {
    path.is_dir() && statfs(path).is_ok_and(|system| system.filesystem_type() == CGROUP2_SUPER_MAGIC)
}
