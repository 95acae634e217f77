//! Every cause that a refusal can have, provoked, and its hint (`docs/refusals.md`).

use crate::support::{Folder, Seen, TOOLS, folder_with, is_root, many, need, script, sh, sub_ids, tools, user, watch};
use common::hint::table;
use std::fs;
use std::path::Path;
use std::time::Duration;

crate::tests![
    the_page_is_the_table,
    no_capability,
    limit_is_zero,
    limit_is_reached,
    pid_namespaces_too_deep,
    user_namespaces_too_deep,
    caller_without_an_id,
    inside_a_chroot,
    inside_a_chroot_on_a_mount_point,
    filter_refuses_unshare,
    filter_may_refuse_unshare,
    filter_refuses_mount,
    no_sub_ids,
    newuidmap_is_missing,
    newuidmap_without_rights,
    newuidmap_under_no_new_privs,
    newuidmap_refuses_the_range,
    helper_is_killed,
    helper_is_stopped,
    proc_is_covered,
    no_process_more,
    no_process_more_in_a_group,
    proc_is_read_only,
    proc_is_absent,
    proc_is_no_use_to_other_settings,
    proc_is_not_the_kernels,
    mount_point_is_missing,
    keep_without_rights,
    keep_without_its_directory,
    keep_on_a_shared_mount,
    keep_on_any_cpu,
    outer_root_needs_setfcap,
    interpreter_is_missing,
];

/// That a tool was refused at `call`, with a hint of this cause that says `words`.
#[track_caller]
fn hinted(seen: &Seen, call: &str, row: &table::Row, words: &str) {
    let lines: Vec<&str> = seen.refused().lines().collect();
    assert_eq!(lines.len(), 2, "{seen:#?}");
    assert!(lines[0].contains(call), "{call}: {seen:#?}");
    let (_, hint) = lines[1].split_once(": hint: ").unwrap_or_else(|| panic!("{seen:#?}"));
    // The pieces of the table's text, in order, with what was found between.
    let mut rest = hint;
    for piece in row.hint.split("{}") {
        let at = rest.find(piece).unwrap_or_else(|| panic!("not the hint of '{}': {seen:#?}", row.name));
        rest = &rest[at + piece.len()..];
    }
    assert!(hint.contains(words), "{words}: {seen:#?}");
}

// The tables of single tools, as their programs have them.
#[path = "../../limit-cgroup/src/hint/table.rs"]
mod limit_cgroup;
#[path = "../../unshare-mnt/src/hint/table.rs"]
mod unshare_mnt;
#[path = "../../unshare-net/src/hint/table.rs"]
mod unshare_net;
#[allow(dead_code, reason = "of the rest of it the tool makes use")]
#[path = "../../unshare-user/src/hint/mod.rs"]
pub mod unshare_user;

fn page() -> String {
    table::page(&[
        ("unshare-user", unshare_user::table::TABLE),
        ("unshare-mnt", unshare_mnt::TABLE),
        ("unshare-net", unshare_net::TABLE),
        ("limit-cgroup", limit_cgroup::TABLE),
    ])
}

/// `UPDATE=1` writes it.
fn the_page_is_the_table() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/refusals.md");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&file, page()).expect("the page");
    }
    let there = fs::read_to_string(&file).unwrap_or_default();
    assert!(there == page(), "{} is not what the table says: UPDATE=1 target/suite the_page", file.display());
}

/// Somebody without CAP_SYS_ADMIN.
fn powerless() -> &'static str {
    if is_root() { "setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin " } else { "" }
}

fn no_capability() {
    for tool in TOOLS.into_iter().filter(|tool| *tool != "unshare-user") {
        let seen = sh(&format!("{} {tool} -- echo ran", powerless()));
        hinted(&seen, "unshare(CLONE_NEW", &table::NO_CAPABILITY, "needs CAP_SYS_ADMIN here");
    }
}

/// The name of a tool's namespace in `user.max_*_namespaces`.
fn kind(tool: &str) -> &str {
    tool.trim_start_matches("unshare-")
}

fn limit_is_zero() {
    for tool in TOOLS {
        let sysctl = format!("max_{}_namespaces", kind(tool));
        let seen = sh(&format!("unshare-user -- sh -c 'echo 0 >/proc/sys/user/{sysctl}; exec {tool} -- echo ran'"));
        hinted(&seen, "unshare(CLONE_NEW", &table::LIMIT_ZERO, &format!("user.{sysctl} is 0 here"));
    }
}

