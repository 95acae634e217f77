//! `limit-cgroup`: its options, and what it says of them.

use crate::support::cgroups::{Group, has, some_knob, tree};
use crate::support::{is_root, sh, user};

crate::tests![
    bad_input,
    unknown_option,
    missing_command,
    no_tree,
    refused_to_an_ordinary_user,
    command_is_inside,
    unknown_knob,
    set_and_read_back,
    rounded,
    explained,
];

/// Where nothing tells of the caller's group, or it is not to be seen.
fn no_tree() {
    let scene = |before: &str| {
        sh(&format!(
            "exec {} unshare --mount --propagation private sh -ec '{before}; exec limit-cgroup --set cgroup.max.depth=9 -- echo ran'",
            user()
        ))
    };
    let seen = scene("mount -t tmpfs none /proc");
    assert!(seen.refused().ends_with("limit-cgroup: hint: it takes /proc"), "{seen:?}");
    let tree = tree().display();
    let seen = scene(&format!("mount -t tmpfs none {tree}"));
    let hidden =
        "is not found in a file system\nlimit-cgroup: hint: the cgroup2 file system that is mounted here belongs to";
    assert!(seen.refused().contains(hidden), "{seen:?}");
    if is_root() {
        let seen = scene(&format!("umount -l {tree}"));
        let none = "is not found in a file system\nlimit-cgroup: hint: no cgroup2 file system is mounted here";
        assert!(seen.refused().contains(none), "{seen:?}");
    }
}

/// Options that are wrong by themselves: refused for everybody, before anything is made.
fn bad_input() {
    let group = Group::new();
    let parent = group.as_ref().map_or_else(String::new, |group| format!("--parent {group} "));
    let long = "n".repeat(256);
    for (options, says) in [
        ("--memory -1", "--memory \"-1\": not a size"),
        ("--memory=-1", "--memory \"-1\": not a size"),
        ("--memory 12Q", "--memory \"12Q\": not a size"),
        ("--memory 1e3", "--memory \"1e3\": not a size"),
        ("--memory 1.M", "--memory \"1.M\": not a size"),
        ("--memory ''", "--memory \"\": not a size"),
        ("--memory 0", "--memory \"0\": less than a page"),
        ("--memory 1024P --memory 9999P", "--memory \"9999P\": out of range"),
        ("--cpus 0", "--cpus \"0\": less than 0.01"),
        ("--cpus 0.001", "--cpus \"0.001\": less than 0.01"),
        ("--cpus -1", "--cpus \"-1\": not a number"),
        ("--cpus half", "--cpus \"half\": not a number"),
        ("--cpus 99999999", "--cpus \"99999999\": out of range"),
        ("--pids-limit 0", "--pids-limit \"0\": the command itself is one"),
        ("--pids-limit -1", "--pids-limit \"-1\": not a number"),
        ("--pids-limit 1.5", "--pids-limit \"1.5\": not a number"),
        ("--pids-limit 9999999", "--pids-limit \"9999999\": out of range"),
        ("--name a/b", "--name \"a/b\": a name has no '/'"),
        ("--name ..", "--name \"..\": no name for a group"),
        ("--name .", "--name \".\": no name for a group"),
        ("--name ''", "--name \"\": the name is empty"),
        ("--name \"$(printf 'a\\nb')\"", "--name \"a\\nb\": a name has no newline"),
        (&format!("--name {long}"), "more than 255 bytes"),
        ("--parent /tmp", "--parent \"/tmp\": not a control group"),
        ("--parent /no/such/group", "--parent \"/no/such/group\": not a control group"),
        ("--set memory.max", "--set \"memory.max\": expected FILE=VALUE"),
        ("--set ../x.y=1", "no such control file"),
        ("--set .x=1", "no such control file"),
        ("--set cgroup.max.depth=", "no value"),
        ("--set cgroup.procs=1", "limits nothing"),
        ("--set cgroup.kill=1", "limits nothing"),
        ("--set cgroup.freeze=1", "the command could not start"),
        ("--set cgroup.subtree_control=+pids", "can hold no processes"),
        ("--set /etc/motd=1", "no such control file"),
        ("--set a/memory.max=1", "no such control file"),
        ("--memory nan", "--memory \"nan\": not a size"),
        ("--memory 5iB", "--memory \"5iB\": not a size"),
        ("--cpus nan", "--cpus \"nan\": not a number"),
        ("--cpus 1e1", "--cpus \"1e1\": not a number"),
        ("--parent ''", "--parent \"\": not a control group"),
    ] {
        let seen = sh(&format!("limit-cgroup {parent}{options} -- echo ran"));
        assert!(seen.refused().starts_with("limit-cgroup: ") && seen.err.contains(says), "{options}: {seen:#?}");
        assert!(seen.err.lines().count() <= 2, "{options}: {seen:#?}");
    }
    assert!(group.is_none_or(|group| group.children().is_empty()));
}

fn unknown_option() {
    assert!(sh("limit-cgroup --bogus true").refused().starts_with("limit-cgroup: unexpected argument '--bogus'"));
    assert!(sh("limit-cgroup --keep /tmp/x true").refused().starts_with("limit-cgroup: unexpected argument '--keep'"));
}

fn missing_command() {
    for options in ["--", "--name x --", "--cpus 1 --"] {
        let seen = sh(&format!("echo 'echo a shell ran' | limit-cgroup {options}"));
        assert!(seen.refused().contains("a command is missing after '--'"), "{seen:?}");
    }
}

