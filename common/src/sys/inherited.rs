//! What the caller handed over, recorded before Rust's runtime changes it.
//!
//! The runtime ignores SIGPIPE and fills descriptors 0 to 2 that are closed. A link hands both on as it got them, so a
//! function that the loader calls before `main` (`.init_array`) writes them down.

use super::signal::{Disposition, disposition, set_disposition};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

static SIGPIPE_IGNORED: AtomicBool = AtomicBool::new(false);
/// Bit n: descriptor n was closed.
static CLOSED: AtomicU8 = AtomicU8::new(0);

/// The signal mask. When a program sets its first handler, musl takes two signals out of it that it keeps for threads; the
/// runtime sets some.
#[cfg(target_env = "musl")]
static MASK: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);

#[used]
#[unsafe(link_section = ".init_array")]
static RECORD: extern "C" fn() = record;

extern "C" fn record() {
    SIGPIPE_IGNORED.store(disposition(libc::SIGPIPE) == Disposition::Ignore, Ordering::Relaxed);
    #[cfg(target_env = "musl")]
    MASK.store(super::signal::SignalSet(0).block().0, Ordering::Relaxed);
    let mut closed = 0;
    for fd in 0..3 {
        // SAFETY: F_GETFD reads a flag of a descriptor, and says EBADF where there is none.
        if unsafe { libc::fcntl(fd, libc::F_GETFD) } == -1 {
            closed |= 1 << fd;
            // The lowest free number is this one. Filled, it needs no /dev/null of the runtime's, which ends the process
            // where there is none: in a root without /dev.
            // SAFETY: the name is NUL-terminated.
            unsafe { libc::memfd_create(c"closed".as_ptr(), libc::MFD_CLOEXEC) };
        }
    }
    CLOSED.store(closed, Ordering::Relaxed);
}

/// Makes SIGPIPE and descriptors 0 to 2 what the caller handed over, from the coming execve(2) on: until then our own
/// messages still have somewhere to go.
pub fn restore() {
    if !SIGPIPE_IGNORED.load(Ordering::Relaxed) {
        set_disposition(libc::SIGPIPE, Disposition::Default);
    }
    let closed = CLOSED.load(Ordering::Relaxed);
    for fd in (0..3).filter(|fd| closed & (1 << fd) != 0) {
        // SAFETY: sets the close-on-exec flag of what fills it: ours, or the runtime's /dev/null.
        unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) };
    }
}

/// Takes back the runtime's handlers of SIGSEGV and SIGBUS: the first such signal that somebody sends would be lost in
/// them, and a link is to die of it as its command would. With them goes what setting them changed.
pub fn take_faults_by_default() {
    for signal in [libc::SIGSEGV, libc::SIGBUS] {
        // An ignored one was handed over, and has no handler.
        if disposition(signal) == Disposition::Default {
            set_disposition(signal, Disposition::Default);
        }
    }
    #[cfg(target_env = "musl")]
    super::signal::SignalSet(MASK.load(Ordering::Relaxed)).set_as_mask();
}

/// Has this process rights that its caller has not: by a set-ID bit, by capabilities of its file, or by a security module?
/// AT_SECURE of getauxval(3).
pub fn has_rights_of_its_file() -> bool {
    // SAFETY: reads a word that the kernel handed over at the start.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}