fn limit_is_reached() {
    // In a PID or user namespace of one's own the depth could be the cause as well: below.
    for tool in ["unshare-mnt", "unshare-net", "unshare-uts", "unshare-ipc"] {
        let sysctl = format!("max_{}_namespaces", kind(tool));
        let seen =
            sh(&format!("unshare-user -- sh -c 'echo 1 >/proc/sys/user/{sysctl}; exec {tool} -- {tool} -- echo ran'"));
        hinted(&seen, "unshare(CLONE_NEW", &table::LIMIT_REACHED, &format!("user.{sysctl} is reached (1 here"));
    }
    let seen = sh(
        "unshare-user -- sh -c 'echo 1 >/proc/sys/user/max_pid_namespaces; exec unshare-pid -- unshare-pid -- echo ran'",
    );
    hinted(&seen, "unshare(CLONE_NEWPID)", &table::PID_DEPTH_OR_LIMIT, "user.max_pid_namespaces is reached (1 here)");
}

fn pid_namespaces_too_deep() {
    let links = |count: usize, link: &str| link.repeat(count);
    // On a machine that is a PID namespace itself there are fewer to make.
    let most = (1..=32)
        .rev()
        .find(|count| sh(&format!("{}{} true", user(), links(*count, "unshare-pid -- "))).status.success());
    let most = most.expect("one at least");
    let seen = sh(&format!("{}{} echo ran", user(), links(most + 1, "unshare-pid -- ")));
    let status = fs::read_to_string("/proc/self/status").expect("a status");
    let sees_all =
        most == 32 && status.lines().any(|line| line.starts_with("NSpid:") && line.split_whitespace().count() == 2);
    if sees_all {
        hinted(&seen, "unshare(CLONE_NEWPID): ENOSPC", &table::PID_DEPTH, "32 deep");
    }
    // With a /proc of its own it cannot see the depth, and says so.
    let seen = sh(&format!("{}{} echo ran", user(), links(most + 1, "unshare-pid --mount-proc -- ")));
    hinted(&seen, "unshare(CLONE_NEWPID): ENOSPC", &table::PID_DEPTH_OR_LIMIT, "lsns -T -t pid");
}

fn user_namespaces_too_deep() {
    let links = |count: usize| "unshare-user -- ".repeat(count);
    let most =
        (1..=33).rev().find(|count| sh(&format!("{} true", links(*count))).status.success()).expect("one at least");
    if fs::read_link("/proc/self/ns/user").is_ok_and(|name| name == Path::new("user:[4026531837]")) {
        assert_eq!(most, 33);
    }
    let seen = sh(&format!("{} echo ran", links(most + 1)));
    hinted(&seen, "unshare(CLONE_NEWUSER): ENOSPC", &table::USER_DEPTH_OR_LIMIT, "lsns -T -t user");
}

fn caller_without_an_id() {
    let seen = sh("unshare-user --map-none -- unshare-user -- echo ran");
    hinted(&seen, "unshare(CLONE_NEWUSER): EPERM", &table::UNMAPPED, "the user ID of this process is not");
    let seen = sh(&format!("{} unshare-user --map-groups 5:5:1 -- unshare-user -- echo ran", many()));
    hinted(&seen, "unshare(CLONE_NEWUSER): EPERM", &table::UNMAPPED, "the group ID of this process is not");
}

/// A tree that has one of the tools, and what it takes to run it.
fn tree_with(tool: &str) -> Folder {
    let folder = Folder::new();
    let program = tools().join(tool);
    sh(&format!(
        "set -e; mkdir {folder}/proc; cp {0} {folder}/tool
        for lib in $(ldd {0} 2>/dev/null | grep -o '/[^ ]*'); do mkdir -p {folder}/$(dirname $lib); cp $lib {folder}/$lib; done",
        program.display()
    ))
    .ok();
    folder
}

/// A shell script in a mount namespace of its own, for everybody.
fn with_mounts(text: &str) -> Seen {
    sh(&format!("{} unshare --mount --propagation private sh -ec '{text}'", user()))
}

