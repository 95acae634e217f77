//! The guard: a process that makes the group, outlives the supervisor however that ends, and clears the group away.
//!
//! It stays outside of the group, in a session of its own and with every signal blocked, so that what ends the supervisor
//! does not end it. It waits for the end of a line whose other end only the supervisor holds.

use crate::place::Place;
use common::failure::{Failure, OrHint, errno_of};
use common::hint;
use common::step::{narrate, next, quietly, shown, step};
use common::sys::{self, Change, SignalSet, wait_for};
use common::text::quoted;
use nix::errno::Errno;
use nix::sys::prctl;
use nix::unistd::{ForkResult, Pid, setsid};
use std::io::{Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// How long the guard tries to empty the group.
const PATIENCE: Duration = Duration::from_secs(10);

/// The process. Dropped, it has cleared the group away, and is reaped.
pub struct Guard {
    pid: Pid,
    line: Option<UnixStream>,
    place: Place,
}

impl Guard {
    /// Forks it, and has it make the group: so there is no moment at which the group is there and nobody would remove it.
    ///
    /// # Errors
    /// socketpair(2), fork(2) or mkdir(2) was refused.
    pub fn post(place: Place) -> Result<Self, Failure> {
        next(format_args!(
            "a control group in {}: what it is allowed holds for all processes in it together",
            quoted(&place.parent)
        ));
        let (ours, theirs) = quietly("socketpair(AF_UNIX)", || UnixStream::pair().map_err(errno_of))?;
        let mut guard = match quietly("fork()", sys::fork).or_hint(hint::fork)? {
            ForkResult::Parent { child } => {
                narrate(
                    format_args!("fork() = process {child}"),
                    "a guard, which makes the group, and removes it when this process is gone, however it went",
                );
                Guard { pid: child, line: Some(ours), place }
            }
            ForkResult::Child => {
                drop(ours);
                stand(theirs, place)
            }
        };
        drop(theirs);
        let directory = guard.place.directory();
        let call = shown(|| format!("mkdir({})", quoted(&directory)));
        step(call, "it is there, so far without limits of its own and without processes", || guard.answer())?;
        Ok(guard)
    }

    /// What the guard said to its making of the group.
    fn answer(&mut self) -> nix::Result<()> {
        let mut answer = [0; 4];
        let line = self.line.as_mut().ok_or(Errno::EPIPE)?;
        line.read_exact(&mut answer).map_err(|_| Errno::EPIPE)?;
        match i32::from_ne_bytes(answer) {
            0 => {
                self.place.made = true;
                Ok(())
            }
            // It is somebody else's, or not there.
            number => Err(Errno::from_raw(number)),
        }
    }

    /// Tells it which controllers the parent will hand down because of us.
    ///
    /// # Errors
    /// It is gone.
    pub fn tell(&mut self, controllers: &[String]) -> nix::Result<()> {
        self.place.enabled = controllers.to_vec();
        let line = self.line.as_mut().ok_or(Errno::EPIPE)?;
        line.write_all(controllers.join(" ").as_bytes()).map_err(errno_of)
    }

    /// Its PID.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// What must stay open until the end.
    pub fn line(&self) -> Option<BorrowedFd<'_>> {
        self.line.as_ref().map(AsFd::as_fd)
    }

    /// Where the group is.
    pub fn place(&self) -> &Place {
        &self.place
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.line.take());
        // ECHILD: our caller ignores SIGCHLD, and the kernel reaped it.
        while let Ok(Some(Change::Stopped(_) | Change::Continued)) = wait_for(self.pid, true) {}
        // Somebody killed it: then we do its work.
        if self.place.made && std::env::set_current_dir(&self.place.parent).is_ok() && self.place.is_there() {
            let _ = self.place.clear(Duration::from_secs(1));
        }
    }
}

/// The life of the guard.
fn stand(mut line: UnixStream, mut place: Place) -> ! {
    SignalSet::all().block();
    let _ = setsid();
    let _ = prctl::set_name(c"limit-guard");
    sys::close_all_but(&[line.as_fd()]);
    let made = place.make();
    let answer = made.as_ref().map_or_else(|errno| *errno as i32, |_| 0);
    let answered = line.write_all(&answer.to_ne_bytes());
    if let Ok(lock) = made {
        let mut told = String::new();
        // It ends with the supervisor, or when that closes it. Without our answer the supervisor would wait for ours.
        // A read that fails ends nothing yet.
        let _ = answered.is_ok() && (0..100).any(|_| line.read_to_string(&mut told).is_ok());
        drop(line);
        place.enabled = told.split_whitespace().map(str::to_owned).collect();
        drop(lock);
        let _ = place.clear(PATIENCE);
    }
    sys::exit_now(0)
}
