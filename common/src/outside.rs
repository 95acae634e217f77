//! A short-lived process that stays in the caller's namespaces and acts there.
//!
//! After unshare(2) a tool may no longer do some things to what it left: write a map of several IDs, bind its own mount
//! namespace to a file. A child that was forked before can. It does one job at a time when told to, answers with an
//! error number, and ends when told to or when its parent does.

use crate::failure::{Failure, OrHint, errno_of};
use crate::hint;
use crate::step::{narrate, quietly};
use crate::sys::{self, Change, wait_for};
use nix::errno::Errno;
use nix::libc::SIGKILL;
use nix::unistd::{ForkResult, Pid};
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::time::Duration;

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

    /// What went wrong at the last refusal, where an error number cannot say it: a program that it ran failed.
    fn said(&self) -> &str {
        ""
    }
}

/// The process. Dropped before [`Outside::leave`], it undoes what it did.
pub struct Outside {
    child: Pid,
    orders: UnixStream,
    said: String,
    left: bool,
}

/// How long it may take for one job. Longer, and it is stopped or stuck: it is killed. A job's own limits are shorter.
const LIMIT: Duration = Duration::from_secs(20);

impl Outside {
    /// Forks it, to do `job` later.
    ///
    /// # Errors
    /// socketpair(2) or fork(2) was refused, or `/proc` is not there.
    pub fn fork(mut job: impl Job) -> Result<Self, Failure> {
        // Our own PID where `/proc` is another PID namespace's would be wrong: ask `/proc` itself.
        let myself = quietly("readlink(/proc/self)", || fs::read_link("/proc/self").map_err(errno_of))
            .or_hint(hint::proc_file)?;
        let myself = myself.to_string_lossy();
        let (orders, answers) = quietly("socketpair(AF_UNIX)", || UnixStream::pair().map_err(errno_of))?;
        match quietly("fork()", sys::fork).or_hint(hint::fork)? {
            ForkResult::Parent { child } => {
                narrate(
                    format_args!("fork() = process {child}"),
                    "a helper for a moment, that stays outside and acts there for this process",
                );
                orders
                    .set_read_timeout(Some(LIMIT))
                    .map_err(|error| Failure::refused("setsockopt(SO_RCVTIMEO)", errno_of(error)))?;
                Ok(Outside { child, orders, said: String::new(), left: false })
            }
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
    /// What the job's call was refused with; EPIPE when the helper is gone, ETIMEDOUT when it gave no answer.
    pub fn perform(&mut self) -> nix::Result<()> {
        self.order(Order::Do)
    }

    /// What went wrong at the last refusal, where an error number cannot say it; else empty.
    pub fn said(&self) -> &str {
        &self.said
    }

    /// Sends it away with its job done, and reaps it.
    ///
    /// # Errors
    /// It could not be told: it undoes what it did.
    pub fn leave(mut self) -> Result<(), Failure> {
        quietly("send(the helper, \"leave\")", || self.orders.write_all(&[Order::Leave as u8]).map_err(errno_of))?;
        self.left = true;
        Ok(())
    }

    fn order(&mut self, order: Order) -> nix::Result<()> {
        self.said.clear();
        self.orders.write_all(&[order as u8]).map_err(errno_of)?;
        match self.answer() {
            Ok(0) => Ok(()),
            Ok(number) => Err(Errno::from_raw(number)),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                // It lives and was not reaped, so the PID is still its own.
                let _ = sys::kill(self.child.as_raw(), SIGKILL);
                Err(Errno::ETIMEDOUT)
            }
            // The end of the line is the end of the helper.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Err(Errno::EPIPE),
            Err(error) => Err(errno_of(error)),
        }
    }

    /// An error number, and the length of a text that follows.
    fn answer(&mut self) -> std::io::Result<i32> {
        let (mut number, mut length) = ([0; 4], [0; 4]);
        self.orders.read_exact(&mut number)?;
        self.orders.read_exact(&mut length)?;
        let length = u64::from(u32::from_ne_bytes(length));
        (&self.orders).take(length).read_to_string(&mut self.said)?;
        Ok(i32::from_ne_bytes(number))
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        if !self.left && self.order(Order::Undo).is_err() {
            // It does so as well when the line ends.
            let _ = self.orders.shutdown(Shutdown::Both);
        }
        // ECHILD: our caller ignores SIGCHLD, and the kernel reaped it.
        while let Ok(Some(Change::Stopped(_) | Change::Continued)) = wait_for(self.child, true) {
            // Stopped, it would never end.
            let _ = sys::kill(self.child.as_raw(), SIGKILL);
        }
        sys::take_sigchld_of(self.child);
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
            if order == Order::Leave as u8 {
                return;
            }
            if done {
                job.undo();
            }
            Ok(())
        };
        let answer = result.map_or_else(|errno| errno as i32, |()| 0);
        let said = if result.is_ok() { "" } else { job.said() };
        let length = u32::try_from(said.len()).unwrap_or(0).to_ne_bytes();
        let _ = orders.write_all(&[&answer.to_ne_bytes(), &length, said.as_bytes()].concat());
        if order != Order::Do as u8 {
            return;
        }
    }
}
