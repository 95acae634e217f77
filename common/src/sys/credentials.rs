//! Capabilities and identity of one thread: capabilities(7), credentials(7).
//!
//! The calls that change IDs are made directly, for the calling thread alone: the C library's would change every thread
//! of the process, and a caller here may need a second one that keeps its old credentials.

use nix::errno::Errno;
use std::mem::size_of;
use std::ptr;

/// Three of the five sets of a thread, a bit for each capability.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// What counts now.
    pub effective: u64,
    /// What may be made effective.
    pub permitted: u64,
    /// What may pass through execve(2), with the ambient set's help.
    pub inheritable: u64,
}

#[repr(C)]
struct Header {
    version: u32,
    pid: i32,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Half {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

/// `_LINUX_CAPABILITY_VERSION_3`: 64 bits, as two halves.
const VERSION: u32 = 0x2008_0522;

/// The capabilities of this thread: capget(2).
///
/// # Errors
/// None that a correct call can meet.
pub fn capabilities() -> nix::Result<Capabilities> {
    let mut header = Header { version: VERSION, pid: 0 };
    let mut halves = [Half::default(); 2];
    // SAFETY: the header has the layout of capget(2), and version 3 fills exactly two halves.
    Errno::result(unsafe { libc::syscall(libc::SYS_capget, &raw mut header, halves.as_mut_ptr()) })?;
    let join = |part: fn(&Half) -> u32| u64::from(part(&halves[0])) | u64::from(part(&halves[1])) << 32;
    Ok(Capabilities {
        effective: join(|half| half.effective),
        permitted: join(|half| half.permitted),
        inheritable: join(|half| half.inheritable),
    })
}

/// Sets the capabilities of this thread: capset(2).
///
/// # Errors
/// EPERM: more than is permitted.
pub fn set_capabilities(to: Capabilities) -> nix::Result<()> {
    let mut header = Header { version: VERSION, pid: 0 };
    #[expect(clippy::cast_possible_truncation, reason = "one half at a time")]
    let half = |shift: u32| Half {
        effective: (to.effective >> shift) as u32,
        permitted: (to.permitted >> shift) as u32,
        inheritable: (to.inheritable >> shift) as u32,
    };
    let halves = [half(0), half(32)];
    // SAFETY: the header has the layout of capset(2), and version 3 reads exactly two halves.
    Errno::result(unsafe { libc::syscall(libc::SYS_capset, &raw mut header, halves.as_ptr()) }).map(drop)
}

/// The numbers of the capabilities in a set, in order.
pub fn each(set: u64) -> impl Iterator<Item = u32> {
    (0..u64::BITS).filter(move |number| set & (1 << number) != 0)
}

/// Adds one capability to the ambient set, which survives execve(2): `PR_CAP_AMBIENT_RAISE` of prctl(2).
///
/// # Errors
/// EPERM: it is not both permitted and inheritable.
pub fn raise_ambient(capability: u32) -> nix::Result<()> {
    prctl(libc::PR_CAP_AMBIENT, [libc::PR_CAP_AMBIENT_RAISE as libc::c_ulong, capability.into(), 0, 0])
}

/// Empties the ambient set: `PR_CAP_AMBIENT_CLEAR_ALL` of prctl(2).
///
/// # Errors
/// None that a correct call can meet.
pub fn clear_ambient() -> nix::Result<()> {
    prctl(libc::PR_CAP_AMBIENT, [libc::PR_CAP_AMBIENT_CLEAR_ALL as libc::c_ulong, 0, 0, 0])
}

/// Takes one capability out of the bounding set: `PR_CAPBSET_DROP` of prctl(2).
///
/// # Errors
/// EPERM without CAP_SETPCAP; EINVAL for a number that the kernel does not know.
pub fn drop_bounding(capability: u32) -> nix::Result<()> {
    prctl(libc::PR_CAPBSET_DROP, [capability.into(), 0, 0, 0])
}

/// Lets the permitted set survive a change from user ID 0 to another, until execve(2): `PR_SET_KEEPCAPS` of prctl(2).
///
/// # Errors
/// EPERM where securebits lock it.
pub fn keep_capabilities() -> nix::Result<()> {
    prctl(libc::PR_SET_KEEPCAPS, [1, 0, 0, 0])
}

/// The signal that this thread gets when its parent dies, 0 for none: `PR_GET_PDEATHSIG` of prctl(2).
///
/// # Errors
/// None that a correct call can meet.
pub fn parent_death_signal() -> nix::Result<i32> {
    let mut signal: libc::c_int = 0;
    // SAFETY: the kernel writes one int.
    Errno::result(unsafe { libc::prctl(libc::PR_GET_PDEATHSIG, &raw mut signal, 0, 0, 0) })?;
    Ok(signal)
}

/// Sets the signal that this thread's process gets when its parent dies: `PR_SET_PDEATHSIG` of prctl(2).
///
/// # Errors
/// EINVAL for a number that is no signal.
pub fn set_parent_death_signal(signal: i32) -> nix::Result<()> {
    prctl(libc::PR_SET_PDEATHSIG, [signal as libc::c_ulong, 0, 0, 0])
}

fn prctl(option: i32, arguments: [libc::c_ulong; 4]) -> nix::Result<()> {
    let [a, b, c, d] = arguments;
    // SAFETY: every option used here takes numbers, no addresses.
    Errno::result(unsafe { libc::prctl(option, a, b, c, d) }).map(drop)
}

/// The calls with 32-bit IDs have names of their own where there were 16-bit ones before.
#[cfg(any(target_arch = "x86", target_arch = "arm", target_arch = "m68k", target_arch = "sparc"))]
mod number {
    pub use libc::{SYS_setgroups32 as SETGROUPS, SYS_setresgid32 as SETRESGID, SYS_setresuid32 as SETRESUID};
}
#[cfg(not(any(target_arch = "x86", target_arch = "arm", target_arch = "m68k", target_arch = "sparc")))]
mod number {
    pub use libc::{SYS_setgroups as SETGROUPS, SYS_setresgid as SETRESGID, SYS_setresuid as SETRESUID};
}

/// Sets all three user IDs of this thread: setresuid(2).
///
/// # Errors
/// EPERM; EINVAL for an ID without a mapping here.
pub fn set_user(id: u32) -> nix::Result<()> {
    // SAFETY: numbers only.
    Errno::result(unsafe { libc::syscall(number::SETRESUID, id, id, id) }).map(drop)
}

/// Sets all three group IDs of this thread: setresgid(2).
///
/// # Errors
/// EPERM; EINVAL for an ID without a mapping here.
pub fn set_group(id: u32) -> nix::Result<()> {
    // SAFETY: numbers only.
    Errno::result(unsafe { libc::syscall(number::SETRESGID, id, id, id) }).map(drop)
}

/// Sets the supplementary groups of this thread: setgroups(2).
///
/// # Errors
/// EPERM, also where user_namespaces(7) has them denied; EINVAL for an ID without a mapping here.
pub fn set_groups(ids: &[u32]) -> nix::Result<()> {
    const { assert!(size_of::<libc::gid_t>() == size_of::<u32>()) };
    let first = if ids.is_empty() { ptr::null() } else { ids.as_ptr() };
    // SAFETY: length and pointer are those of one slice.
    Errno::result(unsafe { libc::syscall(number::SETGROUPS, ids.len(), first) }).map(drop)
}