fn inside_a_chroot() {
    let tree = tree_with("unshare-user");
    let seen = with_mounts(&format!("mount --rbind /proc {tree}/proc; exec chroot {tree} /tool -- echo ran"));
    hinted(&seen, "unshare(CLONE_NEWUSER): EPERM", &table::CHROOT, "unshare-mnt --root");
    // Without a /proc as well.
    let seen = with_mounts(&format!("exec chroot {tree} /tool -- echo ran"));
    hinted(&seen, "unshare(CLONE_NEWUSER): EPERM", &table::CHROOT, "unshare-mnt --root");
}

fn inside_a_chroot_on_a_mount_point() {
    let folder = Folder::new();
    let tool = tools().join("unshare-user");
    let seen = with_mounts(&format!("mount --rbind / {folder}; exec chroot {folder} {} -- echo ran", tool.display()));
    hinted(&seen, "unshare(CLONE_NEWUSER): EPERM", &table::PERHAPS_CHROOT, "a chroot");
    let seen = with_mounts(&format!(
        "mount --rbind / {folder}; mount -t tmpfs none {folder}/proc; exec chroot {folder} {} -- echo ran",
        tool.display()
    ));
    hinted(&seen, "unshare(CLONE_NEWUSER): EPERM", &table::CHROOT_NO_PROC, "no /proc here");
}

/// A seccomp filter, as bubblewrap takes it: one system call is answered with EPERM, where its first argument is this one.
pub fn filter(call: i64, argument: Option<u32>) -> Vec<u8> {
    const LOAD: u16 = 0x20;
    const JUMP_IF_EQUAL: u16 = 0x15;
    const RETURN: u16 = 0x06;
    let number = |n: i64| u32::try_from(n).expect("a small number");
    let eperm = 0x0005_0000 | 1;
    // The number is at 0 of seccomp_data, the first argument at 16.
    let low = if cfg!(target_endian = "little") { 16 } else { 20 };
    let mut lines: Vec<(u16, u8, u8, u32)> = vec![(LOAD, 0, 0, 0)];
    match argument {
        None => lines.push((JUMP_IF_EQUAL, 0, 1, number(call))),
        Some(argument) => {
            lines.push((JUMP_IF_EQUAL, 0, 3, number(call)));
            lines.push((LOAD, 0, 0, low));
            lines.push((JUMP_IF_EQUAL, 0, 1, argument));
        }
    }
    lines.push((RETURN, 0, 0, eperm));
    lines.push((RETURN, 0, 0, 0x7fff_0000));
    let bytes =
        |(code, yes, no, k): (u16, u8, u8, u32)| [&code.to_ne_bytes()[..], &[yes, no], &k.to_ne_bytes()].concat();
    lines.into_iter().flat_map(bytes).collect()
}

/// Under that filter, with every capability of a user namespace.
fn filtered(filter: &[u8], line: &str) -> Seen {
    need("bwrap");
    let folder = Folder::new();
    let file = folder.join("filter");
    fs::write(&file, filter).expect("a file");
    let bwrap = "bwrap --unshare-user --uid 0 --gid 0 --cap-add ALL --dev-bind / / --seccomp 9";
    sh(&format!("exec 9<{}; {bwrap} {line}", file.display()))
}

fn filter_refuses_unshare() {
    for tool in TOOLS {
        let seen = filtered(&filter(libc::SYS_unshare, None), &format!("{tool} -- echo ran"));
        hinted(&seen, "unshare(CLONE_NEW", &table::SECCOMP, "a seccomp filter refuses unshare(CLONE_NEW");
    }
}

fn filter_may_refuse_unshare() {
    let new_net = libc::CLONE_NEWNET as u32;
    let seen = filtered(&filter(libc::SYS_unshare, Some(new_net)), "unshare-net -- echo ran");
    hinted(&seen, "unshare(CLONE_NEWNET): EPERM", &table::PERHAPS_SECCOMP, "a seccomp filter is installed");
    let seen = filtered(&filter(libc::SYS_unshare, Some(new_net)), "unshare-uts -- echo ran");
    assert_eq!(seen.ok(), "ran", "the filter refuses nothing else");
}

