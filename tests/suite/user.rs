//! Who the command is under `unshare-user`, what it may do, and what it stays tied to.

use crate::support::{Folder, eventually, is_root, kill_group, many, marked, need, script, sh, sub_ids};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::Stdio;
use std::time::Instant;

crate::tests![
    who_the_caller_is_inside,
    owner_of_a_file_made_inside,
    every_capability_under_every_identity,
    no_capability_is_left,
    none_comes_back,
    children_of_the_powerless,
    identity,
    groups_need_setgroups,
    tie_survives_a_change_of_identity,
    tie_has_no_gap,
    tie_holds_at_any_moment,
];

/// The IDs of whoever runs this.
pub fn own() -> (u32, u32) {
    (nix::unistd::geteuid().as_raw(), nix::unistd::getegid().as_raw())
}

fn who_the_caller_is_inside() {
    let (user, group) = own();
    let id = "-- sh -c 'id -u; id -g'";
    for (options, seen) in [
        ("", "0\n0".to_owned()),
        ("-r", "0\n0".to_owned()),
        ("--map-root-user", "0\n0".to_owned()),
        ("-c", format!("{user}\n{group}")),
        ("--map-current-user", format!("{user}\n{group}")),
        ("--map-user 7", "7\n0".to_owned()),
        ("--map-group 8", "0\n8".to_owned()),
        ("--map-user 7 --map-group 8", "7\n8".to_owned()),
        ("--map-none", "65534\n65534".to_owned()),
    ] {
        assert_eq!(sh(&format!("unshare-user {options} {id}")).ok(), seen, "{options}");
    }
    let maps = sh("unshare-user --map-none -- cat /proc/self/uid_map /proc/self/gid_map");
    assert_eq!(maps.ok(), "");
    // As unshare(1): one's own group alone may not be left, so setgroups(2) is off.
    assert_eq!(sh("unshare-user -- cat /proc/self/setgroups").ok(), "deny");
}

fn owner_of_a_file_made_inside() {
    let folder = Folder::new();
    for options in ["", "-c", "--map-user 7 --map-group 8"] {
        let file = folder.join("file");
        let seen = sh(&format!(
            "unshare-user {options} -- sh -c 'touch {0}; stat -c %u:%g {0}; id -u; id -g'",
            file.display()
        ));
        let inside: Vec<&str> = seen.ok().lines().collect();
        assert_eq!(inside[0], format!("{}:{}", inside[1], inside[2]), "the owner inside is who made it");
        let data = fs::metadata(&file).expect("the file");
        assert_eq!((data.uid(), data.gid()), own(), "{options}: the owner outside is the caller");
        fs::remove_file(file).expect("the file");
    }
}

/// The five sets of `/proc/self/status`, in its order.
fn sets(line: &str) -> Vec<u64> {
    let seen = sh(&format!("{line} grep ^Cap /proc/self/status"));
    let sets: Vec<u64> = seen
        .ok()
        .lines()
        .map(|line| u64::from_str_radix(line.split_whitespace().nth(1).expect("a set"), 16).expect("hexadecimal"))
        .collect();
    assert_eq!(sets.len(), 5, "{seen:?}");
    sets
}

/// Every way to be somebody inside. The last needs many IDs.
const IDENTITIES: [&str; 6] =
    ["", "-c", "--map-user 7", "--map-none", "-c --setuid $(id -u)", "MANY --setuid 5 --setgid 6"];

/// The line for one of them.
fn with_identity(options: &str) -> String {
    let line = match (options.strip_prefix("MANY "), is_root()) {
        (None, _) => format!("unshare-user {options} -- "),
        (Some(rest), true) => format!("unshare-user --map-users 0:0:100 --map-groups 0:0:100 {rest} -- "),
        (Some(rest), false) => format!("unshare-user --map-auto {rest} -- "),
    };
    if !is_root() && options.starts_with("MANY") {
        sub_ids();
    }
    line
}

fn every_capability_under_every_identity() {
    for options in IDENTITIES {
        let line = with_identity(options);
        let [_, permitted, effective, bounding, _] = sets(&line)[..] else { unreachable!() };
        assert!(permitted == effective && effective == bounding && bounding != 0, "{line}");
        // The next link works, whichever it is.
        let chain =
            format!("{line} unshare-pid -- unshare-ipc -- unshare-net -- unshare-uts --hostname box -- hostname");
        assert_eq!(sh(&chain).ok(), "box", "{chain}");
    }
}

