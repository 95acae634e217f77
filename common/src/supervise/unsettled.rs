//! Signals that were passed on to a PID 1 which had them blocked.
//!
//! Where it unblocks one without a handler, the kernel drops it, which would have ended or stopped an ordinary process.
//! Nobody tells us, so we look again.

use super::treatment::{Treatment, bit, has_signalfd, pending, treatment};
use crate::sys::SignalSet;
use nix::libc::{SIGTSTP, SIGTTIN, SIGTTOU};
use nix::unistd::Pid;
use std::time::Duration;

/// The signals whose default action is to stop, and that can be blocked.
pub const STOPS: SignalSet = SignalSet::only(SIGTSTP).and(SignalSet::only(SIGTTIN)).and(SignalSet::only(SIGTTOU));

/// A command that goes on blocking what it was sent for so many looks, about a second, has read it.
const LOOKS: u8 = 250;

/// Sets of them, a bit each, as in `/proc/PID/status`.
#[derive(Default)]
pub struct Unsettled {
    waiting: u64,
    /// Those that are pending no more, while the command blocked them again at each look since: a shell does so around every
    /// fork. In between the kernel may have dropped them.
    vanished: u64,
    looks: u8,
}

impl Unsettled {
    pub fn add(&mut self, signal: i32) {
        self.waiting |= bit(signal);
    }

    pub fn is_empty(&self) -> bool {
        self.waiting | self.vanished == 0
    }

    /// As the kernel does: a continue discards the stop signals that are pending.
    pub fn discard_stops(&mut self) {
        self.waiting &= !STOPS.bits();
        self.vanished &= !STOPS.bits();
    }

    /// Looks what became of them; `dropped` is told of each that the kernel has dropped.
    pub fn settle(&mut self, command: Pid, mut dropped: impl FnMut(i32)) {
        let Some(pending) = pending(command) else {
            (self.waiting, self.vanished) = (0, 0);
            return;
        };
        let gone = self.vanished | self.waiting & !pending;
        self.waiting &= pending;
        self.vanished = 0;
        for signal in (1..=64).filter(|&signal| gone & bit(signal) != 0) {
            match treatment(command, signal) {
                // From a signalfd it has read it, and unblocked it afterwards.
                Treatment::Defaults if has_signalfd(command, signal) => {}
                Treatment::Defaults => dropped(signal),
                Treatment::Blocks if self.looks < LOOKS => self.vanished |= bit(signal),
                _ => {}
            }
        }
        self.looks = if self.vanished == 0 { 0 } else { self.looks + 1 };
    }

    /// How long to wait for the next look, when we waited `before` for the last.
    pub fn until_the_next_look(&self, before: Duration) -> Duration {
        if self.vanished == 0 {
            (before * 2).min(Duration::from_secs(1))
        } else {
            // Not in step with a command that does something over and over.
            Duration::from_micros(500 + u64::from(self.looks) * 1300 % 7000)
        }
    }
}
