//! Processes as the host sees them.

use super::eventually;
use std::fs;

/// Does this process live? One that ended and is not yet reaped does not: the reaping is not ours.
pub fn lives(pid: u32) -> bool {
    let state = |status: String| status.lines().find_map(|line| line.strip_prefix("State:")?.trim().chars().next());
    let state = fs::read_to_string(format!("/proc/{pid}/status")).ok().and_then(state);
    state.is_some_and(|state| !matches!(state, 'Z' | 'X'))
}

/// The processes that a process started, and those that they started, by their PIDs on the host.
pub fn descendants(pid: u32) -> Vec<u32> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let children = children.split_whitespace().filter_map(|child| child.parse().ok());
    children.flat_map(|child| [vec![child], descendants(child)].concat()).collect()
}

/// Waits until a file holds a whole line with a number: a PID.
#[track_caller]
pub fn pid_in(file: &std::path::Path) -> u32 {
    let mut pid = None;
    eventually("a PID in the file", || {
        pid =
            fs::read_to_string(file).ok().filter(|text| text.ends_with('\n')).and_then(|text| text.trim().parse().ok());
        pid.is_some()
    });
    pid.expect("a PID")
}

/// What called the suite may ignore or block signals, as a shell without job control does for what it runs in the
/// background: the scenes, and what is compared with them, begin with the defaults.
pub fn take_no_signal_state() {
    use common::sys::{Disposition, SignalSet, disposition, set_disposition};
    use nix::libc::SIGPIPE;
    for signal in (1..=64).filter(|&signal| signal != SIGPIPE && disposition(signal) == Disposition::Ignore) {
        set_disposition(signal, Disposition::Default);
    }
    SignalSet::all().unblock();
}
