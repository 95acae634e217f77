//! The kinds of namespace: name, flag, `/proc` entry, what is told of each; and which one this process is in (namespaces(7)).

use nix::sched::CloneFlags;
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
    /// What it is, in plain words.
    pub(crate) about: &'static str,
    /// What a new one changes, and for whom.
    pub(crate) changes: &'static str,
    /// What one would expect to be apart, and is not.
    pub(crate) shared: &'static str,
}

/// User and group IDs, capabilities: user_namespaces(7).
pub const USER: Namespace = Namespace {
    name: "user",
    entry: "user",
    flag: CloneFlags::CLONE_NEWUSER,
    flag_name: "CLONE_NEWUSER",
    about: "a user namespace, with user IDs, group IDs and capabilities of its own",
    changes: "this process has every capability over what is made in here, and none over the host; until a map is written its IDs show as 65534, nobody",
    shared: "the files and who owns them: the kernel judges by the IDs outside, and an owner who has no ID in here shows as 65534, nobody",
};
/// Process IDs: pid_namespaces(7).
pub const PID: Namespace = Namespace {
    name: "pid",
    entry: "pid_for_children",
    flag: CloneFlags::CLONE_NEWPID,
    flag_name: "CLONE_NEWPID",
    about: "a PID namespace, in which process IDs begin at 1 again",
    changes: "it is there, and empty: this process stays outside, and its next child will be PID 1 inside",
    shared: "/proc: it shows the caller's PIDs, so ps and top see the old processes ('--mount-proc' gives a new one)",
};
/// Mounts: mount_namespaces(7).
pub const MNT: Namespace = Namespace {
    name: "mnt",
    entry: "mnt",
    flag: CloneFlags::CLONE_NEWNS,
    flag_name: "CLONE_NEWNS",
    about: "a mount namespace, with a list of mounts of its own",
    changes: "this process has a copy of that list: the same files in the same places",
    shared: "the files: what is written where nothing new is mounted is written for everybody",
};
/// Interfaces, addresses, routes, ports: network_namespaces(7).
pub const NET: Namespace = Namespace {
    name: "net",
    entry: "net",
    flag: CloneFlags::CLONE_NEWNET,
    flag_name: "CLONE_NEWNET",
    about: "a network namespace, with interfaces, addresses, routes and ports of its own",
    changes: "in here there is none of these, only a lo of its own, which is down; ports that are taken outside are free",
    shared: "/sys, which shows the caller's interfaces until it is mounted anew ('unshare-mnt --sysfs /sys'), and sockets that are files; abstract ones are apart",
};
/// Host name and NIS domain name: uts_namespaces(7).
pub const UTS: Namespace = Namespace {
    name: "uts",
    entry: "uts",
    flag: CloneFlags::CLONE_NEWUTS,
    flag_name: "CLONE_NEWUTS",
    about: "a UTS namespace, with a host name and a NIS domain name of its own",
    changes: "this process has a copy of both names; what changes in here is not seen outside",
    shared: "DNS and /etc/hosts, which know nothing of a new name: nobody can connect to it",
};
/// System V IPC and POSIX message queues: ipc_namespaces(7).
pub const IPC: Namespace = Namespace {
    name: "ipc",
    entry: "ipc",
    flag: CloneFlags::CLONE_NEWIPC,
    flag_name: "CLONE_NEWIPC",
    about: "an IPC namespace, with System V IPC and POSIX message queues of its own",
    changes: "none of them is in here, and nobody outside sees what is made in here; the same key names another object",
    shared: "POSIX shared memory and semaphores, which are files in /dev/shm; and /dev/mqueue, which shows the caller's queues until it is mounted anew",
};
/// The view of the cgroup tree: cgroup_namespaces(7).
pub const CGROUP: Namespace = Namespace {
    name: "cgroup",
    entry: "cgroup",
    flag: CloneFlags::CLONE_NEWCGROUP,
    flag_name: "CLONE_NEWCGROUP",
    about: "a cgroup namespace, in which this process's own control group is the root of the tree",
    changes: "whoever is in here reads that group as \"/\" in /proc/self/cgroup; the caller reads what it did before",
    shared: "the group, its limits and who else is in it: only the view changed, and /sys/fs/cgroup shows the old one until it is mounted anew",
};
/// Monotonic and boot-time clocks: time_namespaces(7).
pub const TIME: Namespace = Namespace {
    name: "time",
    entry: "time_for_children",
    // nix has no name for it.
    flag: CloneFlags::from_bits_retain(nix::libc::CLONE_NEWTIME),
    flag_name: "CLONE_NEWTIME",
    about: "a time namespace, whose monotonic and boot-time clocks can be set apart",
    changes: "it is there, for the children of this process, which itself is not in it yet",
    shared: "the date: 'date' and the times of files are the same everywhere",
};

/// Every kind.
pub const ALL: [&Namespace; 8] = [&USER, &PID, &MNT, &NET, &UTS, &IPC, &CGROUP, &TIME];

impl Namespace {
    /// A PID namespace's ID before and after: this process stays in the old one, its children are in the new one.
    pub(crate) fn ids(&self) -> String {
        let ours = fs::read_link(format!("/proc/self/ns/{}", self.name)).unwrap_or_default();
        format!("{} -> {}", ours.display(), self.id())
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
