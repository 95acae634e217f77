//! A second thread that keeps this process tied to its parent: clone(2).
//!
//! Not std's: in a static program glibc's pthread_create(3) brings its resolver along, and a channel still more, a hundred
//! kilobytes for a thread that makes three calls. musl's brings nothing, and its clone(2) makes no threads.

use nix::errno::Errno;
use std::ffi::{c_int, c_void};
use std::os::fd::{IntoRawFd, OwnedFd};

/// What the thread is given.
struct Given {
    signal: c_int,
    line: c_int,
}

/// Room for its few frames, and for those of a signal, with every register that a processor has.
#[cfg(not(target_env = "musl"))]
const STACK: usize = 64 * 1024;

/// Starts a thread that asks for `signal` when the parent dies, as the calling thread may have done, writes the error
/// number to `line` in one byte, 0 for none, and ends when `line` does. It keeps the credentials that it began with.
///
/// # Errors
/// EAGAIN, ENOMEM.
pub fn tie_second_thread(signal: i32, line: OwnedFd) -> nix::Result<()> {
    start(Box::leak(Box::new(Given { signal, line: line.into_raw_fd() })))
}

#[cfg(not(target_env = "musl"))]
fn start(given: &'static mut Given) -> nix::Result<()> {
    const FLAGS: c_int = libc::CLONE_VM
        | libc::CLONE_FS
        | libc::CLONE_FILES
        | libc::CLONE_SIGHAND
        | libc::CLONE_THREAD
        | libc::CLONE_SYSVSEM;
    // Neither is given back: nobody waits for the thread's last instruction.
    let stack = Box::leak(Box::<[u128]>::new_uninit_slice(STACK / size_of::<u128>()));
    let top = stack.as_mut_ptr_range().end;
    // SAFETY: stack and argument live as long as the process, and are aligned. The thread shares the calling one's
    // thread-local storage: see what it does.
    Errno::result(unsafe { libc::clone(body, top.cast(), FLAGS, (&raw mut *given).cast()) }).map(drop)
}

#[cfg(target_env = "musl")]
fn start(given: &'static mut Given) -> nix::Result<()> {
    extern "C" fn all(given: *mut c_void) -> *mut c_void {
        body(given);
        std::ptr::null_mut()
    }
    let mut thread = std::mem::MaybeUninit::uninit();
    // SAFETY: the argument lives as long as the process; the call writes the thread's name where it is told.
    match unsafe { libc::pthread_create(thread.as_mut_ptr(), std::ptr::null(), all, (&raw mut *given).cast()) } {
        0 => Ok(()),
        error => Err(Errno::from_raw(error)),
    }
}

/// The thread. Of the storage that it shares it uses errno alone, and that only where a call fails: the first two are
/// made while the other thread waits for the answer, and the third has no error, as no signal has a handler here.
extern "C" fn body(given: *mut c_void) -> c_int {
    // SAFETY: it is what the function above gave.
    let &Given { signal, line } = unsafe { &*given.cast::<Given>() };
    let mut byte = super::credentials::set_parent_death_signal(signal).err().map_or(0, |errno| errno as u8);
    // SAFETY: each is given one byte of this frame.
    unsafe {
        libc::write(line, (&raw const byte).cast(), 1);
        while libc::read(line, (&raw mut byte).cast(), 1) == -1 {}
    }
    0
}
