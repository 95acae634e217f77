//! From facts to causes: also those that cannot be provoked on every machine are decided, on the facts as their documentation
//! gives them.

use crate::refusals::unshare_user::{MapStep, map_cause};
use common::hint::causes;
use common::hint::facts::Facts;
use common::hint::table::{self, Cause};
use common::mountinfo::Mount;
use common::namespace::{NET, PID, USER, UTS};
use nix::errno::Errno;
use std::path::Path;

crate::tests![switched_off, restricted_by_apparmor, ruled_out,];

/// An ordinary user's process, where nothing is special.
fn ordinary_facts() -> Facts {
    Facts {
        capabilities: Some(0),
        user: 1000,
        group: 1000,
        has_proc: true,
        unshare_answers: Some(Errno::EINVAL),
        uid_map: Some("0 0 4294967295\n".to_owned()),
        gid_map: Some("0 0 4294967295\n".to_owned()),
        is_first_user: true,
        is_first_pid: true,
        limits: vec![("user", 10_000), ("pid", 10_000), ("uts", 10_000)],
        kinds: vec!["user", "pid", "mnt", "net", "uts", "ipc"],
        mounts: vec![mount("/", "ext4"), mount("/proc", "proc")],
        ..Facts::default()
    }
}

fn mount(point: &str, kind: &str) -> Mount {
    Mount {
        root: "/".into(),
        point: point.into(),
        options: "rw".into(),
        kind: kind.into(),
        is_shared: true,
        ..Mount::default()
    }
}

#[track_caller]
fn decided(cause: Option<Cause>, row: &table::Row) {
    assert_eq!(cause.as_ref().map(|cause| cause.row.name), Some(row.name), "{cause:?}");
}

/// Debian's patch "add sysctl to disallow unprivileged CLONE_NEWUSER by default": with 0, unshare(CLONE_NEWUSER) without
/// CAP_SYS_ADMIN is EPERM (linux.git of salsa.debian.org, debian/patches/debian).
fn switched_off() {
    let facts = Facts { unprivileged_clone: Some(0), ..ordinary_facts() };
    decided(causes::create(&USER, Errno::EPERM, &facts), &table::SWITCHED_OFF);
    let facts = Facts { unprivileged_clone: Some(1), ..facts };
    decided(causes::create(&USER, Errno::EPERM, &facts), &table::PERHAPS_CHROOT);
    let facts = Facts { unprivileged_clone: Some(0), capabilities: Some(u64::MAX), ..facts };
    decided(causes::create(&USER, Errno::EPERM, &facts), &table::PERHAPS_CHROOT);
}

/// The AppArmor wiki, "unprivileged_userns_restriction": the creation is denied with error -13, or the process goes over
/// to the profile `unprivileged_userns`, which denies every capability in the new namespace; and so does the profile's
/// commit message. The label is read from `/proc/self/attr/apparmor/current`.
fn restricted_by_apparmor() {
    let restricted = Facts { apparmor_restricts: Some(1), ..ordinary_facts() };
    let outside = Facts { apparmor_label: Some("unconfined".to_owned()), ..restricted.clone() };
    decided(causes::create(&USER, Errno::EACCES, &outside), &table::APPARMOR);
    let inside = Facts {
        apparmor_label: Some("unprivileged_userns (enforce)".to_owned()),
        capabilities: Some(u64::MAX),
        is_first_user: false,
        ..restricted
    };
    let step = MapStep { maps_outer_root: false, capabilities: 0 };
    for errno in [Errno::EPERM, Errno::EACCES] {
        decided(map_cause(step, errno, &inside), &table::APPARMOR);
        decided(causes::mount(errno, &inside), &table::APPARMOR);
        decided(causes::create(&NET, errno, &inside), &table::APPARMOR);
        decided(causes::mount_proc(Path::new("/proc"), errno, &inside), &table::APPARMOR);
    }
    // Not where it is switched off, nor for a program with a profile of its own that has `userns,`.
    let off = Facts { apparmor_restricts: Some(0), ..inside.clone() };
    assert_eq!(map_cause(step, Errno::EPERM, &off), None);
    let own = Facts { apparmor_label: Some("unshare-tools (enforce)".to_owned()), ..inside };
    assert_eq!(map_cause(step, Errno::EPERM, &own), None);
}

/// A cause is told only where the facts allow it.
fn ruled_out() {
    let facts = ordinary_facts();
    decided(causes::create(&USER, Errno::ENOSPC, &facts), &table::LIMIT_REACHED);
    decided(causes::create(&PID, Errno::ENOSPC, &facts), &table::LIMIT_REACHED);
    let deep = Facts { pid_depth: 32, is_first_pid: false, ..facts.clone() };
    decided(causes::create(&PID, Errno::ENOSPC, &deep), &table::PID_DEPTH);
    decided(causes::create(&UTS, Errno::ENOSPC, &deep), &table::LIMIT_REACHED);
    let unseen = Facts { limits: vec![], ..facts.clone() };
    decided(causes::create(&UTS, Errno::ENOSPC, &unseen), &table::LIMIT_REACHED);
    let old = Facts { kinds: vec!["mnt"], ..facts.clone() };
    decided(causes::create(&USER, Errno::EINVAL, &old), &table::NOT_IN_KERNEL);
    assert_eq!(causes::create(&USER, Errno::EINVAL, &facts), None);
    assert_eq!(causes::create(&UTS, Errno::ENOMEM, &facts), None);
    let old = Facts { release: Some((5, 10)), ..facts.clone() };
    decided(causes::missing_call((5, 12), &old), &table::TOO_OLD);
    assert_eq!(causes::missing_call((5, 10), &old), None);
    let hidden = Facts { release: Some((6, 1)), filtered_mount_calls: vec!["mount_setattr"], ..facts.clone() };
    decided(causes::missing_call((5, 12), &hidden), &table::SECCOMP);
    // A filter that refuses nothing of this.
    let filtered = Facts { is_filtered: true, ..facts };
    decided(causes::create(&NET, Errno::EPERM, &filtered), &table::NO_CAPABILITY);
    let root = Facts { capabilities: Some(u64::MAX), ..filtered };
    decided(causes::create(&NET, Errno::EPERM, &root), &table::PERHAPS_SECCOMP);
}
