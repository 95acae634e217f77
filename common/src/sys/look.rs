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

/// The calls for mounts that a filter refuses: those that answer to impossible arguments otherwise than the kernel itself
/// would. For a process that has CAP_SYS_ADMIN: to others the kernel says EPERM as well, except to mount(2).
pub fn filtered_mount_calls() -> Vec<&'static str> {
    let calls = [
        ("mount", libc::SYS_mount),
        ("open_tree", libc::SYS_open_tree),
        ("move_mount", libc::SYS_move_mount),
        ("fsopen", libc::SYS_fsopen),
        ("fsconfig", libc::SYS_fsconfig),
        ("fsmount", libc::SYS_fsmount),
        ("mount_setattr", libc::SYS_mount_setattr),
        ("pivot_root", libc::SYS_pivot_root),
        ("openat2", libc::SYS_openat2),
    ];
    let is_kernel = |errno| matches!(errno, Errno::EFAULT | Errno::EINVAL | Errno::EBADF);
    calls.into_iter().filter(|(_, call)| !is_kernel(answer_to_nothing(*call))).map(|(name, _)| name).collect()
}

/// What a call answers that is given no path, no descriptor, and flags that do not exist.
fn answer_to_nothing(call: libc::c_long) -> Errno {
    // SAFETY: as descriptors and flags, -1 is invalid; as a pointer it is no address of ours. Where mount(2) takes a
    // directory, openat2(2) a structure and pivot_root(2) a path, the pointer is null. The kernel refuses all of that
    // before it does anything.
    let result = unsafe {
        match call {
            libc::SYS_mount | libc::SYS_pivot_root => libc::syscall(call, 0, 0, 0, 0, 0),
            libc::SYS_openat2 => libc::syscall(call, -1, 0, 0, 0),
            _ => libc::syscall(call, -1, -1, -1, -1, -1),
        }
    };
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
