//! A terminal: ioctl_tty(2).

use nix::errno::Errno;
use std::os::fd::{AsFd, AsRawFd};

/// How many columns the terminal there has: TIOCGWINSZ of ioctl_tty(2). `None` when it is no terminal.
pub fn terminal_columns(there: impl AsFd) -> Option<usize> {
    let mut size = libc::winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: the call writes the structure it was given.
    Errno::result(unsafe { libc::ioctl(there.as_fd().as_raw_fd(), libc::TIOCGWINSZ, &raw mut size) }).ok()?;
    (size.ws_col > 0).then_some(size.ws_col.into())
}
