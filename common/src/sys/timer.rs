//! The interval timers: setitimer(2). execve(2) keeps them, fork(2) does not.

use std::mem::MaybeUninit;
use std::ptr;

unsafe extern "C" {
    // The crate `libc` has it from 0.2.175 on only.
    fn setitimer(which: libc::c_int, new: *const libc::itimerval, old: *mut libc::itimerval) -> libc::c_int;
}

/// The timers of a process that was not the one they were meant for: alarm(2) among them.
pub struct Timers([libc::itimerval; 3]);

impl Timers {
    /// Disarms this process's timers, and gives them.
    pub fn take() -> Self {
        Timers([libc::ITIMER_REAL, libc::ITIMER_VIRTUAL, libc::ITIMER_PROF].map(|which| {
            // SAFETY: plain old data; all zero means disarmed.
            let off: libc::itimerval = unsafe { MaybeUninit::zeroed().assume_init() };
            let mut old = off;
            // SAFETY: both structures are valid for the call, which writes the old value.
            unsafe { setitimer(which, &raw const off, &raw mut old) };
            old
        }))
    }

    /// Arms them in this process, with the time that was left.
    pub fn arm(&self) {
        for (which, timer) in [libc::ITIMER_REAL, libc::ITIMER_VIRTUAL, libc::ITIMER_PROF].into_iter().zip(&self.0) {
            if timer.it_value.tv_sec != 0 || timer.it_value.tv_usec != 0 {
                // SAFETY: the structure is valid for the call; the old value is not asked for.
                unsafe { setitimer(which, &raw const *timer, ptr::null_mut()) };
            }
        }
    }
}