fn filter_refuses_mount() {
    let seen = filtered(&filter(libc::SYS_mount, None), "unshare-pid --mount-proc -- echo ran");
    hinted(&seen, "mount(", &table::SECCOMP, "a seccomp filter refuses mount(2)");
    let seen = filtered(&filter(libc::SYS_mount, None), "unshare-mnt -- echo ran");
    hinted(&seen, "mount(\"/\", MS_REC | MS_PRIVATE)", &table::SECCOMP, "a seccomp filter refuses mount(2)");
    for (call, number, options) in [
        ("fsopen", libc::SYS_fsopen, "--tmpfs /mnt"),
        ("fsmount", libc::SYS_fsmount, "--tmpfs /mnt"),
        ("move_mount", libc::SYS_move_mount, "--tmpfs /mnt"),
        ("open_tree", libc::SYS_open_tree, "--bind /etc /mnt"),
        ("mount_setattr", libc::SYS_mount_setattr, "--ro-bind /etc /mnt"),
        ("pivot_root", libc::SYS_pivot_root, "--root /"),
    ] {
        let seen = filtered(&filter(number, None), &format!("unshare-mnt {options} -- echo ran"));
        hinted(&seen, &format!("{call}("), &table::SECCOMP, &format!("a seccomp filter refuses {call}(2)"));
    }
}

fn no_sub_ids() {
    let seen = if is_root() {
        sh("setpriv --reuid 12345 --regid 12345 --clear-groups unshare-user --map-auto -- echo ran")
    } else {
        // The same user where the files are empty.
        sh(
            "unshare-user -c -- unshare --mount sh -ec 'mount --bind /dev/null /etc/subuid; mount --bind /dev/null /etc/subgid; exec unshare-user --map-auto -- echo ran'",
        )
    };
    hinted(&seen, "--map-auto: ", &unshare_user::table::NO_SUB_IDS, "/etc/subuid");
    assert!(seen.err.contains("has no subordinate user IDs in /etc/subuid"), "{seen:?}");
}

/// Somebody who needs newuidmap.
fn ordinary() -> &'static str {
    if is_root() { "setpriv --reuid 12345 --regid 12345 --clear-groups " } else { "" }
}

fn newuidmap_is_missing() {
    let tool = tools().join("unshare-user");
    let tool = tool.display();
    let front = ordinary().replace("setpriv", "exec $(command -v setpriv)");
    let seen = sh(&format!("PATH=/nowhere {front} {tool} --map-users 0:300000:9 -- echo ran"));
    hinted(&seen, "newuidmap: not found on PATH", &unshare_user::table::HELPER_MISSING, "install the package uidmap");
    let seen = sh(&format!("PATH=/nowhere {front} {tool} --map-groups 0:300000:9 -- echo ran"));
    hinted(&seen, "newgidmap: not found on PATH", &unshare_user::table::HELPER_MISSING, "install the package uidmap");
}

fn newuidmap_without_rights() {
    need("newuidmap");
    let folder = folder_with("none", "");
    sh(&format!("cp $(command -v newuidmap) {folder}/newuidmap && chmod 755 {folder}/newuidmap")).ok();
    let seen = sh(&format!("PATH={folder}:$PATH exec {} unshare-user --map-users 0:300000:9 -- echo ran", ordinary()));
    hinted(
        &seen,
        "newuidmap 0 300000 9: exit status 1",
        &unshare_user::table::HELPER_NOT_PRIVILEGED,
        &format!("{folder}/newuidmap"),
    );
}

fn newuidmap_under_no_new_privs() {
    need("newuidmap");
    let (id, line) = if is_root() {
        (12345, "setpriv --reuid 12345 --regid 12345 --clear-groups --no-new-privs")
    } else {
        (sub_ids().0, "setpriv --no-new-privs")
    };
    let seen = sh(&format!("{line} unshare-user --map-users 0:{id}:9 -- echo ran"));
    hinted(&seen, "newuidmap 0 ", &unshare_user::table::HELPER_NO_NEW_PRIVS, "no_new_privs is set");
}

fn newuidmap_refuses_the_range() {
    need("newuidmap");
    let seen = sh(&format!("{} unshare-user --map-users 0:4000000000:9 -- echo ran", ordinary()));
    hinted(&seen, "newuidmap 0 4000000000 9: exit status 1", &unshare_user::table::HELPER_RANGE, "/etc/subuid");
}

fn helper_is_killed() {
    let folder = folder_with("newuidmap", "kill -KILL $PPID");
    let seen = sh(&format!("PATH={folder}:$PATH exec {} unshare-user --map-users 0:300000:9 -- echo ran", ordinary()));
    hinted(&seen, "newuidmap 0 300000 9: EPIPE", &unshare_user::table::HELPER_GONE, "killed");
}