fn refused_to_an_ordinary_user() {
    let put_off = if is_root() { "setpriv --reuid 65534 --regid 65534 --clear-groups " } else { "" };
    let seen = sh(&format!("{put_off}limit-cgroup --parent {} -- echo ran", tree().display()));
    assert!(seen.refused().contains("EACCES: Permission denied"), "{seen:?}");
    assert!(seen.refused().contains("systemd-run --scope -p Delegate=yes"), "{seen:?}");
}

/// What the scenes below are for root, and for a user to whom a group was delegated, as `make check-vm` does; to everybody
/// else the group is refused.
pub fn group() -> Option<Group> {
    let group = Group::new();
    if group.is_none() {
        sh(&format!("limit-cgroup --parent {} -- echo ran", tree().display())).refused();
    }
    group
}

/// The same for a scene in which root gives a group away, or makes namespaces without a user namespace.
pub fn group_of_root() -> Option<Group> {
    if is_root() {
        return group();
    }
    sh(&format!("limit-cgroup --parent {} -- echo ran", tree().display())).refused();
    None
}

fn command_is_inside() {
    let Some(group) = group() else { return };
    let name = group.name();
    let seen = sh(&format!("limit-cgroup --parent {group} --name in -- grep ^0:: /proc/self/cgroup; ls -d {group}/*/"));
    assert_eq!(seen.out, format!("0::/{name}/in\n"));
    // Also where the group is named as /proc names it; and the supervisor is not inside.
    let seen = sh(&format!(
        "limit-cgroup --parent /{name} -- sh -c 'grep ^0:: /proc/$PPID/cgroup; cat {group}/limit-*/cgroup.procs; echo $$'"
    ));
    let lines: Vec<&str> = seen.ok().lines().collect();
    assert!(!lines[0].contains("limit-"), "{seen:?}");
    // The shell, and the `cat` that looked.
    assert_eq!((lines.len(), lines[1]), (4, lines[3]), "{seen:?}");
    assert!(group.children().is_empty());
    // The view from a cgroup namespace inside.
    let user = user();
    let seen = sh(&format!("limit-cgroup --parent {group} -- {user}unshare-cgroup -- grep ^0:: /proc/self/cgroup"));
    assert_eq!(seen.ok(), "0::/");
}

fn unknown_knob() {
    let Some(group) = group() else { return };
    let (controller, _, _) = some_knob();
    for (file, says) in [
        ("cgroup.bogus", "there is no cgroup.bogus here; there are: cgroup.controllers"),
        (&format!("{controller}.bogus"), "there are:"),
        ("irq.pressure.bogus", "the controller 'irq' is not there"),
        ("cgroup.events", "cgroup.events is for reading alone"),
        ("bogus.max", "the controller 'bogus' is not there"),
    ] {
        let seen = sh(&format!("limit-cgroup --parent {group} --set {file}=1 -- echo ran"));
        assert!(seen.refused().contains(says), "{seen:?}");
    }
    let seen = sh(&format!("limit-cgroup --parent {group} --set cgroup.max.depth=deep -- echo ran"));
    assert!(seen.refused().contains("EINVAL") && seen.err.contains("hint: not a value"), "{seen:?}");
    assert!(group.children().is_empty());
}

fn set_and_read_back() {
    let Some(group) = group() else { return };
    let (_, file, value) = some_knob();
    let seen = sh(&format!(
        "limit-cgroup --parent {group} --name it --set cgroup.max.depth=2 --set cgroup.max.descendants=3 --set {file}={value} -- \
         cat {group}/it/cgroup.max.depth {group}/it/cgroup.max.descendants {group}/it/{file}"
    ));
    assert_eq!(seen.ok(), format!("2\n3\n{value}"));
    assert_eq!(seen.err, "");
}

/// What the kernel made of a value is said, where it is another one.
fn rounded() {
    let Some(group) = group() else { return };
    let (option, file, asked, set) = if has("memory") {
        ("--memory 10000000", "memory.max", "10000000", "9998336")
    } else {
        ("--set hugetlb.2MB.max=3000000", "hugetlb.2MB.max", "3000000", "2097152")
    };
    let seen = sh(&format!("limit-cgroup --parent {group} --name it {option} -- cat {group}/it/{file}"));
    assert_eq!(seen.ok(), set);
    assert_eq!(seen.err, format!("limit-cgroup: {file}: \"{asked}\" was asked for, the kernel set \"{set}\"\n"));
}

fn explained() {
    let Some(group) = group() else { return };
    let seen = sh(&format!("limit-cgroup --explain --parent {group} --name it --set cgroup.max.depth=5 -- echo ran"));
    assert_eq!(seen.ok(), "ran");
    for line in [
        &format!("mkdir(\"{group}/it\") = 0"),
        &format!("write(\"{group}/it/cgroup.max.depth\", \"5\") = 0"),
        &format!("read(\"{group}/it/cgroup.max.depth\") = \"5\""),
        &format!("write(\"{group}/it/cgroup.procs\", \"0\") = 0"),
        "execvp(\"echo\")",
    ] {
        assert!(seen.err.contains(&format!("limit-cgroup: {line}")), "{line}: {seen:#?}");
    }
    let seen = sh(&format!("UNSHARE_EXPLAIN=1 limit-cgroup --parent {group} -- echo ran"));
    assert!(seen.ok() == "ran" && seen.err.contains("execvp"), "{seen:?}");
}
