//! From a refused mount and the facts of the system to a cause and a remedy.

pub mod table;

use crate::operation::Filesystem;
use common::hint::{self, table::Cause};
use common::mountinfo::{self, Mount};
use common::sys;
use common::text::quoted;
use nix::errno::Errno;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

fn in_chroot() -> bool {
    sys::is_mount_root("/".as_ref()) == Ok(false)
}

/// Why the propagation could not be set.
pub fn propagation(errno: Errno) -> Option<String> {
    match errno {
        Errno::EINVAL if in_chroot() => table::CHROOT.with([]).into(),
        errno => hint::mount(errno),
    }
}

/// Why a SRC could not be opened.
pub fn source(path: &Path, errno: Errno) -> Option<String> {
    match errno {
        Errno::ENOENT => table::NO_SOURCE.with([&quoted(path).to_string()]).into(),
        Errno::ENAMETOOLONG => table::LONG_PATH.with([]).into(),
        Errno::ESTALE => table::OTHER_FILE.with([]).into(),
        Errno::ENOSYS => hint::missing_call((5, 10)),
        errno => hint::mount(errno),
    }
}

/// Why a DEST could not be resolved.
pub fn dest(path: &Path, errno: Errno) -> Option<String> {
    match errno {
        Errno::ENOENT => missing(path),
        Errno::ENAMETOOLONG => table::LONG_PATH.with([]).into(),
        Errno::ELOOP => table::CIRCLE.with([]).into(),
        Errno::ENOSYS => hint::missing_call((5, 10)),
        _ => None,
    }
}

/// A DEST is missing.
pub fn missing(path: &Path) -> Option<String> {
    table::DEST_MISSING.with([&quoted(path).to_string()]).into()
}

/// Why something could not be made in a directory.
pub fn make(parent: &OwnedFd, errno: Errno) -> Option<String> {
    let overflow = || common::proc::number("/proc/sys/kernel/overflowuid");
    let owner = || sys::identify(parent.as_fd()).ok().map(|parent| u64::from(parent.owner));
    match errno {
        Errno::EACCES if owner().is_some() && owner() == overflow() => table::UNMAPPED_OWNER.with([]).into(),
        Errno::EEXIST => table::MADE_MEANWHILE.with([]).into(),
        Errno::EOVERFLOW => table::COPY_UP.with([]).into(),
        Errno::EROFS => table::READ_ONLY.with([]).into(),
        _ => None,
    }
}

/// Why a mount could not be attached.
pub fn attach(mount: &OwnedFd, place: &OwnedFd, errno: Errno) -> Option<String> {
    let is_directory = |fd: &OwnedFd| sys::identify(fd.as_fd()).is_ok_and(|fd| fd.is_directory);
    match (errno, is_directory(mount), is_directory(place)) {
        (Errno::ENOTDIR | Errno::EINVAL, false, true) => {
            return table::FILE_ON_DIRECTORY.with([]).into();
        }
        (Errno::ENOTDIR | Errno::EINVAL, true, false) => {
            return table::DIRECTORY_ON_FILE.with([]).into();
        }
        _ => {}
    }
    match errno {
        Errno::ENOENT => table::DEST_GONE.with([]).into(),
        Errno::ENOSYS => hint::missing_call((5, 10)),
        Errno::EINVAL if sys::clone_tree(place.as_fd(), "".as_ref(), true).err() == Some(Errno::EINVAL) => {
            table::FOREIGN_DEST.with([]).into()
        }
        errno => hint::mount(errno),
    }
}

/// Which of the calls failed that make a file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    Open,
    Configure,
    Create,
    Mount,
}