fn helper_is_stopped() {
    let folder = folder_with("newuidmap", "kill -STOP $PPID");
    let line = format!("PATH={folder}:$PATH exec {} unshare-user --map-users 0:300000:9 -- echo ran", ordinary());
    let seen = watch(script(&line), Duration::from_secs(60));
    hinted(&seen, "newuidmap 0 300000 9: ETIMEDOUT", &unshare_user::table::HELPER_GONE, "stopped");
}

fn proc_is_covered() {
    let seen =
        with_mounts("mount --bind /dev/null /proc/uptime; exec unshare-user -- unshare-pid --mount-proc -- echo ran");
    hinted(&seen, "mount(\"proc\", \"/proc\"): EPERM", &table::PROC_COVERED, "/proc/uptime");
    // What lies over a directory that is always empty hides nothing, and is not named.
    if !Path::new("/proc/sys/fs/binfmt_misc").exists() {
        return;
    }
    let seen = with_mounts(
        "mount -t tmpfs none /proc/sys/fs/binfmt_misc; exec unshare-user -- unshare-pid --mount-proc -- echo ran",
    );
    assert_eq!(seen.ok(), "ran");
    let seen = with_mounts(
        "mount -t tmpfs none /proc/sys/fs/binfmt_misc; mount --bind /dev/null /proc/uptime
         exec unshare-user -- unshare-pid --mount-proc -- echo ran",
    );
    hinted(&seen, "mount(\"proc\", \"/proc\"): EPERM", &table::PROC_COVERED, "/proc/uptime");
    assert!(!seen.err.contains("binfmt_misc"), "{seen:?}");
}

fn proc_is_read_only() {
    let read_only = "mount -o remount,bind,ro /proc";
    let seen = with_mounts(&format!("{read_only}; exec unshare-user -- echo ran"));
    hinted(&seen, "write(/proc/self/uid_map, \"0 ", &table::PROC_READ_ONLY, "remount,rw");
    // Without a map to write it gets as far as a new /proc, which would be writable.
    let seen =
        with_mounts(&format!("{read_only}; exec unshare-user --map-none -- unshare-pid --mount-proc -- echo ran"));
    hinted(&seen, "mount(\"proc\", \"/proc\"): EPERM", &table::PROC_READ_ONLY, "remount,rw");
}

/// What a link sets through `/proc` that is no map.
fn proc_is_no_use_to_other_settings() {
    for link in [
        "unshare-ipc --sysctl kernel.shmmax=1000",
        "unshare-net --sysctl net.ipv4.ip_forward=1",
        "unshare-time --boottime 1d",
        "unshare-time",
    ] {
        let seen = with_mounts(&format!("mount -t tmpfs none /proc; exec {link} -- echo ran"));
        hinted(&seen, "ENOENT", &table::PROC_ABSENT, "no /proc");
        let seen = with_mounts(&format!("mount -o remount,bind,ro /proc; exec {link} -- echo ran"));
        match link {
            "unshare-time" => assert_eq!(seen.ok(), "ran"),
            "unshare-time --boottime 1d" => hinted(&seen, "EROFS", &table::PROC_READ_ONLY, "remount,rw"),
            _ => hinted(&seen, "EROFS", &table::SYSCTL_READ_ONLY, "remount,rw /proc"),
        }
    }
    // Mode 0444, for root as well: no right helps.
    let key = "net.ipv4.tcp_available_congestion_control";
    let seen = sh(&format!("{} unshare-net --sysctl {key}=x -- echo ran", user()));
    hinted(&seen, "EACCES", &table::SYSCTL_FOR_READING, key);
    let only_settings = "mount --bind /proc/sys /proc/sys; mount -o remount,bind,ro /proc/sys";
    let seen = with_mounts(&format!("{only_settings}; exec unshare-net --sysctl net.ipv4.ip_forward=1 -- echo ran"));
    hinted(&seen, "EROFS", &table::SYSCTL_READ_ONLY, "remount,rw /proc/sys");
}

