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

/// Is the foreground lent to this process group, which is not ours?
pub fn is_lent_to(group: Pid) -> bool {
    group != getpgrp() && terminal().is_some_and(|terminal| tcgetpgrp(&terminal) == Ok(group))
}

/// Lends the foreground to the group again, if it is ours again: the caller continued us with it.
pub fn lend_to(group: Pid) {
    if let Some(terminal) = terminal()
        && tcgetpgrp(&terminal) == Ok(getpgrp())
    {
        let _ = tcsetpgrp(&terminal, group);
    }
}

/// Takes the foreground back from a process group of the command's that died holding it.
pub fn reclaim() {
    let Some(terminal) = terminal() else { return };
    let Ok(holder) = tcgetpgrp(&terminal) else { return };
    let gone = nix::sys::signal::killpg(holder, None) == Err(Errno::ESRCH);
    if gone {
        // SIGTTOU is blocked, as every signal, so the kernel lets a background process do this.
        let _ = tcsetpgrp(&terminal, getpgrp());
    }
}
