//! What the command does with a signal, as `/proc` tells (proc(5)).

use crate::proc::{bits, field};
use crate::sys::{fsconfig_create, fsmount, fsopen, openat2, pidfd};
use nix::libc::{O_DIRECTORY, O_RDONLY, SYS_rt_sigtimedwait};
use nix::unistd::Pid;
use std::fs::{self, File};
use std::io::Read;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::thread::sleep;
use std::time::Duration;

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

/// Its bit in the sets of `/proc/PID/status`.
pub const fn bit(signal: i32) -> u64 {
    1 << (signal - 1)
}

/// What the process does with the signal.
pub fn treatment(process: Pid, signal: i32) -> Treatment {
    // Without /proc there is nothing to look at: passed on, it has an effect where there is a handler.
    let Some(mut look) = Look::at(process) else { return Treatment::Handles };
    // The kernel shows signals as not blocked for as long as somebody waits for them. The wait is seen in another file,
    // and not while the process is on its way out of it: two looks that agree belong to the same moment, and a process
    // that ran in between was in no wait.
    for _ in 0..50 {
        let has = |set| bits(&look.status, set).is_some_and(|bits| bits & bit(signal) != 0);
        if has("SigCgt") {
            return Treatment::Handles;
        } else if has("SigIgn") {
            return Treatment::Ignores;
        } else if has("SigBlk") {
            return Treatment::Blocks;
        }
        let call = look.call();
        if call.as_ref().is_some_and(|call| look.awaits(call) & bit(signal) != 0) {
            return Treatment::Handles;
        }
        let runs = call.is_some_and(|call| call.starts_with("running"));
        if runs {
            sleep(Duration::from_millis(2));
        }
        let Some(again) = Look::at(process) else { break };
        let same = again.same(&look, "SigBlk") && again.same(&look, "voluntary_ctxt_switches");
        if same && (!runs || !again.same(&look, "nonvoluntary_ctxt_switches")) {
            break;
        }
        look = again;
    }
    Treatment::Defaults
}

/// Is it stopped? Where there is nothing to look at, perhaps.
pub fn is_stopped(process: Pid) -> bool {
    Look::at(process).is_none_or(|look| field(&look.status, "State").is_some_and(|state| state.starts_with('T')))
}

/// Is it past the moment in which a signal could still end it? The kernel's flag PF_EXITING, the ninth field of
/// `/proc/PID/stat`.
pub fn is_exiting(process: Pid) -> bool {
    const PF_EXITING: u32 = 4;
    let flags = || {
        let stat = read(&Look::at(process)?.folder, "stat")?;
        // The second field, a name, may hold anything.
        stat.rsplit_once(')')?.1.split_whitespace().nth(6)?.parse::<u32>().ok()
    };
    flags().is_some_and(|flags| flags & PF_EXITING != 0)
}

/// The signals that it blocks, and those that it has a handler for, at one moment.
pub struct Treated {
    pub blocked: u64,
    pub handled: u64,
}

pub fn treated(process: Pid) -> Option<Treated> {
    let look = Look::at(process)?;
    Some(Treated { blocked: bits(&look.status, "SigBlk")?, handled: bits(&look.status, "SigCgt")? })
}

/// Has it a signalfd(2) for the signal?
pub fn has_signalfd(process: Pid, signal: i32) -> bool {
    let Some(look) = Look::at(process) else { return false };
    // The size of its table of descriptors; a signalfd comes early.
    let size = field(&look.status, "FDSize").and_then(|size| size.parse().ok()).unwrap_or(0);
    (0..size.min(1024)).any(|fd: u32| {
        let info = read(&look.folder, &format!("fdinfo/{fd}"));
        info.and_then(|info| bits(&info, "sigmask")).is_some_and(|mask| mask & bit(signal) != 0)
    })
}

/// The signals that wait for it to unblock them.
pub fn pending(process: Pid) -> Option<u64> {
    let look = Look::at(process)?;
    Some(bits(&look.status, "SigPnd")? | bits(&look.status, "ShdPnd")?)
}

/// A moment of a process.
struct Look {
    folder: OwnedFd,
    status: String,
}

impl Look {
    fn at(process: Pid) -> Option<Self> {
        let folder = in_proc(process).or_else(|| in_a_proc_of_our_own(process))?;
        let status = read(&folder, "status")?;
        Some(Look { folder, status })
    }

    fn same(&self, other: &Look, name: &str) -> bool {
        field(&self.status, name) == field(&other.status, name)
    }

    /// The system call that its main thread is in, with the arguments, or `running`. We are the parent, so the rights of
    /// ptrace(2) are ours, where anybody has them.
    fn call(&self) -> Option<String> {
        read(&self.folder, "syscall")
    }

    /// The signals that it waits for in sigtimedwait(2): the first argument points to the set.
    fn awaits(&self, call: &str) -> u64 {
        let set = || {
            let address = call.strip_prefix(&format!("{SYS_rt_sigtimedwait} 0x"))?.split(' ').next()?;
            let mut set = [0; 8];
            let memory = open(&self.folder, "mem", O_RDONLY)?;
            memory.read_exact_at(&mut set, u64::from_str_radix(address, 16).ok()?).ok()?;
            Some(u64::from_ne_bytes(set))
        };
        set().unwrap_or(0)
    }
}

/// The process's folder. Where `/proc` shows another PID namespace than ours the process has another PID there, which
/// its pidfd tells: pidfd_open(2).
fn in_proc(process: Pid) -> Option<OwnedFd> {
    let fd = pidfd(process).ok()?;
    let info = fs::read_to_string(format!("/proc/self/fdinfo/{}", fd.as_raw_fd())).ok()?;
    let folder = File::open(format!("/proc/{}", field(&info, "Pid")?)).ok()?;
    Some(folder.into())
}

/// The same where a root directory without `/proc` was made before us: in one that is mounted nowhere. This takes
/// CAP_SYS_ADMIN; in a user namespace the kernel refuses it where no other is to be seen.
fn in_a_proc_of_our_own(process: Pid) -> Option<OwnedFd> {
    let context = fsopen(c"proc").ok()?;
    fsconfig_create(context.as_fd()).ok()?;
    let root = fsmount(context.as_fd(), 0).ok()?;
    open(&root, &process.to_string(), O_DIRECTORY).map(OwnedFd::from)
}

fn open(folder: &OwnedFd, name: &str, flags: i32) -> Option<File> {
    openat2(folder.as_fd(), name.as_ref(), flags, 0).ok().map(File::from)
}

fn read(folder: &OwnedFd, name: &str) -> Option<String> {
    let mut text = String::new();
    open(folder, name, O_RDONLY)?.read_to_string(&mut text).ok()?;
    Some(text)
}