/// What is mounted over a file of /proc takes a write, and nothing is set: nobody may be told that it was.
fn proc_is_not_the_kernels() {
    let cover = |file: &str| format!("mount --bind /dev/null {file}");
    for (file, call, link) in [
        ("/proc/$$/uid_map", "write(/proc/self/uid_map, ", "unshare-user"),
        ("/proc/$$/gid_map", "write(/proc/self/gid_map, ", "unshare-user"),
        ("/proc/$$/setgroups", "write(/proc/self/setgroups, ", "unshare-user --setgroups deny"),
        ("/proc/$$/timens_offsets", "write(\"/proc/self/timens_offsets\", ", "unshare-time --boottime 365d"),
    ] {
        let seen = with_mounts(&format!("{}; exec {link} -- echo ran", cover(file)));
        hinted(&seen, call, &table::PROC_FAKE, "umount it");
        assert!(seen.err.contains("ENODEV"), "{seen:#?}");
    }
    let settings = "mount -t tmpfs none /proc/sys/kernel; touch /proc/sys/kernel/shmmax";
    let seen = with_mounts(&format!("{settings}; exec unshare-ipc --sysctl kernel.shmmax=9 -- echo ran"));
    hinted(&seen, "write(\"/proc/sys/kernel/shmmax\", \"9\"): ENODEV", &table::PROC_FAKE, "umount it");
    let kept = Folder::new();
    let seen = with_mounts(&format!(
        "mount -t tmpfs none /proc/$$/ns; touch /proc/$$/ns/uts; exec unshare-uts --keep {kept}/kept -- echo ran"
    ));
    hinted(&seen, "MS_BIND): ENODEV", &table::PROC_FAKE, "umount it");
    assert!(!kept.join("kept").exists(), "nothing is left");
    // A whole /proc of somebody's own.
    let fake = "mount -t tmpfs none /proc; mkdir /proc/self; cd /proc/self; touch uid_map gid_map setgroups";
    let seen = with_mounts(&format!("{fake}; exec unshare-user -- echo ran"));
    hinted(&seen, "write(/proc/self/uid_map, ", &table::PROC_FAKE, "umount it");
    let seen = with_mounts(&format!(
        "touch /tmp/$$; {}; mkdir ns; touch ns/uts; unshare-uts --keep /tmp/$$ -- echo ran; s=$?; rm /tmp/$$; exit $s",
        fake.replace("touch uid_map", "ln -s /dev/null fd; touch uid_map")
    ));
    assert!(!seen.out.contains("ran") && seen.code() == 125, "{seen:#?}");
}

fn proc_is_absent() {
    let absent = "mount -t tmpfs none /proc";
    let seen = with_mounts(&format!("{absent}; exec unshare-user -- echo ran"));
    hinted(&seen, "write(/proc/self/uid_map, \"0 ", &table::PROC_ABSENT, "no /proc");
    let seen = with_mounts(&format!("{absent}; exec unshare-user --map-users 0:0:2 -- echo ran"));
    hinted(&seen, "read(/proc/self/uid_map): ENOENT", &table::PROC_ABSENT, "no /proc");
    let seen = with_mounts(&format!("{absent}; exec unshare-user --map-none -- unshare-pid --mount-proc -- echo ran"));
    hinted(&seen, "mount(\"proc\", \"/proc\"): EPERM", &table::PROC_ABSENT, "no /proc");
}

fn no_process_more() {
    // Root has no such limit.
    let ordinary = if is_root() { "setpriv --reuid 65534 --regid 65534 --clear-groups " } else { "" };
    let seen = sh(&format!("{ordinary}prlimit --nproc=1 unshare-user -- unshare-pid -- echo ran"));
    hinted(&seen, "fork(): EAGAIN", &table::USER_PROCESSES, "and may have 1 ('ulimit -u')");
}

/// By the group that counts processes, where that is one of cgroup v1 and root may make another.
fn no_process_more_in_a_group() {
    let mounts = fs::read_to_string("/proc/self/mounts").expect("the mounts");
    let mut mounts = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    let counts = |mount: &Vec<&str>| mount[2] == "cgroup" && mount[3].split(',').any(|word| word == "pids");
    let Some(place) =
        mounts.find(counts).map(|mount| Path::new(mount[1]).join(format!("suite-{}", std::process::id())))
    else {
        return;
    };
    if fs::create_dir(&place).is_err() {
        return;
    }
    let place = place.display();
    let seen = sh(&format!(
        "echo 1 >{place}/pids.max; sh -c 'echo $$ >{place}/cgroup.procs; exec unshare-pid -- echo ran'; s=$?
         rmdir {place}; exit $s"
    ));
    hinted(&seen, "fork(): EAGAIN", &table::GROUP_PROCESSES, "as its pids.max allows, 1:");
}