/// Why a file system could not be made.
pub fn filesystem(filesystem: Filesystem, call: Call, errno: Errno) -> Option<String> {
    if errno == Errno::ENOSYS {
        return hint::missing_call((5, 10));
    }
    if let Some(cause) = hint::mount(errno) {
        return Some(cause);
    }
    if errno != Errno::EPERM {
        return None;
    }
    let (namespace, tool) = match filesystem {
        Filesystem::Tmpfs => return None,
        Filesystem::Proc => ("PID", "unshare-pid"),
        Filesystem::Sysfs => ("network", "unshare-net"),
        Filesystem::Mqueue => ("IPC", "unshare-ipc"),
    };
    match (call, filesystem) {
        (Call::Mount, Filesystem::Proc) => return hint::mount_proc("/proc".as_ref(), errno),
        (Call::Mount, _) => return too_revealing().into(),
        _ => {}
    }
    table::FOREIGN_SIGHT.with([namespace, tool]).into()
}

/// What is always empty in a sysfs, so that a mount over it hides nothing: sysfs_create_mount_point() in the kernel.
const MOUNT_POINTS: [&str; 13] = [
    "fs/cgroup",
    "fs/bpf",
    "fs/pstore",
    "fs/fuse/connections",
    "fs/selinux",
    "fs/smackfs",
    "fs/resctrl",
    "kernel/security",
    "kernel/debug",
    "kernel/tracing",
    "kernel/config",
    "firmware/efi/efivars",
    "hypervisor/s390",
];

/// The kernel makes no new sysfs for a user namespace in which no other one is wholly visible.
fn too_revealing() -> Cause {
    let mounts = mountinfo::own();
    let old: Vec<_> = mounts.iter().filter(|mount| mount.kind == "sysfs").collect();
    let hides = |mount: &&Mount| {
        let under = old.iter().find(|old| mount.parent == old.id);
        let below = under.and_then(|old| mount.point.strip_prefix(&old.point).ok());
        below.is_some_and(|below| !MOUNT_POINTS.iter().any(|empty| below == Path::new(empty)))
    };
    let over = mounts.iter().find(hides);
    match (old.is_empty(), over) {
        (true, _) => table::NO_SYSFS.with([]),
        (_, Some(over)) => table::SYSFS_COVERED.with([&quoted(&over.point).to_string()]),
        (_, None) => table::SYSFS_RESTRICTED.with([]),
    }
}

/// Why a mount could not be made read-only.
pub fn read_only(errno: Errno) -> Option<String> {
    match errno {
        Errno::ENOSYS => hint::missing_call((5, 12)),
        Errno::EBUSY => table::OPEN_FOR_WRITING.with([]).into(),
        errno => hint::mount(errno),
    }
}

/// Why the root could not be switched.
pub fn pivot(errno: Errno) -> Option<String> {
    match errno {
        Errno::EINVAL if in_chroot() => table::CHROOT.with([]).into(),
        Errno::EINVAL => table::NO_PIVOT.with([]).into(),
        errno => hint::mount(errno),
    }
}

/// Why the working directory could not be changed.
pub fn chdir(errno: Errno) -> Option<String> {
    match errno {
        Errno::ENOENT => table::NO_WORKING_DIRECTORY.with([]).into(),
        Errno::ELOOP | Errno::EXDEV => table::CIRCLE.with([]).into(),
        Errno::ENOSYS => hint::missing_call((5, 10)),
        _ => None,
    }
}

/// Why an overlay could not be made.
pub fn overlay(layers: &[OwnedFd], upper: Option<&OwnedFd>, errno: Errno) -> Option<String> {
    let locked = |layer: &&OwnedFd| sys::clone_tree(layer.as_fd(), "".as_ref(), false).err() == Some(Errno::EINVAL);
    match errno {
        Errno::ENODEV => table::NO_OVERLAYFS.with([]).into(),
        Errno::EINVAL if layers.iter().chain(upper).find(locked).is_some() => table::LOCKED_LAYER.with([]).into(),
        Errno::EPERM => hint::mount(errno).or_else(|| table::OVERLAY_FOR_ROOT.with([]).into()),
        Errno::EBUSY => table::OVERLAY_BUSY.with([]).into(),
        Errno::ELOOP => table::LAYERS_OVERLAP.with([]).into(),
        _ => None,
    }
}
