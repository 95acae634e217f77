//! How a link that is PID 1 stops: both ends of it.
//!
//! The kernel lets no PID 1 stop itself. A link that is one asks the link around it, by a SIGURG to their process group,
//! which is nothing to everybody else; that one sees in its signal mask what is meant, and carries it out.

use super::treatment::{bit, blocked, is_stopped};
use crate::sys::{Disposition, SignalSet, kill, set_disposition};
use nix::errno::Errno;
use nix::libc::{SIGCONT, SIGKILL, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG};
use nix::unistd::Pid;
use std::time::Duration;

/// As PID 1: asks a link around us to stop us by this signal, which our mask tells it ([`asks_to_stop`]). Nobody else is
/// stopped, and nobody has to be continued: a SIGCONT to the group would discard the next stop signal that is under way.
/// Asked again, since it may have been busy; but not for ever, as there may be nobody; and not when the command was
/// continued: then so were we, perhaps before we came to wait for it.
pub fn ask_to_be_stopped(signal: i32, command: Pid) {
    let (by, urgent) = (SignalSet::only(signal), SignalSet::only(SIGURG));
    set_disposition(signal, Disposition::Default);
    by.unblock();
    urgent.unblock();
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
    by.block();
}

/// The signal by which the process, a link that is PID 1, asks to be stopped: of all signals it lets through SIGURG and
/// that one (SIGSTOP: no other), and perhaps waits for SIGCONT. No other program has such a mask.
pub fn asks_to_stop(process: Pid) -> Option<i32> {
    // What cannot be blocked.
    const NEVER: u64 = bit(SIGKILL) | bit(SIGSTOP);
    let open = !blocked(process)? & !NEVER & !bit(SIGCONT);
    let asked = [SIGTSTP, SIGTTIN, SIGTTOU].into_iter().find(|&stop| open == bit(SIGURG) | bit(stop));
    asked.or((open == bit(SIGURG)).then_some(SIGSTOP))
}
