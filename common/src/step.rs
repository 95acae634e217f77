//! Perform one call: its name serves the error, the narration and the hint.

use crate::failure::Failure;
use nix::errno::Errno;
use nix::unistd::ForkResult;
use std::any::Any;
use std::fmt;
use std::io::Write;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

static TOOL: OnceLock<&'static str> = OnceLock::new();
static EXPLAIN: AtomicBool = AtomicBool::new(false);

/// The name that stands before every message of this process.
pub fn tool() -> &'static str {
    TOOL.get().copied().unwrap_or("unshare-tools")
}

/// Names the tool; once, before anything can fail.
pub(crate) fn name_tool(name: &'static str) {
    let _ = TOOL.set(name);
}

/// Turns the narration on if asked for, by option or by `UNSHARE_EXPLAIN` in the environment.
pub(crate) fn explain_if(asked: bool) {
    let asked = asked || std::env::var_os("UNSHARE_EXPLAIN").is_some_and(|v| !v.is_empty() && v != "0");
    EXPLAIN.store(asked, Ordering::Relaxed);
}

/// Is the narration on?
pub fn explaining() -> bool {
    EXPLAIN.load(Ordering::Relaxed)
}

/// One line on standard error, after the tool's name. That nobody can read it is no failure.
pub fn say(line: impl fmt::Display) {
    // One write, so that the lines of two links never mix.
    let _ = std::io::stderr().write_all(format!("{}: {line}\n", tool()).as_bytes());
}

/// One line of narration, if it is on.
pub fn narrate(line: impl fmt::Display) {
    if explaining() {
        say(line);
    }
}

/// Performs `perform`, which makes the call named `call`. `changes` says in plain words what it changes, and for whom.
///
/// # Errors
/// The refused call under its name, with status 125.
pub fn step<T: 'static>(
    call: impl fmt::Display,
    changes: impl fmt::Display,
    perform: impl FnOnce() -> nix::Result<T>,
) -> Result<T, Failure> {
    match perform() {
        Ok(value) => {
            if explaining() {
                tell(&call, &value, &changes);
            }
            Ok(value)
        }
        Err(errno) => Err(refused(&call, errno)),
    }
}

// Not copied into each of the many calls: a tool is paged in for every launch.
#[cold]
#[inline(never)]
fn tell(call: &dyn fmt::Display, value: &dyn Any, changes: &dyn fmt::Display) {
    if let Some(result) = shown(value) {
        say(format_args!("{call} = {result}: {changes}"));
    }
}

#[cold]
#[inline(never)]
fn refused(call: &dyn fmt::Display, errno: Errno) -> Failure {
    Failure::refused(call, errno)
}

/// What a call returned, as the narration shows it. None: fork(2) in the child, and the parent narrates it.
fn shown(value: &dyn Any) -> Option<String> {
    if let Some(fork) = value.downcast_ref::<ForkResult>() {
        return match fork {
            ForkResult::Parent { child } => Some(format!("process {child}")),
            ForkResult::Child => None,
        };
    }
    if let Some(fd) = value.downcast_ref::<OwnedFd>() {
        return Some(format!("descriptor {}", fd.as_raw_fd()));
    }
    Some(if value.is::<()>() { "0" } else { "done" }.to_owned())
}
