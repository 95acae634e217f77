//! The only unsafe code: one documented wrapper a call.
//!
//! What nix offers as a safe function is used from there. Here stands what it lacks, or offers only as unsafe: each
//! function says which manual page it comes from, and each unsafe block why it is sound. None of them adds policy. What one
//! tool alone calls stands here too, since its own code is safe.
#![allow(unsafe_code)]

mod begin;
pub mod credentials;
mod file;
pub mod look;
mod mount;
mod names;
mod nsfs;
mod process;
mod second_thread;
mod signal;
mod terminal;
mod timer;

pub use begin::{arguments, begin, has_rights_of_its_file, restore as restore_inherited};
pub use file::*;
pub use mount::*;
pub use names::setdomainname;
pub use nsfs::*;
pub use process::*;
pub use second_thread::tie_second_thread;
pub use signal::*;
pub use terminal::terminal_columns;
pub use timer::Timers;

use nix::errno::Errno;
use std::os::fd::{FromRawFd, OwnedFd};

/// The descriptor that a call made.
fn owned(number: libc::c_long) -> nix::Result<OwnedFd> {
    let fd = Errno::result(number)?;
    // SAFETY: the number that a call gave for a new descriptor, which nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(i32::try_from(fd).unwrap_or(-1)) })
}
