//! From a refused mount and the facts of the system to a cause and a remedy.

use crate::filesystem::Call;
use crate::operation::Filesystem;
use common::hint;
use common::sys;
use common::text::quoted;
use nix::errno::Errno;
use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

fn in_chroot() -> bool {
    sys::is_mount_root("/".as_ref()) == Ok(false)
}

/// Why the propagation could not be set.
pub fn propagation(errno: Errno) -> Option<String> {
    match errno {
        Errno::EINVAL if in_chroot() => Some(chroot()),
        errno => hint::mount(errno),
    }
}

fn chroot() -> String {
    "this process is inside a chroot, whose '/' is no mount point: enter it with 'unshare-mnt --root DIR' instead"
        .to_owned()
}

/// Why a SRC could not be opened.
pub fn source(path: &Path, errno: Errno) -> Option<String> {
    match errno {
        Errno::ENOENT => {
            Some(format!("nothing is at {} in the caller's tree as it was when the line began", quoted(path)))
        }
        Errno::ENAMETOOLONG => Some("a path has at most 4095 bytes, a name in it 255".to_owned()),
        Errno::ESTALE => Some("another file has the name of the one that the descriptor is open on".to_owned()),
        Errno::ENOSYS => hint::missing_call((5, 10)),
        errno => hint::mount(errno),
    }
}

/// Why a DEST could not be resolved.
pub fn dest(path: &Path, errno: Errno) -> Option<String> {
    match errno {
        Errno::ENOENT => missing(path),
        Errno::ENAMETOOLONG => Some("a path has at most 4095 bytes, a name in it 255".to_owned()),
        Errno::ELOOP => Some("it leads through symlinks in a circle, or through a link of /proc".to_owned()),
        Errno::ENOSYS => hint::missing_call((5, 10)),
        _ => None,
    }
}

/// A DEST is missing.
pub fn missing(path: &Path) -> Option<String> {
    Some(format!("make the mount point first: --dir {}", quoted(path)))
}

/// Why something could not be made in a directory.
pub fn make(parent: &OwnedFd, errno: Errno) -> Option<String> {
    let overflow = || fs::read_to_string("/proc/sys/kernel/overflowuid").ok()?.trim().parse().ok();
    let owner = || sys::identify(parent.as_fd()).ok().map(|parent| parent.owner);
    match errno {
        Errno::EACCES if owner().is_some() && owner() == overflow() => Some(
            "the directory belongs to an ID that has no mapping here, so that root inside has no rights over it; in an overlay only the top directory is one's own: name this one as the layer, or lay a --tmpfs over it"
                .to_owned(),
        ),
        Errno::EEXIST => Some("a symlink that leads nowhere is there, or another process made something".to_owned()),
        Errno::EOVERFLOW => Some("an overlay cannot copy up a file whose owner or group has no mapping here: 'unshare-user --map-auto --' maps more IDs".to_owned()),
        Errno::EROFS => {
            Some("the file system there is read-only: let this option stand before what made it so".to_owned())
        }
        _ => None,
    }
}

/// Why a mount could not be attached.
pub fn attach(mount: &OwnedFd, place: &OwnedFd, errno: Errno) -> Option<String> {
    let is_directory = |fd: &OwnedFd| sys::identify(fd.as_fd()).is_ok_and(|fd| fd.is_directory);
    match (errno, is_directory(mount), is_directory(place)) {
        (Errno::ENOTDIR | Errno::EINVAL, false, true) => {
            return Some("what is to be mounted is not a directory, and DEST is one".to_owned());
        }
        (Errno::ENOTDIR | Errno::EINVAL, true, false) => {
            return Some("what is to be mounted is a directory, and DEST is not one".to_owned());
        }
        _ => {}
    }
    match errno {
        Errno::ENOENT => Some("DEST was removed meanwhile".to_owned()),
        Errno::ENOSYS => hint::missing_call((5, 10)),
        Errno::EINVAL if sys::clone_tree(place.as_fd(), "".as_ref(), true).err() == Some(Errno::EINVAL) => Some(
            "DEST is on a mount of another mount namespace, where a descriptor of the caller's leads: name it by its path"
                .to_owned(),
        ),
        errno => hint::mount(errno),
    }
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
        (Call::Mount, _) => return Some(too_revealing()),
        _ => {}
    }
    Some(format!(
        "it would show the current {namespace} namespace, over which this user namespace has no rights: make one with '{tool} --', and put it after unshare-user"
    ))
}

