//! From a refused mount and the facts of the system to a cause and a remedy.

use crate::filesystem::Call;
use crate::operation::Filesystem;
use common::proc::bits;
use common::sys;
use nix::errno::Errno;
use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

const CAP_SYS_ADMIN: u64 = 1 << 21;

fn too_old(since: &str) -> Option<String> {
    Some(format!("this kernel is too old, or a seccomp filter hides the call: mounts by descriptor need Linux {since}"))
}

fn lacks_sys_admin() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    bits(&status, "CapEff").is_some_and(|caps| caps & CAP_SYS_ADMIN == 0)
}

fn in_chroot() -> bool {
    sys::is_mount_root("/".as_ref()) == Ok(false)
}

/// Why the propagation could not be set.
pub fn propagation(errno: Errno) -> Option<String> {
    match errno {
        Errno::EINVAL if in_chroot() => Some(chroot()),
        _ => None,
    }
}

fn chroot() -> String {
    "this process is inside a chroot, whose '/' is no mount point: enter it with 'unshare-mnt --root DIR' instead"
        .to_owned()
}

/// Why a SRC could not be opened.
pub fn source(path: &Path, errno: Errno) -> Option<String> {
    match errno {
        Errno::ENOENT => Some(format!(
            "SRC names the caller's tree as it was when the line began, and nothing is at {} there",
            path.display()
        )),
        Errno::ENOSYS => too_old("5.10"),
        Errno::EPERM if lacks_sys_admin() => Some(no_capability()),
        _ => None,
    }
}

fn no_capability() -> String {
    "needs CAP_SYS_ADMIN here: run as root, or put 'unshare-user --' in front".to_owned()
}

/// Why a DEST could not be resolved.
pub fn dest(path: &Path, errno: Errno) -> Option<String> {
    match errno {
        Errno::ENOENT => missing(path),
        Errno::ENOSYS => too_old("5.10"),
        _ => None,
    }
}

/// A DEST is missing.
pub fn missing(path: &Path) -> Option<String> {
    Some(format!("make the mount point first: --dir {}", path.display()))
}

/// Why something could not be made.
pub fn make(_path: &Path, errno: Errno) -> Option<String> {
    match errno {
        Errno::EEXIST => Some("a symlink that leads nowhere is there, or another process made something".to_owned()),
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
        Errno::ENOSYS => too_old("5.10"),
        _ => None,
    }
}

/// Why a file system could not be made.
pub fn filesystem(filesystem: Filesystem, _dest: &Path, call: Call, errno: Errno) -> Option<String> {
    if errno == Errno::ENOSYS {
        return too_old("5.10");
    }
    if errno != Errno::EPERM {
        return None;
    }
    let (namespace, tool) = match filesystem {
        Filesystem::Tmpfs => return lacks_sys_admin().then(no_capability),
        Filesystem::Proc => ("PID", "unshare-pid"),
        Filesystem::Sysfs => ("network", "unshare-net"),
        Filesystem::Mqueue => ("IPC", "unshare-ipc"),
    };
    if call == Call::Mount {
        return Some("what is mounted over parts of the caller's own one would be seen in a new one: the kernel allows it where one is wholly visible".to_owned());
    }
    Some(format!(
        "it shows the current {namespace} namespace, which is not this user namespace's: put '{tool} --' between 'unshare-user --' and this link"
    ))
}

/// Why a mount could not be made read-only.
pub fn read_only(errno: Errno) -> Option<String> {
    match errno {
        Errno::ENOSYS => too_old("5.12"),
        Errno::EBUSY => Some("a file there is open for writing".to_owned()),
        _ => None,
    }
}

/// Why the root could not be switched.
pub fn pivot(errno: Errno) -> Option<String> {
    match errno {
        Errno::EINVAL if in_chroot() => Some(chroot()),
        Errno::EINVAL => Some("the kernel cannot leave the initial ramfs, nor a root that is shared".to_owned()),
        _ => None,
    }
}

/// Why the working directory could not be changed.
pub fn chdir(errno: Errno) -> Option<String> {
    match errno {
        Errno::ENOENT => Some("DIR is looked up inside, after all mounts".to_owned()),
        _ => None,
    }
}
