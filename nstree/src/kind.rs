//! The eight kinds of namespace.

use clap::ValueEnum;

/// A kind of namespace; its name is the entry under `/proc/PID/ns`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Kind {
    Pid,
    User,
    Mnt,
    Net,
    Uts,
    Ipc,
    Cgroup,
    Time,
}

impl Kind {
    /// How many there are.
    pub const COUNT: usize = 8;
    /// All, in the order in which they are told.
    pub const ALL: [Kind; Kind::COUNT] =
        [Kind::Pid, Kind::User, Kind::Mnt, Kind::Net, Kind::Uts, Kind::Ipc, Kind::Cgroup, Kind::Time];

    /// The name under `/proc/PID/ns`.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Pid => "pid",
            Kind::User => "user",
            Kind::Mnt => "mnt",
            Kind::Net => "net",
            Kind::Uts => "uts",
            Kind::Ipc => "ipc",
            Kind::Cgroup => "cgroup",
            Kind::Time => "time",
        }
    }

    /// What a text book calls it.
    pub fn title(self) -> &'static str {
        match self {
            Kind::Pid => "PID namespace",
            Kind::User => "User namespace",
            Kind::Mnt => "Mount namespace",
            Kind::Net => "Network namespace",
            Kind::Uts => "UTS namespace",
            Kind::Ipc => "IPC namespace",
            Kind::Cgroup => "Cgroup namespace",
            Kind::Time => "Time namespace",
        }
    }

    /// Does the kernel put one inside the other? The others only have an owner.
    pub fn nests(self) -> bool {
        matches!(self, Kind::Pid | Kind::User)
    }
}