/// The kernel makes no new sysfs for a user namespace in which no other one is wholly visible.
fn too_revealing() -> String {
    let list = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let lines: Vec<Vec<&str>> = list.lines().map(|line| line.split(' ').collect()).collect();
    let is_sysfs = |line: &Vec<&str>| {
        line.iter().position(|word| *word == "-").is_some_and(|at| line.get(at + 1) == Some(&"sysfs"))
    };
    let old: Vec<_> = lines.iter().filter(|line| is_sysfs(line)).collect();
    let over = lines.iter().find(|line| old.iter().any(|old| line.get(1) == old.first()));
    match (old.first(), over.and_then(|line| line.get(4))) {
        (None, _) => {
            "no sysfs is mounted here, and a user namespace may only repeat one that it sees (\"too revealing\")"
                .to_owned()
        }
        (Some(_), Some(over)) => format!(
            "{} lies over a part of the sysfs here, which a new one would reveal (\"too revealing\"): start from where nothing lies over it",
            quoted(over)
        ),
        (Some(_), None) => {
            "the sysfs here is restricted, and a new one would reveal more (\"too revealing\")".to_owned()
        }
    }
}

/// Why a mount could not be made read-only.
pub fn read_only(errno: Errno) -> Option<String> {
    match errno {
        Errno::ENOSYS => hint::missing_call((5, 12)),
        Errno::EBUSY => Some("a file there is open for writing".to_owned()),
        errno => hint::mount(errno),
    }
}

/// Why the root could not be switched.
pub fn pivot(errno: Errno) -> Option<String> {
    match errno {
        Errno::EINVAL if in_chroot() => Some(chroot()),
        Errno::EINVAL => Some("the kernel cannot leave the initial ramfs, nor a root that is shared".to_owned()),
        errno => hint::mount(errno),
    }
}

/// Why the working directory could not be changed.
pub fn chdir(errno: Errno) -> Option<String> {
    match errno {
        Errno::ENOENT => Some("DIR is looked up inside, after all mounts".to_owned()),
        Errno::ELOOP | Errno::EXDEV => {
            Some("it leads through symlinks in a circle, or through a link of /proc".to_owned())
        }
        Errno::ENOSYS => hint::missing_call((5, 10)),
        _ => None,
    }
}

/// Why an overlay could not be made.
pub fn overlay(layers: &[OwnedFd], upper: Option<(&OwnedFd, &OwnedFd)>, errno: Errno) -> Option<String> {
    let locked = |layer: &&OwnedFd| sys::clone_tree(layer.as_fd(), "".as_ref(), false).err() == Some(Errno::EINVAL);
    let upper = upper.map(|(upper, _)| upper);
    match errno {
        Errno::ENODEV => Some("this kernel has no overlayfs".to_owned()),
        Errno::EINVAL if layers.iter().chain(upper).find(locked).is_some() => Some(
            "a layer holds mounts that this user namespace may not lift, and an overlay leaves submounts out: name a directory without submounts, or be real root"
                .to_owned(),
        ),
        Errno::EPERM => hint::mount(errno).or_else(|| Some("this kernel mounts overlays for real root only: user namespaces need Linux 5.11".to_owned())),
        Errno::EBUSY => Some("another overlay uses RWSRC or WORKDIR".to_owned()),
        Errno::ELOOP => Some("two of the directories are the same, or one lies within another: each layer stands for itself".to_owned()),
        _ => None,
    }
}
