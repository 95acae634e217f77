//! A real terminal: a person's side of a pty, with a program as the leader of its session on the other side.
#![allow(unsafe_code)]

use nix::libc;
use nix::pty::{Winsize, openpty};
use nix::sys::termios::tcgetattr;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The person's side.
pub struct Pty {
    master: File,
    pub child: Child,
    seen: Vec<u8>,
    /// How much of what was seen has been waited for.
    read: usize,
}

impl Pty {
    /// Starts the command in a session of its own, on a terminal of 24 lines and 80 columns.
    pub fn start(mut command: Command) -> Self {
        let pair = openpty(Some(&window(24, 80)), None).expect("a pty");
        // Held by the other side, the terminal would never hang up.
        for fd in [&pair.master, &pair.slave] {
            // SAFETY: sets a flag of a descriptor that is ours.
            unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_SETFD, libc::FD_CLOEXEC) };
        }
        let slave = File::from(pair.slave);
        let end = || Stdio::from(slave.try_clone().expect("a descriptor"));
        command.stdin(end()).stdout(end()).stderr(end());
        let lead = || {
            nix::unistd::setsid()?;
            // SAFETY: descriptor 0 is the terminal by now; the request takes a number.
            unsafe { libc::ioctl(0, libc::TIOCSCTTY, 0) };
            Ok(())
        };
        // SAFETY: setsid and ioctl are async-signal-safe, and nothing else runs there.
        unsafe { command.pre_exec(lead) };
        let child = command.spawn().expect("a process");
        drop((command, slave));
        let master = File::from(pair.master);
        // SAFETY: sets a flag of a descriptor that is ours.
        unsafe { libc::fcntl(master.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK) };
        Pty { master, child, seen: Vec::new(), read: 0 }
    }

    /// Types.
    pub fn send(&mut self, keys: &str) {
        let _ = self.master.write_all(keys.as_bytes());
    }

    /// Waits until this text appears after what was waited for before. False when it did not.
    pub fn expect(&mut self, text: &str, limit: Duration) -> bool {
        self.until(text, limit).is_some()
    }

    /// The same, and what was shown before it.
    pub fn until(&mut self, text: &str, limit: Duration) -> Option<String> {
        let end = Instant::now() + limit;
        loop {
            self.take();
            let new = &self.seen[self.read..];
            if let Some(at) = new.windows(text.len()).position(|window| window == text.as_bytes()) {
                let before = String::from_utf8_lossy(&new[..at]).into_owned();
                self.read += at + text.len();
                return Some(before);
            }
            if Instant::now() > end {
                return None;
            }
            std::thread::sleep(Duration::from_millis(3));
        }
    }

    fn take(&mut self) {
        let mut buffer = [0; 4096];
        while let Ok(n @ 1..) = self.master.read(&mut buffer) {
            self.seen.extend_from_slice(&buffer[..n]);
        }
    }

    /// All that was shown so far, without carriage returns.
    pub fn shown(&mut self) -> String {
        self.take();
        String::from_utf8_lossy(&self.seen).replace('\r', "")
    }

    /// The person closes the window.
    pub fn hang_up(mut self) {
        drop(self.master);
        let _ = super::wait(&mut self.child, Duration::from_secs(8));
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Changes the size of the window.
    pub fn resize(&self, lines: u16, columns: u16) {
        let size = window(lines, columns);
        // SAFETY: the structure is the one that this request takes, and lives through the call.
        unsafe { libc::ioctl(self.master.as_raw_fd(), libc::TIOCSWINSZ, &raw const size) };
    }

    /// The foreground process group.
    pub fn foreground(&self) -> i32 {
        // SAFETY: the call takes a descriptor, and touches no memory of ours.
        unsafe { libc::tcgetpgrp(self.master.as_raw_fd()) }
    }

    /// The terminal's modes, as text.
    pub fn modes(&self) -> String {
        let modes = tcgetattr(&self.master).expect("a terminal");
        format!("{:?} {:?} {:?} {:?}", modes.input_flags, modes.output_flags, modes.control_flags, modes.local_flags)
    }
}

fn window(lines: u16, columns: u16) -> Winsize {
    Winsize { ws_row: lines, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }
}
