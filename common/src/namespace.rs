//! The kinds of namespace: name, flag, `/proc` entry; create and identify one (namespaces(7)).

use crate::failure::{Failure, OrHint};
use crate::hint;
use crate::step::{explaining, narrate};
use nix::sched::{CloneFlags, unshare};
use std::fmt;
use std::fs;

/// A kind of namespace.
#[derive(Debug, PartialEq, Eq)]
pub struct Namespace {
    /// The name under `/proc/PID/ns`, and in `user.max_*_namespaces`.
    pub name: &'static str,
    /// The name under `/proc/self/ns` of the one that a call of unshare(2) made.
    entry: &'static str,
    flag: CloneFlags,
    flag_name: &'static str,
    /// What a new one changes, in plain words.
    changes: &'static str,
}

/// User and group IDs, capabilities: user_namespaces(7).
pub const USER: Namespace = Namespace {
    name: "user",
    entry: "user",
    flag: CloneFlags::CLONE_NEWUSER,
    flag_name: "CLONE_NEWUSER",
    changes: "this process has user and group IDs and all capabilities of its own, over what is made from here on; over the host it gained nothing",
};
/// Process IDs: pid_namespaces(7).
pub const PID: Namespace = Namespace {
    name: "pid",
    entry: "pid_for_children",
    flag: CloneFlags::CLONE_NEWPID,
    flag_name: "CLONE_NEWPID",
    changes: "the next child is PID 1 of a world of its own; this process stays where it is",
};
/// Mounts: mount_namespaces(7).
pub const MNT: Namespace = Namespace {
    name: "mnt",
    entry: "mnt",
    flag: CloneFlags::CLONE_NEWNS,
    flag_name: "CLONE_NEWNS",
    changes: "this process has its own copy of the list of mounts; the files are the same",
};
/// Interfaces, addresses, routes, ports: network_namespaces(7).
pub const NET: Namespace = Namespace {
    name: "net",
    entry: "net",
    flag: CloneFlags::CLONE_NEWNET,
    flag_name: "CLONE_NEWNET",
    changes: "this process has interfaces, addresses, routes and ports of its own; only a loopback is there, and it is down",
};
/// Host name and NIS domain name: uts_namespaces(7).
pub const UTS: Namespace = Namespace {
    name: "uts",
    entry: "uts",
    flag: CloneFlags::CLONE_NEWUTS,
    flag_name: "CLONE_NEWUTS",
    changes: "this process has a host name and a NIS domain name of its own, so far with the old values",
};
/// System V IPC and POSIX message queues: ipc_namespaces(7).
pub const IPC: Namespace = Namespace {
    name: "ipc",
    entry: "ipc",
    flag: CloneFlags::CLONE_NEWIPC,
    flag_name: "CLONE_NEWIPC",
    changes: "this process has System V shared memory, semaphores, message queues and POSIX message queues of its own; there are none yet",
};
/// The view of the cgroup tree: cgroup_namespaces(7).
pub const CGROUP: Namespace = Namespace {
    name: "cgroup",
    entry: "cgroup",
    flag: CloneFlags::CLONE_NEWCGROUP,
    flag_name: "CLONE_NEWCGROUP",
    changes: "this process sees its own control group as the root of the tree; what the group may use stays as it was",
};
/// Monotonic and boot-time clocks: time_namespaces(7).
pub const TIME: Namespace = Namespace {
    name: "time",
    entry: "time_for_children",
    // nix has no name for it.
    flag: CloneFlags::from_bits_retain(nix::libc::CLONE_NEWTIME),
    flag_name: "CLONE_NEWTIME",
    changes: "the next child, or whoever joins, has monotonic and boot-time clocks of its own; the date stays the host's",
};

impl Namespace {
    /// Moves this process (for a PID namespace: its children to come) into a new namespace of this kind.
    ///
    /// # Errors
    /// unshare(2) refused, with the cause as hint.
    pub fn create(&self) -> Result<(), Failure> {
        let before = explaining().then(|| self.id());
        unshare(self.flag).map_err(|errno| Failure::refused(self, errno)).or_hint(|errno| hint::create(self, errno))?;
        if let Some(before) = before {
            // A PID namespace has no ID before its first process: see [`Namespace::narrate_first_process`].
            let after = if *self == PID { String::new() } else { format!(" ({before} -> {})", self.id()) };
            narrate(format_args!("{self} = 0: {}{after}", self.changes));
        }
        Ok(())
    }

    /// Narrates the IDs of a PID namespace that [`Namespace::create`] could not know yet: its first process is there.
    pub fn narrate_first_process(&self) {
        if explaining() {
            let ours = fs::read_link(format!("/proc/self/ns/{}", self.name)).unwrap_or_default();
            narrate(format_args!("the new namespace has its first process ({} -> {})", ours.display(), self.id()));
        }
    }

    /// The namespace that this process is in (for a PID namespace: that of its children), as `uts:[4026531838]`.
    pub fn id(&self) -> String {
        match fs::read_link(self.path()) {
            Ok(id) => id.to_string_lossy().into_owned(),
            Err(_) => format!("{}:[unknown]", self.name),
        }
    }

    /// The flag of clone(2), unshare(2) and setns(2).
    pub fn flag(&self) -> CloneFlags {
        self.flag
    }

    /// Where this process's namespace of this kind is found.
    pub fn path(&self) -> String {
        format!("/proc/self/ns/{}", self.entry)
    }

    /// The same seen from another process: `process` is our own name under `/proc`.
    pub(crate) fn path_of(&self, process: &str) -> String {
        format!("/proc/{process}/ns/{}", self.entry)
    }
}

/// The call that makes one: `unshare(CLONE_NEWUTS)`.
impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unshare({})", self.flag_name)
    }
}
