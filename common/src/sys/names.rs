//! The names of the machine, of which nix has the host name.

use nix::errno::Errno;
use std::ffi::OsStr;

/// Sets the NIS domain name: setdomainname(2).
///
/// # Errors
/// EPERM; EINVAL for more than 64 bytes.
pub fn setdomainname(name: &OsStr) -> nix::Result<()> {
    // SAFETY: pointer and length are those of one slice.
    Errno::result(unsafe { libc::setdomainname(name.as_encoded_bytes().as_ptr().cast(), name.len()) }).map(drop)
}
