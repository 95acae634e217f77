//! The state machine of the waiting link.
//!
//! Every signal is blocked and taken one by one, so nothing interrupts and nothing is lost. Two things arrive: a change of
//! the command (SIGCHLD), and a signal meant for it.
//!
//! ```text
//!  Starting   the command's process exists, with every signal blocked, and is not the command yet
//!    │   └──► it failed: 125, 126 or 127
//!    ▼ it executed the command
//!            a stop signal's default action
//!            is carried out: SIGSTOP to it          it stopped
//!   Running ────────────────────────────► Stopping ────────────► (we stop by that signal; continued, we continue it)
//!    │  ▲                                                          │
//!    │  └──────────────────────────────────────────────────────────┘
//!    │  ▲ it stopped by itself: we stop by the same signal, and continue it when we are continued
//!    │  └┘
//!    │        a deadly signal's default action
//!    └──────────────────────────────────► Ending ──────► it died: we die of that signal
//!             is carried out: SIGKILL to it
//!   Stopping: another stop signal ───────► SIGSTOP to it once more; a continue ──► Running
//!   any: it exited, or a signal killed it ──────────────► we exit with its status, or die of the same signal
//! ```
//!
//! Only a command that is PID 1 needs Stopping and Ending: to an ordinary process the kernel does it all.

use super::init::Init;
use super::stop_request::{ask_to_be_stopped, asks_to_stop};
use super::terminal::{self, Foreground};
use super::treatment::{Treatment, is_exiting, is_stopped, treatment};
use super::unsettled::{STOPS, Unsettled};
use super::{Aftermath, Shape, is_end, seen};
use crate::failure::{Failure, errno_of};
use crate::sys::{
    Arrived, Change, Disposition, SI_KERNEL, SignalSet, close_all_but, disposition, exit_now, has_stopped_anew, kill,
    pending_here, set_disposition, stop_by, stopped, wait_for,
};
use nix::errno::Errno;
use nix::libc::{
    SIGCHLD, SIGCONT, SIGHUP, SIGINT, SIGKILL, SIGQUIT, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG, SIGWINCH,
};
use nix::poll::PollFlags;
use nix::sys::prctl;
use nix::unistd::{Pid, chdir, getpgid, getpgrp, getpid, getsid};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

enum State {
    /// The command's process is not the command yet.
    Starting,
    Running,
    /// The command gets SIGSTOP in the name of this signal.
    Stopping(i32),
    /// The command gets SIGKILL in the name of this signal.
    Ending(i32),
}

/// The default actions of signal(7).
enum Action {
    End,
    Stop,
    Nothing,
}

fn default_action(signal: i32) -> Action {
    match signal {
        SIGCHLD | SIGCONT | SIGURG | SIGWINCH => Action::Nothing,
        SIGSTOP | SIGTSTP | SIGTTIN | SIGTTOU => Action::Stop,
        _ => Action::End,
    }
}

/// How the command's process told of its start.
#[derive(PartialEq, Eq)]
pub enum Started {
    Executed,
    Failed,
}

/// The waiting link.
pub struct Watch {
    command: Pid,
    shape: Shape,
    init: Option<Init>,
    foreground: Foreground,
    aftermath: Option<Box<dyn Aftermath>>,
    state: State,
    unsettled: Unsettled,
    /// A continue came after the last stop, so a command that asks to be stopped may have asked before.
    continued: bool,
}

impl Watch {
    /// Of a command's process that has not begun.
    pub fn new(shape: Shape, command: Pid, foreground: Foreground) -> Self {
        // All are blocked, and taken one by one: the kernel keeps one that the caller ignores as well, and the command may
        // have a handler. A supervisor around us looks at this to see what it may pass on, as soon as the command runs: so
        // now; but only of a PID 1: others are not worth so many calls. Not those that the default ignores: to set it would
        // discard a SIGCHLD that is pending.
        let is_looked_at = getpid() == Pid::from_raw(1);
        for signal in (1..=64).filter(|_| is_looked_at) {
            if disposition(signal) == Disposition::Ignore && !matches!(default_action(signal), Action::Nothing) {
                set_disposition(signal, Disposition::Default);
            }
        }
        Watch {
            command,
            shape,
            init: None,
            foreground,
            aftermath: None,
            state: State::Starting,
            unsettled: Unsettled::default(),
            continued: false,
        }
    }

