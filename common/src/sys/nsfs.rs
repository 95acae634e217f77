//! What a descriptor of a namespace tells about it: ioctl_ns(2).

use super::owned;
use nix::errno::Errno;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

const NSIO: u8 = 0xb7;

fn related(namespace: BorrowedFd<'_>, request: u8) -> nix::Result<OwnedFd> {
    let request = nix::request_code_none!(NSIO, request);
    // SAFETY: these two requests take no argument and touch no memory of ours.
    owned(unsafe { libc::ioctl(namespace.as_raw_fd(), request) }.into())
}

/// The namespace around this PID or user namespace: NS_GET_PARENT.
///
/// # Errors
/// EPERM when there is none, or none that this process may see; EINVAL for the other kinds, which do not nest.
pub fn parent_namespace(namespace: BorrowedFd<'_>) -> nix::Result<OwnedFd> {
    related(namespace, 2)
}

/// The user namespace that owns this namespace (for a user namespace: its parent): NS_GET_USERNS.
///
/// # Errors
/// EPERM when this process may not see it.
pub fn owning_namespace(namespace: BorrowedFd<'_>) -> nix::Result<OwnedFd> {
    related(namespace, 1)
}

/// The user ID, as this process sees it, that made this user namespace: NS_GET_OWNER_UID.
///
/// # Errors
/// EINVAL for any other kind.
pub fn namespace_maker(namespace: BorrowedFd<'_>) -> nix::Result<u32> {
    let mut uid: libc::uid_t = 0;
    let request = nix::request_code_none!(NSIO, 4);
    // SAFETY: the call writes one uid_t to the pointer, which outlives it.
    Errno::result(unsafe { libc::ioctl(namespace.as_raw_fd(), request, &raw mut uid) })?;
    Ok(uid)
}
