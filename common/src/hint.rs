//! From a refusal and the facts of the system to a cause and a remedy.

use crate::namespace::{CGROUP, MNT, Namespace, PID, TIME, USER};
use crate::proc::{bits, field, number};
use crate::text::quoted;
use nix::errno::Errno;
use std::fs;
use std::path::Path;

const CAP_SYS_ADMIN: u64 = 1 << 21;
/// How deep PID namespaces nest, the first one not counted: pid_namespaces(7).
const PID_DEPTH: usize = 32;

fn status() -> String {
    fs::read_to_string("/proc/self/status").unwrap_or_default()
}

fn lacks_sys_admin() -> bool {
    bits(&status(), "CapEff").is_some_and(|caps| caps & CAP_SYS_ADMIN == 0)
}

/// Why no namespace could be made.
pub fn create(namespace: &Namespace, errno: Errno) -> Option<String> {
    match errno {
        Errno::EPERM if *namespace != USER && lacks_sys_admin() => {
            Some("needs CAP_SYS_ADMIN here: run as root, or put 'unshare-user --' in front".to_owned())
        }
        Errno::ENOSPC => Some(no_space(namespace)),
        Errno::EINVAL if *namespace == TIME || *namespace == CGROUP => {
            Some(format!("this kernel was built without {} namespaces", namespace.name))
        }
        _ => None,
    }
}

fn no_space(namespace: &Namespace) -> String {
    let sysctl = format!("user.max_{}_namespaces", namespace.name);
    if number(&format!("/proc/sys/user/max_{}_namespaces", namespace.name)) == Some(0) {
        return format!(
            "{sysctl} is 0 here, so none may be made: raise it with 'sysctl -w {sysctl}=...' where it was set"
        );
    }
    let depth = field(&status(), "NSpid").map_or(0, |pids| pids.split_whitespace().count());
    if *namespace == PID && depth > PID_DEPTH {
        return format!("PID namespaces nest {PID_DEPTH} deep at most, and this process is at that depth");
    }
    let nesting = match *namespace {
        USER => ", or user namespaces are nested 33 deep, which is the most",
        PID => ", or PID namespaces are nested 32 deep, which is the most",
        _ => "",
    };
    format!("{sysctl} is reached, here or in a user namespace around this one{nesting}")
}

/// Why a FILE for `--keep` could not be made.
pub fn keep_file(file: &Path, errno: Errno) -> Option<String> {
    match errno {
        Errno::ENOENT => Some(format!("make its directory first: mkdir -p {}", file.parent()?.display())),
        _ => None,
    }
}

/// Why a namespace could not be bound to a file.
pub fn keep(namespace: &Namespace, file: &Path, errno: Errno) -> Option<String> {
    match errno {
        Errno::EPERM | Errno::EACCES => {
            Some("--keep mounts in the caller's mount namespace, which takes CAP_SYS_ADMIN over that one".to_owned())
        }
        Errno::EINVAL if *namespace == MNT => Some(format!(
            "a mount namespace can be bound only where mounts are private: mount --bind D D; mount --make-private D, for the directory D of {}",
            quoted(file)
        )),
        _ => None,
    }
}

/// Why a value was not taken.
pub fn sysctl(key: &str, errno: Errno) -> Option<String> {
    match errno {
        Errno::EACCES => Some(format!(
            "the file of {key} belongs to the user ID 0 inside: after 'unshare-user --' with its root map it can be written"
        )),
        Errno::ENOENT => Some(format!("this kernel has no {key}")),
        Errno::EINVAL => Some(format!("not a value that {key} takes")),
        _ => None,
    }
}

/// Why no proc(5) could be mounted.
pub fn mount_proc(directory: &Path, errno: Errno) -> Option<String> {
    match errno {
        Errno::EPERM if lacks_sys_admin() => {
            Some("needs CAP_SYS_ADMIN here: run as root, or put 'unshare-user --' in front".to_owned())
        }
        Errno::ENOENT => Some(format!("make the mount point first: mkdir {}", directory.display())),
        _ => None,
    }
}
