//! Files by descriptor: open, make and remove them, and tell which one it is. nix lacks these calls, or has them with another
//! signature in each version.

use super::owned;
use nix::NixPath;
use nix::errno::Errno;
use std::ffi::{OsStr, OsString};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

/// The working directory, where a call takes a directory's descriptor: `AT_FDCWD`.
// SAFETY: no descriptor, so nobody can close it; the calls here know the number, and it is not the forbidden -1.
pub const CWD: BorrowedFd<'static> = unsafe { BorrowedFd::borrow_raw(libc::AT_FDCWD) };

/// [`openat2`]: the directory's descriptor is `/` for the whole resolution, `..` and absolute symlinks included.
pub const RESOLVE_IN_ROOT: u64 = 0x10;
/// [`openat2`]: no link of `/proc/PID/fd`, `cwd`, `root` or `exe` is followed.
pub const RESOLVE_NO_MAGICLINKS: u64 = 0x2;
/// [`openat2`]: no symlink is followed.
pub const RESOLVE_NO_SYMLINKS: u64 = 0x4;

const STATX_MNT_ID: libc::c_uint = 0x1000;

/// Opens a path under `directory`, as `resolve` (`RESOLVE_*`) allows: openat2(2), Linux 5.6. `flags` are those of open(2);
/// O_CLOEXEC is added, and nothing is created.
///
/// # Errors
/// Those of path resolution; EXDEV and ELOOP for what `resolve` forbids; ENOSYS. EAGAIN, when something was renamed
/// meanwhile, is retried.
pub fn openat2(directory: BorrowedFd<'_>, path: &Path, flags: i32, resolve: u64) -> nix::Result<OwnedFd> {
    // struct open_how: flags, mode, resolve.
    let how = [(flags | libc::O_CLOEXEC) as u64, 0, resolve];
    for _ in 0..10_000 {
        let number = path.with_nix_path(|path| {
            // SAFETY: the path is NUL-terminated, and pointer and size are those of one array laid out as struct open_how.
            unsafe {
                libc::syscall(libc::SYS_openat2, directory.as_raw_fd(), path.as_ptr(), how.as_ptr(), size_of_val(&how))
            }
        })?;
        match owned(number) {
            Err(Errno::EAGAIN | Errno::EINTR) => {}
            result => return result,
        }
    }
    Err(Errno::EAGAIN)
}

/// Makes `directory` the working directory: fchdir(2).
///
/// # Errors
/// ENOTDIR, EACCES.
pub fn change_directory(directory: BorrowedFd<'_>) -> nix::Result<()> {
    // SAFETY: the call touches no memory of ours.
    Errno::result(unsafe { libc::fchdir(directory.as_raw_fd()) }).map(drop)
}

/// Makes a directory in `parent`: mkdirat(2). `name` has no slash, so nothing is resolved.
///
/// # Errors
/// EEXIST also for a symlink, which is not followed; EACCES, EROFS, ENOENT.
pub fn make_directory(parent: BorrowedFd<'_>, name: &OsStr, mode: u32) -> nix::Result<()> {
    Errno::result(name.with_nix_path(|name| {
        // SAFETY: the name is NUL-terminated.
        unsafe { libc::mkdirat(parent.as_raw_fd(), name.as_ptr(), mode) }
    })?)
    .map(drop)
}

/// Makes an empty regular file in `parent`: mknodat(2).
///
/// # Errors
/// As [`make_directory`].
pub fn make_file(parent: BorrowedFd<'_>, name: &OsStr, mode: u32) -> nix::Result<()> {
    Errno::result(name.with_nix_path(|name| {
        // SAFETY: the name is NUL-terminated.
        unsafe { libc::mknodat(parent.as_raw_fd(), name.as_ptr(), libc::S_IFREG | mode, 0) }
    })?)
    .map(drop)
}

/// Makes a symlink in `parent`: symlinkat(2).
///
/// # Errors
/// As [`make_directory`].
pub fn make_symlink(target: &OsStr, parent: BorrowedFd<'_>, name: &OsStr) -> nix::Result<()> {
    let result = target.with_nix_path(|target| {
        name.with_nix_path(|name| {
            // SAFETY: target and name are NUL-terminated.
            unsafe { libc::symlinkat(target.as_ptr(), parent.as_raw_fd(), name.as_ptr()) }
        })
    })??;
    Errno::result(result).map(drop)
}

