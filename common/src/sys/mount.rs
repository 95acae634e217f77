//! Mounts by descriptor: calls that nix lacks.

use super::owned;
use nix::NixPath;
use nix::errno::Errno;
use std::ffi::{CStr, OsStr};
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;

/// [`fsmount`], [`mount_setattr`]: read-only.
pub const MOUNT_ATTR_RDONLY: u64 = 0x1;
/// [`fsmount`]: set-user-ID bits and file capabilities have no effect.
pub const MOUNT_ATTR_NOSUID: u64 = 0x2;
/// [`fsmount`]: device files cannot be opened.
pub const MOUNT_ATTR_NODEV: u64 = 0x4;
/// [`fsmount`]: programs cannot be executed.
pub const MOUNT_ATTR_NOEXEC: u64 = 0x8;

const OPEN_TREE_CLONE: libc::c_int = 1;
const AT_RECURSIVE: libc::c_int = 0x8000;
const MOVE_MOUNT_F_EMPTY_PATH: libc::c_int = 0x4;
const MOVE_MOUNT_T_EMPTY_PATH: libc::c_int = 0x40;
const FSOPEN_CLOEXEC: libc::c_int = 1;
const FSMOUNT_CLOEXEC: libc::c_int = 1;
const FSCONFIG_SET_FLAG: libc::c_int = 0;
const FSCONFIG_SET_STRING: libc::c_int = 1;
const FSCONFIG_SET_FD: libc::c_int = 5;
const FSCONFIG_CMD_CREATE: libc::c_int = 6;

/// Clones the mount at `path` (an empty one is `directory` itself), with `recursive` its submounts too, and attaches the
/// copy nowhere: open_tree(2) with OPEN_TREE_CLONE, Linux 5.2. Closed without [`move_mount`], it is gone.
///
/// # Errors
/// Those of path resolution; EPERM without CAP_SYS_ADMIN over the mount namespace; EINVAL for a path on a mount of
/// another mount namespace, an unbindable one, or without `recursive` one with submounts that a parent user namespace
/// locked; ENOSYS.
pub fn clone_tree(directory: BorrowedFd<'_>, path: &Path, recursive: bool) -> nix::Result<OwnedFd> {
    let empty = if path.as_os_str().is_empty() { libc::AT_EMPTY_PATH } else { 0 };
    let flags = OPEN_TREE_CLONE | libc::O_CLOEXEC | empty | if recursive { AT_RECURSIVE } else { 0 };
    owned(path.with_nix_path(|path| {
        // SAFETY: the path is NUL-terminated.
        unsafe { libc::syscall(libc::SYS_open_tree, directory.as_raw_fd(), path.as_ptr(), flags) }
    })?)
}

/// Attaches the mount `from` on what `to` is open on: move_mount(2), Linux 5.2. No path is resolved.
///
/// # Errors
/// ENOTDIR where one is a directory and the other is not; EINVAL; EPERM; ENOSYS.
pub fn move_mount(from: BorrowedFd<'_>, to: BorrowedFd<'_>) -> nix::Result<()> {
    let flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
    let (empty, from, to) = (c"".as_ptr(), from.as_raw_fd(), to.as_raw_fd());
    // SAFETY: both paths are NUL-terminated.
    Errno::result(unsafe { libc::syscall(libc::SYS_move_mount, from, empty, to, empty, flags) }).map(drop)
}

/// Opens a context to configure a new file system in: fsopen(2), Linux 5.2.
///
/// # Errors
/// ENODEV for a file system that this kernel does not have; EPERM; ENOSYS.
pub fn fsopen(filesystem: &CStr) -> nix::Result<OwnedFd> {
    // SAFETY: the name is NUL-terminated.
    owned(unsafe { libc::syscall(libc::SYS_fsopen, filesystem.as_ptr(), FSOPEN_CLOEXEC) })
}

/// Sets a flag, such as `userxattr`: fsconfig(2) with FSCONFIG_SET_FLAG.
///
/// # Errors
/// EINVAL for a flag that the file system does not know.
pub fn fsconfig_flag(context: BorrowedFd<'_>, key: &CStr) -> nix::Result<()> {
    let none = std::ptr::null::<libc::c_char>();
    // SAFETY: the key is NUL-terminated, and a flag has no value.
    Errno::result(unsafe {
        libc::syscall(libc::SYS_fsconfig, context.as_raw_fd(), FSCONFIG_SET_FLAG, key.as_ptr(), none, 0)
    })
    .map(drop)
}

