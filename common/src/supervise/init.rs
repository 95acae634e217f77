//! The init of `--init`.

use super::{end_child, tell_first};
use crate::failure::{Failure, OrHint};
use crate::hint;
use crate::step::{narrate, next, quietly, shown};
use crate::sys::{self, Disposition, set_disposition};
use nix::fcntl::OFlag;
use nix::libc::SIGCHLD;
use nix::sys::prctl;
use nix::sys::signal::Signal;
use nix::unistd::{ForkResult, Pid, chdir, pipe2, setpgid};
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// PID 1 of `--init`. Dropped, it is killed and reaped, and with it all that is left in its namespace.
pub struct Init {
    pid: Pid,
    /// Held until we end; its other end is all that init waits for.
    tie: Option<OwnedFd>,
}

impl Init {
    /// Forks it.
    ///
    /// # Errors
    /// pipe2(2) or fork(2) was refused.
    pub fn start() -> Result<Self, Failure> {
        let (end, tie) = quietly("pipe2(O_CLOEXEC)", || pipe2(OFlag::O_CLOEXEC))?;
        next("a first child, which is to be init: it does nothing but hold the namespace open");
        match quietly("fork()", sys::fork).or_hint(hint::fork)? {
            ForkResult::Parent { child } => {
                narrate(format_args!("fork() = process {child}"), shown(|| tell_first(child)));
                Ok(Init { pid: child, tie: Some(tie) })
            }
            ForkResult::Child => {
                drop(tie);
                Init::live(end)
            }
        }
    }

    /// A PID 1 gets no signal that it does not handle, so there is nothing to do but wait for the end. The kernel reaps
    /// the orphans, since SIGCHLD is ignored.
    fn live(end: OwnedFd) -> ! {
        let _ = prctl::set_pdeathsig(Signal::SIGKILL);
        set_disposition(SIGCHLD, Disposition::Ignore);
        // Out of the caller's process group, off its descriptors and its directory. Not out of its session: for a new
        // one the scheduler makes a group of its own, on every CPU, which costs as much as a fork.
        let _ = setpgid(Pid::from_raw(0), Pid::from_raw(0));
        let _ = chdir("/");
        let _ = prctl::set_name(c"init");
        sys::close_all_but(&[end.as_fd()]);
        // Whatever interrupts it is retried; nothing is ever written.
        let _ = File::from(end).read_exact(&mut [0]);
        sys::exit_now(0)
    }

    /// What must stay open until we end.
    pub fn tie(&self) -> Option<BorrowedFd<'_>> {
        self.tie.as_ref().map(AsFd::as_fd)
    }

    /// In a child that does not own the init: closes its copy of the pipe, and leaves the process alone.
    pub fn abandon(mut self) {
        self.tie.take();
        std::mem::forget(self);
    }
}

impl Drop for Init {
    fn drop(&mut self) {
        end_child(self.pid);
    }
}
