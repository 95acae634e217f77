//! How a link that is PID 1 stops: both ends of it.
//!
//! The kernel lets no PID 1 stop itself. A link that is one asks the link around it, by a SIGURG to their process group,
//! which is nothing to everybody else; that one sees what is meant in its signal mask and its handlers, and carries it out.

use super::treatment::{Treated, bit, is_stopped, treated};
use crate::sys::{Disposition, SignalSet, handle_by_nothing, kill, set_disposition};
use nix::errno::Errno;
use nix::libc::{SIGCONT, SIGKILL, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG};
use nix::unistd::Pid;
use std::time::Duration;

/// As PID 1: asks a link around us to stop us by this signal, which our handlers tell it ([`asks_to_stop`]). Nobody else is
/// stopped, and nobody has to be continued: a SIGCONT to the group would discard the next stop signal that is under way. All
/// stop signals stay blocked, so that it is the kernel that keeps the next one, or discards it when we are continued.
/// Asked again, since it may have been busy; but not for ever, as there may be nobody; and not when the command was
/// continued: then so were we, perhaps before we came to wait for it.
pub fn ask_to_be_stopped(signal: i32, command: Pid) {
    let urgent = SignalSet::only(SIGURG);
    handle_by_nothing(signal);
    // All of it, since musl takes signals out of it when a program sets its first handler.
    SignalSet::all().without(urgent).set_as_mask();
    let mut patience = Duration::from_millis(5);
    for _ in 0..24 {
        let _ = kill(0, SIGURG);
        // Stopped, and continued: EINTR, or SIGCONT itself.
        if SignalSet::only(SIGCONT).wait(Some(patience)).err() != Some(Errno::EAGAIN) || !is_stopped(command) {
            break;
        }
        patience = (patience * 2).min(Duration::from_millis(100));
    }
    urgent.block();
    set_disposition(signal, Disposition::Default);
}

/// The signal by which the process, a link that is PID 1, asks to be stopped: of all signals it lets through SIGURG, and
/// perhaps waits for SIGCONT, and it has a handler for that one (SIGSTOP: for none). No other program has such a mask.
pub fn asks_to_stop(process: Pid) -> Option<i32> {
    // What cannot be blocked.
    const NEVER: u64 = bit(SIGKILL) | bit(SIGSTOP);
    let Treated { blocked, handled } = treated(process)?;
    let asks = !blocked & !NEVER & !bit(SIGCONT) == bit(SIGURG);
    let by = [SIGTSTP, SIGTTIN, SIGTTOU].into_iter().find(|&stop| handled & bit(stop) != 0);
    asks.then_some(by.unwrap_or(SIGSTOP))
}