    /// Lets the command's process go on, until it executed the command (its end of the line is close-on-exec) or failed.
    /// `mask` is what the caller had blocked, and SIGPIPE.
    ///
    /// # Errors
    /// The line failed; the process has to be killed.
    pub fn start(&mut self, mut line: UnixStream, mask: SignalSet) -> Result<Started, Failure> {
        let failed = |call: &str, errno| Failure::refused(format_args!("{call}(the command's process)"), errno);
        // What the group got before this process was there, we got alone, as what the caller had pending. Of one that it got
        // itself it has no second one now: it has all blocked, and what is pending already is not added. What a PID 1 is to
        // unblock comes later, in `run`: the kernel would drop it.
        let kept = if self.shape == Shape::CommandIsFirst { mask } else { SignalSet::all() };
        while let Ok(arrived) = kept.wait(Some(Duration::ZERO)) {
            // One of a child that was here before us is the command's.
            if arrived.of_child() != Some(self.command) {
                let _ = arrived.pass_on(self.command.as_raw());
                if self.shape == Shape::CommandIsFirst {
                    self.unsettled.add(arrived.signal());
                }
            }
        }
        line.write_all(b"g").map_err(|error| failed("send", errno_of(error)))?;
        let told = PollFlags::POLLIN | PollFlags::POLLHUP | PollFlags::POLLERR;
        // It may run by now, so a look that fails is no reason to end it: reading waits as well.
        while seen(&line, 20_u8.into(), PollFlags::POLLIN, told) == Ok(false) {
            // A key that stops comes at any moment, and we are not told when we do not take SIGCHLD.
            if let Some(signal) = stopped(self.command) {
                self.stop(signal);
            }
        }
        // Nor does a read that fails: it is tried again.
        for _ in 0..100 {
            match line.read_exact(&mut [0]) {
                Ok(()) => return Ok(Started::Failed),
                Err(error) if is_end(&error) => break,
                Err(_) => {}
            }
        }
        Ok(Started::Executed)
    }

    /// Waits for the command and ends as it does.
    pub fn run(mut self, init: Option<Init>, aftermath: Option<Box<dyn Aftermath>>) -> ! {
        self.state = State::Running;
        if self.shape == Shape::CommandIsFirst {
            // A PID 1 that had not begun has none of these, also where it was in the group: the kernel drops what the caller
            // had not blocked.
            while let Ok(arrived) = SignalSet::all().wait(Some(Duration::ZERO)) {
                self.arrived(&arrived, true);
            }
        }
        // A reader of the command's output sees its end when the command closes it, and a directory or mount that the
        // command has left is not busy: we hold none of what the caller handed over.
        let _ = chdir("/");
        let mut held = aftermath.as_ref().map_or_else(Vec::new, |aftermath| aftermath.holds());
        held.extend(init.as_ref().and_then(Init::tie));
        close_all_but(&held);
        drop(held);
        self.init = init;
        self.aftermath = aftermath;
        self.wait()
    }

    fn wait(mut self) -> ! {
        let all = SignalSet::all();
        let keys = SignalSet::only(SIGINT).and(SignalSet::only(SIGQUIT));
        let mut patience = Duration::from_millis(1);
        loop {
            // Before every wait: signals of one kind do not queue, so one SIGCHLD may stand for several changes, and one
            // from before the first wait may be lost.
            loop {
                match wait_for(self.command, false) {
                    Ok(Some(change)) => self.changed(change),
                    Ok(None) => break,
                    // Not ours to wait for any more: somebody else reaped it.
                    Err(_) => self.end(Change::Exited(i32::from(crate::failure::FAILED))),
                }
            }
            let limit = (!self.unsettled.is_empty()).then_some(patience);
            match all.wait(limit) {
                Ok(arrived) => {
                    patience = Duration::from_millis(1);
                    self.arrived(&arrived, false);
                    // A key that came while we were looking may be what the command's end, which is seen next, comes from.
                    if arrived.of_child().is_none() {
                        while let Ok(key) = keys.wait(Some(Duration::ZERO)) {
                            self.arrived(&key, false);
                        }
                    }
                }
                Err(Errno::EAGAIN) => {
                    self.settle();
                    patience = self.unsettled.until_the_next_look(patience);
                }
                Err(_) => {}
            }
        }
    }

