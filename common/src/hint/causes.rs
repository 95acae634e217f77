//! From facts to causes: pure functions, so that what cannot be provoked here can be tested on facts. Where two causes
//! are left, a row says both, and how to tell.

use super::facts::Facts;
use super::table::{
    APPARMOR, CHROOT, CHROOT_NO_PROC, Cause, FOREIGN, KEEP_CAPABILITY, KEEP_DIRECTORY, KEEP_SHARED, LIMIT_REACHED,
    LIMIT_ZERO, MOUNT_POINT_MISSING, NO_CAPABILITY, NOT_A_DIRECTORY, NOT_IN_KERNEL, PERHAPS_CHROOT, PERHAPS_SECCOMP,
    PID_DEPTH, PID_DEPTH_OR_LIMIT, PROC_ABSENT, PROC_COVERED, PROC_FAKE, PROC_READ_ONLY, SECCOMP, SWITCHED_OFF,
    SYSCTL_FOR_READING, SYSCTL_OWNER, SYSCTL_READ_ONLY, SYSCTL_UNKNOWN, SYSCTL_VALUE, TOO_OLD, UNMAPPED,
    USER_DEPTH_OR_LIMIT,
};
use crate::mountinfo::Mount;
use crate::namespace::{MNT, Namespace, PID, USER};
use crate::proc::{NOT_OF_PROC, id_map};
use nix::errno::Errno;
use std::path::Path;

const CAP_SYS_ADMIN: u32 = 21;
/// How deep PID namespaces nest, the first one not counted: pid_namespaces(7).
const MOST_PID_DEPTH: usize = 32;
/// What `user.max_*_namespaces` is in a new user namespace: no limit of its own.
const NO_LIMIT: u64 = i32::MAX as u64;

/// Why unshare(2) was refused.
pub fn create(namespace: &Namespace, errno: Errno, facts: &Facts) -> Option<Cause> {
    let is_user = *namespace == USER;
    match errno {
        Errno::EPERM | Errno::EACCES | Errno::ENOSYS if refuses_unshare(facts) => {
            Some(SECCOMP.with([&namespace.to_string()]))
        }
        Errno::EPERM if !is_user && facts.lacks(CAP_SYS_ADMIN) => Some(NO_CAPABILITY.with(["CAP_SYS_ADMIN"])),
        Errno::EPERM if is_user => no_user_namespace(facts),
        Errno::EPERM | Errno::EACCES => apparmor(facts).or_else(|| filtered(facts)),
        Errno::ENOSPC => Some(no_space(namespace, facts)),
        Errno::EINVAL if facts.has_proc && !facts.kinds.contains(&namespace.name) => {
            Some(NOT_IN_KERNEL.with([namespace.name]))
        }
        _ => None,
    }
}

fn refuses_unshare(facts: &Facts) -> bool {
    facts.is_filtered && facts.unshare_answers.is_some_and(|answer| answer != Errno::EINVAL)
}

/// EPERM to unshare(CLONE_NEWUSER): every cause that the kernel has, in the order of certainty.
fn no_user_namespace(facts: &Facts) -> Option<Cause> {
    if facts.unprivileged_clone == Some(0) && facts.lacks(CAP_SYS_ADMIN) {
        return Some(SWITCHED_OFF.with([]));
    }
    let is_missing = |map: &Option<String>, id: u32| map.as_ref().is_some_and(|map| !has_inner(map, id));
    if is_missing(&facts.uid_map, facts.user) {
        return Some(UNMAPPED.with(["user"]));
    }
    if is_missing(&facts.gid_map, facts.group) {
        return Some(UNMAPPED.with(["group"]));
    }
    if facts.root_is_mounted == Some(false) {
        return Some(CHROOT.with([]));
    }
    let chroot = || Some(if facts.has_proc { PERHAPS_CHROOT.with([]) } else { CHROOT_NO_PROC.with([]) });
    apparmor(facts).or_else(|| filtered(facts)).or_else(chroot)
}

