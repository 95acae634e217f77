//! What this process sees of each kind of namespace, in a few words: for the narration.

use crate::namespace::Namespace;
use crate::text::{harmless, quoted};
use nix::sys::utsname::uname;
use nix::unistd::{getegid, geteuid, getpid};
use std::fs;

/// What this process sees now of what such a namespace holds.
pub fn view(namespace: &Namespace) -> String {
    match namespace.name {
        "user" => format!("user {}, group {}", geteuid(), getegid()),
        "pid" => format!("PID {}", getpid()),
        "mnt" => count(lines("/proc/self/mountinfo"), "mount"),
        "net" => interfaces().join(", "),
        "uts" => names(),
        "ipc" => format!(
            "{}, {}, {}",
            count(objects("msg"), "message queue"),
            count(objects("sem"), "semaphore set"),
            count(objects("shm"), "shared memory segment")
        ),
        "cgroup" => format!("group {}", quoted(&group())),
        "time" => format!("an uptime of {}", uptime()),
        _ => String::new(),
    }
}

/// `1 mount`, `2 mounts`.
fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn text(path: &str) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
}

fn lines(path: &str) -> usize {
    text(path).lines().count()
}

/// One line each, after a heading.
fn objects(kind: &str) -> usize {
    lines(&format!("/proc/sysvipc/{kind}")).saturating_sub(1)
}

/// The host name and the NIS domain name.
fn names() -> String {
    let domain = text("/proc/sys/kernel/domainname");
    format!("host name {}, NIS domain name {}", host_name(), quoted(domain.trim_end()))
}

/// The host name, quoted.
pub fn host_name() -> String {
    uname().map_or_else(|_| "unknown".to_owned(), |names| quoted(names.nodename()).to_string())
}

/// The names of the network interfaces.
pub fn interfaces() -> Vec<String> {
    let table = text("/proc/self/net/dev");
    let names = table.lines().skip(2).filter_map(|line| line.split_once(':'));
    names.map(|(name, _)| harmless(name.trim())).collect()
}

/// The control group, of version 2 where there is one.
fn group() -> String {
    let table = text("/proc/self/cgroup");
    let line = table.lines().find(|line| line.starts_with("0::")).or(table.lines().next());
    line.and_then(|line| line.splitn(3, ':').nth(2)).unwrap_or("unknown").to_owned()
}

/// How long the machine has been running, by the clock that this process has.
pub fn uptime() -> String {
    let table = text("/proc/uptime");
    let seconds: u64 = table.split('.').next().and_then(|whole| whole.parse().ok()).unwrap_or(0);
    let (days, hours, minutes) = (seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours) {
        (0, 0) => format!("{minutes} min {} s", seconds % 60),
        (0, _) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h {minutes} min"),
    }
}
