//! The waiting link: a process that starts the command, stays, and makes the two look like one to its caller.
//!
//! ```text
//! caller ── supervisor ┬─ command          PID 1 of a new PID namespace, or an ordinary process
//!                      └─ init             with `--init` only: PID 1; the command is PID 2
//! ```
//!
//! Both are direct children, in the supervisor's process group: the terminal's keys reach the command as they would
//! without us, its stops and its end are ours to see, and an init that waits for nothing but our end cannot wedge.
//!
//! How a death of ours takes all with it: the init ends at the end of a pipe whose other end only we hold, whatever
//! happens to credentials, and the kernel kills what is in its namespace. A command that is PID 1 itself, or that has no
//! namespace, is tied by PR_SET_PDEATHSIG; after setting it, it looks whether we still live.
//!
//! Starting is here; [`watch`] is the state machine.
//!
//! | module | what it holds |
//! |---|---|
//! | [`init`] | the init of `--init` |
//! | [`terminal`] | lends and reclaims the foreground |
//! | [`treatment`] | looks what the command does with a signal |
//! | [`unsettled`] | for a command that is PID 1: the signals that it had blocked |
//! | [`stop_request`] | for a link that is PID 1: how it is stopped |

mod init;
mod stop_request;
mod terminal;
mod treatment;
mod unsettled;
mod watch;

use crate::failure::{Failure, OrHint, errno_of};
use crate::hint;
use crate::namespace::PID;
use crate::start::report;
use crate::step::{narrate, next, quietly, shown};
use crate::sys::{self, Disposition, SignalSet, Timers, disposition, set_disposition_of_sigchld, wait_for};
use init::Init;
use nix::errno::Errno;
use nix::libc::{SIGCHLD, SIGKILL};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl;
use nix::sys::signal::Signal;
use nix::unistd::{ForkResult, Pid};
use std::convert::Infallible;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use watch::{Started, Watch};

/// How the command stands to its supervisor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// The command is PID 1. The kernel shields it from every signal that it does not handle, SIGKILL and SIGSTOP from
    /// outside excepted: the supervisor carries out the default actions.
    CommandIsFirst,
    /// A minimal init is PID 1, and the command an ordinary process.
    InitIsFirst,
    /// There is no new PID namespace, and the command is an ordinary process. What it leaves running is for the
    /// [`Aftermath`].
    Ordinary,
}

impl Shape {
    /// What the fork of the command's process made.
    fn tell_command(self, child: Pid) -> String {
        match self {
            Shape::CommandIsFirst => tell_first(child),
            Shape::InitIsFirst => format!("born inside: PID 2 inside, PID {child} for the caller"),
            Shape::Ordinary => "it is still where this process is, which waits until it ends".to_owned(),
        }
    }
}

/// What the fork of a PID 1 made.
fn tell_first(child: Pid) -> String {
    let ids = PID.ids();
    format!("born inside ({ids}): PID 1 inside, PID {child} for the caller; when it ends, all that is inside ends")
}

/// What was made for a command that is about to run. Dropped, it is undone: the command could not be executed.
pub trait Undo {
    /// The command runs: it stays. Gives what has to be cleared away when the command has ended, if there is something.
    fn commit(self) -> Option<Box<dyn Aftermath>>;
}

/// What has to be cleared away when the command has ended: dropped then, and before this process ends.
pub trait Aftermath {
    /// The descriptors that have to stay open until then. All others are closed.
    fn holds(&self) -> Vec<BorrowedFd<'_>>;
}

/// Starts the command and waits for it. `outside` runs here when the command's process exists and has not begun;
/// `inside` runs in that process and becomes the command.
///
/// Does not return once the command runs: the process ends as the command did.
///
/// # Errors
/// A call was refused before the command ran; nothing is left behind.
pub fn supervise<U: Undo>(
    shape: Shape,
    outside: impl FnOnce(Pid) -> Result<U, Failure>,
    inside: impl FnOnce() -> anyhow::Result<Infallible>,
) -> anyhow::Result<Infallible> {
    let inherited = Inherited::take(shape);
    let foreground = terminal::Foreground::look();
    let init = match shape {
        Shape::InitIsFirst => Some(Init::start()?),
        Shape::CommandIsFirst | Shape::Ordinary => None,
    };
    let (ours, theirs) = quietly("socketpair(AF_UNIX)", || UnixStream::pair().map_err(errno_of))?;
    next("a child, which is to be the command");
    let child = match quietly("fork()", sys::fork).or_hint(hint::fork)? {
        ForkResult::Parent { child } => {
            narrate(format_args!("fork() = process {child}"), shown(|| shape.tell_command(child)));
            Child(child)
        }
        ForkResult::Child => {
            drop(ours);
            // The init's pipe ends when we end, so no copy of its write end may live on here.
            if let Some(init) = init {
                init.abandon();
            }
            become_command(theirs, &inherited, inside)
        }
    };
    drop(theirs);
    let made = outside(child.0)?;
    let mut watch = Watch::new(shape, child.0, foreground);
    if watch.start(ours, inherited.mask)? == Started::Executed {
        let aftermath = made.commit();
        child.release();
        watch.run(init, aftermath)
    }
    // The child said why, and ends with the status.
    let status = child.end();
    drop(made);
    drop(init);
    sys::exit_now(status)
}