fn filtered(facts: &Facts) -> Option<Cause> {
    facts.is_filtered.then(|| PERHAPS_SECCOMP.with([]))
}

/// Does a map, as `/proc` shows it, have this inner ID?
fn has_inner(map: &str, id: u32) -> bool {
    id_map(map).any(|[inner, _, count]| id.checked_sub(inner).is_some_and(|distance| distance < count))
}

/// The restriction of Ubuntu 23.10 and later. Either no user namespace can be made (EACCES), or it can, and a profile
/// then denies every capability in it. `unprivileged_userns_restriction` in the AppArmor wiki.
pub fn apparmor(facts: &Facts) -> Option<Cause> {
    let label = facts.apparmor_label.as_deref()?;
    let is_restricted =
        label.contains("unprivileged_userns") || (label.starts_with("unconfined") && facts.is_first_user);
    (facts.apparmor_restricts == Some(1) && is_restricted).then(|| APPARMOR.with([label]))
}

fn no_space(namespace: &Namespace, facts: &Facts) -> Cause {
    let sysctl = format!("user.max_{}_namespaces", namespace.name);
    let limit = facts.limit(namespace.name);
    if limit == Some(0) {
        return LIMIT_ZERO.with([&sysctl, &sysctl]);
    }
    let shown = match limit {
        Some(NO_LIMIT..) => "no limit".to_owned(),
        Some(limit) => limit.to_string(),
        None => "unknown".to_owned(),
    };
    if *namespace == PID && facts.pid_depth >= MOST_PID_DEPTH {
        return PID_DEPTH.with([]);
    }
    // A /proc of an inner PID namespace shows fewer levels than there are; only in the first can there be none.
    if *namespace == PID && !facts.is_first_pid {
        return PID_DEPTH_OR_LIMIT.with([&sysctl, &shown]);
    }
    if *namespace == USER && !facts.is_first_user {
        return USER_DEPTH_OR_LIMIT.with([&sysctl, &shown]);
    }
    LIMIT_REACHED.with([&sysctl, &shown, namespace.name])
}

/// Why a file under `/proc/self` could not be used.
pub fn proc_file(errno: Errno, facts: &Facts) -> Option<Cause> {
    match errno {
        NOT_OF_PROC => Some(PROC_FAKE.with([])),
        Errno::ENOENT if !facts.has_proc => Some(PROC_ABSENT.with([])),
        Errno::EROFS if facts.mount_of(Path::new("/proc/self")).is_none_or(Mount::is_read_only) => {
            Some(PROC_READ_ONLY.with([]))
        }
        _ => None,
    }
}

/// Why a sysctl's file could not be written. `for_reading`: it has a mode that lets nobody write.
pub fn sysctl(key: &str, file: &Path, for_reading: bool, errno: Errno, facts: &Facts) -> Option<Cause> {
    match errno {
        Errno::EACCES if for_reading => Some(SYSCTL_FOR_READING.with([key])),
        Errno::EACCES => Some(SYSCTL_OWNER.with([key])),
        Errno::EINVAL => Some(SYSCTL_VALUE.with([key])),
        Errno::ENOENT if facts.has_proc => Some(SYSCTL_UNKNOWN.with([key])),
        Errno::EROFS => {
            let mount = facts.mount_of(file).filter(|mount| mount.is_read_only())?.point.display().to_string();
            Some(SYSCTL_READ_ONLY.with([&mount, &mount]))
        }
        _ => proc_file(errno, facts),
    }
}

/// Why a mount was refused, whatever its type.
pub fn mount(errno: Errno, facts: &Facts) -> Option<Cause> {
    let calls = &facts.filtered_mount_calls;
    match errno {
        Errno::EPERM | Errno::EACCES | Errno::ENOSYS if calls.contains(&"mount") => Some(SECCOMP.with(["mount(2)"])),
        Errno::EPERM if facts.lacks(CAP_SYS_ADMIN) => Some(NO_CAPABILITY.with(["CAP_SYS_ADMIN"])),
        Errno::EPERM | Errno::EACCES => apparmor(facts).or_else(|| filtered_call(calls)),
        _ => None,
    }
}

