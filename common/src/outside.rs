//! A short-lived process that stays in the caller's namespaces and acts there.
//!
//! After unshare(2) a tool may no longer do some things to what it left: write a map of several IDs, bind its own mount
//! namespace to a file. A child that was forked before can. It does one job at a time when told to, answers with an
//! error number, and ends when told to or when its parent does.

use crate::failure::{Failure, errno_of};
use crate::step::step;
use crate::sys::{self, wait_for};
use nix::errno::Errno;
use nix::unistd::{ForkResult, Pid};
use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

/// What the child is told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Do = b'd' as isize,
    Undo = b'u' as isize,
    Leave = b'l' as isize,
}

/// What the child does in the caller's namespaces.
pub trait Job {
    /// Does it; `tool` is the name of the tool's process under `/proc`.
    ///
    /// # Errors
    /// The error number of the call that was refused.
    fn perform(&mut self, tool: &str) -> nix::Result<()>;

    /// Takes it back: the command cannot run, or the tool was killed.
    fn undo(&mut self) {}
}

/// The process. Dropped before [`Outside::leave`], it undoes what it did.
pub struct Outside {
    child: Pid,
    orders: UnixStream,
}

impl Outside {
    /// Forks it, to do `job` later.
    ///
    /// # Errors
    /// socketpair(2) or fork(2) was refused, or `/proc` is not there.
    pub fn fork(mut job: impl Job) -> Result<Self, Failure> {
        // Our own PID where `/proc` is another PID namespace's would be wrong: ask `/proc` itself.
        let myself = step("readlink(/proc/self)", "what /proc calls this process", || {
            fs::read_link("/proc/self").map_err(errno_of)
        })?;
        let myself = myself.to_string_lossy();
        let (orders, answers) = step("socketpair(AF_UNIX)", "a line to a helper that stays outside", || {
            UnixStream::pair().map_err(errno_of)
        })?;
        match step("fork()", "a helper stays in the caller's namespaces", sys::fork)? {
            ForkResult::Parent { child } => Ok(Outside { child, orders }),
            ForkResult::Child => {
                drop(orders);
                obey(answers, &mut job, &myself);
                sys::exit_now(0)
            }
        }
    }

    /// Has it do its job, and waits for the answer.
    ///
    /// # Errors
    /// What the job's call was refused with; EPIPE when the helper is gone.
    pub fn perform(&mut self) -> nix::Result<()> {
        self.order(Order::Do)
    }

    /// Sends it away with its job done, and reaps it.
    pub fn leave(mut self) {
        let _ = self.order(Order::Leave);
    }

    fn order(&mut self, order: Order) -> nix::Result<()> {
        let mut answer = [0; 4];
        self.orders.write_all(&[order as u8]).map_err(errno_of)?;
        self.orders.read_exact(&mut answer).map_err(|_| Errno::EPIPE)?;
        match i32::from_ne_bytes(answer) {
            0 => Ok(()),
            number => Err(Errno::from_raw(number)),
        }
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        // To one that was told to leave this says nothing: it is gone.
        let _ = self.order(Order::Undo);
        // ECHILD: our caller ignores SIGCHLD, and the kernel reaped it.
        let _ = wait_for(self.child, true);
    }
}

fn obey(mut orders: UnixStream, job: &mut impl Job, tool: &str) {
    let mut done = false;
    loop {
        let mut order = [0];
        // The end of the line is the end of the tool: as if told to undo.
        let order = if orders.read_exact(&mut order).is_ok() { order[0] } else { Order::Undo as u8 };
        let result = if order == Order::Do as u8 {
            let result = job.perform(tool);
            done = result.is_ok();
            result
        } else {
            if done && order == Order::Undo as u8 {
                job.undo();
            }
            Ok(())
        };
        let answer = result.map_or_else(|errno| errno as i32, |()| 0);
        let _ = orders.write_all(&answer.to_ne_bytes());
        if order != Order::Do as u8 {
            return;
        }
    }
}
