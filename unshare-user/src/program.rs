//! Run a small program for its answer: for a bounded time, and never longer than whoever asked lives.

use common::failure::errno_of;
use common::sys::{self, Disposition, disposition, set_disposition_of_sigchld, take_sigchld_of};
use common::text::harmless;
use nix::errno::Errno;
use nix::libc::SIGCHLD;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::Pid;
use std::env;
use std::fmt;
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// No program that we ask has a reason to take longer.
const LIMIT: Duration = Duration::from_secs(10);
/// What a person would read of its messages.
const MOST: usize = 64 * 1024;

/// Why there is no answer.
#[derive(Debug)]
pub enum Trouble {
    /// It could not be started: ENOENT where it is not installed.
    Start(Errno),
    /// It ended badly; with what it wrote to standard error.
    End(ExitStatus, String),
    /// It was killed: it took too long, or whoever asked is gone.
    Slow,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Start(errno) => write!(f, "{errno}"),
            Trouble::End(status, said) => {
                match (status.code(), status.signal()) {
                    (Some(code), _) => write!(f, "exit status {code}")?,
                    (None, signal) => write!(f, "killed by signal {}", signal.unwrap_or_default())?,
                }
                let said: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
                if said.is_empty() { Ok(()) } else { write!(f, ": {}", harmless(&said.join("; "))) }
            }
            Trouble::Slow => write!(f, "no end after {} s: killed", LIMIT.as_secs()),
        }
    }
}

/// Where it is on PATH.
pub fn find(program: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|dir| dir.join(program)).find(|path| path.is_file())
}

/// Runs it to its end and gives what it wrote to standard output. `until`, where given, is a pidfd of the process for
/// which this happens: when that is gone, the program is killed.
///
/// # Errors
/// It could not be started, failed, or took too long. It is reaped in every case.
pub fn answer(command: &mut Command, until: Option<BorrowedFd<'_>>) -> Result<String, Trouble> {
    // Where the caller ignores SIGCHLD the kernel would reap it, and its status would be lost.
    let is_ignored = disposition(SIGCHLD) == Disposition::Ignore;
    if is_ignored {
        set_disposition_of_sigchld(Disposition::Default);
    }
    let result = run(command, until);
    if is_ignored {
        set_disposition_of_sigchld(Disposition::Ignore);
    }
    result
}

fn run(command: &mut Command, until: Option<BorrowedFd<'_>>) -> Result<String, Trouble> {
    let failed = |error| Trouble::Start(errno_of(error));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(failed)?;
    let pid = Pid::from_raw(child.id() as i32);
    let result = collect(&mut child, until);
    if result.is_err() {
        let _ = child.kill();
    }
    let status = child.wait().map_err(failed)?;
    take_sigchld_of(pid);
    let (out, err) = result?;
    if status.success() { Ok(out) } else { Err(Trouble::End(status, err)) }
}

/// Reads both of its outputs until it ends. What a child of its own writes after that is not waited for.
fn collect(child: &mut Child, until: Option<BorrowedFd<'_>>) -> Result<(String, String), Trouble> {
    let end = Instant::now() + LIMIT;
    let pidfd = sys::pidfd(Pid::from_raw(child.id() as i32)).map_err(Trouble::Start)?;
    let (mut out, mut err) = (child.stdout.take(), child.stderr.take());
    let mut texts = [Vec::new(), Vec::new()];
    loop {
        let is_over = is_ready(pidfd.as_fd());
        take_in(&mut out, &mut texts[0]);
        take_in(&mut err, &mut texts[1]);
        if is_over && out.as_ref().is_none_or(|pipe| !is_ready(pipe.as_fd())) {
            let [out, err] = texts.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            return Ok((out, err));
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() || until.is_some_and(|fd| is_ready(fd)) {
            return Err(Trouble::Slow);
        }
        let mut fds = vec![PollFd::new(pidfd.as_fd(), PollFlags::POLLIN)];
        fds.extend(until.map(|fd| PollFd::new(fd, PollFlags::POLLIN)));
        fds.extend(out.as_ref().map(|pipe| PollFd::new(pipe.as_fd(), PollFlags::POLLIN)));
        fds.extend(err.as_ref().map(|pipe| PollFd::new(pipe.as_fd(), PollFlags::POLLIN)));
        let left = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        match poll(&mut fds, left) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(Trouble::Start(errno)),
        }
    }
}

fn is_ready(fd: BorrowedFd<'_>) -> bool {
    poll(&mut [PollFd::new(fd, PollFlags::POLLIN)], PollTimeout::ZERO).is_ok_and(|ready| ready > 0)
}

/// Reads what is there. At its end the pipe is closed, so that it is not polled again.
fn take_in<P: Read + AsFd>(pipe: &mut Option<P>, text: &mut Vec<u8>) {
    let Some(open) = pipe else { return };
    if !is_ready(open.as_fd()) {
        return;
    }
    let mut piece = [0; 4096];
    match open.read(&mut piece) {
        Ok(count @ 1..) => {
            if text.len() < MOST {
                text.extend_from_slice(&piece[..count]);
            }
        }
        Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
        Ok(0) | Err(_) => *pipe = None,
    }
}