/// Removes a file, or an empty directory, from `parent`: unlinkat(2).
///
/// # Errors
/// ENOTEMPTY, ENOENT, EACCES.
pub fn remove(parent: BorrowedFd<'_>, name: &OsStr, directory: bool) -> nix::Result<()> {
    let flags = if directory { libc::AT_REMOVEDIR } else { 0 };
    Errno::result(name.with_nix_path(|name| {
        // SAFETY: the name is NUL-terminated.
        unsafe { libc::unlinkat(parent.as_raw_fd(), name.as_ptr(), flags) }
    })?)
    .map(drop)
}

/// What a symlink in `parent` says: readlinkat(2).
///
/// # Errors
/// EINVAL where it is no symlink; ENOENT.
pub fn read_symlink(parent: BorrowedFd<'_>, name: &OsStr) -> nix::Result<OsString> {
    let mut buffer = vec![0_u8; libc::PATH_MAX as usize];
    let length = Errno::result(name.with_nix_path(|name| {
        // SAFETY: the name is NUL-terminated, and pointer and size are those of one buffer.
        unsafe { libc::readlinkat(parent.as_raw_fd(), name.as_ptr(), buffer.as_mut_ptr().cast(), buffer.len()) }
    })?)?;
    buffer.truncate(usize::try_from(length).unwrap_or(0));
    Ok(OsString::from_vec(buffer))
}

/// What a descriptor is open on, and on which mount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// The mount's ID, as in the first column of `/proc/self/mountinfo`.
    pub mount: u64,
    /// The file system's device number, major and minor.
    pub device: (u32, u32),
    /// The inode number.
    pub inode: u64,
    /// The permission bits.
    pub mode: u32,
    /// The owner, as this user namespace knows it.
    pub owner: u32,
    /// Is it a directory?
    pub is_directory: bool,
    /// Is it the root of a mount?
    pub is_mount_root: bool,
}

/// Looks at what a descriptor, which may be an O_PATH one, is open on: statx(2) with STATX_MNT_ID, Linux 5.8.
///
/// # Errors
/// EACCES, EIO: hardly any.
pub fn identify(fd: BorrowedFd<'_>) -> nix::Result<Identity> {
    statx(fd, Path::new(""), libc::AT_EMPTY_PATH)
}

/// Is what is at `path` the root of a mount? statx(2) with STATX_ATTR_MOUNT_ROOT, Linux 5.8.
///
/// # Errors
/// Those of path resolution.
pub fn is_mount_root(path: &Path) -> nix::Result<bool> {
    Ok(statx(CWD, path, 0)?.is_mount_root)
}

fn statx(directory: BorrowedFd<'_>, path: &Path, flags: libc::c_int) -> nix::Result<Identity> {
    let mut data = MaybeUninit::<libc::statx>::zeroed();
    let mask = libc::STATX_TYPE | libc::STATX_MODE | libc::STATX_UID | libc::STATX_INO | STATX_MNT_ID;
    Errno::result(path.with_nix_path(|path| {
        // SAFETY: the path is NUL-terminated, and the call writes the structure it was given.
        unsafe { libc::statx(directory.as_raw_fd(), path.as_ptr(), flags, mask, data.as_mut_ptr()) }
    })?)?;
    // SAFETY: zeroed before, and the call succeeded.
    let data = unsafe { data.assume_init() };
    Ok(Identity {
        mount: data.stx_mnt_id,
        device: (data.stx_dev_major, data.stx_dev_minor),
        inode: data.stx_ino,
        mode: u32::from(data.stx_mode) & 0o7777,
        owner: data.stx_uid,
        is_directory: u32::from(data.stx_mode) & libc::S_IFMT == libc::S_IFDIR,
        is_mount_root: data.stx_attributes & libc::STATX_ATTR_MOUNT_ROOT as u64 != 0,
    })
}
