//! What the command does with a signal, as `/proc` tells (proc(5)).

use crate::proc::{bits, field};
use crate::sys::pidfd;
use nix::libc::SYS_rt_sigtimedwait;
use nix::unistd::Pid;
use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;

/// What the command does with a signal.
#[derive(PartialEq, Eq)]
pub enum Treatment {
    /// It has a handler, or waits for it in sigwait(3).
    Handles,
    Ignores,
    /// None of these, and it is blocked: it may be read later, or take effect when it is unblocked.
    Blocks,
    Defaults,
}

pub const fn bit(signal: i32) -> u64 {
    1 << (signal - 1)
}

/// What the process does with the signal.
pub fn treatment(process: Pid, signal: i32) -> Treatment {
    // Without /proc there is nothing to look at: passed on, it has an effect where there is a handler.
    let Some(mut look) = Look::at(process) else { return Treatment::Handles };
    // The kernel shows signals as not blocked for as long as somebody waits for them, and that is in another file: two
    // looks that agree belong to the same moment.
    for _ in 0..20 {
        let has = |set| bits(&look.status, set).is_some_and(|bits| bits & bit(signal) != 0);
        if has("SigCgt") {
            return Treatment::Handles;
        } else if has("SigIgn") {
            return Treatment::Ignores;
        } else if has("SigBlk") {
            return Treatment::Blocks;
        } else if look.awaited().is_some_and(|set| set & bit(signal) != 0) {
            return Treatment::Handles;
        }
        match Look::at(process) {
            Some(again) if !again.same(&look, &["SigBlk", "voluntary_ctxt_switches"]) => look = again,
            _ => break,
        }
    }
    Treatment::Defaults
}

/// Is it stopped? Where there is nothing to look at, perhaps.
pub fn is_stopped(process: Pid) -> bool {
    Look::at(process).is_none_or(|look| field(&look.status, "State").is_some_and(|state| state.starts_with('T')))
}

/// The signals that wait for it to unblock them.
pub fn pending(process: Pid) -> Option<u64> {
    let look = Look::at(process)?;
    Some(bits(&look.status, "SigPnd")? | bits(&look.status, "ShdPnd")?)
}

/// A moment of a process.
struct Look {
    folder: String,
    status: String,
}

impl Look {
    /// Where `/proc` shows another PID namespace than ours the process has another PID there, which its pidfd tells:
    /// pidfd_open(2).
    fn at(process: Pid) -> Option<Self> {
        let fd = pidfd(process).ok()?;
        let info = fs::read_to_string(format!("/proc/self/fdinfo/{}", fd.as_raw_fd())).ok()?;
        let folder = format!("/proc/{}", field(&info, "Pid")?);
        let status = fs::read_to_string(format!("{folder}/status")).ok()?;
        Some(Look { folder, status })
    }

    fn same(&self, other: &Look, fields: &[&str]) -> bool {
        fields.iter().all(|name| field(&self.status, name) == field(&other.status, name))
    }

    /// The signals that its main thread waits for in sigtimedwait(2): the system call and its first argument, a pointer
    /// to the set. We are the parent, so ptrace(2) rights are ours, where anybody has them.
    fn awaited(&self) -> Option<u64> {
        let call = fs::read_to_string(format!("{}/syscall", self.folder)).ok()?;
        let mut words = call.split_whitespace();
        if words.next()?.parse() != Ok(SYS_rt_sigtimedwait) {
            return None;
        }
        let address = u64::from_str_radix(words.next()?.strip_prefix("0x")?, 16).ok()?;
        let mut set = [0; 8];
        File::open(format!("{}/mem", self.folder)).ok()?.read_exact_at(&mut set, address).ok()?;
        Some(u64::from_ne_bytes(set))
    }
}
