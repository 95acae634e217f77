//! What a look at the system finds at the moment of a refusal. All looking is done here; deciding is [`super::causes`].

use crate::mountinfo::{self, Mount};
use crate::namespace::ALL;
use crate::proc::{bits, field, number};
use crate::sys::{self, credentials, look};
use nix::errno::Errno;
use nix::unistd::{getegid, geteuid};
use std::fs::{self, File};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The inode numbers of the first user and PID namespace: `PROC_USER_INIT_INO`, `PROC_PID_INIT_INO` of the kernel.
const FIRST_USER: u64 = 0xEFFF_FFFD;
const FIRST_PID: u64 = 0xEFFF_FFFC;

/// What is known. `None` and empty mean that it could not be found out.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The effective capabilities, a bit each.
    pub capabilities: Option<u64>,
    /// Effective IDs.
    pub user: u32,
    /// The same for the group.
    pub group: u32,
    /// Is a proc(5) there, and does it know us?
    pub has_proc: bool,
    /// `no_new_privs` of prctl(2).
    pub no_new_privs: bool,
    /// Is a seccomp(2) filter installed?
    pub is_filtered: bool,
    /// What unshare(2) answers to a call that the kernel itself would refuse with EINVAL: a filter if not.
    pub unshare_answers: Option<Errno>,
    /// The calls for mounts that do not answer as the kernel itself would: looked at where there is a filter.
    pub filtered_mount_calls: Vec<&'static str>,
    /// The text of `uid_map`.
    pub uid_map: Option<String>,
    /// The text of `gid_map`.
    pub gid_map: Option<String>,
    /// Is this the first user namespace, around which there is no other?
    pub is_first_user: bool,
    /// How deep in PID namespaces we are for sure, the first one not counted.
    pub pid_depth: usize,
    /// Are we in the first PID namespace?
    pub is_first_pid: bool,
    /// `user.max_*_namespaces`, by kind.
    pub limits: Vec<(&'static str, u64)>,
    /// The kinds of namespace that this kernel has.
    pub kinds: Vec<&'static str>,
    /// The kinds whose namespace here belongs to another user namespace than ours: one around it.
    pub foreign: Vec<&'static str>,
    /// The release of the kernel, its first two numbers.
    pub release: Option<(u32, u32)>,
    /// `kernel.unprivileged_userns_clone`, where the kernel has it.
    pub unprivileged_clone: Option<u64>,
    /// `kernel.apparmor_restrict_unprivileged_userns`, where the kernel has it.
    pub apparmor_restricts: Option<u64>,
    /// The AppArmor label of this process.
    pub apparmor_label: Option<String>,
    /// Is something mounted at `/`? Not in most chroots.
    pub root_is_mounted: Option<bool>,
    /// The mounts that can be reached from our root, in order.
    pub mounts: Vec<Mount>,
}

impl Facts {
    /// Looks. Only after a refusal: this is slow.
    pub fn gather() -> Self {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let read = |path: &str| fs::read_to_string(path).ok();
        let inode = |path: &str| fs::metadata(path).ok().map(|data| data.ino());
        let own = inode("/proc/self/ns/user");
        let is_filtered = bits(&status, "Seccomp") == Some(2);
        Facts {
            capabilities: credentials::capabilities().ok().map(|sets| sets.effective),
            user: geteuid().as_raw(),
            group: getegid().as_raw(),
            has_proc: !status.is_empty(),
            no_new_privs: field(&status, "NoNewPrivs") == Some("1"),
            is_filtered,
            unshare_answers: Some(look::answer_to_unshare(nix::libc::CLONE_NEWUSER)),
            filtered_mount_calls: if is_filtered { look::filtered_mount_calls() } else { Vec::new() },
            uid_map: read("/proc/self/uid_map"),
            gid_map: read("/proc/self/gid_map"),
            is_first_user: own == Some(FIRST_USER),
            pid_depth: field(&status, "NSpid").map_or(0, |pids| pids.split_whitespace().count().saturating_sub(1)),
            is_first_pid: inode("/proc/self/ns/pid") == Some(FIRST_PID),
            limits: kinds().filter_map(|kind| Some((kind, number(&limit(kind))?))).collect(),
            kinds: kinds().filter(|kind| fs::symlink_metadata(entry(kind)).is_ok()).collect(),
            foreign: kinds().filter(|kind| *kind != "user" && is_foreign(kind, own)).collect(),
            release: read("/proc/sys/kernel/osrelease").and_then(|text| release(&text)),
            unprivileged_clone: number("/proc/sys/kernel/unprivileged_userns_clone"),
            apparmor_restricts: number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns"),
            apparmor_label: read("/proc/self/attr/apparmor/current").map(|label| label.trim().to_owned()),
            root_is_mounted: sys::is_mount_root("/".as_ref()).ok(),
            mounts: mountinfo::own(),
        }
    }

    /// Is this capability (its number) not effective? Not when that is unknown.
    pub fn lacks(&self, capability: u32) -> bool {
        self.capabilities.is_some_and(|set| set & (1 << capability) == 0)
    }

    /// `user.max_*_namespaces` of a kind.
    pub fn limit(&self, kind: &str) -> Option<u64> {
        self.limits.iter().find(|(name, _)| *name == kind).map(|(_, limit)| *limit)
    }

    /// The mount that a path lies on: the last of those with the longest mount point.
    pub fn mount_of(&self, path: &Path) -> Option<&Mount> {
        self.mounts
            .iter()
            .filter(|mount| path.starts_with(&mount.point))
            .max_by_key(|mount| mount.point.components().count())
    }
}

/// `6.1.0-25-amd64` and the like.
fn release(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split(|c: char| !c.is_ascii_digit()).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

fn kinds() -> impl Iterator<Item = &'static str> {
    ALL.into_iter().map(|namespace| namespace.name)
}

fn entry(kind: &str) -> String {
    format!("/proc/self/ns/{kind}")
}

fn limit(kind: &str) -> String {
    format!("/proc/sys/user/max_{kind}_namespaces")
}

/// Does the namespace of this kind belong to a user namespace around ours? We are not shown that one: EPERM.
fn is_foreign(kind: &str, own: Option<u64>) -> bool {
    let Ok(file) = File::open(entry(kind)) else { return false };
    match sys::owning_namespace(file.as_fd()) {
        Ok(owner) => File::from(owner).metadata().ok().map(|data| data.ino()) != own,
        Err(errno) => errno == Errno::EPERM,
    }
}