fn mount_point_is_missing() {
    let seen = sh(&format!("{} unshare-pid --mount-proc=/nowhere -- echo ran", user()));
    hinted(&seen, "mount(\"proc\", \"/nowhere\"): ENOENT", &table::MOUNT_POINT_MISSING, "mkdir /nowhere");
    let seen = sh(&format!("{} unshare-pid --mount-proc=/etc/passwd -- echo ran", user()));
    hinted(&seen, "mount(\"proc\", \"/etc/passwd\"): ENOTDIR", &table::NOT_A_DIRECTORY, "/etc/passwd");
}

fn keep_without_rights() {
    let folder = Folder::new();
    let seen = sh(&format!("unshare-user -- unshare-uts --keep {folder}/kept -- echo ran"));
    hinted(&seen, "MS_BIND): EPERM", &table::KEEP_CAPABILITY, "CAP_SYS_ADMIN over that one");
    assert!(!folder.join("kept").exists(), "nothing is left");
}

fn keep_without_its_directory() {
    let folder = Folder::new();
    let seen = sh(&format!("{} unshare-uts --keep {folder}/none/kept -- echo ran", user()));
    hinted(&seen, "O_CREAT): ENOENT", &table::KEEP_DIRECTORY, &format!("mkdir -p {folder}/none"));
    let seen = sh(&format!("{} unshare-pid --pid-file {folder}/none/pid -- echo ran", user()));
    hinted(&seen, "ENOENT", &table::KEEP_DIRECTORY, &format!("mkdir -p {folder}/none"));
}

fn keep_on_a_shared_mount() {
    let folder = Folder::new();
    let seen = with_mounts(&format!("mount --make-rshared /; unshare-mnt --keep {folder}/kept -- echo ran"));
    hinted(&seen, "mount(/proc/self/ns/mnt, ", &table::KEEP_SHARED, &format!("mount --make-private {folder}"));
    assert!(!folder.join("kept").exists(), "nothing is left");
    // What the hint says is what to do.
    let private = format!("mount --bind {folder} {folder} && mount --make-private {folder}");
    let seen = with_mounts(&format!("mount --make-rshared /; {private}; unshare-mnt --keep {folder}/kept -- echo ran"));
    assert_eq!(seen.ok(), "ran");
}

/// Since Linux 6.18 the kernel refuses some of these, by the CPU on which the two namespaces were made.
fn keep_on_any_cpu() {
    let folder = Folder::new();
    let last = std::thread::available_parallelism().map_or(1, usize::from) - 1;
    for (outer, inner) in [(0, last), (last, 0)] {
        let seen = sh(&format!(
            "{} taskset -c {outer} unshare --mount --propagation private sh -ec '
                mount --bind {folder} {folder}; mount --make-private {folder}
                taskset -c {inner} unshare-mnt --keep {folder}/kept -- grep ^Cpus_allowed_list /proc/self/status
                umount {folder}/kept'",
            user()
        ));
        assert_eq!(seen.ok(), format!("Cpus_allowed_list:\t{inner}"), "it may run where it might before");
    }
}

fn outer_root_needs_setfcap() {
    let seen = sh("unshare-user --drop-caps -- unshare-user -- echo ran");
    hinted(
        &seen,
        "write(/proc/self/uid_map, \"0 0 1\"): EPERM",
        &unshare_user::table::ROOT_NEEDS_SETFCAP,
        "CAP_SETFCAP",
    );
}

fn interpreter_is_missing() {
    let folder = folder_with("script", "");
    for (line, row) in [("#!/nowhere/sh", &table::INTERPRETER), ("#!/bin/sh\r", &table::INTERPRETER_CR)] {
        fs::write(folder.join("script"), format!("{line}\necho ran\n")).expect("a script");
        for tool in TOOLS {
            let front = if tool == "unshare-user" { "" } else { user() };
            let seen = sh(&format!("{front} {tool} -- {folder}/script"));
            assert_eq!(seen.code(), 127, "{seen:?}");
            let start = row.hint.split("{}").nth(1).expect("a piece");
            assert!(seen.err.contains(start), "{seen:?}");
        }
    }
}

// What cannot be provoked here is decided from facts as their documentation gives them.
