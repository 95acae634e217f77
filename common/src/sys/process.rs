//! Processes: fork, wait, and what a process holds open.

use super::owned;
use nix::errno::Errno;
use nix::unistd::{ForkResult, Pid};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

/// Forks: fork(2). The tools have one thread, so the child may do whatever the parent may.
///
/// # Errors
/// EAGAIN, ENOMEM.
pub fn fork() -> nix::Result<ForkResult> {
    // SAFETY: no tool has a second thread when it forks, so no lock can be held by a thread that the child lacks.
    unsafe { nix::unistd::fork() }
}

/// Ends this process at once: _exit(2). No destructor runs, no buffer is flushed.
pub fn exit_now(status: i32) -> ! {
    // SAFETY: _exit takes any status and does not return.
    unsafe { libc::_exit(status) }
}

/// What happened to a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It exited with this status.
    Exited(i32),
    /// This signal killed it.
    Killed(i32),
    /// This signal stopped it.
    Stopped(i32),
    /// It was continued.
    Continued,
}

/// Waits for a change of one child: waitid(2), by number, since nix loses the status of a child that a real-time signal
/// killed. Without `block`, nothing new gives `None`.
///
/// # Errors
/// ECHILD; EINTR is retried.
pub fn wait_for(pid: Pid, block: bool) -> nix::Result<Option<Change>> {
    let flags = libc::WEXITED | libc::WSTOPPED | libc::WCONTINUED | if block { 0 } else { libc::WNOHANG };
    loop {
        let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
        let id = pid.as_raw() as libc::id_t;
        // SAFETY: the call writes the siginfo it was given.
        match Errno::result(unsafe { libc::waitid(libc::P_PID, id, info.as_mut_ptr(), flags) }) {
            Err(Errno::EINTR) => continue,
            result => result?,
        };
        // SAFETY: zeroed before the call, so it is valid whether or not the kernel wrote to it.
        let info = unsafe { info.assume_init() };
        // SAFETY: si_pid and si_status are what waitid fills; zero where there was nothing to tell.
        let (who, status) = unsafe { (info.si_pid(), info.si_status()) };
        if who == 0 {
            return Ok(None);
        }
        return Ok(Some(match info.si_code {
            libc::CLD_EXITED => Change::Exited(status),
            libc::CLD_KILLED | libc::CLD_DUMPED => Change::Killed(status),
            libc::CLD_CONTINUED => Change::Continued,
            _ => Change::Stopped(status),
        }));
    }
}

/// The signal that stopped a child, where that is news: waitid(2). Its end stays to be waited for.
pub fn stopped(pid: Pid) -> Option<i32> {
    let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
    let id = pid.as_raw() as libc::id_t;
    // SAFETY: the call writes the siginfo it was given, or nothing; zeroed, it is valid either way.
    let info = unsafe {
        libc::waitid(libc::P_PID, id, info.as_mut_ptr(), libc::WSTOPPED | libc::WNOHANG);
        info.assume_init()
    };
    // SAFETY: si_pid and si_status are what waitid fills; zero where there was nothing to tell.
    let (who, signal) = unsafe { (info.si_pid(), info.si_status()) };
    (who != 0).then_some(signal)
}

/// Did a child stop, and nobody has waited for that so far? waitid(2), which leaves it to be waited for.
pub fn has_stopped_anew(pid: Pid) -> bool {
    let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
    let id = pid.as_raw() as libc::id_t;
    // SAFETY: the call writes the siginfo it was given, or nothing; zeroed, it is valid either way, with si_pid 0.
    unsafe {
        libc::waitid(libc::P_PID, id, info.as_mut_ptr(), libc::WSTOPPED | libc::WNOHANG | libc::WNOWAIT);
        info.assume_init().si_pid() != 0
    }
}

/// A descriptor that names a process: pidfd_open(2).
///
/// # Errors
/// EMFILE, ESRCH.
pub fn pidfd(pid: Pid) -> nix::Result<OwnedFd> {
    // SAFETY: the call touches no memory of ours.
    owned(unsafe { libc::syscall(libc::SYS_pidfd_open, pid.as_raw(), 0) })
}

/// Closes every descriptor but those in `keep`: close_range(2). For a process that owns nothing else that it will use
/// or drop.
pub fn close_all_but(keep: &[BorrowedFd<'_>]) {
    let mut keep: Vec<u32> = keep.iter().map(|fd| fd.as_raw_fd() as u32).collect();
    keep.sort_unstable();
    let mut first = 0;
    for kept in keep.into_iter().chain([u32::MAX]) {
        if kept > first {
            // SAFETY: the caller says that no other owner will use what is closed here.
            unsafe { libc::syscall(libc::SYS_close_range, first, kept - 1, 0) };
        }
        first = kept.saturating_add(1);
    }
}