/// Sets an option to a text of at most 255 bytes: fsconfig(2) with FSCONFIG_SET_STRING.
///
/// # Errors
/// EINVAL for an option or value that the file system does not take.
pub fn fsconfig_string(context: BorrowedFd<'_>, key: &CStr, value: &OsStr) -> nix::Result<()> {
    Errno::result(value.with_nix_path(|value| {
        // SAFETY: key and value are NUL-terminated.
        unsafe {
            libc::syscall(libc::SYS_fsconfig, context.as_raw_fd(), FSCONFIG_SET_STRING, key.as_ptr(), value.as_ptr(), 0)
        }
    })?)
    .map(drop)
}

/// Sets an option to what a descriptor is open on: fsconfig(2) with FSCONFIG_SET_FD. overlayfs takes its layers so since
/// Linux 6.13.
///
/// # Errors
/// EINVAL where the option takes none.
pub fn fsconfig_fd(context: BorrowedFd<'_>, key: &CStr, value: BorrowedFd<'_>) -> nix::Result<()> {
    let none = std::ptr::null::<libc::c_char>();
    // SAFETY: the key is NUL-terminated; the value is the descriptor.
    Errno::result(unsafe {
        libc::syscall(libc::SYS_fsconfig, context.as_raw_fd(), FSCONFIG_SET_FD, key.as_ptr(), none, value.as_raw_fd())
    })
    .map(drop)
}

/// Makes the file system: fsconfig(2) with FSCONFIG_CMD_CREATE.
///
/// # Errors
/// Those of the file system; EPERM without CAP_SYS_ADMIN over the namespace that it shows.
pub fn fsconfig_create(context: BorrowedFd<'_>) -> nix::Result<()> {
    let none = std::ptr::null::<libc::c_char>();
    // SAFETY: the command takes no key and no value.
    Errno::result(unsafe { libc::syscall(libc::SYS_fsconfig, context.as_raw_fd(), FSCONFIG_CMD_CREATE, none, none, 0) })
        .map(drop)
}

/// What the file system says about a refusal, in its own words, if it says anything: read(2) on the context.
pub fn fsmessage(context: BorrowedFd<'_>) -> Option<String> {
    let mut buffer = [0_u8; 1024];
    // SAFETY: pointer and length are those of one buffer.
    let length = unsafe { libc::read(context.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len()) };
    let text = String::from_utf8_lossy(buffer.get(..usize::try_from(length).ok()?)?).trim().to_owned();
    // "e " for an error, "w " for a warning, "i " for information.
    text.strip_prefix("e ").map(str::to_owned)
}

/// Makes a mount of the file system, attached nowhere yet: fsmount(2). `attributes` are `MOUNT_ATTR_*`.
///
/// # Errors
/// EPERM: a proc(5) or sysfs(5) would reveal what is over-mounted in every other one here.
pub fn fsmount(context: BorrowedFd<'_>, attributes: u64) -> nix::Result<OwnedFd> {
    // SAFETY: the call touches no memory of ours.
    owned(unsafe { libc::syscall(libc::SYS_fsmount, context.as_raw_fd(), FSMOUNT_CLOEXEC, attributes) })
}

/// Sets the attributes `set` of the mount that `mount` is the root of, and clears `clear`; with `recursive` those of all
/// mounts below as well, all or none: mount_setattr(2), Linux 5.12. Attributes that are not named stay as they are.
///
/// # Errors
/// EINVAL where it is not the root of a mount; EPERM; EBUSY where a file is open for writing; ENOSYS.
pub fn mount_setattr(mount: BorrowedFd<'_>, recursive: bool, set: u64, clear: u64) -> nix::Result<()> {
    // struct mount_attr: attr_set, attr_clr, propagation, userns_fd.
    let data = [set, clear, 0, 0_u64];
    let flags = libc::AT_EMPTY_PATH | if recursive { AT_RECURSIVE } else { 0 };
    let (empty, size) = (c"".as_ptr(), size_of_val(&data));
    // SAFETY: the path is NUL-terminated, and pointer and size are those of one array laid out as struct mount_attr.
    Errno::result(unsafe {
        libc::syscall(libc::SYS_mount_setattr, mount.as_raw_fd(), empty, flags, data.as_ptr(), size)
    })
    .map(drop)
}

/// Makes the working directory, which is the root of a mount, the root directory, and mounts the old root over it:
/// `pivot_root(".", ".")` as in pivot_root(2).
///
/// # Errors
/// EINVAL: the root or its parent mount is shared, is no mount point (chroot), or is the initial ramfs; EPERM.
pub fn pivot_root_here() -> nix::Result<()> {
    let here = c".".as_ptr();
    // SAFETY: both paths are NUL-terminated.
    Errno::result(unsafe { libc::syscall(libc::SYS_pivot_root, here, here) }).map(drop)
}
