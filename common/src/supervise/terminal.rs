//! The terminal's foreground: a command that makes process groups of its own takes it, and cannot give it back, since
//! from inside its PID namespace our group has no number.

use nix::errno::Errno;
use nix::libc::O_NOCTTY;
use nix::unistd::{Pid, getpgrp, tcgetpgrp, tcsetpgrp};
use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;

/// The controlling terminal, opened for a moment: held open, it would look in use when the command is done with it.
fn terminal() -> Option<File> {
    OpenOptions::new().read(true).write(true).custom_flags(O_NOCTTY).open("/dev/tty").ok()
}

/// Has this process group the foreground?
pub fn is_with(group: Pid) -> bool {
    terminal().is_some_and(|terminal| tcgetpgrp(&terminal) == Ok(group))
}

/// Was the foreground our group's when the caller started or continued us? Only then may we give it to somebody: a
/// background job that took it would take it from the shell.
pub struct Foreground {
    ours: bool,
}

impl Foreground {
    /// Looks, before the command can have taken it.
    pub fn look() -> Self {
        Foreground { ours: is_with(getpgrp()) }
    }

    /// Lends it to the group again, if it is ours again: the caller continued us with it.
    pub fn lend_to(&self, group: Pid) {
        if let Some(terminal) = self.ours.then(terminal).flatten() {
            let _ = tcsetpgrp(&terminal, group);
        }
    }

    /// Takes it back from a process group of the command's that died holding it. Did it?
    pub fn reclaim(&self) -> bool {
        let Some(terminal) = terminal().filter(|_| self.ours) else { return false };
        let Ok(holder) = tcgetpgrp(&terminal) else { return false };
        let gone = nix::sys::signal::killpg(holder, None) == Err(Errno::ESRCH);
        // SIGTTOU is blocked, as every signal, so the kernel lets a background process do this.
        gone && tcsetpgrp(&terminal, getpgrp()).is_ok()
    }
}