/// Why a call for mounts, which came with Linux `since`, is not there.
pub fn missing_call(since: (u32, u32), facts: &Facts) -> Option<Cause> {
    match facts.release {
        Some(release) if release < since => {
            let shown = |(major, minor): (u32, u32)| format!("{major}.{minor}");
            Some(TOO_OLD.with([&shown(release), &shown(since)]))
        }
        _ => filtered_call(&facts.filtered_mount_calls),
    }
}

fn filtered_call(calls: &[&str]) -> Option<Cause> {
    let named: Vec<String> = calls.iter().map(|call| format!("{call}(2)")).collect();
    (!named.is_empty()).then(|| SECCOMP.with([&named.join(", ")]))
}

/// Why no proc(5) could be mounted. `exists` says whether the directory is there, and is one.
pub fn mount_proc(directory: &Path, errno: Errno, facts: &Facts) -> Option<Cause> {
    let shown = directory.display().to_string();
    match errno {
        Errno::ENOENT => Some(MOUNT_POINT_MISSING.with([&shown])),
        Errno::ENOTDIR => Some(NOT_A_DIRECTORY.with([&shown])),
        Errno::EPERM => mount(errno, facts)
            .or_else(|| {
                facts
                    .foreign
                    .contains(&"pid")
                    .then(|| FOREIGN.with(["PID namespace", "unshare-user -- unshare-pid --mount-proc"]))
            })
            .or_else(|| covered(facts)),
        _ => mount(errno, facts),
    }
}

/// The kernel mounts a new proc(5) in a user namespace only where one is fully visible already ("Mount too revealing").
fn covered(facts: &Facts) -> Option<Cause> {
    if facts.is_first_user {
        return None;
    }
    let is_proc = |mount: &&Mount| mount.kind == "proc" && mount.root == Path::new("/");
    let Some(proc) = facts.mounts.iter().find(is_proc) else {
        return Some(PROC_ABSENT.with([]));
    };
    // Over these, which are always empty, something may be mounted: proc_create_mount_point() in the kernel.
    let hides = |mount: &&Mount| {
        mount.point.strip_prefix(&proc.point).is_ok_and(|below| {
            below != Path::new("")
                && !["sys/fs/binfmt_misc", "fs/nfsd", "openprom"].iter().any(|empty| below.starts_with(empty))
        })
    };
    let over: Vec<String> = facts.mounts.iter().filter(hides).map(|mount| mount.point.display().to_string()).collect();
    if !over.is_empty() {
        return Some(PROC_COVERED.with([&over.join(", ")]));
    }
    proc.is_read_only().then(|| PROC_READ_ONLY.with([]))
}

/// Why a FILE for `--keep` or `--pid-file` could not be made.
pub fn keep_file(file: &Path, errno: Errno) -> Option<Cause> {
    match errno {
        Errno::ENOENT => {
            let directory = file.parent().filter(|directory| !directory.as_os_str().is_empty())?;
            Some(KEEP_DIRECTORY.with([&directory.display().to_string()]))
        }
        _ => None,
    }
}

/// Why a namespace could not be bound to a file.
pub fn keep(namespace: &Namespace, file: &Path, errno: Errno, facts: &Facts) -> Option<Cause> {
    match errno {
        Errno::EPERM | Errno::EACCES => Some(KEEP_CAPABILITY.with([])),
        Errno::EINVAL if *namespace == MNT => {
            let directory = std::path::absolute(file).ok()?.parent()?.to_owned();
            let mount = facts.mount_of(&directory).filter(|mount| mount.is_shared)?.point.display().to_string();
            let directory = directory.display().to_string();
            Some(KEEP_SHARED.with([&mount, &directory, &directory, &directory]))
        }
        NOT_OF_PROC => Some(PROC_FAKE.with([])),
        _ => None,
    }
}
