//! Calls that find out why another was refused. None of them changes anything.

use nix::NixPath;
use nix::errno::Errno;
use std::path::Path;
use std::ptr;

/// What unshare(2) answers to `flags` with one that it never takes: EINVAL from the kernel itself, anything else from a
/// filter in front of it.
pub fn answer_to_unshare(flags: i32) -> Errno {
    // SAFETY: CLONE_PTRACE is no flag of unshare(2), which checks all of them before it does anything.
    let result = unsafe { libc::syscall(libc::SYS_unshare, flags | libc::CLONE_PTRACE) };
    Errno::result(result).err().unwrap_or(Errno::UnknownErrno)
}

/// What mount(2) answers when it is given no directory: EFAULT from the kernel itself, anything else from a filter in
/// front of it.
pub fn answer_to_mount() -> Errno {
    let none = ptr::null::<libc::c_char>();
    // SAFETY: every pointer is null, which the kernel refuses before it does anything.
    let result = unsafe { libc::syscall(libc::SYS_mount, none, none, none, 0, none) };
    Errno::result(result).err().unwrap_or(Errno::UnknownErrno)
}

/// Has a file capabilities: the extended attribute `security.capability` of xattr(7)?
pub fn has_capabilities(path: &Path) -> bool {
    let length = path.with_nix_path(|path| {
        // SAFETY: both names are NUL-terminated; with a size of 0 the call writes nothing and gives the length.
        unsafe { libc::getxattr(path.as_ptr(), c"security.capability".as_ptr(), ptr::null_mut(), 0) }
    });
    length.is_ok_and(|length| length > 0)
}
