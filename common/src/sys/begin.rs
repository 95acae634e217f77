//! The beginning of every tool: C's `main`, with none of Rust's runtime before it.
//!
//! The runtime fills descriptors 0 to 2 that are closed, and sets handlers of SIGSEGV and SIGBUS on a stack of their own:
//! fifteen calls that serve no link, and all to be undone, since COMMAND gets what the caller handed over.

use super::signal::SignalSet;
use libc::{c_char, c_int};
use std::ffi::{CStr, OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicUsize, Ordering};

/// Did the caller have it blocked?
static SIGPIPE_BLOCKED: AtomicBool = AtomicBool::new(false);
/// Bit n: descriptor n was closed.
static CLOSED: AtomicU8 = AtomicU8::new(0);
/// The words of the command line, as C has them.
static WORDS: AtomicPtr<*const c_char> = AtomicPtr::new(ptr::null_mut());
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// The `main` of a tool, whose crate has `#![no_main]`: runs a function that gives the exit status.
#[macro_export]
macro_rules! begin {
    ($run:expr) => {
        /// The C library calls it.
        #[unsafe(no_mangle)]
        extern "C" fn main(count: core::ffi::c_int, words: *mut *const core::ffi::c_char) -> core::ffi::c_int {
            // SAFETY: these are the C library's.
            unsafe { $crate::sys::begin(count, words) };
            let status: u8 = $run;
            status.into()
        }
    };
}

/// Takes what the caller handed over, until [`restore`].
///
/// # Safety
/// The arguments are those of `main`.
pub unsafe fn begin(count: c_int, words: *mut *const c_char) {
    COUNT.store(count.try_into().unwrap_or(0), Ordering::Relaxed);
    WORDS.store(words, Ordering::Relaxed);
    // Whoever reads our messages, or holds the other end of a line, may be gone: that is an error of the call's. Not
    // ignored: that would discard one that is pending, which is COMMAND's.
    let sigpipe = SignalSet::only(libc::SIGPIPE);
    SIGPIPE_BLOCKED.store(sigpipe.block().has_any(sigpipe), Ordering::Relaxed);
    let mut closed = 0;
    for fd in 0..3 {
        // SAFETY: F_GETFD reads a flag of a descriptor, and says EBADF where there is none.
        if unsafe { libc::fcntl(fd, libc::F_GETFD) } == -1 {
            closed |= 1 << fd;
            // The lowest free number is this one: no file that is opened later gets it, and no message goes there.
            // SAFETY: the names are NUL-terminated.
            unsafe {
                if libc::memfd_create(c"closed".as_ptr(), libc::MFD_CLOEXEC) == -1 {
                    // A filter may refuse that.
                    libc::open(c"/".as_ptr(), libc::O_PATH | libc::O_CLOEXEC);
                }
            }
        }
    }
    CLOSED.store(closed, Ordering::Relaxed);
}

/// The words of the command line, the tool's own name first.
pub fn arguments() -> impl DoubleEndedIterator<Item = OsString> {
    let words = WORDS.load(Ordering::Relaxed);
    (0..COUNT.load(Ordering::Relaxed)).map(move |at| {
        // SAFETY: `main` got so many strings, which nobody changes, and which are there to the end.
        let word = unsafe { CStr::from_ptr(*words.add(at)) };
        OsStr::from_bytes(word.to_bytes()).to_owned()
    })
}

/// Makes SIGPIPE and descriptors 0 to 2 what the caller handed over, from the coming execve(2) on: until then our own
/// messages still have somewhere to go.
pub fn restore() {
    if !SIGPIPE_BLOCKED.load(Ordering::Relaxed) {
        SignalSet::only(libc::SIGPIPE).unblock();
    }
    let closed = CLOSED.load(Ordering::Relaxed);
    for fd in (0..3).filter(|fd| closed & (1 << fd) != 0) {
        // SAFETY: sets the close-on-exec flag of what fills it, which is ours.
        unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) };
    }
}

/// Has this process rights that its caller has not: by a set-ID bit, by capabilities of its file, or by a security module?
/// AT_SECURE of getauxval(3).
pub fn has_rights_of_its_file() -> bool {
    // SAFETY: reads a word that the kernel handed over at the start.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}
