//! `limit-cgroup`: the limits hold, for the command and all that it starts; and the group is gone afterwards, however it
//! ended. Where cgroup v1 has the memory, CPU and process controllers, these scenes show that it says so; `make check-vm`
//! has them in v2.

use crate::support::cgroups::{Group, has, some_knob, tree};
use crate::support::runner::skip;
use crate::support::{
    Folder, LIMIT, command, eventually, is_root, kill_group, lives, need, pid_in, script, sh, user, watch,
};
use std::fs;
use std::path::Path;
use std::time::Duration;

crate::tests![
    bad_input,
    unknown_option,
    missing_command,
    no_tree,
    refused_to_an_ordinary_user,
    command_is_inside,
    bounded_world,
    what_it_left_is_ended,
    supervisor_killed,
    guard_killed,
    without_cgroup_kill,
    too_deep_for_a_path,
    frozen,
    frozen_parent,
    parents_that_take_no_group,
    statuses,
    occupied_name,
    unknown_knob,
    set_and_read_back,
    rounded,
    missing_controller,
    parent_hands_down_what_it_did,
    beside_others,
    four_at_once,
    nested,
    delegated,
    not_delegated,
    replaced_by_its_parents_owner,
    explained,
    memory,
    memory_of_a_child,
    pids,
    cpus,
    io,
    cpu_list,
    limited_servers,
    many_in_sequence,
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
fn group() -> Option<Group> {
    let group = Group::new();
    if group.is_none() {
        sh(&format!("limit-cgroup --parent {} -- echo ran", tree().display())).refused();
    }
    group
}

/// The same for a scene in which root gives a group away, or makes namespaces without a user namespace.
fn group_of_root() -> Option<Group> {
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

/// The line that the contract gives, in a group of the caller's own: PID 1 of its world, at the root of its groups, bounded.
fn bounded_world() {
    let Some(group) = group_with("memory", "--memory 512M") else { return };
    let seen = sh(&format!(
        "echo $$ >{group}/cgroup.procs
         exec limit-cgroup --memory 512M -- {}unshare-cgroup -- unshare-pid -- sh <<'.'
         echo $$; cat /proc/self/cgroup {group}/limit-*/memory.max {group}/limit-*/memory.swap.max
.",
        user()
    ));
    assert_eq!((seen.ok(), seen.err.as_str()), ("1\n0::/\n536870912\n0", ""));
    assert!(group.children().is_empty());
}

/// A process in a session of its own, one that ignores signals, groups below: all are gone when the tool has ended.
fn what_it_left_is_ended() {
    let Some(group) = group() else { return };
    let folder = Folder::new();
    let seen = sh(&format!(
        "limit-cgroup --parent {group} --name it -- sh -c '
            mkdir -p {group}/it/a/b
            sh -c \"echo \\$\\$ >{group}/it/a/b/cgroup.procs; exec setsid sh -c \\\"trap : TERM INT HUP; echo \\\\\\$\\\\\\$ >{folder}/pid; while :; do sleep 100; done\\\"\" &
            until [ -s {folder}/pid ]; do sleep 0.01; done
            exit 3'
         echo $?; ls {group} | grep -c '^it$'"
    ));
    assert_eq!(seen.out, "3\n0\n", "{seen:?}");
    assert!(!lives(pid_in(&folder.join("pid"))));
}

/// SIGKILL to the supervisor at any moment: the guard ends what is inside, and removes the group.
fn supervisor_killed() {
    let Some(group) = group() else { return };
    let folder = Folder::new();
    let line = format!(
        "exec limit-cgroup --parent {group} -- sh -c 'setsid sleep 100 & echo $! >{folder}/pid.new; mv {folder}/pid.new {folder}/pid; wait'"
    );
    let mut child = script(&line).spawn().expect("a process");
    let inside = pid_in(&folder.join("pid"));
    assert_eq!(group.children().len(), 1);
    child.kill().expect("a kill");
    child.wait().expect("an end");
    eventually("everybody is gone", || !lives(inside));
    eventually("the group is gone", || group.children().is_empty());
    // And at the start, where it is half made; with all of its process group.
    for delay in 0..40 {
        let mut child = script(&format!("exec limit-cgroup --parent {group} -- sleep 100")).spawn().expect("a process");
        std::thread::sleep(Duration::from_micros(delay * 200));
        kill_group(&child);
        child.wait().expect("an end");
    }
    eventually("all groups are gone", || group.children().is_empty());
}

/// Without its guard the supervisor does the work itself.
fn guard_killed() {
    let Some(group) = group() else { return };
    let seen = sh(&format!(
        "limit-cgroup --parent {group} -- sh -c '
            for pid in $(cat /proc/$PPID/task/$PPID/children); do [ $pid = $$ ] || kill -9 $pid; done
            setsid sleep 100 & exit 6'
         echo $?"
    ));
    assert_eq!(seen.out, "6\n", "{seen:?}");
    assert!(group.children().is_empty());
}

/// As on kernels before 5.14: with the file out of reach, the processes are killed one by one.
fn without_cgroup_kill() {
    need("strace");
    let Some(group) = group() else { return };
    let folder = Folder::new();
    let seen = sh(&format!(
        "strace -f -o {folder}/trace -e trace=openat -e inject=openat:error=ENOENT -P k/cgroup.kill \
         limit-cgroup --parent {group} --name k -- sh -c '
            for i in 1 2 3 4 5; do setsid sh -c \"while :; do sleep 100 & sleep 0.01; done\" & done; sleep 0.2; exit 4'
         echo $?; grep -c INJECTED {folder}/trace"
    ));
    let (status, injected) = seen.out.trim_end().split_once('\n').expect("two lines");
    assert_eq!(status, "4", "{seen:?}");
    assert_ne!(injected, "0", "{seen:?}");
    assert!(group.children().is_empty());
}

/// A command can nest groups until no path is long enough to name the deepest.
fn too_deep_for_a_path() {
    need("perl");
    let Some(group) = group() else { return };
    let nest = "$n = \"x\" x 250; chdir $ARGV[0] or die; for (1..20) { mkdir $n and chdir $n or die \"$!\" } print \"20 deep\"";
    let seen = sh(&format!("limit-cgroup --parent {group} --name it -- perl -e '{nest}' {group}/it"));
    assert_eq!(seen.ok(), "20 deep");
    assert!(group.children().is_empty());
}

/// A group that was frozen from inside: signals still end the command, and nothing is left.
fn frozen() {
    let Some(group) = group() else { return };
    for (signal, status) in [("TERM", "143"), ("KILL", "137")] {
        let seen = sh(&format!(
            "limit-cgroup --parent {group} --name it -- sh -c 'setsid sleep 100 & echo 1 >{group}/it/cgroup.freeze; sleep 100' &
             until grep -q 'frozen 1' {group}/it/cgroup.events; do sleep 0.01; done 2>/dev/null
             kill -{signal} $!; wait $!; echo $?"
        ));
        assert_eq!(seen.out.trim_end(), status, "{seen:?}");
        eventually("the group is gone", || group.children().is_empty());
    }
}

/// What joins a frozen group hangs: that is said instead.
fn frozen_parent() {
    let Some(group) = group() else { return };
    let seen = sh(&format!(
        "mkdir {group}/a; echo 1 >{group}/cgroup.freeze; limit-cgroup --parent {group}/a -- echo ran; s=$?
         echo 0 >{group}/cgroup.freeze; rmdir {group}/a; exit $s"
    ));
    assert!(
        seen.refused().contains(&format!("\"{group}\" is frozen, so the command could not start in it")),
        "{seen:?}"
    );
    assert!(seen.err.contains(&format!("hint: thaw it with 'echo 0 >{group}/cgroup.freeze'")), "{seen:?}");
}

fn parents_that_take_no_group() {
    let Some(group) = group() else { return };
    // A controller that does not count threads.
    let domain = if has("memory") { "memory.max=1G" } else { "hugetlb.2MB.max=2097152" };
    let threaded = format!("mkdir {group}/a; echo threaded >{group}/a/cgroup.type");
    for (before, options, call, hint) in [
        (
            format!("mkdir {group}/a; echo 0 >{group}/cgroup.max.descendants"),
            format!("--parent {group}/a"),
            "mkdir(",
            format!("EAGAIN: Try again\nlimit-cgroup: hint: {group}/a or a group above it allows no more: "),
        ),
        (
            threaded.clone(),
            format!("--parent {group}"),
            "cgroup.procs\", \"0\"): EOPNOTSUPP",
            "hint: the group around it holds processes and hands down controllers that count threads".to_owned(),
        ),
        (
            threaded,
            format!("--parent {group} --set {domain}"),
            "cgroup.subtree_control\", \"+",
            format!("hint: \"{group}\" is a threaded group: name another one with --parent"),
        ),
    ] {
        let seen = sh(&format!(
            "{before}; limit-cgroup {options} -- echo ran; s=$?
             rmdir {group}/a; echo max >{group}/cgroup.max.descendants; exit $s"
        ));
        assert!(seen.refused().contains(call) && seen.err.contains(&hint), "{before}: {seen:#?}");
        assert!(group.children().is_empty());
    }
    let tree = tree().display();
    let seen = sh(&format!(
        "exec {} unshare --mount --propagation private sh -ec 'mount -o remount,bind,ro {tree}
            exec limit-cgroup --parent {group} -- echo ran'",
        user()
    ));
    let hint = format!("EROFS: Read-only file system\nlimit-cgroup: hint: {group} is mounted read-only");
    assert!(seen.refused().contains(&hint), "{seen:#?}");
}

fn statuses() {
    let Some(group) = group() else { return };
    let folder = Folder::new();
    fs::write(folder.join("plain"), "no program").expect("a file");
    for (command, status) in [
        ("sh -c 'exit 7'".to_owned(), 7),
        ("sh -c 'kill -TERM $$'".to_owned(), 143),
        ("sh -c 'kill -34 $$'".to_owned(), 162),
        ("no-such-program-at-all".to_owned(), 127),
        (format!("{folder}/plain"), 126),
        ("timeout 0.2 sleep 100".to_owned(), 124),
    ] {
        let seen = sh(&format!("exec limit-cgroup --parent {group} -- {command}"));
        assert_eq!(seen.code(), status, "{command}: {seen:?}");
    }
    let seen = sh(&format!("timeout 0.3 limit-cgroup --parent {group} sleep 100"));
    assert_eq!(seen.code(), 124, "{seen:?}");
    let seen = sh(&format!("trap '' CHLD; limit-cgroup --parent {group} sh -c 'exit 5'"));
    assert_eq!(seen.code(), 5, "{seen:?}");
    assert!(group.children().is_empty());
}

/// Somebody else's group of that name stays, with who is in it.
fn occupied_name() {
    let Some(group) = group() else { return };
    let seen = sh(&format!(
        "mkdir {group}/theirs; sleep 100 & echo $! >{group}/theirs/cgroup.procs
         limit-cgroup --parent {group} --name theirs -- echo ran; echo $?
         kill -0 $! && echo lives; kill $!; wait $! 2>/dev/null; rmdir {group}/theirs"
    ));
    assert_eq!(seen.out, "125\nlives\n", "{seen:?}");
    assert!(
        seen.err.contains("EEXIST") && seen.err.contains("hint: a group of that name is there already"),
        "{seen:?}"
    );
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

/// A controller that is not there: which ones are, and where it is.
fn missing_controller() {
    for (controller, options) in [("memory", "--memory 64M"), ("cpu", "--cpus 1"), ("pids", "--pids-limit 9")] {
        if has(controller) {
            continue;
        }
        let seen = sh(&format!("limit-cgroup --parent {} {options} -- echo ran", tree().display()));
        assert!(seen.refused().contains(&format!("the controller '{controller}' is not there in")), "{seen:?}");
        assert!(seen.err.contains(", which has: ") && seen.err.contains("hint: it is bound to cgroup v1"), "{seen:?}");
    }
    let seen = sh(&format!("limit-cgroup --parent {} --set bogus.max=1 -- echo ran", tree().display()));
    assert!(seen.refused().contains("hint: this kernel has no such controller"), "{seen:?}");
}

/// The parent is as it was, whether the command ran, could not, or its supervisor was killed.
fn parent_hands_down_what_it_did() {
    let Some(group) = group() else { return };
    let (_, file, value) = some_knob();
    for (command, status) in [("true", 0), ("no-such-program-at-all", 127), ("sh -c 'kill -9 $PPID; sleep 100'", 137)] {
        let seen = sh(&format!("exec limit-cgroup --parent {group} --set {file}={value} -- {command}"));
        assert_eq!(seen.code(), status, "{seen:?}");
        eventually("the parent is as it was", || {
            group.children().is_empty() && group.read("cgroup.subtree_control").is_empty()
        });
    }
}

/// Processes beside us in the caller's group: a limit without controllers works, with one the kernel's rule forbids it.
fn beside_others() {
    let Some(group) = group() else { return };
    let (_, file, value) = some_knob();
    // So that the controller is there at all.
    sh(&format!("limit-cgroup --parent {group} --set {file}={value} -- true")).ok();
    let seen = sh(&format!(
        "echo $$ >{group}/cgroup.procs; limit-cgroup echo fine; limit-cgroup --set {file}={value} -- echo ran; echo $?; echo $$"
    ));
    let lines: Vec<&str> = seen.ok().lines().collect();
    assert_eq!(lines[..2], ["fine", "125"], "{seen:?}");
    assert!(seen.err.contains(" holds processes, so it cannot hand down "), "{seen:?}");
    assert!(seen.err.contains(&format!("hint: it holds {}; name another group with --parent", lines[2])), "{seen:?}");
    assert!(seen.err.contains("or use 'systemd-run --scope -p Delegate=yes"), "{seen:?}");
    assert!(group.children().is_empty());
}

/// Whoever has the parent hand controllers down, the others find them there, whole; and it is as it was in the end.
fn four_at_once() {
    let Some(group) = group() else { return };
    let (_, file, value) = some_knob();
    let options =
        if has("memory") { "--memory 64M --cpus 0.5 --pids-limit 50" } else { &format!("--set {file}={value}") };
    let seen = sh(&format!(
        "i=0; while [ $((i += 1)) -le 20 ]; do
             mkdir {group}/fresh
             for one in 1 2 3 4; do (limit-cgroup --parent {group}/fresh {options} -- true || echo $?) & done; wait
             rmdir {group}/fresh || exit
         done"
    ));
    assert_eq!((seen.ok(), seen.err.as_str()), ("", ""));
}

/// The inner link is alone in its group, and makes way for its own command's.
fn nested() {
    let Some(group) = group() else { return };
    let (_, file, value) = some_knob();
    let seen = sh(&format!(
        "limit-cgroup --parent {group} --name outer --set {file}={value} -- \
         limit-cgroup --name inner --set {file}={value} -- \
         sh -c 'grep ^0:: /proc/self/cgroup; grep ^0:: /proc/$PPID/cgroup; cat {group}/outer/inner/{file}; setsid sleep 100 &'"
    ));
    let lines: Vec<&str> = seen.ok().lines().collect();
    let outer = format!("0::/{}/outer", group.name());
    assert_eq!(lines[0], format!("{outer}/inner"), "{seen:?}");
    assert!(lines[1].starts_with(&format!("{outer}/leaf-")), "{seen:?}");
    assert_eq!(lines[2], value);
    assert!(group.children().is_empty());
    // Where it was alone in a group that stays, it has gone home, and the group is as it was.
    let seen = sh(&format!(
        "sh -c 'echo $$ >{group}/cgroup.procs; exec limit-cgroup --set {file}={value} -- grep ^0:: /proc/self/cgroup'; \
         ls -d {group}/*/ 2>/dev/null; cat {group}/cgroup.subtree_control"
    ));
    assert!(seen.out.starts_with(&format!("0::/{}/limit-", group.name())) && seen.out.lines().count() == 1, "{seen:?}");
    // The outer supervisor is killed: all is gone.
    let seen = sh(&format!(
        "limit-cgroup --parent {group} --set {file}={value} -- limit-cgroup --set {file}={value} -- sleep 100 & \
         until cat {group}/limit-*/limit-*/cgroup.procs 2>/dev/null | grep -q .; do sleep 0.01; done; kill -9 $!; wait $!; echo $?"
    ));
    assert_eq!(seen.out, "137\n", "{seen:?}");
    eventually("the groups are gone", || group.children().is_empty());
}

/// An ordinary user in a group that was given to them, with no more than that.
fn delegated() {
    let Some(group) = group_of_root() else { return };
    let (controller, file, value) = some_knob();
    sh(&format!("limit-cgroup --parent {group} --set {file}={value} -- true")).ok();
    let seen = sh(&format!(
        "chown 65534 {group} {group}/cgroup.procs {group}/cgroup.subtree_control {group}/cgroup.threads
         echo $$ >{group}/cgroup.procs
         exec setpriv --reuid 65534 --regid 65534 --clear-groups limit-cgroup --name it --set {file}={value} -- \
         sh -c 'id -u; cat {group}/it/{file}; cat {group}/cgroup.subtree_control; setsid sleep 100 &'"
    ));
    assert_eq!(seen.ok(), format!("65534\n{value}\n{controller}"), "{seen:?}");
    assert!(group.children().is_empty());
    assert_eq!(group.read("cgroup.subtree_control"), "");
}

/// Who owns the parent can remove a group as long as it is empty, and make one of its own in its place, without the limits.
fn replaced_by_its_parents_owner() {
    need("strace");
    let Some(group) = group_of_root() else { return };
    let folder = Folder::new();
    let user = "setpriv --reuid 65534 --regid 65534 --clear-groups ";
    let seen = sh(&format!(
        "chown 65534 {group}
         strace -f -qq -o {folder}/trace -e trace=openat -e inject=openat:delay_enter=1500000 -P {group}/it/cgroup.procs \
             limit-cgroup --parent {group} --name it --set cgroup.max.depth=3 -- echo ran & tool=$!
         until [ \"$(cat {group}/it/cgroup.max.depth 2>/dev/null)\" = 3 ] && grep -q cgroup.procs {folder}/trace; do sleep 0.02; done
         {user} rmdir {group}/it && {user} mkdir {group}/it; wait $tool; echo $?"
    ));
    assert_eq!(seen.out, "125\n", "{seen:?}");
    assert!(
        seen.err.contains("it\" is not the group that was made, but another one that belongs to user 65534"),
        "{seen:?}"
    );
    assert!(seen.err.contains("hint: who may write to"), "{seen:?}");
    eventually("the groups are gone", || group.children().is_empty());
}

fn not_delegated() {
    let Some(group) = group_of_root() else { return };
    let (controller, file, value) = some_knob();
    let user = "setpriv --reuid 65534 --regid 65534 --clear-groups ";
    // Everything but the controllers.
    let seen = sh(&format!(
        "mkdir {group}/a; chown -R 65534 {group}/a; echo $$ >{group}/a/cgroup.procs; {user}limit-cgroup --set {file}={value} -- echo ran"
    ));
    assert!(seen.refused().contains("EACCES"), "{seen:?}");
    assert!(seen.err.contains("has it and does not hand it down: not delegated"), "{controller}: {seen:?}");
    // A group of one's own, but started outside of it.
    let seen = sh(&format!("{user}limit-cgroup --parent {group}/a -- echo ran"));
    assert!(seen.refused().contains("hint: to move a process takes the right to write cgroup.procs"), "{seen:?}");
    eventually("the group is empty", || sh(&format!("rmdir {group}/a")).status.success());
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

/// A group for a scene whose controller v2 has. Without it, these options are refused, and it is said why.
fn group_with(controller: &str, options: &str) -> Option<Group> {
    if has(controller) {
        return group();
    }
    let seen = sh(&format!("limit-cgroup --parent {} {options} -- echo ran", tree().display()));
    assert!(seen.refused().contains(&format!("the controller '{controller}' is not there in")), "{seen:?}");
    assert!(seen.err.contains(", which has: ") && seen.err.contains("hint: "), "{seen:?}");
    None
}

/// A hog is killed at its limit, and nobody else is. Its own status, and a line that says why.
fn memory() {
    let Some(group) = group_with("memory", "--memory 24M") else { return };
    let seen = sh(&format!(
        "sleep 100 & limit-cgroup --parent {group} --memory 24M -- tail /dev/zero; echo $?; kill -0 $! && echo neighbour lives; kill $!"
    ));
    assert_eq!(seen.out, "137\nneighbour lives\n", "{seen:?}");
    let line = "limit-cgroup: out of memory: the kernel killed 1 process at the limit (memory.max is 25165824)";
    assert!(seen.err.contains(line), "{seen:?}");
    // Within the limit nothing is said, and swap is none.
    let seen = sh(&format!(
        "limit-cgroup --parent {group} --name it --memory 64M -- cat {group}/it/memory.max {group}/it/memory.swap.max"
    ));
    assert_eq!((seen.ok(), seen.err.as_str()), ("67108864\n0", ""));
    let seen = sh(&format!(
        "limit-cgroup --parent {group} --name it --memory 64M --set memory.swap.max=16M -- cat {group}/it/memory.swap.max; \
         limit-cgroup --parent {group} --name it --memory max -- cat {group}/it/memory.max {group}/it/memory.swap.max"
    ));
    assert_eq!(seen.ok(), "16777216\nmax\nmax");
}

/// The command outlives its child, and its status counts; of nested limits, the one that was reached says so.
fn memory_of_a_child() {
    let Some(group) = group_with("memory", "--memory 24M") else { return };
    let seen = sh(&format!("limit-cgroup --parent {group} --memory 24M -- sh -c 'tail /dev/zero; echo $?; exit 9'"));
    assert_eq!((seen.code(), seen.out.as_str()), (9, "137\n"), "{seen:?}");
    assert_eq!(seen.err.lines().filter(|line| line.starts_with("limit-cgroup: out of memory")).count(), 1, "{seen:?}");
    let seen = sh(&format!("limit-cgroup --parent {group} --memory 24M -- limit-cgroup --memory 1G -- tail /dev/zero"));
    assert_eq!(seen.code(), 137, "{seen:?}");
    assert!(seen.err.contains("killed 1 process, not at this limit (memory.max is 1073741824)"), "{seen:?}");
    assert!(seen.err.contains("killed 1 process at the limit (memory.max is 25165824)"), "{seen:?}");
}

/// A fork bomb stops at the limit, is gone afterwards, and this suite goes on.
fn pids() {
    let Some(group) = group_with("pids", "--pids-limit 20") else { return };
    let seen = sh(&format!(
        "limit-cgroup --parent {group} --name bomb --pids-limit 20 -- sh -c '
            bomb() {{ bomb | bomb & }}
            (bomb) 2>/dev/null; for i in 1 2 3 4 5 6 7 8; do echo /proc/self/x; read current <{group}/bomb/pids.current; echo $current; done' |
         grep -v proc | sort -n | tail -n 1; ls {group} | grep -c bomb"
    ));
    let (most, left) = seen.out.trim_end().split_once('\n').expect("two lines");
    assert!((2..=20).contains(&most.parse::<u32>().expect("a number")), "{seen:?}");
    assert_eq!(left, "0", "{seen:?}");
    let seen =
        sh(&format!("limit-cgroup --parent {group} --pids-limit 1 -- sh -c 'echo alone; (true) && echo forked'"));
    assert!(seen.out == "alone\n" && seen.code() != 0, "{seen:?}");
    let seen =
        sh(&format!("limit-cgroup --parent {group} --name one --pids-limit 1 -- {}unshare-pid -- echo ran", user()));
    assert!(seen.refused().starts_with("unshare-pid: fork(): EAGAIN"), "{seen:?}");
    assert!(seen.err.contains("/one\" has as many processes as its pids.max allows, 1:"), "{seen:?}");
}

/// A busy loop gets half of a CPU.
fn cpus() {
    let Some(group) = group_with("cpu", "--cpus 0.5") else { return };
    // Others may take CPU time that the loop could have had: then once more. More than its half it never gets.
    let ratios: Vec<f64> = (0..5).map(|_| busy_ratio(&group)).take_while(|ratio| *ratio < 0.45).collect();
    assert!(ratios.len() < 5, "{ratios:?}");
}

/// What a busy loop gets of a CPU with half of one as its limit.
fn busy_ratio(group: &Group) -> f64 {
    let seen = sh(&format!(
        "limit-cgroup --parent {group} --name it --cpus 0.5 -- sh -c '
            cat {group}/it/cpu.max
            used() {{ sed -n s/^usage_usec.//p {group}/it/cpu.stat; cut -d\" \" -f1 /proc/uptime; }}
            used; timeout 5 sh -c \"while :; do :; done\"; used'"
    ));
    let lines: Vec<&str> = seen.ok().lines().collect();
    assert_eq!(lines[0], "50000 100000", "{seen:?}");
    let number = |at: usize| lines[at].parse::<f64>().expect("a number");
    let ratio = (number(3) - number(1)) / 1e6 / (number(4) - number(2));
    assert!(ratio <= 0.55, "{ratio}: {seen:?}");
    ratio
}

/// Limits for a disk, which reads back with the words that were not set.
fn io() {
    let Some(group) = group_with("io", "--set io.max=x") else { return };
    let disks = fs::read_dir("/sys/block").expect("the disks").flatten();
    let Some(disk) = disks.map(|disk| disk.path()).find(|disk| disk.join("dev").exists()) else {
        skip("there is no block device")
    };
    let disk = fs::read_to_string(disk.join("dev")).expect("a number").trim_end().to_owned();
    let seen = sh(&format!(
        "limit-cgroup --parent {group} --name it --set io.max='{disk} rbps=1048576 wiops=100' -- cat {group}/it/io.max"
    ));
    assert_eq!(seen.ok(), format!("{disk} rbps=1048576 wbps=max riops=max wiops=100"));
    assert_eq!(seen.err, "");
}

/// Written as a list, read as a range: the same, so nothing is said.
fn cpu_list() {
    let Some(group) = group_with("cpuset", "--set cpuset.cpus=0") else { return };
    let all = fs::read_to_string(tree().join("cpuset.cpus.effective")).expect("the CPUs").trim_end().to_owned();
    let list = if all == "0-1" { "0,1".to_owned() } else { all.clone() };
    let seen =
        sh(&format!("limit-cgroup --parent {group} --name it --set cpuset.cpus={list} -- cat {group}/it/cpuset.cpus"));
    assert_eq!((seen.ok(), seen.err.as_str()), (all.as_str(), ""));
}

/// `examples/limited-servers.sh`: each server within its limits; a hog in one's group harms neither. Where a controller is
/// missing, it says so and starts nothing.
fn limited_servers() {
    for program in ["apache2", "vsftpd", "curl", "nsenter"] {
        need(program);
    }
    // The suite may run from a copy of the tree: that one's first.
    let here = Path::new("examples/limited-servers.sh").to_owned();
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/limited-servers.sh");
    let group = group_of_root();
    let parent = group.as_ref().map_or_else(|| "/".to_owned(), ToString::to_string);
    let mut example = command("sh");
    example.arg(if here.exists() { here } else { built }).arg(&parent);
    let seen = watch(example, LIMIT * 2);
    let missing = ["cpu", "memory", "pids"].into_iter().find(|controller| !has(controller));
    if let Some(controller) = missing {
        assert!(seen.refused().contains(&format!("the controller '{controller}' is not there in")), "{seen:?}");
    } else if group.is_none() {
        assert!(seen.refused().contains("EACCES"), "{seen:?}");
    } else {
        for server in ["web", "ftp"] {
            let (_, limits) = seen.ok().split_once(&format!("== {server}, in {parent}/{server}-")).expect("its group");
            let (_, limits) = limits.split_once('\n').expect("its limits");
            let set = "memory.max:67108864\nmemory.swap.max:0\ncpu.max:50000 100000\npids.max:50\nmemory.current:";
            assert!(limits.starts_with(set) && limits.contains("\ninside it sees /\n"), "{seen:?}");
        }
        let end = "a hog in the group of web: killed, status 137\nftp still gives: a file\nweb still gives: a page";
        assert!(seen.ok().ends_with(end), "{seen:?}");
        assert!(seen.err.contains("limit-cgroup: out of memory: the kernel killed 1 process at the limit"), "{seen:?}");
    }
    assert!(group.is_none_or(|group| group.children().is_empty()));
}

fn many_in_sequence() {
    let Some(group) = group() else { return };
    let line =
        format!("i=0; while [ $i -lt 500 ]; do limit-cgroup --parent {group} -- true || exit 1; i=$((i+1)); done");
    let seen = watch(script(&line), LIMIT * 10);
    seen.ok();
    assert_eq!((seen.err.as_str(), group.children().len()), ("", 0));
}