/// Did the other end close, in whatever state?
fn is_end(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset)
}

/// The life of the command's process until it is the command.
fn become_command(
    mut line: UnixStream,
    inherited: &Inherited,
    inside: impl FnOnce() -> anyhow::Result<Infallible>,
) -> ! {
    let tied = quietly("prctl(PR_SET_PDEATHSIG, SIGKILL)", || prctl::set_pdeathsig(Signal::SIGKILL));
    // Told to go on, and the other end still open: the supervisor lived when the tie was set. Otherwise it never was.
    let go = match line.read_exact(&mut [0]) {
        Err(error) if is_end(&error) => sys::exit_now(i32::from(crate::failure::FAILED)),
        Err(error) => Err(Failure::refused("recv(the supervisor)", errno_of(error))),
        Ok(()) => match seen(&line, PollTimeout::ZERO, PollFlags::empty(), PollFlags::POLLHUP) {
            Ok(true) => sys::exit_now(i32::from(crate::failure::FAILED)),
            Ok(false) => tied,
            Err(errno) => Err(Failure::refused("poll(the supervisor)", errno)),
        },
    };
    inherited.restore();
    let result = match go {
        Ok(()) => inside(),
        Err(failure) => Err(failure.into()),
    };
    let Err(error) = result;
    let status = report(&error);
    let _ = line.write_all(b"f");
    sys::exit_now(i32::from(status))
}

/// Is one of `wanted` to be seen on the line, within the time? `ask` is what does not show unasked.
fn seen(line: &UnixStream, limit: PollTimeout, ask: PollFlags, wanted: PollFlags) -> nix::Result<bool> {
    let mut end = [PollFd::new(line.as_fd(), ask)];
    loop {
        match poll(&mut end, limit) {
            Err(Errno::EINTR) => {}
            result => return result.map(|_| end[0].revents().is_some_and(|events| events.intersects(wanted))),
        }
    }
}

/// The signal state that the caller handed over: the command gets it back.
struct Inherited {
    mask: SignalSet,
    sigchld: Disposition,
    /// An alarm(2) of the caller's is the command's to get, or to cancel; a fork has none. It would not end a PID 1: for
    /// that one it stays here, and has its effect as any signal that we get.
    timers: Option<Timers>,
}

impl Inherited {
    /// Blocks every signal, to be taken one by one by [`watch`], and makes children waitable also for a caller that
    /// ignores SIGCHLD.
    fn take(shape: Shape) -> Self {
        let mask = SignalSet::all().block();
        let sigchld = disposition(SIGCHLD);
        if sigchld == Disposition::Ignore {
            set_disposition_of_sigchld(Disposition::Default);
        }
        Inherited { mask, sigchld, timers: (shape != Shape::CommandIsFirst).then(Timers::take) }
    }

    fn restore(&self) {
        if self.sigchld == Disposition::Ignore {
            set_disposition_of_sigchld(Disposition::Ignore);
        }
        if let Some(timers) = &self.timers {
            timers.arm();
        }
        self.mask.set_as_mask();
    }
}

/// The command's process, until it is the command. Dropped, it is killed and reaped.
struct Child(Pid);

impl Child {
    /// Reaps it after it failed; gives its exit status.
    fn end(self) -> i32 {
        let status = match wait_for(self.0, true) {
            Ok(Some(sys::Change::Exited(status))) => status,
            _ => i32::from(crate::failure::FAILED),
        };
        self.release();
        status
    }

    fn release(self) {
        std::mem::forget(self);
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        end_child(self.0);
    }
}

fn end_child(pid: Pid) {
    let _ = sys::kill(pid.as_raw(), SIGKILL);
    while let Ok(Some(sys::Change::Stopped(_) | sys::Change::Continued)) = wait_for(pid, true) {}
}