    fn changed(&mut self, change: Change) {
        match (change, &self.state) {
            (Change::Continued, _) => {}
            (Change::Stopped(_), &State::Stopping(signal)) | (Change::Stopped(signal), _) => {
                self.state = State::Running;
                if matches!(signal, SIGTTIN | SIGTTOU) && self.foreground.reclaim() {
                    // A shell inside took the foreground, ended, and could not give it back to the script around it.
                    let _ = kill(0, SIGCONT);
                    self.proceed();
                } else {
                    self.stop(signal);
                }
            }
            // Also where it exited before our SIGKILL came: others had the signal too, and what it read may have ended with
            // them. The signal would have ended it before.
            (Change::Killed(SIGKILL) | Change::Exited(_), &State::Ending(signal)) => self.end(Change::Killed(signal)),
            (end, _) => self.end(end),
        }
    }

    /// `alone`: the command has it not, whoever sent it.
    fn arrived(&mut self, arrived: &Arrived, alone: bool) {
        let signal = arrived.signal();
        // Of a child of ours: `wait` looks. Anybody else's SIGCHLD is the command's.
        if arrived.of_child().is_some() {
            return;
        }
        if signal == SIGURG && self.shape == Shape::CommandIsFirst {
            if let Some(asked) = asks_to_stop(self.command) {
                // If it goes on wanting it, it asks again.
                if !std::mem::take(&mut self.continued) {
                    self.carry_out(asked);
                }
                return;
            }
        }
        if matches!(default_action(signal), Action::Stop) {
            self.continued = false;
        }
        if signal == SIGCONT {
            self.continued = true;
            self.unsettled.discard_stops();
            // A stop that is under way is taken back as well.
            if is_stopped(self.command) || matches!(self.state, State::Stopping(_)) {
                self.state = State::Running;
                self.proceed();
                return;
            }
        }
        let directed = alone || !is_for_the_group(arrived);
        if !directed && getpgid(Some(self.command)) != Ok(getpgrp()) {
            self.hand_on_key(signal);
            return;
        }
        match self.shape {
            Shape::InitIsFirst | Shape::Ordinary if directed => self.pass_on(arrived),
            Shape::InitIsFirst | Shape::Ordinary => {}
            Shape::CommandIsFirst => self.deliver(arrived, directed),
        }
    }

    /// The terminal's keys are for the foreground group, and the command has left ours. Where we lead our group, the
    /// command would lead it without us, and could not have left: it gets the key with the group that it made, as
    /// timeout(1) does.
    fn hand_on_key(&mut self, signal: i32) {
        let leads = getpgrp() == getpid() && getpgid(Some(self.command)) == Ok(self.command);
        if leads && getsid(Some(self.command)) == getsid(None) && terminal::is_with(getpgrp()) {
            let _ = kill(-self.command.as_raw(), signal);
            if self.shape == Shape::CommandIsFirst && treatment(self.command, signal) == Treatment::Defaults {
                self.carry_out(signal);
            }
        }
    }

    /// Gives a signal to a PID 1 the effect that it has on an ordinary process.
    fn deliver(&mut self, arrived: &Arrived, directed: bool) {
        let signal = arrived.signal();
        match treatment(self.command, signal) {
            Treatment::Ignores => {}
            // Too late: as the kernel does, where the sender may know from the end of its output that it has exited.
            Treatment::Defaults if !is_for_the_group(arrived) && is_exiting(self.command) => {}
            Treatment::Defaults => self.carry_out(signal),
            other => {
                if directed {
                    self.pass_on(arrived);
                }
                if other == Treatment::Blocks {
                    self.unsettled.add(signal);
                }
            }
        }
    }

    /// But not a continue that a stop signal has come after: the command may have that one already, and would lose it.
    fn pass_on(&mut self, arrived: &Arrived) {
        if arrived.signal() != SIGCONT {
            let _ = arrived.pass_on(self.command.as_raw());
        } else if !pending_here().has_any(STOPS) {
            let _ = arrived.pass_on(self.command.as_raw());
            self.stop_again();
        }
    }

    /// After a continue of ours: a stop signal that has come to us meanwhile is as if the command had it not, since the
    /// continue may have taken it from there.
    fn stop_again(&mut self) {
        if getpgid(Some(self.command)) == Ok(getpgrp()) {
            while let Ok(arrived) = STOPS.wait(Some(Duration::ZERO)) {
                self.arrived(&arrived, true);
            }
        }
    }