fn no_capability_is_left() {
    for options in IDENTITIES {
        let line = with_identity(&format!("{options} --drop-caps"));
        assert_eq!(sets(&line), [0; 5], "{line}");
        let refused = sh(&format!("{line} unshare-uts -- true"));
        assert!(refused.refused().contains("needs CAP_SYS_ADMIN here"), "{refused:?}");
    }
}

/// Neither a setuid root program nor one with file capabilities, both of the namespace's own root, gives one back.
fn none_comes_back() {
    need("setcap");
    let folder = Folder::new();
    let _ = fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755));
    let many = many();
    let auto = many.trim_end_matches("-- ");
    sh(&format!(
        "{many} sh -c 'cp $(command -v grep) {folder}/setuid; cp $(command -v grep) {folder}/file
            chown 0:0 {folder}/*; chmod 4755 {folder}/setuid; setcap cap_net_raw,cap_sys_admin+ep {folder}/file'"
    ))
    .ok();
    // As a control: with the capabilities, both give some to the inner user 5.
    for program in ["setuid", "file"] {
        let five = "setpriv --reuid 5 --regid 5 --clear-groups --inh-caps=-all --ambient-caps=-all";
        let seen = sh(&format!("{many} {five} {folder}/{program} ^CapEff /proc/self/status"));
        assert_ne!(seen.ok(), "CapEff:\t0000000000000000", "{program}: the control gets some");
        for identity in ["", "--setuid 5 --setgid 5"] {
            let seen = sh(&format!("{auto} {identity} --drop-caps -- {folder}/{program} ^Cap /proc/self/status"));
            let all_are_empty = seen.out.lines().all(|line| line.ends_with("\t0000000000000000"));
            assert!(seen.out.is_empty() || all_are_empty, "{program} {identity}: {seen:?}");
            // A file whose capabilities may not all be had is not executed at all, which is as good.
            assert!(!seen.out.is_empty() || program == "file", "{program} {identity}: {seen:?}");
        }
    }
}

fn children_of_the_powerless() {
    let chain =
        "unshare-user -- unshare-user -c --drop-caps -- unshare-user -c -- unshare-uts --hostname box -- hostname";
    if !is_root() {
        let seen = sh("unshare-user -c --drop-caps -- unshare-user -- unshare-uts --hostname box -- hostname");
        assert_eq!(seen.ok(), "box");
    }
    // The inner 0 without capabilities may not map itself: its own kind of refusal, told in full.
    let seen = sh(chain);
    assert!(seen.refused().contains("CAP_SETFCAP"), "{seen:?}");
    let chain = "unshare-user --map-user 5 -- unshare-user -c --drop-caps -- unshare-user -- unshare-uts --hostname box -- hostname";
    assert_eq!(sh(chain).ok(), "box");
}

fn identity() {
    let many = many();
    let auto = many.trim_end_matches("-- ");
    let id = "-- sh -c 'id -u; id -g; id -G'";
    for (options, seen) in [
        ("--setuid 5", "5\n0\n0"),
        ("-S 5 -G 6", "5\n6\n6"),
        ("--setgid 6", "0\n6\n6"),
        ("--setgid 6 --groups 7,8", "0\n6\n6 7 8"),
        ("--setuid 5 --setgid 6 --groups 7 --groups 8", "5\n6\n6 7 8"),
    ] {
        assert_eq!(sh(&format!("{auto} {options} {id}")).ok(), seen, "{options}");
    }
    // All three user IDs and all three group IDs, and those of the file system.
    let seen = sh(&format!("{auto} -S 5 -G 6 -- grep -E '^[UG]id' /proc/self/status"));
    assert_eq!(seen.ok(), "Uid:\t5\t5\t5\t5\nGid:\t6\t6\t6\t6");
    // With one ID alone, to be that one is possible, and setgroups(2) is not asked for.
    assert_eq!(sh("unshare-user --setuid 0 --setgid 0 -- id -u").ok(), "0");
}

fn groups_need_setgroups() {
    let many = many();
    let auto = many.trim_end_matches("-- ");
    assert_eq!(sh(&format!("{auto} -- cat /proc/self/setgroups")).ok(), "allow");
    assert_eq!(sh(&format!("{auto} --setgroups allow -- cat /proc/self/setgroups")).ok(), "allow");
    assert_eq!(sh(&format!("{auto} --setgroups deny -- cat /proc/self/setgroups")).ok(), "deny");
    assert_eq!(sh(&format!("{auto} --setgroups deny --setgid 6 -- id -g")).ok(), "6");
    assert_eq!(sh("unshare-user --map-none --setgroups deny -- cat /proc/self/setgroups").ok(), "deny");
    let seen = sh("unshare-user --setgroups allow -- cat /proc/self/setgroups");
    if is_root() {
        assert_eq!(seen.ok(), "allow");
    } else {
        assert!(seen.refused().contains("use --map-auto"), "{seen:?}");
    }
    // Denied once, it is denied in all that is made inside.
    let seen = sh(&format!("{auto} --setgroups deny -- unshare-user --map-groups 0:0:10 --groups 5 -- echo ran"));
    assert!(seen.refused().contains("a user namespace around this one has it so"), "{seen:?}");
    let seen = sh(&format!("{auto} --setgroups deny -- unshare-user --map-groups 0:0:10 --setgid 5 -- id -g"));
    assert_eq!(seen.ok(), "5");
}

/// Does the command `sleep MARK` run?
pub fn sleeps(mark: &str) -> bool {
    let is_sleep = |pid: &u32| fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.starts_with(b"sleep"));
    marked(mark).iter().any(is_sleep)
}

/// A supervisor whose command changed its identity.
fn tied(mark: &str) -> std::process::Child {
    let line = format!(
        "exec {} unshare-pid -- unshare-user --map-users 0:0:10 --map-groups 0:0:10 --setuid 5 --setgid 6 -- sleep {mark}",
        many()
    );
    script(&line).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a process")
}

fn tie_survives_a_change_of_identity() {
    let mark = format!("{}", 73_000_000 + std::process::id());
    let mut child = tied(&mark);
    eventually("the command runs", || sleeps(&mark));
    child.kill().expect("a signal");
    child.wait().expect("its end");
    eventually("the command is gone", || marked(&mark).is_empty());
}

/// The supervisor is killed just after the change of the user ID, before the thread that made it is tied again.
fn tie_has_no_gap() {
    need("strace");
    let mark = format!("{}", 74_000_000 + std::process::id());
    // With -D the tracer is no parent of the tool.
    let slowly = "strace -D -f -o /dev/null -e trace=setresuid -e inject=setresuid:delay_exit=3000000";
    let line = format!(
        "exec {} unshare-pid -- {slowly} unshare-user --map-users 0:0:10 --map-groups 0:0:10 --setuid 5 -- sleep {mark}",
        many()
    );
    let mut child = script(&line).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a process");
    let changed = || {
        marked(&mark).into_iter().any(|pid| {
            let ids = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
            let root = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
            let user = |status: &str| status.lines().find_map(|line| line.strip_prefix("Uid:").map(str::to_owned));
            user(&ids).is_some() && user(&ids) != user(&root)
        })
    };
    eventually("the user ID is changed", changed);
    assert!(!sleeps(&mark), "the tool has not gone on");
    child.kill().expect("a signal");
    child.wait().expect("its end");
    eventually("nobody is left", || marked(&mark).is_empty());
}

/// The supervisor is killed at any moment of the start: nobody survives it.
fn tie_holds_at_any_moment() {
    let mark = format!("{}", 75_000_000 + std::process::id());
    // How long a start takes here and now.
    let begin = Instant::now();
    let mut child = tied(&mark);
    eventually("the command runs", || sleeps(&mark));
    let whole = begin.elapsed();
    kill_group(&child);
    child.wait().expect("its end");
    for n in 0..100 {
        let mut child = tied(&mark);
        std::thread::sleep(whole.mul_f64(f64::from(n) / 100.0));
        child.kill().expect("a signal");
        child.wait().expect("its end");
    }
    eventually("nobody is left", || marked(&mark).is_empty());
}