    fn settle(&mut self) {
        let mut unsettled = std::mem::take(&mut self.unsettled);
        unsettled.settle(self.command, |signal| self.carry_out(signal));
        self.unsettled = unsettled;
    }

    fn carry_out(&mut self, signal: i32) {
        match (default_action(signal), &self.state) {
            (Action::End, State::Running | State::Stopping(_)) => {
                self.state = State::Ending(signal);
                let _ = kill(self.command.as_raw(), SIGKILL);
            }
            // Also where it is stopping: a continue of the whole group's may have undone that, and this signal discarded
            // what was to tell us.
            (Action::Stop, State::Running | State::Stopping(_)) => {
                self.state = State::Stopping(signal);
                let _ = kill(self.command.as_raw(), SIGSTOP);
            }
            _ => {}
        }
    }

    /// The command stopped: so do we, for our caller to see, until somebody continues us.
    fn stop(&mut self, signal: i32) {
        // Continued already, before we came to stop: our own stop signal would discard it.
        if SignalSet::only(SIGCONT).wait(Some(Duration::ZERO)).is_ok() {
            self.proceed();
            return;
        }
        let group = getpgid(Some(self.command)).unwrap_or(self.command);
        let lent = group != getpgrp() && terminal::is_with(group);
        if getpid() == Pid::from_raw(1) {
            ask_to_be_stopped(signal, self.command);
        } else {
            // Again where the SIGCHLD of this very stop came too late to be seen, and held it back.
            while !stop_by(signal) && is_stopped(self.command) {}
        }
        self.unsettled.discard_stops();
        self.continued = true;
        // What it asked for is done, however often it asked.
        if asks_to_stop(self.command).is_some() {
            let _ = SignalSet::only(SIGURG).wait(Some(Duration::ZERO));
        }
        // What continued us has reached the command too, if it was for the group: one SIGCONT must not be two.
        let _ = SignalSet::only(SIGCONT).wait(Some(Duration::ZERO));
        self.foreground = Foreground::look();
        if lent {
            self.foreground.lend_to(group);
        }
        // Somebody else's SIGCHLD goes first: the command's own, when it goes on, would hide it.
        if let Ok(arrived) = SignalSet::only(SIGCHLD).wait(Some(Duration::ZERO)) {
            self.arrived(&arrived, false);
        }
        // Not from the next stop, which is seen soon: what continued us continued it, and it has come as far as that.
        if is_stopped(self.command) && !has_stopped_anew(self.command) {
            self.proceed();
        }
    }

    /// Continues the command, with the process group that it leads: without us its caller would continue that.
    fn proceed(&mut self) {
        let leads = getpgid(Some(self.command)) == Ok(self.command);
        let _ = kill(if leads { -self.command.as_raw() } else { self.command.as_raw() }, SIGCONT);
        self.stop_again();
    }

    fn end(&mut self, change: Change) -> ! {
        // Kills what the command left running in its namespace, and waits for it.
        drop(self.init.take());
        drop(self.aftermath.take());
        self.foreground.reclaim();
        match change {
            Change::Killed(signal) => die_of(signal),
            Change::Exited(status) => exit_now(status),
            Change::Stopped(_) | Change::Continued => exit_now(i32::from(crate::failure::FAILED)),
        }
    }
}

/// Did the kernel send this to the whole process group, and so to the command as well? Those are the terminal's signals.
/// As leader of the session we get a SIGHUP of our own.
fn is_for_the_group(arrived: &Arrived) -> bool {
    let terminals = match arrived.signal() {
        SIGHUP => getsid(None) != Ok(getpid()),
        SIGINT | SIGQUIT | SIGTSTP | SIGTTIN | SIGTTOU | SIGCONT | SIGWINCH => true,
        _ => false,
    };
    terminals && arrived.code() == SI_KERNEL
}

/// Ends this process by a signal, without a core of its own over the command's.
fn die_of(signal: i32) -> ! {
    let _ = prctl::set_dumpable(false);
    set_disposition(signal, Disposition::Default);
    let _ = kill(getpid().as_raw(), signal);
    SignalSet::only(signal).unblock();
    // As PID 1 we cannot die of it.
    exit_now(128 + signal)
}
